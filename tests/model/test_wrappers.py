"""A company's own gateway, named in the policy: its calls are judged as those of the client."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest

from tests.command import BIN, bgmode

GATEWAY = """\
wrappers:
  gateway:
    functions:
      - {name: acme.llm.submit, kind: create}
      - {name: acme.llm.fetch, kind: poll}
      - {name: acme.llm.stop, kind: cancel}
    clients:
      - {class: acme.llm.Gateway, async: false}
      - {class: acme.llm.AsyncGateway, async: true}
    operations:
      - {path: jobs.start, kind: create}
      - {path: start_later, kind: create}
"""
RENAMED = "    parameters: {background: deferred, store: keep, headers: heads, metadata: labels}\n"
MODULE = """\
class Gateway: ...
class AsyncGateway: ...
def submit(prompt, deferred=False, keep=None, heads=None, labels=None): ...
def fetch(job): ...
def stop(job): ...
def make() -> Gateway: ...
shared = Gateway()
"""
CALL = "('x', deferred=True, heads={'Idempotency-Key': 'x' + key})\n"

SEEN = {
    "a name": f"from acme.llm import submit\njob = submit{CALL}",
    "another name": f"from acme.llm import submit as go\njob = go{CALL}",
    "the dotted name": f"import acme.llm\njob = acme.llm.submit{CALL}",
    "a module's other name": f"import acme.llm as z\njob = z.submit{CALL}",
    "a module": f"from acme import llm\njob = llm.submit{CALL}",
    "inside of a function": f"def f():\n from acme.llm import submit\n return submit{CALL}",
    "a spread mapping": "from acme.llm import submit\nmore = {'deferred': True, 'heads': key}\n"
    "job = submit('x', **more)\n",
    "awaited": f"from acme.llm import submit\nasync def f():\n return await submit{CALL}",
    "in a loop": "from acme.llm import submit\njobs = []\n"
    f"for key in keys:\n jobs.append(submit{CALL[:-1]})\n",
    "a client": f"from acme.llm import Gateway\ng = Gateway()\njob = g.jobs.start{CALL}",
    "a client of a module": f"import acme.llm\ng = acme.llm.Gateway()\njob = g.jobs.start{CALL}",
    "a client at once": f"from acme.llm import Gateway\njob = Gateway().jobs.start{CALL}",
    "a client's own method": f"from acme.llm import Gateway\njob = Gateway().start_later{CALL}",
    "an attribute": "from acme.llm import Gateway\nclass S:\n def __init__(self):\n"
    f"  self.g = Gateway()\n def f(self):\n  return self.g.jobs.start{CALL}",
    "a factory": "from acme.llm import Gateway\ndef make():\n return Gateway()\n"
    f"job = make().jobs.start{CALL}",
    "a with block": "from acme.llm import Gateway\n"
    f"with Gateway() as g:\n job = g.jobs.start{CALL}",
    "an async with block": "from acme.llm import AsyncGateway\nasync def f():\n"
    f" async with AsyncGateway() as g:\n  return await g.jobs.start{CALL}",
    "an async client": "from acme.llm import AsyncGateway\nasync def f():\n g = AsyncGateway()\n"
    f" return await g.start_later{CALL}",
    "behind a try": "try:\n from acme.llm import submit\nexcept ImportError:\n submit = None\n"
    f"job = submit{CALL}",
    "an alias": f"from acme.llm import submit\ngo = submit\njob = go{CALL}",
    "handed on": "import asyncio\nfrom acme.llm import submit\nasync def f():\n"
    " return await asyncio.to_thread(submit, 'x', deferred=True, heads=key)\n",
    "a parameter's type": "from acme.llm import Gateway\ndef f(g: Gateway | None):\n"
    f" return g.jobs.start{CALL}",
    "an attribute's type": "from acme.llm import Gateway\nclass S:\n"
    " def __init__(self, g: Gateway):\n  self.g = g\n"
    f" def f(self):\n  return self.g.jobs.start{CALL}",
    "an imported factory": f"from acme.llm import make\njob = make().jobs.start{CALL}",
    "an imported client": f"from acme.llm import shared\njob = shared.jobs.start{CALL}",
    "a subclass": "from acme.llm import Gateway\nclass Mine(Gateway):\n def f(self):\n"
    f"  return self.jobs.start{CALL}",
    "an alias of the method": "from acme.llm import Gateway\n"
    f"start = Gateway().jobs.start\njob = start{CALL}",
}
INSIDE = {
    "a client": f"from .llm import Gateway\njob = Gateway().jobs.start{CALL}",
    "a name": f"from .llm import submit\njob = submit{CALL}",
    "a module": f"from . import llm\njob = llm.submit{CALL}",
    "another name": f"from .llm import submit as go\njob = go{CALL}",
}
NOT_SEEN = {
    "a function of another module": f"from other.llm import submit\njob = submit{CALL}",
    "a function of its own": f"def submit(*a, **k): ...\njob = submit{CALL}",
    "another client": f"from other.llm import Gateway\njob = Gateway().jobs.start{CALL}",
    "another path": f"from acme.llm import Gateway\njob = Gateway().tasks.start{CALL}",
    "in the foreground": "from acme.llm import submit\njob = submit('x', deferred=False)\n",
    "without a word": "from acme.llm import submit\njob = submit('x')\n",
}


def found(folder: Path, policy: str, files: dict[str, str]) -> list[str]:
    """What the command says of a project; of one with many files, flake8 has to say the same."""
    (folder / "bgmode.yaml").write_text(policy)
    (folder / "acme").mkdir(parents=True, exist_ok=True)
    for name, text in {"acme/__init__.py": "", "acme/llm.py": MODULE, **files}.items():
        (folder / name).write_text(text)
    done = bgmode("check", "--output-format", "json", ".", cwd=folder)
    command = [
        f"{f['path']}:{f['line']}:{f['column']} {f['code']} {f['message']}"
        for f in json.loads(done.stdout)["findings"]
    ]
    if "m.py" not in files:
        assert sorted(_by_flake8(folder)) == sorted(command)
    return command


def _by_flake8(folder: Path) -> list[str]:
    shown = "--format=%(path)s:%(row)d:%(col)d %(code)s %(text)s"
    done = subprocess.run(
        [BIN / "flake8", "--isolated", "--select", "BGM", "-j1", shown, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return [line.removeprefix("./") for line in done.stdout.splitlines()]


def codes(lines: list[str]) -> list[str]:
    return [line.split(" ")[1] for line in lines]


def one(folder: Path, text: str, more: str = RENAMED, top: str = "") -> list[str]:
    """What is said of one module that uses the gateway."""
    head = "import time\nfrom acme.llm import fetch, stop, submit\n"
    return found(folder, f"preset: strict\n{top}{GATEWAY}{more}", {"m.py": head + text})


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The findings of every file: each shape is one."""
    files = {f"seen{i}.py": text for i, text in enumerate(SEEN.values())}
    files |= {f"acme/inside{i}.py": text for i, text in enumerate(INSIDE.values())}
    files |= {f"not{i}.py": text for i, text in enumerate(NOT_SEEN.values())}
    lines = found(tmp_path_factory.mktemp("project"), GATEWAY + RENAMED, files)
    return {name: [line for line in lines if line.startswith(f"{name}:")] for name in files}


