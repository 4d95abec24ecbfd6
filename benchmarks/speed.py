"""Speed as ratios, measured side by side in one run.

    python benchmarks/speed.py [TREE]

Needs ``rg`` and ``valgrind`` on the machine, and installs bgmode into a fresh virtual
environment, compiled. TREE (default: the standard library of the newest Python that is found,
without site-packages) should hold 1,700 files or more and nothing that bgmode reports.

* a whole tree without findings against ``rg -c background``: wall time, best of many;
* one clean file against ``python -c pass``: wall time and instructions;
* flake8 with the plugin against flake8 without it: instructions, on clean files.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 40


def environment() -> dict[str, str]:
    """No variables that make Python start slower or differently."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "PYTHONHASHSEED": "0"}


def run(command: list[str], cwd: Path | None = None) -> None:
    subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, check=False)


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    run(command)
    return time.perf_counter() - start


def side_by_side(*commands: list[str]) -> list[float]:
    """The best wall time of each command, in seconds; taken in turns."""
    best = [float("inf")] * len(commands)
    for _ in range(ROUNDS):
        for position, command in enumerate(commands):
            best[position] = min(best[position], seconds(command))
    return best


def instructions(command: list[str], cwd: Path) -> int:
    """Instructions of one process, counted by callgrind: repeatable."""
    counted = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    done = subprocess.run(
        counted, cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(f"valgrind failed: {done.stderr[-500:]}")
    return int(found[1])


def install(folder: Path) -> Path:
    """A virtual environment with bgmode, compiled; returns its ``bin``."""
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    binaries = folder / "env" / "bin"
    subprocess.run([binaries / "pip", "install", "-q", ROOT], check=True, capture_output=True)
    run([str(binaries / "python"), "-m", "compileall", "-q", str(folder / "env")])
    return binaries


def standard_library(folder: Path) -> Path:
    """A copy of the newest standard library that is found here."""
    found = sorted(Path.home().glob(".pyenv/versions/3.12.*/lib/python3.*"))
    source = found[-1] if found else Path(os.__file__).parent
    target = folder / "tree"
    shutil.copytree(
        source, target, ignore=shutil.ignore_patterns("site-packages", "__pycache__", "bad_coding*")
    )
    return target


def tree(binaries: Path, files: Path) -> None:
    count = sum(1 for _ in files.rglob("*.py"))
    bgmode, rg = side_by_side(
        [str(binaries / "bgmode"), "check", str(files)],
        ["rg", "-c", "background", "-tpy", str(files)],
    )
    print(f"whole tree, {count} files: bgmode {bgmode * 1000:.0f} ms, rg {rg * 1000:.0f} ms, "
          f"ratio {bgmode / rg:.2f} (bound 3)")  # fmt: skip


def one_file(binaries: Path, folder: Path) -> None:
    (folder / "clean.py").write_text("def f(x):\n    return x + 1\n" * 50)
    check = [str(binaries / "bgmode"), "check", "clean.py"]
    nothing = [str(binaries / "python"), "-c", "pass"]
    os.chdir(folder)
    timed, started = side_by_side(check, nothing)
    counted, base = (
        instructions([str(binaries / "python"), *check], folder),
        instructions(nothing, folder),
    )
    print(f"one clean file: {timed * 1000:.0f} ms against {started * 1000:.0f} ms, ratio "
          f"{timed / started:.2f}; instructions {counted / base:.2f} (bound 6)")  # fmt: skip


def flake8(binaries: Path, files: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", files.parent / "bare"], check=True, capture_output=True
    )
    bare = files.parent / "bare" / "bin"
    version = subprocess.run(
        [binaries / "python", "-c", "import flake8; print(flake8.__version__)"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    subprocess.run(
        [bare / "pip", "install", "-q", f"flake8=={version}"], check=True, capture_output=True
    )
    run([str(bare / "python"), "-m", "compileall", "-q", str(bare.parent)])
    chosen = sorted(files.glob("*.py"), key=lambda path: -path.stat().st_size)[:12]
    names = [path.name for path in chosen]
    counts = []
    for place in (binaries, bare):
        command = [str(place / "python"), "-m", "flake8", "--isolated", "-j1", "-q", *names]
        run(command, files)
        counts.append(instructions(command, files))
    ratio = counts[0] / counts[1]
    print(f"flake8 {version}, {len(names)} clean files: with the plugin {ratio:.4f} times the "
          "instructions of without (bound 1.03)")  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        binaries = install(folder)
        files = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else standard_library(folder)
        tree(binaries, files)
        one_file(binaries, folder)
        if len(sys.argv) == 1:
            flake8(binaries, files)


if __name__ == "__main__":
    main()
