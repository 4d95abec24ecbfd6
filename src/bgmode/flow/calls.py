"""Evaluates calls: of code that can be read, of the outside, and of what nobody can see."""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bgmode.flow import callees
from bgmode.flow.exits import Diverges, Exit, State
from bgmode.flow.names import BY_KEY, MUTATORS, dotted, handed_to, ordered_parameters
from bgmode.flow.objects import only_looks
from bgmode.flow.values import (
    MISSING,
    NONE,
    POLLED,
    TRUE,
    UNKNOWN,
    Answered,
    ClassRef,
    Function,
    Gathered,
    Instance,
    Known,
    Listed,
    Many,
    Member,
    Missing,
    Partial,
    Record,
    Stream,
    Symbol,
    Token,
    Unknown,
    Value,
    as_many,
    as_polled,
    binary,
    decided,
    either,
    item_of,
    join,
    many,
    merged,
    method,
    narrowed,
    opened,
    part,
    text_of,
    truth,
    unknown,
    with_part,
)
from bgmode.flow.world import Answer, Raises

if TYPE_CHECKING:
    from bgmode.flow.expressions import Expressions

_VIEWS = frozenset(
    ["model_dump", "to_dict", "dict", "parse", "copy", "model_copy", "json", "encode", "decode"]
)
_OF_ALL = frozenset({"items", "keys", "values", "popitem"})
"""Methods of a mapping that give all of its entries."""
_SERIALIZERS = frozenset({"json.dumps", "json.loads", "json.load", "orjson.dumps", "orjson.loads"})
"""Functions that give the same mapping in another form."""
_BUILTINS = frozenset(
    [
        "all",
        "any",
        "bool",
        "dict",
        "enumerate",
        "frozenset",
        "getattr",
        "isinstance",
        "iter",
        "list",
        "next",
        "range",
        "reversed",
        "set",
        "setattr",
        "sorted",
        "str",
        "tuple",
        "zip",
    ]
)


_HANDING_ON = frozenset({"set_result", "run_in_executor"})
"""Methods of unknown objects of which more is known."""
_LEAVING_STREAMS = frozenset(
    {"aiter", "bool", "getattr", "isinstance", "iter", "next", "setattr", "str"}
)
"""Builtins that do not go through a generator."""
_SEARCHES = frozenset({"index", "pop", "popitem", "popleft", "remove"})
"""Methods of collections that raise where they find nothing."""
_WALKS = frozenset({"map", "filter"})
"""Builtins that are comprehensions written otherwise."""
_NO_KEYWORDS = Record({}, MISSING, mapping=True)


@dataclass(frozen=True, slots=True)
class _Written:
    """A call as it is written: its receiver, what the name says, and the paths it hands on."""

    name: str
    receiver: str | None
    manner: callees.Manner
    handed: tuple[str, ...]


