"""One file: from its text to its findings. Everything that lints goes through here."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping

from bgmode.checks import CHECKS, Check
from bgmode.checks.subject import Case, Subject
from bgmode.day import utc_today
from bgmode.finding import Finding
from bgmode.flow.project import Project
from bgmode.knowledge import RULES, Rule, provider
from bgmode.model.directives import Ignore
from bgmode.model.module import Module
from bgmode.policy.policy import Policy
from bgmode.source import Source, Span, Unreadable
from bgmode.suppression import Suppressions, Verdict

Wanted = Callable[[Rule], bool]
Watch = Callable[[Case, Verdict], None]


def all_rules(rule: Rule) -> bool:  # noqa: ARG001
    """Want every rule that the policy has on."""
    return True


def analyse(
    source: Source,
    policy: Policy,
    *,
    project: Project | None = None,
    today: datetime.date | None = None,
    wanted: Wanted = all_rules,
) -> list[Finding]:
    """Find what the rules have to say about one file, and nobody has taken upon themselves.

    What depends on files that nobody has read here is not said.

    The arguments are those of :func:`examine`.
    """
    return examine(source, policy, project=project, today=today, wanted=wanted).findings


def examine(
    source: Source,
    policy: Policy,
    *,
    project: Project | None = None,
    today: datetime.date | None = None,
    wanted: Wanted = all_rules,
    watch: Watch | None = None,
    ignores: Mapping[tuple[Ignore, str], int] | None = None,
    starters: frozenset[str] = frozenset(),
) -> Verdict:
    """Find what the rules have to say about one file, and what of it is suppressed.

    ``project`` remembers the other modules that were read; ``today`` decides which
    approvals and waivers are in force; ``wanted`` chooses among the rules that the policy has
    on; ``watch`` is shown the case and what was found; ``ignores`` are the ignore comments that
    may count, by how many of each, where not all may; ``starters`` as in :class:`Case`.

    Never raises for what is in the file: what cannot be read is BGM001, a rule that fails is
    BGM009. The findings are sorted by place.
    """
    project = project or Project()
    known = project.read_already(source)
    try:
        if known is not None:
            source.share(known.source)
        source.tree  # noqa: B018
    except Unreadable as error:
        return Verdict(list(unreadable(source, policy, error, wanted)))
    case = _case(source, policy, project, today, ignores, starters)
    active = [rule for rule in RULES.values() if policy.severity(rule) and wanted(rule)]
    findings: list[Finding] = []
    for code, check in CHECKS.items():
        severity = policy.severity(RULES[code])
        if severity is not None and wanted(RULES[code]):
            findings += _run(check, Subject(case, RULES[code], severity), wanted)
    verdict = _judged(case, active, findings, wanted)
    found = sorted(verdict.findings, key=lambda finding: finding.order)
    verdict = dataclasses.replace(
        verdict,
        findings=[finding for finding in found if finding.pending is None],
        pending=[finding for finding in found if finding.pending is not None],
    )
    if watch is not None:
        watch(case, verdict)
    return verdict


def _judged(case: Case, active: list[Rule], findings: list[Finding], wanted: Wanted) -> Verdict:
    """What is suppressed; nothing is, where that cannot be told."""
    try:
        return Suppressions(case, active).judge(findings)
    except Exception as error:  # as for a rule
        subject = Subject(case, RULES["BGM003"], "error")
        return Verdict([*findings, *_failed(subject, error, wanted)])


def _case(
    source: Source,
    policy: Policy,
    project: Project,
    today: datetime.date | None,
    ignores: Mapping[tuple[Ignore, str], int] | None,
    starters: frozenset[str],
) -> Case:
    """A file under a policy, as the checks see it; ``today`` in UTC where it is not given."""
    known = dataclasses.replace(
        provider("openai"), wrappers=policy.wrappers, beside=policy.providers
    )
    module = Module(source, known, project, policy.vocabulary)
    return Case(module, policy, today or utc_today(), ignores, starters)


def _run(check: Check, subject: Subject, wanted: Wanted) -> list[Finding]:
    try:
        return list(check(subject))
    except Exception as error:  # one rule's failure must not cost the others' findings
        return list(_failed(subject, error, wanted))


def _failed(subject: Subject, error: Exception, wanted: Wanted) -> Iterator[Finding]:
    rule = RULES["BGM009"]
    severity = subject.policy.severity(rule)
    if severity is not None and (wanted(rule) or wanted(subject.rule)):
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        yield Finding(
            rule.code,
            rule.name,
            severity,
            subject.source.path,
            Span(1, 0, 1, 0),
            f"{subject.rule.code} {subject.rule.name} failed on this file, please report: {what}",
        )


def unreadable(
    source: Source, policy: Policy, error: Unreadable, wanted: Wanted = all_rules
) -> Iterator[Finding]:
    """The finding for a file that is no Python."""
    rule = RULES["BGM001"]
    severity = policy.severity(rule)
    if severity is not None and wanted(rule):
        span = Span(error.line, error.column, error.line, error.column)
        yield Finding(
            rule.code,
            rule.name,
            severity,
            source.path,
            span,
            f"this file cannot be read: {error.reason}",
        )
