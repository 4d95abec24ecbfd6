"""The words that a response's status is compared with, and where they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from bgmode.flow.judging import Answering, judged
from bgmode.flow.names import CODE, FUNCTIONS, Binding, Code, Names
from bgmode.flow.run import Run
from bgmode.flow.world import MOST_WORK
from bgmode.model.holders import StatusHolders
from bgmode.model.own_words import OwnWords
from bgmode.model.polling import Polling, place
from bgmode.model.reaching import reaching
from bgmode.model.world import is_long

_QUICKLY = 4_000  # expressions


@dataclass(frozen=True)
class ComparedWord:
    """A word that a status is compared with. ``node`` is where it is written.

    ``display`` is the tuple, list or set that it is one of the elements of.
    """

    word: str
    node: ast.expr
    display: ast.Tuple | ast.List | ast.Set | None = None


@dataclass(frozen=True)
class _Compared:
    """What statuses are compared with (``words``), and the expressions that held them."""

    words: dict[ast.expr, set[object]] = field(default_factory=dict)
    sides: dict[ast.expr, set[ast.expr]] = field(default_factory=dict)


def unknown_words(polling: Polling) -> tuple[ComparedWord, ...]:
    """The words that are no status of the provider, in the order of the text.

    A module that only creates responses, none of them in the background, has no jobs.
    """
    statuses = set(polling.provider.statuses)
    calls = polling.calls
    jobs = [call for kind in ("poll", "cancel") for call in calls.of_kind(kind)]
    if jobs or calls.background:
        jobs += calls.of_kind("create")
    suspicion = _Suspicion(polling) if jobs else None
    if suspicion is None or not suspicion.comparisons:
        return ()
    own = OwnWords(polling.names, frozenset(jobs))
    compared = _compared(polling, jobs, suspicion)
    found: dict[ast.AST, ComparedWord] = {}
    for node, words in compared.words.items():
        if node not in polling.names.parent:
            continue  # it stands in another module
        unknown = {word for word in words if isinstance(word, str) and word} - statuses
        for side in compared.sides[node] if unknown else ():
            held = own.of(side)
            unknown = set() if held is None else unknown - held
        for word in unknown:
            for written in _written(polling.names, node, word, compared.words):
                found[written.node] = written
    return tuple(sorted(found.values(), key=lambda written: place(written.node)))


class _Suspicion:
    """Where a status may be compared with a word that is none, as far as names can tell.

    What they cannot tell is left to runs, as long as these are short.
    """

    def __init__(self, polling: Polling) -> None:
        self._polling = polling
        self.names = polling.names
        statuses = frozenset({"", *polling.provider.statuses})
        self.comparisons = {
            node: sides
            for node in (*self.names.comparisons, *self.names.calls_of("iter"))
            if (sides := self._sides_of(node, statuses))
        }

    def _sides_of(self, node: ast.AST, statuses: frozenset[str]) -> list[ast.AST]:
        """What is compared with words that are not all statuses."""
        return [
            side
            for word, side in _sides(node)
            if not statuses.issuperset(_words_in(self.names, word))
        ]

    def is_about(self, scope: ast.Module | Code) -> bool:
        """Whether ``scope`` may come to a comparison of a status."""
        return self._scopes is None or scope in self._scopes

    @cached_property
    def _scopes(self) -> frozenset[ast.AST] | None:
        """The code that does; None where that may be any code."""
        holders = StatusHolders(self._polling)
        found = [
            node
            for node, sides in self.comparisons.items()
            if any(isinstance(side, ast.pattern) or holders.may_hold(side) for side in sides)
        ]
        coming = reaching(self.names, found)
        if any(word.startswith("__") for word in coming.words):
            return None
        return coming.scopes if all(map(self._is_called_by_name, found)) else None

    def _is_called_by_name(self, node: ast.AST) -> bool:
        """Whether who comes to a node has to mention a function around it."""
        function = self.names.function(node)
        owner = self.names.enclosing_class(node)
        return isinstance(function, FUNCTIONS) and (owner is None or not owner.bases)


def _sides(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What is compared with what: words, and that which a status may come from."""
    match node:
        case ast.Compare(left=left, ops=operators, comparators=comparators):
            for one, operator, other in zip(
                [left, *comparators], operators, comparators, strict=False
            ):
                yield other, one
                if not isinstance(operator, ast.In | ast.NotIn):
                    yield one, other
        case ast.Match(subject=subject, cases=cases):
            for case in cases:
                yield case.pattern, subject
                yield from (
                    (inner, inner)  # fields are asked for
                    for inner in ast.walk(case.pattern)
                    if isinstance(inner, ast.MatchClass | ast.MatchMapping)
                )
        case ast.Call(args=[function, sentinel]):
            yield sentinel, function


