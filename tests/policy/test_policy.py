"""The policy file: what it says, and what is said about it when it is wrong."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgmode.knowledge import RULES
from bgmode.policy.globs import module_matches, path_matches
from bgmode.policy.load import default_policy, parse_policy
from bgmode.policy.policy import Approval, Idempotency, Poll
from bgmode.policy.problem import PolicyError, Problem

JOBS = "job_types:\n  report: {background: allow}\n"


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "bgmode.yaml")
    return [str(problem).removeprefix("bgmode.yaml:") for problem in caught.value.problems]


def test_an_empty_file_is_the_default() -> None:
    default = replace(default_policy(), path="p")
    assert parse_policy("", "p") == default
    assert parse_policy("# nothing\n", "p") == default
    assert parse_policy("rules:\npaths:\n", "p") == replace(default, origins=ANY)


def test_everything_at_once() -> None:
    policy = parse_policy(
        """
preset: strict
rules: {BGM303: error, missing-idempotency-key: off}
exclude: ["old/**"]
undecided: ignore
idempotency: {metadata_keys: [job], decorators: [once], key_names: [ticket]}
poll: {interval: {min: 1s, max: 60s}, max_wait: 30m}
zdr: {modules: [acme.health], projects: [proj_1]}
job_types:
  report: {background: review, data_class: public, max_wait: 30m}
paths: {"reports/**": report}
approvals:
  - {job_type: report, by: "@sec", reason: redacted, ticket: T-1, until: 2027-01-31}
