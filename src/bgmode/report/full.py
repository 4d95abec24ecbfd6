"""A block a finding: the message, the source line with carets, notes, and how to mend it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from bgmode.finding import Finding, Note, Patch
from bgmode.report import Report
from bgmode.source import Span, split_lines

_COLOURS = {"error": "1;31", "warning": "1;33", "info": "1;36", "dim": "34", "strong": "1"}


def render(report: Report, *, colour: bool = False) -> str:
    """The report as blocks for a person. Lines and columns are 1-based."""
    return "".join(_block(report, finding, colour=colour) + "\n" for finding in report.findings)


def _paint(text: str, kind: str, *, colour: bool) -> str:
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if colour else text


def _block(report: Report, finding: Finding, *, colour: bool) -> str:
    width = len(str(finding.span.line))
    code = _paint(finding.code, finding.severity, colour=colour)
    lines = [f"{code} {_paint(finding.message, 'strong', colour=colour)}"]
    arrow = _paint("-->", "dim", colour=colour)
    lines.append(f"{' ' * width}{arrow} {_place(finding.path, finding.span)}")
    lines += _source(report, finding, width, colour=colour)
    lines += [_note(note, width, colour=colour) for note in finding.notes]
    if finding.fix is not None:
        lines.append(f"{' ' * width} = {_help(finding)}")
        for patch in report.patches.get(finding, ()):
            lines += _shown(report, finding, patch, width, colour=colour)
    lines.append(
        f"{' ' * width} = {finding.severity}: {finding.name}, see `bgmode rule {finding.code}`"
    )
    return "\n".join(lines) + "\n"


def _place(path: str, span: Span) -> str:
    return f"{path}:{span.line}:{span.column + 1}"


def _source(report: Report, finding: Finding, width: int, *, colour: bool) -> list[str]:
    text = report.line(finding.path, finding.span.line)
    if text is None or not text.strip():
        return []
    bar = _paint("|", "dim", colour=colour)
    number = _paint(str(finding.span.line), "dim", colour=colour)
    lead = "".join("\t" if c == "\t" else " " * _cells(c) for c in text[: finding.span.column])
    marked = text[finding.span.column : finding.span.end_column]
    carets = _paint("^" * max(sum(map(_cells, marked)), 1), finding.severity, colour=colour)
    return [
        f"{' ' * width} {bar}",
        f"{number} {bar} {_printable(text)}",
        f"{' ' * width} {bar} {lead}{carets}",
    ]


def _cells(character: str) -> int:
    """How many cells of a terminal a character takes."""
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _printable(text: str) -> str:
    """No control characters: the linted code must not be able to drive the terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _note(note: Note, width: int, *, colour: bool) -> str:
    arrow = _paint("-->", "dim", colour=colour)
    place = note.path if note.span is None else _place(note.path, note.span)
    return f"{' ' * width} = note: {note.message} {arrow} {place}"


def _shown(
    report: Report, finding: Finding, patch: Patch, width: int, *, colour: bool
) -> Iterator[str]:
    """A fix that nobody applies, as the lines it takes away and puts there."""
    lead = f"{' ' * width}   "
    yield f"{lead}{patch.message}:"
    for each in patch.replacements:
        for number in each.gone:
            gone = _printable(report.line(finding.path, number) or "")
            yield lead + _paint(f"- {gone}", "error", colour=colour)
        for line in split_lines(each.text.rstrip("\r\n")) if each.text else ():
            yield lead + _paint(f"+ {_printable(line)}", "info", colour=colour)


def _help(finding: Finding) -> str:
    fix = finding.fix
    if fix is None:
        return ""
    match fix.applicability:
        case "safe":
            return f"help: {fix.message} (fixable with --fix)"
        case "unsafe":
            return f"help: {fix.message} (fixable with --fix --unsafe-fixes)"
        case _:
            return f"help: {fix.message}"
