"""Which files there are, and which of them can matter.

Kept free of heavy imports: on most trees nothing else is ever needed. A file can only
matter if its bytes hold the words without which no operation can be written; the rest
is never decoded and never parsed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

SUFFIXES = (".py", ".pyi")
POLICY_NAMES = frozenset({"bgmode.yaml", ".bgmode.yaml"})
LEFT_OUT = frozenset(
    {
        ".bzr",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
        "venv",
    }
)
"""Folders that are not walked into; naming one of them, or a file in it, does look there."""

_FEW = 512  # bytes in which a cookie or a shebang stands


class Walk:
    """One walk over the paths that somebody has named.

    ``named`` are files that were named themselves; ``errors`` says which paths could not be
    read, ``policies`` which policy files were passed on the way.
    """

    def __init__(self, excludes: Callable[[str], bool] | None = None) -> None:
        self.errors: list[str] = []
        self.policies: list[str] = []
        self.named: set[str] = set()
        self._excludes = excludes

    def files(self, paths: list[str], *, force_exclude: bool = False) -> Iterator[str]:
        """The Python files under ``paths``, each once; named files whatever they are called."""
        seen: set[str] = set()
        for path in paths:
            if os.path.isdir(path):
                found: Iterator[str] = self._below(path)
            elif os.path.exists(path):
                if force_exclude and (self._is_excluded(path) or _in_left_out(path)):
                    continue
                self.named.add(path)
                found = iter((path,))
            else:
                self.errors.append(f"{path}: there is no such file or folder")
                continue
            for file in found:
                if file not in seen:
                    seen.add(file)
                    yield file

    def _is_excluded(self, path: str) -> bool:
        return self._excludes is not None and self._excludes(path)

    def _below(self, root: str) -> Iterator[str]:
        stack = ["" if root in (".", "./") else root.rstrip("/") or "/"]
        while stack:
            folder = stack.pop()
            try:
                entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
            except OSError as error:
                self.errors.append(f"{folder or '.'}: {(error.strerror or str(error)).lower()}")
                continue
            prefix = f"{folder.rstrip('/')}/" if folder else ""
            folders: list[str] = []
            for entry in entries:
                name = entry.name
                path = prefix + name
                if entry.is_dir(follow_symlinks=False):
                    if name not in LEFT_OUT and not self._is_excluded(path):
                        folders.append(path)
                elif name.endswith(SUFFIXES) or ("." not in name and _is_script(path)):
                    if not self._is_excluded(path):
                        yield path
                elif name in POLICY_NAMES:
                    self.policies.append(path)
            stack += reversed(folders)


def _in_left_out(path: str) -> bool:
    return not LEFT_OUT.isdisjoint(os.path.normpath(path).split(os.sep)[:-1])


def _is_script(path: str) -> bool:
    """Whether the file begins with a shebang that names Python."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        head = os.read(descriptor, _FEW)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return head.startswith(b"#!") and b"python" in head.partition(b"\n")[0]


def read_file(path: str) -> bytes:
    """The bytes of a file. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        data = os.read(descriptor, size + 1)
        if len(data) <= size:
            return data
        pieces = [data]
        while piece := os.read(descriptor, 1 << 20):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def may_matter(data: bytes) -> bool:
    """Whether a file with these bytes can hold anything that a rule speaks of.

    Every operation's path has the word ``responses`` in it, and every rule wants a call in
    the background or a poll. Bytes that may spell the words in another way (an encoding
    that is no superset of ASCII, a NUL byte) matter, too.
    """
    if b"responses" in data and (b"background" in data or b"retrieve" in data):
        return True
    return b"\0" in data or (b"coding" in data[:_FEW] and _has_odd_cookie(data[:_FEW]))


def text_may_matter(lines: list[str]) -> bool:
    """The same for text that has been read already."""
    text = "".join(lines)
    return "responses" in text and ("background" in text or "retrieve" in text)


def _has_odd_cookie(head: bytes) -> bool:
    for line in head.split(b"\n")[:2]:
        if line.lstrip().startswith(b"#") and b"coding" in line:
            name = line.partition(b"coding")[2].lstrip(b":= \t").lower()
            usual = (b"utf-8", b"utf8", b"latin", b"iso-8859", b"ascii", b"us-ascii", b"cp125")
            return not name.startswith(usual)
    return False
