"""Which files import a function that starts a job without a lasting key, and may call it again.

Nothing in such a file need speak of background mode. It is found by words: it imports the module
of the function, or a package that passes it on, and names it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from bgmode.checks.missing_idempotency_key import is_unkeyed
from bgmode.checks.subject import Case
from bgmode.discover import read_file, sifted
from bgmode.flow.names import Names
from bgmode.flow.project import dotted_name
from bgmode.knowledge import RULES
from bgmode.model.far_retries import letting_errors_out
from bgmode.model.keys import key_made_inside
from bgmode.model.reaching import called_by
from bgmode.source import Source, Unreadable, decode

_IMPORT = re.compile(
    rb"^[ \t]*(?:from\b[^\n]*\bimport[ \t]*\([^)]*|(?:from|import)\b[^\n]*)", re.MULTILINE
)
_WORD = re.compile(rb"\w+")
_FARTHEST = 4  # modules through which errors are followed


@dataclass(frozen=True)
class Starter:
    """A function that lets the errors of a background call out that has no key, or makes its own.

    By its name, that of its class for ``__init__``, and the last word of its module's.
    """

    name: str
    module: str


def starters_of(case: Case) -> frozenset[Starter]:
    """The starters of a file; none where the policy does not ask who tries again."""
    policy, calls = case.policy, [call for call in case.calls if call.is_request]
    found: list[ast.Call] = []
    if policy.severity(RULES["BGM404"]) is not None:
        found += [call.node for call in calls if is_unkeyed(policy, call)]
    if policy.severity(RULES["BGM402"]) is not None:
        keys = policy.idempotency.metadata_keys
        found += [call.node for call in calls if key_made_inside(call, keys) is not None]
    return frozenset(_letting_out(case.module.names, found, case.source.path))


def importing(
    starters: Iterable[Starter], files: list[str], jobs: int | None
) -> dict[str, frozenset[str]]:
    """The files that import a starter, or a function that hands its errors on.

    With what these are called where they are defined. ``jobs`` as for :func:`sifted`.
    """
    found: dict[str, frozenset[str]] = {}
    seen: set[Starter] = set()
    new = set(starters)
    for _ in range(_FARTHEST):
        names: dict[bytes, list[str]] = {}
        for starter in new - seen:
            names.setdefault(starter.module.encode(), []).append(starter.name)
        seen |= new
        paths = sifted(partial(_imports_some, names), files, jobs) if names else []
        new = set()
        for path in paths:
            data = _bytes_of(path)
            imported = _imported(names, data)
            found[path] = found.get(path, frozenset()).union(imported)
            new.update(_handing_on(path, data, imported))
    return found


def _imports_some(names: Mapping[bytes, list[str]], path: str) -> bool:
    return bool(_imported(names, _bytes_of(path)))


def _bytes_of(path: str) -> bytes:
    """What a file holds; nothing where it cannot be read, which is said elsewhere."""
    try:
        return read_file(path)
    except OSError:
        return b""


def _imported(names: Mapping[bytes, list[str]], data: bytes) -> list[str]:
    """Those of ``names``, by module, that stand in a file which imports the module."""
    words = {word for found in _IMPORT.findall(data) for word in _WORD.findall(found)}
    wanted = (name for module in words & names.keys() for name in names[module])
    return [name for name in wanted if name.encode() in data]


def _handing_on(path: str, data: bytes, imported: list[str]) -> Iterator[Starter]:
    """What lets the errors of imported starters out; a package passes the starters on as well."""
    if os.path.basename(path) == "__init__.py":
        yield from (Starter(name, _module(path)) for name in imported)
    try:
        names = Names(Source(path, decode(data)[0]).tree)
    except Unreadable:
        return
    calls = [call for name in imported for call in names.calls_of(name)]
    yield from _letting_out(names, calls, path)


def _letting_out(names: Names, calls: list[ast.Call], path: str) -> Iterator[Starter]:
    for function in letting_errors_out(names, calls):
        yield Starter(called_by(names, function), _module(path))


def _module(path: str) -> str:
    return dotted_name(path).rpartition(".")[2]
