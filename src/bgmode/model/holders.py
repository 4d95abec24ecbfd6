"""Which expressions may hold the status of a response, by how the module hands it about.

Followed backwards from the expression, too far rather than not far enough: what is left out are
the many comparisons with words that have nothing to do with jobs, and no run is needed for those.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from bgmode.flow.names import (
    BY_KEY,
    FUNCTIONS,
    Binding,
    FunctionNode,
    dotted,
    given_for,
    handed_to,
    last_word,
    own_code,
)
from bgmode.model.mentions import as_attribute
from bgmode.model.polling import Polling
from bgmode.model.reaching import called_by

_STATUS = "status"
_MENTION = re.compile(rf"\b{_STATUS}\b")
_SET = re.compile(r"(\w+)\s*[:=]")
_DEFINED = re.compile(r"\bdef (\w+)\(")
_SHORTLY = 600  # characters
_PUTS = frozenset(
    [
        *("add", "append", "appendleft", "extend", "insert", "put", "put_nowait", "send", "set"),
        *("set_result", "setdefault", "update", "__setitem__"),
    ]
)
"""Methods that put something into what they are called on."""


class StatusHolders:
    """What may hold a status in one module."""

    def __init__(self, polling: Polling) -> None:
        self.names = polling.names
        self._polls_elsewhere = polling.reach.starts - polling.reach.polls
        self._imports = polling.clients.imports
        self._cleared: set[ast.AST] = set()
        self._out: dict[FunctionNode, list[ast.AST]] = {}

    def may_hold(self, side: ast.AST) -> bool:
        """Whether an expression may give a status, or something that has one in it."""
        seen: set[ast.AST] = set()
        waiting = [side]
        while waiting:
            node = waiting.pop()
            if node in seen or node in self._cleared:
                continue
            seen.add(node)
            if self._is_source(node):
                return True
            waiting += self._behind(node)
        self._cleared |= seen
        return False

    def _is_source(self, node: ast.AST) -> bool:
        """Whether a status may be taken here, or nobody knows where a value comes from."""
        match node:
            case ast.Constant(value=value):
                return value == _STATUS
            case ast.MatchAs() | ast.MatchStar() | ast.Lambda():
                return True
            case ast.Call(func=function) if function in self._polls_elsewhere:
                return True
            case ast.Call(func=ast.Name(id=name)) if name in self.names.imports:
                return self.names.imports[name].rpartition(".")[2] in self._set_elsewhere
        taken = _taken(node)
        return taken is not None and (taken == _STATUS or taken in self._set_elsewhere)

    @cached_property
    def _set_elsewhere(self) -> frozenset[str]:
        """What other modules seem to set to a status, or to call a function that gives one."""
        if self._imports is None:
            return frozenset()
        ways = map(self._imports.way, self.names.imports.values())
        modules = dict.fromkeys(module for way in ways for module, _ in way)
        return frozenset(word for module in modules for word in _near_a_status(module.text))

    def _behind(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes whose value may be part of a node's value."""
        taken = _taken(node)
        match node:
            case _ if taken is not None:
                yield from self._stored.get(taken, [])
                for method in self.names.functions_by_name.get(taken, ()):
                    yield from self._given_out(method)
            case ast.Name(id=name):
                scope = self.names.defining_scope(name, node)
                for binding in scope.bindings[name] if scope is not None else ():
                    yield from self._bound(binding)
                yield from self._put_in.get(name, [])
            case ast.Call():
                yield from self._given_by(node)
            case ast.Attribute(value=value) | ast.Subscript(value=value) | ast.keyword(value=value):
                yield value
            case ast.Dict(keys=keys, values=values):  # what has a key is asked for by it
                yield from (v for k, v in zip(keys, values, strict=True) if _word_of(k) is None)
            case ast.IfExp(body=body, orelse=orelse):
                yield body
                yield orelse
            case (
                ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element)
            ):
                yield element
            case ast.DictComp(key=key, value=value):
                yield key
                yield value
            case ast.Compare() | ast.UnaryOp():
                return
            case ast.expr():
                yield from ast.iter_child_nodes(node)

    def _given_by(self, call: ast.Call) -> Iterator[ast.AST]:
        """What a call may give a status from; an object that it makes has it in its fields."""
        name = last_word(call.func) or ""
        for called in self.names.functions_by_name.get(name, ()):
            yield from self._given_out(called)
        if self._makes_what_nobody_sees(call.func):
            return
        if isinstance(call.func, ast.Attribute):
            yield call.func.value
        if name not in self._classes:
            yield call.func
            yield from call.args[1:] if name == "partial" else call.args
        if not name[:1].isupper():
            yield from (keyword.value for keyword in call.keywords)

    def _given_out(self, function: FunctionNode) -> list[ast.AST]:
        """What a function returns or yields."""
        if function not in self._out:
            self._out[function] = [
                node.value
                for node in own_code(function.body)
                if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value
            ]
        return self._out[function]

    def _makes_what_nobody_sees(self, function: ast.expr) -> bool:
        """Whether an object of a class is made that stands in no module of the project."""
        words = (dotted(function) or "").split(".")
        name = self.names.imports.get(words[0])
        if name is None or self._imports is None or not any(word[:1].isupper() for word in words):
            return False
        return not any(self._imports.way(name))

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(owner.name for owner in self.names.classes)

    def _bound(self, binding: Binding) -> Iterator[ast.AST]:
        """What a name is bound to."""
        if binding.value is not None:
            yield binding.value
        match binding.node:
            case ast.arg(arg="self" | "cls"):
                return
            case ast.arg() as parameter:
                yield from self._given(parameter)
            case ast.MatchAs() | ast.MatchStar() as pattern:
                yield pattern
            case ast.FunctionDef() | ast.AsyncFunctionDef() as function:
                yield from self._given_out(function)
            case ast.Global(names=shared) | ast.Nonlocal(names=shared):
                yield from self._set_inside(shared)
            case node:
                yield from self._assigned(node)

    def _set_inside(self, shared: list[str]) -> Iterator[ast.AST]:
        """What functions set the names of another scope to."""
        for node in self.names.may_bind:
            if isinstance(node, ast.Name) and node.id in shared:
                yield from self._assigned(node)

    def _assigned(self, target: ast.AST) -> Iterator[ast.AST]:
        """What is assigned where a target, or a part of one, stands."""
        for above in (target, *self.names.ancestors(target)):
            match above:
                case (
                    ast.Assign(value=value)
                    | ast.AugAssign(value=value)
                    | ast.AnnAssign(value=ast.expr() as value)
                    | ast.For(iter=value)
                    | ast.AsyncFor(iter=value)
                    | ast.comprehension(iter=value)
                    | ast.withitem(context_expr=value)
                ):
                    yield value
            if isinstance(above, ast.stmt | ast.comprehension | ast.withitem):
                return

    def _given(self, parameter: ast.arg) -> Iterator[ast.AST]:
        """What callers give for a parameter; anything, where not all of them are to be seen."""
        function = self.names.parent[self.names.parent[parameter]]
        if not isinstance(function, FUNCTIONS):
            yield function  # of a lambda
            return
        for mention in self.names.mentions.get(called_by(self.names, function), []):
            match self.names.parent[mention]:
                case ast.Call(func=called) as call if called is mention:
                    given = given_for(call, function, parameter.arg)
                    yield from [given] if given is not None else ast.iter_child_nodes(call)
                case ast.Call() | ast.keyword() | ast.Assign() | ast.Dict() | ast.List() if (
                    function.name != "__init__"
                ):
                    yield ast.Constant(_STATUS)  # somebody else calls it

    @cached_property
    def _stored(self) -> dict[str, list[ast.AST]]:
        """What is stored by a name: in an attribute, as a keyword or an entry, by a property."""
        found: dict[str, list[ast.AST]] = {}
        for word, value in self._all_stored():
            found.setdefault(word, []).append(value)
        return found

    def _all_stored(self) -> Iterator[tuple[str, ast.AST]]:
        for call in self.names.calls:
            yield from ((keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg)
        for target in self.names.attributes_set:
            yield from ((target.attr, value) for value in self._assigned(target))
        for word, literals in self.names.texts.items():
            for literal in literals:
                yield from ((word, value) for value in self._under_key(literal))
        for owner in self.names.classes:
            yield from self._made(owner)
            for statement in owner.body:
                yield from self._fields(statement)

    def _under_key(self, key: ast.Constant) -> Iterator[ast.AST]:
        """What a key stands for in a dict, or is set to."""
        match above := self.names.parent[key]:
            case ast.Dict(keys=keys, values=values):
                yield from (value for each, value in zip(keys, values, strict=True) if each is key)
            case ast.Subscript(ctx=ast.Store()):
                yield from self._assigned(above)
            case ast.Call(
                func=ast.Attribute(attr="setdefault" | "__setitem__") | ast.Name(id="setattr")
            ):
                yield from above.args

    def _made(self, owner: ast.ClassDef) -> Iterator[tuple[str, ast.AST]]:
        """What the fields of a class's objects are given by position."""
        fields = [node.target for node in owner.body if isinstance(node, ast.AnnAssign)]
        words = [target.id for target in fields if isinstance(target, ast.Name)]
        own = [call for call in self.names.calls_of("cls") if self.names.is_within(call, owner)]
        for call in (*self.names.calls_of(owner.name), *own):
            for position, argument in enumerate(call.args):
                exact = not owner.bases and not isinstance(argument, ast.Starred)
                for word in words[position : position + 1] if exact else words:
                    yield word, argument

    def _fields(self, statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
        """What a statement of a class may store in an attribute of its objects."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=word)], value=value):
                yield word, value
            case ast.FunctionDef(name=word, decorator_list=[_, *_]):
                yield from ((word, value) for value in self._given_out(statement))

    @cached_property
    def _put_in(self) -> dict[str, list[ast.AST]]:
        """What is put into the collection that a name holds, by its methods or as an entry."""
        found: dict[str, list[ast.AST]] = {}
        for call in self.names.calls:
            match call.func:
                case ast.Attribute(value=ast.Name(id=name), attr=method) if method in _PUTS:
                    found.setdefault(name, []).extend(handed_to(call))
        for entry in self.names.entries_set:
            if isinstance(entry.value, ast.Name) and _word_of(entry.slice) is None:
                found.setdefault(entry.value.id, []).extend(self._assigned(entry))
        return found


def _near_a_status(text: str) -> Iterator[str]:
    """The words of a text that are set where a status stands, or defined shortly before."""
    for status in _MENTION.finditer(text):
        before = text[max(0, status.start() - _SHORTLY) : status.start()]
        yield from _SET.findall(before, before.rfind("\n") + 1)
        yield from _DEFINED.findall(before)


def _word_of(key: ast.expr | None) -> str | None:
    """The word that a key is."""
    match key:
        case ast.Constant(value=str(word)):
            return word
    return None


def _taken(node: ast.AST) -> str | None:
    """The name of the field that an expression takes: ``x.name``, ``x["name"]``, ``x.get(...)``."""
    match node:
        case ast.Attribute(attr=word) | ast.Subscript(slice=ast.Constant(value=str(word))):
            return word
        case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(word)), *_]):
            return word if method in BY_KEY else None
        case ast.Call():
            link = as_attribute(node)
            return None if link is None else link.attr
    return None
