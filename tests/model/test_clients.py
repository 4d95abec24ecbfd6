"""Who the client is, in the ways that public code makes one."""

from __future__ import annotations

import ast

import pytest

from bgmode.flow.project import Project
from bgmode.knowledge import provider
from bgmode.model.module import Module
from bgmode.source import Source

CALL = "responses.create(background=True)"
ASYNC, SYNC, UNKNOWN = True, False, None

SHAPES = {
    "module global": (f"import openai\nc = openai.AsyncOpenAI()\nc.{CALL}", ASYNC),
    "alias of the module": (f"import openai as oa\noa.OpenAI().{CALL}", SYNC),
    "the module itself": (f"import openai\nopenai.{CALL}", SYNC),
    "imported class": (f"from openai import OpenAI as Client\nClient().{CALL}", SYNC),
    "local": (f"from openai import AsyncOpenAI\ndef f():\n c = AsyncOpenAI()\n c.{CALL}", ASYNC),
    "annotation": (f"from openai import AsyncOpenAI\ndef f(c: AsyncOpenAI):\n c.{CALL}", ASYNC),
    "text annotation": (f"from openai import OpenAI\ndef f(c: 'OpenAI | None'):\n c.{CALL}", SYNC),
    "union": (f"import openai\ndef f(c: openai.OpenAI | openai.AsyncOpenAI):\n c.{CALL}", UNKNOWN),
    "union of async ones": (
        f"from openai import AsyncOpenAI as A, AsyncAzureOpenAI as B\ndef f(c: A | B):\n c.{CALL}",
        ASYNC,
    ),
    "attribute": (
        "from openai import AsyncOpenAI\nclass S:\n def __init__(self):\n  self.c = AsyncOpenAI()\n"
        f" def f(self):\n  self.c.{CALL}",
        ASYNC,
    ),
    "attribute from an annotated parameter": (
        "from openai import OpenAI\nclass S:\n def __init__(self, c: OpenAI):\n  self.c = c\n"
        f" def f(self):\n  self.c.{CALL}",
        SYNC,
    ),
    "annotated attribute": (
        f"from openai import OpenAI\nclass S:\n c: OpenAI\n def f(self):\n  self.c.{CALL}",
        SYNC,
    ),
    "property": (
        "from openai import OpenAI\nclass S:\n @property\n def c(self) -> OpenAI: ...\n"
        f" def f(self):\n  self.c.{CALL}",
        SYNC,
    ),
    "factory": (
        f"from openai import OpenAI\ndef make():\n return OpenAI()\nmake().{CALL}",
        SYNC,
    ),
    "factory method": (
        "from openai import AsyncOpenAI\nclass S:\n def _c(self) -> AsyncOpenAI: ...\n"
        f" def f(self):\n  self._c().{CALL}",
        ASYNC,
    ),
    "with_options": (f"from openai import OpenAI\nOpenAI().with_options(timeout=1).{CALL}", SYNC),
    "async with": (
        "from openai import AsyncOpenAI\nasync def f():\n async with AsyncOpenAI() as c:\n"
        f"  await c.{CALL}",
        ASYNC,
    ),
    "azure": (f"from openai import AzureOpenAI\nAzureOpenAI().{CALL}", SYNC),
    "or": (f"from openai import OpenAI\ndef f(c=None):\n c = c or OpenAI()\n c.{CALL}", SYNC),
    "parameter": (f"def f(c):\n c.{CALL}", UNKNOWN),
    "imported factory": (f"from mine import client\nclient().{CALL}", UNKNOWN),
    "raw response": ("def f(c):\n c.responses.with_raw_response.create(background=True)", UNKNOWN),
    "beta": ("def f(c):\n c.beta.responses.create(background=True)", UNKNOWN),
    "alias of the resource": ("def f(c):\n r = c.responses\n r.create(background=True)", UNKNOWN),
    "alias of the method": ("def f(c):\n go = c.responses.create\n go(background=True)", UNKNOWN),
    "partial": (
        "from openai import OpenAI\nfrom functools import partial\nc = OpenAI()\n"
        "go = partial(c.responses.create, model='o3')\ngo(background=True)",
        SYNC,
    ),
    "partial that says it itself": (
        "from functools import partial\ndef f(c):\n"
        " go = partial(c.responses.create, background=True)\n go()\n go()",
        UNKNOWN,
    ),
    "partial that nobody is seen to call": (
        "from functools import partial\ndef f(c):\n"
        " return partial(c.responses.create, background=True)",
        UNKNOWN,
    ),
    "table": (
        "from openai import OpenAI\nc = OpenAI()\nops = {'go': c.responses.create}\n"
        "ops['go'](background=True)",
        SYNC,
    ),
    "view of the resource": (
        "from openai import OpenAI\nc = OpenAI()\nraw = c.responses.with_raw_response\n"
        "raw.create(background=True)",
        SYNC,
    ),
    "view of the client": (
        "from openai import OpenAI\nc = OpenAI()\nraw = c.with_raw_response\n"
        "raw.responses.create(background=True)",
        UNKNOWN,
    ),
    "taken out of a table": (
        "from openai import OpenAI\nc = OpenAI()\nops = {'go': c.responses.create}\n"
        "go = ops['go']\ngo(background=True)",
        SYNC,
    ),
    "one of several names": (
        "from openai import OpenAI\nc = OpenAI()\n"
        "go, get = c.responses.create, c.responses.retrieve\ngo(background=True)",
        SYNC,
    ),
    "either of two": (
        "from openai import OpenAI\nc = OpenAI()\ndef f(typed):\n"
        " go = c.responses.parse if typed else c.responses.create\n go(background=True)",
        SYNC,
    ),
    "what a function returns": (
        "from openai import OpenAI\nc = OpenAI()\ndef creator():\n return c.responses.create\n"
        "creator()(background=True)",
        SYNC,
    ),
    "property that gives the method": (
        "from openai import OpenAI\nc = OpenAI()\nclass Jobs:\n @property\n def go(self):\n"
        "  return c.responses.create\n def f(self):\n  self.go(background=True)",
        SYNC,
    ),
    "subclass": (
        f"from openai import OpenAI\nclass C(OpenAI):\n def f(self):\n  self.{CALL}",
        UNKNOWN,
    ),
}

