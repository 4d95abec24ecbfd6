"""How numbers and lists are said in English."""

from __future__ import annotations

from collections.abc import Iterable


def plural(count: int, word: str, words: str | None = None) -> str:
    """``1 file``, ``2 files``; ``words`` is the plural where it has no plain ``s``."""
    return f"{count} {word if count == 1 else words or word + 's'}"


def listed(words: Iterable[str], joint: str = "or") -> str:
    """``a, b or c``."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"
