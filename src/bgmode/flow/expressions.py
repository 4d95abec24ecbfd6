"""Evaluates expressions, with values that may be unknown."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

from bgmode.flow import callees
from bgmode.flow.exits import Exit, State, join_states
from bgmode.flow.names import (
    ANY_ENTRY,
    FUNCTIONS,
    MUTATORS,
    Binding,
    Scope,
    dotted,
    unawaited,
)
from bgmode.flow.values import (
    MISSING,
    NONE,
    POLLED,
    TRUE,
    UNKNOWN,
    ClassRef,
    Function,
    Gathered,
    Instance,
    Known,
    Listed,
    Member,
    Missing,
    Partial,
    Record,
    Symbol,
    Unknown,
    Value,
    binary,
    collection,
    compare,
    join,
    merged,
    method,
    negate,
    opened,
    part,
    truth,
    unknown,
    with_part,
)
from bgmode.flow.world import Answer, Raises

if TYPE_CHECKING:
    from bgmode.flow.run import Run

_VIEWS = frozenset({"model_dump", "to_dict", "dict", "parse", "copy", "model_copy", "json"})
_BUILTINS = frozenset(
    ["str", "bool", "getattr", "isinstance", "frozenset", "set", "tuple", "list", "sorted", "dict"]
)


class Diverges(Exception):
    """The expression is never finished: something in it always raises."""


class Expressions:
    """The expressions of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.names = run.world.names
        self._static: dict[int, Value] = {}

    def value(self, node: ast.expr, state: State) -> Value:
        """The value of ``node``; what evaluating it does is done to ``state``."""
        match node:
            case ast.Constant(value=constant):
                return Known(constant) if constant is not ... else UNKNOWN
            case ast.Name():
                return self._name(node, state)
            case ast.Attribute():
                return self._attribute(node, state)
            case ast.Await(value=inner):
                return self.value(inner, state)
            case ast.Call():
                return self._call(node, state)
            case ast.Compare():
                return self._compare(node, state)
            case ast.BoolOp():
                return self._bool_op(node, state)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate(self.test(operand, state))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return Known(-number)
            case ast.UnaryOp(operand=operand):
                return unknown(self.value(operand, state))
            case ast.BinOp(left=left, op=operator, right=right):
                return self._binary(left, operator, right, state)
            case ast.IfExp():
                return self._conditional(node, state)
            case ast.NamedExpr(target=target, value=inner):
                value = self.value(inner, state)
                self.run.assign(target, value, state)
                return value
            case ast.Dict():
                return self._dict(node, state)
            case ast.Tuple(elts=elements):
                return self._tuple(elements, state)
            case ast.List(elts=elements):
                spread = any(isinstance(element, ast.Starred) for element in elements)
                return collection(Gathered if spread else Listed, self._flat(elements, state))
            case ast.Set(elts=elements):
                return collection(Gathered, self._flat(elements, state))
            case ast.Subscript():
                return self._subscript(node, state)
            case ast.JoinedStr(values=parts):
                return self._text(parts, state)
            case ast.FormattedValue(value=inner):
                return self.value(inner, state)
            case ast.Lambda():
                self.run._pending.setdefault(node, state.copy())
                return Function(node)
            case ast.DictComp():
                return self._dict_comprehension(node, state)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._comprehension(node, state)
            case ast.Yield() | ast.YieldFrom():
                if node.value is not None:
                    self.value(node.value, state)
                state.waited = None
                return UNKNOWN
            case ast.Starred(value=inner):
                return unknown(self.value(inner, state))
            case _:
                return UNKNOWN

    def alone(self, node: ast.expr, state: State) -> None:
        """Evaluate an expression statement: nobody uses its value."""
        inner = unawaited(node)
        if isinstance(inner, ast.Call):
            self._call(inner, state, alone=True)
        else:
            self.value(node, state)

    def static(self, node: ast.expr) -> Value:
        """The value of an expression that stands outside the code that is run."""
        known = self._static.get(id(node))
        if known is not None:
            return known
        self._static[id(node)] = UNKNOWN  # while it is looked at: a cycle is unknown
        raised, self.run.raised = self.run.raised, []
        try:
            value = self.value(node, State({}, False, False))
        except Diverges:
            value = UNKNOWN
        finally:
            self.run.raised = raised
        self._static[id(node)] = value
        return value

    # Names and attributes

    def _name(self, node: ast.Name, state: State) -> Value:
        found = state.names.get(node.id)
        if found is not None:
            return unknown(found) if isinstance(found, Missing) else found
        scope = self.names.defining_scope(node.id, node)
        if scope is None:
            return UNKNOWN
        return self._bound(scope, node.id)

    def _bound(self, scope: Scope, name: str) -> Value:
        binding = scope.only(name)
        if binding is None:
            return self._imported_twice(scope, name)
        value = self._binding(binding, name, scope)
        mapping = isinstance(value, Record) and value.mapping
        if mapping and self.run.world.careful and name in self.names.escaping_anywhere:
            return unknown(value)
        entries = self.names.mutated.get(name)
        return value if entries is None else _shared(value, entries)

    def _imported_twice(self, scope: Scope, name: str) -> Value:
        bindings = scope.bindings[name]
        if all(isinstance(binding.node, ast.Import | ast.ImportFrom) for binding in bindings):
            return self.symbol(self.names.imports[name])
        return UNKNOWN

    def symbol(self, name: str) -> Value:
        """What an imported dotted name holds; the symbol itself where nothing is known."""
        return self.run.world.imported(name) or Symbol(name)

    def _binding(self, binding: Binding, name: str, scope: Scope) -> Value:
        match binding.node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return Function(binding.node)
            case ast.ClassDef():
                return ClassRef(binding.node)
            case ast.Import() | ast.ImportFrom():
                return self.symbol(self.names.imports[name])
            case ast.arg():
                if not isinstance(scope.node, ast.Module | ast.ClassDef):
                    return self.run.parameter(scope.node, name)
        return UNKNOWN if binding.value is None else self.static(binding.value)

    def _attribute(self, node: ast.Attribute, state: State) -> Value:
        key = dotted(node)
        if key is not None and key in state.names:
            found = state.names[key]
            return unknown(found) if isinstance(found, Missing) else found
        base = self.value(node.value, state)
        match base:
            case Instance(owner) | ClassRef(owner):
                return self._member(base, owner, node, state)
            case Symbol(name):
                return self.symbol(f"{name}.{node.attr}")
            case _:
                found = part(base, node.attr)
                return unknown(base) if isinstance(found, Missing) else found

    def _member(
        self, base: Instance | ClassRef, owner: ast.ClassDef, node: ast.Attribute, state: State
    ) -> Value:
        found = self.names.method(owner, node.attr)
        if found is not None:
            function = Function(found, dotted(node.value) or "<object>", owner)
            if any(dotted(d) in {"property", "cached_property"} for d in found.decorator_list):
                value = self.run.call(function, [], Record({}, MISSING, mapping=True), state)
                return UNKNOWN if value is None else value
            if any(dotted(d) == "staticmethod" for d in found.decorator_list):
                return Function(found)
            return function
        constant = self._class_constant(base, owner, node.attr)
        switch = isinstance(constant, Known) and isinstance(constant.value, bool | None)
        if constant is not None and not (switch and self.run.loops):
            return constant  # a switch may be turned by somebody else while a loop runs
        polled = self._receiver_polled(dotted(node.value), state)
        return Unknown(polled) if isinstance(base, Instance) and polled else UNKNOWN

    def _class_constant(
        self, base: Instance | ClassRef, owner: ast.ClassDef, name: str
    ) -> Value | None:
        stores = [
            binding
            for cls in self.names.lineage(owner)
            for binding in self.names.attributes.get((cls, name), [])
        ]
        for cls in self.names.lineage(owner):
            binding = self.names.scopes[cls].only(name)
            if binding is None or binding.value is None:
                continue
            if stores:
                return None
            value = self.static(binding.value)
            if _is_enumeration(cls):
                return _enumeration_member(cls, name, value)
            if isinstance(binding.node, ast.AnnAssign) and isinstance(base, Instance):
                return likely_default(value)
            return value
        if len(stores) == 1 and stores[0].value is not None:
            method_node = self.names.function(stores[0].node)
            if isinstance(method_node, FUNCTIONS) and method_node.name == "__init__":
                return self.static(stores[0].value)
        return None

    # Operators

    def _compare(self, node: ast.Compare, state: State) -> Value:
        left = self.value(node.left, state)
        result: Value = TRUE
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.value(comparator, state)
            step = compare(operator, left, right)
            if truth(step) is False:
                return step
            result = step if truth(result) is True else unknown(result, step)
            left = right
        return result

    def test(self, node: ast.expr, state: State) -> Value:
        """The truth of a condition: a Known boolean, or unknown."""
        match node:
            case ast.BoolOp():
                return self._bool_op(node, state, only_truth=True)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate(self.test(operand, state))
        value = self.value(node, state)
        decided = truth(value)
        return unknown(value) if decided is None else Known(decided, value.polled)

    def _bool_op(self, node: ast.BoolOp, state: State, *, only_truth: bool = False) -> Value:
        evaluate = self.test if only_truth else self.value
        ends_at = isinstance(node.op, ast.Or)
        first, *others = node.values
        result = evaluate(first, state)
        for other in others:
            decided = truth(result)
            if decided is ends_at:
                return result
            if decided is not None:
                result = evaluate(other, state)
                continue
            aside = state.copy()
            try:
                further = evaluate(other, aside)
            except Diverges:
                continue
            joined = join_states([state, aside], blame=result.polled)
            if joined is not None:
                state.become(joined)
            decided = truth(further)
            if not only_truth or decided is None:
                result = unknown(result, further)
            elif decided is ends_at:
                # `x or True` is true whatever x is; so is `x and False` false
                result = Known(ends_at, result.polled or further.polled)
        return result

    def _binary(
        self, left: ast.expr, operator: ast.operator, right: ast.expr, state: State
    ) -> Value:
        spine = [(operator, right)]
        while isinstance(left, ast.BinOp):  # long sums must not be deep
            spine.append((left.op, left.right))
            left = left.left
        result = self.value(left, state)
        for operation, operand in reversed(spine):
            result = self.combine(operation, result, self.value(operand, state))
        return result

    def combine(self, operator: ast.operator, left: Value, right: Value) -> Value:
        """``left operator right``."""
        return binary(operator, left, right)

    def reading(self, target: ast.expr, state: State) -> Value:
        """The value of an assignment target before the assignment."""
        match target:
            case ast.Name(id=name):
                return (
                    self._name(ast.copy_location(ast.Name(name, ast.Load()), target), state)
                    if (name in state.names)
                    else UNKNOWN
                )
            case ast.Attribute() | ast.Subscript():
                return self.value(target, state)
            case _:
                return UNKNOWN

    def _conditional(self, node: ast.IfExp, state: State) -> Value:
        test = self.test(node.test, state)
        decided = truth(test)
        if decided is not None:
            return self.value(node.body if decided else node.orelse, state)
        aside = state.copy()
        results: list[Value] = []
        ends: list[State] = []
        for branch, inner in ((node.body, state.copy()), (node.orelse, aside)):
            try:
                results.append(self.value(branch, inner))
                ends.append(inner)
            except Diverges:
                continue
        joined = join_states(ends, blame=test.polled)
        if joined is None:
            raise Diverges
        state.become(joined)
        return results[0] if len(results) == 1 else join(*results, blame=test.polled)

    def _text(self, parts: list[ast.expr], state: State) -> Value:
        values = [self.value(piece, state) for piece in parts]
        if all(_is_text(value) and not isinstance(value.value, Member) for value in values):
            plain = all(
                not isinstance(piece, ast.FormattedValue)
                or (piece.conversion == -1 and piece.format_spec is None)
                for piece in parts
            )
            if plain:
                text = "".join(value.value for value in values if isinstance(value, Known))
                return Known(text, any(value.polled for value in values))
        return unknown(*values)

    # Collections

    def _flat(self, elements: list[ast.expr], state: State) -> list[Value]:
        flat: list[Value] = []
        for element in elements:
            value = self._element(element, state)
            if isinstance(element, ast.Starred) and isinstance(value, Known):
                if isinstance(value.value, tuple | frozenset):
                    flat += [Known(item, value.polled) for item in value.value]
                    continue
                value = unknown(value)
            flat.append(value)
        return flat

    def _element(self, node: ast.expr, state: State) -> Value:
        return self.value(node.value if isinstance(node, ast.Starred) else node, state)

    def _tuple(self, elements: list[ast.expr], state: State) -> Value:
        values = self._flat(elements, state)
        spread = any(isinstance(element, ast.Starred) for element in elements)
        if spread:  # what it is good for is asking what is in it, not in which order
            return collection(frozenset, values)
        if all(isinstance(value, Known) for value in values):
            return collection(tuple, values)
        fields = {str(position): value for position, value in enumerate(values)}
        return Record(fields, MISSING, any(value.polled for value in values))

    def _dict(self, node: ast.Dict, state: State) -> Value:
        result: Value = Record({}, MISSING, mapping=True)
        for key, entry in zip(node.keys, node.values, strict=True):
            value = self.value(entry, state)
            if key is None:
                result = merged(result, value)
                continue
            match self.value(key, state):
                case Known(str() | int() as constant):
                    result = with_part(result, str(constant), value)
                case _:
                    result = opened(result)
        return result

    def _dict_comprehension(self, node: ast.DictComp, state: State) -> Value:
        """``{k: v for k, v in options.items() if v is not None}`` keeps what is known."""
        match node:
            case ast.DictComp(
                key=ast.Name(id=key),
                value=ast.Name(id=value),
                generators=[
                    ast.comprehension(
                        target=ast.Tuple(elts=[ast.Name(id=first), ast.Name(id=second)]),
                        iter=ast.Call(func=ast.Attribute(value=source, attr="items"), args=[]),
                        ifs=tests,
                    )
                ],
            ) if (key, value) == (first, second):
                options = self.value(source, state)
                if isinstance(options, Record):
                    return self._filtered(options, first, second, tests, state)
        return self._comprehension(node, state)

    def _filtered(
        self, options: Record, key: str, value: str, tests: list[ast.expr], state: State
    ) -> Value:
        fields: dict[str, Value] = {}
        for name, entry in options.fields.items():
            if isinstance(entry, Missing):
                continue
            inner = state.copy()
            inner.assign(key, Known(name))
            inner.assign(value, entry)
            kept = [truth(self.value(test, inner)) for test in tests]
            if False in kept:
                fields[name] = MISSING
            else:
                maybe = Unknown(entry.polled, optional=True)
                fields[name] = maybe if None in kept else entry
        return Record(fields, options.rest, options.polled, mapping=True)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, state: State
    ) -> Value:
        inner = state.copy()
        polled = False
        for generator in node.generators:
            source = self.value(generator.iter, inner)
            self.run.assign(generator.target, unknown(source), inner)
            for test in generator.ifs:
                polled = self.value(test, inner).polled or polled
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for piece in parts:
            polled = self.value(piece, inner).polled or polled
        state.polled = True if inner.polled and not state.polled else state.polled
        if inner.waited is not state.waited:
            state.waited = None
        if isinstance(node, ast.DictComp):
            return Record({}, Unknown(polled), polled, mapping=True)
        return Unknown(polled)

    def _subscript(self, node: ast.Subscript, state: State) -> Value:
        base = self.value(node.value, state)
        index = self.value(node.slice, state)
        match base, index:
            case Record(), Known(str() | int() as key):
                found = part(base, str(key))
                polled = base.polled or index.polled
                if isinstance(found, Missing):
                    return unknown(base, index)
                return _polled(found) if polled else found
            case Known(tuple() as items), Known(int() as position):
                if -len(items) <= position < len(items):
                    return Known(items[position], base.polled)
        return unknown(base, index)

    def set_entry(self, container: ast.expr, index: Value, value: Value, state: State) -> None:
        """Run ``container[index] = value``."""
        key = dotted(container)
        old = self.value(container, state)
        if key is not None and self.run.is_loose(key, old, container):
            state.assign(key, POLLED if old.polled or value.polled else UNKNOWN)
            return
        if key is not None and isinstance(old, Known):
            state.assign(key, unknown(old, index, value))
        if key is None or not isinstance(old, Record):
            return
        match index:
            case Known(str() | int() as name):
                state.assign(key, with_part(old, str(name), value))
            case _:
                fields = {name: unknown(entry) for name, entry in old.fields.items()}
                state.assign(key, Record(fields, unknown(old.rest), old.polled, mapping=True))

    # Calls

    def callee_name(self, node: ast.expr) -> str | None:
        """The full dotted name of what a call calls, if it is imported."""
        node = unawaited(node)
        return self.names.qualify(node.func) if isinstance(node, ast.Call) else None

    def _call(self, node: ast.Call, state: State, *, alone: bool = False) -> Value:
        reply = self.run.world.reply(node.func, node.keywords, looping=self.run.loops > 0)
        if reply is not None:
            _, keywords = self.arguments(node, state)
            self.run.world.observe(node, keywords)
            return self._replied(node, reply, state)
        position = self._operation_given(node)
        if position is not None:
            return self._handed_on(node, position, state)
        match node.func:
            case ast.Attribute(value=base, attr=name):
                return self._method_call(node, base, name, state, alone=alone)
            case _:
                function = self.value(node.func, state)
                return self._apply(node, function, state, alone=alone)

    def _operation_given(self, node: ast.Call) -> int | None:
        """Where a special function is handed on: ``retry_call(client.responses.create, ...)``."""
        if isinstance(node.func, ast.Name) and node.func.id in {"map", "filter"}:
            return None
        for position, argument in enumerate(node.args):
            if isinstance(argument, ast.Attribute) and self.run.world.reply(
                argument, node.keywords, looping=False
            ):
                return position
        return None

    def _replied(self, node: ast.AST, reply: Answer | Raises, state: State) -> Value:
        if reply.polls:
            state.polled = True
            self.run.polls += 1
        if isinstance(reply, Raises):
            self.run.raised.append(_raise(node, state, reply.name))
            raise Diverges
        return reply.value

    def arguments(self, node: ast.Call, state: State) -> tuple[list[Value], Record]:
        """The positional and the keyword arguments of a call, in the order of evaluation."""
        positional: list[Value] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self.value(argument.value, state)
                break
            positional.append(self.value(argument, state))
        keywords = Record({}, MISSING, mapping=True)
        for keyword in node.keywords:
            value = self.value(keyword.value, state)
            if keyword.arg is None:
                keywords = _spread(keywords, value)
            else:
                fields = {**keywords.fields, keyword.arg: value}
                keywords = Record(fields, keywords.rest, mapping=True)
        return positional, keywords

    def _method_call(
        self, node: ast.Call, base: ast.expr, name: str, state: State, *, alone: bool
    ) -> Value:
        receiver = self.value(base, state)
        match receiver:
            case Instance() | ClassRef() | Symbol():
                function = self._attribute(node.func, state)  # type: ignore[arg-type]
                return self._apply(node, function, state, alone=alone)
            case Record():
                return self._record_method(node, base, receiver, name, state, alone=alone)
            case Known():
                positional, _ = self.arguments(node, state)
                result = method(receiver, name, positional)
                if result is not None:
                    return result
                if name in MUTATORS and (key := dotted(base)) is not None:
                    state.assign(key, unknown(receiver, *positional))
                return unknown(receiver, *positional)
            case Function() if name in {"__call__", "delay", "apply", "submit"}:
                return self._apply(node, receiver, state, alone=alone)
        if name == "run_in_executor" and len(node.args) >= 2:
            return self._handed_on(node, 1, state)
        return self._opaque(node, receiver, state, alone=alone)

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
        key = dotted(base)
        match name, positional:
            case "get" | "pop", [Known(str() as wanted), *default]:
                found = part(receiver, wanted)
                fallback = default[0] if default else NONE
                if name == "pop" and key is not None:
                    state.assign(key, with_part(receiver, wanted, MISSING))
                if isinstance(found, Missing):
                    return fallback
                return _polled(found) if receiver.polled else found
            case "setdefault", [Known(str() as wanted), default] if key is not None:
                found = part(receiver, wanted)
                if isinstance(found, Missing):
                    found = default
                elif wanted not in receiver.fields:
                    found = unknown(found, default)
                state.assign(key, with_part(receiver, wanted, found))
                return found
            case "update", arguments if key is not None and receiver.mapping:
                result: Value = receiver
                for argument in arguments:
                    result = merged(result, argument)
                state.assign(key, merged(result, keywords))
                return NONE
            case _ if name in _VIEWS:
                return receiver
            case _ if name in MUTATORS and key is not None:
                state.assign(key, opened(receiver))
        return self._opaque(node, receiver, state, alone=alone, evaluated=positional)

    def _apply(self, node: ast.Call, function: Value, state: State, *, alone: bool) -> Value:
        match function:
            case Function():
                positional, keywords = self.arguments(node, state)
                if any(isinstance(argument, ast.Starred) for argument in node.args):
                    keywords = Record(keywords.fields, UNKNOWN, mapping=True)
                result = self.run.call(function, positional, keywords, state)
                if result is not None:
                    return result
                return self._opaque(node, function, state, alone=alone, evaluated=positional)
            case ClassRef(owner):
                self.arguments(node, state)
                return Instance(owner)
            case Partial(made):
                return self._partial(made, node, state)
            case Symbol(name):
                return self._library(node, name, state, alone=alone)
        if isinstance(node.func, ast.Name):
            if node.func.id in callees.EXITS and isinstance(function, Unknown):
                return self._exit(node, state)
            if node.func.id in _BUILTINS and isinstance(function, Unknown):
                return self._builtin(node, node.func.id, state)
            if node.func.id == "run_in_executor" and len(node.args) >= 2:
                return self._handed_on(node, 1, state)
        return self._opaque(node, function, state, alone=alone)

    def _partial(self, made: ast.Call, node: ast.Call, state: State) -> Value:
        """Call what ``functools.partial`` was given, with the arguments of both."""
        target, *positional = made.args
        joint = ast.Call(target, [*positional, *node.args], [*made.keywords, *node.keywords])
        return self.value(ast.copy_location(joint, node), state)

    def _exit(self, node: ast.Call, state: State) -> Value:
        self.arguments(node, state)
        self.run.raised.append(_raise(node, state, "SystemExit"))
        raise Diverges

    def _library(self, node: ast.Call, name: str, state: State, *, alone: bool) -> Value:
        if name in callees.EXITS:
            return self._exit(node, state)
        if name in callees.SLEEPS:
            self.arguments(node, state)
            state.waited = True
            return NONE
        position = callees.APPLY.get(name)
        if position is not None and len(node.args) > position:
            return self._handed_on(node, position, state)
        if name in callees.PASS_THROUGH and (node.args or node.keywords):
            positional, _ = self.arguments(node, state)
            if name in callees.TIMEOUT_CALLS:
                self.run.may_raise(node, state, "TimeoutError", implicit=True)
            if not positional:
                return UNKNOWN
            return positional[-1] if name == "typing.cast" else positional[0]
        return self._opaque(node, Symbol(name), state, alone=alone)

    def _handed_on(self, node: ast.Call, position: int, state: State) -> Value:
        """A call that calls another: ``asyncio.to_thread(function, *arguments)``."""
        target = node.args[position]
        partial = self.callee_name(node) == "functools.partial"
        call = ast.copy_location(ast.Call(target, node.args[position + 1 :], node.keywords), target)
        reply = self.run.world.reply(target, node.keywords, looping=self.run.loops > 0)
        if reply is not None:
            _, keywords = self.arguments(call, state)
            self.run.world.observe(node, keywords)
            return Partial(node) if partial else self._replied(node, reply, state)
        function = self.value(target, state)
        if partial:
            self.arguments(call, state)
            return Partial(node)
        if isinstance(function, Symbol) and function.name in callees.SLEEPS:
            state.waited = True
        if isinstance(function, Function):
            positional, keywords = self.arguments(call, state)
            result = self.run.call(function, positional, keywords, state)
            if result is not None:
                return result
        return self._opaque(node, function, state, alone=False)

    def _builtin(self, node: ast.Call, name: str, state: State) -> Value:
        positional, keywords = self.arguments(node, state)
        match name, positional:
            case "str", [Known(str() as text)] if not isinstance(text, Member):
                return positional[0]
            case "bool", [value]:
                decided = truth(value)
                return unknown(value) if decided is None else Known(decided, value.polled)
            case "getattr", [base, Known(str() as attribute), *default]:
                return self._getattr(node, base, attribute, default, state)
            case "isinstance", [Record(mapping=False), Symbol(cls)] if self.run.world.answers_a(
                callees.last_name(cls)
            ):
                return TRUE
            case "isinstance", [Record() | Instance(), _]:
                return UNKNOWN
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

    def _getattr(
        self, node: ast.Call, base: Value, attribute: str, default: list[Value], state: State
    ) -> Value:
        match base:
            case Instance() | ClassRef():
                chain = ast.Attribute(node.args[0], attribute, ast.Load())
                return self._attribute(ast.copy_location(chain, node), state)
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
        name, imported = self._display_name(node, function)
        receiver = dotted(node.func.value) if isinstance(node.func, ast.Attribute) else None
        fed = (
            function.polled
            or any(value.polled for value in evaluated)
            or self._receiver_polled(receiver, state)
        )
        if self.run.world.objects_change and not callees.cannot_wait(name, imported=imported):
            fed = True  # it may be what somebody else has polled
        for value in evaluated:
            if isinstance(value, Function):
                self.run.probe(value, state)
        if isinstance(node.func, ast.Attribute) and callees.leaves(name, receiver or ""):
            self.run.raised.append(_raise(node, state, "SystemExit"))
            return Unknown(fed)
        if not callees.cannot_wait(name, imported=imported) and state.waited is False:
            state.waited = None
        if callees.may_change(name):
            self._forget_objects(node, state)
        if callees.is_harmless(name, imported=imported):
            return Unknown(fed)
        self._hand_out(node, state)
        if self.run.world.objects_change:
            self._forget_objects(node, state)
        decides = callees.may_decide(name) if not alone else True
        guess = fed and decides
        bounds = alone and callees.may_bound(name)
        if bounds and not guess:
            self.run.raised.append(_raise(node, state, None))
        else:
            self.run.may_raise(node, state, None, implicit=True, guess=guess)
        return Unknown(fed)

    def _display_name(self, node: ast.Call, function: Value) -> tuple[str, bool]:
        if isinstance(function, Symbol):
            return function.name, True
        match node.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name, False
            case _:
                return "", False

    def _receiver_polled(self, receiver: str | None, state: State) -> bool:
        if receiver is None:
            return False
        prefix = receiver + "."
        return any(value.polled for key, value in state.names.items() if key.startswith(prefix))

    def _forget_objects(self, node: ast.Call, state: State) -> None:
        """The objects that are handed over, or whose method it is, may have been renewed."""
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            given.append(node.func.value)
        for argument in given:
            key = dotted(argument)
            value = state.names.get(key) if key is not None else None
            if key is not None and isinstance(value, Record) and not value.mapping:
                state.assign(key, POLLED)

    def _hand_out(self, node: ast.Call, state: State) -> None:
        """Code that cannot be read may fill the dicts and change the objects it is given."""
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            key = dotted(argument)
            if key is not None and key in state.names:
                state.names[key] = opened(state.names[key])
        if isinstance(node.func, ast.Attribute):
            receiver = dotted(node.func.value)
            if receiver is not None:
                prefix = receiver + "."
                for key, value in state.names.items():
                    if key.startswith(prefix):
                        state.names[key] = unknown(value)


