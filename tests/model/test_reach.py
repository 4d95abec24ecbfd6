"""How far a function has to be run: to the last statement in which a loop may poll."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from bgmode.flow.names import FUNCTIONS
from bgmode.flow.project import Project
from bgmode.knowledge import provider
from bgmode.model.module import Module
from bgmode.source import Source

HEAD = """\
from functools import partial
from openai import AsyncOpenAI, OpenAI

client = OpenAI()
async_client = AsyncOpenAI()


def fetch(job):
    return client.responses.retrieve(job)


def states(job):
    while True:
        yield client.responses.retrieve(job).status


class Job:
    def __init__(self, job):
        self.job = job
        self.answer = None

    def refresh(self):
        self.answer = client.responses.retrieve(self.job)

    @property
    def done(self):
        self.refresh()
        return self.answer.status == "completed"
"""


def end(body: str, *, before: str = "", asynchronous: bool = False) -> tuple[int, int]:
    """Where the function ``run`` with this body has to be run to, and how long it is."""
    define = "async def run" if asynchronous else "def run"
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    text = f"{HEAD}\n{before}\n{define}(job, tags, metrics):\n{lines}\n"
    module = Module(Source("jobs.py", text, ast.parse(text)), provider("openai"), Project())
    (run,) = (n for n in module.names.functions if isinstance(n, FUNCTIONS) and n.name == "run")
    return module.polling.reach.end(run), len(run.body)


@pytest.mark.parametrize(
    "body",
    [
        """
        while fetch(job).status == "queued":
            pass
        for tag in tags:
            metrics.increment(tag)
        """,
        """
        while True:
            if client.responses.retrieve(job).status == "completed":
                break
        for tag in tags:
            metrics.increment(tag)
        """,
        """
        fetch(job)
        for tag in tags:
            metrics.increment(tag)
        """,
    ],
)
def test_loops_behind_the_last_poll_are_left_out(body: str) -> None:
    position, length = end(body)
    assert position == length - 1


def test_an_awaited_poll_ends_where_it_stands() -> None:
    body = """
    while (await async_client.responses.retrieve(job)).status == "queued":
        pass
    for tag in tags:
        metrics.increment(tag)
    """
    assert end(body, asynchronous=True) == (1, 2)


@pytest.mark.parametrize(
    "body",
    [
        """
        answers = states(job)
        for answer in answers:
            metrics.increment(answer)
        """,
        """
        ask = partial(fetch, job)
        while ask().status == "queued":
            pass
        """,
        """
        ask = lambda: client.responses.retrieve(job)
        while ask().status == "queued":
            pass
        """,
        """
        ask = fetch
        while ask(job).status == "queued":
            pass
        """,
        """
        def ask():
            return client.responses.retrieve(job)
        again = ask
        while again().status == "queued":
            pass
        """,
        """
        mine = Job(job)
        while not mine.done:
            pass
        """,
    ],
)
def test_what_may_poll_later_is_run_to_the_last_loop(body: str) -> None:
    position, length = end(body)
    assert position == length


def test_a_task_may_go_on() -> None:
    body = """
    task = asyncio.create_task(async_client.responses.retrieve(job))
    while not task.done():
        await asyncio.sleep(1)
    """
    assert end(body, asynchronous=True) == (2, 2)


def test_what_is_called_without_its_name_is_not_overlooked() -> None:
    before = """\
class Answers:
    def __init__(self, job):
        self.job = job

    def __iter__(self):
        while True:
            yield client.responses.retrieve(self.job)

"""
    body = """
    answers = Answers(job)
    fetch(job)
    for answer in answers:
        metrics.increment(answer)
    """
    assert end(body, before=before) == (3, 3)
