"""BGM112: stored state in the foreground, in code that requires Zero Data Retention."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import without
from bgmode.english import listed
from bgmode.finding import Edit, Finding, Fix, ReplaceExpression
from bgmode.model.calls import CreateCall
from bgmode.model.origins import Origin
from bgmode.model.polling import place
from bgmode.model.stored import StoredState, kept_state, used_state


def stored_state_in_zdr_module(subject: Subject) -> Iterator[Finding]:
    for call in subject.case.module.calls.foreground:
        required = subject.case.zdr(call)
        if required is None:
            continue
        kept, used = kept_state(call), list(used_state(call))
        states = [kept, *used] if kept is not None else used
        if states:
            yield subject.finding(
                _first(call, states),
                _message(kept, used),
                notes=[required],
                fix=_fix(subject, call, kept, used),
            )


def _first(call: CreateCall, states: list[StoredState]) -> ast.AST:
    written = [origin.node for state in states for origin in state.origins]
    return min(written, key=place) if written else call.node


def _message(kept: StoredState | None, used: list[StoredState]) -> str:
    names = [f"`{kept.name}=True`"] if kept is not None else []
    names += [f"`{state.name}`" for state in used]
    effects = ["the provider keeps the response"] if kept is not None else []
    effects += ["it goes on with what the provider has stored"] if used else []
    ways = [f"`{kept.name}=False`"] if kept is not None else []
    ways += ["the earlier input itself"] if used else []
    return (
        f"this call has {listed(names, 'and')} in code that requires Zero Data Retention: "
        f"{' and '.join(effects)}; send {' and '.join(ways)}"
    )


def _fix(
    subject: Subject, call: CreateCall, kept: StoredState | None, used: list[StoredState]
) -> Fix | None:
    edits: list[Edit] = []
    for state in used:
        edits += [without(subject, origin, state.name) for origin in state.origins]
    words = [f"remove `{state.name}`" for state in used]
    if kept is not None:
        if any(_is_parameter(call, origin) for origin in kept.origins):
            return None
        edits += [ReplaceExpression(subject.span(origin.value), "False") for origin in kept.origins]
        words.insert(0, f"write `{kept.name}=False`")
    states = [*used, kept] if kept is not None else used
    if not all(state.origins for state in states):
        return None
    return Fix("unsafe", " and ".join(words), tuple(edits))


def _is_parameter(call: CreateCall, origin: Origin) -> bool:
    """Whether the caller may say another value: replacing it would take that away."""
    match origin.value:
        case ast.Name(id=name):
            scope = call.names.defining_scope(name, origin.value)
            bindings = scope.bindings[name] if scope is not None else []
            return any(isinstance(binding.node, ast.arg) for binding in bindings)
    return False
