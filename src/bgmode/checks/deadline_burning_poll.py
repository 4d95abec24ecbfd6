"""BGM302: a poll loop that some terminal status ends only by its bound."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.loop_fix import loop_fix, loop_notes
from bgmode.checks.subject import Subject
from bgmode.english import listed
from bgmode.finding import Finding


def deadline_burning_poll(subject: Subject) -> Iterator[Finding]:
    for loop in subject.loops:
        if loop.bounded:
            notes = loop_notes(subject, loop)
            notes += [subject.note("the bound is here", node) for node in loop.bounds[:3]]
            yield subject.finding(
                loop.node,
                f"once the response is {listed(loop.bounded)} this {loop.noun} goes on as if "
                "the job were running, until its bound ends it",
                notes=notes,
                fix=None if loop.endless else loop_fix(subject, loop),
            )
