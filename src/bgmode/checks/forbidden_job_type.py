"""BGM203: a job type whose decision is ``deny``."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.unapproved_job_type import approvals_of
from bgmode.finding import Finding


def forbidden_job_type(subject: Subject) -> Iterator[Finding]:
    for judged in subject.case.judged:
        job_type = subject.policy.job_types.get(judged.name)
        if job_type is None or job_type.background != "deny":
            continue
        approvals = approvals_of(subject, judged, job_type)
        if any(not approval.is_expired(subject.case.today) for approval in approvals):
            continue
        why = f": {job_type.reason}" if job_type.reason else ""
        instead = f"; its fallback is {job_type.fallback}" if job_type.fallback else ""
        yield subject.finding(
            judged.place,
            f"this call {judged.call.verb}, and the policy denies that to jobs of type "
            f"`{job_type.name}`{why}{instead}",
            notes=[subject.policy_note("denied here", job_type.line)],
        )
