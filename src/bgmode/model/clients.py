"""Who a client is, and which of its operations an expression names.

An operation is recognised by its path (``<client>.responses.create``), because that is
what public code has in common; who the client is only adds facts to it: whether it is
asynchronous, and with which options it was made.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeAlias, TypeGuard

from bgmode.flow.names import (
    FUNCTIONS,
    Binding,
    Code,
    FunctionNode,
    Names,
    dotted,
    given_for,
    is_property,
    parameters,
    reads,
    unawaited,
)
from bgmode.flow.other_module import OtherModule, Wanted
from bgmode.flow.values import Truth, Value
from bgmode.knowledge import Operation, Provider, providers_for
from bgmode.model.mentions import Mentions, as_attribute
from bgmode.model.origins import made_by_helper, returned
from bgmode.model.requests import VERBS, requested

_FARTHEST = 6  # how many names are followed

Node: TypeAlias = ast.expr


class ProjectImports(Protocol):
    """What is known of the other modules of the project, and what this one is called there."""

    @property
    def module(self) -> str: ...

    @property
    def is_package(self) -> bool: ...

    def value(self, dotted: str) -> Value | None:
        """What an imported dotted name holds."""

    def holding(self, node: ast.AST) -> Clients | None:
        """The clients of the module that ``node`` stands in."""

    def may_mention(self, dotted: str, wanted: Wanted) -> bool:
        """Whether an imported name leads to a module in which all words of a tuple stand."""

    def way(self, dotted: str) -> Iterator[tuple[OtherModule, list[str]]]:
        """From one module to the next that passes an imported name on, with what is left of it."""

    def may_write(self, used: Iterable[str], word: str) -> bool:
        """Whether what is imported under some names may give something an entry ``word``."""

    def defined(self, dotted: str) -> tuple[Clients, ast.expr] | None:
        """An imported dotted name as an expression at the end of the module that defines it."""


@dataclass(frozen=True, slots=True)
class Access:
    """An expression that names an operation: which one, and of which client."""

    operation: Operation
    receiver: ast.expr
    provider: Provider
    is_of_a_client: bool = True
    """Whether ``receiver`` is a client; it is the function itself where that needs none."""
    partials: tuple[ast.Call, ...] = ()
    """Where ``functools.partial`` has given it arguments, the last ones first."""
    is_viewed: bool = False
    """Whether its answer is the plain HTTP response (``with_raw_response``), or holds it."""


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of a client. ``made_by`` are the calls that made it, outermost first.

    ``classes`` are the full names of those it may be of.
    """

    is_async: Truth = None
    made_by: tuple[ast.Call, ...] = ()
    known: bool = False
    classes: frozenset[str] = frozenset()


UNKNOWN_CLIENT = Client()


def _ends_in(node: ast.expr, path: tuple[str, ...]) -> bool:
    """Whether a chain of attributes ends in ``path``."""
    for name in reversed(path):
        if not isinstance(node, ast.Attribute) or node.attr != name:
            return False
        node = node.value
    return True


def _roots(names: Names) -> set[str]:
    """The packages that a module imports something from; with an address, one for requests."""
    roots = {dotted.partition(".")[0] for dotted in names.imports.values()}
    if any("/responses" in text for text in names.texts):
        roots.add("httpx")
    return roots


def _mentions_address(names: Names) -> bool:
    """Whether a part of the address of a request may stand in a module."""
    return any("responses" in text for text in names.texts)


def _may_name_background(call: ast.Call, provider: Provider) -> bool:
    """Whether a call has the argument, or one that may hold it."""
    words = {None, provider.parameters["background"], *provider.bodies}
    return any(keyword.arg in words for keyword in call.keywords)


def _first_argument(call: ast.AST, name: str) -> ast.expr | None:
    """What a call gives its callee's first parameter."""
    match call:
        case ast.Call(args=[ast.Starred(), *_]):
            return None
        case ast.Call(args=[first, *_]):
            return first
        case ast.Call(keywords=keywords):
            return next((keyword.value for keyword in keywords if keyword.arg == name), None)
    return None


