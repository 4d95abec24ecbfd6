"""Every file in ``fixtures/``: each finding stands on its line, and nothing else does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bgmode.checks import CHECKS
from bgmode.fixing.rounds import fix_text
from bgmode.knowledge import BY_NAME, RULES
from bgmode.policy.load import Policies, parse_policy
from bgmode.source import Source, decode
from tests.checks.own_business import (
    OF_COMMENTS,
    OF_POLICIES,
    findings_in_policy,
    findings_of_rule,
)
from tests.conftest import ROOT
from tests.expectations import expected, findings_of, places

FIXTURES = ROOT / "fixtures"


def rule_of(path: Path) -> str:
    """The folder in ``fixtures/`` that a file stands in, at any depth."""
    return path.relative_to(FIXTURES).parts[0]


RULE_FILES = sorted(
    path
    for path in FIXTURES.rglob("*.py")
    if rule_of(path) in BY_NAME and not path.name.endswith(".fixed.py")
)
POLICY_FILES = sorted(
    path
    for path in FIXTURES.rglob("*.yaml")
    if rule_of(path) in BY_NAME and path.name in {"alarms.yaml", "silent.yaml"}
)
CLEAN_FILES = sorted((FIXTURES / "clean").glob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(FIXTURES))


def read(path: Path) -> str:
    return decode(path.read_bytes())[0]


@pytest.mark.parametrize("path", RULE_FILES, ids=name_of)
def test_findings_stand_where_they_are_expected(path: Path) -> None:
    text, policy = read(path), Policies().of(str(path))
    code = BY_NAME[rule_of(path)].code
    assert places(findings_of_rule(text, policy, code, path=str(path))) == expected(text)


@pytest.mark.parametrize("path", POLICY_FILES, ids=name_of)
def test_findings_stand_where_they_are_expected_in_policies(path: Path) -> None:
    text = read(path)
    assert places(findings_in_policy(text, BY_NAME[rule_of(path)].code)) == expected(text)


@pytest.mark.parametrize("path", CLEAN_FILES, ids=name_of)
def test_clean_code_is_silent_under_all_rules(path: Path) -> None:
    text, policy = read(path), Policies().of(str(path))
    assert places(findings_of(text, policy, path=str(path))) == expected(text) == []


@pytest.mark.parametrize("path", RULE_FILES, ids=name_of)
def test_fixes_give_the_file_beside(path: Path) -> None:
    text, policy = read(path), Policies().of(str(path))
    code = BY_NAME[rule_of(path)].code

    def analyse(source: Source):
        return findings_of_rule(source.text, policy, code, path=str(path))

    source = Source(str(path), text)
    result = fix_text(source, analyse(source), analyse, unsafe=True)
    fixed = path.with_suffix(".fixed.py")
    if not fixed.exists():
        assert result.text == text, "fixes change this file: write what comes out beside it"
        return
    assert result.text == read(fixed)
    again = Source(str(path), result.text)
    assert fix_text(again, analyse(again), analyse, unsafe=True).text == result.text


@pytest.mark.parametrize("name", sorted(RULES[code].name for code in {*CHECKS, *OF_COMMENTS}))
def test_every_rule_has_more_silent_examples_than_alarming_ones(name: str) -> None:
    alarming = silent = 0
    for path in (FIXTURES / name).rglob("*.py"):
        if path.name.endswith(".fixed.py"):
            continue
        text = read(path)
        lines = {line for line, _ in expected(text)}
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                if lines & set(range(first - 1, (node.end_lineno or first) + 1)):
                    alarming += 1
                else:
                    silent += 1
    assert alarming > 0
    assert silent > alarming


@pytest.mark.parametrize("name", sorted(RULES[code].name for code in OF_POLICIES))
def test_every_rule_on_policies_has_more_silent_entries_than_alarming_ones(name: str) -> None:
    alarming = silent = 0
    for path in (FIXTURES / name).rglob("*.yaml"):
        if path in POLICY_FILES:
            policy, found = parse_policy(read(path), "bgmode.yaml"), expected(read(path))
            entries = policy.job_types if name == "incomplete-job-policy" else policy.waivers
            alarming += len(found)
            silent += len(entries) - len(found)
    assert alarming > 0
    if name != "unused-suppression":  # whether a waiver is used, its text does not say
        assert silent > alarming
