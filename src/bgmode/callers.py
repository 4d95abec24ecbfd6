"""Who calls the wrappers of a run: findings that wait for callers, and whether there are any.

A function that hands the job type of its jobs on from a parameter is a wrapper. What is missing is
said of its callers; of the wrapper itself only where no code at all may call it. Of a function that
starts a job without a key, the callers matter that may try it again.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from bgmode.checks.missing_idempotency_key import is_unkeyed
from bgmode.checks.subject import Case
from bgmode.concerned import mentions
from bgmode.discover import read_file, sifted
from bgmode.finding import Finding, Place
from bgmode.flow.names import Names
from bgmode.flow.project import dotted_name
from bgmode.knowledge import RULES
from bgmode.model.far_retries import letting_errors_out
from bgmode.model.reach import called_by
from bgmode.source import Source, Unreadable, decode
from bgmode.suppression import Verdict

_IMPORT = re.compile(
    rb"^[ \t]*(?:from\b[^\n]*\bimport[ \t]*\([^)]*|(?:from|import)\b[^\n]*)", re.MULTILINE
)
_WORD = re.compile(rb"\w+")
_FARTHEST = 4  # modules through which errors are followed


@dataclass(frozen=True)
class Part:
    """What one file has to do with wrappers; plain, picklable data.

    ``folder`` is that of its policy; ``pending`` are the findings that wait for callers;
    ``names`` is what its wrappers are called, ``called`` the functions it calls as wrappers.
    ``starters`` are functions that let errors of a background call without a key out.
    """

    folder: str
    pending: tuple[Finding, ...]
    names: frozenset[str] = frozenset()
    called: frozenset[Place] = frozenset()
    starters: frozenset[Starter] = frozenset()


@dataclass(frozen=True)
class Starter:
    """A function by its name, and the last word of the module that one imports to call it."""

    name: str
    module: str


def part_of(case: Case, verdict: Verdict) -> Part:
    """The part of a file that was judged."""
    folder = case.policy.folder
    pending = tuple(each.shown_in(case.source) for each in verdict.pending)
    starters = frozenset(_starters(case))
    if not case.policy.job_types:
        return Part(folder, pending, starters=starters)
    wrappers = case.module.wrappers
    return Part(folder, pending, wrappers.names, wrappers.called, starters)


def _starters(case: Case) -> Iterator[Starter]:
    if case.policy.severity(RULES["BGM404"]) is None:
        return
    calls = [call.node for call in case.calls if is_unkeyed(case.policy, call)]
    yield from _letting_out(case.module.names, calls, case.source.path)


def _letting_out(names: Names, calls: list[ast.Call], path: str) -> Iterator[Starter]:
    module = dotted_name(path).rpartition(".")[2]
    for function in letting_errors_out(names, calls):
        yield Starter(called_by(names, function), module)


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

    def starting(self, files: list[str]) -> dict[str, frozenset[str]]:
        """The files that import a starter, or a function that hands one's errors on.

        With what these are called there.
        """
        starters = {each for part in self._parts.values() for each in part.starters}
        found: dict[str, frozenset[str]] = {}
        seen: set[Starter] = set()
        for _ in range(_FARTHEST):
            names: dict[bytes, list[str]] = {}
            for starter in starters - seen:
                names.setdefault(starter.module.encode(), []).append(starter.name)
            seen |= starters
            importing = sifted(partial(_imports_some, names), files, self._jobs) if names else []
            for path in importing:
                found[path] = found.get(path, frozenset()).union(_imported(path, names))
            starters = {each for path in importing for each in _handing_on(path, names)}
        return found

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


def _imports_some(names: Mapping[bytes, list[str]], path: str) -> bool:
    return bool(_imported(path, names))


def _imported(path: str, names: Mapping[bytes, list[str]]) -> list[str]:
    """Those names in a file that go with a module which it imports."""
    try:
        data = read_file(path)
    except OSError:
        return []
    words = {word for found in _IMPORT.findall(data) for word in _WORD.findall(found)}
    wanted = (name for module in words & names.keys() for name in names[module])
    return [name for name in wanted if name.encode() in data]


def _handing_on(path: str, names: Mapping[bytes, list[str]]) -> Iterator[Starter]:
    """What lets the errors of starters out that a file imports; a package passes them on."""
    imported = _imported(path, names)
    if os.path.basename(path) == "__init__.py":
        package = dotted_name(path).rpartition(".")[2]
        yield from (Starter(name, package) for name in imported)
    try:
        index = Names(Source(path, decode(read_file(path))[0]).tree)
    except (OSError, Unreadable):
        return
    yield from _letting_out(
        index, [call for name in imported for call in index.calls_of(name)], path
    )


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
