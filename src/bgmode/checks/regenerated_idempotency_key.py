"""BGM402: a retried background call whose idempotency key is made anew for each attempt."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.missing_idempotency_key import retries, retry_notes, unsupported_arguments
from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.calls import BackgroundCall
from bgmode.model.keys import fresh_key
from bgmode.model.retries import Retry


def regenerated_idempotency_key(subject: Subject) -> Iterator[Finding]:
    for call in subject.requests:
        if unsupported_arguments(call):
            continue
        for made, retry in _made_anew(subject, call).items():
            yield subject.finding(
                made,
                f"{retry.kind} tries this call again with another idempotency key each time, so "
                "nothing can recognise the retry: make the key outside of what is tried again",
                notes=[
                    subject.note(f"this call {call.verb}", call.node),
                    *retry_notes(subject, retry),
                ],
            )


def _made_anew(subject: Subject, call: BackgroundCall) -> dict[ast.expr, Retry]:
    """What makes the key another one each time, with the nearest retry for which it does."""
    found: dict[ast.expr, Retry] = {}
    for retry in retries(subject, call):
        made = fresh_key(call, retry, subject.policy.idempotency.metadata_keys)
        if made is not None:
            found.setdefault(made, retry)
    return found
