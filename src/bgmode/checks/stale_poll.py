"""BGM307: a poll loop that tests a status it never refreshes."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def stale_poll(subject: Subject) -> Iterator[Finding]:
    for stale in subject.case.module.polling.stale:
        if stale.dropped:
            message = (
                f"the answer of this poll is dropped, and the loop goes on testing `{stale.name}`: "
                f"assign it to `{stale.name}`"
            )
        else:
            message = (
                f"the loop tests `{stale.name}`, which nothing in the loop refreshes: retrieve the "
                "response in each turn"
            )
        yield subject.finding(stale.node, message)
