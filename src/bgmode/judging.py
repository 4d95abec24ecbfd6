"""One file of a run: read, judged, and fixed as far as the options say.

What comes of it is plain data, so another process may do it. Nothing is written here: all files of
a run are judged as they were before its fixes, in whatever order that is done.
"""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bgmode.analysis import Watch, examine, unreadable
from bgmode.callers import Part, part_of
from bgmode.checks.subject import Case
from bgmode.discover import read_file
from bgmode.finding import Finding, split_cell
from bgmode.flow.project import Project
from bgmode.history import History, NoHistory
from bgmode.options import Options
from bgmode.policy.policy import Policy, Waiver
from bgmode.reading import Text, read_text
from bgmode.report import Report
from bgmode.source import Source, Unreadable, parse
from bgmode.suppression import Verdict

if TYPE_CHECKING:
    from bgmode.fixing.rounds import Analyse


@dataclass(frozen=True)
class Task:
    """A file, and the policy that applies to it.

    ``only_read``: there is nothing in it to judge, but it has to be Python. ``starters`` as in
    :class:`~bgmode.checks.subject.Case`.
    """

    path: str
    policy: Policy
    only_read: bool = False
    starters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Fixed:
    """A file with its fixes, and the bytes it has held."""

    old: bytes
    text: str
    encoding: str


@dataclass
class Outcome:
    """What came of one file; plain, picklable data. ``report`` is its share of the run's.

    ``used`` are the waivers it needed, ``part`` what it has to do with wrappers; ``fixed`` is what
    is to be written in its place, and then it is that what the report speaks of.
    """

    path: str
    report: Report = field(default_factory=Report)
    used: frozenset[Waiver] = frozenset()
    part: Part | None = None
    fixed: Fixed | None = None


class Judge:
    """Judges the files of one run; ``watch`` is shown each file's case and what was found there."""

    def __init__(
        self,
        options: Options,
        today: datetime.date,
        history: History | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._options = options
        self._today = today
        self._history = history
        self._watch = watch
        self._project = Project()

    def file(self, task: Task) -> Outcome:
        """Judge a file on the disk."""
        path, policy = task.path, task.policy
        try:
            text = read_text(path, read_file(path))
            if task.only_read:
                parse(text.source.text)
        except OSError as error:
            return Outcome(
                path, Report(errors=[f"{path}: {(error.strerror or str(error)).lower()}"])
            )
        except Unreadable as error:
            return self.unreadable(path, policy, error)
        if task.only_read:
            outcome = Outcome(path)
            self._add_broken(text, policy, outcome.report)
            return outcome
        return self.text(text, policy, task.starters)

    def unreadable(self, path: str, policy: Policy, error: Unreadable) -> Outcome:
        """Say that a file is no Python."""
        found = unreadable(Source(path, ""), policy, error, self._options.wanted)
        return Outcome(path, Report(list(found), lines={path: []}))

    def text(self, text: Text, policy: Policy, starters: frozenset[str] = frozenset()) -> Outcome:
        """Judge a text that has been read; ``starters`` as in :class:`Task`."""
        source = text.source
        outcome = Outcome(source.path)
        report = outcome.report
        self._add_broken(text, policy, report)
        if text.encoding == "utf-8-sig":
            report.marked.add(source.path)
        ignores = None
        if self._history is not None:
            try:
                ignores = self._history.ignores(source.path, policy)
            except NoHistory as error:
                report.errors.append(f"--waivers-from: {error}")
                return outcome

        cases: dict[int, tuple[Case, Verdict]] = {}

        def watch(case: Case, verdict: Verdict) -> None:
            cases[id(case.source)] = case, verdict
            if self._watch is not None:
                self._watch(case, verdict)

        def verdict(source: Source) -> Verdict:
            return examine(
                source,
                policy,
                project=self._project,
                today=self._today,
                wanted=self._options.wanted,
                watch=watch,
                ignores=ignores,
                starters=starters,
            )

        def again(source: Source) -> list[Finding]:
            return verdict(source).findings

        first = verdict(source)
        findings = first.findings
        outcome.used = first.used
        report.suppressed += [each.shown_in(source) for each in first.suppressed]
        if findings and (self._options.fix or self._options.diff):
            from bgmode.fixing.rounds import fix_text

            result = fix_text(source, findings, again, unsafe=self._options.unsafe_fixes)
            report.refused += [
                replace(each, finding=each.finding.shown_in(source)) for each in result.refused
            ]
            if result.applied and self._keep(text, result.text, outcome):
                report.fixed += [each.shown_in(source) for each in result.applied]
                findings, source = result.findings, result.source
        if id(source) in cases:
            outcome.part = part_of(*cases[id(source)])
        self._show_patches(source, findings, again, report)
        if findings or first.suppressed or first.pending:
            _keep_lines(source, report)
        report.findings += [each.shown_in(source) for each in findings]
        return outcome

    def _add_broken(self, text: Text, policy: Policy, report: Report) -> None:
        """Say which cells of a notebook are no Python."""
        if text.notebook is None:
            return
        for each in text.notebook.broken:
            error = Unreadable(each.reason, each.line, each.column)
            found = unreadable(text.source, policy, error, self._options.wanted)
            report.findings += [finding.shown_in(text.source) for finding in found]
            path, _ = text.source.shown(each.line)
            report.lines[path] = text.notebook.lines(split_cell(path)[1] or 1)

    def _keep(self, text: Text, code: str, outcome: Outcome) -> bool:
        """Keep the file with fixed code, or the difference; False where it cannot be."""
        from bgmode.fixing.write import CannotWrite, encoded

        path = text.source.path
        try:
            new = text.changed(code)
            if self._options.diff:
                change = (path, text.data, encoded(new, text.encoding))
                outcome.report.changes.append(change)
            else:
                outcome.fixed = Fixed(text.data, new, text.encoding)
        except (CannotWrite, ValueError) as error:
            outcome.report.errors.append(f"{path}: not fixed: {error}")
            return False
        return True

    def _show_patches(
        self, source: Source, findings: list[Finding], again: Analyse, report: Report
    ) -> None:
        """Keep what fixes would change, as far as the options ask for it."""
        only_shown = self._options.patches == "shown"
        fixes = [each.fix for each in findings if each.fix is not None]
        if only_shown:
            fixes = [fix for fix in fixes if fix.alternatives]
        if self._options.patches == "none" or not fixes or source.cells:  # of JSON there are none
            return
        from bgmode.fixing.patches import patches

        report.patches |= patches(source, findings, again, only_shown=only_shown)


def _keep_lines(source: Source, report: Report) -> None:
    """Keep the lines that a report shows, by the path that it shows."""
    report.lines[source.path] = source.lines
    for start, end in itertools.pairwise([*source.cells, len(source.lines) + 1]):
        report.lines[source.shown(start)[0]] = source.lines[start - 1 : end - 2]
