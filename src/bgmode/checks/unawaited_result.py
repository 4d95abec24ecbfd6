"""BGM502: output is read from a response that no poll has brought to an end."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding


def unawaited_result(subject: Subject) -> Iterator[Finding]:
    for result in subject.case.module.results.read:
        if result.unawaited:
            yield subject.finding(
                result.node,
                f"`{result.field}` is read from the response that create gave, when the job has "
                "only been queued: poll until it has ended and read what the poll gives",
                notes=subject.notes("the response comes from here", result.comes_from),
            )
