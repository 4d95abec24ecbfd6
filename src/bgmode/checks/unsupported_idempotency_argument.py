"""BGM405: ``idempotency_key=`` is no parameter of the call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.missing_idempotency_key import unsupported_arguments
from bgmode.checks.subject import Subject
from bgmode.finding import Edit, Finding, Fix, RemoveKeyword, ReplaceExpression, SetItem
from bgmode.flow.values import Known
from bgmode.model.calls import BackgroundCall
from bgmode.model.keys import key_evidence
from bgmode.model.origins import Origin, origins


def unsupported_idempotency_argument(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        parameters = call.provider.parameters
        for name in unsupported_arguments(call):
            written = origins(call.names, call.node, name, parameters["body"])
            header = call.provider.idempotency_header
            yield subject.finding(
                written[0].node if written else call.node,
                f"`{name}` is no parameter of {'.'.join(call.operation.path)}, which raises "
                f"TypeError: send it as the header `{header}` in extra_headers",
                fix=_fix(subject, call, written[0]) if written else None,
            )


def _fix(subject: Subject, call: BackgroundCall, origin: Origin) -> Fix | None:
    if origin.holder is not call.node or not isinstance(origin.node, ast.keyword):
        return None
    if isinstance(origin.value, ast.NamedExpr | ast.Yield | ast.YieldFrom):
        return None
    header = call.provider.idempotency_header
    held = call.arguments.fields.get(origin.node.arg or "")
    if isinstance(held, Known) and not isinstance(held.value, str):
        return None  # no header can hold it
    value = subject.source.written(subject.span(origin.value))
    edits = _edits(subject, call, origin.node, f'"{header}": {value}')
    return Fix("safe", f"send it as the header `{header}`", edits) if edits else None


def _edits(
    subject: Subject, call: BackgroundCall, keyword: ast.keyword, entry: str
) -> tuple[Edit, ...]:
    """Into the headers that are there, or in the keyword's place as new ones."""
    parameter = call.provider.parameters["headers"]
    for other in call.node.keywords:
        if other.arg == parameter:
            if not isinstance(other.value, ast.Dict):
                return ()
            name, _, value = entry.partition(": ")
            if key_evidence(call, (), ()) != "none":
                return ()  # there is a key already: which one counts?
            adding = SetItem(subject.span(other.value), name.strip('"'), value)
            return (adding, RemoveKeyword(subject.span(call.node), keyword.arg or ""))
        if other.arg is None and call.argument("headers").presence != "omitted":
            return ()
    return (ReplaceExpression(subject.span(keyword), f"{parameter}={{{entry}}}"),)
