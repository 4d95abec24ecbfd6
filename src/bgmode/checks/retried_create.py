"""BGM404: a background call that is tried again without a stable idempotency key."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.missing_idempotency_key import (
    evidence,
    first_retry,
    retry_notes,
    unsupported_arguments,
)
from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def retried_create(subject: Subject) -> Iterator[Finding]:
    for call in subject.requests:
        if unsupported_arguments(call) or evidence(subject.policy, call) != "none":
            continue
        retry = first_retry(subject, call)
        if retry is not None:
            header = call.provider.idempotency_header
            yield subject.finding_about(
                call,
                f"{retry.kind} tries this call again and it {call.verb}: each attempt may start "
                f"another job; make one `{header}` outside the retry and send it with each attempt",
                notes=retry_notes(subject, retry),
            )
