"""BGM304: a poll loop that is left while the job still runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import operand
from bgmode.english import listed
from bgmode.finding import Finding, Fix, ReplaceExpression
from bgmode.flow.values import Known
from bgmode.model.polling import PollLoop, own_nodes


def premature_poll_exit(subject: Subject) -> Iterator[Finding]:
    for loop in subject.loops:
        if loop.premature:
            running = listed(f"`{status}`" for status in loop.provider.running)
            yield subject.finding(
                loop.node,
                f"this {loop.noun} is left while the response is still {listed(loop.premature)}, "
                f"as if it had ended: a response runs while it is {running}",
                fix=_fix(subject, loop),
            )


def _fix(subject: Subject, loop: PollLoop) -> Fix | None:
    """Ask for every running status where the loop asks for some of them."""
    found = [
        node
        for node in own_nodes(loop.node)
        if isinstance(node, ast.Compare) and _asks_for_some(subject, loop, node)
    ]
    if len(found) != 1:
        return None
    (test,) = found
    text = operand(subject, test.left)
    word = "in" if isinstance(test.ops[0], ast.Eq | ast.In) else "not in"
    running = ", ".join(f'"{status}"' for status in loop.provider.running)
    edit = ReplaceExpression(subject.span(test), f"{text} {word} {{{running}}}")
    message = f"go on while the status is {listed(loop.provider.running)}"
    return Fix("unsafe", message, (edit,), reveals=frozenset({"BGM303", "BGM305"}))


def _asks_for_some(subject: Subject, loop: PollLoop, test: ast.Compare) -> bool:
    """Whether a comparison names some running statuses and not all."""
    match test:
        case ast.Compare(
            ops=[ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn()], comparators=[other]
        ):
            value = subject.case.module.annotations.constant(other)
            words = value.value if isinstance(value, Known) else ()
            named = {words} if isinstance(words, str) else set(words or ())
            return bool(named) and named < set(loop.provider.running)
    return False
