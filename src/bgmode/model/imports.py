"""Names that a file imports from other modules of its project, and what they hold.

The module is found beside the file and parsed, never imported.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from functools import cached_property

from bgmode.flow.names import Names
from bgmode.flow.other_module import OtherModule, Wanted
from bgmode.flow.project import Project, dotted_name
from bgmode.flow.values import ClassRef, Function, Instance, Known, Missing, Partial, Record, Value
from bgmode.knowledge import Provider
from bgmode.model.clients import Clients
from bgmode.model.world import constant

_FARTHEST = 4  # modules that are followed one after the other


class Neighbours:
    """The modules of a project as one file meets them: each with its clients, found once."""

    def __init__(self, project: Project, provider: Provider) -> None:
        self.project = project
        self.provider = provider
        self.depth = 0  # modules that are being looked into, one for the other's sake
        self._clients: dict[str, Clients] = {}

    def clients(self, module: OtherModule) -> Clients:
        """The clients and operations of another module."""
        if module.path not in self._clients:
            self.project.bring(module.names, module.path, module.names.read_free)
            imports = Imports(self, module.path)
            self._clients[module.path] = Clients(module.names, self.provider, imports)
        return self._clients[module.path]


class Imports:
    """The imports of the file at ``path``."""

    def __init__(self, neighbours: Neighbours, path: str) -> None:
        self.neighbours = neighbours
        self.path = path
        self.is_package = os.path.basename(path) == "__init__.py"
        self._known: dict[str, Value | None] = {}

    @cached_property
    def module(self) -> str:
        """What the file is called in the project."""
        return dotted_name(self.path)

    def value(self, dotted: str) -> Value | None:
        """What ``dotted`` (``.statuses.DONE``, ``acme.jobs.Kind.REPORT``) holds, if it is known.

        A constant, or a function or class whose code can be read.
        """
        if dotted not in self._known and self.neighbours.depth < _FARTHEST:
            self._known[dotted] = None  # modules may import each other
            self.neighbours.depth += 1
            self._known[dotted] = self._find(dotted)
            self.neighbours.depth -= 1
        return self._known.get(dotted)

    def holding(self, node: ast.AST) -> Clients | None:
        """The clients of the module that ``node`` stands in, if it has been read."""
        module = self.neighbours.project.holding(node)
        return None if module is None else self.neighbours.clients(module)

    def defined(self, dotted: str) -> tuple[Clients, ast.expr] | None:
        """An imported dotted name as an expression at the end of the module that defines it."""
        found = self.neighbours.project.find(self.path, dotted)
        if found is None or not found[1]:
            return None
        module, names = found
        self.neighbours.project.bring(module.names, module.path, names[:1])
        return self.neighbours.clients(module), _chain(module.names, names)

    def may_mention(self, dotted: str, wanted: Wanted) -> bool:
        """Whether an imported name leads to a module in which all words of a tuple stand."""
        return self.neighbours.project.may_mention(self.path, dotted, wanted)

    def way(self, dotted: str) -> Iterator[tuple[OtherModule, list[str]]]:
        """The modules that may pass an imported name on, and then the one that defines it.

        Each with what is left of the name.
        """
        return self.neighbours.project.way(self.path, dotted)

    def may_write(self, used: Iterable[str], word: str) -> bool:
        """Whether what is imported under some dotted names may give something an entry ``word``.

        What is looked at are the modules that define it, and those from which these have what
        they use.
        """
        return self.neighbours.project.may_write(self.path, used, word)

    def _find(self, dotted: str) -> Value | None:
        found = self.neighbours.project.find(self.path, dotted)
        if found is None:
            return None
        module, names = found
        if not names or not (names[0] in module.text or module.imports_as(names[0])):
            return None
        if module.sets_later(names[0]):
            return None
        match self._evaluate(module, names):
            case Record(owner=ast.ClassDef() as owner):
                return Instance(owner)  # what becomes of it in the meantime nobody knows
            case value if _is_readable(value):
                return value
        return None

    def _evaluate(self, module: OtherModule, names: list[str]) -> Value:
        """``names`` as an expression at the end of ``module``."""
        clients = self.neighbours.clients(module)
        self.neighbours.project.bring(module.names, module.path, names[:1])
        return constant(clients, _chain(module.names, names))


def _chain(index: Names, names: list[str]) -> ast.expr:
    """``a.b.c`` as an expression at the end of a module."""
    first, *others = names
    node: ast.expr = ast.Name(first, ast.Load())
    index.parent[node] = index.tree
    for name in others:
        above = ast.Attribute(node, name, ast.Load())
        index.parent[node] = above
        index.parent[above] = index.tree
        node = above
    return node


def _is_readable(value: Value) -> bool:
    match value:
        case Known() | Function(receiver=None) | ClassRef() | Instance() | Partial():
            return True
        case Record(fields):
            return all(
                _is_readable(entry) or isinstance(entry, Missing) for entry in fields.values()
            )
        case _:
            return False
