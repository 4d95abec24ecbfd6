"""How often the client of a call sends it again by itself."""

from __future__ import annotations

import ast

from bgmode.flow.names import dotted
from bgmode.flow.values import Known, Missing, Symbol
from bgmode.model.calls import BackgroundCall
from bgmode.model.clients import Clients
from bgmode.model.origins import lacks
from bgmode.model.world import constant


def client_retries(call: BackgroundCall, clients: Clients) -> int | None:
    """How often the client sends a failed call again; None where that cannot be seen."""
    set_later = _set_later(call)
    if set_later is not None:
        return _number(set_later, clients)
    option = call.provider.client_retries.option
    for made in call.client.made_by:  # the outermost overrides the others
        if made not in call.names.parent:
            return None  # made in another module
        for keyword in made.keywords:
            if keyword.arg is None and not lacks(call.names, keyword.value, option):
                return None
            if keyword.arg == option and not _is_omitted(keyword.value, call, clients):
                return _number(keyword.value, clients)
    if not call.client.made_by or _is_a_view(call.client.made_by[-1], call):
        return None
    return call.provider.client_retries.default


def option_set(call: BackgroundCall) -> ast.AST | None:
    """Where the client is told how often, or where it is made."""
    option = call.provider.client_retries.option
    here = [made for made in call.client.made_by if made in call.names.parent]
    for made in here:
        for keyword in made.keywords:
            if keyword.arg == option:
                return keyword
    return here[-1] if here else None


def _set_later(call: BackgroundCall) -> ast.expr | None:
    """``client.max_retries = 0``, for the same client or the module that is one."""
    option = call.provider.client_retries.option
    receiver = dotted(call.access.receiver)
    for node in call.names.attributes_set:
        above = call.names.parent[node]
        if not isinstance(above, ast.Assign) or receiver is None:
            continue
        if node.attr == option and dotted(node.value) == receiver:
            return above.value
    return None


def _is_a_view(made: ast.Call, call: BackgroundCall) -> bool:
    """Whether a client was made from another one, which cannot be seen."""
    return isinstance(made.func, ast.Attribute) and made.func.attr in call.provider.client_views


def _number(node: ast.expr, clients: Clients) -> int | None:
    match constant(clients, node):
        case Known(int() as number) if not isinstance(number, bool):
            return number
    return None


def _is_omitted(node: ast.expr, call: BackgroundCall, clients: Clients) -> bool:
    match constant(clients, node):
        case Missing():
            return True
        case Symbol(name):
            return name in call.provider.omitted_values
    return False
