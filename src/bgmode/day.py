"""Calendar days as people write them in comments, policies and options: ``2027-01-31``."""

from __future__ import annotations

import datetime
import re

from bgmode.english import plural

_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_day(written: str) -> datetime.date | None:
    """The day, None where it is none; other forms of ISO 8601 are refused on every Python."""
    if not _WRITTEN.fullmatch(written):
        return None
    try:
        return datetime.date.fromisoformat(written)
    except ValueError:
        return None


def utc_today() -> datetime.date:
    """The day it is now in UTC, so that two machines agree."""
    return datetime.datetime.now(datetime.timezone.utc).date()


def days_until(day: datetime.date, today: datetime.date) -> str:
    """``today``, ``in 1 day``, ``in 12 days``."""
    count = (day - today).days
    return "today" if count == 0 else f"in {plural(count, 'day')}"
