"""Calls that create a response: which of them do so in the background, and what is certain."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, starmap
from typing import Literal, TypeAlias

from bgmode.flow.exits import State
from bgmode.flow.names import Code, Names, last_word
from bgmode.flow.run import Run
from bgmode.flow.values import (
    MISSING,
    UNKNOWN,
    Known,
    Missing,
    Record,
    Symbol,
    Unknown,
    Value,
    merged,
    part,
    truth,
    unknown,
)
from bgmode.flow.written import is_run, writes
from bgmode.knowledge import Operation, Provider
from bgmode.model.clients import Access, Client, Clients
from bgmode.model.origins import Origin, is_put_in, origins, set_far
from bgmode.model.reaching import lasts, reaching
from bgmode.model.world import JobWorld, is_another_call, is_long

_MOST_WORK = 15_000  # expressions
_MOST_WORK_ALONE = 1_000
_DECISIVE = ("background", "store", "headers")

Presence: TypeAlias = Literal["given", "omitted", "hidden"]


@dataclass(frozen=True, slots=True)
class Argument:
    """What is certain of one argument.

    ``given``: it is there, and ``value`` is what it holds. ``omitted``: it is certainly
    not there. ``hidden``: it may be behind a mapping that cannot be seen.
    """

    presence: Presence
    value: Value = MISSING

    @property
    def is_true(self) -> bool:
        return (
            self.presence == "given"
            and isinstance(self.value, Known)
            and (self.value.value is True)
        )

    @property
    def is_false(self) -> bool:
        return (
            self.presence == "given"
            and isinstance(self.value, Known)
            and (self.value.value is False)
        )

    @property
    def is_undecided(self) -> bool:
        """Whether it may be there, or may hold the right value."""
        return self.presence == "hidden" or isinstance(self.value, Unknown | Symbol)


OMITTED = Argument("omitted")
HIDDEN = Argument("hidden")


@dataclass(frozen=True)
class CreateCall:
    """A call of a create operation.

    ``node`` is the call whose keywords count: the call itself, or the one that hands the
    bound method on. ``observe`` finds out what it is given.
    """

    node: ast.Call
    access: Access
    observe: Callable[[], Record]
    names: Names
    provider: Provider
    client: Client
    settings: Callable[[], tuple[Record, ...]]
    """What the client was made with, nearest first, where it sends that along."""

    @property
    def operation(self) -> Operation:
        return self.access.operation

    @cached_property
    def arguments(self) -> Record:
        return self.observe()

    @property
    def where(self) -> Code | None:
        """The function it stands in."""
        return self.names.function(self.node)

    def argument(self, parameter: str) -> Argument:
        """What is certain of an argument, by its key in the provider's ``parameters``."""
        found = self._in(self.arguments, parameter)
        if found.presence == "omitted" and parameter != "background":  # which is told here
            for settings in self.settings():
                found = self._in(settings, parameter)
                if found.presence != "omitted":
                    break
        return found

    def _in(self, arguments: Record, parameter: str) -> Argument:
        bodies = self.provider.bodies
        fields = arguments.fields
        if self.operation.body_only:
            fields = {name: value for name, value in fields.items() if name in bodies}
        if parameter == "headers":  # the request's, which its body cannot hold
            fields = {name: value for name, value in fields.items() if name not in bodies}
        if fields is not arguments.fields:
            arguments = Record(fields, arguments.rest, mapping=True)
        return argument(arguments, self.provider.parameters[parameter], self.provider)

    def origins(self, parameter: str) -> list[Origin]:
        """Where the argument is written."""
        name = self.provider.parameters[parameter]
        found: list[Origin] = []
        for node in (self.node, *self.access.partials):
            found = found or origins(self.names, node, name, self.provider.bodies)
        return found


