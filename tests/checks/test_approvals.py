"""Approvals: what they speak of, their last day, and the reminder before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bgmode.cli.group import group
from tests.command import bgmode

JOB_TYPE = (
    "{{description: d, data_class: internal, background: {decision}, interaction: background, "
    "stored_state: allowed, retrieval: polling, zdr_compatible: not-required, reason: r, "
    "fallback: sync}}"
)
CREATE = (
    'client.responses.create(model="o3", input=p, background=True, store=True, '
    'extra_headers={"Idempotency-Key": p}).id'
)
CODE = f"""\
from openai import OpenAI

client = OpenAI()


def first(p):
    # bgmode: job-type=reviewed
    return {CREATE}


class Work:
    def second(self, p):
        # bgmode: job-type=reviewed
        return {CREATE}


def first_again(p):
    # bgmode: job-type=denied
    return {CREATE}
"""
FIRST, SECOND, AGAIN = 8, 14, 19
FILES = ("jobs/work.py", "jobs/deep/work.py")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two packages with the same three calls: two to be reviewed, one that is denied."""
    monkeypatch.chdir(tmp_path)
    for file in FILES:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(CODE)
    return tmp_path


def judged(
    project: Path, *approvals: str, today: str = "2026-06-01"
) -> dict[tuple[str, int], tuple[str, str, str]]:
    """What is said of each call: its code, how serious that is, and the end of the message."""
    reviewed, denied = JOB_TYPE.format(decision="review"), JOB_TYPE.format(decision="deny")
    lines = ["job_types:", f"  reviewed: {reviewed}", f"  denied: {denied}"]
    lines += ["approvals:", *(f"  - {{by: '@risk', reason: fine, {each}}}" for each in approvals)]
    (project / "bgmode.yaml").write_text("\n".join(lines if approvals else lines[:-1]) + "\n")
    command = ["check", "--today", today, "--output-format", "json", "."]
    done = CliRunner().invoke(group, command)
    assert done.exit_code in (0, 1), done.output
    found = json.loads(done.stdout)["findings"]
    assert len({(each["path"], each["line"]) for each in found}) == len(found)
    return {
        (each["path"], each["line"]): (each["code"], each["severity"], each["message"])
        for each in found
    }


def open_calls(found: dict[tuple[str, int], tuple[str, str, str]]) -> set[tuple[str, int]]:
    return {place for place, (_, severity, _) in found.items() if severity == "error"}


ALL = {(file, line) for file in FILES for line in (FIRST, SECOND, AGAIN)}


def test_without_any_approval_all_are_open(project: Path) -> None:
    found = judged(project)
    assert open_calls(found) == ALL
    assert {place[1]: code for place, (code, _, _) in found.items()} == {
        FIRST: "BGM204",
        SECOND: "BGM204",
        AGAIN: "BGM203",
    }


@pytest.mark.parametrize(
    ("approval", "covered"),
    [
        ("job_type: reviewed", {(file, line) for file in FILES for line in (FIRST, SECOND)}),
        ("job_type: denied", {(file, AGAIN) for file in FILES}),
        ("path: jobs/work.py", {("jobs/work.py", line) for line in (FIRST, SECOND, AGAIN)}),
        ("path: jobs/deep", {("jobs/deep/work.py", line) for line in (FIRST, SECOND, AGAIN)}),
        ("path: 'jobs/*/work.py'", {("jobs/deep/work.py", n) for n in (FIRST, SECOND, AGAIN)}),
        ("path: work.py", ALL),
        ("symbol: jobs.work.first", {("jobs/work.py", FIRST)}),
        ("symbol: jobs.work.Work", {("jobs/work.py", SECOND)}),
        ("symbol: jobs.work.Work.second", {("jobs/work.py", SECOND)}),
        ("symbol: jobs.deep", {("jobs/deep/work.py", n) for n in (FIRST, SECOND, AGAIN)}),
        ("symbol: work.first", {(file, FIRST) for file in FILES}),
        ("symbol: ork.first", set()),
        ("symbol: jobs.wor", set()),
        ("job_type: denied, path: jobs/deep/**", {("jobs/deep/work.py", AGAIN)}),
        ("job_type: denied, symbol: jobs.work.first", set()),
        ("path: jobs/work.py, symbol: jobs.deep.work.first", set()),
    ],
)
def test_what_an_approval_covers(
    project: Path, approval: str, covered: set[tuple[str, int]]
) -> None:
    assert ALL - open_calls(judged(project, approval)) == covered


