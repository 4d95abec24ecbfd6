"""The abstract run against Python itself, on a small fixed set of random programs."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest

from bgmode.flow.exits import Outcome, Way

from .oracle import Tally, compare, contradiction, verify
from .outside import run
from .phrases import GONE
from .programs import KINDS, Program, generate
from .recording import Departure, Recorder, rewritten
from .relation import confusions
from .traps import TRAPS

VERDICTS = 4_500
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # traps


@pytest.fixture(scope="module")
def tally() -> Tally:
    return verify(seed=0, verdicts=VERDICTS)


def test_the_abstract_run_never_contradicts_a_real_one(tally: Tally) -> None:
    assert [str(mismatch) for mismatch in tally.mismatches] == []


def test_much_is_decided(tally: Tally) -> None:
    assert tally.decided > 0.3 * tally.verdicts.total()
    assert min(tally.verdicts.values()) > 0.1 * tally.verdicts.total()


def test_all_kinds_of_programs_are_compared(tally: Tally) -> None:
    assert tally.kinds.keys() == KINDS.keys()
    assert min(tally.kinds.values()) > 200


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


def _really(source: str, *, answer: str = "queued", seed: int = 1) -> Recorder:
    program = Program(source, "wait")
    return run(program, rewritten(source), answer, seed)


def test_a_poll_that_raises_leaves_a_loop() -> None:
    recorder = _really("def wait(*_):\n while 1:\n  poll(0)\n", answer=GONE)
    assert [departure.by for departure in recorder.departures] == [3]


def test_a_loop_that_calls_its_function_again_goes_to_another_round() -> None:
    source = "def wait(*_):\n while 1:\n  poll(0)\n  if flag(0):\n   return wait()\n  return\n"
    ends = [found for seed in range(12) for found in _really(source, seed=seed).departures]
    assert {departure.by for departure in ends} == {1, 6}


def test_a_loop_is_left_for_a_round_that_never_ends() -> None:
    source = (
        "def wait(*seen):\n while poll(0):\n  if len(seen) > 1:\n   return wait(1)\n"
        "  while 1:\n   poll(0)\n"
    )
    ends = {found.loop: found.by for found in _really(source).departures}
    assert ends == {2: 1, 5: None}


def test_a_loop_whose_consumer_stops_is_not_judged() -> None:
    source = "def wait(*_):\n while 1:\n  yield poll(0)\n"
    ends = [_really(source, seed=seed).departures for seed in range(12)]
    assert {departure.by for departures in ends for departure in departures} == {None}
    assert [] in ends


def test_a_time_limit_leaves_the_loops_inside_it() -> None:
    source = (
        "import anyio\nasync def wait(*_):\n with anyio.fail_after(5):\n"
        "  while 1:\n   await poll_async(0)\n"
    )
    ends = [found for seed in range(12) for found in _really(source, seed=seed).departures]
    assert {(departure.by, departure.timed_out) for departure in ends} == {(3, True), (None, False)}


@pytest.mark.parametrize(
    ("failed", "really_failed", "found"),
    [(MAYBE, 3, 1), (MAYBE, None, 0), (NEVER, None, 0), (ALWAYS, 3, 0)],
)
def test_statuses_that_are_taken_for_running(
    failed: Outcome, really_failed: int | None, found: int
) -> None:
    outcomes = {
        "in_progress": {1: MAYBE},
        "completed": {1: ALWAYS},
        "failed": {1: failed},
    }
    ends = {"in_progress": None, "completed": 3, "failed": really_failed}

    def really(status: str, seeds: Iterable[int]) -> list[list[Departure]]:
        return [[Departure(1, ends[status], (), True, True)] for _ in seeds]

    assert len(list(confusions(outcomes, really, range(4)))) == found


@pytest.mark.parametrize("why", TRAPS)
def test_no_trap_catches_the_abstract_run(why: str) -> None:
    tally = Tally()
    compare(TRAPS[why], range(12), tally)
    assert not tally.accidents
    assert [str(mismatch) for mismatch in tally.mismatches] == []
