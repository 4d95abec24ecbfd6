"""Where an argument is written: in the call, in a dict that is spread, or set as an item."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bgmode.flow.names import FunctionNode, Names, ScopeNode, is_denial, own_code, reads, unawaited

Seen: TypeAlias = frozenset[tuple[ast.AST, str]]
Kind: TypeAlias = Literal["keyword", "entry", "item"]


@dataclass(frozen=True, slots=True)
class Origin:
    """One place that names an argument.

    ``keyword``: a keyword of ``holder``, a call (of the operation, or of ``dict``).
    ``entry``: an entry of ``holder``, a dict display. ``item``: ``holder`` is the
    assignment ``mapping["name"] = value``. ``node`` is what a finding points at. ``by`` is the
    call of the function that the place stands in, where that is another one.
    """

    kind: Kind
    node: ast.AST
    holder: ast.Call | ast.Dict | ast.Assign
    value: ast.expr
    in_body: bool = False
    by: ast.Call | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry that is looked for.

    ``any_case``: its name may be in other letters. ``far``: a constant may stand for the name,
    and a function of the module may make the mapping.
    """

    name: str
    any_case: bool = False
    far: bool = False

    def is_meant(self, names: Names, key: ast.expr | None) -> bool:
        """Whether an expression gives the name."""
        match key:
            case ast.Constant(value=str(text)) if self.any_case:
                return text.lower() == self.name.lower()
            case ast.Constant(value=constant):
                return bool(constant == self.name)
            case ast.Name(id=constant) if self.far:
                binding = names.binding(constant, key)
                if binding is None or isinstance(binding.node, ast.arg):
                    return False
                return isinstance(binding.value, ast.Constant) and self.is_meant(
                    names, binding.value
                )
        return False


def made_by_helper(names: Names, call: ast.Call) -> tuple[FunctionNode, ast.expr] | None:
    """The function of this module that ``call`` calls, and the one expression that it returns."""
    function = names.callee(call)
    if function is None or names.yields(function):
        return None
    owner = names.parent[function]
    if isinstance(owner, ast.ClassDef) and names.is_overridden(owner, function.name):
        return None
    plain = {"staticmethod", "classmethod"}
    if any(
        not isinstance(decorator, ast.Name) or decorator.id not in plain
        for decorator in function.decorator_list
    ):
        return None
    value = returned(names, function)
    return None if value is None else (function, value)


def returned(names: Names, function: FunctionNode) -> ast.expr | None:
    """The one expression that a function returns."""
    found = [
        node
        for node in _inside(function)
        if isinstance(node, ast.Return) and names.function(node) is function
    ]
    match found:
        case [ast.Return(value=ast.expr() as value)]:
            return value
    return None


def origins(names: Names, call: ast.Call, name: str, bodies: Collection[str]) -> list[Origin]:
    """Every place in the call's own scope that gives it the argument ``name``.

    ``bodies`` are the parameters whose dict overrides the others (``extra_body``).
    """
    wanted = Wanted(name)
    found = list(_of_call(names, call, wanted))
    for keyword in call.keywords:
        if keyword.arg in bodies:
            found += [
                Origin(origin.kind, origin.node, origin.holder, origin.value, in_body=True)
                for origin in of_mapping(names, call, keyword.value, wanted)
            ]
    return found


def set_far(names: Names, call: ast.Call, name: str, bodies: Collection[str]) -> Iterator[ast.AST]:
    """Where a function of the module, or ``setdefault``, gives what the call spreads an entry.

    A plain denial does not count.
    """
    wanted = Wanted(name, far=True)
    for mapping in _spread(call, bodies):
        for origin in of_mapping(names, call, mapping, wanted):
            if not is_denial(origin.value):
                yield origin.node
        if isinstance(mapping, ast.Name):
            for default in _defaults_of(names, call, mapping.id, wanted):
                if not is_denial(default.args[1]):
                    yield default


def _spread(call: ast.Call, bodies: Collection[str]) -> Iterator[ast.expr]:
    """The mappings whose entries become arguments of a call."""
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in bodies:
            yield keyword.value


def _of_call(
    names: Names, call: ast.Call, wanted: Wanted, seen: Seen = frozenset()
) -> Iterator[Origin]:
    for keyword in call.keywords:
        if keyword.arg == wanted.name:
            yield Origin("keyword", keyword, call, keyword.value)
        elif keyword.arg is None:
            yield from of_mapping(names, call, keyword.value, wanted, seen)


def of_mapping(
    names: Names, at: ast.AST, mapping: ast.expr, wanted: Wanted, seen: Seen = frozenset()
) -> Iterator[Origin]:
    """Every place that gives a mapping an entry; ``seen`` are the variables so far."""
    match mapping:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if key is None:
                    yield from of_mapping(names, at, value, wanted, seen)
                elif wanted.is_meant(names, key):
                    yield Origin("entry", key, mapping, value)
        case (
            ast.Call(func=ast.Attribute(attr="dumps"), args=[inner, *_])
            | ast.Call(func=ast.Attribute(value=inner, attr="encode"))
        ):
            yield from of_mapping(names, at, inner, wanted, seen)
        case ast.Call(func=ast.Name(id="dict")):
            yield from _of_call(names, mapping, wanted, seen)
            if wanted.far:
                for argument in mapping.args:
                    yield from of_mapping(names, at, argument, wanted, seen)
        case ast.Call() if wanted.far:
            yield from _of_helper(names, mapping, wanted, seen)
        case ast.Await(value=value) if wanted.far:
            yield from of_mapping(names, at, value, wanted, seen)
        case ast.IfExp(body=body, orelse=orelse):
            yield from of_mapping(names, at, body, wanted, seen)
            yield from of_mapping(names, at, orelse, wanted, seen)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from of_mapping(names, at, left, wanted, seen)
            yield from of_mapping(names, at, right, wanted, seen)
        case ast.Name(id=variable):
            yield from _of_variable(names, at, variable, wanted, seen)


