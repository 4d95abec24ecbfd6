"""The whole inventory as one JSON object. Lines and columns are 1-based, days are ISO dates."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections import Counter
from typing import Any

from bgmode.audit.inventory import AuditedCall, Expiry, Inventory, State
from bgmode.finding import Finding

_LONE = re.compile("[\ud800-\udfff]")


def render(inventory: Inventory) -> str:
    """The inventory as one object with ``"version": 1``."""
    data = {
        "version": 1,
        "tool": {"name": "bgmode", "version": inventory.version},
        "today": inventory.today,
        "policies": inventory.policies,
        "summary": {
            "files": inventory.files,
            "calls": len(inventory.calls),
            **_counts(inventory.states),
            "by_job_type": {name: _counts(each) for name, each in inventory.by_job_type.items()},
            "by_data_class": {
                name: _counts(each) for name, each in inventory.by_data_class.items()
            },
        },
        "calls": [_call(call) for call in inventory.calls],
        "other": [_finding(finding) for finding in inventory.other],
        "expiries": [_expiry(each, inventory.today) for each in inventory.expiries],
        "waivers": [dataclasses.asdict(waiver) for waiver in inventory.waivers],
        "errors": inventory.errors,
    }
    return json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _counts(counts: Counter[State]) -> dict[str, int]:
    return {state: counts[state] for state in ("open", "waived", "compliant")}


def _call(call: AuditedCall) -> dict[str, Any]:
    data = {each.name: getattr(call, each.name) for each in dataclasses.fields(call)}
    return {
        **data,
        "column": call.column + 1,
        "state": call.state,
        "approvals": [
            {**dataclasses.asdict(each.approval), "in_force": each.in_force}
            for each in call.approvals
        ],
        "waits": [dataclasses.asdict(wait) for wait in call.waits],
        "findings": [_finding(finding) for finding in call.findings],
        "suppressed": [_finding(finding) for finding in call.suppressed],
    }


def _expiry(expiry: Expiry, today: datetime.date) -> dict[str, Any]:
    return {**dataclasses.asdict(expiry), "days_left": (expiry.until - today).days}


def _finding(finding: Finding) -> dict[str, Any]:
    suppressed = finding.suppressed
    return {
        **finding.as_data(),
        "notes": [
            {
                "message": note.message,
                "path": note.path,
                "line": note.span and note.span.line,
                "column": note.span and note.span.column + 1,
            }
            for note in finding.notes
        ],
        "fingerprint": finding.fingerprint,
        "suppressed": suppressed and dataclasses.asdict(suppressed),
    }


def _plain(value: Any) -> Any:
    """``value`` with what JSON has no word for made text; UTF-8 has none for lone surrogates."""
    match value:
        case str():
            return _LONE.sub("\ufffd", value)
        case datetime.date():
            return value.isoformat()
        case float() if value in (float("inf"), float("-inf")) or value != value:
            return None
        case dict():
            return {_plain(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value
