"""Policies from strangers: a clear error at its place, little memory and time, nothing is run."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bgmode.policy.load import parse_policy
from bgmode.policy.problem import PolicyError, Problem
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX's")

MEMORY = 600 << 20  # bytes of addresses: as much as a process can ask for
RESIDENT = 200 << 20  # bytes that it really uses
SECONDS = 2.0  # of processor time, some ten times of what is needed
LAUNCHER = """
import json, os, resource, sys
import bgmode.cli.check, bgmode.cli.policy, bgmode.policy.schema, yaml  # once for all of them
from bgmode.cli import main

command, limit, folders = json.loads(sys.argv[1])
found = []
for folder in folders:
    pid = os.fork()
    if not pid:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        os.chdir(folder)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{folder}.{name}", os.O_CREAT | os.O_WRONLY, 0o600), number)
        sys.argv = ["bgmode", *command]
        main()
    _, status, used = os.wait4(pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    code = os.waitstatus_to_exitcode(status)
    found.append([code, used.ru_utime + used.ru_stime, used.ru_maxrss * unit])
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Outcome:
    """What the command made of a policy: a process of its own, with little memory and time."""

    code: int
    seconds: float
    resident: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """What was said, once everything about it is as it should be."""
        assert "Traceback" not in self.err, self.err
        assert self.code in (0, 1, 2)  # 1: it can be used, and leaves something open
        assert self.seconds < SECONDS
        assert self.resident < RESIDENT
        assert len(self.err) < 100_000
        lines = self.err.splitlines()
        if self.code == 2:
            assert all(re.fullmatch(r"error: [^:]+:\d+:\d+: \S.*", line) for line in lines), lines
        return lines

    @property
    def refusal(self) -> str:
        """The first thing that is said of a policy that cannot be used."""
        (first, *_) = self.errors
        assert self.code == 2
        return first.removeprefix("error: bgmode.yaml:")


def run(folders: list[Path], *command: str) -> list[Outcome]:
    """Run the command in each of the folders."""
    request = json.dumps([command, MEMORY, [str(folder) for folder in folders]])
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, request],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    return [
        Outcome(*found, *(Path(f"{folder}.{name}").read_text("utf-8") for name in ("out", "err")))
        for folder, found in zip(folders, json.loads(done.stdout), strict=True)
    ]


def validate(folder: Path, text: str) -> Outcome:
    """What is said of a policy in ``folder``."""
    below = folder / "project"
    below.mkdir(exist_ok=True)
    (below / "bgmode.yaml").write_text(text, "utf-8")
    return run([below], "policy", "validate", "bgmode.yaml")[0]


JOBS = "job_types:\n  report: {background: review}\n"
LAUGHS = "".join(
    f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]\n"
    for above, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HEAVY: dict[str, tuple[str | bytes, str]] = {
    "aliases that multiply": ("a: &a [x, x, x, x, x, x, x, x, x]\n" + LAUGHS, "1:1: more than"),
    "the same in a known key": ("zdr: {modules: &a [x, x, x]}\n" + LAUGHS, "1:1: more than"),
    "an alias of itself": ("exclude: &a [*a]\n", "1:1: more than 100000 values"),
    "a mapping in itself": ("rules: &a {BGM101: *a}\n", "1:1: more than 100000 values"),
    "10 MB": ("#" * 10_000_000, "1:1: larger than 1000000 bytes"),
    "lists in lists": ("exclude: " + "[" * 450_000 + "]" * 450_000, "1:1: nested too deeply"),
    "lists in lists, open": ("exclude: " + "[" * 900_000, "1:1: nested too deeply"),
    "mappings in mappings": ("{a: " * 200_000, "1:1: nested too deeply"),
    "blocks in blocks": ("- " * 400_000, "1:1: nested too deeply"),
    "keys in keys": ("? " * 400_000, "1:1: nested too deeply"),
    "lines in lines": ("".join(" " * n + "a:\n" for n in range(1300)), "51:1: nested too deeply"),
    "a long plain key": ("k" * 900_000 + ": x\n", "1:900001: mapping values are not allowed"),
    "a long explicit key": ("? " + "k" * 900_000 + "\n: x\n", "1:3: kkkkk"),
    "a long word": ("preset: " + "k" * 900_000, "1:9: preset: `kkkkkk"),
    "a long number": ("poll: {max_wait: " + "9" * 900_000 + "d}", "1:18: poll.max_wait: `999"),
    "many keys": ("".join(f"k{n}: 1\n" for n in range(10_000)), "1:1: k0: unknown key"),
    "too many keys": ("".join(f"k{n}: 1\n" for n in range(60_000)), "1:1: more than 100000"),
    "many rules that are close to one": (
        "rules:\n" + "".join(f"  endless-pol{n}: off\n" for n in range(20_000)),
        "2:3: rules.endless-pol0: unknown rule, did you mean `endless-poll`?",
    ),
    "many problems": (
        JOBS + "paths:\n" + "".join(f"  a{n}: repor{n}\n" for n in range(10_000)),
        "4:7: paths.a0: `repor0` is none of the job_types, did you mean `report`?",
    ),
    "many problems and many names": (
        "job_types:\n"
        + "".join(f"  t{n}: {{background: deny}}\n" for n in range(4_000))
        + "paths:\n"
        + "".join(f"  a{n}: t{n}x\n" for n in range(4_000)),
        "4003:7: paths.a0: `t0x` is none of the job_types",
    ),
    "many files": (
        "extends: [" + ", ".join(f"a{n}.yaml" for n in range(15_000)) + "]",
        "1:11: extends[0]: there is no file a0.yaml",
    ),
    "many packages": (
        "extends: [" + ", ".join(f"bgmode_none_{n}" for n in range(8_000)) + "]",
        "1:11: extends[0]: there is no package `bgmode_none_0`",
    ),
}


