"""BGM311: an exception of a poll ends the wait, and nothing knows the job any more."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.abandoned import unguarded


def unguarded_poll(subject: Subject) -> Iterator[Finding]:
    for wait, poll in unguarded(subject.case.module.polling):
        if wait.call in subject.requests:
            yield subject.finding(
                poll,
                "if this poll raises, the wait ends and nothing has recorded the job: catch the "
                "exception, or keep the response's id before",
                notes=subject.created(wait.call),
            )
