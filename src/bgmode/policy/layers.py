"""Lays policy files over each other: a preset, what is extended, and the file itself.

A nearer file's word counts: single values replace, entries of mappings are laid over one by one,
lists grow. What a file locks, the files that extend it can only tighten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bgmode.knowledge import Vocabulary, extended
from bgmode.policy.lock import loosened
from bgmode.policy.policy import (
    Idempotency,
    JobType,
    Policy,
    Poll,
    Suppressions,
    Zdr,
)
from bgmode.policy.problem import Problem

_GROWING = ("exclude", "approvals", "waivers")
_ENTRIES = ("rules", "suppressions", "annotations", "idempotency", "poll", "wrappers")


@dataclass(frozen=True)
class Layer:
    """One file's values as they were given, and the 1-based line and column of each key."""

    path: str
    values: Mapping[str, Any]
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def place(self, key: str) -> tuple[int, int]:
        """Where ``key`` stands in the file, or the nearest key above it that does."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return self.places.get(key, (1, 1))

    def problem(self, key: str, message: str) -> Problem:
        return Problem(self.path, *self.place(key), key, message)


@dataclass
class _Stack:
    """What the files so far say together."""

    preset: Layer
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, tuple[str, int]] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)  # key -> the file that locks it
    problems: list[Problem] = field(default_factory=list)

    def add(self, layer: Layer) -> None:
        for key, value in layer.values.items():
            self._check_locks(layer, key, value)
            self._lay(layer, key, value)
        self.locks |= dict.fromkeys(layer.values.get("lock", ()), layer.path)

    def _check_locks(self, layer: Layer, key: str, value: Any) -> None:
        for locked, by in self.locks.items():
            section = locked.partition(".")[0]
            if key == section or (key == "preset" and section == "rules"):
                for at, why in loosened(locked, key, self._so_far(key), value):
                    self.problems.append(layer.problem(at, f"{why} (locked by {by})"))

    def _so_far(self, key: str) -> Any:
        if key == "rules":
            return {**self.preset.values["rules"], **self.values.get(key, {})}
        return self.values.get(key)

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
        elif key in _ENTRIES:
            value = {**(old or {}), **value}
        self.values[key] = value
        for place in layer.places:
            if place == key or place.startswith(f"{key}."):
                self.origins[place] = (layer.path, layer.places[place][0])

    def _job_types(self, layer: Layer, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        merged = dict(old)
        for name, answers in new.items():
            place = {"file": layer.path, "line": layer.place(f"job_types.{name}")[0]}
            merged[name] = {**old.get(name, {}), **answers, **place}
        return merged


_ZDR = ("modules", "projects", "organizations")


def named_preset(layers: Iterable[Layer]) -> str:
    """The preset that the nearest of ``layers``, the farthest first, names."""
    named = [layer.values["preset"] for layer in layers if "preset" in layer.values]
    return str(named[-1]) if named else "standard"


def combined(preset: Layer, layers: list[Layer], path: str | None) -> tuple[Policy, list[Problem]]:
    """The policy that ``layers``, the farthest first, make together, and what is wrong with it."""
    stack = _Stack(preset)
    for layer in layers:
        stack.add(layer)
    values = stack.values
    required = {**preset.values["suppressions"], **values.get("suppressions", {})}
    poll = values.get("poll", {})
    interval = poll.get("interval", {})
    policy = Policy(
        path=path,
        preset=values.get("preset", "standard"),
        base=preset.values["rules"],
        severities=values.get("rules", {}),
        exclude=values.get("exclude", ()),
        report_undecided=values.get("undecided", "report") == "report",
        suppressions=Suppressions(**required),
        vocabulary=Vocabulary(**values.get("annotations", {})),
        wrappers=tuple(extended(name, entry) for name, entry in values.get("wrappers", {}).items()),
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
        origins=stack.origins,
    )
    named = values.get("job_types", {})
    for layer in layers:
        stack.problems += _unknown_names(layer, named)
    return policy, stack.problems


def _unknown_names(layer: Layer, job_types: Mapping[str, Any]) -> Iterable[Problem]:
    """Job types without a decision, and names in ``paths`` and ``approvals`` that are none."""
    from bgmode.policy.reader import suggest

    for name in layer.values.get("job_types", {}):
        asked = f"job_types.{name}.background"
        if "background" not in job_types[name] and asked not in layer.places:
            yield layer.problem(f"job_types.{name}", "the key `background` is missing")
    written = [(f"paths.{pattern}", name) for pattern, name in layer.values.get("paths", ())]
    for position, approval in enumerate(layer.values.get("approvals", ())):
        if approval.job_type is not None:
            written.append((f"approvals[{position}].job_type", approval.job_type))
    for key, name in written:
        if name not in job_types:
            close = suggest(name, job_types)
            yield layer.problem(key, f"`{name}` is none of the job_types{close}")
