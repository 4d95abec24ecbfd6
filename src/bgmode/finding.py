"""What a rule says about one place: the finding, its notes, and the edits that would mend it.

Everything here is plain, picklable data.
"""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from bgmode.source import CELL, Source, Span

Applicability: TypeAlias = Literal["safe", "unsafe", "display"]
Place: TypeAlias = tuple[str, str]
"""A function: the absolute path of its file, and its name in there, ``Jobs.start``."""


@dataclass(frozen=True, slots=True)
class Note:
    """Another place that matters for a finding; ``span`` is None where it is the whole file."""

    message: str
    path: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SetKeyword:
    """Give a call the keyword ``name=value``, behind the keyword ``after`` where that is there."""

    call: Span
    name: str
    value: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveKeyword:
    """Take the keyword argument ``name`` out of a call."""

    call: Span
    name: str


@dataclass(frozen=True, slots=True)
class SetItem:
    """Give a dict display the entry ``"name": value``, behind the entry ``after``."""

    display: Span
    name: str
    value: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Take the entry ``"name"`` out of a dict display."""

    display: Span
    name: str


@dataclass(frozen=True, slots=True)
class ReplaceExpression:
    """Put another expression in the place of one."""

    at: Span
    value: str


@dataclass(frozen=True, slots=True)
class InsertStatement:
    """Add statements behind one, or before it, at its own indentation.

    ``lines`` hold no line ends.
    """

    beside: Span
    lines: tuple[str, ...]
    before: bool = False


@dataclass(frozen=True, slots=True)
class RemoveComment:
    """Take a comment, or the part of one that stands at ``at``, out of its line."""

    at: Span


@dataclass(frozen=True, slots=True)
class ReplaceComment:
    """Put other words in the place of a comment, or of a part of one."""

    at: Span
    value: str


@dataclass(frozen=True, slots=True)
class RemoveStatement:
    """Take a statement out of its block; ``pass`` takes its place where it stood alone."""

    at: Span


Edit: TypeAlias = (
    SetKeyword
    | RemoveKeyword
    | SetItem
    | RemoveItem
    | ReplaceExpression
    | InsertStatement
    | RemoveStatement
    | RemoveComment
    | ReplaceComment
)


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to mend a finding; ``display`` fixes are shown and never applied.

    ``reveals`` are the rules that may find something only once this finding is gone;
    ``alternatives`` are the ways among which a person has to choose.
    """

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...] = ()
    reveals: frozenset[str] = frozenset()
    alternatives: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class Replacement:
    """Text that takes the place of whole lines; an empty span is where it is put in."""

    at: Span
    text: str

    @property
    def gone(self) -> range:
        """The numbers of the lines that it takes away."""
        return range(self.at.line, self.at.end_line + (self.at.end_column > 0))


@dataclass(frozen=True, slots=True)
class Patch:
    """What a fix would change, from the first line to the last."""

    applicability: Applicability
    message: str
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class Suppression:
    """What has silenced a finding: a comment or an entry of the policy's ``waivers``.

    ``until`` is the last day on which it counts.
    """

    kind: Literal["comment", "waiver"]
    path: str
    line: int
    reason: str | None = None
    owner: str | None = None
    ticket: str | None = None
    until: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one rule; ``extent`` is the whole of what it speaks of.

    ``pending`` is given where other files decide whether it stands: it does unless one of them
    speaks of that function.
    """

    code: str
    name: str
    severity: str
    path: str
    span: Span
    message: str
    notes: tuple[Note, ...] = ()
    fix: Fix | None = None
    scope: str = ""
    snippet: str = ""
    extent: Span | None = None
    suppressed: Suppression | None = None
    pending: Place | None = None

    @property
    def file(self) -> str:
        """The file on the disk: of a notebook without the cell."""
        return split_cell(self.path)[0]

    def shown_in(self, source: Source) -> Finding:
        """The finding with the places that people see: of a notebook, a cell and its line."""
        if not source.cells:
            return self
        path, span = _shown(source, self.span)
        notes = tuple(
            replace(note, path=_shown(source, note.span)[0], span=_shown(source, note.span)[1])
            if note.span is not None and note.path == source.path
            else note
            for note in self.notes
        )
        return replace(self, path=path, span=span, notes=notes)

    @property
    def fingerprint(self) -> str:
        """What the finding is, whatever line it has moved to: rule, file, scope, code."""
        snippet = " ".join(self.snippet.split())
        parts = "\0".join((self.code, self.file, self.scope, snippet))
        return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32]

    def as_data(self) -> dict[str, Any]:
        """What every JSON format gives of it. Lines and columns are 1-based there."""
        span, (file, cell) = self.span, split_cell(self.path)
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity,
            "path": file,
            **({} if cell is None else {"cell": cell}),
            "line": span.line,
            "column": span.column + 1,
            "end_line": span.end_line,
            "end_column": span.end_column + 1,
            "message": self.message,
        }

    @property
    def order(self) -> tuple[str, Span, str, str]:
        """How findings are sorted."""
        return (self.path, self.span, self.code, self.message)


def split_cell(path: str) -> tuple[str, int | None]:
    """A path that is shown, as the file and, of a notebook, the number of the cell."""
    file, mark, cell = path.rpartition(CELL)
    return (file, int(cell)) if mark and cell.isdecimal() else (path, None)


def _shown(source: Source, span: Span) -> tuple[str, Span]:
    path, line = source.shown(span.line)
    return path, Span(line, span.column, span.end_line - span.line + line, span.end_column)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fix that was not applied, and why."""

    finding: Finding
    reason: str
