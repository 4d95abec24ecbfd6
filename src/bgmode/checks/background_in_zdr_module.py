"""BGM110: a background call in code that requires Zero Data Retention."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import without_background
from bgmode.finding import Finding, Fix
from bgmode.model.calls import BackgroundCall

_REVEALED = frozenset({"BGM112"})  # in the foreground the state that it stores is the next question


def background_in_zdr_module(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        required = subject.case.zdr(call)
        if required is None:
            continue
        job_type = subject.case.job_type(call)
        fallback = job_type.fallback if job_type else None
        instead = f"; the fallback of its job type is {fallback}" if fallback else ""
        yield subject.finding_about(
            call,
            f"this call {call.verb} in code that requires Zero Data Retention: the provider keeps "
            f"the response for about ten minutes at least{instead}",
            notes=[required],
            fix=_fix(subject, call),
        )


def _fix(subject: Subject, call: BackgroundCall) -> Fix | None:
    edits = without_background(subject, call)
    return Fix("unsafe", "remove `background`", edits, _REVEALED) if edits else None
