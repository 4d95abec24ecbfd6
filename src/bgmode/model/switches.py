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
from bgmode.model.origins import Origin

_FARTHEST = 3  # callers that are asked, one behind the other
_NO_RETURN = frozenset({"abort", "exit", "_exit"})
_OF_TEXTS = frozenset({"startswith", "endswith", "count", "find", "index", "format", "join"})


def is_guarded(call: BackgroundCall, switches: Iterable[str]) -> bool:
    """Whether one of ``switches`` decides whether ``call`` is made, or runs in the background."""
    guards = _Guards(call.names, frozenset(switches))
    origins = call.origins("background")
    if any(guards.asks(origin.value) for origin in origins):
        return True
    written = [node for origin in origins for node in _written(call.names, origin)]
    set_under_it = bool(written) and all(guards.guards(node, _FARTHEST) for node in written)
    return set_under_it or guards.guards(call.node, _FARTHEST)


def _written(names: Names, origin: Origin) -> list[ast.AST]:
    """Where ``background`` becomes true: where it is given, or where a name of it is set."""
    match origin.value:
        case ast.Name(id=name):
            scope = names.defining_scope(name, origin.value)
            bindings = scope.bindings[name] if scope is not None else []
            true = [each.value for each in bindings if _is_true(each.value)]
            return [value for value in true if value is not None] or [origin.node]
    return [origin.node]


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


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
        names = self._names
        called = {call.func: call for call in names.calls_of(function.name)}
        mentions = [
            called.get(node, node)
            for node in names.mentions.get(function.name, [])
            if not names.is_within(node, function)
        ]
        return bool(mentions) and all(self.guards(node, depth - 1) for node in mentions)

    def _is_around(self, above: ast.AST, below: ast.AST) -> bool:
        match above:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                return below is not test and self.asks(test)
            case ast.BoolOp(op=ast.And(), values=values):
                return any(self.asks(value) for value in values[: values.index(below)])  # type: ignore[arg-type]
            case ast.With(items=items) | ast.AsyncWith(items=items):
                return any(self.asks(item.context_expr) for item in items)
            case ast.Match(subject=subject):
                return self.asks(subject)
            case ast.match_case(guard=ast.expr() as guard):
                return below is not guard and self.asks(guard)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                tests = [test for generator in above.generators for test in generator.ifs]
                return below not in above.generators and any(map(self.asks, tests))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return any(self.asks(decorator) for decorator in above.decorator_list)
        return False

    def _stands_before(self, above: ast.AST, below: ast.AST) -> bool:
        """Whether a statement before ``below``, in the same block, leaves without the switch."""
        for block in _blocks(above):
            if below in block:
                before = block[: block.index(below)]
                if isinstance(above, ast.Try) and block is above.orelse:
                    before = [*above.body, *before]
                return any(map(self._lets_pass, before))
        return False

    def _lets_pass(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                return (_leaves(body) or _leaves(orelse)) and self.asks(test)
            case ast.Try(body=body, handlers=handlers, finalbody=final):
                passed = any(map(self._lets_pass, [*body, *final]))
                return passed and all(_leaves(handler.body) for handler in handlers)
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
                    if self._is_asked_for(piece):
                        return True
                case ast.Name(id=name) if self._is_asked_for(piece) and self._is_text(name, piece):
                    return True
                case ast.Name() | ast.Attribute() if self._is_switch(piece):
                    return True
                case ast.Name(id=name) if depth:
                    binding = self._names.binding(name, piece)
                    value = binding.value if binding is not None else None
                    if value is not None and self.asks(value, depth - 1):
                        return True
        return False

    def _is_text(self, name: str, at: ast.AST) -> bool:
        binding = self._names.binding(name, at)
        match binding.value if binding is not None else None:
            case ast.Constant(value=str(text)):
                return text in self._switches
        return False

    def _is_asked_for(self, node: ast.AST) -> bool:
        """Whether a text is handed to a call or used as a key, and not only compared."""
        above = self._names.parent.get(node)
        above = self._names.parent.get(above) if isinstance(above, ast.keyword) else above
        match above:
            case ast.Call(func=ast.Attribute(attr=method)):
                return method not in _OF_TEXTS
            case ast.Call():
                return True
            case ast.Subscript(slice=key):
                return key is node
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


def _leaves(block: list[ast.stmt]) -> bool:
    """Whether what stands behind a block is not reached from it."""
    match block[-1] if block else None:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name in _NO_RETURN
        case ast.If(body=body, orelse=orelse):
            return _leaves(body) and _leaves(orelse)
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return _leaves(body)
    return False


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
