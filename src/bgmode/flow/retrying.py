"""Retry decorators: what makes them call a function again, whether they wait, and when they stop.

Knows tenacity, backoff, retrying and stamina, by their documented keyword arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bgmode.flow.callees import last_name
from bgmode.flow.exits import Exit
from bgmode.flow.names import FunctionNode, Names, dotted
from bgmode.flow.values import NONE, Truth, Value, either

Ask: TypeAlias = Callable[[ast.expr, Value], Truth]
"""Whether a predicate, called with a value, says yes."""
Catches: TypeAlias = Callable[[ast.expr, Exit], Truth]
"""Whether an exception class (or a tuple of them) is that of a way out."""


@dataclass(frozen=True, slots=True)
class Retrying:
    """One retry decorator. ``results`` asks the result, ``exceptions`` names what is caught.

    ``negated``: the result decides the other way round. ``condition`` is tenacity's own
    expression, which may combine several. None for ``exceptions`` means any exception.
    """

    node: ast.expr
    results: ast.expr | None = None
    negated: bool = False
    catches_exceptions: bool = False
    exceptions: ast.expr | None = None
    condition: ast.expr | None = None
    stops: bool = False
    waits: bool = False

    def again(self, way_out: Exit, ask: Ask, catches: Catches) -> Truth:
        """Whether the function is called again after it has ended so."""
        if self.condition is not None:
            return _condition(self.condition, way_out, ask, catches)
        if way_out.kind == "return":
            if self.results is None:
                return False
            said = ask(self.results, way_out.value or NONE)
            return said if said is None or not self.negated else not said
        if not self.catches_exceptions:
            return False
        return True if self.exceptions is None else catches(self.exceptions, way_out)


def retrying(names: Names, function: FunctionNode) -> tuple[Retrying, ...]:
    """The retry decorators of a function, the innermost first."""
    found = (_read(names, decorator) for decorator in reversed(function.decorator_list))
    return tuple(retry for retry in found if retry is not None)


def _read(names: Names, decorator: ast.expr) -> Retrying | None:
    call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
    match names.qualify(call.func):
        case "tenacity.retry":
            return _tenacity(decorator, call)
        case "backoff.on_predicate":
            return _backoff(decorator, call, results=True)
        case "backoff.on_exception":
            return _backoff(decorator, call, results=False)
        case "retrying.retry":
            return _retrying(decorator, call)
        case "stamina.retry":
            on = _argument(call, "on", 0)
            return Retrying(decorator, None, False, True, on, stops=True, waits=True)
        case _:
            return None


def _argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and len(call.args) > position:
        return call.args[position]
    return None


def _tenacity(decorator: ast.expr, call: ast.Call) -> Retrying:
    stop, wait = _argument(call, "stop"), _argument(call, "wait")
    return Retrying(
        decorator,
        catches_exceptions=True,
        condition=_argument(call, "retry"),
        stops=stop is not None and _last(stop) != "stop_never",
        waits=wait is not None and _last(wait) != "wait_none",
    )


def _backoff(decorator: ast.expr, call: ast.Call, *, results: bool) -> Retrying:
    stops = any(_argument(call, name) is not None for name in ("max_tries", "max_time"))
    if not results:
        caught = _argument(call, "exception", 1)
        return Retrying(decorator, None, False, True, caught, stops=stops, waits=True)
    predicate = _argument(call, "predicate", 1)
    if predicate is None:  # backoff's own: as long as the result is false
        predicate = ast.copy_location(ast.Name("bool", ast.Load()), decorator)
        return Retrying(decorator, predicate, True, stops=stops, waits=True)
    return Retrying(decorator, predicate, stops=stops, waits=True)


def _retrying(decorator: ast.expr, call: ast.Call) -> Retrying:
    names = [keyword.arg or "" for keyword in call.keywords]
    result = _argument(call, "retry_on_result")
    return Retrying(
        decorator,
        result,
        catches_exceptions=result is None or "retry_on_exception" in names,
        stops=any(name.startswith("stop") for name in names),
        waits=any(name.startswith("wait") for name in names),
    )


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return last_name(dotted(node) or "")


def _condition(node: ast.expr, way_out: Exit, ask: Ask, catches: Catches) -> Truth:
    """What tenacity's ``retry=`` says of one way out."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return either(
                _condition(left, way_out, ask, catches), _condition(right, way_out, ask, catches)
            )
        case ast.Call(args=arguments, keywords=keywords):
            given = [*arguments, *(keyword.value for keyword in keywords)]
            return _rule(_last(node), given, way_out, ask, catches)
        case _:
            return None


def _rule(name: str, given: list[ast.expr], way_out: Exit, ask: Ask, catches: Catches) -> Truth:
    returned = way_out.kind == "return"
    match name, given:
        case "retry_any", conditions:
            answer: Truth = False
            for condition in conditions:
                answer = either(answer, _condition(condition, way_out, ask, catches))
            return answer
        case "retry_if_result", [predicate]:
            return ask(predicate, way_out.value or NONE) if returned else False
        case "retry_if_not_result", [predicate]:
            said = ask(predicate, way_out.value or NONE) if returned else True
            return None if said is None else not said
        case "retry_if_exception_type", []:
            return not returned
        case "retry_if_exception_type", [classes]:
            return False if returned else catches(classes, way_out)
        case "retry_if_not_exception_type", [classes]:
            caught = True if returned else catches(classes, way_out)
            return None if caught is None else not caught
        case _:
            return False if returned and "exception" in name else None
