"""Every format, read back by a parser that is not ours."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from markdown_it import MarkdownIt

from bgmode.audit import FORMATS, render
from bgmode.audit.answers import checklist, duration, in_one_line, shown, wait_in_short
from bgmode.audit.inventory import AuditedCall, Inventory
from tests.audit.samples import NASTY, TODAY, approval, call, inventories, nasty, varied, waiting

UNSHOWABLE = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# Without shrinking, which takes minutes for a whole inventory.
many = settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)


def empty() -> Inventory:
    return Inventory(TODAY, "0.1.0", (), 3, ())


@pytest.mark.parametrize("output_format", FORMATS)
@given(inventory=inventories)
@many
def test_any_inventory_is_written_the_same_twice_and_as_utf_8(
    output_format: str, inventory: Inventory
) -> None:
    first = render(inventory, output_format)
    assert first == render(dataclasses.replace(inventory), output_format)
    assert first.encode().decode() == first
    assert first.endswith("\n")


@pytest.mark.parametrize("output_format", ["markdown", "csv", "html"])
def test_control_characters_are_shown_as_replacement_characters(output_format: str) -> None:
    text = render(nasty(), output_format)
    assert not UNSHOWABLE.search(text)
    assert "nul\ufffd bell\ufffd escape\ufffd[31m" in text.replace("\\[", "[")


def test_shown_keeps_lines_and_harmless_marks() -> None:
    assert shown("a\r\nb\rc\u2028d\te\u200f") == "a\nb\nc\nd\te\u200f"
    assert in_one_line(" a\n\t b\0 ") == "a b\ufffd"


# CSV


@given(inventory=inventories)
@many
def test_csv_has_a_row_a_call_and_no_formula(inventory: Inventory) -> None:
    header, *rows = csv.reader(io.StringIO(render(inventory, "csv"), newline=""))
    assert len(rows) == len(inventory.calls)
    for row, each in zip(rows, inventory.calls, strict=True):
        assert len(row) == len(header)
        assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in row)
        cells = dict(zip(header, row, strict=True))
        assert cells["path"] in {shown(each.path), f"'{shown(each.path)}"}
        assert cells["state"] == each.state
        assert cells["line"] == str(each.line)


def test_csv_answers_every_question() -> None:
    rows = list(csv.DictReader(io.StringIO(render(varied(), "csv"))))
    triage = next(row for row in rows if row["path"] == "app/support/triage.py")
    assert triage["approved_by"] == "Mira Okafor, data protection"
    assert triage["approved_until"] == "2026-02-24"
    assert triage["approval_in_force"] == "no"
    assert triage["fallback"] == "the nightly batch, without personal data"
    assert triage["max_wait_seconds"] == "1800"
    assert "failed: the wait goes on for nothing until its bound" in triage["outcomes"]
    assert "BGM204 unapproved-job-type" in triage["open"]


# JSON


@given(inventory=inventories)
@many
def test_json_holds_everything(inventory: Inventory) -> None:
    data = json.loads(render(inventory, "json"))
    assert data["version"] == 1
    assert data["today"] == inventory.today.isoformat()
    assert len(data["calls"]) == len(inventory.calls)
    for got, each in zip(data["calls"], inventory.calls, strict=True):
        names = {name.name for name in dataclasses.fields(AuditedCall)}
        assert set(got) == names | {"state"}
        assert got["column"] == each.column + 1
        assert len(got["waits"]) == len(each.waits)
    for name in ("other", "expiries", "waivers", "errors"):
        assert len(data[name]) == len(getattr(inventory, name))


def test_json_keeps_what_the_code_says() -> None:
    data = json.loads(render(nasty(), "json"))
    found = [each["symbol"] for each in data["calls"]]
    assert found == [text.replace("\ud800", "\ufffd") for text in NASTY]


def test_json_counts_by_job_type_and_data_class() -> None:
    summary = json.loads(render(varied(), "json"))["summary"]
    assert (summary["calls"], summary["open"], summary["waived"]) == (12, 5, 2)
    assert summary["by_job_type"]["internal-draft"] == {"open": 0, "waived": 2, "compliant": 1}
    assert list(summary["by_data_class"]) == sorted(summary["by_data_class"])


# Markdown


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of the plain text of their cells."""
    found: list[list[list[str]]] = []
    inside = False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in ("table_open", "table_close"):
            inside = token.type == "table_open"
            found += [[]] if inside else []
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and inside:
            children = token.children or []
            assert {child.type for child in children} <= {
                *("text", "text_special", "softbreak", "strong_open", "strong_close"),
                *("html_inline",),
            }
            assert {each.content for each in children if each.type == "html_inline"} <= {"<br>"}
            words = [" " if c.type == "html_inline" else c.content for c in children]
            found[-1][-1].append("".join(words))
    return found


