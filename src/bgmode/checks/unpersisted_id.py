"""BGM509: a wait for a background job whose id is nowhere but in memory."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.abandoned import unpersisted


def unpersisted_id(subject: Subject) -> Iterator[Finding]:
    for wait in unpersisted(subject.case.module.polling):
        if wait.call in subject.requests:
            yield subject.finding_about(
                wait.call,
                f"this call {wait.call.verb} and its response's id is only in memory during the "
                "wait: save or log it before the poll loop, so that the job can be found again if "
                "the process ends",
                notes=[subject.note("the wait is here", wait.loop.node)],
            )
