"""A long function is run for words only if names say that a status may be compared in it.

A short function is always run: it is the oracle for the same one with many lines that do nothing.
"""

from __future__ import annotations

import ast
from textwrap import dedent, indent

import pytest

from bgmode.analysis import analyse
from bgmode.flow.names import Names
from bgmode.flow.project import Project
from bgmode.knowledge import provider
from bgmode.model.holders import StatusHolders
from bgmode.model.module import Module
from bgmode.policy.load import parse_policy
from bgmode.source import Source

HEAD = """\
import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass

from openai import OpenAI

client = OpenAI()
WAITING = ("queued", "running")
DONE = frozenset({"done"})


@dataclass
class Job:
    name: str
    state: str

    @property
    def label(self):
        return self.state

    @classmethod
    def of(cls, response):
        return cls("a", response.status)


class Kept:
    def __init__(self, response):
        self.phase = response.status


def state_of(response):
    return response.status


def is_done(status):
    return status == "done"


def note(job, status):
    job["state"] = status
"""
COMPARED = [
    'response.status == "done"',
    '"done" == response.status',
    "response.status in WAITING",
    "response.status not in DONE",
    'getattr(response, "status") == "done"',
    'response.model_dump()["status"] == "done"',
    'response.model_dump().get("status") == "done"',
    'json.loads(response.model_dump_json())["status"] == "done"',
    '(now := response.status) == "done"',
    'str(response.status).lower() == "done"',
    'Job("a", response.status).state == "done"',
    'Job(name="a", state=response.status).state == "done"',
    'Job("a", response.status).label == "done"',
    'Kept(response).phase == "done"',
    'Job.of(response).state == "done"',
    'asyncio.run(asyncio.to_thread(state_of, response)) == "done"',
    'state_of(response) == "done"',
    "is_done(response.status)",
    '(lambda status: status == "done")(response.status)',
    '{"state": response.status}["state"] == "done"',
    '[response.status][0] == "done"',
    '(response.status if job else "queued") == "done"',
    'any(status == "done" for status in [response.status])',
    "any(is_done(each.status) for each in [response])",
]
STATEMENTS = [
    """
    status, error = response.status, response.error
    if status == "done":
        return
    """,
    """
    seen = []
    seen.append(response.status)
    if seen[-1] == "done":
        return
    """,
    """
    held = {}
    held["state"] = response.status
    if held["state"] == "done":
        return
    """,
    """
    held = {}
    held["state"] = response.status
    if held.get("state") in WAITING:
        return
    """,
    """
    match response.status:
        case "done":
            return
    """,
    """
    match response:
        case object(status="done"):
            return
    """,
    """
    def over(status):
        return status in DONE
    if over(response.status):
        return
    """,
    """
    for status in [response.status]:
        if status == "done":
            return
    """,
    """
    def states():
        while True:
            yield client.responses.retrieve(job).status
    for status in states():
        if status == "done":
            return
    """,
    """
    status = None
    def look():
        nonlocal status
        status = client.responses.retrieve(job).status
    while True:
        look()
        if status == "done":
            return
    """,
    """
    look = state_of
    if look(response) == "done":
        return
    """,
    """
    response.state = response.status
    if response.state == "done":
        return
    """,
]
NOTHING = "    total = 1\n" * 90


def words(text: str) -> list[str]:
    """What is said of words, one message for each finding."""
    policy = parse_policy("preset: strict", "p")
    findings = analyse(Source("jobs.py", text), policy, wanted=lambda rule: rule.code == "BGM309")
    return [finding.message for finding in findings]


def program(body: str, before: str = "") -> str:
    read = "    response = client.responses.retrieve(job)\n"
    return f"{HEAD}\n\ndef check(job):\n{before}{read}{body}"


@pytest.mark.parametrize(
    "body",
    [
        *(f"    if {compared}:\n        return\n" for compared in COMPARED),
        *(indent(dedent(statements).lstrip(), "    ") for statements in STATEMENTS),
    ],
)
def test_a_long_function_says_the_same_as_a_short_one(body: str) -> None:
    assert words(program(body, NOTHING)) == words(program(body))


@pytest.mark.parametrize("compared", COMPARED[:4])
def test_a_word_that_is_no_status_is_told(compared: str) -> None:
    assert words(program(f"    if {compared}:\n        return\n", NOTHING))


def holders(text: str) -> tuple[Names, StatusHolders]:
    module = Module(Source("jobs.py", text, ast.parse(text)), provider("openai"), Project())
    return module.names, StatusHolders(module.polling)


@pytest.mark.parametrize(
    "compared",
    [
        'response.output[0].type == "message"',
        'item["type"] == "message"',
        'item.get("role") == "user"',
        'job.kind == "report"',
        'Job("a", "b").name == "report"',
        'len(response.output) == "1"',
        '(response.status == "queued") == "x"',
        'getattr(item, "type", None) == "message"',
        'Kept(response).other == "x"',
    ],
)
def test_other_fields_hold_no_status(compared: str) -> None:
    body = f"    item = response.output[0]\n    if {compared}:\n        return\n"
    names, found = holders(program(body))
    (node,) = (
        node for node in names.comparisons if ast.unparse(node) == ast.unparse(ast.parse(compared))
    )
    assert isinstance(node, ast.Compare)
    assert not found.may_hold(node.left)


@pytest.mark.parametrize(
    "constants",
    [
        "class Limits:\n    MOST = MOST\n    def fits(self, n):\n        return n in self.MOST\n",
        "last = now\nnow = last\nnow == 'x'\n",
        "count = lambda n: n * count(n - 1)\ncount(3) == 6\n",
        "\n".join(f"x{n + 1} = x{n} * x{n} % 97" for n in range(60)) + "\nx60 == 'x'\n",
    ],
)
def test_constants_that_stand_for_each_other_are_no_trouble(constants: str) -> None:
    text = f"{program('')}\n\n{constants}"
    findings = analyse(Source("jobs.py", text), parse_policy("preset: strict", "p"))
    assert "BGM009" not in {finding.code for finding in findings}
