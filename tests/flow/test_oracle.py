"""The abstract run against Python itself, on a small fixed set of random programs."""

from __future__ import annotations

import ast

import pytest

from bgmode.flow.exits import Outcome, Way

from .oracle import Tally, compare, contradiction, verify
from .outside import run
from .programs import Program, generate
from .recording import Departure, rewritten
from .traps import TRAPS

VERDICTS = 3_000


@pytest.fixture(scope="module")
def tally() -> Tally:
    return verify(seed=0, verdicts=VERDICTS)


def test_the_abstract_run_never_contradicts_a_real_one(tally: Tally) -> None:
    assert [str(mismatch) for mismatch in tally.mismatches] == []


def test_much_is_decided(tally: Tally) -> None:
    assert tally.decided > 0.3 * tally.verdicts.total()
    assert min(tally.verdicts.values()) > 0.1 * tally.verdicts.total()


def test_few_programs_fail_by_accident(tally: Tally) -> None:
    assert tally.accidents.total() < 0.02 * tally.runs


def test_a_seed_always_gives_the_same_program() -> None:
    assert generate(7) == generate(7)
    assert len({generate(seed).source for seed in range(50)}) == 50


_NODE = ast.parse("\n\nleave()").body[0]  # in line 3
NEVER = Outcome(endless=True)
MAYBE = Outcome(frozenset({Way(_NODE)}), endless=True)
ALWAYS = Outcome(frozenset({Way(_NODE)}))


@pytest.mark.parametrize(
    ("outcome", "by", "polled", "kind"),
    [
        (NEVER, 3, True, "leaves"),
        (NEVER, 3, False, None),  # before the first poll
        (NEVER, None, True, None),
        (MAYBE, 3, True, None),
        (MAYBE, 4, True, "way"),
        (MAYBE, None, True, None),
        (ALWAYS, 3, True, None),
        (ALWAYS, None, True, "stays"),
        (None, 3, True, "unseen"),
        (None, 3, False, None),
    ],
)
def test_what_contradicts_an_outcome(
    outcome: Outcome | None, by: int | None, polled: bool, kind: str | None
) -> None:
    found = contradiction(outcome, Departure(1, by, (), polled, polled))
    assert (found[0] if found else None) == kind


def test_waiting_is_compared_turn_by_turn() -> None:
    departure = Departure(1, None, (True, False), True, True)
    assert contradiction(Outcome(endless=True, waits=None), departure) is None
    for waits in (True, False):
        found = contradiction(Outcome(endless=True, waits=waits), departure)
        assert found is not None
        assert found[0] == "waits"


@pytest.mark.parametrize(
    ("body", "left_by"),
    [
        ("while poll(job).status == 'queued':\n pass", {2: 2}),
        ("while True:\n poll(job)", {2: None}),
        ("while poll(job):\n break", {2: 3}),
        ("while poll(job):\n try:\n  return\n finally:\n  break", {2: 6}),
        ("while poll(job):\n try:\n  return\n finally:\n  for _ in 'a':\n   pass", {2: 4, 6: 6}),
        ("while poll(job):\n while False:\n  pass\n else:\n  break", {2: 6, 3: 6}),
        ("while poll(job):\n try:\n  raise OSError\n except OSError:\n  raise", {2: 6}),
        ("while poll(job):\n try:\n  raise KeyError\n finally:\n  poll(job)", {2: 4}),
        ("while poll(job):\n try:\n  sys.exit()\n except OSError:\n  pass", {2: 4}),
        ("while True:\n try:\n  poll(job)\n finally:\n  continue", {2: None}),
    ],
)
def test_real_runs_say_what_left_a_loop(body: str, left_by: dict[int, int | None]) -> None:
    lines = "\n ".join(body.splitlines())
    program = Program(f"def wait(*_):\n {lines}\nimport sys\n", "wait")
    recorder = run(program, rewritten(program.source), "completed", seed=1)
    assert recorder.accident is None
    assert {found.loop: found.by for found in recorder.departures} == left_by


@pytest.mark.parametrize("why", TRAPS)
def test_no_trap_catches_the_abstract_run(why: str) -> None:
    tally = Tally()
    compare(TRAPS[why], range(12), tally)
    assert not tally.accidents
    assert [str(mismatch) for mismatch in tally.mismatches] == []
