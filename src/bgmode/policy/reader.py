"""Reads YAML nodes as the plain values that a field wants, and says what is wrong with them.

A field is a function that turns a node into a value and reports problems to the
:class:`Reader`. Scalars are read as they are written: ``off`` is the word off,
``2027-01-31`` is a date because the field wants one, and nothing else is guessed.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from bgmode.day import parse_day
from bgmode.policy.problem import Problem

Field: TypeAlias = Callable[["Reader", Node, str], Any]

_DURATION = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?) *(?P<unit>s|m|h|d)?", re.ASCII)
_LONGEST_KEY, _LONGEST_MESSAGE = 120, 300  # characters that are shown
_MANY = 200  # words among which no close one is looked for
_MOST_CROSSINGS = 3  # `**` in one pattern: each multiplies the ways to match it
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, None: 1}


class Reader:
    """Reads one file's nodes; collects every problem, and where each key stands."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.places: dict[str, tuple[int, int]] = {}  # 1-based line and column of each key
        self.values: dict[str, tuple[int, int]] = {}  # and of what it holds

    def problem(self, node: Node, key: str, message: str) -> None:
        mark = node.start_mark
        self.problem_at((mark.line + 1, mark.column + 1), key, message)

    def problem_at(self, place: tuple[int, int], key: str, message: str) -> None:
        key, message = _one_line(key, _LONGEST_KEY), _one_line(message, _LONGEST_MESSAGE)
        self.problems.append(Problem(self.path, *place, key, message))

    @property
    def has_many(self) -> bool:
        """Whether so much is wrong that nobody will read all of it."""
        return len(self.problems) > _MANY

    def note_item(self, node: Node, key: str) -> None:
        """Remember where an item of a list stands."""
        mark = node.start_mark
        self.places[key] = self.values[key] = (mark.line + 1, mark.column + 1)

    def entries(self, node: Node, key: str) -> dict[str, tuple[Node, Node]]:
        """The entries of a mapping: name to key node and value node."""
        if not isinstance(node, MappingNode):
            shown = kind(node) if key or not isinstance(node, ScalarNode) else "text"
            self.problem(node, key, f"this must be a mapping, not {shown}")
            return {}
        found: dict[str, tuple[Node, Node]] = {}
        for name_node, value in node.value:
            if not isinstance(name_node, ScalarNode):
                self.problem(name_node, key, "a key must be a plain word")
                continue
            name = name_node.value
            if name == "<<":
                self.problem(name_node, key, "merge keys are not understood: write the keys out")
                continue
            if not name.strip():
                self.problem(name_node, key, "a key must not be empty")
                continue
            if name in found:
                first = found[name][0].start_mark.line + 1
                self.problem(
                    name_node, join(key, name), f"this key is here twice (first on line {first})"
                )
                continue
            found[name] = (name_node, value)
            mark = name_node.start_mark
            self.places[join(key, name)] = (mark.line + 1, mark.column + 1)
            mark = value.start_mark
            self.values[join(key, name)] = (mark.line + 1, mark.column + 1)
        return found

    def fields(
        self,
        node: Node,
        key: str,
        known: dict[str, Field],
        required: Iterable[str] = (),
        filled: Iterable[str] = (),
    ) -> dict[str, Any]:
        """Read a mapping whose keys are ``known``; ``filled`` ones must hold something if there."""
        values: dict[str, Any] = {}
        entries = self.entries(node, key)
        for name, (name_node, value) in entries.items():
            read = known.get(name)
            if read is None:
                self.problem(name_node, join(key, name), f"unknown key{suggest(name, known)}")
                continue
            if is_empty(value):  # every entry is commented out
                continue
            result = read(self, value, join(key, name))
            if result is not None:
                values[name] = result
        for name in required:
            if isinstance(node, MappingNode) and name not in entries:
                self.problem(node, key, f"the key `{name}` is missing")
        for name in (*required, *filled):
            if name in entries and is_empty(entries[name][1]):
                self.problem(entries[name][0], join(key, name), "this must not be empty")
        return values


def _one_line(words: str, longest: int) -> str:
    """Words as a terminal can show them: on one line, without control characters, cut."""
    text = " ".join(words.split())
    text = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def is_empty(node: Node) -> bool:
    """Whether nothing is there: every entry is commented out."""
    return isinstance(node, ScalarNode) and node.value == "" and not node.style


