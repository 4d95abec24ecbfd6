"""Idempotency keys: whether a call carries something by which a retry can be recognised."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Literal, TypeAlias

from bgmode.flow.names import FUNCTIONS, dotted, undecorated
from bgmode.flow.values import Known, Missing, Record, part
from bgmode.model.calls import BackgroundCall

Evidence: TypeAlias = Literal["given", "none", "hidden"]


def key_evidence(
    call: BackgroundCall, metadata_keys: Collection[str], decorators: Collection[str]
) -> Evidence:
    """Whether ``call`` carries a key: in its headers, its client's, its metadata, or around it."""
    found = {
        _in_headers(call),
        _in_client(call),
        _in_metadata(call, metadata_keys),
        _decorated(call, decorators),
    }
    if "given" in found:
        return "given"
    return "hidden" if "hidden" in found else "none"


def _in_headers(call: BackgroundCall) -> Evidence:
    headers = call.argument("headers")
    match headers.presence, headers.value:
        case "omitted", _:
            return "none"
        case "given", Known(None):
            return "none"
        case "given", Record(fields, rest):
            wanted = call.provider.idempotency_header.lower()
            for name, value in fields.items():
                if name.lower() == wanted and value not in (Known(None), Known("")):
                    return "none" if isinstance(value, Missing) else "given"
            return "none" if isinstance(rest, Missing) else "hidden"
        case _:
            return "hidden"


def _in_client(call: BackgroundCall) -> Evidence:
    wanted = call.provider.idempotency_header.lower()
    result: Evidence = "none"
    for made in call.client.made_by:
        for keyword in made.keywords:
            if keyword.arg is None:
                result = "hidden"
            if keyword.arg != call.provider.client_headers:
                continue
            if not isinstance(keyword.value, ast.Dict):
                result = "hidden"
                continue
            for key in keyword.value.keys:
                if isinstance(key, ast.Constant) and str(key.value).lower() == wanted:
                    return "given"
                if not isinstance(key, ast.Constant):
                    result = "hidden"
    return result


def _in_metadata(call: BackgroundCall, metadata_keys: Collection[str]) -> Evidence:
    if not metadata_keys:
        return "none"
    metadata = call.argument("metadata")
    if metadata.presence == "hidden":
        return "hidden"
    if not isinstance(metadata.value, Record):
        undecided = metadata.presence == "given" and not isinstance(metadata.value, Known)
        return "hidden" if undecided else "none"
    for name in metadata_keys:
        entry = part(metadata.value, name)
        if not isinstance(entry, Missing):
            return "given" if name in metadata.value.fields else "hidden"
    return "none"


def _decorated(call: BackgroundCall, decorators: Collection[str]) -> Evidence:
    for above in call.names.ancestors(call.node):
        if isinstance(above, FUNCTIONS):
            for decorator in above.decorator_list:
                target = undecorated(decorator)
                name = dotted(target) or ""
                if name in decorators or name.rpartition(".")[2] in decorators:
                    return "given"
    return "none"
