"""The inventory as Markdown: a summary, a table, and a section a call with its checklist.

Text that comes from the code or the policy is escaped, so that it stays text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from bgmode.audit.answers import (
    DECISIONS,
    STANDINGS,
    STATES,
    approved_until,
    checklist,
    counted,
    days_left,
    finding_words,
    in_one_line,
    place,
    shown,
    until,
    verdict,
)
from bgmode.audit.inventory import AuditedCall, Inventory, State
from bgmode.english import listed, plural
from bgmode.policy.policy import Waiver

_SPECIAL = re.compile(r"([\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_]))")
"""What may mean something in Markdown; an underscore within a word never does."""


def render(inventory: Inventory) -> str:
    """The whole document, which ends with a line end."""
    blocks = [
        *_head(inventory),
        *_summary(inventory),
        *_calls(inventory),
        *_details(inventory),
        *_expiring(inventory),
        *_findings(inventory),
        *_waivers(inventory),
        *_errors(inventory),
    ]
    return "\n\n".join(blocks) + "\n"


def _text(text: str | None) -> str:
    """Text in one line that no Markdown reader takes for anything else."""
    if text is None or not text.strip():
        return "—"
    escaped = _SPECIAL.sub(r"\\\1", in_one_line(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code_block(text: str) -> str:
    """A fenced block, with a fence that does not occur in it."""
    text = shown(text)
    runs = re.findall(r"`{3,}", text)
    fence = "`" * (max(map(len, runs), default=2) + 1)
    return f"{fence}python\n{text}\n{fence}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _head(inventory: Inventory) -> Iterator[str]:
    yield "# Background jobs: what runs, and who said so"
    yield f"**{verdict(inventory)}**"
    policies = listed(map(_text, inventory.policies), "and") or "the built-in one"
    yield (
        f"State of {inventory.today.isoformat()}, bgmode {_text(inventory.version)}, "
        f"{plural(inventory.files, 'file')} read. Policy: {policies}."
    )


def _summary(inventory: Inventory) -> Iterator[str]:
    yield "## Summary"
    if not inventory.calls:
        yield "There is nothing to review here."
        return
    yield _counts("Job type", inventory.by_job_type)
    yield _counts("Data class", inventory.by_data_class)


def _counts(name: str, groups: Mapping[str, Counter[State]]) -> str:
    rows = [
        [_text(group), *(str(counts[state]) for state in STATES), str(counts.total())]
        for group, counts in groups.items()
    ]
    return _table([name, *STATES, "all"], rows)


def _calls(inventory: Inventory) -> Iterator[str]:
    if not inventory.calls:
        return
    yield "## Calls"
    header = ["#", "state", "job type", "data class", "decision", "approved until", "place", "open"]
    yield _table(header, [_row(at, call) for at, call in enumerate(inventory.calls, 1)])


def _row(number: int, call: AuditedCall) -> list[str]:
    return [
        str(number),
        call.state,
        _text(call.job_type),
        _text(call.data_class),
        DECISIONS[call.decision],
        approved_until(call),
        _text(place(call.path, call.line)),
        str(counted(call)),
    ]


def _details(inventory: Inventory) -> Iterator[str]:
    for number, call in enumerate(inventory.calls, 1):
        name = _text(call.job_type) if call.job_type else "no job type"
        yield f"### {number}. {name}, {_text(place(call.path, call.line))}: {call.state}"
        yield _code_block(call.snippet)
        rows = [
            [each.question, "<br>".join(map(_text, each.words)), STANDINGS[each.standing]]
            for each in checklist(call)
        ]
        yield _table(["question", "answer", "how it stands"], rows)


def _expiring(inventory: Inventory) -> Iterator[str]:
    yield "## What expires next"
    expiries = inventory.expiries
    if not expiries:
        yield "Nothing has a last day."
        return
    rows = [
        [
            each.until.isoformat(),
            days_left(each.until, inventory.today),
            each.kind,
            _text(each.what),
            _text(each.who),
            _text(place(each.path, each.line)),
        ]
        for each in expiries
    ]
    yield _table(["last day", "left", "kind", "what", "who", "place"], rows)


def _findings(inventory: Inventory) -> Iterator[str]:
    yield "## Open findings"
    found = [finding for call in inventory.calls for finding in call.findings]
    found = sorted({*found, *inventory.other}, key=lambda finding: finding.order)
    if not found:
        yield "There are none."
        return
    yield "\n".join(
        f"- {_text(place(each.path, each.span.line))}: {each.severity}: "
        f"{_text(finding_words(each))}"
        for each in found
    )


def _waivers(inventory: Inventory) -> Iterator[str]:
    yield "## Waivers"
    if not inventory.waivers:
        yield "The policy waives nothing."
        return
    rows = [_waiver(waiver) for waiver in inventory.waivers]
    yield _table(["rules", "where", "owner", "until", "reason", "ticket", "written at"], rows)


def _waiver(waiver: Waiver) -> list[str]:
    return [
        _text(", ".join(waiver.rules)),
        _text(", ".join(waiver.where) or "everywhere"),
        _text(waiver.owner),
        until(waiver.until),
        _text(waiver.reason),
        _text(waiver.ticket),
        _text(place(waiver.file, waiver.line)),
    ]


def _errors(inventory: Inventory) -> Iterator[str]:
    if inventory.errors:
        yield "## What could not be read"
        yield "\n".join(f"- {_text(error)}" for error in inventory.errors)
