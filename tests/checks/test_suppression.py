"""Ignore comments and waivers: what they say, what they speak of, and when they count."""

from __future__ import annotations

import calendar
import datetime
import json
import re
import subprocess
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgmode.analysis import examine
from bgmode.finding import Finding
from bgmode.fixing.rounds import fix_text
from bgmode.model.directives import Ignore, Malformed, Setting, directives
from bgmode.policy.load import parse_policy
from bgmode.policy.policy import Policy
from bgmode.policy_findings import policy_findings, unused_waivers
from bgmode.source import Source
from bgmode.suppression import Verdict
from tests.command import BIN, bgmode
from tests.expectations import TODAY

NO_REASONS = "suppressions: {require: []}\n"


def judged(
    text: str, policy: str = NO_REASONS, *, today: datetime.date = TODAY, path: str = "example.py"
) -> Verdict:
    return examine(Source(path, text), parse_policy(policy, "bgmode.yaml"), today=today)


def lines(findings: list[Finding], code: str) -> list[int]:
    return [finding.span.line for finding in findings if finding.code == code]


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


# The grammar


def only(comment: str) -> Setting | Ignore | Malformed:
    (found,) = directives(f"x = 1  {comment}\n")
    return found


@pytest.mark.parametrize(
    ("comment", "rules"),
    [
        ("# bgmode: ignore[BGM101]", ["BGM101"]),
        ("#bgmode:ignore[BGM101]", ["BGM101"]),
        ("#\tbgmode :\tignore[BGM101]", ["BGM101"]),
        ("# bgmode: ignore[bgm101]", ["BGM101"]),
        ("# bgmode: ignore[implicit-store]", ["BGM101"]),
        ("# bgmode: ignore[Implicit-Store]", ["BGM101"]),
        ("# bgmode: ignore[ BGM404 ,BGM101 ]", ["BGM404", "BGM101"]),
        ("# bgmode: ignore[BGM101, implicit-store]", ["BGM101"]),
        ("# noqa: E501 # bgmode: ignore[BGM101]", ["BGM101"]),
        ("# type: ignore[arg-type]  # bgmode: ignore[BGM101] # pragma: no cover", ["BGM101"]),
    ],
)
def test_rules_are_named_by_code_or_name(comment: str, rules: list[str]) -> None:
    found = only(comment)
    assert isinstance(found, Ignore)
    assert list(found.codes) == rules


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('reason="the gateway adds it"', {"reason": "the gateway adds it"}),
        ("reason='the gateway adds it'", {"reason": "the gateway adds it"}),
        ("""reason="the 'gateway' adds it" """, {"reason": "the 'gateway' adds it"}),
        ("reason=gateway", {"reason": "gateway"}),
        ('reason = "x"', {"reason": "x"}),
        ('reason="see #12, a[0] and b=c"', {"reason": "see #12, a[0] and b=c"}),
        ('reason="see # bgmode: ignore[BGM404]"', {"reason": "see # bgmode: ignore[BGM404]"}),
        ('reason="größer 漢字 🎉"', {"reason": "größer 漢字 🎉"}),
        ("owner=@team ticket=A-1", {"owner": "@team", "ticket": "A-1"}),
        ("ticket=https://example.org/a?b=c", {"ticket": "https://example.org/a?b=c"}),
        ("until=2027-01-31", {"until": datetime.date(2027, 1, 31)}),
        ('until="2028-02-29"', {"until": datetime.date(2028, 2, 29)}),
        ("# until=2027-01-31", {}),
        ('# reason="x"', {}),
        ("# it is the gateway's", {}),
    ],
)
def test_options(options: str, expected: dict[str, object]) -> None:
    found = only(f"# bgmode: ignore[BGM101] {options}")
    assert isinstance(found, Ignore)
    names = ("reason", "until", "owner", "ticket")
    given = {name: getattr(found, name) for name in names}
    assert {name: value for name, value in given.items() if value is not None} == expected


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# bgmode: ignore", "name the rules"),
        ("# bgmode: ignore BGM101", "name the rules"),
        ("# bgmode: ignore [BGM101]", "name the rules"),
        ("# bgmode: ignore(BGM101)", "name the rules"),
        ("# bgmode: ignore[BGM101", "name the rules"),
        ("# bgmode: ignore[]", "no rule is called"),
        ("# bgmode: ignore[BGM101,]", "no rule is called"),
        ("# bgmode: ignore[*]", "no rule is called `*`"),
        ("# bgmode: ignore[all]", "no rule is called `all`"),
        ("# bgmode: ignore[BGM1]", "no rule is called `BGM1`"),
        ("# bgmode: ignore[BGM100]", "did you mean `BGM101`"),
        ("# bgmode: ignore[implicit-stor]", "did you mean `implicit-store`"),
        ("# bgmode: ignore[BGM101, BGM1O4]", "no rule is called `BGM1O4`"),
        *(
            (f"# bgmode: ignore[{code}]", f"{code} cannot be ignored")
            for code in ("BGM001", "BGM002", "BGM003", "BGM004", "BGM005", "BGM009")
        ),
        ("# bgmode: ignore[BGM101]]", "`]` is not understood"),
        ("# bgmode: ignore[BGM101] because of the gateway", "is not understood"),
        ("# bgmode: ignore[BGM101] reason=the gateway", "needs quotes"),
        ('# bgmode: ignore[BGM101] reason="the gateway', "needs quotes"),
        ('# bgmode: ignore[BGM101] reason="a", owner=b', "is not understood"),
        ('# bgmode: ignore[BGM101] reason="a"owner=b', "is not understood"),
        ('# bgmode: ignore[BGM101] reason=""', "`reason` is empty"),
        ('# bgmode: ignore[BGM101] owner="  "', "`owner` is empty"),
        ("# bgmode: ignore[BGM101] owner=a owner=b", "`owner` is here twice"),
        ("# bgmode: ignore[BGM101] reasons=a", "did you mean `reason`"),
        ("# bgmode: ignore[BGM101] Reason=a", "did you mean `reason`"),
        ("# bgmode: ignore[BGM101] until=2027-02-29", "is no date"),
        ("# bgmode: ignore[BGM101] until=2027-1-31", "is no date"),
        ("# bgmode: ignore[BGM101] until=20270131", "is no date"),
        ("# bgmode: ignore[BGM101] until=2027-W04-7", "is no date"),
        ("# bgmode: ignore[BGM101] until=\uff12027-01-31", "is no date"),
        ("# bgmode: ignore[BGM101] until=never", "is no date"),
        ("# bgmode: Ignore[BGM101]", "did you mean `ignore`"),
        ("# bgmode: ingore[BGM101]", "did you mean `ignore`"),
        ("# BGMODE: ignore[BGM101]", "small letters"),
        ("# bgmode: noqa", "`noqa` is none of"),
        ("# bgmode:", "is none of"),
        ("# bgmode: ignore-file[BGM101]", "is none of"),
        ("# bgmode: job-type", "needs a name"),
        ("# bgmode: job-type=", "needs a name"),
        ("# bgmode: job-type: a", "needs a name"),
        ("# bgmode: job-type=a b", "is not understood"),
        ("# bgmode: job_type=a", "did you mean `job-type`"),
        ("# bgmode: zdr=true", "is not understood"),
        ("# bgmode ignore[BGM101]", "looks like"),
        ("# bgmode ignore BGM101", "looks like"),
        ("# bgmode-ignore[BGM101]", "looks like"),
        ("# bgmode; ignore[BGM101]", "looks like"),
        ("# bg-mode: ignore[BGM101]", "looks like"),
        ("# bgmdoe: ignore[BGM101]", "looks like"),
        ("## bgmode: ignore[BGM101]", "looks like"),
        ("#: bgmode: ignore[BGM101]", "looks like"),
        ("# noqa:E501#bgmode: ignore[BGM101]", "looks like"),
        ("# type: ignore bgmode: ignore[BGM101]", "looks like"),
    ],
)
def test_what_is_not_understood(comment: str, said: str) -> None:
    found = only(comment)
    assert isinstance(found, Malformed)
    assert said in found.message
    call = f"client.responses.create(background=True)  {comment}\n"
    verdict = judged(call)
    assert lines(verdict.findings, "BGM002") == [1]
    assert lines(verdict.findings, "BGM101") == [1]
    assert verdict.suppressed == []


