"""What creates are given does not depend on what a run for it leaves out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bgmode.flow.project import Project
from bgmode.knowledge import provider
from bgmode.model import calls
from bgmode.model.calls import Argument
from bgmode.model.module import Module
from bgmode.source import Source

FIXTURES = sorted(Path(__file__).parents[2].joinpath("fixtures").rglob("*.py"))
BODIES = [
    """
    options = {"model": "o3"}
    if fast:
        options["background"] = True
        response = client.responses.create(input="?", **options)
        options["background"] = False
    else:
        response = client.responses.create(input=ask(), store=True, **options)
        options["store"] = False
    return response
    """,
    """
    options = {"background": True}
    try:
        response = client.responses.create(**options)
        options["store"] = True
        fast(response)
    except Exception:
        response = client.responses.create(**options)
        options["background"] = False
    return response
    """,
    """
    options = {"background": True}
    for question in fast:
        response = client.responses.create(input=question, **options)
        options["previous_response_id"] = response.id
        options["store"] = True
    return options
    """,
    """
    options = {"background": True}
    def submit():
        return client.responses.create(**options)
    options["store"] = True
    return submit
    """,
    """
    options = {"background": True}
    send(options)
    options["store"] = True
    """,
    """
    options = {"background": True}
    with lock:
        if fast:
            first = client.responses.create(**options)
            options["store"] = False
            return first
        options["store"] = True
    return client.responses.create(**options)
    """,
    """
    options = {"background": True}
    try:
        pass
    finally:
        client.responses.create(**options)
        options["store"] = True
    options["store"] = False
    """,
    """
    response = client.responses.create(background=True)
    while fast:
        response = client.responses.create(**follow_up(response), **base(response))
    """,
    """
    options = {"background": True}
    for question in fast:
        response = client.responses.create(**options)
        remember(options, response)
    """,
    """
    options = {"background": True}
    for question in fast:
        response = client.responses.create(**options)
        options.update(follow_up(response))
        options["input"] = texts(response)
    """,
    """
    options = {"background": True}
    def keep(response):
        options[lock] = response.id
    for question in fast:
        response = client.responses.create(**options)
        keep(response)
    """,
    """
    match fast:
        case 1:
            client.responses.create(background=True)
            fast = 2
        case _:
            client.responses.create(background=fast)
    """,
]
HEAD = """
from openai import OpenAI

client = OpenAI()


def send(options):
    return client.responses.create(**options)


def follow_up(response):
    return {"background": True, "store": True, "previous_response_id": response.id}


def base(response):
    options = dict(input=texts(response))
    return options


def texts(response):
    return [item.text for item in response.output]


def remember(options, response):
    options["previous_response_id"] = response.id


class Chat:
    def __init__(self, options):
        self.previous = None
        self.options = {"background": True}

    def remember(self, response):
        self.previous = response.id
        self.note(response)

    def note(self, response):
        self.options["store"] = response.id != ""

    def ask(self, questions):
        for question in questions:
            response = client.responses.create(
                input=question, previous_response_id=self.previous, **self.options
            )
            self.remember(response)


def create(fast, lock):
"""


class _Everything:
    def __contains__(self, _: object) -> bool:
        return True


def arguments(text: str) -> Iterator[tuple[int, str, Argument]]:
    """What every create of a module is given, by line and parameter."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    module = Module(Source("jobs.py", text, tree), provider("openai"), Project())
    for call in (*module.calls.background, *module.calls.foreground):
        for parameter in ("background", "store", "metadata", "headers", "stream"):
            yield call.node.lineno, parameter, call.argument(parameter)
        previous = calls.argument(call.arguments, "previous_response_id", call.provider)
        yield call.node.lineno, "previous_response_id", previous


def test_what_a_run_leaves_out_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in FIXTURES]
    texts += [f"{HEAD.rstrip()}{body}" for body in BODIES]
    ended = [list(arguments(text)) for text in texts]
    assert sum(map(len, ended)) > 500
    monkeypatch.setattr(calls, "lasts", lambda *_: frozenset[ast.stmt]())
    monkeypatch.setattr(calls.Calls, "_asked", _Everything())
    monkeypatch.setattr(calls.Calls, "_may_matter", lambda *_: True)
    monkeypatch.setattr(calls.Calls, "_may_write", lambda *_: True)
    whole = [list(arguments(text)) for text in texts]
    assert list(map(_shown, ended)) == list(map(_shown, whole))


def _shown(found: list[tuple[int, str, Argument]]) -> list[str]:
    """Without the nodes, which are others each time."""
    return [
        f"{line} {name} {each.presence} {each.is_true} {each.is_false} {each.is_undecided}"
        for line, name, each in found
    ]
