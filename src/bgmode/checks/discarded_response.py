"""BGM501: a background call whose response, and with it the id, is lost."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.calls import BackgroundCall
from bgmode.model.lifecycle import lost


def discarded_response(subject: Subject) -> Iterator[Finding]:
    for call in subject.requests:
        loss = lost(call)
        if loss is None or _answered_by_webhook(subject, call):
            continue
        kind, name = loss
        how = "nothing takes its value" if kind == "unused" else f"nothing reads `{name}`"
        yield subject.finding(
            call.node,
            f"this call {call.verb} and the response's id is lost, {how}: keep the id, or nobody "
            "can retrieve or cancel the job",
            notes=subject.notes("background is set here", call.set_at),
        )


def _answered_by_webhook(subject: Subject, call: BackgroundCall) -> bool:
    job_type = subject.case.job_type(call)
    return job_type is not None and job_type.retrieval == "webhook"
