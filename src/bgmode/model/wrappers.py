"""Functions that are told a job's type by those who call them, and the calls that tell it.

A wrapper hands one of its parameters on: into the metadata of its background call, to a parameter
of another wrapper, or to nobody, where the parameter has the vocabulary's own name. Wrappers of
other modules are found from the calls of this one, by what it imports and by the parameter's name.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bgmode.finding import Place
from bgmode.flow.callees import last_name
from bgmode.flow.names import (
    FUNCTIONS,
    FunctionNode,
    Names,
    defaults,
    dotted,
    ordered_parameters,
    parameters,
)
from bgmode.flow.project import Project
from bgmode.knowledge import Vocabulary
from bgmode.model.annotations import METADATA_LEVEL, Annotation, Annotations, entry_of
from bgmode.model.callgraph import CallGraph, Step, Way
from bgmode.model.calls import BackgroundCall, Calls

_DEFINED = re.compile(r"\b(?:def|class) (\w+)")


@dataclass(frozen=True, slots=True)
class Handed:
    """A background call, and the parameter of a wrapper that names its job type."""

    call: BackgroundCall
    parameter: str
    steps: tuple[Step, ...] = ()  # from the wrapper to the one that makes the call


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
        self._functions: dict[ast.Call, FunctionNode | None] = {}
        self._handed: dict[FunctionNode, tuple[Handed, ...]] = {}
        self._asking: set[FunctionNode] = set()
        self._in_a_circle: set[FunctionNode] = set()
        self._others: dict[Calls, Annotations] = {}
        self._beside: dict[Calls, frozenset[str]] = {}
        self._inside: dict[Calls, dict[ast.AST | None, list[ast.Call]]] = {}

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """What the calls of this module tell wrappers."""
        found: list[Told] = []
        here = self._graph.here
        for caller in here.names.calls:
            for handed, given in self._telling(caller, here):
                annotation = self._annotations.of_caller(caller, given)
                if annotation is None or self._graph.rules_out(Way(handed.steps, handed.call)):
                    continue
                hands_on = annotation.name is None and self._parameter(given, here) is not None
                found.append(Told(handed.call, caller, annotation, hands_on))
        return tuple(found)

    @cached_property
    def called(self) -> frozenset[Place]:
        """The wrappers that this module calls, wherever they stand; by others than themselves."""
        here = self._graph.here
        return frozenset(
            self._place(function)
            for told in self.told
            if (function := self._wrapper(told.caller, here)) is not None
            and here.names.function(told.caller) is not function
        )

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

    def must_be_told(self, node: ast.Call) -> bool:
        """Whether the job type of a background call is a parameter without a default."""
        function = self._graph.here.names.function(node)
        if not isinstance(function, FUNCTIONS):
            return False
        given = {each.parameter for each in self._of(function) if each.call.node is node}
        return bool(given) and given.isdisjoint(defaults(function))

    @cached_property
    def names(self) -> frozenset[str]:
        """What the wrappers of this module are called."""
        here = self._graph.here
        calls = [*(call.node for call in here.background), *(told.caller for told in self.told)]
        inside = [here.names.function(node) for node in calls if self.around(node) is not None]
        return frozenset(each.name for each in inside if isinstance(each, FUNCTIONS))

    def _place(self, function: FunctionNode) -> Place:
        home = self._graph.home(function)
        path = self._annotations_of(home).source.path
        return os.path.abspath(path), home.names.qualified(function.body[0])

    # Wrappers

    def _of(self, function: FunctionNode) -> tuple[Handed, ...]:
        """The calls whose job type a function is told."""
        if function in self._handed:
            return self._handed[function]
        if function in self._asking:  # it calls itself: what that hands on is found without it
            self._in_a_circle.add(function)
            return ()
        self._asking.add(function)
        each = {(handed.call.node, handed.parameter): handed for handed in self._find(function)}
        self._asking.remove(function)
        self._in_a_circle.discard(function)
        if not self._in_a_circle:
            self._handed[function] = tuple(each.values())
        return tuple(each.values())

    def _find(self, function: FunctionNode) -> Iterator[Handed]:
        home = self._graph.home(function)
        for call in home.background:
            if home.names.function(call.node) is function:
                name = self._parameter_of(call, function, home)
                if name is not None:
                    yield Handed(call, name)
        for caller in self._calls_in(function, home):
            for handed, given in self._telling(caller, home):
                name = self._parameter(given, home)
                if name is not None:
                    yield Handed(handed.call, name, handed.steps)

    def _parameter_of(
        self, call: BackgroundCall, function: FunctionNode, home: Calls
    ) -> str | None:
        """The parameter of the function around a call that says its job type, if one does."""
        name = _in_metadata(call, function, home.names, self._vocabulary)
        own = (self._annotations.own_level, METADATA_LEVEL)
        binding = home.names.scopes[function].only(name) if name is not None else None
        if binding is None or not isinstance(binding.node, ast.arg):
            return None
        for tier in self._annotations_of(home).tiers(call):
            nearer = [
                each for each in tier.found if each.name is not None and each.level not in own
            ]
            if nearer:
                return None
            if tier.kind == "function" or (tier.kind == "call" and name != self._vocabulary.name):
                break
        return name

    def _annotations_of(self, home: Calls) -> Annotations:
        """The annotations of this module or another one."""
        own = self._annotations
        if home is self._graph.here:
            return own
        if home not in self._others:
            other = self._project.holding(home.names.tree.body[0])
            source = own.source if other is None else other.source
            self._others[home] = Annotations(
                source, home.names, home.clients, self._project, self._vocabulary
            )
        return self._others[home]

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
        everything = ordered_parameters(function)
        ordered = _ordered(function, self._graph.home(function).names)
        if ordered != everything and self._graph.is_unbound(caller, home):
            ordered = everything
        by_order = {arg.arg for arg in function.args.posonlyargs}
        for handed in handing:
            given = _argument(caller, handed.parameter, ordered, by_order)
            if given is not None:
                step = Step(caller, function)
                yield dataclasses.replace(handed, steps=(step, *handed.steps)), given

    def _parameter(self, given: ast.expr, home: Calls) -> str | None:
        """The parameter of the function around an argument that it hands on as it came."""
        function = home.names.function(given)
        if not isinstance(given, ast.Name) or not isinstance(function, FUNCTIONS):
            return None
        binding = home.names.scopes[function].only(given.id)
        return given.id if binding is not None and isinstance(binding.node, ast.arg) else None

    def _wrapper(self, caller: ast.Call, home: Calls) -> FunctionNode | None:
        """The function that a call leads to, if it may be a wrapper."""
        if caller not in self._functions:
            self._functions[caller] = self._find_wrapper(caller, home)
        return self._functions[caller]

    def _find_wrapper(self, caller: ast.Call, home: Calls) -> FunctionNode | None:
        if not caller.args and not caller.keywords:
            return None
        known = home.names.callee(caller)
        if known is not None:
            return known
        is_named = any(each.arg == self._vocabulary.name for each in caller.keywords)
        if is_named or self._may_be_one(caller.func, home):
            return self._graph.function(caller.func, home)
        return None

    def _may_be_one(self, function: ast.expr, home: Calls) -> bool:
        """Whether what is called is imported from, or called as something in, a likely module."""
        full = home.names.qualify(function)
        if full is not None and any(True for _ in self._texts(full, home)):
            return True
        match function:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name in self._defined(home)
        return False

    def _defined(self, home: Calls) -> frozenset[str]:
        """What is defined around the background calls here, and in likely modules beside."""
        if home not in self._beside:
            around = [home.names.function(call.node) for call in home.background]
            owners = [home.names.enclosing_class(call.node) for call in home.background]
            here = [getattr(each, "name", "") for each in (*around, *owners)]
            texts = (
                text for full in home.names.imports.values() for text in self._texts(full, home)
            )
            beside = (name for text in texts for name in _DEFINED.findall(text))
            self._beside[home] = frozenset([*here, *beside])
        return self._beside[home]

    def _texts(self, full: str, home: Calls) -> Iterator[str]:
        """The modules with job types on the way to where an imported name is defined."""
        words = (self._vocabulary.name, self._vocabulary.metadata_key)
        for module, _ in home.clients.imports.way(full) if home.clients.imports else ():
            if any(word in module.text for word in words):
                yield module.text


def _in_metadata(
    call: BackgroundCall, function: FunctionNode, names: Names, vocabulary: Vocabulary
) -> str | None:
    """The parameter that stands in the call's metadata, else the one with the vocabulary's name."""
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
    """The parameters that a call of a function, or of a bound method, fills by their order."""
    ordered = ordered_parameters(function)
    is_method = isinstance(names.parent.get(function), ast.ClassDef)
    decorators = {last_name(dotted(each) or "") for each in function.decorator_list}
    return ordered[1:] if is_method and "staticmethod" not in decorators else ordered


def _argument(call: ast.Call, name: str, ordered: list[str], by_order: set[str]) -> ast.expr | None:
    """What a call gives for the parameter ``name``; ``by_order`` take no keyword."""
    for keyword in call.keywords if name not in by_order else ():
        if keyword.arg == name:
            return keyword.value
    for position, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            return None
        if position < len(ordered) and ordered[position] == name:
            return argument
    return None
