"""A run over many files: find them, read them, judge them, mend them."""

from __future__ import annotations

import datetime
import itertools
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from bgmode.analysis import Wanted, Watch, all_rules, examine, unreadable
from bgmode.callers import Callers, part_of
from bgmode.checks.subject import Case
from bgmode.concerned import Concerned
from bgmode.day import utc_today
from bgmode.discover import Walk, candidates, read_file
from bgmode.finding import Finding, split_cell
from bgmode.flow.project import Project
from bgmode.history import History, NoHistory
from bgmode.policy.find import find_policy
from bgmode.policy.globs import path_matches
from bgmode.policy.load import Policies
from bgmode.policy.policy import Policy, Waiver
from bgmode.policy.problem import PolicyError
from bgmode.policy_findings import policy_findings, unused_waivers
from bgmode.reading import Text, decoded_text, read_text
from bgmode.report import Report
from bgmode.source import Source, Unreadable, parse
from bgmode.suppression import Verdict

if TYPE_CHECKING:
    from bgmode.fixing.rounds import Analyse


@dataclass(frozen=True)
class Options:
    """What a run is told. ``today`` decides which approvals and waivers are in force.

    ``waivers_from``: the git revision whose approvals, waivers and ignore comments count.
    ``patches``: whether the report says what fixes would change, all or those that are only shown.
    ``report_undecided``: whether calls that may run in the background are judged in any case.
    """

    policy: str | None = None
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    wanted: Wanted = all_rules
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    today: datetime.date | None = None
    waivers_from: str | None = None
    report_undecided: bool = False
    patches: Literal["none", "shown", "all"] = "none"


