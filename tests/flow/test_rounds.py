"""Functions that are loops without saying so: what is said of them, and what Python does.

They call themselves, or a decorator of a real library calls them again. Each is really run for
each status, with a poll that always answers it.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import textwrap
import types
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from unittest import mock

import pytest

from bgmode.flow.exits import Outcome
from bgmode.flow.judging import Answering, judged
from bgmode.flow.names import FUNCTIONS, Names
from bgmode.flow.values import Truth
from bgmode.knowledge import provider
from bgmode.model.polling import PollLoop

from .oracle import SamePolls, entry_node
from .outside import Response
from .phrases import PENDING, RUNNING, STATUSES

MOST_POLLS = 25
"""A function that polls more often is one that stays."""


@dataclass(frozen=True)
class Case:
    """A function, and how much must be known of it.

    ``decided`` is the least number of statuses of which it is said for sure whether they end it.
    ``missed`` are the terminal statuses on which it does what it does while the job runs;
    ``seen`` says whether that must be known. ``waits`` is what must be said of a further round.
    """

    text: str
    decided: int = 6
    missed: tuple[str, ...] = ()
    seen: bool = True
    waits: Truth = True
    entry: str = "wait"

    @property
    def source(self) -> str:
        return textwrap.dedent(self.text)


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
        start = datetime(2024, 1, 1)  # noqa: DTZ001
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


CALLING_THEMSELVES = {
    "a function": Case("""
        import time
        def wait(job):
            if poll(job).status in ("queued", "in_progress"):
                time.sleep(1)
                return wait(job)
        """),
    "one that does not wait": Case(
        """
        def wait(job):
            if poll(job).status in ("queued", "in_progress"):
                return wait(job)
        """,
        waits=False,
    ),
    "one that knows a single end": Case(
        """
        import time
        def wait(job):
            if poll(job).status == "completed":
                return
            time.sleep(1)
            wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "one that forgets a status": Case(
        """
        import time
        def wait(job):
            response = poll(job)
            if response.status in {"completed", "failed", "cancelled"}:
                return response
            time.sleep(1)
            return wait(job)
        """,
        missed=("incomplete",),
    ),
    "one that raises": Case(
        """
        import time
        def wait(job):
            match poll(job).status:
                case "completed":
                    return True
                case "failed" | "cancelled":
                    raise RuntimeError(job)
            time.sleep(1)
            return wait(job)
        """,
        missed=("incomplete",),
    ),
    "a coroutine": Case("""
        import asyncio
        async def wait(job):
            response = await poll_async(job)
            if response.status in ("queued", "in_progress"):
                await asyncio.sleep(1)
                return await wait(job)
            return response
        """),
    "a coroutine that forgets a status": Case(
        """
        import asyncio
        async def wait(job):
            response = await poll_async(job)
            if response.status not in ("completed", "failed", "incomplete"):
                await asyncio.sleep(1)
                await wait(job)
        """,
        missed=("cancelled",),
    ),
    "a method": Case(
        """
        import time
        class Waiter:
            def wait(self, job):
                response = poll(job)
                if response.status in ("completed", "failed"):
                    return response
                time.sleep(1)
                return self.wait(job)
        """,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a method that keeps the answer": Case(
        """
        import time
        class Waiter:
            def __init__(self):
                self.response = None
            def wait(self, job):
                self.response = poll(job)
                if self.response.status != "completed":
                    time.sleep(1)
                    self.wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a static method": Case(
        """
        import time
        class Waiter:
            @staticmethod
            def wait(job):
                if poll(job).status in ("queued", "in_progress", "failed"):
                    time.sleep(1)
                    return Waiter.wait(job)
        """,
        missed=("failed",),
        entry="Waiter.wait",
    ),
    "an asynchronous method": Case(
        """
        import asyncio
        class Waiter:
            async def wait(self, job):
                response = await poll_async(job)
                if response.status == "completed":
                    return response
                if response.status == "failed":
                    raise RuntimeError(job)
                await asyncio.sleep(1)
                return await self.wait(job)
        """,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a counter that goes up": Case(
        """
        import time
        def wait(job, tries=0):
            response = poll(job)
            if response.status == "completed":
                return response
            if tries >= 5:
                raise TimeoutError(job)
            time.sleep(1)
            return wait(job, tries + 1)
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a counter that goes down": Case(
        """
        import time
        def wait(job, *, left=4):
            response = poll(job)
            if response.status in ("completed", "failed", "cancelled", "incomplete") or not left:
                return response
            time.sleep(1)
            return wait(job, left=left - 1)
        """,
        decided=4,
    ),
    "a counter in the object": Case(
        """
        import time
        class Waiter:
            tries = 0
            def wait(self, job):
                response = poll(job)
                if response.status in ("completed", "failed"):
                    return response
                self.tries += 1
                if self.tries > 3:
                    raise TimeoutError(job)
                time.sleep(1)
                return self.wait(job)
        """,
        decided=2,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a wait that grows": Case("""
        import time
        def wait(job, delay=1.0):
            response = poll(job)
            if response.status in ("queued", "in_progress"):
                time.sleep(delay)
                return wait(job, delay=min(delay * 2, 60))
            return response
        """),
    "in a try with a finally": Case(
        """
        import time
        def wait(job):
            try:
                if poll(job).status in ("queued", "in_progress", "incomplete"):
                    return wait(job)
            finally:
                time.sleep(1)
        """,
        missed=("incomplete",),
        waits=False,
    ),
    "in a finally": Case(
        """
        import time
        def wait(job):
            done = True
            try:
                done = poll(job).status in ("completed", "failed", "cancelled")
            finally:
                if not done:
                    time.sleep(1)
                    wait(job)
        """,
        missed=("incomplete",),
    ),
    "in a handler": Case(
        """
        import time
        class Pending(Exception):
            pass
        def wait(job):
            try:
                response = poll(job)
                if response.status != "completed":
                    raise Pending
                return response
            except Pending:
                time.sleep(1)
                return wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a return that a finally replaces": Case(
        """
        def wait(job):
            try:
                if poll(job).status in ("queued", "in_progress"):
                    return wait(job)
                return True
            finally:
                print(end="")
        """,
        waits=False,
    ),
    "in an else branch": Case(
        """
        import time
        def wait(job):
            response = poll(job)
            if response.status == "completed":
                return response
            elif response.status in ("failed", "cancelled"):
                raise RuntimeError(response.status)
            else:
                time.sleep(2)
                return wait(job)
        """,
        missed=("incomplete",),
    ),
    "in an expression": Case(
        """
        def wait(job):
            response = poll(job)
            return response if response.status == "completed" else wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "in a condition": Case(
        """
        import time
        def wait(job):
            time.sleep(1)
            return poll(job).status not in ("queued", "in_progress", "failed") or wait(job)
        """,
        missed=("failed",),
    ),
    "in the else of a loop": Case(
        """
        import time
        def wait(job):
            for _ in range(2):
                if poll(job).status in ("completed", "failed", "cancelled", "incomplete"):
                    return
                time.sleep(1)
            else:
                wait(job)
        """,
    ),
    "a status parameter": Case(
        """
        import time
        def wait(job, status="queued"):
            if status in ("completed", "failed", "cancelled"):
                return status
            time.sleep(1)
            return wait(job, poll(job).status)
        """,
        missed=("incomplete",),
    ),
    "a response parameter": Case(
        """
        import time
        def wait(job, response=None):
            if response is not None and response.status not in ("queued", "in_progress"):
                return response
            time.sleep(1)
            return wait(job, response=poll(job))
        """,
    ),
    "a set of statuses": Case(
        """
        import time
        ENDED = frozenset({"completed", "failed"})
        def wait(job, until=ENDED):
            if poll(job).status in until:
                return
            time.sleep(1)
            wait(job, until)
        """,
        missed=("cancelled", "incomplete"),
        decided=0,
        seen=False,
    ),
    "a helper that looks": Case(
        """
        import time
        def is_over(response):
            return response.status in ("completed", "cancelled")
        def wait(job):
            response = poll(job)
            if not is_over(response):
                time.sleep(1)
                return wait(job)
            return response
        """,
        missed=("failed", "incomplete"),
    ),
    "a helper that polls and waits": Case(
        """
        import time
        def look(job):
            time.sleep(1)
            return poll(job).status
        def wait(job):
            if look(job) != "completed":
                wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a helper that calls back": Case(
        """
        import time
        def again(job):
            time.sleep(1)
            return wait(job)
        def wait(job):
            if poll(job).status in ("completed", "failed"):
                return
            return again(job)
        """,
        missed=("cancelled", "incomplete"),
        decided=0,
        seen=False,
        waits=None,
    ),
    "a helper that calls back, and a call of its own": Case(
        """
        import time
        def again(job):
            time.sleep(1)
            return wait(job)
        def wait(job):
            status = poll(job).status
            if status in ("completed", "failed"):
                return
            if status == "queued":
                time.sleep(2)
                return wait(job)
            return again(job)
        """,
        missed=("cancelled", "incomplete"),
    ),
    "an inner function": Case(
        """
        import time
        def wait(job):
            def ended():
                return poll(job).status in ("completed", "failed", "cancelled", "incomplete")
            if not ended():
                time.sleep(1)
                wait(job)
        """,
    ),
    "one that always calls itself": Case(
        """
        import time
        def wait(job):
            poll(job)
            time.sleep(1)
            wait(job)
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
    ),
    "one that never comes to it": Case(
        """
        def wait(job):
            status = poll(job).status
            if status == "unheard of":
                return wait(job)
            return status
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "a call whose exception is caught": Case(
        """
        import time
        def wait(job):
            response = poll(job)
            if response.status == "completed":
                return True
            if response.status == "failed":
                raise ValueError(job)
            time.sleep(1)
            try:
                return wait(job)
            except ValueError:
                return False
        """,
        missed=("cancelled", "incomplete"),
    ),
}


