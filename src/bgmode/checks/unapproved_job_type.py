"""BGM204: a job type under review without an approval in force."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Note
from bgmode.model.calls import BackgroundCall
from bgmode.policy.policy import Approval, JobType


def unapproved_job_type(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        job_type = subject.case.job_type(call)
        if job_type is None or job_type.background != "review":
            continue
        covering = _covering(subject, call, job_type)
        if any(not approval.is_expired(subject.case.today) for approval in covering):
            continue
        notes = [subject.policy_note("to be reviewed, says the policy here", job_type.line)]
        notes += _expired(subject, covering)
        state = "its approval has expired" if covering else "no approval covers this call"
        yield subject.finding(
            call.anchor,
            f"this call {call.verb}, and jobs of type `{job_type.name}` need an approval for "
            f"that: {state}",
            notes=notes,
        )


def _covering(subject: Subject, call: BackgroundCall, job_type: JobType) -> list[Approval]:
    path = subject.policy.relative(subject.source.path)
    symbol = subject.case.symbol(call.node)
    approvals = subject.policy.approvals
    return [approval for approval in approvals if approval.covers(job_type.name, path, symbol)]


def _expired(subject: Subject, approvals: list[Approval]) -> list[Note]:
    return [
        subject.policy_note(f"approved by {approval.by} until {approval.until}", approval.line)
        for approval in approvals
    ]
