"""Who calls the wrappers of a run: findings that wait for callers, and whether there are any.

A function that hands the job type of its jobs on from a parameter is a wrapper. What is missing is
said of its callers; of the wrapper itself only where no code at all may call it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bgmode.checks.subject import Case
from bgmode.concerned import mentions
from bgmode.finding import Finding, Place
from bgmode.suppression import Verdict


@dataclass(frozen=True)
class Part:
    """What one file has to do with wrappers; plain, picklable data.

    ``folder`` is that of its policy; ``pending`` are the findings that wait for callers;
    ``names`` is what its wrappers are called, ``called`` the functions it calls as wrappers.
    """

    folder: str
    pending: tuple[Finding, ...]
    names: frozenset[str] = frozenset()
    called: frozenset[Place] = frozenset()


def part_of(case: Case, verdict: Verdict) -> Part:
    """The part of a file that was judged."""
    folder = case.policy.folder
    pending = tuple(each.shown_in(case.source) for each in verdict.pending)
    if not case.policy.job_types:
        return Part(folder, pending)
    wrappers = case.module.wrappers
    return Part(folder, pending, wrappers.names, wrappers.called)


class Callers:
    """The parts of all files of one run."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._asked: set[str] = set()

    def add(self, part: Part) -> None:
        """Remember the part of one more file."""
        self._parts.append(part)

    def among(self, paths: Iterable[str]) -> list[str]:
        """Those of ``paths`` that name a wrapper which has come up since this was asked last."""
        new = {name for part in self._parts for name in part.names} - self._asked
        self._asked |= new
        words = tuple(name.encode() for name in new)
        return sorted(path for path in paths if mentions(path, words)) if words else []

    def standing(
        self,
        is_whole: Callable[[str], bool],
        files: Sequence[str],
        lines: Mapping[str, list[str]],
    ) -> Iterator[Finding]:
        """The findings that waited and stand: no code speaks of the function they wait for.

        ``is_whole`` says whether all below a policy's folder was read: else callers may be unread.
        ``files`` are all that there are, ``lines`` those of the files that have findings.
        """
        called = {place for part in self._parts for place in part.called}
        for part in self._parts:
            if part.pending and is_whole(part.folder):
                for finding in part.pending:
                    if finding.pending not in called and not _is_spoken_of(finding, files, lines):
                        yield finding


def _is_spoken_of(finding: Finding, files: Sequence[str], lines: Mapping[str, list[str]]) -> bool:
    """Whether some code may call the function that a finding waits for, though it was not seen."""
    if finding.pending is None:
        return True
    own, qualified = finding.pending
    name = qualified.rpartition(".__init__")[0] or qualified
    name = name.rpartition(".")[2]
    if any(os.path.abspath(path) != own and mentions(path, (name.encode(),)) for path in files):
        return True
    return sum(len(re.findall(rf"\b{name}\b", line)) for line in lines.get(finding.file, [])) > 1
