"""BGM120: a wait between polls that may be longer than the response is kept."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.calls import BackgroundCall
from bgmode.model.retention import Delay, delays
from bgmode.model.sleeping import duration


def outlived_retention(subject: Subject) -> Iterator[Finding]:
    polling = subject.case.module.polling
    told: set[ast.Call] = set()
    for call in subject.requests if polling.polls else ():
        if not _may_be_gone(subject, call):
            continue
        for delay in delays(polling, call):
            if delay.seconds > call.provider.kept_seconds and delay.sleep not in told:
                told.add(delay.sleep)
                yield subject.finding(
                    duration(delay.sleep) or delay.sleep,
                    _message(call, delay),
                    notes=subject.created(call),
                )


def _may_be_gone(subject: Subject, call: BackgroundCall) -> bool:
    """Whether the call is certain not to say that the response is kept for longer."""
    store = call.argument("store")
    return not store.is_true and not store.is_undecided and subject.case.zdr(call) is None


def _message(call: BackgroundCall, delay: Delay) -> str:
    waits = (
        f"the first poll comes {delay.seconds:g} s after the create call"
        if delay.loop is None
        else f"this loop waits {delay.seconds:g} s between polls"
    )
    return (
        f"{waits}, and without `store=True` the response may be gone after "
        f"{call.provider.kept_seconds:g} s: poll sooner, or store the response"
    )
