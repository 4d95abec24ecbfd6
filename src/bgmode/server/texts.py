"""The texts that are open: each is judged when it is opened, changed or saved, and that is told.

What is read from the disk is read anew once a file is saved or the client says that one has
changed. A text is judged again a moment after its last change, or at once where somebody asks what
would mend it.
"""

from __future__ import annotations

import asyncio
import datetime
import os
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path, uri_scheme
from pygls.workspace import TextDocument

import bgmode
from bgmode.finding import Finding
from bgmode.notebook import SUFFIX as NOTEBOOK
from bgmode.server.diagnostics import diagnostic, of_policy
from bgmode.server.judging import Disk, Judged
from bgmode.server.places import MARK, Places, places_in

_PAUSE = 0.2  # seconds without a change before a text is judged
_PYTHON = (".py", ".pyi")


@dataclass(frozen=True)
class Shown:
    """One version of a text, and what the client has been told of it."""

    text: str
    version: int | None
    disk: Disk
    judged: Judged
    places: Places
    found: list[tuple[Finding, types.Diagnostic]]
    of_policy: list[tuple[str, types.Diagnostic]]


class Server(LanguageServer):
    """The texts that are open in one client, and what it was told of them and of their policies."""

    def __init__(self, policy: str | None, today: datetime.date | None) -> None:
        # pygls splits lines at form feeds, so it would put parts of a text in wrong places
        sync = types.TextDocumentSyncKind.Full
        super().__init__("bgmode", bgmode.__version__, text_document_sync_kind=sync)
        self.is_shut_down = False
        self._policy = policy
        self._today = today
        self._disk = Disk(policy, today)
        self._open: set[str] = set()
        self._shown: dict[str, Shown] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._of_policies: dict[str, list[types.Diagnostic]] = {}
        self._broken: set[str] = set()

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002
        """Log what went wrong in one message; the next one is answered as ever."""
        data = getattr(error, "data", None)
        trace = data.get("traceback") if isinstance(data, dict) else None
        message = "".join([f"{error}\n", *(trace or [])]).strip()
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))

    def opened(self, uri: str) -> None:
        """Judge a text from now on, if it is Python."""
        if _is_python(self.workspace.get_text_document(uri)):
            self._open.add(uri)
            self.told(uri)

    def closed(self, uri: str) -> None:
        """Take back what was said of a text."""
        if uri in self._open:
            self._open.discard(uri)
            self._shown.pop(uri, None)
            self._cancel(uri)
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
            self._tell_of_policies()

    def judge_all(self) -> None:
        """Judge all that is open anew, soon: something has changed on the disk."""
        self._disk = Disk(self._policy, self._today)
        for uri in self._open:
            self.judge_soon(uri)

    def judge_soon(self, uri: str) -> None:
        """Judge a text when it has not changed for a moment."""
        if uri in self._open:
            self._cancel(uri)
            loop = asyncio.get_running_loop()
            self._waiting[uri] = loop.call_later(_PAUSE, self._judge_now, uri)

    def _judge_now(self, uri: str) -> None:
        try:
            self.told(uri)
        except Exception as error:  # outside of any message, so nobody else would say it
            self.report_server_error(error, type(error))

    def _cancel(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()

    def told(self, uri: str) -> Shown | None:
        """What is said of a text as it is now, which the client knows then; None of other files."""
        if uri not in self._open:
            return None
        self._cancel(uri)
        document, known = self.workspace.get_text_document(uri), self._shown.get(uri)
        now = document.source, document.version, self._disk
        if known is not None and now == (known.text, known.version, known.disk):
            return known
        shown = self._shown[uri] = self._judged(document)
        found = [each for _, each in shown.found]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, shown.version)
        )
        self._tell_of_policies()
        return shown

    def _judged(self, document: TextDocument) -> Shown:
        text, version, codec = document.source, document.version, self.workspace.position_codec
        judged = self._disk.judge(self._path(document), text.removeprefix(MARK))
        places = places_in(judged.source, document.uri, text, codec)
        found = [(each, diagnostic(each, places)) for each in judged.findings]
        said = list(of_policy(judged, codec))
        return Shown(text, version, self._disk, judged, places, found, said)

    def _path(self, document: TextDocument) -> str:
        """The path of a text; what was never saved lies in the first folder of the workspace."""
        folders = [to_fs_path(each.uri) for each in self.workspace.folders.values()]
        root = next(filter(None, [*folders, self.workspace.root_path]), "")
        return os.path.join(root, document.path or "untitled")

    def _tell_of_policies(self) -> None:
        """Tell what is wrong with the policies of all that is open, where that has changed."""
        now: dict[str, list[types.Diagnostic]] = {}
        for shown in self._shown.values():
            for uri, found in shown.of_policy:
                if found not in now.setdefault(uri, []):
                    now[uri].append(found)
        before, self._of_policies = self._of_policies, now
        for uri in before.keys() - now.keys():
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        for uri in [uri for uri in now if now[uri] != before.get(uri)]:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, now[uri]))
        self._say_what_is_broken()

    def _say_what_is_broken(self) -> None:
        """Say once of each policy's problem that it keeps texts from being judged."""
        problems = [str(each) for shown in self._shown.values() for each in shown.judged.problems]
        new = [each for each in dict.fromkeys(problems) if each not in self._broken]
        self._broken = set(problems)
        if new:
            more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
            message = f"bgmode judges nothing under a policy that is not right: {new[0]}{more}"
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, message))


def _is_python(document: TextDocument) -> bool:
    """Whether a text is Python that stands in a file, or will; not in a cell or an old revision."""
    if uri_scheme(document.uri) not in ("file", "untitled") or document.path.endswith(NOTEBOOK):
        return False
    return document.language_id == "python" or document.path.endswith(_PYTHON)
