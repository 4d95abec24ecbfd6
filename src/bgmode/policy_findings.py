"""What the rules have to say about a policy file itself."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Iterator

from bgmode.discover import Walk
from bgmode.finding import Finding
from bgmode.knowledge import RULES, Rule
from bgmode.policy.globs import path_matches
from bgmode.policy.policy import (
    Approval,
    JobType,
    Policy,
    Waiver,
    covers_module,
    module_names,
)
from bgmode.source import Span
from bgmode.suppression import is_in_force, what_is_wrong


def policy_findings(
    policy: Policy, today: datetime.date, wanted: Callable[[Rule], bool]
) -> Iterator[Finding]:
    """Waivers that lack something or have expired, and job types with open questions."""
    for waiver in policy.waivers:
        for code, message, reminder in what_is_wrong(waiver, policy, today):
            yield from _finding(policy, code, wanted, waiver, message, reminder=reminder)
    for job_type in policy.job_types.values():
        if job_type.background == "allow" and job_type.unanswered:
            message = (
                f"jobs of type `{job_type.name}` may run in the background, and the policy does "
                f"not say their {', '.join(job_type.unanswered)}"
            )
            yield from _finding(policy, "BGM205", wanted, job_type, message)


def unused_waivers(
    policy: Policy, used: Iterable[Waiver], today: datetime.date, wanted: Callable[[Rule], bool]
) -> Iterator[Finding]:
    """The waivers that nothing in the whole project needs."""
    used = set(used)
    for waiver in policy.waivers:
        ran = all(policy.severity(RULES[code]) and wanted(RULES[code]) for code in waiver.rules)
        if waiver not in used and ran and is_in_force(waiver, policy, today):
            listed = ", ".join(waiver.rules)
            message = f"this waiver of {listed} speaks of nothing that is found"
            yield from _finding(policy, "BGM003", wanted, waiver, message)


def patterns_without_files(policy: Policy) -> Iterator[tuple[str, str]]:
    """The patterns that no file below the policy matches: their places, and what to say."""
    if policy.path is None:
        return
    files = [policy.relative(path) for path in Walk().files([policy.folder])]
    written = [(f"paths.{pattern}", pattern) for pattern, _ in policy.paths]
    written += [("exclude", pattern) for pattern in policy.exclude]
    for key, pattern in written:
        if not any(path_matches(pattern, path) for path in files):
            yield _origin(policy, key), f"`{pattern}` matches no Python file"
    entries: list[Approval | Waiver] = [*policy.approvals, *policy.waivers]
    for entry in entries:
        for pattern in _patterns(entry):
            if not any(path_matches(pattern, path) for path in files):
                yield f"{entry.file}:{entry.line}:1", f"`{pattern}` matches no Python file"
    for pattern in policy.zdr.modules:
        if not any(covers_module(pattern, path, module_names(path)) for path in files):
            yield _origin(policy, "zdr.modules"), f"`{pattern}` matches no Python file"


def _patterns(entry: Approval | Waiver) -> tuple[str, ...]:
    if isinstance(entry, Waiver):
        return entry.paths
    return (entry.path,) if entry.path is not None else ()


def _origin(policy: Policy, key: str) -> str:
    path, line = policy.origins.get(key, (policy.path or "", 1))
    return f"{path}:{line}:1"


def _finding(
    policy: Policy,
    code: str,
    wanted: Callable[[Rule], bool],
    entry: Waiver | JobType,
    message: str,
    *,
    reminder: bool = False,
) -> Iterator[Finding]:
    rule = RULES[code]
    severity = policy.severity(rule)
    if severity is None or not wanted(rule):
        return
    yield Finding(
        code=rule.code,
        name=rule.name,
        severity="info" if reminder else severity,
        path=entry.file.replace(os.sep, "/"),
        span=Span(entry.line, 0, entry.line, 0),
        message=message,
        scope=_name(entry),
    )


def _name(entry: Waiver | JobType) -> str:
    """What an entry is, whatever line it moves to."""
    match entry:
        case Waiver(rules=rules, paths=paths, symbol=symbol):
            return " ".join((*rules, *paths, symbol or ""))
        case JobType(name=name):
            return name
