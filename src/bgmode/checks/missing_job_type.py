"""BGM201: a background call whose job type is not named anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.english import listed
from bgmode.finding import Finding


def missing_job_type(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        if subject.case.annotation(call) is None:
            names = listed(f"`{name}`" for name in subject.policy.job_types)
            yield subject.finding_about(
                call,
                f"this call {call.verb} and its job type is not named: say "
                f"`# bgmode: job-type=NAME` with one of {names}",
            )
