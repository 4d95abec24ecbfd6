"""BGM207: a job type is named and its name cannot be seen."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Place
from bgmode.model.annotations import Annotation
from bgmode.model.calls import BackgroundCall
from bgmode.source import Span

_UNSEEN = (
    "the job type of this call is named by {level} and its value cannot be seen: use a constant "
    "of the project, or name it in a comment at the call"
)
_UNCALLED = (
    "the job type of this call is named by {level}, which callers give, and no caller is seen in "
    "the project: call it where that can be followed, or name the job type in a comment here"
)


def undecided_job_type(subject: Subject) -> Iterator[Finding]:
    wrappers = subject.case.module.wrappers
    for call in subject.calls:
        annotation = subject.case.annotation(call)
        if annotation is None or annotation.name is not None:
            continue
        wrapper = wrappers.around(call.node)
        if wrapper is not None or annotation.certain:
            at = _place(subject, call, annotation)
            yield from _findings(subject, at, annotation.level, wrapper)
    for told in subject.case.told:
        given = told.annotation
        if given.name is None and given.span is not None:
            wrapper = wrappers.around(told.caller) if told.hands_on else None
            yield from _findings(subject, given.span, given.level, wrapper)


def _findings(
    subject: Subject, at: ast.AST | Span, level: str, wrapper: Place | None
) -> Iterator[Finding]:
    """What is to be said of a name that cannot be seen; callers of a wrapper may tell it."""
    if wrapper is None:
        yield subject.finding(at, _UNSEEN.format(level=level))
    elif wrapper not in subject.case.module.wrappers.called:
        finding = subject.finding(at, _UNCALLED.format(level=level))
        yield dataclasses.replace(finding, pending=wrapper)


def _place(subject: Subject, call: BackgroundCall, annotation: Annotation) -> ast.AST | Span:
    is_here = annotation.path == subject.source.path
    return annotation.span if is_here and annotation.span is not None else call.anchor
