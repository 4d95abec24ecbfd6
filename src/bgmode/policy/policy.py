"""The decision as data: rules, job types, approvals, ZDR."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bgmode.knowledge import DEFAULT_VOCABULARY, Preset, Provider, Rule, Severity, Vocabulary
from bgmode.policy.globs import module_matches, path_matches

StoredState: TypeAlias = Literal["allowed", "forbidden"]
Decision: TypeAlias = Literal["allow", "review", "deny"]

_NEEDED = {**{f"BGM20{number}": "job_types" for number in range(1, 9)}, "BGM507": "kill_switches"}
"""The key of the policy without which a rule has nothing to judge by."""
SOON = datetime.timedelta(days=14)
"""How long before its last day an approval or a waiver says that it ends."""


@dataclass(frozen=True, slots=True)
class JobType:
    """One kind of job and the answers to the review's checklist.

    ``max_wait`` is in seconds. An answer that is None has not been given. ``require`` says that
    calls of a type whose interaction is background may take no other lane. ``file`` and ``line``
    (1-based) are its place.
    """

    name: str
    background: Decision
    description: str | None = None
    data_class: str | None = None
    interaction: str | None = None
    stored_state: str | None = None
    retrieval: str | None = None
    zdr_compatible: str | None = None
    reason: str | None = None
    fallback: str | None = None
    max_wait: float | None = None
    require: bool = False
    file: str = ""
    line: int = 0

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The questions of the checklist that are open, by their keys."""
        return tuple(name for name in CHECKLIST if getattr(self, name) is None)


CHECKLIST = ("data_class", "stored_state", "retrieval", "zdr_compatible", "reason", "fallback")
"""What has to be answered before a kind of job may run in the background."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who said that jobs under review may run, for what, why and until when (included)."""

    by: str
    reason: str
    job_type: str | None = None
    path: str | None = None
    symbol: str | None = None
    ticket: str | None = None
    until: datetime.date | None = None
    file: str = ""
    line: int = 0
    column: int = 0

    def is_expired(self, today: datetime.date) -> bool:
        return self.until is not None and self.until < today

    def covers(self, job_type: str, path: str, symbol: str) -> bool:
        """Whether it speaks of this call, which stands in ``symbol``, a qualified name."""
        if self.job_type is not None and self.job_type != job_type:
            return False
        if self.path is not None and not path_matches(self.path, path):
            return False
        return self.symbol is None or _is_in(symbol, self.symbol)


def _is_in(symbol: str, wanted: str) -> bool:
    """A class covers its methods and a function the code in it; the module may be left out."""
    return f".{wanted}." in f".{symbol}."


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings of some rules that somebody has taken upon them: where, who, why, until when.

    ``until`` is included; ``file`` and ``line`` (1-based) are where the policy says so.
    """

    rules: tuple[str, ...]
    paths: tuple[str, ...] = ()
    symbol: str | None = None
    reason: str | None = None
    owner: str | None = None
    ticket: str | None = None
    until: datetime.date | None = None
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def where(self) -> tuple[str, ...]:
        """What it speaks of: its patterns, then its symbol."""
        return self.paths if self.symbol is None else (*self.paths, self.symbol)

    def covers(self, path: str, symbol: str) -> bool:
        """Whether it speaks of a finding in ``path``, in ``symbol``, a qualified name."""
        if not self.paths and self.symbol is None:
            return False
        if self.paths and not any(path_matches(pattern, path) for pattern in self.paths):
            return False
        return self.symbol is None or _is_in(symbol, self.symbol)


@dataclass(frozen=True, slots=True)
class Suppressions:
    """What an ignore comment or a waiver has to say: reason, owner, until, ticket."""

    require: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What counts as evidence of an idempotency key, and which names in code hold one."""

    metadata_keys: tuple[str, ...] = ("idempotency_key",)
    decorators: tuple[str, ...] = ()
    key_names: tuple[str, ...] = (
        "idempotency_key",
        "job_id",
        "request_id",
        "run_id",
        "task_id",
        "operation_id",
        "message_id",
        "event_id",
    )


