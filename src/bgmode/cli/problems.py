"""How a command says what is wrong with a policy."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from bgmode.policy.problem import PolicyError


def tell(error: PolicyError) -> None:
    """Print each problem with its place."""
    for problem in error.problems:
        click.echo(f"error: {problem}", err=True)


def give_up(error: PolicyError) -> NoReturn:
    """Print each problem, and exit as a command that could not do its work."""
    tell(error)
    sys.exit(2)
