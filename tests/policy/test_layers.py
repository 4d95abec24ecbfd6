"""Policies that extend others: what is merged, and what a lock lets through."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import pytest

from bgmode.knowledge import RULES, Vocabulary
from bgmode.policy.load import load_policy
from bgmode.policy.policy import Idempotency, Policy, Poll, Zdr
from bgmode.policy.problem import PolicyError


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(**files: str) -> None:
    """Write ``name.yaml`` files; ``a__b`` is b in the folder a."""
    for name, text in files.items():
        path = Path(*name.split("__")).with_suffix(".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def problems(name: str = "child.yaml") -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(name)
    return [str(problem) for problem in caught.value.problems]


def child(text: str, parent: str) -> Policy:
    write(parent=parent, child=f"extends: parent.yaml\n{text}")
    return load_policy("child.yaml")


def refused(text: str, parent: str) -> list[str]:
    """What is said of a child, without its file's name."""
    write(parent=parent, child=f"extends: parent.yaml\n{text}")
    return [each.removeprefix("child.yaml:") for each in problems()]


# extends


def test_a_path_is_relative_to_the_file_that_says_it() -> None:
    write(
        child="extends: company/base.yaml\n",
        company__base="extends: [parts/rules.yaml, ../top.yaml]\n",
        company__parts__rules="rules: {BGM303: error}\n",
        top="undecided: ignore\n",
    )
    policy = load_policy("child.yaml")
    assert policy.severity(RULES["BGM303"]) == "error"
    assert policy.report_undecided is False


def test_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "acme_policy_of_a_test"
    (package / "parts").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('it was imported')\n", "utf-8")
    (package / "bgmode.yaml").write_text("extends: parts/more.yaml\npreset: strict\n", "utf-8")
    (package / "parts" / "more.yaml").write_text("exclude: [old]\n", "utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    write(
        whole="extends: acme_policy_of_a_test\n",
        part="extends: [acme_policy_of_a_test:parts/more.yaml]\n",
        none="extends: acme_policy_of_a_test:parts/none.yaml\n",
    )
    assert load_policy("whole.yaml").preset == "strict"
    assert load_policy("whole.yaml").exclude == ("old",)
    assert load_policy("part.yaml").preset == "standard"
    assert load_policy("part.yaml").exclude == ("old",)
    (problem,) = problems("none.yaml")
    assert "there is no file" in problem
    assert "acme_policy_of_a_test" not in sys.modules


def test_a_diamond_is_read_once() -> None:
    write(
        child="extends: [left.yaml, right.yaml]\nexclude: [d]\n",
        left="extends: base.yaml\nexclude: [b]\n",
        right="extends: ./base.yaml\nexclude: [c]\n",
        base="exclude: [a]\n",
    )
    assert load_policy("child.yaml").exclude == ("a", "b", "c", "d")


def test_the_nearest_word_counts() -> None:
    write(
        child="extends: [left.yaml, right.yaml]\n",
        left="preset: strict\nrules: {BGM303: error}\n",
        right="preset: minimal\nrules: {BGM303: info}\n",
    )
    policy = load_policy("child.yaml")
    assert (policy.preset, policy.severities) == ("minimal", {"BGM303": "info"})


def test_a_cycle_and_a_missing_file_have_their_places() -> None:
    write(
        child="preset: strict\nextends:\n  - left.yaml\n  - none.yaml\n",
        left="extends: [right.yaml]\n",
        right="extends: [left.yaml]\n",
    )
    assert problems() == [
        "child.yaml:4:5: extends[1]: there is no file none.yaml",
        "right.yaml:1:11: extends[0]: `left.yaml` leads back to this file",
    ]


def test_what_is_wrong_in_an_extended_file_is_told_there() -> None:
    write(child="extends: [a.yaml, b.yaml]\npresets: x\n", a="exclud: [x]\n", b="a: [\n")
    assert [each.partition(": ")[0] for each in problems()] == [
        "a.yaml:1:1",
        "b.yaml:1:5",
        "child.yaml:2:1",
    ]


# What is merged


