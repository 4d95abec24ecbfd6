"""Where a policy file is: the nearest one above a file. Kept free of heavy imports."""

from __future__ import annotations

import os
import sys

FILE_NAMES = ("bgmode.yaml", ".bgmode.yaml")
PROJECT_FILE = "pyproject.toml"
_MARK = b"tool.bgmode"


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
        if _speaks_of_us(project):
            return named_policy(project) or project
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


def _speaks_of_us(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _MARK in file.read()
    except OSError:
        return False


def named_policy(path: str) -> str | None:
    """The policy that a pyproject.toml names, None where it is not right."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(path, "rb") as file:
            named = tomllib.load(file)["tool"]["bgmode"]["policy"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return os.path.join(os.path.dirname(path), named) if isinstance(named, str) else None
