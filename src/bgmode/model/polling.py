"""Poll loops: for each status, how the loop is left if every poll answers so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bgmode.flow import callees
from bgmode.flow.exits import Outcome, Way
from bgmode.flow.names import CODE, FUNCTIONS, Code, Loop, Names, dotted, unawaited
from bgmode.flow.run import Run
from bgmode.flow.values import Truth
from bgmode.knowledge import Provider
from bgmode.model.calls import Calls
from bgmode.model.clients import Clients
from bgmode.model.world import JobWorld


@dataclass(frozen=True)
class PollLoop:
    """A loop whose continuing depends on a poll, and its table of outcomes."""

    node: Loop
    scope: ast.Module | Code
    outcomes: dict[str, Outcome]
    provider: Provider

    @property
    def running(self) -> Outcome:
        """The outcome while the job runs."""
        return self.outcomes["in_progress"]

    @cached_property
    def is_decided(self) -> bool:
        """Whether the loop tells a completed job from a running one, as far as can be seen."""
        completed = self.outcomes["completed"]
        return not completed.guessed and self._differs(completed, self.running)

    @staticmethod
    def _differs(one: Outcome, other: Outcome) -> bool:
        return (one.ways, one.endless) != (other.ways, other.endless)

    @cached_property
    def taken_for_running(self) -> tuple[str, ...]:
        """The terminal statuses on which the loop does just what it does while the job runs."""
        if not self.is_decided:
            return ()
        return tuple(
            status
            for status in self.provider.terminal
            if not self.outcomes[status].guessed
            and not self._differs(self.outcomes[status], self.running)
        )

    @cached_property
    def endless(self) -> tuple[str, ...]:
        """The terminal statuses on which nothing leaves the loop."""
        return tuple(
            status for status in self.taken_for_running if self.outcomes[status].verdict == "never"
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
            and not self._differs(self.outcomes[status], completed)
        )
        return early if len(early) < len(self.provider.running) else ()

    @property
    def is_unbounded(self) -> bool:
        """Whether nothing but the status can end the loop."""
        return (
            self.running.verdict == "never"
            and self.outcomes["completed"].verdict != "never"
            and not _hands_out(self.node)
        )

    @property
    def waits(self) -> Truth:
        """Whether a turn that is taken while the job runs waits somewhere."""
        return self.running.waits

    @property
    def bounds(self) -> tuple[ast.AST, ...]:
        """The ways out that are open while the job still runs."""
        return tuple(sorted((way.node for way in self.running.ways), key=_place))

    def ways(self, status: str) -> frozenset[Way]:
        """How the loop is left on ``status``."""
        return self.outcomes[status].ways


def _place(node: ast.AST) -> tuple[int, int]:
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def _hands_out(loop: Loop) -> bool:
    """Whether each turn yields to a consumer, who can stop."""
    return any(isinstance(node, ast.Yield) for node in own_nodes(loop))


def own_nodes(loop: Loop) -> Iterator[ast.AST]:
    """The nodes of a loop, without those of functions that are defined in it."""
    stack: list[ast.AST] = [*loop.body]
    stack.append(loop.test if isinstance(loop, ast.While) else loop.iter)
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
    def loops(self) -> tuple[PollLoop, ...]:
        """Every poll loop, in the order of the text."""
        if not any(self.calls.of_kind("poll")):
            return ()
        scopes = {self._scope(loop) for loop in self.names.loops}
        found = [loop for scope in scopes for loop in self._in_scope(scope)]
        return tuple(sorted(found, key=lambda loop: _place(loop.node)))

    def _scope(self, loop: Loop) -> ast.Module | Code:
        return self.names.function(loop) or self.names.tree

    def _in_scope(self, scope: ast.Module | Code) -> list[PollLoop]:
        tables: dict[Loop, dict[str, Outcome]] = {}
        for status in ("in_progress", *self.provider.statuses):
            run = Run(JobWorld(self.names, self.clients, status))
            run.start(scope)
            if not run.outcomes:
                if status == "in_progress":
                    return []
                continue
            for node, outcome in run.outcomes.items():
                tables.setdefault(node, {})[status] = outcome
        statuses = self.provider.statuses
        return [
            # a loop that a status never comes to is left on it, before it is entered
            PollLoop(node, scope, {s: table.get(s, Outcome()) for s in statuses}, self.provider)
            for node, table in tables.items()
            if self._scope(node) is scope and any(outcome.polls for outcome in table.values())
        ]

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
        found = [stale for loop in self.names.loops if (stale := self._stale(loop))]
        return tuple(sorted(found, key=lambda stale: _place(stale.node)))

    def _stale(self, loop: Loop) -> Stale | None:
        dropped = self._dropped_poll(loop)
        tested = self._tested_status(loop)
        if tested is None:
            return None
        name, expression = tested
        if name in _rebound(loop) or not self._is_response(name, loop):
            return None
        if dropped is not None:
            return Stale(dropped, name, dropped=True)
        if self._polls(loop):
            return None
        return None if self._handed_on(name, loop) else Stale(expression, name, dropped=False)

    def _dropped_poll(self, loop: Loop) -> ast.Call | None:
        for node in own_nodes(loop):
            if isinstance(node, ast.Expr) and isinstance(call := unawaited(node.value), ast.Call):
                access = self.clients.access(call.func)
                if access is not None and access.operation.kind == "poll":
                    return call
        return None

    def _tested_status(self, loop: Loop) -> tuple[str, ast.expr] | None:
        """The response (or its status) that the loop's own test reads."""
        if not isinstance(loop, ast.While):
            return None
        for node in ast.walk(loop.test):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr="status"):
                    return name, node
                case ast.Name(id=name) if self._status_of(name, loop):
                    return name, node
        return None

    def _status_of(self, name: str, loop: Loop) -> bool:
        scope = self.names.defining_scope(name, loop)
        bindings = scope.bindings.get(name, []) if scope else []
        return bool(bindings) and all(
            isinstance(binding.value, ast.Attribute) and binding.value.attr == "status"
            for binding in bindings
        )

    def _is_response(self, name: str, loop: Loop) -> bool:
        """Whether ``name`` holds what a background call or a poll gave, or its status."""
        scope = self.names.defining_scope(name, loop)
        bindings = scope.bindings.get(name, []) if scope else []
        jobs = {call.node for call in self.calls.background} | set(self.calls.of_kind("poll"))
        values = [unawaited(binding.value) for binding in bindings if binding.value is not None]
        if any(value in jobs for value in values):
            return True
        return any(
            isinstance(value, ast.Attribute)
            and value.attr == "status"
            and isinstance(value.value, ast.Name)
            and value.value.id != name
            and self._is_response(value.value.id, loop)
            for value in values
        )

    def _polls(self, loop: Loop) -> bool:
        polls = set(self.calls.of_kind("poll"))
        return any(node in polls for node in own_nodes(loop) if isinstance(node, ast.Call))

    def _handed_on(self, name: str, loop: Loop) -> bool:
        """Whether code that cannot be judged gets the response, or changes the name."""
        for node in own_nodes(loop):
            match node:
                case ast.Call(func=function, args=arguments, keywords=keywords):
                    values = [*arguments, *(keyword.value for keyword in keywords)]
                    handed = any(isinstance(v, ast.Name) and v.id == name for v in values)
                    path = dotted(function) or ""
                    if handed and not callees.is_harmless(path, imported=False):
                        return True
                    if path.startswith(f"{name}."):
                        return True
                    local = isinstance(function, ast.Name) or path.startswith("self.")
                    if local and not callees.is_harmless(path, imported=False):
                        return True
        return False


@dataclass(frozen=True)
class Stale:
    """A status that is tested again and again and never refreshed.

    ``node`` is what a finding points at: the poll whose answer is ``dropped``, or the test.
    """

    node: ast.expr
    name: str
    dropped: bool


def _rebound(loop: Loop) -> set[str]:
    names: set[str] = set()
    for node in own_nodes(loop):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):
                names.add(name)
    for node in ast.walk(loop):
        if isinstance(node, FUNCTIONS):
            names.update(name.id for name in ast.walk(node) if isinstance(name, ast.Name))
    return names
