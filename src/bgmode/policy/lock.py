"""What it means to tighten a policy: nothing that a locked key decides is looser than before.

Whole policies are compared, the one before a file and the one after it, so that it does not
matter by which key something has become looser: a preset switches rules off, too. Names of
variables that hold a key (``idempotency.key_names``) and what requires ZDR are free: the first
only serve a fix, the second only grow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from bgmode.knowledge import PRESETS, PROVIDERS, RULES, SEVERITIES, Severity
from bgmode.policy.policy import JobType, Policy

Loose: TypeAlias = Iterator[tuple[str, str]]

_DECISIONS = ("deny", "review", "allow")


def loosened(locked: str, before: Policy, after: Policy) -> Loose:
    """The keys below ``locked`` at which ``after`` is looser than ``before``, and how."""
    check = _CHECKS.get(locked.partition(".")[0])
    for at, why in check(before, after) if check is not None else ():
        if at == locked or at.startswith(f"{locked}.") or locked.startswith(f"{at}."):
            yield at, why


def _preset(before: Policy, after: Policy) -> Loose:
    if PRESETS.index(after.preset) < PRESETS.index(before.preset):
        yield "preset", f"`{after.preset}` is less than `{before.preset}`"


def _undecided(before: Policy, after: Policy) -> Loose:
    if before.report_undecided and not after.report_undecided:
        yield "undecided", "calls that cannot be seen must be reported"


def _provider(before: Policy, after: Policy) -> Loose:
    kept = {"openai", *(after.providers or PROVIDERS)}
    gone = [name for name in before.providers or PROVIDERS if name not in kept]
    if gone:
        yield "provider", f"calls of {', '.join(gone)} must be judged"


def _store(before: Policy, after: Policy) -> Loose:
    if before.stored_state == "forbidden" != after.stored_state:
        yield "store", "this must stay `forbidden`"
    if before.stored_state is None and after.stored_state == "allowed":
        yield "store", "stored state cannot be allowed here"


def _rules(before: Policy, after: Policy) -> Loose:
    for code in RULES:
        old, new = before.configured(code), after.configured(code)
        if _weight(new) < _weight(old):
            yield f"rules.{code}", f"{code} `{new or 'off'}` is less than `{old}`"


def _weight(severity: Severity | None) -> int:
    return 0 if severity is None else len(SEVERITIES) - SEVERITIES.index(severity)


def _exclude(before: Policy, after: Policy) -> Loose:
    if len(after.exclude) > len(before.exclude):
        yield "exclude", "nothing can be added to this"


def _approvals(before: Policy, after: Policy) -> Loose:
    if len(after.approvals) > len(before.approvals):
        yield "approvals", "nothing can be added to this"


def _waivers(before: Policy, after: Policy) -> Loose:
    if len(after.waivers) > len(before.waivers):
        yield "waivers", "nothing can be added to this"


def _kill_switches(before: Policy, after: Policy) -> Loose:
    if before.kill_switches and len(after.kill_switches) > len(before.kill_switches):
        yield "kill_switches", "nothing can be added to this"


def _paths(before: Policy, after: Policy) -> Loose:
    if len(after.paths) > len(before.paths):
        yield "paths", "nothing can be added to this"


def _wrappers(before: Policy, after: Policy) -> Loose:
    kept = {wrapper.name: wrapper for wrapper in after.wrappers}
    for wrapper in before.wrappers:
        if kept[wrapper.name] != wrapper:
            yield f"wrappers.{wrapper.name}", "this cannot be changed"


def _suppressions(before: Policy, after: Policy) -> Loose:
    kept = after.suppressions.require
    missing = [word for word in before.suppressions.require if word not in kept]
    if missing:
        yield "suppressions.require", f"{', '.join(missing)} must stay required"


def _annotations(before: Policy, after: Policy) -> Loose:
    for field in dataclasses.fields(before.vocabulary):
        old = getattr(before.vocabulary, field.name)
        if getattr(after.vocabulary, field.name) != old:
            yield f"annotations.{field.name}", f"this must stay `{old}`"


def _idempotency(before: Policy, after: Policy) -> Loose:
    for name in ("metadata_keys", "decorators"):
        old, new = getattr(before.idempotency, name), getattr(after.idempotency, name)
        more = [word for word in new if word not in old]
        if more:
            yield f"idempotency.{name}", f"{', '.join(more)} would count as a key as well"


def _poll(before: Policy, after: Policy) -> Loose:
    if after.poll.shortest < before.poll.shortest:
        yield "poll.interval", f"a shorter interval than {before.poll.shortest:g} s"
    if after.poll.longest > before.poll.longest:
        yield "poll.interval", f"a longer interval than {before.poll.longest:g} s"
    yield from _max_wait("poll.max_wait", before.poll.max_wait, after.poll.max_wait)


def _max_wait(key: str, old: float | None, new: float | None) -> Loose:
    if old is not None and (new is None or new > old):
        yield key, f"a longer wait than {old:g} s"


def _job_types(before: Policy, after: Policy) -> Loose:
    for name, job_type in after.job_types.items():
        old = before.job_types.get(name)
        if old is not None:
            yield from _job_type(f"job_types.{name}", old, job_type)
        elif job_type.background == "allow":
            at = f"job_types.{name}.background"
            yield at, "a new job type cannot be allowed without a review"


def _job_type(key: str, old: JobType, new: JobType) -> Loose:
    if _DECISIONS.index(new.background) > _DECISIONS.index(old.background):
        yield f"{key}.background", f"`{new.background}` is looser than `{old.background}`"
    if old.require and not new.require:
        yield f"{key}.require", "this must stay `true`"
    strict = {"stored_state": "forbidden", "zdr_compatible": "required"}
    free = {name for name, word in strict.items() if getattr(old, name) != word}
    for name in ("stored_state", "zdr_compatible", "data_class", "interaction", "retrieval"):
        said = getattr(old, name)
        if name not in free and said is not None and getattr(new, name) != said:
            yield f"{key}.{name}", f"this must stay `{said}`"
    yield from _max_wait(f"{key}.max_wait", old.max_wait, new.max_wait)


_CHECKS: Mapping[str, Callable[[Policy, Policy], Loose]] = {
    "preset": _preset,
    "undecided": _undecided,
    "provider": _provider,
    "store": _store,
    "rules": _rules,
    "exclude": _exclude,
    "approvals": _approvals,
    "waivers": _waivers,
    "paths": _paths,
    "kill_switches": _kill_switches,
    "wrappers": _wrappers,
    "suppressions": _suppressions,
    "annotations": _annotations,
    "idempotency": _idempotency,
    "poll": _poll,
    "job_types": _job_types,
}
