"""SARIF 2.1.0, as GitHub's code scanning takes it.

Regions are one line, columns count code points from 1, the end is exclusive.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any
from urllib.parse import quote

import bgmode
from bgmode.finding import Finding, Note, Patch, split_cell
from bgmode.knowledge import DOCUMENTATION, RULES, Rule, shown_page
from bgmode.report import Report, in_words
from bgmode.source import Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SECURITY = {"error": "7.0", "warning": "4.0", "info": "1.0"}


def render(report: Report, *, colour: bool = False) -> str:  # noqa: ARG001
    """The report as one SARIF run."""
    used = sorted({finding.code for finding in report.findings})
    seen: Counter[str] = Counter()
    data = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "bgmode",
                        "version": bgmode.__version__,
                        "informationUri": DOCUMENTATION.partition("/blob/")[0],
                        "rules": [_rule(RULES[code]) for code in used],
                    }
                },
                "automationDetails": {"id": "bgmode/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not report.errors,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": error}}
                            for error in report.errors
                        ],
                    }
                ],
                "results": [
                    _result(report, finding, used.index(finding.code), seen)
                    for finding in report.findings
                ],
            }
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    page = shown_page(rule)
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": page, "markdown": page},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["security", "background-mode"],
            "precision": "high",
            "security-severity": _SECURITY[rule.severity],
        },
    }


def _result(report: Report, finding: Finding, position: int, seen: Counter[str]) -> dict[str, Any]:
    line = report.line(finding.path, finding.span.line) or ""
    hashed = hashlib.sha256("".join(line.split()).encode("utf-8", "replace")).hexdigest()[:16]
    seen[f"{finding.path}:{hashed}"] += 1
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": position,
        "level": _LEVELS[finding.severity],
        "message": {"text": in_words(finding)},
        "locations": [_location(finding.path, finding.span)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{hashed}:{seen[f'{finding.path}:{hashed}']}",
            "bgmode/v1": finding.fingerprint,
        },
    }
    fixes = [_fix(finding.path, patch) for patch in report.patches.get(finding, ())]
    if fixes:
        result["fixes"] = fixes
    if finding.notes:
        result["relatedLocations"] = [
            _related(number, note) for number, note in enumerate(finding.notes, 1)
        ]
    return result


def _fix(path: str, patch: Patch) -> dict[str, Any]:
    return {
        "description": {"text": f"{patch.message} ({patch.applicability})"},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": quote(path.replace("\\", "/"))},
                "replacements": [
                    {"deletedRegion": _region(each.at), "insertedContent": {"text": each.text}}
                    for each in patch.replacements
                ],
            }
        ],
    }


def _location(path: str, span: Span | None) -> dict[str, Any]:
    file, cell = split_cell(path)
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(file.replace("\\", "/"))}}
    if span is not None and cell is None:
        physical["region"] = _region(span)
    return {"physicalLocation": physical}


def _region(span: Span) -> dict[str, int]:
    empty = span.end_line == span.line
    return {
        "startLine": span.line,
        "startColumn": span.column + 1,
        "endLine": span.end_line,
        "endColumn": (max(span.end_column, span.column) if empty else span.end_column) + 1,
    }


def _related(number: int, note: Note) -> dict[str, Any]:
    return {"id": number, "message": {"text": note.message}, **_location(note.path, note.span)}
