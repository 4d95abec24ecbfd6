"""How the bytes of a file become code, those of a module and those of a notebook."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from bgmode.notebook import SUFFIX, Notebook, read_notebook
from bgmode.source import Source, decode


@dataclass(frozen=True)
class Text:
    """A file that was read: its bytes, its code and how they were decoded."""

    data: bytes
    source: Source
    encoding: str
    notebook: Notebook | None = None

    @property
    def written(self) -> str:
        """The text as the file holds it: of a notebook the JSON."""
        return self.source.text if self.notebook is None else self.notebook.text

    def changed(self, code: str) -> str:
        """The text of the file with other code.

        Raises ValueError where more of a notebook than the cells' lines would change.
        """
        return code if self.notebook is None else self.notebook.changed(code)


def read_text(path: str, data: bytes) -> Text:
    """Read the bytes of the file ``path``. Raises :class:`~bgmode.source.Unreadable`."""
    if path.endswith(SUFFIX):
        notebook = read_notebook(data)
        encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
        return Text(data, notebook.source(path), encoding, notebook)
    text, encoding = decode(data)
    return Text(data, Source(path, text), encoding)


def decoded_text(path: str, text: str) -> Text:
    """The same for a file that somebody has decoded."""
    data = text.encode("utf-8", "replace")
    if path.endswith(SUFFIX):
        return read_text(path, data)
    return Text(data, Source(path, text), "utf-8")
