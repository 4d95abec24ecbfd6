"""Applies the fixes of one text, one after the other, and proves each.

A fix is kept only if the new text parses, the finding is gone, nothing new appeared, every
comment is still there, and analysing the result asks for no further change at that place.
Otherwise the text stays as it was and the reason is told.
"""

from __future__ import annotations

import io
import tokenize
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bgmode.finding import Finding, Refusal
from bgmode.fixing.brackets import CannotEdit
from bgmode.fixing.edits import apply_edits
from bgmode.source import Source, Unreadable, parse

Analyse: TypeAlias = Callable[[Source], list[Finding]]

_MOST_FIXES = 10_000


@dataclass(slots=True)
class FixResult:
    """A text after its fixes, and what is still to be said about it."""

    text: str
    findings: list[Finding]
    applied: list[Finding] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def fix_text(
    source: Source, findings: list[Finding], analyse: Analyse, *, unsafe: bool = False
) -> FixResult:
    """Apply every fix that may be applied; ``unsafe`` allows those that need a look.

    ``findings`` are those of ``source``; ``analyse`` finds them anew in a changed text.
    """
    result = FixResult(source.text, findings)
    given_up: set[tuple[str, str]] = set()
    for _ in range(_MOST_FIXES):
        finding = _next(result.findings, given_up, unsafe=unsafe)
        if finding is None:
            break
        try:
            text, after = _proven(
                replace(source, text=result.text, given_tree=None),
                finding,
                result.findings,
                analyse,
            )
        except CannotEdit as error:
            given_up.add(_identity(finding))
            result.refused.append(Refusal(finding, str(error)))
            continue
        result.text, result.findings = text, after
        result.applied.append(finding)
    return result


def may_apply(finding: Finding, *, unsafe: bool) -> bool:
    """Whether the finding has a fix that these options allow."""
    if finding.fix is None or not finding.fix.edits:
        return False
    return finding.fix.applicability == "safe" or (unsafe and finding.fix.applicability == "unsafe")


def _identity(finding: Finding) -> tuple[str, str]:
    return (finding.fingerprint, f"{finding.span.line}:{finding.span.column}")


def _next(
    findings: list[Finding], given_up: set[tuple[str, str]], *, unsafe: bool
) -> Finding | None:
    """The last finding in the text that can be fixed, so that earlier places stay put."""
    for finding in reversed(findings):
        if may_apply(finding, unsafe=unsafe) and _identity(finding) not in given_up:
            return finding
    return None


def _proven(
    source: Source, finding: Finding, before: list[Finding], analyse: Analyse
) -> tuple[str, list[Finding]]:
    """The text after one fix and its findings. Raises :class:`CannotEdit` if a check fails."""
    if finding.fix is None:
        raise CannotEdit("there is no fix")
    text = apply_edits(source.text, finding.fix.edits)
    try:
        parse(text)
    except Unreadable as error:
        raise CannotEdit(f"the result would not parse ({error.reason})") from None
    if _comments(text) != _comments(source.text):
        raise CannotEdit("a comment would be lost")
    after = analyse(Source(source.path, text))
    old, new = _counted(before), _counted(after)
    if new[_kind(finding)] >= old[_kind(finding)]:
        raise CannotEdit("the finding would still be there")
    fresh = new - old
    if fresh:
        code = next(iter(fresh))[0]
        raise CannotEdit(f"it would bring a new finding, {code}")
    return text, after


def _kind(finding: Finding) -> tuple[str, str]:
    return (finding.code, finding.scope)


def _counted(findings: list[Finding]) -> Counter[tuple[str, str]]:
    return Counter(_kind(finding) for finding in findings)


def _comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    try:
        return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        raise CannotEdit("the comments cannot be told apart") from None
