"""What another module's text says of its imports is what its tree says."""

from __future__ import annotations

import textwrap

import pytest

from bgmode.flow.other_module import OtherModule
from bgmode.source import Source

LINES = (
    "from .jobs import fetch",
    "from .jobs import fetch as get, wait",
    "from . import jobs",
    "from .. import jobs as work  # (all of them)",
    "from acme.jobs import (fetch, wait)",
    "from acme.jobs import (  # the (only) ones\n    fetch as get,  # not )\n    wait,\n)",
    "from acme.jobs import fetch, \\\n    wait",
    "from acme.jobs \\\n    import fetch",
    "from.jobs import fetch",
    "from acme.importing import imported",
    "import acme.jobs",
    "import acme.jobs as jobs, os.path, sys",
    "if True: from .jobs import fetch",
    "try:\n    from .fast import fetch\nexcept ImportError:\n    from .jobs import fetch",
    "import os; from .jobs import fetch; fetch()",
    "def later():\n    from .jobs import fetch\n    return fetch",
    "from .jobs import *",
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_imports_are_read_off_the_text(line: str, end: str) -> None:
    text = textwrap.dedent(f'"""Jobs."""\n{line}\nx = 1\n').replace("\n", end)
    module = OtherModule(Source("x.py", text))
    for name, dotted in module.names.imports.items():
        assert dotted in module.passes_on[name]


def test_what_is_no_import_binds_nothing() -> None:
    text = "important = 1\nfrom_import = {'import': 2}\nraise ValueError from error\n"
    assert not OtherModule(Source("x.py", text)).passes_on
