"""Poll loops: for each status, how the loop is left if every poll answers so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bgmode.flow import callees
from bgmode.flow.exits import Outcome, Way
from bgmode.flow.names import (
    CODE,
    FUNCTIONS,
    Code,
    FunctionNode,
    Names,
    Repeated,
    counts,
    defaults,
    dotted,
    reads,
    unawaited,
    undecorated,
)
from bgmode.flow.rounds import is_round
from bgmode.flow.run import Run
from bgmode.flow.values import Truth
from bgmode.knowledge import Provider
from bgmode.model.calls import Calls
from bgmode.model.clients import Clients
from bgmode.model.world import JobWorld

_TIME_LIMIT = re.compile(r"time_?out|time_?limit|deadline", re.IGNORECASE)


@dataclass(frozen=True)
class PollLoop:
    """A loop whose continuing depends on a poll, and its table of outcomes."""

    node: Repeated
    scope: ast.Module | Code
    outcomes: dict[str, Outcome]
    provider: Provider
    bounded_outside: bool = False
    is_one_of_several: bool = False

    @property
    def noun(self) -> str:
        """What a message calls it."""
        return "function" if isinstance(self.node, FUNCTIONS) else "poll loop"

    @property
    def running(self) -> Outcome:
        """The outcome while the job runs."""
        return self.outcomes["in_progress"]

    @cached_property
    def is_decided(self) -> bool:
        """Whether the loop tells a completed job from a running one, as far as can be seen."""
        completed = self.outcomes["completed"]
        return not completed.guessed and told_apart(completed, self.running)

    @cached_property
    def taken_for_running(self) -> tuple[str, ...]:
        """The terminal statuses on which the loop does just what it does while the job runs."""
        if not self.is_decided:
            return ()
        return tuple(
            status
            for status in self.provider.terminal
            if not self.outcomes[status].guessed
            and not told_apart(self.outcomes[status], self.running)
        )

    @cached_property
    def endless(self) -> tuple[str, ...]:
        """The terminal statuses on which nothing leaves the loop."""
        return tuple(
            status
            for status in self.taken_for_running
            if self.outcomes[status].is_endless_by_design and not self.bounded_outside
        )

    @cached_property
    def bounded(self) -> tuple[str, ...]:
        """The terminal statuses on which only the loop's bound leaves it."""
        return tuple(status for status in self.taken_for_running if status not in self.endless)

    @cached_property
    def premature(self) -> tuple[str, ...]:
        """The running statuses on which the loop is left as if the job had ended."""
        completed = self.outcomes["completed"]
        early = tuple(
            status
            for status in self.provider.running
            if self.outcomes[status].verdict == "always"
            and not self.outcomes[status].guessed
            and not completed.guessed
            and self.outcomes[status].ways
            and not told_apart(self.outcomes[status], completed)
        )
        if self.is_one_of_several:  # first the queue, then the work
            return ()
        return early if len(early) < len(self.provider.running) else ()

    @property
    def is_unbounded(self) -> bool:
        """Whether nothing but the status can end the loop."""
        return (
            self.running.is_endless_by_design
            and not self.outcomes["completed"].is_endless_by_design
            and not self.bounded_outside
            and not _hands_out(self.node)
        )

    @property
    def waits(self) -> Truth:
        """Whether a turn that is taken while the job runs waits somewhere."""
        waits = [self.outcomes[status].waits for status in self.provider.running]
        return False if False in waits else (None if None in waits else True)

    @property
    def bounds(self) -> tuple[ast.AST, ...]:
        """The ways out that are open while the job still runs."""
        planned = {way.node for way in self.running.ways if not way.accident}
        return tuple(sorted(planned, key=_place))

    def ways(self, status: str) -> frozenset[Way]:
        """How the loop is left on ``status``."""
        return self.outcomes[status].ways


def told_apart(one: Outcome, other: Outcome) -> bool:
    """Whether a loop does different things."""
    return (one.ways, one.endless) != (other.ways, other.endless)


def _limits_time(decorator: ast.expr) -> bool:
    name = dotted(undecorated(decorator)) or ""
    return bool(_TIME_LIMIT.search(name.rpartition(".")[2]))


