"""Functions that are a loop without saying so: they call themselves, or a decorator retries them.

A turn of such a loop is one run of the function's body.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from bgmode.flow.exits import Exit, State
from bgmode.flow.names import FUNCTIONS, Code, FunctionNode, Names
from bgmode.flow.retrying import Retrying, retrying
from bgmode.flow.turns import Turns
from bgmode.flow.values import (
    NONE,
    POLLED,
    Known,
    Truth,
    either,
    is_mutable,
    join_truth,
)

if TYPE_CHECKING:
    from bgmode.flow.run import Run

_FAILED = "<failed>"  # in which ways the rounds so far have failed


def is_round(names: Names, code: ast.Module | Code) -> bool:
    """Whether a function comes back to its beginning."""
    if not isinstance(code, FUNCTIONS):
        return False
    return bool(retrying(names, code)) or calls_itself(names, code)


def calls_itself(names: Names, function: FunctionNode) -> bool:
    """Whether a function's own code has a call of that function."""
    return any(names.function(call) is function for call in names.calls_to(function))


def comes_back(names: Names, function: FunctionNode) -> bool:
    """Whether a function may be called while it runs, by itself or by those it calls."""
    if function not in names.recursive:
        names.recursive[function] = function in _callers(names, function)
    return names.recursive[function]


def _callers(names: Names, function: FunctionNode) -> set[FunctionNode]:
    """The functions of the module that come to a call of ``function``."""
    found: set[FunctionNode] = set()
    waiting = [function]
    while waiting:
        for call in names.calls_to(waiting.pop()):
            around = {node for node in names.ancestors(call) if isinstance(node, FUNCTIONS)}
            waiting += around - found
            found |= around
    return found


class Rounds(Turns):
    """The rounds of one function."""

    node: FunctionNode
    done_before = 1

    def __init__(self, run: Run, function: FunctionNode) -> None:
        super().__init__(run, function)
        self._retrying = retrying(run.names, function)
        self._entry = State.empty()
        self._in_a_try = False  # whether a round has begun there

    def _begin(self, state: State) -> None:
        self._entry = state.copy()

    def _turn(self, state: State) -> State | None:
        flow = self._run.block(self.node.body, state)
        ends = list(flow.exits)
        if flow.falls is not None:
            ends.append(Exit("return", self.node, flow.falls, value=NONE))
        following: list[State] = []
        guessed = False
        for way_out in ends:
            if way_out.kind == "again":
                following.append(way_out.state)
                guessed = guessed or way_out.guess
                continue
            answer = False if way_out.implicit else self._is_retried(way_out)
            if answer is not False:
                following.append(self._next(way_out))
            may_differ = way_out.kind == "raise" or _is_polled(way_out)
            unseen = answer is None and may_differ and not way_out.implicit
            guessed = guessed or unseen
            if answer is not True:
                self._leave(way_out.guessed() if unseen else way_out)
        for way_out in ends:
            self._stop(way_out)
        ended = self._run.join(following, blame=guessed)
        if ended is not None and self._in_a_try:
            ended.names[_FAILED] = Known((self._run.failures > 0, len(self._raised())))
        return self._goes_on(ended)

    def begins_another(self, state: State) -> None:
        """Take note of what the round that begins here may raise, or one that comes after it."""
        if not self._run.tries:
            return
        self._in_a_try = True
        after = state.copy()
        for key, value in state.names.items():
            if "." in key or is_mutable(value):
                after.names[key] = POLLED
        after.polled = join_truth(state.polled, True)
        after.waited = join_truth(state.waited, True)
        if self._run.failures:
            self._run.may_raise(self.node, after, None, implicit=True)
        self._run.raised += [replace(way_out, state=after.copy()) for way_out in self._raised()]

    def _raised(self) -> list[Exit]:
        """What the rounds so far have raised, each once."""
        raised = (w for w in self.exits if w.kind == "raise" and not w.implicit)
        return list({(w.node, w.raised, w.guess): w for w in raised}.values())

    def _next(self, way_out: Exit) -> State:
        """The state in which a retried function begins anew."""
        state = self._entry.copy()
        state.polled = way_out.state.polled
        waits = any(retry.waits for retry in self._retrying)
        state.waited = either(way_out.state.waited, waits)
        return state

    def _stop(self, way_out: Exit) -> None:
        """A decorator that has had enough raises, whatever the function said."""
        for retry in self._retrying:
            if retry.stops and self._says(retry, way_out) is not False:
                stopped = replace(way_out, kind="raise", node=retry.node, raised="RetryError")
                self._leave(replace(stopped, state=way_out.state.copy(), implicit=False))

    def _is_retried(self, way_out: Exit) -> Truth:
        answer: Truth = False
        for retry in self._retrying:
            answer = either(answer, self._says(retry, way_out))
        return answer

    def _says(self, retry: Retrying, way_out: Exit) -> Truth:
        if way_out.kind not in {"return", "raise"}:
            return False
        return self._run.contexts.retried(retry, way_out)


def _is_polled(way_out: Exit) -> bool:
    return way_out.value is not None and way_out.value.polled
