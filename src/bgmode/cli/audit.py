"""``bgmode audit``: the inventory of background calls, compliant ones too."""

from __future__ import annotations

import datetime
import os
import sys

import click

from bgmode.audit import FORMATS, render
from bgmode.audit.survey import Survey
from bgmode.cli.days import today_option
from bgmode.cli.problems import give_up
from bgmode.options import Options
from bgmode.policy.problem import PolicyError
from bgmode.session import Session

_BY_ENDING = {".md": "markdown", ".csv": "csv", ".json": "json", ".html": "html", ".htm": "html"}


@click.command("audit")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    help="How to write it. By default what the ending of --output says, else markdown.",
)
@click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write it to FILE.")
@click.option(
    "--policy",
    type=click.Path(),
    metavar="FILE",
    help="The policy to apply instead of the nearest bgmode.yaml above each file.",
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave these paths out.")
@today_option()
def command(
    paths: tuple[str, ...],
    output_format: str | None,
    output: str | None,
    policy: str | None,
    exclude: tuple[str, ...],
    today: datetime.date | None,
) -> None:
    """List every background call in PATHS (default: this folder): its job type, who allowed it,
    what is stored, how it is waited for, and what is open.

    Exit codes: 0, or 2 where something could not be read. What is open does not count here.
    """
    try:
        options = Options(policy=policy, exclude=exclude, today=today, report_undecided=True)
        session = Session(options)
        survey = Survey(session.today)
        session.watch = survey.file
        report = session.run(paths or (".",))
    except PolicyError as error:
        give_up(error)
    seen = {*survey.other, *(finding for call in survey.entries for finding in call.findings)}
    more = [finding for finding in report.findings if finding not in seen]
    unread = [*report.errors, *report.unseen]
    left_out = [f"{count} {kind}" for kind, count in report.left_out.items() if count]
    inventory = survey.inventory(session.policies, report.files, more, [*unread, *left_out])
    ending = os.path.splitext(output or "")[1].lower()
    chosen = output_format or _BY_ENDING.get(ending, "markdown")
    _write(render(inventory, chosen), output)
    for message in unread:
        click.echo(f"error: {message}", err=True)
    sys.exit(2 if unread else 0)


def _write(text: str, output: str | None) -> None:
    if output is None or output == "-":
        click.echo(text, nl=False)
        return
    try:
        with open(output, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise click.UsageError(f"{output}: {error.strerror}") from None
    click.echo(f"wrote {output}", err=True)
