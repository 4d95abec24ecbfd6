"""A run over many files: find them, read them, judge them, mend them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from bgmode.analysis import Watch
from bgmode.callers import Callers
from bgmode.concerned import Concerned
from bgmode.day import utc_today
from bgmode.discover import Walk, candidates, size
from bgmode.history import History, NoHistory
from bgmode.judging import Judge, Outcome, Task
from bgmode.options import Options
from bgmode.policy.find import find_policy
from bgmode.policy.globs import path_matches
from bgmode.policy.load import Policies
from bgmode.policy.policy import Policy, Waiver
from bgmode.policy.problem import PolicyError
from bgmode.policy_findings import policy_findings, unused_waivers
from bgmode.reading import decoded_text
from bgmode.report import Report
from bgmode.source import Unreadable
from bgmode.starters import importing
from bgmode.workers import Lost, shared

_FEW = 2  # files for which another process pays
_NONE_KNOWN: Mapping[str, frozenset[str]] = {}


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
        self._broken: set[str] = set()
        revision = self.options.waivers_from
        self._history = History(revision) if revision is not None else None
        self._used: set[Waiver] = set()
        self._mended: set[str] = set()
        self._callers = Callers(self.options.jobs)
        self.today = self.options.today or utc_today()

    def run(self, paths: Sequence[str]) -> Report:
        """Judge everything under ``paths``."""

        def is_whole(folder: str) -> bool:
            return any(_is_below(folder, path) for path in paths)

        self._check_history(paths)
        walk = Walk(self._excludes)
        files = list(walk.files(list(paths), force_exclude=self.options.force_exclude))
        self.report.files = len(files)
        for outcome in self._outcomes(files, walk.named):
            self._add(self._written(outcome))
        self.report.findings += self._callers.standing(is_whole, files, self.report.lines)
        self.report.errors += walk.errors
        self.report.left_out["files or folders are left out by --exclude"] += walk.excluded
        above = (find_policy(path) for path in paths)
        for path in [*walk.policies, *(found for found in above if found is not None)]:
            self._validate(path)
        for policy in self._policies.loaded():
            self._judge_policy(policy, paths)
        return self._finished()

    def _outcomes(self, files: list[str], named: Set[str]) -> list[Outcome]:
        """What comes of those files that matter; the ``named`` ones have to be Python at least."""
        unknown = [path for path in files if path not in self.options.dull]
        wanted = set(candidates(unknown, self.options.jobs))
        concerned = Concerned(self.options.policy, self._policy)
        chosen = [path for path in files if path in wanted or concerned.covers(path)]
        left = set(files).difference(chosen)
        judge = self._judge(self.options)
        outcomes = self._judged(chosen, judge)
        while calling := self._callers.among([path for path in files if path in left]):
            outcomes += self._judged(calling, judge)
            left.difference_update(calling)
        judged = {outcome.path for outcome in outcomes} if self.watch is None else set()
        starters = self._starters(files, left | judged)  # who watches is shown each file once
        outcomes = [outcome for outcome in outcomes if outcome.path not in starters]
        outcomes += self._judged(starters, judge, starters)
        left.difference_update(starters)
        unread = [path for path in files if path in left and path in named]
        return outcomes + self._judged(unread, judge, only_read=True)

    def _starters(self, files: list[str], wanted: Set[str]) -> dict[str, frozenset[str]]:
        """For those ``wanted``: what they import that starts a job and lets its errors out."""
        found = importing(self._callers.starters, files, self.options.jobs)
        return {path: names for path, names in found.items() if path in wanted}

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
        if policy is None:
            return self._finished()
        self.report.files += 1
        judge = self._judge(self.options)
        try:
            read = decoded_text(path, text)
        except Unreadable as error:
            self._add(judge.unreadable(path, policy, error))
            return self._finished()
        outcome = judge.text(read, policy)
        self._add(outcome)
        if self.options.fix and not self.options.diff:
            sys.stdout.write(read.written if outcome.fixed is None else outcome.fixed.text)
        return self._finished()

    def _judge(self, options: Options) -> Judge:
        return Judge(options, self.today, self._history, self.watch)

    def _judged(
        self,
        paths: Iterable[str],
        judge: Judge,
        starters: Mapping[str, frozenset[str]] = _NONE_KNOWN,
        *,
        only_read: bool = False,
    ) -> list[Outcome]:
        """What comes of some files; ``starters`` of each and ``only_read`` as in :class:`Task`."""
        tasks: list[Task] = []
        for path in paths:
            policy = self._policy(path)
            if policy is not None and policy.excludes(path):
                self.report.left_out["files are left out by the policy's exclude"] += 1
            elif policy is not None:
                tasks.append(Task(path, policy, only_read, starters.get(path, frozenset())))
        place = {task.path: number for number, task in enumerate(tasks)}
        tasks.sort(key=lambda task: size(task.path))  # large files are read for others, too
        outcomes: list[Outcome] = []
        jobs = min(self.options.jobs, len(tasks) // _FEW)
        if jobs > 1 and (self.options.fix or self.options.diff):
            import bgmode.fixing.rounds  # noqa: F401 - once, for all processes
        for task, outcome in zip(tasks, shared(judge.file, tasks, jobs), strict=True):
            if isinstance(outcome, Lost):
                self._error(f"{task.path}: could not be judged: {outcome.why}")
                continue
            if outcome.part is not None:
                self._callers.add(task.path, outcome.part)
            outcomes.append(outcome)
        return sorted(outcomes, key=lambda outcome: place[outcome.path])

    def _written(self, outcome: Outcome) -> Outcome:
        """Write a fixed file; what comes of it as it is now where it was left alone."""
        if outcome.fixed is None:
            return outcome
        from bgmode.fixing.write import CannotWrite, write_text

        path, fixed = outcome.path, outcome.fixed
        target = os.path.realpath(path)
        try:
            if target not in self._mended:  # else by another name, that of a link
                write_text(path, fixed.old, fixed.text, fixed.encoding)
                self._mended.add(target)
                return outcome
        except CannotWrite as error:
            self._error(f"{path}: not fixed: {error}")
        again = self._judged([path], self._judge(replace(self.options, fix=False)))
        return again[0] if again else Outcome(path)

    def _add(self, outcome: Outcome) -> None:
        """Add what came of one file."""
        self.report.add(outcome.report)
        for error in outcome.report.errors:
            self._error(error)
        self._used |= outcome.used

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
                self.report.findings.append(finding)
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


def _is_below(folder: str, path: str) -> bool:
    above = os.path.abspath(path)
    return folder == above or folder.startswith(above.rstrip(os.sep) + os.sep)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read().split("\n")
    except OSError:
        return []
