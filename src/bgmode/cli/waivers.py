"""``bgmode waivers``: what is ignored and waived, by whom, why and until when."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import click

from bgmode.checks.subject import Case
from bgmode.cli.days import today_option
from bgmode.cli.problems import give_up
from bgmode.model.directives import Ignore
from bgmode.options import Options
from bgmode.policy.policy import Policy, Waiver
from bgmode.policy.problem import PolicyError
from bgmode.session import Session
from bgmode.suppression import Verdict, lacking


@dataclass(frozen=True)
class Listed:
    """One ignore comment or waiver, what it lacks by the policy, and whether anything needs it."""

    kind: Literal["comment", "waiver"]
    path: str
    line: int
    given: Ignore | Waiver
    lacks: tuple[str, ...]
    used: bool

    @property
    def codes(self) -> tuple[str, ...]:
        return self.given.codes if isinstance(self.given, Ignore) else self.given.rules

    @property
    def order(self) -> tuple[object, ...]:
        """How they are sorted."""
        column = self.given.span.column if isinstance(self.given, Ignore) else 0
        return (self.path, self.line, column, self.codes, self.lacks)

    def has_lapsed(self, today: datetime.date) -> bool:
        """Whether it suppresses nothing any more."""
        until = self.given.until
        return bool(self.lacks) or (until is not None and until < today)


@click.group("waivers")
def command() -> None:
    """List what is ignored and waived."""


@command.command("list")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--expiring-in",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Only those that have lapsed or end within so many days.",
)
@click.option("--policy", type=click.Path(), metavar="FILE", help="The policy to apply.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave these paths out.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@today_option()
def list_command(
    paths: tuple[str, ...],
    expiring_in: int | None,
    policy: str | None,
    exclude: tuple[str, ...],
    output_format: str,
    today: datetime.date | None,
) -> None:
    """List every ignore comment and waiver below PATHS (default: this folder).

    Exit codes: 0, 1 where one has lapsed (or, with --expiring-in, where one is listed), 2 where
    something could not be read.
    """
    try:
        session = Session(Options(policy=policy, exclude=exclude, today=today))
        found: list[Listed] = []
        used: set[Waiver] = set()
        session.watch = lambda case, verdict: _note(case, verdict, found, used)
        report = session.run(paths or (".",))
    except PolicyError as error:
        give_up(error)
    found += [each for policy_ in session.policies for each in _waivers(policy_, used)]
    shown = sorted(dict.fromkeys(found), key=lambda each: each.order)
    if expiring_in is not None:
        shown = [each for each in shown if _ends_within(each, session.today, expiring_in)]
    write = _as_json if output_format == "json" else _as_text
    click.echo(write(shown, session.today), nl=False)
    unread = [*report.errors, *report.unseen]
    for message in unread:
        click.echo(f"error: {message}", err=True)
    lapsed = any(each.has_lapsed(session.today) for each in shown)
    sys.exit(2 if unread else int(lapsed or (expiring_in is not None and bool(shown))))


def _note(case: Case, verdict: Verdict, found: list[Listed], used: set[Waiver]) -> None:
    used |= verdict.used
    needed = {
        (by.line, each.code)
        for each in verdict.suppressed
        if (by := each.suppressed) and by.kind == "comment"
    }
    for each in case.module.annotations.directives:
        if isinstance(each, Ignore):
            line = each.span.line
            lacks = tuple(lacking(each, case.policy))
            is_needed = any((line, code) in needed for code in each.codes)
            path, shown = case.source.shown(line)
            found.append(Listed("comment", path, shown, each, lacks, is_needed))


def _waivers(policy: Policy, used: set[Waiver]) -> Iterator[Listed]:
    for each in policy.waivers:
        lacks = tuple(lacking(each, policy))
        yield Listed("waiver", each.file, each.line, each, lacks, each in used)


def _ends_within(each: Listed, today: datetime.date, days: int) -> bool:
    until = each.given.until
    return each.has_lapsed(today) or (until is not None and (until - today).days <= days)


def _state(each: Listed, today: datetime.date) -> str:
    if each.lacks:
        return f"not valid: without {' and '.join(each.lacks)}"
    if each.given.until is None:
        return "no end" if each.used else "no end, not needed"
    days = (each.given.until - today).days
    if days < 0:
        return f"expired on {each.given.until}"
    return f"until {each.given.until} ({days} days){'' if each.used else ', not needed'}"


def _as_text(shown: list[Listed], today: datetime.date) -> str:
    lines = []
    for each in shown:
        given = each.given
        why = [word for word in (given.owner, given.ticket, given.reason) if word]
        lines.append(f"{each.path}:{each.line}: {each.kind} {', '.join(each.codes)}")
        if isinstance(given, Waiver):
            lines.append(f"    where  {', '.join(given.where)}")
        lines.append(f"    why    {', '.join(why) or 'not said'}")
        lines.append(f"    state  {_state(each, today)}")
    lapsed = sum(each.has_lapsed(today) for each in shown)
    noun = "comment or waiver" if len(shown) == 1 else "comments and waivers"
    lines.append(f"{len(shown)} {noun}, {lapsed} lapsed")
    return "\n".join(lines) + "\n"


def _as_json(shown: list[Listed], today: datetime.date) -> str:
    entries = [_entry(each, today) for each in shown]
    data = {"version": 1, "today": today.isoformat(), "waivers": entries}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _entry(each: Listed, today: datetime.date) -> dict[str, Any]:
    given = each.given
    return {
        "kind": each.kind,
        "path": each.path,
        "line": each.line,
        "rules": list(each.codes),
        "paths": list(given.paths) if isinstance(given, Waiver) else [each.path],
        "symbol": given.symbol if isinstance(given, Waiver) else None,
        "reason": given.reason,
        "owner": given.owner,
        "ticket": given.ticket,
        "until": given.until and given.until.isoformat(),
        "days_left": given.until and (given.until - today).days,
        "lapsed": each.has_lapsed(today),
        "lacks": list(each.lacks),
        "needed": each.used,
    }
