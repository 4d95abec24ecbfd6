"""Poll loops: for each status, how the loop is left if every poll answers so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bgmode.flow.exits import Outcome, Way, is_comparable
from bgmode.flow.judging import Answering, judged
from bgmode.flow.names import (
    CODE,
    FUNCTIONS,
    LOOPS,
    Code,
    FunctionNode,
    Names,
    Repeated,
    bindings_in,
    bound_by,
    defaults,
    handed_to,
    own_code,
    reads,
)
from bgmode.flow.rounds import is_round
from bgmode.flow.run import Run
from bgmode.flow.values import Truth, Value
from bgmode.flow.world import MOST_WORK
from bgmode.knowledge import Provider
from bgmode.model.calls import Calls
from bgmode.model.clients import Clients
from bgmode.model.limits import Limits
from bgmode.model.reach import Reach
from bgmode.model.world import JobWorld

_START = re.compile(r"start|begin|began|begun|running|picked|dequeue", re.IGNORECASE)


_REPEATED = (*LOOPS, *FUNCTIONS)
_BRANCHES = (
    *(ast.If, ast.While, ast.For, ast.AsyncFor, ast.Match, ast.ExceptHandler, ast.IfExp),
    *(ast.BoolOp, ast.Lambda, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp),
)
"""What may leave out what stands in it."""


@dataclass(frozen=True)
class PollLoop:
    """A loop whose continuing depends on a poll, and its table of outcomes."""

    node: Repeated
    scope: ast.Module | Code
    outcomes: dict[str, Outcome]
    provider: Provider
    bounded_outside: bool = False
    is_one_of_several: bool = False
    hands_out: bool = False
    """Whether each turn yields to a consumer, who can stop."""
    sleeps: Mapping[ast.Call, Value] = field(default_factory=dict)
    """The calls that wait while the job runs, each with how long (in seconds)."""

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
            and is_comparable(self.outcomes[status], self.running)
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
        return tuple(
            status
            for status in self.taken_for_running
            if status not in self.endless and self.outcomes[status].endless
        )

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
        if self.is_one_of_several or self._waits_for_the_start:  # first the queue, then the work
            return ()
        return early if len(early) < len(self.provider.running) else ()

    @property
    def _waits_for_the_start(self) -> bool:
        """Whether the function's name says that it waits until the job has begun."""
        return bool(_START.search(getattr(self.scope, "name", "")))

    @property
    def is_unbounded(self) -> bool:
        """Whether nothing but the status can end the loop."""
        return (
            self.running.is_endless_by_design
            and self._leaves_by_status
            and not self.bounded_outside
            and not self.hands_out
        )

    @property
    def _leaves_by_status(self) -> bool:
        """Whether some terminal status surely makes a difference."""
        ended = [self.outcomes[status] for status in self.provider.terminal]
        return any(not one.guessed and not one.is_endless_by_design for one in ended)

    @property
    def waits(self) -> Truth:
        """Whether a turn that is taken while the job runs waits somewhere."""
        waits = [self.outcomes[status].waits for status in self.provider.running]
        return False if False in waits else (None if None in waits else True)

    @property
    def may_last(self) -> bool:
        """Whether a further turn may follow while the job runs."""
        return any(self.outcomes[status].endless for status in self.provider.running)

    @property
    def bounds(self) -> tuple[ast.AST, ...]:
        """The ways out that are open while the job still runs."""
        planned = {way.node for way in self.running.ways if not way.accident}
        return tuple(sorted(planned, key=place))

    def ways(self, status: str) -> frozenset[Way]:
        """How the loop is left on ``status``."""
        return self.outcomes[status].ways


def told_apart(one: Outcome, other: Outcome) -> bool:
    """Whether a loop does different things."""
    return (one.ways, one.endless, one.acts) != (other.ways, other.endless, other.acts)


def place(node: ast.AST) -> tuple[int, int]:
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def own_nodes(loop: Repeated) -> Iterator[ast.AST]:
    """The nodes of a loop, without those of functions that are defined in it."""
    roots: list[ast.AST] = [*loop.body]
    match loop:
        case ast.While(test=header) | ast.For(iter=header) | ast.AsyncFor(iter=header):
            roots.append(header)
    return own_code(roots)


