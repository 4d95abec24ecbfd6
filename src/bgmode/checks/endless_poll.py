"""BGM301: a poll loop that some terminal status never ends."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.loop_fix import loop_fix, loop_notes
from bgmode.checks.subject import Subject
from bgmode.english import listed
from bgmode.finding import Finding


def endless_poll(subject: Subject) -> Iterator[Finding]:
    for loop in subject.loops:
        if loop.endless:
            yield subject.finding(
                loop.node,
                f"this {loop.noun} never ends once the response is {listed(loop.endless)}: nothing "
                "leaves it then, it polls for ever",
                notes=loop_notes(subject, loop),
                fix=loop_fix(subject, loop),
            )