def test_every_section_is_merged() -> None:
    policy = child(
        """
rules: {BGM303: off, BGM401: error}
exclude: [new]
suppressions: {}
annotations: {name: kind}
idempotency: {decorators: [once]}
poll: {interval: {max: 30s}}
zdr: {modules: [b], organizations: [org_1]}
job_types:
  report: {max_wait: 5m}
  draft: {background: deny}
paths: {"a/**": draft}
approvals: [{job_type: report, by: b, reason: c}]
waivers: [{rules: BGM303, paths: b, reason: c, until: 2027-01-31}]
wrappers: {two: {functions: [{name: acme.two, kind: create}]}}
""",
        """
preset: strict
undecided: ignore
rules: {BGM303: error, BGM305: info}
exclude: [old]
suppressions: {require: [ticket]}
annotations: {metadata_key: job}
idempotency: {metadata_keys: [job]}
poll: {interval: {min: 5s, max: 60s}, max_wait: 1h}
zdr: {modules: [a], projects: [proj_1]}
job_types:
  report: {background: review, data_class: public, max_wait: 1h}
paths: {"**": report}
approvals: [{path: a, by: b, reason: c}]
waivers: [{rules: BGM305, symbol: a, reason: c}]
wrappers: {one: {functions: [{name: acme.one, kind: create}]}}
""",
    )
    assert (policy.preset, policy.report_undecided) == ("strict", False)
    assert policy.severities == {"BGM303": None, "BGM305": "info", "BGM401": "error"}
    assert policy.exclude == ("old", "new")
    assert policy.suppressions.require == ("ticket",)
    assert policy.vocabulary == Vocabulary(metadata_key="job", name="kind")
    assert policy.idempotency == Idempotency(metadata_keys=("job",), decorators=("once",))
    assert policy.poll == Poll(min_interval=5, max_interval=30, max_wait=3600)
    assert policy.zdr == Zdr(("a", "b"), ("proj_1",), ("org_1",))
    report = policy.job_types["report"]
    assert (report.background, report.data_class, report.max_wait) == ("review", "public", 300)
    assert (report.file, report.line) == ("child.yaml", 11)
    assert set(policy.job_types) == {"report", "draft"}
    assert policy.suggested_job_type("a/b.py") == ("a/**", "draft")
    assert policy.suggested_job_type("b.py") == ("**", "report")
    assert [each.file for each in policy.approvals] == ["parent.yaml", "child.yaml"]
    assert [each.until for each in policy.waivers] == [None, datetime.date(2027, 1, 31)]
    assert [each.name for each in policy.wrappers] == ["one", "two"]


def test_the_origin_is_the_file_with_the_last_word() -> None:
    policy = child("preset: strict\n", "preset: minimal\nundecided: ignore\n")
    assert policy.origins["preset"] == ("child.yaml", 2)
    assert policy.origins["undecided"] == ("parent.yaml", 2)


def test_a_job_type_is_decided_by_either_file() -> None:
    parent = "job_types: {a: {background: deny}, b: {}}\n"
    assert child("job_types: {b: {background: deny}}\n", parent).job_types["b"].line == 2
    assert refused("job_types: {c: {reason: x}}\n", parent) == [
        "2:16: job_types.c: the key `background` is missing",
        "parent.yaml:1:39: job_types.b: the key `background` is missing",
    ]


def test_names_may_be_explained_by_another_file() -> None:
    parent = "job_types: {report: {background: deny}}\n"
    assert child("paths: {a: report}\n", parent).paths == (("a", "report"),)
    assert refused("paths: {a: reprt}\n", parent) == [
        "2:12: paths.a: `reprt` is none of the job_types, did you mean `report`?"
    ]


def test_an_interval_that_two_files_make_impossible() -> None:
    (problem,) = refused("poll: {interval: {min: 90s}}\n", "poll: {interval: {max: 60s}}\n")
    assert problem == "2:18: poll.interval: min (90 s) is more than max (60 s)"


# Locks: for each key something that is tighter, and something that is looser

