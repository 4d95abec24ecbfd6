"""BGM402: a retried background call whose idempotency key is made anew for each attempt."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.background_reachable_from_zdr import path_notes
from bgmode.checks.missing_idempotency_key import (
    far_retried,
    retries,
    retry_notes,
    unsupported_arguments,
)
from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.calls import BackgroundCall
from bgmode.model.keys import fresh_key, key_made_inside
from bgmode.model.retries import Retry


def regenerated_idempotency_key(subject: Subject) -> Iterator[Finding]:
    yield from _near(subject)
    yield from _far(subject)


def _near(subject: Subject) -> Iterator[Finding]:
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


def _far(subject: Subject) -> Iterator[Finding]:
    """Calls that come to a background call of another module, which makes its key itself."""
    for far, end in far_retried(subject):
        made = key_made_inside(end, subject.policy.idempotency.metadata_keys)
        if made is None or unsupported_arguments(end):
            continue
        yield subject.finding(
            far.call,
            f"{far.retry.kind} tries this call again, and {far.way.steps[-1].function.name} makes "
            "another idempotency key each time, so nothing can recognise the retry: make the key "
            "outside of what is tried again and hand it on",
            notes=[
                *retry_notes(subject, far.retry),
                *path_notes(subject, far.way),
                subject.case.note_anywhere("the key is made here", made),
            ],
        )
