"""Requests without the SDK, and the frameworks that are known as data."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bgmode.discover import FRAMEWORK_WORDS, may_matter, text_may_matter
from bgmode.flow.project import Project
from bgmode.knowledge import OTHER_PROVIDERS, provider, providers_for, rules_file
from bgmode.model.module import Module
from bgmode.source import Source
from tests.conftest import ROOT

FILES = sorted((ROOT / "rules" / "providers").glob("*.yaml"))
OTHERS = [path.stem for path in FILES if path.stem != "openai"]
URL = "https://api.openai.com/v1/responses"

REQUESTS = {
    "httpx.post": (f'httpx.post("{URL}")', "create"),
    "with a slash at the end": (f'httpx.post("{URL}/")', "create"),
    "with a query": (f'httpx.post("{URL}?api-version=preview")', "create"),
    "under another name": (f'post = httpx.post\npost("{URL}")', "create"),
    "by keyword": (f'httpx.post(url="{URL}")', "create"),
    "by the verb": (f'httpx.request("POST", "{URL}")', "create"),
    "by the verb in lower case": (f'httpx.request("post", "{URL}")', "create"),
    "a session": (f's = requests.Session()\ns.post("{URL}")', "create"),
    "an attribute": (f'def f(self):\n self.http.post("{URL}")', "create"),
    "on Azure": ('requests.post("https://a.openai.azure.com/openai/v1/responses")', "create"),
    "relative": ('# openai\nO = "openai"\nclient.post("/responses")', "create"),
    "relative with a version": ('O = "openai"\nclient.post("/v1/responses")', "create"),
    "an f-string": (f'B = "{URL}"\nhttpx.post(f"{{B}}")', "create"),
    "a base": ('B = "https://api.openai.com/v1"\nhttpx.post(f"{B}/responses")', "create"),
    "a sum": ('B = "https://api.openai.com/v1"\nhttpx.post(B + "/responses")', "create"),
    "without its slash": (
        'B = "https://api.openai.com/v1/"\nhttpx.post(f"{B.rstrip(\'/\')}/responses")',
        "create",
    ),
    "an environment variable": (
        'B = os.getenv("X", "https://api.openai.com/v1")\nhttpx.post(f"{B}/responses")',
        "create",
    ),
    "an environment variable by get": (
        'B = os.environ.get("X", "https://api.openai.com/v1")\nhttpx.post(f"{B}/responses")',
        "create",
    ),
    "or": (
        'B = os.getenv("X") or "https://api.openai.com/v1"\nhttpx.post(f"{B}/responses")',
        "create",
    ),
    "a base that is not seen beside the service's name": (
        'K = os.environ["OPENAI_API_KEY"]\ndef f(b): httpx.post(f"{b}/responses")',
        "create",
    ),
    "a poll": (f'httpx.get("{URL}/resp_1")', "poll"),
    "a poll of a variable": (f'def f(i): httpx.get(f"{URL}/{{i}}")', "poll"),
    "a poll of a constant": (f'U = "{URL}"\ndef f(i): httpx.get(f"{{U}}/{{i}}")', "poll"),
    "a poll of a sum": (f'U = "{URL}"\ndef f(i): httpx.get(U + "/" + i)', "poll"),
    "a poll by the verb": (f'def f(i): httpx.request("GET", f"{URL}/{{i}}")', "poll"),
    "a poll of a call": (f'def f(r): httpx.get(f"{URL}/{{r.json()[0]}}")', "poll"),
    "a cancel": (f'def f(i): httpx.post(f"{URL}/{{i}}/cancel")', "cancel"),
    "a delete": (f'def f(i): httpx.delete(f"{URL}/{{i}}")', "delete"),
    "another verb": (f'httpx.put("{URL}")', None),
    "a list of them": (f'httpx.get("{URL}")', None),
    "items of one": (f'def f(i): httpx.get(f"{URL}/{{i}}/input_items")', None),
    "tokens are counted": (f'httpx.post("{URL}/input_tokens")', None),
    "another resource": ('httpx.post("https://api.openai.com/v1/chat/completions")', None),
    "a longer word": ('httpx.post("https://api.openai.com/v1/responses_of_people")', None),
    "another word before it": ('httpx.post("https://api.openai.com/v1/survey-responses")', None),
    "another service": ('httpx.post("https://surveys.example.com/v1/responses")', None),
    "another service beside the service's name": (
        'O = "openai"\nhttpx.post("https://surveys.example.com/v1/responses")',
        None,
    ),
    "a poll of another service": ('httpx.get("https://surveys.example.com/responses/1")', None),
    "an address that cannot be seen": ("def f(url): httpx.post(url)", None),
    "no address": ("httpx.post()", None),
    "a verb that cannot be seen": (f'def f(verb): httpx.request(verb, "{URL}")', None),
    "no call": (f'x = httpx.post\ny = "{URL}"', None),
    "a mocked address": (f'import responses\nresponses.add(responses.POST, "{URL}")', None),
    "a route": ('O = "openai"\n@app.route("/v1/responses")\ndef f(): ...', None),
}


def module(text: str) -> Module:
    return Module(Source("a.py", text), provider(), Project())


@pytest.mark.parametrize("name", REQUESTS)
def test_what_a_request_asks_for(name: str) -> None:
    text, kind = REQUESTS[name]
    found = [
        access.operation.kind
        for _, access in module(f"import httpx, requests, os\n{text}\n").calls.operations
    ]
    assert found == ([kind] if kind else [])


@pytest.mark.parametrize("name", [name for name, (_, kind) in REQUESTS.items() if kind])
def test_such_requests_pass_the_prefilter(name: str) -> None:
    text = f'import httpx\nBODY = {{"background": True}}\n{REQUESTS[name][0]}\n'
    assert text_may_matter(text)
    assert may_matter(text.encode())


@pytest.mark.parametrize("name", ["httpx", "requests", "aiohttp", "urllib"])
def test_http_libraries_are_known(name: str) -> None:
    assert providers_for([name]) == (provider("http"),)


# Frameworks


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_loads_and_is_called_what_it_says(path: Path) -> None:
    found = provider(path.stem)
    assert found.name == path.stem
    assert Path(rules_file(f"providers/{path.name}")).read_bytes() == path.read_bytes()
    assert set(found.statuses) >= {"queued", "in_progress", "completed", "failed", "cancelled"}
    assert {"background", "store", "metadata", "headers", "body", "unsupported"} <= set(
        found.parameters
    )
    assert found.bodies
    for fact in found.facts.values():
        assert fact.as_of >= "2026"
        assert fact.source


def test_each_file_is_found_by_some_package() -> None:
    assert set(OTHER_PROVIDERS.values()) == set(OTHERS)


@pytest.mark.parametrize("name", OTHERS)
def test_what_a_file_names_is_of_a_package_that_leads_to_it(name: str) -> None:
    facts = provider(name)
    for dotted in [*facts.functions, *facts.clients]:
        assert OTHER_PROVIDERS[dotted.partition(".")[0]] == name


FUNCTIONS = sorted((name, dotted) for name in OTHERS for dotted in provider(name).functions)


CLIENTS = sorted((name, dotted) for name in OTHERS for dotted in provider(name).clients)


def call_of(name: str, dotted: str) -> str:
    package, _, last = dotted.rpartition(".")
    parameter = provider(name).parameters["background"]
    client = provider(name).functions[dotted].client
    if client:
        made, inside = next(iter(provider(name).clients)), provider(name).bodies[-1]
        imports = f"import {made.rpartition('.')[0]}\nfrom {package} import {last}\n"
        return f'{imports}{last}({client}={made}(), {inside}={{"{parameter}": True}})\n'
    inside = any(word in {"extra_args", "model_kwargs"} for word in provider(name).bodies)
    first = provider(name).bodies[0]
    given = f'{first}={{"{parameter}": True}}' if inside else f"{parameter}=True"
    return f"from {package} import {last}\n{last}({given})\n"


@pytest.mark.parametrize(("name", "dotted"), FUNCTIONS)
def test_each_function_passes_the_prefilter(name: str, dotted: str) -> None:
    text = call_of(name, dotted)
    assert text_may_matter(text)
    assert may_matter(text.encode())


@pytest.mark.parametrize(("name", "dotted"), FUNCTIONS)
def test_each_function_is_known_for_what_it_is(name: str, dotted: str) -> None:
    found = module(call_of(name, dotted)).calls
    kind = provider(name).functions[dotted].kind
    assert [access.operation.kind for _, access in found.operations] == [kind]
    assert [access.provider.name for _, access in found.operations] == [name]
    assert len(found.background) == (kind in {"create", "configure"})


@pytest.mark.parametrize(("name", "dotted"), FUNCTIONS)
def test_a_function_of_that_name_from_elsewhere_is_not(name: str, dotted: str) -> None:
    assert name in OTHERS
    last = dotted.rpartition(".")[2]
    assert not module(f"from acme import {last}\n{last}(background=True)\n").calls.operations


@pytest.mark.parametrize(("name", "dotted"), CLIENTS)
def test_each_method_of_a_client_passes_the_prefilter(name: str, dotted: str) -> None:
    package, _, last = dotted.rpartition(".")
    parameter, body = provider(name).parameters["background"], provider(name).bodies[0]
    for operation in provider(name).operations:
        method = ".".join(operation.path)
        text = f'from {package} import {last}\n{last}().{method}({body}={{"{parameter}": True}})\n'
        assert text_may_matter(text)
        if operation.kind in {"create", "configure"}:
            assert len(module(text).calls.background) == 1, method


def test_every_framework_word_leads_to_a_function() -> None:
    names = [dotted for _, dotted in FUNCTIONS]
    for word in FRAMEWORK_WORDS:
        assert any(word.decode() in dotted for dotted in names), word


def test_every_example_compiles() -> None:
    for text, _ in REQUESTS.values():
        ast.parse(text)
    for name, dotted in FUNCTIONS:
        ast.parse(call_of(name, dotted))
