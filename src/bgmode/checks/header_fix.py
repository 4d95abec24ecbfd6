"""How a fix sends an idempotency key: as a header of the call."""

from __future__ import annotations

import ast

from bgmode.checks.subject import Subject
from bgmode.finding import Edit, RemoveKeyword, ReplaceExpression, SetItem, SetKeyword
from bgmode.model.calls import BackgroundCall
from bgmode.model.keys import key_evidence


def header_edits(
    subject: Subject, call: BackgroundCall, value: str, instead_of: ast.keyword | None = None
) -> tuple[Edit, ...]:
    """Into the headers that are there, or as new ones, in the place of ``instead_of`` if given.

    Nothing where the headers cannot be seen, or hold a key already: which one counts?
    """
    if call.operation.body_only:
        return ()
    parameter, header = call.provider.parameters["headers"], call.provider.idempotency_header
    for other in call.node.keywords:
        if other.arg == parameter:
            if not isinstance(other.value, ast.Dict) or _is_taken(call, other.value):
                return ()
            adding = SetItem(subject.span(other.value), header, value)
            return (adding, *_removal(subject, call, instead_of))
        if other.arg is None and call.argument("headers").presence != "omitted":
            return ()
    headers = f'{{"{header}": {value}}}'
    if instead_of is None:
        return (SetKeyword(subject.span(call.node), parameter, headers),)
    return (ReplaceExpression(subject.span(instead_of), f"{parameter}={headers}"),)


def _is_taken(call: BackgroundCall, headers: ast.Dict) -> bool:
    """Whether a dict has a key already, maybe in other letters or with nothing in it."""
    header = call.provider.idempotency_header.lower()
    spelt = [key.value for key in headers.keys if isinstance(key, ast.Constant)]
    return (
        any(str(name).lower() == header for name in spelt) or key_evidence(call, (), ()) != "none"
    )


def _removal(
    subject: Subject, call: BackgroundCall, keyword: ast.keyword | None
) -> tuple[Edit, ...]:
    if keyword is None:
        return ()
    return (RemoveKeyword(subject.span(call.node), keyword.arg or ""),)
