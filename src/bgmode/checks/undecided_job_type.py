"""BGM207: a job type is named and its name cannot be seen."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def undecided_job_type(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        annotation = subject.case.annotation(call)
        if annotation is None or annotation.name is not None or not annotation.certain:
            continue
        if any(True for _ in subject.case.module.annotations.callers(call)):
            continue  # a wrapper: its callers are judged
        here = annotation.path == subject.source.path and annotation.span is not None
        yield subject.finding(
            annotation.span if here and annotation.span is not None else call.anchor,
            f"the job type of this call is named by {annotation.level} and its value cannot be "
            "seen: use a constant of the project, or name it in a comment at the call",
        )