class CallExpressions:
    """The calls of one run."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self.run = expressions.run
        self._written: dict[ast.Call, _Written] = {}
        self._ordinary: set[ast.Call] = set()  # no special function is called or handed on
        self._walks: dict[ast.Call, ast.GeneratorExp] = {}
        self._specials: dict[tuple[ast.expr, str], ast.Call] = {}

    def take_over(self, earlier: CallExpressions) -> None:
        """Use what another run has found out about calls as they are written."""
        self._written, self._ordinary = earlier._written, earlier._ordinary
        self._walks, self._specials = earlier._walks, earlier._specials

    def call(self, node: ast.Call, state: State, *, alone: bool = False) -> Value:
        if node not in self._ordinary:
            reply = self.run.reply(node.func, node.keywords)
            if reply is not None:
                _, keywords = self.arguments(node, state, asked=self.run.world.asked)
                self.run.world.observe(node, keywords)
                return self._replied(node, reply, state)
            position = self._operation_given(node)
            if position is not None:
                return self._handed_on(node, position, state)
            self._ordinary.add(node)
        match node.func:
            case ast.Attribute(value=base, attr=name):
                return self._method_call(node, base, name, state, alone=alone)
            case _:
                function = self._expressions.value(node.func, state)
                return self._apply(node, function, state, alone=alone)

    def _operation_given(self, node: ast.Call) -> int | None:
        """Where a special function is handed on: ``retry_call(client.responses.create, ...)``."""
        if isinstance(node.func, ast.Name) and node.func.id in _WALKS:
            return None
        for position, argument in enumerate(node.args):
            if isinstance(argument, ast.Attribute) and self.run.world.reply(
                argument, node.keywords, turn=0
            ):
                return position
        return None

    def _replied(self, node: ast.AST, reply: Answer | Raises, state: State) -> Value:
        if reply.polls:
            state.polled = True
            self.run.polls += 1
        if isinstance(reply, Answer) and reply.acts:
            self.run.acts.append(node)
        if isinstance(reply, Raises):
            exception = replace(_raise(node, state, reply.name), exception=reply.exception)
            self.run.raised.append(exception)
            raise Diverges
        return reply.value

    def arguments(
        self, node: ast.Call, state: State, *, asked: Container[str] | None = None
    ) -> tuple[list[Value], Record]:
        """The positional and the keyword arguments of a call, in the order of evaluation.

        If only some keywords are ``asked`` for, the others are not looked at.
        """
        positional: list[Value] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self._expressions.value(argument, state)
                break
            positional.append(self._expressions.value(argument, state))
        keywords = _NO_KEYWORDS
        for keyword in node.keywords:
            if asked is not None and keyword.arg is not None and keyword.arg not in asked:
                value: Value = UNKNOWN
            else:
                value = self._expressions.value(keyword.value, state)
            if keyword.arg is None:
                keywords = _spread(keywords, value)
            else:
                fields = {**keywords.fields, keyword.arg: value}
                keywords = Record(fields, keywords.rest, mapping=True)
        return positional, keywords

    def _method_call(
        self, node: ast.Call, base: ast.expr, name: str, state: State, *, alone: bool
    ) -> Value:
        receiver = self._expressions.value(base, state)
        if name in {"remove", "discard", "pop"} and node.args:
            self.run.removed(base, node.args[0], state)
        match receiver:
            case Unknown() if name not in MUTATORS and name not in _HANDING_ON:
                return self._opaque(node, receiver, state, alone=alone)
            case Symbol(owner) if not state.has_paths:
                function = self._expressions.symbol(f"{owner}.{name}")
                return self._apply(node, function, state, alone=alone)
            case Instance() | ClassRef() | Symbol():
                function = self._expressions.attribute(node.func, state)  # type: ignore[arg-type]
                return self._apply(node, function, state, alone=alone)
            case _ if name == "set_result" and len(node.args) == 1:
                self._note_result(node, base, state)
                return NONE
            case Record(owner=ast.ClassDef()) | Known(Member() | Token()):
                function = self._expressions.attribute(node.func, state)  # type: ignore[arg-type]
                if isinstance(function, Function):
                    return self._own_method(node, base, receiver, function, state, alone=alone)
        match receiver:
            case Unknown() if name in MUTATORS and (key := dotted(base)) is not None:
                positional, keywords = self.arguments(node, state)
                given = [*positional, *keywords.fields.values(), keywords.rest]
                self.run.affect(base, node, polled=any(value.polled for value in given))
                self.run.change(base)
                state.assign(key, unknown(receiver, *given))
                self.run.spread(key, state, node)
                return self._opaque(node, receiver, state, alone=alone, evaluated=given)
            case Record():
                return self._record_method(node, base, receiver, name, state, alone=alone)
            case Known() | Many():
                return self._constant_method(node, base, receiver, name, state)
            case Function() if name in {"__call__", "delay", "apply", "submit"}:
                return self._apply(node, receiver, state, alone=alone)
        if name == "run_in_executor" and len(node.args) >= 2:
            return self._handed_on(node, 1, state)
        return self._opaque(node, receiver, state, alone=alone)

    def _own_method(
        self,
        node: ast.Call,
        base: ast.expr,
        receiver: Value,
        function: Function,
        state: State,
        *,
        alone: bool,
    ) -> Value:
        """Call a method of an object of this project, which may change the object."""
        path = function.receiver
        if path is None or path in state.names:
            return self._apply(node, function, state, alone=alone)
        state.names[path] = receiver
        result = self._apply(node, function, state, alone=alone)
        changed = state.names.pop(path, receiver)
        if changed != receiver:
            if isinstance(base, ast.Attribute):
                self.run.assign(base, changed, state)
            else:
                self._expressions.put_back(base, changed, state)
        return result

    def _note_result(self, node: ast.Call, base: ast.expr, state: State) -> None:
        """``attempt.retry_state.set_result(x)``: what the retry helper decides by."""
        value = self._expressions.value(node.args[0], state)
        root = (dotted(base) or "").partition(".")[0]
        for attempts in self.run.attempts:
            if attempts.name == root:
                way_out = Exit("return", node, state.copy(), value=value)
                again = self.run.contexts.retried(attempts.retry, way_out)
                failed = unknown(value) if again is None else Known(again, value.polled)
                state.names[attempts.mark] = failed

    def _constant_method(
        self, node: ast.Call, base: ast.expr, receiver: Known | Many, name: str, state: State
    ) -> Value:
        positional, keywords = self.arguments(node, state)
        if any(map(_does_something, keywords.fields.values())):
            given = [*positional, *keywords.fields.values()]  # items.sort(key=function)
            return self._opaque(node, receiver, state, alone=False, evaluated=given)
        result = method(receiver, name, positional)
        if result is not None:
            if not (isinstance(result, Known) and isinstance(result.value, Answered)):
                self.run.notes.look_closely(receiver, *positional)
            return result
        collection = as_many(receiver)
        if collection is None:
            return unknown(receiver, *positional)
        if name in MUTATORS:
            key = dotted(base)
            changed = _changed(collection, name, positional)
            self.run.affect(base, node, polled=any(value.polled for value in positional))
            loose = key is not None and self.run.is_loose(key, changed, base)
            self._expressions.put_back(base, unknown(changed) if loose else changed, state)
        if self.run.misses and name in _SEARCHES and (collection.some is not True or positional):
            guess = any(value.polled for value in (receiver, *positional))
            self.run.may_raise(node, state, None, implicit=True, guess=guess)
        if name in {"pop", "popleft", "popitem"}:
            return item_of(collection)
        return collection if name == "copy" else unknown(receiver, *positional)

    def _record_method(
        self,
        node: ast.Call,
        base: ast.expr,
        receiver: Record,
        name: str,
        state: State,
        *,
        alone: bool,
    ) -> Value:
        positional, keywords = self.arguments(node, state)
        self.run.notes.look_closely(*positional)
        if name in BY_KEY or (name in _OF_ALL and receiver.mapping):
            asked = text_of(positional[0]) if positional and name in BY_KEY else None
            self.run.read(receiver, asked, node, state)
        if f"{name}()" in receiver.fields:  # what a method of an outside object gives
            return receiver.fields[f"{name}()"]
        put_back = self._expressions.put_back
        match name, positional:
            case "get" | "pop", [Known(str() as wanted, answered), *default]:
                found = part(receiver, wanted)
                hidden = receiver.polled and wanted not in receiver.fields
                if name == "pop":
                    put_back(base, with_part(receiver, wanted, MISSING), state)
                if isinstance(found, Missing):
                    found, hidden = default[0] if default else NONE, False
                return as_polled(found) if hidden or answered else found
            case "setdefault", [Known(str() as wanted), default]:
                found = part(receiver, wanted)
                if isinstance(found, Missing):
                    found = default
                elif wanted not in receiver.fields:
                    found = unknown(found, default)
                put_back(base, with_part(receiver, wanted, found), state)
                return found
            case "items" | "keys" | "values", [] if receiver.mapping:
                return _view(receiver, name)
            case "pop" | "popitem" | "clear", _ if receiver.mapping:
                put_back(base, Record({}, unknown(receiver.rest), receiver.polled, True), state)
                return unknown(receiver.rest)
            case "update", arguments if receiver.mapping:
                result: Value = receiver
                for argument in arguments:
                    result = merged(result, argument)
                put_back(base, merged(result, keywords), state)
                return NONE
            case "__setitem__", [index, entry]:
                self._expressions.set_entry(base, index, entry, state)
                return NONE
            case _ if name in _VIEWS:
                return receiver
            case _ if name in MUTATORS:
                put_back(base, opened(receiver), state)
        return self._opaque(node, receiver, state, alone=alone, evaluated=positional)

    def _apply(self, node: ast.Call, function: Value, state: State, *, alone: bool) -> Value:
        match function:
            case Function():
                positional, keywords = self.arguments(node, state)
                spread = [arg.value for arg in node.args if isinstance(arg, ast.Starred)]
                if spread:
                    hidden = [self._expressions.value(part, state.copy()) for part in spread]
                    keywords = Record(keywords.fields, unknown(*hidden), mapping=True)
                paths = _paths(node, function)
                result = self.run.frames.call(function, positional, keywords, state, paths)
                if result is not None:
                    return result
                return self._opaque(node, function, state, alone=alone, evaluated=positional)
            case ClassRef(owner):
                positional, keywords = self.arguments(node, state)
                return self._expressions.objects.made(owner, node, positional, keywords, state)
            case Record(owner=ast.ClassDef() as owner) | Instance(owner) if self.run.names.method(
                owner, "__call__"
            ):
                return self.special(node.func, "__call__", state, node.args, node.keywords)
            case Partial(made) if made in self.run.names.parent:
                return self._partial(made, node, state)
            case Symbol(name):
                return self._library(node, name, state, alone=alone)
        if isinstance(node.func, ast.Name):
            if node.func.id in _WALKS and len(node.args) == 2 and isinstance(function, Unknown):
                return self._expressions.value(self._written_out(node), state)
            if node.func.id in callees.EXITS and isinstance(function, Unknown):
                return self._exit(node, state)
            if node.func.id in _BUILTINS and isinstance(function, Unknown):
                return self._builtin(node, node.func.id, state)
            if node.func.id == "run_in_executor" and len(node.args) >= 2:
                return self._handed_on(node, 1, state)
        return self._opaque(node, function, state, alone=alone)

    def special(
        self,
        base: ast.expr,
        name: str,
        state: State,
        arguments: Sequence[ast.expr] = (),
        keywords: Sequence[ast.keyword] = (),
    ) -> Value:
        """Call a method of ``base`` that Python calls without its name being written."""
        written = self._specials.get((base, name))
        if written is None:
            function = ast.copy_location(ast.Attribute(base, name, ast.Load()), base)
            written = ast.Call(function, list(arguments), list(keywords))
            self._specials[base, name] = ast.copy_location(written, base)
        return self._method_call(written, base, name, state, alone=False)

    def iterated(self, node: ast.expr, state: State, method: str) -> Value:
        """What a ``for`` goes through: an object of this project is asked by ``method``."""
        value = self._expressions.value(node, state)
        match value:
            case Record(owner=ast.ClassDef() as owner) | Instance(owner) if self.run.names.method(
                owner, method
            ):
                return self.special(node, method, state)
        return value

    def _written_out(self, node: ast.Call) -> ast.GeneratorExp:
        """The comprehension that ``map(function, items)`` or ``filter(...)`` stands for."""
        known = self._walks.get(node)
        if known is None:
            function, items = node.args
            item = ast.Name("<item>", ast.Load())
            asked: ast.expr = ast.Call(function, [item], [])
            if isinstance(function, ast.Constant):
                asked = item  # filter(None, items)
            is_map = isinstance(node.func, ast.Name) and node.func.id == "map"
            target = ast.Name("<item>", ast.Store())
            generator = ast.comprehension(target, items, [] if is_map else [asked], 0)
            known = ast.GeneratorExp(asked if is_map else item, [generator])
            self._walks[node] = known
            for piece in ast.walk(known):
                if isinstance(piece, ast.expr) and not hasattr(piece, "lineno"):
                    ast.copy_location(piece, node)
            self.run.names.adopt(known, node)
        return known

    def _partial(self, made: ast.Call, node: ast.Call, state: State) -> Value:
        """Call what ``functools.partial`` was given, with the arguments of both."""
        target, *positional = made.args
        joint = ast.Call(target, [*positional, *node.args], [*made.keywords, *node.keywords])
        return self._expressions.value(ast.copy_location(joint, node), state)

    def _exit(self, node: ast.Call, state: State) -> Value:
        self.arguments(node, state)
        self.run.raised.append(_raise(node, state, "SystemExit"))
        raise Diverges

    def _library(self, node: ast.Call, name: str, state: State, *, alone: bool) -> Value:
        if name in callees.EXITS:
            return self._exit(node, state)
        if name in callees.NEVER_RETURN:
            self.run.raised.append(_raise(node, state, "AssertionError"))
            raise Diverges
        if name in callees.SLEEPS:
            return self._sleep(node, state)
        position = callees.APPLY.get(name)
        if position is not None and len(node.args) > position:
            return self._handed_on(node, position, state)
        if name in _SERIALIZERS:
            positional, _ = self.arguments(node, state)
            return _in_another_form(positional[0]) if positional else UNKNOWN
        if name in callees.GATHERS:
            return self._gather(node, state)
        if name == "collections.deque":
            return self._builtin(node, "list", state)
        if name in callees.PASS_THROUGH and (node.args or node.keywords):
            if name in callees.TIMEOUT_CALLS:
                self.run.may_raise(node, state, "TimeoutError", implicit=True)
            if name == "typing.cast" and len(node.args) > 1:  # whatever the type is
                return self._expressions.value(node.args[-1], state)
            positional, _ = self.arguments(node, state)
            return positional[0] if positional else UNKNOWN
        return self._opaque(node, Symbol(name), state, alone=alone)

    def _sleep(self, node: ast.Call, state: State) -> Value:
        positional, keywords = self.arguments(node, state)
        named = [keywords.fields.get(name) for name in ("delay", "seconds", "secs")]
        seconds = next((value for value in (*positional, *named) if value is not None), UNKNOWN)
        if seconds != Known(0) and node not in self.run.world.instant:  # 0 only lets others run
            state.waited = True
        known = self.run.notes.sleeps.get(node)
        self.run.notes.sleeps[node] = seconds if known is None else join(known, seconds)
        return NONE

    def _gather(self, node: ast.Call, state: State) -> Value:
        """``asyncio.gather(*calls)``: what each of them gives."""
        match node.args:
            case [ast.Starred(value=calls)]:
                found = as_many(self._expressions.value(calls, state))
                return UNKNOWN if found is None else found
        positional, _ = self.arguments(node, state)
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            return unknown(*positional)
        fields = {str(position): value for position, value in enumerate(positional)}
        return Record(fields, MISSING, any(value.polled for value in positional))

    def _handed_on(self, node: ast.Call, position: int, state: State) -> Value:
        """A call that calls another: ``asyncio.to_thread(function, *arguments)``."""
        target = node.args[position]
        partial = self._expressions.callee_name(node) == "functools.partial"
        call = ast.copy_location(ast.Call(target, node.args[position + 1 :], node.keywords), target)
        reply = self.run.reply(target, node.keywords)
        if reply is not None:
            _, keywords = self.arguments(call, state, asked=self.run.world.asked)
            self.run.world.observe(node, keywords)
            return Partial(node) if partial else self._replied(node, reply, state)
        function = self._expressions.value(target, state)
        if partial:
            self.arguments(call, state)
            return Partial(node)
        if isinstance(function, Symbol) and function.name in callees.SLEEPS:
            state.waited = True
        if isinstance(function, Function):
            positional, keywords = self.arguments(call, state)
            result = self.run.frames.call(function, positional, keywords, state)
            if result is not None:
                return result
        return self._opaque(node, function, state, alone=False)

    def _builtin(self, node: ast.Call, name: str, state: State) -> Value:
        match node.args:
            case [first, ast.Name() | ast.Attribute() | ast.Tuple() as kind] if (
                name == "isinstance"
            ):
                return self._is_instance(first, kind, state)
        positional, keywords = self.arguments(node, state)
        if name not in _LEAVING_STREAMS:
            positional = [self.gone_through(value, state) for value in positional]
        if name not in {"str", "isinstance", "getattr", "bool"}:
            self.run.notes.look_closely(*positional, *keywords.fields.values())
        if any(map(_does_something, keywords.fields.values())):
            given = [*positional, *keywords.fields.values()]  # sorted(items, key=function)
            return self._opaque(node, UNKNOWN, state, alone=False, evaluated=given)
        match name, positional:
            case "str", [Known(str() as text)] if not isinstance(text, Member) or text.printed:
                return positional[0]
            case "bool", [value]:
                return decided(truth(value), value)
            case "getattr", [base, Known(str() as attribute), *default]:
                return self._getattr(node, base, attribute, default, state)
            case "setattr", [_, Known(str() as attribute), value]:
                self._expressions.set_attribute(node.args[0], attribute, value, state)
                return NONE
            case "setattr", _:
                return self._opaque(node, UNKNOWN, state, alone=False, evaluated=positional)
            case "any" | "all", [value]:
                if self.run.world.takes_jobs_for_granted and value.polled:
                    value = narrowed(value, some=True)
                return _any_or_all(name, value)
            case "next", [Stream() | Many() as source, *default]:
                if self.run.misses and not default:
                    self.run.may_raise(node, state, "StopIteration", implicit=True)
                if not isinstance(source, Stream):
                    return unknown(source, *default) if default else item_of(source)
                item = self._next(source, state)
                return join(item, default[0]) if default and source.ends else item
            case "next" | "iter", [source, *_] if not isinstance(source, Stream | Many):
                return self._opaque(node, UNKNOWN, state, alone=False, evaluated=positional)
            case "iter" | "aiter", [Stream() | Many()]:
                return positional[0]
            case "range", _:
                return Many(UNKNOWN, _counts_something(positional), fixed=True)
            case "enumerate" | "zip" | "reversed", _:
                return _walked(name, positional)
            case "list" | "tuple" | "set" | "frozenset" | "sorted", [Many() | Record() as value]:
                return _copied(name, value)
            case "list" | "tuple" | "set" | "frozenset" | "sorted", [Unknown(polled)]:
                return Many(Unknown(polled), None, polled, name in {"tuple", "frozenset"})
            case "list" | "tuple", []:
                return Known(Listed() if name == "list" else ())
            case "frozenset" | "set", [Known(tuple() | frozenset() as items, polled)]:
                return Known(Gathered(items) if name == "set" else frozenset(items), polled)
            case "tuple" | "list" | "sorted", [Known(tuple() | frozenset() as items, polled)]:
                kept = items if name != "sorted" else frozenset(items)
                return Known(kept, polled)
            case "frozenset" | "set", []:
                return Known(Gathered() if name == "set" else frozenset())
            case "dict", _:
                result: Value = Record({}, MISSING, mapping=True)
                for argument in positional:
                    result = merged(result, argument)
                return merged(result, keywords)
        return unknown(*positional, *keywords.fields.values())

    def _is_instance(self, node: ast.expr, kind: ast.expr, state: State) -> Value:
        """``isinstance(value, Kind)``; most classes need not be looked up for it."""
        value = self._expressions.value(node, state)
        if isinstance(value, Record) and not value.mapping:
            match self._expressions.value(kind, state):
                case Symbol(cls) if self.run.world.answers_a(callees.last_name(cls)):
                    return TRUE
        return _is_builtin_type(kind, value)

    def gone_through(self, value: Value, state: State) -> Value:
        """The items of a generator, which is asked for all of them."""
        if not isinstance(value, Stream):
            return value
        self.run.ask(value, state)
        return Many(value.item, None, value.polled, fixed=True)

    def _next(self, stream: Stream, state: State) -> Value:
        """``next(generator)``."""
        self.run.ask(stream, state)
        return stream.item

    def _getattr(
        self, node: ast.Call, base: Value, attribute: str, default: list[Value], state: State
    ) -> Value:
        match base:
            case Instance() | ClassRef() | Record(owner=ast.ClassDef()):
                chain = ast.Attribute(node.args[0], attribute, ast.Load())
                return self._expressions.attribute(ast.copy_location(chain, node), state)
        self.run.read(base, attribute, node, state)
        found = part(base, attribute)
        if isinstance(found, Missing):
            return default[0] if default else UNKNOWN
        return found

    # Code that cannot be read

    def _opaque(
        self,
        node: ast.Call,
        function: Value,
        state: State,
        *,
        alone: bool,
        evaluated: list[Value] | None = None,
    ) -> Value:
        if evaluated is None:
            positional, keywords = self.arguments(node, state)
            evaluated = [*positional, *keywords.fields.values()]
        written = self._written.get(node)
        if written is None:
            written = self._written[node] = _written(node)
        if isinstance(function, Unknown):
            self.run.change_by(node)
        receiver, manner = written.receiver, written.manner
        if isinstance(function, Symbol):
            manner = callees.manner(function.name, receiver, imported=True)
        fed = function.polled or self.receiver_polled(receiver, state)
        if self.run.world.objects_change and not manner.quick and self._may_have_jobs():
            fed = True  # it may be what somebody else has polled
        for value in evaluated:
            fed = fed or value.polled
            raised = self._probed(node, value, state) if isinstance(value, Function) else None
            if raised is not None:
                fed = True
                state.polled = either(state.polled, None)
            if raised and not alone:
                self.run.raised += [
                    replace(way_out, state=state.copy(), guess=True) for way_out in raised
                ]
        source = POLLED if fed else UNKNOWN
        if isinstance(function, Function):
            self.forget_what_is_set(function, state, source)
        else:
            self._forget_attributes(written.name, state, source)
        if manner.leaves:
            self.run.raised.append(_raise(node, state, "SystemExit"))
            return POLLED if fed else UNKNOWN
        if not manner.quick and state.waited is False:
            state.waited = None
        if manner.changes:
            self._forget_objects(node, state)
        if manner.harmless:
            return POLLED if fed else UNKNOWN
        self._hand_out(node, written, state)
        if self.run.world.objects_change:
            self._forget_objects(node, state)
        guess = fed and (alone or manner.decides)
        if alone and (manner.bounds or manner.watches) and not guess:
            self.run.raised.append(_raise(node, state, None))
        else:
            self.run.may_raise(node, state, None, implicit=True, guess=guess)
        return POLLED if fed else UNKNOWN

    def _probed(self, node: ast.Call, function: Function, state: State) -> list[Exit] | None:
        """What a function raises that somebody else may call from now on, and what it may set."""
        if state.polled is not False:
            for name in self.run.names.set_around.get(function.node, ()):
                self.run.set_by_answers.setdefault(name, node)
        return self.run.frames.probe(function, state)

    def forget_what_is_set(self, function: Function, state: State, source: Value) -> None:
        """What a function sets that is not followed: names around it, and attributes."""
        code = function.node
        for name in self.run.names.set_around.get(code, ()):
            if name in state.names:
                state.assign(name, unknown(state.names[name], source))
        if not isinstance(code, ast.Lambda):
            self._forget_attributes(code.name, state, source)

    def _forget_attributes(self, called: str, state: State, source: Value) -> None:
        """What functions that are called so set in any object."""
        attributes = self.run.aliases.set_by(called)
        for key, value in state.names.items() if attributes else ():
            if key.rpartition(".")[2] in attributes and "." in key:
                state.names[key] = unknown(value, source)
            elif isinstance(value, Record) and value.mutable and value.fields.keys() & attributes:
                fields = {
                    name: unknown(held, source) if name in attributes else held
                    for name, held in value.fields.items()
                }
                state.names[key] = replace(value, fields=fields)

    def _may_have_jobs(self) -> bool:
        there = not self.run.world.jobs_are_made_here
        return there or self.run.polls > 0 or bool(self.run.acts)

    def receiver_polled(self, receiver: str | None, state: State) -> bool:
        if not receiver or not state.has_paths:
            return False
        return any(state.names[key].polled for key in state.below(receiver))

    def _forget_objects(self, node: ast.Call, state: State) -> None:
        """The objects that are handed over, or whose method it is, may have been renewed."""
        given = handed_to(node)
        if isinstance(node.func, ast.Attribute):
            given.append(node.func.value)
        for argument in given:
            key = dotted(argument)
            value = state.names.get(key) if key is not None else None
            match value:
                case Record(mapping=False, owner=None) if key is not None:
                    state.assign(key, POLLED)
                case Record(mutable=True) if key is not None:
                    state.assign(key, opened(value))

    def _hand_out(self, node: ast.Call, written: _Written, state: State) -> None:
        """Code that cannot be read may fill the dicts and change the objects it is given."""
        for key in written.handed:
            if key in state.names:
                state.names[key] = opened(state.names[key])
        if state.has_paths and isinstance(node.func, ast.Attribute):
            receiver = dotted(node.func.value)
            if receiver is not None:
                for key in state.below(receiver):
                    state.names[key] = unknown(state.names[key])


def _does_something(value: Value) -> bool:
    """Whether a value is a function that may change something when it is called."""
    return isinstance(value, Function) and not only_looks(value.node)


def _written(node: ast.Call) -> _Written:
    receiver = _receiver(node)
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            pass
        case _:
            name = ""
    manner = callees.manner(name, receiver, imported=False)
    paths = (dotted(argument) for argument in handed_to(node))
    return _Written(name, receiver, manner, tuple(path for path in paths if path is not None))


def _receiver(node: ast.Call) -> str | None:
    """The object whose method is called; empty for one that has no name."""
    match node.func:
        case ast.Attribute(value=ast.Name(id=name)):
            return name
        case ast.Attribute(value=base):
            return dotted(base) or ""
        case _:
            return None


def _paths(node: ast.Call, function: Function) -> dict[str, str]:
    """By which name or path the caller knows what it gives for each parameter."""
    ordered = ordered_parameters(function.node)
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
    for name, argument in zip(ordered[function.receiver is not None :], node.args, strict=False):
        if isinstance(argument, ast.Starred):
            break
        given[name] = argument
    return {name: path for name, value in given.items() if (path := dotted(value)) is not None}


def _changed(collection: Many, name: str, arguments: list[Value]) -> Value:
    """A list or set after one of its methods has changed it."""
    polled = collection.polled or any(argument.polled for argument in arguments)
    match name, arguments:
        case "append" | "add" | "appendleft", [item]:
            known = collection.item
            joined = item if isinstance(known, Missing) else join(known, item)
            return Many(joined, True, polled)
        case "insert", [_, item]:
            return _changed(collection, "append", [item])
        case "extend" | "update", [further]:
            return binary(ast.BitOr(), replace(collection, polled=polled), further)
        case "clear", []:
            return Many(MISSING, False, polled)
        case "sort" | "reverse", _:
            return collection
        case "remove" | "discard" | "pop" | "popleft" | "difference_update", _:
            some = False if collection.some is False else None
            return Many(collection.item, some, polled)
        case _:
            return Many(unknown(collection.item, *arguments), None, polled)


def _view(mapping: Record, name: str) -> Value:
    """``items()``, ``keys()`` or ``values()`` of a dict."""
    entries = [entry for entry in mapping.fields.values() if not isinstance(entry, Missing)]
    entries += [] if isinstance(mapping.rest, Missing) else [mapping.rest]
    entry = item_of(many(entries))
    some = truth(mapping)
    match name:
        case "items":
            pair = Record({"0": UNKNOWN, "1": entry}, MISSING, entry.polled)
            return Many(pair, some, mapping.polled, fixed=True)
        case "values":
            return Many(entry, some, mapping.polled, fixed=True)
        case "keys" if _is_closed(mapping):
            return Known(tuple(mapping.fields), mapping.polled)
        case _:
            return Many(UNKNOWN, some, mapping.polled, fixed=True)


def _in_another_form(value: Value) -> Value:
    """A mapping that has been serialized or read again; of an outside object, its body."""
    if isinstance(value, Record):
        return value.fields.get("json()", value)
    return unknown(value)


def _is_closed(mapping: Record) -> bool:
    """Whether all keys of a dict are known."""
    loose = (isinstance(value, Missing | Unknown) for value in mapping.fields.values())
    return isinstance(mapping.rest, Missing) and not any(loose)


def _copied(name: str, value: Value) -> Value:
    """``list(value)`` and the like."""
    if isinstance(value, Record) and value.mapping:
        value = _view(value, "keys")
    found = as_many(value)
    if found is None:
        return unknown(value)
    return replace(found, fixed=name in {"tuple", "frozenset"})


def _walked(name: str, sources: list[Value]) -> Value:
    """What ``enumerate``, ``zip`` or ``reversed`` goes through."""
    found = [as_many(source) or Many(unknown(source)) for source in sources]
    if not found:
        return UNKNOWN
    some = False if any(source.some is False for source in found) else found[0].some
    for source in found[1:]:
        some = some if some is source.some else (False if some is False else None)
    polled = any(source.polled for source in found)
    items = [item_of(source) for source in found]
    match name:
        case "reversed":
            return Many(items[0], some, polled, fixed=True)
        case "enumerate":
            items, some = [UNKNOWN, items[0]], found[0].some
    fields = {str(position): item for position, item in enumerate(items)}
    pair = Record(fields, MISSING, any(item.polled for item in items))
    return Many(pair, some, polled, fixed=True)


def _counts_something(arguments: list[Value]) -> bool | None:
    """Whether ``range(...)`` has an item."""
    match arguments:
        case [Known(int() as count)]:
            return count > 0
        case [Known(int() as first), Known(int() as last)]:
            return first < last
        case _:
            return None


def _any_or_all(name: str, value: Value) -> Value:
    found = as_many(value)
    if found is None:
        return unknown(value)
    polled = found.polled or found.item.polled
    if isinstance(value, Known):  # each item is known
        return Known(any(value.value) if name == "any" else all(value.value), polled)
    if found.some is False:
        return Known(name == "all", polled)
    answer = truth(found.item)
    if answer is (name == "all"):  # all of true ones, any of false ones
        return Known(answer, polled)
    if answer is not None and found.some is True:
        return Known(answer, polled)
    return Unknown(polled)


def _is_builtin_type(kind: ast.expr, value: Value) -> Value:
    """``isinstance(value, str)`` and ``isinstance(value, dict)``."""
    match kind, value:
        case ast.Name(id="str"), Known(constant, polled):
            return Known(isinstance(constant, str), polled)
        case ast.Name(id="str"), Record():
            return Known(False, value.polled)
        case ast.Name(id="dict"), Record(owner=None):
            return Known(value.mapping, value.polled) if value.mapping else unknown(value)
        case _:
            return unknown(value) if not isinstance(value, Record | Instance) else UNKNOWN


def _raise(node: ast.AST, state: State, name: str | None) -> Exit:
    return Exit("raise", node, state.copy(), raised=name)


def _spread(keywords: Record, value: Value) -> Record:
    """The keywords after ``**value``: what is written out stays, a name cannot come twice."""
    if not isinstance(value, Record):
        return Record(keywords.fields, unknown(keywords.rest, value), mapping=True)
    fields = {**value.fields, **keywords.fields}
    rest = value.rest if isinstance(keywords.rest, Missing) else keywords.rest
    return Record(fields, rest, mapping=True)
