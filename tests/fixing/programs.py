"""Random programs with background calls and poll loops that ask for a fix, in many layouts.

``generate(seed)`` always gives the same program. All text is made of lines with four spaces a
level; tabs, other line ends, a byte order mark and form feeds are put in at the end.
"""

from __future__ import annotations

import codecs
import random
import textwrap
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from bgmode.source import Unreadable, decode

T = TypeVar("T")
Lines = list[str]

POLICIES = (
    """
    preset: strict
    suppressions: {require: []}
    """,
    """
    preset: strict
    suppressions: {require: []}
    store: forbidden
    poll: {max_wait: 900, interval: {min: 2, max: 30}}
    """,
    """
    preset: strict
    suppressions: {require: []}
    job_types:
      public-research: {background: allow, stored_state: allowed}
      internal-drafting: {background: allow, stored_state: allowed}
    """,
    """
    preset: strict
    suppressions: {require: []}
    poll: {max_wait: 1800}
    idempotency: {key_names: [job_key, ticket_id]}
    job_types:
      public-research: {background: allow, stored_state: allowed}
    """,
)
"""What the policies say decides which fixes there are, and which of them are safe."""

_HEADER = """\
import asyncio
import functools
import itertools
import time

from openai import AsyncOpenAI, OpenAI
"""
_BARE_HEADER = """\
import functools as ft, os

import openai  # and no time
from openai import AsyncOpenAI, OpenAI
"""
_STAR_HEADER = """\
from openai import *
from acme.words import RUNNING
"""
_CLIENTS = [
    "client = OpenAI()",
    "aclient = AsyncOpenAI()",
    "",
    'RUNNING = {"queued", "in_progress"}',
]
_WORDS = (
    "why",
    "background=True, store=True",
    "client.responses.create(background=True)",
    "größer, 漢字 🙂",
    "while response.status != 'completed':",
    "type: ignore",
    "noqa: E501",
    ") ] } \\",
    "'''",
)
_TEXTS = (
    '"background=True, store=None"',
    "'größe 🙂 ' + \"# no comment\"",
    'f"{prompt!r} {len(prompt):>3}"',
    '"""two\n  lines, background=True\n"""',
    'r"\\d+"',
    "b'x'.decode()",
    '("one" "two"  \'three\')',
    '[{"role": "user", "content": prompt}]',
    "(lambda text: text)(prompt)",
    '"größer"; "漢字"'.partition(";")[0],
    "prompt if prompt else 'nothing'",
    "{**{}, 'a': [1, 2]}['a']",
    "prompt",
    "prompt[1:2]",
)


@dataclass(frozen=True)
class Program:
    """The bytes of a file, and the policy that it is judged under."""

    seed: int
    policy: str
    data: bytes


def generate(seed: int) -> Program:
    """The program of a seed: the first one drawn that is Python."""
    for attempt in count():
        draw = _Draw(f"fixes {seed} {attempt}")
        data = draw.encoded("\n".join(draw.module()))
        if _is_python(data):
            return Program(seed, textwrap.dedent(draw.one_of(*POLICIES)), data)
    raise AssertionError


def _is_python(data: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, "program.py", "exec")
            decode(data)
        except (SyntaxError, ValueError, Unreadable):
            return False
    return True


