"""BGM310: a poll loop whose interval is outside the policy's range."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Fix, ReplaceExpression
from bgmode.flow.names import defaults
from bgmode.flow.values import Known, Value
from bgmode.model.polling import PollLoop


def poll_interval(subject: Subject) -> Iterator[Finding]:
    policy = subject.policy.poll
    for loop in subject.loops:
        for call, value in loop.sleeps.items():
            seconds = _seconds(loop, call, value)
            if seconds is None or seconds <= 0:
                continue
            if seconds < policy.shortest:
                if not subject.case.module.polling.is_the_interval(loop, call):
                    continue
                whose = _whose(policy.min_interval)
                yield _finding(subject, call, seconds, policy.shortest, f"{whose} at least")
            elif seconds > policy.longest:
                whose = _whose(policy.max_interval)
                yield _finding(subject, call, seconds, policy.longest, f"{whose} at most")


def _whose(given: float | None) -> str:
    return "the policy's poll.interval wants" if given is not None else "by default it should be"


def _seconds(loop: PollLoop, call: ast.Call, value: Value) -> float | None:
    """How long a call waits, where that is known: a number, or a parameter's default."""
    if isinstance(value, Known):
        number = value.value
        return number if isinstance(number, int | float) and not isinstance(number, bool) else None
    number = _product(_argument(call))
    if number is not None:
        return number
    match _argument(call), loop.scope:
        case ast.Name(id=name), ast.FunctionDef() | ast.AsyncFunctionDef() as function:
            match defaults(function).get(name):
                case ast.Constant(value=int() | float() as number) if not _is_set(function, name):
                    return number
    return None


def _product(node: ast.expr | None) -> float | None:
    """``10 * 60``: a number that is written as a product or a quotient."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as operator, right=right):
            one, other = _product(left), _product(right)
            if one is None or other is None:
                return None
            if isinstance(operator, ast.Mult):
                return one * other
            return one / other if other else None
    return None


def _is_set(function: ast.AST, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for node in ast.walk(function)
    )


def _argument(call: ast.Call) -> ast.expr | None:
    if call.args:
        return call.args[0]
    names = {"delay", "seconds", "secs"}
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def _finding(subject: Subject, call: ast.Call, seconds: float, limit: float, bound: str) -> Finding:
    argument = _argument(call) or call
    fix = None
    if isinstance(argument, ast.Constant):
        edit = ReplaceExpression(subject.span(argument), f"{limit:g}")
        fix = Fix("unsafe", f"wait {limit:g} s", (edit,))
    return subject.finding(
        argument,
        f"this loop waits {seconds:g} s between polls, {bound} {limit:g} s",
        fix=fix,
    )
