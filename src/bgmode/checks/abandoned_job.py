"""BGM504: a wait that ends before the job, and nobody cancels it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import beside
from bgmode.finding import Finding, Fix
from bgmode.model.abandoned import Wait, abandoned
from bgmode.model.polling import own_nodes


def abandoned_job(subject: Subject) -> Iterator[Finding]:
    for wait, end in abandoned(subject.case.module.polling):
        if wait.call in subject.requests:
            yield subject.finding(
                end,
                "the wait ends here while the job may still run, and nothing calls "
                "responses.cancel: cancel it, or hand its id on",
                notes=subject.created(wait.call),
                fix=_fix(subject, wait, end),
            )


def _fix(subject: Subject, wait: Wait, end: ast.AST) -> Fix | None:
    """Cancel what the loop polls, before the statement that leaves it."""
    polling = subject.case.module.polling
    polls = [node for node in own_nodes(wait.loop.node) if node in polling.polls]
    if len(polls) != 1 or not isinstance(end, ast.Raise | ast.Return):
        return None
    (poll,) = polls
    access = polling.clients.access(poll.func) if isinstance(poll, ast.Call) else None
    job = _job(poll)
    if access is None or job is None or not _are_there(subject, wait, [access.receiver, job]):
        return None
    awaits = _is_awaited(subject, poll, access.receiver)
    if awaits is None:
        return None
    receiver = subject.source.snippet(subject.span(access.receiver))
    path = ".".join(access.operation.path[:-1])
    if not path:  # a plain function, whose counterpart has another name
        return None
    held = subject.source.snippet(subject.span(job))
    line = f"{'await ' if awaits else ''}{receiver}.{path}.cancel({held})"
    edit = beside(subject, end, line, before=True)
    return Fix("unsafe", "cancel the job before the wait is given up", (edit,))


def _job(poll: ast.AST) -> ast.expr | None:
    match poll:
        case (
            ast.Call(args=[job, *_])
            | ast.Call(args=[], keywords=[ast.keyword(arg="response_id", value=job), *_])
        ):
            return job
    return None


def _are_there(subject: Subject, wait: Wait, expressions: list[ast.expr]) -> bool:
    """Whether everything in these expressions has a value wherever the loop is left."""
    names = {
        node.id
        for expression in expressions
        for node in ast.walk(expression)
        if isinstance(node, ast.Name)
    }
    inside = {
        node.id
        for node in own_nodes(wait.loop.node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    first = subject.case.module.names.statement(wait.call.node)
    held = {node.id for node in ast.walk(first or wait.call.node) if isinstance(node, ast.Name)}
    return names.isdisjoint(inside - held)


def _is_awaited(subject: Subject, poll: ast.AST, receiver: ast.expr) -> bool | None:
    """Whether ``cancel`` has to be awaited; None where that cannot be said."""
    module = subject.case.module
    known = module.clients.client(receiver).is_async
    if isinstance(module.names.parent.get(poll), ast.Await):
        return True
    if isinstance(module.names.parent.get(poll), ast.Assign | ast.NamedExpr) and not known:
        return False
    return known
