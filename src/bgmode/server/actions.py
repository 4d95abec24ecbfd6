"""What would mend a text, as code actions: a quick fix for each patch, and all safe fixes at once.

Edits name the version of the text that they were made for, so no client applies them to another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from bgmode.finding import Finding, Patch, Replacement
from bgmode.server.judging import Judged
from bgmode.server.places import Places

FIX_ALL = "source.fixAll.bgmode"
_REMARKS = {"safe": "", "unsafe": " (unsafe: look at the result)", "display": " (you decide)"}


def quick_fixes(
    judged: Judged, finding: Finding, shown: types.Diagnostic, places: Places, version: int | None
) -> Iterator[types.CodeAction]:
    """The ways to mend one finding."""
    for patch in judged.patches(finding):
        yield types.CodeAction(
            title=_title(finding, patch),
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[shown],
            is_preferred=patch.applicability == "safe",
            edit=_edit(patch.replacements, places, version),
        )


def fix_all(judged: Judged, places: Places, version: int | None) -> Iterator[types.CodeAction]:
    """All safe fixes, as ``bgmode check --fix`` applies them."""
    if judged.fixed != judged.source.text:
        from bgmode.fixing.patches import replacements

        yield types.CodeAction(
            title="bgmode: apply all safe fixes",
            kind=FIX_ALL,
            edit=_edit(replacements(judged.source.text, judged.fixed), places, version),
        )


def is_wanted(kind: str, context: types.CodeActionContext) -> bool:
    """Whether the client asks for actions of a kind.

    Where it does not say which, those for the whole text are for people who open the menu.
    """
    if context.only:
        return any(kind == only or kind.startswith(f"{only}.") for only in map(_kind, context.only))
    by_itself = context.trigger_kind == types.CodeActionTriggerKind.Automatic
    return kind != FIX_ALL or not by_itself


def _kind(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind


def _title(finding: Finding, patch: Patch) -> str:
    return f"{finding.code}: {patch.message}{_REMARKS[patch.applicability]}"


def _edit(
    replaced: Iterable[Replacement], places: Places, version: int | None
) -> types.WorkspaceEdit:
    document = types.OptionalVersionedTextDocumentIdentifier(places.uri, version)
    edits = [types.TextEdit(places.range(each.at), each.text) for each in replaced]
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, [*edits])])
