"""The rules' pages: their front matter is the table in ``knowledge``, their examples run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bgmode.checks import CHECKS
from bgmode.finding import Finding
from bgmode.fixing.rounds import fix_text
from bgmode.knowledge import PRESETS, RULES, Rule, read_page, rules_file
from bgmode.policy.load import default_policy, parse_policy
from bgmode.source import Source
from tests.checks.own_business import (
    OF_COMMENTS,
    OF_POLICIES,
    WITHOUT_CHECK,
    findings_in_policy,
    findings_of_rule,
)
from tests.conftest import ROOT
from tests.expectations import expected, places

HEADINGS = [
    "What it does",
    "Why is this bad?",
    "Example",
    "Fix",
    "Policy",
    "When to allow it",
    "Limits",
]
_BLOCK = re.compile(
    r"^```(?P<language>\w+)(?P<mark>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_EXPECTATION = re.compile(r"[ \t]*# expect: .*$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A Python block of a page and the policy block that stands before it.

    ``fixes`` is the block before it, where this one is marked as what the fix makes of that one.
    """

    number: int
    text: str
    policy: str | None
    fixes: Example | None = None


def examples(page: str) -> list[Example]:
    found: list[Example] = []
    policy: str | None = None
    for matched in _BLOCK.finditer(page):
        if matched["language"] == "yaml":
            policy = matched["text"]
        elif matched["language"] == "python":
            before = found[-1] if matched["mark"].strip() == "fixed" else None
            found.append(Example(len(found) + 1, matched["text"], policy, before))
    return found


def policy_examples(rule: Rule) -> list[str]:
    """The YAML blocks that are judged themselves: whether a waiver is used, a text cannot say."""
    found = [
        matched["text"]
        for matched in _BLOCK.finditer(read_page(rule))
        if matched["language"] == "yaml"
    ]
    return [text for text in found if rule.code != "BGM003" or expected(text)]


def presets_of(rule: Rule) -> list[str]:
    found: list[str] = []
    for name in PRESETS:
        text = Path(rules_file(f"presets/{name}.yaml")).read_text(encoding="utf-8")
        if rule.code in yaml.safe_load(text)["rules"]:
            found.append(name)
    return found


def front_matter(page: str) -> dict[str, object]:
    assert page.startswith("---\n")
    data = yaml.safe_load(page[4:].partition("\n---\n")[0])
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_front_matter_is_the_rule_s_metadata(rule: Rule) -> None:
    assert front_matter(read_page(rule)) == {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "presets": presets_of(rule),
        "fix": rule.fix,
        "summary": rule.summary,
        "since": "0.1.0",
    }


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_pages_have_the_same_headings(rule: Rule) -> None:
    page = read_page(rule)
    assert f"# {rule.name} ({rule.code})" in page
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == HEADINGS


EXAMPLES = [(rule, example) for rule in RULES.values() for example in examples(read_page(rule))]


@pytest.mark.parametrize(
    ("rule", "example"), EXAMPLES, ids=[f"{rule.code}-{e.number}" for rule, e in EXAMPLES]
)
def test_examples_do_what_the_page_says(rule: Rule, example: Example) -> None:
    policy = (
        default_policy() if example.policy is None else parse_policy(example.policy, "bgmode.yaml")
    )
    found = findings_of_rule(example.text, policy, rule.code)
    assert places(found) == expected(example.text)


POLICY_EXAMPLES = [
    (rule, text)
    for rule in RULES.values()
    if rule.code in OF_POLICIES
    for text in policy_examples(rule)
]


@pytest.mark.parametrize(("rule", "text"), POLICY_EXAMPLES)
def test_policies_do_what_the_page_says(rule: Rule, text: str) -> None:
    assert places(findings_in_policy(text, rule.code)) == expected(text)


FIXED = [(rule, example) for rule, example in EXAMPLES if example.fixes is not None]


@pytest.mark.parametrize(
    ("rule", "example"), FIXED, ids=[f"{rule.code}-{e.number}" for rule, e in FIXED]
)
def test_fixed_examples_are_what_the_fix_makes(rule: Rule, example: Example) -> None:
    policy = (
        default_policy() if example.policy is None else parse_policy(example.policy, "bgmode.yaml")
    )

    def analyse(source: Source) -> list[Finding]:
        return findings_of_rule(source.text, policy, rule.code)

    source = Source("example.py", example.fixes.text if example.fixes else "")
    result = fix_text(source, analyse(source), analyse, unsafe=True)
    assert _EXPECTATION.sub("", result.text) == example.text


@pytest.mark.parametrize("code", sorted({*CHECKS, *OF_COMMENTS, *OF_POLICIES}))
def test_pages_show_a_bad_and_a_good_example(code: str) -> None:
    shown = [example.text for example in examples(read_page(RULES[code]))]
    if code in OF_POLICIES:
        shown += policy_examples(RULES[code])
    assert any(expected(text) for text in shown)
    assert any(not expected(text) for text in shown)


def test_every_rule_has_a_check_a_page_a_folder_and_a_line_in_the_changelog() -> None:
    files = {path.name for path in (ROOT / "rules").glob("BGM*.md")}
    assert files == {rule.page for rule in RULES.values()}
    assert set(CHECKS) == set(RULES) - WITHOUT_CHECK
    changelog = Path(ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for code, rule in RULES.items():
        assert f"- {code} {rule.name}: new" in changelog
        if code in CHECKS:
            module = rule.name.replace("-", "_")
            assert CHECKS[code].__name__ == module
            assert CHECKS[code].__module__ == f"bgmode.checks.{module}"
        if code not in {"BGM001", "BGM009"}:  # no text of a file that can be read shows these
            assert (ROOT / "fixtures" / rule.name).is_dir()
