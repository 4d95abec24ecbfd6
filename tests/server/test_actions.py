"""Code actions: what an editor puts in is what the command would write."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from lsprotocol import types

from bgmode.knowledge import RULES
from bgmode.session import Options, Session
from tests.cli.test_patches import LOOP, MARK, TEXTS, WIDE
from tests.command import BAD
from tests.server.editor import Editor

ALLOWED = """\
job_types:
  report: {background: allow, stored_state: allowed}
paths: {"*.py": report}
"""
CASES = {
    **TEXTS,
    "two calls in a line": (
        "BGM405",
        'f("🎉"), c.responses.create(background=True, store=True, idempotency_key=k)\n',
    ),
}
SAFE = "BGM101: add `store=True`"
UNSAFE = f"{SAFE} (unsafe: look at the result)"


def fixed(path: Path, text: str, *codes: str, unsafe: bool = True) -> str:
    """What the command makes of a text in a file."""
    path.write_bytes(text.encode())
    wanted = set(codes or RULES)
    options = Options(
        fix=True,
        unsafe_fixes=unsafe,
        wanted=lambda rule: rule.code in wanted,
        today=datetime.date(2027, 1, 31),
    )
    Session(options).run([str(path)])
    return path.read_bytes().decode()


def quick(editor: Editor, uri: str, code: str) -> list[types.CodeAction]:
    found = editor.actions(uri, None, types.CodeActionKind.QuickFix.value)
    return [each for each in found if each.diagnostics and each.diagnostics[0].code == code]


@pytest.mark.parametrize("name", CASES)
def test_a_quick_fix_is_the_fix(editor: Editor, tmp_path: Path, name: str) -> None:
    code, text = CASES[name]
    uri = editor.open(tmp_path / "a.py", text)
    (action,) = quick(editor, uri, code)
    new = editor.applied(action)
    assert new == fixed(tmp_path / "a.py", text, code) != text
    (about,) = action.diagnostics or []
    assert about in editor.diagnostics(uri)
    assert action.kind == types.CodeActionKind.QuickFix
    editor.change(uri, new)
    assert code not in editor.codes(uri)


def test_safe_fixes_are_preferred(editor: Editor, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "a.py", BAD)
    (action,) = quick(editor, uri, "BGM101")
    assert (action.title, action.is_preferred) == (UNSAFE, False)
    (tmp_path / "bgmode.yaml").write_text(ALLOWED)
    editor.save(uri)
    (action,) = quick(editor, uri, "BGM101")  # of the policy as it is now
    assert (action.title, action.is_preferred) == (SAFE, True)


def test_two_ways_out_are_two_actions(editor: Editor, tmp_path: Path) -> None:
    text = BAD.replace("background=True,", "background=True, store=False,")
    uri = editor.open(tmp_path / "a.py", text)
    actions = quick(editor, uri, "BGM102")
    assert [(each.title, each.is_preferred) for each in actions] == [
        ("BGM102: write `store=True` (you decide)", False),
        ("BGM102: remove `background` (you decide)", False),
    ]
    assert [editor.applied(each) for each in actions] == [
        text.replace("store=False", "store=True"),
        text.replace("background=True, ", ""),
    ]


def test_only_what_stands_there_is_offered(editor: Editor, tmp_path: Path) -> None:
    call = "client.responses.create(background=True, store=True, idempotency_key=k)"
    text = f'"🎉", {call}, {call}\n{call}\n'
    uri = editor.open(tmp_path / "a.py", text)
    found = [each for each in editor.diagnostics(uri) if each.code == "BGM405"]
    assert len(found) == 3
    results = set()
    for each in found:
        (action,) = editor.actions(uri, each.range, "quickfix")
        assert action.diagnostics == (each,)
        results.add(editor.applied(action))
    assert len(results) == 3
    assert (
        editor.actions(uri, types.Range(types.Position(0, 0), types.Position(0, 3)), "quickfix")
        == []
    )


def test_all_safe_fixes_are_those_of_the_command(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "bgmode.yaml").write_text(ALLOWED)
    text = MARK + WIDE + LOOP.replace("import", "# bgmode: ignore[BGM404] reason=x\nimport", 1)
    uri = editor.open(tmp_path / "a.py", text)
    (action,) = editor.actions(uri, None, "source.fixAll.bgmode")
    new = editor.applied(action)
    assert new == fixed(tmp_path / "a.py", text, unsafe=False)
    assert "store=True" in new
    assert "ignore[BGM404]" not in new
    assert 'while response.status != "completed"' in new  # that fix is unsafe
    editor.change(uri, new)
    assert editor.actions(uri, None, "source.fixAll.bgmode") == []


def test_the_kinds_that_are_asked_for(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "bgmode.yaml").write_text(ALLOWED)
    uri = editor.open(tmp_path / "a.py", BAD)

    def kinds(*only: str, by: types.CodeActionTriggerKind | None = None) -> list[str]:
        found = editor.actions(uri, None, *only, trigger=by)
        return [getattr(each.kind, "value", each.kind) for each in found]

    fix, everything = "quickfix", "source.fixAll.bgmode"
    assert kinds() == [fix, everything]
    assert kinds(by=types.CodeActionTriggerKind.Invoked) == [fix, everything]
    assert kinds(by=types.CodeActionTriggerKind.Automatic) == [fix]
    assert kinds("source") == kinds("source.fixAll") == kinds(everything) == [everything]
    assert kinds(everything, by=types.CodeActionTriggerKind.Automatic) == [everything]
    assert kinds("quickfix") == [fix]
    assert kinds("refactor", "source.fixAll.other", "source.fix") == []
    provider = editor.initialized.capabilities.code_action_provider
    assert isinstance(provider, types.CodeActionOptions)
    assert [*(provider.code_action_kinds or [])] == [types.CodeActionKind.QuickFix, everything]


def test_edits_are_for_the_text_as_it_is_now(editor: Editor, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "a.py", BAD)
    (first,) = quick(editor, uri, "BGM101")
    for number in range(5):
        text = "\n" * number + BAD
        editor.change(uri, text)
        (action,) = quick(editor, uri, "BGM101")  # at once, before the pause is over
        assert editor.applied(action) == text.replace("True,", "True,\n        store=True,")
    with pytest.raises(AssertionError):  # an editor sees that it is of another version
        editor.applied(first)
    editor.change(uri, "x = 1\n")
    assert editor.actions(uri) == []
    editor.change(uri, "x = = 1\n")
    assert editor.actions(uri) == []


def test_what_cannot_be_proven_is_not_offered(editor: Editor, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "a.py", 'f"{client.responses.create(background=True)}"\n')
    assert "BGM101" in editor.codes(uri)
    assert editor.actions(uri) == []


def test_a_client_that_knows_no_versions_is_offered_no_edits(tmp_path: Path) -> None:
    editor = Editor(tmp_path, workspace=None)
    uri = editor.open(tmp_path / "a.py", BAD)
    assert editor.codes(uri) == ["BGM101", "BGM401"]
    assert editor.actions(uri) == []
    assert editor.watched == []
    assert editor.leave() == 0
