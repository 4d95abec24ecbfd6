"""What a file imports from other modules of its project is read there."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from bgmode.analysis import analyse
from bgmode.discover import may_matter, text_may_matter
from bgmode.flow.project import Project
from bgmode.policy.load import parse_policy
from bgmode.source import Source
from tests.expectations import expected, places

POLICY = "preset: standard\nzdr: {projects: [proj_zdr]}\nrules: {BGM303: off, BGM401: off}\n"

API = """
from openai import AsyncOpenAI, OpenAI

client = OpenAI()
ENDED = {"completed", "failed", "cancelled"}


def fetch(job_id):
    return client.responses.retrieve(job_id)


def is_done(response):
    return response.status in ENDED


def is_over(response):
    return response.status not in ("queued", "in_progress")


class Jobs:
    def __init__(self, client: OpenAI):
        self.client = client

    def refresh(self, job_id):
        return self.client.responses.retrieve(job_id)


jobs = Jobs(client)


def make() -> AsyncOpenAI:
    return AsyncOpenAI()


def sealed():
    return OpenAI(project="proj_zdr")


def options(question, store=None):
    kept = {"store": store} if store else {}
    return {"model": "o3", "input": question, "background": True, **kept}
"""

LOOP = """
    while not {done}(response):  # expect: BGM301
        time.sleep(2)
        response = {fetch}(job_id)
    return response
"""


def waiting(head: str, fetch: str, done: str) -> str:
    loop = LOOP.format(fetch=fetch, done=done).lstrip("\n")
    return f"import time\n{head}\n\ndef wait(job_id):\n    response = {fetch}(job_id)\n{loop}"


CASES: dict[str, dict[str, str]] = {
    "a module beside it": {
        "api.py": API,
        "main.py": waiting("from api import fetch, is_done", "fetch", "is_done"),
    },
    "a condition that is right": {
        "api.py": API,
        "main.py": waiting("from api import fetch, is_over", "fetch", "is_over").replace(
            "  # expect: BGM301", ""
        ),
    },
    "relative, from a package, under another name": {
        "acme/__init__.py": "",
        "acme/api.py": API,
        "acme/main.py": waiting("from .api import fetch as get, is_done as over", "get", "over"),
    },
    "two packages up": {
        "acme/__init__.py": "",
        "acme/api.py": API,
        "acme/jobs/__init__.py": "",
        "acme/jobs/main.py": waiting("from ..api import fetch, is_done", "fetch", "is_done"),
    },
    "the module itself": {
        "acme/__init__.py": "",
        "acme/api.py": API,
        "acme/main.py": waiting("from acme import api", "api.fetch", "api.is_done"),
    },
    "the module by its whole name": {
        "acme/__init__.py": "",
        "acme/api.py": API,
        "acme/main.py": waiting("import acme.api", "acme.api.fetch", "acme.api.is_done"),
    },
    "a src layout": {
        "pyproject.toml": "",
        "src/acme/__init__.py": "",
        "src/acme/api.py": API,
        "tests/main.py": waiting("from acme.api import fetch, is_done", "fetch", "is_done"),
    },
    "a namespace package": {
        "pyproject.toml": "",
        "acme/tools/api.py": API,
        "acme/tools/main.py": waiting(
            "from acme.tools.api import fetch, is_done", "fetch", "is_done"
        ),
    },
    "passed on by a package": {
        "acme/__init__.py": "from .api import fetch, is_done",
        "acme/api.py": API,
        "main.py": waiting("from acme import fetch, is_done", "fetch", "is_done"),
    },
    "passed on twice": {
        "acme/__init__.py": "from acme.front import fetch, is_done",
        "acme/front.py": "from acme.api import fetch, is_done",
        "acme/api.py": API,
        "main.py": waiting("from acme import fetch, is_done", "fetch", "is_done"),
    },
    "modules that import each other": {
        "acme/__init__.py": "",
        "acme/api.py": "from acme.main import wait\n" + API,
        "acme/main.py": waiting("from acme.api import fetch, is_done", "fetch", "is_done"),
    },
    "for type checkers only, and again in the function": {
        "api.py": API,
        "main.py": """
            import time
            from typing import TYPE_CHECKING

            if TYPE_CHECKING:
                from api import Jobs


            def wait(job_id):
                from api import fetch, is_done

                response = fetch(job_id)
                while not is_done(response):  # expect: BGM301
                    time.sleep(2)
                    response = fetch(job_id)
                return response
        """,
    },
    "an object of another module": {
        "api.py": API,
        "main.py": waiting("from api import jobs, is_done", "jobs.refresh", "is_done"),
    },
    "a base class of another module": {
        "api.py": API,
        "main.py": """
            import time
            from api import ENDED, Jobs


            class Mine(Jobs):
                def wait(self, job_id):
                    while True:  # expect: BGM301
                        response = self.refresh(job_id)
                        if response.status in ENDED:
                            return response
                        time.sleep(2)
        """,
    },
    "a helper that calls back": {
        "api.py": API
        + """

