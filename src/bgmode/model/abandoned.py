"""Jobs that a function creates and waits for, and that nobody can find once the wait has ended.

The one who creates a job holds its id. If the wait ends early, by its bound or by an exception,
somebody has to cancel the job or to keep the id; otherwise it runs on, unseen.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bgmode.flow.callees import APPLY, TIMEOUT_SCOPES, last_name
from bgmode.flow.exceptions import handler_names, is_subclass
from bgmode.flow.names import (
    CODE,
    FunctionNode,
    Names,
    bindings_in,
    bound_by,
    dotted,
    handed_to,
    parameters,
    unawaited,
)
from bgmode.model.calls import BackgroundCall
from bgmode.model.polling import Polling, PollLoop, own_nodes, place
from bgmode.model.waits import job_of
from bgmode.model.world import JobWorld

_ENDS_JOBS = re.compile(r"(^|_)(cancel|abort|clean_?up|terminate|kill|stop)(_|$)", re.IGNORECASE)
_LOOKS = frozenset({"getattr", "isinstance", "len", "bool", "hasattr", "type"})
_ONLY_TELLS = re.compile(
    r"^(print|log|log_\w+|debug|info|warn|warning|error|exception|critical|echo|secho|msg|write_line"
    r"|len|str|repr|isinstance|getattr|hasattr|bool|type|id|format|join)$"
)
_WHOLE = frozenset({"id", "model_dump", "model_dump_json", "to_dict", "to_json", "dict", "json"})
_CANCELLED = frozenset({"CancelledError", "Cancelled", "KeyboardInterrupt"})


@dataclass(frozen=True)
class Wait:
    """A loop that waits for a job which the same function has created.

    ``responses`` are the names that hold a response, ``ids`` those that hold its id.
    """

    loop: PollLoop
    call: BackgroundCall
    responses: frozenset[str]
    ids: frozenset[str]

    def identifies(self, node: ast.AST) -> bool:
        """Whether what stands in ``node`` is enough to find the job again."""
        return _identifies(node, self.responses, self.ids)


def _identifies(node: ast.AST, responses: frozenset[str], ids: frozenset[str]) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in responses:
            return attribute in _WHOLE
        case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=name), field, *_]) if (
            name in responses
        ):
            return isinstance(field, ast.Constant) and field.value == "id"
        case ast.Name(id=name):
            return name in responses or name in ids
        case _:
            return any(_identifies(child, responses, ids) for child in ast.iter_child_nodes(node))


def waits(polling: Polling) -> Iterator[Wait]:
    """The waits of one module."""
    for loop in polling.loops:
        created = job_of(polling, loop)
        if created is not None:
            wait = _wait(polling, loop, created)
            if wait.responses or wait.ids:
                yield wait


def _wait(polling: Polling, loop: PollLoop, call: BackgroundCall) -> Wait:
    """Follow the response and its id through the names of the function."""
    wait = Wait(loop, call, frozenset(), frozenset())
    for target, value in _bindings(loop.scope):
        if isinstance(target, ast.Name):
            value = unawaited(value)
            match value:
                case ast.Attribute(value=inner, attr=name) if name in _WHOLE and _asks(
                    polling, call, unawaited(inner)
                ):
                    wait = Wait(loop, call, wait.responses, wait.ids | {target.id})
                    continue
            if _asks(polling, call, value) or _is_name(value, wait.responses):
                wait = Wait(loop, call, wait.responses | {target.id}, wait.ids)
            elif wait.identifies(value):
                wait = Wait(loop, call, wait.responses, wait.ids | {target.id})
    return wait


def _bindings(scope: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    return bindings_in(sorted(ast.walk(scope), key=place))


def _asks(polling: Polling, call: BackgroundCall, value: ast.expr) -> bool:
    """Whether an expression is the create call or a poll, or has one as an argument."""
    match value:
        case ast.Call():
            return any(node is call.node or node in polling.polls for node in ast.walk(value))
        case _:
            return False


def _is_name(value: ast.expr, names: Iterable[str]) -> bool:
    return isinstance(value, ast.Name) and value.id in names


# Who keeps the id


def _is_kept(polling: Polling, wait: Wait, *, told: bool) -> bool:
    """Whether the id leaves the function before the wait is over.

    ``told`` says that a log line or a print is enough.
    """
    scope, last = wait.loop.scope, wait.loop.node.end_lineno or 0
    elsewhere = _declared_elsewhere(scope)
    for node in ast.walk(scope):
        if getattr(node, "lineno", 0) > last and not _is_around(polling.names, node, wait.loop):
            if not told and _hands_on_the_id(polling, wait, node):
                return True
            continue
        match node:
            case ast.Call():
                given = _is_given(polling, wait, node, told=told)
                if given and (told or not only_tells(node)):
                    return True
            case ast.Assign(targets=targets, value=value):
                if any(_stores(wait, target, value, elsewhere) for target in targets):
                    return True
            case ast.AugAssign(target=target, value=value) if wait.identifies(value):
                return True
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                if _stores(wait, target, value, elsewhere):
                    return True
            case ast.Yield(value=ast.expr() as value) if wait.identifies(value):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                if node is not scope and wait.identifies(node):
                    return True
    return False


def _hands_on_the_id(polling: Polling, wait: Wait, node: ast.AST) -> bool:
    """Whether a call behind the loop is given the id itself, not the result."""
    only_ids = replace(wait, responses=frozenset())
    if not isinstance(node, ast.Call) or only_tells(node):
        return False
    given = handed_to(node)
    by_id = any(
        isinstance(inner, ast.Attribute)
        and inner.attr == "id"
        and _is_name(inner.value, wait.responses)
        for argument in given
        for inner in ast.walk(argument)
    )
    if isinstance(polling.names.parent.get(node), ast.Raise):
        return False
    named = any(only_ids.identifies(argument) for argument in given)
    return (by_id or named) and polling.clients.access(node.func) is None


def _declared_elsewhere(scope: ast.AST) -> set[str]:
    return {
        name
        for node in ast.walk(scope)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }


def _stores(wait: Wait, target: ast.expr, value: ast.expr, elsewhere: set[str]) -> bool:
    match target:
        case ast.Subscript(slice=key) if wait.identifies(key):
            return True
        case ast.Attribute() | ast.Subscript():
            return wait.identifies(value)
        case ast.Name(id=name):
            return name in elsewhere and wait.identifies(value)
    return False


def _is_given(polling: Polling, wait: Wait, call: ast.Call, *, told: bool) -> bool:
    """Whether a call gets the id, and is not the waiting itself."""
    given = handed_to(call)
    if not any(wait.identifies(argument) for argument in given):
        return False
    looks = isinstance(call.func, ast.Name) and call.func.id in _LOOKS
    if looks or isinstance(polling.names.parent.get(call), ast.Raise):
        return False
    asks = any(node in polling.polls for node in ast.walk(call)) or polling.polls_inside(call)
    if asks or polling.clients.access(call.func) is not None:
        return False
    helper = polling.names.callee(call)
    return helper is None or _keeps_what_it_is_given(polling, helper, told=told)


def _keeps_what_it_is_given(polling: Polling, helper: FunctionNode, *, told: bool) -> bool:
    """Whether a function of this module does more with a response than look at it."""
    held = frozenset(arg.arg for arg in parameters(helper))
    for node in ast.walk(helper):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _LOOKS:
                continue
            case ast.Call(args=arguments, keywords=keywords):
                given = [*arguments, *(keyword.value for keyword in keywords)]
                looks = (only_tells(node) and not told) or polling.clients.access(
                    node.func
                ) is not None
                if not looks and any(_identifies(argument, held, held) for argument in given):
                    return True
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=value):
                if _identifies(value, held, held):
                    return True
    return False


def only_tells(call: ast.Call) -> bool:
    """Whether a call is a log line, a print, or a mere look at something."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(_ONLY_TELLS.match(name))
    return False


