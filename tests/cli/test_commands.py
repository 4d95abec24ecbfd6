"""The other commands: rule, policy, model."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmode.knowledge import RULES
from bgmode.policy.load import load_policy
from tests.command import BAD, bgmode


@pytest.mark.parametrize("code", RULES)
def test_rule_shows_the_page(tmp_path: Path, code: str) -> None:
    done = bgmode("rule", code, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"# {RULES[code].name} ({code})")
    assert bgmode("rule", RULES[code].name, cwd=tmp_path).stdout == done.stdout


def test_rule_suggests_the_nearest(tmp_path: Path) -> None:
    done = bgmode("rule", "endles-poll", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean endless-poll?" in done.stderr


def test_rule_lists_all(tmp_path: Path) -> None:
    lines = bgmode("rule", "--all", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)


def test_policy_init_writes_a_policy_that_is_right(tmp_path: Path) -> None:
    assert bgmode("policy", "init", cwd=tmp_path).returncode == 0
    policy = load_policy(str(tmp_path / "bgmode.yaml"))
    assert {name: job.background for name, job in policy.job_types.items()} == {
        "public-research": "allow",
        "internal-drafting": "allow",
        "support-analysis": "review",
        "regulated-review": "review",
        "sensitive-customer-data": "deny",
    }
    assert bgmode("policy", "validate", cwd=tmp_path).returncode == 0
    done = bgmode("policy", "init", cwd=tmp_path)
    assert done.returncode == 2
    assert "is there already" in done.stderr


def test_policy_validate_says_every_problem(tmp_path: Path) -> None:
    (tmp_path / "bgmode.yaml").write_text("presets: x\nrules: {BGM999: error}\n")
    done = bgmode("policy", "validate", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2


def test_model_shows_calls_and_loops(tmp_path: Path) -> None:
    loop = """
def wait(id):
    response = client.responses.retrieve(id)
    while response.status != "completed":
        time.sleep(1)
        response = client.responses.retrieve(id)
"""
    (tmp_path / "a.py").write_text(BAD + loop)
    shown = bgmode("model", "a.py", cwd=tmp_path).stdout
    assert "a.py:7: background call: responses.create" in shown
    assert "    store        omitted" in shown
    assert "poll loop in wait" in shown
    assert "    completed    always left: the loop's header on line 15" in shown
    assert "    failed       never left" in shown


def test_model_says_why_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(:\n")
    done = bgmode("model", "a.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "a.py:1: syntax error" in done.stderr
