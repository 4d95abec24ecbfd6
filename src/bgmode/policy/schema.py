"""What may stand in a policy file, section by section.

A file's values are kept as they were given, so that a file that extends another can be laid over
it; what a whole policy is in the end, :mod:`bgmode.policy.layers` decides.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from yaml import Node

from bgmode.knowledge import (
    PRESETS,
    PROVIDERS,
    SEVERITIES,
    UNWAIVABLE,
    Vocabulary,
    find_rule,
    nearest_rule,
)
from bgmode.policy.layers import Layer
from bgmode.policy.policy import Approval, Waiver
from bgmode.policy.reader import (
    Field,
    Reader,
    choice,
    date,
    duration,
    flag,
    is_empty,
    join,
    list_of,
    one_or_many,
    pattern,
    some_time,
    suggest,
    text,
)


def _rule(reader: Reader, name: str, node: Node, key: str) -> str | None:
    rule = find_rule(name)
    if rule is None:
        close = None if reader.has_many else nearest_rule(name[:80])
        hint = f", did you mean `{close}`?" if close else ""
        reader.problem(node, key, f"unknown rule{hint}")
        return None
    return rule.code


def rules(reader: Reader, node: Node, key: str) -> dict[str, str | None]:
    """``rules``: a rule's code or name, and its severity or ``off``."""
    severity = choice(*SEVERITIES, "off")
    found: dict[str, str | None] = {}
    for name, (name_node, value) in reader.entries(node, key).items():
        code = _rule(reader, name, name_node, join(key, name))
        word = severity(reader, value, join(key, name)) if code is not None else None
        if code is None or word is None:
            continue
        if code in found:
            reader.problem(name_node, join(key, name), f"{code} is here twice, by code and by name")
        found[code] = None if word == "off" else word
        reader.places[join(key, code)] = reader.places[join(key, name)]
        reader.values[join(key, code)] = reader.values[join(key, name)]
    return found


def _rule_code(reader: Reader, node: Node, key: str) -> str | None:
    """A rule that can be waived, by code or name."""
    name = text(reader, node, key)
    code = _rule(reader, name, node, key) if name is not None else None
    if code in UNWAIVABLE:
        reader.problem(node, key, f"{code} cannot be waived")
        return None
    return code


def section(known: dict[str, Field]) -> Field:
    """A mapping with known keys, of which only those that are there are kept."""

    def read(reader: Reader, node: Node, key: str) -> dict[str, Any]:
        return reader.fields(node, key, known)

    return read


def _fallible(item: Field) -> Field:
    """``item``, but nothing where anything in it is wrong."""

    def read(reader: Reader, node: Node, key: str) -> Any:
        before = len(reader.problems)
        value = item(reader, node, key)
        return value if len(reader.problems) == before else None

    return read


DECISION = choice("allow", "review", "deny")
JOB_TYPE: dict[str, Field] = {
    "description": text,
    "data_class": text,
    "background": DECISION,
    "interaction": choice("background", "streaming", "synchronous"),
    "require": flag,
    "stored_state": choice("allowed", "forbidden"),
    "retrieval": choice("polling", "webhook", "streaming"),
    "zdr_compatible": choice("not-required", "required"),
    "reason": text,
    "fallback": text,
    "max_wait": duration,
}


def job_types(reader: Reader, node: Node, key: str) -> dict[str, dict[str, Any]]:
    """``job_types``: a name, and the answers to the checklist."""
    return {
        name: {} if is_empty(value) else _job_type(reader, value, join(key, name))
        for name, (_, value) in reader.entries(node, key).items()
    }


def _job_type(reader: Reader, node: Node, key: str) -> dict[str, Any]:
    return reader.fields(node, key, JOB_TYPE, filled=["background"])


def paths(reader: Reader, node: Node, key: str) -> tuple[tuple[str, str], ...]:
    """``paths``: a pattern, and the job type of the calls below it."""
    found: list[tuple[str, str]] = []
    for glob, (name_node, value) in reader.entries(node, key).items():
        name = text(reader, value, join(key, glob))
        if name is not None and pattern(reader, name_node, join(key, glob)) is not None:
            found.append((glob, name))
    return tuple(found)


APPROVAL: dict[str, Field] = {
    "job_type": text,
    "path": pattern,
    "symbol": text,
    "by": text,
    "reason": text,
    "ticket": text,
    "until": date,
}


@_fallible
def approval(reader: Reader, node: Node, key: str) -> Approval | None:
    """One entry of ``approvals``."""
    values = reader.fields(node, key, APPROVAL, required=["by", "reason"])
    if not {"job_type", "path", "symbol"} & set(values) and "by" in values:
        reader.problem(node, key, "an approval must name a job_type, a path or a symbol")
    if not {"by", "reason"} <= set(values):
        return None
    mark = node.start_mark
    return Approval(file=reader.path, line=mark.line + 1, column=mark.column + 1, **values)


WAIVER: dict[str, Field] = {
    "rules": one_or_many(_rule_code, least=1),
    "paths": one_or_many(pattern, least=1),
    "symbol": text,
    "reason": text,
    "owner": text,
    "ticket": text,
    "until": date,
}


