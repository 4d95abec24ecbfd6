"""BGM102: ``store=False`` with ``background=True``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import without_background
from bgmode.finding import Finding, Fix, ReplaceExpression
from bgmode.model.calls import BackgroundCall
from bgmode.model.origins import Origin


def disabled_store(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        if not call.argument("store").is_false or subject.case.zdr(call) is not None:
            continue
        names = call.provider.parameters
        store, background = names["store"], names["background"]
        ways_out = (
            f"either allow the response to be kept (`{store}=True`), or drop `{background}=True`"
        )
        if store in call.provider.defaults:
            ways_out = f"the policy says that `{call.provider.name}` does so by itself"
        found = call.origins("store")
        written = [origin for origin in found if _is_false(origin.value)] or found
        yield subject.finding(
            written[0].node if written else call.anchor,
            f"`{store}=False` on a call that {call.verb}: the provider rejects it or drops the "
            f"result after about ten minutes; {ways_out}",
            notes=[subject.note("background is set here", call.anchor)] if written else (),
            fix=Fix("display", ways_out, alternatives=tuple(_ways(subject, call, found))),
        )


def _ways(subject: Subject, call: BackgroundCall, found: list[Origin]) -> Iterator[Fix]:
    """To let the response be kept, and to stay in the foreground."""
    false = [origin.value for origin in found if _is_false(origin.value)]
    if false and len(false) == len(found):
        edits = tuple(ReplaceExpression(subject.span(value), "True") for value in false)
        yield Fix("display", f"write `{call.provider.parameters['store']}=True`", edits)
    removed = without_background(subject, call)
    if removed:
        yield Fix("display", f"remove `{call.provider.parameters['background']}`", removed)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
