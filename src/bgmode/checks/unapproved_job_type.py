"""BGM204: a job type under review without an approval in force."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.approvals import asked, ending
from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def unapproved_job_type(subject: Subject) -> Iterator[Finding]:
    for each in asked(subject.case, "review"):
        if each.in_force:
            yield from ending(subject, each)
            continue
        notes = [subject.policy_note("to be reviewed, says the policy here", each.job_type)]
        notes += [
            subject.policy_note(f"approved by {approval.by} until {approval.until}", approval)
            for approval in each.approvals
        ]
        state = "its approval has expired" if each.approvals else "no approval covers this call"
        yield subject.finding(
            each.judged.place,
            f"this call {each.judged.call.verb}, and jobs of type `{each.job_type.name}` need an "
            f"approval for that: {state}",
            notes=notes,
        )