def _is_around(names: Names, node: ast.AST, loop: PollLoop) -> bool:
    """Whether a node stands in a handler or ``finally`` of a ``try`` that the loop is in."""
    around = {above for above in names.ancestors(loop.node) if isinstance(above, ast.Try)}
    below = node
    for above in names.ancestors(node):
        if above in around and isinstance(above, ast.Try):
            return below in above.handlers or below in above.finalbody
        below = above
    return False


# Who ends the job


def abandoned(polling: Polling) -> Iterator[tuple[Wait, ast.AST]]:
    """Waits that may end before the job, each with a place where nobody cancels it."""
    for wait in waits(polling):
        if not wait.loop.is_decided or _is_kept(polling, wait, told=False):
            continue
        if _another_loop_follows(polling, wait):
            continue
        ways = [way for bound in wait.loop.bounds for way in _own(polling.names, wait, bound)]
        ends = [_leaving(polling.names, wait, way) for way in ways]
        ends += _cancelled(polling.names, wait)
        for end in dict.fromkeys(ends):
            if not _is_ended(polling, wait, end) and not _hands_back(polling.names, wait, end):
                yield wait, end


def _own(names: Names, wait: Wait, way: ast.AST) -> list[ast.AST]:
    """A way out by a helper is the statement of this function that calls the helper."""
    scope = wait.loop.scope
    function = names.function(way) or names.tree
    if function is scope or way is scope:
        return [way]
    return [
        statement
        for node in own_nodes(wait.loop.node)
        if isinstance(node, ast.Call) and names.callee(node) is function
        if (statement := names.statement(node)) is not None
    ]


