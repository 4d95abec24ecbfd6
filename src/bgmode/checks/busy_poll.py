"""BGM305: a poll loop that does not wait between polls."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import beside, interval, sleep
from bgmode.finding import Edit, Finding, Fix, ReplaceExpression
from bgmode.flow.values import Known
from bgmode.model.polling import PollLoop, own_nodes


def busy_poll(subject: Subject) -> Iterator[Finding]:
    for loop in subject.loops:
        if loop.waits is False:
            yield subject.finding(
                loop.node,
                f"this {loop.noun} does not wait between polls while the job runs: sleep in each "
                "turn",
                fix=_fix(subject, loop),
            )


def _fix(subject: Subject, loop: PollLoop) -> Fix | None:
    """Sleep in each turn: before the next poll, or at the end of the turn."""
    instant = _instant(loop)
    if instant is not None:
        edit: Edit = ReplaceExpression(subject.span(instant), interval(subject))
        return Fix("unsafe", f"wait {interval(subject)} s in each turn", (edit,))
    in_async = isinstance(loop.scope, ast.AsyncFunctionDef)
    call = sleep(subject, loop.node, in_async=in_async)
    place = _place(subject, loop)
    if call is None or place is None:
        return None
    statement, before = place
    line = f"{call.text}({interval(subject)})"
    edit = beside(subject, statement, line, before=before)
    if _does_nothing(statement):
        edit = ReplaceExpression(subject.span(statement), line)
    return Fix("unsafe", f"wait {interval(subject)} s in each turn", (*call.edits, edit))


def _instant(loop: PollLoop) -> ast.expr | None:
    """The zero of the loop's only sleep."""
    match list(loop.sleeps.items()):
        case [(ast.Call(args=[ast.Constant() as seconds]), Known(0))]:
            return seconds
    return None


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
    return False


def _place(subject: Subject, loop: PollLoop) -> tuple[ast.stmt, bool] | None:
    """The statement beside which to wait, and whether before it."""
    if isinstance(loop.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    polls = subject.case.module.polling.polls
    direct = [
        statement
        for statement in loop.node.body
        if not isinstance(statement, ast.If | ast.While | ast.For | ast.AsyncFor | ast.Match)
        and any(node in polls for node in ast.walk(statement))
    ]
    tested = isinstance(loop.node, ast.While) and not isinstance(loop.node.test, ast.Constant)
    if direct and tested:
        return direct[0], True
    last = loop.node.body[-1]
    goes_on = any(isinstance(node, ast.Continue) for node in own_nodes(loop.node))
    if not goes_on and not isinstance(last, ast.Return | ast.Raise | ast.Break):
        return last, False
    return (direct[0], True) if direct else None
