"""Objects with more than one name: what may be changed behind a name's back."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeAlias

from bgmode.flow.names import (
    FUNCTIONS,
    LOOPS,
    Assignment,
    Code,
    FunctionNode,
    Loop,
    Names,
    ScopeNode,
    defaults,
    dotted,
    handed_to,
    is_property,
    last_word,
    objects,
    owners,
    reads,
)

READING = frozenset(
    "len print str repr bool isinstance getattr sorted tuple any all list set frozenset dict sum"
    " min max enumerate zip reversed range deque".split()
)
_TELLING = frozenset("debug info warning warn error exception critical log dumps pprint".split())
"""Methods that only tell what they are given."""
_SENT = frozenset({"json", "data", "content", "body", "headers", "params", "extra_body"})
"""Keywords by which a request is sent, which leaves what it is given as it is."""
_FRESH = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.Call)
DISPLAYS = (ast.Tuple, ast.List, ast.Set, ast.Dict)
_NOTHING: set[str] = set()

Found: TypeAlias = tuple[ast.AST, Iterable[str]]
"""A node, and the names and paths of which it says something."""


class Aliases:
    """The aliases of one module."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._stored: dict[Loop, set[str]] = {}
        self._set_by: dict[str, frozenset[str]] = {}
        self._set_by_others: dict[ScopeNode, frozenset[str]] = {}

    def escaping(self, at: ast.AST) -> set[str]:
        """The names and paths whose object has another name, or is handed on, in this function."""
        return self._escaping.get(self.names.function(at) or self.names.tree, set())

    @property
    def escaping_anywhere(self) -> set[str]:
        """The same for the whole module."""
        return self._escaping.get(self.names.tree, set())

    def holding(self, at: ast.AST) -> set[str]:
        """The names and paths whose items have other names, or are handed on, in this function."""
        return self._holding.get(self.names.function(at) or self.names.tree, _NOTHING)

    @cached_property
    def _holding(self) -> dict[ScopeNode, set[str]]:
        return self._by_scope(self._all_held())

    def _all_held(self) -> Iterator[Found]:
        for call in self.names.calls:
            yield call, self._items_of(call)
        for assignment in self.names.assignments:
            yield assignment, self._taken_out(assignment)
        for loop in self.names.loops:
            if not isinstance(loop, ast.While):
                yield loop, (*objects(loop.iter), *owners(loop.iter))
        for pattern, subject in self.renamed:
            yield pattern, (*objects(subject), *owners(subject))

    def _items_of(self, call: ast.Call) -> Iterator[str]:
        """What a call is given an item of, or what it may put something into that has a name."""
        given = [value for value in handed_to(call) if not isinstance(value, ast.Constant)]
        for value in given:
            if not isinstance(value, ast.Name):
                yield from owners(value)
        if given and isinstance(call.func, ast.Attribute):
            path = dotted(call.func.value)
            if path is not None and any(map(_gives_objects, given)):
                yield path

    def _taken_out(self, node: Assignment) -> Iterator[str]:
        """What an assignment takes an item out of, or puts one into that has a name."""
        if node.value is None:
            return
        yield from owners(node.value)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Subscript):
                yield from owners(target)
            elif isinstance(node.value, DISPLAYS) and _gives_objects(node.value):
                yield dotted(target) or ""

    @cached_property
    def _escaping(self) -> dict[ScopeNode, set[str]]:
        return self._by_scope(self._all_escaping())

    def _all_escaping(self) -> Iterator[Found]:
        for call in self.names.calls:
            yield call, self._handed_on(call)
        for assignment in self.names.assignments:
            yield assignment, self._named_twice(assignment)
        for loop in self.names.loops:
            if not isinstance(loop, ast.While) and isinstance(loop.iter, DISPLAYS):
                yield loop, (*objects(loop.iter), *objects(loop.target))
        yield from self.names.changed_outside.items()
        for function in self.names.functions:
            for default in defaults(function).values():
                yield function, objects(default)
        for pattern, subject in self.renamed:
            yield pattern, (*objects(subject), pattern.name or "")
        for mention in self.names.mentions.get("__dict__", []):
            if isinstance(mention, ast.Attribute):
                yield mention, objects(mention.value)
        for name, iterable in self.comprehended:
            if isinstance(iterable, DISPLAYS):
                yield name, (name.id, *objects(iterable))

    @cached_property
    def comprehended(self) -> list[tuple[ast.Name, ast.expr]]:
        """The names that stand for the items of something in a comprehension."""
        return [
            (node, above.iter)
            for node in self.names.may_bind
            if type(node) is ast.Name
            and isinstance(above := self.names.parent[node], ast.comprehension)
        ]

    @cached_property
    def renamed(self) -> list[tuple[ast.MatchAs, ast.expr]]:
        """The patterns that name a subject or a part of it, which is then changed or handed on."""
        patterns = [node for node in self.names.may_bind if isinstance(node, ast.MatchAs)]
        if not patterns:
            return []
        changed = {name for _, name in self.names.changes_in_place}
        changed |= {dotted(node.value) or "" for node in self.names.attributes_set}
        changed |= {name for call in self.names.calls for name in self._handed_on(call)}
        return [
            (node, above.subject)
            for node in patterns
            if node.name in changed
            for above in self.names.ancestors(node)
            if isinstance(above, ast.Match)
        ]

    def _by_scope(self, everything: Iterable[Found]) -> dict[ScopeNode, set[str]]:
        """What is found in each function and in those inside it; in the tree, all there is."""
        own: dict[Code | None, set[str]] = defaultdict(set)
        for node, paths in everything:
            if given := set(paths):
                own[self.names.function(node)] |= given
        found: dict[ScopeNode, set[str]] = defaultdict(set)
        for code, paths in own.items():
            scope = code
            while scope is not None:
                found[scope] |= paths
                scope = self.names.function(scope)
            found[self.names.tree] |= paths
        return found

    def _handed_on(self, call: ast.Call) -> Iterator[str]:
        match call.func:
            case ast.Name(id=name) if name in READING:
                yield from kept(call, name)
                return
            case ast.Attribute(attr=name) if name in _TELLING:
                return
        if isinstance(self.names.parent.get(call), ast.Raise):
            return
        for keyword in call.keywords:
            if keyword.arg not in _SENT and (keyword.arg or isinstance(keyword.value, ast.Dict)):
                yield from objects(keyword.value)
        for argument in call.args:
            yield from objects(argument)

    def _named_twice(self, node: Assignment) -> Iterator[str]:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)) if (
                self._takes_over(node, name, other)
            ):
                return
        if isinstance(node, ast.AugAssign) or node.value is None:
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        named = {dotted(target) or "" for target in targets}
        given = {*objects(node.value), *viewed(node.value)}
        if len(targets) > 1:
            yield from named
        if given - named:
            yield from given if isinstance(node.value, DISPLAYS) else given | named

    def _takes_over(self, node: ast.Assign, name: str, other: str) -> bool:
        """``pending = still``, where ``still`` is made anew before anything else is done to it."""
        loop = next(
            (above for above in self.names.ancestors(node) if isinstance(above, LOOPS)), None
        )
        scope = self.names.function(node)
        if loop is None or self.names.function(loop) is not scope:
            return False
        mentions = [statement for statement in loop.body if reads(statement, {other})]
        if not mentions or mentions[-1] is not self._within(loop, node):
            return False
        match mentions[0]:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == other:
                fresh = isinstance(value, _FRESH)
            case ast.AnnAssign(target=ast.Name(id=bound), value=value) if bound == other:
                fresh = isinstance(value, _FRESH)
            case _:
                return False
        return fresh and mentions[-1] is node and not self._is_changed_in_place(name, scope)

    def _within(self, loop: Loop, node: ast.AST) -> ast.AST:
        """The statement of the loop's body that ``node`` is or stands in."""
        return next(
            (
                step
                for step in (node, *self.names.ancestors(node))
                if self.names.parent.get(step) is loop
            ),
            node,
        )

    def _is_changed_in_place(self, name: str, scope: Code | None) -> bool:
        return (scope, name) in self.names.changed_here or any(
            isinstance(node, ast.AugAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == name
            for node in self.names.assignments
        )

    def set_by(self, name: str) -> frozenset[str]:
        """The attributes that functions called ``name`` set, or those that they call."""
        if name not in self._set_by:
            found, reached = set[str](), set[str]()
            waiting = [name] if self._own_by_name else []
            while waiting:
                called = waiting.pop()
                if called in self._set_by:  # all that it leads to is known
                    found |= self._set_by[called]
                elif called not in reached:
                    reached.add(called)
                    found |= self._own_by_name.get(called, _NOTHING)
                    waiting += self._called_by_name.get(called, ())
            self._set_by[name] = frozenset(found)
        return self._set_by[name]

    @cached_property
    def _own_by_name(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for node in self.names.attributes_set:
            function = self.names.function(node)
            if isinstance(function, FUNCTIONS):
                found.setdefault(function.name, set()).add(node.attr)
        return found

    @cached_property
    def _called_by_name(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for call in self.names.calls:
            function = self.names.function(call)
            if isinstance(function, FUNCTIONS):
                match call.func:
                    case ast.Name(id=name) | ast.Attribute(attr=name):
                        found.setdefault(function.name, set()).add(name)
        return found

    def set_by_others(self, scope: ScopeNode) -> frozenset[str]:
        """The attributes of its own object that somebody else may set while ``scope`` runs.

        Whoever has been given ``self.mark`` may call it at any time, and whoever has been given
        ``self`` may set ``owner.done``.
        """
        if scope not in self._set_by_others:
            found = self._set_in(set(self._handed_methods(scope)))
            if self._hands_itself_on(scope):
                found |= self._set_from_outside
            self._set_by_others[scope] = frozenset(found)
        return self._set_by_others[scope]

    def _hands_itself_on(self, scope: ScopeNode) -> bool:
        """Whether some method of the class that ``scope`` is in gives its object away."""
        cls = self.names.enclosing_class(scope)
        return cls is not None and any(
            "self" in self._escaping.get(method, _NOTHING)
            for ancestor in self.names.lineage(cls)
            for method in ancestor.body
            if isinstance(method, FUNCTIONS)
        )

    @cached_property
    def changed_later(self) -> frozenset[str]:
        """The attributes that are set or changed in place by others than ``__init__``."""
        found: set[str] = set()
        for node in (*self.names.attributes_set, *self.names.attributes_changed):
            function = self.names.function(node)
            if not isinstance(function, FUNCTIONS) or function.name != "__init__":
                found.add(node.attr)
        return frozenset(found)

    @cached_property
    def changed_in_place(self) -> frozenset[str]:
        """The attributes whose dict or list is changed somewhere."""
        return frozenset(node.attr for node in self.names.attributes_changed)

    @cached_property
    def _set_from_outside(self) -> set[str]:
        """The attributes that are set in an object by others than itself."""
        return {
            node.attr
            for node in self.names.attributes_set
            if dotted(node.value) not in {"self", "cls"}
        }

    def _handed_methods(self, scope: ScopeNode) -> Iterator[FunctionNode]:
        for function in self.names.functions:
            if not isinstance(self.names.parent[function], ast.ClassDef) or is_property(function):
                continue
            called = {call.func for call in self.names.calls_of(function.name)}
            if self.names.runs_aside(function):
                yield function
                continue
            for node in self.names.mentions.get(function.name, []):
                if node not in called and self.names.is_within(node, scope):
                    yield function
                    break

    def stored_in(self, loop: Loop) -> set[str]:
        """The attributes (by their last name) that a loop sets, or a method that it calls."""
        if loop in self._stored:
            return self._stored[loop]
        called = {last_word(node.func) for node in ast.walk(loop) if isinstance(node, ast.Call)}
        functions = (function for function in self.names.functions if function.name in called)
        stored = self._set_in({loop, *functions})
        self._stored[loop] = stored
        return stored

    def _set_in(self, places: set[ast.AST]) -> set[str]:
        """The attributes (by their last name) that are set in one of some places."""
        return {
            node.attr
            for node in self.names.attributes_set
            if not places.isdisjoint(self.names.ancestors(node))
        }


def kept(call: ast.Call, name: str) -> Iterator[str]:
    """What stands in the result of a function that changes nothing: ``dict(held=it)``."""
    gives_one = name in {"max", "min"} and len(call.args) > 1
    entries = [keyword.value for keyword in call.keywords] if name == "dict" else []
    for argument in handed_to(call):
        if gives_one or argument in entries or isinstance(argument, DISPLAYS):
            yield from objects(argument)


def viewed(node: ast.expr) -> Iterator[str]:
    """The dict that an expression is a view of."""
    match node:
        case ast.Call(func=ast.Attribute(value=mapping, attr="keys" | "values" | "items")):
            yield from objects(mapping)


def _gives_objects(node: ast.expr) -> bool:
    return any(True for _ in objects(node))


def aliases_of(names: Names) -> Aliases:
    """The aliases of the module that ``names`` speaks of, found once."""
    if not isinstance(names.aliases, Aliases):
        names.aliases = Aliases(names)
    return names.aliases
