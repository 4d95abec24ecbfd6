"""Answers the client's messages, one function each, until it says that it is enough."""

from __future__ import annotations

import datetime
import sys
from typing import NoReturn

from lsprotocol import types

from bgmode.knowledge import RULES, shown_page
from bgmode.server import actions
from bgmode.server.texts import Server

_WATCHED = ("**/*.{py,pyi,yaml,yml}", "**/pyproject.toml")


def _can_edit(server: Server) -> bool:
    """Whether the client understands edits that name the version of a text."""
    workspace = server.client_capabilities.workspace
    edit = workspace.workspace_edit if workspace is not None else None
    return edit is not None and bool(edit.document_changes)


def _watch(server: Server, params: types.InitializedParams) -> None:  # noqa: ARG001
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace is not None else None
    if watched is None or not watched.dynamic_registration:
        return
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
    )
    wish = types.Registration("bgmode-files", method, options)
    server.client_register_capability(types.RegistrationParams([wish]))


def _opened(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    server.opened(params.text_document.uri)


def _changed(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    server.judge_soon(params.text_document.uri)


def _saved(server: Server, params: types.DidSaveTextDocumentParams) -> None:  # noqa: ARG001
    server.judge_all()


def _closed(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    server.closed(params.text_document.uri)


def _files_changed(server: Server, params: types.DidChangeWatchedFilesParams) -> None:  # noqa: ARG001
    server.judge_all()


def _code_actions(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    shown = server.told(params.text_document.uri)
    if shown is None or not _can_edit(server):
        return []
    found: list[types.CodeAction] = []
    context, version = params.context, shown.version
    if actions.is_wanted(types.CodeActionKind.QuickFix.value, context):
        for finding, told in shown.found:
            if _meet(told.range, params.range):
                found += actions.quick_fixes(shown.judged, finding, told, shown.places, version)
    if actions.is_wanted(actions.FIX_ALL, context):
        found += actions.fix_all(shown.judged, shown.places, version)
    return found


def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    shown = server.told(params.text_document.uri)
    here = types.Range(params.position, params.position)
    found = [pair for pair in shown.found if _meet(pair[1].range, here)] if shown else []
    if not found:
        return None
    pages = [shown_page(RULES[code]) for code in dict.fromkeys(each.code for each, _ in found)]
    text = types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(pages))
    return types.Hover(text, found[0][1].range)


def _meet(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _shut_down(server: Server, params: None) -> None:  # noqa: ARG001
    server.is_shut_down = True


def serve(policy: str | None, today: datetime.date | None) -> NoReturn:
    """Speak with one client over standard input and output until it says that it is enough.

    The exit code is 1 where the client left without a word.
    """
    server = Server(policy, today)
    kinds = [types.CodeActionKind.QuickFix, actions.FIX_ALL]
    server.feature(types.INITIALIZED)(_watch)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(_opened)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_changed)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(_saved)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(_closed)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_files_changed)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds))(_code_actions)
    server.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    server.feature(types.SHUTDOWN)(_shut_down)
    server.start_io()
    sys.exit(0 if server.is_shut_down else 1)