@pytest.mark.parametrize(
    "text",
    [
        "# bgmode\n",
        "# bgmode ignores what it cannot see\n",
        "# see the page of bgmode: ignore comments stand there\n",
        "# background mode: ignore the first answer\n",
        "# bg_color: ignore\n",
        "# noqa: BGM101\n",
        'x = "# bgmode: ignore"\n',
        'def f():\n    """# bgmode: ignore[]\n\n    # bgmode: off\n    """\n',
        'x = f"# bgmode: {1} # bgmode: ignore"\n',
        "x = b'# bgmode: ignore[BGM101]'\n",
        "# x = client.responses.create(background=True)  # bgmode: ignore[BGM101]\n",
    ],
)
def test_what_is_not_meant_for_bgmode(text: str) -> None:
    assert directives(text) == ()


def test_several_directives_in_one_comment() -> None:
    found = directives("x = 1  # bgmode: job-type=a # bgmode: ignore[BGM101] # bgmode: zdr\n")
    assert [type(each) for each in found] == [Setting, Ignore, Setting]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_parser(ending: str) -> None:
    text = ending.join(
        [
            "def f(client):",
            "    client.responses.create(background=True)",
            "    client.responses.create(background=True)  # bgmode: ignore[BGM101]",
            "",
        ]
    )
    verdict = judged(text)
    assert lines(verdict.findings, "BGM101") == [2]
    assert lines(verdict.suppressed, "BGM101") == [3]


