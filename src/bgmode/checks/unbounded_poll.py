"""BGM303: a poll loop that nothing but the status can end."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import beside, free_name, imported
from bgmode.english import listed
from bgmode.finding import Finding, Fix
from bgmode.model.polling import PollLoop


def unbounded_poll(subject: Subject) -> Iterator[Finding]:
    polling = subject.case.module.polling
    for loop in subject.loops:
        if loop.is_unbounded:
            optional = listed(f"`{name}`" for name in polling.optional_bounds(loop))
            unless = f" unless {optional} is given" if optional else ""
            yield subject.finding(
                loop.node,
                f"nothing but the response's status can end this {loop.noun}{unless}: give it a "
                "deadline or a greatest number of polls",
                notes=[
                    subject.note("this caller sets a time limit, another one may not", use)
                    for use in polling.limits.timed_uses(loop.scope)
                ],
                fix=None if optional else _fix(subject, loop),
            )


def _fix(subject: Subject, loop: PollLoop) -> Fix | None:
    """A deadline, where the policy says how long a wait may take."""
    longest = subject.policy.poll.max_wait
    if longest is None or not isinstance(loop.node, ast.While | ast.For | ast.AsyncFor):
        return None
    clock = imported(subject, "time", "monotonic", loop.node)
    if clock is None:
        return None
    deadline = free_name(subject, "deadline", loop.node)
    start = f"{deadline} = {clock.text}() + {longest:g}"
    stop = (
        f"if {clock.text}() > {deadline}:",
        f'    raise TimeoutError("the background response has not ended in {longest:g} s")',
    )
    return Fix(
        "unsafe",
        f"give up after {longest:g} s",
        (
            *clock.edits,
            beside(subject, loop.node, start, before=True),
            beside(subject, loop.node.body[0], *stop, before=True),
        ),
        reveals=frozenset({"BGM302", "BGM504"}),
    )
