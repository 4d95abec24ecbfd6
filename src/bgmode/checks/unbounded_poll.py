"""BGM303: a poll loop that nothing but the status can end."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def unbounded_poll(subject: Subject) -> Iterator[Finding]:
    for loop in subject.loops:
        if loop.is_unbounded:
            yield subject.finding(
                loop.node,
                f"nothing but the response's status can end this {loop.noun}: give it a deadline "
                "or a greatest number of polls",
                notes=[
                    subject.note("this caller sets a time limit, another one may not", use)
                    for use in subject.case.module.polling.timed_uses(loop)
                ],
            )
