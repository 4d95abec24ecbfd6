"""BGM304: a poll loop that is left while the job still runs."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject, listed
from bgmode.finding import Finding


def premature_poll_exit(subject: Subject) -> Iterator[Finding]:
    for loop in subject.loops:
        if loop.premature:
            running = listed(f"`{status}`" for status in loop.provider.running)
            yield subject.finding(
                loop.node,
                f"this {loop.noun} is left while the response is still {listed(loop.premature)}, "
                f"as if it had ended: a response runs while it is {running}",
            )
