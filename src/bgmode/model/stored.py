"""What a call leaves with the provider for later, or takes up from there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.flow.names import Binding, Names, allows_none
from bgmode.flow.values import Known, Record, Unknown
from bgmode.model.calls import Argument, CreateCall, argument
from bgmode.model.origins import Origin, origins


@dataclass(frozen=True)
class StoredState:
    """An argument that keeps or uses stored state, and where the call's own scope writes it."""

    name: str
    origins: tuple[Origin, ...]


def kept_state(call: CreateCall) -> StoredState | None:
    """The argument by which the response is stored, if it certainly says so."""
    if not call.argument("store").is_true:
        return None
    written = [origin for origin in call.origins("store") if not _is(origin.value, False)]
    return StoredState(call.provider.parameters["store"], tuple(written))


def used_state(call: CreateCall) -> Iterator[StoredState]:
    """The arguments by which a call certainly goes on with what is stored."""
    parameters = call.provider.parameters
    for name in parameters["stored_state"]:
        written = origins(call.names, call.node, name, call.provider.bodies)
        if _is_given(call.names, argument(call.arguments, name, call.provider), written):
            yield StoredState(name, tuple(written))


def _is_given(names: Names, given: Argument, written: list[Origin]) -> bool:
    match given.presence, given.value:
        case "given", Known(value):
            return value is not None
        case "given", Record():
            return True
        case "given", Unknown(optional=False):
            return any(_Ids(names).may_come_from(origin.value) for origin in written)
    return False


def _is(node: ast.expr, constant: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is constant


class _Ids:
    """Whether an expression, some time or other, holds an id: something that is not None."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.seen: set[ast.AST] = set()

    def may_come_from(self, node: ast.expr) -> bool:
        if node in self.seen:
            return False
        self.seen.add(node)
        match node:
            case ast.Constant(value=value):
                return value is not None
            case (
                ast.JoinedStr()
                | ast.Dict()
                | ast.Attribute(attr="id")
                | ast.Subscript(slice=ast.Constant(value="id"))
            ):
                return True
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.may_come_from(value)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return any(
                    self.may_come_from(branch)
                    for branch in (body, orelse)
                    if _asks_for_itself(test, branch)
                )
            case ast.BoolOp(op=ast.And(), values=[*tests, last]):
                return all(_asks_for_itself(test, last) for test in tests) and (
                    self.may_come_from(last)
                )
            case ast.BoolOp(values=values):
                return any(self.may_come_from(value) for value in values)
            case ast.Name(id=name):
                scope = self.names.defining_scope(name, node)
                return scope is not None and self._bound(scope.bindings[name])
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                return self._bound(self._attributes(node, name))
        return False

    def _bound(self, bindings: list[Binding]) -> bool:
        for binding in bindings:
            if binding.value is not None:
                if self.may_come_from(binding.value):
                    return True
                continue
            match binding.node:
                case ast.arg(annotation=annotation):
                    if annotation is None or not allows_none(annotation):
                        return True
                case ast.For() | ast.AsyncFor():
                    return True
        return False

    def _attributes(self, node: ast.Attribute, name: str) -> list[Binding]:
        owner = self.names.enclosing_class(node)
        found: list[Binding] = []
        for cls in self.names.lineage(owner) if owner is not None else ():
            found += self.names.attributes.get((cls, name), [])
        return found


def _asks_for_itself(test: ast.expr, branch: ast.expr) -> bool:
    """``last.id if last else None``: not a setting decides, but whether there is something."""
    asked = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return any(isinstance(node, ast.Name) and node.id in asked for node in ast.walk(branch))
