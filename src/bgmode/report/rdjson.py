"""Reviewdog's diagnostic format: one object, with the fixes as suggestions.

Lines are 1-based, columns are 1-based and counted in UTF-8 bytes, ends are exclusive. (Source:
reviewdog's ``proto/rdf/reviewdog.proto``, read on 2026-11-22.) A byte order mark counts, so that a
suggestion for the first line leaves it where it is.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

from bgmode.finding import Finding, Note, split_cell
from bgmode.knowledge import RULES
from bgmode.report import Report, in_words
from bgmode.source import Span

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def render(report: Report, *, colour: bool = False) -> str:  # noqa: ARG001
    """The report as one ``DiagnosticResult``."""
    data = {
        "source": {"name": "bgmode"},
        "diagnostics": [_diagnostic(report, finding) for finding in report.findings],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(report: Report, finding: Finding) -> dict[str, Any]:
    data = {
        "message": in_words(finding),
        "location": _location(report, finding.path, finding.span),
        "severity": _SEVERITIES[finding.severity],
        "code": {"value": finding.code, "url": RULES[finding.code].url},
        "suggestions": [
            {"range": _range(report, finding.path, each.at), "text": each.text}
            for patch in report.patches.get(finding, ())
            if patch.applicability != "display" and len(patch.replacements) == 1
            for each in patch.replacements
        ],
        "related_locations": [_related(report, note) for note in finding.notes],
    }
    return {name: value for name, value in data.items() if value != []}


def _related(report: Report, note: Note) -> dict[str, Any]:
    return {"message": note.message, "location": _location(report, note.path, note.span)}


def _location(report: Report, path: str, span: Span | None) -> dict[str, Any]:
    file, cell = split_cell(path)
    if span is None or cell is not None:
        return {"path": file}
    return {"path": path, "range": _range(report, path, span)}


def _range(report: Report, path: str, span: Span) -> dict[str, Any]:
    return {
        "start": _position(report, path, span.line, span.column),
        "end": _position(report, path, span.end_line, span.end_column),
    }


def _position(report: Report, path: str, line: int, column: int) -> dict[str, int]:
    before = (report.line(path, line) or "")[:column]
    missing = column - len(before)  # of a file whose text is not there
    mark = len(codecs.BOM_UTF8) if line == 1 and path in report.marked else 0
    return {"line": line, "column": mark + len(before.encode("utf-8", "replace")) + missing + 1}
