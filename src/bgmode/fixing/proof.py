"""What has to hold before a fix is kept. Nothing here knows how a fix was made.

The new text parses, with Python's parser and with libcst; no statement has changed but those that
an edit speaks of; every comment is there; the finding is gone and no new one has come.
"""

from __future__ import annotations

import ast
import difflib
import io
import itertools
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import libcst as cst

from bgmode.finding import (
    Edit,
    Finding,
    Fix,
    InsertStatement,
    RemoveComment,
    RemoveStatement,
    ReplaceComment,
)
from bgmode.fixing.brackets import CannotEdit
from bgmode.fixing.edits import place
from bgmode.source import LINE_END, Source, Unreadable, first_line

Kind: TypeAlias = tuple[str, str]

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def prove_text(old: Source, new: Source, fix: Fix) -> None:
    """Check the new text against the old one. Raises :class:`CannotEdit`."""
    try:
        new.tree  # noqa: B018
    except Unreadable as error:
        raise CannotEdit(f"the result would not parse ({error.reason})") from None
    if not _keeps_comments(old, new, fix.edits):
        raise CannotEdit("a comment would be lost")
    for change in _changes(old.tree.body, new.tree.body):
        _prove_change(change, fix.edits)
        _prove_libcst(new, change.new)


def prove_findings(finding: Finding, before: list[Finding], after: list[Finding]) -> None:
    """Check that ``finding`` is gone and no new one has come. Raises :class:`CannotEdit`."""
    old, new = Counter(map(_kind, before)), Counter(map(_kind, after))
    if new[_kind(finding)] >= old[_kind(finding)]:
        raise CannotEdit("the finding would still be there")
    reveals = finding.fix.reveals if finding.fix is not None else frozenset()
    fresh = [kind for kind in new - old if kind[0] not in reveals]
    if fresh:
        raise CannotEdit(f"it would bring a new finding, {fresh[0][0]}")


def _kind(finding: Finding) -> Kind:
    return (finding.code, finding.scope)


# Comments


def _keeps_comments(old: Source, new: Source, edits: tuple[Edit, ...]) -> bool:
    """Whether every comment is still there, but for those that the edits are about."""
    replaced = sum(isinstance(edit, ReplaceComment) for edit in edits)
    removed = sum(isinstance(edit, RemoveComment) for edit in edits)  # or only a part of one
    before, after = _comments(old.text), _comments(new.text)
    gone, come = (before - after).total(), (after - before).total()
    return gone == replaced + removed and replaced <= come <= gone


@lru_cache(maxsize=2)  # the new text of one fix is the old one of the next
def _comments(text: str) -> Counter[str]:
    if "#" not in text:
        return Counter()
    tokens = tokenize.generate_tokens(io.StringIO(LINE_END.sub("\n", text)).readline)
    try:
        return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        raise CannotEdit("the comments cannot be told apart") from None


# Statements


@dataclass(frozen=True, slots=True)
class _Change:
    """The lines of the old text in which something is different, and the statements there now.

    ``more`` says whether there are more statements than there were, or fewer.
    """

    first: int
    last: int
    new: Sequence[ast.stmt]
    more: int = 0


def _changes(old: Sequence[ast.stmt], new: Sequence[ast.stmt]) -> Iterator[_Change]:
    """What differs in two blocks, statement by statement."""
    start = sum(1 for _ in itertools.takewhile(_pair_is_same, zip(old, new, strict=False)))
    backwards = zip(reversed(old[start:]), reversed(new[start:]), strict=False)
    end = sum(1 for _ in itertools.takewhile(_pair_is_same, backwards))
    ours, theirs = old[start : len(old) - end], new[start : len(new) - end]
    if not ours and not theirs:
        return
    dumps = [*map(ast.dump, ours)], [*map(ast.dump, theirs)]
    matcher = difflib.SequenceMatcher(None, *dumps, autojunk=False)
    for kind, begin, stop, first, last in matcher.get_opcodes():
        if kind == "replace" and stop - begin == last - first:
            for one, other in zip(ours[begin:stop], theirs[first:last], strict=True):
                yield from _inside(one, other)
        elif kind == "insert":  # beside the statement of its edit
            beside = old[max(start + begin - 1, 0) : start + begin + 1]
            yield _lines(beside, theirs[first:last], more=1)
        elif kind != "equal":
            more = (last - first) - (stop - begin)
            for one in ours[begin:stop]:  # each needs an edit of its own
                yield _lines([one], theirs[first:last], more=more)


