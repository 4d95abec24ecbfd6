"""BGM111: code that requires Zero Data Retention calls something that makes a background call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Note
from bgmode.model.callgraph import Way


def background_reachable_from_zdr(subject: Subject) -> Iterator[Finding]:
    if not subject.case.has_zdr_code:
        return
    module = subject.case.module
    required_in: dict[ast.AST, Note | None] = {}
    for call in sorted(module.names.calls, key=lambda call: (call.lineno, call.col_offset)):
        scope = module.names.scope_node(call)
        if scope not in required_in:
            required_in[scope] = subject.case.zdr_around(call)
        required = required_in[scope]
        if required is None or module.clients.access(call.func) is not None:
            continue
        way = module.graph.way(call)
        if way is None or _is_told_elsewhere(subject, way):
            continue
        yield subject.finding(
            call,
            f"this call comes to a background call in {way.steps[-1].function.name}, and the code "
            "here requires Zero Data Retention: the provider keeps the response for about ten "
            "minutes at least",
            notes=[required, *path_notes(subject, way)],
        )


def _is_told_elsewhere(subject: Subject, way: Way) -> bool:
    """Whether the function that is called, or the background call, requires ZDR by itself."""
    first = way.steps[0].function.body[0]
    case = subject.case
    return case.zdr_anywhere(first) is not None or case.zdr_of(way.end) is not None


def path_notes(subject: Subject, way: Way) -> Iterator[Note]:
    """The steps of a way behind the first one, and the background call at its end."""
    for step in way.steps[1:]:
        yield subject.case.note_anywhere(f"which calls {step.function.name}", step.call)
    yield subject.case.note_anywhere("which runs in the background", _written(way))


def _written(way: Way) -> ast.AST:
    written = way.end.origins("background")
    return written[0].node if written else way.end.node
