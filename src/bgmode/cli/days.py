"""The day to judge by: ``--today``, else ``SOURCE_DATE_EPOCH``, else today in UTC."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from typing import Any

import click

from bgmode.day import parse_day


def _day(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> datetime.date | None:
    if value is None:
        return _of_epoch(os.environ.get("SOURCE_DATE_EPOCH", ""))
    found = parse_day(value)
    if found is not None:
        return found
    message = f"{value} is no date of the form 2027-01-31"
    raise click.BadParameter(message, context, parameter)


def _of_epoch(seconds: str) -> datetime.date | None:
    if not (seconds.isascii() and seconds.isdigit()):
        return None
    try:
        return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).date()
    except (OverflowError, ValueError, OSError):
        return None


def today_option() -> Callable[[Any], Any]:
    """The option ``--today``."""
    return click.option("--today", callback=_day, metavar="YYYY-MM-DD", help="The day to judge by.")
