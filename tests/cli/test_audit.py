"""``bgmode audit`` from outside: every background call once, with facts that are true."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner

from bgmode.cli.group import group
from tests.command import bgmode

Entry: TypeAlias = dict[str, Any]

TODAY = ("--today", "2026-06-01")
ANSWERS = (
    "interaction: background, stored_state: allowed, retrieval: polling, "
    "zdr_compatible: not-required, reason: r, fallback: sync"
)
POLICY = f"""\
job_types:
  open: {{description: d, data_class: public, background: allow, {ANSWERS}, max_wait: 30m}}
  reviewed: {{description: d, data_class: internal, background: review, {ANSWERS}}}
  denied: {{description: d, data_class: secret, background: deny, {ANSWERS}}}
"""
HEAD = "import time\n\nfrom openai import OpenAI\n\nclient = OpenAI()\n\n\n"
KEY = 'extra_headers={"Idempotency-Key": p}'
GOOD = f"client.responses.create(input=p, background=True, store=True, {KEY})"
WITHOUT_KEY = "client.responses.create(input=q, background=True, store=True)"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(**files: str) -> None:
    """Write modules with the usual head, and policies; ``a__b`` is b in the folder a."""
    for name, text in files.items():
        path = Path(*name.split("__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "bgmode":
            path.with_suffix(".yaml").write_text(text)
        else:
            path.with_suffix(".py").write_text(HEAD + text)


def audit(*arguments: str) -> Entry:
    done = CliRunner().invoke(group, ["audit", "--output-format", "json", *TODAY, *arguments])
    assert done.exit_code == 0, done.output
    result: Entry = json.loads(done.stdout)
    _all_is_there(result, arguments)
    return result


def _place(finding: Entry) -> tuple[Any, ...]:
    return tuple(finding[key] for key in ("path", "line", "column", "code", "message"))


def _all_is_there(result: Entry, arguments: tuple[str, ...]) -> None:
    """What ``bgmode check`` finds is at a call or among the others, never both."""
    command = ["check", "--output-format", "json", *TODAY, *arguments]
    checked = json.loads(CliRunner().invoke(group, command).stdout)["findings"]
    at_calls = {_place(each) for call in result["calls"] for each in call["findings"]}
    others = Counter(map(_place, result["other"]))
    assert at_calls.isdisjoint(others)
    assert at_calls | set(others) == set(map(_place, checked))
    assert max(others.values(), default=1) == 1


def calls(*arguments: str) -> list[Entry]:
    found: list[Entry] = audit(*arguments)["calls"]
    return found


def codes(call: Entry) -> list[str]:
    return sorted(finding["code"] for finding in call["findings"])


def facts(call: Entry, *names: str) -> tuple[Any, ...]:
    return tuple(call[name] for name in names)


def test_a_compliant_call_is_listed_with_every_answer() -> None:
    write(
        bgmode=POLICY,
        a=f"def f(p):\n    # bgmode: job-type=open\n    return {GOOD}.id\n",
    )
    (call,) = calls()
    assert facts(call, "path", "line", "symbol", "state") == ("a.py", 10, "a.f", "compliant")
    assert facts(call, "job_type", "job_type_from") == ("open", "the comment above the call")
    assert facts(call, "data_class", "decision", "max_wait") == ("public", "allow", 1800.0)
    assert facts(call, "store", "key", "streams", "certain") == ("True", "header", False, True)
    assert facts(call, "zdr", "waits", "findings", "suppressed") == (None, [], [], [])
    assert call["snippet"] == f"return {GOOD}.id"


@pytest.mark.parametrize(
    ("argument", "store", "key", "streams"),
    [
        ("", "not set", "none", False),
        ("store=False", "False", "none", False),
        ("store=unknown", "not seen", "none", False),
        ("store=True, stream=True", "True", "none", True),
        (KEY, "not set", "header", False),
        ("extra_headers=unknown", "not set", "not seen", False),
        ('metadata={"idempotency_key": p}', "not set", "metadata or a decorator", False),
        ("**unknown", "not seen", "not seen", False),
    ],
)
def test_what_the_call_does(argument: str, store: str, key: str, *, streams: bool) -> None:
    write(
        a=f"def f(p, unknown):\n    return client.responses.create(background=True, {argument})\n"
    )
    (call,) = calls()
    assert facts(call, "store", "key", "streams") == (store, key, streams)


def test_several_calls_of_a_function_are_kept_apart() -> None:
    write(
        a=f"""\