@pytest.mark.parametrize("shape", SEEN)
def test_a_call_is_seen(everything: dict[str, list[str]], shape: str) -> None:
    (line,) = everything[f"seen{list(SEEN).index(shape)}.py"]
    assert " BGM101 " in line
    assert line.endswith("write `keep=True`")


@pytest.mark.parametrize("shape", INSIDE)
def test_a_relative_import_is_seen(everything: dict[str, list[str]], shape: str) -> None:
    (line,) = everything[f"acme/inside{list(INSIDE).index(shape)}.py"]
    assert " BGM101 " in line


@pytest.mark.parametrize("shape", NOT_SEEN)
def test_look_alikes_are_left_alone(everything: dict[str, list[str]], shape: str) -> None:
    assert everything[f"not{list(NOT_SEEN).index(shape)}.py"] == []


def test_every_shape_compiles() -> None:
    for text in [*SEEN.values(), *INSIDE.values(), *NOT_SEEN.values()]:
        ast.parse(text)


# What a call gives, and what the gateway gives by itself


def test_names_that_are_left_out_stay(tmp_path: Path) -> None:
    lines = one(tmp_path, "job = submit('x', background=True)\n", more="")
    assert codes(lines) == ["BGM103"]
    assert "`store`" in lines[0]


def test_a_parameter_that_is_not_named_is_not_asked_for(tmp_path: Path) -> None:
    lines = one(
        tmp_path, "j = submit('x', deferred=True)\n", "    parameters: {background: deferred}\n"
    )
    assert codes(lines) == ["BGM103"]  # no headers, no key


def test_an_implied_background_makes_every_call_one(tmp_path: Path) -> None:
    implied = "    implied: {background: true}\n    parameters: {store: keep}\n"
    lines = one(tmp_path, "job = submit('x')\n", implied)
    assert codes(lines) == ["BGM101"]
    assert lines[0].startswith("m.py:3:7 ")


def test_an_implied_store_needs_no_word(tmp_path: Path) -> None:
    implied = "    implied: {background: true, store: true}\n"
    assert one(tmp_path, "job = submit('x')\n", implied) == []


