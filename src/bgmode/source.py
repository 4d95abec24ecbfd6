"""The text of one file: how its bytes become characters, lines and places.

Lines are 1-based, columns 0-based and counted in characters (code points).
The standard library's ``ast`` counts columns in UTF-8 bytes; :class:`Source`
turns them into characters. Lines end where Python's parser ends them: at
``\\n``, ``\\r\\n`` and ``\\r``, and not at a form feed.
"""

from __future__ import annotations

import ast
import bisect
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

CELL = ":cell "
"""What stands between the path of a notebook and the number of one of its cells, from 1."""
LINE_END = re.compile(r"\r\n|\r|\n")


class Unreadable(Exception):
    """A file that cannot become a tree: where (line, column) and why."""

    def __init__(self, reason: str, line: int = 1, column: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


class Placed(Protocol):
    """A node of the tree that knows where it stands."""

    lineno: int
    col_offset: int
    end_lineno: int | None
    end_col_offset: int | None


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text. Lines are 1-based, columns 0-based, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def holds(self, line: int) -> bool:
        """Whether ``line`` is one of the lines of this stretch."""
        return self.line <= line <= self.end_line


def decode(data: bytes) -> tuple[str, str]:
    """Decode the bytes of a Python file as Python itself would.

    Returns the text without its byte order mark, and the name of the encoding
    (``utf-8-sig`` where there was a mark). Raises :class:`Unreadable`.
    """
    try:
        encoding = _encoding(data)
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"byte 0x{data[error.start]:02x} is not {error.encoding} text"
        raise Unreadable(reason, line) from None
    except (SyntaxError, LookupError) as error:
        raise Unreadable(str(error).split(" for ")[0]) from None


def placed(node: ast.AST) -> Placed:
    """The node, known to stand somewhere. Raises TypeError where it does not."""
    if not hasattr(node, "lineno"):
        raise TypeError(f"{type(node).__name__} has no place in the text")
    return node  # type: ignore[return-value]


def first_line(node: ast.AST) -> int:
    """The line that a statement, or another node with a place, begins on: its first decorator's."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([placed(node).lineno, *(decorator.lineno for decorator in decorators)])


def _holds(statement: ast.stmt, line: int) -> bool:
    first = first_line(statement)
    return first <= line <= (statement.end_lineno or first)


def _statements_in(statement: ast.stmt) -> list[ast.stmt]:
    """The statements directly in the blocks of one."""
    found: list[ast.stmt] = []
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            found.append(child)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            found += child.body
    return found


def newline_of(text: str) -> Literal["\n", "\r\n", "\r"]:
    """The line end that a text uses; the first one where it mixes them."""
    matched = LINE_END.search(text)
    match matched[0] if matched else "\n":
        case "\r\n":
            return "\r\n"
        case "\r":
            return "\r"
        case _:
            return "\n"


def _encoding(data: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError as error:
        if str(error).startswith("invalid or missing encoding"):
            return "utf-8"  # some byte of the first lines is not; decoding says which
        raise


def line_starts(text: str) -> list[int]:
    """Where each line begins, as Python's parser counts them; the first begins at 0."""
    return [0, *(matched.end() for matched in LINE_END.finditer(text))]


def split_lines(text: str) -> list[str]:
    """Split ``text`` into lines without their ends, where Python's parser does."""
    return LINE_END.split(text)


@dataclass(frozen=True)
class Source:
    """One file's text, and its tree where somebody has parsed it already.

    ``path`` is shown to people as it is; it need not exist. ``cells`` are the lines on which the
    cells of a notebook begin, where it is one.
    """

    path: str
    text: str
    given_tree: ast.Module | None = None
    cells: tuple[int, ...] = ()

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return split_lines(self.text)

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree. Raises :class:`Unreadable`."""
        if self.given_tree is not None:
            return self.given_tree
        return parse(self.text)

    def share(self, other: Source) -> None:
        """Take over the tree of a source that has the same text, and need not parse it again."""
        self.__dict__["tree"] = other.tree  # where cached_property keeps it

    def column(self, line: int, byte_column: int) -> int:
        """Turn the parser's UTF-8 byte column into a column in characters."""
        if not 1 <= line <= len(self.lines):
            return byte_column
        text = self.lines[line - 1]
        if text.isascii():
            return byte_column
        return len(text.encode("utf-8", "replace")[:byte_column].decode("utf-8", "ignore"))

    def span(self, node: Placed) -> Span:
        """Where ``node`` stands."""
        end_line = node.end_lineno or node.lineno
        end_byte = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return Span(
            node.lineno,
            self.column(node.lineno, node.col_offset),
            end_line,
            self.column(end_line, end_byte),
        )

    def written(self, span: Span) -> str:
        """The text of a stretch just as it is written, line ends included."""
        starts = line_starts(self.text)
        begin = starts[span.line - 1] + span.column
        return self.text[begin : starts[span.end_line - 1] + span.end_column]

    def scope_at(self, line: int) -> str:
        """The dotted name of the innermost function or class at a line; empty for the module.

        Raises :class:`Unreadable`.
        """
        names: list[str] = []
        body: list[ast.stmt] = self.tree.body
        while body:
            around = (statement for statement in body if _holds(statement, line))
            statement = next(around, None)
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.append(statement.name)
            body = [] if statement is None else _statements_in(statement)
        return ".".join(names)

    def changed(self, text: str) -> Source:
        """The same file with another text; in a notebook the comments above the cells are kept."""
        marks = {self.lines[start - 2] for start in self.cells}
        lines = enumerate(split_lines(text), 2) if marks else ()
        return Source(self.path, text, cells=tuple(start for start, line in lines if line in marks))

    def shown(self, line: int) -> tuple[str, int]:
        """The path and line to show for a line of the text: those of its cell in a notebook."""
        cell = bisect.bisect_right(self.cells, line)
        if not cell:
            return self.path, line
        return f"{self.path}{CELL}{cell}", line - self.cells[cell - 1] + 1

    def below_comments(self, line: int) -> int:
        """The first line from ``line`` on that is no comment."""
        while line < len(self.lines) and self.lines[line - 1].lstrip().startswith("#"):
            line += 1
        return line

    def snippet(self, span: Span) -> str:
        """The text of a stretch, its lines joined by ``\\n``."""
        lines = self.lines[span.line - 1 : span.end_line]
        if not lines:
            return ""
        if len(lines) == 1:
            return lines[0][span.column : span.end_column]
        return "\n".join([lines[0][span.column :], *lines[1:-1], lines[-1][: span.end_column]])


def parse(text: str) -> ast.Module:
    """Parse ``text``. Raises :class:`Unreadable` for all that the parser may throw."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the linted code's own business
            return ast.parse(text)
    except (SyntaxError, ValueError) as error:
        if "\0" in text:
            line = len(LINE_END.findall(text, 0, text.index("\0"))) + 1
            raise Unreadable("syntax error: source code cannot contain null bytes", line) from None
        if isinstance(error, SyntaxError):
            line, column = max(error.lineno or 1, 1), max((error.offset or 1) - 1, 0)
            raise Unreadable(f"syntax error: {error.msg}", line, column) from None
        raise Unreadable(f"syntax error: {error}") from None
    except (RecursionError, MemoryError):
        raise Unreadable("nested too deeply for Python's own parser") from None
