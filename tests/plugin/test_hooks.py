"""The hooks under the real pre-commit, on a repository that the test makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.command import BAD, BIN
from tests.conftest import ROOT

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")
HOOKS = ("bgmode", "bgmode-fix", "bgmode-policy", "bgmode-project")


def git(*arguments: str, cwd: Path) -> str:
    return subprocess.run(
        [*GIT, *arguments],
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What names this project's hooks, whatever state the work tree is in."""
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
    revision = git("rev-parse", "HEAD", cwd=source).strip()
    hooks = "".join(f"\n      - id: {hook}" for hook in HOOKS)
    return f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks:{hooks}\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit installs this project, once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def repository(config: str, tmp_path: Path) -> Path:
    """A repository with the hooks, one file that has findings, and one that has none."""
    work = tmp_path / "work"
    work.mkdir()
    git("init", "-q", cwd=work)
    (work / "a.py").write_text("# bgmode: job-type=report\n" + BAD)
    (work / "clean.py").write_text("x = 1\n")
    (work / "bgmode.yaml").write_text(
        "job_types:\n  report: {background: allow, stored_state: allowed}\n"
    )
    (work / ".pre-commit-config.yaml").write_text(config)
    git("add", ".", cwd=work)
    git("commit", "-q", "-m", "start", cwd=work)
    return work


def run(hook: str, repository: Path, cache: Path) -> tuple[int, str]:
    """What pre-commit says when it runs one hook on all files of a repository."""
    done = subprocess.run(
        [BIN / "pre-commit", "run", hook, "--all-files"],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "PRE_COMMIT_HOME": str(cache)},
    )
    return done.returncode, done.stdout + done.stderr


def test_the_manifest_is_valid() -> None:
    subprocess.run(
        [BIN / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], check=True
    )


def test_check_and_fix(repository: Path, cache: Path) -> None:
    code, output = run("bgmode", repository, cache)
    assert code == 1
    assert "a.py:11:9" in output
    assert "BGM101" in output
    code, output = run("bgmode-fix", repository, cache)
    assert code == 1
    assert "store=True" in (repository / "a.py").read_text()
    code, output = run("bgmode-fix", repository, cache)
    assert "BGM101" not in output


def test_the_policy_and_the_whole_project(repository: Path, cache: Path) -> None:
    (repository / "bgmode.yaml").write_text("rules: {BGM1O1: off}\n")
    git("add", ".", cwd=repository)
    code, output = run("bgmode-policy", repository, cache)
    assert code == 1
    assert "bgmode.yaml:1:9: rules.BGM1O1: unknown rule" in output
    (repository / "bgmode.yaml").write_text("preset: minimal\n")
    git("add", ".", cwd=repository)
    code, output = run("bgmode-policy", repository, cache)
    assert code == 0
    code, output = run("bgmode-project", repository, cache)
    assert code == 1
    assert "a.py" in output


def test_a_commit_is_refused(repository: Path, cache: Path) -> None:
    environment = {**os.environ, "PRE_COMMIT_HOME": str(cache)}
    subprocess.run([BIN / "pre-commit", "install"], cwd=repository, check=True, capture_output=True)
    (repository / "a.py").write_text((repository / "a.py").read_text() + "\n")
    done = subprocess.run(
        [*GIT, "commit", "-am", "more"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 1
    assert "BGM101" in done.stdout + done.stderr
    assert "more" not in git("log", "--format=%s", cwd=repository)
