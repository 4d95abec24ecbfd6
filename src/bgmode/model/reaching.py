"""What comes to some code of a module, by the names that it mentions.

By names alone, so that nothing is overlooked: a method called ``refresh`` stands for every
function of the module that is called so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from bgmode.flow.names import CODE, FUNCTIONS, Code, FunctionNode, Names


@dataclass(frozen=True, slots=True)
class Reaching:
    """What may come to some code.

    ``scopes`` are the functions (and the module) that do, ``words`` the names of the functions, and
    ``places`` where they are mentioned, with the code itself.
    """

    scopes: frozenset[ast.AST]
    words: frozenset[str]
    places: tuple[ast.AST, ...]


def reaching(names: Names, starts: Iterable[ast.AST]) -> Reaching:
    """What may come to one of ``starts``."""
    found: set[ast.AST] = set()
    words: set[str] = set()
    waiting = list(starts)
    places: list[ast.AST] = []
    while waiting:
        node = waiting.pop()
        places.append(node)
        by_name = False  # whoever comes to it has to mention the name of a function around it
        for scope in (node, *names.ancestors(node)):
            if isinstance(scope, FUNCTIONS):
                name = called_by(names, scope)
                by_name = by_name or not name.startswith("__")
                if name not in words:
                    words.add(name)
                    waiting += names.mentions.get(name, [])
            if isinstance(scope, CODE) or (isinstance(scope, ast.Module) and not by_name):
                found.add(scope)
    return Reaching(frozenset(found), frozenset(words), tuple(places))


def called_by(names: Names, function: FunctionNode) -> str:
    """The name that calls a function: for ``__init__`` that of its class."""
    owner = names.parent[function]
    if function.name == "__init__" and isinstance(owner, ast.ClassDef):
        return owner.name
    return function.name


def lasts(names: Names, scope: ast.Module | Code, places: Iterable[ast.AST]) -> frozenset[ast.stmt]:
    """The statements of ``scope`` behind which none of ``places`` is come to any more."""
    inside = [place for place in places if names.is_within(place, scope)]
    if isinstance(scope, ast.Lambda) or any(
        (names.function(place) or names.tree) is not scope for place in inside
    ):
        return frozenset()  # functions inside may be called any time
    around = (above for place in inside for above in (place, *names.ancestors(place)))
    leading = {above for above in around if isinstance(above, ast.stmt)}
    return frozenset(_lasts(scope.body, leading))


def _lasts(block: Sequence[ast.stmt], leading: Set[ast.stmt]) -> Iterator[ast.stmt]:
    last = next((statement for statement in reversed(block) if statement in leading), None)
    if last is None:
        return
    yield last
    match last:
        case ast.If(body=body, orelse=orelse):
            yield from _lasts(body, leading)
            yield from _lasts(orelse, leading)
        case ast.With(body=body) | ast.AsyncWith(body=body):
            yield from _lasts(body, leading)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            blocks = [body, orelse, finalbody, *(handler.body for handler in handlers)]
            ways = [block for block in blocks if not leading.isdisjoint(block)]
            if len(ways) == 1:  # from one block of a try the others may be come to
                yield from _lasts(ways[0], leading)