JOB = (
    "job_types: {a: {background: review, stored_state: forbidden, zdr_compatible: required, "
    "data_class: x, interaction: streaming, require: true, max_wait: 1h}}\n"
)
WRAPPER = "wrappers: {{a: {{functions: [{{name: {}, kind: create}}]}}}}\n"
LOCKS = [
    ("preset", "", "preset: strict", "preset: minimal",
     "2:9: preset: `minimal` is less than `standard`"),
    ("preset", "preset: strict", "preset: strict", "preset: standard",
     "2:9: preset: `standard` is less than `strict`"),
    ("undecided", "", "undecided: report", "undecided: ignore",
     "2:12: undecided: calls that cannot be seen must be reported"),
    ("provider", "provider: [openai, agno]", "provider: [agno, openai, http]", "provider: openai",
     "2:11: provider: calls of agno must be judged"),
    ("provider", "", "provider: []", "provider: [openai, http]",
     "2:11: provider: calls of agent_framework, agno, langchain_openai, litellm, openai_agents, "
     "perplexity, pydantic_ai must be judged"),
    ("store", "store: forbidden", "store: forbidden", "store: allowed",
     "2:8: store: this must stay `forbidden`"),
    ("store", "", "store: forbidden", "store: allowed",
     "2:8: store: stored state cannot be allowed here"),
    ("rules", "", "rules: {BGM303: error, BGM406: info}", "rules: {BGM303: info}",
     "2:17: rules.BGM303: BGM303 `info` is less than `warning`"),
    ("rules", "rules: {BGM406: error}", "rules: {BGM305: error}",
     "rules: {client-retried-create: off}",
     "2:32: rules.BGM406: BGM406 `off` is less than `error`"),
    ("rules.BGM303", "", "rules: {BGM303: error, BGM305: off}", "rules: {BGM303: off}",
     "2:17: rules.BGM303: BGM303 `off` is less than `warning`"),
    ("rules.unbounded-poll", "", "rules: {BGM305: off}", "rules: {unbounded-poll: info}",
     "2:25: rules.BGM303: BGM303 `info` is less than `warning`"),
    ("rules.BGM303", "", "preset: strict", "preset: minimal",
     "2:9: preset: BGM303 `off` is less than `warning`"),
    ("rules.BGM103", "preset: strict", "preset: strict", "preset: standard",
     "2:9: preset: BGM103 `off` is less than `info`"),
    ("exclude", "exclude: [a]", "exclude: []", "exclude: [b]",
     "2:10: exclude: nothing can be added to this"),
    ("approvals", JOB, "approvals: []", "approvals: [{job_type: a, by: b, reason: c}]",
     "2:12: approvals: nothing can be added to this"),
    ("waivers", "", "waivers: []", "waivers: [{rules: BGM303, paths: a}]",
     "2:10: waivers: nothing can be added to this"),
    ("kill_switches", "kill_switches: [a.on]", "kill_switches: []", "kill_switches: [b.on]",
     "2:16: kill_switches: nothing can be added to this"),
    ("paths", JOB, "paths: {}", "paths: {b: a}", "2:8: paths: nothing can be added to this"),
    ("suppressions", "", "suppressions: {require: [reason, owner]}", "suppressions: {require: []}",
     "2:25: suppressions.require: reason must stay required"),
    ("suppressions", "", "preset: strict", "preset: minimal", "reason must stay required"),
    ("suppressions.require", "suppressions: {require: [until, owner]}", "suppressions: {}",
     "suppressions: {require: [owner]}", "2:25: suppressions.require: until must stay required"),
    ("annotations", "annotations: {name: kind}", "annotations: {name: kind}",
     "annotations: {metadata_key: kind}",
     "2:29: annotations.metadata_key: this must stay `job_type`"),
    ("wrappers", WRAPPER.format("x.y"), "wrappers: {b: {clients: [{class: x.Y}]}}",
     WRAPPER.format("x.z"), "2:15: wrappers.a: this cannot be changed"),
    ("idempotency", "", "idempotency: {metadata_keys: [idempotency_key], key_names: [a]}",
     "idempotency: {metadata_keys: [a]}",
     "2:30: idempotency.metadata_keys: a would count as a key as well"),
    ("idempotency.decorators", "", "idempotency: {metadata_keys: [a]}",
     "idempotency: {decorators: [a]}",
     "2:27: idempotency.decorators: a would count as a key as well"),
    ("poll", "poll: {interval: {min: 5s, max: 60s}}", "poll: {interval: {max: 30s}}",
     "poll: {interval: {min: 4s}}", "2:18: poll.interval: a shorter interval than 5 s"),
    ("poll", "", "poll: {interval: {min: 1s, max: 60s}}", "poll: {interval: {min: 0.1s}}",
     "2:18: poll.interval: a shorter interval than 0.5 s"),
    ("poll.interval", "", "poll: {max_wait: 1d}", "poll: {interval: {max: 1h}}",
     "2:18: poll.interval: a longer interval than 300 s"),
    ("poll.max_wait", "poll: {max_wait: 1m}", "poll: {max_wait: 30s, interval: {min: 0.1s}}",
     "poll: {max_wait: 61s}", "2:18: poll.max_wait: a longer wait than 60 s"),
    ("job_types", JOB, "job_types: {a: {background: deny, max_wait: 1m}, b: {background: review}}",
     "job_types: {a: {background: allow}}",
     "2:29: job_types.a.background: `allow` is looser than `review`"),
    ("job_types", JOB, "job_types: {b: {background: deny}}", "job_types: {b: {background: allow}}",
     "2:29: job_types.b.background: a new job type cannot be allowed without a review"),
    ("job_types", JOB, "job_types: {a: {require: true}}", "job_types: {a: {require: false}}",
     "2:26: job_types.a.require: this must stay `true`"),
    ("job_types", JOB, "job_types: {a: {reason: x}}", "job_types: {a: {stored_state: allowed}}",
     "2:31: job_types.a.stored_state: this must stay `forbidden`"),
    ("job_types", JOB, "job_types: {a: {fallback: x}}",
     "job_types: {a: {zdr_compatible: not-required}}",
     "2:33: job_types.a.zdr_compatible: this must stay `required`"),
    ("job_types", JOB, "job_types: {a: {description: x}}", "job_types: {a: {data_class: y}}",
     "2:29: job_types.a.data_class: this must stay `x`"),
    ("job_types", JOB, "job_types: {a: {retrieval: polling}}",
     "job_types: {a: {interaction: background}}",
     "2:30: job_types.a.interaction: this must stay `streaming`"),
    ("job_types.a", JOB, "job_types: {b: {background: allow}}", "job_types: {a: {max_wait: 2h}}",
     "2:27: job_types.a.max_wait: a longer wait than 3600 s"),
    ("job_types.a.max_wait", JOB, "job_types: {a: {background: allow}}",
     "job_types: {a: {max_wait: 2h}}", "2:27: job_types.a.max_wait: a longer wait than 3600 s"),
]  # fmt: skip


