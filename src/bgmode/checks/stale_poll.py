"""BGM307: a poll loop that tests a status it never refreshes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Fix, ReplaceExpression
from bgmode.flow.names import unawaited
from bgmode.model.polling import own_nodes
from bgmode.model.stale import Stale

_HIDDEN = frozenset(
    ["BGM301", "BGM302", "BGM303", "BGM304", "BGM305", "BGM308", "BGM310", "BGM311", "BGM504"]
)  # what is to be said of a loop once it tests what it polls
_DROPPED = (
    "the answer of this poll is dropped, and the loop goes on testing an older response: assign it "
    "to the name that is tested"
)
_NEVER = (
    "this loop tests a status that nothing in it refreshes: test what retrieve answers in each turn"
)


def stale_poll(subject: Subject) -> Iterator[Finding]:
    for stale in subject.case.module.stale_loops:
        message = _DROPPED if stale.dropped is not None else _NEVER
        yield subject.finding(stale.node, message, fix=_fix(subject, stale))


def _fix(subject: Subject, stale: Stale) -> Fix | None:
    """Give the answer to the name that is tested."""
    if stale.dropped is None:
        return None
    statement = subject.case.module.names.statement(stale.dropped)
    if not isinstance(statement, ast.Expr) or unawaited(statement.value) is not stale.dropped:
        return None
    text = _awaited(subject, statement.value, stale.dropped)
    if text is None:
        return None
    match _tested(stale):
        case [ast.Attribute(value=ast.Name(id=name), attr="status")]:
            if not _asks_for(stale.dropped, name):
                return None
            value = f"{name} = {text}"
        case [ast.Name(id=name)]:
            whole = f"({text})" if text.startswith("await ") else text
            value = f"{name} = {whole}.status"
        case _:
            return None
    edit = ReplaceExpression(subject.span(statement.value), value)
    return Fix("unsafe", f"assign the answer to `{name}`", (edit,), reveals=_HIDDEN)


def _awaited(subject: Subject, value: ast.expr, poll: ast.Call) -> str | None:
    """The poll as it has to be written for its answer; None where that is no response."""
    text = subject.source.snippet(subject.span(value))
    module = subject.case.module
    access = module.clients.access(poll.func)
    if access is None or access.is_viewed:
        return None
    if isinstance(value, ast.Await) or not module.clients.client(access.receiver).is_async:
        return text
    in_async = isinstance(module.names.function(poll), ast.AsyncFunctionDef)
    return f"await {text}" if in_async else None


def _asks_for(poll: ast.Call, name: str) -> bool:
    """Whether a poll asks for the response that ``name`` holds, and not for another one."""
    match poll.args:
        case [ast.Attribute(value=ast.Name(id=other), attr="id"), *_]:
            return other == name
    return True


def _tested(stale: Stale) -> list[ast.expr]:
    """What the loop takes for the status: ``response.status``, or a name that holds one."""
    found: dict[str, ast.expr] = {}
    nodes = [*own_nodes(stale.loop)]
    for node in nodes:
        match node:
            case ast.Compare(left=left, comparators=[other]):
                for side in (left, other):
                    if _is_status(side):
                        found[ast.unparse(side)] = side
    return list(found.values())


def _is_status(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(), attr="status"):
            return True
        case ast.Name(id=name):
            return name in {"status", "state"} or name.endswith(("_status", "_state"))
    return False
