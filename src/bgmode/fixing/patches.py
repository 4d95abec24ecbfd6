"""What the fixes of one file would change, for people and tools that decide for themselves.

A patch is made from the edits of a fix, and has passed the same proof; that of a fix which is only
shown, but for its finding being gone.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator

from bgmode.finding import Finding, Fix, Patch, Replacement
from bgmode.fixing.brackets import CannotEdit
from bgmode.fixing.rounds import Analyse, changed_text, proven
from bgmode.source import LINE_END, Source, Span, line_starts


def patches(
    source: Source, findings: list[Finding], analyse: Analyse, *, only_shown: bool
) -> dict[Finding, tuple[Patch, ...]]:
    """The patches of each finding that has one.

    ``only_shown`` leaves out those that can be applied.
    """
    found = {
        finding: tuple(patches_of(source, finding, findings, analyse, only_shown=only_shown))
        for finding in findings
        if finding.fix is not None
    }
    return {finding: own for finding, own in found.items() if own}


def patches_of(
    source: Source,
    finding: Finding,
    findings: list[Finding],
    analyse: Analyse,
    *,
    only_shown: bool = False,
) -> Iterator[Patch]:
    """The patches of one of the ``findings`` of a source."""
    fix = finding.fix
    if fix is None:
        return
    try:
        if fix.edits and not only_shown:
            fixed, _ = proven(source, finding, findings, analyse)
            yield _patch(source, fixed, fix)
    except CannotEdit:
        return
    for way in fix.alternatives:
        try:
            yield _patch(source, changed_text(source, way), way)
        except CannotEdit:
            continue


def _patch(old: Source, new: Source, fix: Fix) -> Patch:
    return Patch(fix.applicability, fix.message, tuple(replacements(old.text, new.text)))


def replacements(old: str, new: str) -> Iterator[Replacement]:
    """Whole lines that are replaced to make one text of another, from the first to the last."""
    before, after = _lines(old), _lines(new)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    start = sum(1 for _ in same)
    matcher = difflib.SequenceMatcher(None, before[start:], after[start:], autojunk=False)
    for kind, begin, stop, first, last in matcher.get_opcodes():
        if kind != "equal":
            span = _span(before, start + begin, start + stop)
            yield Replacement(span, "".join(after[start + first : start + last]))


def _lines(text: str) -> list[str]:
    """The lines with their ends, split where Python's parser does."""
    starts = line_starts(text)
    ends = [*starts[1:], len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True) if start < end]


def _span(lines: list[str], begin: int, stop: int) -> Span:
    """From the start of a line to the start of another; to the end of a last one without end."""
    first, last = _start(lines, begin), _start(lines, stop)
    return Span(*first, *last)


def _start(lines: list[str], number: int) -> tuple[int, int]:
    if number < len(lines) or not lines or LINE_END.search(lines[-1]):
        return number + 1, 0
    return number, len(lines[-1])
