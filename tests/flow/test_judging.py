"""Shared runs against runs of their own, on random programs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.flow.exits import Outcome
from bgmode.flow.judging import Answering, judged
from bgmode.flow.names import Names, Repeated
from bgmode.flow.run import Run

from .oracle import SamePolls, entry_node
from .phrases import STATUSES
from .programs import Program, generate

SEEDS = range(400)


def outcomes(run: Run, names: Names) -> dict[int, tuple[object, ...]]:
    """What a run says of each loop, by its line."""
    items = run.outcomes.items()
    return {loop.lineno: said(outcome) for loop, outcome in items if _is(loop, names)}


def said(outcome: Outcome) -> tuple[object, ...]:
    ways = frozenset((way.node.lineno, way.guess) for way in outcome.ways)  # type: ignore[attr-defined]
    return (ways, outcome.verdict, outcome.waits, outcome.unclear)


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


def test_a_shared_run_says_what_a_run_of_its_own_says() -> None:
    found = [pair for seed in SEEDS for pair in compared(generate(seed))]
    assert [text for _, text in found if text] == []
    assert sum(shared for shared, _ in found) > 0.15 * len(found)
