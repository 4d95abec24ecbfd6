"""Applies the fixes of one text, one after the other, and proves each.

A fix is kept only if all of ``proof.py`` holds. Otherwise the text stays as it was and the reason
is told. Fixes are applied until none is left that may be: a second application changes nothing.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from bgmode.finding import Finding, Fix, Refusal
from bgmode.fixing.brackets import CannotEdit
from bgmode.fixing.edits import apply_edits, place
from bgmode.fixing.proof import prove_findings, prove_text
from bgmode.source import Source, Span

Analyse: TypeAlias = Callable[[Source], list[Finding]]

Identity: TypeAlias = tuple[str, int]
"""A finding whatever line it moves to: its fingerprint, and how many such ones are below it."""

_MOST_FIXES = 10_000


@dataclass(slots=True)
class FixResult:
    """A text after its fixes, and what is still to be said about it."""

    source: Source
    findings: list[Finding]
    applied: list[Finding] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.source.text


def fix_text(
    source: Source, findings: list[Finding], analyse: Analyse, *, unsafe: bool = False
) -> FixResult:
    """Apply every fix that may be applied; ``unsafe`` allows those that need a look.

    ``findings`` are those of ``source``; ``analyse`` finds them anew in a changed text.
    """
    result = FixResult(source, findings)
    given_up: set[Identity] = set()
    tried_on = source
    for _ in range(_MOST_FIXES):
        following = _next(result.findings, given_up, unsafe=unsafe)
        if following is None:
            if not given_up or tried_on is result.source:
                break
            given_up, result.refused = set(), []  # all that was refused stands in other code now
            tried_on = result.source
            continue
        finding, identity = following
        try:
            fixed, after = proven(result.source, finding, result.findings, analyse)
        except CannotEdit as error:
            given_up.add(identity)
            result.refused.append(Refusal(finding, str(error)))
            continue
        result.source, result.findings = fixed, after
        result.applied.append(finding)
    return result


def may_apply(finding: Finding, *, unsafe: bool) -> bool:
    """Whether the finding has a fix that these options allow."""
    if finding.fix is None or not finding.fix.edits:
        return False
    return finding.fix.applicability == "safe" or (unsafe and finding.fix.applicability == "unsafe")


def _next(
    findings: list[Finding], given_up: set[Identity], *, unsafe: bool
) -> tuple[Finding, Identity] | None:
    """The last finding in the text that can be fixed, so that earlier places stay put.

    Safe fixes go first: what they mend may be all there is.
    """
    return _last(findings, given_up, unsafe=False) or (
        _last(findings, given_up, unsafe=True) if unsafe else None
    )


def _last(
    findings: list[Finding], given_up: set[Identity], *, unsafe: bool
) -> tuple[Finding, Identity] | None:
    below: Counter[str] = Counter()
    for finding in reversed(findings):
        identity = (finding.fingerprint, below[finding.fingerprint])
        below[finding.fingerprint] += 1
        if may_apply(finding, unsafe=unsafe) and identity not in given_up:
            return finding, identity
    return None


def proven(
    source: Source, finding: Finding, before: list[Finding], analyse: Analyse
) -> tuple[Source, list[Finding]]:
    """The source after one fix and its findings. Raises :class:`CannotEdit` if a check fails."""
    if finding.fix is None:
        raise CannotEdit("there is no fix")
    fixed = changed_text(source, finding.fix)
    after = analyse(fixed)
    prove_findings(finding, before, after)
    return fixed, after


def changed_text(source: Source, fix: Fix) -> Source:
    """The source after the edits of a fix. Raises :class:`CannotEdit` if the text is not right."""
    if any(_is_in_text(source, place(edit)) for edit in fix.edits):
        raise CannotEdit("it is inside an f-string")
    fixed = source.changed(apply_edits(source.text, fix.edits))
    prove_text(source, fixed, fix)
    return fixed


def _is_in_text(source: Source, span: Span) -> bool:
    """Whether a place is inside an f-string, where quotes and lines follow other rules."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.JoinedStr):
            outer = source.span(node)
            if (outer.line, outer.column) <= (span.line, span.column) and (
                (span.end_line, span.end_column) <= (outer.end_line, outer.end_column)
            ):
                return True
    return False
