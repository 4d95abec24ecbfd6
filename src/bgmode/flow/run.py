"""Runs a function with values that may be unknown: its statements, loops and calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bgmode.flow import callees
from bgmode.flow.aliases import aliases_of
from bgmode.flow.exceptions import catches, expects, handler_names, raised_name, suppresses
from bgmode.flow.exits import Diverges, Effect, Exit, Flow, Outcome, State, join_states, join_two
from bgmode.flow.expressions import Expressions
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
    undecorated,
)
from bgmode.flow.objects import likely_default
from bgmode.flow.rounds import Rounds, is_round
from bgmode.flow.turns import Drained, LoopTurns, Turns
from bgmode.flow.values import (
    MISSING,
    NONE,
    POLLED,
    UNKNOWN,
    Answered,
    ClassRef,
    Function,
    Instance,
    Known,
    Many,
    Missing,
    Record,
    Stream,
    Truth,
    Unknown,
    Value,
    compare,
    either,
    is_mutable,
    item_of,
    join,
    loosened,
    part,
    truth,
    unknown,
)
from bgmode.flow.world import World

_MOST_WORK = 60_000  # expressions of one run; joining states counts as well
_DEEPEST_CALL = 3


@dataclass(frozen=True, slots=True)
class Prefix:
    """How far a function has come before anything in it depends on a poll.

    ``position`` is that of the top-level statement that comes next, ``constants`` what is known
    of the code outside.
    """

    position: int
    state: State
    constants: dict[int, Value]


class GaveUp(Exception):
    """The run is too long to be worth going on with."""


class Run:
    """One abstract run of one function (or of a module's top level).

    ``outcomes`` holds, for each loop of that function, how it is left.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.names = world.names
        self.aliases = aliases_of(world.names)
        self.outcomes: dict[Repeated, Outcome] = {}
        self.raised: list[Exit] = []
        self.given: list[Value] = []  # what a generator yields
        self.yields: set[ast.AST] = set()  # and where
        self.stuck = 0  # loops that nothing leaves
        self.draining: list[Drained] = []  # the loops that may empty a collection
        self.acts: list[ast.AST] = []  # outside calls that do something
        self.doubts: list[str] = []  # names in undecided conditions
        self.effects: list[Effect] = []  # what has changed unknown values
        self.sleeps: dict[ast.Call, Value] = {}  # calls that wait, and how many seconds
        self.ends: frozenset[ast.AST] = frozenset()  # what ends the whole function
        self.handled: set[ast.AST] = set()  # what a poll's exception has not got past
        self.sides: dict[ast.expr, set[ast.expr]] = {}  # and the expression that held the answer
        self.words: dict[ast.expr, set[Any]] = {}  # what answers are compared with, and where
        self.tries = 0
        self.loops = 0
        self.turn = 0  # of the innermost loop, the first is 1
        self.polls = 0
        self._expressions = Expressions(self)
        self._work = 0
        self.prefix: Prefix | None = None
        self.questions: set[tuple[object, ...]] = set()  # what was asked of the answer
        self.looked_closely = False  # and something that cannot be put as a question
        self._stack: list[ScopeNode] = []
        self._frames: dict[ScopeNode, State] = {}  # of functions that wait for a call
        self._timeouts: list[ast.AST] = []
        self._handling: list[str | None] = []  # the exceptions that handlers are at work on
        self._pending: dict[Code, State] = {}
        self._root: FunctionNode | None = None  # the function whose rounds are run
        self.gave_up = False

    # The run as a whole

    def start(
        self,
        scope: ast.Module | Code,
        *,
        prefix: Prefix | None = None,
        loops_only: bool = False,
    ) -> None:
        """Run ``scope`` from its beginning, or from where another run has come (``prefix``).

        ``loops_only`` stops behind the last loop.
        """
        if scope in self.names.hopeless:
            self.gave_up = True
            return
        state = State({}, False, False)
        self._stack.append(scope)
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
                    self._ended(scope, self._from(scope, state, prefix, loops_only=loops_only))
            if not loops_only:
                self._run_pending()
        except Diverges:
            pass
        except (GaveUp, RecursionError):
            for loop, outcome in self.outcomes.items():
                self.outcomes[loop] = outcome.joined(Outcome(unclear=True))
            self.gave_up = True
            self.names.hopeless.add(scope)

    def _from(
        self,
        scope: ast.Module | FunctionNode,
        state: State,
        prefix: Prefix | None,
        *,
        loops_only: bool,
    ) -> Flow:
        """Run the statements of ``scope`` itself, and remember how far it comes without a poll."""
        statements = scope.body[: self.names.last_loop(scope) + 1] if loops_only else scope.body
        if prefix is not None:
            self._expressions.take_over(prefix.constants)
        first = 0 if prefix is None else prefix.position
        following: State | None = state if prefix is None else prefix.state.copy()
        exits: list[Exit] = []
        for position in range(first, len(statements)):
            if following is None:
                break
            if self.polls == 0 and not self.outcomes:
                self.prefix = Prefix(position, following.copy(), self._expressions.constants)
            flow = self.statement(statements[position], following)
            exits += flow.exits
            following = flow.falls
        return Flow(following, exits)

    def spend(self, work: int) -> None:
        """Count what has been done; raises :class:`GaveUp` once it is too much."""
        self._work += work
        if self._work > _MOST_WORK:
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
        exits = [way_out for flow in flows for way_out in flow.exits]
        return Flow(falls, [way_out.guessed() for way_out in exits] if blame else exits)

    def look_closely(self, *values: Value) -> None:
        """Take note that the letters of an answer matter: no other answer can share this run."""
        if not self.looked_closely:
            self.looked_closely = any(
                isinstance(value, Known) and isinstance(value.value, Answered) for value in values
            )

    def look_at_field(self, record: Value, name: Value) -> None:
        """Take note that a field of an answer has been read."""
        match record, name:
            case Record(polled=True), Known(str() as field):
                self.questions.add((field,))
            case Record(polled=True), _:
                self.looked_closely = True

    def _ended(self, scope: ast.Module | Code, flow: Flow) -> None:
        ends = {way_out.node for way_out in flow.exits if not way_out.implicit}
        self.ends = frozenset(ends | {scope} if flow.falls is not None else ends)

    def _rounds(self, function: FunctionNode, state: State) -> None:
        rounds = Rounds(self, function)
        self._root = function
        self.loops += 1
        rounds.run(state)
        self.loops -= 1
        self._note_outcome(rounds)

    def _run_pending(self) -> None:
        while self._pending:
            code, state = self._pending.popitem()
            self.probe(Function(code), state)

    def value(self, node: ast.expr, state: State) -> Value:
        """Evaluate an expression; what it does to ``state`` is done to it."""
        return self._expressions.value(node, state)

    def test(self, node: ast.expr, state: State) -> Value:
        """Evaluate a condition: a Known boolean, or unknown."""
        return self._expressions.test(node, state)

    def ask(self, operator: ast.cmpop, answer: Value, words: Value) -> None:
        """Take note of a question that is asked of an answer."""
        if isinstance(answer, Known) and isinstance(answer.value, Answered):
            constant = words.value if isinstance(words, Known) else None
            self.looked_closely = self.looked_closely or constant is None
            self.questions.add((operator, constant, True))

    def refine(self, test: ast.expr, state: State, *, holds: bool) -> None:
        """Take note of what an undecided test has shown."""
        self._expressions.refine(test, state, holds=holds)

    def compared(
        self, left: ast.expr, value: Value, operator: ast.cmpop, right: ast.expr, other: Value
    ) -> None:
        """Take note of a comparison with what a poll has answered."""
        if isinstance(operator, ast.In | ast.NotIn) and _is_word(other):
            self.look_closely(value, other)
            return  # asks for a part of a text
        for node, compared, word in ((right, value, other), (left, other, value)):
            match compared, word:
                case Known(Answered()), Known(str() | tuple() | frozenset() as words):
                    found = {words} if isinstance(words, str) else set(words)
                    self.words.setdefault(node, set()).update(found)
                    self.sides.setdefault(node, set()).add(right if node is left else left)
                    if not isinstance(operator, ast.Is):
                        self.questions.add((operator, words, node is right))
                case Known(Answered()), Record():
                    self.looked_closely = True

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
        return self._expressions.callee_name(node)

    def arguments(self, call: ast.Call, state: State) -> Record:
        """The keyword arguments of a call, as they would be in ``state``."""
        try:
            return self._expressions.calls.arguments(call, state)[1]
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
        default = defaults(code).get(name)
        if default is None:
            return UNKNOWN
        if self.world.careful and not self.names.is_left_out(code, name):
            return UNKNOWN
        match default:
            case ast.Constant(value=None) if self.world.careful and name not in self.world.given:
                return NONE
        return likely_default(self._expressions.static(default))

    # Blocks and simple statements

    def block(self, statements: Sequence[ast.stmt], state: State | None) -> Flow:
        """Run statements one after the other."""
        exits: list[Exit] = []
        for statement in statements:
            if state is None:
                break
            flow = self.statement(statement, state)
            exits += flow.exits
            state = flow.falls
        return Flow(state, exits)

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
                return self._try(node, state)
            case ast.With() | ast.AsyncWith():
                return self._with(node, state)
            case ast.Match():
                return self._match(node, state)
            case ast.Return(value=value):
                result = NONE if value is None else self.value(value, state)
                return Flow(None, [Exit("return", node, state, value=result)])
            case ast.Raise(exc=exception):
                if exception is not None:
                    self.value(exception, state)
                    return Flow(None, [Exit("raise", node, state, raised=raised_name(exception))])
                again = self._handling[-1] if self._handling else None
                return Flow(None, [Exit("raise", node, state, raised=again)])
            case ast.Break():
                return Flow(None, [Exit("break", node, state)])
            case ast.Continue():
                return Flow(None, [Exit("continue", node, state)])
            case _ if type(node).__name__ == "TryStar":
                return self._try(node, state)  # type: ignore[arg-type]
            case _:
                self._simple(node, state)
                return Flow(state)

    def _simple(self, node: ast.stmt, state: State) -> None:
        match node:
            case ast.Expr(value=value):
                self._expressions.alone(value, state)
            case ast.Assign(targets=targets, value=value):
                result = self.value(value, state)
                for target in targets:
                    self.assign(target, result, state, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.value(value, state), state, value)
            case ast.AugAssign(target=target, op=operator, value=value):
                old = self._expressions.reading(target, state)
                result = self._expressions.combine(operator, old, self.value(value, state))
                self.assign(target, result, state, node)
            case ast.Assert(test=test):
                self._assert(node, test, state)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for decorator in node.decorator_list:
                    self.value(decorator, state)
                state.assign(node.name, Function(node))
                if self._stack and isinstance(self._stack[-1], CODE):
                    self._pending[node] = state.copy()
            case ast.ClassDef():
                state.assign(node.name, ClassRef(node))
                self._class_body(node, state)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    name = self.names.imports.get(bound, bound)
                    state.assign(bound, self._expressions.symbol(name))
            case ast.Delete(targets=targets):
                for target in targets:
                    self.delete(target, state)

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
        if holds is False:
            raise Diverges

    def may_raise(
        self, node: ast.AST, state: State, name: str | None, *, implicit: bool, guess: bool = False
    ) -> None:
        """Take note that ``node`` may raise here."""
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
        if isinstance(value, Unknown):
            self.affect(target, target if source is None else source)
        match target:
            case ast.Name(id=name):
                if self.names.is_shared(name, target):
                    state.assign(name, unknown(value))
                else:
                    loose = self.is_loose(name, value, target)
                    state.assign(name, loosened(value) if loose else value)
            case ast.Attribute():
                key = dotted(target)
                if key is not None:
                    loose = self.is_loose(key, value, target)
                    state.assign_attribute(key, loosened(value) if loose else value)
                else:
                    self.value(target.value, state)
            case ast.Subscript(value=container, slice=index):
                self._expressions.set_entry(container, self.value(index, state), value, state)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for position, element in enumerate(elements):
                    self.assign(element, _element(value, position, len(elements)), state)
            case ast.Starred(value=inner):
                self.assign(inner, unknown(value), state)

    def affect(self, target: ast.expr, source: ast.AST) -> None:
        """Take note that something unknown has changed what ``target`` holds."""
        key = dotted(target)
        if self.loops and key is not None:
            self.effects.append(Effect(key, target, frozenset(_names_in(source))))

    def doubt(self, test: ast.expr) -> None:
        """Take note of a condition that could not be decided."""
        if self.loops:
            self.doubts += _names_in(test)

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
                self._expressions.set_entry(container, self.value(index, state), Missing(), state)
            case _:
                key = dotted(target)
                if key is not None:
                    state.assign(key, UNKNOWN)

    # Branches

    def _if(self, node: ast.If, state: State) -> Flow:
        test = self.test(node.test, state)
        state.look_at(test)
        match truth(test):
            case True:
                return self.block(node.body, state)
            case False:
                return self.block(node.orelse, state)
        self.doubt(node.test)
        otherwise = state.copy()
        self._expressions.refine(node.test, state, holds=True)
        self._expressions.refine(node.test, otherwise, holds=False)
        return self.merge(
            [self.block(node.body, state), self.block(node.orelse, otherwise)], blame=test.polled
        )

    def _match(self, node: ast.Match, state: State) -> Flow:
        subject = self.value(node.subject, state)
        state.look_at(subject)
        flows: list[Flow] = []
        for case in node.cases:
            fits = self._fits(case.pattern, subject, state)
            inner = state.copy()
            self._capture(case.pattern, subject, inner)
            if case.guard is not None and fits is not False:
                try:
                    guard = truth(self.test(case.guard, inner))
                except Diverges:
                    if fits and not flows:
                        raise
                    if fits:
                        return self.merge(flows, blame=subject.polled)
                    continue  # it raises where the pattern fits, and does not where it does not
                state = inner.copy() if fits else join_two(state, inner)
                fits = False if guard is False else (fits if guard else None)
            if fits is False:
                continue
            flows.append(self.block(case.body, inner))
            if fits:
                return self.merge(flows, blame=subject.polled and len(flows) > 1)
        flows.append(Flow(state))
        return self.merge(flows, blame=subject.polled and len(flows) > 1)

    def _fits(self, pattern: ast.pattern, subject: Value, state: State) -> Truth:
        match pattern:
            case ast.MatchValue(value=value):
                constant = self.value(value, state.copy())
                self.compared(value, constant, ast.Eq(), self._subject_of(value), subject)
                return truth(compare(ast.Eq(), subject, constant))
            case ast.MatchSingleton(value=constant):
                return truth(compare(ast.Is(), subject, Known(constant)))
            case ast.MatchOr(patterns=patterns) if _are_words(patterns) and _is_word(subject):
                asked = ast.Tuple([piece.value for piece in patterns])  # type: ignore[attr-defined]
                words = self.value(asked, state.copy())
                for node in asked.elts:
                    word = self.value(node, state.copy())
                    self.compared(node, word, ast.Is(), self._subject_of(node), subject)
                self.ask(ast.In(), subject, words)
                return truth(compare(ast.In(), subject, words))
            case ast.MatchOr(patterns=patterns):
                result: Truth = False
                for alternative in patterns:
                    result = either(result, self._fits(alternative, subject, state))
                return result
            case ast.MatchAs(pattern=None):
                return True
            case ast.MatchAs(pattern=ast.pattern() as inner):
                return self._fits(inner, subject, state)
            case ast.MatchClass(cls=ast.Name(id="str"), patterns=[], kwd_patterns=[]):
                return isinstance(subject.value, str) if isinstance(subject, Known) else None
            case ast.MatchSequence() | ast.MatchMapping() | ast.MatchClass():
                held = _inside(pattern, subject)
                if held is None:
                    return None
                fits: Truth = None if isinstance(pattern, ast.MatchClass) else True
                if isinstance(pattern, ast.MatchClass) and self._is_a(pattern.cls, subject):
                    fits = True
                for piece, entry in held:
                    fits = _both(fits, self._fits(piece, entry, state))
                return fits
            case ast.MatchStar():
                return True
            case _:
                return None

    def _subject_of(self, pattern: ast.AST) -> ast.expr:
        """What the ``match`` statement looks at that a pattern stands in."""
        statement = next(
            above for above in self.names.ancestors(pattern) if isinstance(above, ast.Match)
        )
        return statement.subject

    def _is_a(self, cls: ast.expr, subject: Value) -> bool:
        """Whether ``subject`` surely is an object of the class that ``cls`` names."""
        if not isinstance(subject, Record) or subject.mapping:
            return False
        match self.value(cls, State({}, False, False)):
            case ClassRef(node):
                return subject.owner is node
            case _:
                name = dotted(cls) or ""
                is_tuple = isinstance(subject.rest, Missing)
                return (
                    subject.owner is None
                    and not is_tuple
                    and self.world.answers_a(callees.last_name(name))
                )

    def _capture(self, pattern: ast.pattern, subject: Value, state: State) -> None:
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if inner is not None:
                    self._capture(inner, subject, state)
                if name is not None:
                    state.assign(name, subject)
            case ast.MatchOr(patterns=patterns):
                for alternative in patterns:
                    self._capture(alternative, unknown(subject), state)
            case ast.MatchSequence() | ast.MatchMapping() | ast.MatchClass():
                known = _inside(pattern, subject)
                pieces = known or [(piece, unknown(subject)) for piece in _pieces(pattern)]
                for piece, value in pieces:
                    self._capture(piece, value, state)
                if isinstance(pattern, ast.MatchMapping) and pattern.rest is not None:
                    state.assign(pattern.rest, unknown(subject))
            case ast.MatchStar(name=str(name)):
                state.assign(name, unknown(subject))

    # Loops

    def _loop(self, node: Loop, state: State) -> Flow:
        self._forget_attributes(node, state)
        turns = LoopTurns(self, node)
        self.loops += 1
        flow = turns.run(state)
        self.loops -= 1
        if len(self._stack) == 1:
            self._note_outcome(turns)
        return flow

    def _note_outcome(self, turns: Turns) -> None:
        if turns.polled or turns.endless:
            outcome = turns.outcome()
            known = self.outcomes.get(turns.node)
            self.outcomes[turns.node] = known.joined(outcome) if known else outcome

    def is_loose(self, key: str, value: Value, at: ast.AST) -> bool:
        """Whether ``value`` may be changed under another name than ``key``."""
        matters = self.world.careful or self.loops > 0
        return matters and _has_other_names(key, value, self.aliases.escaping(at))

    def _forget_attributes(self, node: Loop, state: State) -> None:
        """What somebody else may change while the loop runs: attributes that the loop does not
        set, and objects that have another name as well."""
        stored: set[str] | None = None
        escaping = self.aliases.escaping(node)
        for key, value in state.names.items():
            if _has_other_names(key, value, escaping):
                state.names[key] = loosened(value)
            elif "." in key:
                stored = self.aliases.stored_in(node) if stored is None else stored
                if key.rpartition(".")[2] not in stored:
                    state.names[key] = unknown(value)

    def turn_exits(self, state: State) -> Iterable[Exit]:
        """The ways out that an enclosing timeout opens in each turn."""
        for scope in self._timeouts:
            yield Exit("raise", scope, state.copy(), raised="TimeoutError")

    # Exceptions and contexts

    def _try(self, node: ast.Try, state: State) -> Flow:
        self.tries += 1
        body = self.block(node.body, state)
        self.tries -= 1
        flows = [self.block(node.orelse, body.falls)] if body.falls else [Flow(None)]
        flows[0].exits += [way_out for way_out in body.exits if way_out.kind != "raise"]
        raised = [way_out for way_out in body.exits if way_out.kind == "raise"]
        for handler in node.handlers:
            caught: list[Exit] = []
            further: list[Exit] = []
            for way_out in raised:
                decided = catches(handler, way_out, self.world)
                if decided is not False:
                    caught.append(way_out)
                if decided is not True:
                    further.append(way_out)
            raised = further
            if caught:
                flows.append(self._handle(handler, caught))
        flows[0].exits += raised
        return self._finally(node.finalbody, self.merge(flows))

    def _handle(self, handler: ast.ExceptHandler, caught: list[Exit]) -> Flow:
        guess = any(way_out.guess for way_out in caught)
        state = self.join((way_out.state for way_out in caught), blame=guess)
        if state is None:
            return Flow(None)
        polls = any(way_out.exception is not None for way_out in caught)
        if handler.name:
            state.assign(handler.name, _thrown(caught))
        names = {way_out.raised for way_out in caught}
        self._handling.append(names.pop() if len(names) == 1 else None)
        flow = self.block(handler.body, state)
        self._handling.pop()
        if polls:
            if flow.falls is not None or any(w.kind == "continue" for w in flow.exits):
                self.handled.add(handler)
            flow.exits = [_passed_on(way_out) for way_out in flow.exits]
        if guess:
            flow.exits = [way_out.guessed() for way_out in flow.exits]
        accidents = all(way_out.implicit or way_out.accident for way_out in caught)
        if accidents and not expects(handler):
            flow.exits = [replace(way_out, accident=True) for way_out in flow.exits]
        return flow

    def _finally(self, body: list[ast.stmt], flow: Flow) -> Flow:
        if not body:
            return flow
        result = self.block(body, flow.falls)
        for way_out in flow.exits:
            after = self.block(body, way_out.state.copy())
            result.exits += after.exits
            if after.falls is not None:
                way_out.state.become(after.falls)
                result.exits.append(way_out)
        return result

    def _with(self, node: ast.With | ast.AsyncWith, state: State) -> Flow:
        scopes: list[str] = []
        suppressed: list[str | None] = []
        for item in node.items:
            value = self.value(item.context_expr, state)
            name = self._scope_name(item.context_expr)
            known = name in callees.TIMEOUT_SCOPES or name == "contextlib.suppress"
            if not known and state.waited is False:
                state.waited = None  # entering may wait: a lock, a limiter
            if name is not None and not self._has_no_limit(item.context_expr, state):
                scopes.append(name)
            match item.context_expr:
                case ast.Call(args=classes) if name == "contextlib.suppress":
                    handler = ast.ExceptHandler(type=ast.Tuple(elts=classes), body=[])
                    suppressed += handler_names(handler)
            if item.optional_vars is not None:
                entered = value if isinstance(value, Record) else unknown(value)
                self.assign(item.optional_vars, entered, state)
        timed = any(name in callees.TIMEOUT_SCOPES for name in scopes)
        if timed:
            self._timeouts.append(node)
            self.tries += 1
            self.may_raise(node, state, "TimeoutError", implicit=True)
            self.tries -= 1
        self.tries += bool(suppressed)
        flow = self.block(node.body, state)
        self.tries -= bool(suppressed)
        if timed:
            self._timeouts.pop()
        if any(name in callees.SWALLOWING_SCOPES for name in scopes):
            flow.exits += [way_out for way_out in self.raised if way_out.node is node]
            self.raised = [way_out for way_out in self.raised if way_out.node is not node]
            flow = _swallow(flow, [w for w in flow.exits if w.node is node], keep=[])
        if suppressed:
            decided = {id(w): suppresses(suppressed, w, self.world) for w in flow.exits}
            raised = [w for w in flow.exits if w.kind == "raise"]
            gone = [w for w in raised if decided[id(w)] is not False]
            if any(way_out.exception is not None for way_out in gone):
                self.handled.add(node)
            flow = _swallow(flow, gone, keep=[w for w in gone if decided[id(w)] is None])
        return flow

    def _has_no_limit(self, node: ast.expr, state: State) -> bool:
        """``asyncio.timeout(None)``."""
        match node:
            case ast.Call(args=[limit]) | ast.Call(args=[], keywords=[ast.keyword(value=limit)]):
                value = self.value(limit, state.copy())
                return isinstance(value, Known) and value.value is None
        return False

    def _scope_name(self, node: ast.expr) -> str | None:
        """The dotted name of what makes a context; of two, that of the one with a time limit."""
        match node:
            case ast.IfExp(body=body, orelse=orelse):
                names = [self._scope_name(body), self._scope_name(orelse)]
                return next((name for name in names if name in callees.TIMEOUT_SCOPES), names[0])
            case ast.Name(id=name):
                scope = self.names.defining_scope(name, node)
                binding = scope.only(name) if scope else None
                value = binding.value if binding else None
                return self._scope_name(value) if isinstance(value, ast.Call) else None
            case ast.Call() if (manager := self.names.callee(node)) is not None:
                return self._scope_inside(manager)
            case _:
                return self._expressions.callee_name(node)

    def _scope_inside(self, manager: FunctionNode) -> str | None:
        """The time limit in a context manager that is written as a generator."""
        for node in ast.walk(manager):
            if isinstance(node, ast.With | ast.AsyncWith):
                for item in node.items:
                    name = self._expressions.callee_name(item.context_expr)
                    if name in callees.TIMEOUT_SCOPES:
                        return name
        return None

    # Calls of code that can be read

    def call(
        self, function: Function, positional: list[Value], keywords: Record, state: State
    ) -> Value | None:
        """Run a local function; None where it must be taken for one that cannot be read."""
        code = function.node
        if code is self._root and code in self._stack:
            inner = self._enter(function, positional, keywords, state)
            self.raised.append(Exit("again", code, inner))
            raise Diverges
        if len(self._stack) > _DEEPEST_CALL or code in self._stack or not self._plain(code):
            return None
        if self.names.yields(code):
            return self._stream(function, positional, keywords, state)
        self._pending.pop(code, None)
        if self._stack:
            self._frames[self._stack[-1]] = state
        inner = self._enter(function, positional, keywords, state)
        self._stack.append(code)
        outer, self.raised = self.raised, []
        try:
            if isinstance(code, ast.Lambda):
                flow = Flow(None, [])
                result = self.value(code.body, inner)
                flow.exits.append(Exit("return", code, inner, value=result))
            else:
                flow = self.block(code.body, inner)
        except Diverges:
            flow = Flow(None)
        finally:
            self._stack.pop()
            leftover, self.raised = self.raised, outer
        return self._leave(function, Flow(flow.falls, flow.exits + leftover), state)

    def _stream(
        self, function: Function, positional: list[Value], keywords: Record, state: State
    ) -> Value:
        """What a call of a generator function gives: somebody who goes through it runs its body."""
        code = function.node
        if isinstance(code, ast.Lambda):
            return UNKNOWN
        inner = self._enter(function, positional, keywords, state)
        inner.polled = inner.waited = False
        given, self.given = self.given, []
        outer, self.raised = self.raised, []
        polls, stuck = self.polls, self.stuck
        self._stack.append(code)
        try:
            flow = self.block(code.body, inner)
        except Diverges:
            flow = Flow(None)
        finally:
            self._stack.pop()
            leftover, self.raised = self.raised, outer
            items, self.given = self.given, given
        exits = flow.exits + leftover
        returns = [way_out for way_out in exits if way_out.kind == "return"]
        falls = flow.falls is not None and self.stuck == stuck
        item: Value | None = None
        for value in items:
            item = value if item is None else join(item, value)
        return Stream(
            UNKNOWN if item is None else item,
            bool(returns) or falls,
            self.polls > polls,
            tuple(way_out for way_out in exits if way_out.kind == "raise"),
            self.polls > polls,
        )

    def applied(self, predicate: ast.expr, value: Value, state: State) -> Value:
        """What a predicate gives for ``value``."""
        match self.value(predicate, state):
            case Function() as function:
                keywords = Record({}, MISSING, mapping=True)
                result = self.call(function, [value], keywords, state)
                return unknown(value) if result is None else result
            case _ if isinstance(predicate, ast.Name) and predicate.id == "bool":
                decided = truth(value)
                return unknown(value) if decided is None else Known(decided)
            case _:
                return unknown(value)

    def is_caught(self, classes: ast.expr, way_out: Exit) -> Truth:
        """Whether the exception of a way out is one of ``classes``."""
        return catches(ast.ExceptHandler(type=classes, body=[]), way_out, self.world)

    def probe(self, function: Function, state: State) -> None:
        """Run a function that somebody else may call, for what it does on the way."""
        arguments = Record({}, UNKNOWN, mapping=True)
        outer, self.raised = self.raised, []
        try:
            self.call(function, [], arguments, state.copy())
        except Diverges:
            pass
        finally:
            self.raised = outer

    def _plain(self, code: Code) -> bool:
        """Whether calling ``code`` runs its body and nothing else."""
        if code not in self.names.plain:
            self.names.plain[code] = self._is_plain(code)
        return self.names.plain[code]

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
        inner = State(names, state.polled, state.waited)
        arguments = parameters(code)
        ordered = [*code.args.posonlyargs, *code.args.args]
        given = list(positional)
        if function.receiver is not None and ordered:
            own = ordered[0].arg
            for key, held in state.names.items():
                if key.startswith(function.receiver + "."):
                    inner.names[own + key[len(function.receiver) :]] = held
            inner.names[own] = function.bound or self.parameter(code, own)
            if isinstance(inner.names[own], Unknown) and function.owner:
                inner.names[own] = Instance(function.owner)
            ordered = ordered[1:]
        for arg in arguments:
            if function.receiver is not None and arg.arg in inner.names and arg not in ordered:
                continue
            value: Value | None = keywords.fields.get(arg.arg)
            if value is None:
                hidden = not isinstance(keywords.rest, Missing)
                value = unknown(keywords.rest) if hidden else self._default(code, arg.arg)
            inner.assign(arg.arg, value)
        for arg, value in zip(ordered, given, strict=False):
            inner.assign(arg.arg, value)
        return inner

    def _around(self, code: Code) -> State | None:
        """The state of the function that ``code`` is defined in, if that is being run."""
        outer = self.names.scope_node(code)
        return self._frames.get(outer) if outer in self._stack else None

    def _default(self, code: Code, name: str) -> Value:
        default = defaults(code).get(name)
        return UNKNOWN if default is None else self._expressions.static(default)

    def _leave(self, function: Function, flow: Flow, state: State) -> Value:
        for way_out in flow.exits:
            if way_out.kind == "again":
                self.raised.append(way_out)
            if way_out.kind == "raise":
                kept = state.copy()
                self._write_back(function, way_out.state, kept, caller=state)
                self.raised.append(replace(way_out, state=kept))
        returns = [way_out for way_out in flow.exits if way_out.kind == "return"]
        ends = [way_out.state for way_out in returns]
        results = [way_out.value or NONE for way_out in returns]
        if flow.falls is not None:
            ends.append(flow.falls)
            results.append(NONE)
        blame = any(way_out.guess for way_out in returns)
        end = self.join(ends, blame=blame)
        if end is None:
            raise Diverges
        self._write_back(function, end, state, caller=state)
        result = results[0]
        for further in results[1:]:
            result = join(result, further, blame=blame)
        return result

    def _write_back(self, function: Function, end: State, state: State, *, caller: State) -> None:
        """What a call that ends in ``end`` has done to the caller, in ``state``."""
        state.polled, state.waited = end.polled, end.waited
        code = function.node
        first = next(iter(parameters(code)), None)
        if function.receiver is not None and first is not None:
            changed = end.names.get(first.arg)
            bound = function.bound is not None and function.receiver in state.names
            if bound and isinstance(changed, Record):
                state.names[function.receiver] = changed
            for key, value in end.names.items():
                if key.startswith(first.arg + "."):
                    state.names[function.receiver + key[len(first.arg) :]] = value
        around = self._around(code)
        for name in self.names.scopes[code].elsewhere:
            if around is None or name not in end.names:
                continue
            if around is caller:
                state.assign(name, end.names[name])
            else:  # a function further out, which goes on after this call and after others
                around.assign(name, join(around.names.get(name, MISSING), end.names[name]))


def _has_other_names(key: str, value: Value, escaping: set[str]) -> bool:
    """Whether what ``key`` holds, or the object it is an attribute of, has another name."""
    owner, dot, _ = key.partition(".")
    return (bool(dot) and owner in escaping) or (is_mutable(value) and key in escaping)


def _element(value: Value, position: int, count: int) -> Value:
    match value:
        case Known(tuple() as constants) if len(constants) == count:
            return Known(constants[position], value.polled)
        case Record(fields) if str(position) in fields:
            return fields[str(position)]
        case Many():
            return item_of(value)
        case _:
            return unknown(value)


def _thrown(caught: list[Exit]) -> Value:
    """What is known of the exception that a handler has caught."""
    match caught:
        case [Exit(exception=exception)] if exception is not None:
            return exception
        case _:
            polled = any(way_out.guess or way_out.raised is not None for way_out in caught)
            return unknown(Known(None, polled))


def _names_in(node: ast.AST) -> list[str]:
    """The names and attribute chains that are read in ``node``."""
    found: list[str] = []
    stack = [node]
    while stack:
        piece = stack.pop()
        path = dotted(piece) if isinstance(piece, ast.Name | ast.Attribute) else None
        if path is not None:
            found.append(path)
        else:
            stack += ast.iter_child_nodes(piece)
    return found


def _passed_on(way_out: Exit) -> Exit:
    """A way out of a handler: what it raises is still the poll's fault."""
    if way_out.kind != "raise" or way_out.implicit or way_out.exception is not None:
        return way_out
    return replace(way_out, exception=POLLED)


def _are_words(patterns: list[ast.pattern]) -> bool:
    return all(
        isinstance(piece, ast.MatchValue) and isinstance(piece.value, ast.Constant)
        for piece in patterns
    )


def _is_word(value: Value) -> bool:
    return isinstance(value, Known) and isinstance(value.value, str)


def _both(left: Truth, right: Truth) -> Truth:
    """``left and right`` in three-valued logic."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def _pieces(pattern: ast.pattern) -> list[ast.pattern]:
    """The patterns directly inside a pattern."""
    match pattern:
        case ast.MatchSequence(patterns=pieces) | ast.MatchMapping(patterns=pieces):
            return pieces
        case ast.MatchClass(patterns=positional, kwd_patterns=named):
            return [*positional, *named]
        case _:
            return []


def _inside(pattern: ast.pattern, subject: Value) -> list[tuple[ast.pattern, Value]] | None:
    """The patterns inside a pattern, each with the value that it is held against.

    None where the parts of ``subject`` are not known.
    """
    match pattern, subject:
        case ast.MatchSequence(patterns=pieces), _ if not any(
            isinstance(piece, ast.MatchStar) for piece in pieces
        ):
            elements = _elements(subject)
            if elements is None or len(elements) != len(pieces):
                return None
            return list(zip(pieces, elements, strict=True))
        case ast.MatchClass(patterns=[], kwd_attrs=names, kwd_patterns=pieces), Record(
            mapping=False
        ):
            return [(piece, part(subject, name)) for name, piece in zip(names, pieces, strict=True)]
        case ast.MatchMapping(keys=keys, patterns=pieces), Record(mapping=True):
            found: list[tuple[ast.pattern, Value]] = []
            for key, piece in zip(keys, pieces, strict=True):
                entry = part(subject, str(key.value)) if isinstance(key, ast.Constant) else UNKNOWN
                if isinstance(entry, Missing):
                    return None
                found.append((piece, entry))
            return found
        case _:
            return None


def _elements(value: Value) -> list[Value] | None:
    """The elements of a tuple or list of known length."""
    match value:
        case Known(tuple() as constants):
            return [Known(constant, value.polled) for constant in constants]
        case Record(fields, Missing(), mapping=False, owner=None):
            return list(fields.values()) if all(name.isdigit() for name in fields) else None
        case _:
            return None


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


def _swallow(flow: Flow, gone: list[Exit], keep: list[Exit]) -> Flow:
    if not gone:
        return flow
    ends = [flow.falls] if flow.falls is not None else []
    falls = join_states([*ends, *(way_out.state for way_out in gone)])
    dropped = {id(way_out) for way_out in gone} - {id(way_out) for way_out in keep}
    return Flow(falls, [way_out for way_out in flow.exits if id(way_out) not in dropped])
