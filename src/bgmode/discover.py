"""Which files there are, and which of them can matter.

Kept free of heavy imports: on most trees nothing else is ever needed. A file can only
matter if its bytes hold the words without which no operation can be written; the rest
is never decoded and never parsed.
"""

from __future__ import annotations

import os

from bgmode.policy.find import FILE_NAMES

TYPE_CHECKING = False  # typing and collections.abc are slow to import, and not needed here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUFFIXES = (".py", ".pyi", ".ipynb")
LEFT_OUT = frozenset(
    {
        ".bzr",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".ipynb_checkpoints",
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

_ASCII_INSIDE = (b"utf-8", b"utf8", b"latin", b"iso-8859", b"ascii", b"us-ascii", b"cp125")
_WORDS = (b"background", b"retrieve")
"""Without one of these no rule has anything to say, but for code under Zero Data Retention, and
for calls of a create operation with a mapping that another module may have made.
"""
_QUOTED = (b', "responses"', b", 'responses'")
_CREATING = (b"create", b"parse", b"stream")
_SPACE = b" \t\r\n\f\\"
FRAMEWORK_WORDS = (
    b"ModelSettings",
    b"ChatOpenAI",
    b"OpenAIResponses",
    b"agent_framework",
    b"litellm",
)
"""Words by which background mode is come to without the attribute ``responses``."""
_MANY = 2_000  # paths; fewer are sifted before other processes have started
_AT_ONCE = 250  # paths
_FEW = 512  # bytes in which a cookie or a shebang stands
_USUAL_SIZE = 1 << 18  # bytes of a file that are read at once


class Walk:
    """One walk over the paths that somebody has named.

    ``named`` are files that were named themselves; ``errors`` says which paths could not be
    read, ``policies`` which policy files were passed on the way; ``excluded`` counts what was
    passed by.
    """

    def __init__(self, excludes: Callable[[str], bool] | None = None) -> None:
        self.errors: list[str] = []
        self.policies: list[str] = []
        self.named: set[str] = set()
        self.excluded = 0
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
        is_excluded = self._excludes is not None and self._excludes(path)
        self.excluded += is_excluded
        return is_excluded

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
                elif name in FILE_NAMES:
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
        data = os.read(descriptor, _USUAL_SIZE)
        if len(data) < _USUAL_SIZE:
            return data
        pieces = [data]
        while piece := os.read(descriptor, 1 << 20):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def size(path: str) -> int:
    """The bytes of a file; 0 where there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def candidates(paths: list[str], jobs: int | None = None) -> list[str]:
    """Those of ``paths`` that can matter, in the same order; unreadable ones among them.

    ``jobs`` as for :func:`sifted`.
    """
    return sifted(_is_candidate, paths, jobs)


def sifted(keep: Callable[[str], bool], paths: list[str], jobs: int | None = None) -> list[str]:
    """Those of ``paths`` that ``keep`` says yes to, or could not be asked about; in order.

    ``jobs``: how many processes share many paths, by default as many as can run side by side.
    """
    if jobs == 1 or len(paths) < _MANY:
        return [path for path in paths if keep(path)]
    from bgmode.workers import Lost, shared, usable_cores

    pieces = [paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE)]
    kept = shared(
        lambda piece: [path for path in piece if keep(path)], pieces, jobs or usable_cores()
    )
    return [
        path
        for piece, found in zip(pieces, kept, strict=True)
        for path in (piece if isinstance(found, Lost) else found)
    ]


def _is_candidate(path: str) -> bool:
    try:
        return may_matter(read_file(path))
    except OSError:
        return True


def may_matter(data: bytes) -> bool:
    """Whether a file with these bytes can hold anything that a rule speaks of.

    Operations are reached by the attribute ``responses`` or an address that ends so, or by a
    framework's name; every rule wants a call in the background, a poll, or code that requires
    Zero Data Retention. Bytes that may spell the words in another way (an
    encoding that is no superset of ASCII, a NUL byte) matter, too.
    """
    if _words_matter(data) or b"\0" in data:
        return True
    return b"coding" in data[:_FEW] and _spelt_otherwise(data)


def text_may_matter(text: str) -> bool:
    """The same for text that has been read already."""
    return _words_matter(text.encode(errors="replace"))


def _words_matter(data: bytes) -> bool:
    if b"zdr" in data:
        return True
    if b"responses" in data:
        if any(word in data for word in _WORDS):
            if _is_reached(data) or (b"getattr" in data and any(word in data for word in _QUOTED)):
                return True
        elif b"**" in data and _is_created_with(data):
            return True
    return b"background" in data and any(word in data for word in FRAMEWORK_WORDS)


def _is_reached(data: bytes) -> bool:
    """Whether ``responses`` stands somewhere behind a dot, or an address's slash."""
    return any(before.endswith((b".", b"/")) for before, _ in _around(data))


def _is_created_with(data: bytes) -> bool:
    """Whether a method of the attribute ``responses`` creates one, in whatever view."""
    for before, behind in _around(data):
        gap, *links = [link.strip(_SPACE) for link in behind.split(b".", 3)]
        if links and links[0].startswith(b"with_"):
            links = links[1:]
        if before.endswith(b".") and not gap and links and links[0].startswith(_CREATING):
            return True
    return False


def _around(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What stands before and behind the word ``responses``, each time that it is there."""
    name = b"responses"
    position = data.find(name)
    while position >= 0:
        end = position + len(name)
        yield data[max(position - _FEW, 0) : position].rstrip(_SPACE), data[end : end + _FEW]
        position = data.find(name, end)


def _spelt_otherwise(data: bytes) -> bool:
    """Whether a file in an encoding that hides ASCII words has them nevertheless."""
    import re

    cookie = rb"[ \t\f]*#.*?coding[:=][ \t]*(?P<name>[-\w.]+)"
    for line in data[:_FEW].split(b"\n")[:2]:
        found = re.match(cookie, line)
        if found is None or found["name"].lower().startswith(_ASCII_INSIDE):
            continue
        try:
            return text_may_matter(data.decode(found["name"].decode(), "replace"))
        except (LookupError, ValueError):
            return False  # Python cannot run it either
    return False
