"""A lint for messages: one line, lower case, no full stop, nothing that looks like a place."""

from __future__ import annotations

import re

import pytest

from bgmode.finding import Finding
from bgmode.policy.load import Policies
from bgmode.source import decode
from tests.checks.test_fixtures import RULE_FILES
from tests.expectations import findings_of


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    """The findings in all fixtures."""
    return [
        finding
        for path in RULE_FILES
        for finding in findings_of(
            decode(path.read_bytes())[0], Policies().of(str(path)), path=str(path)
        )
    ]


def is_plain(message: str) -> bool:
    return (
        (message[0].islower() or message[0] == "`")
        and not message.endswith(".")
        and not re.search(r":\d+:\d+:", message)
        and not re.search(r"\n|  |deduplicate|guarantee", message)
    )


def test_messages_are_plain(found: list[Finding]) -> None:
    texts = {finding.message for finding in found}
    texts |= {note.message for finding in found for note in finding.notes}
    texts |= {finding.fix.message for finding in found if finding.fix is not None}
    assert len(texts) > 100
    assert [text for text in sorted(texts) if not is_plain(text)] == []


@pytest.mark.parametrize(
    "message", ["Upper case", "a full stop.", "a.py:1:2: a place", "two\nlines", "two  spaces"]
)
def test_what_is_not_plain_is_seen(message: str) -> None:
    assert not is_plain(message)


def test_findings_point_into_the_text(found: list[Finding]) -> None:
    for finding in found:
        assert finding.span.line == finding.span.end_line
        assert finding.snippet.strip()
