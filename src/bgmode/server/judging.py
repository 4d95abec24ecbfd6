"""Judges a text that an editor holds: as it stands there, and all else as it is on the disk."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from bgmode.analysis import all_rules, analyse
from bgmode.day import utc_today
from bgmode.finding import Finding, Patch
from bgmode.flow.project import Project
from bgmode.policy.load import Policies
from bgmode.policy.policy import Policy
from bgmode.policy.problem import PolicyError, Problem
from bgmode.policy_findings import policy_findings
from bgmode.source import Source

if TYPE_CHECKING:
    from bgmode.fixing.rounds import Analyse


@dataclass
class Judged:
    """One text and what is said of it, and of its policy, by the policy's files.

    A text whose policy has ``problems`` is not judged.
    """

    source: Source
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    of_policy: list[Finding] = field(default_factory=list)
    again: Analyse | None = None
    _patches: dict[Finding, tuple[Patch, ...]] = field(default_factory=dict)

    def patches(self, finding: Finding) -> tuple[Patch, ...]:
        """What each fix of a finding would change; only what has been proven."""
        if finding.fix is None or self.again is None:
            return ()
        if finding not in self._patches:
            from bgmode.fixing.patches import patches_of

            found = patches_of(self.source, finding, self.findings, self.again)
            self._patches[finding] = tuple(found)
        return self._patches[finding]

    @cached_property
    def fixed(self) -> str:
        """The text after all of its safe fixes."""
        if self.again is None or all(finding.fix is None for finding in self.findings):
            return self.source.text
        from bgmode.fixing.rounds import fix_text

        return fix_text(self.source, self.findings, self.again).text


class Disk:
    """What stands on the disk, read once: the policies, and the modules beside those in an editor.

    ``named`` is the policy that applies to every file, if one does; ``today`` is the day to judge
    by, that of the judging where it is None.
    """

    def __init__(self, named: str | None, today: datetime.date | None) -> None:
        self._named = named
        self._today = today
        self._project = Project()
        self._policies: Policies | None = None

    def judge(self, path: str, text: str) -> Judged:
        """Judge a text under the name ``path``."""
        source = Source(path, text)
        try:
            policy = self._policy(path)
        except PolicyError as error:
            return Judged(source, problems=error.problems)
        if policy.excludes(path):
            return Judged(source)
        today = self._today or utc_today()

        def again(source: Source) -> list[Finding]:
            return analyse(source, policy, project=self._project, today=today)

        of_policy = list(policy_findings(policy, today, all_rules))
        return Judged(source, again(source), of_policy=of_policy, again=again)

    def _policy(self, path: str) -> Policy:
        """The policy that applies to a file. Raises :class:`PolicyError`."""
        if self._policies is None:
            self._policies = Policies(self._named)
        return self._policies.of(path)