def test_many_problems_are_cut(tmp_path: Path) -> None:
    errors = validate(tmp_path, "".join(f"k{n}: 1\n" for n in range(5_000))).errors
    assert len(errors) == 101
    assert errors[-1] == "error: bgmode.yaml:1:1: and 4900 problems more"


def test_many_large_files_are_too_much(tmp_path: Path) -> None:
    names = [f"a{n}.yaml" for n in range(31)]
    for name in names:
        (tmp_path / name).write_text(f"exclude: [{', '.join(['x'] * 80_000)}]\n", "utf-8")
    names = [f"../{name}" for name in names]
    assert (
        "more than 100000 values" in validate(tmp_path, f"extends: {json.dumps(names)}").errors[0]
    )


def test_many_locks_on_many_levels(tmp_path: Path) -> None:
    names = [f"a{n}.yaml" for n in range(31)]
    locks = ", ".join(f"job_types.t{n}" for n in range(1_500))
    for name in names:
        text = f"lock: [rules, preset, {locks}]\nrules: {{BGM303: error}}\n"
        (tmp_path / name).write_text(text, "utf-8")
    names = [f"../{name}" for name in names]
    outcome = validate(tmp_path, f"extends: {json.dumps(names)}")
    assert (outcome.errors, outcome.code) == ([], 0)


# Bytes

BYTES: dict[str, tuple[str | bytes, str]] = {
    "UTF-16": ("preset: strict\n".encode("utf-16"), "1:1: this is not UTF-8 text"),
    "UTF-16, no mark": ("preset: strict\n".encode("utf-16-be"), "1:1: the character U+0000 does"),
    "UTF-32": ("preset: strict\n".encode("utf-32"), "1:1: this is not UTF-8 text"),
    "Latin 1": ("preset: strict\n# caf\xe9\n".encode("latin-1"), "2:1: this is not UTF-8 text"),
    "half a pair": (b"preset: \xed\xa0\x80\n", "1:1: this is not UTF-8 text"),
    "NUL": ("preset: strict\n\0", "2:1: the character U+0000 does not belong here"),
    "a bell": ("# \u00e9\n\npreset: stri\x07ct\n", "3:1: the character U+0007 does not"),
    "an escaped half pair": (r'preset: "\ud800"', "1:12: while parsing a quoted scalar"),
    "colours": (r'preset: "\e[31mred"', r"1:9: preset: `\x1b[31mred` is none of"),
    "right to left": (r'"pre\u202eset": x', r"1:1: pre\u202eset: unknown key"),
    "a mark amid the text": ("preset: strict\n\ufeffundecided: report\n", "2:2: "),
    "tabs": ("poll:\n\tmax_wait: 3m\n", "2:1: "),
    "CRLF": ("preset: strict\r\npoll:\r\n  max_wit: 3m\r\n", "3:3: poll.max_wit: unknown key"),
    "CR": ("preset: strict\rpoll:\r  max_wit: 3m\r", "3:3: poll.max_wit: unknown key"),
    "a path with a NUL": (r'extends: "a\0b.yaml"', "1:10: extends: this is no file name"),
    "a package with a NUL": (r'extends: "bgmode:a\0b.yaml"', "1:10: extends: this is no file name"),
}  # fmt: skip


