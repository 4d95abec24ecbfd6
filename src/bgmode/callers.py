"""Who calls the wrappers of a run: findings that wait for callers, and whether there are any.

A function that hands the job type of its jobs on from a parameter is a wrapper. What is missing is
said of its callers; of the wrapper itself only where no code at all may call it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bgmode.checks.subject import Case
from bgmode.concerned import mentions
from bgmode.discover import sifted
from bgmode.finding import Finding, Place
from bgmode.starters import Starter, starters_of
from bgmode.suppression import Verdict


@dataclass(frozen=True)
class Part:
    """What one file has to do with wrappers; plain, picklable data.

    ``folder`` is that of its policy; ``pending`` are the findings that wait for callers;
    ``names`` is what its wrappers are called, ``called`` the functions it calls as wrappers.
    ``starters`` are its functions that start a job without a key that lasts.
    """

    folder: str
    pending: tuple[Finding, ...]
    names: frozenset[str] = frozenset()
    called: frozenset[Place] = frozenset()
    starters: frozenset[Starter] = frozenset()


def part_of(case: Case, verdict: Verdict) -> Part:
    """The part of a file that was judged."""
    folder = case.policy.folder
    pending = tuple(each.shown_in(case.source) for each in verdict.pending)
    starters = starters_of(case)
    if not case.policy.job_types:
        return Part(folder, pending, starters=starters)
    wrappers = case.module.wrappers
    return Part(folder, pending, wrappers.names, wrappers.called, starters)


class Callers:
    """The parts of all files of one run."""

    def __init__(self, jobs: int = 1) -> None:
        self._jobs = jobs
        self._parts: dict[str, Part] = {}
        self._asked: set[str] = set()

    def add(self, path: str, part: Part) -> None:
        """Remember the part of a file."""
        self._parts[path] = part

    def among(self, paths: list[str]) -> list[str]:
        """Those of ``paths`` that name a wrapper which has come up since this was asked last."""
        new = {name for part in self._parts.values() for name in part.names} - self._asked
        self._asked |= new
        return self._naming(new, paths)

    @property
    def starters(self) -> frozenset[Starter]:
        """Those of all files."""
        return frozenset(each for part in self._parts.values() for each in part.starters)

    def _naming(self, names: Iterable[str], files: list[str]) -> list[str]:
        """The files in which one of some names stands."""
        words = tuple(name.encode() for name in names)
        return sifted(lambda path: mentions(path, words), files, self._jobs) if words else []

    def standing(
        self,
        is_whole: Callable[[str], bool],
        files: list[str],
        lines: Mapping[str, list[str]],
    ) -> list[Finding]:
        """The findings that waited and stand: no code speaks of the function they wait for.

        ``is_whole`` says whether all below a policy's folder was read: else callers may be unread.
        ``files`` are all that there are, ``lines`` those of the files that have findings.
        """
        called = {place for part in self._parts.values() for place in part.called}
        waiting = [
            (finding, finding.pending)
            for part in self._parts.values()
            if part.pending and is_whole(part.folder)
            for finding in part.pending
            if finding.pending is not None and finding.pending not in called
        ]
        naming = self._naming({_name(function) for _, function in waiting}, files)
        return [
            finding
            for finding, function in waiting
            if not _is_spoken_of(function, naming, lines.get(finding.file, []))
        ]


def _is_spoken_of(function: Place, files: Iterable[str], lines: list[str]) -> bool:
    """Whether some code may call a function though it was not seen: in its file or another."""
    own, name = function[0], _name(function)
    if any(os.path.abspath(path) != own and mentions(path, (name.encode(),)) for path in files):
        return True
    return sum(len(re.findall(rf"\b{name}\b", line)) for line in lines) > 1


def _name(function: Place) -> str:
    """What a call of a function says: of a class's ``__init__`` the name of the class."""
    _, qualified = function
    return (qualified.rpartition(".__init__")[0] or qualified).rpartition(".")[2]
