"""What an editor shows of a text: the command's findings, at the editor's own positions."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from lsprotocol import types

from bgmode.finding import Finding
from bgmode.knowledge import RULES, shown_page
from bgmode.report import Report
from bgmode.session import Options, Session
from bgmode.source import Source, decode
from tests.cli.test_patches import MARK, TEXTS
from tests.command import BAD, GOOD
from tests.server.editor import Editor

TODAY = datetime.date(2027, 1, 31)
EVERYWHERE = {
    **{name: text for name, (_, text) in TEXTS.items()},
    "two calls in a line": (
        'x = "🎉", client.responses.create(background=True), client.responses.create('
        "background=True)\n"
    ),
    "two findings of a line": "client.responses.create(background=True, store=False)\n",
    "no Python": "def f(:\n    pass\n",
    "no Python, wide": 'x = "🎉🎉" 1 responses\n',
    "a zero": "x = 1\ny = '\0'\n",
    "nothing": "",
    "a mark only": MARK,
}
WAIVED = """\
preset: standard
waivers:
  - rules: [BGM101]
    paths: ["*.py"]
    reason: "größer 🎉"
    until: 2026-12-31
"""


def check(path: Path, text: str) -> Report:
    """What the command says of a text in a file."""
    path.write_bytes(text.encode())
    return Session(Options(today=TODAY)).run([str(path)])


def as_written(finding: Finding, text: str) -> tuple[str, str, str]:
    source = Source(finding.path, decode(text.encode())[0])
    return finding.code, finding.message, source.written(finding.span)


@pytest.fixture(scope="module", params=["utf-16", "utf-8"])
def counting(
    request: pytest.FixtureRequest, editor: Editor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Editor]:
    """An editor that counts in the units of an encoding."""
    if request.param == "utf-16":
        yield editor
        return
    other = Editor(tmp_path_factory.mktemp("w"), encodings=(request.param, "utf-16"))
    yield other
    assert other.leave() == 0


def test_positions_are_the_editors(counting: Editor, tmp_path: Path) -> None:
    for number, text in enumerate(EVERYWHERE.values()):
        path = tmp_path / f"a{number}.py"
        expected = check(path, text).findings
        path.write_text("")  # the editor's text counts
        uri = counting.open(path, text)
        found = counting.diagnostics(uri)
        written = [(d.code, d.message, counting.written(uri, d.range)) for d in found]
        assert written == [as_written(finding, text) for finding in expected]
        lines = [finding.span.line - 1 for finding in expected]
        assert [d.range.start.line for d in found] == lines
        counting.close(uri)


def test_what_a_diagnostic_says(editor: Editor, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "a.py", BAD)
    for found in editor.diagnostics(uri):
        rule = RULES[str(found.code)]
        assert found.source == "bgmode"
        assert found.code_description == types.CodeDescription(rule.url)
        assert found.tags is None
        assert found.severity is not None
        assert found.severity.name.lower() == rule.severity
    assert [d.severity and d.severity.name for d in editor.diagnostics(uri)] == ["Error", "Warning"]


def test_related_places_of_this_file_and_of_others(editor: Editor, tmp_path: Path) -> None:
    other = tmp_path / "store.py"
    call = "client.responses.create(background=True, store=True)"
    other.write_text(f'{MARK}import openai\n\n\ndef submit():\n    "é🎉"; return {call}\n')
    uri = editor.open(tmp_path / "a.py", "# bgmode: zdr\nfrom store import submit\n\nsubmit()\n")
    (found,) = editor.diagnostics(uri)
    here, elsewhere = (each.location for each in found.related_information or [])
    assert (found.code, here.uri, elsewhere.uri) == ("BGM111", uri, other.as_uri())
    assert editor.written(uri, here.range) == "# bgmode: zdr"
    editor.texts[other.as_uri()] = 1, other.read_text().removeprefix(MARK)
    assert editor.written(other.as_uri(), elsewhere.range) == "background=True"

    text = "client.responses.create(\n    background=True,\n    store=False,\n)\n"
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("__zdr__ = True\n")
    uri = editor.open(tmp_path / "pack" / "a.py", text)
    (found,) = [d for d in editor.diagnostics(uri) if d.code == "BGM110"]
    (whole,) = found.related_information or []
    assert whole.location.uri == (tmp_path / "pack" / "__init__.py").as_uri()

    uri = editor.open(tmp_path / "a.py", text)
    (found,) = [d for d in editor.diagnostics(uri) if d.code == "BGM102"]
    (set_here,) = found.related_information or []
    assert set_here.location.uri == uri
    assert editor.written(uri, set_here.location.range) == "background=True"
    assert editor.written(uri, found.range) == "store=False"


def test_the_text_of_the_editor_is_judged(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(GOOD)
    uri = editor.open(path, BAD)
    assert editor.codes(uri) == ["BGM101", "BGM401"]
    editor.change(uri, GOOD)
    assert editor.codes(uri) == []
    editor.change(uri, BAD)
    assert editor.codes(uri) == ["BGM101", "BGM401"]
    editor.close(uri)
    editor.until(lambda: editor.told[uri].diagnostics == ())
    path.write_text(BAD)
    uri = editor.open(path, GOOD)
    assert editor.codes(uri) == []


def test_whole_texts_are_asked_for(editor: Editor) -> None:
    """Parts of a text would go to wrong places: pygls ends lines at form feeds, editors do not."""
    assert editor.initialized.capabilities.text_document_sync == types.TextDocumentSyncOptions(
        open_close=True, change=types.TextDocumentSyncKind.Full, save=True
    )


def test_many_changes_are_not_judged_one_by_one(editor: Editor, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "a.py", BAD)
    editor.diagnostics(uri)
    before = editor.times[uri]
    for number in range(40):
        editor.change(uri, f"{BAD}x = {number}\n")
    assert editor.codes(uri) == ["BGM101", "BGM401"]
    assert editor.times[uri] < before + 20
    editor.change(uri, f"{BAD}\n")
    editor.close(uri)
    editor.quiet()
    assert editor.told[uri].diagnostics == ()


def test_comments_that_ignore_are_heeded(editor: Editor, tmp_path: Path) -> None:
    comment = 'background=True,  # bgmode: ignore[BGM101] reason="kept" owner=@x until={}'
    for day, left in {
        "2027-06-30": ["BGM401"],
        "2027-01-01": ["BGM005", "BGM101", "BGM401"],
    }.items():
        text = BAD.replace("background=True,", comment.format(day))
        assert sorted(editor.codes(editor.open(tmp_path / f"{day}.py", text))) == left


def test_another_module_is_read_from_the_disk(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("KEEP = True\n")
    text = "from settings import KEEP\n" + GOOD.replace("store=True", "store=KEEP")
    uri = editor.open(tmp_path / "a.py", text)
    assert editor.codes(uri) == []
    (tmp_path / "settings.py").write_text("KEEP = False\n")
    editor.save(uri)
    editor.until(lambda: [d.code for d in editor.told[uri].diagnostics] == ["BGM102"])
    (tmp_path / "settings.py").write_text("KEEP = True\n")
    editor.files_changed(tmp_path / "settings.py")
    editor.until(lambda: not editor.told[uri].diagnostics)


# The policy


def test_the_policy_of_the_file_applies(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "bgmode.yaml").write_text("preset: minimal\nexclude: ['out/**']\n")
    assert editor.codes(editor.open(tmp_path / "a.py", BAD)) == ["BGM101"]
    assert editor.codes(editor.open(tmp_path / "out" / "a.py", BAD)) == []
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "pyproject.toml").write_text("[tool.bgmode]\npolicy = 'own.yaml'\n")
    (tmp_path / "deep" / "own.yaml").write_text("rules: {BGM101: off, BGM401: info}\n")
    (found,) = editor.diagnostics(editor.open(tmp_path / "deep" / "a.py", BAD))
    assert (found.code, found.severity) == ("BGM401", types.DiagnosticSeverity.Information)


def test_a_changed_policy_is_heeded(editor: Editor, tmp_path: Path) -> None:
    (watch,) = editor.watched
    assert watch.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    policy = tmp_path / "bgmode.yaml"
    uris = [editor.open(tmp_path / f"a{number}.py", BAD) for number in range(2)]
    assert [editor.codes(uri) for uri in uris] == [["BGM101", "BGM401"]] * 2
    policy.write_text("preset: minimal\n")
    editor.files_changed(policy)
    for uri in uris:
        editor.until(lambda uri=uri: [d.code for d in editor.told[uri].diagnostics] == ["BGM101"])


def test_a_policy_that_is_not_right_is_told(editor: Editor, tmp_path: Path) -> None:
    policy = tmp_path / "bgmode.yaml"
    policy.write_text('preset: minimal\n"🎉": 1\nzdr: {"é🎉": 1, module: []}\n')
    messages = len(editor.messages)
    path = tmp_path / "a.py"
    uri = editor.open(path, BAD)
    editor.until(lambda: policy.as_uri() in editor.told and len(editor.messages) > messages)
    assert editor.diagnostics(uri) == []
    editor.texts[policy.as_uri()] = 1, policy.read_text()
    told = editor.told[policy.as_uri()].diagnostics
    places = [(d.range.start.line, d.range.start.character) for d in told]
    assert places == [(1, 0), (2, 6), (2, len('zdr: {"é🎉": 1, ') + 1)]
    assert "did you mean `modules`?" in told[2].message
    assert all(d.severity == types.DiagnosticSeverity.Error for d in told)
    assert str(policy) in editor.messages[-1]
    assert "(and 2 more)" in editor.messages[-1]

    editor.change(uri, f"{BAD}\n")
    editor.quiet()
    assert len(editor.messages) == messages + 1  # said once

    policy.write_text("preset: minimal\n")
    editor.files_changed(policy)
    editor.until(
        lambda: editor.told[uri].diagnostics and not editor.told[policy.as_uri()].diagnostics
    )
    assert [d.code for d in editor.told[uri].diagnostics] == ["BGM101"]


def test_what_is_to_be_said_of_the_policy_itself(editor: Editor, tmp_path: Path) -> None:
    policy = tmp_path / "bgmode.yaml"
    policy.write_text(WAIVED)
    uri = editor.open(tmp_path / "a.py", BAD)
    assert editor.codes(uri) == ["BGM101", "BGM401"]
    editor.until(lambda: policy.as_uri() in editor.told)
    (found,) = editor.told[policy.as_uri()].diagnostics
    assert (found.code, found.range.start.line) == ("BGM005", 2)
    editor.close(uri)
    editor.until(lambda: not editor.told[policy.as_uri()].diagnostics)


# Texts of other kinds


def test_half_a_character_is_no_python(editor: Editor, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "a.py", f"x = '\ud83d'\n{BAD}")
    assert editor.codes(uri) == ["BGM001"]
    assert editor.actions(uri) == []


def test_a_text_without_a_file(editor: Editor) -> None:
    uri = editor.open("untitled:Untitled-1", BAD)
    assert editor.codes(uri) == ["BGM101", "BGM401"]
    assert editor.actions(uri)
    editor.close(uri)
    assert editor.codes(editor.open("untitled:", BAD)) == ["BGM101", "BGM401"]


def test_what_is_no_python_file_is_left_alone(editor: Editor) -> None:
    others = [
        ("file:///project/a.ipynb", "jupyter"),
        ("file:///project/b.ipynb", "python"),
        ("vscode-notebook-cell:/project/a.ipynb#W0sZmlsZQ", "python"),
        ("git:/project/a.py?ref", "python"),
        ("file:///project/bgmode.yaml", "yaml"),
    ]
    for uri, language in others:
        editor.open(uri, BAD, language)
        editor.change(uri, f"{BAD}\n")
        assert editor.actions(uri) == []
        assert editor.hover(uri, 9, 10) is None
        editor.save(uri)
        editor.close(uri)
    editor.quiet()
    assert not editor.told.keys() & {uri for uri, _ in others}


def test_a_file_outside_of_any_project(
    editor: Editor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("größer 🎉 %20")
    assert editor.codes(editor.open(folder / "a b.py", BAD)) == ["BGM101", "BGM401"]
    assert editor.codes(editor.open(folder / "gone" / "a", BAD)) == ["BGM101", "BGM401"]


# Hover


def test_hover_is_the_page_of_the_rule(editor: Editor, tmp_path: Path) -> None:
    text = f"# 🎉\n{BAD}"
    uri = editor.open(tmp_path / "a.py", text)
    found = editor.diagnostics(uri)[0].range
    shown = editor.hover(uri, found.start.line, found.start.character)
    assert shown is not None
    assert shown.range == found
    pages = [shown_page(RULES[code]) for code in ("BGM101", "BGM401")]
    assert shown.contents == types.MarkupContent(
        types.MarkupKind.Markdown, "\n\n---\n\n".join(pages)
    )
    assert editor.hover(uri, found.start.line, found.start.character - 1) is None
    assert editor.hover(uri, 0, 0) is None


def test_hover_on_what_is_no_python(editor: Editor, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "a.py", "x = = 1\n")
    (found,) = editor.diagnostics(uri)
    assert found.code == "BGM001"
    shown = editor.hover(uri, found.range.start.line, found.range.start.character)
    assert shown is not None
    assert isinstance(shown.contents, types.MarkupContent)
    assert shown.contents.value == shown_page(RULES["BGM001"])