def f(p, q):
    first = {GOOD}
    second = {WITHOUT_KEY}
    return first.id, second.id


def g(p, q):
    return [{GOOD}.id, {WITHOUT_KEY}.id]
"""
    )
    found = calls()
    assert [codes(call) for call in found] == [[], ["BGM401"], [], ["BGM401"]]
    assert [call["line"] for call in found] == [9, 10, 15, 15]
    assert [call["state"] for call in found] == ["compliant", "open"] * 2


def test_waits_belong_to_the_job_they_wait_for() -> None:
    write(
        a=f"""\
def f(p, q):
    first = {GOOD}
    second = {WITHOUT_KEY}
    while first.status in ("queued", "in_progress"):
        time.sleep(2)
        first = client.responses.retrieve(first.id)
    while second.status != "completed":
        time.sleep(5)
        second = client.responses.retrieve(second.id)
"""
    )
    first, second = calls()
    (wait,), (other,) = first["waits"], second["waits"]
    assert facts(wait, "line", "bound", "interval") == (11, "none", "2 s")
    assert facts(other, "line", "bound", "interval") == (14, "none", "5 s")
    assert "BGM301" in codes(second)
    assert "BGM301" not in codes(first)


def test_what_a_wait_does_on_each_status() -> None:
    write(
        a=f"""\
def f(p):
    job = {GOOD}
    end = time.monotonic() + 600
    while job.status != "completed" and time.monotonic() < end:
        if job.status == "failed":
            raise RuntimeError
        time.sleep(4)
        job = client.responses.retrieve(job.id)
    return job


def g(p):
    job = {GOOD}
    while job.status != "completed":
        job = client.responses.retrieve(job.id)
"""
    )
    (wait,), (endless,) = (call["waits"] for call in calls())
    outcomes = {each["status"]: each["outcome"] for each in wait["endings"]}
    assert outcomes == {
        "queued": "goes on",
        "in_progress": "goes on",
        "completed": "leaves",
        "failed": "leaves",
        "cancelled": "bound",
        "incomplete": "bound",
    }
    lines = {each["status"]: each["lines"] for each in wait["endings"]}
    assert 13 in lines["failed"]
    assert 11 in lines["cancelled"]
    assert facts(wait, "bound", "interval") == ("a bound on line 11", "4 s")
    assert facts(endless, "bound", "interval") == ("none", "none")
    assert {each["status"] for each in endless["endings"] if each["outcome"] == "never ends"} == {
        "failed",
        "cancelled",
        "incomplete",
    }


def test_a_wait_at_the_module_level_has_all_its_findings() -> None:
    write(
        a=f"""\
p = input()
job = {GOOD}
while job.status != "completed":
    job = client.responses.retrieve(job.id)
"""
    )
    result = audit()
    assert codes(result["calls"][0]) == ["BGM301", "BGM303", "BGM305"]
    assert result["other"] == []


def test_each_caller_of_a_wrapper_is_an_entry() -> None:
    write(
        bgmode=POLICY,
        a=f"""\
def submit(p, job_type):
    return client.responses.create(
        background=True, store=True, {KEY}, metadata={{"job_type": job_type}}
    ).id


def good(p):
    return submit(p, "open")


def bad(p):
    return submit(p, "denied")


def unseen(p, kind):
    return submit(p, kind)


def misspelt(p):
    return submit(p, "opne")
""",
    )
    result = audit()
    found = {call["symbol"]: call for call in result["calls"]}
    assert {name: call["line"] for name, call in found.items()} == {
        "a.good": 15,
        "a.bad": 19,
        "a.unseen": 23,
        "a.misspelt": 27,
    }
    assert {name: codes(call) for name, call in found.items()} == {
        "a.good": [],
        "a.bad": ["BGM203"],
        "a.unseen": ["BGM207"],
        "a.misspelt": ["BGM202"],
    }
    assert found["a.bad"]["data_class"] == "secret"
    assert found["a.unseen"]["job_type"] is None
    assert result["other"] == []


def test_a_call_whose_option_is_set_elsewhere_keeps_its_findings() -> None:
    write(
        a="""\
