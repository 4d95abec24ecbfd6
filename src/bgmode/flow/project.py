"""The other modules of the project: found beside a file, parsed on demand, never imported.

Each is read once for a run. What cannot be read is not there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.flow.names import Names
from bgmode.source import Unreadable, decode, parse

_DEEPEST_PACKAGE = 20
_LARGEST_FILE = 2_000_000  # bytes


@dataclass(frozen=True)
class OtherModule:
    """A module that was read on demand."""

    path: str
    text: str
    names: Names


class Project:
    """The modules that have been looked at, by path."""

    def __init__(self) -> None:
        self._modules: dict[str, OtherModule | None] = {}

    def module(self, path: str) -> OtherModule | None:
        """The module in the file ``path``, or None where there is none that can be read."""
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    def _read(self, path: str) -> OtherModule | None:
        try:
            if os.path.getsize(path) > _LARGEST_FILE:
                return None
            with open(path, "rb") as file:
                text, _ = decode(file.read())
            return OtherModule(path, text, Names(parse(text)))
        except (OSError, ValueError, Unreadable):
            return None

    def packages(self, path: str) -> Iterator[OtherModule]:
        """The ``__init__`` modules of the packages around a file, innermost first."""
        directory = os.path.dirname(os.path.abspath(path))
        for _ in range(_DEEPEST_PACKAGE):
            init = os.path.join(directory, "__init__.py")
            if not os.path.isfile(init):
                return
            module = self.module(init)
            if module is not None and os.path.abspath(path) != init:
                yield module
            directory = os.path.dirname(directory)


def dotted_name(path: str) -> str:
    """The dotted name under which a file would be imported, as its packages say."""
    full = os.path.abspath(path)
    stem, _ = os.path.splitext(os.path.basename(full))
    names = [] if stem == "__init__" else [stem]
    directory = os.path.dirname(full)
    for _ in range(_DEEPEST_PACKAGE):
        if not os.path.isfile(os.path.join(directory, "__init__.py")):
            break
        names.append(os.path.basename(directory))
        directory = os.path.dirname(directory)
    return ".".join(reversed(names))
