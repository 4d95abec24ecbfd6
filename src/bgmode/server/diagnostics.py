"""Findings and a policy's problems as diagnostics."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lsprotocol import types
from pygls.workspace import PositionCodec

from bgmode.finding import Finding, Note
from bgmode.knowledge import RULES
from bgmode.policy.problem import Problem
from bgmode.server.judging import Judged
from bgmode.server.places import Places, places_on_disk
from bgmode.source import Span

SOURCE = "bgmode"
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}


def diagnostic(finding: Finding, places: Places) -> types.Diagnostic:
    """A finding in the file of ``places``."""
    return types.Diagnostic(
        range=places.range(finding.span),
        message=finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(RULES[finding.code].url),
        source=SOURCE,
        related_information=[_related(note, finding, places) for note in finding.notes] or None,
    )


def _related(note: Note, finding: Finding, places: Places) -> types.DiagnosticRelatedInformation:
    if note.path != finding.path:
        places = places_on_disk(os.path.abspath(note.path), places.codec)
    return types.DiagnosticRelatedInformation(places.location(note.span), note.message)


def of_policy(judged: Judged, codec: PositionCodec) -> Iterator[tuple[str, types.Diagnostic]]:
    """What is to be said of the policy that applies to a text: the file's URI, and what."""
    for problem in judged.problems:
        places = places_on_disk(os.path.abspath(problem.path), codec)
        yield places.uri, _problem(problem, places)
    for finding in judged.of_policy:
        places = places_on_disk(os.path.abspath(finding.path), codec)
        yield places.uri, diagnostic(finding, places)


def _problem(problem: Problem, places: Places) -> types.Diagnostic:
    column = problem.column - 1
    return types.Diagnostic(
        range=places.range(Span(problem.line, column, problem.line, column)),
        message=f"{problem.key}: {problem.message}" if problem.key else problem.message,
        severity=types.DiagnosticSeverity.Error,
        source=SOURCE,
    )