def repeat(ask, done, job_id):
    response = ask(job_id)
    return response if done(response) else None
""",
        "main.py": """
            import time
            from api import fetch, repeat


            def is_finished(response):
                return response.status == "completed"


            def wait(job_id):
                while True:  # expect: BGM301
                    response = repeat(fetch, is_finished, job_id)
                    if response is not None:
                        return response
                    time.sleep(2)
        """,
    },
    "a client that another module makes": {
        "api.py": API,
        "main.py": """
            import time
            from api import make


            async def wait(job_id):
                client = make()
                while True:
                    response = await client.responses.retrieve(job_id)
                    if response.status not in ("queued", "in_progress"):
                        return response
                    time.sleep(2)  # expect: BGM306
        """,
    },
    "a client under Zero Data Retention": {
        "api.py": API,
        "main.py": """
            from api import sealed


            def submit():
                return sealed().responses.create(model="o3", background=True)  # expect: BGM110
        """,
    },
    "options that another module makes": {
        "api.py": API,
        "main.py": """
            from api import client, options


            def submit(question):
                return client.responses.create(**options(question))  # expect: BGM101


            def stored(question):
                return client.responses.create(**options(question, store=True))
        """,
    },
    "everything that a module has": {
        "api.py": API,
        "main.py": waiting("from api import *", "fetch", "is_done"),
    },
    "everything, passed on with everything, relative": {
        "acme/__init__.py": "from .front import *",
        "acme/front.py": "from . import nothing\nfrom .api import *",
        "acme/api.py": API,
        "acme/main.py": waiting("from . import *", "fetch", "is_done"),
    },
    "one of everything that a package passes on": {
        "acme/__init__.py": "from .api import *",
        "acme/api.py": API,
        "main.py": waiting("from acme import fetch as get, is_done", "get", "is_done"),
    },
    "modules that import everything of each other": {
        "acme/__init__.py": "",
        "acme/api.py": "from acme.main import *\n" + API,
        "acme/main.py": waiting("from acme.api import *", "fetch", "is_done"),
    },
    "a name that modules have of each other, and none of them by itself": {
        "front.py": "from back import *\nfrom extra import *\n",
        "back.py": "from extra import *\nfrom front import *\n",
        "extra.py": "from front import save\n",
        "main.py": """
            from openai import OpenAI
            from back import *
            from front import *

            client = OpenAI()

            def start(question):
                job = client.responses.create(
                    model="o3", input=question, background=True  # expect: BGM101
                )
                save(job.id)
        """,
    },
    "everything of a module, without a leading underscore": {
        "settings.py": "OPTIONS = {'background': True}\n_HIDDEN = {'background': True}\n",
        "main.py": """
            from openai import OpenAI
            from settings import *

            client = OpenAI()
            client.responses.create(model="o3", input="?", **OPTIONS)  # expect: BGM101, BGM501
            client.responses.create(model="o3", input="?", **_HIDDEN)
        """,
    },
    "everything of what imports everything": {
        "inner.py": "OPTIONS: dict = {'background': True}\n",
        "settings.py": "from inner import *\n",
        "main.py": """
            from openai import OpenAI
            from settings import *

            OpenAI().responses.create(model="o3", input="?", **OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "everything, a builtin's name among it": {
        "settings.py": "def dict(**_):\n    return unknown()\n",
        "main.py": """
            from openai import OpenAI
            from settings import *

            OpenAI().responses.create(model="o3", input="?", **dict(background=True))
        """,
    },
    "options of a third module": {
        "defaults.py": "OPTIONS = {'background': True}\n",
        "settings.py": """
            from defaults import OPTIONS

            def options():
                return OPTIONS
        """,
        "main.py": """
            from openai import OpenAI
            from settings import options

            client = OpenAI()
            client.responses.create(model="o3", input="?", **options())  # expect: BGM101, BGM501
        """,
    },
    "options of a class of a third module": {
        "defaults.py": """
            class Defaults:
                options = {"background": True}
        """,
        "settings.py": """
            from defaults import Defaults

            def options():
                return Defaults.options
        """,
        "main.py": """
            from openai import OpenAI
            import settings

            client = OpenAI()
            client.responses.create(  # expect: BGM101, BGM501
                model="o3", input="?", **settings.options()
            )
        """,
    },
    "options that are imported where they are used": {
        "settings.py": "OPTIONS = {'model': 'o3'}\n",
        "main.py": """
            from openai import OpenAI

            client = OpenAI()

            def submit(question):
                from settings import OPTIONS
                options = {**OPTIONS, "background": True}  # expect: BGM101
                return client.responses.create(input=question, **options).id
        """,
    },
    "options that are changed where they are imported": {
        "settings.py": "OPTIONS = {'model': 'o3'}\n",
        "main.py": """
            from openai import OpenAI

            client = OpenAI()

            def submit(question):
                from settings import OPTIONS
                OPTIONS["background"] = True  # expect: BGM101
                return client.responses.create(input=question, **OPTIONS).id
        """,
    },
    "options that somebody sets later": {
        "settings.py": """
            OPTIONS = {"background": True, "store": True}

            def be_quick():
                global OPTIONS
                OPTIONS = {}
        """,
        "main.py": """
            from openai import OpenAI
            from settings import OPTIONS

            OpenAI().responses.create(model="o3", input="?", **OPTIONS)
        """,
    },
    "options by the whole name of their module": {
        "acme/__init__.py": "\n",
        "acme/opts.py": "OPTIONS = {'background': True}\n",
        "main.py": """
            from openai import OpenAI
            import acme.opts

            client = OpenAI()
            client.responses.create(input="?", **acme.opts.OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "options of a third module, by its whole name": {
        "acme/__init__.py": "\n",
        "acme/opts.py": "OPTIONS = {'background': True}\n",
        "acme/mid.py": """
            import acme.opts


            def make():
                return acme.opts.OPTIONS
        """,
        "main.py": """
            from openai import OpenAI
            from acme.mid import make

            client = OpenAI()
            client.responses.create(model="o3", input="?", **make())  # expect: BGM101, BGM501
        """,
    },
    "options that are spread from module to module": {
        "one.py": "OPTIONS = {'background': True}\n",
        "two.py": """
            from one import OPTIONS as BASE

            OPTIONS = {**BASE, 'model': 'o3'}
        """,
        "three.py": """
            from two import OPTIONS as BASE

            OPTIONS = {**BASE, 'stream': False}
        """,
        "main.py": """
            from openai import OpenAI
            from three import OPTIONS

            client = OpenAI()
            client.responses.create(input="?", **OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "options of a base class in a third module": {
        "base.py": """
            class Base:
                def options(self):
                    return {'background': True}
        """,
        "mid.py": """
            from base import Base


            class Jobs(Base):
                pass
        """,
        "main.py": """
            from openai import OpenAI
            from mid import Jobs

            client = OpenAI()
            client.responses.create(input="?", **Jobs().options())  # expect: BGM101, BGM501
        """,
    },
    "options called as a class would be": {
        "base.py": "Defaults = {'background': True}\n",
        "mid.py": """
            from base import Defaults

            OPTIONS = {**Defaults, 'stream': False}
        """,
        "main.py": """
            from openai import OpenAI
            from mid import OPTIONS

            client = OpenAI()
            client.responses.create(model="o3", input="?", **OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "everything of a module that has it from another": {
        "acme/__init__.py": "\n",
        "acme/base.py": "OPTIONS = {'background': True}\n",
        "acme/config.py": "from .base import OPTIONS\n",
        "acme/mid.py": """
            from .config import *


            def make():
                return OPTIONS
        """,
        "main.py": """
            from openai import OpenAI
            from acme.mid import make

            client = OpenAI()
            client.responses.create(model="o3", input="?", **make())  # expect: BGM101, BGM501
        """,
    },
    "everything of two modules, one of which only speaks of it": {
        "opts.py": "OPTIONS = {'background': True}\n",
        "empty.py": """
            '''Use it so:

            OPTIONS = {}
            '''
        """,
        "main.py": """
            from openai import OpenAI
            from opts import *
            from empty import *

            client = OpenAI()
            client.responses.create(model="o3", input="?", **OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "options in a module that speaks of global ones": {
        "opts.py": """
            # global OPTIONS
            OPTIONS = {'background': True}


            def get():
                'Return the global OPTIONS.'
                return OPTIONS
        """,
        "main.py": """
            from openai import OpenAI
            from opts import OPTIONS

            client = OpenAI()
            client.responses.create(model="o3", input="?", **OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "options that are denied and then set": {
        "opts.py": """
            def make(quick):
                return dict(background=False if quick else True)
        """,
        "main.py": """
            from openai import OpenAI
            from opts import make

            client = OpenAI()
            client.responses.create(model="o3", input="?", **make(None))  # expect: BGM101, BGM501
        """,
    },
    "options that are handed to what sets them": {
        "opts.py": "OPTIONS = {'model': 'o3'}\n",
        "main.py": """
            from openai import OpenAI

            client = OpenAI()


            def change(options):
                options["background"] = True


            def submit(question):
                from opts import OPTIONS
                change(OPTIONS)
                return client.responses.create(input=question, **OPTIONS).id  # expect: BGM101
        """,
    },
    "options that are handed to what takes them away": {
        "opts.py": "OPTIONS = {'model': 'o3', 'background': True}\n",
        "main.py": """
            from openai import OpenAI

            client = OpenAI()


            def change(options):
                options.pop("background", None)


            def submit(question):
                from opts import OPTIONS
                change(OPTIONS)
                return client.responses.create(input=question, **OPTIONS).id
        """,
    },
    "everything that __all__ lists": {
        "settings.py": """
            __all__ = ("_OPTIONS",)
            OPTIONS = {"background": True}
            _OPTIONS = {"background": True}
        """,
        "main.py": """
            from openai import OpenAI
            from settings import *

            client = OpenAI()
            client.responses.create(model="o3", input="?", **OPTIONS)
            client.responses.create(model="o3", input="?", **_OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "everything, where __all__ cannot be seen": {
        "settings.py": """
            from elsewhere import NAMES

            OPTIONS = {"background": True}
            __all__ = ["OPTIONS", *NAMES]
        """,
        "main.py": """
            from openai import OpenAI
            from settings import *

            OpenAI().responses.create(model="o3", input="?", **OPTIONS)  # expect: BGM101, BGM501
        """,
    },
    "everything, but what the module sets itself": {
        "settings.py": "OPTIONS = {'background': True}\n",
        "main.py": """
            from openai import OpenAI
            from settings import *

            OPTIONS = {"background": False}
            OpenAI().responses.create(model="o3", input="?", **OPTIONS)


            def submit(OPTIONS):
                return OpenAI().responses.create(model="o3", input="?", **OPTIONS)
        """,
    },
    "a client among everything": {
        "api.py": API,
        "main.py": """
            from api import *


            def submit():
                return sealed().responses.create(model="o3", background=True)  # expect: BGM110
        """,
    },
    "everything of a third-party module": {
        "main.py": waiting("from vendor.jobs import *", "fetch", "is_done").replace(
            "  # expect: BGM301", ""
        ),
    },
    "a word that another module compares with is no finding here": {
        "api.py": API,
        "checks.py": "def is_done(response):\n    return response.status == 'done'\n",
        "main.py": waiting("from api import fetch\nfrom checks import is_done", "fetch", "is_done")
        .replace("  # expect: BGM301", "")
        .replace("import time\n", "import time\nMODE = 'fast' == 'slow'\n"),
    },
    "a helper that asks a third module": {
        "conditions.py": "def is_one_of(status):\n    return status in ('completed', 'failed')\n",
        "checks.py": """
            from conditions import is_one_of

            def is_done(response):
                return is_one_of(response.status)
            """,
        "api.py": API,
        "main.py": waiting("from api import fetch\nfrom checks import is_done", "fetch", "is_done"),
    },
    "a third-party module is not there": {
        "main.py": waiting("from vendor.jobs import fetch, is_done", "fetch", "is_done").replace(
            "  # expect: BGM301", ""
        ),
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_findings_stand_where_they_are_expected(case: dict[str, str], tmp_path: Path) -> None:
    for name, text in case.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text))
    path = next(tmp_path.rglob("main.py"))
    text = path.read_text()
    findings = analyse(Source(str(path), text), parse_policy(POLICY, "p"), project=Project())
    assert places(findings) == expected(text)


OPTIONS = 'OPTIONS = {"model": "o3", "background": True}\n'
NAMED_ELSEWHERE = [
    "client.responses.create(**OPTIONS)",
    "client.responses.parse(input='?', **OPTIONS)",
    "client.responses.with_raw_response.create(**OPTIONS)",
    "client.beta.responses.create(\n    **OPTIONS\n)",
    "(\n    client\n    .responses\n    .create(**OPTIONS)\n)",
    'getattr(client, "responses").create(background=True)',
]
NOTHING_TO_SEE = [
    "client.responses.create(input='?')",
    "client.completions.create(**OPTIONS)",
    "responses.create(**OPTIONS)",
    "client.responses.append(OPTIONS)\nother.create(**OPTIONS)",
    "print('responses.create', **OPTIONS)",
    "self.responses = create(**OPTIONS)",
]


@pytest.mark.parametrize("call", NAMED_ELSEWHERE)
def test_a_file_matters_whose_background_is_said_elsewhere(call: str, tmp_path: Path) -> None:
    (tmp_path / "options.py").write_text(OPTIONS)
    path = tmp_path / "main.py"
    path.write_text(f"from api import client\nfrom options import OPTIONS\n\n{call}\n")
    source = Source(str(path), path.read_text())
    assert may_matter(path.read_bytes())
    assert text_may_matter(source.text)
    findings = analyse(source, parse_policy(POLICY, "p"), project=Project())
    assert "BGM101" in {finding.code for finding in findings}


@pytest.mark.parametrize("call", NOTHING_TO_SEE)
def test_no_other_file_matters_for_a_mapping(call: str) -> None:
    text = f"from options import OPTIONS\n{call}\n"
    assert not may_matter(text.encode())
    assert not text_may_matter(text)
