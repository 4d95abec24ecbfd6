"""Where an argument is written: in the call, in a dict that is spread, or set as an item."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bgmode.flow.names import CODE, Names, ScopeNode

Seen: TypeAlias = frozenset[tuple[ast.AST, str]]
Kind: TypeAlias = Literal["keyword", "entry", "item"]


@dataclass(frozen=True, slots=True)
class Origin:
    """One place that names an argument.

    ``keyword``: a keyword of ``holder``, a call (of the operation, or of ``dict``).
    ``entry``: an entry of ``holder``, a dict display. ``item``: ``holder`` is the
    assignment ``mapping["name"] = value``. ``node`` is what a finding points at.
    """

    kind: Kind
    node: ast.AST
    holder: ast.Call | ast.Dict | ast.Assign
    value: ast.expr
    in_body: bool = False


def origins(names: Names, call: ast.Call, name: str, body: str) -> list[Origin]:
    """Every place in the call's own scope that gives it the argument ``name``.

    ``body`` is the parameter whose dict overrides the others (``extra_body``).
    """
    found = list(_of_call(names, call, name))
    for keyword in call.keywords:
        if keyword.arg == body:
            found += [
                Origin(origin.kind, origin.node, origin.holder, origin.value, in_body=True)
                for origin in of_mapping(names, call, keyword.value, name)
            ]
    return found


def _of_call(names: Names, call: ast.Call, name: str, seen: Seen = frozenset()) -> Iterator[Origin]:
    for keyword in call.keywords:
        if keyword.arg == name:
            yield Origin("keyword", keyword, call, keyword.value)
        elif keyword.arg is None:
            yield from of_mapping(names, call, keyword.value, name, seen)


def of_mapping(
    names: Names, at: ast.AST, mapping: ast.expr, name: str, seen: Seen = frozenset()
) -> Iterator[Origin]:
    """Every place that gives a mapping the entry ``name``; ``seen`` are the variables so far."""
    match mapping:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                match key:
                    case ast.Constant(value=constant) if constant == name:
                        yield Origin("entry", key, mapping, value)
                    case None:
                        yield from of_mapping(names, at, value, name, seen)
        case ast.Call(func=ast.Name(id="dict")):
            yield from _of_call(names, mapping, name, seen)
        case ast.IfExp(body=body, orelse=orelse):
            yield from of_mapping(names, at, body, name, seen)
            yield from of_mapping(names, at, orelse, name, seen)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from of_mapping(names, at, left, name, seen)
            yield from of_mapping(names, at, right, name, seen)
        case ast.Name(id=variable):
            yield from _of_variable(names, at, variable, name, seen)


def _of_variable(
    names: Names, at: ast.AST, variable: str, name: str, seen: Seen
) -> Iterator[Origin]:
    scope = names.defining_scope(variable, at)
    if scope is None or (scope.node, variable) in seen:  # ``options = {**options, ...}``
        return
    seen |= {(scope.node, variable)}
    for binding in scope.bindings[variable]:
        if isinstance(binding.value, ast.Dict | ast.Call | ast.IfExp | ast.BinOp):
            yield from of_mapping(names, binding.value, binding.value, name, seen)
    for node in _inside(scope.node):
        match node:
            case ast.Assign(
                targets=[
                    ast.Subscript(value=ast.Name(id=target), slice=ast.Constant(value=constant))
                ],
                value=value,
            ) if target == variable and constant == name:
                yield Origin("item", node, node, value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr="update")) if (
                target == variable
            ):
                yield from _of_call(names, node, name, seen)
                for argument in node.args:
                    yield from of_mapping(names, node, argument, name, seen)


def _inside(scope: ScopeNode) -> Iterator[ast.AST]:
    stack: list[ast.AST] = list(scope.body) if not isinstance(scope, ast.Lambda) else [scope.body]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, CODE):
            stack += ast.iter_child_nodes(node)
