"""What fixes would change, in the formats that say so: applied as their readers apply it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from bgmode.knowledge import RULES
from tests.command import BAD, bgmode

LOOP = """\
import time
from openai import OpenAI

client = OpenAI()


def wait(response):
    while response.status != "completed":
        time.sleep(2)
        response = client.responses.retrieve(response.id)
    return response
"""
ASLEEP = """\
from openai import OpenAI

client = OpenAI()


def wait(response):
    while response.status in {"queued", "in_progress"}:
        response = client.responses.retrieve(response.id)
    return response
"""
MARK = "\N{BYTE ORDER MARK}"
WIDE = BAD.replace("(\n        model", '(user="größer 🙂", model').replace(
    "\n        background", ' metadata={"größe": "漢字 🙂"}, background'
)
TEXTS = {
    "one line put in": ("BGM101", BAD),
    "a line replaced": ("BGM301", LOOP),
    "two places": ("BGM305", ASLEEP),
    "wide letters": ("BGM101", WIDE),
    "carriage returns": ("BGM101", BAD.replace("\n", "\r\n")),
    "old line ends": ("BGM101", BAD.replace("\n", "\r")),
    "tabs": ("BGM101", BAD.replace("    ", "\t")),
    "no line end": (
        "BGM101",
        'import openai\nopenai.OpenAI().responses.create(input="🙂", background=True)',
    ),
    "a form feed": ("BGM101", BAD.replace("\n\n\n", "\n\f\n\n")),
    "a byte order mark": (
        "BGM101",
        MARK + 'x = client.responses.create(input="é漢🎉", background=True)\r\n',
    ),
    "a mark, and lines put in first": ("BGM305", MARK + "# 🎉\n" + ASLEEP),
    "a separator in a line": ("BGM101", WIDE.replace("größer", "grö\u2028ßer")),
}


def report(output_format: str, code: str, cwd: Path) -> dict[str, Any]:
    done = bgmode("check", "--select", code, "--output-format", output_format, cwd=cwd)
    return json.loads(done.stdout)


def fixed(code: str, cwd: Path) -> bytes:
    done = bgmode("check", "--select", code, "--fix", "--unsafe-fixes", cwd=cwd)
    assert "1 finding fixed" in done.stdout
    return (cwd / "a.py").read_bytes()


@pytest.fixture(params=TEXTS.values(), ids=TEXTS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, Path]:
    """A rule, a text in which it has one thing to say, and the folder with it."""
    code, text = request.param
    (tmp_path / "a.py").write_bytes(text.encode())
    return code, text, tmp_path


def test_sarif_replacements_are_the_fix(case: tuple[str, str, Path]) -> None:
    code, text, folder = case
    (result,) = report("sarif", code, folder)["runs"][0]["results"]
    (fix,) = result["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "a.py"
    mark = MARK * text.startswith(MARK)
    text = text.removeprefix(MARK)  # it has no column
    starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
    for each in reversed(change["replacements"]):
        region = each["deletedRegion"]
        begin = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        assert begin <= end
        text = text[:begin] + each["insertedContent"]["text"] + text[end:]
    assert (mark + text).encode() == fixed(code, folder)


def test_reviewdog_suggestions_are_the_fix(case: tuple[str, str, Path]) -> None:
    code, text, folder = case
    (diagnostic,) = report("rdjson", code, folder)["diagnostics"]
    if "suggestions" not in diagnostic:  # it takes one suggestion for a way out of its own
        assert text.endswith(ASLEEP)
        return
    (suggestion,) = diagnostic["suggestions"]
    data = text.encode()
    starts = [0, *(found.end() for found in re.finditer(rb"\r\n|\r|\n", data))]
    begin, end = (
        starts[suggestion["range"][side]["line"] - 1] + suggestion["range"][side]["column"] - 1
        for side in ("start", "end")
    )
    data = data[:begin] + suggestion["text"].encode() + data[end:]
    assert data == fixed(code, folder)


def test_reviewdog_counts_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(WIDE.encode())
    (diagnostic,) = report("rdjson", "BGM101", tmp_path)["diagnostics"]
    place = diagnostic["location"]["range"]
    line = WIDE.split("\n")[place["start"]["line"] - 1].encode()
    written = line[place["start"]["column"] - 1 : place["end"]["column"] - 1]
    assert written == b"background=True"


# Markdown


def tokens(text: str) -> list[Any]:
    """All tokens, those inside of paragraphs and headings included."""
    found = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    return [inner for token in found for inner in (token, *(token.children or ()))]


HOSTILE = (
    "```",
    "`````` ~~~",
    "</details><script>alert(1)</script>",
    "| a | b |",
    "[x](https://example.com) ![y](https://example.com)",
    "\\n\\n# heading",
    "--> <!-- <b>",
    "**x** __y__ ~~z~~",
    "&lt;b&gt; &#96;",
)


LINES = (
    "background=True, input='{}',",
    "background=True,  # {}",
    "background=True,\n# {}\n",
    "background=True,\n        metadata={{'job_type': '{}'}},",
)


@pytest.mark.parametrize("word", HOSTILE)
def test_no_text_of_the_code_leaves_its_block(tmp_path: Path, word: str) -> None:
    (tmp_path / "bgmode.yaml").write_text("job_types:\n  report: {background: deny}\n")
    compared = f"\n\ndef wait(response):\n    return response.status == '{word}'\n"
    for number, line in enumerate(LINES):
        text = BAD.replace("background=True,", line.format(word)) + compared
        (tmp_path / f"a{number}.py").write_text(text)
    written = bgmode("check", "--output-format", "markdown", cwd=tmp_path).stdout
    assert_only_own_markup(written)
    assert len([token for token in tokens(written) if token.type == "fence"]) > 12


def assert_only_own_markup(written: str) -> None:
    urls = {rule.url for rule in RULES.values()}
    for token in tokens(written):
        if token.type == "html_block":
            details = r"(<details><summary>[^<>]*</summary>|</details>)\n?"
            assert re.fullmatch(details, token.content)
        elif token.type == "link_open":
            assert token.attrs["href"] in urls
        elif token.type == "heading_open":
            assert token.tag in {"h2", "h3"}
        else:
            assert token.type not in {"html_inline", "image", "table_open", "hr", "s_open"}
    names = [token.content for token in tokens(written) if token.type == "strong_open"]
    severities = re.findall(r"^\*\*(?:error|warning|info)\*\* ", written, re.MULTILINE)
    assert len(names) == len(severities)
    assert not any(token.type == "em_open" for token in tokens(written))


@pytest.mark.parametrize(
    "name", ["a`b.py", "``.py", "a<b>.py", "a|b*c*.py", "[a](b).py", "a\n# b.py"]
)
def test_no_name_of_a_file_is_markup(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BAD)
    (tmp_path / f"no {name}").write_bytes(b"\xff responses background")
    names = (name, f"no {name}", f"gone {name}")
    done = bgmode("check", "--output-format", "markdown", *names, cwd=tmp_path)
    assert done.returncode == 2
    assert_only_own_markup(done.stdout)
    headings = [token for token in tokens(done.stdout) if token.type == "heading_open"]
    assert len(headings) == 4  # the title, two files, what was not read


# Files


def test_several_reports_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    formats = ("sarif", "rdjson", "markdown", "json", "concise")
    outputs = [f"--output={each}=out.{each}" for each in formats]
    done = bgmode("check", *outputs, cwd=tmp_path)
    assert done.returncode == 1
    assert "BGM101" in done.stdout
    for each in formats:
        written = (tmp_path / f"out.{each}").read_text()
        assert written == bgmode("check", "--output-format", each, "-q", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("sarif=gone/out.sarif", "gone/out.sarif: No such file or directory"),
        ("sarif=.", ".: Is a directory"),
        ("sarif", "sarif is not FORMAT=FILE"),
        ("sarif=", "sarif= is not FORMAT=FILE"),
        ("=out", "=out is not FORMAT=FILE"),
        ("sarf=out", "did you mean sarif=out?"),
    ],
)
def test_a_report_that_cannot_be_written_is_told(tmp_path: Path, output: str, told: str) -> None:
    (tmp_path / "a.py").write_text(BAD)
    done = bgmode("check", "--output", output, cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
