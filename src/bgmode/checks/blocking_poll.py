"""BGM306: a poll loop in an async function that blocks the event loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import sleep
from bgmode.finding import Finding, Fix, ReplaceExpression


def blocking_poll(subject: Subject) -> Iterator[Finding]:
    for call, kind in subject.case.module.polling.blocking:
        yield subject.finding(
            call,
            f"{kind} in the poll loop of an async function blocks the event loop: "
            f"{_instead(subject, call, kind)}",
            fix=_fix(subject, call) if kind == "time.sleep" else None,
        )


def _instead(subject: Subject, call: ast.Call, kind: str) -> str:
    if kind != "time.sleep":
        return "use the asynchronous one and await it"
    written = sleep(subject, call, in_async=True)
    return f"`{written.text if written else 'await asyncio.sleep'}` instead"


def _fix(subject: Subject, call: ast.Call) -> Fix | None:
    written = sleep(subject, call, in_async=True)
    if written is None or call.keywords or len(call.args) != 1:
        return None
    above = subject.case.module.names.ancestors(call)
    if any(isinstance(node, ast.GeneratorExp | ast.Lambda) for node in above):
        return None  # awaiting there would make it another thing
    edit = ReplaceExpression(subject.span(call.func), written.text)
    return Fix("unsafe", f"write `{written.text}`", (*written.edits, edit))
