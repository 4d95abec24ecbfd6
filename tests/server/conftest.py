"""One server for the tests of a module, as an editor has one for all that is open in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.editor import Editor


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    editor = Editor(tmp_path_factory.mktemp("workspace"), options=("--today", "2027-01-31"))
    yield editor
    assert editor.log == []
    assert editor.leave() == 0
