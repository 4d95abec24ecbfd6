"""``# bgmode:`` comments: what they say and which lines they speak of.

Only real comment tokens count, never text inside strings. Whatever looks as if it were meant
for bgmode and is not understood is a :class:`Malformed` one, and says nothing else.

    # bgmode: job-type=NAME
    # bgmode: zdr
    # bgmode: ignore[BGM101, missing-idempotency-key] reason="..." until=2027-01-31 owner=@team
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bgmode.knowledge import (
    DEFAULT_VOCABULARY,
    UNWAIVABLE,
    Vocabulary,
    find_rule,
    nearest_rule,
)
from bgmode.source import Span

_MARK = re.compile(r"(?:^|(?<=\s))#\s*bgmode\s*:\s*", re.IGNORECASE)
_ALMOST = re.compile(
    r"(?:^|(?<=\s))#\s*bg[-_ ]?mod[a-z]*\s*[-:=.]?\s*"
    r"(?:ignore|noqa|disable|skip|allow|job[-_ ]?type|zdr)\b(?!\s+[a-z])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_RULES = re.compile(r"\[(?P<rules>[^\]#]*)\]")
_OPTION = re.compile(
    r"(?P<key>[A-Za-z_][\w-]*)\s*=\s*"
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'#,]+))(?=\s|#|$)"
)
_OPTIONS = ("reason", "until", "owner", "ticket")
_IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Setting:
    """``# bgmode: key=value``; ``alone`` on its line. Line 1-based, columns in characters."""

    key: str
    value: str | None
    line: int
    column: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """``# bgmode: ignore[...]``: the codes of the rules, as they were written, and why."""

    codes: tuple[str, ...]
    span: Span
    alone: bool
    reason: str | None = None
    until: datetime.date | None = None
    owner: str | None = None
    ticket: str | None = None

    @property
    def anywhere(self) -> Ignore:
        """The same comment, whatever place it stands at."""
        return dataclasses.replace(self, span=Span(1, 0, 1, 0), alone=False)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A comment that is not understood, and what is wrong with it."""

    message: str
    span: Span


Directive: TypeAlias = Setting | Ignore | Malformed


def directives(text: str, vocabulary: Vocabulary = DEFAULT_VOCABULARY) -> tuple[Directive, ...]:
    """The directives in ``text``, in order."""
    if not re.search(r"bg[-_ ]?mod", text, re.IGNORECASE):
        return ()
    found: list[Directive] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                found += _Comment(token, vocabulary).read()
    except (tokenize.TokenError, SyntaxError):
        pass  # the parser has the last word on what can be read
    return tuple(found)


class _NotUnderstood(Exception):
    """What is wrong with a directive."""


class _Comment:
    """One comment, in which another tool's may stand as well."""

    def __init__(self, token: tokenize.TokenInfo, vocabulary: Vocabulary) -> None:
        self._text = token.string.rstrip()
        self._line, self._column = token.start
        self._alone = not token.line[: self._column].strip()
        self._vocabulary = vocabulary

    def read(self) -> Iterator[Directive]:
        marks = list(_MARK.finditer(self._text))
        for mark in marks:
            try:
                yield self._directive(mark)
            except _NotUnderstood as error:
                yield Malformed(str(error), self._span(mark.start(), len(self._text)))
        if not marks and (almost := _ALMOST.search(self._text)):
            message = "this looks like a comment for bgmode: one begins with `# bgmode: `"
            yield Malformed(message, self._span(almost.start(), len(self._text)))

    def _span(self, start: int, end: int) -> Span:
        return Span(self._line, self._column + start, self._line, self._column + end)

    def _directive(self, mark: re.Match[str]) -> Directive:
        if "bgmode" not in mark[0]:
            raise _NotUnderstood("write `bgmode` in small letters")
        word = _WORD.match(self._text, mark.end())
        known = (_IGNORE, self._vocabulary.comment, self._vocabulary.zdr_comment)
        match word[0] if word else "":
            case "ignore":
                return self._ignore(mark.start(), word.end() if word else 0)
            case name if word and name in known:
                return self._setting(name, mark.start(), word.end())
            case name:
                close = difflib.get_close_matches(name.lower(), known, n=1)
                hint = f", did you mean `{close[0]}`?" if close else ""
                listed = f"{known[0]}[...], {known[1]}=NAME or {known[2]}"
                raise _NotUnderstood(f"`{name[:40]}` is none of {listed}{hint}")

    def _setting(self, name: str, start: int, position: int) -> Setting:
        value: str | None = None
        if name == self._vocabulary.comment:
            given = re.compile(r"\s*=\s*(?P<value>[^\s#]+)").match(self._text, position)
            if given is None:
                raise _NotUnderstood(f"`{name}` needs a name: `{name}=NAME`")
            value, position = given["value"], given.end()
        self._end(position)
        return Setting(name, value, self._line, self._column + start, self._alone)

    def _end(self, position: int) -> int:
        """The end of a directive: of the comment, or where the next one begins."""
        rest = self._text[position:]
        if rest.strip() and not rest.lstrip().startswith("#"):
            raise _NotUnderstood(
                f"`{rest.strip()[:40]}` is not understood; what has spaces in it needs quotes"
            )
        return position

    def _ignore(self, start: int, position: int) -> Ignore:
        listed = _RULES.match(self._text, position)
        if listed is None:
            raise _NotUnderstood("name the rules to ignore: `ignore[BGM101]`")
        codes = tuple(dict.fromkeys(map(_code, listed["rules"].split(","))))
        position = listed.end()
        values: dict[str, str] = {}
        while given := re.compile(r"\s*" + _OPTION.pattern).match(self._text, position):
            _take(given, values)
            position = given.end()
        end = self._end(position)
        until = _day(values.pop("until")) if "until" in values else None
        return Ignore(codes, self._span(start, end), self._alone, until=until, **values)


def _code(written: str) -> str:
    name = written.strip()
    rule = find_rule(name)
    if rule is None:
        close = nearest_rule(name[:80]) if name else None
        hint = f", did you mean `{close}`?" if close else ""
        raise _NotUnderstood(f"no rule is called `{name[:40]}`{hint}")
    if rule.code in UNWAIVABLE:
        raise _NotUnderstood(f"{rule.code} cannot be ignored")
    return rule.code


def _take(given: re.Match[str], values: dict[str, str]) -> None:
    key = given["key"]
    if key not in _OPTIONS:
        close = difflib.get_close_matches(key, _OPTIONS, n=1)
        hint = f", did you mean `{close[0]}`?" if close else ""
        raise _NotUnderstood(f"`{key}` is none of {', '.join(_OPTIONS)}{hint}")
    if key in values:
        raise _NotUnderstood(f"`{key}` is here twice")
    value = next(text for text in given.group("double", "single", "bare") if text is not None)
    if not value.strip():
        raise _NotUnderstood(f"`{key}` is empty")
    values[key] = value.strip()


def _day(written: str) -> datetime.date:
    try:
        if len(written) == len("2027-01-31"):
            return datetime.date.fromisoformat(written)
    except ValueError:
        pass
    raise _NotUnderstood(f"`{written[:40]}` is no date of the form 2027-01-31")
