"""Edits that are broken on purpose: for each kind, whatever it does wrong, the fix is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from bgmode.analysis import analyse
from bgmode.finding import (
    Edit,
    Finding,
    InsertStatement,
    RemoveComment,
    RemoveItem,
    RemoveKeyword,
    RemoveStatement,
    ReplaceComment,
    ReplaceExpression,
    SetItem,
    SetKeyword,
)
from bgmode.fixing import edits
from bgmode.fixing.rounds import FixResult, fix_text
from bgmode.policy.load import parse_policy
from bgmode.source import Source
from tests.expectations import TODAY

POLICY = parse_policy("preset: strict\nsuppressions: {require: []}\n", "bgmode.yaml")
HEAD = "import time\n\nfrom openai import OpenAI\n\nclient = OpenAI()\n\n\n"
KEYWORD = """\
def submit(prompt):
    before(prompt)
    response = client.responses.create(
        model="o3",  # the model
        background=True,  # why
        input=prompt,
    )
    after(response)  # behind
    return response
"""
ITEM = KEYWORD.replace("create(", "create(**{").replace("    )", "    })")
for _name in ("model", "background", "input"):
    ITEM = ITEM.replace(f"{_name}=", f'"{_name}": ')
ZDR = "__zdr__ = True\n\n\n"
SETTING = """\
def submit(prompt):
    options = {"model": "o3", "input": prompt}
    before(prompt)
    options["background"] = True  # why
    after(prompt)
    return client.responses.create(**options)
"""
LOOP = """\
def wait(response):
    before(response)
    while response.status != "completed":  # why
        time.sleep(2)
        response = client.responses.retrieve(response.id)
    return after(response, "completed")
"""
UNUSED = """\
def submit(prompt):
    # stays
    total = 1 + 1  # bgmode: ignore[BGM101]
    return before(total)  # bgmode: no-such-word
