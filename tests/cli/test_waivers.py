"""``bgmode waivers list``: every ignore comment and waiver, how it stands, and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bgmode.cli.group import group
from tests.command import bgmode

CALL = "from openai import OpenAI\n\nOpenAI().responses.create(background=True, store=True)"
WAIVER = "  - {rules: [BGM401], paths: ['*.py'], reason: old, owner: '@a', until: 2026-06-10}\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, today: str = "2026-06-01") -> Result:
    return CliRunner().invoke(group, ["waivers", "list", "--today", today, *arguments])


def listed(*arguments: str, today: str = "2026-06-01") -> list[dict[str, Any]]:
    done = run("--output-format", "json", *arguments, today=today)
    assert done.exit_code in (0, 1), done.output
    data = json.loads(done.stdout)
    assert (data["version"], data["today"]) == (1, today)
    found: list[dict[str, Any]] = data["waivers"]
    return found


def test_nothing_is_waived(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CALL)
    done = bgmode("waivers", "list", cwd=tmp_path)
    expected = "0 comments and waivers, 0 lapsed\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


def test_a_comment_and_a_waiver_in_words() -> None:
    Path("bgmode.yaml").write_text(
        "waivers:\n"
        "  - rules: [BGM501, unbounded-poll]\n"
        "    paths: ['*.py', old/**]\n"
        "    symbol: f\n"
        "    reason: is replaced\n"
        "    owner: '@team'\n"
        "    ticket: T-1\n"
        "    until: 2026-06-30\n"
    )
    Path("a.py").write_text(CALL + '  # bgmode: ignore[BGM401] reason="in the queue"\n')
    done = run()
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "a.py:3: comment BGM401",
        "    why    in the queue",
        "    state  no end",
        "bgmode.yaml:2: waiver BGM501, BGM303",
        "    where  *.py, old/**, f",
        "    why    @team, T-1, is replaced",
        "    state  until 2026-06-30 (29 days), not needed",
        "2 comments and waivers, 0 lapsed",
    ]


def test_every_field_in_json() -> None:
    Path("bgmode.yaml").write_text("waivers:\n" + WAIVER)
    Path("a.py").write_text(CALL + "\n")
    (found,) = listed()
    assert found == {
        "kind": "waiver",
        "path": "bgmode.yaml",
        "line": 2,
        "rules": ["BGM401"],
        "paths": ["*.py"],
        "symbol": None,
        "reason": "old",
        "owner": "@a",
        "ticket": None,
        "until": "2026-06-10",
        "days_left": 9,
        "lapsed": False,
        "lacks": [],
        "needed": True,
    }


@pytest.mark.parametrize(
    ("today", "lapsed", "state"),
    [
        ("2026-06-09", 0, "until 2026-06-10 (1 days)"),
        ("2026-06-10", 0, "until 2026-06-10 (0 days)"),
        ("2026-06-11", 1, "expired on 2026-06-10"),
    ],
)
@pytest.mark.parametrize("kind", ["comment", "waiver"])
def test_the_last_day_counts(kind: str, today: str, lapsed: int, state: str) -> None:
    if kind == "waiver":
        Path("bgmode.yaml").write_text("waivers:\n" + WAIVER)
    ignore = "  # bgmode: ignore[BGM401] reason=old owner=@a until=2026-06-10\n"
    Path("a.py").write_text(CALL + (ignore if kind == "comment" else "\n"))
    done = run(today=today)
    assert done.exit_code == lapsed
    assert f"    state  {state}".split(" (")[0] in done.stdout
    assert done.stdout.endswith(f"1 comment or waiver, {lapsed} lapsed\n")
    assert [each["lapsed"] for each in listed(today=today)] == [bool(lapsed)]


def test_what_lacks_something_has_lapsed() -> None:
    Path("bgmode.yaml").write_text("suppressions: {require: [reason, ticket]}\n")
    Path("a.py").write_text(CALL + "  # bgmode: ignore[BGM401]\n")
    done = run()
    assert done.exit_code == 1
    assert "state  not valid: without reason and ticket" in done.stdout
    assert [(each["lapsed"], each["needed"]) for each in listed()] == [(True, False)]


@pytest.mark.parametrize(
    ("days", "lines"),
    [("0", [3]), ("8", [3]), ("9", [3, 4]), ("29", [3, 4, 5]), ("9" * 30, [3, 4, 5])],
)
def test_those_that_expire_soon(days: str, lines: list[int]) -> None:
    last = ("2026-05-31", "2026-06-10", "2026-06-30", None)
    entries = [
        f"  - {{rules: [BGM401], symbol: s{number}{f', until: {day}' if day else ''}, reason: r}}\n"
        for number, day in enumerate(last)
    ]
    Path("bgmode.yaml").write_text("# ours\nwaivers:\n" + "".join(entries))
    assert [each["line"] for each in listed("--expiring-in", days)] == lines
    assert run("--expiring-in", days).exit_code == 1


def test_nothing_expires_soon() -> None:
    Path("bgmode.yaml").write_text("waivers:\n" + WAIVER)
    assert run("--expiring-in", "8").exit_code == 0
    assert run("--expiring-in", "9").exit_code == 1
    assert run("--expiring-in", "-1").exit_code == 2


def test_waivers_of_an_extended_file_are_shown_once_where_they_stand() -> None:
    Path("base.yaml").write_text("waivers:\n" + WAIVER)
    for folder in ("one", "two"):
        Path(folder).mkdir()
        Path(folder, "bgmode.yaml").write_text("extends: [../base.yaml]\n")
    Path("one", "a.py").write_text(CALL + "\n")
    found = [(each["path"], each["line"], each["needed"]) for each in listed()]
    assert found == [("base.yaml", 2, True)]
    Path("one", "a.py").write_text("x = 1\n")
    assert [each["needed"] for each in listed()] == [False]


def test_policies_above_and_named_ones() -> None:
    Path("bgmode.yaml").write_text("waivers:\n" + WAIVER)
    Path("other.yaml").write_text("waivers:\n\n" + WAIVER)
    Path("deep").mkdir()
    Path("deep", "a.py").write_text(CALL + "\n")
    assert [(each["path"], each["line"]) for each in listed("deep/a.py")] == [("bgmode.yaml", 2)]
    named = listed("--policy", "other.yaml", "deep")
    assert [(each["path"], each["line"]) for each in named] == [("other.yaml", 3)]


def test_a_malformed_comment_is_none_and_costs_no_other() -> None:
    Path("a.py").write_text(
        CALL + "  # bgmode: ignore BGM401\n" + CALL + "  # bgmode: ignore[BGM401] until=soon\n"
        'x = "# bgmode: ignore[BGM101]"\n' + CALL + "  # bgmode: ignore[BGM401]\n"
    )
    assert [(each["line"], each["rules"]) for each in listed()] == [(10, ["BGM401"])]


def test_what_cannot_be_read_is_an_error_and_the_rest_is_there() -> None:
    Path("bgmode.yaml").write_text("waivers:\n" + WAIVER)
    Path("a.py").write_text(CALL + "\n")
    done = run("a.py", "gone.py")
    assert done.exit_code == 2
    assert "bgmode.yaml:2: waiver BGM401" in done.stdout
    assert "error: gone.py: there is no such file or folder" in done.stderr
    done = run("--policy", "gone.yaml")
    assert done.exit_code == 2
    assert "error: gone.yaml:1:1: No such file or directory" in done.stderr
    Path("deep").mkdir()
    Path("deep", "bgmode.yaml").write_text("waiver: []\n")
    done = run()
    assert done.exit_code == 2
    assert "bgmode.yaml:2: waiver BGM401" in done.stdout
    assert "error: deep/bgmode.yaml:1:1: waiver: unknown key" in done.stderr
