"""``bgmode server``: the language server, where pygls is installed."""

from __future__ import annotations

import datetime
import sys

import click

from bgmode.cli.days import today_option

_PARTS = ("pygls", "lsprotocol")


@click.command("server")
@click.option(
    "--policy",
    type=click.Path(),
    metavar="FILE",
    help="The policy to apply instead of the nearest bgmode.yaml above each file.",
)
@today_option()
@click.option("--stdio", is_flag=True, expose_value=False, hidden=True)  # clients like to say it
def command(policy: str | None, today: datetime.date | None) -> None:
    """Show findings, fixes and rule pages in an editor.

    An editor starts this command and speaks the Language Server Protocol with it over standard
    input and output.
    """
    try:
        from bgmode.server.protocol import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PARTS:
            raise
        click.echo("error: this needs pygls 2: pip install 'bgmode[lsp]'", err=True)
        sys.exit(2)
    serve(policy, today)
