"""Which poll loops wait for which job: by the names that hold the response or its id.

A loop stands for a job if it asks for it: in the function that creates the job, in a function that
is given the job there, or in another method, by an attribute.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.flow.names import FUNCTIONS, bindings_in, dotted, speaks_of
from bgmode.model.calls import BackgroundCall
from bgmode.model.polling import Polling, PollLoop, own_nodes, place


def waits_of(polling: Polling, call: BackgroundCall) -> list[PollLoop]:
    """The loops that wait for the job which ``call`` creates."""
    held = _held(polling, call)
    return [loop for loop in polling.loops if _is_for(polling, loop, call, held)]


def job_of(polling: Polling, loop: PollLoop) -> BackgroundCall | None:
    """The background call of the loop's function whose job it waits for, if that is clear."""
    before = list(_before(polling, loop))
    if len(before) < 2:
        return before[0] if before else None
    ours = [call for call in before if _polls(polling, loop, _held(polling, call))]
    return ours[-1] if ours else None


def _before(polling: Polling, loop: PollLoop) -> Iterator[BackgroundCall]:
    for call in polling.calls.background:
        if _scope(call) is loop.scope and call.node.lineno < loop.node.lineno:
            yield call


def _scope(call: BackgroundCall) -> ast.AST:
    return call.where or call.names.tree


def _is_for(polling: Polling, loop: PollLoop, call: BackgroundCall, held: set[str]) -> bool:
    if _scope(call) is loop.scope:
        if call.node.lineno >= loop.node.lineno:
            return _polls(polling, loop, held)
        return job_of(polling, loop) is call or _polls(polling, loop, held)
    if any("." in name for name in held) and _polls(polling, loop, held):
        return call.names.enclosing_class(call.node) is call.names.enclosing_class(loop.node)
    return any(
        call.names.function(handing) is call.where and _mentions(handing, call, held)
        for handing in _calls_of(polling, loop)
    )


def _calls_of(polling: Polling, loop: PollLoop) -> Iterator[ast.Call]:
    """The calls of the function that the loop is in."""
    if isinstance(loop.scope, FUNCTIONS):
        yield from polling.names.calls_to(loop.scope)


def _polls(polling: Polling, loop: PollLoop, held: set[str]) -> bool:
    return any(
        isinstance(node, ast.Call) and polling.asks(node) and speaks_of(node, held)
        for node in own_nodes(loop.node)
    )


def _mentions(handing: ast.Call, call: BackgroundCall, held: set[str]) -> bool:
    return speaks_of(handing, held) or any(node is call.node for node in ast.walk(handing))


def _held(polling: Polling, call: BackgroundCall) -> set[str]:
    """The names and paths that hold the response, its id, or what a poll has given for it."""
    held: set[str] = set()
    for target, value in sorted(_bindings(_scope(call)), key=lambda pair: place(pair[0])):
        name = dotted(target)
        if name is not None and _gives(polling, call, value, held):
            held.add(name)
    return held


def _bindings(scope: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    nodes = list(ast.walk(scope))
    yield from bindings_in(nodes)
    for node in nodes:
        match node:
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                yield target, value


def _gives(polling: Polling, call: BackgroundCall, value: ast.expr, held: set[str]) -> bool:
    if isinstance(value, ast.Name | ast.Attribute):
        path = dotted(value) or ""
        return path in held or path.rpartition(".")[0] in held
    for node in ast.walk(value):
        if node is call.node:
            return True
        if isinstance(node, ast.Call) and polling.asks(node) and speaks_of(node, held):
            return True
    return False
