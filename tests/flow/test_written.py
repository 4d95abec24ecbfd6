"""Which words a module writes as the name of an entry, and which it only asks for."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bgmode.flow.names import Names
from bgmode.flow.written import is_run, writes

WRITING = [
    'options = {"background": True}',
    'options = {"background": chosen}',
    "options = dict(background=True)",
    "submit(background=chosen)",
    'options["background"] = True',
    'options = {"background": False}',
    "options = dict(background=None)",
    'options.setdefault("background", True)',
    'options["BACKGROUND".lower()] = True',
    'options["--background".lstrip("-")] = True',
    'options["openai_background".removeprefix("openai_")] = True',
    "class Key(StrEnum):\n    BACKGROUND = auto()",
    'options.update([("background", True)])',
    'options.__setitem__("background", True)',
    'setattr(options, "background", True)',
    "options.background = True",
    "options.background, options.store = True, True",
    'KEY = "background"',
    'KEYS = ["background", "store"]',
    'KEYS = {"background", "store"}\nif KEYS & options.keys():\n    pass',
    'options = dict.fromkeys(["background"], True)',
    'options = {key: True for key in ("background", "store")}',
    'for key in ("background", "store"):\n    options[key] = True',
    'for key in keys:\n    if key == "background":\n        options[key] = True',
    'for key in keys:\n    if key in {"background", "store"}:\n        options[key] = True',
    'def option(name="background"):\n    return {name: True}',
    "class Options:\n    background = True",
    "class Options:\n    background: bool = True",
    "@dataclass\nclass Options:\n    background: bool",
    "@dataclass\nclass Options:\n    background: bool = False",
    "class Options(NamedTuple):\n    background: bool",
    'class Key(Enum):\n    LANE = "background"',
    "body = '{\"background\": true}'",
    "body = b'{\"background\": true}'",
    "body = f'{{\"background\": {flag}}}'",
]
ASKING = [
    "",
    '"""How background responses are made."""',
    "# background=True",
    "background = True",
    "def submit(background=True): ...",
    'message = "no background here"',
    'if options.get("background"): ...',
    'options.pop("background", None)',
    'del options["background"]',
    'lane = options["background"]',
    'if "background" in options: ...',
    'if key == "background": ...',
    'assert "background" not in options',
    'if key in ("background", "store"): ...',
    'if {"background", "store"}.intersection(options): ...',
    'if {"background", "store"}.isdisjoint(options): ...',
    'if options.keys().isdisjoint(["background"]): ...',
    'def check(sent):\n    own = {"background"}\n    own.add(more)\n    own.intersection(sent)',
    '_OWN = frozenset({"background"})\nif key in _OWN: ...',
    'getattr(options, "background", None)',
    'hasattr(options, "background")',
    "class Options(TypedDict):\n    background: bool",
    "class Options(BaseModel):\n    background: bool | None = None",
    'match key:\n    case "background": ...',
    'match options:\n    case {"background": True}: ...',
    "options.background_options = {}",
]


@pytest.mark.parametrize("text", WRITING)
def test_a_word_is_written(text: str) -> None:
    assert writes(Names(ast.parse(text)), "background")


@pytest.mark.parametrize("text", ASKING)
def test_a_word_is_only_asked_for(text: str) -> None:
    assert not writes(Names(ast.parse(text)), "background")


RUN = """
    Wanted()
    make = Wanted
    class Own(Wanted): ...
    @Wanted
    def own(): ...
    def own(kind=Wanted): ...
    isinstance(Wanted.one, str)
    cast(str, Wanted)
    raise Wanted("no")
"""
NOT_RUN = """
    isinstance(value, Wanted)
    issubclass(kind, Wanted)
    cast(Wanted, value)
    typing.cast(Wanted, value)
    def own(value: Wanted): ...
    def own() -> Wanted: ...
    value: Wanted = None
    def own(value: list[Wanted]): ...
"""


def _uses(text: str) -> list[bool]:
    """Whether a name is run, of each line by itself."""
    statements = ast.parse(textwrap.dedent(text)).body
    found = []
    for statement in statements:
        names = Names(ast.Module([statement], []))
        found.append(any(is_run(names, mention) for mention in names.mentions["Wanted"]))
    return found


def test_a_name_is_read_for_what_it_holds() -> None:
    assert _uses(RUN) == [True] * 8


def test_a_name_only_speaks_of_a_type() -> None:
    assert _uses(NOT_RUN) == [False] * 8


def test_a_handler_only_names_what_it_catches() -> None:
    names = Names(ast.parse("try: ...\nexcept Wanted: ..."))
    assert not any(is_run(names, mention) for mention in names.mentions["Wanted"])
