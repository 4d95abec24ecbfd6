"""Notebooks: what is judged, how places are told, and that only source lines change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgmode.notebook import read_notebook
from bgmode.source import Unreadable, parse
from tests.command import bgmode

CREATE = "job = client.responses.create(\n    input='ö',  # kept\n    background=True,\n)\njob.id"
FIXED = CREATE.replace("True,\n", "True,\n    store=True,\n")


def code(source: str, **more: Any) -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    return {"cell_type": "code", "metadata": {}, "source": lines, "outputs": [], **more}


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def notebook(*cells: dict[str, Any], language: str = "python") -> dict[str, Any]:
    kernel = {"name": "k", "display_name": "K", "language": language}
    return {
        "cells": list(cells),
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write(path: Path, data: dict[str, Any], **layout: Any) -> bytes:
    layout = {"indent": 1, "ensure_ascii": False, **layout}
    path.write_text(json.dumps(data, **layout) + "\n", encoding="utf-8")
    return path.read_bytes()


def found(path: Path, *options: str) -> list[tuple[int | None, int, str]]:
    done = bgmode("check", path, *options, "--output-format", "json", cwd=path.parent)
    findings = json.loads(done.stdout)["findings"]
    assert {each["path"] for each in findings} <= {str(path), path.name}
    return [(each.get("cell"), each["line"], each["code"]) for each in findings]


START = code("from openai import OpenAI\nclient = OpenAI()")


def test_places_are_cells_and_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    write(path, notebook(text("# background=True"), START, code(CREATE)))
    assert (2, 3, "BGM101") in found(path)
    shown = bgmode("check", ".", "--output-format", "concise", cwd=tmp_path).stdout
    assert "a.ipynb:cell 2:3:5: BGM101" in shown
    full = bgmode("check", ".", cwd=tmp_path).stdout
    assert " --> a.ipynb:cell 2:3:5\n" in full
    assert "3 |     background=True,\n" in full


def test_a_note_stands_in_its_own_cell(tmp_path: Path) -> None:
    loop = "while job.status != 'completed':\n    job = client.responses.retrieve(job.id)"
    path = tmp_path / "a.ipynb"
    write(path, notebook(START, code(CREATE), code("\n" + loop)))
    assert (3, 2, "BGM301") in found(path)
    assert (
        "the job is created here --> a.ipynb:cell 2:1:7"
        in bgmode("check", path.name, cwd=tmp_path).stdout
    )


@pytest.mark.parametrize("output_format", ["github", "sarif", "rdjson"])
def test_formats_that_know_lines_only_say_the_cell_in_words(
    tmp_path: Path, output_format: str
) -> None:
    write(tmp_path / "a.ipynb", notebook(START, code(CREATE)))
    shown = bgmode("check", ".", "--output-format", output_format, cwd=tmp_path).stdout
    assert "cell 2, line 3: this call runs in the background" in shown
    assert "a.ipynb:cell" not in shown
    if output_format == "sarif":
        places = json.loads(shown)["runs"][0]["results"][0]["locations"]
        assert places == [{"physicalLocation": {"artifactLocation": {"uri": "a.ipynb"}}}]


@pytest.mark.parametrize("layout", [{}, {"indent": 2}, {"indent": None}, {"ensure_ascii": True}])
def test_a_fix_changes_the_lines_of_its_cell_only(tmp_path: Path, layout: dict[str, Any]) -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": ["background=True\n"]}]
    before = notebook(START, text("é"), code(CREATE, outputs=outputs, execution_count=3))
    path = tmp_path / "a.ipynb"
    write(path, before, **layout)
    bgmode("check", ".", "--fix", "--unsafe-fixes", "--select", "BGM101", cwd=tmp_path)
    fixed = path.read_bytes()
    before["cells"][2]["source"] = FIXED.splitlines(keepends=True)
    assert fixed == write(tmp_path / "expected.ipynb", before, **layout)


def test_a_source_that_is_one_string_stays_one(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "metadata": {}, "source": CREATE, "outputs": []}
    path = tmp_path / "a.ipynb"
    write(path, notebook(START, cell))
    bgmode("check", ".", "--fix", "--unsafe-fixes", "--select", "BGM101", cwd=tmp_path)
    assert json.loads(path.read_text(encoding="utf-8"))["cells"][1]["source"] == FIXED


def test_an_import_is_put_into_the_first_cell(tmp_path: Path) -> None:
    turn = "    job = client.responses.retrieve(job.id)"
    loop = f"while job.status in ('queued', 'in_progress'):\n{turn}"
    path = tmp_path / "a.ipynb"
    write(path, notebook(START, code(CREATE), code(loop)))
    bgmode("check", ".", "--fix", "--unsafe-fixes", "--select", "BGM305", cwd=tmp_path)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert "import time\n" in cells[0]["source"]
    assert "    time.sleep(2)\n" in cells[2]["source"]


def test_json_that_would_change_elsewhere_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    data = write(path, notebook(START, code(CREATE))).replace(b'"cells"', b' "cells"')
    path.write_bytes(data)
    done = bgmode("check", ".", "--fix", "--unsafe-fixes", cwd=tmp_path)
    assert "a.ipynb: not fixed: its JSON is not laid out as notebooks are" in done.stderr
    assert done.returncode == 2
    assert path.read_bytes() == data


def test_a_difference_is_one_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a.ipynb", notebook(START, code(CREATE)))
    options = ("--diff", "--unsafe-fixes", "--select", "BGM101")
    done = bgmode("check", ".", *options, cwd=tmp_path)
    added = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert added == ['+    "    store=True,\\n",']


MAGICS = [
    "%time x = 1",
    "!ls -l \\\n  *.py",
    "client?",
    "?client",
    "client.responses??",
    "files = !ls",
    "%%time\nx = 1",
    "for x in []:\n    !echo {x}",
    "%pip install openai",
]


@pytest.mark.parametrize("magic", MAGICS)
def test_what_only_ipython_understands_is_kept(tmp_path: Path, magic: str) -> None:
    path = tmp_path / "a.ipynb"
    write(path, notebook(START, code(f"{magic}\n{CREATE}")))
    line = magic.count("\n") + 4
    assert (2, line, "BGM101") in found(path)
    assert all(code_ != "BGM001" for _, _, code_ in found(path))
    bgmode("check", ".", "--fix", "--unsafe-fixes", "--select", "BGM101", cwd=tmp_path)
    cell = json.loads(path.read_text(encoding="utf-8"))["cells"][1]
    assert "".join(cell["source"]) == f"{magic}\n{FIXED}"


@pytest.mark.parametrize(
    "cell",
    [
        code("%%bash\necho background=True"),
        code("%%html\n<b>client.responses.create(background=True)</b>"),
        text("client.responses.create(background=True)"),
        {"cell_type": "raw", "metadata": {}, "source": CREATE},
    ],
)
def test_cells_that_are_no_python_are_silent(tmp_path: Path, cell: dict[str, Any]) -> None:
    path = tmp_path / "a.ipynb"
    write(path, notebook(START, cell))
    assert found(path) == []


def test_a_notebook_in_another_language_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    write(path, notebook(START, code(CREATE), language="R"))
    assert found(path) == []


def test_a_broken_cell_does_not_cost_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    write(path, notebook(START, code("x = 1\ndef broken(:"), code(CREATE)))
    assert found(path)[0] == (2, 2, "BGM001")
    assert (3, 3, "BGM101") in found(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "no notebook: "),
        (b'{"worksheets": []}', "no notebook of format 4: it has no list of cells"),
        (b'{"cells": [1]}', "no notebook of format 4"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "no notebook of format 4"),
        (b"[]", "no notebook of format 4"),
        (b"\xff", "byte 0xff is not utf-8 text"),
        (b"[" * 100_000, "no notebook: nested too deeply"),
    ],
)
def test_what_is_no_notebook_is_told(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.ipynb").write_bytes(data)
    done = bgmode("check", "a.ipynb", "--output-format", "concise", cwd=tmp_path)
    assert f"BGM001 this file cannot be read: {message}" in done.stdout
    with pytest.raises(Unreadable):
        read_notebook(data)


def test_ignore_comments_count_in_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    ignored = CREATE.replace("True,", "True,  # bgmode: ignore[BGM101] reason=r")
    write(path, notebook(START, code(ignored)))
    assert all(each[2] not in {"BGM101", "BGM003"} for each in found(path))


LINES = st.sampled_from(
    [
        "x = 1",
        "%time x",
        "!ls",
        "y?",
        "if x:\n    y = 2",
        "def (",
        "",
        "'''a\nb'''",
        "z = !ls",
        "# c",
    ]
)
CELLS = st.lists(LINES, max_size=4).map("\n".join)


@given(st.lists(CELLS, max_size=5))
def test_a_text_that_is_not_changed_gives_the_same_bytes(cells: list[str]) -> None:
    written = json.dumps(notebook(*map(code, cells)), indent=1) + "\n"
    read = read_notebook(written.encode())
    source = read.source("a.ipynb")
    parse(source.text)
    assert read.changed(source.text) == written
    for number, start in enumerate(source.cells, 1):
        assert source.shown(start) == (f"a.ipynb:cell {number}", 1)
