"""BGM305: a poll loop that does not wait between polls."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def busy_poll(subject: Subject) -> Iterator[Finding]:
    for loop in subject.loops:
        if loop.waits is False:
            yield subject.finding(
                loop.node,
                f"this {loop.noun} does not wait between polls while the job runs: sleep in each "
                "turn",
            )
