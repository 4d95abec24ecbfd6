"""Retries of calls that come to a background call of another module."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import bgmode

CLIENT = """\
import uuid

from openai import OpenAI

client = OpenAI()


def submit(prompt):
    return client.responses.create(model="o3", input=prompt, background=True, store=True)


def keyed(prompt, key):
    return client.responses.create(
        input=prompt, background=True, store=True, extra_headers={"Idempotency-Key": key}
    )


def fresh(prompt):
    key = f"job-{uuid.uuid4()}"
    headers = {"Idempotency-Key": key}
    return client.responses.create(
        input=prompt, background=True, store=True, extra_headers=headers
    )


def fresh_or_given(prompt, key=None):
    if key is None:
        key = str(uuid.uuid4())
    return client.responses.create(
        input=prompt, background=True, store=True, extra_headers={"Idempotency-Key": key}
    )


def fresh_and_quiet(prompt):
    try:
        return fresh(prompt)
    except Exception:
        return None


def quiet(prompt):
    try:
        return client.responses.create(input=prompt, background=True, store=True)
    except Exception:
        return None


def answer(prompt):
    return client.responses.create(model="o3", input=prompt)


class Jobs:
    def start(self, prompt):
        return client.responses.create(input=prompt, background=True, store=True)


class Job:
    def __init__(self, prompt):
        self.response = client.responses.create(input=prompt, background=True, store=True)
"""
SERVICE = """\
from app.client import fresh, submit


def renew(document):
    document.job = fresh(document.text).id


def begin(document):
    document.job = submit(document.text).id


def begin_or_not(document):
    try:
        document.job = submit(document.text).id
    except Exception:
        document.job = None
"""
LOOP = """
def run(prompt):
    for _ in range(3):
        try:
            return {call}
        except Exception:
            continue
