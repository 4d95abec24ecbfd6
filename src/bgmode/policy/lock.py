"""What it means to tighten a policy: which new values of a locked key are no looser than the old.

Every check names the key at which something is looser, and says what is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from bgmode.knowledge import PRESETS

Loose: TypeAlias = Iterator[tuple[str, str]]

_DECISIONS = ("deny", "review", "allow")


def loosened(locked: str, key: str, old: Any, new: Any) -> Loose:
    """Where ``new``, the values of the section ``key``, is looser than ``old`` where ``locked``."""
    for at, why in _CHECKS.get(key, _replaced)(key, old, new):
        if (
            "." not in locked
            or at == locked
            or at.startswith(f"{locked}.")
            or locked.startswith(f"{at}.")
        ):
            yield at, why


def _replaced(key: str, old: Any, new: Any) -> Loose:
    for name, value in new.items():
        if (old or {}).get(name, value) != value:
            yield f"{key}.{name}", "this cannot be changed"


def _preset(key: str, old: Any, new: Any) -> Loose:
    if PRESETS.index(new) < PRESETS.index(old or "standard"):
        yield key, f"`{new}` is less than `{old or 'standard'}`"


def _undecided(key: str, old: Any, new: Any) -> Loose:  # noqa: ARG001
    if new == "ignore":
        yield key, "calls that cannot be seen must be reported"


def _rules(key: str, old: Any, new: Any) -> Loose:
    for code, severity in new.items():
        before = (old or {}).get(code)
        if before is not None and _weight(severity) < _weight(before):
            yield f"{key}.{code}", f"`{severity or 'off'}` is less than `{before}`"


def _weight(severity: str | None) -> int:
    return 0 if severity is None else 3 - ("error", "warning", "info").index(severity)


def _added(key: str, old: Any, new: Any) -> Loose:  # noqa: ARG001
    if new:
        yield key, "nothing can be added to this"


def _nothing(key: str, old: Any, new: Any) -> Loose:  # noqa: ARG001
    return iter(())


def _required(key: str, old: Any, new: Any) -> Loose:
    missing = [word for word in (old or {}).get("require", ()) if word not in new["require"]]
    if missing:
        yield f"{key}.require", f"{', '.join(missing)} must stay required"


def _evidence(key: str, old: Any, new: Any) -> Loose:
    for name in ("metadata_keys", "decorators"):
        more = [word for word in new.get(name, ()) if word not in (old or {}).get(name, ())]
        if more:
            yield f"{key}.{name}", f"{', '.join(more)} would count as a key as well"


def _poll(key: str, old: Any, new: Any) -> Loose:
    before, interval = (old or {}).get("interval", {}), new.get("interval", {})
    if interval.get("min", before.get("min", 0)) < before.get("min", 0):
        yield f"{key}.interval", f"a shorter interval than {before['min']:g} s"
    if "max" in before and interval.get("max", before["max"]) > before["max"]:
        yield f"{key}.interval", f"a longer interval than {before['max']:g} s"
    if (old or {}).get("max_wait") and new.get("max_wait", 0) > old["max_wait"]:
        yield f"{key}.max_wait", f"a longer wait than {old['max_wait']:g} s"


def _job_types(key: str, old: Any, new: Any) -> Loose:
    for name, answers in new.items():
        yield from _job_type(f"{key}.{name}", (old or {}).get(name), answers)


def _job_type(key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Loose:
    decision = new.get("background")
    if old is None:
        if decision == "allow":
            yield f"{key}.background", "a new job type cannot be allowed without a review"
        return
    if decision is not None and _DECISIONS.index(decision) > _DECISIONS.index(old["background"]):
        yield f"{key}.background", f"`{decision}` is looser than `{old['background']}`"
    for name, strict in (("stored_state", "forbidden"), ("zdr_compatible", "required")):
        if old.get(name) == strict and new.get(name, strict) != strict:
            yield f"{key}.{name}", f"this must stay `{strict}`"
    for name in ("data_class", "interaction", "retrieval", "fallback"):
        if old.get(name) is not None and new.get(name, old[name]) != old[name]:
            yield f"{key}.{name}", f"this must stay `{old[name]}`"
    if old.get("max_wait") and new.get("max_wait", 0) > old["max_wait"]:
        yield f"{key}.max_wait", f"a longer wait than {old['max_wait']:g} s"


_CHECKS: Mapping[str, Callable[[str, Any, Any], Loose]] = {
    "preset": _preset,
    "undecided": _undecided,
    "rules": _rules,
    "exclude": _added,
    "approvals": _added,
    "waivers": _added,
    "paths": _added,
    "wrappers": _replaced,
    "extends": _nothing,
    "lock": _nothing,
    "zdr": _nothing,
    "suppressions": _required,
    "idempotency": _evidence,
    "poll": _poll,
    "job_types": _job_types,
}
