"""One line a finding: ``path:line:column: CODE message``."""

from __future__ import annotations

from bgmode.report import Report


def render(report: Report, *, colour: bool = False) -> str:  # noqa: ARG001
    """The report, one line a finding. Lines and columns are 1-based."""
    return "".join(
        f"{finding.path}:{finding.span.line}:{finding.span.column + 1}: "
        f"{finding.code} {finding.message}\n"
        for finding in report.findings
    )
