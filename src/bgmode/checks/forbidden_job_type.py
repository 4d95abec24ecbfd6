"""BGM203: a job type whose decision is ``deny``."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def forbidden_job_type(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        job_type = subject.case.job_type(call)
        if job_type is None or job_type.background != "deny":
            continue
        if any(
            approval.covers(
                job_type.name,
                subject.policy.relative(subject.source.path),
                subject.case.symbol(call.node),
            )
            and not approval.is_expired(subject.case.today)
            for approval in subject.policy.approvals
        ):
            continue
        why = f": {job_type.reason}" if job_type.reason else ""
        instead = f"; its fallback is {job_type.fallback}" if job_type.fallback else ""
        yield subject.finding(
            call.anchor,
            f"this call {call.verb}, and the policy denies that to jobs of type `{job_type.name}`"
            f"{why}{instead}",
            notes=[subject.policy_note("denied here", job_type.line)],
        )
