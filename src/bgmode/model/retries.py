"""What is tried again: decorators, loops and helpers that call a function a second time.

They may stand around the call itself, or around one that comes to it through functions of the
module: what a function raises, its callers try again, unless it is caught on the way.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bgmode.flow.names import (
    CODE,
    FUNCTIONS,
    LOOPS,
    Code,
    FunctionNode,
    Loop,
    Names,
    bindings_in,
    bound_by,
    counts,
    dotted,
    handed_to,
    is_denial,
    parameters,
    reads,
    unawaited,
    undecorated,
)
from bgmode.model.callgraph import Step

_DECORATORS = re.compile(
    r"^(tenacity\.retry|tenacity\.retry\.\w+|backoff\.on_exception|backoff\.on_predicate"
    r"|retrying\.retry|retry\.retry|retry|stamina\.retry|opnieuw\.\w+|aiohttp_retry\.\w+"
    r"|google\.api_core\.retry\.Retry(Async)?|google\.api_core\.retry_async\.\w+)$"
)
_FETCHING = frozenset(
    "get_nowait pop popleft receive recv blpop brpop fetchone readline read input".split()
)
_FETCHING_WORDS = frozenset(["next", "claim", "dequeue", "pop"])
"""Words in the name of what gives another thing each time."""
_NAMED_RETRY = re.compile(r"(^|_)(retry|retries|retrying|retryable|backoff)(_|$)", re.IGNORECASE)
_NOT_RETRYING = re.compile(
    r"(^|_)(no|non|never|without|disable|skip|on|log|set)_(\w+_)?(retry|retries|retrying|backoff)(_|$)",
    re.IGNORECASE,
)
_BROAD = frozenset(["Exception", "BaseException", "OpenAIError", "APIError"])
"""Exceptions that whatever goes wrong with a request is one of."""
_WITHOUT_A_LOSS = frozenset(
    "KeyError IndexError LookupError TypeError AttributeError JSONDecodeError ValidationError "
    "KeyboardInterrupt Empty QueueEmpty BadRequestError AuthenticationError PermissionDeniedError "
    "UnprocessableEntityError".split()
)
"""Exceptions of what is looked up or read, also in an answer, and of requests that are refused."""
_CALLS_AT_ONCE = frozenset(["to_thread", "run_in_executor", "run_in_threadpool", "run_sync"])
"""Functions that raise what the one raises that they are given."""
_RETRY_CLASSES = re.compile(r"(^|\.)(Async)?Retrying$")


@dataclass(frozen=True)
class Retry:
    """Something that runs code again when it fails. ``kind`` is how a message names it.

    ``code`` is what it runs again; None where only the operation is handed on, whose arguments
    are evaluated once. ``steps`` are the calls by which that comes to the one that was asked about.
    """

    node: ast.AST
    kind: str
    code: Loop | Code | None = None
    steps: tuple[Step, ...] = ()

    @property
    def body(self) -> list[ast.AST]:
        """The code that is run again: statements, or a lambda's expression."""
        inner = [statement for step in self.steps for statement in step.function.body]
        match self.code:
            case None:
                return [*inner]
            case ast.Lambda(body=body):
                return [body, *inner]
            case code:
                return [*code.body, *inner]


def retries_around(names: Names, call: ast.Call) -> Iterator[Retry]:
    """What tries ``call`` again, nearest first."""
    waiting: deque[tuple[ast.Call, tuple[Step, ...]]] = deque([(call, ())])
    seen: set[ast.AST] = set()
    while waiting:
        at, steps = waiting.popleft()
        for retry in _around(names, at):
            yield replace(retry, steps=steps)
        function = raises_out_of(names, at)
        if function is not None and function not in seen:
            seen.add(function)
            for caller in callers(names, function):
                waiting.append((caller, (Step(caller, function), *steps)))
    yield from _bound_method(names, call)


def raises_out_of(names: Names, call: ast.Call) -> FunctionNode | None:
    """The function around a call whose callers get what the call raises."""
    swallowed = False
    below: ast.AST = call
    for above in names.ancestors(call):
        if isinstance(above, ast.Try) and below in above.body:
            swallowed = swallowed or _catches_all(above)
        if isinstance(above, FUNCTIONS):
            if below not in above.body:
                return None
            comes_out = not swallowed or any(isinstance(n, ast.Raise) for n in ast.walk(above))
            return above if comes_out else None
        if isinstance(above, ast.Lambda):
            return None
        below = above
    return None


