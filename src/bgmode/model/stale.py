"""Loops that look at the response as it was before them, whatever polls answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.flow.exits import Outcome
from bgmode.flow.names import Code, Repeated, counts, reads, unawaited
from bgmode.flow.run import Run
from bgmode.model.polling import Polling, own_nodes, place, told_apart
from bgmode.model.world import JobWorld


@dataclass(frozen=True)
class Stale:
    """A loop that tests a status it never refreshes, and the poll whose answer it drops."""

    loop: Repeated
    dropped: ast.Call | None

    @property
    def node(self) -> ast.AST:
        """What a finding points at."""
        return self.loop if self.dropped is None else self.dropped


class StaleLoops:
    """The loops of one module that test a status which they never refresh."""

    def __init__(self, polling: Polling) -> None:
        self._polling = polling
        self.names = polling.names

    def find(self) -> tuple[Stale, ...]:
        """All of them, in the order of the text."""
        jobs = self._polling.polls.union(call.node for call in self._polling.calls.background)
        scopes = {self.names.function(call) or self.names.tree for call in jobs}
        found = [stale for scope in scopes for stale in self._stale(scope)]
        return tuple(sorted(found, key=lambda stale: place(stale.node)))

    def _stale(self, scope: ast.Module | Code) -> Iterator[Stale]:
        """Loops that look at the response as it was before them, whatever polls answer."""
        if not self._candidates(scope):
            return
        ended = self._polling.provider.terminal[0]
        all_ended = self._outcomes(scope, before=ended, later=ended)
        found = {
            loop: None
            for running in self._polling.provider.running
            for loop in self._unmoved(scope, running, ended, all_ended)
        }
        for loop in found:
            yield Stale(loop, self._dropped_poll(loop))

    def _candidates(self, scope: ast.Module | Code) -> bool:
        """Whether there is a loop that does not already tell a completed job from a running one."""
        decided = {loop.node for loop in self._polling.loops if loop.is_decided}
        loops = [loop for loop in self.names.loops if self._polling.scope_of(loop) is scope]
        held = self._held(scope)
        return any(loop not in decided and _may_wait(loop) and reads(loop, held) for loop in loops)

    def _held(self, scope: ast.Module | Code) -> set[str]:
        """The names that hold a response or something of it; ``self`` may."""
        jobs = self._polling.polls.union(call.node for call in self._polling.calls.background)
        found = {"self"}
        for node in self.names.assignments:
            value = node.value
            if value is None or (self.names.function(node) or self.names.tree) is not scope:
                continue
            if any(inner in jobs for inner in ast.walk(value)) or reads(value, found):
                found |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        return found

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
            if not _may_wait(loop):
                continue
            if not told_apart(outcome, same) and told_apart(outcome, other):
                yield loop

    def _outcomes(
        self, scope: ast.Module | Code, *, before: str, later: str
    ) -> dict[Repeated, Outcome]:
        run = Run(JobWorld(self.names, self._polling.clients, later, before, reads_all=False))
        run.start(scope)
        return {loop: outcome for loop, outcome in run.outcomes.items() if not run.gave_up}

    def _dropped_poll(self, loop: Repeated) -> ast.Call | None:
        for node in own_nodes(loop):
            if (
                isinstance(node, ast.Expr)
                and (call := unawaited(node.value)) in self._polling.polls
            ):
                return call if isinstance(call, ast.Call) else None
        return None


def _may_wait(loop: Repeated) -> bool:
    """Whether a loop may be there to wait; one that goes through things ends by itself."""
    return counts(loop) if isinstance(loop, ast.For | ast.AsyncFor) else True
