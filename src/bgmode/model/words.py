"""The words that a response's status is compared with, and where they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from bgmode.flow.judging import judged
from bgmode.flow.names import FUNCTIONS, Code, Names
from bgmode.model.holders import StatusHolders
from bgmode.model.own_words import OwnWords
from bgmode.model.polling import Polling, place
from bgmode.model.reach import reaching


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
    suspects = [*_suspects(polling)] if jobs else []
    if not suspects:
        return ()
    own = OwnWords(polling.names, frozenset(jobs))
    compared = _compared(polling, _scopes(polling.names, jobs, suspects))
    found: dict[ast.AST, ComparedWord] = {}
    for node, words in compared.words.items():
        unknown = {word for word in words if isinstance(word, str) and word} - statuses
        for side in compared.sides[node] if unknown else ():
            held = own.of(side)
            unknown = set() if held is None else unknown - held
        for word in unknown:
            for written in _written(polling.names, node, word, compared.words):
                found[written.node] = written
    return tuple(sorted(found.values(), key=lambda written: place(written.node)))


def _suspects(polling: Polling) -> Iterator[ast.AST]:
    """The comparisons of what may be a status with a word that is none."""
    names, statuses = polling.names, frozenset(polling.provider.statuses)
    holders = StatusHolders(polling)
    for node in (*names.comparisons, *names.calls_of("iter")):
        for word, side in _sides(node):
            if not statuses.issuperset(_words_in(names, word)) and (
                isinstance(side, ast.pattern) or holders.may_hold(side)
            ):
                yield node
                break


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
    """The words in an expression, and in what its names are bound to."""
    for inner in ast.walk(node):
        match inner:
            case ast.Constant(value=str(word)) if word:
                yield word
            case ast.Name(id=name) if (binding := names.binding(name, inner)) and binding.value:
                yield from _words_in(names, binding.value)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                owner = names.enclosing_class(inner)
                binding = names.scope(owner).only(name) if owner else None
                if binding is not None and binding.value is not None:
                    yield from _words_in(names, binding.value)


def _scopes(names: Names, jobs: list[ast.Call], suspects: list[ast.AST]) -> list[ast.Module | Code]:
    """The code that creates, polls or cancels, and comes to one of some comparisons."""
    scopes = dict.fromkeys(names.function(call) or names.tree for call in jobs)
    coming = reaching(names, suspects)
    if any(word.startswith("__") for word in coming.words) or not all(
        _is_called_by_name(names, suspect) for suspect in suspects
    ):
        return [*scopes]
    return [scope for scope in scopes if scope in coming.scopes]


def _is_called_by_name(names: Names, node: ast.AST) -> bool:
    """Whether who comes to a node has to mention a function around it."""
    function = names.function(node)
    owner = names.enclosing_class(node)
    return isinstance(function, FUNCTIONS) and (owner is None or not owner.bases)


def _compared(polling: Polling, scopes: list[ast.Module | Code]) -> _Compared:
    """The comparisons in any run of some code."""
    found = _Compared()
    answers = {
        status: answering
        for status, answering in polling.answers(everywhere=True).items()
        if status in {"in_progress", "completed", "failed"}  # one of each kind
    }
    for scope in scopes:
        for run in judged(scope, answers).values():
            for node, words in run.notes.words.items():
                found.words.setdefault(node, set()).update(words)
                found.sides.setdefault(node, set()).update(run.notes.sides[node])
    return found


def _written(
    names: Names, node: ast.expr, word: str, compared: dict[ast.expr, set[object]]
) -> Iterator[ComparedWord]:
    """Where a word is written that the expression ``node`` holds.

    In a constant that other code reads, too, the word may be for that code.
    """
    value: ast.expr | None = node
    match node:
        case ast.Name(id=name):
            binding = names.binding(name, node)
            value = binding.value if binding and _is_only_compared(names, node, compared) else None
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            owner = names.enclosing_class(node)
            binding = names.scope(owner).only(name) if owner else None
            stored = owner is not None and (owner, name) in names.attributes
            only = not stored and _is_only_compared(names, node, compared)
            value = binding.value if binding and only else None
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