def _catches_all(attempt: ast.Try) -> bool:
    """Whether a ``try`` catches whatever may go wrong with a request."""
    caught = {name for handler in attempt.handlers for name in _caught(handler)}
    return not caught.isdisjoint(_BROAD)


def _caught(handler: ast.ExceptHandler) -> set[str]:
    """What the exceptions are called that a handler catches."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {"BaseException" if kind is None else _name(kind).rpartition(".")[2] for kind in kinds}


def _tells_of_no_loss(handler: ast.ExceptHandler) -> bool:
    """Whether no answer to a request has got lost where a handler comes in."""
    return _caught(handler) <= _WITHOUT_A_LOSS


def callers(names: Names, function: FunctionNode) -> Iterator[ast.Call]:
    """The calls in the module that call a function at once, or have it called."""
    yield from names.calls_to(function)
    for call in _given_to(names, function):
        match call.func:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in _CALLS_AT_ONCE:
                yield call


def _given_to(names: Names, function: FunctionNode) -> Iterator[ast.Call]:
    """The calls in the module that are given a function, or a partial of it."""
    for mention in names.mentions.get(function.name, ()):
        given, above = mention, names.parent[mention]
        if isinstance(above, ast.Call) and _of_partial(names, above) is mention:
            given, above = above, names.parent[above]
        call = names.parent[above] if isinstance(above, ast.keyword) else above
        if not isinstance(call, ast.Call) or given is call.func:
            continue
        if names.named_function(mention) is function:
            yield call


def _around(names: Names, call: ast.Call) -> Iterator[Retry]:
    """What tries a call again in the function that it stands in, or tries that function again."""
    raises_out = raises_out_of(names, call)
    below: ast.AST = call
    for above in names.ancestors(call):
        match above:
            case ast.Call() if _is_handed_on(names, _given(below), call, above):
                given = _given(below)
                code = given if isinstance(given, ast.Lambda) else None
                yield Retry(above, f"`{_name(above.func)}`", code)
            case ast.While() | ast.For() | ast.AsyncFor():
                found = _loop(names, above, call)
                if found is not None:
                    yield found
            case ast.Try() if below in above.body:
                yield from _handlers_that_go_back(names, above, call)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if below in above.body:
                if raises_out is above:
                    yield from _decorated(names, above)
                    yield from _handed_to_helper(names, above)
                break
        below = above


def _handlers_that_go_back(names: Names, attempt: ast.Try, call: ast.Call) -> Iterator[Retry]:
    """``except``, and the function around it is called again for the same."""
    function = names.function(call)
    if not isinstance(function, FUNCTIONS):
        return
    for handler in attempt.handlers:
        if _tells_of_no_loss(handler):
            continue
        for again in ast.walk(handler):
            if isinstance(again, ast.Call) and (
                _is_retry_of_the_task(again, function)
                or (names.callee(again) is function and _hands_on(again, function, call))
            ):
                yield Retry(again, f"`{_name(again.func)}` in the `except`", function)


def _is_retry_of_the_task(call: ast.Call, function: FunctionNode) -> bool:
    """``self.retry()`` in a Celery task that is handed itself."""
    match call.func, function.args.args:
        case ast.Attribute(value=ast.Name(id=task), attr="retry"), [first, *_] if first.arg == task:
            return any(
                keyword.arg == "bind"
                for decorator in function.decorator_list
                if isinstance(decorator, ast.Call)
                for keyword in decorator.keywords
            )
    return False


def _hands_on(again: ast.Call, function: FunctionNode, call: ast.Call) -> bool:
    """Whether a function that calls itself gives what it makes a call of unchanged."""
    handed = {node.id for node in handed_to(again) if isinstance(node, ast.Name)}
    own = {parameter.arg for parameter in parameters(function)} - {"self", "cls"}
    return own & {node.id for node in ast.walk(call) if isinstance(node, ast.Name)} <= handed


def _given(node: ast.AST) -> ast.AST:
    """An argument, without the keyword it is given by."""
    return node.value if isinstance(node, ast.keyword) else node


def _is_handed_on(names: Names, node: ast.AST, call: ast.Call, helper: ast.Call) -> bool:
    """Whether an argument is code that ``helper`` tries again: a lambda, or a partial."""
    partial = node is call and names.qualify(call.func) == "functools.partial"
    return (partial or isinstance(node, ast.Lambda)) and _is_helper(names, helper)


def _name(node: ast.expr) -> str:
    return dotted(node) or ast.unparse(node)[:40]


def _decorated(names: Names, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Retry]:
    for decorator in function.decorator_list:
        target = undecorated(decorator)
        name = names.qualify(target) or dotted(target) or ""
        if _DECORATORS.match(name) or _is_named_retry(name):
            if not _limits_exceptions_away(decorator):
                yield Retry(decorator, f"`@{_name(target)}`", function)
        elif _tries_again(names, target):
            yield Retry(decorator, f"`@{_name(target)}`", function)
        elif isinstance(decorator, ast.Call) and _has_retries(decorator):
            yield Retry(decorator, f"`@{_name(target)}` with retries", function)
        elif isinstance(decorator, ast.Call) and _retries_itself(decorator):
            yield Retry(decorator, f"`@{_name(target)}` with autoretry_for", function)


def _has_retries(decorator: ast.Call) -> bool:
    """``@task(retries=3)``, as Prefect and Modal have it."""
    return any(
        keyword.arg == "retries" and not is_denial(keyword.value) for keyword in decorator.keywords
    )


def _retries_itself(task: ast.Call) -> bool:
    """Whether Celery tries a task again by itself: after some exceptions, some times."""
    said = {keyword.arg: keyword.value for keyword in task.keywords}
    match said.get("autoretry_for"), said.get("max_retries"):
        case ((None | ast.Tuple(elts=[]) | ast.List(elts=[])), _):
            return False
        case _, ast.Constant(value=0):
            return False
    return True


def _limits_exceptions_away(decorator: ast.expr) -> bool:
    """A decorator that is told to try once."""
    if not isinstance(decorator, ast.Call):
        return False
    for keyword in decorator.keywords:
        match keyword:
            case ast.keyword(
                arg="max_tries" | "attempts" | "tries" | "max_attempts",
                value=ast.Constant(value=1),
            ):
                return True
            case ast.keyword(
                arg="stop", value=ast.Call(func=function, args=[ast.Constant(value=1)])
            ) if (dotted(function) or "").endswith("stop_after_attempt"):
                return True
    return False


def _is_helper(names: Names, call: ast.Call) -> bool:
    match call.func:
        case ast.Call(func=inner):  # Retrying(...)(function)
            made = names.qualify(inner) or dotted(inner) or ""
            return bool(_RETRY_CLASSES.search(made) or _DECORATORS.match(made))
        case ast.Name(id=variable):
            binding = names.binding(variable, call)
            if binding is not None and isinstance(binding.value, ast.Call):
                made = names.qualify(binding.value.func) or dotted(binding.value.func) or ""
                if _RETRY_CLASSES.search(made):
                    return True
    name = names.qualify(call.func) or dotted(call.func) or ""
    return _is_named_retry(name) or _tries_again(names, call.func)


def _tries_again(names: Names, helper: ast.expr) -> bool:
    """Whether a function of this module calls what it is given until that goes well."""
    function = names.named_function(helper)
    return function is not None and any(
        isinstance(call, ast.Call)
        and _is_given(names, call.func, function)
        and _in_loop(names, call)
        for call in ast.walk(function)
    )


def _is_given(names: Names, callee: ast.expr, function: FunctionNode) -> bool:
    """Whether what is called is a parameter of a function, or of one that stands in it."""
    binding = names.binding(callee.id, callee) if isinstance(callee, ast.Name) else None
    return (
        binding is not None
        and isinstance(binding.node, ast.arg)
        and names.is_within(binding.node, function)
    )


def _in_loop(names: Names, call: ast.Call) -> bool:
    """Whether a loop in the same function tries a call again."""
    for above in names.ancestors(call):
        if isinstance(above, CODE):
            return False
        if isinstance(above, LOOPS) and _loop(names, above, call) is not None:
            return True
    return False


def _is_named_retry(full: str) -> bool:
    """Whether something is called a retry: ``retry_call``, but not ``call_without_retry``."""
    name = full.rpartition(".")[2]
    return bool(_NAMED_RETRY.search(name)) and not _NOT_RETRYING.search(name)


def _handed_to_helper(
    names: Names, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[Retry]:
    """``retry_call(create_job)``: the function itself is given to a retry helper."""
    for call in _given_to(names, function):
        if _is_helper(names, call):
            yield Retry(call, f"`{_name(call.func)}`", function)


def _of_partial(names: Names, node: ast.expr) -> ast.expr:
    """What ``functools.partial(submit, prompt)`` calls."""
    match node:
        case ast.Call(func=maker, args=[first, *_]) if names.qualify(maker) == "functools.partial":
            return first
    return node


def _bound_method(names: Names, call: ast.Call) -> Iterator[Retry]:
    if call.args and _is_helper(names, call):
        yield Retry(call, f"`{_name(call.func)}`")


# Loops that try again


def _loop(names: Names, loop: Loop, call: ast.Call) -> Retry | None:
    """A loop that comes back to ``call`` when it has failed, and stops when it has not."""
    if _is_retrying_iteration(names, loop):
        return Retry(loop, "the retry loop", loop)
    handler = _handler_that_goes_on(names, loop, call)
    if handler is None or not _stops_on_success(names, loop, call, handler):
        return None
    return Retry(loop, "the loop", loop)


def _is_retrying_iteration(names: Names, loop: Loop) -> bool:
    """``for attempt in Retrying(...)`` and ``stamina.retry_context(...)``."""
    if isinstance(loop, ast.While):
        return False
    match loop.iter:
        case ast.Call(func=function):
            name = names.qualify(function) or dotted(function) or ""
            return bool(_RETRY_CLASSES.search(name)) or name.endswith("retry_context")
    return False


def _handler_that_goes_on(
    names: Names, loop: Loop, call: ast.Call
) -> tuple[ast.Try, ast.ExceptHandler] | None:
    below: ast.AST = call
    for above in names.ancestors(call):
        if above is loop:
            return None
        if isinstance(above, CODE):
            return None
        if isinstance(above, ast.Try) and below in above.body:
            for handler in above.handlers:
                if not _tells_of_no_loss(handler) and not _always_leaves(handler.body):
                    return above, handler
        below = above
    return None


def _always_leaves(body: list[ast.stmt]) -> bool:
    """Whether a handler surely leaves the loop."""
    for statement in body:
        match statement:
            case ast.Return() | ast.Raise() | ast.Break():
                return True
            case ast.Continue():
                return False
            case ast.If() if any(isinstance(node, ast.Continue) for node in ast.walk(statement)):
                return False
            case ast.If(body=then, orelse=otherwise) if (
                otherwise and _always_leaves(then) and _always_leaves(otherwise)
            ):
                return True
    return False


def _stops_on_success(
    names: Names, loop: Loop, call: ast.Call, found: tuple[ast.Try, ast.ExceptHandler]
) -> bool:
    """Whether the loop ends once the call has succeeded: then further turns are retries.

    A loop over jobs goes on after success, too: that is work, not a retry.
    """
    if _is_another_job(loop, call):
        return False
    if isinstance(loop, ast.While) and _ends_by_success(loop, found[0]):
        return True
    attempt, handler = found
    made = _made_by(names, call)
    tried = _leaves_behind(names, attempt.body, call, made) or _leaves(attempt.orelse)
    below: ast.AST = attempt
    after: list[ast.stmt] = []
    for above in names.ancestors(attempt):
        body = getattr(above, "body", [])
        if below in body:
            after += body[body.index(below) + 1 :]
        if above is loop:
            break
        below = above
    return tried or (_leaves_on_success(after, call, made) and _ends_in_continue(handler))


def _leaves_on_success(after: list[ast.stmt], call: ast.Call, made: set[str]) -> bool:
    """Whether what follows the call surely leaves the loop, or does because of its response."""
    for following in [each for later in after for each in _with_response(later, call, made)]:
        match following:
            case ast.Return() | ast.Break():
                return True
            case ast.If(test=test) if _leaves([following]):
                return reads(test, made)
            case ast.With() | ast.AsyncWith() | ast.Try() if _leaves([following]):
                return True
    return False


def _made_by(names: Names, call: ast.Call) -> set[str]:
    """The names that the statement of a call sets."""
    statement = names.statement(call)
    return {
        node.id
        for node in (ast.walk(statement) if statement is not None else ())
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _leaves_behind(names: Names, body: list[ast.stmt], call: ast.Call, made: set[str]) -> bool:
    """Whether there is a way out of the loop with a call, or behind it.

    One before the call is for when there is no more work.
    """
    for number, statement in enumerate(body):
        if not names.is_within(call, statement):
            continue
        behind = [
            each for later in body[number + 1 :] for each in _with_response(later, call, made)
        ]
        if _leaves(behind):
            return True
        match statement:
            case ast.If(test=test, body=then, orelse=otherwise) if not names.is_within(call, test):
                return _leaves_behind(names, [*then, *otherwise], call, made)
            case ast.With(body=inner) | ast.AsyncWith(body=inner) if any(
                names.is_within(call, each) for each in inner
            ):
                return _leaves_behind(names, inner, call, made)
        return _leaves(_with_response(statement, call, made))
    return False


def _with_response(statement: ast.stmt, call: ast.Call, made: set[str]) -> list[ast.stmt]:
    """What is done of a statement where a call has given something: ``made`` are its names."""
    match statement:
        case ast.If(
            test=(
                ast.UnaryOp(op=ast.Not(), operand=asked)
                | ast.Compare(left=asked, ops=[ast.Is()], comparators=[ast.Constant(value=None)])
            ),
            orelse=otherwise,
        ):
            match asked:
                case ast.NamedExpr(value=value):
                    asked = value
            is_made = isinstance(asked, ast.Name) and asked.id in made
            return otherwise if is_made or unawaited(asked) is call else [statement]
    return [statement]


def _ends_in_continue(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Continue) for node in ast.walk(handler))


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether there is a way out of the loop among these statements."""
    stack: list[tuple[ast.AST, bool]] = [(statement, False) for statement in body]
    while stack:
        node, inner_loop = stack.pop()
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break) and not inner_loop):
            return True
        if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ExceptHandler)):
            continue
        inner = inner_loop or isinstance(node, LOOPS)
        stack += [(child, inner) for child in ast.iter_child_nodes(node)]
    return False


