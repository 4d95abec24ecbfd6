"""Lookups that find nothing, where somebody expects it: they are ways on, not accidents.

Random programs (``oracle``) never fail by accident, so these are written out.
"""

from __future__ import annotations

import ast
import textwrap

import pytest

from bgmode.flow.exits import Verdict
from bgmode.flow.names import Names

from .oracle import entry_node, judge

_LOOKUPS = {
    "TABLE[r.status]": "KeyError",
    "{'queued': 1}[r.status]": "(LookupError, OSError)",
    "ORDER.index(r.status)": "ValueError",
    "pending.pop()": "IndexError",
    "pending.remove(r.status)": "ValueError",
    "next(turns)": "StopIteration",
    "settings.table[r.status]": "KeyError",
}


def _verdict(lookup: str, caught: str, status: str, *, around: str = "{}") -> Verdict:
    source = f"""
        TABLE = {{"queued": 1, "in_progress": 2}}
        ORDER = ["queued", "in_progress"]
        def found(r):
            return TABLE[r.status]
        def wait(job, response, settings):
            pending, turns = list(settings.jobs), iter(range(3))
            while True:
                r = poll(job)
                try:
                    {around.format(lookup)}
                except {caught}:
                    return
        """
    names = Names(ast.parse(textwrap.dedent(source)))
    (outcome,) = judge(names, entry_node(names.tree, "wait"), status).values()
    return outcome.verdict


@pytest.mark.parametrize("lookup", _LOOKUPS)
@pytest.mark.parametrize(
    "around", ["{}", "step = {}", "log({})", "if {}:\n                        pass"]
)
def test_a_lookup_may_find_nothing(lookup: str, around: str) -> None:
    assert _verdict(lookup, _LOOKUPS[lookup], "failed", around=around) != "never"


@pytest.mark.parametrize("lookup", ["TABLE[r.status]", "found(r)", "ORDER[7]"])
def test_a_lookup_that_finds_nothing_raises(lookup: str) -> None:
    assert _verdict(lookup, "LookupError", "failed") == "always"


@pytest.mark.parametrize("lookup", ["TABLE[r.status]", "found(r)", "ORDER[0]", "ORDER[-2]"])
def test_a_lookup_that_finds_something_does_not(lookup: str) -> None:
    assert _verdict(lookup, "LookupError", "queued") == "never"


def test_nobody_expects_other_lookups_to_fail() -> None:
    assert _verdict("settings.table['x']", "OSError", "failed") == "never"
