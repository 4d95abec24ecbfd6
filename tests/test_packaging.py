"""What is installed: the command's package, the plugin and the rules' pages."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from bgmode.knowledge import RULES
from tests.conftest import ROOT

PROBE = (
    "import os, bgmode.rules, bgmode.knowledge as k;"
    "print(len([k.read_page(r) for r in k.RULES.values()]), k.rules_file('').rstrip(os.sep))"
)


def pages() -> set[str]:
    files = {rule.page for rule in RULES.values()}
    return files | {"policy.example.yaml", "providers/openai.yaml", "__init__.py"}


def test_the_wheel_holds_the_rules(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(
            next(name for name in names if name.endswith("entry_points.txt"))
        ).decode()
    assert {f"bgmode/rules/{name}" for name in pages()} <= names
    assert {"bgmode/py.typed", "bgmode/server/protocol.py"} <= names
    assert "bgmode = bgmode.cli:main" in entry_points
    assert "BGM = bgmode.plugin:Plugin" in entry_points
    assert not any(name.startswith(("tests/", "fixtures/", "rules/")) for name in names)


@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_an_installation_finds_its_rules(tmp_path: Path, editable: bool) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    target = ["-e", str(ROOT)] if editable else [str(ROOT)]
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", *target],
        check=True,
        capture_output=True,
    )
    done = subprocess.run(
        [python, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    count, folder = done.stdout.split(maxsplit=1)
    assert int(count) == len(RULES)
    assert (folder.strip() == str(ROOT / "rules")) is editable
