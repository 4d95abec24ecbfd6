"""Every layout in ``fixtures/layouts``: the fixed file is what stands beside it, byte for byte.

The first line of a file says whose fixes are applied: ``# fixes: BGM101, BGM405``.
"""

from __future__ import annotations

import codecs
import io
import re
import tokenize
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from bgmode.analysis import analyse
from bgmode.finding import Finding
from bgmode.fixing.rounds import FixResult, fix_text
from bgmode.knowledge import Rule
from bgmode.policy.load import Policies
from bgmode.source import Source, decode
from tests.conftest import ROOT
from tests.expectations import TODAY

LAYOUTS = ROOT / "fixtures" / "layouts"
FILES = sorted(path for path in LAYOUTS.glob("*.py") if not path.name.endswith(".fixed.py"))
_FIXES = re.compile(r"# fixes: (?P<codes>BGM\d{3}(?:, BGM\d{3})*)\r?\n")


def fixed(path: Path, data: bytes) -> tuple[bytes, FixResult]:
    """The bytes after all fixes, unsafe ones included, of the rules that the file names."""
    text, encoding = decode(data)
    named = _FIXES.match(text)
    assert named is not None, "the first line says which rules' fixes are applied"
    codes = {"BGM001", "BGM009", *named["codes"].split(", ")}
    policy = Policies().of(str(path))

    def wanted(rule: Rule) -> bool:
        return rule.code in codes

    def findings(source: Source) -> list[Finding]:
        return analyse(source, policy, today=TODAY, wanted=wanted)

    source = Source(str(path), text)
    result = fix_text(source, findings(source), findings, unsafe=True)
    if encoding == "utf-8-sig":
        return codecs.BOM_UTF8 + result.text.encode("utf-8"), result
    return result.text.encode(encoding), result


@cache
def first(path: Path) -> tuple[bytes, FixResult]:
    """The first application of the fixes to a file."""
    return fixed(path, path.read_bytes())


def comments(data: bytes) -> Counter[str]:
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_fixed_file_is_the_one_beside(path: Path) -> None:
    assert first(path)[0] == path.with_suffix(".fixed.py").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_comment_is_still_there(path: Path) -> None:
    assert comments(first(path)[0]) == comments(path.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_second_application_changes_nothing(path: Path) -> None:
    once, _ = first(path)
    assert fixed(path, once)[0] == once


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_result_is_python(path: Path) -> None:
    compile(first(path)[0], path.name, "exec")
    compile(path.with_suffix(".fixed.py").read_bytes(), path.name, "exec")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_refusal_is_told_once(path: Path) -> None:
    refused = first(path)[1].refused
    told = Counter((refusal.finding.code, refusal.finding.scope) for refusal in refused)
    assert [place for place, times in told.items() if times > 1] == []


def test_every_fixed_file_belongs_to_a_layout() -> None:
    beside = {path.with_suffix(".fixed.py") for path in FILES}
    assert set(LAYOUTS.glob("*.fixed.py")) == beside


@pytest.mark.parametrize(
    ("stem", "sign"),
    [
        ("bom", codecs.BOM_UTF8),
        ("crlf", b",\r\n"),
        ("form_feed", b"\n\x0c\n"),
        ("latin_1", "größer".encode("latin-1")),
        ("mixed_newlines", b"\r\n"),
        ("tabs", b"\n\t"),
    ],
)
def test_the_files_still_are_what_they_are_for(stem: str, sign: bytes) -> None:
    """An editor or a checkout that rewrites line ends would make these tests say nothing."""
    for path in LAYOUTS.glob(f"{stem}*.py"):
        if not path.name.startswith("form_feed_in_front"):
            assert sign in path.read_bytes()
    assert b"\n" not in (LAYOUTS / "crlf.py").read_bytes().replace(b"\r\n", b"")
    assert not (LAYOUTS / "no_newline.py").read_bytes().endswith(b"\n")
