"""The plugin under the real flake8: the same findings, no libcst, and no exception."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import BAD, BIN, bgmode
from tests.conftest import ROOT

PROJECT = ROOT / "fixtures" / "projects" / "research"
FORMAT = "%(path)s:%(row)d:%(col)d:%(code)s %(text)s"


def flake8(*arguments: str, cwd: Path, stdin: bytes | None = None) -> list[str]:
    done = subprocess.run(
        [BIN / "flake8", "--isolated", "--select", "BGM", f"--format={FORMAT}", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == b""
    return [line.removeprefix("./") for line in done.stdout.decode().splitlines()]


def command(*arguments: str, cwd: Path) -> list[str]:
    done = bgmode("check", "--output-format", "json", *arguments, cwd=cwd)
    return [
        f"{f['path']}:{f['line']}:{f['column']}:{f['code']} {f['message']}"
        for f in json.loads(done.stdout)["findings"]
    ]


@pytest.mark.parametrize("folder", ["fixtures/projects/research", "fixtures/implicit-store"])
def test_flake8_shows_what_the_command_shows(folder: str) -> None:
    expected = command(".", cwd=ROOT / folder)
    assert expected
    assert sorted(flake8(".", cwd=ROOT / folder)) == sorted(expected)


def test_flake8_with_several_processes() -> None:
    assert sorted(flake8("-j2", ".", cwd=PROJECT)) == sorted(command(".", cwd=PROJECT))


def test_standard_input(tmp_path: Path) -> None:
    found = flake8("-", "--stdin-display-name", "src/a.py", cwd=tmp_path, stdin=BAD.encode())
    assert [line.split(" ")[0] for line in found] == [
        "src/a.py:10:9:BGM101",
        "src/a.py:10:9:BGM401",
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\N{BYTE ORDER MARK}"])
def test_columns_count_characters(tmp_path: Path, ending: str, mark: str) -> None:
    text = 'x = client.responses.create(input="é漢🎉", background=True)\n\f\ny = 1\n'
    (tmp_path / "a.py").write_bytes((mark + text.replace("\n", ending)).encode())
    (found,) = [line for line in flake8("a.py", cwd=tmp_path) if "BGM101" in line]
    assert found.startswith("a.py:1:42:")
    (same,) = [line for line in command("a.py", cwd=tmp_path) if "BGM101" in line]
    assert same == found


def test_noqa_silences_one_code(tmp_path: Path) -> None:
    text = BAD.replace("background=True,", "background=True,  # noqa: BGM101 -- reason")
    (tmp_path / "a.py").write_text(text)
    assert [line.split(":")[3][:6] for line in flake8("a.py", cwd=tmp_path)] == ["BGM401"]


def test_a_policy_is_found_above_the_file_and_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / "bgmode.yaml").write_text("preset: minimal\n")
    assert len(flake8("a.py", cwd=tmp_path)) == 1
    (tmp_path / "other.yaml").write_text("rules: {BGM101: off, BGM401: off}\n")
    assert flake8("--bgmode-policy", "other.yaml", "a.py", cwd=tmp_path) == []


def test_a_bare_policy_name_is_looked_for_above_the_file(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.py").write_text(BAD)
    (tmp_path / "deep" / "own.yaml").write_text("preset: minimal\n")
    assert len(flake8("--bgmode-policy", "own.yaml", "deep/er/a.py", cwd=tmp_path)) == 1


@pytest.mark.parametrize("policy", ["missing.yaml", "broken.yaml"])
def test_a_policy_that_cannot_be_used_is_a_finding(tmp_path: Path, policy: str) -> None:
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / "broken.yaml").write_text("presets: minimal\n")
    (found,) = flake8("--bgmode-policy", policy, "a.py", cwd=tmp_path)
    assert found.startswith("a.py:1:1:BGM009 ")
    assert policy in found


def test_nothing_can_leave_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    from bgmode import analysis
    from bgmode.plugin import Plugin

    def fail(*_: object, **__: object) -> list[object]:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(analysis, "analyse", fail)
    ((line, column, text, cls),) = Plugin(
        ast.parse(BAD), BAD.splitlines(keepends=True), "a.py"
    ).run()
    assert (line, column, cls) == (1, 0, Plugin)
    assert text == "BGM009 the analysis failed on this file: first line"


def test_the_tree_is_not_changed() -> None:
    from bgmode.plugin import Plugin

    for path in sorted((ROOT / "fixtures").glob("*/*.py")):
        if path.parent.name == "layouts":
            continue
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        before = ast.dump(tree, include_attributes=True)
        list(Plugin(tree, text.splitlines(keepends=True), str(path)).run())
        assert ast.dump(tree, include_attributes=True) == before, path


def printed(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_plugin_imports_neither_libcst_nor_click() -> None:
    script = (
        "import ast, sys; from bgmode.plugin import Plugin\n"
        f"text = {BAD!r}\n"
        "found = list(Plugin(ast.parse(text), text.splitlines(True), 'a.py').run())\n"
        "assert found\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'libcst', 'click', 'flake8'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_file_that_cannot_matter_costs_no_import() -> None:
    script = (
        "import ast, sys; from bgmode.plugin import Plugin\n"
        "list(Plugin(ast.parse('x = 1'), ['x = 1'], 'a.py').run())\n"
        "print(sorted(m for m in sys.modules if m.startswith('bgmode')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == (
        "['bgmode', 'bgmode.concerned', 'bgmode.discover', 'bgmode.plugin', 'bgmode.policy', "
        "'bgmode.policy.find']"
    )
