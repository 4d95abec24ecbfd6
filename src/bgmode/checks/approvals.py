"""Which calls need an approval that is not there; shared by BGM203 and BGM204."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Judged, Subject
from bgmode.policy.policy import Approval, Decision, JobType


def without_approval(
    subject: Subject, decision: Decision
) -> Iterator[tuple[Judged, JobType, list[Approval]]]:
    """The calls of job types with that decision, and the approvals that have expired for them."""
    for judged in subject.case.judged:
        job_type = subject.policy.job_types.get(judged.name)
        if job_type is None or job_type.background != decision:
            continue
        approvals = _covering(subject, judged, job_type)
        if all(approval.is_expired(subject.case.today) for approval in approvals):
            yield judged, job_type, approvals


def _covering(subject: Subject, judged: Judged, job_type: JobType) -> list[Approval]:
    path = subject.policy.relative(subject.source.path)
    symbols = {subject.case.symbol(judged.place), subject.case.symbol(judged.call.node)}
    return [
        approval
        for approval in subject.policy.approvals
        if any(approval.covers(job_type.name, path, symbol) for symbol in symbols)
    ]
