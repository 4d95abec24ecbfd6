"""``rules/providers/langchain_openai.yaml`` against the installed package."""

# ruff: noqa: S101

from __future__ import annotations

from typing import Any

import facts
import pytest
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from bgmode.knowledge import Operation, provider

FACTS = provider("langchain_openai")
MODEL_KWARGS, EXTRA_BODY = FACTS.bodies


def sent(**settings: Any) -> dict[str, Any]:
    """What a request is made with, as the SDK merges it."""
    model = ChatOpenAI(model="o3", api_key="x", use_responses_api=True, **settings)
    payload = model._get_request_payload("hi")
    return {**payload, **payload.pop("extra_body", {})}


@pytest.mark.parametrize("dotted", FACTS.functions)
def test_classes_and_their_fields(dotted: str) -> None:
    cls = facts.resolve(dotted)
    assert issubclass(cls, ChatOpenAI | AzureChatOpenAI)
    assert FACTS.functions[dotted].kind == "configure"
    fields = set(cls.model_fields)
    assert facts.named(FACTS, ("store", "metadata", "headers", "body")) <= fields
    assert {FACTS.client_retries.option, FACTS.client_headers} <= fields
    assert dotted in FACTS.clients


@pytest.mark.parametrize("body", FACTS.bodies)
def test_what_a_body_holds_is_sent(body: str) -> None:
    request = sent(**{body: {"background": True, "store": True}})
    assert request["background"] is True
    assert request["store"] is True


def test_store_is_a_field_of_its_own() -> None:
    request = sent(store=True, **{MODEL_KWARGS: {"background": True}})
    assert request["store"] is True
    assert request["background"] is True
    assert "store" not in sent(**{MODEL_KWARGS: {"background": True}})


@pytest.mark.filterwarnings("ignore:WARNING! background")
def test_background_is_sent_as_well_where_it_is_given_by_itself() -> None:
    assert sent(**{FACTS.parameters["background"]: True})["background"] is True


@pytest.mark.parametrize("operation", FACTS.operations, ids=str)
def test_what_is_bound_or_given_with_a_request_is_sent(operation: Operation) -> None:
    (method,) = operation.path
    assert operation.kind == "configure"
    assert callable(getattr(ChatOpenAI, method))
    model = ChatOpenAI(model="o3", api_key="x", use_responses_api=True, store=True)
    bound = model.bind(**{FACTS.parameters["background"]: True})
    request = model._get_request_payload("hi", **bound.kwargs)
    assert request["background"] is True
    assert request["store"] is True


@pytest.mark.parametrize("view", sorted(FACTS.client_views))
def test_views_are_methods_of_a_model(view: str) -> None:
    assert callable(getattr(ChatOpenAI, view))


@pytest.mark.filterwarnings("ignore:WARNING! idempotency_key")
def test_no_argument_is_refused() -> None:
    assert FACTS.parameters["unsupported"] == []
    assert sent(idempotency_key="k")["idempotency_key"] == "k"


def test_metadata_is_of_langchain_and_not_sent() -> None:
    assert "metadata" not in sent(metadata={"a": "b"})
