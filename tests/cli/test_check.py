"""``bgmode check`` from outside: paths, formats, exit codes, fixes, and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import BAD, BIN, GOOD, bgmode


def findings(tmp_path: Path, *arguments: str, stdin: bytes | None = None) -> list[tuple[str, str]]:
    done = bgmode("check", "--output-format", "json", *arguments, cwd=tmp_path, stdin=stdin)
    return [(f["path"], f["code"]) for f in json.loads(done.stdout)["findings"]]


def test_nothing_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(GOOD)
    done = bgmode("check", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "no findings in 1 file\n", "")


def test_a_tree_without_the_words_needs_no_parser(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    done = bgmode("check", ".", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "no findings in 1 file\n")


def test_findings(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    done = bgmode("check", cwd=tmp_path)
    assert done.returncode == 1
    assert "a.py:10:9" in done.stdout
    assert "10 |         background=True," in done.stdout
    assert "   |         ^^^^^^^^^^^^^^^" in done.stdout
    assert "found 1 error, 1 warning in 1 file of 1" in done.stdout
    assert "\x1b" not in done.stdout


def test_colours_only_when_they_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    assert "\x1b[" in bgmode("check", cwd=tmp_path, env={"FORCE_COLOR": "1"}).stdout
    both = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b[" not in bgmode("check", cwd=tmp_path, env=both).stdout


def test_paths_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text(BAD)
    (tmp_path / "package" / "stub.pyi").write_text(BAD)
    (tmp_path / "script").write_text("#!/usr/bin/env python3\n" + BAD)
    (tmp_path / "shell").write_text("#!/bin/sh\n# responses background\n")
    (tmp_path / "notes.txt").write_text(BAD)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "hidden.py").write_text(BAD)
    found = {path for path, _ in findings(tmp_path, "--select", "BGM101")}
    assert found == {"package/module.py", "package/stub.pyi", "script"}
    assert {path for path, _ in findings(tmp_path, "notes.txt")} == {"notes.txt"}
    assert {path for path, _ in findings(tmp_path, ".venv/hidden.py")} == {".venv/hidden.py"}
    assert findings(tmp_path, ".venv/hidden.py", "--force-exclude") == []


def test_exclude(tmp_path: Path) -> None:
    for name in ("a.py", "old/b.py", "old/deep/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BAD)
    assert {p for p, _ in findings(tmp_path, "--exclude", "old")} == {"a.py"}
    assert {p for p, _ in findings(tmp_path, "--exclude", "old/*.py")} == {"a.py", "old/deep/c.py"}
    named = findings(tmp_path, "--exclude", "old", "old/b.py")
    assert {path for path, _ in named} == {"old/b.py"}
    assert findings(tmp_path, "--exclude", "old", "--force-exclude", "old/b.py") == []


def test_select_and_ignore(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    assert {c for _, c in findings(tmp_path)} == {"BGM101", "BGM401"}
    assert {c for _, c in findings(tmp_path, "--select", "BGM1")} == {"BGM101"}
    assert {c for _, c in findings(tmp_path, "--select", "implicit-store")} == {"BGM101"}
    assert {c for _, c in findings(tmp_path, "--ignore", "BGM101,BGM3")} == {"BGM401"}
    done = bgmode("check", "--select", "BGM199", cwd=tmp_path)
    assert done.returncode == 2
    assert "no rule is called BGM199, did you mean BGM201?" in done.stderr


def test_standard_input(tmp_path: Path) -> None:
    assert findings(tmp_path, "-", stdin=BAD.encode()) == [("-", "BGM101"), ("-", "BGM401")]
    named = findings(tmp_path, "-", "--stdin-filename", "src/a.py", stdin=BAD.encode())
    assert {path for path, _ in named} == {"src/a.py"}
    assert findings(tmp_path, "-", stdin=b"\xef\xbb\xbf" + GOOD.encode()) == []


def test_standard_input_is_fixed_to_standard_output(tmp_path: Path) -> None:
    done = bgmode("check", "-", "--fix", "--unsafe-fixes", cwd=tmp_path, stdin=BAD.encode())
    assert done.stdout == BAD.replace("True,", "True,\n        store=True,")
    assert "BGM401" in done.stderr


@pytest.mark.parametrize("text", [BAD, GOOD, "x = 1\n"])
def test_standard_input_without_a_fix_that_may_be_applied_comes_out_as_it_was(
    tmp_path: Path, text: str
) -> None:
    assert bgmode("check", "-", "--fix", cwd=tmp_path, stdin=text.encode()).stdout == text


def test_exit_zero_hides_findings_but_not_failures(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    assert bgmode("check", "--exit-zero", cwd=tmp_path).returncode == 0
    assert bgmode("check", "--exit-zero", "missing.py", cwd=tmp_path).returncode == 2


# Bad input: one clear finding or error each, and nothing else is lost

BROKEN = {
    "half.py": (b"client.responses.create(background=True,\n", 1, "was never closed"),
    "nul.py": (b"x = 1\na.responses(background)\n\0", 3, "null bytes"),
    "undecodable.py": (b"# a.responses background\nx = '\xff'\n", 2, "byte 0xff is not utf-8 text"),
    "cookie.py": (b"# coding: nonsense\n# a.responses background\n", 1, "unknown encoding"),
    "deep.py": (b"a.responses = background = " + b"(" * 3000 + b")" * 3000, 1, "too many nested"),
    "unary.py": (b"a.responses = background = " + b"-" * 100_000 + b"1", 1, "too deeply"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_finding(tmp_path: Path, name: str) -> None:
    data, line, reason = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.py").write_text(BAD)
    done = bgmode("check", "--output-format", "json", ".", cwd=tmp_path)
    result = json.loads(done.stdout)
    broken = [f for f in result["findings"] if f["path"] == name]
    assert [(f["code"], f["line"]) for f in broken] == [("BGM001", line)]
    assert reason in broken[0]["message"]
    assert [f["code"] for f in result["findings"] if f["path"] == "good.py"] == [
        "BGM101",
        "BGM401",
    ]
    assert done.returncode == 1


def test_a_named_file_is_parsed_even_without_the_words(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    assert findings(tmp_path, "broken.py") == [("broken.py", "BGM001")]
    assert findings(tmp_path, ".") == []


def test_missing_paths_do_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    done = bgmode("check", "missing", "a.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: missing: there is no such file or folder" in done.stderr
    assert "a.py:10:9" in done.stdout


def test_bytes_are_looked_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text("x = 1\n")
    (tmp_path / "c.py").write_text(BAD)
    code = (
        "import atexit, sys, bgmode.cli, bgmode.discover as discover\n"
        "ask, asked = discover._is_candidate, []\n"
        "discover._is_candidate = lambda path: asked.append(path) or ask(path)\n"
        "atexit.register(lambda: print(sorted(asked)))\n"
        "bgmode.cli.main()\n"
    )
    command = [sys.executable, "-c", code, "check", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "['a.py', 'b.py', 'c.py', 'c.py']"
    assert "BGM101" in done.stdout


AS_SOMEBODY_ELSE = """
import os, sys
from bgmode.session import Options, Session
Session(Options()).run(["a.py"])  # whatever is loaded late is loaded now
if os.geteuid() == 0:  # root may read anything
    os.seteuid(65534)
