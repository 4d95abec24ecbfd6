"""Idempotency keys: whether a call carries something by which a retry can be recognised."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from typing import Literal, TypeAlias

from bgmode.flow.names import FUNCTIONS, Names, dotted, undecorated
from bgmode.flow.values import Known, Missing, Record, part
from bgmode.model.calls import BackgroundCall
from bgmode.model.origins import Origin, of_mapping
from bgmode.model.retries import Retry, retried_code

_FRESH = re.compile(
    r"^(uuid\.uuid[1467]|secrets\.(token_\w+|randbits|randbelow|choice)|os\.urandom"
    r"|random\.(random|randint|randrange|getrandbits|choices?|randbytes|uniform|sample)"
    r"|time\.(time|time_ns|monotonic\w*|perf_counter\w*)|datetime\.datetime\.(now|utcnow|today)"
    r"|ulid\.(new|ULID)|nanoid\.generate|cuid2?\.\w+)$"
)
"""Calls that give something else each time."""
_KEEPS = frozenset(
    "str repr format int hex encode decode join isoformat hexdigest timestamp upper lower".split()
)
"""Functions and methods whose value differs where what they are given differs."""
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


def key_values(call: BackgroundCall) -> list[ast.expr]:
    """The expressions that are sent as the idempotency key, where they can be seen."""
    header = call.provider.idempotency_header
    return [
        entry.value
        for headers in call.origins("headers")
        if not headers.in_body
        for entry in of_mapping(call.names, call.node, headers.value, header)
        if not _may_be_replaced(entry)
    ]


def _may_be_replaced(entry: Origin) -> bool:
    """``{"Idempotency-Key": key, **more}``."""
    match entry.holder:
        case ast.Dict(keys=keys) if entry.node in keys:
            behind = keys[keys.index(entry.node) + 1 :]
            return None in behind
    return False


def constant_keys(call: BackgroundCall) -> list[ast.expr]:
    """Keys that are the same for every job: a written text, in the call or for a whole client."""
    found = key_values(call)
    if found:
        written = all(_is_written(call.names, value) for value in found)
        return found[:1] if written and _is_all_known(call) else []
    if call.argument("headers").presence != "omitted":
        return []
    return _constant_keys_of_the_client(call)


def _constant_keys_of_the_client(call: BackgroundCall) -> list[ast.expr]:
    """The key that is a header of the client; the outermost view of it overrides the others."""
    header = call.provider.idempotency_header
    for made in call.client.made_by:
        for keyword in made.keywords:
            if keyword.arg == call.provider.client_headers:
                entries = list(of_mapping(call.names, made, keyword.value, header))
                written = [e.value for e in entries if _is_written(call.names, e.value)]
                if entries or not isinstance(keyword.value, ast.Dict):
                    return written
    return []


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


def _is_written(names: Names, value: ast.expr) -> bool:
    """Whether an expression is a text, or a name of the module that stands for one."""
    match value:
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.JoinedStr(values=pieces):
            return all(isinstance(piece, ast.Constant) for piece in pieces)
        case ast.Name(id=name):
            scope = names.defining_scope(name, value)
            binding = scope.only(name) if scope is not None and scope.node is names.tree else None
            match binding.value if binding is not None else None:
                case ast.Constant(value=str(text)):
                    return bool(text)
    return False


def fresh_key(call: BackgroundCall, retry: Retry) -> ast.expr | None:
    """The part of a key that is made anew for each attempt of ``retry``."""
    values = key_values(call)
    body = retried_code(call.names, call.node, retry)
    if not values or not body or _in_metadata(call, ("idempotency_key",)) == "given":
        return None
    found = [_fresh_part(call, value, body) for value in values]
    return found[0] if all(part is not None for part in found) else None


def _fresh_part(call: BackgroundCall, value: ast.expr, body: list[ast.AST]) -> ast.expr | None:
    names = call.names
    for node in _passed_on(names, value):
        if not isinstance(node, ast.Call) or not _FRESH.match(names.qualify(node.func) or ""):
            continue
        around = [node, *names.ancestors(node)]
        if any(step in body for step in around) and not _is_made_once(call, around, body):
            return node
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


def _passed_on(names: Names, value: ast.expr) -> Iterator[ast.expr]:
    """The nodes that an expression's value differs with, names followed."""
    seen: set[ast.AST] = set()
    waiting: list[ast.AST] = [value]
    while waiting:
        node = waiting.pop()
        if node in seen or not isinstance(node, ast.expr):
            continue
        seen.add(node)
        yield node
        match node:
            case ast.Name(id=name):
                scope = names.defining_scope(name, node)
                binding = scope.only(name) if scope else None
                waiting += [binding.value] if binding and binding.value is not None else []
            case ast.Call(func=ast.Attribute(value=base, attr=name), args=arguments):
                waiting += [base, *arguments] if name in _KEEPS else []
            case ast.Call(func=ast.Name(id=name), args=arguments):
                waiting += arguments if name in _KEEPS else []
            case ast.FormattedValue(value=inner, format_spec=None):
                waiting.append(inner)
            case ast.Attribute(value=inner) | ast.Await(value=inner) | ast.Subscript(value=inner):
                waiting.append(inner)
            case ast.JoinedStr(values=pieces):
                waiting += pieces
            case ast.BinOp(left=left, op=ast.Add() | ast.Mod() | ast.Mult(), right=right):
                waiting += [left, right]
            case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values):
                waiting += values
            case ast.IfExp(body=then, orelse=otherwise):
                waiting += [then, otherwise]


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
