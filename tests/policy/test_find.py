"""Which policy file applies: the nearest one, or the one that pyproject.toml names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bgmode.policy.find import find_above, find_policy
from tests.command import BAD, BIN, bgmode

QUIET = "rules: {BGM101: off}\n"
SILENT = "rules: {BGM101: off, BGM401: off}\n"
NAMES = '[tool.bgmode]\npolicy = "config/named.yaml"\n'


def write(folder: Path, **files: str | bytes) -> None:
    """Write files below ``folder``; ``a__b`` is b in the folder a, and ``_yaml`` an ending."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def codes(folder: Path, *paths: str) -> list[str]:
    """The codes that the command finds."""
    done = bgmode("check", "--output-format", "concise", *paths, cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    return [line.split(" ")[1] for line in done.stdout.splitlines() if ": BGM" in line]


def agreed(folder: Path) -> list[str]:
    """The same, where flake8 finds them as well."""
    found = codes(folder)
    assert sorted(line.split(" ")[1] for line in flake8(folder)) == sorted(found)
    return found


def flake8(folder: Path, *paths: str) -> list[str]:
    done = subprocess.run(
        [BIN / "flake8", "--isolated", "--select", "BGM", *(paths or (".",))],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def refused(folder: Path, *arguments: str) -> list[str]:
    """The errors of the command."""
    done = bgmode("check", *arguments, cwd=folder)
    assert done.returncode == 2
    return done.stderr.splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One file with two findings."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(BAD)
    return tmp_path


def test_without_a_policy(project: Path) -> None:
    assert codes(project) == ["BGM101", "BGM401"]


@pytest.mark.parametrize("name", ["bgmode.yaml", ".bgmode.yaml"])
def test_both_names_are_found(project: Path, name: str) -> None:
    (project / name).write_text(QUIET)
    assert codes(project) == ["BGM401"]
    assert codes(project / "src") == ["BGM401"]


def test_pyproject_names_a_policy(project: Path) -> None:
    write(project, pyproject_toml=NAMES, config__named_yaml=QUIET)
    assert agreed(project) == ["BGM401"]
    assert agreed(project / "src") == ["BGM401"]
    assert codes(project, "src/a.py") == ["BGM401"]
    assert find_policy(str(project / "src" / "a.py")) == str(project / "config/named.yaml")


def test_an_absolute_name(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "p.yaml"
    elsewhere.write_text(QUIET)
    write(project, pyproject_toml=f"[tool.bgmode]\npolicy = '{elsewhere}'\n")
    assert codes(project) == ["BGM401"]


@pytest.mark.parametrize("name", ["bgmode.yaml", ".bgmode.yaml"])
def test_a_policy_file_is_preferred_to_pyproject_beside_it(project: Path, name: str) -> None:
    write(project, pyproject_toml=NAMES, config__named_yaml=SILENT)
    (project / name).write_text(QUIET)
    assert codes(project) == ["BGM401"]


def test_the_plain_name_is_preferred_to_the_hidden_one(project: Path) -> None:
    (project / "bgmode.yaml").write_text(QUIET)
    (project / ".bgmode.yaml").write_text(SILENT)
    assert codes(project) == ["BGM401"]


def test_the_nearer_folder_counts_whatever_the_kind(project: Path) -> None:
    write(project, src__pyproject_toml=NAMES, src__config__named_yaml=QUIET, bgmode_yaml=SILENT)
    assert agreed(project) == ["BGM401"]
    (project / "src" / "pyproject.toml").unlink()
    assert codes(project) == []


def test_a_nearer_pyproject_without_our_table_is_passed_over(project: Path) -> None:
    write(project, src__pyproject_toml="[project]\nname = 'x'\n[tool.ruff]\n", bgmode_yaml=QUIET)
    assert codes(project) == ["BGM401"]


def test_an_option_is_preferred_to_everything(project: Path) -> None:
    write(project, pyproject_toml=NAMES, config__named_yaml=QUIET, other_yaml=SILENT)
    assert bgmode("check", "--policy", "other.yaml", cwd=project).returncode == 0
    assert bgmode("check", cwd=project).returncode == 1


@pytest.mark.parametrize(
    "content",
    [
        "[tool.bgmode]\npolicy = 3\n",
        "[tool.bgmode]\npolicy = ['config/named.yaml']\n",
        "[tool.bgmode]\n",
        "[tool.bgmode]\npolice = 'config/named.yaml'\n",
        "[tool.bgmode]\npolicy = 'pyproject.toml'\n",
        "[tool.bgmode]\npolicy = 'config/named.yaml\n",
        b"[tool.bgmode]\npolicy = '\xff'\n",
    ],
)
def test_a_table_that_names_no_policy_is_an_error(project: Path, content: str | bytes) -> None:
    write(project, pyproject_toml=content, config__named_yaml=SILENT)
    assert refused(project)[0].startswith("error: pyproject.toml:")
    if b"3" in (project / "pyproject.toml").read_bytes():
        assert [line.split(" ")[1] for line in flake8(project)] == ["BGM009"]


def test_a_policy_that_is_not_there_is_an_error(project: Path) -> None:
    write(project, pyproject_toml=NAMES)
    assert refused(project)[0].startswith("error: config/named.yaml:1:1: ")
    assert [line.split(" ")[1] for line in flake8(project)] == ["BGM009"]
    assert refused(project, "src/a.py")[0].startswith("error: config/named.yaml:1:1: ")


def test_a_policy_with_a_mistake_is_an_error_at_its_line(project: Path) -> None:
    write(project, pyproject_toml=NAMES, config__named_yaml="# ours\nrulez: {}\n")
    assert refused(project)[0] == (
        "error: config/named.yaml:2:1: rulez: unknown key, did you mean `rules`?"
    )


def test_other_commands_find_the_same_policy(project: Path) -> None:
    write(project, pyproject_toml=NAMES, config__named_yaml=QUIET)
    done = bgmode("policy", "validate", cwd=project)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "config/named.yaml")
    assert "config/named.yaml" in bgmode("policy", "show", "src/a.py", cwd=project).stdout
    assert '"config/named.yaml"' in bgmode("audit", "--output-format", "json", cwd=project).stdout


@pytest.mark.parametrize(
    "content",
    [
        "[tool]\nbgmode = {policy = 'config/named.yaml'}\n",
        "[ tool . bgmode ]\npolicy = 'config/named.yaml'\n",
        "tool.bgmode.policy = 'config/named.yaml'\n",
        "[tool.'bgmode']\npolicy = 'config/named.yaml'\n",
    ],
)
def test_every_spelling_of_the_table(project: Path, content: str) -> None:
    write(project, pyproject_toml=content, config__named_yaml=QUIET)
    assert codes(project) == ["BGM401"]


@pytest.mark.parametrize("content", ["# no tool.bgmode here\n", "[tool.bgmode-more]\nx = 1\n"])
def test_the_words_alone_are_no_table(project: Path, content: str) -> None:
    write(project, pyproject_toml=content)
    assert codes(project) == ["BGM101", "BGM401"]


def test_patterns_begin_where_the_policy_is_named(project: Path) -> None:
    waiver = "waivers:\n  - {rules: [BGM101, BGM401], paths: ['src/**'], reason: r}\n"
    write(project, pyproject_toml=NAMES, config__named_yaml=waiver)
    assert codes(project) == []
    assert codes(project / "src") == []


def test_the_nearest_file_of_a_name(project: Path) -> None:
    write(project, x_yaml="", src__deep__y_yaml="")
    inside = str(project / "src" / "deep" / "b.py")
    assert find_above(inside, "x.yaml") == str(project / "x.yaml")
    assert find_above(inside, "y.yaml") == str(project / "src" / "deep" / "y.yaml")
    assert find_above(inside, "no-such-file.yaml") is None