def _words_in(names: Names, node: ast.AST) -> Iterator[str]:
    """The words that are written in an expression, or in what its names are bound to."""
    for inner in ast.walk(node):
        bound = _bound(names, inner)
        for piece in (inner,) if bound is None else ast.walk(bound):
            if isinstance(piece, ast.Constant) and isinstance(piece.value, str):
                yield piece.value


def _bound(names: Names, node: ast.AST) -> ast.expr | None:
    """The one expression that a name, or an attribute of its own class, is bound to."""
    binding: Binding | None = None
    match node:
        case ast.Name(id=name):
            binding = names.binding(name, node)
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            owner = names.enclosing_class(node)
            binding = names.scope(owner).only(name) if owner else None
    return None if binding is None else binding.value


def _compared(polling: Polling, jobs: list[ast.Call], suspicion: _Suspicion) -> _Compared:
    """The comparisons in any run of the code that creates, polls or cancels."""
    found = _Compared()
    for scope in dict.fromkeys(polling.names.function(job) or polling.names.tree for job in jobs):
        for run in _runs(polling, scope, suspicion):
            for node, words in run.notes.words.items():
                found.words.setdefault(node, set()).update(words)
                found.sides.setdefault(node, set()).update(run.notes.sides[node])
    return found


def _runs(polling: Polling, scope: ast.Module | Code, suspicion: _Suspicion) -> Iterable[Run]:
    """The runs of a function, or of the module; of a long one only if it may be worth it."""
    if isinstance(scope, CODE) and is_long(scope) and not suspicion.is_about(scope):
        return ()
    runs = judged(scope, _answers(polling, _QUICKLY))
    if any(run.gave_up for run in runs.values()) and suspicion.is_about(scope):
        runs = judged(scope, _answers(polling))
    return runs.values()


def _answers(polling: Polling, most_work: int = MOST_WORK) -> dict[str, Answering]:
    """One answer of each kind."""
    found = polling.answers(everywhere=True, most_work=most_work)
    return {status: found[status] for status in ("in_progress", "completed", "failed")}


def _written(
    names: Names, node: ast.expr, word: str, compared: dict[ast.expr, set[object]]
) -> Iterator[ComparedWord]:
    """Where a word is written that the expression ``node`` holds.

    In a constant that other code reads, too, the word may be for that code.
    """
    value: ast.expr | None = node
    match node:
        case ast.Name():
            bound = _bound(names, node)
            value = bound if bound and _is_only_compared(names, node, compared) else None
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            owner = names.enclosing_class(node)
            stored = owner is not None and (owner, name) in names.attributes
            bound = None if stored else _bound(names, node)
            value = bound if bound and _is_only_compared(names, node, compared) else None
        case ast.Attribute():
            return
    if value is None:
        return
    for inner in ast.walk(value):
        match inner:
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                for element in elements:
                    if isinstance(element, ast.Constant) and element.value == word:
                        yield ComparedWord(word, element, inner)
    if isinstance(value, ast.Constant) and value.value == word:
        yield ComparedWord(word, value)


def _is_only_compared(
    names: Names, at: ast.Name | ast.Attribute, compared: dict[ast.expr, set[object]]
) -> bool:
    """Whether a constant is read for comparisons with a status, and for nothing else."""
    for node in names.parent:
        match node, at:
            case (ast.Name(id=one, ctx=ast.Load()), ast.Name(id=other)) | (
                ast.Attribute(attr=one, ctx=ast.Load()),
                ast.Attribute(attr=other),
            ):
                if one == other and node not in compared:
                    return False
    return True
