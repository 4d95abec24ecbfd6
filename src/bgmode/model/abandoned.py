"""Jobs that a function creates and waits for, and that nobody can find once the wait has ended.

The one who creates a job holds its id. If the wait ends early, by its bound or by an exception,
somebody has to cancel the job or to keep the id; otherwise it runs on, unseen.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.flow.callees import is_harmless
from bgmode.flow.exceptions import handler_names
from bgmode.flow.names import CODE, Code, Names, dotted, reads
from bgmode.model.calls import BackgroundCall
from bgmode.model.polling import Polling, PollLoop, own_nodes, place

_ENDS_JOBS = re.compile(r"cancel|abort|clean_?up|terminate|kill|rollback", re.IGNORECASE)
_CANCELLED = frozenset({"CancelledError", "Cancelled", "KeyboardInterrupt"})


@dataclass(frozen=True)
class Wait:
    """A loop that waits for a job which the same function has created.

    ``holders`` are the names that hold the response or something of it.
    """

    loop: PollLoop
    call: BackgroundCall
    holders: frozenset[str]


def waits(polling: Polling) -> Iterator[Wait]:
    """The waits of one module."""
    for loop in polling.loops:
        created = [
            call
            for call in polling.calls.background
            if (call.where or call.names.tree) is loop.scope and call.node.lineno < loop.node.lineno
        ]
        if created:
            holders = _holders(polling.names, created[-1], loop.scope)
            if holders:
                yield Wait(loop, created[-1], holders)


def _holders(names: Names, call: BackgroundCall, scope: ast.Module | Code) -> frozenset[str]:
    """The local names that hold the response, its id, or what a poll has made of it."""
    found: set[str] = set()
    statement = names.statement(call.node)
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return frozenset()
    found |= _targets(statement)
    for node in sorted(ast.walk(scope), key=place):
        match node:
            case ast.Assign(value=ast.expr() as value) | ast.AnnAssign(value=ast.expr() as value):
                found |= _targets(node) if reads(value, found) else set()
            case ast.NamedExpr(value=value):
                found |= _targets(node) if reads(value, found) else set()
    return frozenset(found)


def _targets(node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def abandoned(polling: Polling) -> Iterator[tuple[Wait, list[ast.AST]]]:
    """Waits that may end before the job, each with the places where nobody cancels it."""
    cancels = set(polling.calls.of_kind("cancel"))
    for wait in waits(polling):
        scope = wait.loop.scope
        if _somebody_cancels(polling.names, scope, cancels) or _kept(polling, wait, told=False):
            continue
        ends = [way for way in wait.loop.bounds if not _hands_back(wait, way)]
        ends += _cancelled(scope)
        if ends:
            yield wait, ends


def _somebody_cancels(
    names: Names, scope: ast.Module | Code, cancels: set[ast.Call], depth: int = 2
) -> bool:
    for node in ast.walk(scope):
        if not isinstance(node, ast.Call):
            continue
        if node in cancels or _ENDS_JOBS.search(ast.unparse(node.func)):
            return True
        function = names.callee(node) if depth else None
        if function not in {None, scope} and _somebody_cancels(names, function, cancels, depth - 1):
            return True
    return False


def _kept(polling: Polling, wait: Wait, *, told: bool) -> bool:
    """Whether the id leaves the function while it waits.

    ``told`` says that a log line or a print is enough.
    """
    for node in ast.walk(wait.loop.scope):
        match node:
            case ast.Call(func=function, args=arguments, keywords=keywords):
                given = [*arguments, *(keyword.value for keyword in keywords)]
                if any(reads(argument, wait.holders) for argument in given) and (
                    not _is_its_own(polling, node)
                ):
                    name = polling.names.qualify(function)
                    harmless = is_harmless(name or _shown(function), imported=name is not None)
                    if told or not harmless:
                        return True
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=value) if reads(
                value, wait.holders
            ):
                return True
            case ast.Yield(value=ast.expr() as value) if reads(value, wait.holders):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if (
                node is not wait.loop.scope and reads(node, wait.holders)
            ):
                return True
    return False


def _is_its_own(polling: Polling, call: ast.Call) -> bool:
    """Whether a call only asks for the job, or only makes an exception."""
    if isinstance(polling.names.parent.get(call), ast.Raise):
        return True
    return polling.clients.access(call.func) is not None


def _shown(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _hands_back(wait: Wait, way: ast.AST) -> bool:
    """Whether the caller gets the response or its id by this way out."""
    match way:
        case ast.Return(value=value):
            return value is not None and reads(value, wait.holders)
        case ast.Raise(exc=ast.Call(func=function) as made):
            known = hasattr(builtins, dotted(function) or "")
            return not known and reads(made, wait.holders)
        case ast.Raise():
            return False
    after = [
        node
        for node in ast.walk(wait.loop.scope)
        if isinstance(node, ast.Return) and node.lineno > (wait.loop.node.end_lineno or 0)
    ]
    return any(node.value is not None and reads(node.value, wait.holders) for node in after)


def _cancelled(scope: ast.Module | Code) -> list[ast.AST]:
    """The handlers for being cancelled from outside."""
    return [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.ExceptHandler) and not _CANCELLED.isdisjoint(handler_names(node))
    ]


def unguarded(polling: Polling) -> Iterator[tuple[Wait, ast.Call]]:
    """Waits that an exception of a poll ends, with nothing left that knows the job."""
    for wait in waits(polling):
        polls = [node for node in own_nodes(wait.loop.node) if node in polling.polls]
        bare = [node for node in polls if not _is_guarded(polling.names, node)]
        if bare and not _kept(polling, wait, told=True):
            call = min(bare, key=place)
            if isinstance(call, ast.Call):
                yield wait, call


def _is_guarded(names: Names, node: ast.AST) -> bool:
    """Whether anything in the function gets hold of an exception that is raised here."""
    below = node
    for above in names.ancestors(node):
        match above:
            case ast.Try(body=body, handlers=handlers, finalbody=last) if below in body:
                if handlers or last:
                    return True
            case ast.With() | ast.AsyncWith():
                return True
        if isinstance(above, CODE):
            return False
        below = above
    return False
