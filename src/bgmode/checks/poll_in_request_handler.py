"""BGM506: a web request that waits for a background job."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.flow.names import CODE
from bgmode.model.polling import PollLoop
from bgmode.model.routes import Route, Routes

_DEEPEST = 3  # functions between the handler and the loop


def poll_in_request_handler(subject: Subject) -> Iterator[Finding]:
    loops: dict[ast.AST, PollLoop] = {
        loop.scope: loop for loop in reversed(subject.loops) if not loop.hands_out
    }
    if not loops:
        return
    for route in Routes(subject.case.module.names).all:
        for at, loop in _waits(subject, route, loops):
            notes = [subject.note("a web framework calls this for each request", route.node)]
            if at is not loop.node:
                notes.append(subject.note("the loop is here", loop.node))
            yield subject.finding(
                at,
                "a web request waits here until the job has ended: answer with the response's id "
                "and retrieve it in a later request",
                notes=notes,
            )


def _waits(
    subject: Subject, route: Route, loops: dict[ast.AST, PollLoop]
) -> Iterator[tuple[ast.AST, PollLoop]]:
    """The loops that a handler runs: each with the loop's header, or the call that leads to it."""
    if route.handler in loops:
        yield loops[route.handler].node, loops[route.handler]
    for call in _own_calls(route.handler):
        loop = _leads_to(subject, call, loops, _DEEPEST)
        if loop is not None:
            yield call, loop


def _own_calls(function: ast.AST) -> Iterator[ast.Call]:
    stack = [function]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call):
            yield node
        if node is function or not isinstance(node, CODE):
            stack += ast.iter_child_nodes(node)


def _leads_to(
    subject: Subject, call: ast.Call, loops: dict[ast.AST, PollLoop], depth: int
) -> PollLoop | None:
    function = subject.case.module.names.callee(call)
    if function is None or not depth or not _is_run(subject, call, function):
        return None
    if function in loops:
        return loops[function]
    found = (_leads_to(subject, inner, loops, depth - 1) for inner in _own_calls(function))
    return next((loop for loop in found if loop is not None), None)


def _is_run(subject: Subject, call: ast.Call, function: ast.AST) -> bool:
    """Whether the call runs the function here: a coroutine has to be awaited for that."""
    awaited = isinstance(subject.case.module.names.parent.get(call), ast.Await)
    return awaited or isinstance(function, ast.FunctionDef)
