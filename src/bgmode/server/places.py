"""Where something stands as the client counts: lines from 0, columns in the units agreed upon.

A byte order mark at the head of a text is no character of ours, and one of the client's where it
sends it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types
from pygls.uris import from_fs_path
from pygls.workspace import PositionCodec

from bgmode.discover import read_file
from bgmode.source import Source, Span, Unreadable, decode, split_lines

MARK = "\N{BYTE ORDER MARK}"


@dataclass(frozen=True)
class Places:
    """The places of one file; ``lines`` are those the client has, none where nobody knows them."""

    uri: str
    lines: list[str]
    codec: PositionCodec

    def position(self, line: int, column: int) -> types.Position:
        """Our line and column as the client's."""
        written = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if line == 1 and written.startswith(MARK):
            column += 1
        return types.Position(line - 1, self.codec.client_num_units(written[:column]))

    def range(self, span: Span) -> types.Range:
        """A stretch of the text."""
        begin = span.line, span.column
        end = max(begin, (span.end_line, span.end_column))
        return types.Range(self.position(*begin), self.position(*end))

    def location(self, span: Span | None) -> types.Location:
        """A stretch of the file; its head where the whole file is meant."""
        return types.Location(self.uri, self.range(span or Span(1, 0, 1, 0)))


def places_on_disk(path: str, codec: PositionCodec) -> Places:
    """The places of a file as it is on the disk."""
    try:
        text, _ = decode(read_file(path))
    except (OSError, Unreadable):
        text = ""
    return Places(from_fs_path(path) or "", split_lines(text), codec)


def places_in(source: Source, uri: str, text: str, codec: PositionCodec) -> Places:
    """The places of a text in an editor."""
    return Places(uri, source.lines if source.text == text else split_lines(text), codec)
