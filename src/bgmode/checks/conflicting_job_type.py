"""BGM206: two annotations of one call that name different job types."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Note


def conflicting_job_type(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        pair = subject.case.module.annotations.conflict(call)
        if pair is None:
            continue
        one, other = pair
        yield subject.finding_about(
            call,
            f"this call {call.verb} and two job types are named for it: `{one.name}` by "
            f"{one.level}, `{other.name}` by {other.level}",
            notes=[Note(f"`{each.name}` here", each.path, each.span) for each in pair],
        )