def _place(node: ast.AST) -> tuple[int, int]:
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def _hands_out(loop: Repeated) -> bool:
    """Whether each turn yields to a consumer, who can stop."""
    return any(isinstance(node, ast.Yield) for node in own_nodes(loop))


def own_nodes(loop: Repeated) -> Iterator[ast.AST]:
    """The nodes of a loop, without those of functions that are defined in it."""
    stack: list[ast.AST] = [*loop.body]
    match loop:
        case ast.While(test=header) | ast.For(iter=header) | ast.AsyncFor(iter=header):
            stack.append(header)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, CODE):
            stack += ast.iter_child_nodes(node)


class Polling:
    """The poll loops of one module, and what is said about them in its text."""

    def __init__(self, names: Names, clients: Clients, calls: Calls) -> None:
        self.names = names
        self.clients = clients
        self.calls = calls
        self.provider = clients.provider

    @cached_property
    def _polls(self) -> frozenset[ast.AST]:
        return frozenset(self.calls.of_kind("poll"))

    @cached_property
    def loops(self) -> tuple[PollLoop, ...]:
        """Every poll loop, in the order of the text."""
        if not self._polls:
            return ()
        scopes = {self._scope(loop) for loop in self.names.loops}
        scopes |= {function for function in self.names.functions if is_round(self.names, function)}
        found = [loop for scope in scopes for loop in self._in_scope(scope)]
        return tuple(sorted(found, key=lambda loop: _place(loop.node)))

    def _scope(self, loop: Repeated) -> ast.Module | Code:
        return self.names.function(loop) or self.names.tree

    def _in_scope(self, scope: ast.Module | Code) -> list[PollLoop]:
        tables: dict[Repeated, dict[str, Outcome]] = {}
        statuses = sorted(self.provider.statuses, key=lambda status: status != "in_progress")
        for status in statuses:
            run = Run(JobWorld(self.names, self.clients, status))
            run.start(scope)
            if not run.outcomes:
                if status == "in_progress":
                    return []
                continue
            for node, outcome in run.outcomes.items():
                tables.setdefault(node, {})[status] = outcome
        return [
            # a loop that a status never comes to is left on it, before it is entered
            PollLoop(
                node,
                scope,
                {status: table.get(status, Outcome()) for status in self.provider.statuses},
                self.provider,
                self._is_bounded_outside(scope),
                any(
                    self.names.parent[other] is self.names.parent[node]
                    for other in tables
                    if other is not node
                ),
            )
            for node, table in tables.items()
            if (node is scope or self._scope(node) is scope)
            and any(outcome.polls for outcome in table.values())
            and not self._goes_through_jobs(node)
        ]

    def _is_bounded_outside(self, scope: ast.Module | Code) -> bool:
        """Whether a decorator limits the time, or an inner function is always run under a limit.

        A function that others can call has to have a bound of its own.
        """
        if not isinstance(scope, FUNCTIONS):
            return False
        if any(_limits_time(decorator) for decorator in scope.decorator_list):
            return True
        if self.names.function(scope) is None:
            return False
        uses = self._uses(scope)
        return bool(uses) and all(self._is_timed(use) for use in uses)

    def optional_bounds(self, loop: PollLoop) -> tuple[str, ...]:
        """The optional parameters that bound a loop, each by itself, where they are given."""
        scope = loop.scope
        if not isinstance(scope, CODE):
            return ()
        optional = [
            name
            for name, default in defaults(scope).items()
            if isinstance(default, ast.Constant) and default.value is None
        ]
        return tuple(name for name in optional if self._bounds(loop, name))

    def _bounds(self, loop: PollLoop, name: str) -> bool:
        run = Run(JobWorld(self.names, self.clients, "in_progress", given={name}))
        run.start(loop.scope)
        outcome = run.outcomes.get(loop.node)
        return outcome is not None and not outcome.is_endless_by_design

    def timed_uses(self, loop: PollLoop) -> list[ast.AST]:
        """Where the function that a loop stands in is run under a time limit."""
        scope = loop.scope
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
                            self.names.qualify(expression.func) in callees.TIMEOUT_SCOPES
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

    def _goes_through_jobs(self, loop: Repeated) -> bool:
        """Whether each turn polls another job: then it is no waiting for one."""
        if not isinstance(loop, ast.For | ast.AsyncFor) or counts(loop):
            return False
        items = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
        for node in own_nodes(loop):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if reads(value, items):
                    items.add(name)
        return any(
            isinstance(node, ast.Call)
            and (node in self._polls or self._polls_inside(node))
            and any(reads(part, items) for part in [*node.args, *node.keywords])
            for node in own_nodes(loop)
        )

    def _polls_inside(self, call: ast.Call) -> bool:
        """Whether a function of this module that is called polls."""
        function = self.names.callee(call)
        if function is None:
            return False
        return any(node in self._polls for node in ast.walk(function))

    @cached_property
    def blocking(self) -> tuple[tuple[ast.Call, str], ...]:
        """Calls in poll loops of async functions that block the event loop, and what they are."""
        found: list[tuple[ast.Call, str]] = []
        for loop in self.loops:
            if isinstance(loop.scope, ast.AsyncFunctionDef):
                found += [
                    (node, kind)
                    for node in own_nodes(loop.node)
                    if isinstance(node, ast.Call) and (kind := self._blocks(node))
                ]
        unique = {id(node): (node, kind) for node, kind in found}
        return tuple(sorted(unique.values(), key=lambda pair: _place(pair[0])))

    def _blocks(self, call: ast.Call) -> str:
        if self.names.qualify(call.func) == "time.sleep":
            return "time.sleep"
        access = self.clients.access(call.func)
        if access is None or isinstance(self.names.parent.get(call), ast.Await):
            return ""
        client = self.clients.client(access.receiver)
        return "the synchronous client" if client.is_async is False else ""

    @cached_property
    def stale(self) -> tuple[Stale, ...]:
        """Loops that test a status which they never refresh."""
        jobs = self._polls.union(call.node for call in self.calls.background)
        scopes = {self.names.function(call) or self.names.tree for call in jobs}
        found = [stale for scope in scopes for stale in self._stale(scope)]
        return tuple(sorted(found, key=lambda stale: _place(stale.node)))

    def _stale(self, scope: ast.Module | Code) -> Iterator[Stale]:
        """Loops that look at the response as it was before them, whatever polls answer."""
        if not any(self._scope(loop) is scope for loop in self.names.loops):
            return
        ended = self.provider.terminal[0]
        all_ended = self._outcomes(scope, before=ended, later=ended)
        found = {
            loop: None
            for running in self.provider.running
            for loop in self._unmoved(scope, running, ended, all_ended)
        }
        for loop in found:
            yield Stale(loop, self._dropped_poll(loop))

    def _unmoved(
        self, scope: ast.Module | Code, running: str, ended: str, all_ended: dict[Repeated, Outcome]
    ) -> Iterator[Repeated]:
        """Loops that go on as they began with ``running``, also when polls say ``ended``."""
        polls_end = self._outcomes(scope, before=running, later=ended)
        all_running = self._outcomes(scope, before=running, later=running)
        for loop, outcome in polls_end.items():
            same = all_running.get(loop)
            other = all_ended.get(loop, Outcome())
            if same is None or outcome.guessed or other.guessed or not outcome.endless:
                continue
            if isinstance(loop, ast.For | ast.AsyncFor) and not counts(loop):
                continue
            if not told_apart(outcome, same) and told_apart(outcome, other):
                yield loop

    def _outcomes(
        self, scope: ast.Module | Code, *, before: str, later: str
    ) -> dict[Repeated, Outcome]:
        run = Run(JobWorld(self.names, self.clients, later, before))
        run.start(scope)
        return {loop: outcome for loop, outcome in run.outcomes.items() if not run.gave_up}

    def _dropped_poll(self, loop: Repeated) -> ast.Call | None:
        for node in own_nodes(loop):
            if isinstance(node, ast.Expr) and (call := unawaited(node.value)) in self._polls:
                return call if isinstance(call, ast.Call) else None
        return None


@dataclass(frozen=True)
class Stale:
    """A loop that tests a status it never refreshes, and the poll whose answer it drops."""

    loop: Repeated
    dropped: ast.Call | None

    @property
    def node(self) -> ast.AST:
        """What a finding points at."""
        return self.loop if self.dropped is None else self.dropped
