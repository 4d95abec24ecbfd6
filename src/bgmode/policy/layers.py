"""Lays policy files over each other: a preset, what is extended, and the file itself.

A nearer file's word counts: single values replace, entries of mappings are laid over one by one,
lists grow. What a file locks, the files that extend it can only tighten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bgmode.knowledge import Vocabulary, extended
from bgmode.policy.lock import loosened
from bgmode.policy.policy import (
    Approval,
    Idempotency,
    JobType,
    Policy,
    Poll,
    Suppressions,
    Zdr,
)
from bgmode.policy.problem import Problem

_GROWING = ("exclude", "approvals", "waivers", "kill_switches")
_ENTRIES = ("rules", "suppressions", "annotations", "idempotency", "poll", "wrappers")
_ZDR = ("modules", "projects", "organizations")


@dataclass(frozen=True)
class Layer:
    """One file's values as they were given.

    ``places`` are the 1-based line and column of each key, ``held_at`` those of what it holds.
    """

    path: str
    values: Mapping[str, Any]
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    held_at: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def place(self, key: str) -> tuple[int, int]:
        """Where what ``key`` holds stands in the file, or the nearest key above that does."""
        while key and key not in self.held_at:
            key = key[: key.rindex("[")] if key.endswith("]") else key.rpartition(".")[0]
        return self.held_at.get(key, (1, 1))

    def problem(self, key: str, message: str) -> Problem:
        return Problem(self.path, *self.place(key), key, message)


@dataclass
class _Stack:
    """What the files so far say together; ``preset_of`` gives a preset's layer by its name."""

    path: str | None
    preset_of: Callable[[str], Layer]
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, tuple[str, int]] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)  # key -> the file that locks it
    problems: list[Problem] = field(default_factory=list)

    def add(self, layer: Layer) -> None:
        before = self.policy() if self.locks else None
        for key, value in layer.values.items():
            self._lay(layer, key, value)
        if before is not None:
            self._check_locks(layer, before)
        self.locks |= dict.fromkeys(layer.values.get("lock", ()), layer.path)

    def _check_locks(self, layer: Layer, before: Policy) -> None:
        after = self.policy()
        for locked, by in self.locks.items():
            for at, why in loosened(locked, before, after):
                is_rule = at.startswith("rules.") and at not in layer.places
                written = "preset" if is_rule else at  # a preset has more rules than one
                self.problems.append(layer.problem(written, f"{why} (locked by {by})"))

    def _lay(self, layer: Layer, key: str, value: Any) -> None:
        old = self.values.get(key)
        if key in _GROWING:
            value = (*(old or ()), *value)
        elif key == "paths":
            value = (*value, *(old or ()))
        elif key == "zdr":
            value = {name: (*(old or {}).get(name, ()), *value.get(name, ())) for name in _ZDR}
        elif key == "job_types":
            value = self._job_types(layer, old or {}, value)
        elif key == "poll":
            value = self._poll(layer, old or {}, value)
        elif key in _ENTRIES:
            value = {**(old or {}), **value}
        self.values[key] = value
        for place in layer.places:
            if place == key or place.startswith(f"{key}."):
                self.origins[place] = (layer.path, layer.places[place][0])

    def _job_types(self, layer: Layer, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        merged = dict(old)
        for name, answers in new.items():
            place = {"file": layer.path, "line": layer.places[f"job_types.{name}"][0]}
            merged[name] = {**old.get(name, {}), **answers, **place}
        return merged

    def _poll(self, layer: Layer, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        interval = {**old.get("interval", {}), **new.get("interval", {})}
        shortest, longest = interval.get("min"), interval.get("max")
        if shortest is not None and longest is not None and shortest > longest:
            message = f"min ({shortest:g} s) is more than max ({longest:g} s)"
            self.problems.append(layer.problem("poll.interval", message))
        return {**old, **new, "interval": interval}

    def policy(self) -> Policy:
        """The policy that the files so far make."""
        values = self.values
        preset = self.preset_of(values.get("preset", "standard"))
        required = {**preset.values["suppressions"], **values.get("suppressions", {})}
        poll = values.get("poll", {})
        interval = poll.get("interval", {})
        wrappers = values.get("wrappers", {}).items()
        return Policy(
            path=self.path,
            preset=values.get("preset", "standard"),
            base=preset.values["rules"],
            severities=values.get("rules", {}),
            exclude=values.get("exclude", ()),
            report_undecided=values.get("undecided", "report") == "report",
            providers=values.get("provider", ()),
            stored_state=values.get("store"),
            suppressions=Suppressions(**required),
            vocabulary=Vocabulary(**values.get("annotations", {})),
            wrappers=tuple(extended(name, entry) for name, entry in wrappers),
            idempotency=Idempotency(**values.get("idempotency", {})),
            poll=Poll(interval.get("min"), interval.get("max"), poll.get("max_wait")),
            zdr=Zdr(**values.get("zdr", {})),
            job_types={
                name: JobType(name=name, **answers)
                for name, answers in values.get("job_types", {}).items()
                if "background" in answers
            },
            paths=values.get("paths", ()),
            approvals=values.get("approvals", ()),
            waivers=values.get("waivers", ()),
            kill_switches=values.get("kill_switches", ()),
            origins=dict(self.origins),
        )


def combined(
    layers: Iterable[Layer], path: str | None, preset_of: Callable[[str], Layer]
) -> tuple[Policy, list[Problem]]:
    """The policy that ``layers``, the farthest first, make together, and what is wrong with it."""
    stack = _Stack(path, preset_of)
    layers = list(layers)
    for layer in layers:
        stack.add(layer)
    named = stack.values.get("job_types", {})
    for layer in layers:
        stack.problems += _unknown_names(layer, named)
    return stack.policy(), stack.problems


def _unknown_names(layer: Layer, job_types: Mapping[str, Any]) -> Iterable[Problem]:
    """Job types without a decision, and names in ``paths`` and ``approvals`` that are none."""
    from bgmode.policy.reader import suggest

    for name in layer.values.get("job_types", {}):
        asked = f"job_types.{name}.background"
        if "background" not in job_types[name] and asked not in layer.places:
            yield layer.problem(f"job_types.{name}", "the key `background` is missing")
    written = [(f"paths.{pattern}", name) for pattern, name in layer.values.get("paths", ())]
    written += [
        (f"{_key(layer, approval)}.job_type", approval.job_type)
        for approval in layer.values.get("approvals", ())
        if approval.job_type is not None
    ]
    for key, name in written:
        if name not in job_types:
            close = suggest(name, job_types)
            yield layer.problem(key, f"`{name}` is none of the job_types{close}")


def _key(layer: Layer, approval: Approval) -> str:
    """The key of an entry, of which broken ones before it have been left out."""
    wanted = (approval.line, approval.column)
    found = (key for key, place in layer.held_at.items() if place == wanted and key.endswith("]"))
    return next((key for key in found if key.startswith("approvals[")), "approvals")
