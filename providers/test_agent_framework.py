"""``rules/providers/agent_framework.yaml`` against the installed package."""

# ruff: noqa: S101

from __future__ import annotations

import asyncio
import typing
from collections.abc import Awaitable, Callable
from typing import Any

import facts
import openai
import pytest
from agent_framework import Agent, Message
from agent_framework.openai import OpenAIChatClient
from agent_framework_openai import OpenAIChatOptions

from bgmode.knowledge import provider

FACTS = provider("agent_framework")
KEYS = typing.get_type_hints(OpenAIChatOptions)


def sent(options: dict[str, Any]) -> dict[str, Any]:
    """What the SDK's ``responses.create`` is called with."""
    return asked(lambda chat: chat.get_response([Message("user", ["hi"])], options=options))


def asked(ask: Callable[[OpenAIChatClient], Awaitable[Any]]) -> dict[str, Any]:
    """What the SDK's ``responses.create`` is called with when a chat client is asked."""
    seen: dict[str, Any] = {}

    async def run() -> None:
        await ask(chat)

    class Raw:
        async def create(self, **given: Any) -> None:
            seen.update(given)
            raise KeyboardInterrupt

    client = openai.AsyncOpenAI(api_key="x", max_retries=0)
    client.responses.create = Raw().create  # type: ignore[method-assign]
    client.responses.with_raw_response = Raw()  # type: ignore[misc, assignment]
    chat = OpenAIChatClient(model="o3", async_client=client)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    return seen


OPTIONS = [name for name, function in FACTS.functions.items() if not function.client]
AGENTS = [name for name, function in FACTS.functions.items() if function.client]


@pytest.mark.parametrize("dotted", OPTIONS)
def test_options_and_their_keys(dotted: str) -> None:
    assert facts.resolve(dotted) is OpenAIChatOptions
    assert FACTS.functions[dotted].kind == "configure"
    assert facts.named(FACTS, ("background", "store", "metadata")) <= set(KEYS)
    assert "continuation_token" in KEYS


def test_options_are_sent() -> None:
    request = sent(OpenAIChatOptions(background=True, store=True, metadata={"a": "b"}))
    assert request["background"] is True
    assert request["store"] is True
    assert request["metadata"] == {"a": "b"}


def test_nothing_is_stored_by_itself() -> None:
    assert sent(OpenAIChatOptions(background=True)).get("store") is None


def test_no_key_is_refused() -> None:
    assert FACTS.parameters["unsupported"] == []
    assert OpenAIChatOptions(idempotency_key="k")


@pytest.mark.parametrize("dotted", FACTS.clients)
def test_clients_have_the_operations(dotted: str) -> None:
    assert facts.resolve(dotted) is OpenAIChatClient
    for operation in FACTS.operations:
        owner = Agent if operation.path == ("run",) else OpenAIChatClient
        assert callable(getattr(owner, operation.path[0]))


def test_an_agent_hands_its_options_on() -> None:
    def ask(chat: OpenAIChatClient) -> Awaitable[Any]:
        agent = chat.as_agent(name="a", default_options={"store": True, "background": False})
        return agent.run("hi", options={"background": True})

    request = asked(ask)
    assert request["background"] is True
    assert request["store"] is True


@pytest.mark.parametrize("dotted", AGENTS)
def test_an_agent_is_made_of_a_client(dotted: str) -> None:
    agent_class = facts.resolve(dotted)
    first = FACTS.functions[dotted].client

    def ask(chat: OpenAIChatClient) -> Awaitable[Any]:
        agent = agent_class(**{first: chat}, default_options={"store": True, "background": False})
        return agent.run("hi", options={"background": True})

    def ask_by_default(chat: OpenAIChatClient) -> Awaitable[Any]:
        return agent_class(chat, default_options={"background": True}).run("hi")

    assert asked(ask)["background"] is True
    assert asked(ask)["store"] is True
    assert asked(ask_by_default)["background"] is True


def test_a_keyword_of_run_is_no_option() -> None:
    with pytest.raises(TypeError, match="background"):
        OpenAIChatClient(model="o3", api_key="x").as_agent(name="a").run("hi", background=True)
