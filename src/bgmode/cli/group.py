"""The group of commands. Each command's module is imported when the command is used."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Set

import click

import bgmode

_MANY_OBJECTS = 200_000
"""New objects before garbage is looked for: of trees, which are no garbage, there are many."""
_COMMANDS = {
    "check": "report what is wrong with background jobs",
    "rule": "show a rule's page",
    "policy": "write or check a policy",
    "audit": "list every background call and who allowed it",
    "waivers": "list what is ignored and waived, by whom and until when",
    "model": "show what the analysis sees in a file",
    "server": "show findings and fixes in an editor (language server)",
}


class _Lazy(click.Group):
    """A group that knows its commands' names and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"bgmode.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], list(_COMMANDS), n=1)
            if close:
                raise click.UsageError(f"{error.message} Did you mean '{close[0]}'?", ctx) from None
            raise


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(bgmode.__version__, prog_name="bgmode")
def group() -> None:
    """Decide whether jobs may run in OpenAI's background mode, and whether the code that runs
    them finishes what it starts."""


def run(dull: Set[str] = frozenset()) -> None:
    """Run the command that the arguments name; a broken pipe is no crash.

    ``dull`` as in :class:`~bgmode.options.Options`.
    """
    gc.set_threshold(_MANY_OBJECTS)
    try:
        group(prog_name="bgmode", obj=dull)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(2)
