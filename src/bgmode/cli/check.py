"""``bgmode check``: report, and fix."""

from __future__ import annotations

import datetime
import difflib
import io
import os
import re
import sys
from collections.abc import Set
from typing import Literal

import click

from bgmode.analysis import Wanted
from bgmode.cli.days import today_option
from bgmode.cli.problems import give_up
from bgmode.english import plural
from bgmode.finding import Finding
from bgmode.knowledge import RULES, SEVERITIES, Rule, Severity, find_rule, nearest_rule
from bgmode.options import Options
from bgmode.policy.problem import PolicyError
from bgmode.report import FORMATS, WITH_PATCHES, Report, render, summary
from bgmode.session import Session
from bgmode.workers import usable_cores

_MACHINE = frozenset({"json", "sarif", "github", "rdjson", "markdown"})


def _selectors(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Codes, prefixes of codes (``BGM3``) and names, also separated by commas."""
    words = [word.strip() for entry in value for word in entry.split(",") if word.strip()]
    for word in words:
        if not any(_matches(word, rule) for rule in RULES.values()):
            close = nearest_rule(word)
            hint = f", did you mean {close}?" if close else ""
            raise click.BadParameter(f"no rule is called {word}{hint}", context, parameter)
    return tuple(words)


def _jobs(context: click.Context, parameter: click.Parameter, value: str) -> int:
    """A number of processes, or ``auto``."""
    if value == "auto":
        return usable_cores()
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value} is no number from 1 on, nor auto", context, parameter)
    return int(value)


def _output_files(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """``sarif=out.sarif`` as a format and a file."""
    found: list[tuple[str, str]] = []
    for written in value:
        chosen, _, file = written.partition("=")
        if chosen not in FORMATS or not file:
            close = difflib.get_close_matches(chosen, FORMATS, n=1)
            hint = f", did you mean {close[0]}={file or 'FILE'}?" if close else ""
            message = f"{written} is not FORMAT=FILE with one of {', '.join(FORMATS)}{hint}"
            raise click.BadParameter(message, context, parameter)
        found.append((chosen, file))
    return tuple(found)


def _matches(word: str, rule: Rule) -> bool:
    exact = find_rule(word)
    if exact is not None:
        return exact is rule
    prefix = word.upper()
    return prefix == "ALL" or (prefix.startswith("B") and rule.code.startswith(prefix))


def _wanted(select: tuple[str, ...], ignore: tuple[str, ...]) -> Wanted:
    def wanted(rule: Rule) -> bool:
        if any(_matches(word, rule) for word in ignore):
            return False
        return not select or any(_matches(word, rule) for word in select)

    return wanted


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True))
@click.option(
    "--select",
    multiple=True,
    callback=_selectors,
    metavar="CODE",
    help="Report these rules only: codes, prefixes or names.",
)
@click.option(
    "--ignore", multiple=True, callback=_selectors, metavar="CODE", help="Leave these rules out."
)
@click.option(
    "--policy",
    type=click.Path(),
    metavar="FILE",
    help="The policy to apply instead of the nearest bgmode.yaml above each file.",
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave these paths out.")
@click.option(
    "--force-exclude", is_flag=True, help="Leave excluded paths out even where they are named."
)
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    default="full",
    show_default=True,
    help="How to report.",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    callback=_output_files,
    metavar="FORMAT=FILE",
    help="Write a report to FILE as well; may be given several times.",
)
@click.option("--fix", is_flag=True, help="Apply the safe fixes.")
@click.option("--unsafe-fixes", is_flag=True, help="Count fixes that need a look as well.")
@click.option("--diff", is_flag=True, help="Show what the fixes would change; change nothing.")
@click.option("--stdin-filename", metavar="PATH", help="What to call the text read from `-`.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@today_option()
@click.option(
    "--waivers-from",
    metavar="REF",
    help="Let only the approvals, waivers and ignore comments of this git revision count.",
)
@click.option("--show-suppressed", is_flag=True, help="Show what was ignored or waived as well.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default="warning",
    show_default=True,
    help="The lowest severity that makes the exit code 1.",
)
@click.option(
    "-j",
    "--jobs",
    callback=_jobs,
    default="auto",
    show_default=True,
    metavar="N",
    help="How many processes judge files; `auto`: as many as the machine has cores.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print findings and errors only.")
@click.pass_obj
def command(
    dull: Set[str] | None,
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    policy: str | None,
    exclude: tuple[str, ...],
    force_exclude: bool,
    output_format: str,
    outputs: tuple[tuple[str, str], ...],
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    stdin_filename: str | None,
    exit_zero: bool,
    today: datetime.date | None,
    waivers_from: str | None,
    show_suppressed: bool,
    fail_on: Severity,
    jobs: int,
    quiet: bool,
) -> None:
    """Report what is wrong with background jobs in PATHS (default: this folder).

    Exit codes: 0 nothing found, 1 findings or changed files, 2 the tool could not do its work.
    """
    options = Options(
        policy=policy,
        exclude=exclude,
        force_exclude=force_exclude,
        wanted=_wanted(select, ignore),
        fix=fix,
        unsafe_fixes=unsafe_fixes,
        diff=diff,
        today=today,
        waivers_from=waivers_from,
        patches=_patches([output_format, *(chosen for chosen, _ in outputs)]),
        jobs=jobs,
        dull=dull or frozenset(),
    )
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("`-` cannot be combined with other paths")
    try:
        session = Session(options)
        if paths == ("-",):
            session.run_text(_standard_input(), stdin_filename or "-")
        else:
            session.run(paths or (".",))
    except PolicyError as error:
        give_up(error)
    report = session.report
    _print(report, options, output_format, quiet=quiet, to_stderr="-" in paths and fix)
    for chosen, file in outputs:
        _write_file(file, render(report, chosen))
    if show_suppressed and output_format not in _MACHINE:
        _show_suppressed(report)
    sys.exit(_exit_code(report, exit_zero=exit_zero, fail_on=fail_on))


def _patches(formats: list[str]) -> Literal["none", "shown", "all"]:
    if not WITH_PATCHES.isdisjoint(formats):
        return "all"
    return "shown" if "full" in formats else "none"


def _write_file(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
    except OSError as error:
        raise click.UsageError(f"--output: {path}: {error.strerror}") from None


def _show_suppressed(report: Report) -> None:
    for finding in report.suppressed:
        by = finding.suppressed
        if by is not None:
            words = [f"{by.kind} at {by.path}:{by.line}", by.reason, by.owner, by.ticket]
            until = [f"until {by.until}"] if by.until else []
            why = ", ".join([word for word in words if word] + until)
            click.echo(f"suppressed: {_place(finding)}: {finding.code} {finding.message} ({why})")


def _standard_input() -> str:
    from bgmode.source import Unreadable, decode

    data = sys.stdin.buffer.read()
    try:
        return decode(data)[0]
    except Unreadable as error:
        raise click.ClickException(f"standard input: {error.reason}") from None


def _print(
    report: Report, options: Options, output_format: str, *, quiet: bool, to_stderr: bool
) -> None:
    if options.diff:
        sys.stdout.flush()
        sys.stdout.buffer.write(_differences(report))
        sys.stdout.flush()
    else:
        colour = output_format == "full" and _colour()
        _write(render(report, output_format, colour=colour), to_stderr=to_stderr)
    for refusal in report.refused:
        _error(f"not fixed: {_place(refusal.finding)} {refusal.finding.code}: {refusal.reason}")
    for error in report.errors:
        _error(f"error: {error}")
    if not quiet:
        machine = output_format in _MACHINE or options.diff or to_stderr
        click.echo(_summary(report, options), err=machine)


def _write(text: str, *, to_stderr: bool) -> None:
    stream = sys.stderr if to_stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    stream.write(text)
    stream.flush()


def _error(text: str) -> None:
    click.echo(text, err=True)


def _place(finding: Finding) -> str:
    return f"{finding.path}:{finding.span.line}:{finding.span.column + 1}"


def _summary(report: Report, options: Options) -> str:
    if options.diff:
        return f"would fix {plural(len(report.fixed), 'finding')}"
    return summary(report, fixing=options.fix and options.unsafe_fixes)


def _colour() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _differences(report: Report) -> bytes:
    """What fixes would change, as ``git apply`` takes it: bytes, in lines that end with LF."""
    pieces: list[bytes] = []
    for path, old, new in report.changes:
        before, after = (re.findall(rb"[^\n]*\n|[^\n]+", data) for data in (old, new))
        names = f"a/{path}".encode(), f"b/{path}".encode()
        for line in difflib.diff_bytes(difflib.unified_diff, before, after, *names):
            missing = b"" if line.endswith(b"\n") else b"\n\\ No newline at end of file\n"
            pieces.append(line + missing)
    return b"".join(pieces)


def _exit_code(report: Report, *, exit_zero: bool, fail_on: Severity) -> int:
    if report.errors:
        return 2
    if exit_zero:
        return 0
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return 1 if report.fixed or any(report.by_severity[kind] for kind in counted) else 0
