"""Patterns against a matcher that tries everything, and against time."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bgmode.policy.globs import module_matches, path_matches


def tried(pattern: str, text: str, separator: str) -> bool:
    """Whether a pattern matches, or a folder above ``text``, by trying every stretch."""
    parts = re.findall(r"(?:(?<=/)|^)(?:\*\*/)+|\*\*+|\*|\?|[^*?]", pattern)

    @lru_cache(None)
    def rest(part: int, at: int) -> bool:
        if part == len(parts):
            return at == len(text) or text[at] == separator
        match parts[part]:
            case "*":
                stretch = at
                while not rest(part + 1, stretch):
                    if stretch == len(text) or text[stretch] == separator:
                        return False
                    stretch += 1
                return True
            case "?":
                return at < len(text) and text[at] != separator and rest(part + 1, at + 1)
            case folders if folders.endswith("/") and len(folders) > 1:
                starts = [s for s in range(at, len(text)) if s == at or text[s - 1] == "/"]
                return any(rest(part + 1, start) for start in [*starts, at])
            case stars if len(stars) > 1:
                return any(rest(part + 1, start) for start in range(at, len(text) + 1))
            case letter:
                return text[at : at + 1] == letter and rest(part + 1, at + 1)

    return rest(0, 0)


FOLDERS = st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=5)
PIECES = st.sampled_from(["a", "b", "ab", "*", "?", "**", "/", "**/", "/**/", "*a", "a*"])
PATTERNS = st.lists(PIECES, min_size=1, max_size=7).map("".join)


@settings(max_examples=1500, deadline=None)
@example("**a/*b", ["xa", "ab"])
@example("a*/**/b", ["ab", "b"])
@given(PATTERNS.filter(lambda pattern: "//" not in pattern), FOLDERS)
def test_a_path_matches_where_some_stretches_do(pattern: str, folders: list[str]) -> None:
    path = "/".join(folders)
    anywhere = "**/" if "/" not in pattern.rstrip("/") else ""
    assert path_matches(pattern, path) is tried(anywhere + pattern.strip("/"), path, "/")


@settings(max_examples=500, deadline=None)
@given(PATTERNS.filter(lambda pattern: "/" not in pattern), FOLDERS)
def test_a_name_matches_where_some_stretches_do(pattern: str, names: list[str]) -> None:
    dotted = ".".join(names)
    assert module_matches(pattern, dotted) is tried(pattern, dotted, ".")


@pytest.mark.parametrize("path", ["a" * 4000, "a/" * 2000 + "b.py"])
@pytest.mark.parametrize(
    "pattern", ["**a" * 20 + "b", "**/x/" * 20 + "z", "*a" * 60 + "b", "**a*a*b/" * 9 + "c"]
)
def test_no_pattern_tries_everything(pattern: str, path: str) -> None:
    assert path_matches(pattern, path) is False  # minutes, and more, if it did
