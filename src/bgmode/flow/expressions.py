"""Evaluates expressions, with values that may be unknown."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from bgmode.flow.calls import CallExpressions
from bgmode.flow.exits import Diverges, State
from bgmode.flow.names import (
    ANY_ENTRY,
    Binding,
    Scope,
    bound_by,
    dotted,
    handed_to,
    objects,
    owners,
    unawaited,
)
from bgmode.flow.objects import Objects
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
    Record,
    Stream,
    Symbol,
    Token,
    Truth,
    Unknown,
    Value,
    as_many,
    as_polled,
    binary,
    collection,
    compare,
    decided,
    either,
    holds,
    is_mutable,
    is_nested,
    is_text,
    item_of,
    join,
    many,
    merged,
    narrowed,
    negate,
    opened,
    part,
    text,
    text_of,
    truth,
    unknown,
    with_part,
)

if TYPE_CHECKING:
    from bgmode.flow.run import Run

_LOGS = re.compile(
    r"^((self|cls)\.)?_?(logger|log|logging|LOGGER|LOG)"
    r"\.(debug|info|warning|warn|error|exception|critical|log)$"
)
_FEW = 16  # items of a constant that a comprehension goes through one by one
_MOST_CHANGES = 4  # turns of a comprehension until what changes in it is unknown

Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Expressions:
    """The expressions of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.calls = CallExpressions(self)
        self.objects = Objects(self)
        self.constants: dict[int, Value] = {}
        self._fixed: dict[ast.expr, Value] = {}  # literals, and names of the code outside
        self._kinds: dict[type[ast.expr], Callable[[Any, State], Value]] = {
            ast.Name: self._name,
            ast.Attribute: self.attribute,
            ast.Call: self.calls.call,
            ast.Constant: self._constant,
            ast.Await: self._inner,
            ast.Compare: self._compare,
            ast.BoolOp: self._bool_op,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.IfExp: self._conditional,
            ast.NamedExpr: self._named,
            ast.Dict: self._dict,
            ast.Tuple: self._tuple,
            ast.List: self._list,
            ast.Set: self._set,
            ast.Subscript: self._subscript,
            ast.JoinedStr: self._text,
            ast.FormattedValue: self._inner,
            ast.Lambda: self._lambda,
            ast.DictComp: self._dict_comprehension,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.Starred: self._starred,
        }

    def take_over(self, earlier: Expressions) -> None:
        """Use what another run has found out about the code outside, but for what polls say."""
        self.calls.take_over(earlier.calls)
        self.constants = {k: value for k, value in earlier.constants.items() if not value.polled}
        self._fixed = {node: value for node, value in earlier._fixed.items() if not value.polled}

    def value(self, node: ast.expr, state: State) -> Value:
        """The value of ``node``; what evaluating it does is done to ``state``."""
        self.run.work += 1  # looked at by whoever spends next
        evaluate = self._kinds.get(type(node))
        return UNKNOWN if evaluate is None else evaluate(node, state)

    def alone(self, node: ast.expr, state: State) -> None:
        """Evaluate an expression statement: nobody uses its value."""
        inner = unawaited(node)
        if not isinstance(inner, ast.Call):
            self.value(node, state)
        elif not self._only_tells(inner):
            self.calls.call(inner, state, alone=True)

    def _only_tells(self, call: ast.Call) -> bool:
        """Whether a call is a log line, made of names and texts: nothing depends on it."""
        known = self.run.names.tells.get(call)
        if known is None:
            is_log = isinstance(call.func, ast.Attribute) and _LOGS.match(dotted(call.func) or "")
            known = bool(is_log) and all(map(_is_plain, handed_to(call)))
            self.run.names.tells[call] = known
        return known

    def static(self, node: ast.expr) -> Value:
        """The value of an expression that stands outside the code that is run."""
        known = self.constants.get(id(node))
        if known is not None:
            return known
        self.constants[id(node)] = UNKNOWN  # while it is looked at: a cycle is unknown
        with self.run.aside():
            try:
                value = self.value(node, State.empty())
            except Diverges:
                value = UNKNOWN
        self.constants[id(node)] = value
        return value

    def callee_name(self, node: ast.expr) -> str | None:
        """The full dotted name of what a call calls, if it is imported."""
        node = unawaited(node)
        return self.run.names.qualify(node.func) if isinstance(node, ast.Call) else None

    def _constant(self, node: ast.Constant, _: State) -> Value:
        known = self._fixed.get(node)
        if known is None:
            known = Known(node.value) if node.value is not ... else UNKNOWN
            self._fixed[node] = known
        return known

    # Names and attributes

    def _name(self, node: ast.Name, state: State) -> Value:
        found = state.names.get(node.id)
        if found is not None:
            return unknown(found) if isinstance(found, Missing) else found
        known = self._fixed.get(node)
        if known is None:
            scope = self.run.names.defining_scope(node.id, node)
            known = UNKNOWN if scope is None else self._bound(scope, node.id)
            self._fixed[node] = known
        return known

    def _bound(self, scope: Scope, name: str) -> Value:
        binding = scope.only(name)
        if binding is None:
            return self._imported_twice(scope, name)
        value = self._binding(binding, name, scope)
        mapping = isinstance(value, Record) and value.mapping
        if mapping and self.run.world.careful and name in self.run.aliases.escaping_anywhere:
            return unknown(value)
        if isinstance(value, Record) and value.mutable:
            return self.object_outside(value)
        entries = self.run.names.mutated.get(name)
        return value if entries is None else _shared(value, entries)

    def object_outside(self, value: Record) -> Value:
        """An object outside the function: what methods set in it may have been set before."""
        changed = self.run.aliases.changed_later
        fields = {
            name: unknown(entry) if name in changed else entry
            for name, entry in value.fields.items()
        }
        return replace(value, fields=fields)

    def _imported_twice(self, scope: Scope, name: str) -> Value:
        if scope.only_imports(name):
            return self.symbol(self.run.names.imports[name])
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
                return self.symbol(self.run.names.imports[name])
            case ast.arg():
                if not isinstance(scope.node, ast.Module | ast.ClassDef):
                    return self.run.parameter(scope.node, name)
        return UNKNOWN if binding.value is None else self.static(binding.value)

    def attribute(self, node: ast.Attribute, state: State) -> Value:
        key = dotted(node) if state.has_paths or self.run.attempts else None
        if key is not None and key in state.names:
            found = state.names[key]
            return unknown(found) if isinstance(found, Missing) else found
        base = self.value(node.value, state)
        for attempts in self.run.attempts:
            if key == f"{attempts.name}.retry_state.outcome.failed":
                return state.names.get(attempts.mark, UNKNOWN)
        match base:
            case Instance(owner) | ClassRef(owner):
                return self.objects.attribute(base, owner, node, state)
            case Record(fields, owner=ast.ClassDef() as owner) if node.attr not in fields:
                return self.objects.attribute(base, owner, node, state)
            case Known(Member(owner=owner) | Token(owner=owner)) if self.run.names.method(
                owner, node.attr
            ):
                return self.objects.attribute(base, owner, node, state)
            case Symbol(name):
                return self.symbol(f"{name}.{node.attr}")
            case _:
                if base.polled:
                    self.run.read(base, node.attr, node, state)
                if isinstance(base, Unknown) and node.attr in self.run.answered:
                    return POLLED
                found = part(base, node.attr)
                return unknown(base) if isinstance(found, Missing) else found

    # What only hands on the value of another expression

    def _inner(self, node: ast.Await | ast.FormattedValue, state: State) -> Value:
        return self.value(node.value, state)

    def _starred(self, node: ast.Starred, state: State) -> Value:
        return unknown(self._element(node, state))

    def _named(self, node: ast.NamedExpr, state: State) -> Value:
        value = self.value(node.value, state)
        self.run.assign(node.target, value, state)
        return value

    def _yield(self, node: ast.Yield | ast.YieldFrom, state: State) -> Value:
        given = NONE if node.value is None else self.value(node.value, state)
        if isinstance(node, ast.YieldFrom) and isinstance(given, Stream):
            self.run.ask(given, state)
            given = given.item
        self.run.given.append(given)
        self.run.notes.yields.add(node)
        state.waited = None
        return UNKNOWN

    def _lambda(self, node: ast.Lambda, state: State) -> Value:
        self.run.pending.setdefault(node, state.copy())
        return Function(node)

    # Operators

    def _compare(self, node: ast.Compare, state: State) -> Value:
        left_node, left = node.left, self.value(node.left, state)
        result: Value = TRUE
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.value(comparator, state)
            if isinstance(operator, ast.In | ast.NotIn):
                right = self.calls.gone_through(right, state)
            self.run.notes.compared(left_node, left, operator, comparator, right)
            step = self._counted(left_node, operator, right, state) or compare(
                operator, left, right
            )
            holds = truth(step)
            if holds is not None and step.polled:
                self.run.decided.append((node, holds))
            if holds is False:
                return step
            result = step if truth(result) is True else unknown(result, step)
            left_node, left = comparator, right
        return result

    def _counted(
        self, left: ast.expr, operator: ast.cmpop, right: Value, state: State
    ) -> Value | None:
        """``len(pending) > 0``, where it is known whether there are any."""
        match left, right:
            case ast.Call(func=ast.Name(id="len"), args=[counted]), Known(int() as number):
                value = self.value(counted, state.copy())
                some = truth(value) if as_many(value) or isinstance(value, Record) else None
                return None if some is None else _compared_size(operator, number, value, some=some)
        return None

    def refine(self, test: ast.expr, state: State, *, holds: bool) -> None:
        """Take note in ``state`` of what a test that could not be decided has now shown."""
        match test:
            case ast.Name() | ast.Attribute() if (key := dotted(test)) in state.names:
                state.names[key] = narrowed(state.names[key], some=holds)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.refine(operand, state, holds=not holds)
            case ast.BoolOp(op=ast.And(), values=values) if holds:
                for value in values:
                    self.refine(value, state, holds=True)
            case ast.BoolOp(op=ast.Or(), values=values) if not holds:
                for value in values:
                    self.refine(value, state, holds=False)
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len"), args=[counted]),
                ops=[operator],
                comparators=[ast.Constant(value=0)],
            ):
                match operator:
                    case ast.Gt() | ast.NotEq():
                        self.refine(counted, state, holds=holds)
                    case ast.Eq():
                        self.refine(counted, state, holds=not holds)

    def test(self, node: ast.expr, state: State) -> Value:
        """The truth of a condition: a Known boolean, or unknown."""
        match node:
            case ast.BoolOp():
                return self._bool_op(node, state, only_truth=True)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate(self.test(operand, state))
        value = self.value(node, state)
        return decided(truth(value), value)

    def _bool_op(self, node: ast.BoolOp, state: State, *, only_truth: bool = False) -> Value:
        evaluate = self.test if only_truth else self.value
        ends_at = isinstance(node.op, ast.Or)
        first, *others = node.values
        result = evaluate(first, state)
        for other in others:
            answer = truth(result)
            if answer is ends_at:
                return result
            if answer is not None:
                result = evaluate(other, state)
                continue
            aside = state.copy()
            try:
                further = evaluate(other, aside)
            except Diverges:
                continue
            joined = self.run.join([state, aside], blame=result.polled)
            if joined is not None:
                state.become(joined)
            answer = truth(further)
            if not only_truth or answer is None:
                result = unknown(result, further)
            elif answer is ends_at:
                # `x or True` is true whatever x is; so is `x and False` false
                result = decided(ends_at, result, further)
        return result

    def _unary(self, node: ast.UnaryOp, state: State) -> Value:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negate(self.test(operand, state))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return Known(-number)
            case _:
                return unknown(self.value(node.operand, state))

    def _binary(self, node: ast.BinOp, state: State) -> Value:
        left, spine = node.left, [(node.op, node.right)]
        while isinstance(left, ast.BinOp):  # long sums must not be deep
            spine.append((left.op, left.right))
            left = left.left
        result = self.value(left, state)
        for operation, operand in reversed(spine):
            result = self.combine(operation, result, self.value(operand, state))
        return result

    def combine(self, operator: ast.operator, left: Value, right: Value) -> Value:
        """``left operator right``."""
        if any(
            isinstance(side, Known) and isinstance(side.value, Answered) for side in (left, right)
        ):
            return unknown(left, right)  # a text with an answer in it is for people to read
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
            value = self.value(node.body if decided else node.orelse, state)
            return unknown(value, test) if isinstance(value, Unknown) else value
        aside = state.copy()
        results: list[Value] = []
        ends: list[State] = []
        for branch, inner in ((node.body, state.copy()), (node.orelse, aside)):
            try:
                results.append(self.value(branch, inner))
                ends.append(inner)
            except Diverges:
                continue
        joined = self.run.join(ends, blame=test.polled)
        if joined is None:
            raise Diverges
        state.become(joined)
        return results[0] if len(results) == 1 else join(*results, blame=test.polled)

    def _text(self, node: ast.JoinedStr, state: State) -> Value:
        parts = node.values
        values = [self.value(piece, state) for piece in parts]
        if len(values) == 1 and isinstance(values[0], Known) and _is_answered(parts[0], values[0]):
            return values[0]
        if all(is_text(value) and not _hides_its_text(value) for value in values):
            plain = all(
                not isinstance(piece, ast.FormattedValue)
                or (piece.conversion == -1 and piece.format_spec is None)
                for piece in parts
            )
            whole = text(value.value for value in values if isinstance(value, Known))
            if plain and whole is not None:
                return Known(whole, any(value.polled for value in values))
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

    def _list(self, node: ast.List, state: State) -> Value:
        return self._display(node.elts, Listed, state)

    def _set(self, node: ast.Set, state: State) -> Value:
        return self._display(node.elts, Gathered, state)

    def _display(
        self, elements: list[ast.expr], kind: type[Listed | Gathered], state: State
    ) -> Value:
        """``[a, *b]`` or ``{a, b}``."""
        values = self._flat(elements, state)
        self.run.notes.look_closely(*values)
        spread = any(isinstance(element, ast.Starred) for element in elements)
        constant = collection(Gathered if spread else kind, values)
        if isinstance(constant, Known):
            return constant
        if not spread:
            return many(values)
        surely = any(not isinstance(element, ast.Starred) for element in elements)
        return Many(unknown(*values), True if surely else None, constant.polled)

    def _element(self, node: ast.expr, state: State) -> Value:
        if not isinstance(node, ast.Starred):
            return self.value(node, state)
        return self.calls.gone_through(self.value(node.value, state), state)

    def _tuple(self, node: ast.Tuple, state: State) -> Value:
        elements = node.elts
        values = self._flat(elements, state)
        self.run.notes.look_closely(*values)
        spread = any(isinstance(element, ast.Starred) for element in elements)
        if spread:  # what it is good for is asking what is in it, not in which order
            constant = collection(frozenset, values)
            surely = len(elements) > sum(isinstance(node, ast.Starred) for node in elements)
            if isinstance(constant, Known):
                return constant
            return Many(unknown(*values), surely or None, constant.polled, fixed=True)
        if all(isinstance(value, Known) for value in values):
            return collection(tuple, values)
        if any(is_nested(value) for value in values):
            return unknown(*values)
        fields = {str(position): value for position, value in enumerate(values)}
        return Record(fields, MISSING, any(value.polled for value in values))

    def _dict(self, node: ast.Dict, state: State) -> Value:
        result: Value = Record({}, MISSING, mapping=True)
        for key, entry in zip(node.keys, node.values, strict=True):
            value = self.value(entry, state)
            if key is None:
                result = merged(result, value)
                continue
            known = self.value(key, state)
            self.run.notes.look_closely(known)
            match known:
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

    def _comprehension(self, node: Comprehension, state: State) -> Value:
        result, inner = self._turns(node, state)
        state.polled = either(state.polled, inner.polled)
        state.guess = state.guess or inner.guess
        for name in self.run.names.bound_in.get(node, ()):
            state.assign(name, unknown(inner.names.get(name, UNKNOWN)))
        if inner.waited is not state.waited:
            state.waited = None
        if isinstance(node, ast.DictComp):
            return Record({}, Unknown(result.polled), result.polled, True, some=truth(result))
        return result

    def _turns(self, node: Comprehension, state: State) -> tuple[Value, State]:
        """Run a comprehension until a further item changes nothing more.

        Gives its items, and the state after the last turn; ``state`` is what any number of
        turns leaves.
        """
        result: Value = Many(MISSING, None)
        for turn in range(_MOST_CHANGES):
            inner = state.copy()
            try:
                result = self._gathered(node, inner)
            except Diverges:
                if turn == 0 and self._surely_goes_through(node, state):
                    raise
                break
            if not self._take_over_changes(node, inner, state, wholly=turn >= _MOST_CHANGES - 2):
                break
        return result, inner

    def _take_over_changes(
        self, node: Comprehension, inner: State, state: State, *, wholly: bool
    ) -> bool:
        """What the turns of a comprehension may have changed; False where that is nothing."""
        before, after = state.names, inner.names
        changed = {name for name, value in after.items() if before.get(name) is not value}
        changed.update(before.keys() - after.keys())
        changed.difference_update(self.run.names.bound_in.get(node, ()))
        found = False
        for name in changed:
            if name.partition(".")[0] in _own_names(node):
                continue
            held, given = before.get(name, MISSING), after.get(name, MISSING)
            both = unknown(held, given) if wholly else join(held, given)
            if both != held:
                state.keep(name, both)
                found = True
        return found

    def _surely_goes_through(
        self,
        node: Comprehension,
        state: State,
    ) -> bool:
        """Whether the first ``for`` has an item."""
        return truth(self.value(node.generators[0].iter, state.copy())) is True

    def _gathered(self, node: Comprehension, state: State) -> Value:
        """The items of a comprehension: those of a short constant one by one."""
        first, *others = node.generators
        source = self._gone_through(first, state)
        if not others and isinstance(source, Known) and isinstance(source.value, tuple | frozenset):
            items = [Known(constant, source.polled) for constant in source.value]
            if len(items) <= _FEW and not isinstance(node, ast.DictComp):
                return self._each(node, first, items, state)
        some = truth(source)
        polled = source.polled
        passed_all = True
        for generator in node.generators:
            if generator is not first:
                source = self._gone_through(generator, state)
                some = None if some is not False else False
            self.run.assign(generator.target, item_of(source), state)
            for test in generator.ifs:
                passed = self.test(test, state)
                polled = polled or passed.polled
                match truth(passed):
                    case False:
                        return Many(MISSING, False, polled)
                    case None:
                        passed_all = False
                        some = None if some is not False else False
        if isinstance(node, ast.DictComp):
            self.value(node.key, state)
        item = self.value(node.value if isinstance(node, ast.DictComp) else node.elt, state)
        if some is None and passed_all and self.run.world.takes_jobs_for_granted:
            some = True if polled or item.polled else None
        return Many(item, some, polled or item.polled, isinstance(node, ast.GeneratorExp))

    def _gone_through(self, generator: ast.comprehension, state: State) -> Value:
        """What the ``for`` of a comprehension goes through."""
        method = "__aiter__" if generator.is_async else "__iter__"
        return self.calls.gone_through(self.calls.iterated(generator.iter, state, method), state)

    def _each(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp,
        generator: ast.comprehension,
        items: list[Known],
        state: State,
    ) -> Value:
        values: list[Value] = []
        surely = True
        polled = False
        for item in items:
            self.run.assign(generator.target, item, state)
            passed = [self.test(test, state) for test in generator.ifs]
            polled = polled or any(test.polled for test in passed)
            if any(truth(test) is False for test in passed):
                continue
            surely = surely and all(truth(test) for test in passed)
            values.append(self.value(node.elt, state))
        if surely:
            collected = self._collected(node, values)
            return as_polled(collected) if polled else collected
        found = many(values)
        return Many(found.item, None, found.polled or polled)

    def _collected(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, values: list[Value]
    ) -> Value:
        self.run.notes.look_closely(*values)
        kind = Gathered if isinstance(node, ast.SetComp) else Listed
        constant = collection(kind, values)
        return constant if isinstance(constant, Known) else many(values)

    def _subscript(self, node: ast.Subscript, state: State) -> Value:
        base = self.value(node.value, state)
        index = self.value(node.slice, state)
        self.run.notes.look_closely(index)
        self.run.read(base, text_of(index), node, state)
        if self.run.misses and not isinstance(node.slice, ast.Slice):
            self._look_up(node, base, index, state)
        match base, index:
            case Record(), Known(str() | int() as key):
                found = part(base, str(key))
                polled = index.polled or (base.polled and str(key) not in base.fields)
                if isinstance(found, Missing):
                    return unknown(base, index)
                return as_polled(found) if polled else found
            case Known(tuple() as items), Known(int() as position):
                if -len(items) <= position < len(items):
                    return Known(items[position], base.polled)
            case Many(), _ if isinstance(node.slice, ast.Slice):
                return Many(base.item, None, base.polled)
            case Many(), _:
                return as_polled(item_of(base)) if base.polled else item_of(base)
            case ClassRef(owner), _:
                return self.objects.by_name(owner, index)
        return unknown(base, index)

    def _look_up(self, node: ast.Subscript, base: Value, index: Value, state: State) -> None:
        """A lookup that may find nothing, where somebody expects that."""
        match base, index:
            case Known(tuple() as items), Known(int() as position):
                found: Truth = -len(items) <= position < len(items)
            case Record(mapping=True), _:
                found = holds(ast.In(), index, base)
            case _:
                found = None
        polled = base.polled or index.polled
        if found is None and polled:  # else an entry that is missing is an accident
            self.run.may_raise(node, state, None, implicit=True, guess=True)
        elif found is False:
            state.look_at(unknown(base, index))
            name = "KeyError" if isinstance(base, Record) else "IndexError"
            self.run.may_raise(node, state, name, implicit=False)
            raise Diverges

    def set_entry(self, container: ast.expr, index: Value, value: Value, state: State) -> None:
        """Run ``container[index] = value``."""
        match container, index:
            case (
                ast.Attribute(base, "__dict__") | ast.Call(ast.Name("vars"), [base]),
                Known(str() as attribute),
            ):
                self.set_attribute(base, attribute, value, state)
                return
        key = dotted(container)
        old = self.value(container, state)
        self.run.notes.look_closely(index)
        unseen = key not in state.names or (
            isinstance(state.names[key], Unknown) and not isinstance(value, Unknown)
        )
        if value.polled and key is not None and unseen:
            self.run.affect(container, container, polled=True)  # somebody else may read it there
        is_loose = key is not None and self.run.is_loose(key, old, container)
        is_seen = key is not None and not is_loose and not isinstance(old, Unknown)
        self.run.change(container, polled=not is_seen and (index.polled or value.polled))
        if key is not None and is_loose:
            state.assign(key, POLLED if old.polled or value.polled else UNKNOWN)
            self.run.spread(key, state, container)
            return
        changed = self._with_entry(old, index, value)
        if changed is not None:
            self.put_back(container, changed, state)

    def _with_entry(self, old: Value, index: Value, value: Value) -> Value | None:
        """A collection once one of its entries has been set; None where nothing is known of it."""
        if isinstance(old, Known | Many):
            one_item = isinstance(index, Known) and isinstance(index.value, int)
            return _with_item(old, value) if one_item else unknown(old, index, value)
        if _becomes_a_dict(old, index) and not self.run.world.careful:
            old = Record({}, old, mapping=True)
        match old, index:
            case Record(), Known(str() | int() as name):
                return with_part(old, str(name), value)
            case Record(), _:
                fields = {name: unknown(entry) for name, entry in old.fields.items()}
                some = None if isinstance(value, Missing) else True
                rest = unknown(old.rest, value)
                return Record(fields, rest, old.polled, mapping=True, some=some)
            case _:
                return None

    def put_back(self, place: ast.expr, value: Value, state: State) -> None:
        """Take note that what ``place`` holds has been changed in place, and is ``value`` now."""
        self.run.change(place)
        key = dotted(place)
        match place:
            case _ if key is not None:
                state.assign(key, self.run.items_loosened(key, value, place))
            case ast.Subscript(value=container, slice=index) if not isinstance(index, ast.Slice):
                self.set_entry(container, self.value(index, state.copy()), value, state)
            case ast.Call(
                func=ast.Attribute(value=container, attr="get" | "setdefault"), args=[index, *_]
            ):
                self.set_entry(container, self.value(index, state.copy()), value, state)
            case _:
                paths = {*objects(place), *owners(place)}
                if isinstance(place, ast.Call):  # it may have given any object
                    paths |= {path for path, held in state.names.items() if is_mutable(held)}
                for path in paths & state.names.keys():
                    state.assign(path, unknown(state.names[path], value))
                if isinstance(value, Record) and value.owner is not None:
                    _open_all(value.owner, state)

    def set_attribute(self, base: ast.expr, name: str, value: Value, state: State) -> None:
        """Run ``setattr(base, name, value)``."""
        target = ast.copy_location(ast.Attribute(base, name, ast.Store()), base)
        self.run.assign(target, value, state, source=base)