TENACITY = {
    "a result that is pending": Case(
        """
        import tenacity
        def pending(response):
            return response.status in ("queued", "in_progress")
        @tenacity.retry(retry=tenacity.retry_if_result(pending), wait=tenacity.wait_fixed(2))
        def wait(job):
            return poll(job)
        """,
    ),
    "a lambda": Case(
        """
        from tenacity import retry, retry_if_result, wait_exponential
        @retry(
            retry=retry_if_result(lambda response: response.status != "completed"),
            wait=wait_exponential(max=30),
        )
        def wait(job):
            return poll(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a result that is none": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda result: result is None), wait=tenacity.wait_fixed(2)
        )
        def wait(job):
            response = poll(job)
            if response.status in ("completed", "failed", "incomplete"):
                return response
        """,
        missed=("cancelled",),
    ),
    "a status": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status in {"queued", "in_progress"}),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            return poll(job).status
        """,
    ),
    "not a result": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_not_result(lambda status: status in {"completed", "cancelled"}),
            wait=tenacity.wait_random(1, 2),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "incomplete"),
    ),
    "not a result, by keyword": Case(
        """
        from tenacity import retry, retry_if_not_result, wait_fixed
        @retry(wait=wait_fixed(1), retry=retry_if_not_result(predicate=lambda done: done))
        def wait(job):
            return poll(job).status == "completed"
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "bool": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_not_result(bool), wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status in ("completed", "failed")
        """,
        missed=("cancelled", "incomplete"),
    ),
    "an or": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status == "queued")
            | tenacity.retry_if_exception_type(Pending),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            status = poll(job).status
            if status in ("in_progress", "incomplete"):
                raise Pending
            return status
        """,
        missed=("incomplete",),
    ),
    "any of several": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_any(
                tenacity.retry_if_result(lambda status: status == "queued"),
                tenacity.retry_if_result(lambda status: status == "in_progress"),
                tenacity.retry_if_exception_type(OSError),
            ),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            return poll(job).status
        """,
    ),
    "all of several": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_all(
                tenacity.retry_if_result(lambda status: status != "completed"),
                tenacity.retry_if_result(lambda status: status != "failed"),
            ),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=0,
        missed=("cancelled", "incomplete"),
        seen=False,
    ),
    "an exception class": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        class Failed(Exception):
            pass
        @tenacity.retry(retry=tenacity.retry_if_exception_type(Pending), wait=tenacity.wait_fixed(1))
        def wait(job):
            status = poll(job).status
            if status == "completed":
                return status
            if status == "failed":
                raise Failed
            raise Pending
        """,
        missed=("cancelled", "incomplete"),
    ),
    "several exception classes": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type((Pending, LookupError)), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise Pending
            if status == "cancelled":
                raise KeyError(job)
            if status == "failed":
                raise ValueError(job)
        """,
        missed=("cancelled",),
    ),
    "a base class": Case(
        """
        import tenacity
        class JobError(Exception):
            pass
        class Pending(JobError):
            pass
        class Failed(JobError):
            pass
        @tenacity.retry(retry=tenacity.retry_if_exception_type(JobError), wait=tenacity.wait_fixed(1))
        def wait(job):
            status = poll(job).status
            if status in ("failed", "cancelled"):
                raise Failed
            if status not in ("completed", "incomplete"):
                raise Pending
        """,
        missed=("failed", "cancelled"),
    ),
    "not an exception class": Case(
        """
        import tenacity
        class Failed(Exception):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_not_exception_type(Failed), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise Failed
            if status != "completed":
                raise LookupError
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a function of the exception": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, LookupError)),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise LookupError
        """,
        decided=1,
        missed=("cancelled", "incomplete"),
        seen=False,
    ),
    "bare": Case(
        """
        import tenacity
        @tenacity.retry
        def wait(job):
            status = poll(job).status
            if status != "completed":
                raise RuntimeError(status)
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "with nothing": Case(
        """
        from tenacity import retry
        @retry()
        def wait(job):
            status = poll(job).status
            assert status not in ("queued", "in_progress")
            return status
        """,
        waits=False,
    ),
    "no wait": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            wait=tenacity.wait_none(),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "no wait but in the function": Case(
        """
        import time
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_result(lambda status: status != "completed"))
        def wait(job):
            time.sleep(1)
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a wait on one way only": Case(
        """
        import time
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_result(lambda status: status != "completed"))
        def wait(job):
            status = poll(job).status
            if status == "queued":
                time.sleep(5)
            return status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "a sum of waits": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            wait=tenacity.wait_fixed(3) + tenacity.wait_random(0, 2),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a wait of nothing": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            wait=tenacity.wait_fixed(0),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "try again": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise tenacity.TryAgain
            return status
        """,
    ),
    "try again, whatever the condition": Case(
        """
        import tenacity
        from tenacity import TryAgain
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(OSError), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise TryAgain()
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a number of attempts": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status in ("queued", "in_progress")),
            stop=tenacity.stop_after_attempt(5),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=4,
    ),
    "a number of attempts, and a status is forgotten": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_not_result(lambda status: status == "completed"),
            stop=tenacity.stop_after_attempt(5),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "attempts by exceptions": Case(
        """
        from tenacity import retry, stop_after_attempt, wait_fixed
        @retry(stop=stop_after_attempt(3), wait=wait_fixed(1), reraise=True)
        def wait(job):
            response = poll(job)
            if response.status not in ("completed", "failed"):
                raise TimeoutError(job)
            return response
        """,
        decided=2,
        missed=("cancelled", "incomplete"),
    ),
    "attempts or a delay": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            stop=tenacity.stop_after_attempt(9) | tenacity.stop_after_delay(5),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "never stops": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status in ("queued", "in_progress", "failed")),
            stop=tenacity.stop_never,
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed",),
    ),
    "a coroutine": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda response: response.status in ("queued", "in_progress")),
            wait=tenacity.wait_fixed(1),
        )
        async def wait(job):
            return await poll_async(job)
        """,
    ),
    "a coroutine that raises": Case(
        """
        from tenacity import TryAgain, retry
        @retry()
        async def wait(job):
            response = await poll_async(job)
            if response.status == "completed":
                return response
            raise TryAgain
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "a coroutine that waits by itself": Case(
        """
        import asyncio
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_not_result(lambda done: done))
        async def wait(job):
            await asyncio.sleep(1)
            return (await poll_async(job)).status in ("completed", "failed", "cancelled")
        """,
        missed=("incomplete",),
    ),
    "a method": Case(
        """
        import tenacity
        class Waiter:
            @tenacity.retry(
                retry=tenacity.retry_if_result(lambda done: not done), wait=tenacity.wait_fixed(1)
            )
            def wait(self, job):
                self.response = poll(job)
                return self.response.status in ("completed", "failed")
        """,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a condition with a name": Case(
        """
        import tenacity
        PENDING = tenacity.retry_if_result(lambda status: status in ("queued", "in_progress"))
        @tenacity.retry(retry=PENDING, wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        decided=0,
    ),
    "nothing that is retried": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "an exception that is caught": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            try:
                if poll(job).status != "completed":
                    raise ValueError
            except ValueError:
                return False
            return True
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "an exception in a finally": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            status = "queued"
            try:
                status = poll(job).status
            finally:
                if status in ("queued", "in_progress", "cancelled"):
                    raise ValueError
            return True
        """,
        missed=("cancelled",),
    ),
    "a function that also calls itself": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_exception_type(OSError), wait=tenacity.wait_fixed(1))
        def wait(job):
            status = poll(job).status
            if status == "queued":
                raise OSError
            if status == "in_progress":
                return wait(job)
            return status
        """,
        waits=False,
    ),
    "a loop inside": Case(
        """
        import time
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            while True:
                status = poll(job).status
                if status == "completed":
                    return
                if status == "failed":
                    raise ValueError
                time.sleep(1)
        """,
        decided=0,
        missed=("cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "X unless an exception class": Case(
        """
        import tenacity
        class Over(Exception):
            pass
        @tenacity.retry(retry=tenacity.retry_unless_exception_type(Over), wait=tenacity.wait_fixed(1))
        def wait(job):
            if poll(job).status in ("completed", "failed"):
                raise Over
        """,
        missed=("cancelled", "incomplete"),
    ),
    "X a message": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_not_exception_message(message="over"), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            if poll(job).status in ("completed", "failed"):
                raise ValueError("over")
        """,
        decided=0,
        missed=("cancelled", "incomplete"),
        seen=False,
    ),
    "X the end of the program": Case(
        """
        import sys
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            status = poll(job).status
            if status == "failed":
                sys.exit(1)
            if status == "incomplete":
                raise SystemExit(2)
            if status != "completed":
                raise ValueError
        """,
        missed=("cancelled",),
    ),
    "X the end of the program by type": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_exception_type(), wait=tenacity.wait_fixed(1))
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise KeyboardInterrupt
            if status != "completed":
                raise ValueError
        """,
        missed=("cancelled", "incomplete"),
    ),
    "X always": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_always, wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
    ),
    "X never": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_never, wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
    ),
    "X on the class": Case(
        """
        from tenacity import retry, retry_if_result, wait_fixed
        class Waiter:
            def pending(status):
                return status in ("queued", "in_progress")
            @retry(retry=retry_if_result(pending), wait=wait_fixed(1))
            def wait(self, job):
                return poll(job).status
        """,
        entry="Waiter.wait",
    ),
    "X waits by keyword none": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            wait=tenacity.wait_none() + tenacity.wait_none(),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "X a nap": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            wait=tenacity.wait_fixed(5),
            sleep=lambda seconds: None,
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "X given options": Case(
        """
        import tenacity
        OPTIONS = {"retry": tenacity.retry_if_result(lambda status: status != "completed")}
        @tenacity.retry(**OPTIONS)
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=0,
        seen=False,
        waits=None,
    ),
    "X with a hook": Case(
        """
        import time
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            before=lambda state: time.sleep(1),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=None,
    ),
    "X with the failures that a callback answers": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            stop=tenacity.stop_after_attempt(4),
            wait=tenacity.wait_fixed(1),
            retry_error_callback=lambda state: None,
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=1,
    ),
    "X combined and": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda s: s != "completed")
            & tenacity.retry_if_result(lambda s: s != "failed"),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("cancelled", "incomplete"),
        decided=0,
        seen=False,
    ),
    "X a chain of waits": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda s: s != "completed"),
            wait=tenacity.wait_chain(tenacity.wait_none(), tenacity.wait_fixed(1)),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=None,
    ),
    "X assert by exceptions": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_exception_type(AssertionError), wait=tenacity.wait_fixed(1))
        def wait(job):
            assert poll(job).status == "completed"
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "X a state that stays": Case(
        """
        import tenacity
        class Waiter:
            def __init__(self):
                self.done = False
            @tenacity.retry(retry=tenacity.retry_if_result(lambda r: r is None), wait=tenacity.wait_fixed(1))
            def wait(self, job):
                if self.done:
                    return True
                self.done = poll(job).status in ("completed", "failed")
        """,
        entry="Waiter.wait",
        missed=("cancelled", "incomplete"),
        decided=0,
        seen=True,
    ),
}


BACKOFF = {
    "a predicate": Case(
        """
        import backoff
        @backoff.on_predicate(
            backoff.constant, lambda response: response.status in ("queued", "in_progress"), jitter=None
        )
        def wait(job):
            return poll(job)
        """,
    ),
    "a predicate by keyword": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.expo, predicate=lambda status: status != "completed", jitter=None)
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a predicate with a name": Case(
        """
        import backoff
        def pending(status):
            return status not in ("completed", "failed", "cancelled")
        @backoff.on_predicate(backoff.fibo, pending, jitter=None)
        def wait(job):
            return poll(job).status
        """,
        missed=("incomplete",),
    ),
    "a result that is false": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, interval=5, jitter=None)
        def wait(job):
            return poll(job).status in ("completed", "failed", "cancelled", "incomplete")
        """,
    ),
    "a result that is none": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.expo, max_value=30, jitter=None)
        def wait(job):
            response = poll(job)
            if response.status == "completed":
                return response
            if response.status == "failed":
                raise RuntimeError(job)
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a number of tries": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.expo, max_tries=4, jitter=None)
        def wait(job):
            return poll(job).status == "completed"
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a number of tries for all ends": Case(
        """
        import backoff
        @backoff.on_predicate(
            backoff.constant,
            lambda status: status in ("queued", "in_progress"),
            max_tries=lambda: 7,
            interval=2,
            jitter=None,
        )
        def wait(job):
            return poll(job).status
        """,
        decided=4,
    ),
    "a time": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, interval=5, max_time=20, jitter=None)
        def wait(job):
            return poll(job).status in ("completed", "incomplete")
        """,
        decided=2,
        missed=("failed", "cancelled"),
    ),
    "a time that is none": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, interval=5, max_time=None, jitter=None)
        def wait(job):
            return poll(job).status in ("completed", "incomplete")
        """,
        missed=("failed", "cancelled"),
    ),
    "a coroutine": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, lambda r: r.status == "queued", jitter=None)
        async def wait(job):
            return await poll_async(job)
        """,
        missed=(),
    ),
    "a coroutine that knows one end": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, jitter=None)
        async def wait(job):
            response = await poll_async(job)
            return response if response.status == "completed" else None
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "an exception": Case(
        """
        import backoff
        class Pending(Exception):
            pass
        @backoff.on_exception(backoff.constant, Pending, interval=3, jitter=None)
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise Pending(job)
            return status
        """,
    ),
    "an exception for every end but one": Case(
        """
        import backoff
        @backoff.on_exception(backoff.expo, RuntimeError, jitter=None)
        def wait(job):
            response = poll(job)
            if response.status == "failed":
                raise ValueError(job)
            if response.status != "completed":
                raise RuntimeError(job)
            return response
        """,
        missed=("cancelled", "incomplete"),
    ),
    "several exceptions": Case(
        """
        import backoff
        @backoff.on_exception(backoff.expo, (KeyError, TimeoutError), jitter=None)
        def wait(job):
            match poll(job).status:
                case "queued":
                    raise KeyError(job)
                case "in_progress" | "incomplete":
                    raise TimeoutError(job)
                case "failed":
                    raise LookupError(job)
        """,
        missed=("incomplete",),
    ),
    "an exception by keyword and tries": Case(
        """
        import backoff
        @backoff.on_exception(backoff.expo, exception=ValueError, max_tries=3, jitter=None)
        def wait(job):
            if poll(job).status not in ("completed", "cancelled"):
                raise ValueError(job)
        """,
        decided=2,
        missed=("failed", "incomplete"),
    ),
    "an exception in a coroutine, for a time": Case(
        """
        import backoff
        @backoff.on_exception(backoff.constant, ValueError, interval=1, max_time=4, jitter=None)
        async def wait(job):
            response = await poll_async(job)
            if response.status in ("queued", "in_progress"):
                raise ValueError(job)
            return response
        """,
        decided=4,
    ),
    "two of them": Case(
        """
        import backoff
        @backoff.on_exception(backoff.constant, ValueError, interval=1, jitter=None)
        @backoff.on_predicate(backoff.constant, lambda s: s == "queued", interval=1, jitter=None)
        def wait(job):
            status = poll(job).status
            if status in ("in_progress", "failed"):
                raise ValueError(job)
            return status
        """,
        missed=("failed",),
    ),
    "inside of tenacity": Case(
        """
        import backoff
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_exception_type(LookupError), wait=tenacity.wait_fixed(1))
        @backoff.on_predicate(backoff.constant, interval=1, jitter=None)
        def wait(job):
            status = poll(job).status
            if status == "in_progress":
                raise LookupError(job)
            return status not in ("queued", "cancelled")
        """,
        missed=("cancelled",),
    ),
    "X gives up": Case(
        """
        import backoff
        @backoff.on_exception(
            backoff.constant, Exception, giveup=lambda error: isinstance(error, ValueError), jitter=None
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError(job)
            if status != "completed":
                raise LookupError(job)
        """,
        decided=1,
        seen=False,
        missed=("cancelled", "incomplete"),
    ),
    "X none as a number of tries": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, max_tries=None, jitter=None)
        def wait(job):
            return poll(job).status == "completed"
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "X an interval of nothing": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, interval=0, jitter=None)
        def wait(job):
            return poll(job).status == "completed"
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "X an exception of the name": Case(
        """
        import backoff
        class TryAgain(Exception):
            pass
        @backoff.on_exception(backoff.constant, OSError, jitter=None)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise TryAgain
            if status != "completed":
                raise OSError
        """,
        missed=("cancelled", "incomplete"),
    ),
    "X inner gives up and outer goes on": Case(
        """
        import backoff
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_result(lambda s: s != "completed"), wait=tenacity.wait_fixed(1))
        @backoff.on_predicate(backoff.constant, lambda s: s != "completed", max_tries=3, jitter=None)
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=1,
    ),
    "X outer exceptions of inner": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_exception_type(tenacity.RetryError))
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda s: s != "completed"),
            stop=tenacity.stop_after_attempt(3),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=1,
        waits=False,
    ),
    "X outer catches exit": Case(
        """
        import backoff
        @backoff.on_exception(backoff.constant, Exception, jitter=None)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise SystemExit(1)
            if status != "completed":
                raise OSError
        """,
        missed=("cancelled", "incomplete"),
    ),
    "X wait generator that ends": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, interval=[1, 2, 3], jitter=None)
        def wait(job):
            return poll(job).status == "completed"
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=0,
    ),
}