""",
        "bgmode.yaml",
    )
    assert policy.severity(RULES["BGM303"]) == "error"
    assert policy.severity(RULES["BGM401"]) is None
    assert policy.report_undecided is False
    assert policy.idempotency == Idempotency(("job",), ("once",), ("ticket",))
    assert policy.poll == Poll(min_interval=1, max_interval=60, max_wait=1800)
    assert policy.job_types["report"].max_wait == 1800
    assert policy.job_types["report"].line == 10
    assert policy.suggested_job_type("reports/a.py") == ("reports/**", "report")
    assert policy.approvals[0].until == datetime.date(2027, 1, 31)
    assert policy.approvals[0].line == 13


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("presets: strict\n", "1:1: presets: unknown key, did you mean `preset`?"),
        ("preset: stric\n", "1:9: preset: `stric` is none of minimal, standard, strict, did you "
         "mean `strict`?"),
        ("rules: {BGM999: off}\n", "1:9: rules.BGM999: unknown rule, did you mean `BGM509`?"),
        ("rules: {endles-poll: off}\n", "1:9: rules.endles-poll: unknown rule, did you mean "
         "`endless-poll`?"),
        ("rules: {BGM101: fatal}\n", "1:17: rules.BGM101: `fatal` is none of error, warning, "
         "info, off"),
        ("preset: strict\npreset: minimal\n", "2:1: preset: this key is here twice (first on "
         "line 1)"),
        ("zdr: [x]\n", "1:6: zdr: this must be a mapping, not a list"),
        ("exclude: x\n", "1:10: exclude: this must be a list, not `x`"),
        ("- a\n", "1:1: this must be a mapping, not a list"),
        ("job_types:\n  a: {}\n", "2:6: job_types.a: the key `background` is missing"),
        ("job_types:\n  a: {background: yes}\n", "2:19: job_types.a.background: `yes` is none of "
         "allow, review, deny"),
        (JOBS + "paths: {x: reprt}\n", "3:12: paths.x: `reprt` is none of the job_types, did you "
         "mean `report`?"),
        (JOBS + "approvals: [{job_type: x, by: a, reason: b}]\n",
         "3:24: approvals[0].job_type: `x` is none of the job_types"),
        (JOBS + "approvals: [{by: a, reason: b}]\n",
         "3:13: approvals[0]: an approval must name a job_type, a path or a symbol"),
        (JOBS + "approvals: [{job_type: report, by: a, reason: b, until: 2027-13-01}]\n",
         "3:57: approvals[0].until: `2027-13-01` is no date of the form 2027-01-31"),
        ("poll: {interval: {min: 60s, max: 1s}}\n", "1:18: poll.interval: min (60 s) is more than "
         "max (1 s)"),
        ("poll: {interval: {min: fast}}\n", "1:24: poll.interval.min: `fast` is no duration such "
         "as 30s, 10m, 2h or 1d"),
        ("poll: {interval: {min: -1s}}\n", "1:24: poll.interval.min: `-1s` is no duration such as "
         "30s, 10m, 2h or 1d"),
        ("poll: {interval: {max: 1 minute}}\n", "1:24: poll.interval.max: `1 minute` is no "
         "duration such as 30s, 10m, 2h or 1d"),
        ("poll: {interval: {min: 9h, max: fast}}\n", "1:33: poll.interval.max: `fast` is no "
         "duration such as 30s, 10m, 2h or 1d"),
        ("poll: {interval: {max: 0}}\n", "1:24: poll.interval.max: this must be more than 0 s"),
        ("poll: {max_wait: 0m}\n", "1:18: poll.max_wait: this must be more than 0 s"),
        ("poll: {max_wait: [30m]}\n", "1:18: poll.max_wait: a list is no duration such as 30s, "
         "10m, 2h or 1d"),
        ("poll: {interval: 5s}\n", "1:18: poll.interval: this must be a mapping, not `5s`"),
        ("poll: [5s]\n", "1:7: poll: this must be a mapping, not a list"),
        ("pol: {max_wait: 30m}\n", "1:1: pol: unknown key, did you mean `poll`?"),
        ("poll: {intervall: {min: 1s}}\n", "1:8: poll.intervall: unknown key, did you mean "
         "`interval`?"),
        ("poll: {interval: {minimum: 1s}}\n", "1:19: poll.interval.minimum: unknown key, did you "
         "mean `min`?"),
        ("poll: {maxwait: 30m}\n", "1:8: poll.maxwait: unknown key, did you mean `max_wait`?"),
        ("poll: {interval: {min: 1s, min: 2s}}\n", "1:28: poll.interval.min: this key is here "
         "twice (first on line 1)"),
        ("a: [\n", "1:5: while parsing a flow node, did not find expected node content"),
        ("preset: 'strict\n", "1:16: while scanning a quoted scalar, found unexpected end of "
         "stream"),
        ("\tpreset: strict\n", "1:1: while scanning for the next token, found character that "
         "cannot start any token"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_place(text: str, expected: str) -> None:
    assert problems(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("poll:\n", Poll()),
        ("poll: {}\n", Poll()),
        ("poll:\n  interval:\n    # min: 1s\n", Poll()),
        ("poll: {interval: {min: 2}}\n", Poll(min_interval=2)),
        ("poll: {interval: {max: 1h}}\n", Poll(max_interval=3600)),
        ("poll: {interval: {min: 1.5s, max: 1.5s}}\n", Poll(1.5, 1.5)),
        ("poll: {interval: {min: 5 s, max: 2 m}}\n", Poll(5, 120)),
        ("poll: {max_wait: 1d}\n", Poll(max_wait=86400)),
    ],
)
def test_how_a_wait_should_look(text: str, expected: Poll) -> None:
    assert parse_policy(text, "p").poll == expected


@pytest.mark.parametrize(
    ("poll", "shortest", "longest"),
    [
        (Poll(), 0.5, 300),
        (Poll(min_interval=1, max_interval=60), 1, 60),
        (Poll(min_interval=0.1), 0.1, 300),
        (Poll(max_interval=3600), 0.5, 3600),
        (Poll(min_interval=600), 600, math.inf),
        (Poll(max_interval=0.2), 0.0, 0.2),
    ],
)
def test_an_end_that_is_left_out_fits_the_other(
    poll: Poll, shortest: float, longest: float
) -> None:
    assert (poll.shortest, poll.longest) == (shortest, longest)


def test_every_problem_is_told() -> None:
    assert len(problems("presets: x\nzdr: {module: [a]}\nexclude: 1\n")) == 3


def test_the_default_has_everything_but_job_types() -> None:
    active = {code for code, rule in RULES.items() if default_policy().severity(rule)}
    standard = set(parse_policy("preset: standard", "p").base)
    assert standard - active == {*(f"BGM20{number}" for number in range(1, 9)), "BGM507"}
    with_jobs = parse_policy(f"preset: strict\nkill_switches: [acme.on]\n{JOBS}", "p")
    assert all(with_jobs.severity(rule) for rule in RULES.values())


def test_presets_grow() -> None:
    def active(preset: str) -> set[str]:
        policy = parse_policy(f"preset: {preset}\nkill_switches: [on]\n{JOBS}", "p")
        return {code for code, rule in RULES.items() if policy.severity(rule)}

    assert active("minimal") < active("standard") <= active("strict")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a/*.py", "a/b.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/**", "a/b/c.py", True),
        ("a/**/c.py", "a/c.py", True),
        ("a/**/c.py", "a/x/y/c.py", True),
        ("a", "a/b.py", True),
        ("a", "x/a/b.py", True),
        ("a/", "x/a/b.py", True),
        ("./a/b.py", "a/b.py", True),
        ("*.py", "x/y.py", True),
        ("a?.py", "ab.py", True),
        ("a", "ab/c.py", False),
        ("a.py", "axpy", False),
    ],
)
def test_path_patterns(pattern: str, path: str, matches: bool) -> None:
    assert path_matches(pattern, path) is matches


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("acme.health", "acme.health", True),
        ("acme.health", "acme.health.claims", True),
        ("acme.health.*", "acme.health", True),
        ("acme.*.claims", "acme.health.claims", True),
        ("acme.health", "acme.healthy", False),
        ("health", "acme.health", False),
    ],
)
def test_module_patterns(pattern: str, name: str, matches: bool) -> None:
    assert module_matches(pattern, name) is matches


def test_approvals_cover_what_they_name() -> None:
    approval = Approval("a", "b", job_type="report", path="x/**", symbol="submit")
    assert approval.covers("report", "x/y.py", "x.y.submit")
    assert not approval.covers("other", "x/y.py", "x.y.submit")
    assert not approval.covers("report", "z.py", "x.y.submit")
    assert not approval.covers("report", "x/y.py", "x.y.resubmit")


def test_an_approval_holds_on_its_last_day() -> None:
    approval = Approval("a", "b", job_type="x", until=datetime.date(2027, 1, 31))
    assert not approval.is_expired(datetime.date(2027, 1, 31))
    assert approval.is_expired(datetime.date(2027, 2, 1))


WORDS = st.sampled_from(
    ["preset", "rules", "job_types", "a", "strict", "BGM101", "off", "1", "[", "]", "{", "}", ":",
     "- ", "\n", "  ", '"', "&x ", "*x", "!!python/object:os.system ", "<<", "2027-01-01",
     "\0", "é"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_is_a_policy_or_a_clear_error(text: str) -> None:
    found: list[Problem] = []
    try:
        policy = parse_policy(text, "bgmode.yaml")
        assert policy.path == "bgmode.yaml"
    except PolicyError as error:
        found = error.problems
    for problem in found:
        assert problem.line >= 1
        assert "\n" not in problem.message