@given(inventory=inventories)
@many
def test_markdown_stays_text(inventory: Inventory) -> None:
    text = render(inventory, "markdown")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    assert not [token for token in tokens if token.type == "html_block"]
    titles = [token for token in tokens if token.type == "heading_open" and token.tag == "h3"]
    assert len(titles) == len(inventory.calls)
    fences = [token.content for token in tokens if token.type == "fence"]
    assert fences == [shown(each.snippet) + "\n" for each in inventory.calls]
    found = tables(text)
    for table in found:
        assert len({len(row) for row in table}) == 1
    lists = [table[1:] for table in found if table[0][0] == "question"]
    for rows, each in zip(lists, inventory.calls, strict=True):
        wanted = [" ".join(line.strip() or "—" for line in one.words) for one in checklist(each)]
        assert [row[1].split() for row in rows] == [words.split() for words in wanted]


def test_markdown_has_the_calls_and_their_checklists() -> None:
    found = tables(render(varied(), "markdown"))
    (calls,) = (table for table in found if table[0][0] == "#")
    assert len(calls) == 13
    lists = [table for table in found if table[0][0] == "question"]
    assert len(lists) == 12
    assert lists[0][1][0] == "Which kind of job is it?"
    text = render(varied(), "markdown")
    assert "5 of 12 background calls have something open." in text
    assert "ended 6 days ago" in text
    assert "9 days left" in text


# HTML


class Reader(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


KNOWN = {
    *("html", "head", "meta", "link", "title", "style", "body", "a", "header", "h1", "h2", "h3"),
    *("p", "dl", "dt", "dd", "div", "main", "section", "ul", "li", "b", "small", "span", "table"),
    *("caption", "thead", "tbody", "tr", "th", "td", "svg", "path", "rect", "circle", "g", "text"),
    *("time", "code", "pre", "bdi", "details", "summary", "article", "form", "label", "input"),
    *("select", "option", "button", "output", "script"),
}


@given(inventory=inventories)
@many
def test_html_has_only_elements_of_ours(inventory: Inventory) -> None:
    reader = read(render(inventory, "html"))
    tags = [tag for tag, _ in reader.elements]
    assert set(tags) <= KNOWN
    assert tags.count("script") == tags.count("style") == 1
    assert tags.count("article") == len(inventory.calls)
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for _, attributes in reader.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert (attributes.get("href") or "#").startswith(("#", "data:,"))
        assert "src" not in attributes


def test_html_shows_nasty_texts_as_they_are() -> None:
    reader = read(render(nasty(), "html"))
    assert reader.text.count(shown(NASTY[0])) > 10
    assert shown(NASTY[2]) in reader.text


def test_html_of_nothing_is_kind() -> None:
    text = "".join(read(render(empty(), "html")).text)
    assert "No call was found that runs in the background." in text
    assert "3 files were read" in text
    assert "There is nothing to sign today." in text
    assert "Signature" not in text
    gone = dataclasses.replace(empty(), errors=("gone.py: not found",))
    assert "nothing to sign" not in render(gone, "html")


@pytest.mark.parametrize("output_format", ["markdown", "html"])
def test_what_could_not_be_read_is_said(output_format: str) -> None:
    inventory = dataclasses.replace(empty(), errors=("gone.py: not found",))
    assert "not found" in render(inventory, output_format)


# The answers


def test_an_expired_approval_is_no_answer() -> None:
    each = call(decision="review", approvals=(approval("Jo", -1),))
    standings = {answer.key: answer.standing for answer in checklist(each)}
    assert standings["who"] == "look"
    assert standings["decision"] == "look"


def test_a_compliant_call_has_nothing_to_look_at() -> None:
    assert {answer.standing for answer in checklist(call())} <= {"answered", "note"}


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ({}, "ends on every outcome"),
        ({"failed": "never ends", "queued": "leaves"}, "never ends on failed"),
        ({"failed": "bound", "cancelled": "bound"}, "burns its bound on failed and cancelled"),
        ({"queued": "leaves"}, "ends too early on queued"),
        ({"completed": "not known"}, "cannot be seen"),
    ],
)
def test_the_wait_in_short(outcomes: dict[str, str], words: str) -> None:
    assert wait_in_short(call(waits=(waiting("a.py", 3, **outcomes),))) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (2.5, "2.5 seconds"),
        (90, "1 minute and 30 seconds"),
        (1800, "30 minutes"),
        (90061, "1 day, 1 hour, 1 minute and 1 second"),
        (float("inf"), "inf seconds"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_page_is_shipped(root: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, root],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {"bgmode/audit/page.css", "bgmode/audit/page.js"} <= set(archive.namelist())
