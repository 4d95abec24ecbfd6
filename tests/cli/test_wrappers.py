"""Job types that other modules have a part in: callers of wrappers, base classes, packages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from subprocess import run

import pytest

from tests.command import bgmode

ANSWERS = (
    "description: d, data_class: public, interaction: background, stored_state: allowed, "
    "retrieval: polling, zdr_compatible: not-required, reason: r, fallback: sync"
)
POLICY = f"""\
preset: minimal
rules:
  BGM207: warning
job_types:
  open: {{background: allow, {ANSWERS}}}
  denied: {{background: deny, {ANSWERS}}}
"""
GATEWAY = """\
from openai import OpenAI

client = OpenAI()


def submit(prompt, kind):
    return client.responses.create(
        input=prompt, background=True, store=True, metadata={"job_type": kind}
    ).id


class Jobs:
    def start(self, prompt, *, job_type):
        return client.responses.create(input=prompt, background=True, store=True).id

    @staticmethod
    def plain(prompt, job_type):
        return client.responses.create(input=prompt, background=True, store=True).id
"""
CALLERS = {
    "by its name": "from app.gateway import submit\n\ndef run(p):\n    return submit(p, KIND)\n",
    "re-exported": "from app import submit\n\ndef run(p):\n    return submit(p, kind=KIND)\n",
    "by another name": "from .gateway import submit as s\n\ndef run(p):\n    return s(p, KIND)\n",
    "by its module": "from app import gateway\n\ndef run(p):\n    return gateway.submit(p, KIND)\n",
    "of an object": (
        "from app.gateway import Jobs\n\njobs = Jobs()\n\ndef run(p):\n"
        "    return jobs.start(p, job_type=KIND)\n"
    ),
    "of an annotated one": (
        "from app.gateway import Jobs\n\ndef run(p, jobs: Jobs):\n"
        "    return jobs.start(p, job_type=KIND)\n"
    ),
    "of a class": ("from app.gateway import Jobs\n\ndef run(p):\n    return Jobs.plain(p, KIND)\n"),
    "through one's own": (
        "from app.gateway import submit\n\ndef own(p, kind):\n    return submit(p, kind)\n\n"
        "def run(p):\n    return own(p, KIND)\n"
    ),
    "in a method": (
        "from app.gateway import Jobs\n\nclass Work:\n    def __init__(self):\n"
        "        self.jobs = Jobs()\n\n    def run(self, p):\n"
        "        return self.jobs.start(p, job_type=KIND)\n"
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "bgmode.yaml").write_text(POLICY)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").write_text("from app.gateway import submit\n")
    (tmp_path / "app/gateway.py").write_text(GATEWAY)
    return tmp_path


def found(project: Path, *paths: str) -> list[tuple[str, int, str]]:
    done = bgmode("check", *paths, "--output-format", "json", cwd=project)
    data = json.loads(done.stdout)
    assert data["summary"]["errors"] == [], done.stderr
    ours = [each for each in data["findings"] if each["code"].startswith("BGM2")]
    return [(each["path"], each["line"], each["code"]) for each in ours]


def by_flake8(path: Path) -> list[tuple[int, str]]:
    done = run(
        [sys.executable, "-m", "flake8", "--select", "BGM2", "--format", "%(row)d %(code)s", path],
        cwd=path.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return [(int(line.split()[0]), line.split()[1]) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("code", CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize(("kind", "codes"), [("denied", ["BGM203"]), ("opne", ["BGM202"])])
def test_a_caller_in_another_module_is_judged(
    project: Path, code: str, kind: str, codes: list[str]
) -> None:
    path = project / "app/work.py"
    path.write_text(code.replace("KIND", f'"{kind}"'))
    line = max(number for number, text in enumerate(code.splitlines(), 1) if "KIND" in text)
    expected = [("app/work.py", line, each) for each in codes]
    assert [each for each in found(project) if each[0] == "app/work.py"] == expected
    if kind == "denied":  # flake8 only looks into files in which a job type is named
        assert by_flake8(path) == [(line, each) for each in codes]


@pytest.mark.parametrize("code", CALLERS.values(), ids=CALLERS)
def test_a_caller_with_a_good_job_type_is_silent(project: Path, code: str) -> None:
    path = project / "app/work.py"
    path.write_text(code.replace("KIND", '"open"'))
    assert [each for each in found(project) if each[0] == "app/work.py"] == []
    assert by_flake8(path) == []


def test_a_wrapper_is_reported_where_nobody_in_the_whole_project_calls_it(project: Path) -> None:
    gateway = "app/gateway.py"
    nobody = [(gateway, 13, "BGM207"), (gateway, 17, "BGM207")]
    assert found(project) == nobody  # the package passes `submit` on: who knows to whom
    assert found(project, gateway) == []  # others may call them
    assert by_flake8(project / gateway) == []
    (project / "app/work.py").write_text(CALLERS["of an object"].replace("KIND", '"open"'))
    assert found(project) == nobody[1:]
    (project / "app/more.py").write_text("def more(jobs):\n    return list(map(jobs.plain, 'a'))\n")
    assert found(project) == []  # it may be called there


def test_a_wrapper_of_a_wrapper_that_nobody_calls_is_reported_itself(project: Path) -> None:
    (project / "app/work.py").write_text(
        "from app.gateway import submit\n\ndef own(p, kind):\n    return submit(p, kind)\n"
    )
    assert ("app/work.py", 4, "BGM207") in found(project)
    assert ("app/gateway.py", 8, "BGM207") not in found(project)


def test_a_comment_that_ignores_an_uncalled_wrapper_is_needed(project: Path) -> None:
    path = project / "app/gateway.py"
    comment = "  # bgmode: ignore[BGM207]"
    path.write_text(GATEWAY.replace('{"job_type": kind}\n', '{"job_type": kind}' + comment + "\n"))
    assert ("app/gateway.py", 8, "BGM207") not in found(project)
    done = bgmode("check", ".", "--select", "BGM003", "--output-format", "json", cwd=project)
    assert json.loads(done.stdout)["findings"] == []


@pytest.mark.parametrize(
    "code",
    [
        "def submit(p, kind):\n    return p\n\ndef run(p):\n    return submit(p, 'denied')\n",
        "from other import submit\n\ndef run(p):\n    return submit(p, 'denied')\n",
        "def run(p, queue):\n    return queue.submit(p, 'denied')\n",
        "from app.gateway import Jobs\n\ndef run(p):\n    return Jobs\n",
        "from app import gateway\n\ndef run(p):\n    return gateway.client.files.create(p)\n",
    ],
)
def test_what_only_has_the_same_name_is_silent(project: Path, code: str) -> None:
    (project / "app/work.py").write_text(code)
    assert [each for each in found(project) if each[0] == "app/work.py"] == []
    assert by_flake8(project / "app/work.py") == []


def test_an_approval_of_the_caller_s_symbol_covers_it(project: Path) -> None:
    policy = POLICY + "approvals:\n- {job_type: denied, symbol: app.work.run, by: a, reason: r}\n"
    (project / "bgmode.yaml").write_text(policy)
    (project / "app/work.py").write_text(CALLERS["by its name"].replace("KIND", '"denied"'))
    assert [each for each in found(project) if each[0] == "app/work.py"] == []


def test_the_audit_lists_callers_and_only_uncalled_wrappers(project: Path) -> None:
    code = CALLERS["by its name"].replace("KIND", '"denied"')
    (project / "app/work.py").write_text(code)
    done = bgmode("audit", "--output-format", "json", cwd=project)
    calls = json.loads(done.stdout)["calls"]
    assert [(call["symbol"], call["job_type"], call["store"]) for call in calls] == [
        ("app.gateway.Jobs.start", None, "True"),
        ("app.gateway.Jobs.plain", None, "True"),
        ("app.work.run", "denied", "True"),
    ]
    assert [each["code"] for each in calls[2]["findings"]] == ["BGM203"]
    assert [each["code"] for each in calls[0]["findings"]] == ["BGM207"]


def test_a_job_type_is_inherited_from_a_class_of_another_module(project: Path) -> None:
    (project / "app/kinds.py").write_text('DENIED = "denied"\n')
    (project / "app/jobs.py").write_text(
        "from app import kinds\n\n\nclass Above:\n    job_type = kinds.DENIED\n\n\n"
        "class Job(Above):\n    pass\n"
    )
    create = "self.client.responses.create(input=p, background=True, store=True)"
    (project / "app/work.py").write_text(
        f"from app.jobs import Job\n\n\nclass Work(Job):\n    def run(self, p):\n"
        f"        return {create}\n\n\nclass Other(Job):\n    job_type = 'open'\n\n"
        f"    def run(self, p):\n        return {create}\n"
    )
    assert [each for each in found(project) if each[0] == "app/work.py"] == [
        ("app/work.py", 6, "BGM203")
    ]


@pytest.mark.parametrize(
    ("init", "codes"),
    [
        ("from app.kinds import DENIED\n\n__job_type__ = DENIED\n", ["BGM203"]),
        ("from app.kinds import Kind\n\n__job_type__ = Kind.OPEN\n", []),
        ("import os\n\n__job_type__ = os.environ['KIND']\n", ["BGM207"]),
    ],
)
def test_a_package_s_job_type_may_be_a_constant(project: Path, init: str, codes: list[str]) -> None:
    (project / "app/kinds.py").write_text(
        'import enum\n\nDENIED = "denied"\n\n\nclass Kind(enum.StrEnum):\n    OPEN = "open"\n'
    )
    (project / "app/deep").mkdir()
    (project / "app/deep/__init__.py").write_text(init)
    (project / "app/deep/work.py").write_text(
        "def run(client, p):\n"
        "    return client.responses.create(input=p, background=True, store=True)\n"
    )
    ours = [code for path, _, code in found(project) if path == "app/deep/work.py"]
    assert ours == codes
