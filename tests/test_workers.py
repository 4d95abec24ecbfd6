"""Work that processes share: nothing of it is lost, whatever becomes of a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")

START = """
import os, signal, sys, time
from bgmode.workers import Lost, shared

def without_children():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
"""


def run(code: str, folder: Path) -> None:
    """Run it in a process of its own: this one has threads."""
    command = [sys.executable, "-c", START + code]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_results_come_in_order_however_large(tmp_path: Path) -> None:
    code = """
def work(piece):
    return piece, "x" * (piece % 7 * 300_000)

before = os.listdir("/dev/fd")
for jobs in (1, 2, 5, 60):
    assert shared(work, range(40), jobs) == [work(piece) for piece in range(40)]
assert shared(work, [], 4) == [] and shared(work, [3], 4) == [work(3)]
assert without_children() and os.listdir("/dev/fd") == before
"""
    run(code, tmp_path)


def test_what_a_dead_process_had_in_hand_is_done_again(tmp_path: Path) -> None:
    code = """
def work(piece):
    mark = f"tried-{piece}"
    if piece % 5 == 3 and not os.path.exists(mark):
        open(mark, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return piece

assert shared(work, range(30), 2) == list(range(30))
assert without_children()
"""
    run(code, tmp_path)


def test_what_is_lost_is_named_and_nothing_else_is_lost(tmp_path: Path) -> None:
    code = """
def deeper(): return deeper()

def work(piece):
    match piece:
        case 2: os.kill(os.getpid(), signal.SIGKILL)
        case 3: raise MemoryError
        case 4: return deeper()
        case 5: os._exit(1)
        case 6: return lambda: None
        case 7: os.kill(os.getpid(), signal.SIGSEGV)
    return piece

found = shared(work, range(20), 3)
assert [each for each in found if not isinstance(each, Lost)] == [0, 1, *range(8, 20)]
assert [each.why.partition(":")[0] for each in found[2:8]] == [
    "its process was ended by SIGKILL", "MemoryError", "RecursionError",
    "its process ended by itself", "its process ended by itself",
    "its process was ended by SIGSEGV",
], found[2:8]
assert without_children()
"""
    run(code, tmp_path)


def test_without_other_processes_it_is_done_all_the_same(tmp_path: Path) -> None:
    code = """
def fail():
    raise BlockingIOError(11, "Resource temporarily unavailable")

before = os.listdir("/dev/fd")
fork, left = os.fork, [1]
os.fork = lambda: fork() if left and left.pop() else fail()
assert shared(str, range(9), 3) == list("012345678")
os.fork = fail
assert shared(str, range(9), 3) == list("012345678")
assert without_children() and os.listdir("/dev/fd") == before
"""
    run(code, tmp_path)


def test_files_that_could_not_be_asked_about_are_kept(tmp_path: Path) -> None:
    code = """
from bgmode.discover import sifted

def keep(path):
    if path == "600":
        os.kill(os.getpid(), signal.SIGKILL)
    return int(path) % 2 == 0

paths = [str(number) for number in range(2001)]
kept = sifted(keep, paths, 2)
assert kept == [path for path in paths if 500 <= int(path) < 750 or int(path) % 2 == 0]
"""
    run(code, tmp_path)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_first(tmp_path: Path, stop: signal.Signals) -> None:
    code = """
def work(piece):
    open(str(os.getpid()), "w").close()
    time.sleep(600 if piece < 3 and sys.argv[1] == "SIGINT" else 0.5)

shared(work, range(100), 3)
"""
    command = [sys.executable, "-c", START + code, stop.name]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as first:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 3)
        first.send_signal(stop)
        first.wait(timeout=100)
    workers = [int(file.name) for file in tmp_path.iterdir()]
    wait_until(lambda: not any(map(is_alive, workers)))


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or ") Z" not in stat.read_text()
