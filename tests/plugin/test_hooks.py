"""The hooks under the real pre-commit, on a repository that the test makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.command import BAD, BIN
from tests.conftest import ROOT


def git(*arguments: str, cwd: Path) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=cwd,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one file that has findings, one that has none, and a script."""
    work = tmp_path / "work"
    work.mkdir()
    git("init", "-q", cwd=work)
    (work / "a.py").write_text("# bgmode: job-type=report\n" + BAD)
    (work / "clean.py").write_text("x = 1\n")
    (work / "bgmode.yaml").write_text(
        "job_types:\n  report: {background: allow, stored_state: allowed}\n"
    )
    git("add", ".", cwd=work)
    git("commit", "-q", "-m", "start", cwd=work)
    return work


@pytest.fixture(scope="module")
def hook_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a repository of its own, whatever state the work tree is in."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wanted = ("src/", "rules/", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
    for name in listed.split("\0"):
        if name.startswith(wanted) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    git("init", "-q", cwd=source)
    git("add", ".", cwd=source)
    git("commit", "-q", "-m", "start", cwd=source)
    return source


def try_repo(hook: str, source: Path, cwd: Path, tmp_path: Path) -> tuple[int, str]:
    done = subprocess.run(
        [BIN / "pre-commit", "try-repo", str(source), hook, "--all-files"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")},
    )
    return done.returncode, done.stdout + done.stderr


def test_the_manifest_is_valid() -> None:
    subprocess.run(
        [BIN / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], check=True
    )


def test_check_and_fix(repository: Path, hook_source: Path, tmp_path: Path) -> None:
    code, output = try_repo("bgmode", hook_source, repository, tmp_path)
    assert code == 1
    assert "a.py:11:9" in output
    assert "BGM101" in output
    code, output = try_repo("bgmode-fix", hook_source, repository, tmp_path)
    assert code == 1
    assert "store=True" in (repository / "a.py").read_text()
    code, output = try_repo("bgmode-fix", hook_source, repository, tmp_path)
    assert "BGM101" not in output


def test_the_policy_and_the_whole_project(
    repository: Path, hook_source: Path, tmp_path: Path
) -> None:
    (repository / "bgmode.yaml").write_text("rules: {BGM1O1: off}\n")
    git("add", ".", cwd=repository)
    code, output = try_repo("bgmode-policy", hook_source, repository, tmp_path)
    assert code == 1
    assert "bgmode.yaml:1:9: rules.BGM1O1: unknown rule" in output
    (repository / "bgmode.yaml").write_text("preset: minimal\n")
    git("add", ".", cwd=repository)
    code, output = try_repo("bgmode-policy", hook_source, repository, tmp_path)
    assert code == 0
    code, output = try_repo("bgmode-project", hook_source, repository, tmp_path)
    assert code == 1
    assert "a.py" in output
