"""Text for a pull request: what is found, by file, and what the fixes would change."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from bgmode.english import plural
from bgmode.finding import Finding, Patch
from bgmode.knowledge import RULES
from bgmode.report import Report, summary
from bgmode.source import split_lines

_LINE_END = re.compile(r"[\r\n]")  # in the name of a file
_MARKUP = re.compile(r"[\\*_~|\[\]]")
_GRADES = {"safe": "safe", "unsafe": "look at it first", "display": "one way out"}


def render(report: Report, *, colour: bool = False) -> str:  # noqa: ARG001
    """The report as Markdown; all text of the linted code is code in it."""
    return "\n\n".join(_blocks(report)) + "\n"


def _blocks(report: Report) -> Iterator[str]:
    yield "## bgmode"
    said = summary(report, fixing=True)
    yield _text(said[:1].upper() + said[1:]) + "."
    for path, found in itertools.groupby(report.findings, key=lambda finding: finding.path):
        yield f"### {_code(path)}"
        for finding in found:
            yield _finding(report, finding)
            for patch in report.patches.get(finding, ()):
                yield _details(report, finding, patch)
    if report.fixed:
        yield f"### {plural(len(report.fixed), 'finding')} fixed"
        yield "\n".join(f"- {_place(each)}: {_rule(each)}" for each in report.fixed)
    if report.refused:
        yield "### Not fixed"
        yield "\n".join(
            f"- {_place(each.finding)}: {_rule(each.finding)}: {_text(each.reason)}"
            for each in report.refused
        )
    if report.errors:
        yield "### Not read"
        yield "\n".join(f"- {_text(error)}" for error in report.errors)


def _finding(report: Report, finding: Finding) -> str:
    line = report.line(finding.path, finding.span.line)
    text = f"**{finding.severity}** {_rule(finding)}, line {finding.span.line}: "
    text += _text(finding.message)
    return text if line is None or not line.strip() else f"{text}\n\n{_fenced('python', [line])}"


def _details(report: Report, finding: Finding, patch: Patch) -> str:
    head = f"<summary>Fix ({_GRADES[patch.applicability]}): {_html(patch.message)}</summary>"
    lines: list[str] = []
    for each in patch.replacements:
        lines.append(f"@@ line {each.at.line} @@")
        lines += [f"-{report.line(finding.path, number) or ''}" for number in each.gone]
        lines += [f"+{line}" for line in _lines(each.text)]
    return f"<details>{head}\n\n{_fenced('diff', lines)}\n\n</details>"


def _lines(text: str) -> list[str]:
    """The lines of a replacement; the last one may have no end."""
    lines = split_lines(text)
    return lines if lines[-1] else lines[:-1]


def _fenced(language: str, lines: list[str]) -> str:
    longest = max((len(run) for line in lines for run in _ticks(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def _ticks(line: str) -> list[str]:
    return ["".join(run) for tick, run in itertools.groupby(line) if tick == "`"]


def _place(finding: Finding) -> str:
    return _code(f"{finding.path}:{finding.span.line}")


def _rule(finding: Finding) -> str:
    return f"[{finding.code} {finding.name}]({RULES[finding.code].url})"


def _code(text: str) -> str:
    text = _LINE_END.sub("\ufffd", text)
    fence = "`" * (max(map(len, _ticks(text)), default=0) + 1)
    return f"{fence}{text}{fence}" if fence == "`" else f"{fence} {text} {fence}"


def _text(message: str) -> str:
    """A message with its code in backticks; outside of them nothing is markup."""
    parts = _LINE_END.sub("\ufffd", message).split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):
        parts = ["'".join(parts)]
    return "`".join(
        part if position % 2 else _MARKUP.sub(r"\\\g<0>", _html(part))
        for position, part in enumerate(parts)
    )


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
