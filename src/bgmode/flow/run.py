"""Runs a function with values that may be unknown: its statements, loops and calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bgmode.flow.aliases import aliases_of
from bgmode.flow.contexts import Contexts
from bgmode.flow.exceptions import raised_name
from bgmode.flow.exits import (
    SHARED,
    Branch,
    Diverges,
    Doubt,
    Effect,
    Exit,
    Flow,
    Outcome,
    State,
    join_states,
    owners_of,
)
from bgmode.flow.expressions import Expressions
from bgmode.flow.frames import Frames
from bgmode.flow.names import (
    CODE,
    Code,
    FunctionNode,
    Loop,
    Repeated,
    ScopeNode,
    defaults,
    dotted,
    parameters,
)
from bgmode.flow.notes import Notes, Reading
from bgmode.flow.objects import likely_default, uses_itself_unseen
from bgmode.flow.patterns import Patterns
from bgmode.flow.rounds import Rounds, is_round
from bgmode.flow.shared import shared_of
from bgmode.flow.sharing import FirstTurn, Reply
from bgmode.flow.turns import Attempts, Drained, LoopTurns, Turns
from bgmode.flow.values import (
    NONE,
    POLLED,
    UNKNOWN,
    ClassRef,
    Function,
    Instance,
    Known,
    Many,
    Missing,
    Partial,
    Record,
    Stream,
    Unknown,
    Value,
    has_polled,
    is_mutable,
    item_of,
    items_loosened,
    loosened,
    truth,
    unknown,
    with_part,
)
from bgmode.flow.world import Answer, Raises, World

_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign)


@dataclass(frozen=True, slots=True)
class Prefix:
    """How far a function has come before anything in it depends on a poll.

    ``position`` is that of the top-level statement that comes next; ``outcomes`` are those of the
    loops behind it, none of which polls; ``expressions`` know the code outside.
    """

    position: int
    state: State
    outcomes: dict[Repeated, Outcome]
    expressions: Expressions


class GaveUp(Exception):
    """The run is too long to be worth going on with."""


class Run:
    """One abstract run of one function (or of a module's top level).

    ``outcomes`` holds, for each loop of that function, how it is left.
    """

    def __init__(self, world: World, first_turn: FirstTurn | None = None) -> None:
        self.enter(world)
        self._most_work = world.most_work
        self._lasts = world.lasts
        self._first_turn = first_turn  # what runs for other answers know of the same turn
        self.outcomes: dict[Repeated, Outcome] = {}
        self.raised: list[Exit] = []
        self.given: list[Value] = []  # what a generator yields
        self.stuck = 0  # loops that nothing leaves
        self.attempts: list[Attempts] = []  # the loops over attempts of a retry helper
        self.draining: list[Drained] = []  # the loops that may empty a collection
        self.acts: list[ast.AST] = []  # outside calls that do something
        self.set_by_answers: dict[str, ast.AST] = {}  # what is set behind a poll
        self.answered: set[str] = set()  # attributes that have been set to what a poll answered
        self.doubts: list[Doubt] = []  # undecided branches
        self.settled: list[tuple[ast.AST, bool]] = []  # branches that a poll's answer has decided
        self.decided: list[tuple[ast.Compare, bool]] = []  # comparisons with a poll's answer
        self.effects: list[Effect] = []  # what has changed unknown values
        self.replies: list[Reply] = []  # what the outside has said
        self.tries = 0
        self.misses = 0  # of them, those that expect a lookup to find nothing
        self.failures = 0  # calls that may have failed
        self.loops = 0
        self.turn = 0  # of the innermost loop, the first is 1
        self.polls = 0
        self.led: tuple[ast.AST, ...] = ()  # branches around that a poll's answer has decided
        self.guesses = 0  # branches around that a poll's answer has decided unseen
        self.waits = 0  # loops that polled and have ended
        self.since_wait = 0  # how many comparisons had been decided when the last of them ended
        self.expressions = Expressions(self)
        self.value, self.test = self.expressions.value, self.expressions.test
        self.patterns = Patterns(self)
        self.contexts = Contexts(self)
        self.frames = Frames(self)
        self.work = 0  # expressions that have been evaluated, and what else has cost time
        self.prefix: Prefix | None = None
        self.stack: list[ScopeNode] = []
        self.pending: dict[Code, State] = {}
        self.rounds: Rounds | None = None  # those of the function that is run
        self.notes = Notes()
        self.gave_up = False

    def enter(self, world: World) -> None:
        """Go on with the code of the module that ``world`` sees the outside of."""
        self.world = world
        self.names = world.names
        self.aliases = aliases_of(world.names)
        self.shared = shared_of(world.names, self.aliases)

    @contextmanager
    def at_home(self, node: ast.AST) -> Iterator[bool]:
        """Be in the module that ``node`` stands in; False where nobody knows which it is."""
        here = self.world
        world = here if node in self.names.parent else here.home(node)
        if world is None:
            yield False
            return
        self.enter(world)
        try:
            yield True
        finally:
            self.enter(here)

    # The run as a whole

    def start(
        self,
        scope: ast.Module | Code,
        *,
        prefix: Prefix | None = None,
        end: int | None = None,
    ) -> None:
        """Run ``scope`` from its beginning, or from where another run has come (``prefix``).

        ``end`` is the position of the first statement that is left out.
        """
        too_little = self.names.hopeless.get(scope, 0)
        if self._most_work <= too_little or uses_itself_unseen(self.names, scope):
            self.gave_up = True
            return
        state = State.empty()
        self.stack.append(scope)
        try:
            if isinstance(scope, CODE) and prefix is None:
                for arg in parameters(scope):
                    state.names[arg.arg] = self.parameter(scope, arg.arg)
            match scope:
                case ast.Lambda(body=body):
                    self.value(body, state)
                case ast.FunctionDef() | ast.AsyncFunctionDef() if is_round(self.names, scope):
                    self._rounds(scope, state)
                case _:
                    self._ended(scope, self._from(scope, state, prefix, end))
            if end is None:
                self._run_pending()
        except Diverges:
            pass
        except (GaveUp, RecursionError):
            for loop, outcome in self.outcomes.items():
                self.outcomes[loop] = outcome.joined(Outcome(unclear=True))
            self.gave_up = True
            self.names.hopeless[scope] = max(too_little, self._most_work)

    def evaluate(self, node: ast.expr, scope: ast.Module | Code) -> Value | None:
        """What an expression in ``scope`` gives, whatever has been before it; None if nobody knows.

        ``notes`` and the world hold what was done for it.
        """
        self.stack.append(scope)
        try:
            return self.value(node, State.empty())
        except (Diverges, GaveUp, RecursionError):
            return None
        finally:
            self.stack.pop()

    def _from(
        self,
        scope: ast.Module | FunctionNode,
        state: State,
        prefix: Prefix | None,
        end: int | None,
    ) -> Flow:
        """Run the statements of ``scope`` itself, and remember how far it comes without a poll."""
        statements = scope.body[:end]
        if prefix is not None:
            self.expressions.take_over(prefix.expressions)
            self.outcomes.update(prefix.outcomes)
        first = 0 if prefix is None else prefix.position
        following: State | None = state if prefix is None else prefix.state.copy()
        exits: list[Exit] = []
        for position in range(first, len(statements)):
            if following is None:
                break
            if prefix is None and self.polls == 0 and not self.set_by_answers:
                outcomes = self.outcomes.copy()
                self.prefix = Prefix(position, following.copy(), outcomes, self.expressions)
            flow = self.statement(statements[position], following)
            exits += flow.exits
            following = None if statements[position] in self._lasts else flow.falls
        return Flow(following, exits)

    def spend(self, work: int) -> None:
        """Count what has been done; raises :class:`GaveUp` once it is too much."""
        self.work += work
        if self.work > self._most_work:
            raise GaveUp

    def join(self, states: Iterable[State], *, blame: bool = False) -> State | None:
        """What is certain whichever of ``states`` it is; None where there are none."""
        ends = list(states)
        if len(ends) > 1:
            self.spend(sum(len(state.names) for state in ends) // 8)
        return join_states(ends, blame=blame)

    def merge(self, flows: Sequence[Flow], *, blame: bool = False) -> Flow:
        """One flow for several branches. ``blame``: a poll's answer decided unseen."""
        falls = self.join((flow.falls for flow in flows if flow.falls is not None), blame=blame)
        if blame and falls is not None and any(flow.falls is None for flow in flows):
            falls.guess = True
        exits = [way_out for flow in flows for way_out in flow.exits]
        return Flow(falls, [way_out.guessed() for way_out in exits] if blame else exits)

    def _ended(self, scope: ast.Module | Code, flow: Flow) -> None:
        ends = {way_out.node for way_out in flow.exits if not way_out.implicit}
        self.notes.ends = frozenset(ends | {scope} if flow.falls is not None else ends)

    def _rounds(self, function: FunctionNode, state: State) -> None:
        rounds = self.rounds = Rounds(self, function)
        self.loops += 1
        rounds.run(state)
        self.loops -= 1
        self._note_outcome(rounds)

    def _run_pending(self) -> None:
        while self.pending:
            code, state = self.pending.popitem()
            self.frames.probe(Function(code), state)

    def refine(self, test: ast.expr, state: State, *, holds: bool) -> None:
        """Take note of what an undecided test has shown."""
        self.expressions.refine(test, state, holds=holds)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Evaluate what stands outside the code that is run: nothing of it happens now."""
        before = (self.raised, self.acts, self.doubts, self.effects, self.polls)
        self.raised, self.acts, self.doubts, self.effects = [], [], [], []
        try:
            yield
        finally:
            self.raised, self.acts, self.doubts, self.effects, self.polls = before

    def callee_name(self, node: ast.expr) -> str | None:
        """The full dotted name of what a call calls, if it is imported."""
        return self.expressions.callee_name(node)

    def arguments(self, call: ast.Call, state: State) -> Record:
        """The keyword arguments of a call, as they would be in ``state``."""
        try:
            return self.expressions.calls.arguments(call, state)[1]
        except (Diverges, GaveUp, RecursionError):
            return Record({}, UNKNOWN, mapping=True)

    def parameter(self, code: Code, name: str) -> Value:
        """What a parameter holds when nothing is known of the callers.

        One that is optional is taken to be left out.
        """
        first = next(iter(parameters(code)), None)
        owner = self.names.parent.get(code)
        if first is not None and first.arg == name and isinstance(owner, ast.ClassDef):
            names = [dotted(decorator) for decorator in getattr(code, "decorator_list", [])]
            if "staticmethod" not in names:
                return ClassRef(owner) if "classmethod" in names else Instance(owner)
        if code.args.kwarg is not None and code.args.kwarg.arg == name and not self.world.careful:
            return Record({}, UNKNOWN, mapping=True)
        default = defaults(code).get(name)
        if default is None:
            return self._given_everywhere(code, name) if self.world.careful else UNKNOWN
        if self.world.careful and not self.names.is_left_out(code, name):
            return UNKNOWN
        if (code, name) in self.names.changed_here:
            return UNKNOWN  # the calls before this one have changed it as well
        match default:
            case ast.Constant(value=None) if self.world.careful and name not in self.world.given:
                return NONE
        return likely_default(self.expressions.static(default))

    def _given_everywhere(self, code: Code, name: str) -> Value:
        """The one set of words, or the one function, that every call in the module gives."""
        given = self.names.given(code, name)
        values = [self.expressions.static(argument) for argument in given]
        if not values or any(value != values[0] for value in values):
            return UNKNOWN
        match values[0]:
            case Known(tuple() | frozenset()) | Function() | Partial():
                return values[0]
            case _:
                return UNKNOWN

    # Blocks and simple statements

    def block(self, statements: Sequence[ast.stmt], state: State | None) -> Flow:
        """Run statements one after the other."""
        exits: list[Exit] = []
        for statement in statements:
            if state is None:
                break
            if self.contexts.limits:
                exits += self.contexts.interruptions(statement, state)
            if isinstance(statement, _SIMPLE):
                state = self._step(statement, state, exits)
            else:
                flow = self.statement(statement, state)
                exits += flow.exits
                state = flow.falls
            if self._lasts and statement in self._lasts:
                state = None
        return Flow(state, exits)

    def body_of(self, loop: Loop, state: State) -> Flow:
        """Run the body of ``loop``; of its first turn, runs for other answers may know a part."""
        if self._first_turn is None or self.turn != 1 or self.notes.asked:
            return self.block(loop.body, state)
        outermost = len(self.stack) == 1 and self.names.parent.get(loop) is self.stack[0]
        if not outermost:
            return self.block(loop.body, state)
        return self._first_turn.take(self, loop, state)

    def reply(self, callee: ast.expr, keywords: list[ast.keyword]) -> Answer | Raises | None:
        """What a call gives that the outside has an answer to; None where it has none."""
        said = self.world.reply(callee, keywords, turn=self.turn)
        if said is not None:
            self.replies.append(Reply(self.world, callee, keywords, self.turn, said))
        return said

    def branch(self, statements: Sequence[ast.stmt], state: State, *, led: bool) -> Flow:
        """Run the branch that has been chosen; ``led``: by what a poll has answered."""
        if not led or not statements:
            return self.block(statements, state)
        outer, self.led = self.led, (*self.led, statements[0])
        try:
            return self.block(statements, state)
        finally:
            self.led = outer

    def _step(self, node: ast.stmt, state: State, exits: list[Exit]) -> State | None:
        """Run a statement that nothing but an exception leaves."""
        self.spend(1)
        outer, self.raised = self.raised, exits
        try:
            self._simple(node, state)
        except Diverges:
            return None
        finally:
            self.raised = outer
        return state

    def statement(self, node: ast.stmt, state: State) -> Flow:
        """Run one statement."""
        self.spend(1)
        outer, self.raised = self.raised, []
        try:
            flow = self._dispatch(node, state)
        except Diverges:
            flow = Flow(None)
        flow.exits += self.raised
        self.raised = outer
        return flow

    def _dispatch(self, node: ast.stmt, state: State) -> Flow:
        match node:
            case ast.If():
                return self._if(node, state)
            case ast.While() | ast.For() | ast.AsyncFor():
                return self._loop(node, state)
            case ast.Try():
                return self.contexts.try_(node, state)
            case ast.With() | ast.AsyncWith():
                return self.contexts.with_(node, state)
            case ast.Match():
                return self.patterns.match(node, state)
            case ast.Return(value=value):
                result = NONE if value is None else self.value(value, state)
                return Flow(None, [Exit("return", node, state, value=result)])
            case ast.Raise(exc=exception):
                if exception is not None:
                    self._make(exception, state)
                    return Flow(None, [Exit("raise", node, state, raised=raised_name(exception))])
                again = self.contexts.handling[-1] if self.contexts.handling else [None]
                ways = [Exit("raise", node, state.copy(), raised=name) for name in again]
                return Flow(None, ways)
            case ast.Break():
                return Flow(None, [Exit("break", node, state)])
            case ast.Continue():
                return Flow(None, [Exit("continue", node, state)])
            case _ if type(node).__name__ == "TryStar":
                return self.contexts.try_(node, state)  # type: ignore[arg-type]
            case _:
                self._simple(node, state)
                return Flow(state)

    def _make(self, exception: ast.expr, state: State) -> None:
        """Evaluate what is raised; of an imported class nothing matters but its name."""
        kind = exception.func if isinstance(exception, ast.Call) else exception
        if raised_name(kind) is None or self.names.qualify(kind) is None:
            self.value(exception, state)
        elif isinstance(exception, ast.Call):
            self.expressions.calls.arguments(exception, state)

    def _simple(self, node: ast.stmt, state: State) -> None:
        match node:
            case ast.Expr(value=value):
                self.expressions.alone(value, state)
            case ast.Assign(targets=targets, value=value):
                result = self.value(value, state)
                for target in targets:
                    self.assign(target, result, state, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.value(value, state), state, value)
            case ast.AugAssign(target=target, op=operator, value=value):
                old = self.expressions.reading(target, state)
                operand = self.value(value, state)
                if not _is_a_number(old) and (
                    not _is_a_number(operand) or isinstance(operator, ast.Mult)
                ):
                    self.change(target)  # it may be a list that grows
                result = self.expressions.combine(operator, old, operand)
                self.assign(target, result, state, node)
            case ast.Assert(test=test):
                self._assert(node, test, state)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for decorator in node.decorator_list:
                    self.value(decorator, state)
                state.assign(node.name, Function(node))
                if self.stack and isinstance(self.stack[-1], CODE):
                    self.pending[node] = state.copy()
            case ast.ClassDef():
                state.assign(node.name, ClassRef(node))
                self._class_body(node, state)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    if not self._is_looked_up(bound, node):
                        name = self.names.imports.get(bound, bound)
                        state.assign(bound, self.expressions.symbol(name))
            case ast.Delete(targets=targets):
                for target in targets:
                    self.delete(target, state)

    def _is_looked_up(self, name: str, node: ast.stmt) -> bool:
        """Whether a name stands for what is imported wherever it is read, and not only from here.

        It is looked up then when it is read, which most names of most imports never are.
        """
        scope = self.names.defining_scope(name, node)
        may_change = name in self.names.mutated or name in self.aliases.escaping_anywhere
        return scope is not None and scope.only_imports(name) and not may_change

    def _class_body(self, node: ast.ClassDef, state: State) -> None:
        inner = state.copy()
        for statement in node.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
                self._simple(statement, inner)

    def _assert(self, node: ast.stmt, test: ast.expr, state: State) -> None:
        value = self.test(test, state)
        state.look_at(value)
        holds = truth(value)
        if holds is not True:
            implicit = holds is None and _narrows(test)
            guess = holds is None and value.polled
            self.may_raise(node, state, "AssertionError", implicit=implicit, guess=guess)
            state.guess = state.guess or guess
        if holds is False:
            raise Diverges

    def may_raise(
        self, node: ast.AST, state: State, name: str | None, *, implicit: bool, guess: bool = False
    ) -> None:
        """Take note that ``node`` may raise here."""
        self.failures += implicit
        if implicit and not guess and not self.tries:
            return
        self.raised.append(
            Exit("raise", node, state.copy(), raised=name, implicit=implicit, guess=guess)
        )

    # Targets

    def assign(
        self, target: ast.expr, value: Value, state: State, source: ast.AST | None = None
    ) -> None:
        """Give ``target`` a value, which was made of what stands in ``source``."""
        at = target if source is None else source
        if isinstance(value, Unknown) or self.led:
            self.affect(target, at)
        if isinstance(at, ast.Dict) and isinstance(value, Record) and has_polled(value):
            self.affect(target, at, polled=True)
        match target:
            case ast.Name(id=name):
                if state.polled is not False:
                    self.set_by_answers[name] = target
                if self.names.is_shared(name, target):
                    self.affect(target, at)
                    state.assign(name, unknown(value))
                else:
                    loose = self.is_loose(name, value, target)
                    if loose and isinstance(value, Record):
                        self.affect(target, at, polled=value.polled or has_polled(value))
                    value = loosened(value) if loose else self.items_loosened(name, value, at)
                    state.assign(name, value)
            case ast.Attribute(attr=name):
                self.change(target)
                key = dotted(target)
                if key is not None:
                    if state.polled is not False:
                        self.set_by_answers[key] = target
                    others = self.aliases.set_by_others(self.stack[0]) if self.stack else ()
                    value = unknown(value) if name in others else value
                    loose = self.is_loose(key, value, at)
                    held = loosened(value) if loose else self.items_loosened(key, value, at)
                    state.assign_attribute(key, held)
                    if value.polled:
                        self.answered.add(name)
                    if value.polled and key.rpartition(".")[0] in self.aliases.escaping(at):
                        self._spread(state, at)
                else:
                    owner = self.value(target.value, state)
                    if isinstance(owner, Record) and not owner.mapping:
                        changed = with_part(owner, name, value)
                        self.expressions.put_back(target.value, changed, state)
            case ast.Subscript(value=container, slice=index):
                self.expressions.set_entry(container, self.value(index, state), value, state)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                value = self.expressions.calls.gone_through(value, state)
                for position, element in enumerate(elements):
                    self.assign(element, _element(value, position, len(elements)), state)
            case ast.Starred(value=inner):
                self.assign(inner, unknown(value), state)

    def read(self, record: Value, name: str | None, node: ast.AST, state: State) -> None:
        """Take note that ``node`` reads a field of ``record``, which a poll may have answered.

        ``name`` is None where it is not known which field that is.
        """
        if not isinstance(record, Record) or not record.polled:
            return
        self.notes.look_at_field(record, name)
        if name is not None:
            waited = self.waits > 0 or self.loops > 0
            decided = tuple(self.decided[self.since_wait :])
            guess = state.guess or self.guesses > 0
            reading = Reading(name, record, guess, waited, decided)
            self.notes.readings.setdefault(node, []).append(reading)

    def ask(self, stream: Stream, state: State) -> None:
        """Run the body of a generator on to its next item."""
        if stream.polls:
            state.polled = True
            self.polls += 1
        self.raised += [replace(way_out, state=state.copy()) for way_out in stream.raises]
        if stream.function is not None:
            source = POLLED if stream.polls else UNKNOWN
            self.expressions.calls.forget_what_is_set(stream.function, state, source)
        if state.waited is False:
            state.waited = None  # its body may wait

    def affect(self, target: ast.expr, source: ast.AST, *, polled: bool = False) -> None:
        """Take note that something has changed what ``target`` holds, in a way nobody can see.

        Or for an answer's sake: another answer leaves there what was there before.
        ``polled``: what a poll has answered is in it now.
        """
        if not (self.loops or polled):
            return
        key = dotted(target)
        if key is not None:
            sources = self.names.depends_on(source)
            self.effects.append(Effect(key, target, sources, polled, self.led))

    def change(self, place: ast.AST, *, polled: bool = False) -> None:
        """Take note that an object is changed in place, which may have other names.

        ``polled``: by what a poll has answered.
        """
        if self.polls:
            key = dotted(place)
            if key is not None:
                self.set_by_answers[key] = place
            if self.shared:
                self.set_by_answers[SHARED] = place
        if self.loops and self.shared:
            self.effects.append(Effect(SHARED, place, frozenset(), polled, self.led))

    def change_by(self, call: ast.Call) -> None:
        """Take note of a call that nobody can see into, of what may change its object."""
        if (self.loops or self.polls) and self.shared.is_called(call.func):
            self.change(call)

    def spread(self, key: str, state: State, at: ast.AST) -> None:
        """What a poll has answered may now be in an object that may have other names."""
        if state.names[key].polled:
            self._spread(state, at)

    def _spread(self, state: State, at: ast.AST) -> None:
        for name in self.aliases.escaping(at):
            if isinstance(state.names.get(name), Unknown):
                state.names[name] = POLLED

    def doubt(
        self,
        node: Branch,
        statement: ast.If | ast.While | ast.Match,
        conditions: Sequence[ast.AST],
        since: int,
    ) -> None:
        """Take note of a branch that could not be decided.

        ``since``: how many comparisons had been decided before ``conditions`` were looked at.
        """
        if self.loops:
            reads = frozenset[str]().union(*map(self.names.depends_on, conditions))
            if any(map(self.shared.is_read_in, conditions)):
                reads |= {SHARED}
            decided = frozenset(self.decided[since:])
            self.doubts.append(Doubt(node, statement, reads, decided, self.names.may_raise))

    def settle(self, node: Branch, test: Value, *, holds: bool) -> None:
        """Take note of a branch that could be decided."""
        if self.loops and test.polled:
            self.settled.append((node, holds))

    def removed(self, collection: ast.expr, item: ast.expr, state: State) -> None:
        """Take note that an item has been removed from a collection."""
        path, name = dotted(collection), dotted(item)
        for loop in self.draining:
            if path is not None and name is not None:
                loop.removed(path, name, state)

    def delete(self, target: ast.expr, state: State) -> None:
        """Run ``del target``."""
        match target:
            case ast.Subscript(value=container, slice=index):
                self.removed(container, index, state)
                self.expressions.set_entry(container, self.value(index, state), Missing(), state)
            case _:
                key = dotted(target)
                if key is not None:
                    state.assign(key, UNKNOWN)

    # Branches

    def _if(self, node: ast.If, state: State) -> Flow:
        since = len(self.decided)
        test = self.test(node.test, state)
        state.look_at(test)
        holds = truth(test)
        if holds is not None:
            self.settle(node, test, holds=holds)
            return self.branch(node.body if holds else node.orelse, state, led=test.polled)
        self.doubt(node, node, [node.test], since)
        otherwise = state.copy()
        self.expressions.refine(node.test, state, holds=True)
        self.expressions.refine(node.test, otherwise, holds=False)
        self.guesses += test.polled
        flows = [self.block(node.body, state), self.block(node.orelse, otherwise)]
        self.guesses -= test.polled
        return self.merge(flows, blame=test.polled)

    # Loops

    def _loop(self, node: Loop, state: State) -> Flow:
        self._forget_attributes(node, state)
        turns = LoopTurns(self, node)
        self.loops += 1
        flow = turns.run(state)
        self.loops -= 1
        if turns.polls or turns.polled:
            self.waits += 1
            self.since_wait = len(self.decided)
        if len(self.stack) == 1:
            self._note_outcome(turns)
        return flow

    def _note_outcome(self, turns: Turns) -> None:
        if turns.polled or turns.endless:
            outcome = turns.outcome()
            known = self.outcomes.get(turns.node)
            self.outcomes[turns.node] = known.joined(outcome) if known else outcome

    def is_loose(self, key: str, value: Value, at: ast.AST) -> bool:
        """Whether ``value`` may be changed under another name than ``key``."""
        if "." not in key and (isinstance(value, Unknown) or not is_mutable(value)):
            return False
        matters = self.world.careful or self.loops > 0
        return matters and _has_other_names(key, value, self.aliases.escaping(at))

    def items_loosened(self, key: str, value: Value, at: ast.AST) -> Value:
        """``value`` without what is known of items that may be changed under another name."""
        plain = isinstance(value, Known) and not isinstance(value.value, tuple)
        if plain or isinstance(value, Unknown) or not (self.world.careful or self.loops):
            return value
        return items_loosened(value) if key in self.aliases.holding(at) else value

    def _forget_attributes(self, node: Loop, state: State) -> None:
        """What somebody else may change while the loop runs: attributes that the loop does not
        set, and objects that have another name as well."""
        stored: set[str] | None = None
        escaping, holding = self.aliases.escaping(node), self.aliases.holding(node)
        shared = escaping | holding
        for key in list(state.names) if state.has_paths else shared & state.names.keys():
            value = state.names[key]
            if key in holding:
                state.names[key] = items_loosened(value)
            if _has_other_names(key, value, escaping):
                state.names[key] = loosened(value)
            elif state.has_paths and "." in key:
                stored = self.aliases.stored_in(node) if stored is None else stored
                if key.rpartition(".")[2] not in stored:
                    state.names[key] = unknown(value)


def _has_other_names(key: str, value: Value, escaping: set[str]) -> bool:
    """Whether what ``key`` holds, or an object it is an attribute of, has another name."""
    if key in escaping and is_mutable(value):
        return True
    return "." in key and not escaping.isdisjoint(owners_of(key)[1:])


def _is_a_number(value: Value) -> bool:
    """Whether a value is surely nothing that can be changed in place."""
    return isinstance(value, Known) and not isinstance(value.value, tuple | frozenset)


def _element(value: Value, position: int, count: int) -> Value:
    match value:
        case Known(tuple() as constants) if len(constants) == count:
            return Known(constants[position], value.polled)
        case Record(fields) if str(position) in fields:
            return fields[str(position)]
        case Many():
            return item_of(value)
        case Record(fields, owner=ast.ClassDef() as owner) if len(fields) == count and any(
            (dotted(base) or "").endswith("NamedTuple") for base in owner.bases
        ):
            return list(fields.values())[position]
        case _:
            return unknown(value)


def _narrows(test: ast.expr) -> bool:
    """Whether an assertion is there for a type checker: ``isinstance(x, T)``, ``x is not None``."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance" | "callable" | "hasattr")):
            return True
        case ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
        case ast.Name() | ast.Attribute():
            return True
        case ast.BoolOp(values=values):
            return all(_narrows(value) for value in values)
    return False
