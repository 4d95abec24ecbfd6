"""Requests to the provider's HTTP interface that are made without its SDK."""

from __future__ import annotations

import ast
import re

from bgmode.flow.names import Names, dotted, last_word
from bgmode.knowledge import OperationKind

VERBS = frozenset({"get", "post", "delete", "request", "Request", "urlopen"})
_HOLE = "\0"  # a part of an address that cannot be seen
_ADDRESS = re.compile(
    r"^(?P<base>.*?)(?P<version>/v\d+)?/responses(?P<job>/[^/?]+)?(?P<cancel>/cancel)?/?(\?.*)?$",
    re.DOTALL,
)
_FARTHEST = 4  # names that are followed


def requested(names: Names, callee: ast.expr) -> OperationKind | None:
    """What a call of ``callee`` (``httpx.post``) asks the provider for, by its address."""
    call = names.parent.get(callee)
    if not isinstance(call, ast.Call) or call.func is not callee:
        return None
    function = names.bound_once(callee) or callee  # send = session.post
    verb = last_word(function)
    if verb is None or verb not in VERBS:
        return None
    if verb in {"Request", "urlopen"}:
        verb, address = _of_urllib(names, call, verb)
    else:
        verb, address = _of_a_client(names, call, verb)
    if address is None:
        return None
    found = _ADDRESS.fullmatch(_text(names, address, _FARTHEST))
    if found is None or not _is_the_provider(names, found["base"] or ""):
        return None
    if _is_mocked(names, function):
        return None
    match verb, bool(found["job"]), bool(found["cancel"]):
        case "post", False, False:
            return "create"
        case "get", True, False:
            return "poll"
        case "post", True, True:
            return "cancel"
        case "delete", True, False:
            return "delete"
    return None


def _of_a_client(names: Names, call: ast.Call, verb: str) -> tuple[str, ast.expr | None]:
    """The verb and the address of ``client.post(address)`` or ``request("POST", address)``."""
    arguments = list(call.args)
    if verb == "request":
        verb = _text(names, arguments.pop(0), _FARTHEST).lower() if arguments else ""
    return verb, arguments[0] if arguments else _keyword(call, "url")


def _of_urllib(names: Names, call: ast.Call, verb: str) -> tuple[str, ast.expr | None]:
    """The same of ``Request(address, data=...)``, which posts, and of ``urlopen``, which gets."""
    asked = call.args[0] if call.args else _keyword(call, "url")
    sends = _keyword(call, "data") is not None or len(call.args) > 1
    if verb == "Request":
        return ("post" if sends else ""), asked
    match _followed(names, asked):
        case ast.Call(args=[address, *further], keywords=keywords):
            sends = sends or bool(further) or any(k.arg in {"data", "method"} for k in keywords)
            return ("" if sends else "get"), address
    return ("" if sends else "get"), asked


def _filled(pieces: list[str], names: Names, values: list[ast.expr], depth: int) -> str:
    """A text whose gaps are filled with what ``values`` give, in their order."""
    texts = [_text(names, value, depth) for value in values]
    texts += [_HOLE] * (len(pieces) - 1 - len(texts))
    return "".join(piece + text for piece, text in zip(pieces, [*texts, ""], strict=False))


def _followed(names: Names, node: ast.expr | None) -> ast.expr | None:
    """What a name stands for that is bound once."""
    if not isinstance(node, ast.Name):
        return node
    binding = names.binding(node.id, node)
    return node if binding is None else binding.value


def _is_mocked(names: Names, callee: ast.expr) -> bool:
    """``responses.post(URL, json=...)`` of a library that answers requests in tests."""
    path = dotted(callee) or ""
    root = (names.qualify(callee) or path).partition(".")[0].lower()
    return root in {"responses", "respx", "httpretty", "aioresponses"} or "mock" in path.lower()


def _is_the_provider(names: Names, base: str) -> bool:
    """Whether an address is the provider's: other services have responses, too."""
    if "openai" in base.lower():
        return True
    if base and not base.startswith(_HOLE):
        return False
    return any("openai" in text.lower() for text in names.texts)


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _text(names: Names, node: ast.expr, depth: int) -> str:
    """The text that an expression gives; what cannot be seen is a hole in it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=pieces):
            return "".join(_text(names, piece, depth) for piece in pieces)
        case ast.FormattedValue(value=inner):
            return _text(names, inner, depth)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(names, left, depth) + _text(names, right, depth)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            values = right.elts if isinstance(right, ast.Tuple) else [right]
            return _filled(re.split(r"%[sd]", _text(names, left, depth)), names, values, depth)
        case ast.Call(func=ast.Attribute(value=left, attr="format"), args=values) if values:
            return _filled(re.split(r"\{\d*\}", _text(names, left, depth)), names, values, depth)
        case ast.Call(func=function, args=[base, path]) if (dotted(function) or "").endswith(
            "urljoin"
        ):
            root = _text(names, base, depth).rstrip("/")
            return f"{root}/{_text(names, path, depth).lstrip('/')}"
        case ast.Name() | ast.Attribute(value=ast.Name(id="self" | "cls")) if depth:
            value = names.bound_once(node)
            if value is not None:
                return _text(names, value, depth - 1)
        case ast.Call(func=ast.Attribute(value=inner, attr="rstrip" | "strip"), args=_):
            return _text(names, inner, depth)
        case (
            ast.BoolOp(values=values)
            | ast.Call(func=ast.Attribute(attr="getenv" | "get"), args=values)
        ):
            return _text(names, values[-1], depth) if values else _HOLE
    return _HOLE
