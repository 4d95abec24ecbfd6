"""BGM405: ``idempotency_key=`` is no parameter of the call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Edit, Finding, Fix, RemoveKeyword, SetItem, SetKeyword
from bgmode.model.calls import BackgroundCall
from bgmode.model.origins import Origin, origins


def unsupported_idempotency_argument(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        parameters = call.provider.parameters
        for name in parameters["unsupported"]:
            if name not in call.arguments.fields:
                continue
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
    at = subject.span(call.node)
    header = call.provider.idempotency_header
    value = subject.source.snippet(subject.span(origin.value))
    if "\n" in value:
        return None
    adding = _adding(subject, call, header, value)
    if adding is None:
        return None
    remove = RemoveKeyword(at, origin.node.arg or "")
    return Fix("safe", f"send it as the header `{header}`", (adding, remove))


def _adding(subject: Subject, call: BackgroundCall, header: str, value: str) -> Edit | None:
    parameter = call.provider.parameters["headers"]
    for keyword in call.node.keywords:
        if keyword.arg == parameter:
            if isinstance(keyword.value, ast.Dict):
                return SetItem(subject.span(keyword.value), header, value)
            return None
        if keyword.arg is None and call.argument("headers").presence != "omitted":
            return None
    name = call.provider.parameters["unsupported"][0]
    return SetKeyword(subject.span(call.node), parameter, f'{{"{header}": {value}}}', after=name)
