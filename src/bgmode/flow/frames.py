"""Runs calls of functions whose code can be read: what goes in, and what comes back."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bgmode.flow import callees
from bgmode.flow.exits import Diverges, Exit, Flow, State
from bgmode.flow.names import FUNCTIONS, Code, ScopeNode, defaults, dotted, parameters, undecorated
from bgmode.flow.rounds import comes_back
from bgmode.flow.values import (
    MISSING,
    NONE,
    UNKNOWN,
    Function,
    Instance,
    Known,
    Missing,
    Record,
    Stream,
    Unknown,
    Value,
    decided,
    join,
    many,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from bgmode.flow.run import Run

_DEEPEST_CALL = 3  # calls within calls that are followed
_NO_PATHS: Mapping[str, str] = {}


class Frames:
    """The calls of one run that go into code of this project."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._states: dict[ScopeNode, State] = {}  # of functions that wait for a call

    def call(
        self,
        function: Function,
        positional: list[Value],
        keywords: Record,
        state: State,
        paths: Mapping[str, str] = _NO_PATHS,
    ) -> Value | None:
        """Run a function of this project; None where it must be taken for one nobody can read.

        ``paths`` are those by which the caller knows what it gives for some parameters.
        """
        if function.node in self.run.names.parent:
            return self._call(function, positional, keywords, state, paths)
        with self.run.at_home(function.node) as is_known:
            return self._call(function, positional, keywords, state, paths) if is_known else None

    def _call(
        self,
        function: Function,
        positional: list[Value],
        keywords: Record,
        state: State,
        paths: Mapping[str, str],
    ) -> Value | None:
        code = function.node
        rounds = self.run.rounds
        if rounds is not None and code is rounds.node and code in self.run.stack:
            inner = self._enter(function, positional, keywords, state)
            rounds.begins_another(state)
            self.run.raised.append(Exit("again", code, inner))
            raise Diverges
        if len(self.run.stack) > _DEEPEST_CALL or code in self.run.stack or not self.plain(code):
            return None
        if self.run.names.yields(code):
            return self._stream(function, positional, keywords, state)
        if self.run.world.is_far(code, told=_is_told(function, positional, keywords)):
            return None
        self.run.pending.pop(code, None)
        self.run.notes.entered.add(code)
        if self.run.stack:
            self._states[self.run.stack[-1]] = state
        inner = self._enter(function, positional, keywords, state)
        if isinstance(code, FUNCTIONS) and comes_back(self.run.names, code):
            _forget_depth(code, inner)
        return self._leave(function, self._body(code, inner), state, paths)

    def _body(self, code: Code, inner: State) -> Flow:
        """Run the body of a function; what its expressions raise is among the ways out."""
        self.run.spend(1)
        self.run.stack.append(code)
        outer, self.run.raised = self.run.raised, []
        try:
            if isinstance(code, ast.Lambda):
                result = self.run.value(code.body, inner)
                flow = Flow(None, [Exit("return", code, inner, value=result)])
            else:
                flow = self.run.block(code.body, inner)
        except Diverges:
            flow = Flow(None)
        finally:
            self.run.stack.pop()
            leftover, self.run.raised = self.run.raised, outer
        return Flow(flow.falls, flow.exits + leftover)

    def _stream(
        self, function: Function, positional: list[Value], keywords: Record, state: State
    ) -> Value:
        """What a call of a generator function gives: somebody who goes through it runs its body."""
        inner = self._enter(function, positional, keywords, state)
        inner.polled = inner.waited = False
        given, self.run.given = self.run.given, []
        polls, stuck = self.run.polls, self.run.stuck
        try:
            flow = self._body(function.node, inner)
        finally:
            items, self.run.given = self.run.given, given
        returns = any(way_out.kind == "return" for way_out in flow.exits)
        falls = flow.falls is not None and self.run.stuck == stuck
        asks = self.run.polls > polls
        item = many(items).item
        return Stream(
            item=UNKNOWN if isinstance(item, Missing) else item,
            ends=returns or falls,
            polls=asks,
            raises=tuple(way_out for way_out in flow.exits if way_out.kind == "raise"),
            polled=asks,
            function=function,
        )

    def applied(self, predicate: ast.expr, value: Value, state: State) -> Value:
        """What a predicate gives for ``value``."""
        match self.run.value(predicate, state):
            case Function() as function:
                keywords = Record({}, MISSING, mapping=True)
                result = self.call(function, [value], keywords, state)
                return unknown(value) if result is None else result
            case _ if isinstance(predicate, ast.Name) and predicate.id == "bool":
                return decided(truth(value), value)
            case _:
                return unknown(value)

    def probe(self, function: Function, state: State) -> list[Exit] | None:
        """Run a function that somebody else may call; what it raises, None where it never polls."""
        polls = self.run.polls
        arguments = Record({}, UNKNOWN, mapping=True)
        outer, self.run.raised = self.run.raised, []
        try:
            self.call(function, [], arguments, state.copy())
        except Diverges:
            pass
        finally:
            raised, self.run.raised = self.run.raised, outer
        return raised if self.run.polls > polls else None

    def plain(self, code: Code) -> bool:
        """Whether calling ``code`` runs its body and nothing else."""
        if code not in self.run.names.plain:
            self.run.names.plain[code] = self._is_plain(code)
        return self.run.names.plain[code]

    def _is_plain(self, code: Code) -> bool:
        if isinstance(code, ast.Lambda):
            return True
        for decorator in code.decorator_list:
            target = undecorated(decorator)
            name = dotted(target) or ""
            if not callees.keeps_meaning(name) and not name.endswith(("property", "wraps")):
                return False
        return True

    def _enter(
        self, function: Function, positional: list[Value], keywords: Record, state: State
    ) -> State:
        code = function.node
        around = self._around(code)
        names = dict(around.names) if around is not None else {}
        inner = State(names, state.polled, state.waited, guess=state.guess)
        arguments = parameters(code)
        ordered = [*code.args.posonlyargs, *code.args.args]
        given = list(positional)
        if function.receiver is not None and ordered:
            own = ordered[0].arg
            for key, held in state.names.items():
                if key.startswith(function.receiver + "."):
                    inner.names[own + key[len(function.receiver) :]] = held
            inner.names[own] = function.bound or self.run.parameter(code, own)
            if isinstance(inner.names[own], Unknown | Instance) and function.owner:
                inner.names[own] = Instance(function.owner)
            ordered = ordered[1:]
        for arg in arguments:
            if function.receiver is not None and arg.arg in inner.names and arg not in ordered:
                continue
            value: Value | None = keywords.fields.get(arg.arg)
            if arg is code.args.kwarg:
                value = _left_over(keywords, arguments)
            if value is None:
                hidden = not isinstance(keywords.rest, Missing)
                value = unknown(keywords.rest) if hidden else self._default(code, arg.arg)
            inner.assign(arg.arg, value)
        for arg, value in zip(ordered, given, strict=False):
            inner.assign(arg.arg, value)
        return inner

    def _around(self, code: Code) -> State | None:
        """The state of the function that ``code`` is defined in, if that is being run."""
        outer = self.run.names.scope_node(code)
        return self._states.get(outer) if outer in self.run.stack else None

    def _default(self, code: Code, name: str) -> Value:
        default = defaults(code).get(name)
        if default is None or (code, name) in self.run.names.changed_here:
            return UNKNOWN
        return self.run.expressions.static(default)

    def _leave(
        self, function: Function, flow: Flow, state: State, paths: Mapping[str, str]
    ) -> Value:
        for way_out in flow.exits:
            if way_out.kind == "again":
                self.run.raised.append(way_out)
            if way_out.kind == "raise":
                kept = state.copy()
                self._write_back(function, way_out.state, kept, caller=state)
                self.run.raised.append(replace(way_out, state=kept))
        returns = [way_out for way_out in flow.exits if way_out.kind == "return"]
        ends = [way_out.state for way_out in returns]
        results = [way_out.value or NONE for way_out in returns]
        if flow.falls is not None:
            ends.append(flow.falls)
            results.append(NONE)
        blame = any(way_out.guess for way_out in returns)
        end = self.run.join(ends, blame=blame)
        if end is None:
            raise Diverges
        self._write_back(function, end, state, caller=state)
        if not self.run.world.careful:
            self._fill(function.node, end, state, paths)
        result = results[0]
        for further in results[1:]:
            result = join(result, further, blame=blame)
        return result

    def _fill(self, code: Code, end: State, state: State, paths: Mapping[str, str]) -> None:
        """What a call has put into the dicts that it was given."""
        scope = self.run.names.scopes[code]
        for name, path in paths.items():
            held, filled = state.names.get(path), end.names.get(name)
            is_same = scope.only(name) is not None  # the name was given nothing else
            match held, filled:
                case Record(mapping=True), Record(mapping=True) if is_same and held != filled:
                    state.assign(path, filled)

    def _write_back_objects(self, code: Code, end: State, around: State) -> None:
        """What a closure has done to the objects of the function around it."""
        own = self.run.names.scopes[code].bindings
        for name, value in end.names.items():
            changed = (
                isinstance(value, Record) and value.mutable and around.names.get(name) != value
            )
            if changed and name in around.names and name not in own:
                around.names[name] = join(around.names[name], value)

    def _write_back(self, function: Function, end: State, state: State, *, caller: State) -> None:
        """What a call that ends in ``end`` has done to the caller, in ``state``."""
        state.polled, state.waited, state.guess = end.polled, end.waited, end.guess
        code = function.node
        first = next(iter(parameters(code)), None)
        if function.receiver is not None and first is not None:
            changed = end.names.get(first.arg)
            bound = function.bound is not None and function.receiver in state.names
            if bound and isinstance(changed, Record):
                state.names[function.receiver] = changed
            for key, value in end.names.items():
                if key.startswith(first.arg + "."):
                    state.keep(function.receiver + key[len(first.arg) :], value)
        around = self._around(code)
        if around is not None:
            self._write_back_objects(code, end, around)
            for name in self._changed_around(code, end, around):
                if around is caller:
                    state.assign(name, end.names[name])
                else:  # a function further out, which goes on after this call and after others
                    both = join(around.names.get(name, MISSING), end.names[name])
                    around.assign(name, both)
                    self._tell_between(name, both, state)

    def _tell_between(self, name: str, value: Value, state: State) -> None:
        """The functions that are running further in see what a function further out holds."""
        running = self.run.stack[-1:]
        waiting = [(code, self._states[code]) for code in self.run.stack if code in self._states]
        for code, held in [*((code, state) for code in running), *waiting]:
            root = name.partition(".")[0]
            if name in held.names and root not in self.run.names.scopes[code].bindings:
                held.assign(name, value)

    def _changed_around(self, code: Code, end: State, around: State) -> list[str]:
        """The names and paths of the function around it that a closure has set."""
        scope = self.run.names.scopes[code]
        paths = [
            key
            for key, value in end.names.items()
            if "." in key
            and key.partition(".")[0] not in scope.bindings
            and around.names.get(key) != value
        ]
        names = self.run.names.set_around.get(code, ())
        return [*(name for name in names if name in end.names), *paths]


def _left_over(keywords: Record, declared: list[ast.arg]) -> Record:
    """What ``**options`` gets: the keywords that no parameter takes."""
    names = {arg.arg for arg in declared}
    fields = {name: value for name, value in keywords.fields.items() if name not in names}
    return Record(fields, keywords.rest, any(v.polled for v in fields.values()), mapping=True)


def _forget_depth(code: Code, inner: State) -> None:
    """What a function that calls itself is given says nothing of the calls further in."""
    for arg in parameters(code):
        value = inner.names.get(arg.arg)
        if isinstance(value, Known):
            inner.names[arg.arg] = unknown(value)


def _is_told(function: Function, positional: list[Value], keywords: Record) -> bool:
    """Whether a call is given something that a poll has answered."""
    given = [*positional, *keywords.fields.values()]
    bound = function.bound is not None and function.bound.polled
    return bound or any(value.polled for value in given)
