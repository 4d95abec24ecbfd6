"""Edits between brackets, on calls and dicts in every layout that people write."""

from __future__ import annotations

import ast
import io
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgmode.fixing.brackets import (
    CannotEdit,
    remove_item,
    remove_keyword,
    set_item,
    set_keyword,
)

SPACES = st.sampled_from(
    ["", " ", "\n    ", "\n\n        ", "  # note\n    ", "\n    # own line\n    "]
)


def comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(f"({text})").readline)
    return sorted(token.string for token in tokens if token.type == tokenize.COMMENT)


@st.composite
def calls(draw: st.DrawFn, *, always: tuple[str, ...] = ("background=True",)) -> str:
    """A call with keywords in any order, any white space, with or without a last comma."""
    others = draw(
        st.lists(st.sampled_from(["model='m'", "input=f(1, 2)", "n=3", "t='store=1'"]),
                 unique=True, max_size=3)
    )  # fmt: skip
    arguments = draw(st.permutations([*others, *always]))
    arguments = [*arguments, *draw(st.lists(st.just("**options"), max_size=1))]
    text = draw(SPACES)
    for position, argument in enumerate(arguments):
        last = position == len(arguments) - 1
        comma = draw(st.sampled_from(["", ","])) if last else ","
        text += argument + draw(st.sampled_from(["", " "])) * bool(comma) + comma + draw(SPACES)
    return f"client.create({text})"


def keywords(text: str) -> dict[str | None, str]:
    call = ast.parse(f"({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {keyword.arg: ast.dump(keyword.value) for keyword in call.keywords}


def as_dict(text: str) -> str:
    """The same layout as a dict display."""
    inner = text.removeprefix("client.create(").removesuffix(")")
    for name in ("background", "model", "input", "n", "t"):
        inner = inner.replace(f"{name}=", f"'{name}': ")
    return "{" + inner + "}"


def entries(text: str) -> dict[object, str]:
    display = ast.parse(f"({text})", mode="eval").body
    assert isinstance(display, ast.Dict)
    return {
        key.value if isinstance(key, ast.Constant) else None: ast.dump(value)
        for key, value in zip(display.keys, display.values, strict=True)
    }


@given(calls(), st.sampled_from(["background", None, "absent"]))
def test_set_keyword_adds_one_and_changes_nothing_else(text: str, after: str | None) -> None:
    new = set_keyword(text, "store", "True", after)
    assert keywords(new) == {**keywords(text), "store": ast.dump(ast.Constant(True))}
    assert comments(new) == comments(text)
    if after == "background":
        names = list(keywords(new))
        assert names.index("store") == names.index("background") + 1


@given(calls())
def test_remove_keyword_takes_one_and_no_comment(text: str) -> None:
    try:
        new = remove_keyword(text, "background")
    except CannotEdit:
        assert comments(text) != []  # only ever refused for the sake of a comment
        return
    old = keywords(text)
    del old["background"]
    assert keywords(new) == old
    assert comments(new) == comments(text)


@given(calls())
def test_set_item_adds_one_and_changes_nothing_else(text: str) -> None:
    display = as_dict(text)
    new = set_item(display, "store", "True", "background")
    assert entries(new) == {**entries(display), "store": ast.dump(ast.Constant(True))}
    assert comments(new) == comments(display)


@given(calls())
def test_remove_item_takes_one_and_no_comment(text: str) -> None:
    display = as_dict(text)
    try:
        new = remove_item(display, "background")
    except CannotEdit:
        assert comments(display) != []
        return
    old = entries(display)
    del old["background"]
    assert entries(new) == old
    assert comments(new) == comments(display)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(background=True)", "f(background=True, store=True)"),
        ("f(background=True, )", "f(background=True, store=True, )"),
        ("f(\n    background=True\n)", "f(\n    background=True,\n    store=True\n)"),
        ("f(\n    background=True,\n)", "f(\n    background=True,\n    store=True,\n)"),
        (
            "f(\n    background=True,  # why\n)",
            "f(\n    background=True,  # why\n    store=True,\n)",
        ),
        (
            "f(\n    background=True  # why\n)",
            "f(\n    background=True,  # why\n    store=True\n)",
        ),
        (
            "f(background=True,  # why\n  model=1)",
            "f(background=True,  # why\n  store=True,\n  model=1)",
        ),
        (
            "f(\n    background=True,\n    # model\n    model=1,\n)",
            "f(\n    background=True,\n    store=True,\n    # model\n    model=1,\n)",
        ),
        ("f(model=1,\n  background=True)", "f(model=1,\n  background=True,\n  store=True)"),
        ("f(background=True, **options)", "f(background=True, store=True, **options)"),
        ("f(\r\n\tbackground=True,\r\n)", "f(\r\n\tbackground=True,\r\n\tstore=True,\r\n)"),
        ("f\\\n  .g(background=True)", "f\\\n  .g(background=True, store=True)"),
        ("a\n .b(background=True)", "a\n .b(background=True, store=True)"),
    ],
)
def test_the_layout_of_the_neighbours_is_taken(before: str, after: str) -> None:
    assert set_keyword(before, "store", "True", "background") == after


def test_before_a_mapping_where_there_is_no_neighbour() -> None:
    assert set_keyword("f(**options)", "store", "True", None) == "f(store=True, **options)"
    assert set_keyword("f(*a, **o)", "store", "True", None) == "f(*a, store=True, **o)"


def test_what_is_there_already_is_not_added_again() -> None:
    with pytest.raises(CannotEdit):
        set_keyword("f(store=False)", "store", "True", None)
    with pytest.raises(CannotEdit):
        set_item("{'store': False}", "store", "True", None)
