"""Where a policy file is: the nearest one above a file. Kept free of heavy imports."""

from __future__ import annotations

import os

FILE_NAMES = ("bgmode.yaml", ".bgmode.yaml")


def find_policy(path: str) -> str | None:
    """The nearest policy file above ``path`` (a file or a folder), if there is one."""
    return find_above(path, FILE_NAMES)


def find_above(path: str, names: tuple[str, ...]) -> str | None:
    """The nearest file with one of ``names`` in the folder of ``path`` or above."""
    directory = os.path.abspath(path)
    if not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    while True:
        for name in names:
            candidate = os.path.join(directory, name)
            if os.path.isfile(candidate):
                return candidate
        above = os.path.dirname(directory)
        if above == directory:
            return None
        directory = above
