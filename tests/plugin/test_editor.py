"""What an editor gets: diagnostics from the real python-lsp-server, through flake8."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tests.command import BAD, BIN


class Server:
    """A language server that is spoken to over its standard streams."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in: IO[bytes] = process.stdin
        self._out: IO[bytes] = process.stdout
        self._id = 0

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._id += 1
        self._send({"id": self._id, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self._id:
                return message

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._in.flush()

    def read(self) -> dict[str, Any]:
        length = 0
        while line := self._out.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self._out.read(length))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    process = subprocess.Popen(
        [BIN / "pylsp"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Server(process)
    finally:
        process.kill()
        process.wait()


def test_diagnostics(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "a.py"
    path.write_text(BAD)
    server.request(
        "initialize", {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}
    )
    plugins = {
        "flake8": {"enabled": True, "executable": str(BIN / "flake8")},
        "pycodestyle": {"enabled": False},
        "pyflakes": {"enabled": False},
        "mccabe": {"enabled": False},
    }
    server.notify("initialized", {})
    server.notify("workspace/didChangeConfiguration", {"settings": {"pylsp": {"plugins": plugins}}})
    document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": BAD}
    server.notify("textDocument/didOpen", {"textDocument": document})
    while True:
        message = server.read()
        if message.get("method") != "textDocument/publishDiagnostics":
            continue
        diagnostics = message["params"]["diagnostics"]
        if diagnostics:
            break
    found = {d["code"]: d["range"]["start"] for d in diagnostics if d["code"].startswith("BGM")}
    assert found == {
        "BGM101": {"line": 9, "character": 8},
        "BGM401": {"line": 9, "character": 8},
    }
