"""All fixes on a small fixed set of random programs, looked at from outside.

A larger run: ``python benchmarks/fixes.py --cases 10000``.
"""

from __future__ import annotations

import dataclasses

import pytest

from bgmode.finding import Edit, Finding, Fix, ReplaceExpression
from bgmode.knowledge import RULES
from bgmode.source import Source, Span

from .outside import Broken, Step, Tally, check_step, tally
from .programs import generate

PROGRAMS = 200
FIXABLE = {code for code, rule in RULES.items() if rule.fix not in {"none", "display"}}


@pytest.fixture(scope="module")
def found() -> Tally:
    return tally(range(PROGRAMS), shuffled=4)


def test_every_fix_does_what_it_says_and_nothing_else(found: Tally) -> None:
    assert found.failures == []


def test_all_rules_with_a_fix_are_met(found: Tally) -> None:
    assert found.applied.keys() == FIXABLE
    assert found.applied.total() > 3 * PROGRAMS


def test_all_kinds_of_edits_are_met(found: Tally) -> None:
    assert found.edits.keys() == {kind.__name__ for kind in Edit.__args__}


def test_few_fixes_are_refused(found: Tally) -> None:
    assert found.refused.total() < 0.15 * found.applied.total()


def test_a_seed_always_gives_the_same_program() -> None:
    assert generate(7) == generate(7)
    assert len({generate(seed).data for seed in range(50)}) == 50


OLD = "one(a)  # why\ntwo(a)\nthree(a)\n"


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("one(a)  # why\ntwo(b)\nthree(a)\n", None),
        ("one(a)  # why\ntwo(c)\nthree(a)\n", "tree"),
        ("one(a)  # why\ntwo(b)\nthree(b)\n", "tree"),
        ("one(a)  # why\ntwo(b)\nthree( a)\n", "no edit speaks"),
        ("one(a)\ntwo(b)\nthree(a)\n", "comments"),
        ("one(a)  # why\r\ntwo(b)\nthree(a)\n", "no edit speaks"),
        ("one(a)  # why\ntwo(b)\r\nthree(a)\n", "line ends"),
        ("one(a)  # why\ntwo(b)\nthree(a)", "no edit speaks"),
        ("one(a)  # why\ntwo(b) \nthree(a)\n", "ends with spaces"),
        ("one(a)  # why\ntwo(\n  b)\nthree(a)\n", "begins with spaces"),
    ],
)
def test_what_is_wrong_is_seen(new: str, told: str | None) -> None:
    fix = Fix("safe", "do", (ReplaceExpression(Span(2, 4, 2, 5), "b"),))
    place = Span(2, 0, 2, 6)
    finding = Finding("BGM101", "name", "error", "a.py", place, "text", fix=fix)
    step = Step(finding, Source("a.py", OLD), [finding], Source("a.py", new), [])
    if told is None:
        check_step(step)
        check_step(dataclasses.replace(step, left=[], findings=[finding, finding]))
        return
    with pytest.raises(Broken, match=told):
        check_step(step)


def test_a_finding_that_stays_or_comes_is_seen() -> None:
    fix = Fix("safe", "do", (ReplaceExpression(Span(2, 4, 2, 5), "b"),), frozenset({"BGM303"}))
    place = Span(2, 0, 2, 6)
    mended = Finding("BGM101", "name", "error", "a.py", place, "text", fix=fix)
    other = dataclasses.replace(mended, code="BGM301")
    revealed = dataclasses.replace(mended, code="BGM303")
    old, new = Source("a.py", OLD), Source("a.py", OLD.replace("two(a)", "two(b)"))
    check_step(Step(mended, old, [mended], new, [revealed]))
    with pytest.raises(Broken, match="still there"):
        check_step(Step(mended, old, [mended], new, [mended]))
    with pytest.raises(Broken, match="new findings"):
        check_step(Step(mended, old, [mended], new, [other]))