def _lines(old: Sequence[ast.stmt], new: Sequence[ast.stmt], *, more: int) -> _Change:
    if not old:
        return _Change(0, 0, new, more)
    last = max(each.end_lineno or each.lineno for each in old)
    return _Change(first_line(old[0]), last, new, more)


def _inside(old: ast.stmt, new: ast.stmt) -> Iterator[_Change]:
    """What differs in two statements: in the head of each of their blocks, and below it."""
    for part, other in itertools.zip_longest(_parts(old), _parts(new)):
        if part is None or other is None or not _same(part.head, other.head, leave=_BLOCKS):
            yield (
                _lines([old], [new], more=0)
                if part is None
                else _Change(part.first, part.last, [new])
            )
        if part is not None and other is not None:
            yield from _changes(part.block, other.block)


@dataclass(frozen=True, slots=True)
class _Part:
    """A block of a statement, and its head with the lines of that."""

    head: ast.AST
    first: int
    last: int
    block: Sequence[ast.stmt]


def _parts(statement: ast.stmt) -> Iterator[_Part]:
    """The statement itself with its first block, then its other blocks."""
    block: list[ast.stmt] = getattr(statement, "body", [])
    yield _part(statement, first_line(statement), block)
    for handler in getattr(statement, "handlers", ()):
        yield _part(handler, handler.lineno, handler.body)
    for case in getattr(statement, "cases", ()):
        yield _part(case, case.pattern.lineno, case.body)
    for name in ("orelse", "finalbody"):
        other: list[ast.stmt] = getattr(statement, name, [])
        if other:
            yield _part(ast.Pass(), first_line(other[0]), other)


def _part(head: ast.AST, first: int, block: Sequence[ast.stmt]) -> _Part:
    last: int = getattr(head, "end_lineno", None) or first
    if block:
        last = max(first_line(block[0]) - 1, first, *_ends(head))
    return _Part(head, first, last, block)


def _ends(head: ast.AST) -> Iterator[int]:
    """The last lines of what is in a head: its block may begin on one of them."""
    for name in head._fields:
        value = getattr(head, name, None)
        for each in value if isinstance(value, list) else [value]:
            if name not in _BLOCKS and isinstance(each, ast.AST):
                yield from (getattr(node, "end_lineno", None) or 0 for node in ast.walk(each))


def _pair_is_same(pair: tuple[ast.AST, ast.AST]) -> bool:
    return _same(*pair)


def _same(one: ast.AST, other: ast.AST, leave: Sequence[str] = ()) -> bool:
    """Whether two trees are equal, wherever they stand, but for the roots' fields in ``leave``."""
    pairs: list[tuple[object, object]] = [
        (getattr(one, name, None), getattr(other, name, None))
        for name in one._fields
        if name not in leave
    ]
    if type(one) is not type(other):
        return False
    while pairs:
        left, right = pairs.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, ast.AST):
            pairs += [(getattr(left, n, None), getattr(right, n, None)) for n in left._fields]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


def _prove_change(change: _Change, edits: tuple[Edit, ...]) -> None:
    """Check that an edit which may do so speaks of the lines in which something has changed."""
    spans = [place(edit) for edit in edits if _may_make(edit, change)]
    if not any(span.line <= change.last and span.end_line >= change.first for span in spans):
        raise CannotEdit(f"line {change.first} would change as well")


def _may_make(edit: Edit, change: _Change) -> bool:
    """Only statements that are put in make more of them, and only those taken out make fewer."""
    match edit:
        case RemoveComment() | ReplaceComment():
            return False
        case InsertStatement():
            return change.more >= 0
        case RemoveStatement():
            return change.more <= 0
        case _:
            return change.more == 0


def _prove_libcst(source: Source, statements: Sequence[ast.stmt]) -> None:
    """Check that libcst reads what is new: other tools than this one will."""
    for statement in statements:
        try:
            cst.parse_module(_alone(source, statement))
        except cst.ParserSyntaxError as error:
            raise CannotEdit(f"libcst cannot read the result ({error.message})") from None


def _alone(source: Source, statement: ast.stmt) -> str:
    """A module of one statement, without what shares its first and its last line."""
    span, first = source.span(statement), first_line(statement)
    lines = source.lines[first - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column]
    if first == span.line and lines[0][: span.column].strip():
        lines[0] = lines[0][span.column :]
    indented = lines[0][:1] in (" ", "\t", "\f")
    if lines[0].lstrip().startswith("elif"):
        lines[0] = lines[0].replace("elif", "if", 1)
    return "\n".join(["if True:", *lines] if indented else lines) + "\n"