def test_a_lone_carriage_return_does_not_move_a_comment_to_another_call() -> None:
    verdict = judged(
        "def f(client):\n"
        "    # a\r    client.responses.create(background=True)\n"
        "    client.responses.create(background=True)  # bgmode: ignore[BGM101]\n"
    )
    assert lines(verdict.findings, "BGM101") == [3]
    assert lines(verdict.suppressed, "BGM101") == [4]


@given(st.text())
def test_no_comment_makes_the_reader_fail(text: str) -> None:
    directives(f"x = 1  # bgmode: {text}\n# bgmode{text}\n#{text} # bgmode: ignore[BGM101]{text}")


PIECES = st.lists(
    st.sampled_from(
        [
            "# bgmode:",
            "# bgmode",
            "#",
            " ",
            "ignore",
            "[",
            "]",
            "BGM101",
            "implicit-store",
            "BGM404",
            ",",
            "reason",
            "until",
            "=",
            '"',
            "'",
            "x",
            "2027-01-31",
            "job-type",
            "zdr",
            "\t",
            "\\",
            "`",
            "é",
        ]
    ),
    max_size=14,
).map("".join)


@given(PIECES)
def test_a_comment_suppresses_only_if_it_is_understood(comment: str) -> None:
    text = f"client.responses.create(background=True)  # bgmode: {comment}\n"
    verdict = judged(text)
    understood = [each for each in directives(text) if isinstance(each, Ignore)]
    silenced = any("BGM101" in each.codes for each in understood)
    assert ("BGM101" in codes(verdict.suppressed)) == silenced
    assert ("BGM101" in codes(verdict.findings)) == (not silenced)
    malformed = any(isinstance(each, Malformed) for each in directives(text))
    assert ("BGM002" in codes(verdict.findings)) == malformed


