"""Shared runs against runs of their own, on random programs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from bgmode.flow.exits import Flow, Outcome
from bgmode.flow.judging import Answering, judged
from bgmode.flow.names import Names, Repeated
from bgmode.flow.run import Run
from bgmode.flow.sharing import FirstTurn

from .oracle import SamePolls, entry_node
from .phrases import STATUSES
from .programs import Program, generate
from .traps import TRAPS

SEEDS = range(400)


def outcomes(run: Run, names: Names) -> dict[int, tuple[object, ...]]:
    """What a run says of each loop, by its line."""
    items = run.outcomes.items()
    return {loop.lineno: said(outcome) for loop, outcome in items if _is(loop, names)}


def said(outcome: Outcome) -> tuple[object, ...]:
    ways = frozenset((line(way.node), way.guess, way.accident) for way in outcome.ways)
    doubts = frozenset((doubt.node, doubt.reads) for doubt in outcome.doubts)
    effects = frozenset((effect.target, line(effect.node)) for effect in outcome.effects)
    acts = frozenset(map(line, outcome.acts))
    return (ways, outcome.verdict, outcome.waits, outcome.unclear, doubts, effects, acts)


def line(node: ast.AST) -> int:
    return node.lineno  # type: ignore[attr-defined, no-any-return]


def _is(loop: Repeated, names: Names) -> bool:
    return loop in names.parent


def compared(program: Program) -> Iterator[tuple[bool, str]]:
    """For each answer: whether its run was shared, and where it would differ from its own."""
    tree = ast.parse(program.source)
    names = Names(tree)
    entry = entry_node(tree, program.entry)
    answers = {
        status: Answering(status, frozenset(), SamePolls(names, status)) for status in STATUSES
    }
    together = judged(entry, answers, end=names.last_loop(entry) + 1)
    for status in STATUSES:
        alone = Run(SamePolls(Names(tree), status))
        alone.start(entry)
        same = outcomes(together[status], names) == outcomes(alone, names)
        shared = list(together.values()).count(together[status]) > 1
        yield shared, "" if same else f"{status}\n{program.source}"


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each run that could have begun in the middle of a turn: whether it did."""
    found: list[bool] = []
    begun = FirstTurn._begun

    def noted(self: FirstTurn, run: Run, kept: Any) -> Flow | None:
        flow = begun(self, run, kept)
        found.append(flow is not None)
        return flow

    monkeypatch.setattr(FirstTurn, "_begun", noted)
    return found


def test_a_shared_run_says_what_a_run_of_its_own_says(taken_over: list[bool]) -> None:
    programs = [*TRAPS.values(), *map(generate, SEEDS)]
    found = [pair for program in programs for pair in compared(program)]
    assert [text for _, text in found if text] == []
    assert sum(shared for shared, _ in found) > 0.15 * len(found)
    assert sum(taken_over) > 0.05 * len(found)
