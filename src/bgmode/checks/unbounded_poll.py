"""BGM303: a poll loop that nothing but the status can end."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject, listed
from bgmode.finding import Finding


def unbounded_poll(subject: Subject) -> Iterator[Finding]:
    polling = subject.case.module.polling
    for loop in subject.loops:
        if loop.is_unbounded:
            optional = listed(f"`{name}`" for name in polling.optional_bounds(loop))
            unless = f" unless {optional} is given" if optional else ""
            yield subject.finding(
                loop.node,
                f"nothing but the response's status can end this {loop.noun}{unless}: give it a "
                "deadline or a greatest number of polls",
                notes=[
                    subject.note("this caller sets a time limit, another one may not", use)
                    for use in polling.limits.timed_uses(loop.scope)
                ],
            )