def _is_about(node: ast.AST, things: set[str], positions: set[str]) -> bool:
    """Whether an expression is about the turn's thing: ``job``, ``jobs[position]``."""
    return reads(node, things) or any(
        isinstance(inner, ast.Subscript) and reads(inner.slice, positions)
        for inner in ast.walk(node)
    )


def _given(call: ast.Call) -> list[ast.AST]:
    """What a call is about: its arguments, and the object whose method it is."""
    receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    return [*receiver, *call.args, *call.keywords]


def _comes_round(node: ast.expr) -> bool:
    """Whether there is no end to what a ``for`` goes through."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in {"count", "cycle", "repeat"}
    return False


def _behind(loop: Repeated, ends: frozenset[ast.AST]) -> frozenset[ast.AST]:
    last = (loop.end_lineno or 0, 0)
    return frozenset(node for node in ends if not hasattr(node, "lineno") or place(node) > last)


def _only_follows(loop: Repeated, completed: Outcome) -> bool:
    """Whether a ``for`` ends because what it goes through does, and by nothing of its own."""
    return bool(completed.ways) and all(way.node is loop for way in completed.ways)


def _provider_of(calls: Calls) -> Provider:
    """The provider that all polls of the module ask; the main one where they differ."""
    asked = [access.provider for _, access in calls.operations if access.operation.kind == "poll"]
    return asked[0] if asked and all(p is asked[0] for p in asked) else calls.provider


def _is_in(node: ast.AST, loop: Repeated, names: Names) -> bool:
    return any(above is loop for above in names.ancestors(node))


class Polling:
    """The poll loops of one module, and what is said about them in its text."""

    def __init__(self, names: Names, clients: Clients, calls: Calls) -> None:
        self.names = names
        self.clients = clients
        self.calls = calls
        self.provider = _provider_of(calls)
        self.limits = Limits(names)

    @cached_property
    def reach(self) -> Reach:
        """What comes to a poll."""
        return Reach(self.calls)

    @cached_property
    def polls(self) -> frozenset[ast.AST]:
        return frozenset(self.calls.of_kind("poll"))

    @cached_property
    def loops(self) -> tuple[PollLoop, ...]:
        """Every poll loop, in the order of the text."""
        if not (self.names.loops or self.rounds) or not self.reach.starts:
            return ()
        scopes = {*map(self.scope_of, self.names.loops), *self.rounds}
        reached = [scope for scope in scopes if self.reach.comes_to_a_poll(scope)]
        found = [loop for scope in reached for loop in self._in_scope(scope)]
        return tuple(sorted(found, key=lambda loop: place(loop.node)))

    @cached_property
    def rounds(self) -> tuple[FunctionNode, ...]:
        """The functions that are run again and again, as a loop's body is."""
        return tuple(each for each in self.names.functions if is_round(self.names, each))

    def scope_of(self, loop: Repeated) -> ast.Module | Code:
        return self.names.function(loop) or self.names.tree

    def _in_scope(self, scope: ast.Module | Code) -> list[PollLoop]:
        runs = judged(scope, self._answers, end=self.reach.end(scope))
        running = runs["in_progress"]
        sleeps, yields = running.notes.sleeps, running.notes.yields
        every: dict[Repeated, dict[str, Outcome]] = {}
        for status, run in runs.items():
            for node, outcome in run.outcomes.items():
                every.setdefault(node, {})[status] = outcome
        tables = {
            node: table
            for node, table in every.items()
            if any(outcome.polls for outcome in table.values())
        }
        return [
            # a loop that a status never comes to is left on it, before it is entered
            PollLoop(
                node,
                scope,
                {status: table.get(status, Outcome()) for status in self.provider.statuses},
                self.provider,
                self.limits.are_around(scope),
                any(
                    self.names.parent[other] is self.names.parent[node]
                    for other in tables
                    if other is not node
                ),
                any(_is_in(hand, node, self.names) for hand in yields),
                {call: value for call, value in sleeps.items() if _is_in(call, node, self.names)},
            )
            for node, table in tables.items()
            if (node is scope or self.scope_of(node) is scope)
            and not self._goes_through_jobs(node)
            and not table.get("in_progress", Outcome()).acts  # each turn makes another job
            and not (
                node in running.notes.followed
                and _only_follows(node, table.get("completed", Outcome()))
            )
        ]

    @cached_property
    def _answers(self) -> dict[str, Answering]:
        return self.answers()

    def answers(
        self, *, everywhere: bool = False, most_work: int = MOST_WORK
    ) -> dict[str, Answering]:
        """What polls may answer; first that the job runs.

        ``everywhere``: create and cancel answer the same. ``most_work``: how many expressions a
        run may evaluate.
        """
        statuses = sorted(self.provider.statuses, key=lambda status: status != "in_progress")
        return {
            status: Answering(
                status,
                frozenset(name for name, when in self.provider.signs.items() if status in when),
                JobWorld(
                    self.names,
                    self.clients,
                    status,
                    before=status if everywhere else None,
                    far=self.reach.is_far,
                    most_work=most_work,
                    reads_all=False,
                ),
            )
            for status in statuses
        }

    def tells_apart_later(self, loop: PollLoop) -> bool:
        """Whether the code after the loop treats what the loop misses otherwise than completed."""
        runs = judged(loop.scope, self.answers(everywhere=True))
        completed = _behind(loop.node, runs["completed"].notes.ends)
        missed = [_behind(loop.node, runs[status].notes.ends) for status in loop.taken_for_running]
        return bool(completed) and all(ends and ends.isdisjoint(completed) for ends in missed)

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
        run = self.run(loop.scope, JobWorld(self.names, self.clients, "in_progress", given={name}))
        outcome = run.outcomes.get(loop.node)
        return outcome is not None and not outcome.is_endless_by_design

    def is_the_interval(self, loop: PollLoop, sleep: ast.Call) -> bool:
        """Whether a sleep alone decides how often a loop polls: each turn polls and waits so."""
        world = JobWorld(self.names, self.clients, "in_progress", instant={sleep})
        around = next(
            above for above in self.names.ancestors(sleep) if isinstance(above, _REPEATED)
        )
        if around is not loop.node:
            return False  # in a loop of its own it waits several times
        outcome = self.run(loop.scope, world).outcomes.get(loop.node)
        return outcome is not None and outcome.waits is False and self._polls_each_turn(loop)

    def _polls_each_turn(self, loop: PollLoop) -> bool:
        for node in own_nodes(loop.node):
            if not self.asks(node):
                continue
            above = list(self.names.ancestors(node))
            between = above[: above.index(loop.node)]
            if not any(isinstance(step, _BRANCHES) for step in between):
                return True
        return False

    def swallowing(self, loop: PollLoop) -> ast.AST | None:
        """What keeps a loop going if every poll raises from now on; None where it is left then.

        It is the handler, or the loop where no handler is to be seen.
        """
        gone = self.provider.gone
        if not gone or self._asks_without_sdk(loop):
            return None
        running = "in_progress"
        world = JobWorld(self.names, self.clients, running, before=running, raises=gone)
        run = self.run(loop.scope, world)
        outcome = run.outcomes.get(loop.node)
        if outcome is None or not outcome.polls or loop.bounded_outside:
            return None
        if outcome.verdict != "never" or self._is_endless(loop):
            return None
        inside = set(own_nodes(loop.node))
        handlers = sorted(run.notes.handled & inside, key=place)
        if any(self._does_something(handler, inside) for handler in handlers) or outcome.acts:
            return None
        return handlers[0] if handlers else loop.node

    def _asks_without_sdk(self, loop: PollLoop) -> bool:
        """Whether the loop makes plain requests, which raise nothing by themselves."""
        inside = set(own_nodes(loop.node))
        return any(
            call in inside and not access.provider.gone for call, access in self.calls.operations
        )

    def _does_something(self, handler: ast.AST, loop: set[ast.AST]) -> bool:
        """Whether a handler tells the consumer, or turns to another job."""
        asked = {
            node.id
            for poll in self.polls & loop
            if isinstance(poll, ast.Call)
            for node in ast.walk(ast.Tuple(handed_to(poll)))
            if isinstance(node, ast.Name)
        }
        return any(
            isinstance(node, ast.Yield)
            or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in asked)
            for node in ast.walk(handler)
            if isinstance(handler, ast.ExceptHandler)
        )

    def _is_endless(self, loop: PollLoop) -> bool:
        """Whether the loop never ends for reasons of its own."""
        return loop.outcomes["completed"].verdict == "never"

    def run(self, scope: ast.Module | Code, world: JobWorld) -> Run:
        """One run of a function, or of the module's top level."""
        run = Run(world)
        run.start(scope)
        return run

    def _goes_through_jobs(self, loop: Repeated) -> bool:
        """Whether each turn polls another job: then it is no waiting for one."""
        things, positions = self._counted(loop)
        if not self._reads(loop, things) and not self._looks_up(loop, positions):
            return False
        inside = list(own_nodes(loop))
        for target, value in bindings_in(inside):
            if isinstance(target, ast.Name) and _is_about(value, things, positions):
                things.add(target.id)
        return any(
            self._may_ask(node) and any(_is_about(part, things, positions) for part in _given(node))
            for node in inside
            if isinstance(node, ast.Call)
        )

    def _reads(self, loop: Repeated, names: set[str]) -> list[ast.expr]:
        """Where a loop reads one of some names."""
        mentions = (mention for name in names for mention in self.names.mentions.get(name, ()))
        return [mention for mention in mentions if self.names.is_within(mention, loop)]

    def _looks_up(self, loop: Repeated, names: set[str]) -> bool:
        """Whether a loop looks up what stands at a position that has one of some names."""
        return any(
            isinstance(above, ast.Subscript)
            for mention in self._reads(loop, names)
            for above in self.names.ancestors(mention)
            if self.names.is_within(above, loop)
        )

    def _counted(self, loop: Repeated) -> tuple[set[str], set[str]]:
        """The names that are another thing in each turn of a loop that goes through things once.

        And those that are another position of one.
        """
        match loop:
            case ast.For(iter=ast.Call(func=ast.Name(id="range")), target=target):
                return set(), bound_by(target)
            case ast.For(target=target) | ast.AsyncFor(target=target) if not _comes_round(
                loop.iter
            ):
                return bound_by(target), set()
            case ast.While(test=ast.Compare() as test):
                return set(), bound_by(test) & {
                    node.target.id
                    for node in self.names.assignments
                    if isinstance(node, ast.AugAssign)
                    and isinstance(node.target, ast.Name)
                    and self.names.is_within(node, loop)
                }
        return set(), set()

    def _may_ask(self, call: ast.Call) -> bool:
        """Whether a call polls, or calls something by the name of a function that may do so."""
        if self.asks(call):
            return True
        match call.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                called = self.names.functions_by_name.get(name, ())
                return any(map(self.reach.comes_to_a_poll, called))
        return False

    def asks(self, node: ast.AST) -> bool:
        """Whether a node is a poll, or calls a function of this module that polls."""
        return isinstance(node, ast.Call) and (node in self.polls or self.polls_inside(node))

    def polls_inside(self, call: ast.Call) -> bool:
        """Whether a function of this module that is called polls."""
        function = self.names.callee(call)
        if function is None:
            return False
        return any(node in self.polls for node in ast.walk(function))

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
        return tuple(sorted(unique.values(), key=lambda pair: place(pair[0])))

    def _blocks(self, call: ast.Call) -> str:
        if self.names.qualify(call.func) == "time.sleep":
            return "time.sleep"
        access = self.clients.access(call.func)
        if access is None or isinstance(self.names.parent.get(call), ast.Await):
            return ""
        client = self.clients.client(access.receiver)
        return "the synchronous client" if client.is_async is False else ""
