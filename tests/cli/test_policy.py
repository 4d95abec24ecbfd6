"""``bgmode policy``: show, validate, init and schema."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bgmode.cli.group import group
from bgmode.knowledge import RULES
from bgmode.policy.load import load_policy, parse_policy
from tests.command import BAD, bgmode
from tests.conftest import ROOT

EXAMPLE = (ROOT / "rules/policy.example.yaml").read_text("utf-8")
SHIPPED = set(parse_policy(EXAMPLE, "p").job_types)


@contextmanager
def here(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(*arguments: str, cwd: Path) -> Result:
    with here(cwd):
        return CliRunner().invoke(group, arguments)


def lines(done: Result) -> list[list[str]]:
    """The words of each line, the place last."""
    return [line.split() for line in done.stdout.splitlines()]


# show

BASE = """\
preset: strict
rules:
  BGM303: error
  endless-poll: warning
exclude: ["old/**"]
poll: {max_wait: 30m}
job_types:
  review: {background: review, reason: x}
wrappers:
  gateway: {functions: [{name: acme.submit, kind: create}]}
"""
POLICY = """\
extends: base.yaml
rules:
  implicit-store: info
  BGM301: off
undecided: ignore
annotations: {metadata_key: kind}
job_types:
  draft: {background: deny}
paths:
  "a/b/**": draft
  "a/**": review
zdr:
  modules: ["c/**"]
approvals:
  - {job_type: review, path: "a/**", by: "@x", reason: y, until: 2027-01-31}
waivers:
  - {rules: BGM303, paths: "a/b/*", reason: z}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "bgmode.yaml").write_text(POLICY)
    for name in ("a/b/m.py", "a/m.py", "c/m.py", "old/m.py", "m.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BAD)
    return tmp_path


def at(text: str, words: str, name: str) -> str:
    """The place of the first line that has ``words``."""
    number = next(n for n, line in enumerate(text.splitlines(), 1) if words in line)
    return f"{name}:{number}"


@pytest.mark.parametrize(
    ("words", "text", "written", "name"),
    [
        ("BGM101 implicit-store info", POLICY, "implicit-store", "bgmode.yaml"),
        ("BGM301 endless-poll off", POLICY, "BGM301", "bgmode.yaml"),
        ("BGM303 unbounded-poll error", BASE, "BGM303", "base.yaml"),
        ("preset strict", BASE, "preset", "base.yaml"),
        ("undecided ignore", POLICY, "undecided", "bgmode.yaml"),
        ("metadata_key kind", POLICY, "metadata_key", "bgmode.yaml"),
        ("max_wait 1800.0", BASE, "max_wait", "base.yaml"),
        ("job type review: review", BASE, "  review:", "base.yaml"),
        ("job type draft: deny", POLICY, "  draft:", "bgmode.yaml"),
        ("job type draft (by a/b/**)", POLICY, "a/b/**", "bgmode.yaml"),
        ("paths a/**: review", POLICY, '"a/**": review', "bgmode.yaml"),
        ("wrapper gateway", BASE, "  gateway:", "base.yaml"),
        ("waiver BGM303, suppresses nothing", POLICY, "rules: BGM303", "bgmode.yaml"),
        ("approval review by @x, until 2027-01-31", POLICY, "job_type:", "bgmode.yaml"),
    ],
)
def test_show_says_where_a_value_comes_from(
    project: Path, words: str, text: str, written: str, name: str
) -> None:
    shown = [" ".join(line) for line in lines(run("policy", "show", "a/b/m.py", cwd=project))]
    assert f"{words} {at(text, written, name)}" in shown


def test_show_has_every_rule_with_what_the_policy_says(project: Path) -> None:
    policy = load_policy(str(project / "bgmode.yaml"))
    shown = lines(run("policy", "show", "m.py", cwd=project))
    assert {line[0]: line[2] for line in shown if line[0] in RULES} == {
        rule.code: policy.severity(rule) or "off" for rule in RULES.values()
    }


@pytest.mark.parametrize(
    ("path", "said", "unsaid"),
    [
        ("a/m.py", "review (by a/**)", "requires ZDR"),
        ("c/m.py", "requires ZDR", "(by"),
        ("old/m.py", "excluded", "waiver"),
        ("m.py", "preset", "approval"),
    ],
)
def test_show_speaks_of_the_file(project: Path, path: str, said: str, unsaid: str) -> None:
    shown = run("policy", "show", path, cwd=project).stdout
    assert said in shown
    assert unsaid not in shown


def test_show_without_a_policy(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(BAD)
    done = run("policy", "show", "m.py", cwd=tmp_path)
    assert done.exit_code == 0
    assert "no policy file, the default applies" in done.stdout
    assert "BGM201 missing-job-type off no job_types".split() in lines(done)


def test_show_of_a_policy_that_is_named(project: Path) -> None:
    done = run("policy", "show", "--policy", "base.yaml", "m.py", cwd=project)
    assert done.stdout.startswith("m.py: base.yaml\n")
    assert "draft" not in done.stdout


def test_show_refuses(project: Path) -> None:
    assert run("policy", "show", "none.py", cwd=project).exit_code == 2
    (project / "bgmode.yaml").write_text("presets: x\n")
    done = run("policy", "show", "m.py", cwd=project)
    assert done.exit_code == 2
    assert "did you mean `preset`?" in done.stderr


# validate


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("preset: strict\n", 0, "bgmode.yaml: no problems; 0 job types"),
        ("job_types: {a: {background: deny}}\n", 0, "1 job types"),
        ("job_types: {a: {background: allow}}\n", 1, "bgmode.yaml:1:1: BGM205 jobs of type `a`"),
        ("waivers: [{rules: BGM101, paths: 'm.py'}]\n", 1, "BGM004 this waiver"),
        (
            "waivers: [{rules: BGM101, paths: 'm.py', reason: x, until: 2026-01-01}]\n",
            1,
            "BGM005",
        ),
        ("exclude: ['none/**']\n", 0, "1:1: warning: `none/**` matches no Python file"),
        ("exclude: ['m.py']\n", 0, "no problems"),
    ],
)
def test_validate(tmp_path: Path, text: str, code: int, said: str) -> None:
    (tmp_path / "bgmode.yaml").write_text(text)
    (tmp_path / "m.py").write_text("")
    done = run("policy", "validate", "--today", "2026-11-22", cwd=tmp_path)
    assert done.exit_code == code
    assert said in done.stdout


