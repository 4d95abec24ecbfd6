"""BGM110: a background call in code that requires Zero Data Retention."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Edit, Finding, Fix, RemoveItem, RemoveKeyword, RemoveStatement
from bgmode.model.calls import BackgroundCall
from bgmode.model.origins import Origin, origins


def background_in_zdr_module(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        required = subject.case.zdr(call)
        if required is None:
            continue
        job_type = subject.case.job_type(call)
        fallback = job_type.fallback if job_type else None
        instead = f"; the fallback of its job type is {fallback}" if fallback else ""
        yield subject.finding(
            call.anchor,
            f"this call {call.verb} in code that requires Zero Data Retention: the provider keeps "
            f"the response for about ten minutes at least{instead}",
            notes=[required],
            fix=_fix(subject, call),
        )


def _fix(subject: Subject, call: BackgroundCall) -> Fix | None:
    parameters = call.provider.parameters
    edits = tuple(
        _without(subject, origin, name)
        for name in (parameters["background"], *parameters["background_only"])
        for origin in origins(call.names, call.node, name, parameters["body"])
    )
    return Fix("unsafe", "remove `background`", edits) if edits else None


def _without(subject: Subject, origin: Origin, name: str) -> Edit:
    at = subject.span(origin.holder)
    match origin.holder:
        case ast.Call():
            return RemoveKeyword(at, name)
        case ast.Dict():
            return RemoveItem(at, name)
        case _:
            return RemoveStatement(at)
