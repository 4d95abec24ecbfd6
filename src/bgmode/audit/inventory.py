"""What is known of every background call of a project, compliant ones too.

Plain data: nothing here needs the code any more. Lines are 1-based, columns 0-based, times in
seconds. An answer that is None has not been given, or cannot be seen; which of the two, the
field's own words say.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from bgmode.finding import Finding
from bgmode.policy.policy import Approval, Waiver

Outcome: TypeAlias = Literal["leaves", "may leave", "bound", "goes on", "never ends", "not known"]
State: TypeAlias = Literal["open", "waived", "compliant"]
Answer: TypeAlias = Literal["allow", "review", "deny"]


@dataclass(frozen=True, slots=True)
class Ending:
    """What a wait does on one status; ``lines`` are where the code leaves it."""

    status: str
    is_terminal: bool
    outcome: Outcome
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """One poll loop that waits for the job.

    ``bound`` and ``interval`` are words for a reader: "none", "a bound on line 12"; "2 s".
    """

    path: str
    line: int
    bound: str
    interval: str
    endings: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval that speaks of a call, and whether it is in force on the day of the audit."""

    approval: Approval
    in_force: bool


@dataclass(frozen=True, slots=True)
class AuditedCall:
    """One background call, and the answers to the questions that a review asks.

    ``certain``: it surely runs in the background. ``job_type_from`` says in words where the job
    type is named. ``store`` and ``key`` say what the code does: "True", "False", "not set",
    "not seen"; "header", "metadata", "none", "not seen". ``zdr`` says why Zero Data Retention is
    required, if it is. ``findings`` are open, ``suppressed`` are waived.
    """

    path: str
    line: int
    column: int
    symbol: str
    snippet: str
    provider: str
    certain: bool
    job_type: str | None
    job_type_from: str | None
    description: str | None
    data_class: str | None
    decision: Answer | None
    reason: str | None
    interaction: str | None
    stored_state: str | None
    retrieval: str | None
    zdr_compatible: str | None
    fallback: str | None
    max_wait: float | None
    approvals: tuple[Approved, ...]
    store: str
    key: str
    streams: bool
    zdr: str | None
    waits: tuple[Waiting, ...]
    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """Whether something is open, all of it is waived, or nothing has to be said."""
        if any(finding.severity != "info" for finding in self.findings):
            return "open"
        return "waived" if self.suppressed else "compliant"

    @property
    def approval(self) -> Approved | None:
        """The approval that counts: one in force, else one that has expired."""
        ranked = sorted(self.approvals, key=lambda each: not each.in_force)
        return ranked[0] if ranked else None

    @property
    def anchor(self) -> str:
        """What a link to this call can be called."""
        return f"{self.path}:{self.line}:{self.column + 1}"


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something with a last day: an approval, a waiver or an ignore comment."""

    kind: Literal["approval", "waiver", "comment"]
    until: datetime.date
    what: str
    who: str | None
    path: str
    line: int

    @property
    def order(self) -> tuple[object, ...]:
        """How they are sorted: the next first."""
        return (self.until, self.kind, self.path, self.line, self.what, self.who or "")

    def is_over(self, today: datetime.date) -> bool:
        return self.until < today


@dataclass(frozen=True)
class Inventory:
    """The calls of a project on one day, sorted by place.

    ``other`` are findings that belong to no single call; ``errors`` say what could not be read,
    and ``policies`` which policy files were applied.
    """

    today: datetime.date
    version: str
    policies: tuple[str, ...]
    files: int
    calls: tuple[AuditedCall, ...]
    other: tuple[Finding, ...] = ()
    expiries: tuple[Expiry, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    errors: tuple[str, ...] = field(default_factory=tuple)

    @cached_property
    def by_job_type(self) -> dict[str, Counter[State]]:
        """How many calls of each job type are in which state; "not named" for those of none."""
        return self._counted([call.job_type or "not named" for call in self.calls])

    @cached_property
    def by_data_class(self) -> dict[str, Counter[State]]:
        """The same for each data class; "not known" for those of none."""
        return self._counted([call.data_class or "not known" for call in self.calls])

    def _counted(self, names: list[str]) -> dict[str, Counter[State]]:
        found: dict[str, Counter[State]] = {}
        for name, call in sorted(zip(names, self.calls, strict=True), key=lambda pair: pair[0]):
            found.setdefault(name, Counter())[call.state] += 1
        return found

    @property
    def states(self) -> Counter[State]:
        """How many calls are in which state."""
        return Counter(call.state for call in self.calls)
