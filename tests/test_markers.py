"""``bgmode.markers``: they do nothing at run time, keep types, and the linter reads them."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bgmode.markers import job_type, zdr_required
from tests.command import bgmode
from tests.conftest import ROOT

TYPED = """\
from bgmode.markers import job_type, zdr_required

@job_type("a")
def plain(x: int) -> str: return str(x)
@job_type("a")
@zdr_required
async def later(x: int) -> bytes: return b""
class S:
    @job_type("a")
    def method(self, x: int) -> float: return 1.0
    @property
    @zdr_required
    def held(self) -> int: return 1
    @staticmethod
    @job_type("a")
    def static(x: int) -> complex: return 1j
    @classmethod
    @job_type("a")
    def made(cls, x: int) -> "S": return cls()
@zdr_required
@job_type("a")
class T:
    y: int = 1
def block() -> int:
    with job_type("a"):
        return 1
async def async_block() -> int:
    async with job_type("a"):
        return 1
reveal_type(plain)
reveal_type(later)
reveal_type(S().method)
reveal_type(S().held)
reveal_type(S.static)
reveal_type(S.made)
reveal_type(T().y)
job_type(1)
plain("x")
"""


def test_types_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(TYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "c", "a.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert re.findall(r'Revealed type is "(.*)"', done.stdout) == [
        "def (x: int) -> str",
        "def (x: int) -> typing.Coroutine[Any, Any, bytes]",
        "def (x: int) -> float",
        "int",
        "def (x: int) -> complex",
        "def (x: int) -> a.S",
        "int",
    ]
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    last = TYPED.count("\n")
    assert [line.split(":")[1] for line in errors] == [str(last - 1), str(last)]


def test_what_is_marked_is_what_it_was() -> None:
    def function() -> int:
        return 1

    class Some: ...

    for marked in (function, Some):
        assert job_type("a")(marked) is marked
        assert zdr_required(marked) is marked


def test_errors_go_through_a_block() -> None:
    with pytest.raises(KeyError), job_type("a"):
        raise KeyError

    async def run() -> None:
        async with job_type("a"):
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(run())


POLICY = "preset: minimal\njob_types: {report: {background: deny}}\n"
CALL = "client.responses.create(input='x', background=True, store=True)"
PLACES = {
    "function": "{}\ndef f():\n    {call}\n",
    "async function": "{}\nasync def f():\n    await {call}\n",
    "method": "class S:\n    {}\n    def f(self):\n        {call}\n",
    "async method": "class S:\n    {}\n    async def f(self):\n        await {call}\n",
    "static method": "class S:\n    @staticmethod\n    {}\n    def f():\n        {call}\n",
    "property": "class S:\n    @property\n    {}\n    def f(self):\n        return {call}\n",
    "class": "{}\nclass S:\n    def f(self):\n        {call}\n",
    "function around it": "{}\ndef f():\n    def g():\n        {call}\n",
}
BLOCKS = {
    "block": "with {}:\n    {call}\n",
    "async block": "async def f():\n    async with {}:\n        await {call}\n",
    "block with two": "with {}, open('x') as file:\n    {call}\n",
    "block around a function": "with {}:\n    def f():\n        {call}\n",
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The codes that the command tells for each file."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "bgmode.yaml").write_text(POLICY)
    head = "from openai import OpenAI\nfrom bgmode import markers\n"
    head += "from bgmode.markers import job_type, zdr_required\nclient = OpenAI()\n"
    for kind, shapes in (("place", PLACES), ("block", BLOCKS)):
        for number, shape in enumerate(shapes.values()):
            for prefix in ("", "markers."):
                name = f"{kind}{number}{prefix.strip('.')}"
                marker = f"{prefix}job_type('report')"
                marked = marker if kind == "block" else f"@{marker}"
                (folder / f"{name}.py").write_text(head + shape.format(marked, call=CALL))
                zdr = head + shape.format(f"@{prefix}zdr_required", call=CALL)
                if kind == "place":
                    ast.parse(zdr)
                    (folder / f"{name}zdr.py").write_text(zdr)
    done = bgmode("check", "--output-format", "json", ".", cwd=folder)
    found: dict[str, set[str]] = {path.stem: set() for path in folder.glob("*.py")}
    for finding in json.loads(done.stdout)["findings"]:
        found[finding["path"].removesuffix(".py")].add(finding["code"])
    return found


@pytest.mark.parametrize("prefix", ["", "markers"])
@pytest.mark.parametrize("place", PLACES)
def test_the_linter_reads_a_decorator(read: dict[str, set[str]], place: str, prefix: str) -> None:
    name = f"place{list(PLACES).index(place)}{prefix}"
    assert "BGM203" in read[name]
    assert "BGM201" not in read[name]
    assert "BGM110" in read[f"{name}zdr"]
    assert "BGM110" not in read[name]


@pytest.mark.parametrize("prefix", ["", "markers"])
@pytest.mark.parametrize("block", BLOCKS)
def test_the_linter_reads_a_block(read: dict[str, set[str]], block: str, prefix: str) -> None:
    name = f"block{list(BLOCKS).index(block)}{prefix}"
    assert "BGM203" in read[name]
    assert "BGM201" not in read[name]