def _another_loop_follows(polling: Polling, wait: Wait) -> bool:
    """Whether the same block waits on, in a further poll loop."""
    if isinstance(wait.loop.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    later = _statements_after(polling.names, wait.loop.node)
    return any(loop.node in later for loop in polling.loops)


def _leaving(names: Names, wait: Wait, way: ast.AST) -> ast.AST:
    """The statement by which a bound ends the wait: the one behind the loop, if that is clear."""
    loop = wait.loop.node
    if way is not loop or isinstance(loop, ast.FunctionDef | ast.AsyncFunctionDef):
        return way
    breaks = any(
        isinstance(node, ast.Break) and _loop_of(names, node) is loop for node in own_nodes(loop)
    )
    following = loop.orelse[:1] or ([] if breaks else _statements_after(names, loop)[:1])
    match following:
        case [ast.Raise() | ast.Return() as statement]:
            return statement
    return way


def _loop_of(names: Names, node: ast.AST) -> ast.AST | None:
    loops = (ast.While, ast.For, ast.AsyncFor)
    return next((above for above in names.ancestors(node) if isinstance(above, loops)), None)


def _statements_after(names: Names, statement: ast.stmt) -> list[ast.stmt]:
    block = _block(names, statement)
    return block[block.index(statement) + 1 :]


def _block(names: Names, statement: ast.AST) -> list[ast.stmt]:
    """The list of statements that a statement is in."""
    above = names.parent[statement]
    for name in ("body", "orelse", "finalbody"):
        block = getattr(above, name, None)
        if isinstance(block, list) and statement in block:
            return block
    return []


def _cancelled(names: Names, wait: Wait) -> list[ast.AST]:
    """The handlers for being cancelled from outside, of a ``try`` around the wait or in it."""
    around = set(names.ancestors(wait.loop.node)) | set(own_nodes(wait.loop.node))
    return [
        handler
        for node in ast.walk(wait.loop.scope)
        if isinstance(node, ast.Try) and node in around
        for handler in node.handlers
        if not _CANCELLED.isdisjoint(handler_names(handler))
    ]


def _is_ended(polling: Polling, wait: Wait, end: ast.AST) -> bool:
    """Whether somebody cancels the job on this way out."""
    names = polling.names
    cancels = set(polling.calls.of_kind("cancel"))
    for call in _ending_calls(names, wait, cancels):
        statement = names.statement(call)
        block = _block(names, statement) if statement is not None else []
        leaves = block[-1] if block and isinstance(block[-1], ast.Raise | ast.Return) else None
        if leaves is None or leaves is end or not _is_in_loop(names, leaves, wait.loop):
            return True
    return False


def _is_in_loop(names: Names, node: ast.AST, loop: PollLoop) -> bool:
    return loop.node in names.ancestors(node)


def _ending_calls(names: Names, wait: Wait, cancels: set[ast.Call]) -> Iterator[ast.Call]:
    """Calls in a function that cancel the job, or that may do so by their name or in their code."""
    scope = wait.loop.scope
    for node in ast.walk(scope):
        if not isinstance(node, ast.Call):
            continue
        given = handed_to(node)
        named = bool(_ENDS_JOBS.search(last_name(dotted(node.func) or "")))
        if node in cancels or (named and any(wait.identifies(argument) for argument in given)):
            yield node
            continue
        function = names.callee(node)
        inside = ast.walk(function) if function is not None and function is not scope else ()
        if any(inner in cancels for inner in inside):
            yield node


def _hands_back(names: Names, wait: Wait, end: ast.AST) -> bool:
    """Whether the caller gets the response or its id by this way out."""
    match end:
        case ast.Return(value=value):
            return value is not None and wait.identifies(value)
        case ast.Raise() if _is_taken_over(names, wait, end):
            return True
        case ast.Raise(exc=ast.Call(func=function) as made):
            known = hasattr(builtins, dotted(function) or "")
            return not known and wait.identifies(made)
        case ast.Raise():
            return False
        case ast.ExceptHandler():
            return _passes_on(wait, end.body)
    last = wait.loop.node.end_lineno or 0
    return any(
        node.lineno > last and node.value is not None and wait.identifies(node.value)
        for node in ast.walk(wait.loop.scope)
        if isinstance(node, ast.Return)
    )


def _is_taken_over(names: Names, wait: Wait, node: ast.AST) -> bool:
    """Whether a handler of the same function that may catch it knows the job."""
    below = node
    for above in names.ancestors(node):
        if isinstance(above, CODE):
            return False
        if isinstance(above, ast.Try) and below in above.body:
            known = any(_passes_on(wait, handler.body) for handler in above.handlers)
            if known or _passes_on(wait, above.finalbody):
                return True
        below = above
    return False


def _passes_on(wait: Wait, statements: Iterable[ast.stmt]) -> bool:
    """Whether some of these statements give the id to somebody else; a log line does not."""
    for statement in statements:
        for node in ast.walk(statement):
            match node:
                case ast.Call() if not only_tells(node):
                    given = handed_to(node)
                    builtin = isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id)
                    if not builtin and any(wait.identifies(argument) for argument in given):
                        return True
                case ast.Return(value=ast.expr() as value) if wait.identifies(value):
                    return True
                case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=value):
                    if wait.identifies(value):
                        return True
    return False


