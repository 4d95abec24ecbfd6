"""The codemods, by libcst's own command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bgmode.codemods
from bgmode.knowledge import RULES
from tests.command import bgmode as bgmode_command

CODE = """\
from openai import OpenAI

client = OpenAI()


def submit(prompt, job_id):
    return client.responses.create(  # kept
        input=prompt,
        background=True,
    ).id


def wait(job):
    while job.status != "completed":
        job = client.responses.retrieve(job.id)
    return job
"""
COMMANDS = {
    name: value
    for name, value in vars(bgmode.codemods).items()
    if name.endswith("Command") and getattr(value, "codes", ())
}


def mended(folder: Path, command: str, code: str = CODE) -> str:
    path = folder / "a.py"
    path.write_text(code)
    module = f"bgmode.codemods.{command}"
    done = subprocess.run(
        [sys.executable, "-m", "libcst.tool", "codemod", "-x", "--no-format", module, path],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return path.read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_the_fixes_of_its_rules_do(tmp_path: Path, command: str) -> None:
    (tmp_path / "bgmode.yaml").write_text("preset: strict\npoll: {max_wait: 30m}\n")
    found = mended(tmp_path, command)
    (tmp_path / "a.py").write_text(CODE)
    codes = ",".join(COMMANDS[command].codes)
    bgmode_command("check", "--fix", "--unsafe-fixes", "--select", codes, cwd=tmp_path)
    assert found == (tmp_path / "a.py").read_text()
    assert (found == CODE) is ("Zdr" in command)


def test_a_file_without_findings_stays_as_it_is(tmp_path: Path) -> None:
    assert mended(tmp_path, "ForegroundInZdrCommand") == CODE


def test_a_broken_policy_is_told_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "bgmode.yaml").write_text("rulez: {}\n")
    assert mended(tmp_path, "ExplicitStoreCommand") == CODE


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_of_rules_with_a_fix(command: str) -> None:
    codes = COMMANDS[command].codes
    assert all("safe" in RULES[code].fix for code in codes)
    assert COMMANDS[command].DESCRIPTION.endswith(".")