def _ends_by_success(loop: ast.While, attempt: ast.Try) -> bool:
    """``while response is None``: the test reads what only a success sets."""
    tested = {node.id for node in ast.walk(loop.test) if isinstance(node, ast.Name)}
    return any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in tested
        for statement in attempt.body
        for node in ast.walk(statement)
    )


def _is_another_job(loop: Loop, call: ast.Call) -> bool:
    """Whether each turn works on something else: an item of the loop, or one of a queue."""
    items: set[str] = set()
    if not isinstance(loop, ast.While) and not counts(loop):
        items = bound_by(loop.target)
    for node in ast.walk(loop):
        for target, value in bindings_in([node]):
            if isinstance(target, ast.Name | ast.Tuple | ast.List) and (
                reads(value, items) or _fetches(value)
            ):
                items |= bound_by(target)
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=arguments) if (
                node is not call and any(reads(argument, items) for argument in arguments)
            ):
                items.add(name)  # messages.append(row)
    return reads(call, items)


def _fetches(value: ast.expr) -> bool:
    """``jobs.get()``, ``next(prompts)``: another one each time."""
    match unawaited(value):
        case ast.Call(func=ast.Attribute(attr="get"), args=arguments, keywords=keywords):
            said = {keyword.arg for keyword in keywords}
            return said <= {"block", "timeout"} and (not arguments or _is_flag(arguments[0]))
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name in _FETCHING or not _FETCHING_WORDS.isdisjoint(name.split("_"))
    return False


def _is_flag(argument: ast.expr) -> bool:
    """What ``queue.get(False)`` and ``queue.get(True, 5)`` are given, and no key of a dict."""
    return isinstance(argument, ast.Constant) and isinstance(argument.value, bool)
