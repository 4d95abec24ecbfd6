"""Places edits in a text. Spans speak of the text as it was before the first edit."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from bgmode.finding import (
    Edit,
    InsertStatement,
    RemoveComment,
    RemoveItem,
    RemoveKeyword,
    RemoveStatement,
    ReplaceComment,
    ReplaceExpression,
    SetItem,
    SetKeyword,
)
from bgmode.fixing import brackets
from bgmode.fixing.brackets import CannotEdit
from bgmode.source import LINE_END, Span, line_starts, newline_of


@dataclass
class _Range:
    start: int
    end: int


def apply_edits(text: str, edits: tuple[Edit, ...]) -> str:
    """The text after all of ``edits``. Raises :class:`CannotEdit`."""
    offsets = line_starts(text)
    placed = [(edit, _range(offsets, place(edit))) for edit in edits]
    placed.sort(key=lambda pair: pair[1].end - pair[1].start)  # what is inside goes first
    ranges = [own for _, own in placed]
    for position, (edit, own) in enumerate(placed):
        before = text
        text = _apply(text, own, edit)
        grown = len(text) - len(before)
        for other in ranges[position + 1 :]:
            _shift(other, own, grown)
        own.end += grown
    return text


def place(edit: Edit) -> Span:
    """The stretch of text that an edit speaks of."""
    match edit:
        case SetKeyword(call=span) | RemoveKeyword(call=span):
            return span
        case SetItem(display=span) | RemoveItem(display=span):
            return span
        case ReplaceExpression(at=span) | RemoveStatement(at=span):
            return span
        case RemoveComment(at=span) | ReplaceComment(at=span):
            return span
        case InsertStatement(beside=span):
            return span


def _range(offsets: list[int], span: Span) -> _Range:
    return _Range(
        offsets[span.line - 1] + span.column, offsets[span.end_line - 1] + span.end_column
    )


def _shift(other: _Range, changed: _Range, grown: int) -> None:
    """Move a later edit's range by what an earlier edit has added."""
    if other.start >= changed.end:
        other.start += grown
        other.end += grown
    elif other.start <= changed.start and other.end >= changed.end:
        other.end += grown
    elif other.end > changed.start:
        raise CannotEdit("two edits are in each other's way")


def _apply(text: str, at: _Range, edit: Edit) -> str:
    source = text[at.start : at.end]
    match edit:
        case SetKeyword(name=name, value=value, after=after):
            new = brackets.set_keyword(source, name, value, after)
        case RemoveKeyword(name=name):
            new = brackets.remove_keyword(source, name)
        case SetItem(name=name, value=value, after=after):
            new = brackets.set_item(source, name, value, after)
        case RemoveItem(name=name):
            new = brackets.remove_item(source, name)
        case ReplaceExpression(value=value) | ReplaceComment(value=value):
            new = value
        case RemoveComment():
            return _remove_comment(text, at)
        case InsertStatement(lines=lines, before=before):
            return _insert_before(text, at, lines) if before else _insert(text, at, lines)
        case RemoveStatement():
            return _remove(text, at)
    return text[: at.start] + new + text[at.end :]


def _line_around(text: str, at: _Range) -> tuple[int, int]:
    """From the start of the first line of a range to the end of its last, without line end."""
    start = max(text.rfind("\n", 0, at.start), text.rfind("\r", 0, at.start)) + 1
    matched = LINE_END.search(text, at.end)
    return start, matched.start() if matched else len(text)


def _insert(text: str, at: _Range, lines: tuple[str, ...]) -> str:
    start, end = _line_around(text, at)
    indentation = text[start : at.start]
    rest = text[at.end : end].strip()
    if indentation.strip(" \t\f") or rest.startswith(";"):
        if len(lines) > 1:
            raise CannotEdit("the statement shares its line with another")
        return f"{text[: at.end]}; {lines[0]}{text[at.end :]}"
    end = _behind_comments(text, end, indentation)
    ending = LINE_END.match(text, end)
    newline = ending[0] if ending else newline_of(text)
    return text[:end] + newline + newline.join(_indented(lines, indentation)) + text[end:]


def _behind_comments(text: str, end: int, indentation: str) -> int:
    """The end of the last comment that still belongs to the statement's own block."""
    position = end
    while ending := LINE_END.match(text, position):
        following = LINE_END.search(text, ending.end())
        line = text[ending.end() : following.start() if following else len(text)]
        bare = line.lstrip(" \t")
        deeper = len(line) - len(bare) > len(indentation) and line.startswith(indentation)
        if not bare.startswith("#") or not deeper:
            break
        position = end = ending.end() + len(line)
    return end


def _above_comments(text: str, start: int, indentation: str) -> int:
    """The start of the comment lines that stand directly above a statement.

    Those at the head of the file are the file's own: an encoding counts only there.
    """
    first = start
    while start:
        *_, above, _ = line_starts(text[:start])
        if not text.startswith(f"{indentation}#", above):
            return start
        start = above
    return first


def _insert_before(text: str, at: _Range, lines: tuple[str, ...]) -> str:
    start, _ = _line_around(text, at)
    indentation = text[start : at.start]
    if indentation.strip(" \t\f"):
        if len(lines) > 1:
            raise CannotEdit("the statement shares its line with another")
        return f"{text[: at.start]}{lines[0]}; {text[at.start :]}"
    newline = newline_of(text)
    start = _above_comments(text, start, indentation)
    added = newline.join(line.rstrip() for line in _indented(lines, indentation))
    return text[:start] + added + newline + text[start:]


def _indented(lines: tuple[str, ...], indentation: str) -> list[str]:
    """Lines of a statement, moved to where they belong."""
    indentation = indentation.replace("\f", "")
    unit = "\t" if indentation.endswith("\t") else "    "
    return [
        indentation + unit * ((len(line) - len(line.lstrip())) // 4) + line.lstrip()
        for line in lines
    ]


def _remove(text: str, at: _Range) -> str:
    start, end = _line_around(text, at)
    before, after = text[start : at.start], text[at.end : end]
    if before.strip(" \t\f") or after.strip().startswith((";", "\\")):
        raise CannotEdit("the statement shares its line with another")
    if _stands_alone(text, at):
        return f"{text[: at.start]}pass{text[at.end :]}"
    if after.strip():
        return text[: at.start] + text[at.end :].lstrip(" \t")
    matched = LINE_END.match(text, end)
    return text[:start] + text[matched.end() if matched else end :]


def _remove_comment(text: str, at: _Range) -> str:
    """Take a comment out: its line with it, where it stood alone, else the spaces before it."""
    start, end = _line_around(text, at)
    before, after = text[start : at.start], text[at.end : end]
    if after.strip():  # another tool's comment
        return text[: at.start] + after.lstrip(" \t") + text[end:]
    if before.strip(" \t\f"):
        return text[:start] + before.rstrip(" \t") + text[end:]
    matched = LINE_END.match(text, end)
    return text[:start] + text[matched.end() if matched else end :]


def _stands_alone(text: str, at: _Range) -> bool:
    """Whether the statement is the only one of its block."""
    line = len(LINE_END.findall(text, 0, at.start)) + 1
    for node in ast.walk(ast.parse(text)):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and len(block) == 1 and block[0].lineno == line:
                return True
    return False
