"""The words that a response's status is compared with, and where they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.flow.names import FUNCTIONS, Code, Names
from bgmode.flow.run import Run
from bgmode.model.polling import Polling, place
from bgmode.model.world import JobWorld


@dataclass(frozen=True)
class ComparedWord:
    """A word that a status is compared with. ``node`` is where it is written.

    ``display`` is the tuple, list or set that it is one of the elements of.
    """

    word: str
    node: ast.expr
    display: ast.Tuple | ast.List | ast.Set | None = None


def unknown_words(polling: Polling) -> tuple[ComparedWord, ...]:
    """The words that are no status of the provider, in the order of the text."""
    statuses = set(polling.provider.statuses)
    scopes = _scopes(polling)
    compared = {
        node: words
        for node, words in _compared(polling, scopes).items()
        if _is_asked_of_jobs_only(polling.names, node, scopes)
    }
    found: dict[ast.AST, ComparedWord] = {}
    for node, words in compared.items():
        for word in words:
            if isinstance(word, str) and word and word not in statuses:
                if _is_the_authors_own(polling.names, word, node, compared):
                    continue
                for place_of_word in _written(polling.names, node, word, compared):
                    found[place_of_word.node] = place_of_word
    return tuple(sorted(found.values(), key=lambda compared_word: place(compared_word.node)))


def _scopes(polling: Polling) -> list[ast.Module | Code]:
    """The code that creates, polls or cancels."""
    names = polling.names
    jobs = [call for kind in ("poll", "create", "cancel") for call in polling.calls.of_kind(kind)]
    return list(dict.fromkeys(names.function(call) or names.tree for call in jobs))


def _is_asked_of_jobs_only(names: Names, node: ast.expr, scopes: list[ast.Module | Code]) -> bool:
    """Whether a helper that compares is called with nothing but responses, as far as one sees."""
    helper = names.function(node)
    if helper is None or helper in scopes or not isinstance(helper, FUNCTIONS):
        return True
    return all(
        (names.function(call) or names.tree) in scopes for call in names.calls_of(helper.name)
    )


def _compared(polling: Polling, scopes: list[ast.Module | Code]) -> dict[ast.expr, set[object]]:
    """What a status is compared with, in any run of this code."""
    found: dict[ast.expr, set[object]] = {}
    for_others: set[ast.expr] = set()
    for scope in scopes:
        for status in polling.provider.statuses:
            run = Run(JobWorld(polling.names, polling.clients, status, before=status))
            run.start(scope)
            for node, words in run.words.items():
                found.setdefault(node, set()).update(words)
            for_others |= run.words_for_others
    return {
        node: words
        for node, words in found.items()
        if node not in for_others or polling.names.function(node) in scopes
    }


def _written(
    names: Names, node: ast.expr, word: str, compared: dict[ast.expr, set[object]]
) -> Iterator[ComparedWord]:
    """Where a word is written that the expression ``node`` holds.

    In a constant that other code reads, too, the word may be for that code.
    """
    value: ast.expr | None = node
    match node:
        case ast.Name(id=name):
            scope = names.defining_scope(name, node)
            binding = scope.only(name) if scope else None
            value = binding.value if binding else None
            if value is None or not _is_only_compared(names, name, compared):
                return
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


def _is_the_authors_own(
    names: Names, word: str, at: ast.expr, compared: dict[ast.expr, set[object]]
) -> bool:
    """Whether the code around puts the word somewhere itself: a default, an own state, a label."""
    return any(
        isinstance(node, ast.Constant)
        and node.value == word
        and _is_near(names, node, at)
        and not _is_a_criterion(names, node, compared)
        for node in names.parent
    )


def _is_near(names: Names, node: ast.AST, at: ast.expr) -> bool:
    """Whether code is of the same function or class, or of none."""
    owner = names.enclosing_class(at)
    same_class = owner is not None and names.enclosing_class(node) is owner
    return names.function(node) in {names.function(at), None} or same_class


def _is_a_criterion(names: Names, node: ast.AST, compared: dict[ast.expr, set[object]]) -> bool:
    """Whether a constant stands in what something is compared with."""
    for above in (node, *names.ancestors(node)):
        if above in compared:
            return True
        match above:
            case ast.Compare() | ast.MatchValue() | ast.arguments():
                return True
            case (
                ast.Constant() | ast.Tuple() | ast.List() | ast.Set() | ast.BinOp() | ast.Starred()
            ):
                continue
            case ast.Call(func=ast.Name(id="frozenset" | "set" | "tuple" | "list")):
                continue
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return any(
                    isinstance(reader, ast.Name) and reader.id == name for reader in compared
                )
        return False
    return False


def _is_only_compared(names: Names, name: str, compared: dict[ast.expr, set[object]]) -> bool:
    return all(
        node in compared
        for node in names.parent
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    )