def _says_itself(call: ast.AST, function: FunctionNode, word: str) -> bool:
    """Whether a call in a function has an argument, or what the caller adds cannot have it."""
    if not isinstance(call, ast.Call):
        return False
    own = function.args.kwarg
    spread = [keyword.value for keyword in call.keywords if keyword.arg is None]
    return any(keyword.arg == word for keyword in call.keywords) or not any(
        own is not None and reads(value, {own.arg}) for value in spread
    )


class Clients:
    """Clients and operations of one module."""

    def __init__(
        self, names: Names, provider: Provider, imports: ProjectImports | None = None
    ) -> None:
        self.names = names
        self.provider = provider
        self.imports = imports
        self._accesses: dict[int, Access | None] = {}
        self.others = (
            *provider.wrappers,
            *providers_for(_roots(names), provider.beside),
        )
        self._classes = {
            name: is_async
            for known in (provider, *self.others)
            for name, is_async in known.clients.items()
        }
        self._views = frozenset().union(*(k.client_views for k in (provider, *self.others)))
        self._words = {
            word
            for known in (provider, *self.others)
            for operation in known.operations
            for word in (*operation.path, *known.operation_views)
        }
        self._last = {
            operation.path[-1]
            for known in (provider, *self.others)
            for operation in known.operations
        }
        makes_requests = any(known.body_only for known in self.others)
        self._verbs = VERBS if makes_requests and _mentions_address(names) else frozenset()
        self._made_of_clients = {
            name: function.client
            for known in self.others
            for name, function in known.functions.items()
            if function.client
        }
        self._names = self._last.union(
            self._verbs,
            *({name.rpartition(".")[2] for name in known.functions} for known in self.others),
        )
        self._alone = {
            operation.path[-1]
            for known in (provider, *self.others)
            for operation in known.operations
            if len(operation.path) == 1
        }
        self._mentions = Mentions(names)

    def access(self, callee: ast.expr) -> Access | None:
        """The operation that ``callee`` names, if it names one."""
        key = id(callee)
        if key not in self._accesses:
            self._accesses[key] = None  # of what leads to itself
            self._accesses[key] = self._find_access(callee)
        return self._accesses[key]

    @cached_property
    def suspects(self) -> Set[ast.AST]:
        """The expressions that may name an operation, by the words in them.

        Where the policy names wrappers that is anything: other modules call them as they like.
        """
        if self.provider.wrappers:
            return self.names.parent.keys()
        named = (node for word in self._functions for node in self._mentions.of(word))
        written = (
            node
            for word in self._last
            for node, link in self._mentions.attributes(word)
            if word in self._alone or self._may_have_operations(link.value)
        )
        requests = {call.func for verb in self._verbs for call in self.names.calls_of(verb)}
        kept = (node for verb in self._verbs for node in self._mentions.of(verb))
        others = (node for node in kept if node not in requests)
        return self._mentions.standing_for([*named, *written, *others]) | requests

    @cached_property
    def _functions(self) -> Set[str]:
        """What the functions of other packages may be called here."""
        functions = {name.rpartition(".")[2] for known in self.others for name in known.functions}
        return functions.union(
            bound
            for bound, full in self.names.imports.items()
            if full.rpartition(".")[2] in functions
        )

    def _may_have_operations(self, node: ast.expr) -> bool:
        """Whether an expression may be ``client.responses``, or a view of that."""
        views = self.provider.operation_views
        while (link := as_attribute(node)) is not None and link.attr in views:
            node = link.value
        match node:
            case ast.Name(id=name):
                return name in self._resources
        return link is not None and (link.attr in self._words or link.attr in self._resources)

    @cached_property
    def _resources(self) -> frozenset[str]:
        """The names and attributes that are set to something like ``client.responses``."""
        return frozenset(
            name
            for word in self._words
            for node, _ in self._mentions.attributes(word)
            for name in self._mentions.other_names(node)
        )

    def mentions_an_operation(self, code: Code) -> bool:
        """Whether the name of an operation's method stands in a function."""
        return any(
            self.names.is_within(node, code)
            for word in self._last
            for node in self.names.mentions.get(word, [])
        )

    def _find_access(self, callee: ast.expr) -> Access | None:
        if not self._may_be_known(callee):
            return None
        links = self._links(callee) if self._may_be_a_method(callee) else []
        names = [link.attr for link in links]
        found = self._of_another_provider(callee, names, links)
        if found is not None:
            return found
        kept = self._of_partial(callee) or self._of_table(callee)
        if kept is not None:
            return kept
        for operation in self.provider.operations:
            receiver = self._match(operation, names, links)
            if receiver is not None and self._may_give(operation, receiver):
                viewed = not self.provider.operation_views.isdisjoint(names)
                return Access(operation, receiver, self.provider, is_viewed=viewed)
        return self._held_by_parameter(callee) or self._made_elsewhere(callee)

    def _made_elsewhere(self, callee: ast.expr) -> Access | None:
        """What an expression gives that is no name of an operation itself.

        ``one if test else other``, ``creator()``, a property, or a name for one of these.
        """
        match callee:
            case ast.IfExp(body=body, orelse=orelse):
                one, other = self.access(body), self.access(orelse)
                agree = one and other and one.operation.kind == other.operation.kind
                return one if agree else None
            case ast.Call():
                made = made_by_helper(self.names, callee)
                return None if made is None else self.access(made[1])
            case ast.Name() | ast.Attribute():
                value = self._value_of(callee) or self._of_property(callee)
                return None if value is None else self.access(value)
        return None

    def _of_property(self, node: ast.expr) -> ast.expr | None:
        """What a property of this class returns, if that is one expression."""
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                owner = self.names.enclosing_class(node)
                method = self.names.method(owner, name) if owner is not None else None
                if method is not None and is_property(method):
                    return returned(self.names, method)
        return None

    def _value_of(self, node: ast.expr) -> ast.expr | None:
        """What a name, or an attribute of ``self``, is set to, if it is set once."""
        value = self.names.bound_once(node)
        if value is not None or not isinstance(node, ast.Name):
            return value
        binding = self.names.binding(node.id, node)
        match binding.node if binding is not None else None:
            case ast.Tuple(elts=targets) | ast.List(elts=targets) as target:
                match self.names.parent[target]:
                    case ast.Assign(value=ast.Tuple(elts=values) | ast.List(elts=values)):
                        spread = any(isinstance(value, ast.Starred) for value in values)
                        if len(targets) == len(values) and not spread:
                            given = zip(map(dotted, targets), values, strict=True)
                            return dict(given).get(node.id)
        return None

    def _of_partial(self, callee: ast.expr) -> Access | None:
        """``make(...)`` after ``make = functools.partial(client.responses.create, model="o3")``.

        Where the partial itself names the background, it is the one that is judged, unless the
        call does so again.
        """
        made = callee if isinstance(callee, ast.Call) else self._value_of(callee)
        if not isinstance(made, ast.Call) or not made.args or not self.is_partial(made):
            return None
        inner = self.access(made.args[0])
        if inner is None:
            return None
        call = self.names.parent[callee]
        says = isinstance(call, ast.Call) and _may_name_background(call, inner.provider)
        if _may_name_background(made, inner.provider) and not says:
            return None
        return replace(inner, partials=(made, *inner.partials))

    def is_partial(self, call: ast.Call) -> bool:
        return self.names.qualify(call.func) == "functools.partial"

    def is_called_later(self, call: ast.Call) -> bool:
        """Whether a partial of an operation has a name by which it is called, or handed on.

        One that names the background only counts where every call by that name does so again.
        """
        return self.is_partial(call) and call in self._partials_called

    @cached_property
    def _partials_called(self) -> frozenset[ast.Call]:
        asked = [node for call in self.names.calls for node in (call.func, *call.args)]
        found = [
            (node, made, access.provider)
            for node in asked
            if isinstance(node, ast.Name | ast.Attribute) and (access := self.access(node))
            for made in access.partials
        ]
        by_name = {made: node for node, made, _ in found}
        saying = Counter(made for _, made, _ in found)
        return frozenset(
            made
            for _, made, provider in found
            if not _may_name_background(made, provider)
            or len(self._mentions_of(by_name[made])) == saying[made]
        )

    def _of_table(self, callee: ast.expr) -> Access | None:
        """``table["create"]`` and ``table.get("create")``, if that is all that is done to it."""
        match callee:
            case (
                ast.Subscript(value=table, slice=ast.Constant(value=wanted))
                | ast.Call(
                    func=ast.Attribute(value=table, attr="get"),
                    args=[ast.Constant(value=wanted), *_],
                )
            ):
                pass
            case _:
                return None
        match self._value_of(table):
            case ast.Dict(keys=keys, values=values) if not self._may_change(table):
                items = zip(keys, values, strict=True)
            case ast.List(elts=values) | ast.Tuple(elts=values) if not self._may_change(table):
                items = zip(map(ast.Constant, range(len(values))), values, strict=True)
            case _:
                return None
        entries = [
            value
            for key, value in items
            if not isinstance(key, ast.Constant) or key.value == wanted
        ]
        match entries:
            case [ast.Name() | ast.Attribute() | ast.Call() as entry]:
                return self.access(entry)
        return None

    def _may_change(self, table: ast.expr) -> bool:
        """Whether something else is done to a dict or list than to look into it."""
        mentions = self._mentions_of(table)
        return not mentions or not all(map(self._only_looks, mentions))

    def _mentions_of(self, node: ast.expr) -> list[ast.expr]:
        """Where the same is mentioned that a name stands for; of an attribute, by its name."""
        match node:
            case ast.Name(id=name):
                scope = self.names.defining_scope(name, node)
                return [
                    mention
                    for mention in self.names.mentions.get(name, [])
                    if not isinstance(mention, ast.Name)
                    or self.names.defining_scope(name, mention) is scope
                ]
            case ast.Attribute(attr=name):
                return self.names.mentions.get(name, [])
        return []

    def _only_looks(self, mention: ast.expr) -> bool:
        match self.names.parent[mention]:
            case ast.Subscript(ctx=ast.Load()) | ast.Compare() | ast.For() | ast.comprehension():
                return True
            case ast.Attribute(attr=name):
                return name in {"get", "items", "keys", "values"}
        return False

    def _held_by_parameter(self, callee: ast.expr) -> Access | None:
        """``create(...)`` in a function that every call in the module hands the same operation.

        It counts where the function itself says what to create, or looks at what a poll answers.
        """
        match callee:
            case ast.Name(id=name) if (function := self._parameter_of(callee)) is not None:
                found = [self.access(given) for given in self.names.given(function, name)]
                if len({access and access.operation for access in found}) != 1:
                    return None
                match found[0]:
                    case Access(Operation(kind="create"), _, provider) as access:
                        call = self.names.parent[callee]
                        word = provider.parameters["background"]
                        return access if _says_itself(call, function, word) else None
                    case Access(Operation(kind="poll")) as access:
                        return access if self._looks_at_statuses(function) else None
        return None

    def _looks_at_statuses(self, function: FunctionNode) -> bool:
        """Whether a loop of a function has to do with a status."""
        return any(
            isinstance(above, ast.While | ast.For | ast.AsyncFor)
            for mention in (
                *self.names.mentions.get("status", []),
                *self.names.texts.get("status", []),
            )
            if self.names.function(mention) is function
            for above in self.names.ancestors(mention)
            if self.names.is_within(above, function)
        )

    def _parameter_of(self, node: ast.Name) -> FunctionNode | None:
        """The function whose parameter a name is."""
        binding = self.names.binding(node.id, node)
        if binding is None or not isinstance(binding.node, ast.arg):
            return None
        scope = self.names.defining_scope(node.id, node)
        return scope.node if scope is not None and isinstance(scope.node, FUNCTIONS) else None

    def is_called_inside(self, handed: ast.expr) -> bool:
        """Whether an operation is handed to a function of this module that says what to create.

        ``submit(client.responses.create)``: it is judged where ``submit`` calls it.
        """
        call = self.names.parent.get(handed)
        if not isinstance(call, ast.Call) or call.func is handed:
            return False
        function = self.names.callee(call)
        names = [arg.arg for arg in parameters(function)] if function is not None else []
        return any(
            isinstance(inner.func, ast.Name)
            and self._parameter_of(inner.func) is function
            and given_for(call, function, name) is handed
            and self.access(inner.func) is not None
            for name in names
            if function is not None
            for inner in self.names.calls_of(name)
        )

    def _may_be_known(self, callee: ast.expr) -> bool:
        """Whether an attribute may be a provider's: by its name, or as something set to it."""
        match callee:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                return True
            case ast.Attribute(attr=name):
                return name in self._names or bool(self.provider.wrappers)
        return True

    def _may_be_a_method(self, callee: ast.expr) -> bool:
        """Whether an expression may be a method of a client, by its name."""
        match callee:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                return name in self._last or name in self._kept
            case ast.Attribute(attr=name):
                return name in self._last
        return True

    def _may_be_a_function(self, callee: ast.expr) -> bool:
        """Whether an expression may be a function of another package, by its name."""
        match callee:
            case ast.Attribute(value=ast.Name(id="self" | "cls")) | ast.Name():
                return True
            case ast.Attribute(attr=name):
                return bool(self.provider.wrappers) or name in self._functions
        return False

    def _may_give(self, operation: Operation, receiver: ast.expr) -> bool:
        """Whether an operation may be one of ``receiver``: a client, or what a client gives."""
        if not operation.of:
            return self._may_be_client(receiver)
        if not isinstance(receiver, ast.Name):
            return False
        scope = self.names.defining_scope(receiver.id, receiver)
        for binding in scope.bindings[receiver.id] if scope is not None else ():
            match binding.node:
                case ast.withitem(context_expr=expression):
                    given: ast.expr | None = expression
                case _:
                    given = binding.value
            match unawaited(given) if given is not None else None:
                case ast.Call(func=function) if _ends_in(function, operation.of):
                    return True
        return False

    def _of_another_provider(
        self, callee: ast.expr, names: list[str], links: list[ast.Attribute]
    ) -> Access | None:
        """A function of another package, a method of its clients, or a plain request."""
        named = self._full_names(callee) if self._may_be_a_function(callee) else []
        for provider in self.others:
            for name in named:
                function = provider.functions.get(name)
                if function is not None and self._is_given_a_client(function, callee, provider):
                    return Access(function, callee, provider, is_of_a_client=False)
            for operation in provider.operations if provider.clients else ():
                receiver = self._match(operation, names, links)
                if receiver is not None and self._is_made_by(receiver, provider):
                    return Access(operation, receiver, provider)
            if provider.body_only and self._verbs:
                kind = requested(self.names, callee)
                if kind is not None:
                    return Access(Operation(("request",), kind), callee, provider)
        return None

    def _is_given_a_client(self, function: Operation, callee: ast.expr, provider: Provider) -> bool:
        """Whether a function is given a client of the provider, if it has to be."""
        if not function.client:
            return True
        given = _first_argument(self.names.parent[callee], function.client)
        return given is not None and self._is_made_by(given, provider)

    def _full_names(self, node: ast.expr, depth: int = _FARTHEST) -> list[str]:
        """What a function or class is called in full, also under a name that it was given once.

        Where the policy names some, also by the module that defines it, if another passes it on.
        """
        for _ in range(_FARTHEST):
            qualified = self.names.qualify(node)
            if qualified is not None:
                return [self._absolute(qualified), *self._defined_as(qualified, depth - 1)]
            given = self._given_to(node)
            if given is None:
                break
            node = given
        return [f"{self.module}.{node.id}"] if self._is_of_the_module(node) else []

    @property
    def module(self) -> str:
        """What this module is called in the project."""
        return self.imports.module if self.imports is not None else ""

    def _is_of_the_module(self, node: ast.expr) -> TypeGuard[ast.Name]:
        """Whether an expression names something that this module defines at its top level."""
        if not isinstance(node, ast.Name):
            return False
        scope = self.names.defining_scope(node.id, node)
        return scope is not None and scope is self.names.scopes[self.names.tree]

    def _absolute(self, qualified: str) -> str:
        """A relative name (``..llm.submit``) from the top of the project."""
        name = qualified.lstrip(".")
        dots = len(qualified) - len(name)
        if dots == 0:
            return name
        above = self.module.split(".")
        if self.imports is None or not self.imports.is_package:
            above = above[:-1]
        above = above[: len(above) - (dots - 1)]
        return ".".join([*above, name])

    def _defined_as(self, qualified: str, depth: int) -> list[str]:
        if not self.provider.wrappers or depth == 0:
            return []
        match self._defined(qualified):
            case clients, found:
                return clients._full_names(found, depth)
        return []

    def _given_to(self, node: ast.expr) -> ast.expr | None:
        value = self._value_of(node)
        return value if isinstance(value, ast.Name | ast.Attribute) else None

    def _is_made_by(self, receiver: ast.expr, provider: Provider) -> bool:
        classes = self.client(receiver).classes
        if isinstance(receiver, ast.Name) and receiver.id in {"self", "cls"}:
            own = self.names.enclosing_class(receiver)
            classes = self._classes_of(own) if own is not None else classes
        return not classes.isdisjoint(provider.clients)

    def _class_of(self, node: ast.expr) -> str | None:
        """The client class that an expression names, in full."""
        for name in self._full_names(node):
            if name in self._classes:
                return name
        local = self._local_class(node.id, node) if isinstance(node, ast.Name) else None
        return next(iter(self._classes_of(local)), None) if local is not None else None

    def _classes_of(self, cls: ast.ClassDef) -> frozenset[str]:
        """The client classes that a class of this module is, or is made of."""
        lineage = list(self.names.lineage(cls))
        own = {f"{self.module}.{above.name}" for above in lineage}
        bases = [base for above in lineage for base in above.bases]
        own |= {name for base in bases for name in self._full_names(base)}
        return frozenset(own & self._classes.keys())

    def _links(self, node: ast.expr) -> list[ast.Attribute]:
        """The attributes of a chain, from the last to the first, aliases expanded."""
        links: list[ast.Attribute] = []
        for _ in range(_FARTHEST):
            aliased = self._alias(node)
            while aliased is None and (link := as_attribute(node)) is not None:
                links.append(link)
                node = link.value
                aliased = self._alias(node)
            if aliased is None:
                break
            node = aliased
        return links

    def _alias(self, node: ast.expr) -> ast.Attribute | None:
        """``client.responses`` for a name, or attribute of ``self``, that was set to that, once."""
        if isinstance(node, ast.Attribute) and node.attr not in self._kept:
            return None
        value = self._value_of(node)
        link = as_attribute(value) if value is not None else None
        return link if link is not None and link.attr in self._words else None

    @cached_property
    def _kept(self) -> frozenset[str]:
        """The attributes of objects of this module that may hold an operation, or what has some."""
        bound = [(name, found) for (_, name), found in self.names.attributes.items()]
        for cls in self.names.classes:
            bound += self.names.scopes[cls].bindings.items()
        return frozenset(
            name
            for name, found in bound
            for binding in found
            if binding.value is not None
            and (link := as_attribute(self._unwrapped(binding.value))) is not None
            and link.attr in self._words
        )

    def _unwrapped(self, node: ast.expr) -> ast.expr:
        """What a partial is made of."""
        match node:
            case ast.Call(args=[first, *_]) if self.is_partial(node):
                return first
        return node

    def _match(
        self, operation: Operation, names: list[str], links: list[ast.Attribute]
    ) -> ast.expr | None:
        """The receiver, where ``names`` (last first) end in the operation's path."""
        *resources, method = operation.path
        if not names or names[0] != method:
            return None
        position = 1
        while position < len(names) and names[position] in self.provider.operation_views:
            position += 1
        for resource in reversed(resources):
            if position >= len(names) or names[position] != resource:
                return None
            position += 1
        receiver = links[position - 1].value
        while isinstance(receiver, ast.Attribute) and receiver.attr in self.provider.path_prefixes:
            receiver = receiver.value
        return receiver

    def _may_be_client(self, receiver: ast.expr) -> bool:
        match receiver:
            case ast.Name(id="self" | "cls"):
                own = self.names.enclosing_class(receiver)
                return own is not None and self._is_client_class(own)
            case ast.Name(id=name) if (owner := self._local_class(name, receiver)) is not None:
                return self._is_client_class(owner)
            case ast.Name(id=name) if name in self.names.imports:
                qualified = self.names.qualify(receiver)
                return qualified is None or "." in qualified or qualified == self.module_client
            case _:
                return True

    def _is_client_class(self, cls: ast.ClassDef) -> bool:
        return any(self.names.qualify(base) in self.provider.clients for base in cls.bases)

    def _local_class(self, name: str, at: ast.AST) -> ast.ClassDef | None:
        binding = self.names.binding(name, at)
        return binding.node if binding and isinstance(binding.node, ast.ClassDef) else None

    @property
    def module_client(self) -> str:
        return self.provider.module_client

    # Who the receiver is

    def client(self, receiver: ast.expr) -> Client:
        """What is known of the client that ``receiver`` gives."""
        return self._client(receiver, _FARTHEST) or UNKNOWN_CLIENT

    def _client(self, node: ast.expr, depth: int) -> Client | None:
        if depth == 0:
            return None
        match unawaited(node):
            case ast.Call() as call:
                return self._called(call, depth)
            case ast.Name() as name:
                return self._named(name, depth)
            case ast.Attribute() as attribute:
                return self._attribute(attribute, depth)
            case ast.NamedExpr(value=value):
                return self._client(value, depth - 1)
            case ast.BoolOp(values=values):
                return self._first(values, depth)
            case ast.IfExp(body=body, orelse=orelse):
                return self._first([body, orelse], depth)
        return None

    def _first(self, nodes: list[ast.expr], depth: int) -> Client | None:
        for node in nodes:
            found = self._client(node, depth - 1)
            if found is not None:
                return found
        return None

    def _called(self, call: ast.Call, depth: int) -> Client | None:
        if isinstance(call.func, ast.Attribute) and call.func.attr in self._views:
            inner = self._client(call.func.value, depth - 1)
            if inner is not None or call.func.attr in self.provider.client_views:
                inner = inner or UNKNOWN_CLIENT
                made_by = (call, *inner.made_by)
                return Client(inner.is_async, made_by, inner.known, inner.classes)
        known = self._class_of(call.func)
        if known is not None:
            return Client(self._classes[known], (call,), True, frozenset([known]))
        given = self._client_it_is_made_of(call)
        if given is not None:
            inner = self._client(given, depth - 1) or UNKNOWN_CLIENT
            return Client(inner.is_async, (call, *inner.made_by), inner.known, inner.classes)
        qualified = self.names.qualify(call.func)
        if qualified is None:
            return self._factory(call, depth)
        match self._defined(qualified):
            case clients, function:
                made = ast.copy_location(ast.Call(function, [], []), function)
                clients.names.parent[made] = clients.names.tree
                return clients._called(made, depth - 1) if depth else None
        return None

    def _client_it_is_made_of(self, call: ast.Call) -> ast.expr | None:
        """The client in ``Agent(client=...)``."""
        if not self._made_of_clients:
            return None
        for name in self._full_names(call.func):
            if name in self._made_of_clients:
                return _first_argument(call, self._made_of_clients[name])
        return None

    def _defined(self, dotted: str) -> tuple[Clients, ast.expr] | None:
        return None if self.imports is None else self.imports.defined(dotted)

    def home(self, node: ast.AST) -> Clients:
        """The clients of the module that ``node`` stands in: this one, or one it imports."""
        if node in self.names.parent or self.imports is None:
            return self
        return self.imports.holding(node) or self

    def _factory(self, call: ast.Call, depth: int) -> Client | None:
        """A function of this module that makes the client, by its annotation or its code."""
        function = self.names.callee(call)
        if function is None:
            return None
        if function.returns is not None:
            annotated = self._annotated(function.returns)
            if annotated is not None:
                return annotated
        for node in ast.walk(function):
            match node:
                case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                    found = self._client(value, depth - 1)
                    if found is not None:
                        return found
        return None

    def _named(self, node: ast.Name, depth: int) -> Client | None:
        qualified = self.names.qualify(node)
        if qualified == self.module_client:
            return Client(False, (), known=True)
        if qualified is not None:
            return self._imported(qualified, depth)
        scope = self.names.defining_scope(node.id, node)
        if scope is None:
            return None
        found = [self._bound(binding, depth) for binding in scope.bindings[node.id]]
        clients = [client for client in found if client is not None]
        if not clients:
            return None
        agreed = {client.is_async for client in clients}
        if len(agreed) == 1:
            return clients[0]
        return Client(None, clients[0].made_by, True, clients[0].classes)

    def _imported(self, dotted: str, depth: int) -> Client | None:
        """A client that another module of the project has made."""
        match self._defined(dotted):
            case clients, node:
                return clients._client(node, depth - 1)
        return None

    def _bound(self, binding: Binding, depth: int) -> Client | None:
        match binding.node:
            case ast.arg(annotation=ast.expr() as annotation):
                return self._annotated(annotation)
            case ast.withitem(context_expr=expression):
                return self._client(expression, depth - 1)
            case ast.AnnAssign(annotation=annotation):
                found = self._annotated(annotation)
                if found is not None:
                    return found
        return self._client(binding.value, depth - 1) if binding.value is not None else None

    def _attribute(self, node: ast.Attribute, depth: int) -> Client | None:
        qualified = self.names.qualify(node)
        if qualified is not None:
            return self._imported(qualified, depth)
        owner = self.names.enclosing_class(node)
        path = dotted(node)
        if owner is None or path is None or path.count(".") != 1:
            return None
        if not path.startswith(("self.", "cls.")):
            return None
        for cls in self.names.lineage(owner):
            for binding in self.names.attributes.get((cls, node.attr), []):
                found = self._bound(binding, depth)
                if found is not None:
                    return found
            for binding in self.names.scopes[cls].bindings.get(node.attr, []):
                match binding.node:
                    case ast.FunctionDef() | ast.AsyncFunctionDef():
                        call = ast.copy_location(ast.Call(node, [], []), node)
                        self.names.parent[call] = self.names.parent[node]
                        return self._factory(call, depth)
                found = self._bound(binding, depth)
                if found is not None:
                    return found
        return None

    def _annotated(self, annotation: ast.expr) -> Client | None:
        """The client that a type annotation promises: ``AsyncOpenAI | None``, ``"OpenAI"``."""
        named = {self._class_of(node) for node in self.annotation_parts(annotation)}
        classes = frozenset(name for name in named if name is not None)
        if not classes:
            return None
        kinds = {self._classes[name] for name in classes}
        return Client(kinds.pop() if len(kinds) == 1 else None, (), True, classes)

    def annotation_parts(self, annotation: ast.expr) -> list[ast.expr]:
        parts: list[ast.expr] = []
        for node in ast.walk(annotation):
            match node:
                case ast.Name() | ast.Attribute():
                    parts.append(node)
                case ast.Constant(value=str(text)):
                    try:
                        inner = ast.parse(text, mode="eval").body
                    except (SyntaxError, ValueError):
                        continue
                    for part in ast.walk(inner):
                        if isinstance(part, ast.Name | ast.Attribute):
                            self.names.parent.setdefault(part, annotation)
                            parts.append(part)
        return parts
