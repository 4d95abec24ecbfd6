"""Fills the inventory: judges every file and puts down what is known of each background call."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import itertools
import os
from collections.abc import Iterable, Iterator

import bgmode
from bgmode.audit.inventory import (
    Approved,
    AuditedCall,
    Ending,
    Expiry,
    Inventory,
    Outcome,
    Waiting,
)
from bgmode.checks.missing_idempotency_key import evidence
from bgmode.checks.subject import Case, Judged
from bgmode.english import listed
from bgmode.finding import Finding, Place
from bgmode.flow import exits as flow
from bgmode.flow.values import Known
from bgmode.model.annotations import Annotation
from bgmode.model.calls import Argument, BackgroundCall
from bgmode.model.directives import Ignore
from bgmode.model.keys import header_evidence
from bgmode.model.polling import PollLoop
from bgmode.model.sleeping import seconds_of
from bgmode.model.waits import waits_of
from bgmode.policy.policy import Policy, Waiver
from bgmode.source import Span, placed
from bgmode.suppression import Verdict

_LONGEST_CODE = 160  # characters of a call that are shown


@dataclasses.dataclass
class Survey:
    """The inventory while it grows, file by file."""

    today: datetime.date
    calls: list[AuditedCall] = dataclasses.field(default_factory=list)
    other: list[Finding] = dataclasses.field(default_factory=list)
    expiries: list[Expiry] = dataclasses.field(default_factory=list)
    wrapped: dict[Place, list[AuditedCall]] = dataclasses.field(default_factory=dict)
    called: set[Place] = dataclasses.field(default_factory=set)

    def file(self, case: Case, verdict: Verdict) -> None:
        """Put down the calls of one file, and what was found there."""
        self.expiries += _of_comments(case)
        left = list(verdict.findings)
        said = [*verdict.findings, *verdict.pending]
        for call in case.module.calls.background:
            about = _About(case, call)
            for judged in _judged(case, call):
                ours = [each for each in said if about.holds(each, judged)]
                waived = [each for each in verdict.suppressed if about.holds(each, judged)]
                left = [finding for finding in left if finding not in ours]
                waits = [_waiting(case, loop) for loop in about.waits]
                audited = _audited(case, judged, waits, ours, waived)
                self._put_down(case, judged, audited)
        for judged in _told_to_others(case):
            place = case.source.span(placed(judged.place))
            ours = [each for each in said if _is_at(each, place)]
            waived = [each for each in verdict.suppressed if _is_at(each, place)]
            left = [finding for finding in left if finding not in ours]
            waits = _waits_at_home(case, judged.call)
            self._put_down(case, judged, _audited(case, judged, waits, ours, waived))
        self.called |= case.module.wrappers.called
        self.other += [finding.shown_in(case.source) for finding in left]

    def _put_down(self, case: Case, judged: Judged, audited: AuditedCall) -> None:
        """Keep an entry; that of a wrapper only counts if nobody calls it."""
        node = judged.place if isinstance(judged.place, ast.Call) else judged.call.node
        wrapper = None if judged.name else case.module.wrappers.around(node)
        if wrapper is None:
            self.calls.append(audited)
        else:
            self.wrapped.setdefault(wrapper, []).append(audited)

    @property
    def entries(self) -> list[AuditedCall]:
        """The calls so far, those of wrappers included that nobody calls."""
        uncalled = [calls for place, calls in self.wrapped.items() if place not in self.called]
        return [*self.calls, *itertools.chain.from_iterable(uncalled)]

    def inventory(
        self,
        policies: Iterable[Policy],
        files: int,
        more: Iterable[Finding] = (),
        errors: Iterable[str] = (),
    ) -> Inventory:
        """Everything, sorted by place."""
        policies = list(policies)
        expiries = set(self.expiries)
        waivers: dict[Waiver, None] = {}
        for policy in policies:
            expiries |= set(_of_policy(policy))
            waivers |= dict.fromkeys(policy.waivers)
        return Inventory(
            today=self.today,
            version=bgmode.__version__,
            policies=tuple(sorted({_shown(policy.path) for policy in policies if policy.path})),
            files=files,
            calls=tuple(sorted(self.entries, key=lambda call: (call.path, call.line, call.column))),
            other=tuple(sorted([*self.other, *more], key=lambda finding: finding.order)),
            expiries=tuple(sorted(expiries, key=lambda each: each.order)),
            waivers=tuple(waivers),
            errors=tuple(errors),
        )


def _judged(case: Case, call: BackgroundCall) -> list[Judged]:
    """A call as it stands, or each caller of a wrapper that is told the job type by them."""
    unseen = [
        Judged(call, told.caller, told.annotation)
        for told in case.told
        if told.call is call and told.annotation.name is None
    ]
    found = [judged for judged in case.judged if judged.call is call] + unseen
    if found:
        return found
    undecided = case.annotation(call) or Annotation(None, "", case.source.path)
    return [Judged(call, call.anchor, undecided)]


def _told_to_others(case: Case) -> Iterator[Judged]:
    """The calls of wrappers that stand in other modules."""
    for told in case.told:
        if told.call.node not in case.module.names.parent:
            yield Judged(told.call, told.caller, told.annotation)


def _is_at(finding: Finding, place: Span) -> bool:
    return _is_in((finding.span.line, finding.span.column), place)


def _waits_at_home(case: Case, call: BackgroundCall) -> list[Waiting]:
    """How a wrapper of another module waits for the job."""
    home = case.at_home(call.node)
    for own in home.module.calls.background:
        if own.node is call.node:
            return [_waiting(home, loop) for loop in waits_of(home.module.polling, own)]
    return []


class _About:
    """What is about one call: it, its waits, and what becomes of its job."""

    def __init__(self, case: Case, call: BackgroundCall) -> None:
        self._source = case.source
        self._call = call
        self._node = case.source.span(call.node)
        self._anchor = case.source.span(placed(call.anchor))
        self.waits = waits_of(case.module.polling, call)
        scope = case.module.names.qualified(call.node)
        others = case.module.calls.background
        is_alone = sum(case.module.names.qualified(each.node) == scope for each in others) == 1
        self._scope = scope if is_alone else None

    def holds(self, finding: Finding, judged: Judged) -> bool:
        """Whether a finding speaks of the call, as ``judged`` has it."""
        start = (finding.span.line, finding.span.column)
        if finding.code.startswith("BGM2"):  # of the caller of a wrapper, or of the call
            place = self._source.span(placed(judged.place))
            is_here = judged.place is self._call.anchor and self._is_at_the_call(start)
            named = judged.annotation.span
            return is_here or _is_in(start, place) or (named is not None and _is_in(start, named))
        if self._is_at_the_call(start):
            return True
        if any(note.path == finding.path and note.span == self._node for note in finding.notes):
            return True
        if any(_is_in(start, self._source.span(placed(loop.node))) for loop in self.waits):
            return finding.code > "BGM3"
        return finding.code > "BGM5" and finding.scope == self._scope

    def _is_at_the_call(self, start: tuple[int, int]) -> bool:
        return _is_in(start, self._node) or _is_in(start, self._anchor)


def _is_in(start: tuple[int, int], span: Span) -> bool:
    return (span.line, span.column) <= start < (span.end_line, max(span.end_column, 1))


def _audited(
    case: Case,
    judged: Judged,
    waits: list[Waiting],
    findings: list[Finding],
    waived: list[Finding],
) -> AuditedCall:
    call, annotation = judged.call, judged.annotation
    place = case.source.span(placed(judged.place))
    path, line = case.source.shown(place.line)
    job_type = case.policy.job_types.get(judged.name)
    zdr = case.zdr_around(judged.place) or case.zdr_of(call)

    def answer(name: str) -> str | None:
        value: str | None = getattr(job_type, name, None)
        return value

    return AuditedCall(
        path=path.replace(os.sep, "/"),
        line=line,
        column=place.column,
        symbol=case.symbol(judged.place),
        snippet=_shown_code(case, call.node if judged.place is call.anchor else judged.place),
        provider=call.provider.name,
        certain=call.certain,
        job_type=annotation.name,
        job_type_from=_named_by(annotation),
        description=answer("description"),
        data_class=answer("data_class"),
        decision=job_type.background if job_type is not None else None,
        reason=answer("reason"),
        interaction=answer("interaction"),
        stored_state=answer("stored_state") if job_type else case.policy.stored_state,
        retrieval=answer("retrieval"),
        zdr_compatible=answer("zdr_compatible"),
        fallback=answer("fallback"),
        max_wait=job_type.max_wait if job_type is not None else None,
        approvals=tuple(
            Approved(approval, not approval.is_expired(case.today))
            for approval in case.approvals(judged)
        ),
        store=_store(call),
        key=_key(case, call),
        streams=call.argument("stream").is_true,
        zdr=zdr.message if zdr is not None else None,
        waits=tuple(waits),
        findings=tuple(finding.shown_in(case.source) for finding in findings),
        suppressed=tuple(finding.shown_in(case.source) for finding in waived),
    )


def _shown_code(case: Case, node: ast.AST) -> str:
    """The code of a call on one line, cut where it is long."""
    span = case.source.span(placed(node))
    code = case.source.lines[span.line - 1].strip()
    if span.end_line > span.line:
        code = " ".join(case.source.snippet(span).split())
        code = code.replace("( ", "(").replace(", )", ")")
    return code if len(code) <= _LONGEST_CODE else f"{code[: _LONGEST_CODE - 3]}..."


def _named_by(annotation: Annotation) -> str | None:
    if annotation.name is None and not annotation.certain:
        return f"perhaps {annotation.level}"
    return annotation.level or None


def _store(call: BackgroundCall) -> str:
    given: Argument = call.argument("store")
    match given.presence, given.value:
        case "omitted", _:
            return "not set"
        case "given", Known(bool() as value):
            return str(value)
        case _:
            return "not seen"


def _key(case: Case, call: BackgroundCall) -> str:
    header = header_evidence(call)
    if header == "given":
        return "header"
    match evidence(case.policy, call):
        case "given":
            return "metadata or a decorator"
        case "none":
            return "none"
    return "not seen"


def _waiting(case: Case, loop: PollLoop) -> Waiting:
    lines = sorted({getattr(node, "lineno", 0) for node in loop.bounds})
    if lines:
        bound = f"a bound on line {listed(map(str, lines), 'and')}"
    else:
        bound = "none" if loop.is_unbounded else "not seen"
    seconds = {seconds_of(case.module.names, node, value) for node, value in loop.sleeps.items()}
    known = sorted(number for number in seconds if number is not None)
    interval = f"{known[0]:g} s" if len(known) == 1 and len(seconds) == 1 else "not seen"
    path, line = case.source.shown(loop.node.lineno)
    return Waiting(
        path.replace(os.sep, "/"),
        line,
        bound,
        interval if loop.waits is not False else "none",
        tuple(_ending(loop, status) for status in loop.provider.statuses),
    )


def _ending(loop: PollLoop, status: str) -> Ending:
    outcome = loop.outcomes[status]
    is_terminal = status in loop.provider.terminal
    kind: Outcome
    if outcome.unclear or loop.running.unclear:
        kind = "not known"
    elif not is_terminal:
        planned = {way.node for way in outcome.ways} - set(loop.bounds)
        kind = "leaves" if outcome.verdict == "always" and planned else "goes on"
    elif status in loop.endless:
        kind = "never ends"
    elif status in loop.bounded:
        kind = "bound"
    else:
        kind = "leaves" if outcome.verdict == "always" else "may leave"
    return Ending(status, is_terminal, kind, _lines(loop, outcome, kind))


def _lines(loop: PollLoop, outcome: flow.Outcome, kind: Outcome) -> tuple[int, ...]:
    """Where the wait is left; the bound only where nothing else leaves it."""
    if kind == "never ends":
        return ()
    nodes = {way.node for way in outcome.ways}
    nodes = nodes - set(loop.bounds) or nodes
    return tuple(sorted({getattr(node, "lineno", 0) for node in nodes}))


def _of_comments(case: Case) -> Iterator[Expiry]:
    for each in case.module.annotations.directives:
        if isinstance(each, Ignore) and each.until is not None:
            what = f"ignores {', '.join(each.codes)}"
            path, line = case.source.shown(each.span.line)
            yield Expiry("comment", each.until, what, each.owner, path.replace(os.sep, "/"), line)


def _of_policy(policy: Policy) -> Iterator[Expiry]:
    for waiver in policy.waivers:
        if waiver.until is not None:
            where = listed(waiver.where, "and")
            what = f"waives {', '.join(waiver.rules)} in {where}"
            yield Expiry("waiver", waiver.until, what, waiver.owner, waiver.file, waiver.line)
    for approval in policy.approvals:
        if approval.until is not None:
            said = (approval.job_type, approval.path, approval.symbol)
            what = f"approves {', '.join(word for word in said if word)}"
            yield Expiry(
                "approval", approval.until, what, approval.by, approval.file, approval.line
            )


def _shown(path: str | None) -> str:
    return (path or "").replace(os.sep, "/")