report = Session(Options()).run(["."])
print(report.errors, [f"{finding.path} {finding.code}" for finding in report.findings])
"""


def test_a_folder_without_read_permission(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / "closed").chmod(0)
    tmp_path.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY_ELSE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (tmp_path / "closed").chmod(0o755)
    assert "closed: permission denied" in done.stdout, done.stderr
    assert "a.py BGM101" in done.stdout


def test_a_policy_with_a_typo(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "bgmode.yaml").write_text("preset: minimal\n")
    (tmp_path / "other" / "b.py").write_text(BAD)
    (tmp_path / "bgmode.yaml").write_text("zdr:\n  module: [x]\n")
    done = bgmode("check", "--output-format", "concise", cwd=tmp_path)
    assert done.returncode == 2
    expected = "error: bgmode.yaml:2:3: zdr.module: unknown key, did you mean `modules`?"
    assert done.stderr.splitlines()[0] == expected
    assert "other/b.py:10:9: BGM101" in done.stdout


def test_a_wrong_policy_is_an_error_even_if_no_file_matters(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "bgmode.yaml").write_text("presets: minimal\n")
    assert bgmode("check", ".", cwd=tmp_path).returncode == 2
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text("x = 1\n")
    assert bgmode("check", ".", cwd=tmp_path / "sub").returncode == 2


def test_a_named_policy_that_is_missing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(GOOD)
    done = bgmode("check", "--policy", "missing.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: missing.yaml:1:1: No such file or directory" in done.stderr


def test_unknown_commands_and_options_are_errors(tmp_path: Path) -> None:
    done = bgmode("chek", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean 'check'?" in done.stderr
    assert bgmode("check", "--selct", "BGM101", cwd=tmp_path).returncode == 2


# Fixes


def test_fix_writes_safe_fixes_only(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    done = bgmode("check", "--fix", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "a.py").read_text() == BAD
    done = bgmode("check", "--fix", "--unsafe-fixes", cwd=tmp_path)
    assert "(1 finding fixed)" in done.stdout
    assert "store=True" in (tmp_path / "a.py").read_text()


def test_a_job_type_that_allows_stored_state_makes_the_fix_safe(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# bgmode: job-type=report\n" + BAD)
    (tmp_path / "bgmode.yaml").write_text(
        "job_types:\n  report: {background: allow, stored_state: allowed}\n"
    )
    assert bgmode("check", "--fix", cwd=tmp_path).returncode == 1
    assert "store=True" in (tmp_path / "a.py").read_text()


def test_diff_changes_nothing_and_can_be_applied(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / "crlf.py").write_bytes(BAD.replace("\n", "\r\n").encode())
    done = subprocess.run(
        [BIN / "bgmode", "check", "--diff", "--unsafe-fixes", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert (tmp_path / "a.py").read_text() == BAD
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply"], cwd=tmp_path, input=done.stdout, check=True)
    assert "store=True" in (tmp_path / "a.py").read_text()
    assert b"store=True,\r\n" in (tmp_path / "crlf.py").read_bytes()


def test_mode_and_links_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text(BAD)
    (tmp_path / "real.py").chmod(0o755)
    (tmp_path / "link.py").symlink_to("real.py")
    bgmode("check", "--fix", "--unsafe-fixes", "link.py", cwd=tmp_path)
    assert (tmp_path / "link.py").is_symlink()
    assert (tmp_path / "real.py").stat().st_mode & 0o777 == 0o755
    assert "store=True" in (tmp_path / "real.py").read_text()


def test_a_file_with_two_names_is_fixed_once(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(BAD)
    (tmp_path / "a.py").symlink_to("m.py")
    (tmp_path / "z.py").symlink_to("m.py")
    done = bgmode("check", "--fix", "--unsafe-fixes", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "(1 finding fixed)" in done.stdout
    assert (tmp_path / "m.py").read_text().count("store=True") == 1
    assert (tmp_path / "a.py").is_symlink()


def test_read_only_files_are_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    (tmp_path / "a.py").chmod(0o444)
    done = bgmode("check", "--fix", "--unsafe-fixes", cwd=tmp_path)
    assert "error: a.py: not fixed: it is read-only" in done.stderr
    assert done.returncode == 2
    assert (tmp_path / "a.py").read_text() == BAD
