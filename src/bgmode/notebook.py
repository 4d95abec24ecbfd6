"""Notebooks: the code cells of an ``.ipynb`` file as one Python text, and back.

Each cell stands below a string that marks it. What only IPython understands (``%time``, ``!ls``,
``name?``) and cells that are no Python have marked lines in their place, so a text that has been
changed can be taken apart again and nothing else of the notebook changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bgmode.source import Source, Unreadable, parse, split_lines

SUFFIX = ".ipynb"

_PYTHON = ("python", "ipython", "xpython")
_LAYOUTS = [
    {"indent": indent, "ensure_ascii": ascii_only}
    for indent in (1, 2, 4, None)
    for ascii_only in (False, True)
]
_HOLDS_PYTHON = re.compile(r"%%(?:time|timeit|capture|prun|memit|mprun)\b")
_MAGIC = re.compile(r"\s*(?:[%!?]|[\w.]+\?{1,2}\s*$)")
_ASSIGNED = re.compile(r"(?P<left>\s*[\w.,\s]+=\s*)[%!](?!=)")


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell that is no Python: where (line and column of the whole text), and why."""

    line: int
    column: int
    reason: str


@dataclass
class _Joined:
    """The lines of all cells while they are put together; ``replaced`` by what marks them."""

    lines: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was read; ``text`` is its JSON."""

    text: str
    data: dict[str, Any]

    @cached_property
    def cells(self) -> list[dict[str, Any]]:
        """The code cells, in order; none where the notebook is not in Python."""
        if not _is_python(self.data):
            return []
        return [cell for cell in self.data["cells"] if cell.get("cell_type") == "code"]

    def source(self, path: str) -> Source:
        """The code of all cells under the name ``path``."""
        text = "\n".join(self._joined.lines) + "\n"
        return Source(path, text, cells=tuple(self._joined.starts))

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The cells that are no Python; the others are judged."""
        return tuple(self._joined.broken)

    def changed(self, code: str) -> str:
        """The notebook's JSON with the cells of ``code``, a changed text of :meth:`source`.

        Raises ValueError where more than the cells' lines would change.
        """
        layout = _layout(self.text, self.data)
        data = json.loads(self.text)
        changed = Notebook(self.text, data)
        for cell, lines in zip(changed.cells, self._taken_apart(code), strict=True):
            text = "\n".join(lines)
            if text == _source_of(cell):
                continue
            cell["source"] = text if isinstance(cell["source"], str) else _kept_ends(text)
        if changed.source("").text != code:
            raise ValueError("what is new stands in no cell")
        return _written(data, layout, self.text)

    def lines(self, number: int) -> list[str]:
        """The lines of a cell (from 1) as they are written."""
        return split_lines(_source_of(self.cells[number - 1]))

    # Together

    @cached_property
    def _mark(self) -> str:
        """A word that stands nowhere in the notebook."""
        mark = "ipython-"
        while mark in self.text:
            mark = f"x{mark}"
        return mark

    @cached_property
    def _joined(self) -> _Joined:
        joined = _Joined()
        for number, cell in enumerate(self.cells, 1):
            joined.lines.append(self._above(number))
            joined.starts.append(len(joined.lines) + 1)
            written = split_lines(_source_of(cell))
            code = self._code(written, joined)
            try:
                parse("\n".join(code))
            except Unreadable as error:
                line = len(joined.lines) + error.line
                joined.broken.append(Broken(line, error.column, error.reason))
                code = [self._marked(line, "", joined) for line in written]
            joined.lines += code
        return joined

    def _code(self, written: list[str], joined: _Joined) -> list[str]:
        """The lines of a cell, with marked ones for those of IPython."""
        if written[0].startswith("%%") and not _HOLDS_PYTHON.match(written[0]):
            return [self._marked(line, "", joined) for line in written]
        if not _has_magics(written):
            return written
        code: list[str] = []
        goes_on = False  # a shell command on more lines than one
        for line in written:
            code.append(self._marked(line, "", joined) if goes_on else self._python(line, joined))
            goes_on = line.endswith("\\") and (goes_on or code[-1] != line)
        return code

    def _above(self, number: int) -> str:
        """What stands above a cell; no comment, so that nothing is put between the two."""
        return f'"{self._mark}cell-{number}"'

    def _python(self, line: str, joined: _Joined) -> str:
        assigned = _ASSIGNED.match(line)
        if assigned is not None:
            return self._marked(line, f"{assigned['left']}get_ipython()", joined)
        if _MAGIC.match(line):
            indentation = line[: len(line) - len(line.lstrip())]
            return self._marked(line, f"{indentation}pass", joined)
        return line

    def _marked(self, line: str, code: str, joined: _Joined) -> str:
        """``code`` in the place of ``line``, so that this can be found again."""
        mark = f"# {self._mark}line-{len(joined.replaced) + 1}"
        joined.replaced[mark] = line
        return f"{code}  {mark}" if code else mark

    def _taken_apart(self, code: str) -> Iterator[list[str]]:
        """The lines of each cell, with what only IPython understands."""
        replaced = self._joined.replaced
        cell: list[str] | None = None
        marks = {self._above(number) for number in range(1, len(self.cells) + 1)}
        for line in split_lines(code.removesuffix("\n")):
            if line in marks:
                if cell is not None:
                    yield cell
                cell = []
            elif cell is not None:
                mark = line[line.rfind("# ") :] if f"# {self._mark}line-" in line else ""
                cell.append(replaced.get(mark, line))
        if cell is not None:
            yield cell


def read_notebook(data: bytes) -> Notebook:
    """Read the bytes of a notebook. Raises :class:`Unreadable`."""
    try:
        text = data.decode("utf-8-sig")
        found = json.loads(text)
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte 0x{data[error.start]:02x} is not utf-8 text") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"no notebook: {error.msg}", error.lineno, error.colno - 1) from None
    except RecursionError:
        raise Unreadable("no notebook: nested too deeply") from None
    cells = found.get("cells") if isinstance(found, dict) else None
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise Unreadable("no notebook of format 4: it has no list of cells")
    return Notebook(text, found)


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict):
        return False
    match cell.get("source", ""):
        case str():
            return True
        case list() as lines:
            return all(isinstance(line, str) for line in lines)
    return False


def _is_python(data: dict[str, Any]) -> bool:
    metadata = data.get("metadata") or {}
    kernel, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    language = info.get("name") or kernel.get("language") or "python"
    return str(language).lower() in _PYTHON


def _source_of(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _kept_ends(text: str) -> list[str]:
    """The lines with their ends, as notebooks hold them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _has_magics(lines: list[str]) -> bool:
    """Whether some lines are IPython's, and the cell no Python with them."""
    if not any(_MAGIC.match(line) or _ASSIGNED.match(line) for line in lines):
        return False
    try:
        parse("\n".join(lines))
    except Unreadable:
        return True
    return False


def _layout(text: str, data: dict[str, Any]) -> dict[str, Any]:
    """How a notebook's JSON is laid out. Raises ValueError where that is not known."""
    for layout in _LAYOUTS:
        if _written(data, layout, text) == text:
            return layout
    raise ValueError("its JSON is not laid out as notebooks are, so more lines would change")


def _written(data: dict[str, Any], layout: dict[str, Any], like: str) -> str:
    return json.dumps(data, **layout) + ("\n" if like.endswith("\n") else "")
