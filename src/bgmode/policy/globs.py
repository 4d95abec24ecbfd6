"""Patterns over paths and dotted names.

``*`` and ``?`` stay within one folder, ``**`` crosses folders. A pattern without a slash
matches at any depth; one that names a folder matches everything below it.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PART = re.compile(r"(?:\*\*/)+|\*\*+|\*|\?|[^*?]+", re.DOTALL)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    anywhere = "/" not in pattern.rstrip("/")
    start = "(?:.*/)?" if anywhere else ""
    return re.compile(f"{start}{_translated(pattern.strip('/'), '/')}(?:/.*)?", re.DOTALL)


@lru_cache(maxsize=1024)
def _compiled_name(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"{_translated(pattern, '.')}(?:\..*)?", re.DOTALL)


def _translated(pattern: str, separator: str) -> str:
    """A regular expression for ``pattern``.

    A ``*`` takes the shortest stretch up to what follows it and never tries a longer one, which
    finds the same within one folder and takes no time: ``*a*a*a*b`` would try them all.
    """
    one = f"[^{re.escape(separator)}]"
    parts = _PART.findall(pattern)
    pieces: list[str] = []
    while parts:
        part = parts.pop(0)
        if part.startswith("**/"):
            pieces.append("(?:[^/]+/)*")
        elif part.startswith("**"):
            pieces.append(".*")
        elif part.startswith("*"):
            fixed = _fixed(parts, one)
            stretch = f"(?=(?P<g{len(pieces)}>{one}*?{fixed}))(?P=g{len(pieces)})"
            comes_again = fixed and parts and not parts[0].startswith("**")
            pieces.append(stretch if comes_again else f"{one}*{fixed}")
        else:
            pieces.append(_literal(part, one))
    return "".join(pieces)


def _fixed(parts: list[str], one: str) -> str:
    """What follows a star up to the next one; it is taken off ``parts``."""
    found = ""
    while parts and not parts[0].startswith("*"):
        found += _literal(parts.pop(0), one)
    return found


def _literal(part: str, one: str) -> str:
    return one if part.startswith("?") else re.escape(part)


def path_matches(pattern: str, path: str) -> bool:
    """Whether ``path`` (with ``/`` between its parts) is matched by ``pattern``."""
    pattern = pattern[2:] if pattern.startswith("./") else pattern
    return _compiled(pattern).fullmatch(path.lstrip("/")) is not None


def module_matches(pattern: str, dotted: str) -> bool:
    """Whether a dotted name is matched; ``payments`` covers ``payments.refunds`` too."""
    if "/" in pattern:
        return False
    covered = pattern.removesuffix(".**").removesuffix(".*")
    return _compiled_name(covered).fullmatch(dotted) is not None