LOOK_ALIKES = {
    "a module called responses": "import responses\nresponses.create(background=True)",
    "a function called create": "def f(c):\n c.create(background=True)",
    "another resource": "def f(c):\n c.interactions.create(background=True)",
    "responses of something else": "def f(c):\n c.responses.add(background=True)",
    "an object of its own": "class S:\n def f(self):\n  self.responses.create(background=True)",
    "partial that only waits": (
        "from functools import partial\ndef f(c):\n"
        " get = partial(c.responses.retrieve, timeout=3)\n get('id', background=True)"
    ),
    "partial that is made anew": (
        "from functools import partial\ndef f(c):\n"
        " go = partial(c.responses.create)\n go = partial(go, model='o3')\n go(background=True)"
    ),
    "table that somebody fills": (
        "def f(c, other):\n ops = {'go': c.responses.create}\n ops.update(other)\n"
        " ops['go'](background=True)"
    ),
    "an operation or something else": (
        "def f(c, other, plain):\n go = other if plain else c.responses.create\n"
        " go(background=True)"
    ),
    "one of two that do different things": (
        "def f(c, job):\n go = c.responses.retrieve if job else c.responses.create\n"
        " go(background=True)"
    ),
    "the other one of several names": (
        "def f(c, other):\n go, get = other, c.responses.create\n go(background=True)"
    ),
    "names for what something unknown holds": (
        "def f(c, pair):\n go, get = pair\n go(background=True)"
    ),
    "a function that returns one of two": (
        "def f(c, other, plain):\n def creator():\n  if plain:\n   return other\n"
        "  return c.responses.create\n creator()(background=True)"
    ),
    "partial whose calls say otherwise": (
        "from functools import partial\ndef f(c):\n"
        " go = partial(c.responses.create, background=True)\n"
        " go(background=False)\n go(background=False)"
    ),
    "a longer path": "def f(c):\n c.responses.items.create(background=True)",
}


def module(text: str) -> Module:
    return Module(Source("a.py", text), provider(), Project())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_call_is_seen_and_the_client_known(shape: str) -> None:
    text, is_async = SHAPES[shape]
    (call,) = module(text).calls.background
    assert call.certain
    assert call.client.is_async is is_async


@pytest.mark.parametrize("shape", LOOK_ALIKES)
def test_look_alikes_are_not_seen(shape: str) -> None:
    assert module(LOOK_ALIKES[shape]).calls.background == ()


KEPT_POLLS = {
    "partial": "get = partial(c.responses.retrieve, timeout=3)",
    "partial of a partial": "get = partial(partial(c.responses.retrieve), timeout=3)",
    "method": "get = c.responses.retrieve",
    "table": "gets = {'response': c.responses.retrieve}",
    "either of two": "get = c.responses.retrieve if i else c.beta.responses.retrieve",
    "one of several names": "get, go = c.responses.retrieve, c.responses.create",
}


@pytest.mark.parametrize("shape", KEPT_POLLS)
def test_polls_of_a_kept_method_are_the_loop_s(shape: str) -> None:
    made = KEPT_POLLS[shape]
    get = "gets['response']" if "gets" in made else "get"
    found = module(
        "import time\nfrom functools import partial\n"
        f"def f(c, i):\n {made}\n while True:\n  r = {get}(i)\n"
        "  if r.status in ('completed', 'failed'):\n   return r\n  time.sleep(2)\n"
    )
    assert [call.lineno for call in found.calls.of_kind("poll")] == [6]
    (loop,) = found.polling.loops
    assert loop.taken_for_running == ("cancelled", "incomplete")
    assert loop.waits


def test_every_shape_compiles() -> None:
    for text in [*(text for text, _ in SHAPES.values()), *LOOK_ALIKES.values()]:
        ast.parse(text)
