"""Variables that hold the key of one job, where a call can send them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from bgmode.flow.names import CODE, COMPREHENSIONS, LOOPS, Binding, Names, Scope, allows_none
from bgmode.model.calls import BackgroundCall

_TEXTS = frozenset({"str", "format", "hexdigest", "join", "isoformat"})


def key_in_scope(call: BackgroundCall, wanted: Iterable[str]) -> str | None:
    """An expression that gives the key as a text: the first of these names that has a value.

    A name that keeps its value while a loop makes one job after the other names none of them, and
    neither does one of the code around the function.
    """
    names = call.names
    scope = names.scopes[names.function(call.node) or names.tree]
    for name in wanted:
        bindings = scope.bindings.get(name, [])
        if not bindings or name in scope.elsewhere:
            continue
        if all(_may_hold_a_key(binding) for binding in bindings) and any(
            _is_bound_before(names, scope, binding, call.node) for binding in bindings
        ):
            return name if all(_is_text(binding) for binding in bindings) else f"str({name})"
    return None


def _may_hold_a_key(binding: Binding) -> bool:
    """Whether it is a value, and neither None nor a text that is the same each time."""
    node, value = binding.node, binding.value
    if isinstance(value, ast.Constant) or (isinstance(node, ast.Name) and value is None):
        return False
    annotation = getattr(node, "annotation", None)
    if annotation is not None and allows_none(annotation):
        return False
    return isinstance(
        node,
        ast.arg
        | ast.Assign
        | ast.AnnAssign
        | ast.For
        | ast.AsyncFor
        | ast.comprehension
        | ast.Tuple
        | ast.withitem,
    )


def _is_text(binding: Binding) -> bool:
    annotation = getattr(binding.node, "annotation", None)
    if annotation is not None:
        shown = ast.unparse(annotation).strip("'\"")
        return shown == "str" or shown.startswith("Annotated[str,")
    match binding.value:
        case ast.JoinedStr() | ast.Attribute(attr="hex"):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _TEXTS
    return False


def _is_bound_before(names: Names, scope: Scope, binding: Binding, call: ast.Call) -> bool:
    """Whether a name surely has its value at the call, and another one for each turn around it."""
    node = binding.node
    if isinstance(node, ast.arg):
        is_plain = isinstance(scope.node, CODE) and node not in (
            scope.node.args.vararg,
            scope.node.args.kwarg,
        )
        return is_plain and not _is_repeated(names, call, scope.node)
    below: ast.AST = call
    for above in names.ancestors(call):
        match above:
            case ast.For() | ast.AsyncFor() if _binds(above, node, above.target):
                return below in above.body
            case ast.With() | ast.AsyncWith() if node in above.items:
                return below in above.body
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return any(
                    node is part or _binds(part, node, part.target) for part in above.generators
                )
        if isinstance(below, ast.stmt) and _stands_before(above, node, below):
            return True
        if above is scope.node or isinstance(above, LOOPS):
            return False
        below = above
    return False


def _binds(owner: ast.AST, node: ast.AST, target: ast.expr) -> bool:
    """Whether the target of a loop, or a tuple in it, is what binds a name."""
    return node is owner or node is target or node in set(ast.walk(target))


def _stands_before(above: ast.AST, node: ast.AST, statement: ast.stmt) -> bool:
    """Whether an assignment stands before a statement, in the same block."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(above, field, None)
        if isinstance(block, list) and statement in block:
            before = block[: block.index(statement)]
            return any(node in _assigning(earlier) for earlier in before)
    return False


def _assigning(statement: ast.stmt) -> set[ast.AST]:
    """An assignment and its targets."""
    match statement:
        case ast.Assign(targets=targets):
            return {statement, *(node for target in targets for node in ast.walk(target))}
        case ast.AnnAssign():
            return {statement}
    return set()


def _is_repeated(names: Names, call: ast.Call, scope: ast.AST) -> bool:
    """Whether a loop in the function makes the call more than once."""
    for above in names.ancestors(call):
        if above is scope:
            return False
        if isinstance(above, (*LOOPS, *COMPREHENSIONS)):
            return True
    return False
