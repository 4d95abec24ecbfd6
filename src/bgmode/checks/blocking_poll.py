"""BGM306: a poll loop in an async function that blocks the event loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import sleep
from bgmode.finding import Finding, Fix, ReplaceExpression

_INSTEAD = {
    "time.sleep": "await `asyncio.sleep` instead",
    "the synchronous client": "use the asynchronous one and await it",
}


def blocking_poll(subject: Subject) -> Iterator[Finding]:
    for call, kind in subject.case.module.polling.blocking:
        yield subject.finding(
            call,
            f"{kind} in the poll loop of an async function blocks the event loop: {_INSTEAD[kind]}",
            fix=_fix(subject, call) if kind == "time.sleep" else None,
        )


def _fix(subject: Subject, call: ast.Call) -> Fix | None:
    written = sleep(subject, call, in_async=True)
    if written is None or call.keywords or len(call.args) != 1:
        return None
    seconds = subject.source.snippet(subject.span(call.args[0]))
    edit = ReplaceExpression(subject.span(call), f"{written.text}({seconds})")
    return Fix("unsafe", f"write `{written.text}`", (*written.edits, edit))
