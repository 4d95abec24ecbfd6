"""Calls that come to a background call of another module, and are tried again in this one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from bgmode.flow.names import FunctionNode, Names, handed_to, last_word
from bgmode.model.callgraph import CallGraph, Way
from bgmode.model.polling import place
from bgmode.model.retries import Retry, callers, raises_out_of, retries_around


@dataclass(frozen=True)
class FarRetry:
    """``retry`` tries the call again that ``way`` begins with, which stands in this module."""

    retry: Retry
    way: Way

    @property
    def call(self) -> ast.Call:
        return self.way.steps[0].call


def far_retries(graph: CallGraph, starters: Set[str]) -> Iterator[FarRetry]:
    """All of them, in the order of the text; what another module itself tries again is its own.

    ``starters`` is what the functions are called, or their classes, that come to such a call.
    """
    for call in _leading_away(graph, starters):
        retry = next(retries_around(graph.here.names, call), None)
        way = graph.way(call) if retry is not None else None
        if retry is not None and way is not None and _lets_errors_out(graph, way):
            yield FarRetry(retry, way)


def letting_errors_out(names: Names, calls: Iterable[ast.Call]) -> frozenset[FunctionNode]:
    """The functions of a module out of which comes what some of its calls raise."""
    found: set[FunctionNode] = set()
    waiting = list(calls)
    while waiting:
        function = raises_out_of(names, waiting.pop())
        if function is not None and function not in found:
            found.add(function)
            waiting += callers(names, function)
    return frozenset(found)


def _leading_away(graph: CallGraph, starters: Set[str]) -> Iterator[ast.Call]:
    """The calls that may come to a background call of another module, in the order of the text."""
    names, clients = graph.here.names, graph.here.clients
    found = [
        call
        for call in (names.calls if starters else ())
        if any(_word(names, node) in starters for node in (call.func, *handed_to(call)))
        and names.callee(call) is None
        and clients.access(call.func) is None
    ]
    yield from sorted(found, key=place)


def _word(names: Names, node: ast.expr) -> str | None:
    """What something is called where it is defined."""
    name = last_word(node)
    return None if name is None else names.imports.get(name, name).rpartition(".")[2]


def _lets_errors_out(graph: CallGraph, way: Way) -> bool:
    """Whether what the background call raises comes to where ``way`` begins."""
    home = graph.home(way.end.node)
    if home is graph.here or any(retries_around(home.names, way.end.node)):
        return False
    inner = [*(step.call for step in way.steps[1:]), way.end.node]
    return all(
        raises_out_of(graph.home(step.function).names, call) is step.function
        for step, call in zip(way.steps, inner, strict=True)
    )
