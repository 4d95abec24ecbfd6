"""Calls are followed to a background call through the modules of a project."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from pathlib import Path

import pytest

from bgmode.analysis import analyse
from bgmode.finding import Finding
from bgmode.flow.project import Project
from bgmode.knowledge import Rule
from bgmode.policy.load import parse_policy
from bgmode.source import Source
from tests.command import BIN, bgmode
from tests.expectations import expected, places

POLICY = """\
zdr:
  modules: [acme.sealed, "claims/**"]
  projects: [proj_zdr]
"""

JOBS = '''
"""Research jobs."""

from openai import AsyncOpenAI, OpenAI

client = OpenAI()
async_client = AsyncOpenAI()


def submit(prompt):
    return client.responses.create(model="o3", input=prompt, background=True)


async def submit_async(prompt):
    return await async_client.responses.create(model="o3", input=prompt, background=True)


def ask(prompt):
    return client.responses.create(model="o3", input=prompt, store=False)


def ask_somehow(prompt, background=True):
    return client.responses.create(model="o3", input=prompt, background=background)


def options(prompt):
    return {"model": "o3", "input": prompt, "background": True}


def run(function, *arguments):
    return function(*arguments)


class Jobs:
    def __init__(self, client):
        self.client = client

    def submit(self, prompt):
        return self.client.responses.create(model="o3", input=prompt, background=True)

    def ask(self, prompt):
        return self.client.responses.create(model="o3", input=prompt, store=False)

    @classmethod
    def start(cls, prompt):
        return cls(client).submit(prompt)

    @staticmethod
    def fire(prompt):
        return submit(prompt)


class StartedJob:
    def __init__(self, prompt):
        self.response = client.responses.create(model="o3", input=prompt, background=True)


jobs = Jobs(client)


def make_jobs():
    return Jobs(client)
'''


def calling(head: str, *calls: str, before: str = "") -> str:
    """A module under ZDR that makes ``calls``; the first of two is expected to be reported."""
    text = f"__zdr__ = True\n{head}\n\n{before}\ndef assess(claim):\n"
    return text + "".join(f"    {call}\n" for call in calls)


SAID = "  # expect: BGM111"

CASES: dict[str, dict[str, str]] = {
    "a module beside it": {
        "jobs.py": JOBS,
        "main.py": calling("from jobs import submit, ask", f"submit(claim){SAID}", "ask(claim)"),
    },
    "under another name": {
        "jobs.py": JOBS,
        "main.py": calling("from jobs import submit as ask", f"ask(claim){SAID}"),
    },
    "the module itself": {
        "jobs.py": JOBS,
        "main.py": calling("import jobs", f"jobs.submit(claim){SAID}", "jobs.ask(claim)"),
    },
    "the module under another name": {
        "jobs.py": JOBS,
        "main.py": calling("import jobs as j", f"j.submit(claim){SAID}", "j.ask(claim)"),
    },
    "the module by its whole name": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/main.py": calling(
            "import acme.jobs", f"acme.jobs.submit(claim){SAID}", "acme.jobs.ask(claim)"
        ),
    },
    "a module of a package": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "main.py": calling("from acme import jobs", f"jobs.submit(claim){SAID}", "jobs.ask(claim)"),
    },
    "relative": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/main.py": calling("from .jobs import submit", f"submit(claim){SAID}"),
    },
    "a relative module": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/main.py": calling("from . import jobs", f"jobs.submit(claim){SAID}"),
    },
    "relative, two packages up": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/health/__init__.py": "",
        "acme/health/main.py": calling("from ..jobs import submit", f"submit(claim){SAID}"),
    },
    "a src layout": {
        "pyproject.toml": "",
        "src/acme/__init__.py": "",
        "src/acme/jobs.py": JOBS,
        "scripts/main.py": calling("from acme.jobs import submit", f"submit(claim){SAID}"),
    },
    "a namespace package": {
        "pyproject.toml": "",
        "acme/tools/jobs.py": JOBS,
        "acme/tools/main.py": calling("from acme.tools.jobs import submit", f"submit(claim){SAID}"),
    },
    "imported in the function": {
        "jobs.py": JOBS,
        "main.py": calling("", "from jobs import submit", f"return submit(claim){SAID}"),
    },
    "passed on by a package": {
        "acme/__init__.py": "from .jobs import ask, submit",
        "acme/jobs.py": JOBS,
        "main.py": calling("from acme import ask, submit", f"submit(claim){SAID}", "ask(claim)"),
    },
    "passed on twice and renamed": {
        "acme/__init__.py": "from acme.front import send",
        "acme/front.py": "from acme.jobs import submit as send",
        "acme/jobs.py": JOBS,
        "main.py": calling("import acme", f"acme.send(claim){SAID}"),
    },
    "three modules deep": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/research.py": """
            from acme import jobs


            def collect(topic):
                return jobs.submit(topic)


            def define(topic):
                return jobs.ask(topic)
        """,
        "acme/reports.py": """
            from .research import collect, define


            def report(topic):
                return define(topic), collect(topic)


            def note(topic):
                return define(topic)
        """,
        "acme/main.py": calling(
            "from acme.reports import note, report", f"report(claim){SAID}", "note(claim)"
        ),
    },
    "modules that call each other": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/ping.py": """
            from acme import pong


            def ping(topic, rounds):
                return pong.pong(topic, rounds - 1)


            def ding(topic):
                return pong.dong(topic)
        """,
        "acme/pong.py": """
            from acme import ping
            from acme.jobs import submit


            def pong(topic, rounds):
                return ping.ping(topic, rounds) if rounds else submit(topic)


            def dong(topic):
                return ping.ding(topic)
        """,
        "acme/main.py": calling(
            "from acme.ping import ding, ping", f"ping(claim, 3){SAID}", "ding(claim)"
        ),
    },
    "modules that import each other, the marked one among them": {
        "acme/__init__.py": "",
        "acme/jobs.py": "from acme.main import assess\n" + JOBS,
        "acme/main.py": calling("from acme.jobs import submit", f"submit(claim){SAID}"),
    },
    "a class": {
        "jobs.py": JOBS,
        "main.py": calling(
            "from jobs import Jobs, StartedJob, client",
            f"StartedJob(claim){SAID}",
            "Jobs(client).ask(claim)",
        ),
    },
    "methods of a new object": {
        "jobs.py": JOBS,
        "main.py": calling(
            "from jobs import Jobs, client",
            "jobs = Jobs(client)",
            f"jobs.submit(claim){SAID}",
            "jobs.ask(claim)",
        ),
    },
    "methods of an object that another module made": {
        "jobs.py": JOBS,
        "main.py": calling("from jobs import jobs", f"jobs.submit(claim){SAID}", "jobs.ask(claim)"),
    },
    "methods of an object that another module's function made": {
        "jobs.py": JOBS,
        "main.py": calling(
            "from jobs import make_jobs", f"make_jobs().submit(claim){SAID}", "make_jobs()"
        ),
    },
    "class and static methods": {
        "jobs.py": JOBS,
        "main.py": calling(
            "from jobs import Jobs", f"Jobs.start(claim){SAID}", f"Jobs.fire(claim){SAID}"
        ),
    },
    "a base class": {
        "jobs.py": JOBS,
        "main.py": """
            from acme.privacy import zdr_required
            from jobs import Jobs


            @zdr_required
            class Claims(Jobs):
                def assess(self, claim):
                    return self.submit(claim)  # expect: BGM111

                def letter(self, claim):
                    return self.ask(claim)


            @zdr_required
            class Letters(Jobs):
                def submit(self, prompt):
                    return self.ask(prompt)

                def assess(self, claim):
                    return self.submit(claim)
        """,
    },
    "an attribute": {
        "jobs.py": JOBS,
        "main.py": """
            from acme.privacy import zdr_required
            from jobs import Jobs, client


            class Claims:
                def __init__(self):
                    self.jobs = Jobs(client)

                @zdr_required
                def assess(self, claim):
                    self.jobs.ask(claim)
                    return self.jobs.submit(claim)  # expect: BGM111

                def collect(self, topic):
                    return self.jobs.submit(topic)
        """,
    },
    "handed on": {
        "jobs.py": JOBS,
        "main.py": """
            import asyncio
            import threading

            from acme.privacy import zdr_required
            from jobs import ask, ask_somehow, jobs, run, submit


            @zdr_required
            async def assess(claim, pool):
                run(ask, claim)
                run(submit, claim)  # expect: BGM111
                await asyncio.to_thread(ask, claim)
                await asyncio.to_thread(submit, claim)  # expect: BGM111
                pool.submit(jobs.ask, claim)
                pool.submit(jobs.submit, claim)  # expect: BGM111
                pool.submit(ask_somehow, claim, background=False)
                threading.Thread(target=submit, args=(claim,)).start()  # expect: BGM111
        """,
    },
    "handed on by the function that is called": {
        "jobs.py": JOBS,
        "batch.py": """
            from jobs import ask, submit


            def submit_all(pool, prompts):
                return list(pool.map(submit, prompts))


            def ask_all(pool, prompts):
                return list(pool.map(ask, prompts))
        """,
        "main.py": """
            from acme.privacy import zdr_required
            from batch import ask_all, submit_all


            @zdr_required
            def assess(pool, claims):
                return ask_all(pool, claims), submit_all(pool, claims)  # expect: BGM111
        """,
    },
    "an argument decides": {
        "jobs.py": JOBS,
        "main.py": """
            from acme.privacy import zdr_required
            from jobs import ask_somehow


            @zdr_required
            def assess(claim):
                return ask_somehow(claim)  # expect: BGM111


            @zdr_required
            def summarise(claim):
                return ask_somehow(claim, background=False)


            @zdr_required
            def either(claim, background):
                return ask_somehow(claim, background=background)
        """,
    },
    "options of another module": {
        "jobs.py": JOBS,
        "send.py": """
            from jobs import client, options


            def send(prompt):
                return client.responses.create(**options(prompt))
        """,
        "main.py": calling("from send import send", f"send(claim){SAID}"),
    },
    "asynchronous": {
        "jobs.py": JOBS,
        "main.py": """
            import asyncio

            from acme.privacy import zdr_required
            from jobs import submit_async


            @zdr_required
            async def assess(claims):
                await submit_async(claims[0])  # expect: BGM111
                return await asyncio.gather(*[submit_async(c) for c in claims])  # expect: BGM111
        """,
    },
    "a callee that requires it itself": {
        "jobs.py": JOBS,
        "middle.py": calling("from jobs import submit", f"return submit(claim){SAID}"),
        "main.py": calling("import middle", "return middle.assess(claim)"),
    },
    "a callee under a package's marker": {
        "jobs.py": JOBS,
        "health/__init__.py": "__zdr__ = True\n",
        "health/middle.py": f"""
            from jobs import submit


            def send(claim):
                return submit(claim){SAID}
        """,
        "main.py": calling("from health.middle import send", "return send(claim)"),
    },
    "a callee under the policy": {
        "jobs.py": JOBS,
        "claims/middle.py": f"""
            from jobs import submit


            def send(claim):
                return submit(claim){SAID}
        """,
        "main.py": calling("from claims.middle import send", "return send(claim)"),
    },
    "a background call that requires it itself": {
        "start.py": """
            from openai import OpenAI

            __zdr__ = True
            client = OpenAI()


            def start(prompt):
                return client.responses.create(input=prompt, background=True)  # expect: BGM110
        """,
        "middle.py": "from start import start\n\n\ndef send(prompt):\n    return start(prompt)\n",
        "main.py": calling("from middle import send", "return send(claim)"),
    },
    "nothing requires it": {
        "jobs.py": JOBS,
        "main.py": "from jobs import submit\n\n\ndef assess(claim):\n    return submit(claim)\n",
    },
    "the other way round": {
        "acme/__init__.py": "",
        "acme/privacy.py": "__zdr__ = True\n\n\ndef redact(text):\n    return text\n",
        "acme/jobs.py": JOBS.replace("input=prompt", "input=redact(prompt)").replace(
            "client = OpenAI()", "from acme.privacy import redact\n\nclient = OpenAI()"
        ),
    },
    "the policy's dotted name": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/sealed/__init__.py": "",
        "acme/sealed/main.py": f"""
            from acme.jobs import ask, submit


            def assess(claim):
                return ask(claim), submit(claim){SAID}
        """,
        "acme/sealed_envelopes.py": """
            from acme.jobs import submit


            def collect(topic):
                return submit(topic)
        """,
    },
    "the policy's path": {
        "jobs.py": JOBS,
        "claims/deep/main.py": f"import jobs\n\njobs.ask('x')\njobs.submit('y'){SAID}\n",
        "research/main.py": "import jobs\n\njobs.submit('y')\n",
    },
    "a package's marker": {
        "acme/__init__.py": "",
        "acme/jobs.py": JOBS,
        "acme/health/__init__.py": "__zdr__ = True\n",
        "acme/health/inner/__init__.py": "",
        "acme/health/inner/main.py": f"""
            from acme.jobs import ask, submit


            def assess(claim):
                return ask(claim), submit(claim){SAID}
        """,
    },
    "a package's comment": {
        "jobs.py": JOBS,
        "health/__init__.py": "# bgmode: zdr\n",
        "health/main.py": f"import jobs\n\njobs.submit('claim'){SAID}\n",
    },
    "a package without a marker that speaks of it": {
        "jobs.py": JOBS,
        "health/__init__.py": '"""Not under zdr."""\n',
        "health/main.py": "import jobs\n\njobs.submit('claim')\n",
    },
    "code of the package's own module": {
        "jobs.py": JOBS,
        "health/__init__.py": f"__zdr__ = True\nimport jobs\n\njobs.submit('claim'){SAID}\n",
    },
    "a name that two modules have": {
        "jobs.py": JOBS,
        "letters.py": "from jobs import ask\n\n\ndef submit(prompt):\n    return ask(prompt)\n",
        "main.py": calling(
            "import jobs, letters", f"jobs.submit(claim){SAID}", "letters.submit(claim)"
        ),
    },
    "a name that was taken by something else": {
        "jobs.py": JOBS,
        "main.py": """
            from acme.privacy import zdr_required
            from jobs import ask, submit


            @zdr_required
            def assess(claim, submit):
                return submit(claim)


            @zdr_required
            def letter(claim):
                submit = ask
                return submit(claim)
        """,
    },
    "a third-party module is not there": {
        "main.py": calling("from vendor.jobs import submit", "submit(claim)"),
    },
    "a module that cannot be parsed": {
        "jobs.py": JOBS + "\n\ndef broken(:\n",
        "main.py": calling("from jobs import submit", "submit(claim)"),
    },
    "a module without what is imported": {
        "jobs.py": JOBS,
        "main.py": calling("from jobs import send", "send(claim)"),
    },
}


def lay_out(case: dict[str, str], folder: Path) -> list[Path]:
    """The Python files of a case, written below ``folder``."""
    (folder / "bgmode.yaml").write_text(POLICY)
    for name, text in case.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    return sorted(folder.rglob("*.py"))


def found_in(path: Path, folder: Path, project: Project) -> list[Finding]:
    def wanted(rule: Rule) -> bool:
        return rule.code in {"BGM009", "BGM110", "BGM111"}

    policy = parse_policy(POLICY, str(folder / "bgmode.yaml"))
    return analyse(Source(str(path), path.read_text()), policy, project=project, wanted=wanted)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_findings_stand_where_they_are_expected(case: dict[str, str], tmp_path: Path) -> None:
    project = Project()
    for path in lay_out(case, tmp_path):
        shown = path.relative_to(tmp_path)
        found = places(found_in(path, tmp_path, project))
        assert (shown, found) == (shown, expected(path.read_text()))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_order_of_the_files_changes_nothing(case: dict[str, str], tmp_path: Path) -> None:
    files = lay_out(case, tmp_path)

    def findings(order: list[Path], project: Project) -> set[tuple[str, Finding]]:
        return {(str(p), found) for p in order for found in found_in(p, tmp_path, project)}

    assert findings(files, Project()) == findings(files[::-1], Project())


def test_notes_are_the_path(tmp_path: Path) -> None:
    files = lay_out(CASES["three modules deep"], tmp_path)
    (main,) = (path for path in files if path.name == "main.py")
    (finding,) = found_in(main, tmp_path, Project())

    def line(name: str, text: str) -> int:
        lines = (tmp_path / name).read_text().splitlines()
        return next(number for number, found in enumerate(lines, 1) if text in found)

    noted = [
        (note.message, os.path.relpath(note.path, tmp_path), note.span and note.span.line)
        for note in finding.notes
    ]
    assert noted == [
        ("required by the module's __zdr__", "acme/main.py", 1),
        ("which calls collect", "acme/reports.py", line("acme/reports.py", "collect(topic)")),
        ("which calls submit", "acme/research.py", line("acme/research.py", "jobs.submit")),
        ("which runs in the background", "acme/jobs.py", line("acme/jobs.py", "background=True")),
    ]


def test_notes_say_what_requires_it(tmp_path: Path) -> None:
    said = {
        "the policy's path": "required by the policy's zdr.modules: claims/**",
        "the policy's dotted name": "required by the policy's zdr.modules: acme.sealed",
        "a package's marker": "required by its package",
        "an attribute": "required by the function's decorator",
        "a base class": "required by the class's decorator",
    }
    for number, (name, message) in enumerate(said.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = lay_out(CASES[name], folder)
        findings = [f for path in files for f in found_in(path, folder, Project())]
        assert {finding.notes[0].message for finding in findings} == {message}


def test_the_command_and_flake8_show_the_same(tmp_path: Path) -> None:
    wanted: list[str] = []
    for number, case in enumerate(CASES.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        wanted += [
            f"{path.relative_to(tmp_path).as_posix()}:{line}:{code}"
            for path in lay_out(case, folder)
            for line, code in expected(path.read_text())
        ]
    done = bgmode("check", "--output-format", "json", ".", cwd=tmp_path)
    findings = [f for f in json.loads(done.stdout)["findings"] if f["code"] != "BGM001"]
    shown = [f"{f['path']}:{f['line']}:{f['code']}" for f in findings]
    mine = [line for line in shown if line.endswith((":BGM009", ":BGM110", ":BGM111"))]
    assert sorted(mine) == sorted(wanted)
    form = "%(path)s:%(row)d:%(col)d:%(code)s %(text)s"
    plugin = subprocess.run(
        [BIN / "flake8", "--isolated", "--select", "BGM", f"--format={form}", "."],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert plugin.stderr == b""
    assert sorted(
        line.removeprefix("./") for line in plugin.stdout.decode().splitlines()
    ) == sorted(
        f"{f['path']}:{f['line']}:{f['column']}:{f['code']} {f['message']}" for f in findings
    )


def test_what_comes_to_nothing_by_one_policy_may_come_to_something_by_another(
    tmp_path: Path,
) -> None:
    shared = "from acme.llm import submit\n\n\ndef send(prompt):\n    return submit(prompt)\n"
    claims = (
        "# bgmode: zdr\nfrom shared import send\n\n\ndef assess(claim):\n    return send(claim)\n"
    )
    gateway = "{functions: [{name: acme.llm.submit, kind: create}], implied: {background: true}}"
    (tmp_path / "shared.py").write_text(shared)
    for folder, policy in (("a", "preset: standard\n"), ("b", f"wrappers: {{gate: {gateway}}}\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "bgmode.yaml").write_text(policy)
        (tmp_path / folder / "claims.py").write_text(claims)
    run = bgmode("check", "--output-format", "concise", "-q", ".", cwd=tmp_path)
    assert run.stdout.startswith("b/claims.py:6:12: BGM111 ")
    assert run.stdout.count("\n") == 1
