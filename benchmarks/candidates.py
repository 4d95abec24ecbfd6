"""What analysing a file costs that can matter, as a multiple of parsing it.

    python benchmarks/candidates.py [-v] [--further] [FOLDER]

The files that can matter of the packages of ``real_packages.py``, downloaded into FOLDER (default:
a temporary one) and never installed; with ``--further`` of those that hardly use background mode,
too. All rules of the strict preset judge them as ``bgmode check`` does: in the same order, with one
Project for each package, so what a file needs of other modules counts for the first one that needs
it, and garbage is looked for as seldom as in a process of its own. A ratio is the processor time of
the analysis, reading other modules included, to that of ``ast.parse`` of the same text, each the
best of several rounds.
``sum`` is that of all files together, ``mean`` the one of the ratios. ``-v`` lists the files, too.

Before that all files are judged several times in one process: the most memory that it has taken
after each time. What is kept from one time to the next would make it grow by as much each time.
"""

from __future__ import annotations

import ast
import gc
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from real_packages import FURTHER, PACKAGES, fetch

from bgmode.analysis import examine
from bgmode.checks.subject import Case
from bgmode.cli.group import _MANY_OBJECTS
from bgmode.discover import Walk, candidates, read_file, size
from bgmode.flow.project import Project
from bgmode.policy.load import parse_policy
from bgmode.policy.policy import Policy
from bgmode.source import Source, decode
from bgmode.suppression import Verdict

ROUNDS = 3
BOUND = 3.0


@dataclass
class File:
    """A file that can matter; ``path`` as seen from the folder of its package."""

    path: str
    text: str
    parsing: float = float("inf")
    analysis: float = float("inf")
    has_jobs: bool = False

    @property
    def ratio(self) -> float:
        return self.analysis / self.parsing

    def judge(self, policy: Policy, project: Project) -> None:
        examine(Source(self.path, self.text), policy, project=project, watch=self._look)

    def _look(self, case: Case, _: Verdict) -> None:
        self.has_jobs = bool(case.calls or case.loops)


@dataclass
class Package:
    """The files of one package that can matter."""

    folder: Path
    files: list[File] = field(default_factory=list)

    def read(self) -> None:
        os.chdir(self.folder)
        for path in sorted(candidates(list(Walk().files(["."])), jobs=1), key=size):
            self.files.append(File(path, decode(read_file(path))[0]))

    def judge(self, policy: Policy) -> None:
        """What a run of the command does with the files."""
        os.chdir(self.folder)
        project = Project()
        for file in self.files:
            file.judge(policy, project)

    def measure(self, policy: Policy) -> None:
        """The same, timed, and the parser in turns with it."""
        os.chdir(self.folder)
        gc.collect()  # a run of the command begins without other packages' objects
        project = Project()
        for file in self.files:
            gc.disable()  # what others have left behind is no business of the parser
            file.parsing = min(file.parsing, seconds(partial(ast.parse, file.text)))
            gc.enable()
            file.analysis = min(file.analysis, seconds(partial(file.judge, policy, project)))


def seconds(work: Callable[[], object]) -> float:
    """The processor time that some work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def memory(packages: list[Package], policy: Policy) -> None:
    """Judge everything several times and print the most memory taken so far."""
    for count in range(1, ROUNDS + 1):
        for package in packages:
            package.judge(policy)
        gc.collect()  # what one run leaves behind is no business of the next one
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"judged {count} times: {most / 1024:.0f} MB at most")


def show(title: str, files: list[File]) -> None:
    """Print how the ratios of some files are spread."""
    if len(files) < 2:
        return
    ratios = [file.ratio for file in files]
    low, median, high = statistics.quantiles(ratios, n=4)
    total = sum(file.analysis for file in files) / sum(file.parsing for file in files)
    within = sum(ratio <= BOUND for ratio in ratios)
    print(
        f"{title:26} {len(files):4} files  median {median:5.2f}  quartiles {low:5.2f} {high:6.2f}"
        f"  mean {statistics.mean(ratios):6.2f}  sum {total:6.2f}  {within} within {BOUND:g}"
    )


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    chosen = (*PACKAGES, *FURTHER) if "--further" in sys.argv else PACKAGES
    policy = parse_policy("preset: strict\n", "bgmode.yaml")
    gc.set_threshold(_MANY_OBJECTS)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments[0] if arguments else temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        packages = [Package(fetch(package, folder)) for package in chosen]
        for package in packages:
            package.read()
        memory(packages, policy)
        for _ in range(ROUNDS):
            for package in packages:
                package.measure(policy)
        os.chdir("/")
    files = sorted((file for each in packages for file in each.files), key=lambda file: file.ratio)
    for file in files if "-v" in sys.argv else ():
        shown = f"{1000 * file.analysis:8.1f} ms of {1000 * file.parsing:5.1f}"
        print(f"{file.ratio:7.2f} {shown}  {'*' if file.has_jobs else ' '} {file.path}")
    show("all", files)
    show("no background call or loop", [file for file in files if not file.has_jobs])
    show("some (* with -v)", [file for file in files if file.has_jobs])
    show("500 to 2,000 lines", [file for file in files if 500 <= file.text.count("\n") <= 2000])


if __name__ == "__main__":
    main()
