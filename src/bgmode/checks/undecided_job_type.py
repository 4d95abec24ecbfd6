"""BGM207: a job type is named and its name cannot be seen."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding

_MESSAGE = (
    "the job type of this call is named by {level} and its value cannot be seen: use a constant "
    "of the project, or name it in a comment at the call"
)


def undecided_job_type(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        annotation = subject.case.annotation(call)
        if annotation is None or annotation.name is not None or not annotation.certain:
            continue
        callers = list(subject.case.module.annotations.callers(call))
        for _, given in callers:  # of a wrapper: they are judged instead of it
            if given.name is None and given.span is not None:
                yield subject.finding(given.span, _MESSAGE.format(level=given.level))
        if not callers:
            here = annotation.path == subject.source.path and annotation.span is not None
            at = annotation.span if here and annotation.span is not None else call.anchor
            yield subject.finding(at, _MESSAGE.format(level=annotation.level))
