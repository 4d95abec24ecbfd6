"""BGM202: a job type that the policy does not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.english import listed
from bgmode.finding import Applicability, Finding, Fix, ReplaceExpression
from bgmode.model.annotations import Annotation

_CLOSE = 0.75  # likeness from which a name may be meant
_ALMOST_EQUAL = 0.9  # and from which it is a slip of the hand


def unknown_job_type(subject: Subject) -> Iterator[Finding]:
    known = list(subject.policy.job_types)
    seen: set[object] = set()
    for judged in subject.case.judged:
        annotation = judged.annotation
        if judged.name in known:
            continue
        here = annotation.span is not None and annotation.path == subject.source.path
        written = annotation.literal or annotation.span
        at = written if here and written is not None else judged.place
        if annotation.span in seen:
            continue
        seen.add(annotation.span)
        close = difflib.get_close_matches(judged.name, known, n=2, cutoff=_CLOSE)
        hint = f"did you mean `{close[0]}`" if close else f"it has {listed(known, 'and')}"
        yield subject.finding(
            at,
            f"the policy has no job type `{judged.name}` (named by {annotation.level}): {hint}",
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
    likeness = difflib.SequenceMatcher(None, annotation.name or "", close[0]).ratio()
    grade: Applicability = "safe" if likeness >= _ALMOST_EQUAL else "unsafe"
    return Fix(grade, f"write `{close[0]}`", (edit,))