def join(key: str, name: str) -> str:
    """The path of a key, as people write it."""
    return f"{key}.{name}" if key else name


def kind(node: Node) -> str:
    """What a node is, in a person's words."""
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case _:
            words = " ".join(str(node.value).split())
            return f"`{words[:60]}`" if words else "empty"


def suggest(word: str, known: Iterable[str]) -> str:
    """``, did you mean `x`?`` where a known word is close."""
    words = list(known)
    if len(words) > _MANY:
        return ""
    close = difflib.get_close_matches(word[:80], words, n=1, cutoff=0.6)
    return f", did you mean `{close[0]}`?" if close else ""


# Fields


def text(reader: Reader, node: Node, key: str) -> str | None:
    """Any text that is not empty."""
    if not isinstance(node, ScalarNode):
        reader.problem(node, key, f"this must be text, not {kind(node)}")
        return None
    if not node.value.strip():
        reader.problem(node, key, "this must not be empty")
        return None
    return str(node.value)


def pattern(reader: Reader, node: Node, key: str) -> str | None:
    """A pattern over paths or dotted names."""
    written = text(reader, node, key)
    if written is not None and written.count("**") > _MOST_CROSSINGS:
        reader.problem(node, key, f"a pattern may hold `**` {_MOST_CROSSINGS} times at most")
        return None
    return written


def choice(*words: str) -> Field:
    """One of a few words."""

    def read(reader: Reader, node: Node, key: str) -> str | None:
        if isinstance(node, ScalarNode) and node.value in words:
            return str(node.value)
        close = suggest(node.value, words) if isinstance(node, ScalarNode) else ""
        allowed = ", ".join(words)
        reader.problem(node, key, f"{kind(node)} is none of {allowed}{close}")
        return None

    return read


def flag(reader: Reader, node: Node, key: str) -> bool | None:
    """``true`` or ``false``."""
    word = choice("true", "false")(reader, node, key)
    return None if word is None else word == "true"


def date(reader: Reader, node: Node, key: str) -> datetime.date | None:
    """A calendar day, ``2027-01-31``."""
    found = parse_day(node.value) if isinstance(node, ScalarNode) else None
    if found is None:
        reader.problem(node, key, f"{kind(node)} is no date of the form 2027-01-31")
    return found


def duration(reader: Reader, node: Node, key: str) -> float | None:
    """A stretch of time in seconds: ``45``, ``30s``, ``10m``, ``2h``, ``1d``."""
    matched = _DURATION.fullmatch(node.value) if isinstance(node, ScalarNode) else None
    if matched is None:
        reader.problem(node, key, f"{kind(node)} is no duration such as 30s, 10m, 2h or 1d")
        return None
    return float(matched["number"]) * _SECONDS[matched["unit"]]


def some_time(reader: Reader, node: Node, key: str) -> float | None:
    """A stretch of time that is not nothing, in seconds."""
    seconds = duration(reader, node, key)
    if seconds == 0:
        reader.problem(node, key, "this must be more than 0 s")
        return None
    return seconds


def list_of(item: Field) -> Field:
    """A list of things."""

    def read(reader: Reader, node: Node, key: str) -> tuple[Any, ...] | None:
        if not isinstance(node, SequenceNode):
            reader.problem(node, key, f"this must be a list, not {kind(node)}")
            return None
        values: list[Any] = []
        for position, entry in enumerate(node.value):
            reader.note_item(entry, f"{key}[{position}]")
            values.append(item(reader, entry, f"{key}[{position}]"))
        return tuple(value for value in values if value is not None)

    return read


def one_or_many(item: Field, *, least: int = 0) -> Field:
    """A list of at least so many things, or one of them by itself."""
    many = list_of(item)

    def read(reader: Reader, node: Node, key: str) -> tuple[Any, ...] | None:
        if isinstance(node, SequenceNode):
            if len(node.value) < least:
                reader.problem(node, key, "this must not be empty")
                return None
            values: tuple[Any, ...] | None = many(reader, node, key)
            return values
        value = item(reader, node, key)
        return None if value is None else (value,)

    return read
