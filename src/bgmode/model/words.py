"""The words that a response's status is compared with, and where they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from bgmode.flow.judging import judged
from bgmode.flow.names import Code, Names
from bgmode.model.own_words import OwnWords
from bgmode.model.polling import Polling, place


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
    own = OwnWords(polling.names, frozenset(jobs))
    compared = _compared(polling, jobs)
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


def _compared(polling: Polling, jobs: list[ast.Call]) -> _Compared:
    """The comparisons in any run of the code that creates, polls or cancels."""
    names = polling.names
    scopes: list[ast.Module | Code] = list(
        dict.fromkeys(names.function(call) or names.tree for call in jobs)
    )
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
