"""Examples say what they expect: ``# expect: BGM101`` stands on the line of the finding."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import replace

from bgmode.analysis import analyse
from bgmode.finding import Finding
from bgmode.knowledge import Rule
from bgmode.policy.load import parse_policy
from bgmode.policy.policy import Policy
from bgmode.source import Source

TODAY = datetime.date(2026, 11, 22)
_EXPECT = re.compile(r"#\s*expect:\s*(?P<codes>BGM\d{3}(?:\s*,\s*BGM\d{3})*)")


def expected(text: str) -> list[tuple[int, str]]:
    """Line (1-based) and code of every expectation in ``text``."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        matched = _EXPECT.search(line)
        if matched:
            found += [(number, code.strip()) for code in matched["codes"].split(",")]
    return sorted(found)


def places(findings: Iterable[Finding]) -> list[tuple[int, str]]:
    """Line and code of every finding."""
    return sorted((finding.span.line, finding.code) for finding in findings)


def findings_of(
    text: str, policy: Policy, *, path: str = "example.py", code: str | None = None
) -> list[Finding]:
    """The findings in ``text``; only those of one rule where ``code`` is given."""

    def wanted(rule: Rule) -> bool:
        return code is None or rule.code in {code, "BGM001", "BGM009"}

    strict = replace(policy, base=parse_policy("preset: strict", "").base)
    return analyse(Source(path, text), strict, today=TODAY, wanted=wanted)