def test_what_is_implied_follows_the_renaming(tmp_path: Path) -> None:
    implied = "    implied: {background: true}\n"
    key = "heads={'Idempotency-Key': 'x' + key}"
    text = f"a = submit('x', {key})\nb = submit('x', deferred=False)\n"
    lines = one(tmp_path, text, RENAMED + implied)
    assert [line.split(" ")[:2] for line in lines] == [["m.py:3:5", "BGM101"]]


def test_a_call_s_own_word_counts_more(tmp_path: Path) -> None:
    implied = "    implied: {background: true, store: true}\n"
    assert one(tmp_path, "job = submit('x', background=False)\n", implied) == []


def test_a_store_that_is_false(tmp_path: Path) -> None:
    text = f"job = submit{CALL[:-2]}, keep=False)\n"
    (line,) = one(tmp_path, text)
    assert "BGM102 `keep=False`" in line
    assert "drop `deferred=True`" in line


def test_a_background_that_is_not_known(tmp_path: Path) -> None:
    lines = one(tmp_path, "def f(b):\n return submit('x', deferred=b, keep=None)\n")
    assert codes(lines) == ["BGM101", "BGM401"]
    assert all("may run in the background" in line for line in lines)


def test_the_key_is_asked_for_in_the_wrapper_s_headers(tmp_path: Path) -> None:
    lines = one(tmp_path, "job = submit('x', deferred=True, keep=True)\n")
    assert codes(lines) == ["BGM401"]
    assert "send one in heads as `Idempotency-Key`" in lines[0]
    text = "job = submit('x', deferred=True, keep=True, labels={'idempotency_key': key})\n"
    assert "BGM401" not in codes(one(tmp_path, text))


def test_a_key_that_is_made_anew(tmp_path: Path) -> None:
    text = (
        "import uuid\nfrom tenacity import retry, stop_after_attempt\n"
        "@retry(stop=stop_after_attempt(3))\ndef f():\n return submit('x', deferred=True, "
        "keep=True, heads={'Idempotency-Key': str(uuid.uuid4())})\n"
    )
    assert codes(one(tmp_path, text)) == ["BGM402"]


def test_a_response_that_is_lost(tmp_path: Path) -> None:
    assert codes(one(tmp_path, f"submit{CALL[:-2]}, keep=True)\n")) == ["BGM501"]


def test_zdr(tmp_path: Path) -> None:
    lines = one(tmp_path, f"job = submit{CALL}", top="zdr: {modules: [m]}\n")
    assert codes(lines) == ["BGM110"]


# Loops

POLLED = """\
def wait(job):
    r = fetch(job)
    while {}:
        {}
        r = fetch(job)
    return r
"""


@pytest.mark.parametrize(
    ("condition", "body", "expected"),
    [
        ("r.status != 'completed'", "time.sleep(5)", ["BGM301", "BGM303"]),
        ("r.status in ('queued', 'in_progress')", "time.sleep(5)", ["BGM303"]),
        ("r.status in ('queued', 'in_progress')", "print(r)", ["BGM303", "BGM305"]),
        ("r.status == 'queued'", "time.sleep(5)", ["BGM304"]),
        ("r.status != 'canceled'", "time.sleep(5)", ["BGM309"]),
    ],
)
def test_polls_are_seen(tmp_path: Path, condition: str, body: str, expected: list[str]) -> None:
    found_codes = set(codes(one(tmp_path, POLLED.format(condition, body))))
    assert found_codes - {"BGM311"} == set(expected)


# Fixes


def fixed(folder: Path, text: str, more: str = RENAMED, top: str = "") -> str:
    one(folder, text, more, top)
    bgmode("check", "--fix", "--unsafe-fixes", ".", cwd=folder)
    return (folder / "m.py").read_text().partition("submit\n")[2]


def test_fixes_write_the_wrapper_s_parameters(tmp_path: Path) -> None:
    text = "def f(job_id):\n    return submit('x', deferred=True)\n"
    heads = 'heads={"Idempotency-Key": str(job_id)}'
    assert fixed(tmp_path, text) == text.replace("True)", f"True, keep=True, {heads})")


@pytest.mark.parametrize("more", ["    parameters: {background: deferred}\n", ""])
def test_fixes_add_no_parameter_that_is_not_named(tmp_path: Path, more: str) -> None:
    name = "deferred" if more else "background"
    text = f"def f(job_id):\n    return submit('x', {name}=True)\n"
    assert fixed(tmp_path, text, more) == text


def test_the_fix_for_zdr_takes_the_wrapper_s_parameter_away(tmp_path: Path) -> None:
    text = "def f(key):\n    return submit('x', deferred=True, heads={'Idempotency-Key': key})\n"
    after = fixed(tmp_path, text, top="zdr: {modules: [m]}\n")
    assert after == text.replace("deferred=True, ", "")
