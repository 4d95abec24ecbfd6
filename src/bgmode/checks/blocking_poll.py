"""BGM306: a poll loop in an async function that blocks the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding

_INSTEAD = {
    "time.sleep": "await `asyncio.sleep` instead",
    "the synchronous client": "use the asynchronous one and await it",
}


def blocking_poll(subject: Subject) -> Iterator[Finding]:
    for call, kind in subject.case.module.polling.blocking:
        yield subject.finding(
            call,
            f"{kind} in the poll loop of an async function blocks the event loop: {_INSTEAD[kind]}",
        )