"""
RETRIED = {
    "in a loop": "from app.client import submit\n" + LOOP.format(call="submit(prompt)"),
    "under a decorator": (
        "import tenacity\nfrom app.client import submit\n\n@tenacity.retry\n"
        "def run(prompt):\n    return submit(prompt)\n"
    ),
    "by another name": "from .client import submit as go\n" + LOOP.format(call="go(prompt)"),
    "by the module": "from app import client\n" + LOOP.format(call="client.submit(prompt)"),
    "of several names": (
        "from app.client import (\n    keyed,\n    submit,\n)\n"
        + LOOP.format(call="submit(prompt)")
    ),
    "by the package": "from app import submit\n" + LOOP.format(call="submit(prompt)"),
    "a method": "from app.client import Jobs\njobs = Jobs()\n"
    + LOOP.format(call="jobs.start(prompt)"),
    "a class": "from app.client import Job\n" + LOOP.format(call="Job(prompt)"),
    "two modules away": "from app.service import begin\n" + LOOP.format(call="begin(prompt)"),
    "by a helper": (
        "from acme import retry_call\nfrom app.client import submit\n\n"
        "def run(prompt):\n    return retry_call(submit, prompt)\n"
    ),
    "beside a poll": (
        "from app.client import client, submit\n"
        + LOOP.format(call="client.responses.retrieve(submit(prompt).id)")
    ),
}
NOT_RETRIED = {
    "no retry": "from app.client import submit\n\ndef run(prompt):\n    return submit(prompt)\n",
    "with a key": "from app.client import keyed\n" + LOOP.format(call="keyed(prompt, prompt)"),
    "nothing comes out": "from app.client import quiet\n" + LOOP.format(call="quiet(prompt)"),
    "in the foreground": "from app.client import answer\n" + LOOP.format(call="answer(prompt)"),
    "nothing comes out in between": (
        "from app.service import begin_or_not\n" + LOOP.format(call="begin_or_not(prompt)")
    ),
    "each turn another job": (
        "from app.client import submit\n\ndef run(prompts):\n    for prompt in prompts:\n"
        "        try:\n            submit(prompt)\n"
        "        except Exception:\n            continue\n"
    ),
    "another function of that name": (
        "from app.client import keyed\nfrom app.other import submit\n"
        + LOOP.format(call="submit(prompt)")
    ),
    "only the answer is lost": (
        "from app.client import submit\n\ndef run(prompt):\n    for _ in range(3):\n"
        "        try:\n            return submit(prompt)\n        except KeyError:\n"
        "            continue\n"
    ),
}

MADE_ANEW = {
    "in a loop": "from app.client import fresh\n" + LOOP.format(call="fresh(prompt)"),
    "under a decorator": (
        "import tenacity\nfrom app import client\n\n@tenacity.retry\n"
        "def run(prompt):\n    return client.fresh(prompt)\n"
    ),
    "two modules away": "from app.service import renew\n" + LOOP.format(call="renew(prompt)"),
}
MADE_ONCE = {
    "no retry": "from app.client import fresh\n\ndef run(prompt):\n    return fresh(prompt)\n",
    "the caller's key": "from app.client import keyed\n"
    + LOOP.format(call="keyed(prompt, prompt)"),
    "the caller may give one": (
        "from app.client import fresh_or_given\n"
        + LOOP.format(call="fresh_or_given(prompt, prompt)")
    ),
    "nothing comes out": (
        "from app.client import fresh_and_quiet\n" + LOOP.format(call="fresh_and_quiet(prompt)")
    ),
    "each turn another job": (
        "from app.client import fresh\n\ndef run(prompts):\n    for prompt in prompts:\n"
        "        try:\n            fresh(prompt)\n"
        "        except Exception:\n            continue\n"
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    package = tmp_path / "app"
    package.mkdir()
    (tmp_path / "bgmode.yaml").write_text("preset: minimal\nrules: {BGM402: error}\n")
    (package / "__init__.py").write_text("from .client import submit\n")
    (package / "client.py").write_text(CLIENT)
    (package / "service.py").write_text(SERVICE)
    (package / "other.py").write_text("def submit(prompt):\n    return prompt\n")
    return tmp_path


def found(project: Path, *options: str, code: str = "BGM404") -> list[dict[str, object]]:
    result = bgmode("check", ".", "--output-format", "json", *options, cwd=project)
    return [each for each in json.loads(result.stdout)["findings"] if each["code"] == code]


@pytest.mark.parametrize("how", RETRIED)
def test_a_retry_in_another_module_is_found(project: Path, how: str) -> None:
    (project / "app" / "worker.py").write_text(RETRIED[how])
    (finding,) = found(project)
    assert finding["path"] == "app/worker.py"
    notes = finding["notes"]
    assert isinstance(notes, list)
    assert notes[0]["message"] == "tried again here"
    assert notes[-1] == {
        "message": "which runs in the background",
        "path": "app/client.py",
        **{key: notes[-1][key] for key in notes[-1].keys() - {"message", "path"}},
    }


@pytest.mark.parametrize("how", NOT_RETRIED)
def test_what_is_no_retry_is_silent(project: Path, how: str) -> None:
    (project / "app" / "worker.py").write_text(NOT_RETRIED[how])
    assert found(project) == []


@pytest.mark.parametrize("how", MADE_ANEW)
def test_a_key_that_another_module_makes_anew_is_found(project: Path, how: str) -> None:
    (project / "app" / "worker.py").write_text(MADE_ANEW[how])
    (finding,) = found(project, code="BGM402")
    assert finding["path"] == "app/worker.py"
    assert found(project) == []
    notes = finding["notes"]
    assert isinstance(notes, list)
    assert notes[0]["message"] == "tried again here"
    assert (notes[-1]["message"], notes[-1]["path"]) == ("the key is made here", "app/client.py")


@pytest.mark.parametrize("how", MADE_ONCE)
def test_a_key_that_stays_is_silent(project: Path, how: str) -> None:
    (project / "app" / "worker.py").write_text(MADE_ONCE[how])
    assert found(project, code="BGM402") == []


def test_the_report_is_the_same_with_several_processes(project: Path) -> None:
    for number, text in enumerate(RETRIED.values()):
        (project / "app" / f"worker{number}.py").write_text(text)
    assert len(found(project)) == len(RETRIED)
    assert found(project, "--jobs", "2") == found(project, "--jobs", "1")


def test_a_comment_is_needed_where_it_ignores_one(project: Path) -> None:
    text = RETRIED["in a loop"].replace(
        "submit(prompt)", 'submit(prompt)  # bgmode: ignore[BGM404] reason="known"'
    )
    (project / "app" / "worker.py").write_text(text)
    result = bgmode("check", ".", cwd=project)
    assert result.stdout.startswith("no findings")


def test_a_policy_without_the_rule_looks_for_none(project: Path) -> None:
    (project / "bgmode.yaml").write_text("preset: minimal\nrules: {BGM404: off}\n")
    (project / "app" / "worker.py").write_text(RETRIED["in a loop"])
    assert found(project) == []