def _open_all(owner: ast.ClassDef, state: State) -> None:
    """One of the objects of a class has been changed, nobody knows which."""
    for name, value in state.names.items():
        if isinstance(value, Record) and value.owner is owner:
            state.names[name] = opened(value)


def _own_names(node: Comprehension) -> set[str]:
    """The names that the ``for`` of a comprehension binds, which nobody else sees."""
    return {name for generator in node.generators for name in bound_by(generator.target)}


def _shared(value: Value, entries: set[object]) -> Value:
    """A dict or list outside the function that somebody changes somewhere."""
    if not isinstance(value, Record):
        return unknown(value)
    fields = {
        name: unknown(entry) if name in entries or ANY_ENTRY in entries else entry
        for name, entry in value.fields.items()
    }
    return opened(Record(fields, value.rest, value.polled, value.mapping))


def _compared_size(operator: ast.cmpop, number: int, value: Value, *, some: bool) -> Value | None:
    """What comparing the size of a collection gives, if it depends on nothing but ``some``."""
    match operator, number:
        case (ast.Gt() | ast.NotEq(), 0) | (ast.GtE(), 1):
            return decided(some, value)
        case (ast.Eq() | ast.LtE(), 0) | (ast.Lt(), 1):
            return decided(not some, value)
        case _:
            return None


