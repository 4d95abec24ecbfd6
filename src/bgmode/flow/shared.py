"""Objects that may have more than one name: what looks into one may see what others have done.

Two runs that come to the same undecided condition are not alike if it looks into such an object,
and they have changed objects at different places.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from bgmode.flow.aliases import READING, Aliases, kept, viewed
from bgmode.flow.exits import owners_of
from bgmode.flow.names import (
    Assignment,
    Names,
    defaults,
    dotted,
    handed_to,
    last_word,
    objects,
    owners,
)

_GIVING = frozenset("get setdefault pop popleft popitem values items keys copy".split())
"""Methods of collections that give something which stands in them."""
_PLAIN = (ast.Constant, ast.JoinedStr, ast.Compare, ast.BinOp, ast.UnaryOp)
"""What gives no object that somebody may change."""
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Shared:
    """The names and paths of one module whose objects, or what these hold, may have others."""

    def __init__(self, names: Names, aliases: Aliases) -> None:
        self._names = names
        self._aliases = aliases
        self._known: dict[ast.AST, bool] = {}

    def is_read_in(self, condition: ast.AST) -> bool:
        """Whether a condition looks into such an object; a number is not looked into."""
        if condition not in self._known:
            self._known[condition] = self._may_be_read_in(condition) and any(
                not self._paths.isdisjoint(owners_of(path))
                for node in ast.walk(condition)
                if isinstance(node, ast.Name | ast.Attribute)
                and (path := dotted(node)) is not None
                and not self._is_a_number(node)
            )
        return self._known[condition]

    def is_called(self, callee: ast.expr) -> bool:
        """Whether such an object is called, or something that belongs to it."""
        if callee not in self._known:
            path = dotted(callee)
            held_by = owners(callee) if path is None else owners_of(path)
            self._known[callee] = not self._paths.isdisjoint(held_by)
        return self._known[callee]

    def __bool__(self) -> bool:
        return bool(self._paths)

    def _may_be_read_in(self, condition: ast.AST) -> bool:
        reads = self._names.depends_on(condition)
        return not self._roots.isdisjoint(path.partition(".")[0] for path in reads)

    def _is_a_number(self, node: ast.AST) -> bool:
        match self._names.parent.get(node):
            case ast.BinOp():
                return True
            case ast.Compare(ops=operators):
                return all(isinstance(each, _ORDERS) for each in operators)
        return False

    @cached_property
    def _roots(self) -> frozenset[str]:
        return frozenset(path.partition(".")[0] for path in self._paths)

    @cached_property
    def _paths(self) -> frozenset[str]:
        names, aliases = self._names, self._aliases
        found = {path for node in names.assignments for path in self._assigned(node)}
        for pattern, subject in aliases.renamed:
            found.update([pattern.name or "", *objects(subject)])
        for loop in names.loops:
            if not isinstance(loop, ast.While):
                found.update(_gone_through(loop.iter, loop.target))
        for name, iterable in aliases.comprehended:
            found.update(_gone_through(iterable, name))
        for call in names.calls:
            found.update(self._handed_on(call))
        for changed in names.changed_outside.values():
            found |= changed
        for function in names.functions:
            found.update(path for value in defaults(function).values() for path in objects(value))
        return frozenset(found)

    @cached_property
    def _ours(self) -> frozenset[str]:
        """What the functions and classes of the module are called."""
        return frozenset(
            [*self._names.functions_by_name, *(cls.name for cls in self._names.classes)]
        )

    def _assigned(self, node: Assignment) -> Iterator[str]:
        """What an assignment gives another name, and that name."""
        value = node.value
        if value is None or isinstance(node, ast.AugAssign):
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(value, _PLAIN):
            return
        given: set[str] = set()
        match value:
            case ast.Call(func=ast.Name(id="vars"), args=arguments):
                given.update(path for each in arguments for path in objects(each))
            case ast.Call(func=function):
                given.update(viewed(value))
                word = last_word(function)
                if word in _GIVING or word in self._ours:
                    given.update(owners(value))
            case _:
                given.update(objects(value), owners(value))
        if given or len(targets) > 1:
            yield from given
            for target in targets:
                yield from objects(target)

    def _handed_on(self, call: ast.Call) -> Iterator[str]:
        """What a function of this module is given, or what stands in the result of a builtin."""
        match call.func:
            case ast.Lambda():
                is_ours = True
            case ast.Name(id=name) if name in READING:
                yield from kept(call, name)
                is_ours = False
            case function:
                is_ours = last_word(function) in self._ours
        if is_ours:
            for argument in handed_to(call):
                yield from objects(argument)


def _gone_through(items: ast.expr, item: ast.expr) -> Iterator[str]:
    """What a ``for`` goes through, and what it calls each item of it."""
    given = {*objects(items), *owners(items)}
    if given:
        yield from given
        yield from objects(item)


def shared_of(names: Names, aliases: Aliases) -> Shared:
    """The shared objects of the module that ``names`` speaks of, found once."""
    if not isinstance(names.shared, Shared):
        names.shared = Shared(names, aliases)
    return names.shared
