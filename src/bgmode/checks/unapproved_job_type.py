"""BGM204: a job type under review without an approval in force."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.approvals import without_approval
from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def unapproved_job_type(subject: Subject) -> Iterator[Finding]:
    for judged, job_type, expired in without_approval(subject, "review"):
        notes = [subject.policy_note("to be reviewed, says the policy here", job_type.line)]
        notes += [
            subject.policy_note(f"approved by {approval.by} until {approval.until}", approval.line)
            for approval in expired
        ]
        state = "its approval has expired" if expired else "no approval covers this call"
        yield subject.finding(
            judged.place,
            f"this call {judged.call.verb}, and jobs of type `{job_type.name}` need an approval "
            f"for that: {state}",
            notes=notes,
        )
