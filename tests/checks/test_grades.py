"""Which fixes are applied without asking: ``# expect: BGM301 (safe)`` in the fixtures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bgmode.knowledge import BY_NAME
from bgmode.policy.load import Policies
from tests.checks.test_fixtures import RULE_FILES, name_of, read, rule_of
from tests.expectations import findings_of

_GRADE = re.compile(r"#\s*expect:\s*BGM\d{3} \((?P<grade>\w+)\)")

GRADED_FILES = [path for path in RULE_FILES if _GRADE.search(read(path))]


def wanted_grades(text: str) -> dict[int, str]:
    lines = enumerate(text.split("\n"), 1)
    return {number: found["grade"] for number, line in lines if (found := _GRADE.search(line))}


@pytest.mark.parametrize("path", GRADED_FILES, ids=name_of)
def test_fixes_have_the_grade_that_is_expected(path: Path) -> None:
    text, policy = read(path), Policies().of(str(path))
    found = {
        finding.span.line: finding.fix.applicability if finding.fix else "none"
        for finding in findings_of(text, policy, path=str(path), code=BY_NAME[rule_of(path)].code)
    }
    wanted = wanted_grades(text)
    assert {line: found.get(line) for line in wanted} == wanted


def test_some_fixture_shows_every_grade() -> None:
    shown = {grade for path in GRADED_FILES for grade in wanted_grades(read(path)).values()}
    assert shown == {"safe", "unsafe", "none"}