@given(st.text(alphabet=st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])))
def test_findings_are_never_lost(comment: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict = judged(f"client.responses.create(background=True)  #{comment}\n")
    both = [*verdict.findings, *verdict.suppressed]
    assert lines(both, "BGM101") == [1]


# What a comment speaks of


@pytest.mark.parametrize(
    "text",
    [
        "a(background=True)  # bgmode: ignore[BGM101]",
        "# bgmode: ignore[BGM101]\na(background=True)",
        "# bgmode: ignore[BGM101]\n# why\n#\na(background=True)",
        "a(  # bgmode: ignore[BGM101]\n    input=1,\n    background=True,\n)",
        "a(\n    input=1,  # bgmode: ignore[BGM101]\n    background=True,\n)",
        "a(\n    input=1,\n    background=True,\n)  # bgmode: ignore[BGM101]",
        "a(\n    input=1,\n    # bgmode: ignore[BGM101]\n    background=True,\n)",
        "a(\n    input=1,\n    background=True,\n    # bgmode: ignore[BGM101]\n)",
        'a(background=True, input="""\n""")  # bgmode: ignore[BGM101]',
        "x = \\\n    a(background=True)  # bgmode: ignore[BGM101]",
        "if x: a(background=True)  # bgmode: ignore[BGM101]",
        "# bgmode: ignore[BGM101]\nif a(background=True).id:\n    pass",
        "if (\n    a(background=True).id\n):  # bgmode: ignore[BGM101]\n    pass",
        "if x:\n    pass\nelif a(background=True).id:  # bgmode: ignore[BGM101]\n    pass",
        "with a(background=True) as b:  # bgmode: ignore[BGM101]\n    pass",
        "for b in a(background=True):  # bgmode: ignore[BGM101]\n    pass",
        "while a(background=True).id:  # bgmode: ignore[BGM101]\n    break",
        "match a(background=True):  # bgmode: ignore[BGM101]\n    case _:\n        pass",
        "match x:\n    case 1 if a(background=True):  # bgmode: ignore[BGM101]\n        pass",
        "# bgmode: ignore[BGM101]\n@b(a(background=True))\ndef f():\n    pass",
        "@b\n# bgmode: ignore[BGM101]\n@b(a(background=True))\ndef f():\n    pass",
        "class A(b(a(background=True))):  # bgmode: ignore[BGM101]\n    pass",
        "def f(x=a(background=True)):  # bgmode: ignore[BGM101]\n    pass",
        "def f(): return a(background=True)  # bgmode: ignore[BGM101]",
        "# bgmode: ignore[BGM101]\nb(\n    lambda: a(background=True),\n    1,\n)",
        "a(background=True)  # noqa: E501 # bgmode: ignore[BGM101] # type: ignore",
        "if x:\n\ta(background=True)\t# bgmode: ignore[BGM101]",
        "# bgmode: ignore[BGM101]\n\x0ca(background=True)",
    ],
)
def test_a_comment_speaks_of_its_statement(text: str) -> None:
    verdict = judged(re.sub(r"\ba\(", "client.responses.create(", text) + "\n")
    assert "BGM101" in codes(verdict.suppressed)
    assert not {"BGM101", "BGM002", "BGM003"} & codes(verdict.findings)


@pytest.mark.parametrize(
    "text",
    [
        "# bgmode: ignore[BGM101]\n\na(background=True)",
        "# bgmode: ignore[BGM101]\nb()\na(background=True)",
        "b()  # bgmode: ignore[BGM101]\na(background=True)",
        "a(background=True)\n# bgmode: ignore[BGM101]",
        "# bgmode: ignore[BGM101]\ndef f():\n    a(background=True)",
        "def f():  # bgmode: ignore[BGM101]\n    a(background=True)",
        "@b  # bgmode: ignore[BGM101]\ndef f():\n    a(background=True)",
        "# bgmode: ignore[BGM101]\nclass A:\n    x = a(background=True)",
        "# bgmode: ignore[BGM101]\nif x:\n    a(background=True)",
        "if x:  # bgmode: ignore[BGM101]\n    a(background=True)",
        "if x:\n    pass\nelse:  # bgmode: ignore[BGM101]\n    a(background=True)",
        "with x:  # bgmode: ignore[BGM101]\n    a(background=True)",
        "try:  # bgmode: ignore[BGM101]\n    a(background=True)\nfinally:\n    pass",
        "match x:  # bgmode: ignore[BGM101]\n    case 1:\n        a(background=True)",
        "match x:\n    case 1:  # bgmode: ignore[BGM101]\n        a(background=True)",
        "if a(background=True):\n    # bgmode: ignore[BGM101]\n    b()",
        "with a(background=True):\n    # bgmode: ignore[BGM101]\n\n    b()",
        "match a(background=True):\n    # bgmode: ignore[BGM101]\n    case 1:\n        b()",
        "# b(x=a(background=True))  # bgmode: ignore[BGM101]\na(background=True)",
        "'''\n# bgmode: ignore[BGM101]\n'''\na(background=True)",
        "a(background=True, input='# bgmode: ignore[BGM101]')",
        "a(background=True)  # bgmode: ignore[BGM401]",
    ],
)
def test_a_comment_speaks_of_nothing_else(text: str) -> None:
    verdict = judged(re.sub(r"\ba\(", "client.responses.create(", text) + "\n")
    assert "BGM101" in codes(verdict.findings)
    assert "BGM101" not in codes(verdict.suppressed)


TWO_CALLS = {
    "on the line of one": """\
x = [
    client.responses.create(background=True),  # bgmode: ignore[BGM101]
    client.responses.create(background=True),
]
""",
    "above one, inside": """\
x = b(
    # bgmode: ignore[BGM101]
    client.responses.create(background=True),
    client.responses.create(background=True),
)
""",
    "among the arguments of one": """\
x = b(
    client.responses.create(
        input=1,  # bgmode: ignore[BGM101]
        background=True,
    ),
    client.responses.create(
        input=2,
        background=True,
    ),
)
""",
    "on the first line of one": """\
x = [
    client.responses.create(  # bgmode: ignore[BGM101]
        input=1,
        background=True,
    ),
    client.responses.create(
        input=2,
        background=True,
    ),
]
""",
    "above a lambda": """\
x = b(
    # bgmode: ignore[BGM101]
    lambda: client.responses.create(background=True),
    lambda: client.responses.create(background=True),
)
""",
    "in a comprehension": """\
x = [
    client.responses.create(background=True)  # bgmode: ignore[BGM101]
    for y in z
    if client.responses.create(background=True)
]
""",
    "in a chain": """\
x = (
    client.responses.create(background=True)  # bgmode: ignore[BGM101]
    or client.responses.create(background=True)
)
""",
    "in a with": """\
with (
    client.responses.create(background=True) as a,  # bgmode: ignore[BGM101]
    client.responses.create(background=True) as b,
):
    pass
""",
    "in a dict": """\
x = {
    1: client.responses.create(background=True),  # bgmode: ignore[BGM101]
    2: client.responses.create(background=True),
}
""",
    "in an inner function": """\
def f():
    # bgmode: ignore[BGM101]
    client.responses.create(background=True)
    def g():
        client.responses.create(background=True)
""",
    "the second statement of a line": """\
a = 1; b = client.responses.create(background=True)  # bgmode: ignore[BGM101]
client.responses.create(background=True)
""",
    "a head and its body": """\
if client.responses.create(background=True).id:  # bgmode: ignore[BGM101]
    client.responses.create(background=True)
""",
}


@pytest.mark.parametrize("name", TWO_CALLS)
def test_one_comment_does_not_silence_the_other_call(name: str) -> None:
    verdict = judged(TWO_CALLS[name])
    (silenced,) = lines(verdict.suppressed, "BGM101")
    (kept,) = lines(verdict.findings, "BGM101")
    assert silenced < kept
    assert "BGM003" not in codes(verdict.findings)


def test_a_comment_above_speaks_of_the_whole_statement() -> None:
    verdict = judged(
        "# bgmode: ignore[BGM101]\n"
        "x = [\n"
        "    client.responses.create(background=True),\n"
        "    client.responses.create(background=True),\n"
        "]\n"
    )
    assert lines(verdict.suppressed, "BGM101") == [3, 4]


def test_several_rules_in_one_comment() -> None:
    verdict = judged("client.responses.create(background=True)  # bgmode: ignore[BGM101, BGM401]\n")
    assert codes(verdict.suppressed) >= {"BGM101", "BGM401"}
    assert not {"BGM101", "BGM401", "BGM003"} & codes(verdict.findings)


# What the policy requires


@pytest.mark.parametrize(
    ("required", "options", "missing"),
    [
        ("", "", ""),
        ("reason", 'reason="x"', ""),
        ("reason", "owner=a", "reason"),
        ("reason, owner, until", 'reason="x"', "owner and until"),
        ("ticket", 'reason="x" owner=a until=2027-01-31', "ticket"),
        ("reason, owner, until, ticket", "reason=x owner=a until=2027-01-31 ticket=b", ""),
    ],
)
def test_what_is_required(required: str, options: str, missing: str) -> None:
    policy = f"suppressions: {{require: [{required}]}}\n"
    text = f"client.responses.create(background=True)  # bgmode: ignore[BGM101] {options}\n"
    verdict = judged(text, policy)
    assert ("BGM101" in codes(verdict.suppressed)) == (not missing)
    said = [finding.message for finding in verdict.findings if finding.code == "BGM004"]
    assert all(missing in message for message in said)
    assert bool(said) == bool(missing)
    assert "BGM003" not in codes(verdict.findings)


def test_it_suppresses_nothing_even_where_the_rule_is_off() -> None:
    policy = "rules: {BGM004: off, BGM005: off}\n"
    text = "client.responses.create(background=True)  # bgmode: ignore[BGM101]\n"
    assert "BGM101" in codes(judged(text, policy).findings)
    text = text.replace("]\n", "] reason=x until=2020-01-01\n")
    assert "BGM101" in codes(judged(text, policy).findings)


# The last day

DAYS = [(-1, "error", False), (0, "info", True), (14, "info", True), (15, None, True)]


@pytest.mark.parametrize(("left", "severity", "counts"), DAYS)
def test_a_comment_counts_on_its_last_day(left: int, severity: str | None, counts: bool) -> None:
    until = TODAY + datetime.timedelta(left)
    text = f"client.responses.create(background=True)  # bgmode: ignore[BGM101] until={until}\n"
    verdict = judged(text)
    assert ("BGM101" in codes(verdict.suppressed)) == counts
    assert ("BGM101" in codes(verdict.findings)) == (not counts)
    said = [finding.severity for finding in verdict.findings if finding.code == "BGM005"]
    assert said == ([severity] if severity else [])


def waiver(**entries: str) -> str:
    return "waivers:\n  - rules: BGM101\n" + "".join(
        f"    {name}: {value}\n" for name, value in entries.items()
    )


@pytest.mark.parametrize(("left", "severity", "counts"), DAYS)
def test_a_waiver_counts_on_its_last_day(left: int, severity: str | None, counts: bool) -> None:
    until = TODAY + datetime.timedelta(left)
    policy = waiver(paths='"*.py"', reason="x", until=str(until))
    verdict = judged("client.responses.create(background=True)\n", policy)
    assert ("BGM101" in codes(verdict.suppressed)) == counts
    found = said_of(policy)
    said = [finding.severity for finding in found if finding.code == "BGM005"]
    assert said == ([severity] if severity else [])


@pytest.mark.parametrize("left", [0, 1, 14])
def test_a_reminder_is_good_english(left: int) -> None:
    until = TODAY + datetime.timedelta(left)
    text = f"client.responses.create(background=True)  # bgmode: ignore[BGM101] until={until}\n"
    (message,) = [each.message for each in judged(text).findings if each.code == "BGM005"]
    assert "0 days" not in message
    assert "in 1 days" not in message


# Waivers


def said_of(policy: str, used: Verdict | None = None) -> list[Finding]:
    read: Policy = parse_policy(policy, "bgmode.yaml")
    needed = used.used if used is not None else frozenset()
    return [
        *policy_findings(read, TODAY, lambda rule: True),  # noqa: ARG005
        *unused_waivers(read, needed, TODAY, lambda rule: True),  # noqa: ARG005
    ]


WAIVED = """\
class Gateway:
    def submit(self, client):
        return client.responses.create(background=True)


def submit(client):
    def attempt():
        return client.responses.create(background=True)
    return attempt


def other(client):
    return client.responses.create(background=True)
"""


@pytest.mark.parametrize(
    ("entries", "silenced"),
    [
        ({"paths": '"*.py"'}, [3, 8, 13]),
        ({"paths": '["a.py", "pkg/*.py"]'}, [3, 8, 13]),
        ({"paths": "pkg/worker.py"}, [3, 8, 13]),
        ({"paths": '"**/worker.py"'}, [3, 8, 13]),
        ({"paths": "worker.py"}, [3, 8, 13]),  # without a slash, at any depth
        ({"paths": "work*"}, [3, 8, 13]),
        ({"paths": "other/*.py"}, []),
        ({"symbol": "submit"}, [3, 8]),
        ({"symbol": "Gateway"}, [3]),
        ({"symbol": "Gateway.submit"}, [3]),
        ({"symbol": "worker.submit"}, [8]),
        ({"symbol": "worker.submit.attempt"}, [8]),
        ({"symbol": "worker"}, [3, 8, 13]),
        ({"symbol": "sub"}, []),
        ({"symbol": "other", "paths": "pkg/*.py"}, [13]),
        ({"symbol": "other", "paths": "a/*.py"}, []),
    ],
)
def test_what_a_waiver_speaks_of(entries: dict[str, str], silenced: list[int]) -> None:
    policy = waiver(reason="x", **entries)
    verdict = judged(WAIVED, policy, path="pkg/worker.py")
    assert lines(verdict.suppressed, "BGM101") == silenced
    assert sorted(lines(verdict.findings, "BGM101") + silenced) == [3, 8, 13]
    unused = [finding for finding in said_of(policy, verdict) if finding.code == "BGM003"]
    assert bool(unused) == (not silenced)


def test_a_waiver_without_reason_or_after_its_day_waives_nothing() -> None:
    for entries in ({}, {"reason": "x", "until": "2020-01-01"}):
        policy = waiver(paths='"**/*.py"', **entries)
        verdict = judged(WAIVED, policy, path="pkg/worker.py")
        assert verdict.suppressed == []
        (found,) = said_of(policy, verdict)
        assert found.code == ("BGM005" if entries else "BGM004")
        assert (found.path, found.span.line) == ("bgmode.yaml", 2)


def test_a_waiver_by_symbol_covers_findings_at_annotations() -> None:
    policy = (
        "job_types:\n  research: {background: allow}\n"
        "waivers:\n  - {rules: BGM207, symbol: submit, reason: x}\n"
    )
    text = (
        "def submit(client, kind):\n"
        '    return client.responses.create(background=True, metadata={"job_type": kind})\n'
    )
    verdict = judged(text, policy)
    assert lines(verdict.suppressed, "BGM207") == [2]


def test_a_comment_goes_before_a_waiver() -> None:
    policy = waiver(paths='"**/*.py"', reason="x")
    text = "client.responses.create(background=True)  # bgmode: ignore[BGM101] reason=y\n"
    verdict = judged(text, policy)
    (silenced,) = [each for each in verdict.suppressed if each.code == "BGM101"]
    assert silenced.suppressed is not None
    assert (silenced.suppressed.kind, silenced.suppressed.reason) == ("comment", "y")
    assert verdict.used == frozenset()


# The fix of BGM003


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # bgmode: ignore[BGM101]\n", "x = 1\n"),
        ("# bgmode: ignore[BGM101]\nx = 1\n", "x = 1\n"),
        ("a = 0\n\n# bgmode: ignore[BGM101]\nx = 1\n", "a = 0\n\nx = 1\n"),
        ("if a:\n    # bgmode: ignore[BGM101]\n    x = 1\n", "if a:\n    x = 1\n"),
        ("# why\n# bgmode: ignore[BGM101]\n# indeed\nx = 1\n", "# why\n# indeed\nx = 1\n"),
        ("x = 1  # noqa: E501 # bgmode: ignore[BGM101]\n", "x = 1  # noqa: E501\n"),
        ("x = 1  # bgmode: ignore[BGM101] # noqa: E501\n", "x = 1  # noqa: E501\n"),
        ("x = 1  # a # bgmode: ignore[BGM101] # b\n", "x = 1  # a # b\n"),
        ("x = 1  # bgmode: zdr # bgmode: ignore[BGM101]\n", "x = 1  # bgmode: zdr\n"),
        ("x = 1  # bgmode: ignore[BGM101]\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
        ("if x:\n\tx = 1\t# bgmode: ignore[BGM101]\n", "if x:\n\tx = 1\n"),
        ("x = '漢字🎉'  # bgmode: ignore[BGM101] reason=ö\n", "x = '漢字🎉'\n"),
        ("x = 1  # bgmode: ignore[BGM101]", "x = 1"),
        ("x = [\n    1,\n    # bgmode: ignore[BGM101]\n]\n", "x = [\n    1,\n]\n"),
        (
            "client.responses.create(background=True)  # bgmode: ignore[BGM404, BGM101] reason=x\n",
            "client.responses.create(background=True)  # bgmode: ignore[BGM101] reason=x\n",
        ),
        (
            "client.responses.create(background=True)  # bgmode: ignore[implicit-store, BGM404]\n",
            "client.responses.create(background=True)  # bgmode: ignore[implicit-store]\n",
        ),
    ],
)
def test_the_fix_of_an_unused_comment(before: str, after: str) -> None:
    def unused(source: Source) -> list[Finding]:
        found = judged(source.text).findings
        return [finding for finding in found if finding.code == "BGM003"]

    result = fix_text(Source("a.py", before), unused(Source("a.py", before)), unused, unsafe=False)
    assert result.text == after
    assert unused(Source("a.py", result.text)) == []


