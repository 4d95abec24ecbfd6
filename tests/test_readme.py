"""The README shows what the command really prints, and names what exists."""

from __future__ import annotations

import re

from bgmode.policy.load import parse_policy
from tests.command import bgmode
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_terminal_picture_is_real() -> None:
    (picture,) = blocks("console")
    command, _, shown = picture.partition("\n")
    words = command.removeprefix("$ bgmode ").split()
    assert shown in bgmode(*words, cwd=ROOT).stdout


def test_the_policy_is_right_but_for_a_job_type_it_leaves_out() -> None:
    text = next(block for block in blocks("yaml") if block.startswith("preset"))
    assert parse_policy(text.replace("support-analysis", "public-research"), "p").zdr.modules


def test_the_ci_calls_the_test_command() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (command,) = re.findall(r"bin/(python -m pytest)$", README, re.MULTILINE)
    assert command in ci
    assert '".[test]"' in README
    assert '".[test]"' in ci
