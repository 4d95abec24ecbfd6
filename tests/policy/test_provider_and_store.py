"""The keys ``provider`` and ``store``: whose calls are judged, and what may be kept."""

from __future__ import annotations

import pytest

from bgmode.analysis import analyse
from bgmode.finding import Finding
from bgmode.policy.load import parse_policy
from bgmode.source import Source

CODE = """\
import litellm
from openai import OpenAI

client = OpenAI()


def one(p):
    return client.responses.create(input=p, background=True).id


def other(p):
    return litellm.responses(input=p, background=True).id
"""
JOB_TYPE = """
paths: {"*.py": a}
job_types:
  a: {background: allow%s}
"""


def found(policy: str) -> dict[str, Finding]:
    findings = analyse(Source("a.py", CODE), parse_policy(policy, "bgmode.yaml"))
    return {each.scope: each for each in findings if each.code == "BGM101"}


@pytest.mark.parametrize("policy", ["", "provider: []", "provider: litellm", "provider: [litellm]"])
def test_all_providers_are_judged_unless_others_are_named(policy: str) -> None:
    assert set(found(policy)) == {"one", "other"}


@pytest.mark.parametrize("policy", ["provider: openai", "provider: [agno, http]"])
def test_a_provider_that_is_not_named_is_not_judged(policy: str) -> None:
    assert set(found(policy)) == {"one"}


@pytest.mark.parametrize(
    ("policy", "grade"),
    [
        ("", "unsafe"),
        ("store: allowed", "safe"),
        ("store: forbidden", None),
        ("store: allowed" + JOB_TYPE % "", "unsafe"),
        ("store: allowed" + JOB_TYPE % ", stored_state: forbidden", None),
        ("store: forbidden" + JOB_TYPE % ", stored_state: allowed", "safe"),
    ],
)
def test_store_speaks_for_calls_without_a_job_type(policy: str, grade: str | None) -> None:
    fix = found(policy)["one"].fix
    assert (fix and fix.applicability) == grade