@_fallible
def waiver(reader: Reader, node: Node, key: str) -> Waiver | None:
    """One entry of ``waivers``."""
    values = reader.fields(node, key, WAIVER, required=["rules"])
    if not {"paths", "symbol"} & set(values) and "rules" in values:
        reader.problem(node, key, "a waiver must name paths or a symbol")
    if "rules" not in values:
        return None
    return Waiver(file=reader.path, line=node.start_mark.line + 1, **values)


def _interval(reader: Reader, node: Node, key: str) -> dict[str, float] | None:
    values = reader.fields(node, key, INTERVAL)
    shortest, longest = values.get("min"), values.get("max")
    if shortest is not None and longest is not None and shortest > longest:
        reader.problem(node, key, f"min ({shortest:g} s) is more than max ({longest:g} s)")
        return None
    return values


INTERVAL: dict[str, Field] = {"min": some_time, "max": some_time}
IDEMPOTENCY = {name: list_of(text) for name in ("metadata_keys", "decorators", "key_names")}
POLL: dict[str, Field] = {"interval": _interval, "max_wait": some_time}
ZDR = {
    "modules": list_of(pattern),
    "projects": list_of(text),
    "organizations": list_of(text),
}
SUPPRESSIONS: dict[str, Field] = {"require": list_of(choice("reason", "owner", "until", "ticket"))}
ANNOTATIONS: dict[str, Field] = dict.fromkeys(
    (field.name for field in dataclasses.fields(Vocabulary)), text
)

KIND = choice("create", "poll", "cancel", "delete", "configure")
PARAMETERS = (
    "background",
    "store",
    "metadata",
    "headers",
    "stream",
    "previous_response_id",
    "conversation",
)
WRAPPER: dict[str, Field] = {
    "functions": list_of(section({"name": text, "kind": KIND})),
    "clients": list_of(section({"class": text, "async": flag})),
    "operations": list_of(section({"path": text, "kind": KIND})),
    "parameters": section(dict.fromkeys(PARAMETERS, text)),
    "implied": section({"background": flag, "store": flag, "stream": flag}),
}


def wrappers(reader: Reader, node: Node, key: str) -> dict[str, dict[str, Any]]:
    """``wrappers``: a name, and how the company's own gateway is called."""
    found: dict[str, dict[str, Any]] = {}
    for name, (_, value) in reader.entries(node, key).items():
        before = len(reader.problems)
        entry = reader.fields(value, join(key, name), WRAPPER)
        parts = [("functions", {"name", "kind"}), ("clients", {"class"})]
        for part, wanted in [*parts, ("operations", {"path", "kind"})]:
            for position, item in enumerate(entry.get(part, ())):
                for missing in sorted(wanted - set(item)):
                    at = f"{join(key, name)}.{part}[{position}]"
                    reader.problem(value, at, f"the key `{missing}` is missing")
        if "operations" in entry and "clients" not in entry:
            reader.problem(value, join(key, name), "operations need clients that have them")
        if len(reader.problems) == before:
            found[name] = entry
    return found


_SECTIONS: dict[str, dict[str, Field]] = {
    "suppressions": SUPPRESSIONS,
    "annotations": ANNOTATIONS,
    "idempotency": IDEMPOTENCY,
    "poll": POLL,
    "zdr": ZDR,
}


def lock(reader: Reader, node: Node, key: str) -> str | None:
    """One entry of ``lock``: a key, as ``rules``, ``rules.BGM101`` or ``job_types.NAME``."""
    written = text(reader, node, key)
    if written is None:
        return None
    top, dot, rest = written.partition(".")
    inner = _SECTIONS.get(top, {})
    if top == "rules" and dot:
        code = _rule(reader, rest, node, key)
        return None if code is None else f"rules.{code}"
    if top not in TOP:
        reader.problem(node, key, f"unknown key `{written}`{suggest(top, TOP)}")
        return None
    is_named = top in {"job_types", "wrappers"} and bool(rest)
    if dot and rest not in inner and not is_named:
        reader.problem(node, key, f"unknown key `{written}`{suggest(rest, inner)}")
        return None
    return written


TOP: dict[str, Field] = {
    "extends": one_or_many(text),
    "lock": one_or_many(lock),
    "preset": choice(*PRESETS),
    "rules": rules,
    "exclude": list_of(pattern),
    "undecided": choice("report", "ignore"),
    "provider": one_or_many(choice(*PROVIDERS)),
    "store": choice("allowed", "forbidden"),
    "suppressions": section(SUPPRESSIONS),
    "annotations": section(ANNOTATIONS),
    "wrappers": wrappers,
    "idempotency": section(IDEMPOTENCY),
    "poll": section(POLL),
    "zdr": section(ZDR),
    "job_types": job_types,
    "paths": paths,
    "approvals": list_of(approval),
    "waivers": list_of(waiver),
    "kill_switches": list_of(text),
}


def read_layer(reader: Reader, root: Node) -> Layer:
    """Read a whole file. What is wrong is in ``reader.problems``."""
    values = reader.fields(root, "", TOP)
    return Layer(reader.path, values, reader.places, reader.values)