@pytest.mark.parametrize(("lock", "parent", "tighter", "looser", "message"), LOCKS)
def test_a_locked_key_can_only_be_tightened(
    lock: str, parent: str, tighter: str, looser: str, message: str
) -> None:
    locked = f"lock: {lock}\n{parent}\n"
    child("", locked)
    child(f"{tighter}\n", locked)
    child(f"{looser}\n", parent)
    (problem,) = refused(f"{looser}\n", locked)
    assert problem.removesuffix(" (locked by parent.yaml)").endswith(message)
    assert problem.endswith(" (locked by parent.yaml)")


def test_what_a_lock_has_no_word_on_is_free() -> None:
    parent = "lock: [zdr, extends, lock]\nzdr: {modules: [a]}\n"
    write(more="exclude: [x]\n")
    policy = child("lock: rules\nzdr: {modules: [b]}\n", parent)
    assert policy.zdr.modules == ("a", "b")


def test_every_key_has_a_lock_or_only_grows() -> None:
    from bgmode.policy import schema

    locked = {lock.partition(".")[0] for lock, *_ in LOCKS}
    assert set(schema.TOP) - locked == {"extends", "lock", "zdr"}


def test_an_empty_section_loosens_nothing() -> None:
    parent = (
        "lock: [rules, suppressions, poll, job_types, zdr]\nrules: {BGM303: error}\n"
        f"suppressions: {{require: [reason]}}\npoll: {{max_wait: 1m}}\n{JOB}"
    )
    text = "rules:\nsuppressions: {}\npoll: {}\njob_types: {a: {}}\nzdr:\n"
    policy = child(text, parent)
    assert policy.severities == {"BGM303": "error"}
    assert policy.suppressions.require == ("reason",)
    assert policy.poll.max_wait == 60
    assert policy.job_types["a"].background == "review"


def test_a_lock_holds_on_the_second_level() -> None:
    write(
        top="lock: [rules, job_types.a]\nrules: {BGM303: warning}\n" + JOB,
        middle="extends: top.yaml\nrules: {BGM303: error}\nlock: undecided\n",
        child="extends: middle.yaml\nrules:\n  BGM303: warning\nundecided: ignore\n"
        "job_types:\n  a:\n    background: allow\n",
    )
    assert problems() == [
        "child.yaml:3:11: rules.BGM303: BGM303 `warning` is less than `error` (locked by top.yaml)",
        "child.yaml:4:12: undecided: calls that cannot be seen must be reported "
        "(locked by middle.yaml)",
        "child.yaml:7:17: job_types.a.background: `allow` is looser than `review` "
        "(locked by top.yaml)",
    ]


def test_a_lock_is_not_undone_by_the_child_s_own() -> None:
    assert refused("lock: []\nrules: {BGM101: off}\n", "lock: rules\n") == [
        "3:17: rules.BGM101: BGM101 `off` is less than `error` (locked by parent.yaml)"
    ]


def test_a_preset_under_a_lock_of_all_rules() -> None:
    found = refused("preset: minimal\n", "lock: rules\n")
    assert {each.partition(": ")[0] for each in found} == {"2:9"}
    assert any("BGM303 `off` is less than `warning`" in each for each in found)
    assert child("preset: minimal\nrules: {BGM101: error}\n", "lock: rules.BGM101\n").preset


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("ruls", "unknown key `ruls`, did you mean `rules`?"),
        ("rules.BGM999", "unknown rule, did you mean `BGM509`?"),
        ("rules.", "unknown rule"),
        ("poll.intervall", "unknown key `poll.intervall`, did you mean `interval`?"),
        ("job_types.", "unknown key `job_types.`"),
        (".", "unknown key `.`"),
    ],
)
def test_what_cannot_be_locked(written: str, message: str) -> None:
    write(child=f"lock: [zdr, {written}]\n")
    assert problems() == [f"child.yaml:1:13: lock[1]: {message}"]
