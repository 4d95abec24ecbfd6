"""BGM203: a job type whose decision is ``deny``."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.approvals import asked, ending
from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def forbidden_job_type(subject: Subject) -> Iterator[Finding]:
    for each in asked(subject.case, "deny"):
        if each.in_force:
            yield from ending(subject, each)
            continue
        job_type = each.job_type
        why = f": {job_type.reason}" if job_type.reason else ""
        instead = f"; its fallback is {job_type.fallback}" if job_type.fallback else ""
        yield subject.finding(
            each.judged.place,
            f"this call {each.judged.call.verb}, and the policy denies that to jobs of type "
            f"`{job_type.name}`{why}{instead}",
            notes=[subject.policy_note("denied here", job_type)],
        )
