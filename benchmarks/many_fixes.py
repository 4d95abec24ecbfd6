"""Many files with one fix each, with one process and with two; and a tree without candidates.

    python benchmarks/many_fixes.py [--files 1000] [--tree TREE]

Prints for ``--jobs 1`` and ``--jobs 2`` the seconds, the processor time of all processes, how busy
that keeps the cores, and the peak memory of the whole process tree (summed PSS, where pages that
processes share count once). On a machine that does other work as well the seconds say little. There
the longest path is what to look at: the processor time of the first process, and of the others that
of all by their number. Needs Linux. ``--tree`` also times finding the files, and looking at their
bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOUND = 300  # MB
FILE = '''\
"""Module {number}."""

from openai import OpenAI

client = OpenAI()


def submit{number}(prompt, key):
    return client.responses.create(
        model="o3",
        input=prompt,
        background=True,
        extra_headers={{"Idempotency-Key": key}},
    ).id
'''
OTHER = """

def other{number}(rows, limit={number}):
    found = [row for row in rows if row.size > limit]
    return sorted(found, key=lambda row: row.size)
"""
CHECK = "import sys; sys.argv[0] = 'bgmode'; from bgmode.cli import main; main()"
READ = """
import sys, time
from bgmode.discover import Walk, candidates
start = time.perf_counter()
files = list(Walk().files([sys.argv[1]]))
found = time.perf_counter()
print(f"{len(files)} files are found in {found - start:.2f} s", end="")
for jobs in (1, 2):
    start, used = time.perf_counter(), time.process_time()
    left = candidates(files, jobs)
    print(f"; with --jobs {jobs} read in {time.perf_counter() - start:.2f} s"
          f" ({time.process_time() - used:.2f} s of the first process)", end="")
print(f"; {len(left)} candidates")
"""


def make(folder: Path, files: int) -> None:
    folder.mkdir()
    others = "".join(OTHER.format(number=number) for number in range(20))
    for number in range(files):
        (folder / f"module{number:04}.py").write_text(FILE.format(number=number) + others)


def processes(process: int) -> list[int]:
    """A process and all below it."""
    found = [process]
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        found += [each for child in children for each in processes(int(child))]
    return found


def memory(process: int) -> float:
    """The megabytes that a process has to itself, and its share of those it has with others."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def processor(process: int) -> float:
    """The seconds of processor time that a process has used, without those of its children."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def measured(jobs: int, *arguments: str) -> tuple[float, float, float]:
    """Run ``bgmode check``, print what it took: seconds, those of the longest path, megabytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, peak, own = time.perf_counter(), 0.0, 0.0
    command = [sys.executable, "-c", CHECK, "check", *arguments, "--jobs", str(jobs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            peak = max(peak, sum(map(memory, processes(running.pid))))
            own = max(own, processor(running.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        said = running.stdout.read().splitlines() if running.stdout else []
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    longest = own + max(used - own, 0) / jobs
    print(f"{' '.join(arguments[1:])}, {jobs} jobs: {seconds:.1f} s, processor {used:.1f} s "
          f"(longest path {longest:.1f}), {used / seconds:.2f} cores busy, peak {peak:.0f} MB; "
          f"{said[-1]}")  # fmt: skip
    return seconds, longest, peak


def fixes(folder: Path, files: int) -> bool:
    make(folder / "one", files)
    shutil.copytree(folder / "one", folder / "two")
    told = ("--fix", "--unsafe-fixes", "--output-format", "concise")
    one, all_of_it, _ = measured(1, str(folder / "one"), *told)
    two, longest, peak = measured(2, str(folder / "two"), *told)
    same = subprocess.run(["diff", "-rq", folder / "one", folder / "two"], check=False)
    print(f"{files} fixes: two processes take {two / one:.2f} of the time of one, their longest "
          f"path {longest / all_of_it:.2f}; peak {peak:.0f} MB (bound {BOUND})")  # fmt: skip
    return same.returncode == 0 and peak < BOUND


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--tree", type=Path)
    arguments = parser.parse_args()
    if arguments.tree:
        subprocess.run([sys.executable, "-c", READ, arguments.tree], check=True)
        for jobs in (1, 2):
            measured(jobs, str(arguments.tree), "--exit-zero")
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(not fixes(Path(os.path.realpath(temporary)), arguments.files))


if __name__ == "__main__":
    main()
