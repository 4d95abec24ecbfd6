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
from bgmode.day import days_until
from bgmode.finding import Finding, Fix, Note, RemoveComment, ReplaceComment, Suppression
from bgmode.flow.project import dotted_name
from bgmode.knowledge import RULES, Rule
from bgmode.model.directives import Ignore, Malformed, code_of
from bgmode.policy.policy import SOON, Policy, Waiver
from bgmode.source import first_line


@dataclass(frozen=True)
class Verdict:
    """What is said of one file; ``used`` are the waivers of the policy that it needed.

    ``pending`` are the findings that stand only if no other file says otherwise.
    """

    findings: list[Finding]
    suppressed: list[Finding] = field(default_factory=list)
    used: frozenset[Waiver] = frozenset()
    pending: list[Finding] = field(default_factory=list)


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
        when = days_until(given.until, today)
        yield "BGM005", f"{what} ends on {given.until}, {when}", True


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
                    kept.append(self._noted(finding, findings))
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
        return [ignore for ignore in found if ignore not in self._new]

    @cached_property
    def _new(self) -> list[Ignore]:
        """The comments that do not count because they have not been there before."""
        if self._case.ignores is None:
            return []
        left = Counter(self._case.ignores)
        new: list[Ignore] = []
        for ignore in self._ignores:
            known = (ignore.anywhere, self._source.scope_at(ignore.span.line))
            left[known] -= 1
            if left[known] < 0:
                new.append(ignore)
        return new

    def _noted(self, finding: Finding, findings: list[Finding]) -> Finding:
        """A finding, with a note at a comment that would silence it if it counted."""
        for ignore in self._new:
            if finding.code in ignore.codes and self._speaks_of(ignore, finding, findings):
                message = "this comment is new, so it does not count"
                note = Note(message, self._source.path, ignore.span)
                return dataclasses.replace(finding, notes=(*finding.notes, note))
        return finding

    def _by_comment(self, finding: Finding, findings: list[Finding]) -> Ignore | None:
        for ignore in self._in_force:
            if finding.code in ignore.codes and self._speaks_of(ignore, finding, findings):
                return ignore
        return None

    def _speaks_of(self, ignore: Ignore, finding: Finding, findings: list[Finding]) -> bool:
        line = self._code_line(ignore)
        statement = self._statement(finding.span.line)
        if ignore.alone and line == statement.first:
            return True
        if not statement.holds(ignore.span.line):
            return False
        rivals = [
            self._closeness(statement, line, other)
            for other in findings
            if other.code == finding.code and statement.holds(other.span.line)
        ]
        return self._closeness(statement, line, finding) == max(rivals, default=0)

    def _code_line(self, ignore: Ignore) -> int:
        """The line a comment speaks of: its own, or the next with code where it stands alone."""
        line = ignore.span.line
        return self._source.below_comments(line) if ignore.alone else line

    def _closeness(self, statement: _Head, line: int, finding: Finding) -> int:
        """How deep in the statement the smallest code is that holds a line and a finding."""
        depth, nodes = 0, [statement.node]
        while nodes:
            nodes = [
                child
                for node in nodes
                for child in ast.iter_child_nodes(node)
                if not isinstance(child, ast.stmt)
                and _covers(child, line)
                and _covers(child, finding.span.line)
            ]
            depth += any(hasattr(node, "lineno") for node in nodes)
        return depth

    def _statement(self, line: int) -> _Head:
        """The innermost statement at a line; of one with a body, its head."""
        around = [head for head in self._statements if head.holds(line)]
        return min(around, key=lambda head: head.last - head.first, default=_Head(line, line))

    @cached_property
    def _statements(self) -> list[_Head]:
        lines = self._source.lines
        walk = ast.walk(self._source.tree)
        return [_head(node, lines) for node in walk if isinstance(node, ast.stmt)]

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
        written = self._source.snippet(ignore.span)
        start, end = written.index("[") + 1, written.index("]")
        words = [word.strip() for word in written[start:end].split(",")]
        kept = ", ".join(word for word in words if code_of(word) not in unused)
        if not kept:
            return Fix("safe", "remove the comment", (RemoveComment(ignore.span),))
        value = f"{written[:start]}{kept}{written[end:]}"
        return Fix("safe", f"leave only {kept}", (ReplaceComment(ignore.span, value),))


@dataclass(frozen=True, slots=True)
class _Head:
    """The lines of a statement without its body, first and last."""

    first: int
    last: int
    node: ast.AST = ast.Pass()  # noqa: RUF009 - of no statement

    def holds(self, line: int) -> bool:
        return self.first <= line <= self.last


def _covers(node: ast.AST, line: int) -> bool:
    """Whether a node has code on a line; what has no place of its own may have."""
    first = getattr(node, "lineno", None)
    return first is None or first <= line <= (getattr(node, "end_lineno", None) or first)


def _head(statement: ast.stmt, lines: list[str]) -> _Head:
    """From the first decorator to the last line before the body that is more than a comment."""
    last = statement.end_lineno or statement.lineno
    body: list[ast.AST] = getattr(statement, "body", None) or getattr(statement, "cases", [])
    if body:
        inner = body[0].pattern if isinstance(body[0], ast.match_case) else body[0]
        last = max(first_line(inner) - 1, statement.lineno)
        while last > statement.lineno and _is_blank(lines[last - 1]):
            last -= 1
    return _Head(first_line(statement), last, statement)


def _is_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