@dataclass(frozen=True)
class BackgroundCall(CreateCall):
    """A call that runs, or may run, in the background.

    ``certain``: ``background`` is known to be true.
    """

    certain: bool

    @property
    def is_request(self) -> bool:
        """Whether the call itself creates the job, and does not only say how it will be."""
        return self.operation.kind == "create"

    @property
    def verb(self) -> str:
        """How a message speaks of it."""
        return "runs in the background" if self.certain else "may run in the background"

    @cached_property
    def anchor(self) -> ast.AST:
        """What a finding about this call points at: where ``background`` is written."""
        found = self.origins("background")
        true = [origin for origin in found if _is_true(origin.value)]
        written = true or found
        return written[0].node if written else self.node

    @property
    def set_at(self) -> ast.AST | None:
        """Where ``background`` is written, if that is another place than the call itself."""
        is_inside = self.anchor is self.node or self.names.is_within(self.anchor, self.node)
        return None if is_inside else self.anchor

    @property
    def set_far(self) -> ast.AST | None:
        """The same, if the function that the call stands in does not write it as an entry."""
        if self.anchor is not self.node:
            return None
        name, bodies = self.provider.parameters["background"], self.provider.bodies
        calls = (self.node, *self.access.partials)
        places = (set_far(self.names, call, name, bodies) for call in calls)
        return next(chain.from_iterable(places), None)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _has_positions(given: list[ast.expr]) -> bool:
    """Whether arguments are given by position whose names only the definition would tell."""
    return len(given) > 1 or any(isinstance(argument, ast.Starred) for argument in given)


def argument(arguments: Record, name: str, provider: Provider) -> Argument:
    """What is certain of the argument ``name`` of a call with ``arguments``."""
    if name in provider.implied:
        return Argument("given", Known(provider.implied[name]))
    open_body = False
    for parameter in provider.bodies:
        body = arguments.fields.get(parameter, MISSING)
        if isinstance(body, Record):
            entry = part(body, name)
            if name in body.fields and not isinstance(entry, Missing):
                return Argument("given", entry)
            open_body = open_body or not isinstance(body.rest, Missing)
        open_body = open_body or isinstance(body, Unknown)
    outside = not provider.body_only or name == provider.parameters["headers"]
    value = arguments.fields.get(name, MISSING) if outside else MISSING
    if isinstance(value, Symbol) and value.name in provider.omitted_values:
        value = MISSING
    if not isinstance(value, Missing):
        return Argument("given", value)
    if name not in arguments.fields and not isinstance(arguments.rest, Missing):
        return HIDDEN
    if open_body or name in provider.unseen:
        return HIDDEN
    if name in provider.defaults:
        return Argument("given", Known(provider.defaults[name]))
    return OMITTED


def _written_background(call: ast.Call, provider: Provider) -> Presence:
    """Whether a call names ``background``, or may have it in a mapping, as it is written."""
    spreads = any(keyword.arg is None for keyword in call.keywords)
    given: dict[str, Value] = {k.arg: UNKNOWN for k in call.keywords if k.arg}
    written = Record(given, UNKNOWN if spreads else MISSING, mapping=True)
    return argument(written, provider.parameters["background"], provider).presence