"""
HALF_USED = KEYWORD.replace("# why", "# bgmode: ignore[BGM101, BGM404]")

PROGRAMS: dict[type[Edit], tuple[str, str]] = {
    SetKeyword: ("BGM101", HEAD + KEYWORD),
    RemoveKeyword: ("BGM110", HEAD + ZDR + KEYWORD),
    SetItem: ("BGM101", HEAD + ITEM),
    RemoveItem: ("BGM110", HEAD + ZDR + ITEM),
    ReplaceExpression: ("BGM301", HEAD + LOOP),
    InsertStatement: ("BGM101", HEAD + SETTING),
    RemoveStatement: ("BGM110", HEAD + ZDR + SETTING),
    RemoveComment: ("BGM003", HEAD + UNUSED),
    ReplaceComment: ("BGM003", HEAD + HALF_USED),
}
"""A program for each kind of edit, and the rule whose fix is one edit of this kind."""

Mutation = Callable[[str, str], str]
"""The text before the edit and the one that is right, to one that is wrong."""


def nothing(old: str, new: str) -> str:  # noqa: ARG001
    return old


def swap(one: str, other: str) -> Mutation:
    """Write ``other`` for the first ``one`` of the right text."""

    def change(old: str, new: str) -> str:  # noqa: ARG001
        assert one in new
        return new.replace(one, other, 1)

    return change


def swap_in_old(one: str, other: str) -> Mutation:
    """Do this alone, and not what is right."""

    def change(old: str, new: str) -> str:  # noqa: ARG001
        assert one in old
        return old.replace(one, other, 1)

    return change


NEIGHBOUR_LINE = swap("    before(", "    other(")
MUTATIONS: dict[type[Edit], dict[str, Mutation]] = {
    SetKeyword: {
        "wrong value": swap("store=True", "store=False"),
        "wrong name": swap("store=True", "stored=True"),
        "wrong call": swap_in_old("before(prompt)", "before(prompt, store=True)"),
        "comma lost": swap("store=True,", "store=True"),
        "comment dropped": swap("  # why", ""),
        "comment swallows it": swap("# why\n        store", "# why, store"),
        "neighbour removed": swap("    before(prompt)\n", ""),
        "neighbour of the next line changed": swap("after(response)", "after(prompt)"),
        "bracket lost": swap("    )\n", "\n"),
    },
    RemoveKeyword: {
        "another one removed": swap_in_old("        input=prompt,\n", ""),
        "comment dropped": swap("# why", ""),
        "comma doubled": swap("# why", ",  # why"),
        "value changed": swap_in_old("background=True", "background=1"),
        "neighbour removed": swap("    after(response)  # behind\n", "    # behind\n"),
    },
    SetItem: {
        "wrong value": swap('"store": True', '"store": None'),
        "wrong name": swap('"store"', '"stores"'),
        "a set of it": swap('"store": True', '"store", True'),
        "comma lost": swap('"store": True,', '"store": True'),
        "comment dropped": swap("  # the model", ""),
        "neighbour changed": NEIGHBOUR_LINE,
        "wrong place": swap_in_old("before(prompt)", 'before({"store": True})'),
    },
    RemoveItem: {
        "another one removed": swap_in_old('        "input": prompt,\n', ""),
        "comment dropped": swap("# why", ""),
        "brace lost": swap("})", ")"),
        "neighbour removed": swap("    before(prompt)\n", ""),
    },
    ReplaceExpression: {
        "wrong value": swap('{"queued", "in_progress"}', '{"queued"}'),
        "wrong place": swap_in_old('after(response, "completed")', "after(response, {})"),
        "neighbour removed": swap("        time.sleep(2)\n", ""),
        "comment dropped": swap("  # why", ""),
        "line below moved into the block": swap("    return after", "        return after"),
    },
    InsertStatement: {
        "wrong value": swap('["store"] = True', '["store"] = False'),
        "wrong place": swap_in_old(
            "before(prompt)\n", 'before(prompt)\n    options["store"] = 1\n'
        ),
        "behind the call": swap_in_old(
            "create(**options)\n", 'create(**options)\n    options["store"] = True\n'
        ),
        "comment swallows it": swap("# why\n    options", "# why options"),
        "comment dropped": swap("  # why", ""),
        "neighbour removed": swap("    before(prompt)\n", ""),
        "indentation lost": swap('    options["store"]', 'options["store"]'),
        "line end lost": swap('["store"] = True\n', '["store"] = True'),
    },
    RemoveStatement: {
        "another one removed": swap_in_old("    before(prompt)\n", ""),
        "neighbour removed as well": swap("    before(prompt)\n", ""),
        "comment dropped": swap("# why", ""),
        "pass beside its neighbours, and they changed": swap("    after(prompt)", "    pass"),
    },
    RemoveComment: {
        "another one removed": swap_in_old("    # stays\n", ""),
        "another one removed as well": swap("    # stays\n", ""),
        "statement removed": swap("    total = 1 + 1\n", ""),
        "code changed": swap("1 + 1", "1 + 2"),
        "another directive removed as well": swap("  # bgmode: no-such-word", ""),
    },
    ReplaceComment: {
        "the wrong word is kept": swap("[BGM101]", "[BGM404]"),
        "another one changed": swap_in_old("# the model", "# a model"),
        "another one changed as well": swap("# behind", "# before"),
        "removed": swap("  # bgmode: ignore[BGM101]", ""),
        "it takes code with it": swap("    after(response)", "    #"),
    },
}
CASES = [
    pytest.param(kind, change, id=f"{kind.__name__}-{name}")
    for kind, changes in MUTATIONS.items()
    for name, change in {**changes, "nothing done": nothing}.items()
]


def fixed(code: str, text: str) -> FixResult:
    """The result of one rule's fixes."""

    def findings(source: Source) -> list[Finding]:
        return [
            finding if finding.code == code else dataclasses.replace(finding, fix=None)
            for finding in analyse(source, POLICY, today=TODAY)
        ]

    source = Source("a.py", text)
    return fix_text(source, findings(source), findings, unsafe=True)


def test_every_kind_of_edit_has_a_program_and_is_broken() -> None:
    kinds = {kind.__name__ for kind in Edit.__args__}
    assert {kind.__name__ for kind in PROGRAMS} == kinds
    assert {kind.__name__ for kind in MUTATIONS} == kinds


@pytest.mark.parametrize("kind", PROGRAMS, ids=lambda kind: kind.__name__)
def test_the_right_edit_is_applied(kind: type[Edit]) -> None:
    result = fixed(*PROGRAMS[kind])
    (finding,) = result.applied
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    assert isinstance(edit, kind)
    assert result.refused == []


@pytest.mark.parametrize(("kind", "change"), CASES)
def test_a_broken_edit_is_refused(
    kind: type[Edit], change: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = edits.apply_edits
    code, text = PROGRAMS[kind]
    wrong = change(text, fixed(code, text).text)

    def broken(old: str, wanted: tuple[Edit, ...]) -> str:
        assert isinstance(wanted[0], kind)
        assert apply(old, wanted) != wrong
        return wrong

    monkeypatch.setattr("bgmode.fixing.rounds.apply_edits", broken)
    result = fixed(code, text)
    assert result.text == text
    assert result.applied == []
    assert len(result.refused) == 1
