"""The words that an expression may hold because the code itself puts them there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from bgmode.flow.names import FUNCTIONS, Binding, FunctionNode, Names, dotted, own_code, parameters


class OwnWords:
    """What may stand on the status's side of a comparison, besides what a poll answers.

    ``polls`` are the calls whose answer is not the code's own word.
    """

    def __init__(self, names: Names, polls: frozenset[ast.AST]) -> None:
        self.names = names
        self.polls = polls

    def of(self, side: ast.expr) -> frozenset[str] | None:
        """The words; None where something that is no answer may stand there, too."""
        found: set[str] = set()
        for node in self._all_behind(side):
            match node:
                case ast.Constant(value=str() as word):
                    found.add(word)
                case ast.Call(func=ast.Attribute(attr="retrieve")) if node not in self.polls:
                    return None
                case ast.Name(id=name):
                    if not self._is_given_answers_only(name, node):
                        return None
        return frozenset(found)

    def _all_behind(self, start: ast.AST) -> Iterator[ast.AST]:
        seen: set[ast.AST] = set()
        waiting: list[ast.AST] = [start]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                yield node
                waiting += self._behind(node)

    def _is_given_answers_only(self, name: str, at: ast.Name) -> bool:
        """Whether every caller of a helper gives it what comes from a poll."""
        scope = self.names.defining_scope(name, at)
        if scope is None:
            return True
        for binding in scope.bindings.get(name, []):
            if isinstance(binding.node, ast.arg) and isinstance(scope.node, FUNCTIONS):
                for given in self._given(scope.node, name):
                    if self.polls.isdisjoint(self._all_behind(given)):
                        return False
        return True

    def _behind(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes whose value may be part of a node's value."""
        names = self.names
        if node in self.polls:
            return
        match node:
            case ast.Name(id=name):
                scope = names.defining_scope(name, node)
                for binding in scope.bindings.get(name, []) if scope else []:
                    yield from self._bound(binding)
                if scope is not None:
                    yield from self._entries.get((scope.node, name), [])
            case ast.Attribute(value=value):
                yield from self._stored(node)
                yield value
            case ast.Subscript(value=value) | ast.Compare(left=value):
                yield value
            case ast.Dict(values=values):
                yield from values
            case ast.IfExp(body=body, orelse=orelse):
                yield body
                yield orelse
            case ast.Call(func=function):
                callee = names.callee(node)
                if callee is not None:
                    yield from _returned(callee)
                elif isinstance(function, ast.Attribute):
                    yield function.value
                yield from node.args
                yield from (keyword.value for keyword in node.keywords)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return
            case ast.expr():
                yield from ast.iter_child_nodes(node)

    def _bound(self, binding: Binding) -> Iterator[ast.AST]:
        if binding.value is not None:
            yield binding.value
        match binding.node:
            case ast.arg(arg=name):
                function = self.names.parent.get(self.names.parent[binding.node])
                if isinstance(function, FUNCTIONS):
                    yield from self._given(function, name)
            case ast.Assign(value=value):
                yield value
            case ast.For(iter=value) | ast.AsyncFor(iter=value) | ast.comprehension(iter=value):
                yield value
            case ast.Tuple() | ast.List() | ast.Starred():
                above = self.names.statement(binding.node)
                match above:
                    case ast.Assign(value=value) | ast.For(iter=value) | ast.AsyncFor(iter=value):
                        yield value

    def _given(self, function: FunctionNode, name: str) -> Iterator[ast.AST]:
        """What callers give for a parameter."""
        ordered = [arg.arg for arg in parameters(function)]
        for call in self.names.calls_of(function.name):
            if self.names.callee(call) not in {function, None}:
                continue
            keyword = next((k.value for k in call.keywords if k.arg == name), None)
            if keyword is not None:
                yield keyword
                continue
            position = ordered.index(name) - (ordered[0] in {"self", "cls"})
            if 0 <= position < len(call.args):
                yield call.args[position]

    @cached_property
    def _entries(self) -> dict[tuple[ast.AST, str], list[ast.expr]]:
        """What ``name["key"] = value`` puts into a name, by the scope around and the name."""
        found: dict[tuple[ast.AST, str], list[ast.expr]] = {}
        for node in self.names.assignments:
            match node:
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value):
                    scope = self.names.defining_scope(name, node)
                    if scope is not None:
                        found.setdefault((scope.node, name), []).append(value)
        return found

    @cached_property
    def _paths(self) -> dict[tuple[ast.AST, str], list[ast.expr]]:
        """What is assigned to a path such as ``job.status``, by the function and the path."""
        found: dict[tuple[ast.AST, str], list[ast.expr]] = {}
        for node in self.names.assignments:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    path = dotted(target) if isinstance(target, ast.Attribute) else None
                    if path is not None:
                        scope = self.names.function(node) or self.names.tree
                        found.setdefault((scope, path), []).append(node.value)
        return found

    def _stored(self, node: ast.Attribute) -> Iterator[ast.AST]:
        """What is assigned to an attribute: in this function, or in this object's methods."""
        path = dotted(node)
        if path is None:
            return
        owner = self.names.enclosing_class(node)
        if owner is not None and path.startswith(("self.", "cls.")) and path.count(".") == 1:
            for binding in self.names.attributes.get((owner, node.attr), []):
                yield from self._bound(binding)
            for binding in self.names.scope(owner).bindings.get(node.attr, []):
                yield from self._bound(binding)
            return
        scope = self.names.function(node) or self.names.tree
        yield from self._paths.get((scope, path), [])


def _returned(function: FunctionNode) -> Iterator[ast.AST]:
    for node in own_code(function.body):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
