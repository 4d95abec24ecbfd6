"""What a check is given: the module's facts, the policy's opinions, and how to say a finding."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bgmode.finding import Finding, Fix, Note
from bgmode.flow.names import Loop
from bgmode.flow.project import dotted_name
from bgmode.flow.values import Known
from bgmode.knowledge import Rule, Severity
from bgmode.model.annotations import Annotation
from bgmode.model.calls import BackgroundCall, CreateCall
from bgmode.model.directives import Ignore
from bgmode.model.module import Module
from bgmode.model.polling import PollLoop
from bgmode.model.wrappers import Told
from bgmode.policy.policy import Approval, JobType, Policy
from bgmode.source import Source, Span, placed


@dataclass(frozen=True)
class Judged:
    """A background call whose job type is named, and where: ``place`` is what is reported."""

    call: BackgroundCall
    place: ast.AST
    annotation: Annotation

    @property
    def name(self) -> str:
        return self.annotation.name or ""


@dataclass(frozen=True)
class Case:
    """One module under one policy on one day; shared by all checks.

    ``ignores`` are the comments that may count, each with the function or class it is in, where
    not all of them may. ``starters`` is what functions of other modules are called that start a
    job without a key that lasts, as far as they are known.
    """

    module: Module
    policy: Policy
    today: datetime.date
    ignores: Mapping[tuple[Ignore, str], int] | None = None
    starters: frozenset[str] = frozenset()

    @property
    def source(self) -> Source:
        return self.module.source

    @cached_property
    def calls(self) -> tuple[BackgroundCall, ...]:
        """The background calls that the policy wants to hear of."""
        found = self.module.calls.background
        if self.policy.report_undecided:
            return found
        return tuple(call for call in found if call.certain)

    @property
    def loops(self) -> tuple[PollLoop, ...]:
        """The poll loops of the module."""
        return self.module.polling.loops

    def zdr(self, call: CreateCall) -> Note | None:
        """Why ``call`` requires Zero Data Retention, if it does: the code around it, its client."""
        return self.zdr_around(call.node) or self._zdr_client(call)

    def zdr_of(self, call: CreateCall) -> Note | None:
        """The same for a call in any module."""
        return self.zdr_anywhere(call.node) or self._zdr_client(call)

    def zdr_anywhere(self, node: ast.AST) -> Note | None:
        """Why the code around ``node``, of this file or another, requires it, if it does."""
        return self.at_home(node).zdr_around(node)

    def at_home(self, node: ast.AST) -> Case:
        """The case of the module that ``node`` stands in: this one, or one that was read for it."""
        own = self.module
        if node in own.names.parent:
            return self
        other = own.project.holding(node)
        if other is None:
            return self
        if other.path not in self._homes:
            shown = other.path if os.path.isabs(self.source.path) else os.path.relpath(other.path)
            source = dataclasses.replace(other.source, path=shown, given_tree=other.source.tree)
            module = Module(source, own.provider, own.project, own.vocabulary)
            self._homes[other.path] = Case(module, self.policy, self.today)
        return self._homes[other.path]

    @cached_property
    def _homes(self) -> dict[str, Case]:
        return {}

    def zdr_around(self, node: ast.AST) -> Note | None:
        """Why the code around ``node`` requires Zero Data Retention, if it does."""
        marker = self.module.annotations.requires_zdr(node)
        if marker is not None:
            return Note(f"required by {marker.level}", marker.path, marker.span)
        return self._zdr_by_path

    @property
    def has_zdr_code(self) -> bool:
        """Whether some code of this file requires it."""
        return self.module.annotations.has_zdr_markers or self._zdr_by_path is not None

    @cached_property
    def _zdr_by_path(self) -> Note | None:
        if not self.policy.zdr.modules:
            return None
        path = self.source.path
        pattern = self.policy.zdr_module(path, dotted_name(path))
        if pattern is not None and self.policy.path is not None:
            return Note(f"required by the policy's zdr.modules: {pattern}", self.policy.path)
        return None

    def _zdr_client(self, call: CreateCall) -> Note | None:
        wanted = {
            "project": self.policy.zdr.projects,
            "organization": self.policy.zdr.organizations,
        }
        seen: set[str] = set()
        for made in call.client.made_by:  # the outermost overrides the others
            for keyword in made.keywords:
                name = keyword.arg or ""
                if name in seen or name not in wanted:
                    continue
                seen.add(name)
                value = self.module.annotations.constant(keyword.value)
                if isinstance(value, Known) and value.value in wanted[name]:
                    message = f"the client's {name} {value.value} requires it"
                    return self.note_anywhere(message, keyword)
        return None

    def note_anywhere(self, message: str, node: ast.AST) -> Note:
        """A note at a node of this file, or of another one that was read for its sake."""
        source = self.at_home(node).source
        return Note(message, source.path, source.span(placed(node)))

    def annotation(self, call: CreateCall) -> Annotation | None:
        """Where the call's job type is named: in the code, else in the policy's ``paths``.

        Of a wrapper it is not, where its callers name it: whatever stands further away gives way.
        """
        found = self.module.annotations.job_type(call)
        is_ours = call.node in self.module.names.parent
        if is_ours and self.module.wrappers.must_be_told(call.node):
            span = found.span if found is not None else None
            return Annotation(None, "a parameter", self.source.path, span, certain=False)
        if found is not None and (found.name is not None or found.certain):
            return found
        suggested = self.policy.suggested_job_type(self.source.path)
        if suggested is not None:
            pattern, name = suggested
            return Annotation(name, f"the policy's paths: {pattern}", self.policy.path or "")
        return found

    def job_type(self, call: CreateCall) -> JobType | None:
        """The policy's job type of a call, if it has one that the policy knows."""
        annotation = self.annotation(call)
        if annotation is None or annotation.name is None:
            return None
        return self.policy.job_types.get(annotation.name)

    def stored_state(self, call: CreateCall) -> str | None:
        """What the policy says of stored state: the call's job type, else for all the others."""
        job_types = self.policy.job_types
        told = {each.annotation.name for each in self.told if each.call.node is call.node}
        types = [job_types[name] for name in told if name is not None and name in job_types]
        if any(each.stored_state == "forbidden" for each in types):
            return "forbidden"
        job_type = self.job_type(call)
        if job_type is not None:
            return job_type.stored_state
        annotation = self.annotation(call)
        return self.policy.stored_state if annotation is None or annotation.certain else None

    @cached_property
    def judged(self) -> tuple[Judged, ...]:
        """Every place at which a job type is decided: the call, or each caller of a wrapper."""
        named = {
            (told.caller, told.annotation.name): Judged(told.call, told.caller, told.annotation)
            for told in reversed(self.told)
            if told.annotation.name is not None
        }
        found = [*reversed(named.values())]
        for call in self.calls:
            annotation = self.annotation(call)
            if annotation is not None and annotation.name is not None:
                found.append(Judged(call, call.anchor, annotation))
        return tuple(found)

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """What this file's calls of wrappers say of the job types of the calls in those."""
        found = self.module.wrappers.told
        return tuple(each for each in found if each.call.certain or self.policy.report_undecided)

    def approvals(self, judged: Judged) -> tuple[Approval, ...]:
        """The approvals that speak of a call, whether they are in force or not."""
        path = self.policy.relative(self.source.path)
        symbols = {self.symbol(judged.place), self.symbol(judged.call.node)}
        return tuple(
            approval
            for approval in self.policy.approvals
            if any(approval.covers(judged.name, path, symbol) for symbol in symbols)
        )

    def symbol(self, node: ast.AST) -> str:
        """The dotted name of the code that ``node`` stands in: module, class, function."""
        home = self.at_home(node)
        module = dotted_name(home.source.path)
        inner = home.module.names.qualified(node)
        return f"{module}.{inner}" if inner else module


