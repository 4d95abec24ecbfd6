"""BGM402: a retried background call whose idempotency key is made anew for each attempt."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.missing_idempotency_key import first_retry, unsupported_arguments
from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.keys import fresh_key


def regenerated_idempotency_key(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        retry = None if unsupported_arguments(call) else first_retry(call)
        made = fresh_key(call, retry) if retry is not None else None
        if retry is not None and made is not None:
            yield subject.finding(
                made,
                f"{retry.kind} tries this call again with another idempotency key each time, so "
                "nothing can recognise the retry: make the key outside of what is tried again",
                notes=[
                    subject.note(f"this call {call.verb}", call.node),
                    subject.note("tried again here", retry.node),
                ],
            )
