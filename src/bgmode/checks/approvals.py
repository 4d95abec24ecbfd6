"""Which calls need an approval, and whether it is there; shared by BGM203 and BGM204."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.checks.subject import Case, Judged, Subject
from bgmode.day import days_until
from bgmode.finding import Finding
from bgmode.policy.policy import SOON, Approval, Decision, JobType


@dataclass(frozen=True)
class Asked:
    """A call of a job type that needs an approval, and those that speak of it."""

    judged: Judged
    job_type: JobType
    approvals: tuple[Approval, ...]
    today: datetime.date

    @property
    def in_force(self) -> tuple[Approval, ...]:
        return tuple(each for each in self.approvals if not each.is_expired(self.today))

    @property
    def last_day(self) -> datetime.date | None:
        """The day after which no approval is in force; None where there is no such day."""
        days = [approval.until for approval in self.in_force]
        return max(day for day in days if day) if days and all(days) else None


def asked(case: Case, decision: Decision) -> Iterator[Asked]:
    """The calls of job types with that decision."""
    for judged in case.judged:
        job_type = case.policy.job_types.get(judged.name)
        if job_type is not None and job_type.background == decision:
            yield Asked(judged, job_type, case.approvals(judged), case.today)


def ending(subject: Subject, each: Asked) -> Iterator[Finding]:
    """A reminder that the last approval in force is about to expire."""
    last = each.last_day
    if last is None or last - subject.case.today > SOON:
        return
    notes = [
        subject.policy_note(f"approved by {approval.by} until {approval.until}", approval)
        for approval in each.in_force
    ]
    yield subject.finding(
        each.judged.place,
        f"the approval for jobs of type `{each.job_type.name}` ends on {last}, "
        f"{days_until(last, subject.case.today)}",
        notes=notes,
        severity="info",
    )
