"""GitHub workflow commands: annotations at the lines of a pull request.

GitHub shows ten annotations a level and step. So the worst come first, what is not shown is
counted, and the whole list goes to the step's summary (``GITHUB_STEP_SUMMARY``).
"""

from __future__ import annotations

import os

from bgmode.english import plural
from bgmode.finding import Finding
from bgmode.knowledge import SEVERITIES
from bgmode.report import Report, in_words, summary

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}
_SHOWN = 10


def render(report: Report, *, colour: bool = False) -> str:  # noqa: ARG001
    """The report as workflow commands, the worst first."""
    ranked = sorted(report.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    lines = [_command(finding) for finding in ranked]
    counts = report.by_severity
    hidden = sum(max(counts[severity] - _SHOWN, 0) for severity in SEVERITIES)
    if hidden:
        lines.append(f"{plural(hidden, 'finding')} more than GitHub shows; all are in this log")
    _write_summary(report)
    return "".join(line + "\n" for line in lines)


def _command(finding: Finding) -> str:
    span = finding.span
    title = f"{finding.code} {finding.name}"
    if finding.file != finding.path:  # the lines of a cell are not those of the file
        shown = f"file={_escape_property(finding.file)},title={_escape_property(title)}"
        return f"::{_LEVELS[finding.severity]} {shown}::{_escape(in_words(finding))}"
    properties = {
        "file": finding.path,
        "line": str(span.line),
        "endLine": str(span.end_line),
        "title": title,
    }
    if span.line == span.end_line:
        properties["col"] = str(span.column + 1)
        properties["endColumn"] = str(max(span.end_column, span.column) + 1)
    shown = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{_LEVELS[finding.severity]} {shown}::{_escape(finding.message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def _write_summary(report: Report) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or not report.findings:
        return
    rows = [
        f"### bgmode: {summary(report)}",
        "",
        "| place | rule | message |",
        "| --- | --- | --- |",
    ]
    for finding in report.findings:
        place = f"{finding.path}:{finding.span.line}"
        message = finding.message.replace("|", "\\|")
        rows.append(f"| `{place}` | {finding.code} {finding.name} | {message} |")
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")
