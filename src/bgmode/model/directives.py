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
from functools import lru_cache
from typing import TypeAlias

from bgmode.day import parse_day
from bgmode.knowledge import (
    DEFAULT_VOCABULARY,
    UNWAIVABLE,
    Vocabulary,
    find_rule,
    nearest_rule,
)
from bgmode.source import LINE_END, Span

_MARK = re.compile(r"(?:^|(?<=\s))#\s*bgmode\s*:\s*", re.IGNORECASE)
_ALMOST = re.compile(
    r"(?<![`\w])(?:bg[-_ ]?m[a-z]{2,3}\W{0,3}"
    r"(?:(?:ignore|noqa|disable|skip|allow)\s*(?:[\[(=:]|BGM\d|$)"
    r"|job[-_ ]?type\s*=|zdr\s*$)"
    r"|ignore\s*\[\s*BGM\d)",
    re.IGNORECASE | re.MULTILINE,
)
_SPELT = re.compile(r"bg[-_ ]?m")
"""What stands, in small letters, in all that the two above find."""
_QUOTED = re.compile(r"`[^`]*`|\S+://\S*|\"[^\"]*\"")
_OTHER_TOOL = re.compile(
    r"#\s*(?:noqa|type\s*:|pragma|pylint|fmt|mypy|nosec|nosemgrep|pyright|ruff|isort|yapf|bgmode)"
)
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_RULES = re.compile(r"\[(?P<rules>[^\]#]*)\]")
_OPTION = re.compile(
    r"\s*(?P<key>[A-Za-z_][\w-]*)\s*=\s*"
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'#,]+))(?=\s|#|$)"
)
_NAME = re.compile(
    r"\s*=\s*(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<bare>[^\s#\"']+))(?=\s|#|$)"
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


@lru_cache(maxsize=64)  # a package's __init__ is asked for each of its modules
def directives(text: str, vocabulary: Vocabulary = DEFAULT_VOCABULARY) -> tuple[Directive, ...]:
    """The directives in ``text``, in order."""
    folded = text.lower()
    if "bg" not in folded or not _SPELT.search(folded):  # most texts; many times as fast
        return ()
    if not (_MARK.search(text) or _ALMOST.search(text)):  # reading all tokens takes its time
        return ()
    found: list[Directive] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(LINE_END.sub("\n", text)).readline):
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
        position = 0
        while mark := _MARK.search(self._text, position):
            if self._is_quoted_code(mark.start()):
                return
            try:
                directive, position = self._directive(mark)
                yield directive
            except _NotUnderstood as error:
                yield Malformed(str(error), self._span(mark.start(), len(self._text)))
                return
        said = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), self._text)
        almost = _ALMOST.search(said) if position == 0 else None
        if almost is not None:
            message = "this looks like a comment for bgmode: one begins with `# bgmode: `"
            yield Malformed(message, self._span(almost.start(), len(self._text)))

    def _is_quoted_code(self, start: int) -> bool:
        """Whether a directive belongs to a line of code that somebody has commented out."""
        return self._alone and start > 0 and not _OTHER_TOOL.match(self._text)

    def _span(self, start: int, end: int) -> Span:
        return Span(self._line, self._column + start, self._line, self._column + end)

    def _directive(self, mark: re.Match[str]) -> tuple[Directive, int]:
        """What a directive says, and where it ends."""
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

    def _setting(self, name: str, start: int, position: int) -> tuple[Setting, int]:
        value: str | None = None
        if name == self._vocabulary.comment:
            given = _NAME.match(self._text, position)
            if given is None:
                raise _NotUnderstood(f"`{name}` needs a name: `{name}=NAME`")
            value = given["double"] or given["single"] or given["bare"]
            position = given.end()
        self._check_end(position)
        return Setting(name, value, self._line, self._column + start, self._alone), position

    def _check_end(self, position: int) -> None:
        """A directive ends with the comment, or where the next one begins."""
        rest = self._text[position:]
        if rest.strip() and not rest.lstrip().startswith("#"):
            raise _NotUnderstood(
                f"`{rest.strip()[:40]}` is not understood; what has spaces in it needs quotes"
            )

    def _ignore(self, start: int, position: int) -> tuple[Ignore, int]:
        listed = _RULES.match(self._text, position)
        if listed is None:
            raise _NotUnderstood("name the rules to ignore: `ignore[BGM101]`")
        codes = tuple(dict.fromkeys(map(_code, listed["rules"].split(","))))
        position = listed.end()
        values: dict[str, str] = {}
        while given := _OPTION.match(self._text, position):
            _take(given, values)
            position = given.end()
        self._check_end(position)
        until = _day(values.pop("until")) if "until" in values else None
        span = self._span(start, position)
        return Ignore(codes, span, self._alone, until=until, **values), position


def code_of(word: str) -> str | None:
    """The code of the rule that a word in the brackets means."""
    rule = find_rule(word)
    return rule.code if rule is not None else None


def _code(written: str) -> str:
    name = written.strip()
    rule = find_rule(name)
    if rule is None:
        close = nearest_rule(name[:80]) if name else None
        hint = f", did you mean `{close}`?" if close else ""
        raise _NotUnderstood(f"no rule is called `{name[:40]}`{hint}")
    if rule.code in UNWAIVABLE:
        raise _NotUnderstood(f"the rule {rule.code} cannot be ignored")
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
    found = parse_day(written)
    if found is None:
        raise _NotUnderstood(f"`{written[:40]}` is no date of the form 2027-01-31")
    return found
