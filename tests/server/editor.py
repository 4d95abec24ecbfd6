"""An editor: a real client that speaks with the real server over its standard streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.command import BIN

Found = TypeVar("Found")
PATIENCE = 30  # seconds
UTF16 = {"utf-16": "utf-16-le", "utf-8": "utf-8", "utf-32": "utf-32-le"}
UNIT = {"utf-16": 2, "utf-8": 1, "utf-32": 4}
EDITS = types.WorkspaceClientCapabilities(
    workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
    did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(
        dynamic_registration=True
    ),
)


class Editor:
    """One running server, the texts that are open in it, and all that it has said."""

    def __init__(
        self,
        *folders: Path,
        options: tuple[str, ...] = (),
        encodings: tuple[str, ...] = (),
        workspace: types.WorkspaceClientCapabilities | None = EDITS,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = LanguageClient("editor", "1")
        self.told: dict[str, types.PublishDiagnosticsParams] = {}
        self.times: dict[str, int] = {}
        self.messages: list[str] = []
        self.log: list[str] = []
        self.watched: list[types.Registration] = []
        self.texts: dict[str, tuple[int, str]] = {}
        self._listen()
        command = self._client.start_io(str(BIN / "bgmode"), "server", *options, cwd=folders[0])
        self.do(command)
        self.process = self._client._server
        self.initialized = self.do(
            self._client.initialize_async(
                types.InitializeParams(
                    capabilities=types.ClientCapabilities(
                        workspace=workspace,
                        general=types.GeneralClientCapabilities(
                            position_encodings=[*encodings] or None
                        ),
                    ),
                    root_uri=folders[0].as_uri(),
                    workspace_folders=[
                        types.WorkspaceFolder(each.as_uri(), each.name) for each in folders
                    ],
                )
            )
        )
        self.encoding = self.initialized.capabilities.position_encoding
        self._client.initialized(types.InitializedParams())

    def _listen(self) -> None:
        @self._client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def told(params: types.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = params
            self.times[params.uri] = self.times.get(params.uri, 0) + 1

        @self._client.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

        @self._client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.log.append(params.message)

        @self._client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registered(params: types.RegistrationParams) -> None:
            self.watched += params.registrations

    def do(self, what: Awaitable[Found]) -> Found:
        """Wait for an answer."""
        return self._loop.run_until_complete(asyncio.wait_for(what, PATIENCE))

    def until(self, holds: Callable[[], Any]) -> None:
        """Wait for what the server says of its own accord."""

        async def wait() -> None:
            while not holds():
                await asyncio.sleep(0.005)

        self.do(wait())

    # What a person does

    def open(self, where: Path | str, text: str, language: str = "python") -> str:
        """Open a text, which need not be that on the disk; returns its URI."""
        uri = where if isinstance(where, str) else where.as_uri()
        self.texts[uri] = 1, text
        self.told.pop(uri, None)  # of another text
        item = types.TextDocumentItem(uri, language, 1, text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        version = self.texts[uri][0] + 1
        self.texts[uri] = version, text
        self._client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def save(self, uri: str) -> None:
        self._client.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri))
        )

    def close(self, uri: str) -> None:
        self._client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )

    def files_changed(self, *paths: Path) -> None:
        changes = [types.FileEvent(each.as_uri(), types.FileChangeType.Changed) for each in paths]
        self._client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes))

    def send(self, method: str, params: object) -> None:
        self._client.protocol.notify(method, params)

    def send_raw(self, message: dict[str, Any]) -> None:
        """Send what need not be a message of the protocol."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def ask(self, method: str, params: object) -> Any:
        async def answer() -> Any:
            return await self._client.protocol.send_request_async(method, params)

        return self.do(answer())

    # What a person sees

    def diagnostics(self, uri: str, version: int | None = None) -> list[types.Diagnostic]:
        """What is said of a version of a text (of that which is open), once it is."""
        wanted = version or self.texts[uri][0]
        self.until(lambda: uri in self.told and self.told[uri].version == wanted)
        return list(self.told[uri].diagnostics)

    def codes(self, uri: str) -> list[str]:
        return [str(each.code) for each in self.diagnostics(uri)]

    def quiet(self) -> None:
        """Wait until the server has answered all that was sent before, and a pause has passed."""
        self.do(asyncio.sleep(0.3))
        self.hover("file:///nowhere.py", 0, 0)

    def actions(
        self,
        uri: str,
        at: types.Range | None = None,
        *only: str,
        trigger: types.CodeActionTriggerKind | None = None,
    ) -> list[types.CodeAction]:
        everywhere = types.Range(types.Position(0, 0), types.Position(10_000, 0))
        context = types.CodeActionContext([], [*only] or None, trigger)
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(uri), at or everywhere, context
        )
        return list(self.do(self._client.text_document_code_action_async(params)) or [])

    def hover(self, uri: str, line: int, character: int) -> types.Hover | None:
        where = types.TextDocumentIdentifier(uri), types.Position(line, character)
        return self.do(self._client.text_document_hover_async(types.HoverParams(*where)))

    def written(self, uri: str, place: types.Range) -> str:
        """The text that stands in a range, as an editor finds it."""
        lines = split(self.texts[uri][1])
        begin, end = (self._offset(lines, each) for each in (place.start, place.end))
        return "".join(lines)[begin:end]

    def applied(self, action: types.CodeAction) -> str:
        """The text after a code action, if it is made for the version that is open."""
        assert action.edit is not None
        assert action.edit.document_changes is not None
        (change,) = action.edit.document_changes
        assert isinstance(change, types.TextDocumentEdit)
        version, text = self.texts[change.text_document.uri]
        assert change.text_document.version == version
        lines = split(text)
        for edit in sorted(change.edits, key=lambda each: each.range.start, reverse=True):
            assert isinstance(edit, types.TextEdit)
            begin = self._offset(lines, edit.range.start)
            end = self._offset(lines, edit.range.end)
            assert begin <= end
            text = text[:begin] + edit.new_text + text[end:]
        return text

    def _offset(self, lines: list[str], at: types.Position) -> int:
        """Where a position is: an editor's lines, and units of the encoding agreed upon."""
        assert self.encoding is not None
        line = lines[at.line].encode(UTF16[self.encoding])
        column = len(line[: at.character * UNIT[self.encoding]].decode(UTF16[self.encoding]))
        return sum(map(len, lines[: at.line])) + column

    # The end

    def leave(self) -> int:
        """Say goodbye; returns the server's exit code."""
        self.ask(types.SHUTDOWN, None)
        self._client.exit(None)
        return self.end()

    def end(self) -> int:
        """Wait for the server's end."""
        assert self.process is not None
        code = self.do(self.process.wait())
        self.do(asyncio.sleep(0))
        self._loop.close()
        return code


def split(text: str) -> list[str]:
    """The lines as the protocol counts them, with their ends; one more where the last has one."""
    lines, line = [], ""
    position = 0
    while position < len(text):
        line += text[position]
        if text[position] == "\n" or (text[position] == "\r" and text[position + 1 :][:1] != "\n"):
            lines.append(line)
            line = ""
        position += 1
    return [*lines, line]