# Who catches what a poll raises


def unguarded(polling: Polling) -> Iterator[tuple[Wait, ast.Call]]:
    """Waits that an exception of a poll ends, with nothing left that knows the job."""
    for wait in waits(polling):
        polls = [node for node in own_nodes(wait.loop.node) if node in polling.polls]
        bare = [node for node in polls if not _is_guarded(polling, wait, node)]
        if bare and not _is_kept(polling, wait, told=True):
            call = min(bare, key=place)
            if isinstance(call, ast.Call):
                yield wait, call


def _is_guarded(polling: Polling, wait: Wait, node: ast.AST) -> bool:
    """Whether something in the function catches what a poll raises, and knows the job then."""
    if isinstance(node, ast.Call) and _is_handed_to_something(polling, node):
        return True  # it may try again
    below, inside = node, True
    for above in polling.names.ancestors(node):
        inside = inside and below is not wait.loop.node
        match above:
            case ast.Try(body=body, handlers=handlers, finalbody=last) if below in body:
                if any(_knows(polling, wait, handler, inside) for handler in handlers):
                    return True
                if any(wait.identifies(statement) for statement in last):
                    return True
            case ast.With(items=items) | ast.AsyncWith(items=items):
                contexts = [item.context_expr for item in items]
                if any(_catches(polling.names, context, inside) for context in contexts):
                    return True
            case ast.Call(keywords=keywords):
                if any(keyword.arg == "return_exceptions" for keyword in keywords):
                    return True
        if isinstance(above, CODE):
            return False
        below = above
    return False


def _is_handed_to_something(polling: Polling, poll: ast.Call) -> bool:
    """Whether the operation is given to a function that cannot be seen, to be called there."""
    known = (polling.names.qualify(poll.func) or "") in APPLY
    return polling.clients.access(poll.func) is None and not known


