"""Patterns over paths and dotted names.

``*`` and ``?`` stay within one folder, ``**`` crosses folders. A pattern without a slash
matches at any depth; one that names a folder matches everything below it.
"""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    anywhere = "/" not in pattern.rstrip("/")
    text = pattern.strip("/")
    pieces: list[str] = []
    position = 0
    while position < len(text):
        if text.startswith("**/", position):
            pieces.append("(?:[^/]+/)*")
            position += 3
        elif text.startswith("**", position):
            pieces.append(".*")
            position += 2
        elif text[position] == "*":
            pieces.append("[^/]*")
            position += 1
        elif text[position] == "?":
            pieces.append("[^/]")
            position += 1
        else:
            pieces.append(re.escape(text[position]))
            position += 1
    start = "(?:.*/)?" if anywhere else ""
    return re.compile(f"{start}{''.join(pieces)}(?:/.*)?", re.DOTALL)


def path_matches(pattern: str, path: str) -> bool:
    """Whether ``path`` (with ``/`` between its parts) is matched by ``pattern``."""
    pattern = pattern[2:] if pattern.startswith("./") else pattern
    return _compiled(pattern).fullmatch(path.lstrip("/")) is not None


def module_matches(pattern: str, dotted: str) -> bool:
    """Whether a dotted name is matched; ``payments`` covers ``payments.refunds`` too."""
    if "/" in pattern:
        return False
    covered = pattern.removesuffix(".**").removesuffix(".*")
    text = re.escape(covered).replace(r"\*\*", ".*").replace(r"\*", r"[^.]*")
    return re.fullmatch(rf"{text}(?:\..*)?", dotted) is not None
