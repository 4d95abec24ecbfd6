"""BGM307: a poll loop that tests a status it never refreshes."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding

_DROPPED = (
    "the answer of this poll is dropped, and the loop goes on testing an older response: assign it "
    "to the name that is tested"
)
_NEVER = (
    "this loop tests a status that nothing in it refreshes: test what retrieve answers in each turn"
)


def stale_poll(subject: Subject) -> Iterator[Finding]:
    for stale in subject.case.module.stale_loops:
        yield subject.finding(stale.node, _DROPPED if stale.dropped is not None else _NEVER)
