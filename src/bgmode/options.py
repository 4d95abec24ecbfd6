"""What a run is told by whoever starts it."""

from __future__ import annotations

import datetime
from collections.abc import Set
from dataclasses import dataclass
from typing import Literal

from bgmode.analysis import Wanted, all_rules


@dataclass(frozen=True)
class Options:
    """What a run is told. ``today`` decides which approvals and waivers are in force.

    ``waivers_from``: the git revision whose approvals, waivers and ignore comments count.
    ``patches``: whether the report says what fixes would change, all or those that are only shown.
    ``report_undecided``: whether calls that may run in the background are judged in any case.
    ``jobs``: how many processes judge files; the report does not depend on it.
    ``dull``: files whose bytes have been looked at already and cannot matter.
    """

    policy: str | None = None
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    wanted: Wanted = all_rules
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    today: datetime.date | None = None
    waivers_from: str | None = None
    report_undecided: bool = False
    patches: Literal["none", "shown", "all"] = "none"
    jobs: int = 1
    dull: Set[str] = frozenset()
