"""Runs ``try`` and ``with``: what catches an exception, and what limits the time."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bgmode.flow import callees
from bgmode.flow.exceptions import catches, expects, expects_a_miss, handler_names, suppresses
from bgmode.flow.exits import Diverges, Exit, Flow, State, join_states
from bgmode.flow.names import Code, FunctionNode
from bgmode.flow.retrying import Retrying
from bgmode.flow.values import (
    POLLED,
    TRUE,
    Function,
    Instance,
    Known,
    Record,
    Stream,
    Truth,
    Value,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from bgmode.flow.run import Run
    from bgmode.flow.turns import Attempts

_ENTERING = (("__enter__", "__exit__"), ("__aenter__", "__aexit__"))


class Contexts:
    """The ``try`` and ``with`` statements of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.handling: list[list[str | None]] = []  # the exceptions that handlers are at work on
        self.limits: list[ast.AST] = []  # the ``with`` blocks around that end by themselves

    def turn_exits(self, state: State) -> Iterable[Exit]:
        """The ways out that an enclosing time limit opens in each turn."""
        for scope in self.limits:
            yield Exit("raise", scope, state.copy(), raised="TimeoutError")

    def interruptions(self, node: ast.stmt, state: State) -> Iterable[Exit]:
        """The ways out of time limits that may strike while ``node`` awaits something."""
        if any(isinstance(inner, ast.Await) for inner in ast.walk(node)):
            for way_out in self.turn_exits(state):
                yield replace(way_out, implicit=True)

    def is_caught(self, classes: ast.expr, way_out: Exit) -> Truth:
        """Whether the exception of a way out is one of ``classes``."""
        return catches(ast.ExceptHandler(type=classes, body=[]), way_out, self.run.world)

    def try_(self, node: ast.Try, state: State) -> Flow:
        misses = any(map(expects_a_miss, node.handlers))
        self.run.tries += 1
        self.run.misses += misses
        body = self.run.block(node.body, state)
        self.run.misses -= misses
        self.run.tries -= 1
        flows = [self.run.block(node.orelse, body.falls)] if body.falls else [Flow(None)]
        flows[0].exits += [way_out for way_out in body.exits if way_out.kind != "raise"]
        raised = [way_out for way_out in body.exits if way_out.kind == "raise"]
        for handler in node.handlers:
            caught: list[Exit] = []
            further: list[Exit] = []
            for way_out in raised:
                decided = catches(handler, way_out, self.run.world)
                if decided is not False:
                    caught.append(way_out)
                if decided is not True:
                    further.append(way_out)
            raised = further
            if caught:
                flows.append(self._handle(handler, caught))
        flows[0].exits += raised
        return self._finally(node.finalbody, self.run.merge(flows))

    def _handle(self, handler: ast.ExceptHandler, caught: list[Exit]) -> Flow:
        guess = any(way_out.guess for way_out in caught)
        state = self.run.join((way_out.state for way_out in caught), blame=guess)
        if state is None:
            return Flow(None)
        polls = any(way_out.exception is not None for way_out in caught)
        if handler.name:
            state.assign(handler.name, _thrown(caught))
        self.handling.append(list(dict.fromkeys(way_out.raised for way_out in caught)))
        flow = self.run.block(handler.body, state)
        self.handling.pop()
        if polls:
            if flow.falls is not None or any(w.kind == "continue" for w in flow.exits):
                self.run.notes.handled.add(handler)
            flow.exits = [_passed_on(way_out) for way_out in flow.exits]
        if guess:
            flow.exits = [way_out.guessed() for way_out in flow.exits]
        accidents = all(way_out.implicit or way_out.accident for way_out in caught)
        if accidents and not expects(handler):
            flow.exits = [replace(way_out, accident=True) for way_out in flow.exits]
        return flow

    def _finally(self, body: list[ast.stmt], flow: Flow) -> Flow:
        if not body:
            return flow
        result = self.run.block(body, flow.falls)
        for way_out in flow.exits:
            after = self.run.block(body, way_out.state.copy())
            if way_out.kind == "again":  # what is behind it comes after the last round
                replaced = after.falls is None
                result.exits.append(way_out.guessed() if replaced else way_out)
                result.exits += [end.guessed() for end in after.exits if replaced]
                continue
            result.exits += after.exits
            if after.falls is not None:
                way_out.state.become(after.falls)
                result.exits.append(way_out)
        return result

    def with_(self, node: ast.With | ast.AsyncWith, state: State) -> Flow:
        scopes: list[str] = []
        suppressed: list[str | None] = []
        managers: list[Function] = []
        for item in node.items:
            value = self._entered(item.context_expr, state, managers)
            name = self._scope_name(item.context_expr)
            known = callees.limits_time(name) or name == "contextlib.suppress"
            if not known and state.waited is False and not isinstance(value, Record):
                state.waited = None  # entering may wait: a lock, a limiter
            if name is not None and not self._has_no_limit(item.context_expr, state):
                scopes.append(name)
            match item.context_expr:
                case ast.Call(args=classes) if name == "contextlib.suppress":
                    handler = ast.ExceptHandler(type=ast.Tuple(elts=classes), body=[])
                    suppressed += handler_names(handler)
            if item.optional_vars is not None:
                entered = value if isinstance(value, Record) else unknown(value)
                self.run.assign(item.optional_vars, entered, state)
        timed = any(map(callees.limits_time, scopes))
        if timed:
            self.limits.append(node)
            self.run.tries += 1
            self.run.may_raise(node, state, "TimeoutError", implicit=True)
            self.run.tries -= 1
        self.run.tries += bool(suppressed)
        flow = self.run.block(node.body, state)
        self.run.tries -= bool(suppressed)
        for manager in managers:
            flow = self._left(manager, flow)
        if timed:
            self.limits.pop()
        for attempts in self.run.attempts:
            if any(_names(item, attempts.name) for item in node.items):
                flow = self._attempted(attempts, flow)
        if any(name in callees.SWALLOWING_SCOPES for name in scopes):
            flow.exits += [way_out for way_out in self.run.raised if way_out.node is node]
            self.run.raised = [way_out for way_out in self.run.raised if way_out.node is not node]
            flow = _swallow(flow, [w for w in flow.exits if w.node is node], keep=[])
        if suppressed:
            decided = {id(w): suppresses(suppressed, w, self.run.world) for w in flow.exits}
            raised = [w for w in flow.exits if w.kind == "raise"]
            gone = [w for w in raised if decided[id(w)] is not False]
            if any(way_out.exception is not None for way_out in gone):
                self.run.notes.handled.add(node)
            flow = _swallow(flow, gone, keep=[w for w in gone if decided[id(w)] is None])
        return flow

    def _entered(self, node: ast.expr, state: State, managers: list[Function]) -> Value:
        """What a context manager is; one of this project is entered, and noted in ``managers``."""
        value = self.run.value(node, state)
        match value:
            case Record(owner=ast.ClassDef() as owner) | Instance(owner):
                for entering, leaving in _ENTERING:
                    method = self.run.names.method(owner, leaving)
                    if method is not None:
                        managers.append(Function(method))
                        return self.run.expressions.calls.special(node, entering, state)
            case Stream(function=Function() as manager):
                managers.append(manager)
        return value

    def _left(self, manager: Function, flow: Flow) -> Flow:
        """What a context manager of this project does at the end: it may swallow what is raised."""
        if _may_swallow(manager.node):
            gone = [way_out for way_out in flow.exits if way_out.kind == "raise"]
            flow = _swallow(flow, gone, keep=gone)
        ends = [flow.falls] if flow.falls is not None else []
        for end in [*ends, *(way_out.state for way_out in flow.exits)]:
            self.run.expressions.calls.forget_what_is_set(manager, end, POLLED)
        return flow

    def _attempted(self, attempts: Attempts, flow: Flow) -> Flow:
        """``with attempt:`` swallows what is to be tried again."""
        exits: list[Exit] = []
        ends = [flow.falls] if flow.falls is not None else []
        for way_out in flow.exits:
            again: Truth = False
            if way_out.kind == "raise" and not way_out.implicit:
                again = self.retried(attempts.retry, way_out)
            if again is not False:
                state = way_out.state.copy()
                state.names[attempts.mark] = TRUE
                ends.append(state)
                if way_out.exception is not None:
                    self.run.notes.handled.add(way_out.node)
            if again is not True:
                exits.append(way_out)
        return Flow(self.run.join(ends), exits)

    def retried(self, retry: Retrying, way_out: Exit) -> Truth:
        """Whether a retry helper tries again after a way out."""
        tried_again = self.run.names.imports.get("TryAgain") == "tenacity.TryAgain"
        if way_out.raised == "TryAgain" and (tried_again or "tenacity" in self.run.names.imports):
            return True
        state = way_out.state.copy()

        def ask(predicate: ast.expr, value: Value) -> Truth:
            try:
                return truth(self.run.frames.applied(predicate, value, state))
            except Diverges:
                return None

        return retry.again(way_out, ask, self.is_caught)

    def _has_no_limit(self, node: ast.expr, state: State) -> bool:
        """``asyncio.timeout(None)``."""
        match node:
            case ast.Call(args=[limit]) | ast.Call(args=[], keywords=[ast.keyword(value=limit)]):
                value = self.run.value(limit, state.copy())
                return isinstance(value, Known) and value.value is None
        return False

    def _scope_name(self, node: ast.expr) -> str | None:
        """The dotted name of what makes a context; of two, that of the one with a time limit."""
        match node:
            case ast.IfExp(body=body, orelse=orelse):
                names = [self._scope_name(body), self._scope_name(orelse)]
                return next((name for name in names if callees.limits_time(name)), names[0])
            case ast.Name(id=name):
                binding = self.run.names.binding(name, node)
                value = binding.value if binding else None
                return self._scope_name(value) if isinstance(value, ast.Call) else None
            case ast.Call() if (manager := self.run.names.callee(node)) is not None:
                return self._scope_inside(manager)
            case _:
                return self.run.expressions.callee_name(node)

    def _scope_inside(self, manager: FunctionNode) -> str | None:
        """The time limit in a context manager that is written as a generator."""
        for node in ast.walk(manager):
            if isinstance(node, ast.With | ast.AsyncWith):
                for item in node.items:
                    name = self.run.expressions.callee_name(item.context_expr)
                    if callees.limits_time(name):
                        return name
        return None