@dataclass
class Session:
    """One run; ``watch`` is shown each file's case and what was found there.

    Raises :class:`PolicyError` where a named policy cannot be used.
    """

    options: Options
    report: Report = field(default_factory=Report)
    watch: Watch | None = None

    def __post_init__(self) -> None:
        self._policies = Policies(self.options.policy)
        self._project = Project()
        self._broken: set[str] = set()
        revision = self.options.waivers_from
        self._history = History(revision) if revision is not None else None
        self._used: set[Waiver] = set()
        self._callers = Callers()
        self.today = self.options.today or utc_today()

    def run(self, paths: Sequence[str]) -> Report:
        """Judge everything under ``paths``."""

        def is_whole(folder: str) -> bool:
            return any(_is_below(folder, path) for path in paths)

        self._check_history(paths)
        walk = Walk(self._excludes)
        files = list(walk.files(list(paths), force_exclude=self.options.force_exclude))
        self.report.files = len(files)
        wanted = set(candidates(files))
        concerned = Concerned(self.options.policy, self._policy)
        left: set[str] = set()
        for path in files:
            if path in wanted or concerned.covers(path):
                self._file(path)
            else:
                left.add(path)
        while calling := self._callers.among(left):
            for path in calling:
                self._file(path)
            left.difference_update(calling)
        for path in files:
            if path in left and path in walk.named:
                self._file(path, only_read=True)
        self._add(self._callers.standing(is_whole, files, self.report.lines))
        self.report.errors += walk.errors
        self.report.left_out["files or folders are left out by --exclude"] += walk.excluded
        above = (find_policy(path) for path in paths)
        for path in [*walk.policies, *(found for found in above if found is not None)]:
            self._validate(path)
        for policy in self._policies.loaded():
            self._judge_policy(policy, paths)
        return self._finished()

    def _check_history(self, paths: Sequence[str]) -> None:
        """A revision that is not there must be said even if no file needs it."""
        if self._history is None:
            return
        for path in paths:
            try:
                self._history.check(path)
            except NoHistory as error:
                self._error(f"--waivers-from: {error}")

    def run_text(self, text: str, path: str) -> Report:
        """Judge one text that was read from standard input; ``path`` is what to call it."""
        policy = self._policy(path)
        if policy is not None:
            self.report.files += 1
            try:
                read = decoded_text(path, text)
            except Unreadable as error:
                self._add(unreadable(Source(path, ""), policy, error, self.options.wanted))
            else:
                self._judge(read, policy, standard_input=True)
        return self._finished()

    def _finished(self) -> Report:
        self.report.findings.sort(key=lambda finding: finding.order)
        return self.report

    @property
    def policies(self) -> list[Policy]:
        """The policies that were applied, or passed on the way."""
        return self._policies.loaded()

    def _excludes(self, path: str) -> bool:
        shown = os.path.relpath(path) if os.path.isabs(path) else path
        shown = shown.replace(os.sep, "/")
        return any(path_matches(pattern, shown) for pattern in self.options.exclude)

    def _policy(self, path: str) -> Policy | None:
        try:
            return self._excused(self._policies.of(path))
        except PolicyError as error:
            self._policy_failed(error)
            return None

    def _judge_policy(self, policy: Policy, paths: Sequence[str]) -> None:
        """What is to be said of the policy itself, which waivers nothing needs included."""
        wanted = self.options.wanted
        found = list(policy_findings(policy, self.today, wanted))
        if any(_is_below(policy.folder, path) for path in paths):  # else there may be more to see
            kept = self._excused(policy)
            found += unused_waivers(kept or policy, self._used, self.today, wanted)
        for finding in found:
            if finding not in self.report.findings:  # of a file that two policies extend
                self._add([finding])
                self.report.lines.setdefault(finding.path, _lines(finding.path))

    def _excused(self, policy: Policy) -> Policy | None:
        """A policy with the approvals and waivers that count; None where nobody can tell."""
        if self.options.report_undecided and not policy.report_undecided:
            policy = replace(policy, report_undecided=True)
        try:
            return policy if self._history is None else self._history.excused(policy)
        except NoHistory as error:
            self._error(f"--waivers-from: {error}")
            return None

    def _error(self, message: str) -> None:
        """Say once what could not be done."""
        if message not in self._broken:
            self._broken.add(message)
            self.report.errors.append(message)

    def _validate(self, path: str) -> None:
        """A policy above or below a path has to be right, even if no file needs it."""
        if self.options.policy is None:
            try:
                self._policies.load(path)
            except PolicyError as error:
                self._policy_failed(error)

    def _policy_failed(self, error: PolicyError) -> None:
        for problem in error.problems:
            self._error(str(problem))

    def _file(self, path: str, *, only_read: bool = False) -> None:
        """Judge a file; ``only_read``: there is nothing in it to judge, but it has to be Python."""
        try:
            data = read_file(path)
        except OSError as error:
            self.report.errors.append(f"{path}: {(error.strerror or str(error)).lower()}")
            return
        policy = self._policy(path)
        if policy is None:
            return
        if policy.excludes(path):
            self.report.left_out["files are left out by the policy's exclude"] += 1
            return
        try:
            read = read_text(path, data)
            if only_read:
                parse(read.source.text)
        except Unreadable as error:
            self._add(unreadable(Source(path, ""), policy, error, self.options.wanted))
            self.report.lines[path] = []
            return
        if only_read:
            self._add_broken(read, policy)
        else:
            self._judge(read, policy)

    def _add_broken(self, text: Text, policy: Policy) -> None:
        """Say which cells of a notebook are no Python."""
        if text.notebook is None:
            return
        for each in text.notebook.broken:
            error = Unreadable(each.reason, each.line, each.column)
            found = unreadable(text.source, policy, error, self.options.wanted)
            self._add(finding.shown_in(text.source) for finding in found)
            path, _ = text.source.shown(each.line)
            self.report.lines[path] = text.notebook.lines(split_cell(path)[1] or 1)

    def _keep_lines(self, source: Source) -> None:
        """Keep the lines that a report shows, by the path that it shows."""
        self.report.lines[source.path] = source.lines
        for start, end in itertools.pairwise([*source.cells, len(source.lines) + 1]):
            self.report.lines[source.shown(start)[0]] = source.lines[start - 1 : end - 2]

    def _judge(self, text: Text, policy: Policy, *, standard_input: bool = False) -> None:
        self._add_broken(text, policy)
        source = text.source
        if text.encoding == "utf-8-sig":
            self.report.marked.add(source.path)
        ignores = None
        if self._history is not None:
            try:
                ignores = self._history.ignores(source.path, policy)
            except NoHistory as error:
                self._error(f"--waivers-from: {error}")
                return

        cases: dict[int, tuple[Case, Verdict]] = {}

        def watch(case: Case, verdict: Verdict) -> None:
            cases[id(case.source)] = case, verdict
            if self.watch is not None:
                self.watch(case, verdict)

        def verdict(source: Source) -> Verdict:
            return examine(
                source,
                policy,
                project=self._project,
                today=self.today,
                wanted=self.options.wanted,
                watch=watch,
                ignores=ignores,
            )

        def again(source: Source) -> list[Finding]:
            return verdict(source).findings

        first = verdict(source)
        findings = first.findings
        self._used |= first.used
        self.report.suppressed += [each.shown_in(source) for each in first.suppressed]
        if findings and (self.options.fix or self.options.diff):
            from bgmode.fixing.rounds import fix_text

            result = fix_text(source, findings, again, unsafe=self.options.unsafe_fixes)
            self.report.refused += [
                replace(each, finding=each.finding.shown_in(source)) for each in result.refused
            ]
            if result.applied and self._keep(text, result.text, standard_input=standard_input):
                self.report.fixed += [each.shown_in(source) for each in result.applied]
                findings, source = result.findings, result.source
        elif standard_input and self.options.fix:
            sys.stdout.write(text.written)
        if id(source) in cases:
            self._callers.add(part_of(*cases[id(source)]))
        self._show_patches(source, findings, again)
        if findings or first.suppressed or first.pending:
            self._keep_lines(source)
        self._add(each.shown_in(source) for each in findings)

    def _show_patches(self, source: Source, findings: list[Finding], again: Analyse) -> None:
        """Keep what fixes would change, as far as the options ask for it."""
        only_shown = self.options.patches == "shown"
        fixes = [each.fix for each in findings if each.fix is not None]
        if only_shown:
            fixes = [fix for fix in fixes if fix.alternatives]
        if self.options.patches == "none" or not fixes or source.cells:  # of JSON there are none
            return
        from bgmode.fixing.patches import patches

        self.report.patches |= patches(source, findings, again, only_shown=only_shown)

    def _keep(self, text: Text, new: str, *, standard_input: bool) -> bool:
        """Write a fixed text, or note the difference; False where it was left alone."""
        from bgmode.fixing.write import CannotWrite, encoded, write_text

        path = text.source.path
        try:
            new = text.changed(new)
            if self.options.diff:
                self.report.changes.append((path, text.data, encoded(new, text.encoding)))
            elif standard_input:
                sys.stdout.write(new)
            else:
                write_text(path, text.data, new, text.encoding)
        except (CannotWrite, ValueError) as error:
            self.report.errors.append(f"{path}: not fixed: {error}")
            return False
        return True

    def _add(self, findings: Iterable[Finding]) -> None:
        self.report.findings += findings


def _is_below(folder: str, path: str) -> bool:
    above = os.path.abspath(path)
    return folder == above or folder.startswith(above.rstrip(os.sep) + os.sep)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read().split("\n")
    except OSError:
        return []
