"""Adds and removes what stands between brackets: arguments of a call, entries of a dict.

The source of the one call or dict is parsed alone, changed with libcst and printed;
comments and layout stay as they are, and what is added takes the layout of its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import libcst as cst

from bgmode.source import newline_of

Item: TypeAlias = cst.Arg | cst.BaseDictElement


class CannotEdit(Exception):
    """An edit that would cost something, and why."""


@dataclass
class _Brackets:
    """The items between two brackets and the white space around them.

    ``gaps`` stand between the items, ``last_comma`` behind the last one, and ``closing``
    before the closing bracket.
    """

    opening: cst.BaseParenthesizableWhitespace
    items: list[Item]
    gaps: list[cst.Comma]
    last_comma: cst.Comma | None
    closing: cst.BaseParenthesizableWhitespace

    def add(self, item: Item, position: int) -> None:
        """Put ``item`` at ``position`` in the layout of its neighbours."""
        count = len(self.items)
        if position < count and position > 0:
            before, after = _split(self.gaps[position - 1])
            self.gaps[position - 1 : position] = [before, after]
        elif position < count:
            self.gaps.insert(0, self._style())
        elif count:
            gap, self.closing = self._before_last()
            if self.last_comma is not None:
                gap = gap.with_changes(whitespace_before=self.last_comma.whitespace_before)
                self.last_comma = cst.Comma()
            self.gaps.append(gap)
        self.items.insert(position, item)

    def remove(self, position: int) -> None:
        """Take the item at ``position`` out; its comments keep a line of their own."""
        last = position == len(self.items) - 1
        after = self.closing if last else self.gaps[position].whitespace_after
        kept = [] if last else _own_lines(after)
        comment = _comment(after)
        before = self.gaps[position - 1].whitespace_after if position else self.opening
        if comment is not None:
            kept = [_own_line(comment, before), *kept]
        if not last:
            self.gaps.pop(position)
            self._set_before(position, _with_lines(before, kept))
        elif self.gaps:
            self.gaps.pop()
            self._close([*_own_lines(before), *kept], _comment(before), replaced=comment)
        elif comment is not None:
            self._close(kept, None, replaced=comment)
        del self.items[position]

    def _set_before(self, position: int, space: cst.BaseParenthesizableWhitespace) -> None:
        if position:
            gap = self.gaps[position - 1].with_changes(whitespace_after=space)
            self.gaps[position - 1] = gap
        else:
            self.opening = space

    def _close(
        self,
        kept: Sequence[cst.EmptyLine],
        comment: cst.Comment | None,
        *,
        replaced: cst.Comment | None,
    ) -> None:
        """Keep comments before the closing bracket, now that the last item is gone."""
        closing = self.closing
        if not kept and comment is None and replaced is None:
            return
        if not isinstance(closing, cst.ParenthesizedWhitespace):
            raise CannotEdit("a comment would be lost")
        gap = "  " if comment is not None else ""
        first = closing.first_line.with_changes(
            comment=comment, whitespace=cst.SimpleWhitespace(gap)
        )
        lines = [*kept, *closing.empty_lines]
        self.closing = closing.with_changes(first_line=first, empty_lines=lines)

    def only_space(self) -> cst.BaseParenthesizableWhitespace:
        """What stands between brackets that have become empty."""
        opening, closing = self.opening, self.closing
        if not isinstance(opening, cst.ParenthesizedWhitespace):
            return closing if _has_comments(closing) else cst.SimpleWhitespace("")
        if not isinstance(closing, cst.ParenthesizedWhitespace):
            return opening if _has_comments(opening) else cst.SimpleWhitespace("")
        if not _has_comments(opening) and not _has_comments(closing):
            return cst.SimpleWhitespace("")
        if _comment(opening) is not None and _comment(closing) is not None:
            raise CannotEdit("a comment would be lost")
        first = opening.first_line if _comment(opening) is not None else closing.first_line
        lines = [*_own_lines(opening), *_own_lines(closing)]
        return closing.with_changes(first_line=first, empty_lines=lines)

    def _style(self) -> cst.Comma:
        """A gap like the others here, without their comments."""
        if self.gaps:
            return cst.Comma(whitespace_after=_bare(self.gaps[-1].whitespace_after))
        if isinstance(self.opening, cst.ParenthesizedWhitespace):
            return cst.Comma(whitespace_after=_bare(self.opening))
        return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))

    def _before_last(self) -> tuple[cst.Comma, cst.BaseParenthesizableWhitespace]:
        """The gap before an appended item, and what is left before the closing bracket."""
        gap, closing = self._style(), self.closing
        comment = _comment(closing)
        if comment is None or not isinstance(closing, cst.ParenthesizedWhitespace):
            return gap, closing
        space = gap.whitespace_after
        if not isinstance(space, cst.ParenthesizedWhitespace):
            indented = closing.last_line.value + "    "
            space = closing.with_changes(empty_lines=[], last_line=cst.SimpleWhitespace(indented))
        space = space.with_changes(first_line=closing.first_line)
        first = closing.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
        return gap.with_changes(whitespace_after=space), closing.with_changes(first_line=first)


def _comment(space: cst.BaseParenthesizableWhitespace) -> cst.Comment | None:
    if isinstance(space, cst.ParenthesizedWhitespace):
        return space.first_line.comment
    return None


def _own_lines(space: cst.BaseParenthesizableWhitespace) -> list[cst.EmptyLine]:
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return []
    return [line for line in space.empty_lines if line.comment is not None]


def _bare(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    """The same white space without comments and empty lines."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    first = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
    indentation = cst.SimpleWhitespace(space.last_line.value.replace("\f", ""))
    return space.with_changes(first_line=first, empty_lines=[], last_line=indentation)


