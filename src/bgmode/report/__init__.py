"""What a run has found, and the formats in which it can be told: a module each."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from bgmode.english import plural
from bgmode.finding import Finding, Patch, Refusal, split_cell

FORMATS = ("full", "concise", "json", "github", "sarif", "rdjson", "markdown")
WITH_PATCHES = frozenset(["sarif", "rdjson", "markdown"])
"""The formats that show what every fix would change; ``full`` shows those nobody applies."""


@dataclass
class Report:
    """The result of a run.

    ``suppressed`` are findings that an ignore comment or a waiver has silenced; ``lines`` holds
    the lines of the files that have findings, and ``marked`` those of them that begin with a byte
    order mark, which is no part of a line; ``left_out`` counts what was not looked at;
    ``patches`` is what fixes would change, as far as it was asked for; ``changes`` the path, the
    old and the new bytes where a difference was asked for; ``errors`` what could not be done.
    """

    findings: list[Finding] = field(default_factory=list)
    suppressed: list[Finding] = field(default_factory=list)
    files: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    patches: dict[Finding, tuple[Patch, ...]] = field(default_factory=dict)
    fixed: list[Finding] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    changes: list[tuple[str, bytes, bytes]] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Add what another report tells of other files; not its errors, which are said once."""
        self.findings += other.findings
        self.suppressed += other.suppressed
        self.lines |= other.lines
        self.marked |= other.marked
        self.patches |= other.patches
        self.fixed += other.fixed
        self.refused += other.refused
        self.changes += other.changes

    @property
    def unseen(self) -> list[str]:
        """The files of which some or all was not judged, and why."""
        return [
            f"{finding.path}:{finding.span.line}: {finding.message}"
            for finding in self.findings
            if finding.code in {"BGM001", "BGM009"}
        ]

    def line(self, path: str, number: int) -> str | None:
        """One line of a file, 1-based."""
        lines = self.lines.get(path, [])
        return lines[number - 1] if 0 < number <= len(lines) else None

    @property
    def by_severity(self) -> Counter[str]:
        """How many findings there are of each severity."""
        return Counter(finding.severity for finding in self.findings)


def render(report: Report, output_format: str, *, colour: bool = False) -> str:
    """The report in one of :data:`FORMATS`, with a line end where it is not empty."""
    module = importlib.import_module(f"bgmode.report.{output_format}")
    return cast(Callable[..., str], module.render)(report, colour=colour)


def in_words(finding: Finding) -> str:
    """The message, with the cell and its line where the format knows only lines of the file."""
    _, cell = split_cell(finding.path)
    if cell is None:
        return finding.message
    return f"cell {cell}, line {finding.span.line}: {finding.message}"


def summary(report: Report, *, fixing: bool = False) -> str:
    """One line for a person, and a hint of what fixes could do."""
    counts = report.by_severity
    kinds = [plural(counts[kind], kind) for kind in ("error", "warning") if counts[kind]]
    if counts["info"]:
        kinds.append(f"{counts['info']} info")
    if kinds:
        files = len({finding.file for finding in report.findings})
        text = f"found {', '.join(kinds)} in {plural(files, 'file')} of {report.files}"
    else:
        text = f"no findings in {plural(report.files, 'file')}"
    beside = [f"{plural(len(report.fixed), 'finding')} fixed"] if report.fixed else []
    if report.suppressed:
        beside.append(f"{len(report.suppressed)} suppressed")
    if beside:
        text += f" ({', '.join(beside)})"
    return text if fixing else text + _hint(report)


def _hint(report: Report) -> str:
    grades = Counter(
        finding.fix.applicability
        for finding in report.findings
        if finding.fix is not None and finding.fix.edits
    )
    hints: list[str] = []
    if grades["safe"]:
        hints.append(f"{grades['safe']} fixable with --fix")
    if grades["unsafe"]:
        hints.append(f"{grades['unsafe']} with --fix --unsafe-fixes")
    return f"; {', '.join(hints)}" if hints else ""
