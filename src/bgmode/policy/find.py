"""Where a policy file is: the nearest one above a file. Kept free of heavy imports."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing is slow to import, and not needed here
if TYPE_CHECKING:
    from typing import Any

FILE_NAMES = ("bgmode.yaml", ".bgmode.yaml")
PROJECT_FILE = "pyproject.toml"
_MARK = b"bgmode"
_HEADING = rb"(?m)^\s*\[\s*tool\s*\.\s*\"?bgmode"


def find_policy(path: str) -> str | None:
    """The nearest policy file above ``path`` (a file or a folder), if there is one.

    In each folder: a file with one of :data:`FILE_NAMES`, else the one that ``policy`` in
    ``[tool.bgmode]`` of pyproject.toml names. A pyproject.toml that should name one and does not
    is given itself; loading it says what is wrong.
    """
    for folder in _folders(path):
        for name in FILE_NAMES:
            candidate = os.path.join(folder, name)
            if os.path.isfile(candidate):
                return candidate
        project = os.path.join(folder, PROJECT_FILE)
        try:
            table = _table(project)
        except ValueError:
            if _seems_to_speak_of_us(project):
                return project
            continue
        if table is not None:
            return _named(table, project) or project
    return None


def find_above(path: str, name: str) -> str | None:
    """The nearest file called ``name`` in the folder of ``path`` or above."""
    candidates = (os.path.join(folder, name) for folder in _folders(path))
    return next(filter(os.path.isfile, candidates), None)


def _folders(path: str) -> list[str]:
    """The folder of ``path``, or ``path`` itself if it is one, and those above."""
    folder = os.path.abspath(path)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    found = [folder]
    while (above := os.path.dirname(folder)) != folder:
        found.append(folder := above)
    return found


def root_of(policy: str) -> str:
    """The folder that a policy's patterns start from: its own, or that of the pyproject.toml above
    that names it."""
    own = os.path.dirname(os.path.abspath(policy))
    for folder in _folders(own):
        named = named_policy(os.path.join(folder, PROJECT_FILE))
        if named is not None and os.path.realpath(named) == os.path.realpath(policy):
            return folder
    return own


def _seems_to_speak_of_us(path: str) -> bool:
    """Whether a pyproject.toml that is no TOML has a heading of ours."""
    import re

    with open(path, "rb") as file:
        return re.search(_HEADING, file.read()) is not None


def named_policy(path: str, data: bytes | None = None) -> str | None:
    """The policy that a pyproject.toml names, None where it names none.

    ``data`` are its bytes, where they are not those on the disk.
    """
    try:
        return _named(_table(path, data) or {}, path)
    except ValueError:
        return None


def _named(table: dict[str, Any], path: str) -> str | None:
    named = table.get("policy")
    if not isinstance(named, str) or not named.strip():
        return None
    return os.path.join(os.path.dirname(path), named)


def why_unnamed(path: str) -> str:
    """What is wrong with a pyproject.toml that should name a policy."""
    try:
        _table(path)
    except ValueError as error:
        return f"this is no TOML: {error}"
    return "`policy` in [tool.bgmode] must name a policy file"


def _table(path: str, data: bytes | None = None) -> dict[str, Any] | None:
    """The table ``tool.bgmode`` of a pyproject.toml, if it has one. Raises ValueError."""
    try:
        if data is None:
            with open(path, "rb") as file:
                data = file.read()
    except OSError:
        return None
    if _MARK not in data:
        return None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        found = tomllib.loads(data.decode("utf-8-sig")).get("tool", {}).get("bgmode")
    except (AttributeError, RecursionError):
        return None
    return None if found is None else found if isinstance(found, dict) else {}