def _raise(node: ast.AST, state: State, name: str | None) -> Exit:
    return Exit("raise", node, state.copy(), raised=name)


def _spread(keywords: Record, value: Value) -> Record:
    """The keywords after ``**value``: what is written out stays, a name cannot come twice."""
    if not isinstance(value, Record):
        return Record(keywords.fields, unknown(keywords.rest, value), mapping=True)
    fields = {**value.fields, **keywords.fields}
    rest = value.rest if isinstance(keywords.rest, Missing) else keywords.rest
    return Record(fields, rest, mapping=True)


def _polled(value: Value) -> Value:
    match value:
        case Known(constant):
            return Known(constant, True)
        case Unknown():
            return Unknown(True)
        case _:
            return value


def _shared(value: Value, entries: set[object]) -> Value:
    """A dict or list outside the function that somebody changes somewhere."""
    if not isinstance(value, Record):
        return unknown(value)
    fields = {
        name: unknown(entry) if name in entries or ANY_ENTRY in entries else entry
        for name, entry in value.fields.items()
    }
    return opened(Record(fields, value.rest, value.polled, value.mapping))


def _is_text(value: Value) -> TypeGuard[Known]:
    return isinstance(value, Known) and isinstance(value.value, str)


def _is_enumeration(cls: ast.ClassDef) -> bool:
    return any((dotted(base) or "").endswith("Enum") for base in cls.bases)


def _enumeration_member(cls: ast.ClassDef, name: str, value: Value) -> Value:
    bases = [dotted(base) or "" for base in cls.bases]
    if any(base.endswith("StrEnum") for base in bases):
        return value if isinstance(value, Known) else Known(name.lower())
    if "str" in bases:
        return Known(Member(value.value)) if _is_text(value) else unknown(value)
    return Record({"value": value, "name": Known(name)}, UNKNOWN)


def likely_default(value: Value) -> Value:
    """A default that callers are expected to keep: a switch that is on, a word, a set of words."""
    match value:
        case Known(bool() as flag):
            return TRUE if flag else UNKNOWN
        case Known(str() | tuple() | frozenset()) | Symbol() | Function() | ClassRef():
            return value
        case _:
            return UNKNOWN
