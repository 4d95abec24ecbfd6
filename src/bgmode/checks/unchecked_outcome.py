"""BGM503: output is read after the wait, however the job has ended."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.english import listed
from bgmode.finding import Finding


def unchecked_outcome(subject: Subject) -> Iterator[Finding]:
    running = subject.case.module.provider.running
    for result in subject.case.module.results.read:
        if not result.unchecked:
            continue
        ended = listed(status for status in result.unchecked if status not in running)
        by_bound = any(status in running for status in result.unchecked)
        when = [f"if the response is {ended}"] if ended else []
        when += ["if the wait has ended by its bound"] if by_bound else []
        yield subject.finding(
            result.node,
            f"`{result.field}` is read {' and '.join(when)}, just as if it were completed: "
            "look at the status first",
            notes=subject.notes("the response comes from here", result.comes_from),
        )
