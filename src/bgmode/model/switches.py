"""Whether a kill switch guards a call: something that people turn off to stop background jobs.

A switch is a name (``acme.flags.background``) or the text that a flag service is asked for. It
guards what stands under a condition that asks it, what comes behind a statement that leaves or
fails without it, and what a decorator or a ``with`` of that name is around. A function is guarded
if every call of it in the module is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bgmode.flow.names import CODE, FUNCTIONS, Names, dotted
from bgmode.model.calls import BackgroundCall

_FARTHEST = 3  # callers that are asked, one behind the other
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def is_guarded(call: BackgroundCall, switches: Iterable[str]) -> bool:
    """Whether one of ``switches`` decides whether ``call`` is made, or runs in the background."""
    guards = _Guards(call.names, frozenset(switches))
    decided = any(guards.asks(origin.value) for origin in call.origins("background"))
    return decided or guards.guards(call.node, _FARTHEST)


class _Guards:
    def __init__(self, names: Names, switches: frozenset[str]) -> None:
        self._names = names
        self._switches = switches

    def guards(self, node: ast.AST, depth: int) -> bool:
        below: ast.AST = node
        for above in self._names.ancestors(node):
            if self._is_around(above, below) or self._stands_before(above, below):
                return True
            if isinstance(above, CODE) and self._calls_are_guarded(above, depth):
                return True
            below = above
        return False

    def _calls_are_guarded(self, function: ast.AST, depth: int) -> bool:
        if not isinstance(function, FUNCTIONS) or depth == 0:
            return False
        called = self._names.calls_of(function.name)
        calls = [call for call in called if self._names.callee(call) is function]
        return bool(calls) and all(self.guards(call, depth - 1) for call in calls)

    def _is_around(self, above: ast.AST, below: ast.AST) -> bool:
        match above:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                return below is not test and self.asks(test)
            case ast.BoolOp(values=values):
                return any(self.asks(value) for value in values[: values.index(below)])  # type: ignore[arg-type]
            case ast.With(items=items) | ast.AsyncWith(items=items):
                return any(self.asks(item.context_expr) for item in items)
            case ast.Match(subject=subject):
                return self.asks(subject)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return any(self.asks(decorator) for decorator in above.decorator_list)
        return False

    def _stands_before(self, above: ast.AST, below: ast.AST) -> bool:
        """Whether a statement before ``below``, in the same block, leaves without the switch."""
        return any(
            self._lets_pass(statement)
            for block in _blocks(above)
            if below in block
            for statement in block[: block.index(below)]
        )

    def _lets_pass(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                leaves = [isinstance(block[-1], _LEAVING) for block in (body, orelse) if block]
                return any(leaves) and self.asks(test)
            case ast.Assert(test=test):
                return self.asks(test)
            case ast.Expr(value=ast.Await(value=ast.Call() as call) | (ast.Call() as call)):
                return self._is_switch(call.func)
        return False

    def asks(self, node: ast.AST, depth: int = 2) -> bool:
        """Whether an expression asks a switch, or reads a name that was set to its answer."""
        for piece in ast.walk(node):
            match piece:
                case ast.Constant(value=str(text)) if text in self._switches:
                    return True
                case ast.Name() | ast.Attribute() if self._is_switch(piece):
                    return True
                case ast.Name(id=name) if depth:
                    binding = self._names.binding(name, piece)
                    value = binding.value if binding is not None else None
                    if value is not None and self.asks(value, depth - 1):
                        return True
        return False

    def _is_switch(self, node: ast.expr) -> bool:
        written = dotted(node)
        if written is None:
            return False
        qualified = self._names.qualify(node) or written
        if qualified.startswith("."):
            ending = f".{qualified.lstrip('.')}"
            return any(f".{switch}".endswith(ending) for switch in self._switches)
        return any(f".{qualified}".endswith(f".{switch}") for switch in self._switches)


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
