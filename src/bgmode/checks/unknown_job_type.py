"""BGM202: a job type that the policy does not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from bgmode.checks.subject import Subject, listed
from bgmode.finding import Finding, Fix, ReplaceExpression
from bgmode.model.annotations import Annotation

_CLOSE = 0.75


def unknown_job_type(subject: Subject) -> Iterator[Finding]:
    known = list(subject.policy.job_types)
    seen: set[object] = set()
    for call in subject.calls:
        annotation = subject.case.annotation(call)
        if annotation is None or annotation.name is None or annotation.name in known:
            continue
        here = annotation.span is not None and annotation.path == subject.source.path
        written = annotation.literal or annotation.span
        at = written if here and written is not None else call.anchor
        if annotation.span in seen:
            continue
        seen.add(annotation.span)
        close = difflib.get_close_matches(annotation.name, known, n=2, cutoff=_CLOSE)
        hint = f"did you mean `{close[0]}`" if close else f"it has {listed(known, 'and')}"
        yield subject.finding(
            at,
            f"the policy has no job type `{annotation.name}` (named by {annotation.level}): {hint}",
            fix=_fix(subject, annotation, close),
        )


def _fix(subject: Subject, annotation: Annotation, close: list[str]) -> Fix | None:
    if annotation.literal is None or len(close) != 1:
        return None
    written = subject.source.snippet(annotation.literal)
    quote = written[-1:]
    if written != f"{quote}{annotation.name}{quote}":
        return None
    edit = ReplaceExpression(annotation.literal, f"{quote}{close[0]}{quote}")
    return Fix("safe", f"write `{close[0]}`", (edit,))
