"""BGM204: a job type under review without an approval in force."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Judged, Subject
from bgmode.finding import Finding
from bgmode.policy.policy import Approval, JobType


def unapproved_job_type(subject: Subject) -> Iterator[Finding]:
    for judged in subject.case.judged:
        job_type = subject.policy.job_types.get(judged.name)
        if job_type is None or job_type.background != "review":
            continue
        approvals = approvals_of(subject, judged, job_type)
        if any(not approval.is_expired(subject.case.today) for approval in approvals):
            continue
        notes = [subject.policy_note("to be reviewed, says the policy here", job_type.line)]
        notes += [
            subject.policy_note(f"approved by {approval.by} until {approval.until}", approval.line)
            for approval in approvals
        ]
        state = "its approval has expired" if approvals else "no approval covers this call"
        yield subject.finding(
            judged.place,
            f"this call {judged.call.verb}, and jobs of type `{job_type.name}` need an approval "
            f"for that: {state}",
            notes=notes,
        )


def approvals_of(subject: Subject, judged: Judged, job_type: JobType) -> list[Approval]:
    """The approvals that speak of a call, expired ones too."""
    path = subject.policy.relative(subject.source.path)
    symbols = {subject.case.symbol(judged.place), subject.case.symbol(judged.call.node)}
    return [
        approval
        for approval in subject.policy.approvals
        if any(approval.covers(job_type.name, path, symbol) for symbol in symbols)
    ]
