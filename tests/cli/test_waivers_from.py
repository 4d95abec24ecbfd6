"""``bgmode check --waivers-from`` in real repositories: no change excuses itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bgmode.cli.group import group
from tests.command import bgmode

IGNORE = '  # bgmode: ignore[BGM401] reason="in the queue"'
CREATE = "    return client.responses.create(input=p, background=True, store=True).id"
CODE = f"""\
from openai import OpenAI

client = OpenAI()


def ignored(p):
{CREATE}{IGNORE}


def waived(p):
{CREATE}
"""
ADDED = f"\n\ndef added(p):\n{CREATE}"
WAIVER = "  - {rules: [BGM401], symbol: a.waived, reason: old, owner: '@a', until: 2026-12-31}\n"
POLICY = "waivers:\n" + WAIVER
IGNORED, WAIVED = 7, 11

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(
        ["git", *settings, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env={**clean, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
    )


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "change")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A commit in which one finding is ignored by a comment and one is waived."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.py").write_text(CODE)
    (folder / "bgmode.yaml").write_text(POLICY)
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str, revision: str = "HEAD") -> Result:
    command = ["check", "--today", "2026-06-01", "--output-format", "json"]
    return CliRunner().invoke(group, [*command, "--waivers-from", revision, *arguments])


def found(*arguments: str, revision: str = "HEAD") -> list[tuple[str, int, str]]:
    done = run(*arguments, revision=revision)
    findings = [(f["path"], f["line"], f["code"]) for f in json.loads(done.stdout)["findings"]]
    assert done.exit_code == int(bool(findings)), done.output
    return findings


def test_what_was_there_counts(repository: Path) -> None:
    assert found() == []
    done = bgmode("check", "--waivers-from", "HEAD", "--today", "2026-06-01", cwd=repository)
    assert (done.returncode, done.stdout) == (0, "no findings in 1 file (2 suppressed)\n")


def test_lines_that_have_moved_do_not_matter(repository: Path) -> None:
    (repository / "a.py").write_text("# one\n# two\n" + CODE)
    (repository / "bgmode.yaml").write_text("# one\n" + POLICY)
    assert found() == []


def test_an_added_comment_does_not_count(repository: Path) -> None:
    (repository / "a.py").write_text(CODE + ADDED + IGNORE.replace("queue", "backlog") + "\n")
    assert found() == [("a.py", 15, "BGM401")]
    commit(repository)
    assert found() == []
    assert found(revision="HEAD~1") == [("a.py", 15, "BGM401")]


def test_a_copied_comment_does_not_count(repository: Path) -> None:
    (repository / "a.py").write_text(CODE + ADDED + IGNORE + "\n")
    assert found() == [("a.py", 15, "BGM401")]


def test_a_comment_that_is_moved_to_other_code_does_not_count(repository: Path) -> None:
    mended = CODE.replace(f"{CREATE}{IGNORE}", "    return None")
    (repository / "a.py").write_text(mended + ADDED + IGNORE + "\n")
    assert found() == [("a.py", 15, "BGM401")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("in the queue", "in the queues"),
        ("[BGM401]", "[BGM401, BGM501]"),
        ('queue"', 'queue" until=2026-12-31'),
        ('queue"', 'queue" owner=@a'),
    ],
)
def test_an_edited_comment_does_not_count(repository: Path, old: str, new: str) -> None:
    (repository / "a.py").write_text(CODE.replace(old, new))
    assert found() == [("a.py", IGNORED, "BGM401")]


def test_a_comment_that_is_taken_away_is_gone(repository: Path) -> None:
    (repository / "a.py").write_text(CODE.replace(IGNORE, ""))
    assert found() == [("a.py", IGNORED, "BGM401")]


@pytest.mark.parametrize(
    "change",
    [
        WAIVER.replace("a.waived", "a.added"),
        WAIVER.replace("symbol: a.waived", "paths: ['*.py']"),
        WAIVER.replace("symbol: a.waived", "symbol: a"),
    ],
)
def test_an_added_waiver_does_not_count(repository: Path, change: str) -> None:
    (repository / "a.py").write_text(CODE + ADDED + "\n")
    (repository / "bgmode.yaml").write_text(POLICY + change)
    assert [each for each in found() if each[0] == "a.py"] == [("a.py", 15, "BGM401")]
    commit(repository)
    assert [each for each in found() if each[0] == "a.py"] == []


def test_a_longer_date_does_not_count(repository: Path) -> None:
    (repository / "bgmode.yaml").write_text(POLICY.replace("2026-12-31", "2026-05-31"))
    commit(repository)
    (repository / "bgmode.yaml").write_text(POLICY)
    assert ("a.py", WAIVED, "BGM401") in found()


def test_an_added_approval_does_not_count(repository: Path) -> None:
    job_type = (
        "{description: d, data_class: internal, background: review, interaction: background, "
        "stored_state: allowed, retrieval: polling, zdr_compatible: not-required, reason: r, "
        "fallback: sync}"
    )
    typed = POLICY + f"job_types:\n  reviewed: {job_type}\npaths: {{'*.py': reviewed}}\n"
    (repository / "bgmode.yaml").write_text(typed)
    commit(repository)
    expected = [("a.py", IGNORED, "BGM204"), ("a.py", WAIVED, "BGM204")]
    assert found() == expected
    approval = "approvals:\n  - {job_type: reviewed, by: '@a', reason: r}\n"
    (repository / "bgmode.yaml").write_text(typed + approval)
    assert found() == expected
    commit(repository)
    assert found() == []


def test_an_extended_file_is_that_of_the_revision(repository: Path) -> None:
    (repository / "bgmode.yaml").write_text("extends: [shared/base.yaml]\n")
    (repository / "shared").mkdir()
    (repository / "shared" / "base.yaml").write_text(POLICY)
    commit(repository)
    assert found() == []
    (repository / "a.py").write_text(CODE + ADDED + "\n")
    more = POLICY + WAIVER.replace("a.waived", "a.added")
    (repository / "shared" / "base.yaml").write_text(more)
    assert [each for each in found() if each[0] == "a.py"] == [("a.py", 15, "BGM401")]


def test_what_is_extended_anew_does_not_count(repository: Path) -> None:
    (repository / "more.yaml").write_text("waivers:\n" + WAIVER.replace("a.waived", "a.added"))
    commit(repository)
    (repository / "a.py").write_text(CODE + ADDED + "\n")
    (repository / "bgmode.yaml").write_text("extends: [more.yaml]\n" + POLICY)
    assert [each for each in found() if each[0] == "a.py"] == [("a.py", 15, "BGM401")]


def test_new_files_have_no_excuses(repository: Path) -> None:
    (repository / "deep").mkdir()
    (repository / "deep" / "a.py").write_text(CODE)
    (repository / "deep" / "bgmode.yaml").write_text(POLICY)
    lines = [(path, line) for path, line, code in found() if code == "BGM401"]
    assert lines == [("deep/a.py", IGNORED), ("deep/a.py", WAIVED)]


def test_a_renamed_file_has_lost_its_comments(repository: Path) -> None:
    git(repository, "mv", "a.py", "b.py")
    assert ("b.py", IGNORED, "BGM401") in found("b.py")


def test_the_policy_above_the_files(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = repository / "src" / "deep"
    inner.mkdir(parents=True)
    (inner / "a.py").write_text(CODE)
    commit(repository)
    assert found("src") == []
    monkeypatch.chdir(inner)
    assert found() == []
    assert found("a.py", "../../a.py", str(repository / "a.py")) == []
    (repository / "bgmode.yaml").write_text(POLICY + WAIVER.replace("a.waived", "added"))
    (inner / "a.py").write_text(CODE + ADDED + "\n")
    expected = [("a.py", 15, "BGM401")]
    assert [each for each in found("a.py") if each[2] == "BGM401"] == expected
    monkeypatch.chdir(repository / "src")
    assert [each[1:] for each in found(str(inner / "a.py")) if each[2] == "BGM401"] == [
        (15, "BGM401")
    ]


def test_a_named_policy(repository: Path) -> None:
    (repository / "bgmode.yaml").rename(repository / "named.yaml")
    commit(repository)
    assert found("--policy", "named.yaml") == []
    assert found() == [("a.py", WAIVED, "BGM401")]
    (repository / "new.yaml").write_text(POLICY)
    assert ("a.py", WAIVED, "BGM401") in found("--policy", "new.yaml")


def test_a_repository_inside_another(repository: Path) -> None:
    inner = repository / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "a.py").write_text(CODE)
    (inner / "bgmode.yaml").write_text(POLICY)
    commit(inner)
    assert found("inner") == []
    (inner / "a.py").write_text(CODE + ADDED + IGNORE + "\n")
    assert found("inner") == [("inner/a.py", 15, "BGM401")]


def test_waivers_that_the_change_removes_are_gone(repository: Path) -> None:
    (repository / "bgmode.yaml").write_text("waivers: []\n")
    assert found() == [("a.py", WAIVED, "BGM401")]
    (repository / "a.py").write_text(CODE.split("\n\n\ndef waived")[0] + "\n")
    assert found() == []


def test_a_policy_that_was_broken_excuses_nothing(repository: Path) -> None:
    (repository / "bgmode.yaml").write_text("waivers: 3\n")
    commit(repository)
    (repository / "bgmode.yaml").write_text(POLICY)
    assert ("a.py", WAIVED, "BGM401") in found()


def test_from_another_folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.parent)
    assert found("repository") == []
    assert found(str(repository)) == []


def test_standard_input_is_known_by_its_name(repository: Path) -> None:
    command = ("check", "--today", "2026-06-01", "--waivers-from", "HEAD", "-")
    changed = (CODE + ADDED + IGNORE + "\n").encode()
    done = bgmode(*command, "--stdin-filename", "a.py", cwd=repository, stdin=CODE.encode())
    assert done.returncode == 0, done.stdout
    done = bgmode(*command, "--stdin-filename", "a.py", cwd=repository, stdin=changed)
    assert done.returncode == 1


@pytest.mark.parametrize("revision", ["no-such-branch", "", "HEAD:a.py", "HEAD^{tree}", "--all"])
def test_what_is_no_revision_is_an_error(repository: Path, revision: str) -> None:  # noqa: ARG001
    done = run(revision=revision)
    assert done.exit_code == 2
    assert "--waivers-from: " in done.stderr


def test_without_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("a.py").write_text(CODE)
    done = run("a.py")
    assert done.exit_code == 2
    assert "--waivers-from: " in done.stderr
    assert "git repository" in done.stderr


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    done = run()
    assert done.exit_code == 2
    assert "--waivers-from: git is not installed" in done.stderr


def test_a_revision_that_is_not_there_is_said_even_if_no_file_needs_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "empty.py").write_text("x = 1\n")
    done = bgmode("check", "--waivers-from", "typo", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no git revision `typo`" in done.stderr


def test_a_policy_that_a_change_points_at_excuses_nothing(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        own = ["-c", "user.email=a@example.org", "-c", "user.name=a"]
        subprocess.run(["git", "-C", str(tmp_path), *own, *words], check=True)

    git("init", "-q")
    call = "from openai import OpenAI\nOpenAI().responses.create(background=True, store=False)\n"
    (tmp_path / "a.py").write_text(call)
    waiver = "waivers: [{rules: [BGM102, BGM401, BGM501], paths: a.py, reason: x}]\n"
    (tmp_path / "all.yaml").write_text(waiver)
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    git("add", ".")
    git("commit", "-q", "-m", "start")
    (tmp_path / "pyproject.toml").write_text('[tool.bgmode]\npolicy = "all.yaml"\n')
    assert bgmode("check", ".", cwd=tmp_path).returncode == 0
    assert bgmode("check", "--waivers-from", "HEAD", ".", cwd=tmp_path).returncode == 1
    git("commit", "-q", "-a", "-m", "named")
    assert bgmode("check", "--waivers-from", "HEAD", ".", cwd=tmp_path).returncode == 0
