"""The checks that a fix has to pass, against edits that are wrong in every way."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgmode.finding import (
    Edit,
    Finding,
    Fix,
    InsertStatement,
    RemoveComment,
    RemoveStatement,
    ReplaceExpression,
)
from bgmode.fixing.brackets import CannotEdit
from bgmode.fixing.proof import prove_findings, prove_text
from bgmode.source import Source, Span

OLD = """\
import os

def one(a):
    first(a)  # kept
    if a > 1:
        second(a)
    elif a:
        third(a)
    else:
        fourth(a)
    try:
        fifth(a)
    except ValueError:
        sixth(a)
    finally:
        seventh(a)
    match a:
        case 1:
            eighth(a)
        case 2:
            ninth(a)

class Two:
    def three(self): return 1

    @property
    def four(self):
        return 2
"""
AT = {
    name: Span(line, text.index(f"{name}("), line, text.index(f"{name}(") + len(f"{name}(a)"))
    for line, text in enumerate(OLD.splitlines(), 1)
    for name in [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
    ]
    if f"{name}(" in text
}


def proven(new: str, *edits: Edit) -> str | None:
    """What the proof has against a text, None where it holds."""
    try:
        prove_text(Source("a.py", OLD), Source("a.py", new), Fix("safe", "do", edits))
    except CannotEdit as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", AT)
def test_a_change_where_the_edit_is_holds(name: str) -> None:
    new = OLD.replace(f"{name}(a)", f"{name}(b)")
    assert proven(new, ReplaceExpression(AT[name], f"{name}(b)")) is None


@pytest.mark.parametrize("name", AT)
@pytest.mark.parametrize("other", AT)
def test_a_change_elsewhere_does_not(name: str, other: str) -> None:
    new = OLD.replace(f"{name}(a)", f"{name}(b)")
    told = proven(new, ReplaceExpression(AT[other], "x"))
    assert told == (None if name == other else f"line {AT[name].line} would change as well")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("if a > 1:", "if a > 2:", 5),
        ("elif a:", "elif b:", 7),
        ("except ValueError:", "except KeyError:", 13),
        ("match a:", "match b:", 17),
        ("case 2:", "case 3:", 20),
        ("def one(a):", "def one(b):", 3),
        ("class Two:", "class Two(A):", 23),
        ("@property", "@cached", 26),
        ("return 1", "return 3", 24),
        ("import os", "import sys", 1),
    ],
)
def test_a_change_of_a_head_needs_an_edit_there(old: str, new: str, line: int) -> None:
    text = OLD.replace(old, new)
    assert proven(text, ReplaceExpression(AT["first"], "x")) == f"line {line} would change as well"
    own = Span(line, 0, line, 1)
    assert proven(text, ReplaceExpression(own, "x")) is None


def test_a_new_statement_has_to_stand_beside_its_edit() -> None:
    new = OLD.replace("        fifth(a)\n", "        fifth(a)\n        more(a)\n")
    assert proven(new, InsertStatement(AT["fifth"], ("more(a)",))) is None
    told = proven(new, InsertStatement(AT["ninth"], ("more(a)",)))
    assert told == "line 12 would change as well"


def test_a_statement_that_is_gone_has_to_have_an_edit() -> None:
    new = OLD.replace("    first(a)  # kept\n", "    # kept\n")
    assert proven(new, RemoveStatement(AT["first"])) is None
    assert proven(new, RemoveStatement(AT["second"])) == "line 4 would change as well"


def test_a_dedented_statement_is_another_one() -> None:
    new = OLD.replace("        fourth(a)\n", "        pass\n    fourth(a)\n")
    assert proven(new, ReplaceExpression(AT["first"], "x")) is not None


def test_a_comment_that_is_gone_is_told() -> None:
    new = OLD.replace("  # kept", "")
    assert proven(new, ReplaceExpression(AT["first"], "first(a)")) == "a comment would be lost"
    assert proven(new, RemoveComment(Span(4, 14, 4, 20))) is None


def test_what_python_cannot_parse_is_told() -> None:
    told = proven(OLD.replace("first(a)", "first(a"), ReplaceExpression(AT["first"], "first(a"))
    assert told is not None
    assert told.startswith("the result would not parse")


def test_what_libcst_cannot_read_is_told() -> None:
    tree = Source("a.py", OLD.replace("first(a)", "first(b)")).tree
    new = Source("a.py", OLD.replace("first(a)", "first b "), tree)  # as if Python took it
    fix = Fix("safe", "do", (ReplaceExpression(AT["first"], "first b "),))
    with pytest.raises(CannotEdit, match="libcst cannot read the result"):
        prove_text(Source("a.py", OLD), new, fix)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("try: first(a)\nexcept ValueError: pass\n", "try: first(b)\nexcept ValueError: pass\n"),
        ("try: pass\nfinally: first(a)\n", "try: pass\nfinally: first(b)\n"),
        ("if a: pass\nelse: first(a)\n", "if a: pass\nelse: first(b)\n"),
        (
            "while before(\n  1\n) and first(a): pass\n",
            "while before(\n  1\n) and first(b): pass\n",
        ),
        ("a = 1; first(\n  a\n)\n", "a = 1; first(\n  b\n)\n"),
        ("first(a); second(\n  a\n)\n", "first(b); second(\n  a\n)\n"),
        ("class A:\n\tdef b(self): first(a)\n", "class A:\n\tdef b(self): first(b)\n"),
    ],
)
def test_libcst_reads_a_statement_that_shares_its_line(old: str, new: str) -> None:
    before = Source("a.py", old)
    call = next(
        node
        for node in ast.walk(before.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "first"
    )
    fix = Fix("safe", "do", (ReplaceExpression(before.span(call), "first(b)"),))
    prove_text(before, Source("a.py", new), fix)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_comment_ends_with_its_line(end: str) -> None:
    before, after = (f"# one{end}first({name})  # two{end}" for name in "ab")
    fix = Fix("safe", "do", (ReplaceExpression(Span(2, 0, 2, 8), "first(b)"),))
    prove_text(Source("a.py", before), Source("a.py", after), fix)


STATEMENTS = st.lists(
    st.sampled_from(["a()", "b()", "c = 1", "if a:\n    b()\n", "x.y()"]), max_size=8
)


@given(STATEMENTS, STATEMENTS)
def test_every_difference_is_seen(old: list[str], new: list[str]) -> None:
    """Without an edit nothing may differ: the proof holds only for equal trees."""
    before, after = (Source("a.py", "\n".join(each) + "\n") for each in (old, new))
    equal = ast.dump(before.tree) == ast.dump(after.tree)
    try:
        prove_text(before, after, Fix("safe", "do", ()))
    except CannotEdit:
        assert not equal
    else:
        assert equal


def finding(code: str, scope: str, reveals: frozenset[str] = frozenset()) -> Finding:
    fix = Fix("safe", "do", (), reveals)
    return Finding(code, "name", "error", "a.py", Span(1, 0, 1, 0), "text", fix=fix, scope=scope)


def test_the_finding_has_to_go_and_none_may_come() -> None:
    mended, other = finding("BGM101", "a"), finding("BGM301", "a")
    prove_findings(mended, [mended, other], [other])
    prove_findings(mended, [mended, mended], [mended])
    with pytest.raises(CannotEdit, match="the finding would still be there"):
        prove_findings(mended, [mended], [mended])
    with pytest.raises(CannotEdit, match="it would bring a new finding, BGM301"):
        prove_findings(mended, [mended], [other])
    prove_findings(finding("BGM101", "a", frozenset({"BGM301"})), [mended], [other])
