"""BGM504: a wait that ends before the job, and nobody cancels it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Fix, InsertStatement
from bgmode.flow.names import Loop
from bgmode.model.abandoned import Wait, abandoned
from bgmode.model.polling import own_nodes, place


def abandoned_job(subject: Subject) -> Iterator[Finding]:
    for wait, ends in abandoned(subject.case.module.polling):
        first = min(ends, key=place)
        yield subject.finding(
            first,
            "the wait ends here while the job may still run, and nothing calls responses.cancel: "
            "cancel it, or hand its id on",
            notes=[subject.note("the job is created here", wait.call.node)],
            fix=_fix(subject, wait, first),
        )


def _fix(subject: Subject, wait: Wait, end: ast.AST) -> Fix | None:
    """Cancel what the loop polls, before the statement that leaves it."""
    if not isinstance(end, ast.Raise | ast.Return) or isinstance(end, Loop):
        return None
    polls = [
        node for node in own_nodes(wait.loop.node) if node in subject.case.module.polling.polls
    ]
    if len(polls) != 1:
        return None
    match polls[0]:
        case ast.Call(func=ast.Attribute(value=resource), args=[job, *_]):
            awaits = isinstance(subject.case.module.names.parent.get(polls[0]), ast.Await)
            operation = subject.source.snippet(subject.span(resource))
            held = subject.source.snippet(subject.span(job))
            line = f"{'await ' if awaits else ''}{operation}.cancel({held})"
            edit = InsertStatement(subject.span(end), (line,), before=True)
            return Fix("unsafe", "cancel the job before the wait is given up", (edit,))
    return None
