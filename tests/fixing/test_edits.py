"""Where edits go: what the head of a file has to keep."""

from __future__ import annotations

import pytest

from bgmode.finding import InsertStatement
from bgmode.fixing.edits import apply_edits
from bgmode.source import Span

ADDED = ("import time",)


def above(text: str, line: int) -> str:
    number = text.split("\n")[line - 1]
    indentation = len(number) - len(number.lstrip())
    beside = Span(line, indentation, line, len(number))
    return apply_edits(text, (InsertStatement(beside, ADDED, before=True),))


@pytest.mark.parametrize(
    "head",
    ["# -*- coding: latin-1 -*-\n", "#!/usr/bin/env python\n", "# a licence\n# of two lines\n"],
)
def test_the_head_of_a_file_stays_at_its_head(head: str) -> None:
    text = f"{head}import zlib\n"
    assert above(text, text.count("\n")) == f"{head}import time\nimport zlib\n"


def test_comments_above_a_statement_stay_with_it() -> None:
    text = "one()\n# why\n# and how\ntwo()\n"
    assert above(text, 4) == "one()\nimport time\n# why\n# and how\ntwo()\n"


def test_a_separator_in_a_comment_ends_no_line() -> None:
    text = "one()\n# why\u2028# how\n# and\x0c# when\ntwo()\n"
    assert above(text, 4) == text.replace("one()\n", "one()\nimport time\n")
