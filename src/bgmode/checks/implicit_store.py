"""BGM101: a background call without an explicit ``store=True``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import (
    Applicability,
    Edit,
    Finding,
    Fix,
    InsertStatement,
    ReplaceExpression,
    SetItem,
    SetKeyword,
)
from bgmode.model.calls import BackgroundCall
from bgmode.model.origins import Origin
from bgmode.source import placed


def implicit_store(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        store = call.argument("store")
        if store.is_true or store.is_false or store.is_undecided:
            continue
        if subject.case.zdr(call) is not None:
            continue
        name = call.provider.parameters["store"]
        shown = f"{name} is not True" if store.presence == "given" else f"{name} is not set"
        yield subject.finding_about(
            call,
            f"this call {call.verb} and {shown}: how long the response is kept then depends on the "
            f"date and the project's data controls; write `{name}=True`",
            fix=_fix(subject, call),
        )


def _fix(subject: Subject, call: BackgroundCall) -> Fix | None:
    stored_state = subject.case.stored_state(call)
    if stored_state == "forbidden":
        return None
    applicability: Applicability = "safe" if stored_state == "allowed" else "unsafe"
    edit = _edit(subject, call)
    store = call.provider.parameters["store"]
    return Fix(applicability, f"add `{store}=True`", (edit,)) if edit else None


def _edit(subject: Subject, call: BackgroundCall) -> Edit | None:
    written = call.origins("store")
    if written:
        return ReplaceExpression(subject.span(written[-1].value), "True")
    places = [origin for origin in call.origins("background") if origin.node is call.anchor]
    return _beside(subject, call, places[0]) if places else None


def _beside(subject: Subject, call: BackgroundCall, origin: Origin) -> Edit | None:
    """Write ``store`` where ``background`` is written."""
    store, background = call.provider.parameters["store"], call.provider.parameters["background"]
    if origin.in_body and not (call.provider.body_only or call.operation.body_only):
        return SetKeyword(subject.span(call.node), store, "True")
    match origin.holder:
        case ast.Call():
            return SetKeyword(subject.span(origin.holder), store, "True", after=background)
        case ast.Dict():
            return SetItem(subject.span(origin.holder), store, "True", after=background)
        case ast.Assign(targets=[ast.Subscript(value=mapping, slice=key)]):
            source = subject.source
            quote = source.snippet(source.span(placed(key)))[:1]
            target = source.snippet(source.span(placed(mapping)))
            line = f"{target}[{quote}{store}{quote}] = True"
            return InsertStatement(subject.span(origin.holder), (line,))
    return None