def test_paths_are_seen_from_the_policy_wherever_the_command_runs(project: Path) -> None:
    judged(project, "path: jobs/deep/work.py")
    for folder, argument in (
        (project / "jobs" / "deep", "work.py"),
        (project / "jobs", str(project / "jobs" / "deep" / "work.py")),
        (project.parent, f"{project.name}/jobs/deep/work.py"),
    ):
        assert bgmode("check", argument, cwd=folder).returncode == 0
    assert bgmode("check", "../work.py", cwd=project / "jobs" / "deep").returncode == 1


@pytest.mark.parametrize(
    ("today", "severity", "end"),
    [
        ("2026-05-16", None, ""),
        ("2026-05-17", "info", "ends on 2026-05-31, in 14 days"),
        ("2026-05-30", "info", "ends on 2026-05-31, in 1 day"),
        ("2026-05-31", "info", "ends on 2026-05-31, today"),
        ("2026-06-01", "error", "its approval has expired"),
    ],
)
def test_the_days_around_the_last_one(
    project: Path, today: str, severity: str | None, end: str
) -> None:
    found = judged(project, "path: work.py, until: 2026-05-31", today=today)
    if severity is None:
        assert found == {}
        return
    assert set(found) == ALL
    for (_, line), (code, how, message) in found.items():
        assert (code, how) == ("BGM203" if line == AGAIN else "BGM204", severity)
        if line != AGAIN or severity == "info":
            assert message.endswith(end)


def test_a_reminder_does_not_fail_the_run(project: Path) -> None:
    judged(project, "path: work.py, until: 2026-05-31", today="2026-05-31")
    command = ("check", "--today", "2026-05-31", ".")
    assert bgmode(*command, cwd=project).returncode == 0
    assert bgmode(*command, "--fail-on", "info", cwd=project).returncode == 1


@pytest.mark.parametrize(
    ("last_days", "message"),
    [
        (("2026-05-01", "2026-06-10"), "ends on 2026-06-10, in 9 days"),
        (("2026-06-03", "2026-06-10"), "ends on 2026-06-10, in 9 days"),
        (("2026-06-10", "2026-06-03"), "ends on 2026-06-10, in 9 days"),
        (("2026-06-03", "2026-06-16"), None),
        (("2026-06-03", None), None),
        ((None, "2026-05-01"), None),
        (("2026-05-01", "2026-05-31"), "its approval has expired"),
    ],
)
def test_several_approvals_last_as_long_as_the_longest(
    project: Path, last_days: tuple[str | None, ...], message: str | None
) -> None:
    said = [f"job_type: reviewed, until: {day}" if day else "path: jobs" for day in last_days]
    found = judged(project, *said, "job_type: denied")
    assert open_calls(found) == (ALL if message and "expired" in message else set()) - {
        (file, AGAIN) for file in FILES
    }
    messages = {text for _, _, text in found.values()}
    assert len(messages) == (message is not None)
    assert all(message and text.endswith(message) for text in messages)


def test_notes_name_those_in_force(project: Path) -> None:
    judged(
        project,
        "job_type: reviewed, until: 2026-05-01",
        "job_type: reviewed, until: 2026-06-10",
        "job_type: reviewed, until: 2026-06-03",
    )
    done = bgmode("check", "--today", "2026-06-01", "--output-format", "json", cwd=project)
    found = [f for f in json.loads(done.stdout)["findings"] if f["code"] == "BGM204"]
    expected = [
        ("approved by @risk until 2026-06-10", "bgmode.yaml", 6),
        ("approved by @risk until 2026-06-03", "bgmode.yaml", 7),
    ]
    for finding in found:
        notes = [(note["message"], note["path"], note["line"]) for note in finding["notes"]]
        assert notes == expected
    assert len(found) == 4


def test_an_approval_of_nothing_in_particular_is_an_error(project: Path) -> None:
    (project / "bgmode.yaml").write_text("approvals:\n  - {by: '@risk', reason: fine}\n")
    done = bgmode("check", cwd=project)
    assert done.returncode == 2
    assert "an approval must name a job_type, a path or a symbol" in done.stderr