def _catches(names: Names, context: ast.expr, inside: bool) -> bool:
    """``with suppress(...)``, ``with attempt`` of a retry helper, and what cannot be seen.

    ``inside`` the loop something unknown may catch and go on; around it, it cannot.
    """
    if not isinstance(context, ast.Name):
        name = names.qualify(context.func) if isinstance(context, ast.Call) else None
        known = name in TIMEOUT_SCOPES
        return "suppress" in ast.unparse(context) or (inside and not known)
    return any(
        isinstance(above.target, ast.Name) and above.target.id == context.id
        for above in names.ancestors(context)
        if isinstance(above, ast.For | ast.AsyncFor)
    )


def _knows(
    polling: Polling,
    wait: Wait,
    handler: ast.ExceptHandler,
    inside: bool,
) -> bool:
    """Whether a handler may catch an error of the provider, and goes on or speaks of the job.

    One that is not ``inside`` the loop cannot go on with this job.
    """
    world = JobWorld(polling.names, polling.clients)
    errors = polling.provider.exceptions
    may_catch = any(
        name is None or name in errors or is_subclass(error, name, world) is not False
        for name in handler_names(handler)
        for error in errors
    )
    leaves = isinstance(handler.body[-1], ast.Raise | ast.Return | ast.Break)
    goes_on = inside and not leaves
    return may_catch and (goes_on or any(wait.identifies(step) for step in handler.body))


# Whose id is only in memory

_CONVERTS = frozenset(
    {"str", "repr", "cast", "list", "tuple", "sorted", "dict", "zip", "enumerate"}
)
_RUNS = frozenset(
    "create_task ensure_future wait_for gather shield run run_until_complete cast".split()
)
"""Calls that give what they are given, or what it gives when it is awaited."""
_BRANCHES = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.Match, ast.ExceptHandler, ast.IfExp)


def unpersisted(polling: Polling) -> Iterator[Wait]:
    """The first wait for each job whose id has not left the function's memory before."""
    told: set[ast.Call] = set()
    for wait in sorted(waits(polling), key=lambda wait: place(wait.loop.node)):
        call = wait.call.node
        if call in told or _is_a_stream(wait.call):
            continue
        held = _held(wait)
        if not held.identifies(wait.loop.node):
            continue  # it waits for another job
        told.add(call)
        if not _leaves_memory(polling, held):
            yield wait


def _is_a_stream(call: BackgroundCall) -> bool:
    """Whether the call may give events, of which each holds the id."""
    stream = call.argument("stream")
    return call.operation.streams or not (stream.presence == "omitted" or stream.is_false)


def _held(wait: Wait) -> Wait:
    """The wait with all names that hold the job of its call, alone or among others."""
    wait = replace(wait, responses=frozenset(), ids=frozenset())
    before = -1
    while before != len(wait.responses) + len(wait.ids):
        before = len(wait.responses) + len(wait.ids)
        for target, value in _all_bindings(wait.loop.scope):
            for element, source in _paired(target, unawaited(value)):
                wait = _holding(wait, element, source)
    return wait


def _holding(wait: Wait, target: ast.expr, value: ast.expr) -> Wait:
    whole, known = _holds(wait, value)
    if not known:
        return wait
    stored = bound_by(target)
    if isinstance(target, ast.Attribute | ast.Subscript):
        return wait
    if whole:
        return replace(wait, responses=wait.responses | stored)
    return replace(wait, ids=wait.ids | stored)


def _holds(wait: Wait, value: ast.expr) -> tuple[bool, bool]:
    """Whether an expression holds a whole response, and whether it holds the job at all."""
    match value:
        case ast.Attribute(value=inner, attr=name) if name in _WHOLE:
            return False, _holds(wait, unawaited(inner))[1] or wait.identifies(value)
        case ast.Attribute(value=inner):
            return False, False
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in wait.responses:
            return True, True  # ``created.parse()``
    created = any(node is wait.call.node for node in ast.walk(value))
    return True, created or wait.identifies(value)


