"""What becomes of a background response after the call: whether anything ever reads it."""

from __future__ import annotations

import ast
from typing import Literal, TypeAlias

from bgmode.flow.callees import PASS_THROUGH
from bgmode.flow.names import FUNCTIONS, Names
from bgmode.model.calls import BackgroundCall

Loss: TypeAlias = Literal["unused", "unread"]


def lost(call: BackgroundCall) -> tuple[Loss, str] | None:
    """How the response gets lost, with the name that holds it; None where it is kept.

    ``unused``: nothing takes the call's value. ``unread``: a name does that nobody reads.
    """
    names = call.names
    outermost = _whole(names, call.node)
    above = names.parent.get(outermost)
    match above:
        case ast.Expr():
            return ("unused", "")
        case (
            ast.Assign(targets=[ast.Name(id=name) as target])
            | ast.AnnAssign(target=ast.Name(id=name) as target)
        ):
            return ("unread", name) if _never_read(names, target) else None
    return None


def _whole(names: Names, node: ast.AST) -> ast.AST:
    """The call with what only passes it on around it: ``await``, ``create_task``, ``.id``."""
    above = names.parent.get(node)
    match above:
        case ast.Await() | ast.Attribute():
            return _whole(names, above)
        case ast.Call(func=function, args=[first, *_]) if first is node and (
            names.qualify(function) in PASS_THROUGH
        ):
            return _whole(names, above)
    return node


def _never_read(names: Names, target: ast.Name) -> bool:
    function = names.function(target)
    if not isinstance(function, FUNCTIONS):
        return target.id == "_"
    if target.id in names.scopes[function].elsewhere:
        return False
    if isinstance(names.scope_node(target), ast.ClassDef):
        return False
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name == target.id:
                return False
            case ast.Call(func=ast.Name(id="locals" | "vars" | "eval" | "exec")):
                return False
    return True
