"""The server's life: it starts, answers whatever comes, and ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.command import BAD, BIN
from tests.server.editor import Editor

WITHOUT = """\
import sys
sys.modules["{}"] = None  # as where it is not installed
sys.argv = ["bgmode", "server"]
from bgmode.cli import main
main()
"""
UNASKED = """\
import sys
sys.argv = ["bgmode", "check", "."]
from bgmode.cli import main
try:
    main()
except SystemExit:
    pass
assert not {"pygls", "lsprotocol", "cattrs", "asyncio"} & sys.modules.keys()
"""


def test_the_server_outlives_its_errors(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    uri = editor.open(tmp_path / "a.py", BAD)
    with pytest.raises(JsonRpcException, match="not defined"):
        editor.ask(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams("bgmode.gone"))
    editor.until(lambda: len(editor.log) == 1)
    gone = types.VersionedTextDocumentIdentifier(2, "file:///never/opened.py")
    change = types.TextDocumentContentChangeWholeDocument("x = 1\n")
    editor.send(types.TEXT_DOCUMENT_DID_CHANGE, types.DidChangeTextDocumentParams(gone, [change]))
    editor.until(lambda: len(editor.log) == 2)
    assert "opened.py" in editor.log[1]
    editor.send_raw({"method": types.TEXT_DOCUMENT_DID_SAVE, "params": {"textDocument": 3}})
    editor.until(lambda: len(editor.log) == 3)
    assert editor.messages == []
    assert editor.codes(uri) == ["BGM101", "BGM401"]
    editor.change(uri, "x = 1\n")
    assert editor.codes(uri) == []
    assert editor.leave() == 0


def test_several_folders_each_with_its_policy(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, policy in {one: "preset: minimal\n", two: "rules: {BGM101: off}\n"}.items():
        folder.mkdir()
        (folder / "bgmode.yaml").write_text(policy)
    editor = Editor(one, two)
    uris = [editor.open(folder / "a.py", BAD) for folder in (one, two)]
    assert [editor.codes(uri) for uri in uris] == [["BGM101"], ["BGM401"]]
    assert editor.codes(editor.open("untitled:Untitled-1", BAD)) == ["BGM101"]
    assert editor.leave() == 0


def test_a_policy_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("rules: {BGM101: off}\n")
    editor = Editor(tmp_path, options=("--policy", "own.yaml"))
    uri = editor.open(tmp_path / "a.py", BAD)
    assert editor.codes(uri) == ["BGM401"]
    (tmp_path / "own.yaml").unlink()
    editor.save(uri)
    own = (tmp_path / "own.yaml").as_uri()
    editor.until(lambda: own in editor.told and editor.messages)
    assert editor.told[own].diagnostics[0].message == "No such file or directory"
    assert editor.told[uri].diagnostics == ()
    editor._client.exit(None)
    assert editor.end() == 1  # it was not asked to shut down


def test_the_end_of_input_ends_the_server(tmp_path: Path) -> None:
    command = [BIN / "bgmode", "server", "--stdio"]
    done = subprocess.run(command, cwd=tmp_path, input=b"", capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.parametrize("missing", ["pygls", "pygls.lsp.server"])
def test_without_pygls_it_says_what_to_install(tmp_path: Path, missing: str) -> None:
    command = [sys.executable, "-c", WITHOUT.format(missing)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "pip install 'bgmode[lsp]'" in done.stderr


def test_no_other_command_loads_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD)
    command = [sys.executable, "-c", UNASKED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
