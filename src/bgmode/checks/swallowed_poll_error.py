"""BGM308: a poll loop that never ends once every poll raises."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def swallowed_poll_error(subject: Subject) -> Iterator[Finding]:
    polling = subject.case.module.polling
    for loop in subject.loops:
        at = polling.swallowing(loop)
        if at is None:
            continue
        notes = (
            [] if at is loop.node else [subject.note("this loop goes on for ever then", loop.node)]
        )
        yield subject.finding(
            at,
            f"this {loop.noun} never ends if every poll raises from now on: once the response is "
            f"gone, retrieve raises {loop.provider.gone} for good, and that is swallowed here",
            notes=notes,
        )
