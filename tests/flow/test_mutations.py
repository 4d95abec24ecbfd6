"""Whether the oracle would notice: each of these breaks the abstract run in one place."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from bgmode.flow import contexts, exceptions, run, turns, values
from bgmode.flow.calls import CallExpressions
from bgmode.flow.contexts import Contexts
from bgmode.flow.exits import Exit, Flow, Outcome, State
from bgmode.flow.expressions import Expressions
from bgmode.flow.frames import Frames
from bgmode.flow.patterns import Patterns
from bgmode.flow.run import Run
from bgmode.flow.turns import LoopTurns, Turns
from bgmode.flow.values import UNKNOWN, Truth, Value
from bgmode.flow.world import Raises

from .oracle import Tally, compare
from .programs import generate

PROGRAMS = 200  # within which each mutation has to be noticed
RUNS = 3

_FIRST = {
    "an_empty_tuple_is_true": 1130,
    "guards_of_cases_are_ignored": 790,
    "a_join_keeps_the_left_value": 100,
    "names_are_taken_for_the_only_ones": 570,
    "a_finally_is_not_run_on_return": 1680,
    "suppress_lets_everything_through": 1060,
    "nothing_is_a_guess": 3200,
}
"""The seeds to begin with for what is rarely decisive."""

Breaker: TypeAlias = Callable[[pytest.MonkeyPatch], None]
MUTATIONS: dict[str, Breaker] = {}


def mutation(breaker: Breaker) -> Breaker:
    MUTATIONS[breaker.__name__] = breaker
    return breaker


def everywhere(patch: pytest.MonkeyPatch, function: Any, broken: Any) -> None:
    """Replace a function in all modules that have imported it."""
    own = function.__name__
    for name, module in list(sys.modules.items()):
        if name.startswith("bgmode.flow") and getattr(module, own, None) is function:
            patch.setattr(module, own, broken)


def opposite(decided: Truth) -> Truth:
    return None if decided is None else not decided


# Conditions


@mutation
def in_answers_the_opposite(patch: pytest.MonkeyPatch) -> None:
    true = values._contains
    patch.setattr(values, "_contains", lambda *given: opposite(true(*given)))


@mutation
def or_is_taken_for_and(patch: pytest.MonkeyPatch) -> None:
    true = Expressions._bool_op

    def broken(self: Expressions, node: ast.BoolOp, *given: Any, **options: Any) -> Value:
        return true(self, ast.BoolOp(ast.And(), node.values), *given, **options)

    patch.setattr(Expressions, "_bool_op", broken)


@mutation
def not_is_dropped(patch: pytest.MonkeyPatch) -> None:
    everywhere(patch, values.negate, lambda value: value)


@mutation
def an_empty_tuple_is_true(patch: pytest.MonkeyPatch) -> None:
    true = values.truth
    everywhere(patch, true, lambda value: True if _is_empty(value) else true(value))


def _is_empty(value: Value) -> bool:
    held = getattr(value, "value", None)
    return held is not None and held in [(), frozenset()]


@mutation
def guards_of_cases_are_ignored(patch: pytest.MonkeyPatch) -> None:
    true = Patterns.match

    def broken(self: Patterns, node: ast.Match, state: State) -> Flow:
        cases = [ast.match_case(case.pattern, None, case.body) for case in node.cases]
        return true(self, ast.Match(node.subject, cases), state)

    patch.setattr(Patterns, "match", broken)


@mutation
def no_case_fits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Patterns, "_fits", lambda *_: False)


# Assignments and joins


@mutation
def a_join_keeps_the_left_value(patch: pytest.MonkeyPatch) -> None:
    everywhere(patch, values.join, lambda left, _right, **_: left)


@mutation
def an_operator_gives_its_left_operand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Expressions, "combine", lambda _self, _operator, left, _right: left)


@mutation
def what_a_nested_function_changes_is_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Frames, "_write_back", lambda *_, **__: None)


@mutation
def names_are_taken_for_the_only_ones(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(run, "_has_other_names", lambda *_: False)


# Ways out


@mutation
def break_is_taken_for_continue(patch: pytest.MonkeyPatch) -> None:
    true = Run._dispatch

    def broken(self: Run, node: ast.stmt, state: State) -> Flow:
        jump = isinstance(node, ast.Break)
        return Flow(None, [Exit("continue", node, state)]) if jump else true(self, node, state)

    patch.setattr(Run, "_dispatch", broken)


@mutation
def a_finally_is_not_run_on_return(patch: pytest.MonkeyPatch) -> None:
    true = Contexts._finally

    def broken(self: Contexts, body: list[ast.stmt], flow: Flow) -> Flow:
        returns = [way_out for way_out in flow.exits if way_out.kind == "return"]
        others = [way_out for way_out in flow.exits if way_out.kind != "return"]
        flow = true(self, body, Flow(flow.falls, others))
        return Flow(flow.falls, [*flow.exits, *returns])

    patch.setattr(Contexts, "_finally", broken)


@mutation
def handlers_catch_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(contexts, "catches", lambda *_: False)


@mutation
def suppress_lets_everything_through(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(contexts, "suppresses", lambda *_: False)


@mutation
def subclasses_of_exceptions_are_inverted(patch: pytest.MonkeyPatch) -> None:
    true = exceptions.is_subclass
    patch.setattr(exceptions, "is_subclass", lambda *given: opposite(true(*given)))


@mutation
def a_poll_that_raises_answers(patch: pytest.MonkeyPatch) -> None:
    true = CallExpressions._replied

    def broken(self: CallExpressions, node: ast.AST, reply: Any, state: State) -> Value:
        if isinstance(reply, Raises):
            state.polled = True
            return UNKNOWN
        return true(self, node, reply, state)

    patch.setattr(CallExpressions, "_replied", broken)


# Turns


@mutation
def the_else_of_a_loop_is_dropped(patch: pytest.MonkeyPatch) -> None:
    true = LoopTurns._leave_by_header

    def broken(self: LoopTurns, *given: Any, **options: Any) -> None:
        patch.setattr(self.node, "orelse", [])
        true(self, *given, **options)

    patch.setattr(LoopTurns, "_leave_by_header", broken)


@mutation
def a_loop_has_one_turn(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(turns, "_MOST_TURNS", 1)
    patch.setattr(Turns, "_goes_on", lambda *_: None)


@mutation
def a_turn_begins_as_if_it_had_waited(patch: pytest.MonkeyPatch) -> None:
    true = LoopTurns._turn

    def broken(self: LoopTurns, state: State) -> State | None:
        state.waited = True
        return true(self, state)

    patch.setattr(LoopTurns, "_turn", broken)


@mutation
def every_turn_waits(patch: pytest.MonkeyPatch) -> None:
    true = Turns.outcome
    patch.setattr(Turns, "outcome", lambda self: replace(true(self), waits=True))


@mutation
def no_turn_follows(patch: pytest.MonkeyPatch) -> None:
    true = Turns.outcome
    patch.setattr(Turns, "outcome", lambda self: replace(true(self), endless=False))


# What statuses are told apart


@mutation
def nothing_is_a_guess(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outcome, "guessed", False)


@pytest.mark.parametrize("what", MUTATIONS)
def test_a_broken_abstract_run_is_noticed_and_a_sound_one_is_not(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    MUTATIONS[what](monkeypatch)
    first = _FIRST.get(what, 0)
    found = next((seed for seed in range(first, first + PROGRAMS) if _mismatches(seed)), None)
    assert found is not None
    monkeypatch.undo()
    assert not _mismatches(found)


def _mismatches(seed: int) -> list[str]:
    tally = Tally()
    compare(generate(seed), range(seed, seed + RUNS), tally)
    return [mismatch.kind for mismatch in tally.mismatches if mismatch.kind != "crash"]