# The command line

LAST_DAY = "2027-03-15"
IGNORED = f"""\
from openai import OpenAI

client = OpenAI()


def submit(prompt):
    # bgmode: ignore[BGM101] reason="the gateway adds it" owner=@team until={LAST_DAY} ticket=A-1
    return client.responses.create(
        input=prompt,
        background=True,
        extra_headers={{"Idempotency-Key": prompt}},
    )
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text(IGNORED)
    return tmp_path


def report(cwd: Path, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, dict]:
    done = bgmode("check", "--output-format", "json", *arguments, cwd=cwd, env=env)
    return done.returncode, json.loads(done.stdout)


def test_json_says_what_was_suppressed_and_why(folder: Path) -> None:
    code, found = report(folder, "--today", "2027-01-01", ".")
    assert code == 0
    assert found["findings"] == []
    assert found["summary"]["suppressed"] == 1
    (silenced,) = found["suppressed"]
    assert (silenced["code"], silenced["line"]) == ("BGM101", 10)
    assert silenced["suppressed"] == {
        "kind": "comment",
        "path": "a.py",
        "line": 7,
        "reason": "the gateway adds it",
        "owner": "@team",
        "ticket": "A-1",
        "until": LAST_DAY,
    }


def test_today_decides(folder: Path) -> None:
    last = datetime.date.fromisoformat(LAST_DAY)
    for left, severity in ((15, None), (14, "info"), (0, "info"), (-1, "error")):
        day = str(last - datetime.timedelta(left))
        code, found = report(folder, "--today", day, ".")
        said = [f["severity"] for f in found["findings"] if f["code"] == "BGM005"]
        assert said == ([severity] if severity else [])
        assert code == (1 if severity == "error" else 0)


def test_an_info_fails_only_where_it_is_asked_for(folder: Path) -> None:
    assert report(folder, "--today", LAST_DAY, ".")[0] == 0
    assert report(folder, "--today", LAST_DAY, "--fail-on", "warning", ".")[0] == 0
    assert report(folder, "--today", LAST_DAY, "--fail-on", "error", ".")[0] == 0
    assert report(folder, "--today", LAST_DAY, "--fail-on", "info", ".")[0] == 1


def test_source_date_epoch_stands_in_for_today(folder: Path) -> None:
    last = datetime.date.fromisoformat(LAST_DAY)
    for day, silenced in ((last, 1), (last + datetime.timedelta(1), 0)):
        for clock in ((0, 0, 0), (23, 59, 59)):
            seconds = calendar.timegm((*day.timetuple()[:3], *clock))
            env = {"SOURCE_DATE_EPOCH": str(seconds)}
            assert report(folder, ".", env=env)[1]["summary"]["suppressed"] == silenced
    env = {"SOURCE_DATE_EPOCH": "0"}
    assert report(folder, "--today", "2027-03-16", ".", env=env)[1]["summary"]["suppressed"] == 0


@pytest.mark.parametrize(
    "day", ["2027-3-15", "tomorrow", "2027-02-30", "20270315", "2027-W11-1", ""]
)
def test_a_wrong_day_is_refused(folder: Path, day: str) -> None:
    done = bgmode("check", "--today", day, ".", cwd=folder)
    assert done.returncode == 2
    assert "is no date" in done.stderr


def test_what_is_suppressed_can_be_shown(folder: Path) -> None:
    done = bgmode("check", "--today", "2027-01-01", ".", cwd=folder)
    assert "BGM101" not in done.stdout
    assert "1 suppressed" in done.stdout + done.stderr
    done = bgmode("check", "--today", "2027-01-01", "--show-suppressed", ".", cwd=folder)
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("suppressed: ")]
    for word in ("a.py:10:", "BGM101", "a.py:7", "the gateway adds it", "@team", "A-1", LAST_DAY):
        assert word in line


def test_waivers_through_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(re.sub("# bgmode.*", "# as agreed", IGNORED))
    policy = tmp_path / "bgmode.yaml"
    policy.write_text(waiver(paths="a.py", reason="x", until=LAST_DAY))
    code, found = report(tmp_path, "--today", "2027-01-01", ".")
    assert (code, found["findings"]) == (0, [])
    (silenced,) = found["suppressed"]
    assert silenced["suppressed"]["kind"] == "waiver"
    assert silenced["suppressed"]["path"] == "bgmode.yaml"
    assert silenced["suppressed"]["line"] == 2
    code, found = report(tmp_path, "--today", "2027-03-16", ".")
    assert code == 1
    places = {(f["path"], f["line"], f["code"]) for f in found["findings"]}
    assert places == {("a.py", 10, "BGM101"), ("bgmode.yaml", 2, "BGM005")}
    policy.write_text(waiver(paths="b.py", reason="x"))
    found = report(tmp_path, ".")[1]
    places = {(f["path"], f["line"], f["code"]) for f in found["findings"]}
    assert places == {("a.py", 10, "BGM101"), ("bgmode.yaml", 2, "BGM003")}


def test_a_part_of_the_project_says_nothing_of_unused_waivers(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(IGNORED)
    (tmp_path / "bgmode.yaml").write_text(waiver(paths="b.py", reason="x"))
    assert report(tmp_path, "--today", "2027-01-01", "a.py")[1]["findings"] == []


def test_a_rule_that_did_not_run_makes_no_comment_unused(folder: Path) -> None:
    text = IGNORED.replace("background=True", "background=True, store=True")
    (folder / "a.py").write_text(text)
    day = ("--today", "2027-01-01")
    assert codes_of(report(folder, *day, ".")) == ["BGM003"]
    assert codes_of(report(folder, *day, "--ignore", "BGM101", ".")) == []
    assert codes_of(report(folder, *day, "--select", "BGM003,BGM401", ".")) == []


def codes_of(run: tuple[int, dict]) -> list[str]:
    return [finding["code"] for finding in run[1]["findings"]]


def test_fix_removes_the_comment(folder: Path) -> None:
    text = IGNORED.replace("background=True", "background=True, store=True")
    (folder / "a.py").write_text(text)
    bgmode("check", "--today", "2027-01-01", "--fix", ".", cwd=folder)
    assert "bgmode" not in (folder / "a.py").read_text()
    assert codes_of(report(folder, "--today", "2027-01-01", ".")) == []


MANY = """\
from openai import OpenAI

