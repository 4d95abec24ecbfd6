"""``bgmode policy``: write a starting policy, or check one."""

from __future__ import annotations

import os
import sys

import click

from bgmode.knowledge import rules_file
from bgmode.policy.find import find_policy
from bgmode.policy.load import load_policy
from bgmode.policy.problem import PolicyError


@click.group("policy")
def command() -> None:
    """Write or check a policy."""


@command.command("init")
@click.argument("path", default="bgmode.yaml", type=click.Path())
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(path: str, force: bool) -> None:
    """Write a commented starting policy to PATH (default: bgmode.yaml)."""
    with open(rules_file("policy.example.yaml"), encoding="utf-8") as file:
        text = file.read()
    try:
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} is there already; --force replaces it") from None
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    click.echo(f"wrote {path}: read it, and change what does not fit")


@command.command("validate")
@click.argument("path", required=False, type=click.Path())
def validate(path: str | None) -> None:
    """Check the policy in PATH (default: the nearest one above this folder)."""
    found = path or find_policy(os.getcwd())
    if found is None:
        raise click.UsageError(
            "there is no bgmode.yaml here or above; `bgmode policy init` writes one"
        )
    try:
        policy = load_policy(found)
    except PolicyError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(2)
    click.echo(
        f"{os.path.relpath(found)}: no problems; {len(policy.job_types)} job types, "
        f"{len(policy.approvals)} approvals"
    )
