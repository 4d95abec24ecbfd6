"""One JSON object for programs. Lines and columns are 1-based, the end is exclusive."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import bgmode
from bgmode.finding import Finding, Note, Suppression, split_cell
from bgmode.report import Report


def render(report: Report, *, colour: bool = False) -> str:  # noqa: ARG001
    """The report as one object, described in the README."""
    counts = report.by_severity
    data = {
        "version": 1,
        "tool": {"name": "bgmode", "version": bgmode.__version__},
        "findings": [_finding(finding) for finding in report.findings],
        "suppressed": [_finding(finding) for finding in report.suppressed],
        "summary": {
            "files": report.files,
            "findings": len(report.findings),
            "error": counts["error"],
            "warning": counts["warning"],
            "info": counts["info"],
            "suppressed": len(report.suppressed),
            "fixed": len(report.fixed),
            "errors": report.errors,
        },
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    fix = finding.fix
    suppressed = {"suppressed": _why(finding.suppressed)} if finding.suppressed else {}
    return {
        **finding.as_data(),
        "notes": [_note(note) for note in finding.notes],
        "fix": fix and {"applicability": fix.applicability, "message": fix.message},
        "fingerprint": finding.fingerprint,
        **suppressed,
    }


def _why(suppression: Suppression) -> dict[str, Any]:
    until = suppression.until
    return {**dataclasses.asdict(suppression), "until": until and until.isoformat()}


def _note(note: Note) -> dict[str, Any]:
    if note.span is None:
        return {"message": note.message, "path": note.path}
    file, cell = split_cell(note.path)
    return {
        "message": note.message,
        "path": file,
        **({} if cell is None else {"cell": cell}),
        "line": note.span.line,
        "column": note.span.column + 1,
    }