@pytest.mark.parametrize(
    "text", ["a: [", "presets: x", "rules: {BGM999: error}", "extends: b.yaml"]
)
def test_validate_refuses(tmp_path: Path, text: str) -> None:
    (tmp_path / "bgmode.yaml").write_text(f"\n{text}\n")
    done = bgmode("policy", "validate", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: bgmode.yaml:")
    assert "Traceback" not in done.stderr


def test_validate_without_a_policy(tmp_path: Path) -> None:
    done = run("policy", "validate", cwd=tmp_path)
    assert done.exit_code == 2
    assert "`bgmode policy init` writes one" in done.stderr


# init

STORED = BAD.replace("background=True", "background=True, store=True")
ODD = [
    *(
        "a b",
        "it's",
        'qu"ote',
        "ha#sh",
        "a # b",
        "co:lon",
        "a: b",
        "ünïcode",
        "日本",
        "-dash",
        "--",
    ),
    *(
        "9lives",
        "on",
        "yes",
        "null",
        "true",
        "~",
        "!x",
        "&a",
        "*star",
        "st*ar",
        "qu?",
        "[b]",
        "{b}",
    ),
    *("a\\b", "%p", "@at", "`tick`", "tab\tx", " lead", "trail ", "job_types", "x.y", "|", "> "),
]


def judged(folder: Path) -> dict[str, tuple[str, ...]]:
    """What the rules on job types say of each file."""
    done = run("check", "--select", "BGM2", "--output-format", "json", ".", cwd=folder)
    found: dict[str, tuple[str, ...]] = {}
    for each in json.loads(done.stdout)["findings"]:
        found[each["path"]] = (*found.get(each["path"], ()), each["code"])
    return found


def started(folder: Path, files: dict[str, str]) -> set[str]:
    """Write a policy for a project; it has to be right, and to name every call's job type."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert run("policy", "init", cwd=folder).exit_code == 0
    assert run("policy", "validate", cwd=folder).exit_code == 0
    assert judged(folder) == dict.fromkeys(files, ("BGM204",))
    policy = load_policy(str(folder / "bgmode.yaml"))
    new = set(policy.job_types) - SHIPPED
    assert {policy.job_types[name].background for name in new} == {"review"}
    return new


@pytest.mark.parametrize("name", ODD)
def test_init_takes_odd_names(tmp_path: Path, name: str) -> None:
    assert len(started(tmp_path, {f"{name}/m.py": STORED})) == 1


WORDS = st.text("ab1 -_#:'\"\\é日!&@%`~[]{}|>.,=+$^", min_size=1, max_size=8)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example("- a: b # c")
@given(WORDS.filter(lambda word: not word.startswith(".") and word != "build"))
def test_init_takes_any_name(word: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert len(started(Path(folder), {f"{word}/m.py": STORED})) == 1


def test_init_names_each_folder(tmp_path: Path) -> None:
    files = dict.fromkeys(["m.py", "a/m.py", "a/b/m.py", "a/b/n.py", "c/a/m.py"], STORED)
    assert started(tmp_path, files) == {"this-project", "a", "a-b", "c-a"}
    policy = load_policy(str(tmp_path / "bgmode.yaml"))
    told = {name: policy.suggested_job_type(str(tmp_path / name)) for name in files}
    assert {name: pair[1] for name, pair in told.items() if pair} == {
        "m.py": "this-project",
        "a/m.py": "a",
        "a/b/m.py": "a-b",
        "a/b/n.py": "a-b",
        "c/a/m.py": "c-a",
    }


def test_init_takes_many_folders(tmp_path: Path) -> None:
    assert len(started(tmp_path, {f"f{number}/m.py": STORED for number in range(40)})) == 40


@pytest.mark.parametrize("name", ["nightly", "nightly: x", "on", 'a "b"', "é # c"])
def test_init_keeps_the_job_types_of_the_code(tmp_path: Path, name: str) -> None:
    metadata = f"metadata={json.dumps({'job_type': name}, ensure_ascii=False)}, store=True"
    text = STORED.replace("store=True", metadata)
    assert started(tmp_path, {"a/m.py": text}) == {name}


def test_init_names_the_calls(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(BAD)
    done = run("policy", "init", cwd=tmp_path)
    assert "m.py:7: a background call\n" in done.stdout
    assert "Calls of this kind: m.py:7\n" in (tmp_path / "bgmode.yaml").read_text()


def test_init_goes_by_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "sub" / "a").mkdir(parents=True)
    (tmp_path / "sub" / "a" / "m.py").write_text(STORED)
    assert run("policy", "init", "sub/bgmode.yaml", cwd=tmp_path).exit_code == 0
    assert judged(tmp_path) == {"sub/a/m.py": ("BGM204",)}


def test_init_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "bgmode.yaml").write_text("x: [")
    (tmp_path / "m.py").write_text(STORED)
    done = bgmode("policy", "init", cwd=tmp_path)
    assert done.returncode == 2
    assert "--force replaces it" in done.stderr
    assert (tmp_path / "bgmode.yaml").read_text() == "x: ["
    assert bgmode("policy", "init", "--force", cwd=tmp_path).returncode == 0
    assert run("policy", "validate", cwd=tmp_path).exit_code == 0


# The example, and the schema


def test_schema_is_the_file_that_is_shipped(tmp_path: Path) -> None:
    done = run("policy", "schema", cwd=tmp_path)
    assert done.stdout == (ROOT / "rules/policy.schema.json").read_text("utf-8")


def test_the_example_has_every_section() -> None:
    known = json.loads((ROOT / "rules/policy.schema.json").read_text("utf-8"))["properties"]
    written = {line.partition(":")[0] for line in EXAMPLE.splitlines() if line[:1].isalpha()}
    assert written == set(known)


@pytest.mark.parametrize("section", ["wrappers", "waivers", "approvals", "suppressions", "lock"])
def test_what_the_example_leaves_out_is_right(section: str) -> None:
    _, _, rest = EXAMPLE.partition(f"\n{section}:\n")
    block = rest.partition("\n\n")[0]
    shown = [line.replace("# ", "", 1) for line in block.splitlines() if not line[4:5].isupper()]
    text = f"{section}:\n" + "\n".join(shown) + "\njob_types:\n"
    text += "\n".join(f"  {name}: {{background: review}}" for name in sorted(SHIPPED))
    policy = parse_policy(text, "p")
    assert getattr(policy, section, True)