def _all_bindings(scope: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    yield from _bindings(scope)
    for node in sorted(ast.walk(scope), key=place):
        match node:
            case (
                ast.For(target=target, iter=value)
                | ast.AsyncFor(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
                | ast.withitem(context_expr=value, optional_vars=ast.expr() as target)
            ):
                yield target, value
            case ast.Call(
                func=ast.Attribute(value=ast.Name() as target, attr="append" | "add"), args=[value]
            ):
                yield target, value


def _paired(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """``response, started = create(), time.time()``, one by one."""
    match target, value:
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            return [(one, unawaited(other)) for one, other in zip(targets, values, strict=True)]
    return [(target, value)]


def _leaves_memory(polling: Polling, wait: Wait) -> bool:
    """Whether something but the polling gets the id before the wait begins."""
    if _is_stored_or_given_at_once(polling, wait):
        return True
    start, end = place(wait.call.node), _beginning(polling, wait)
    elsewhere = _declared_elsewhere(wait.loop.scope)
    for node in ast.walk(wait.loop.scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            if _is_a_way_back(polling, wait, node) and place(node) < end:
                return True
            continue
        between = start < place(node) < end
        certain = between and not _is_skipped(polling.names, node, wait.loop)
        if certain and _is_recorded(polling, wait, node, elsewhere):
            return True
    return False


def _beginning(polling: Polling, wait: Wait) -> tuple[int, int]:
    """Where the wait begins: at the first sleep or poll in the loop."""
    loop = wait.loop
    if isinstance(loop.node, ast.FunctionDef | ast.AsyncFunctionDef):
        calls = [place(call) for call in polling.names.calls_of(loop.node.name)]
        return min((call for call in calls if call > place(loop.node)), default=place(loop.node))
    inside = [
        place(node)
        for node in own_nodes(loop.node)
        if isinstance(node, ast.Call) and (node in loop.sleeps or polling.asks(node))
    ]
    return min(inside, default=place(loop.node))


def _is_skipped(names: Names, node: ast.AST, loop: PollLoop) -> bool:
    """Whether a node in the loop is under a condition there, and so maybe left out."""
    for above in names.ancestors(node):
        if above is loop.node:
            return False
        if isinstance(above, _BRANCHES) and _is_in_loop(names, above, loop):
            return True
    return False


def _is_a_way_back(polling: Polling, wait: Wait, function: ast.AST) -> bool:
    """Whether an inner function knows the job for another purpose than to poll it."""
    if function is wait.loop.scope or function is wait.loop.node or not wait.identifies(function):
        return False
    return not any(node in polling.polls for node in ast.walk(function))


def _is_recorded(polling: Polling, wait: Wait, node: ast.AST, elsewhere: set[str]) -> bool:
    match node:
        case ast.Call():
            return not _is_of_the_job(polling, node) and _is_given(polling, wait, node, told=True)
        case ast.Assign(targets=targets, value=value):
            return any(_stores(wait, target, value, elsewhere) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return _stores(wait, target, value, elsewhere)
        case ast.AugAssign(value=value):
            return wait.identifies(value)
        case ast.Yield(value=ast.expr() as value) | ast.Return(value=ast.expr() as value):
            return wait.identifies(value)
        case ast.FormattedValue(value=value):
            return not _is_raised(polling.names, node) and wait.identifies(value)
    return False


def _is_raised(names: Names, node: ast.AST) -> bool:
    return isinstance(names.statement(node), ast.Raise | ast.Assert)


def _is_of_the_job(polling: Polling, call: ast.Call) -> bool:
    """Whether a call polls or cancels, or only gives what it is given in another form."""
    runs_it = (polling.names.qualify(call.func) or "") in APPLY
    if runs_it and any(call is operation for operation, _ in polling.calls.operations):
        return True
    forms = last_name(dotted(call.func) or "") in _CONVERTS | _RUNS
    return forms or _is_raised(polling.names, call)


def _is_stored_or_given_at_once(polling: Polling, wait: Wait) -> bool:
    """``self.job = create(...)``, ``track(create(...))``."""
    elsewhere = _declared_elsewhere(wait.loop.scope)
    below: ast.AST = wait.call.node
    for above in polling.names.ancestors(wait.call.node):
        match above:
            case ast.Call(func=function) if (
                below is not function
                and last_name(dotted(function) or "") not in _CONVERTS | _RUNS | _LOOKS
            ):
                return True
            case ast.Assign(targets=targets):
                return any(
                    isinstance(target, ast.Attribute | ast.Subscript)
                    or (isinstance(target, ast.Name) and target.id in elsewhere)
                    for target in targets
                )
            case ast.AnnAssign(target=ast.Attribute() | ast.Subscript()):
                return True
            case ast.stmt():
                return False
        below = above
    return False