def f(p):
    request = {"input": p}
    request["background"] = True
    return client.responses.create(**request).id
"""
    )
    result = audit()
    assert [codes(call) for call in result["calls"]] == [["BGM101", "BGM401"]]
    assert result["other"] == []


def test_approvals_that_are_in_force_and_that_were() -> None:
    approvals = """\
approvals:
  - {job_type: reviewed, path: a.py, by: '@new', reason: r, ticket: T-2, until: 2026-12-31}
  - {job_type: reviewed, by: '@old', reason: r, until: 2026-05-31}
"""
    code = f"def f(p):\n    # bgmode: job-type=reviewed\n    return {GOOD}.id\n"
    write(bgmode=POLICY + approvals, a=code, b=code)
    result = audit()
    one, other = result["calls"]
    assert [(each["by"], each["in_force"]) for each in one["approvals"]] == [
        ("@new", True),
        ("@old", False),
    ]
    assert [(each["by"], each["in_force"]) for each in other["approvals"]] == [("@old", False)]
    assert (one["state"], other["state"], codes(other)) == ("compliant", "open", ["BGM204"])
    assert [(each["kind"], each["until"], each["days_left"]) for each in result["expiries"]] == [
        ("approval", "2026-05-31", -1),
        ("approval", "2026-12-31", 213),
    ]


def test_what_is_waived_stays_with_its_call() -> None:
    waiver = "waivers:\n  - {rules: [BGM101], symbol: f, reason: old, owner: '@a'}\n"
    ignore = "  # bgmode: ignore[BGM401] reason=old until=2026-07-01"
    write(
        bgmode=waiver,
        a=f"""\
def f(p):
    return client.responses.create(background=True){ignore}


def g(p):
    return client.responses.create(background=True, {KEY})
