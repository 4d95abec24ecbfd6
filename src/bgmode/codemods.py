"""The fixes as libcst codemods, for people whose refactoring goes through libcst.

    python -m libcst.tool codemod -x --no-format bgmode.codemods.ExplicitStoreCommand PATH

applies the fixes of a rule, those that need a look as well; the policy above each file counts.
Without ``--no-format`` libcst's command formats the files with black. Nobody imports this.
"""

from __future__ import annotations

from typing import ClassVar

import libcst as cst
from libcst.codemod import CodemodCommand, SkipFile

from bgmode.analysis import analyse
from bgmode.finding import Finding
from bgmode.fixing.rounds import fix_text
from bgmode.flow.project import Project
from bgmode.knowledge import Rule
from bgmode.policy.load import Policies
from bgmode.policy.problem import PolicyError
from bgmode.source import Source

_OWN = ("BGM001", "BGM009")  # what cannot be read or judged is not mended


class _FixesCommand(CodemodCommand):
    """Applies the fixes of the rules in ``codes``."""

    codes: ClassVar[tuple[str, ...]] = ()

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        """The module with its fixes; the same one where there are none."""
        source = Source(self.context.filename or "-", tree.code)
        findings = self._findings(source)
        result = fix_text(source, findings, self._findings, unsafe=True)
        for refusal in result.refused:
            line = refusal.finding.span.line
            self.warn(f"{source.path}:{line}: {refusal.finding.code} not fixed: {refusal.reason}")
        if not result.applied:
            return tree
        return cst.parse_module(result.text, tree.config_for_parsing)

    def _findings(self, source: Source) -> list[Finding]:
        try:
            policy = Policies().of(source.path)
        except PolicyError as error:
            raise SkipFile("; ".join(map(str, error.problems))) from None
        return analyse(source, policy, project=Project(), wanted=self._wants)

    def _wants(self, rule: Rule) -> bool:
        return rule.code in (*self.codes, *_OWN)


class ExplicitStoreCommand(_FixesCommand):
    """BGM101."""

    DESCRIPTION = "Write store=True in background calls."
    codes = ("BGM101",)


class ForegroundInZdrCommand(_FixesCommand):
    """BGM110."""

    DESCRIPTION = "Remove background=True in code that requires Zero Data Retention."
    codes = ("BGM110",)


class StatelessInZdrCommand(_FixesCommand):
    """BGM112."""

    DESCRIPTION = "Remove stored state in code that requires Zero Data Retention."
    codes = ("BGM112",)


class EndingPollCommand(_FixesCommand):
    """BGM301 and BGM302."""

    DESCRIPTION = "Make poll loops end on every terminal status."
    codes = ("BGM301", "BGM302")


class BoundedPollCommand(_FixesCommand):
    """BGM303."""

    DESCRIPTION = "Give poll loops the policy's longest wait."
    codes = ("BGM303",)


class WaitingPollCommand(_FixesCommand):
    """BGM305, BGM306 and BGM310."""

    DESCRIPTION = "Make poll loops wait between polls, in the way their world does."
    codes = ("BGM305", "BGM306", "BGM310")


class IdempotencyKeyCommand(_FixesCommand):
    """BGM401 and BGM405."""

    DESCRIPTION = "Send an idempotency key that is in scope as a header."
    codes = ("BGM401", "BGM405")