def _has_comments(space: cst.BaseParenthesizableWhitespace) -> bool:
    return _comment(space) is not None or bool(_own_lines(space))


def _own_line(comment: cst.Comment, space: cst.BaseParenthesizableWhitespace) -> cst.EmptyLine:
    """A comment on a line of its own, indented as what follows ``space``."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        raise CannotEdit("a comment would be lost")
    return cst.EmptyLine(
        indent=space.indent,
        whitespace=space.last_line,
        comment=comment,
        newline=space.first_line.newline,
    )


def _with_lines(
    space: cst.BaseParenthesizableWhitespace, lines: Sequence[cst.EmptyLine]
) -> cst.BaseParenthesizableWhitespace:
    if not lines:
        return space
    if not isinstance(space, cst.ParenthesizedWhitespace):
        raise CannotEdit("a comment would be lost")
    return space.with_changes(empty_lines=[*space.empty_lines, *lines])


def _split(gap: cst.Comma) -> tuple[cst.Comma, cst.Comma]:
    """Two gaps from one: the comment on the line stays before, those on own lines after."""
    space = gap.whitespace_after
    if not isinstance(space, cst.ParenthesizedWhitespace):
        if isinstance(gap.whitespace_before, cst.ParenthesizedWhitespace):  # comma first
            in_front = _bare(gap.whitespace_before)
            return gap, cst.Comma(whitespace_before=in_front, whitespace_after=space)
        return gap, cst.Comma(whitespace_after=space)
    before = gap.with_changes(whitespace_after=space.with_changes(empty_lines=[]))
    first = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
    after = cst.Comma(whitespace_after=space.with_changes(first_line=first))
    return before, after


# Calls


def _of_call(call: cst.Call) -> _Brackets:
    arguments = list(call.args)
    if not arguments:
        return _Brackets(call.whitespace_before_args, [], [], None, cst.SimpleWhitespace(""))
    last = arguments[-1]
    gaps = [arg.comma for arg in arguments[:-1] if isinstance(arg.comma, cst.Comma)]
    comma = last.comma if isinstance(last.comma, cst.Comma) else None
    closing = last.whitespace_after_arg if comma is None else comma.whitespace_after
    if comma is None:
        arguments[-1] = last.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
    return _Brackets(call.whitespace_before_args, list(arguments), gaps, comma, closing)


def _to_call(call: cst.Call, brackets: _Brackets) -> cst.Call:
    if not brackets.items:
        return call.with_changes(args=[], whitespace_before_args=brackets.only_space())
    arguments: list[cst.Arg] = []
    commas = [*brackets.gaps, brackets.last_comma]
    for item, comma in zip(brackets.items, commas, strict=True):
        if not isinstance(item, cst.Arg):
            raise TypeError("a call holds arguments")
        arguments.append(item.with_changes(comma=comma or cst.MaybeSentinel.DEFAULT))
    last = arguments[-1]
    if brackets.last_comma is None:
        arguments[-1] = last.with_changes(whitespace_after_arg=brackets.closing)
    else:
        comma = brackets.last_comma.with_changes(whitespace_after=brackets.closing)
        arguments[-1] = last.with_changes(comma=comma)
    return call.with_changes(args=arguments, whitespace_before_args=brackets.opening)


def _argument(name: str, value: str) -> cst.Arg:
    return cst.Arg(
        value=cst.parse_expression(value),
        keyword=cst.Name(name),
        equal=cst.AssignEqual(
            whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")
        ),
    )


def _keyword(call: cst.Call, name: str) -> int | None:
    for position, argument in enumerate(call.args):
        if argument.keyword is not None and argument.keyword.value == name:
            return position
    return None


def set_keyword(source: str, name: str, value: str, after: str | None) -> str:
    """The call in ``source`` with the keyword ``name=value``."""

    def change(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call):
            raise CannotEdit("the call is not where it was")
        if _keyword(node, name) is not None:
            raise CannotEdit(f"the call has a keyword {name} already")
        brackets = _of_call(node)
        neighbour = _keyword(node, after) if after else None
        if neighbour is None:  # behind the last argument that is no **mapping
            plain = [place for place, argument in enumerate(node.args) if argument.star != "**"]
            neighbour = plain[-1] if plain else -1
        brackets.add(_argument(name, value), neighbour + 1)
        return _to_call(node, brackets)

    return _changed(source, change)


def remove_keyword(source: str, name: str) -> str:
    """The call in ``source`` without the keyword ``name``."""

    def change(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call):
            raise CannotEdit("the call is not where it was")
        position = _keyword(node, name)
        if position is None:
            raise CannotEdit(f"the call has no keyword {name}")
        brackets = _of_call(node)
        brackets.remove(position)
        return _to_call(node, brackets)

    return _changed(source, change)


# Dict displays


def _of_dict(display: cst.Dict) -> _Brackets:
    elements = list(display.elements)
    gaps = [element.comma for element in elements[:-1] if isinstance(element.comma, cst.Comma)]
    comma = elements[-1].comma if elements else None
    return _Brackets(
        display.lbrace.whitespace_after,
        list(elements),
        gaps,
        comma if isinstance(comma, cst.Comma) else None,
        display.rbrace.whitespace_before,
    )


def _to_dict(display: cst.Dict, brackets: _Brackets) -> cst.Dict:
    elements: list[cst.BaseDictElement] = []
    commas = [*brackets.gaps, brackets.last_comma] if brackets.items else []
    for item, comma in zip(brackets.items, commas, strict=True):
        if not isinstance(item, cst.BaseDictElement):
            raise TypeError("a dict display holds entries")
        elements.append(item.with_changes(comma=comma or cst.MaybeSentinel.DEFAULT))
    nothing = cst.SimpleWhitespace("")
    opening = brackets.opening if elements else brackets.only_space()
    closing = brackets.closing if elements else nothing
    return display.with_changes(
        elements=elements,
        lbrace=display.lbrace.with_changes(whitespace_after=opening),
        rbrace=display.rbrace.with_changes(whitespace_before=closing),
    )


def _entry(display: cst.Dict, name: str) -> int | None:
    for position, element in enumerate(display.elements):
        match element:
            case cst.DictElement(key=cst.SimpleString() as key) if key.evaluated_value == name:
                return position
    return None


def _quote(display: cst.Dict) -> str:
    for element in display.elements:
        match element:
            case cst.DictElement(key=cst.SimpleString() as key):
                return key.quote if len(key.quote) == 1 else '"'
    return '"'


def set_item(source: str, name: str, value: str, after: str | None) -> str:
    """The dict display in ``source`` with the entry ``"name": value``."""

    def change(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Dict):
            raise CannotEdit("the dict is not where it was")
        if _entry(node, name) is not None:
            raise CannotEdit(f"the dict has an entry {name} already")
        brackets = _of_dict(node)
        neighbour = _entry(node, after) if after else None
        position = len(node.elements) if neighbour is None else neighbour + 1
        quote = _quote(node)
        element = cst.DictElement(
            key=cst.SimpleString(f"{quote}{name}{quote}"), value=cst.parse_expression(value)
        )
        brackets.add(element, position)
        return _to_dict(node, brackets)

    return _changed(source, change)


def remove_item(source: str, name: str) -> str:
    """The dict display in ``source`` without the entry ``"name"``."""

    def change(node: cst.BaseExpression) -> cst.BaseExpression:
        position = _entry(node, name) if isinstance(node, cst.Dict) else None
        if not isinstance(node, cst.Dict) or position is None:
            raise CannotEdit(f"the dict has no entry {name}")
        brackets = _of_dict(node)
        brackets.remove(position)
        return _to_dict(node, brackets)

    return _changed(source, change)


def _changed(source: str, change: Callable[[cst.BaseExpression], cst.BaseExpression]) -> str:
    """Parse one expression (in brackets, so that it may span lines), change and print it."""
    newline = newline_of(source)
    config = cst.PartialParserConfig(default_newline=newline)
    try:
        node = cst.parse_expression(f"({source})", config)
    except cst.ParserSyntaxError:
        raise CannotEdit("libcst cannot parse this expression") from None
    printed = cst.Module([], default_newline=newline).code_for_node(change(node))
    return printed[1:-1]