""",
    )
    result = audit()
    waived, found = result["calls"]
    by = {each["code"]: each["suppressed"]["kind"] for each in waived["suppressed"]}
    assert by == {"BGM101": "waiver", "BGM401": "comment"}
    assert (waived["state"], found["state"], found["suppressed"]) == ("waived", "open", [])
    assert [each["kind"] for each in result["expiries"]] == ["comment"]
    assert [each["owner"] for each in result["waivers"]] == ["@a"]


@pytest.mark.parametrize(
    ("policy", "before", "why"),
    [
        ("zdr: {modules: ['a.py']}\n", "", "required by the policy's zdr.modules: a.py"),
        ("", "__zdr__ = True\n", "required by the module's __zdr__"),
        ("", "@zdr_required\n", "required by the function's decorator"),
        ("", "", None),
    ],
)
def test_why_zero_data_retention_is_required(policy: str, before: str, why: str | None) -> None:
    write(bgmode=policy, a=f"{before}def f(p):\n    return {GOOD}.id\n")
    (call,) = calls()
    assert call["zdr"] == why
    assert codes(call) == (["BGM110"] if why else [])


def test_files_under_several_policies() -> None:
    code = f"def f(p):\n    return {GOOD}.id\n"
    write(base__bgmode=POLICY, one__a=code, two__a=code, three__a=code)
    for folder, name in (("one", "open"), ("two", "denied")):
        write(**{f"{folder}__bgmode": f"extends: [../base/bgmode.yaml]\npaths: {{'**': {name}}}\n"})
    result = audit("one", "two", "three")
    assert result["policies"] == ["one/bgmode.yaml", "two/bgmode.yaml"]
    assert [facts(call, "path", "job_type", "decision") for call in result["calls"]] == [
        ("one/a.py", "open", "allow"),
        ("three/a.py", None, None),
        ("two/a.py", "denied", "deny"),
    ]
    assert result["calls"][0]["job_type_from"] == "the policy's paths: **"
    named = audit("--policy", "one/bgmode.yaml", "one", "two")
    assert named["policies"] == ["one/bgmode.yaml"]


def test_what_is_left_out() -> None:
    code = f"def f(p):\n    return {GOOD}.id\n"
    write(bgmode="exclude: ['gone/**']\n", a=code, old__a=code, gone__a=code)
    assert [call["path"] for call in calls(".")] == ["a.py", "old/a.py"]
    assert [call["path"] for call in calls("--exclude", "old", ".")] == ["a.py"]


def test_the_calls_are_in_order_and_each_is_there_once() -> None:
    code = f"def f(p):\n    return {GOOD}.id\n\n\ndef g(p):\n    return {GOOD}.id\n"
    write(b=code, a=code)
    expected = [("a.py", 9), ("a.py", 13), ("b.py", 9), ("b.py", 13)]
    assert [facts(call, "path", "line") for call in calls(".", "a.py")][-2:] == expected[-2:]
    assert [facts(call, "path", "line") for call in calls(".")] == expected


def test_the_same_in_every_process(tmp_path: Path) -> None:
    ignores = "".join(
        f'  # bgmode: ignore[{code}] reason="r" until=2026-06-20'
        for code in ("BGM101", "BGM401", "BGM501")
    )
    write(a=f"def f(p):\n    client.responses.create(background=True){ignores}\n")
    command = ("audit", "--output-format", "json", *TODAY)
    seeds = [{"PYTHONHASHSEED": seed} for seed in ("1", "2", "3")]
    written = {bgmode(*command, cwd=tmp_path, env=seed).stdout for seed in seeds}
    assert len(written) == 1
    assert written.pop().count('"kind": "comment"') >= 3


# Where it is written, and what goes wrong


@pytest.mark.parametrize(
    ("name", "start"),
    [("o.md", "# "), ("o.csv", "state,"), ("o.json", "{"), ("o.html", "<!doctype"), ("o", "# ")],
)
def test_the_ending_says_how_to_write(tmp_path: Path, name: str, start: str) -> None:
    write(a=f"def f(p):\n    return {GOOD}.id\n")
    done = CliRunner().invoke(group, ["audit", "-o", name, *TODAY])
    assert (done.exit_code, done.stdout) == (0, "")
    text = (tmp_path / name).read_text("utf-8")
    assert text.lower().startswith(start)
    assert "a.py" in text


def test_what_is_open_does_not_count_for_the_exit_code(tmp_path: Path) -> None:
    write(a="def f(p):\n    client.responses.create(background=True)\n")
    done = bgmode("audit", *TODAY, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of 1 background call has something open" in done.stdout


def test_what_cannot_be_read_is_said_and_the_rest_is_there(tmp_path: Path) -> None:
    write(a=f"def f(p):\n    return {GOOD}.id\n")
    done = bgmode("audit", *TODAY, "--output-format", "json", "a.py", "gone.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: gone.py: there is no such file or folder" in done.stderr
    result = json.loads(done.stdout)
    assert [call["path"] for call in result["calls"]] == ["a.py"]
    assert result["errors"] == ["gone.py: there is no such file or folder"]


def test_a_file_that_is_no_python_is_not_lost() -> None:
    write(a=f"def f(p):\n    return {GOOD}.id\n", half="client.responses.create(background=True,\n")
    done = CliRunner().invoke(group, ["audit", "--output-format", "json", *TODAY])
    assert done.exit_code == 2
    result = json.loads(done.stdout)
    assert [call["path"] for call in result["calls"]] == ["a.py"]
    assert "half.py" in {each["path"] for each in result["other"]}
    assert any(error.startswith("half.py:") for error in result["errors"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--policy", "gone.yaml"), "error: gone.yaml:1:1: No such file or directory"),
        (("-o", "gone/o.csv"), "gone/o.csv: No such file or directory"),
        (("--today", "tomorrow"), "tomorrow is no date of the form 2027-01-31"),
        (("a.ipynb",), "a.ipynb:1: this file cannot be read: no notebook of format 4"),
    ],
)
def test_mistakes_are_errors(arguments: tuple[str, ...], said: str) -> None:
    Path("a.ipynb").write_text("{}")
    done = CliRunner().invoke(group, ["audit", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_policy_with_a_mistake_is_an_error_and_the_rest_is_there() -> None:
    code = f"def f(p):\n    return {GOOD}.id\n"
    write(one__bgmode="rulez: {}\n", one__a=code, two__a=code)
    done = CliRunner().invoke(group, ["audit", "--output-format", "json", *TODAY])
    assert done.exit_code == 2
    result = json.loads(done.stdout)
    assert [call["path"] for call in result["calls"]] == ["two/a.py"]
    assert "one/bgmode.yaml:1:1: rulez: unknown key" in result["errors"][0]