@dataclass(frozen=True)
class Subject:
    """What one check is given: the case, and the rule it speaks for."""

    case: Case
    rule: Rule
    severity: Severity

    @property
    def source(self) -> Source:
        return self.case.source

    @property
    def policy(self) -> Policy:
        return self.case.policy

    @property
    def calls(self) -> tuple[BackgroundCall, ...]:
        return self.case.calls

    @property
    def requests(self) -> tuple[BackgroundCall, ...]:
        """The calls that create a job themselves, and do not only say how a framework will."""
        return tuple(call for call in self.calls if call.is_request)

    @property
    def loops(self) -> tuple[PollLoop, ...]:
        return self.case.loops

    def finding(
        self,
        at: ast.AST | Span,
        message: str,
        notes: Iterable[Note] = (),
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding at ``at``; one that covers several lines is shown on its first line.

        ``severity`` is given where it is not the rule's.
        """
        extent = at if isinstance(at, Span) else self.span(at)
        span = first_line(self.source, extent)
        if isinstance(at, Span):
            scope = self.source.scope_at(at.line)
        else:
            scope = self.case.module.names.qualified(at)
        return Finding(
            code=self.rule.code,
            name=self.rule.name,
            severity=severity or self.severity,
            path=self.source.path,
            span=span,
            message=message,
            notes=tuple(notes),
            fix=fix,
            scope=scope,
            snippet=self.source.snippet(span),
            extent=extent,
        )

    def finding_about(
        self,
        call: BackgroundCall,
        message: str,
        notes: Iterable[Note] = (),
        fix: Fix | None = None,
    ) -> Finding:
        """A finding where a call is told to run in the background, and a note at the call."""
        away = [self.note("this is the call", call.node)] if call.set_at is not None else []
        away += self.notes("background is set here", call.set_far)
        return self.finding(call.anchor, message, [*away, *notes], fix)

    def note(self, message: str, at: ast.AST) -> Note:
        """A note at another place of the same file."""
        return Note(message, self.source.path, first_line(self.source, self.span(at)))

    def created(self, call: BackgroundCall) -> list[Note]:
        """For a finding elsewhere: the call that creates the job, and what it is told by."""
        created = self.note("the job is created here", call.node)
        return [created, *self.notes("background is set here", call.set_at or call.set_far)]

    def notes(self, message: str, at: ast.AST | None) -> list[Note]:
        """The same, where there is such a place."""
        return [] if at is None else [self.note(message, at)]

    def policy_note(self, message: str, entry: JobType | Approval) -> Note:
        """A note at an entry of the policy file."""
        return Note(message, entry.file, Span(entry.line, 0, entry.line, 0))

    def span(self, node: ast.AST) -> Span:
        """Where a node stands; for a loop, its header, for a function, its name."""
        match node:
            case ast.While() | ast.For() | ast.AsyncFor():
                return header(self.source, node)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                start = self.source.span(node)
                text = self.source.lines[start.line - 1]
                column = text.find(name, start.column) + len(name)
                return Span(start.line, start.column, start.line, column)
        return self.source.span(placed(node))


def header(source: Source, loop: Loop) -> Span:
    """From the loop's keyword to the end of its test or iterable."""
    start = source.span(loop)
    end = source.span(loop.test if isinstance(loop, ast.While) else loop.iter)
    return Span(start.line, start.column, end.end_line, end.end_column)


def first_line(source: Source, span: Span) -> Span:
    """The part of a stretch that is on its first line."""
    if span.line == span.end_line:
        return span
    text = source.lines[span.line - 1].rstrip()
    return Span(span.line, span.column, span.line, max(len(text), span.column))
