"""Only what may be an operation by its words is looked at: nothing is overlooked by that."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bgmode.flow.project import Project
from bgmode.knowledge import provider
from bgmode.model.clients import Clients
from bgmode.model.module import Module
from bgmode.source import Source, Unreadable, decode

FIXTURES = Path(__file__).parents[2] / "fixtures"
OPENAI = "from openai import OpenAI\nclient = OpenAI()\n"

NAMED = {
    "itself": "client.responses.create()",
    "a view": "client.responses.with_raw_response.create()",
    "by its name": "getattr(client.responses, 'create')()",
    "a name for it": "make = client.responses.create\nmake()",
    "a name for the resource": "jobs = client.responses\njobs.create()",
    "a name unpacked for the resource": "jobs, other = client.responses, 1\njobs.create()",
    "a name unpacked for a view": "[raw, other] = client.responses.with_raw_response, 1\n"
    "raw.create()",
    "a name fetched": "jobs = getattr(client, 'responses')\njobs.create()",
    "a walrus": "if make := client.responses.create:\n    make()",
    "an attribute": "class A:\n    def __init__(self):\n        self.jobs = client.responses\n"
    "    def go(self):\n        self.jobs.create()",
    "a class's own": "class A:\n    make = client.responses.create\n"
    "    def go(self):\n        self.make()",
    "a default": "def go(make=client.responses.create):\n    make()",
    "handed on": "def go(make):\n    make(background=True)\ngo(client.responses.create)",
    "handed on by name": "def go(make):\n    make(background=True)\n"
    "go(make=client.responses.create)",
    "handed on twice": "def go(make):\n    make(background=True)\n"
    "def start(run):\n    go(run)\nstart(client.responses.create)",
    "an argument": "import asyncio\nasyncio.to_thread(client.responses.create)",
    "another package's": "import litellm\nlitellm.responses()",
    "another package's, by another name": "from litellm import responses as ask\nask()",
    "another package's, kept twice": "import litellm\nask = litellm.responses\ndo = ask\ndo()",
    "a request": "import httpx\nhttpx.post('https://api.openai.com/v1/responses')",
}


def clients(text: str, path: str = "x.py") -> Clients:
    return Module(Source(path, text), provider(), Project()).clients


def operations(found: Clients) -> list[ast.expr]:
    """What is called, or handed to a call, and is an operation by all that is known of it."""
    given = (node for call in found.names.calls for node in (call.func, *call.args))
    return [node for node in given if found.access(node) is not None]


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_what_names_an_operation_is_suspected(text: str) -> None:
    found = clients(OPENAI + text)
    assert operations(found)
    assert found.suspects.issuperset(operations(found))


@pytest.mark.parametrize("folder", sorted(each.name for each in FIXTURES.iterdir()))
def test_no_operation_of_the_fixtures_is_overlooked(folder: str) -> None:
    for path in sorted((FIXTURES / folder).rglob("*.py")):
        try:
            found = clients(decode(path.read_bytes())[0], str(path))
        except Unreadable:
            continue
        assert set(operations(found)) <= set(found.suspects), path


def test_ordinary_code_is_not_suspected() -> None:
    found = clients("def go(session, stream):\n    session.create(stream)\n    stream.cancel()\n")
    assert not found.suspects
