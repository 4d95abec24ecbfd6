"""Functions that are told a job's type by those who call them, and the calls that tell it.

A wrapper hands one of its parameters on: into the metadata of its background call, to a parameter
of another wrapper, or to nobody, where the parameter has the vocabulary's own name. Wrappers of
other modules are found from the calls of this one, by what it imports and by the parameter's name.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bgmode.finding import Place
from bgmode.flow.callees import last_name
from bgmode.flow.names import FUNCTIONS, FunctionNode, Names, dotted, parameters
from bgmode.flow.project import Project
from bgmode.knowledge import Vocabulary
from bgmode.model.annotations import Annotation, Annotations, entry_of
from bgmode.model.callgraph import CallGraph
from bgmode.model.calls import BackgroundCall, Calls

_DEFINED = re.compile(r"\bdef (\w+)\(")


@dataclass(frozen=True, slots=True)
class Handed:
    """A background call, and the parameter of a wrapper that names its job type."""

    call: BackgroundCall
    parameter: str


@dataclass(frozen=True, slots=True)
class Told:
    """A call of a wrapper, and what it says of the job type of ``call``.

    ``hands_on``: it says what its own function is told by its callers.
    """

    call: BackgroundCall
    caller: ast.Call
    annotation: Annotation
    hands_on: bool


class Wrappers:
    """The wrappers of one module, and its calls of wrappers, wherever those stand."""

    def __init__(self, annotations: Annotations, graph: CallGraph, project: Project) -> None:
        self._annotations = annotations
        self._vocabulary = annotations.vocabulary
        self._graph = graph
        self._project = project
        self._handed: dict[FunctionNode, tuple[Handed, ...]] = {}
        self._beside: dict[Calls, frozenset[str]] = {}
        self._inside: dict[Calls, dict[ast.AST | None, list[ast.Call]]] = {}

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """What the calls of this module tell wrappers."""
        found: list[Told] = []
        here = self._graph.here
        for caller in here.names.calls:
            for handed, given in self._telling(caller, here):
                annotation = self._annotations.of_caller(given)
                hands_on = annotation.name is None and self._parameter(given, here) is not None
                found.append(Told(handed.call, caller, annotation, hands_on))
        return tuple(found)

    @cached_property
    def called(self) -> frozenset[Place]:
        """The wrappers that this module calls, wherever they stand."""
        here = self._graph.here
        functions = (self._wrapper(told.caller, here) for told in self.told)
        return frozenset(self._place(each) for each in functions if each is not None)

    def around(self, node: ast.Call) -> Place | None:
        """The wrapper that a call of this module stands in and whose callers name its job type.

        ``node`` is a background call or the call of another wrapper.
        """
        here = self._graph.here
        function = here.names.function(node)
        if not isinstance(function, FUNCTIONS):
            return None
        direct = any(each.call.node is node for each in self._of(function))
        if direct or any(self._parameter(given, here) for _, given in self._telling(node, here)):
            return self._place(function)
        return None

    @cached_property
    def names(self) -> frozenset[str]:
        """What the wrappers of this module are called."""
        here = self._graph.here
        calls = [*(call.node for call in here.background), *(told.caller for told in self.told)]
        inside = [here.names.function(node) for node in calls if self.around(node) is not None]
        return frozenset(each.name for each in inside if isinstance(each, FUNCTIONS))

    def _place(self, function: FunctionNode) -> Place:
        here, other = self._graph.here, self._project.holding(function)
        is_here = function in here.names.parent or other is None
        path = self._annotations.source.path if is_here or other is None else other.path
        return os.path.abspath(path), function.lineno, function.col_offset

    # Wrappers

    def _of(self, function: FunctionNode) -> tuple[Handed, ...]:
        """The calls whose job type a function is told."""
        if function not in self._handed:
            self._handed[function] = ()  # it may call itself
            self._handed[function] = tuple(self._find(function))
        return self._handed[function]

    def _find(self, function: FunctionNode) -> Iterator[Handed]:
        home = self._graph.home(function)
        for call in home.background:
            if home.names.function(call.node) is function:
                name = _handed_parameter(call, function, home.names, self._vocabulary)
                if name is not None:
                    yield Handed(call, name)
        for caller in self._calls_in(function, home):
            for handed, given in self._telling(caller, home):
                name = self._parameter(given, home)
                if name is not None:
                    yield Handed(handed.call, name)

    def _calls_in(self, function: FunctionNode, home: Calls) -> list[ast.Call]:
        if home not in self._inside:
            found: dict[ast.AST | None, list[ast.Call]] = {}
            for call in home.names.calls:
                found.setdefault(home.names.function(call), []).append(call)
            self._inside[home] = found
        return self._inside[home].get(function, [])

    # Their callers

    def _telling(self, caller: ast.Call, home: Calls) -> Iterator[tuple[Handed, ast.expr]]:
        """What a call gives for the parameters by which the wrapper that it calls is told."""
        function = self._wrapper(caller, home)
        handing = self._of(function) if function is not None else ()
        if function is None or not handing:
            return
        ordered = _ordered(function, self._graph.home(function).names)
        for handed in handing:
            given = _argument(caller, handed.parameter, ordered)
            if given is not None:
                yield handed, given

    def _parameter(self, given: ast.expr, home: Calls) -> str | None:
        """The parameter of the function around an argument that it hands on as it came."""
        function = home.names.function(given)
        if not isinstance(given, ast.Name) or not isinstance(function, FUNCTIONS):
            return None
        binding = home.names.scopes[function].only(given.id)
        return given.id if binding is not None and isinstance(binding.node, ast.arg) else None

    def _wrapper(self, caller: ast.Call, home: Calls) -> FunctionNode | None:
        """The function that a call leads to, if it may be a wrapper."""
        if not caller.args and not caller.keywords:
            return None
        known = home.names.callee(caller)
        if known is not None:
            return known
        is_named = any(each.arg == self._vocabulary.name for each in caller.keywords)
        if is_named or last_name(
            home.names.qualify(caller.func) or dotted(caller.func) or ""
        ) in self._defined_beside(home):
            return self._graph.function(caller.func, home)
        return None

    def _defined_beside(self, home: Calls) -> frozenset[str]:
        """The functions and methods of the modules with job types that a module imports from."""
        if home not in self._beside:
            self._beside[home] = frozenset(
                name for text in self._texts(home) for name in _DEFINED.findall(text)
            )
        return self._beside[home]

    def _texts(self, home: Calls) -> Iterator[str]:
        imports = home.clients.imports
        words = (self._vocabulary.name, self._vocabulary.metadata_key)
        for bound in home.names.imports.values() if imports is not None else ():
            for module, _ in imports.way(bound) if imports is not None else ():
                if any(word in module.text for word in words):
                    yield module.text


def _handed_parameter(
    call: BackgroundCall, function: FunctionNode, names: Names, vocabulary: Vocabulary
) -> str | None:
    """The parameter of the function around a call that says its job type, if one does."""
    given = {arg.arg for arg in parameters(function)}
    for origin in call.origins("metadata"):
        mapping: ast.expr | None = origin.value
        if isinstance(mapping, ast.Name):
            binding = names.scopes[function].only(mapping.id)
            mapping = binding.value if binding is not None else None
        node = entry_of(mapping, vocabulary.metadata_key) if mapping is not None else None
        if node is not None:
            return node.id if isinstance(node, ast.Name) and node.id in given else None
    return vocabulary.name if vocabulary.name in given else None


def _ordered(function: FunctionNode, names: Names) -> list[str]:
    """The parameters that a call fills by their order."""
    ordered = [arg.arg for arg in [*function.args.posonlyargs, *function.args.args]]
    is_method = isinstance(names.parent.get(function), ast.ClassDef)
    is_static = any(dotted(decorator) == "staticmethod" for decorator in function.decorator_list)
    return ordered[1:] if is_method and not is_static else ordered


def _argument(call: ast.Call, name: str, ordered: list[str]) -> ast.expr | None:
    """What a call gives for the parameter ``name``."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    for position, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            return None
        if position < len(ordered) and ordered[position] == name:
            return argument
    return None
