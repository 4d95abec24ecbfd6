"""Where a module mentions something, and by which other names it does.

An expression is followed to what it is set to and to the parameters that it is handed to, by names
alone: too far rather than not far enough. Most modules are done with then, many times as fast as
by asking of each of their expressions what it stands for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property

from bgmode.flow.names import FUNCTIONS, Names, given_for, last_word, parameters


def as_attribute(node: ast.AST) -> ast.Attribute | None:
    """``value.name``, also where it is written ``getattr(value, "name")``."""
    match node:
        case ast.Attribute():
            return node
        case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(name)), *_]):
            return ast.copy_location(ast.Attribute(value, name, ast.Load()), node)
    return None


class Mentions:
    """The mentions of one module."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def of(self, word: str) -> Iterator[ast.expr]:
        """Where a name or an attribute is read that is called so."""
        yield from self.names.mentions.get(word, [])
        yield from self._fetched.get(word, [])

    def attributes(self, word: str) -> Iterator[tuple[ast.expr, ast.Attribute]]:
        """Where an attribute is read that is called so, each as :func:`as_attribute`, too."""
        for node in self.of(word):
            link = as_attribute(node)
            if link is not None:
                yield node, link

    @cached_property
    def _fetched(self) -> dict[str, list[ast.expr]]:
        """The calls ``getattr(value, "name")``, by these names."""
        found: dict[str, list[ast.expr]] = {}
        for mention in self.names.mentions.get("getattr", []):
            call = self.names.parent[mention]
            if isinstance(call, ast.Call) and (link := as_attribute(call)) is not None:
                found.setdefault(link.attr, []).append(call)
        return found

    def standing_for(self, nodes: Iterable[ast.expr]) -> frozenset[ast.expr]:
        """The expressions that may stand for the same as one of some expressions, and these."""
        waiting, found = list(nodes), set[ast.expr]()
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                others = {*self.other_names(node), *self._parameters(node)}
                waiting += self._around(node)
                waiting += (mention for word in others for mention in self.of(word))
        return frozenset(found)

    def _around(self, node: ast.expr) -> Iterator[ast.expr]:
        """The dict or list that an expression stands in, or what is taken out of it.

        With arguments that ``functools.partial`` has given it, an expression stands for the same.
        """
        match above := self.names.parent[node]:
            case ast.Dict() | ast.List() | ast.Tuple() | ast.Subscript() | ast.IfExp():
                yield above
            case ast.Attribute(attr="get"):
                call = self.names.parent[above]
                if isinstance(call, ast.Call):
                    yield call
            case ast.Call(func=ast.Name(id=word) | ast.Attribute(attr=word), args=[first, *_]) if (
                first is node and self.names.imports.get(word, word).endswith("partial")
            ):
                yield above
            case ast.Call(func=function) if function is node and self._may_be_ours(above):
                yield above

    def other_names(self, node: ast.expr) -> Iterator[str]:
        """What the names and attributes are called that are set to an expression."""
        match above := self.names.parent[node]:
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from _name_of(target)
            case ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                yield from _name_of(target)
            case ast.Return() if isinstance(code := self.names.function(above), FUNCTIONS):
                yield code.name
            case ast.Tuple() | ast.List():  # unpacked, or looked into
                yield from self.other_names(above)
            case ast.arguments():  # it is a default
                for parameter in (*above.posonlyargs, *above.args, *above.kwonlyargs):
                    yield parameter.arg

    def _parameters(self, given: ast.expr) -> Iterator[str]:
        """What a function of this module calls an expression that is handed to it."""
        above = self.names.parent[given]
        call = self.names.parent[above] if isinstance(above, ast.keyword) else above
        if not isinstance(call, ast.Call) or call.func is given or not self._may_be_ours(call):
            return
        function = self.names.callee(call)
        for parameter in parameters(function) if function is not None else ():
            if function is not None and given_for(call, function, parameter.arg) is given:
                yield parameter.arg

    def _may_be_ours(self, call: ast.Call) -> bool:
        """Whether a function of this module is called so."""
        return last_word(call.func) in self.names.functions_by_name


def _name_of(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            yield word
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            for each in targets:
                yield from _name_of(each)