@dataclass(frozen=True, slots=True)
class Poll:
    """How a wait should look. All times are in seconds; ``max_wait`` is None where none is set.

    The default interval is wide: shorter than half a second is a load on the service, and
    longer than five minutes is half of the ten that a response is kept at least.
    """

    min_interval: float | None = None
    max_interval: float | None = None
    max_wait: float | None = None

    @property
    def shortest(self) -> float:
        """The shortest interval; the default's does not count where it contradicts the file."""
        if self.min_interval is not None:
            return self.min_interval
        return 0.5 if self.max_interval is None or self.max_interval >= 0.5 else 0.0

    @property
    def longest(self) -> float:
        """The longest interval; the default's does not count where it contradicts the file."""
        if self.max_interval is not None:
            return self.max_interval
        return 300.0 if self.min_interval is None or self.min_interval <= 300.0 else math.inf


@dataclass(frozen=True, slots=True)
class Zdr:
    """Which code requires Zero Data Retention."""

    modules: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """Everything that a policy decides. ``path`` is None for the embedded default.

    ``root`` is the folder that its patterns start from. ``base`` are the severities of the preset;
    ``providers`` are those that are looked at, all where it is empty; ``stored_state`` is said of
    calls whose job type is not known.
    ``origins`` say for each key which file, and which line of it (1-based), has the last word.
    """

    path: str | None = None
    root: str = ""
    preset: Preset = "standard"
    base: Mapping[str, Severity] = field(default_factory=dict)
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    report_undecided: bool = True
    providers: tuple[str, ...] = ()
    stored_state: StoredState | None = None
    suppressions: Suppressions = Suppressions()
    vocabulary: Vocabulary = DEFAULT_VOCABULARY
    wrappers: tuple[Provider, ...] = ()
    idempotency: Idempotency = Idempotency()
    poll: Poll = Poll()
    zdr: Zdr = Zdr()
    job_types: Mapping[str, JobType] = field(default_factory=dict)
    paths: tuple[tuple[str, str], ...] = ()
    approvals: tuple[Approval, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    kill_switches: tuple[str, ...] = ()
    origins: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def severity(self, rule: Rule) -> Severity | None:
        """How serious a finding of ``rule`` is; None where the rule is off."""
        if self.missing_for(rule) is not None:
            return None
        return self.configured(rule.code)

    def configured(self, code: str) -> Severity | None:
        """What the policy says of a rule, whether there is anything to judge by or not."""
        return self.severities.get(code, self.base.get(code))

    def missing_for(self, rule: Rule) -> str | None:
        """The key that the policy leaves out and without which a rule has nothing to judge by."""
        key = _NEEDED.get(rule.code)
        return key if key is not None and not getattr(self, key) else None

    @property
    def folder(self) -> str:
        """The folder that the patterns start from, absolute."""
        return self.root or os.path.dirname(os.path.abspath(self.path or ""))

    def relative(self, path: str) -> str:
        """``path`` as the policy's patterns see it: from their folder, with slashes."""
        if self.path is None or path == "-":
            shown = path
        else:
            shown = os.path.relpath(os.path.abspath(path), self.folder)
        return shown.replace(os.sep, "/")

    def suggested_job_type(self, path: str) -> tuple[str, str] | None:
        """The first entry of ``paths`` that matches: its pattern and its job type."""
        shown = self.relative(path)
        for pattern, name in self.paths:
            if path_matches(pattern, shown):
                return pattern, name
        return None

    def zdr_module(self, path: str, dotted: str) -> str | None:
        """The pattern of ``zdr.modules`` that covers a file, if one does.

        A dotted pattern may begin at any folder on the way to the file: packages need no
        ``__init__``, and ``src`` is part of no name.
        """
        shown = self.relative(path)
        names = [dotted, *module_names(shown)]
        found = (each for each in self.zdr.modules if covers_module(each, shown, names))
        return next(found, None)

    def excludes(self, path: str) -> bool:
        """Whether the policy leaves this file out."""
        shown = self.relative(path)
        return any(path_matches(pattern, shown) for pattern in self.exclude)


def covers_module(pattern: str, path: str, names: Iterable[str]) -> bool:
    """Whether a pattern of ``zdr.modules`` speaks of a file, or of a module by one of its names."""
    return path_matches(pattern, path) or any(module_matches(pattern, name) for name in names)


def module_names(path: str) -> list[str]:
    """``a.b.c``, ``b.c`` and ``c`` for ``a/b/c.py``."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    return [".".join(parts[start:]) for start in range(len(parts))]
