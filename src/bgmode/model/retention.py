"""How long a function waits before it asks for the job that it has created, and between polls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.flow.names import CODE, Names, bindings_in, dotted, speaks_of, unawaited
from bgmode.model.calls import BackgroundCall
from bgmode.model.polling import Polling, PollLoop, own_nodes, place
from bgmode.model.sleeping import seconds_of
from bgmode.model.world import JobWorld

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Delay:
    """A sleep of known length; ``loop`` is None where it stands before the first poll."""

    sleep: ast.Call
    seconds: float
    loop: PollLoop | None = None


def delays(polling: Polling, call: BackgroundCall) -> Iterator[Delay]:
    """What passes between a create call and the polls of its job, in the same function."""
    job = _Job(polling, call)
    found: set[ast.Call] = set()
    for loop in job.loops():
        for sleep, value in loop.sleeps.items():
            seconds = seconds_of(polling.names, sleep, value)
            if seconds is not None and sleep not in found:
                found.add(sleep)
                yield Delay(sleep, seconds, loop)
    for delay in job.before_the_first_poll():
        if delay.sleep not in found:
            yield delay


class _Job:
    """A job in the function that creates it: what holds its response or id, and its polls."""

    def __init__(self, polling: Polling, call: BackgroundCall) -> None:
        self.polling = polling
        self.names = polling.names
        self.call = call
        self.scope = _scope(self.names, call.node)
        self.nodes = sorted(_own(self.scope), key=place)
        self.held = self._follow()
        self.polls = [
            node
            for node in self.nodes
            if isinstance(node, ast.Call) and place(node) > place(call.node) and self._asks(node)
        ]

    def loops(self) -> Iterator[PollLoop]:
        """The loops that wait for the job."""
        for loop in self.polling.loops:
            if loop.scope is self.scope and place(loop.node) > place(self.call.node):
                inside = set(own_nodes(loop.node))
                polls = [poll for poll in self.polls if poll in inside]
                if polls and not self._is_replaced(loop.node):
                    yield loop

    def before_the_first_poll(self) -> Iterator[Delay]:
        """The sleeps on the way from the create call to the first poll."""
        created, names = self.call.node, self.names
        polls = [poll for poll in self.polls if not _are_exclusive(names, created, poll)]
        if not polls:
            return
        first = polls[0]
        world = JobWorld(names, self.polling.clients, "in_progress")
        for sleep, value in self.polling.run(self.scope, world).notes.sleeps.items():
            seconds = seconds_of(names, sleep, value)
            if (
                seconds is not None
                and sleep in self.nodes
                and place(created) < place(sleep) < place(first)
                and not _are_exclusive(names, created, sleep)
                and not _are_exclusive(names, sleep, first)
                and not _leaves_before(names, sleep, first)
                and not self._is_replaced(first)
            ):
                yield Delay(sleep, seconds)

    def _follow(self) -> set[str]:
        """The names and attributes that hold the response or its id."""
        held: set[str] = set()
        while True:
            new = {
                path
                for target, value in bindings_in(self.nodes)
                if (path := dotted(target)) is not None
                and path not in held
                and self._comes_from_the_job(value, held)
            }
            if not new:
                return held
            held |= new

    def _comes_from_the_job(self, value: ast.expr, held: set[str]) -> bool:
        value = unawaited(value)
        if any(node is self.call.node for node in ast.walk(value)):
            return True
        match value:
            case ast.Attribute(value=base, attr="id") if dotted(base) in held:
                return True
            case ast.Name() | ast.Attribute():
                return dotted(value) in held
            case ast.Call():
                asking = any(self.polling.asks(node) for node in ast.walk(value))
                return asking and speaks_of(value, held)
        return False

    def _asks(self, call: ast.Call) -> bool:
        return self.polling.asks(call) and speaks_of(call, self.held)

    def _is_replaced(self, poll: ast.AST) -> bool:
        """Whether the same name holds another job by the time of a poll."""
        own = self._name(self.call)
        around = set(self.names.ancestors(poll))
        for other in self.polling.calls.background:
            if place(self.call.node) < place(other.node) < place(poll) and own is not None:
                statement = self.names.statement(other.node)
                block = self.names.parent.get(statement) if statement is not None else None
                if self._name(other) == own and block in around:
                    return True
        return False

    def _name(self, call: BackgroundCall) -> str | None:
        """What the create call's own statement sets."""
        match self.names.statement(call.node):
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                return dotted(target)
        return None


def _scope(names: Names, node: ast.AST) -> ast.Module | ast.FunctionDef | ast.AsyncFunctionDef:
    """The function around ``node`` that is no lambda."""
    function = names.function(node)
    while isinstance(function, ast.Lambda):
        function = names.function(function)
    return names.tree if function is None else function


def _own(scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, with those of lambdas and without those of functions in it."""
    stack: list[ast.AST] = list(scope.body)
    while stack:
        node = stack.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if hasattr(node, "lineno"):
                yield node
            stack += ast.iter_child_nodes(node)


def _are_exclusive(names: Names, one: ast.AST, other: ast.AST) -> bool:
    """Whether two nodes stand in different branches of the same ``if`` or ``match``."""
    branches = _branches(names, one)
    return any(
        branches.get(fork, branch) is not branch for fork, branch in _branches(names, other).items()
    )


def _leaves_before(names: Names, sleep: ast.AST, poll: ast.AST) -> bool:
    """Whether the block of a sleep is left before a poll that does not stand in it."""
    around = set(names.ancestors(poll))
    for step in (sleep, *names.ancestors(sleep)):
        if step in around:
            return False
        above = names.parent.get(step)
        blocks = [getattr(above, name, None) for name in ("body", "orelse", "finalbody")]
        for block in blocks:
            if isinstance(block, list) and step in block and above not in around:
                behind = block[block.index(step) + 1 :]
                if any(isinstance(node, _LEAVES) for node in behind):
                    return True
    return False


def _branches(names: Names, node: ast.AST) -> dict[ast.AST, object]:
    """Each ``if`` and ``match`` around a node, with the branch that the node stands in."""
    found: dict[ast.AST, object] = {}
    below = node
    for above in names.ancestors(node):
        match above:
            case ast.If(body=body, orelse=orelse):
                arm = body if below in body else orelse if below in orelse else None
                if arm is not None:
                    found[above] = arm
            case ast.Match():
                found[above] = below
        if isinstance(above, CODE):
            break
        below = above
    return found