class Calls:
    """The operations of one module and their arguments."""

    def __init__(self, names: Names, clients: Clients) -> None:
        self.names = names
        self.clients = clients
        self.provider = clients.provider
        self._matters: dict[Code, bool] = {}
        self._written_words: dict[str, bool] = {}

    @cached_property
    def operations(self) -> list[tuple[ast.Call, Access]]:
        """Every call of an operation, in the order of the text."""
        around = set(map(self.names.parent.get, self.clients.suspects))
        calls = (call for call in self.names.calls if call in around)
        found = [(call, access) for call in calls if (access := self._access(call))]
        return sorted(found, key=lambda pair: (pair[0].lineno, pair[0].col_offset))

    def _access(self, call: ast.Call) -> Access | None:
        suspects = self.clients.suspects
        access = self.clients.access(call.func) if call.func in suspects else None
        if access is None:
            access = self._given(call)
        if access is None or is_another_call(access.operation, call.keywords):
            return None
        return access

    def _given(self, call: ast.Call) -> Access | None:
        """The operation that is handed to another call: ``to_thread(client.responses.create)``."""
        if isinstance(call.func, ast.Name) and call.func.id in {"map", "filter"}:
            return None
        for argument in call.args:
            if isinstance(argument, ast.Attribute | ast.Name) and argument in self.clients.suspects:
                access = self.clients.access(argument)
                if access is not None and not self.clients.is_called_inside(argument):
                    return None if self.clients.is_called_later(call) else access
        return None

    def of_kind(self, kind: str) -> Iterator[ast.Call]:
        """The calls of operations of one kind (``create``, ``poll``, ``cancel``)."""
        for call, access in self.operations:
            if access.operation.kind == kind:
                yield call

    @cached_property
    def background(self) -> tuple[BackgroundCall, ...]:
        """The background calls of the module, in the order of the text."""
        return tuple(call for call in self._creates if isinstance(call, BackgroundCall))

    @cached_property
    def foreground(self) -> tuple[CreateCall, ...]:
        """The calls that create a response and name no background, in the order of the text."""
        return tuple(call for call in self._creates if not isinstance(call, BackgroundCall))

    @cached_property
    def _creates(self) -> tuple[CreateCall, ...]:
        created = self._create_accesses
        make = self._create if any(starmap(self._may_be_background, created)) else self._foreground
        return tuple(make(call, access) for call, access in created)

    def _may_be_background(self, call: ast.Call, access: Access) -> bool:
        match _written_background(call, access.provider):
            case "given":
                return True
            case "hidden":
                return self._may_write(access.provider.parameters["background"])
        return False

    def _may_write(self, word: str) -> bool:
        """Whether a mapping that a call is given may have an entry, by what is written anywhere."""
        if word not in self._written_words:
            self._written_words[word] = writes(self.names, word) or self._is_written_elsewhere(word)
        return self._written_words[word]

    def _is_written_elsewhere(self, word: str) -> bool:
        imports, names = self.clients.imports, self.names
        used = {
            f"{dotted}.{above.attr}" if isinstance(above, ast.Attribute) else dotted
            for bound, dotted in names.imports.items()
            for use in names.mentions.get(bound, ())
            if is_run(names, use)
            for above in [names.parent[use]]
        }
        return imports is not None and imports.may_write([*used, *names.whole_imports], word)

    @cached_property
    def _create_accesses(self) -> list[tuple[ast.Call, Access]]:
        return [
            (call, access)
            for call, access in self.operations
            if access.operation.kind in {"create", "configure"}
        ]

    def _foreground(self, call: ast.Call, access: Access) -> CreateCall:
        client = self.clients.client(access.receiver)
        observe = partial(self._arguments, call, access)
        settings = partial(self._settings, access, client)
        return CreateCall(call, access, observe, self.names, access.provider, client, settings)

    def _settings(self, access: Access, client: Client) -> tuple[Record, ...]:
        """What the object was made with of which a framework's method says more."""
        operation = access.operation
        if operation.kind != "configure" or operation.of or not access.is_of_a_client:
            return ()
        if not client.made_by:
            return (Record({}, UNKNOWN, mapping=True),)
        return tuple(
            self._written(made) if made in self.names.parent else Record({}, UNKNOWN, mapping=True)
            for made in client.made_by
        )

    def _create(self, call: ast.Call, access: Access) -> CreateCall:
        create = self._foreground(call, access)
        given = create.argument("background")
        decided = truth(given.value) if given.presence == "given" else False
        if given.presence == "hidden" and self._is_put_in(create):
            decided = None
        if decided is False:
            return create
        return BackgroundCall(
            call,
            access,
            create.observe,
            self.names,
            create.provider,
            create.client,
            create.settings,
            decided is True,
        )

    def _is_put_in(self, create: CreateCall) -> bool:
        """Whether the code around a call puts ``background`` into a mapping that nobody can see."""
        word = create.provider.parameters["background"]
        return is_put_in(self.names, create.node, word, create.provider.bodies)

    def _arguments(self, call: ast.Call, access: Access) -> Record:
        arguments = self._observed[call]
        for made in access.partials:
            given = self._observed.get(made) or self._written(made)
            joint = merged(given, arguments)
            arguments = joint if isinstance(joint, Record) else arguments
        handed = 0 if self.clients.access(call.func) is access else 1  # partial(submit, ...)
        is_wrapper = access.provider in self.provider.wrappers
        if is_wrapper and _has_positions(call.args[handed:]):
            return Record(arguments.fields, unknown(arguments.rest), mapping=True)
        return arguments

    @cached_property
    def _observed(self) -> dict[ast.Call, Record]:
        return self._observe([call for call, _ in self._create_accesses])

    def _observe(self, calls: list[ast.Call]) -> dict[ast.Call, Record]:
        """Run the code around each call and note the arguments it is given."""
        observed: dict[ast.Call, Record] = {}
        coming = reaching(self.names, calls)
        for outermost in (True, False):
            roots = {
                self._root(call, outermost=outermost) for call in calls if call not in observed
            }
            for root in sorted(roots, key=lambda node: getattr(node, "lineno", 0)):
                world = JobWorld(
                    *(self.names, self.clients),
                    far=lambda code: is_long(code) and code not in coming.scopes,
                    lasts=lasts(self.names, root, coming.places),
                    asked=self._asked,
                    most_work=_MOST_WORK,
                    reads_all=False,
                    told_in_vain=lambda code: (
                        code not in coming.scopes and (is_long(code) or not self._may_matter(code))
                    ),
                )
                run = Run(world)
                run.start(root)
                for call, arguments in () if run.gave_up else world.observed.items():
                    observed.setdefault(call, arguments)
        for call in calls:
            if call not in observed:  # code that is never reached
                observed[call] = self._written(call)
        return observed

    def _may_matter(self, code: Code) -> bool:
        """Whether a function, or one that it calls, sets or gives what a request may be made of."""
        if code not in self._matters:
            self._matters[code] = False  # functions may call each other
            self._matters[code] = any(map(self._is_decisive, ast.walk(code)))
        return self._matters[code]

    def _is_decisive(self, node: ast.AST) -> bool:
        match node:
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()) | ast.Nonlocal():
                return True
            case ast.Dict() | ast.Call(func=ast.Name(id="dict")):
                return True
            case (
                ast.Constant(value=str(word))
                | ast.keyword(arg=str(word))
                | ast.Name(id=word)
                | ast.Attribute(attr=word)
            ):
                return word in self._decisive
            case ast.Call():
                called = self.names.functions_by_name.get(last_word(node.func) or "", ())
                return any(map(self._may_matter, called))
        return False

    @cached_property
    def _decisive(self) -> frozenset[str]:
        """The parameters that make a request one in the background, or a safe one."""
        providers = [access.provider for _, access in self._create_accesses]
        named = (each.parameters[key] for each in providers for key in _DECISIVE)
        return frozenset([*named, *(body for each in providers for body in each.bodies)])

    @cached_property
    def _asked(self) -> frozenset[str]:
        """The parameters that anybody may ask for, by their names in the calls."""
        accesses = (access for _, access in self._create_accesses)
        return frozenset(word for access in accesses for word in access.provider.asked)

    def _root(self, call: ast.Call, *, outermost: bool) -> ast.Module | Code:
        function = self.names.function(call)
        while outermost and function is not None:
            above = self.names.function(function)
            if above is None:
                break
            function = above
        return self.names.tree if function is None else function

    def _written(self, call: ast.Call) -> Record:
        """The arguments of a call by itself, whatever the code around it does."""
        run = Run(JobWorld(self.names, self.clients, most_work=_MOST_WORK_ALONE))
        return run.arguments(call, State.empty())
