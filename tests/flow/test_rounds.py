"""Functions that are loops without saying so: what is said of them, and what Python does.

They call themselves, or a decorator of a real library calls them again. Each is really run for
each status, with a poll that always answers it.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import types
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from unittest import mock

import pytest

from bgmode.flow.exits import Outcome
from bgmode.flow.judging import Answering, judged
from bgmode.flow.names import FUNCTIONS, Names
from bgmode.knowledge import provider
from bgmode.model.polling import PollLoop

from .oracle import SamePolls, entry_node
from .outside import Response
from .phrases import PENDING, RUNNING, STATUSES
from .retried import RETRIED
from .selfcalls import CALLING_THEMSELVES, Case

MOST_POLLS = 25
"""A function that polls more often is one that stays."""


@dataclass(frozen=True)
class End:
    """How a real run has ended: returned, raised something, or stays."""

    how: str
    polls: int
    waits: tuple[bool, ...]
    """For each poll but the first: whether something has waited before it."""

    @property
    def stays(self) -> bool:
        return self.how == "stays"

    def is_like(self, other: End) -> bool:
        return (self.how, self.polls) == (other.how, other.polls)


class Stopped(BaseException):
    """The run has gone on for long enough."""


class Outside:
    """Polls that always answer the same, and a clock that goes on only while one sleeps."""

    def __init__(self, status: str) -> None:
        self._response = Response(status)
        self._slept = False
        self._over = False
        self._now = 1_000.0
        self.polls = 0
        self.waits: list[bool] = []

    @property
    def over(self) -> bool:
        return self._over

    def poll(self, _job: object) -> Response:
        if self.polls == MOST_POLLS:
            self._over = True
        self._stop()
        if self.polls:
            self.waits.append(self._slept)
        self._slept = False
        self.polls += 1
        return self._response

    async def poll_async(self, job: object) -> Response:
        return self.poll(job)

    def sleep(self, seconds: float) -> None:
        self._stop()
        self._slept = self._slept or seconds > 0
        self._now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def time(self) -> float:
        return self._now

    def datetime(self) -> types.SimpleNamespace:
        """The module ``datetime``, as far as libraries ask it for the time."""
        start = datetime(2024, 1, 1)
        now = types.SimpleNamespace(now=lambda: start + timedelta(seconds=self._now))
        return types.SimpleNamespace(datetime=now, timedelta=timedelta)

    def _stop(self) -> None:
        """Go on stopping: the function may have swallowed the exception."""
        if self._over:
            raise Stopped


def really(case: Case, status: str) -> End:
    """Run a function."""
    outside = Outside(status)
    names: dict[str, object] = {
        "__name__": "program",
        "poll": outside.poll,
        "poll_async": outside.poll_async,
    }
    how = "returned"
    with (
        mock.patch("time.sleep", outside.sleep),
        mock.patch("time.time", outside.time),
        mock.patch("time.monotonic", outside.time),
        mock.patch("asyncio.sleep", outside.sleep_async),
        mock.patch("backoff._sync.datetime", outside.datetime()),
        mock.patch("backoff._async.datetime", outside.datetime()),
    ):
        exec(compile(case.source, "<program>", "exec"), names)
        owner, _, method = case.entry.rpartition(".")
        entry = names[method] if not owner else getattr(names[owner](), method)  # type: ignore[operator]
        try:
            made = entry("job")  # type: ignore[operator]
            if inspect.iscoroutine(made):
                asyncio.run(made)
        except BaseException as error:
            how = f"raised {type(error).__name__}"
    return End("stays" if outside.over else how, outside.polls, tuple(outside.waits))


@cache
def ends(case: Case) -> dict[str, End]:
    """What really happens on each status."""
    return {status: really(case, status) for status in STATUSES}


@cache
def said(case: Case) -> PollLoop:
    """What the abstract run says of each status."""
    tree = ast.parse(case.source)
    names = Names(tree)
    entry = entry_node(tree, case.entry)
    assert isinstance(entry, FUNCTIONS)
    answers = {
        status: Answering(status, frozenset(), SamePolls(names, status)) for status in STATUSES
    }
    runs = judged(entry, answers)
    unknown = Outcome(endless=True, unclear=True)
    outcomes = {status: run.outcomes.get(entry, unknown) for status, run in runs.items()}
    return PollLoop(entry, entry, outcomes, provider())


def _cases() -> list[object]:
    groups = {"calls itself": CALLING_THEMSELVES, **RETRIED}
    return [
        pytest.param(case, id=f"{kind}: {why}")
        for kind, cases in groups.items()
        for why, case in cases.items()
    ]


every_case = pytest.mark.parametrize("case", _cases())


@every_case
def test_a_verdict_is_what_happens(case: Case) -> None:
    verdicts = {status: outcome.verdict for status, outcome in said(case).outcomes.items()}
    wrong = {
        status: (verdicts[status], end.how)
        for status, end in ends(case).items()
        if verdicts[status] == ("always" if end.stays else "never")
    }
    assert wrong == {}
    assert sum(verdict != "maybe" for verdict in verdicts.values()) >= case.decided


@every_case
def test_only_what_goes_on_alike_is_taken_for_running(case: Case) -> None:
    running = ends(case)[RUNNING]
    alike = {status for status, end in ends(case).items() if end.is_like(running)}
    assert tuple(status for status in STATUSES if status in alike - {*PENDING}) == case.missed
    taken = {*said(case).taken_for_running}
    assert taken == {*case.missed} if case.seen else taken <= {*case.missed}


@every_case
def test_a_round_waits_as_it_is_said_to(case: Case) -> None:
    loop = said(case)
    assert case.waits in (None, loop.waits)
    wrong = {
        status: (loop.outcomes[status].waits, end.waits)
        for status, end in ends(case).items()
        if loop.outcomes[status].waits is not None
        and any(waited is not loop.outcomes[status].waits for waited in end.waits)
    }
    assert wrong == {}
