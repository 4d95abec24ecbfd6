"""Which findings somebody has taken upon themselves, and whether they may.

A comment speaks of the statement it stands in or directly above; a waiver, of paths and symbols.
What lacks what the policy requires, or whose last day has passed, suppresses nothing.
"""

from __future__ import annotations

import ast
import dataclasses
import datetime
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from bgmode.checks.subject import Case, Subject
from bgmode.finding import Finding, Fix, RemoveComment, ReplaceComment, Suppression
from bgmode.flow.project import dotted_name
from bgmode.knowledge import RULES, Rule
from bgmode.model.directives import Ignore, Malformed
from bgmode.policy.policy import SOON, Policy, Waiver
from bgmode.source import Span


@dataclass(frozen=True)
class Verdict:
    """What is said of one file; ``used`` are the waivers of the policy that it needed."""

    findings: list[Finding]
    suppressed: list[Finding] = field(default_factory=list)
    used: frozenset[Waiver] = frozenset()


def lacking(given: Ignore | Waiver, policy: Policy) -> list[str]:
    """What the policy requires of an ignore comment or a waiver and is not there."""
    return [name for name in policy.suppressions.require if getattr(given, name) is None]


def is_in_force(given: Ignore | Waiver, policy: Policy, today: datetime.date) -> bool:
    """Whether it suppresses anything today."""
    return not lacking(given, policy) and (given.until is None or today <= given.until)


def what_is_wrong(
    given: Ignore | Waiver, policy: Policy, today: datetime.date
) -> Iterator[tuple[str, str, bool]]:
    """The code of a rule, what it has to say, and whether it is only a reminder."""
    what = "this comment" if isinstance(given, Ignore) else "this waiver"
    missing = lacking(given, policy)
    if missing:
        words = " and ".join(missing)
        yield "BGM004", f"{what} does not say its {words}, so it suppresses nothing", False
    elif given.until is not None and given.until < today:
        yield "BGM005", f"{what} has expired on {given.until}, so it suppresses nothing", False
    elif given.until is not None and given.until - today <= SOON:
        days = (given.until - today).days
        yield "BGM005", f"{what} ends on {given.until}, in {days} days", True


