"""The calls as a table for a spreadsheet: one row a call, every answer a column.

Spreadsheets take a cell for a formula by its first character. Such a cell gets an apostrophe
before it, so that nothing that stands in the code is ever calculated.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from bgmode.audit.answers import (
    approval_words,
    ending_words,
    finding_words,
    place,
    shown,
    suppression_words,
)
from bgmode.audit.inventory import AuditedCall, Inventory

_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What makes a formula of a cell; the last four are the wide forms of the first."""


def render(inventory: Inventory) -> str:
    """A header row and a row a call."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    for call in inventory.calls:
        writer.writerow([_cell(value) for value in _row(call)])
    return out.getvalue()


COLUMNS = (
    *("state", "path", "line", "column", "symbol", "code", "provider", "certain"),
    *("job_type", "job_type_from", "description", "data_class", "decision", "reason"),
    *("approved_by", "approved_until", "approval_in_force", "approval_ticket", "approvals"),
    *("interaction", "stored_state", "retrieval", "zdr_compatible", "zdr_required_by"),
    *("fallback", "max_wait_seconds", "store", "key", "streams"),
    *("waits", "bounds", "intervals", "outcomes", "open", "waived"),
)


def _row(call: AuditedCall) -> Iterable[object]:
    approved = call.approval
    approval = approved.approval if approved else None
    yield from (call.state, call.path, call.line, call.column + 1, call.symbol, call.snippet)
    yield from (call.provider, call.certain, call.job_type, call.job_type_from, call.description)
    yield from (call.data_class, call.decision, call.reason)
    yield approval and approval.by
    yield approval and approval.until
    yield approved and approved.in_force
    yield approval and approval.ticket
    yield "\n".join(map(approval_words, call.approvals))
    yield from (call.interaction, call.stored_state, call.retrieval, call.zdr_compatible, call.zdr)
    yield from (call.fallback, call.max_wait, call.store, call.key, call.streams)
    yield "\n".join(place(wait.path, wait.line) for wait in call.waits)
    yield "\n".join(wait.bound for wait in call.waits)
    yield "\n".join(wait.interval for wait in call.waits)
    yield "\n".join(
        f"{ending.status}: {ending_words(ending)}" for wait in call.waits for ending in wait.endings
    )
    yield "\n".join(f"{each.severity}: {finding_words(each)}" for each in call.findings)
    yield "\n".join(
        f"{finding_words(each)}; {suppression_words(each.suppressed)}" for each in call.suppressed
    )


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
    text = shown(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
