"""BGM406: a background call that the client itself sends again, without an idempotency header."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.missing_idempotency_key import evidence, unsupported_arguments
from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.calls import BackgroundCall
from bgmode.model.client_retries import client_retries, option_set
from bgmode.model.keys import header_evidence


def client_retried_create(subject: Subject) -> Iterator[Finding]:
    for call in subject.requests:
        if call.provider in subject.case.module.provider.wrappers:
            continue  # nothing is known of how a gateway tries again
        if unsupported_arguments(call) or evidence(subject.policy, call) != "given":
            continue
        if header_evidence(call) != "none":
            continue
        number = client_retries(call, subject.case.module.clients)
        if number is None or number > 0:
            header, option = call.provider.idempotency_header, call.provider.client_retries.option
            made = option_set(call)
            yield subject.finding_about(
                call,
                f"this call {call.verb} and {_how_often(call, number)}, without the header "
                f"`{header}`: send one in extra_headers, or give the client {option}=0",
                notes=[subject.note("the client is made here", made)] if made else [],
            )


def _how_often(call: BackgroundCall, number: int | None) -> str:
    retries = call.provider.client_retries
    if number is None:
        return f"its client may send it again ({retries.option} is {retries.default} unless set)"
    times = "once" if number == 1 else f"up to {number} times"
    return f"its client sends it again {times} when it fails"