class _Draw:
    """One program in the making."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._numbers = count(1)
        self._comments = self._random.choice([0.0, 0.05, 0.3])
        self._has_time = True

    def one_of(self, *choices: T) -> T:
        return self._random.choice(choices)

    def chance(self, likely: float) -> bool:
        return self._random.random() < likely

    # The whole

    def module(self) -> Lines:
        """Imports, clients, and one to three places with something to mend."""
        lines = self._head()
        lines += self._noisy([*_CLIENTS, ""])
        if self.chance(0.2):
            lines += ["__zdr__ = True", ""]
        for _ in range(self._random.randint(1, 3)):
            lines += [*self._place(), *[""] * self.one_of(0, 1, 2)]
        return lines

    def _head(self) -> Lines:
        lines: Lines = []
        if self.chance(0.5):
            lines += self.one_of(
                ['"""Calls client.responses.create(background=True)."""'],
                ["'''Two lines,", "of größe 🙂: store=None.'''"],
                ["# a licence", "# of two lines", ""],
            )
        if self.chance(0.3):
            lines += ["from __future__ import annotations"]
        head = self.one_of(_HEADER, _HEADER, _HEADER, _BARE_HEADER, _STAR_HEADER)
        self._has_time = head == _HEADER
        return [*lines, *self._noisy(head.splitlines()), ""]

    def encoded(self, text: str) -> bytes:
        """The bytes, with the line ends, the tabs and the marks that are drawn."""
        if self.chance(0.2):
            text = _with_tabs(text)
        if self.chance(0.15):
            text = text.replace("\n\n", "\n\f\n", 2)
        encoding = self.one_of(*["utf-8"] * 6, "utf-8-sig", "latin-1")
        if encoding == "latin-1":
            text = "# -*- coding: latin-1 -*-\n" + text.encode("latin-1", "replace").decode(
                "latin-1"
            )
        match self.one_of(*["\n"] * 5, "\r\n", "\r\n", "\r", "mixed"):
            case "mixed":
                lines = text.split("\n")
                ends = [self.one_of("\n", "\r\n") for _ in lines]
                text = "".join(line + end for line, end in zip(lines, ends, strict=True))
            case end:
                text = text.replace("\n", end)
        text = text.rstrip() if self.chance(0.2) else text
        if encoding == "utf-8-sig":
            return codecs.BOM_UTF8 + text.encode()
        return text.encode(encoding)

    # Comments

    def _comment(self) -> str:
        if self.chance(0.1):
            codes = self.one_of("BGM101", "BGM301", "BGM401", "implicit-store", "BGM101, BGM303")
            return f"# bgmode: ignore[{codes}]" + self.one_of("", ' reason="x"', "  # and more")
        return f"# {next(self._numbers)}: {self.one_of(*_WORDS)}"

    def _behind(self, line: str) -> str:
        """A line, maybe with a comment at its end."""
        if self.chance(self._comments) and not line.endswith("\\"):
            return line + self.one_of("  ", " ", "") + self._comment()
        return line

    def _noisy(self, lines: Lines) -> Lines:
        """Statements of one line, with comments and empty lines between."""
        found: Lines = []
        for line in lines:
            bare = line.lstrip()
            indentation = line[: len(line) - len(bare)]
            if bare and self.chance(self._comments) and not bare.startswith(("el", "exc", "fin")):
                found.append(indentation + self._comment())
            if bare and self.chance(0.03) and bare[0] not in ")]}":
                found.append("")
            found.append(self._behind(line) if bare else line)
        return found

    # What is between brackets

    def _between(self, opening: str, items: Sequence[str], closing: str) -> str:
        """Items in one of the layouts that people give to them."""
        shown = list(items)
        match self.one_of(
            "line", "line", "one each", "one each", "hugging", "filled", "comma first"
        ):
            case "line":
                comma = self.one_of("", "", ",", ", ")
                space = self.one_of("", "", " ")
                return f"{opening}{space}{', '.join(shown)}{comma if shown else ''}{space}{closing}"
            case "one each":
                return self._one_each(opening, shown, closing)
            case "hugging":
                return self._hugging(opening, shown, closing)
            case "filled":
                half = len(shown) // 2
                first, second = ", ".join(shown[:half]), ", ".join(shown[half:])
                comma = "," if half else ""
                return f"{opening}\n    {first}{comma}\n    {second},\n{closing}"
            case _:
                joined = "\n  , ".join(shown)
                return f"{opening} {joined}\n  {closing}"

    def _hugging(self, opening: str, items: Sequence[str], closing: str) -> str:
        """The first item behind the opening bracket, the last one before the closing one."""
        pad = "\n" + " " * self.one_of(4, 8, 16)
        *others, last = items or [""]
        lines = [self._behind(f"{item},") for item in others]
        return opening + pad.join([*lines, last]) + closing

    def _one_each(self, opening: str, items: Sequence[str], closing: str) -> str:
        lines = [self._behind(opening)]
        trailing = self.chance(0.6)
        for position, item in enumerate(items):
            if self.chance(self._comments):
                lines.append("    " + self._comment())
            if self.chance(0.05):
                lines.append("")
            last = position == len(items) - 1
            comma = "," if trailing or not last else ""
            if item.startswith("background") and self.chance(0.15):
                lines.append(f"    {item},  # bgmode: ignore[BGM101, BGM404]")
                continue
            lines.append(self._behind("    " + item.replace("\n", "\n    ") + comma))
        if self.chance(self._comments):
            lines.append("    " + self._comment())
        lines.append(self.one_of(closing, closing, "    " + closing))
        return "\n".join(lines)

    def _dict(self, entries: Sequence[tuple[str, str]]) -> str:
        quote = self.one_of('"', '"', "'")
        colon = self.one_of(": ", ": ", ":", " : ")
        items = [f"{quote}{name}{quote}{colon}{value}" for name, value in entries]
        if self.chance(0.2):
            items.append("**extra")
        return self._between("{", items, "}")

    # Calls

    def _arguments(self) -> list[tuple[str, str]]:
        """What a background call is told, in any order."""
        found = [("background", self.one_of("True", "True", "True", "(True)"))]
        found += [("model", '"o3"')] if self.chance(0.7) else []
        found += [("input", self.one_of(*_TEXTS))] if self.chance(0.8) else []
        match self.one_of("", "", "", "none", "true", "false"):
            case "none":
                found.append(("store", "None"))
            case "true":
                found.append(("store", "True"))
            case "false":
                found.append(("store", "False"))
        if self.chance(0.3):
            job_type = self.one_of("public-reserch", "public-research", "internal-draft", "other")
            found.append(("metadata", self._dict([("job_type", f'"{job_type}"'), ("a", "'b'")])))
        if self.chance(0.2):
            key = self.one_of("prompt", "str(prompt)", "f'{prompt}-1'", "(\n    prompt\n)")
            found.append(("idempotency_key", key))
        if self.chance(0.2):
            found.append(("extra_headers", self._dict([("X-Team", self.one_of(*_TEXTS[4:]))])))
        if self.chance(0.15):
            found.append(("previous_response_id", "prompt.id"))
        if self.chance(0.1):
            found.append(("stream", "False"))
        self._random.shuffle(found)
        if self.chance(0.12):
            found = [pair for pair in found if pair[0] != "background"]
        return found

    def call(self, client: str = "client") -> tuple[Lines, str]:
        """Statements that stand before, and the call."""
        func = self.one_of(
            f"{client}.responses.create",
            f"{client}.responses.create",
            f"{client}\\\n    .responses.create",
            f"({client}.responses).create",
            f"{client} . responses . create",
            f"{client}.responses.with_raw_response.create",
        )
        given = self._arguments()
        equal = self.one_of("=", "=", "=", " = ")
        keywords = [f"{name}{equal}{value}" for name, value in given]
        match self.one_of(
            "plain", "plain", "plain", "last", "options", "dict", "item", "body", "inner"
        ):
            case "plain":
                return [], self._between(f"{func}(", keywords, ")")
            case "last":
                return [], self._between(f"{func}(", [*keywords, "**extra"], ")")
            case "options":
                options = self._dict(given)
                return [f"options = {options}"], self._between(f"{func}(", ["**options"], ")")
            case "dict":
                options = self._between("dict(", keywords, ")")
                return [f"options = {options}"], f"{func}(**options)"
            case "item":
                rest = self._dict([pair for pair in given if pair[0] != "background"])
                quote = self.one_of('"', "'")
                setting = f"options[{quote}background{quote}] = True"
                return [f"options = {rest}", self._behind(setting)], f"{func}(**options)"
            case "body":
                rest = [word for word in keywords if not word.startswith("background")]
                body = self._dict([("background", "True")])
                return [], self._between(f"{func}(", [*rest, f"extra_body={body}"], ")")
            case _:
                return [], self._between(f"{func}(", [f"**{self._dict(given)}"], ")")

    def _calling(self) -> Lines:
        """A background call in one of the places where a call can stand."""
        before, call = self.call()
        whole = self.one_of(
            *["response = {}"] * 4,
            "return {}",
            "return {}",
            "{}",
            "one = 1; response = {}; two = 2",
            "if prompt: {}",
            "if prompt: response = {}; two = 2",
            "keep = lambda prompt, **extra: {}",
            "found = [{} for prompt in prompts]",
            "print({}, 'background=True')",
            "if (response := {}):\n    pass",
            "with open('x') as file, {} as response:\n    file.write('x')",
            "for each in {}:\n    print(each)",
            "print(f'{{ {} }}')",
            "response: object = {}",
            "first, second = {}, client.responses.create(background=True)",
            "return [\n    {},  # background\n    1,\n]",
            "assert {}, 'größer 🙂'",
            "größe = '漢字🙂'; response = {}",
            "match {}:\n    case None: pass\n    case _:\n        print(1)",
            "try: response = {}\nexcept ValueError: pass",
            "while not {}: pass",
            "response = \\\n    {}",
            "del extra[{}.id]",
            "response = functools.partial(client.responses.create, background=True)()",
            "@retry({})\ndef inner(): pass",
            "def inner(response={}): return response",
            "class Inner:\n    response = {}",
        )
        if before and whole.startswith(("found", "keep")):
            whole = "response = {}"
        return "\n".join([*before, whole.format(call)]).split("\n")

    # Poll loops

    def _polling(self, *, in_async: bool) -> Lines:
        """A background call and the loop that waits for its end."""
        client, wait = ("aclient", "await ") if in_async else ("client", "")
        before, call = self.call(client)
        retrieve = f"{wait}{client}.responses.retrieve(response.id)"
        pause = self._pause(in_async=in_async)
        loop = self.one_of(*(_LOOPS if self._has_time else _TIMELESS))
        text = loop(self, pause, retrieve)
        lines = [*before, f"response = {wait}{call}", *self._noisy(text.split("\n"))]
        end = self.one_of("return response", "return response.output_text", "print(response)")
        return "\n".join([*lines, end]).split("\n")

    def _pause(self, *, in_async: bool) -> str:
        if not self._has_time:
            return "pass"
        seconds = self.one_of("2", "2", "5", "0.05", "0", "600", "1e-3")
        blocking = f"time.sleep({seconds})"
        asleep = f"await asyncio.sleep({seconds})"
        if in_async:
            return self.one_of(asleep, asleep, blocking, "pass")
        return self.one_of(blocking, blocking, blocking, "pass")

    def status(self) -> str:
        """What a loop compares the status with."""
        return self.one_of(
            '!= "completed"',
            "!= 'completed'",
            '== "queued"',
            '== "in_progress"',
            'in {"queued", "in_progress"}',
            "in RUNNING",
            'in ("queued", "in-progress")',
            'not in ("completed", "failed")',
            'not in ["completed", "canceled", "cancelled", "failed", "incomplete"]',
            '!= "complete"',
            'not in {\n    "completed",\n    "failed",\n}',
        )

    # Where things stand

    def _place(self) -> Lines:
        """A call or a loop inside of functions, classes and blocks."""
        in_async = self.chance(0.3)
        polls = self.chance(0.55)
        block = self._polling(in_async=in_async) if polls else self._calling()
        for _ in range(self.one_of(0, 0, 1, 1, 2)):
            block = self._in_block(block)
        if not polls and self.chance(0.15) and not any("return" in line for line in block):
            return ["prompt, prompts, extra = 'x', [], {}", *block]
        return self._in_function(block, in_async=in_async)

    def _in_block(self, block: Lines) -> Lines:
        body = _indented(block)
        head, tail = self.one_of(
            (["if prompt:"], []),
            (["if prompt:", "    pass", "elif extra:"], ["else:", "    print('background=True')"]),
            (["if not prompt:", "    one = 1", "else:"], []),
            (["try:"], ["except (ValueError, KeyError) as error:", "    raise OSError from error"]),
            (["try:"], ["finally:", "    print('x')"]),
            (["try:", "    one = 1", "except ValueError:"], ["else:", "    two = 2"]),
            (["with open('x') as file:"], []),
            (["match extra:", "    case {'a': 1}:", "        one = 1", "    case _:"], None),
            (["for prompt in prompts:"], []),
        )
        if tail is None:
            return [*self._noisy(head), *_indented(body)]
        return [*self._noisy(head), *body, *self._noisy(tail)]

    def _in_function(self, block: Lines, *, in_async: bool) -> Lines:
        name = f"{self.one_of('submit', 'größe', 'job')}_{next(self._numbers)}"
        parameters = self.one_of(
            "prompt, prompts=(), **extra",
            "prompt, job_key, *, prompts=(), **extra",
            "prompt, prompts, ticket_id: str, **extra",
            "\n    prompt,  # background=True\n    prompts=(),\n    **extra,\n",
        )
        head = f"{'async ' if in_async else ''}def {name}({parameters}):".split("\n")
        if self.chance(0.2):
            head.insert(
                0, self.one_of("@functools.cache", "@job_type('public-reserch')", "@zdr_required")
            )
        body = [*self.one_of([], [], ['"""Submits."""'], ["'''Two", "lines'''"]), *block]
        if self.chance(self._comments):
            body.append(self._comment())
        lines = [*head, *_indented(body)]
        if self.chance(0.25):
            method = [line.replace("(prompt,", "(self, prompt,") for line in lines]
            return [f"class Class{next(self._numbers)}:", *_indented(method)]
        if self.chance(0.15):
            return ["def outer():", *_indented(lines), f"    return {name}"]
        return lines


Loop = Callable[[_Draw, str, str], str]


def _while_status(draw: _Draw, pause: str, retrieve: str) -> str:
    test = f"response.status {draw.status()}"
    test = draw.one_of(test, test, "not response.status in ('completed',)", f"(\n    {test}\n)")
    body = draw.one_of(
        f"    {pause}\n    response = {retrieve}",
        f"    {pause}; response = {retrieve}",
        f"    response = {retrieve}\n    {pause}",
        f"    {pause}\n    {retrieve}",
        f"    {pause}\n    response = (\n        {retrieve}\n    )",
        f"    try:\n        response = {retrieve}\n    except ValueError: continue\n    {pause}",
        f"    print('größer', response.status)\n    {pause}\n    response = {retrieve}",
    )
    return f"while {test}:\n{body}"


def _while_and(draw: _Draw, pause: str, retrieve: str) -> str:
    clock = "deadline = time.monotonic() + 600\n"
    test = draw.one_of(
        "time.monotonic() < deadline and response.status != 'completed'",
        "response.status != 'completed' and response.status != 'failed'",
        "response.status != 'completed' and time.monotonic() < deadline",
        "response.status != 'completed' and \\\n        response.status != 'failed'",
        "(response.status != 'completed'  # one\n       and response.status != 'failed')",
    )
    return f"{clock}while {test}:\n    {pause}\n    response = {retrieve}"


def _while_one_line(draw: _Draw, pause: str, retrieve: str) -> str:
    return f"while response.status {draw.status()}: {pause}; response = {retrieve}"


def _while_true(draw: _Draw, pause: str, retrieve: str) -> str:
    leave = draw.one_of("break", "return response", "raise RuntimeError('x')")
    branches = draw.one_of(
        f"    if response.status == 'completed':\n        {leave}",
        f"    if response.status == 'completed': {leave}",
        f"    if response.status == 'completed':\n        {leave}\n"
        f"    elif response.status in ('failed', 'canceled'):\n        {leave}",
        f"    if response is not None and response.status == 'completed':\n        {leave}\n"
        "        # still in it\n    # behind it",
        f"    if response.status == 'completed':\n        {leave}\n    else:\n        print('x')",
        f"    match response.status:\n        case 'completed': {leave}\n        case _: pass",
        f"    status = response.status\n    if status == 'complete':\n        {leave}",
    )
    order = draw.one_of((0, 1, 2), (1, 0, 2), (1, 2, 0))
    parts = (f"    {pause}", f"    response = {retrieve}", branches)
    return "while True:\n" + "\n".join(parts[position] for position in order)


def _for_range(draw: _Draw, pause: str, retrieve: str) -> str:
    head = draw.one_of("for turn in range(60):", "for turn in itertools.count():")
    leave = draw.one_of("break", "return response")
    tail = draw.one_of("", "", "\nelse:\n    raise TimeoutError('x')")
    return (
        f"{head}\n    response = {retrieve}\n"
        f"    if response.status == 'completed':\n        {leave}\n    {pause}{tail}"
    )


def _with_deadline(draw: _Draw, pause: str, retrieve: str) -> str:
    leave = draw.one_of(
        "        raise TimeoutError('größer')",
        "        return None",
        "        one = 1; raise TimeoutError(\n            'x'\n        )",
        "        # why\n        raise TimeoutError  # background=True",
    )
    head = draw.one_of(
        "    if time.monotonic() > deadline:\n" + leave,
        "    if time.monotonic() > deadline: raise TimeoutError('x')",
    )
    return (
        f"deadline = time.monotonic() + 600\nwhile response.status in RUNNING:\n{head}\n"
        f"    {pause}\n    response = {retrieve}"
    )


_TIMELESS: tuple[Loop, ...] = (
    _while_status,
    _while_status,
    _while_one_line,
    _while_true,
    _while_true,
    _for_range,
)
_LOOPS = (*_TIMELESS, _while_and, _with_deadline)


def _indented(lines: Lines) -> Lines:
    return [f"    {line}" if line else line for line in "\n".join(lines).split("\n")]


def _with_tabs(text: str) -> str:
    """A tab for each four spaces at the start of a line."""
    lines: Lines = []
    for line in text.split("\n"):
        bare = line.lstrip(" ")
        lines.append("\t" * ((len(line) - len(bare) + 3) // 4) + bare)
    return "\n".join(lines)
