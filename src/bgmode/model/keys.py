"""Idempotency keys: whether a call carries something by which a retry can be recognised."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Literal, TypeAlias

from bgmode.flow.names import FUNCTIONS, Names, dotted, undecorated
from bgmode.flow.values import Known, Missing, Record, part
from bgmode.model.calls import BackgroundCall
from bgmode.model.fresh import fresh_parts
from bgmode.model.origins import Origin, Wanted, lacks, of_mapping
from bgmode.model.retries import Retry

Evidence: TypeAlias = Literal["given", "none", "hidden"]


def key_evidence(
    call: BackgroundCall, metadata_keys: Collection[str], decorators: Collection[str]
) -> Evidence:
    """Whether ``call`` carries a key: in its headers, its client's, its metadata, or around it."""
    found = {
        header_evidence(call),
        _in_metadata(call, metadata_keys),
        "given" if is_decorated(call.names, call.node, decorators) else "none",
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
    headers = call.provider.client_headers
    result: Evidence = "none"
    for made in call.client.made_by:
        for keyword in made.keywords:
            if keyword.arg is None and not lacks(call.names, keyword.value, headers):
                result = "hidden"
            if keyword.arg != headers:
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


def header_evidence(call: BackgroundCall) -> Evidence:
    """Whether ``call`` or its client sends the idempotency header."""
    found = {_in_headers(call), _in_client(call)}
    return "given" if "given" in found else "hidden" if "hidden" in found else "none"


# Where the key is written


def _of_headers(call: BackgroundCall) -> list[Origin]:
    """The places in the call's headers that give the key."""
    wanted = Wanted(call.provider.idempotency_header, any_case=True, far=True)
    return [
        entry
        for headers in call.origins("headers")
        if not headers.in_body
        for entry in of_mapping(call.names, call.node, headers.value, wanted)
        if not _may_be_replaced(entry)
    ]


def _may_be_replaced(entry: Origin) -> bool:
    """``{"Idempotency-Key": key, **more}``."""
    match entry.holder:
        case ast.Dict(keys=keys) if entry.node in keys:
            behind = keys[keys.index(entry.node) + 1 :]
            return None in behind
    return False


def _of_client(call: BackgroundCall) -> list[Origin]:
    """The places that make the key a header of the client; the outermost view of it counts."""
    wanted = Wanted(call.provider.idempotency_header, any_case=True, far=True)
    for made in call.client.made_by:
        for keyword in made.keywords:
            if keyword.arg == call.provider.client_headers:
                entries = list(of_mapping(call.names, made, keyword.value, wanted))
                if entries or not isinstance(keyword.value, ast.Dict):
                    return entries
        if any(keyword.arg is None for keyword in made.keywords):
            return []
    return []


def _of_metadata(call: BackgroundCall, name: str) -> list[Origin]:
    """The places in the call's metadata that give the key ``name``."""
    wanted = Wanted(name, far=True)
    return [
        entry
        for metadata in call.origins("metadata")
        for entry in of_mapping(call.names, call.node, metadata.value, wanted)
        if not _may_be_replaced(entry)
    ]


# The same for every job


def constant_keys(call: BackgroundCall, metadata_keys: Collection[str]) -> list[ast.expr]:
    """Keys that are the same for every job: a written text, in the call or for a whole client."""
    found = _of_headers(call)
    if found:
        return _written(call, found) if _is_all_known(call) else []
    if not _leaves_the_header_to_the_client(call):
        return []
    entries = _of_client(call)
    if entries:
        return [entry.value for entry in entries if _is_written(call.names, entry.value)]
    if _in_client(call) == "none":
        for name in metadata_keys:
            if _is_known_text(call, name):
                return _written(call, _of_metadata(call, name))
    return []


def _written(call: BackgroundCall, entries: list[Origin]) -> list[ast.expr]:
    """The first of several places, if a text is written in all of them."""
    values = [entry.value for entry in entries]
    return values[:1] if all(_is_written(call.names, value) for value in values) else []


def _leaves_the_header_to_the_client(call: BackgroundCall) -> bool:
    wanted = call.provider.idempotency_header.lower()
    headers = call.argument("headers")
    match headers.presence, headers.value:
        case ("omitted", _) | ("given", Known(None)):
            return True
        case "given", Record(fields, Missing()):
            return all(name.lower() != wanted for name in fields)
    return False


def _is_all_known(call: BackgroundCall) -> bool:
    """Whether the headers are known to the last one, and the key among them is a text."""
    wanted = call.provider.idempotency_header.lower()
    match call.argument("headers").value:
        case Record(fields, Missing()):
            keys = [value for name, value in fields.items() if name.lower() == wanted]
            return bool(keys) and all(
                isinstance(key, Known) and isinstance(key.value, str) for key in keys
            )
    return False


def _is_known_text(call: BackgroundCall, name: str) -> bool:
    match call.argument("metadata").value:
        case Record(fields):
            value = fields.get(name)
            return isinstance(value, Known) and isinstance(value.value, str)
    return False


def _is_written(names: Names, value: ast.expr) -> bool:
    """Whether an expression is a text that stands in the code, or a name for one."""
    match value:
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.JoinedStr(values=pieces):
            return all(_is_written(names, piece) for piece in pieces)
        case ast.FormattedValue(value=inner):
            return _is_written(names, inner)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_written(names, left) and _is_written(names, right)
        case ast.Name(id=name):
            binding = names.binding(name, value)
            if binding is None or isinstance(binding.node, ast.arg):
                return False
            return isinstance(binding.value, ast.Constant) and _is_written(names, binding.value)
    return False


# Another one for each attempt


def fresh_key(
    call: BackgroundCall, retry: Retry, metadata_keys: Collection[str]
) -> ast.expr | None:
    """The part of a key that is made anew for each attempt of ``retry``, if no key stays."""
    carriers = list(_carriers(call, metadata_keys)) if retry.body else []
    found = [_fresh_in(call, entries, retry) for entries in carriers]
    return found[0] if found and None not in found else None


def key_made_inside(call: BackgroundCall, metadata_keys: Collection[str]) -> ast.expr | None:
    """The part of a key that the function around a call makes anew each time, if no key stays."""
    if call.where is None:
        return None
    return fresh_key(call, Retry(call.where, "whoever calls it", call.where), metadata_keys)


def _carriers(call: BackgroundCall, metadata_keys: Collection[str]) -> Iterator[list[Origin]]:
    """For each thing that carries a key, the places that give it: none where they are unseen."""
    headers = _in_headers(call)
    if headers != "none":
        yield _of_headers(call)
    elif _in_client(call) != "none":
        yield _of_client(call)
    for name in metadata_keys:
        if _in_metadata(call, (name,)) == "given":
            yield _of_metadata(call, name)


def _fresh_in(call: BackgroundCall, entries: list[Origin], retry: Retry) -> ast.expr | None:
    """The first fresh part, if there is one in each of the places."""
    found = [_fresh_part(call, entry, retry) for entry in entries]
    return found[0] if found and None not in found else None


def _fresh_part(call: BackgroundCall, entry: Origin, retry: Retry) -> ast.expr | None:
    names, body = call.names, retry.body
    callers = [step.call for step in retry.steps[-1:]] if entry.by is None else []
    for by in (entry.by, *callers):
        for fresh in fresh_parts(names, entry.value, by):
            around = [fresh.place, *names.ancestors(fresh.place)]
            if any(step in body for step in around) and not _is_made_once(call, around, body):
                return fresh.place
    return None


def _is_made_once(call: BackgroundCall, around: list[ast.AST], body: list[ast.AST]) -> bool:
    """Whether it is under a condition that the call is not under: ``if key is None: key = ...``."""
    with_call = set(call.names.ancestors(call.node))
    for step in around:
        if isinstance(step, ast.If) and step not in with_call:
            return True
        if step in body:
            return False
    return False


# Other evidence


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


def is_decorated(names: Names, node: ast.AST, decorators: Collection[str]) -> bool:
    """Whether a function around ``node`` has one of the decorators."""
    for above in names.ancestors(node):
        if isinstance(above, FUNCTIONS):
            for decorator in above.decorator_list:
                target = undecorated(decorator)
                name = dotted(target) or ""
                if name in decorators or name.rpartition(".")[2] in decorators:
                    return True
    return False
