"""BGM404: a background call that is tried again without a stable idempotency key."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.background_reachable_from_zdr import path_notes
from bgmode.checks.missing_idempotency_key import (
    far_retried,
    first_retry,
    is_unkeyed,
    retry_notes,
)
from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def retried_create(subject: Subject) -> Iterator[Finding]:
    yield from _near(subject)
    yield from _far(subject)


def _near(subject: Subject) -> Iterator[Finding]:
    for call in subject.requests:
        retry = first_retry(subject, call) if is_unkeyed(subject.policy, call) else None
        if retry is not None:
            header = call.provider.idempotency_header
            yield subject.finding_about(
                call,
                f"{retry.kind} tries this call again and it {call.verb}: each attempt may start "
                f"another job; make one `{header}` outside the retry and send it with each attempt",
                notes=retry_notes(subject, retry),
            )


def _far(subject: Subject) -> Iterator[Finding]:
    """Calls that come to a background call of another module."""
    for far, end in far_retried(subject):
        if not is_unkeyed(subject.policy, end):
            continue
        header, function = end.provider.idempotency_header, far.way.steps[-1].function.name
        yield subject.finding(
            far.call,
            f"{far.retry.kind} tries this call again, which comes to a background call in "
            f"{function}: each attempt may start another job; make one `{header}` outside the "
            "retry and hand it on",
            notes=[*retry_notes(subject, far.retry), *path_notes(subject, far.way)],
        )