def _of_helper(names: Names, call: ast.Call, wanted: Wanted, seen: Seen) -> Iterator[Origin]:
    """``headers_of(job)``: the entry of what the function returns."""
    found = made_by_helper(names, call)
    if found is None or (found[0], "") in seen:
        return
    function, value = found
    for origin in of_mapping(names, value, value, wanted, seen | {(function, "")}):
        inside = names.is_within(origin.by or origin.node, function)
        yield replace(origin, by=call) if inside else origin


def _of_variable(
    names: Names, at: ast.AST, variable: str, wanted: Wanted, seen: Seen
) -> Iterator[Origin]:
    scope = names.defining_scope(variable, at)
    if scope is None or (scope.node, variable) in seen:  # ``options = {**options, ...}``
        return
    seen |= {(scope.node, variable)}
    for binding in scope.bindings[variable]:
        value = binding.value
        if value is not None and wanted.far:
            value = unawaited(value)
        if isinstance(value, ast.Dict | ast.Call | ast.IfExp | ast.BinOp):
            yield from of_mapping(names, value, value, wanted, seen)
    for node in _inside(scope.node):
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id=target), slice=key)],
                value=value,
            ) if target == variable and wanted.is_meant(names, key):
                yield Origin("item", node, node, value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr="update")) if (
                target == variable
            ):
                yield from _of_call(names, node, wanted, seen)
                for argument in node.args:
                    yield from of_mapping(names, node, argument, wanted, seen)


def is_put_in(names: Names, call: ast.Call, name: str, bodies: Collection[str]) -> bool:
    """Whether a variable that the call spreads is given an entry, whatever else it holds.

    That is so where the entry is written between the last time that the variable was made anew
    and the call, and is more than a plain denial.
    """
    return any(
        _is_put_before(names, call, mapping.id, Wanted(name))
        for mapping in _spread(call, bodies)
        if isinstance(mapping, ast.Name)
    )


def _is_put_before(names: Names, call: ast.Call, variable: str, wanted: Wanted) -> bool:
    scope = names.defining_scope(variable, call)
    if scope is None or scope.node is not (names.function(call) or names.tree):
        return False
    anew = [
        getattr(binding.node, "lineno", 0)
        for binding in scope.bindings[variable]
        if binding.value is None or not reads(binding.value, {variable})
    ]
    since = max((line for line in anew if line <= call.lineno), default=0)
    put = [
        (getattr(origin.node, "lineno", 0), origin.value)
        for origin in _of_variable(names, call, variable, wanted, frozenset())
    ]
    defaults = _defaults_of(names, call, variable, wanted)
    put += [(default.lineno, default.args[1]) for default in defaults]
    return any(since <= line <= call.lineno and not is_denial(value) for line, value in put)


def _defaults_of(names: Names, at: ast.AST, variable: str, wanted: Wanted) -> Iterator[ast.Call]:
    """The calls ``variable.setdefault(name, value)`` in the function that ``at`` stands in."""
    for mention in names.mentions.get(variable, []):
        match names.parent[mention]:
            case ast.Attribute(attr="setdefault") as method:
                match names.parent[method]:
                    case ast.Call(args=[key, _]) as call if (
                        call.func is method
                        and wanted.is_meant(names, key)
                        and names.function(call) is names.function(at)
                    ):
                        yield call


def _inside(scope: ScopeNode) -> Iterator[ast.AST]:
    return own_code([scope.body] if isinstance(scope, ast.Lambda) else scope.body)


def lacks(names: Names, mapping: ast.expr, name: str) -> bool:
    """Whether a mapping surely has no entry ``name``: all that is ever put into it is written."""
    match mapping:
        case ast.Dict(keys=keys):
            return all(isinstance(key, ast.Constant) and key.value != name for key in keys)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return all(keyword.arg not in {None, name} for keyword in keywords)
        case ast.Name(id=variable):
            scope = names.defining_scope(variable, mapping)
            if scope is None:
                return False
            made = [binding.value for binding in scope.bindings[variable]]
            return all(
                isinstance(value, ast.Dict | ast.Call) and lacks(names, value, name)
                for value in made
            ) and all(
                _puts_nothing(names, mention, name) for mention in names.mentions.get(variable, [])
            )
    return False


def _puts_nothing(names: Names, mention: ast.expr, name: str) -> bool:
    """Whether a use of a mapping's name does not put an entry ``name`` into it."""
    match names.parent[mention]:
        case ast.Subscript(slice=ast.Constant(value=key)):
            return bool(key != name)
        case ast.keyword(arg=None):
            return True
    return False
