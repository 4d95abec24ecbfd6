"""Time limits around a function: its decorators, and those who run it under a timeout."""

from __future__ import annotations

import ast

from bgmode.flow import callees
from bgmode.flow.names import FUNCTIONS, Code, FunctionNode, Names, dotted, reads, undecorated

_ALARMS = ("alarm", "setitimer")  # signal.alarm: the operating system ends the wait


class Limits:
    """The time limits of one module."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def are_around(self, scope: ast.Module | Code) -> bool:
        """Whether a decorator or an alarm limits the time, or every use of an inner function does.

        A function that others can call has to have a bound of its own; those whose name says
        that they are nobody else's need none.
        """
        if not isinstance(scope, FUNCTIONS):
            return False
        if any(_limits_time(decorator) for decorator in scope.decorator_list):
            return True
        alarms = [call for name in _ALARMS for call in self.names.calls_of(name)]
        if any(self.names.function(call) is scope for call in alarms):
            return True
        if self.names.function(scope) is None and not scope.name.startswith("_"):
            return False
        uses = self._uses(scope)
        return bool(uses) and all(self._is_timed(use) or self._is_cancelled(use) for use in uses)

    def _is_cancelled(self, use: ast.AST) -> bool:
        """Whether a function is run as a task that the function around it cancels."""
        outer = self.names.function(use)
        cancels = [
            call for call in self.names.calls_of("cancel") if self.names.function(call) is outer
        ]
        tasks = {"create_task", "ensure_future", "start_soon", "start"}
        return bool(cancels) and any(
            isinstance(above, ast.Call)
            and isinstance(above.func, ast.Name | ast.Attribute)
            and (dotted(above.func) or "").rpartition(".")[2] in tasks
            for above in self.names.ancestors(use)
        )

    def timed_uses(self, scope: ast.Module | Code) -> list[ast.AST]:
        """Where a function is run under a time limit."""
        return [use for use in self._uses(scope) if self._is_timed(use)]

    def _uses(self, scope: ast.Module | Code) -> list[ast.AST]:
        if not isinstance(scope, FUNCTIONS):
            return []
        return [node for node in self.names.parent if self._names(node, scope)]

    def _names(self, node: ast.AST, function: FunctionNode) -> bool:
        """Whether ``node`` reads the name of ``function``, or of a method called so."""
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name == function.name:
                return self.names.named_function(node) is function
            case ast.Attribute(attr=name, ctx=ast.Load()) if name == function.name:
                return self.names.enclosing_class(function) is not None
        return False

    def _is_timed(self, node: ast.AST) -> bool:
        for above in self.names.ancestors(node):
            match above:
                case ast.Call(func=function) if (
                    self.names.qualify(function) in callees.TIMEOUT_CALLS
                ):
                    return True
                case ast.With(items=items) | ast.AsyncWith(items=items):
                    for item in items:
                        expression = item.context_expr
                        if isinstance(expression, ast.Call) and (
                            callees.limits_time(self.names.qualify(expression.func))
                        ):
                            return True
                case ast.Assign(targets=[ast.Name(id=task)]):
                    return self._is_awaited_in_time(task, above)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    return False
        return False

    def _is_awaited_in_time(self, task: str, made: ast.stmt) -> bool:
        """Whether a task that was made of it is waited for with a time limit."""
        waits = [
            call
            for call in self.names.calls
            if self.names.function(call) is self.names.function(made)
            and any(reads(argument, {task}) for argument in call.args)
        ]
        return any(
            self.names.qualify(call.func) in callees.TIMEOUT_CALLS
            or any(keyword.arg == "timeout" for keyword in call.keywords)
            for call in waits
        )


def _limits_time(decorator: ast.expr) -> bool:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    if any(keyword.arg and callees.TIME_LIMIT.search(keyword.arg) for keyword in keywords):
        return True
    name = dotted(undecorated(decorator)) or ""
    return bool(callees.TIME_LIMIT.search(name.rpartition(".")[2]))