RETRYING = {
    "a result": Case(
        """
        from retrying import retry
        @retry(retry_on_result=lambda status: status in ("queued", "in_progress"), wait_fixed=2000)
        def wait(job):
            return poll(job).status
        """,
    ),
    "a result that is none": Case(
        """
        import retrying
        def is_none(result):
            return result is None
        @retrying.retry(retry_on_result=is_none, wait_exponential_multiplier=1000)
        def wait(job):
            response = poll(job)
            if response.status in ("completed", "failed", "cancelled"):
                return response
        """,
        missed=("incomplete",),
    ),
    "every exception": Case(
        """
        from retrying import retry
        @retry
        def wait(job):
            if poll(job).status not in ("completed", "failed"):
                raise ValueError(job)
        """,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
    "a number of attempts": Case(
        """
        from retrying import retry
        @retry(
            retry_on_result=lambda status: status != "completed",
            stop_max_attempt_number=4,
            wait_fixed=10,
        )
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "no wait": Case(
        """
        from retrying import retry
        @retry(retry_on_result=lambda status: status != "completed", stop_max_attempt_number=4)
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "X a function of the exception": Case(
        """
        from retrying import retry
        @retry(retry_on_exception=lambda error: isinstance(error, OSError), wait_fixed=10)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise OSError
        """,
        decided=1,
        missed=("cancelled", "incomplete"),
        seen=False,
    ),
    "X a tuple of exceptions": Case(
        """
        from retrying import retry
        @retry(retry_on_exception=(OSError,), wait_fixed=10)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise OSError
        """,
        decided=1,
        missed=("cancelled", "incomplete"),
        seen=False,
    ),
    "X an exception besides the result": Case(
        """
        from retrying import retry
        @retry(retry_on_result=lambda result: result is None, wait_fixed=10)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            return status if status == "completed" else None
        """,
        decided=0,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "X the end of the program": Case(
        """
        from retrying import retry
        @retry(wait_fixed=10)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise SystemExit
            if status != "completed":
                raise ValueError
        """,
        missed=("cancelled", "incomplete"),
    ),
    "X wait 0": Case(
        """
        from retrying import retry
        @retry(wait_fixed=0)
        def wait(job):
            status = poll(job).status
            if status != "completed":
                raise ValueError
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
}


STAMINA = {
    "an exception": Case(
        """
        import stamina
        @stamina.retry(on=LookupError, attempts=5, wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress", "cancelled"):
                raise KeyError(job)
            return status
        """,
        decided=3,
        missed=("cancelled",),
    ),
    "an exception of another class": Case(
        """
        import stamina
        class Pending(Exception):
            pass
        @stamina.retry(on=Pending, timeout=20, wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise Pending
            if status == "failed":
                raise ValueError
        """,
        decided=4,
    ),
    "a coroutine": Case(
        """
        import stamina
        @stamina.retry(on=(OSError, ValueError), wait_jitter=0)
        async def wait(job):
            response = await poll_async(job)
            if response.status == "completed":
                return response
            raise ValueError(response.status)
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "X no limit": Case(
        """
        import stamina
        @stamina.retry(on=ValueError, attempts=None, timeout=None, wait_jitter=0)
        def wait(job):
            if poll(job).status != "completed":
                raise ValueError
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "X no wait": Case(
        """
        import stamina
        @stamina.retry(on=ValueError, wait_initial=0, wait_max=0, wait_jitter=0)
        def wait(job):
            if poll(job).status != "completed":
                raise ValueError
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=1,
        waits=False,
    ),
    "X a function": Case(
        """
        import stamina
        @stamina.retry(on=lambda error: isinstance(error, ValueError), wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise OSError
            if status != "completed":
                raise ValueError
        """,
        missed=("cancelled", "incomplete"),
        decided=1,
        seen=False,
    ),
    "X no position": Case(
        """
        import stamina
        @stamina.retry(on=Exception, wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise SystemExit
            if status != "completed":
                raise ValueError
        """,
        missed=("cancelled", "incomplete"),
        decided=1,
        seen=False,
    ),
}


DECORATED = {
    "tenacity": TENACITY,
    "backoff": BACKOFF,
    "retrying": RETRYING,
    "stamina": STAMINA,
}


def _cases() -> list[object]:
    groups = {"calls itself": CALLING_THEMSELVES, **DECORATED}
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
    assert loop.waits is case.waits
    wrong = {
        status: (loop.outcomes[status].waits, end.waits)
        for status, end in ends(case).items()
        if loop.outcomes[status].waits is not None
        and any(waited is not loop.outcomes[status].waits for waited in end.waits)
    }
    assert wrong == {}
