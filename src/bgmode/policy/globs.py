"""Patterns over paths and dotted names.

``*`` and ``?`` stay within one folder, ``**`` crosses folders. A pattern without a slash
matches at any depth; one that names a folder matches everything below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_GAP = re.compile(r"((?:(?<=/)|^)(?:\*\*/)+|\*\*+)")
_PART = re.compile(r"\*|\?|[^*?]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stands between two ``**``, and what is before it: nothing, ``**``, or ``**/``.

    ``below`` is the same at the beginning of a folder or file.
    """

    gap: Literal["", "**", "**/"]
    here: re.Pattern[str]
    below: re.Pattern[str]

    def end(self, text: str, start: int) -> int | None:
        """Where its first occurrence from ``start`` on ends."""
        found = self.here.match(text, start)
        if self.gap == "**":
            found = self.here.search(text, start)
        elif self.gap == "**/" and found is None:
            found = self.below.search(text, start)
        return None if found is None else found.end()


def _matches(pieces: tuple[_Piece, ...], text: str) -> bool:
    """Whether the pieces stand in ``text`` one behind the other.

    The first occurrence of each is the best, whatever comes behind the next ``**``: so no other
    one is tried, and no pattern takes long.
    """
    position: int | None = 0
    for piece in pieces:
        if position is None:
            return False
        position = piece.end(text, position)
    return position is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[_Piece, ...]:
    anywhere = "/" not in pattern.rstrip("/")
    return _pieces(("**/" if anywhere else "") + pattern.strip("/"), "/")


@lru_cache(maxsize=1024)
def _compiled_name(pattern: str) -> tuple[_Piece, ...]:
    return _pieces(pattern, ".")


def _pieces(pattern: str, separator: str) -> tuple[_Piece, ...]:
    """The pieces of a pattern; the last one ends where a part of the text does."""
    first, *others = _GAP.split(pattern)
    pairs = list(zip(others[::2], others[1::2], strict=True))
    if first or not pairs:
        pairs.insert(0, ("", first))
    found: list[_Piece] = []
    for position, (gap, piece) in enumerate(pairs):
        is_last = position == len(pairs) - 1
        ending = rf"(?={re.escape(separator)}|\Z)" if is_last else ""
        regex = _translated(piece, separator) + ending
        found.append(
            _Piece(
                "" if not gap else "**/" if gap.endswith("/") else "**",
                re.compile(regex, re.DOTALL),
                re.compile(f"(?<={re.escape(separator)}){regex}", re.DOTALL),
            )
        )
    return tuple(found)


def _translated(piece: str, separator: str) -> str:
    """A regular expression for a piece without ``**``.

    A ``*`` takes the shortest stretch up to what follows it and never tries a longer one, which
    finds the same within one folder and takes no time: ``*a*a*a*b`` would try them all.
    """
    one = f"[^{re.escape(separator)}]"
    parts = _PART.findall(piece)
    pieces: list[str] = []
    while parts:
        part = parts.pop(0)
        if part.startswith("*"):
            fixed = _fixed(parts, one)
            stretch = f"(?=(?P<g{len(pieces)}>{one}*?{fixed}))(?P=g{len(pieces)})"
            pieces.append(stretch if fixed and parts else f"{one}*?{fixed}")
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
    return _matches(_compiled(pattern), path.lstrip("/"))


def module_matches(pattern: str, dotted: str) -> bool:
    """Whether a dotted name is matched; ``payments`` covers ``payments.refunds`` too."""
    if "/" in pattern:
        return False
    covered = pattern.removesuffix(".**").removesuffix(".*")
    return _matches(_compiled_name(covered), dotted)