def _becomes_a_dict(container: Value, index: Value) -> bool:
    """Whether something unknown must be a dict for an entry of it to be set."""
    match container, index:
        case Unknown(polled=False), Known(str()):
            return True
    return False


def _with_item(container: Known | Many, value: Value) -> Value:
    """A list after ``container[index] = value``, or after ``del`` where that is missing."""
    known = as_many(container)
    if known is None:
        return unknown(container, value)
    if isinstance(value, Missing):
        return Many(known.item, None, known.polled)
    item = value if isinstance(known.item, Missing) else join(known.item, value)
    return Many(item, known.some, known.polled or value.polled)


def _is_plain(node: ast.AST) -> bool:
    """Whether evaluating an expression does nothing: names, attributes, texts."""
    return all(
        isinstance(
            piece,
            ast.Name
            | ast.Attribute
            | ast.Constant
            | ast.JoinedStr
            | ast.FormattedValue
            | ast.expr_context,
        )
        for piece in ast.walk(node)
    )


def _is_answered(piece: ast.expr, value: Known) -> bool:
    """Whether an f-string is nothing but what a poll answered."""
    match piece:
        case ast.FormattedValue(conversion=-1, format_spec=None):
            return isinstance(value.value, Answered)
    return False


def _hides_its_text(value: Known) -> bool:
    """A member that looks otherwise; an answer in a longer text, which is for people to read."""
    constant = value.value
    return isinstance(constant, Answered) or (isinstance(constant, Member) and not constant.printed)
