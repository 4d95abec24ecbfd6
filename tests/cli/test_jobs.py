"""``--jobs``: how many processes there are is seen in the time a run takes, and nowhere else."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_wrappers import CALLERS, GATEWAY, POLICY
from tests.command import BAD, GOOD, bgmode

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")

WAIVERS = """\
exclude: ["left_out/*"]
waivers:
  - {rules: [BGM101], paths: ["app/waived*.py"], reason: known, owner: "@me", until: 2030-01-01}
  - {rules: [BGM301], paths: ["app/nothing*.py"], reason: known, owner: "@me", until: 2030-01-01}
"""
POLL = """\
from openai import OpenAI

client = OpenAI()


def wait(job):
    while client.responses.retrieve(job).status != "completed":
        pass
"""
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "code", "source": "x = (", "metadata": {}, "outputs": []},
        {"cell_type": "code", "source": BAD, "metadata": {}, "outputs": []},
    ],
}
OWN = [
    BAD.encode(),
    GOOD.encode(),
    POLL.encode(),
    BAD.replace("=True,", "=True,  # bgmode: ignore[BGM101] reason=known").encode(),
    GOOD.replace("=True,", "=True,  # bgmode: ignore[BGM101] reason=known", 1).encode(),
    BAD.replace("\n", "\r\n").encode(),
    BAD.encode() + b"x = '\xff'\n",
    BAD.encode() + b"(\n",
    b"x = 1\n",
]
CALLING = [
    text.replace("KIND", kind).encode()
    for text in CALLERS.values()
    for kind in ('"denied"', "unknown()")
]

COMPARE = """
import datetime, os, sys
from bgmode import discover
from bgmode.options import Options
from bgmode.report import FORMATS, render
from bgmode.session import Session

def run(folder, **told):
    os.chdir(folder)
    report = Session(Options(today=datetime.date(2026, 11, 1), patches="all", **told)).run(["."])
    said = [render(report, each) for each in FORMATS]
    rest = [report.errors, report.changes, report.refused, report.fixed, report.suppressed]
    return [*said, *map(repr, rest), report.left_out]

one, several = sys.argv[1:]
discover._MANY, discover._AT_ONCE = 5, 4  # the looks at bytes are shared as well
for told in ({}, {"diff": True}, {"fix": True, "unsafe_fixes": True}, {}):
    assert run(one, jobs=1, **told) == run(several, jobs=3, **told), told
"""


def make_tree(folder: Path, seed: int) -> None:
    """A project with wrappers and their callers, waivers, fixes, and what cannot be read."""
    chosen = random.Random(seed)
    (folder / "app").mkdir(parents=True)
    (folder / "bgmode.yaml").write_text(POLICY.replace("minimal", "standard") + WAIVERS)
    (folder / "app/__init__.py").write_text("from app.gateway import submit\n")
    (folder / "app/gateway.py").write_text(GATEWAY)
    names = [f"{kind}{number}" for number in range(6) for kind in ("a", "waived", "z")]
    for name in names:
        (folder / f"app/{name}.py").write_bytes(chosen.choice(chosen.choice([OWN, OWN, CALLING])))
    (folder / "app/cells.ipynb").write_text(json.dumps(NOTEBOOK, indent=1))
    (folder / "app/gone.py").symlink_to("nowhere")
    for name in ("left_out", "wrong"):
        (folder / name).mkdir()
        (folder / name / "a.py").write_text(BAD)
    (folder / "wrong/bgmode.yaml").write_text("rules: {BGM101: loud}\n")


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("seed", range(2))
def test_the_report_and_the_fixes_do_not_depend_on_it(tmp_path: Path, seed: int) -> None:
    one, several = tmp_path / "one", tmp_path / "several"
    for folder in (one, several):
        make_tree(folder, seed)
    before = files(one)
    done = subprocess.run(
        [sys.executable, "-c", COMPARE, one, several], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert files(one) == files(several) != before


IN_THE_WORKERS = """
import os, sys
from bgmode.judging import Judge
first, file = os.getpid(), Judge.file

def instead(self, task):
    if os.getpid() != first and task.path in ("a2.py", "a5.py") and not os.path.exists("tried"):
        {}
    return file(self, task)

Judge.file = instead
import bgmode.cli
bgmode.cli.main()
"""


def check(folder: Path, what: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = IN_THE_WORKERS.format(what)
    command = [sys.executable, "-c", code, "check", "--output-format", "concise", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for number in range(9):
        (tmp_path / f"a{number}.py").write_text(BAD)
    return tmp_path


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("os.kill(os.getpid(), 9)", "its process was ended by SIGKILL"),
        ("raise MemoryError", "MemoryError"),
        ("raise RecursionError('too deep')", "RecursionError: too deep"),
    ],
)
def test_a_file_that_cannot_be_judged_is_named(project: Path, what: str, why: str) -> None:
    done = check(project, what, "--jobs", "3")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert errors == [f"error: a{number}.py: could not be judged: {why}" for number in (2, 5)]
    found = {line.partition(":")[0] for line in done.stdout.splitlines()[:-1]}
    assert found == {f"a{number}.py" for number in (0, 1, 3, 4, 6, 7, 8)}


def test_a_worker_that_dies_once_costs_nothing(project: Path) -> None:
    killed = check(project, "open('tried', 'w').close(); os.kill(os.getpid(), 9)", "-j2")
    (project / "tried").unlink()
    whole = bgmode("check", "--output-format", "concise", "-j1", cwd=project)
    assert (killed.returncode, killed.stdout, killed.stderr) == (
        whole.returncode,
        whole.stdout,
        whole.stderr,
    )


def test_all_files_are_judged_as_they_were(tmp_path: Path) -> None:
    """Whether a module was mended before or after those that import it makes no difference."""
    (tmp_path / "gateway.py").write_text(BAD)
    for name in ("a", "z"):
        (tmp_path / f"{name}.py").write_text(
            "from gateway import client, submit\n\n\ndef run(p):\n    job = submit(p)\n"
            "    return client.responses.retrieve(job.id)\n"
        )
    done = bgmode("check", "--fix", "--unsafe-fixes", "--output-format", "concise", cwd=tmp_path)
    lines = [line for line in done.stdout.splitlines() if line[:4] in {"a.py", "z.py"}]
    told = [[line[4:] for line in lines if line.startswith(name)] for name in ("a.py", "z.py")]
    assert told[0] == told[1]
    assert "store=True" in (tmp_path / "gateway.py").read_text()


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_wrong_number_is_refused(tmp_path: Path, value: str) -> None:
    done = bgmode("check", "--jobs", value, cwd=tmp_path)
    assert done.returncode == 2
    assert f"{value} is no number from 1 on, nor auto" in done.stderr


def test_auto_is_a_number(tmp_path: Path) -> None:
    assert bgmode("check", "--jobs", "auto", cwd=tmp_path).returncode == 0
