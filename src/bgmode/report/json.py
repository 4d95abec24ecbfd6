"""One JSON object for programs. Lines and columns are 1-based, the end is exclusive."""

from __future__ import annotations

import json
from typing import Any

import bgmode
from bgmode.finding import Finding, Note
from bgmode.report import Report


def render(report: Report, *, colour: bool = False) -> str:  # noqa: ARG001
    """The report as one object, described in the README."""
    counts = report.by_severity
    data = {
        "version": 1,
        "tool": {"name": "bgmode", "version": bgmode.__version__},
        "findings": [_finding(finding) for finding in report.findings],
        "summary": {
            "files": report.files,
            "findings": len(report.findings),
            "error": counts["error"],
            "warning": counts["warning"],
            "info": counts["info"],
            "fixed": len(report.fixed),
            "errors": report.errors,
        },
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    span, fix = finding.span, finding.fix
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "path": finding.path,
        "line": span.line,
        "column": span.column + 1,
        "end_line": span.end_line,
        "end_column": span.end_column + 1,
        "message": finding.message,
        "notes": [_note(note) for note in finding.notes],
        "fix": fix and {"applicability": fix.applicability, "message": fix.message},
        "fingerprint": finding.fingerprint,
    }


def _note(note: Note) -> dict[str, Any]:
    if note.span is None:
        return {"message": note.message, "path": note.path}
    return {
        "message": note.message,
        "path": note.path,
        "line": note.span.line,
        "column": note.span.column + 1,
    }
