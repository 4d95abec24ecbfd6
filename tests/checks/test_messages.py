"""A lint for messages: one line, lower case, no full stop, nothing that looks like a place."""

from __future__ import annotations

import re

import pytest

from bgmode.finding import Finding
from bgmode.policy.load import Policies
from bgmode.source import decode
from tests.checks.test_fixtures import RULE_FILES
from tests.expectations import findings_of


def all_findings() -> list[Finding]:
    found: list[Finding] = []
    for path in RULE_FILES:
        text = decode(path.read_bytes())[0]
        found += findings_of(text, Policies().of(str(path)), path=str(path))
    return found


def messages() -> list[str]:
    """Every different message of the fixtures, and every note and fix."""
    found = all_findings()
    texts = {finding.message for finding in found}
    texts |= {note.message for finding in found for note in finding.notes}
    texts |= {finding.fix.message for finding in found if finding.fix is not None}
    return sorted(texts)


@pytest.mark.parametrize("message", messages())
def test_message(message: str) -> None:
    assert "\n" not in message
    assert message[0].islower() or message[0] == "`"
    assert not message.endswith(".")
    assert not re.search(r":\d+:\d+:", message)
    assert "  " not in message
    assert not re.search(r"deduplicate|guarantee", message)


def test_findings_point_into_the_text() -> None:
    for finding in all_findings():
        assert finding.span.line == finding.span.end_line
        assert finding.snippet.strip()
