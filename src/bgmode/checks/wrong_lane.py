"""BGM208: a call that takes another lane than its job type."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.approvals import asked
from bgmode.checks.subject import Judged, Subject
from bgmode.finding import Finding
from bgmode.model.calls import BackgroundCall
from bgmode.policy.policy import JobType


def wrong_lane(subject: Subject) -> Iterator[Finding]:
    refused = list(_refused(subject))
    for judged in subject.case.judged:
        job_type = subject.policy.job_types.get(judged.name)
        if job_type is None or judged in refused or not _is_wrong(job_type, judged.call):
            continue
        yield subject.finding(
            judged.place,
            f"this call {judged.call.verb}, and jobs of type `{judged.name}` are "
            f"{job_type.interaction}, says the policy",
            notes=[subject.policy_note("its lane", job_type)],
        )
    yield from _in_the_foreground(subject)


def _refused(subject: Subject) -> Iterator[Judged]:
    """Calls that BGM203 or BGM204 speaks of: they may not run there at all."""
    for each in (*asked(subject.case, "deny"), *asked(subject.case, "review")):
        if not each.in_force:
            yield each.judged


def _is_wrong(job_type: JobType, call: BackgroundCall) -> bool:
    if job_type.interaction == "streaming":  # a background response can be streamed
        if call.operation.streams:
            return False
        return call.argument("stream").presence == "omitted" or call.argument("stream").is_false
    return job_type.interaction == "synchronous"


def _in_the_foreground(subject: Subject) -> Iterator[Finding]:
    for call in subject.case.module.calls.foreground:
        job_type = subject.case.job_type(call)
        if job_type is None or not job_type.require or job_type.interaction != "background":
            continue
        if call.operation.kind == "create" and call.argument("background").presence != "hidden":
            yield subject.finding(
                call.node,
                f"jobs of type `{job_type.name}` must run in the background, says the policy, and "
                "this call does not",
                notes=[subject.policy_note("its lane", job_type)],
            )