FINE = [
    "", "\n", "# only\n# comments\n", "---\n", "---\npreset: strict\n...\n", "%YAML 1.1\n---\n",
    "\ufeffpreset: strict\n", "preset: strict\r\npoll:\r\n  max_wait: 3m\r\n",
    "exclude: ['**/**/a*b*c*d*e*f*g*h*i*j*']\n",
    "waivers:\n" + "- {rules: BGM303, symbol: a, reason: b}\n" * 6_000,
]  # fmt: skip
TAGS = [
    ("preset: !!python/object/apply:os.system ['touch pwned']\n", "1:9: "),
    ("!!python/object/apply:os.system ['touch pwned']\n", "1:1: "),
    ("!!python/object/new:os.system\nargs: ['touch pwned']\n", "1:1: "),
    ("preset: !!python/name:os.system strict\n", "1:9: "),
    ("preset: !!binary c3RyaWN0\n", "1:9: "),
    ("exclude: !!set {a, b}\n", "1:10: "),
    ("zdr: !mine {modules: [a]}\n", "1:6: "),
    ("rules: !include other.yaml\n", "1:8: "),
    ("preset: !x!y strict\n", "1:9: "),
]
CASES: dict[str, tuple[str | bytes, str | None]] = {
    **HEAVY,
    **BYTES,
    **{f"tag {place}{text}": (text, place) for text, place in TAGS},
    **{f"fine {number}": (text, None) for number, text in enumerate(FINE)},
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What is said of each of ``CASES``."""
    folders = [tmp_path_factory.mktemp("case") for _ in CASES]
    for folder, (text, _) in zip(folders, CASES.values(), strict=True):
        data = text if isinstance(text, bytes) else text.encode("utf-8")
        (folder / "bgmode.yaml").write_bytes(data)
    found = run(folders, "policy", "validate", "bgmode.yaml")
    assert all(os.listdir(folder) == ["bgmode.yaml"] for folder in folders)  # nothing was run
    return dict(zip(CASES, found, strict=True))


@pytest.mark.parametrize("what", CASES)
def test_what_strangers_write(outcomes: dict[str, Outcome], what: str) -> None:
    expected, outcome = CASES[what][1], outcomes[what]
    if expected is None:
        assert (outcome.errors, outcome.code) == ([], 0)
    else:
        assert outcome.refusal.startswith(expected)


# Tags, aliases, keys, words of YAML 1.1: read as they are written, by the same function


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p")
    return [str(problem).removeprefix("p:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("job_types:\n  a: &a {background: deny}\n  b: {<<: *a, reason: x}\n",
         "3:7: job_types.b: merge keys are not understood: write the keys out"),
        ("poll:\n  <<: {max_wait: 1m}\n  max_wait: 2m\n",
         "2:3: poll: merge keys are not understood: write the keys out"),
        ("preset: *x\n", "1:9: found undefined alias"),
        ("preset: strict\n---\npreset: minimal\n", "2:1: expected a single document in the "
         "stream, but found another document"),
        ("preset: &a strict\npreset: *a\n",
         "2:1: preset: this key is here twice (first on line 1)"),
        ("? [a, b]\n: x\n", "1:3: a key must be a plain word"),
        ("? {a: b}\n: x\n", "1:3: a key must be a plain word"),
        ("rules: {[BGM101]: off}\n", "1:9: rules: a key must be a plain word"),
        ("job_types: {'': {background: deny}}\n", "1:13: job_types: a key must not be empty"),
        ("null\n", "1:1: this must be a mapping, not text"),
        ("~\n", "1:1: this must be a mapping, not text"),
        ("preset: ~\n", "1:9: preset: `~` is none of minimal, standard, strict"),
        ("rules: null\n", "1:8: rules: this must be a mapping, not `null`"),
        ("rules: {BGM101: on}\n", "1:17: rules.BGM101: `on` is none of error, warning, info, off"),
        ("rules: {BGM101: false}\n", "1:17: rules.BGM101: `false` is none of error, warning, "
         "info, off"),
        ("undecided: off\n", "1:12: undecided: `off` is none of report, ignore"),
        ("job_types: {a: {background: deny, require: yes}}\n",
         "1:44: job_types.a.require: `yes` is none of true, false"),
        ("waivers: [{rules: [], paths: a}]\n", "1:19: waivers[0].rules: this must not be empty"),
        ("waivers: [{rules: BGM303, paths: []}]\n",
         "1:34: waivers[0].paths: this must not be empty"),
        ("waivers: [{rules: BGM001, paths: a}]\n", "1:19: waivers[0].rules: BGM001 cannot be "
         "waived"),
        ("exclude: ['**/**/**/**/a*b*c*d*']\n",
         "1:11: exclude[0]: a pattern may hold `**` 3 times at most"),
        ("exclude:\n  -\n", "2:4: exclude[0]: this must not be empty"),
        ("exclude: ['\u00a0']\n", "1:11: exclude[0]: this must not be empty"),
    ],
)  # fmt: skip
def test_nothing_is_guessed(text: str, expected: str) -> None:
    assert expected in problems(text)


@pytest.mark.parametrize(
    "written",
    ["1_000", "0o10", "0x10", "1:30", ".inf", "-.inf", ".nan", "1e3", "1.0e+3", "+5", "-5", ".5",
     "5.", "~", "on", "null", "5 minutes", '"5\\n m"', '"5\u00a0m"', "\u0663\u0660s", "\uff15s",
     "9" * 400 + "d", "0." + "0" * 400 + "1"],
)  # fmt: skip
def test_what_is_no_duration(written: str) -> None:
    (problem,) = problems(f"poll: {{max_wait: {written}}}\n")
    assert problem.startswith("1:18: poll.max_wait: ")
    assert "is no duration such as 30s, 10m, 2h or 1d" in problem


def test_a_number_is_decimal() -> None:
    assert parse_policy("poll: {max_wait: 010}", "p").poll.max_wait == 10


@pytest.mark.parametrize(
    "written",
    ["2027-02-30", "2027-02-29", "0000-01-01", "2027-1-1", "20270131", "2027-01-31T00:00:00Z",
     "2027-W05-1", "2027-031", '"2027-01-31\\n"', '" 2027-01-31"', "\uff12\uff10\uff12\uff17-01-31",
     "2027-01-\u0663\u0661", "31.01.2027", "tomorrow", "~", "1801353600"],
)  # fmt: skip
def test_what_is_no_date(written: str) -> None:
    (problem,) = problems(f"waivers: [{{rules: BGM303, paths: a, until: {written}}}]\n")
    assert problem.startswith("1:44: waivers[0].until: ")
    assert problem.endswith("is no date of the form 2027-01-31")


# Files and packages that are extended


def test_a_package_is_looked_for_and_never_run(tmp_path: Path) -> None:
    package = tmp_path / "stranger"
    package.mkdir()
    (package / "__init__.py").write_text("open('pwned', 'w').close()\n", "utf-8")
    (package / "bgmode.yaml").write_text("preset: strict\n", "utf-8")
    (tmp_path / "bgmode.yaml").write_text("extends: stranger\nrules: {BGM103: off}\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bgmode", "policy", "validate", "bgmode.yaml"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "pwned").exists()


EXTENDED = [
    ("bgmode.yaml", "`bgmode.yaml` leads back to this file"),
    ("./", "`./` is neither a YAML file nor a package"),
    ("folder.yaml", "there is no file folder.yaml"),
    ("pipe.yaml", "there is no file pipe.yaml"),
    ("zero.yaml", "there is no file zero.yaml"),
    ("/dev/zero", "`/dev/zero` is neither a YAML file nor a package"),
    ("/dev/stdin", "`/dev/stdin` is neither a YAML file nor a package"),
    ("../../../../etc/passwd", "`../../../../etc/passwd` is neither a YAML file nor a package"),
    ("yaml:../../../../etc/passwd",
     "`../../../../etc/passwd` is no YAML file of the package `yaml`"),
    ("yaml:../other.yaml", "`../other.yaml` is no YAML file of the package `yaml`"),
    ("yaml:/etc/other.yaml", "`/etc/other.yaml` is no YAML file of the package `yaml`"),
    ("bgmode_none", "there is no package `bgmode_none` in bgmode's environment"),
    ("os.path", "`os.path` is neither a YAML file nor a package"),
    ("antigravity", "there is no package `antigravity` in bgmode's environment"),
    ("sys", "there is no package `sys` in bgmode's environment"),
    ("__main__", "there is no package `__main__` in bgmode's environment"),
    ("https://example.com/a.yaml",
     "`https://example.com/a.yaml` is an address, and nothing is ever fetched"),
    ("~/a.yaml", "there is no file ~/a.yaml"),
]  # fmt: skip


def test_what_cannot_be_extended(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "folder.yaml").mkdir(parents=True)
    (project / "zero.yaml").symlink_to("/dev/zero")
    os.mkfifo(project / "pipe.yaml")
    targets = "".join(f"- {target}\n" for target, _ in EXTENDED)
    assert validate(tmp_path, f"extends:\n{targets}").errors == [
        f"error: bgmode.yaml:{number + 2}:3: extends[{number}]: {message}"
        for number, (_, message) in enumerate(EXTENDED)
    ]


def test_a_cycle_over_files_ends(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n", "utf-8")
    (tmp_path / "b.yaml").write_text("extends: [a.yaml, project/bgmode.yaml]\n", "utf-8")
    assert validate(tmp_path, "extends: ../a.yaml\n").errors == [
        "error: ../b.yaml:1:11: extends[0]: `a.yaml` leads back to this file",
        "error: ../b.yaml:1:19: extends[1]: `project/bgmode.yaml` leads back to this file",
    ]


def test_nothing_of_a_file_that_is_no_policy_is_shown(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("hunter2\n", "utf-8")
    (error,) = validate(tmp_path, "extends: ../secret.yaml\n").errors
    assert error == "error: ../secret.yaml:1:1: this must be a mapping, not text"


# Patterns

PATTERNS = ["**/**/**/zz", "*a*a*a*a*b", "**a**a**b", "**/*a*a*/**/*a*b", "a*b*c*d*e*f*g*h*" * 20]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """A file with a long path, checked under a policy with each of ``PATTERNS``."""
    folders = [tmp_path_factory.mktemp("case") for _ in PATTERNS]
    for folder, pattern in zip(folders, PATTERNS, strict=True):
        below = folder.joinpath(*["a" * 100] * 5)
        below.mkdir(parents=True)
        (below / ("a" * 200 + ".py")).write_text("client.responses.create(background=True)\n")
        text = json.dumps({"exclude": [pattern], "zdr": {"modules": [pattern]}})
        (folder / "bgmode.yaml").write_text(text, "utf-8")
    return dict(zip(PATTERNS, run(folders, "check"), strict=True))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_does_not_explode(checked: dict[str, Outcome], pattern: str) -> None:
    outcome = checked[pattern]
    assert outcome.errors is not None
    assert outcome.code in (0, 1)


# Anything

EXAMPLES = [
    path.read_text("utf-8")
    for path in (ROOT / "rules/policy.example.yaml", ROOT / "rules/presets/strict.yaml")
]
EXAMPLES[0] = re.sub(r"^( *)# (?=[-\w\"]+(:| \w+:)|- )", r"\1", EXAMPLES[0], flags=re.MULTILINE)
SNIPPETS = st.sampled_from(
    ["", " ", "\n", "  ", "\t", "\r\n", "\r", "\u2028", "\x85", ":", "- ", "? ", "[", "]", "{", "}",
     ",", '"', "'", "&a ", "*a", "<<: *a", "!!set ", "!x ", "|", ">\n", "#", "%", "---\n", "...\n",
     "~", "null", "off", "2027-02-30", "9" * 30, "\0", "\ufeff", "\ud800", "é", "job_types",
     "extends: [a, b.yaml]\n", "lock: [rules, poll]\n", "rules.BGM101", "preset: strict\n"]
)  # fmt: skip
YAML_BREAK = "\r\n|[\n\r\x85\u2028\u2029]"
OFTEN = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judged(text: str) -> None:
    """A policy, or problems that have a place in the text."""
    found: list[Problem] = []
    try:
        parse_policy(text, "bgmode.yaml")
    except PolicyError as error:
        found = error.problems
    for problem in found:
        assert any(
            is_in(lines, problem) for lines in (re.split(YAML_BREAK, text), text.split("\n"))
        )
        assert problem.message
        assert str(problem).isprintable()


def is_in(lines: list[str], problem: Problem) -> bool:
    """Whether a problem stands in a line, or behind its end."""
    if not 1 <= problem.line <= len(lines):
        return False
    return 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@OFTEN
@given(st.text(max_size=80) | st.lists(SNIPPETS, max_size=20).map("".join))
def test_any_text(text: str) -> None:
    judged(text)


@OFTEN
@given(
    st.sampled_from(EXAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), SNIPPETS), min_size=1, max_size=4),
)
def test_any_change_of_a_policy(text: str, changes: list[tuple[float, int, str]]) -> None:
    def change(text: str, each: tuple[float, int, str]) -> str:
        position = int(each[0] * len(text))
        return text[:position] + each[2] + text[position + each[1] :]

    apply: Callable[[str, tuple[float, int, str]], str] = change
    judged(functools.reduce(apply, changes, text))