class Suppressions:
    """The ignore comments of one file, and the waivers of its policy."""

    def __init__(self, case: Case, active: Iterable[Rule]) -> None:
        self._case = case
        self._active = {rule.code for rule in active}
        self._source = case.source
        found = case.module.annotations.directives
        self._ignores = [each for each in found if isinstance(each, Ignore)]
        self._malformed = [each for each in found if isinstance(each, Malformed)]

    def judge(self, findings: list[Finding]) -> Verdict:
        """Divide ``findings``, and add what is to be said about the comments themselves."""
        kept: list[Finding] = []
        suppressed: list[Finding] = []
        needed: set[tuple[Ignore, str]] = set()
        used: set[Waiver] = set()
        for finding in findings:
            by = self._by_comment(finding, findings) or self._by_waiver(finding)
            match by:
                case None:
                    kept.append(finding)
                    continue
                case Ignore():
                    needed.add((by, finding.code))
                case Waiver():
                    used.add(by)
            suppressed.append(dataclasses.replace(finding, suppressed=self._told(by)))
        kept += itertools.chain(self._not_understood(), self._wrong(), self._unused(needed))
        return Verdict(kept, suppressed, frozenset(used))

    def _told(self, by: Ignore | Waiver) -> Suppression:
        why = {name: getattr(by, name) for name in ("reason", "owner", "ticket", "until")}
        match by:
            case Ignore(span=span):
                return Suppression("comment", self._source.path, span.line, **why)
            case Waiver(file=file, line=line):
                return Suppression("waiver", file, line, **why)

    # Comments

    @cached_property
    def _in_force(self) -> list[Ignore]:
        policy, today = self._case.policy, self._case.today
        found = [ignore for ignore in self._ignores if is_in_force(ignore, policy, today)]
        if self._case.ignores is None:
            return found
        left = Counter(self._case.ignores)
        known: list[Ignore] = []
        for ignore in found:
            if left[ignore.anywhere] > 0:
                left[ignore.anywhere] -= 1
                known.append(ignore)
        return known

    def _by_comment(self, finding: Finding, findings: list[Finding]) -> Ignore | None:
        for ignore in self._in_force:
            if finding.code in ignore.codes and self._speaks_of(ignore, finding, findings):
                return ignore
        return None

    def _speaks_of(self, ignore: Ignore, finding: Finding, findings: list[Finding]) -> bool:
        line = ignore.span.line
        statement = self._statement(finding.span.line)
        if ignore.alone and self._stands_above(line, statement.line):
            return True
        if _holds(finding, line):
            return True
        others = (other for other in findings if other.code == finding.code)
        return statement.holds(line) and not any(_holds(other, line) for other in others)

    def _stands_above(self, line: int, first: int) -> bool:
        """Whether only comments stand between a line and the statement that begins at ``first``."""
        between = self._source.lines[line : first - 1]
        return line < first and all(text.lstrip().startswith("#") for text in between)

    def _statement(self, line: int) -> Span:
        """The lines of the innermost statement at a line; of one with a body, its head."""
        best = Span(line, 0, line, 0)
        narrowest: int | None = None
        for first, last in self._statements:
            if first <= line <= last and (narrowest is None or last - first < narrowest):
                best, narrowest = Span(first, 0, last, 0), last - first
        return best

    @cached_property
    def _statements(self) -> list[tuple[int, int]]:
        return [_lines(node) for node in ast.walk(self._source.tree) if isinstance(node, ast.stmt)]

    # Waivers

    def _by_waiver(self, finding: Finding) -> Waiver | None:
        policy = self._case.policy
        if not policy.waivers:
            return None
        path = policy.relative(finding.path)
        module = dotted_name(finding.path)
        symbol = f"{module}.{finding.scope}" if finding.scope else module
        for waiver in policy.waivers:
            speaks = finding.code in waiver.rules and waiver.covers(path, symbol)
            if speaks and is_in_force(waiver, policy, self._case.today):
                return waiver
        return None

    # What is to be said about the comments

    def _subject(self, code: str, *, reminder: bool = False) -> Subject | None:
        severity = self._case.policy.severity(RULES[code])
        if severity is None or code not in self._active:
            return None
        return Subject(self._case, RULES[code], "info" if reminder else severity)

    def _not_understood(self) -> Iterator[Finding]:
        subject = self._subject("BGM002")
        if subject is None:
            return
        for each in self._malformed:
            yield subject.finding(each.span, f"{each.message}; this comment says nothing now")

    def _wrong(self) -> Iterator[Finding]:
        for ignore in self._ignores:
            found = what_is_wrong(ignore, self._case.policy, self._case.today)
            for code, message, reminder in found:
                subject = self._subject(code, reminder=reminder)
                if subject is not None:
                    yield subject.finding(ignore.span, message)

    def _unused(self, needed: set[tuple[Ignore, str]]) -> Iterator[Finding]:
        subject = self._subject("BGM003")
        if subject is None:
            return
        for ignore in self._in_force:
            ran = [code for code in ignore.codes if code in self._active]
            unused = [code for code in ran if (ignore, code) not in needed]
            if unused:
                listed = ", ".join(unused)
                message = f"this comment ignores {listed} where nothing is found"
                yield subject.finding(ignore.span, message, fix=self._fix(ignore, unused))

    def _fix(self, ignore: Ignore, unused: list[str]) -> Fix:
        kept = [code for code in ignore.codes if code not in unused]
        if not kept:
            return Fix("safe", "remove the comment", (RemoveComment(ignore.span),))
        written = self._source.snippet(ignore.span)
        start, end = written.index("[") + 1, written.index("]")
        value = f"{written[:start]}{', '.join(kept)}{written[end:]}"
        return Fix("safe", f"leave only {', '.join(kept)}", (ReplaceComment(ignore.span, value),))


def _holds(finding: Finding, line: int) -> bool:
    return (finding.extent or finding.span).holds(line)


def _lines(statement: ast.stmt) -> tuple[int, int]:
    """The first and last line of a statement, decorators included and its body left out."""
    first = min([statement.lineno, *(each.lineno for each in _decorators(statement))])
    last = statement.end_lineno or statement.lineno
    match statement:
        case ast.Match(cases=[case, *_]):
            last = case.pattern.lineno - 1
        case _ if body := getattr(statement, "body", None):
            last = min(body[0].lineno, *(each.lineno for each in _decorators(body[0])), last)
            last = max(last - 1, statement.lineno)
    return first, last


def _decorators(statement: ast.AST) -> list[ast.expr]:
    found: list[ast.expr] = getattr(statement, "decorator_list", [])
    return found
