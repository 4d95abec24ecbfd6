"""``# bgmode:`` comments: what they say and which lines they speak of.

Only real comment tokens count, never text inside strings.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass

_MARK = re.compile(r"#\s*bgmode:\s*(?P<body>[^#]*)")
_SETTING = re.compile(r"(?:(?P<key>job-type)\s*=\s*(?P<value>\S+)|(?P<flag>zdr))\s*")


@dataclass(frozen=True, slots=True)
class Directive:
    """One comment: ``key`` and ``value`` of ``# bgmode: key=value``; ``alone`` on its line."""

    key: str
    value: str | None
    line: int
    column: int
    alone: bool


def directives(text: str) -> tuple[Directive, ...]:
    """The directives in ``text``, in order; what is not understood is left out."""
    if "bgmode:" not in text:
        return ()
    found: list[Directive] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                directive = _read(token)
                if directive is not None:
                    found.append(directive)
    except (tokenize.TokenError, SyntaxError):
        pass  # the parser has the last word on what can be read
    return tuple(found)


def _read(token: tokenize.TokenInfo) -> Directive | None:
    marked = _MARK.search(token.string)  # another tool's comment may stand before it
    setting = _SETTING.fullmatch(marked["body"]) if marked else None
    if setting is None:
        return None
    line, column = token.start
    return Directive(
        setting["key"] or setting["flag"],
        setting["value"],
        line,
        column,
        not token.line[:column].strip(),
    )