client = OpenAI()
client.responses.create(background=True)  # bgmode: ignore[BGM101]
client.responses.create(background=True)  # bgmode: ignore[BGM101] reason=x
client.responses.create(background=True)  # bgmode: ignore[BGM101] reason=x until=2020-01-01
client.responses.create(background=True)  # bgmode: ignore[BGM199] reason=x
client.responses.create(store=True)  # bgmode: ignore[BGM101] reason=größer
client.responses.create(input="漢", background=True)  # noqa: E501 # bgmode: ignore BGM101
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_flake8_says_the_same(tmp_path: Path, ending: str) -> None:
    (tmp_path / "a.py").write_bytes(MANY.replace("\n", ending).encode())
    found = report(tmp_path, ".")[1]["findings"]
    expected = [f"{f['line']}:{f['column']}:{f['code']} {f['message']}" for f in found]
    assert {f["code"] for f in found} >= {"BGM002", "BGM003", "BGM004", "BGM005", "BGM101"}
    form = "--format=%(row)d:%(col)d:%(code)s %(text)s"
    done = subprocess.run(
        [BIN / "flake8", "--isolated", "--disable-noqa", "--select", "BGM", form, "a.py"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert sorted(done.stdout.decode().splitlines()) == sorted(expected)


# Nothing about the policy can be silenced by itself


def test_the_tools_own_findings_cannot_be_waived() -> None:
    for code in ("BGM002", "BGM003", "BGM004", "BGM005", "BGM001", "BGM009"):
        with pytest.raises(Exception, match="cannot be waived"):
            parse_policy(f"waivers:\n  - {{rules: {code}, paths: a.py, reason: x}}\n", "p.yaml")


def test_a_failing_judgement_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be judged as suppressed is reported as if nothing had been said."""
    from bgmode import suppression

    def fail(*_: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(suppression, "is_in_force", fail)
    verdict = judged("client.responses.create(background=True)  # bgmode: ignore[BGM101]\n")
    assert {"BGM009", "BGM101"} <= codes(verdict.findings)
