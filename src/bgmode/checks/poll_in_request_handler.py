"""BGM506: a web request that waits for a background job."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.polling import PollLoop
from bgmode.model.routes import Route, Routes, runs


def poll_in_request_handler(subject: Subject) -> Iterator[Finding]:
    loops: dict[ast.AST, PollLoop] = {
        loop.scope: loop for loop in reversed(subject.loops) if loop.may_last and not loop.hands_out
    }
    if not loops:
        return
    names = subject.case.module.names
    for route in Routes(names).all:
        for at, function in runs(names, route.handler, frozenset(loops)):
            yield _finding(subject, route, at, loops[function])


def _finding(subject: Subject, route: Route, at: ast.AST, loop: PollLoop) -> Finding:
    notes = [subject.note("a web framework calls this for each request", route.node)]
    place = loop.node if at is loop.scope else at
    if place is not loop.node:
        notes.append(subject.note("the loop is here", loop.node))
    until = " or the wait is given up" if loop.bounds else ""
    return subject.finding(
        place,
        f"a web request waits here until the job has ended{until}: answer with the response's id "
        "and retrieve it in a later request",
        notes=notes,
    )
