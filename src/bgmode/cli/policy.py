"""``bgmode policy``: write a starting policy, check one, show what applies to a file."""

from __future__ import annotations

import dataclasses
import datetime
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from bgmode.cli.days import today_option
from bgmode.cli.problems import give_up, tell
from bgmode.day import utc_today
from bgmode.flow.project import dotted_name
from bgmode.knowledge import RULES, rules_file
from bgmode.policy.find import find_policy
from bgmode.policy.load import Policies, load_policy
from bgmode.policy.policy import Policy
from bgmode.policy.problem import PolicyError
from bgmode.policy_findings import patterns_without_files, policy_findings
from bgmode.suppression import is_in_force


@click.group("policy")
def command() -> None:
    """Write, check or show a policy."""


@command.command("init")
@click.argument("path", default="bgmode.yaml", type=click.Path())
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(path: str, force: bool) -> None:
    """Write a commented starting policy to PATH (default: bgmode.yaml).

    It has a line for each folder below PATH's own in which there are background calls.
    """
    from bgmode.cli.starting import starting_policy

    text, calls = starting_policy(os.path.dirname(path) or ".")
    try:
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} is there already; --force replaces it") from None
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    for call in calls:
        click.echo(f"{call}: a background call")
    click.echo(f"wrote {path}: read it, and change what does not fit")


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of the policy file, for editors that complete YAML."""
    with open(rules_file("policy.schema.json"), encoding="utf-8") as file:
        click.echo(file.read(), nl=False)


@command.command("validate")
@click.argument("paths", nargs=-1, type=click.Path())
@today_option()
def validate(paths: tuple[str, ...], today: datetime.date | None) -> None:
    """Check the policies in PATHS (default: the nearest one above this folder).

    Exit codes: 0 nothing to say, 1 something is open (a job type without an answer, a waiver that
    has expired), 2 a policy cannot be used. Warnings and reminders do not count.
    """
    nearest = find_policy(os.getcwd())
    if not paths and nearest is None:
        raise click.UsageError(
            "there is no bgmode.yaml here or above; `bgmode policy init` writes one"
        )
    day = today or utc_today()
    sys.exit(max(_validated(path, day) for path in paths or (nearest or "",)))


def _validated(path: str, day: datetime.date) -> int:
    """Print what is to be said of one policy; returns the exit code."""
    try:
        policy = load_policy(path)
    except PolicyError as error:
        tell(error)
        return 2
    findings = list(policy_findings(policy, day, lambda _: True))
    for finding in findings:
        click.echo(f"{finding.path}:{finding.span.line}:1: {finding.code} {finding.message}")
    for place, message in patterns_without_files(policy):
        click.echo(f"{place}: warning: {message}")
    if not findings:
        click.echo(
            f"{os.path.relpath(path)}: no problems; {len(policy.job_types)} job types, "
            f"{len(policy.approvals)} approvals, {len(policy.waivers)} waivers"
        )
    return int(any(finding.severity != "info" for finding in findings))


@command.command("show")
@click.argument("path", type=click.Path(exists=True))
@click.option("--policy", "named", type=click.Path(), metavar="FILE", help="The policy to show.")
@today_option()
def show(path: str, named: str | None, today: datetime.date | None) -> None:
    """Print what applies to the file PATH, and where each value comes from."""
    try:
        policy = Policies(named).of(path)
    except PolicyError as error:
        give_up(error)
    click.echo("\n".join(_shown(policy, path, today or utc_today())))


def _shown(policy: Policy, path: str, today: datetime.date) -> Iterator[str]:
    yield f"{path}: {policy.path or 'no policy file, the default applies'}"
    yield from _of_the_file(policy, path, today)
    yield _line("preset", policy.preset, policy, "preset")
    yield "rules"
    for rule in RULES.values():
        severity = policy.severity(rule) or "off"
        place = _place(policy, f"rules.{rule.code}") or f"preset {policy.preset}"
        missing = policy.missing_for(rule)
        if missing is not None:
            place = f"no {missing}"
        yield f"  {rule.code} {rule.name:<34} {severity:<8} {place}"
    yield _line("undecided", "report" if policy.report_undecided else "ignore", policy)
    yield _line("provider", ", ".join(policy.providers) or "all", policy)
    yield _line("store", policy.stored_state or "said by job types only", policy)
    for section in ("suppressions", "annotations", "idempotency", "poll", "zdr"):
        yield from _section(policy, section)
    for name, job_type in policy.job_types.items():
        key = f"job_types.{name}.background"
        yield _line("job type", f"{name}: {job_type.background}", policy, key)
    for pattern, name in policy.paths:
        yield _line("paths", f"{pattern}: {name}", policy, f"paths.{pattern}")
    for wrapper in policy.wrappers:
        yield _line("wrapper", wrapper.name, policy, f"wrappers.{wrapper.name}")


def _of_the_file(policy: Policy, path: str, today: datetime.date) -> Iterator[str]:
    shown = policy.relative(path)
    if policy.excludes(path):
        yield _line("excluded", "yes", policy, "exclude")
    zdr = policy.zdr_module(path, dotted_name(path))
    if zdr is not None:
        yield _line("requires ZDR", zdr, policy, "zdr.modules")
    suggested = policy.suggested_job_type(path)
    if suggested is not None:
        pattern, name = suggested
        yield _line("job type", f"{name} (by {pattern})", policy, f"paths.{pattern}")
    for approval in policy.approvals:
        if approval.path is None or approval.covers(approval.job_type or "", shown, ""):
            words = [approval.job_type, approval.symbol, f"by {approval.by}"]
            over = ", expired" if approval.is_expired(today) else ""
            until = f", until {approval.until}{over}" if approval.until else ""
            what = " ".join(word for word in words if word) + until
            yield f"{'approval':<14} {what:<44} {approval.file}:{approval.line}"
    for waiver in policy.waivers:
        if waiver.covers(shown, f"{dotted_name(path)}.{waiver.symbol}"):
            what = ", ".join(waiver.rules) + (f" in {waiver.symbol}" if waiver.symbol else "")
            what += "" if is_in_force(waiver, policy, today) else ", suppresses nothing"
            yield f"{'waiver':<14} {what:<44} {waiver.file}:{waiver.line}"


_KEYS = {"min_interval": "interval.min", "max_interval": "interval.max"}


def _section(policy: Policy, section: str) -> Iterator[str]:
    values: Any = {
        "suppressions": policy.suppressions,
        "annotations": policy.vocabulary,
        "idempotency": policy.idempotency,
        "poll": policy.poll,
        "zdr": policy.zdr,
    }[section]
    yield section
    for field in dataclasses.fields(values):
        value = getattr(values, field.name)
        shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        key = _KEYS.get(field.name, field.name)
        place = _place(policy, f"{section}.{key}") or (
            f"preset {policy.preset}" if section == "suppressions" else "default"
        )
        yield f"  {field.name:<20} {shown or 'none':<40} {place}"


def _line(name: str, value: str, policy: Policy, key: str | None = None) -> str:
    return f"{name:<14} {value:<44} {_place(policy, key or name) or 'default'}"


def _place(policy: Policy, key: str) -> str | None:
    found = policy.origins.get(key)
    return f"{found[0]}:{found[1]}" if found is not None else None