def _thrown(caught: list[Exit]) -> Value:
    """What is known of the exception that a handler has caught."""
    match caught:
        case [Exit(exception=exception)] if exception is not None:
            return exception
        case _:
            polled = any(way_out.guess or way_out.raised is not None for way_out in caught)
            return unknown(Known(None, polled))


def _passed_on(way_out: Exit) -> Exit:
    """A way out of a handler: what it raises is still the poll's fault."""
    if way_out.kind != "raise" or way_out.implicit or way_out.exception is not None:
        return way_out
    return replace(way_out, exception=POLLED)


def _swallow(flow: Flow, gone: list[Exit], keep: list[Exit]) -> Flow:
    if not gone:
        return flow
    ends = [flow.falls] if flow.falls is not None else []
    falls = join_states([*ends, *(way_out.state for way_out in gone)])
    dropped = {id(way_out) for way_out in gone} - {id(way_out) for way_out in keep}
    return Flow(falls, [way_out for way_out in flow.exits if id(way_out) not in dropped])


def _may_swallow(manager: Code) -> bool:
    """Whether ``__exit__`` gives something, or a generator goes on after an exception."""
    if isinstance(manager, ast.Lambda):
        return False
    returns = manager.name in {leaving for _, leaving in _ENTERING}
    for node in ast.walk(manager):
        match node:
            case ast.Return(value=ast.expr() as value) if returns:
                if not isinstance(value, ast.Constant) or value.value:
                    return True
            case ast.Try(handlers=handlers, body=body) if not returns:
                around = any(isinstance(i, ast.Yield) for piece in body for i in ast.walk(piece))
                if around and any(not isinstance(h.body[-1], ast.Raise) for h in handlers):
                    return True
    return False


def _names(item: ast.withitem, name: str) -> bool:
    return isinstance(item.context_expr, ast.Name) and item.context_expr.id == name
