"""The turns of a loop: run one after the other until nothing new can come."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bgmode.flow import callees
from bgmode.flow.exits import Diverges, Effect, Exit, Flow, Outcome, State, Way, join_two
from bgmode.flow.names import Loop, Repeated, bound_by, dotted
from bgmode.flow.retrying import Retrying, attempts
from bgmode.flow.values import (
    MISSING,
    TRUE,
    UNKNOWN,
    Known,
    Many,
    Stream,
    Truth,
    Unknown,
    Value,
    as_many,
    compare,
    either,
    item_of,
    truth,
)

if TYPE_CHECKING:
    from bgmode.flow.run import Run

_EXACT_TURNS = 6  # turns of a loop before its states are joined
_MOST_TURNS = 60  # turns before a loop is given up


class Turns:
    """The turns of anything that is run again and again."""

    done_before = 0  # turns that are taken to have gone well before the first one

    def __init__(self, run: Run, node: Repeated) -> None:
        self._run = run
        self.node = node
        self.exits: list[Exit] = []
        self.left: list[tuple[State, bool]] = []  # by the header or a break, and guessed?
        self.ways: set[Way] = set()
        self.endless = False
        self.polled = False
        self.polls = False
        self.unclear = False
        self.waits: list[Truth] = []
        self.may_have_waited = False
        self.began = False
        self._begun = (0, 0, 0, 0)
        self._polls_before = 0
        self._set_before: dict[str, ast.AST] = {}  # by what a poll had answered before

    def run(self, state: State) -> Flow:
        outer_polled, outer_waited, outer_guess = state.polled, state.waited, state.guess
        run = self._run
        self._polls_before = run.polls
        self._begun = (len(run.doubts), len(run.settled), len(run.effects), len(run.acts))
        self._set_before = {
            name: node
            for name, node in run.set_by_answers.items()
            if isinstance(state.names.get(name, UNKNOWN), Unknown | Many)
        }
        first = state.copy()
        first.polled = False
        outer_turn, run.turn = run.turn, 0
        self._begin(first)
        seen: list[State] = []
        current: State | None = first
        while current is not None:
            current.waited = False
            current.guess = False
            if any(current.same(earlier) for earlier in seen):
                self.endless = True
                break
            if len(seen) >= _MOST_TURNS:
                self.endless = self.unclear = True
                break
            if len(seen) >= _EXACT_TURNS:
                current = join_two(seen[-1], current)
                if any(current.same(earlier) for earlier in seen):
                    self.endless = True
                    break
            seen.append(current.copy())
            run.turn = len(seen) + self.done_before + max(outer_turn - 1, 0)
            current = self._turn(current)
            if current is not None and self._would_repeat(seen[-1], current):
                self.endless = True
                break
        run.turn = outer_turn
        self.polls = run.polls > self._polls_before
        after = run.join((end for end, _ in self.left), blame=any(guess for _, guess in self.left))
        if after is None and self.endless:
            self._run.stuck += 1
            after = seen[-1]  # what follows is judged all the same
        for ended in [after, *(way_out.state for way_out in self.exits)]:
            if ended is not None:
                ended.polled = either(outer_polled, ended.polled)
                ended.guess = ended.guess or outer_guess
                earlier = None if self.may_have_waited else False
                ended.waited = either(either(outer_waited, earlier), ended.waited)
        return Flow(after, self.exits)

    def outcome(self) -> Outcome:
        waits: Truth = self.waits[0] if self.waits else None
        for further in self.waits[1:]:
            waits = waits if waits is further else None
        since_doubts, since_settled, effects, acts = self._begun
        doubts = frozenset(self._run.doubts[since_doubts:])
        return Outcome(
            frozenset(self.ways),
            self.endless,
            waits,
            self.polls,
            self.unclear,
            doubts,
            frozenset(self._run.settled[since_settled:]),
            frozenset(self._run.effects[effects:]) | self._set_by_answers_before,
            frozenset(self._run.acts[acts:]),
        )

    @property
    def _set_by_answers_before(self) -> frozenset[Effect]:
        """What earlier answers have changed."""
        set_before = self._set_before.items()
        changed = self._run.effects[: self._begun[2]]
        return frozenset(
            [
                *(effect for effect in changed if effect.polled),
                *(Effect(name, node, frozenset(), polled=True) for name, node in set_before),
            ]
        )

    def _begin(self, state: State) -> None:
        """Look at what is done once, before the first turn."""

    def _turn(self, state: State) -> State | None:
        """Run one turn; returns the state of the next one, None where there is none."""
        raise NotImplementedError

    def _would_repeat(self, _before: State, _after: State, /) -> bool:
        """Whether a further turn would do what the last one did; takes its way out then."""
        return False

    def _take(self, way_out: Exit) -> None:
        if way_out.kind == "break":
            self._way(way_out)
            self.left.append((way_out.state, way_out.guess))
            return
        self._leave(way_out)

    def _leave(self, way_out: Exit) -> None:
        self.exits.append(way_out)
        if not way_out.implicit or way_out.guess:
            self._way(way_out)

    def _way(self, way_out: Exit) -> None:
        if way_out.state.polled is not False:
            self.polled = True
            guess = way_out.guess or way_out.state.guess
            self.ways.add(Way(way_out.node, guess, way_out.accident))

    def _goes_on(self, following: State | None) -> State | None:
        """Take note of how a turn ends that is followed by another one."""
        if following is not None and following.waited is not False:
            self.may_have_waited = True
        if following is not None and following.polled is not False:
            self.polled = True
            self.waits.append(following.waited)
        return following


class LoopTurns(Turns):
    """The turns of a ``while`` or ``for``."""

    node: Loop

    def __init__(self, run: Run, node: Loop) -> None:
        super().__init__(run, node)
        self.finite = False
        self.enters = False
        self.sentinel: tuple[ast.expr, ast.expr] | None = None
        self.item: Value = UNKNOWN
        self.stream: Stream | None = None
        self._drained = _drained(node)
        self._attempts: Attempts | None = None
        self._went_on_by_guess = False  # to a further turn, for an answer's sake

    def _begin(self, state: State) -> None:
        """Evaluate what a ``for`` goes through: whether it ends, and surely has a first turn."""
        match self.node:
            case ast.While():
                return
            case ast.For(iter=ast.Call(func=ast.Name(id="iter"), args=[function, sentinel])):
                self.sentinel = (function, sentinel)
                return
            case ast.For(iter=iterable):
                self._go_through(self._run.expressions.calls.iterated(iterable, state, "__iter__"))
            case ast.AsyncFor(iter=iterable):
                self._go_through(self._run.expressions.calls.iterated(iterable, state, "__aiter__"))
        self.finite = not self._is_endless(self.node.iter)
        if isinstance(self.node.target, ast.Name):
            retry = attempts(self._run.names, self._iterated())
            if retry is not None:
                self._attempts = Attempts(self.node.target.id, retry)

    def _iterated(self) -> ast.expr:
        """What a ``for`` goes through; a name that is bound once is followed."""
        iterable = self.node.iter if not isinstance(self.node, ast.While) else self.node.test
        if isinstance(iterable, ast.Name):
            binding = self._run.names.binding(iterable.id, iterable)
            return (binding.value if binding else None) or iterable
        return iterable

    def _go_through(self, value: Value) -> None:
        self.enters = truth(value) is True and as_many(value) is not None
        self.item = item_of(value)
        if isinstance(value, Stream):
            self.stream = value
            self._run.notes.followed.add(self.node)

    def _is_endless(self, iterable: ast.expr) -> bool:
        """Whether an iterable never runs dry."""
        match iterable:
            case ast.Call(args=[first]) if self._run.callee_name(iterable) == "enumerate" or (
                isinstance(iterable.func, ast.Name) and iterable.func.id == "enumerate"
            ):
                return self._is_endless(first)
            case ast.Call(args=arguments) if self._run.callee_name(iterable) == "itertools.chain":
                return any(self._is_endless(argument) for argument in arguments)
            case ast.Call(func=ast.Name(id="zip"), args=arguments) if arguments:
                return all(self._is_endless(argument) for argument in arguments)
            case ast.Call(args=arguments, keywords=keywords):
                name = self._run.callee_name(iterable)
                if name == "itertools.repeat" and len(arguments) + len(keywords) > 1:
                    return False
                return name in callees.ENDLESS_ITERATORS
        return False

    def _question(self, state: State) -> Value:
        """Whether the loop goes on to its next turn."""
        if isinstance(self.node, ast.While):
            return self._run.test(self.node.test, state)
        if self._attempts is not None:
            return self._next_attempt(self._attempts, state)
        if self.stream is not None:
            return self._next_of(self.stream, state)
        if self.sentinel is None:
            return UNKNOWN if self.finite else TRUE
        function, sentinel = self.sentinel  # iter(function, sentinel)
        call = ast.copy_location(ast.Call(function, [], []), function)
        value = self.item = self._run.value(call, state)
        wanted = self._run.value(sentinel, state)
        self._run.notes.compared(call, value, ast.NotEq(), sentinel, wanted)
        return compare(ast.NotEq(), value, wanted)

    def _next_attempt(self, attempts: Attempts, state: State) -> Value:
        """Whether ``for attempt in Retrying(...)`` goes on, and whether it has had enough."""
        failed = state.names.pop(attempts.mark, TRUE)
        again = truth(failed)
        if attempts.retry.stops and again is not False and self.began:
            stopped = Exit("raise", attempts.retry.node, state.copy(), raised="RetryError")
            self._run.raised.append(stopped)
        self.began = True
        return failed if again is None else Known(again, failed.polled)

    def _next_of(self, stream: Stream, state: State) -> Value:
        """Ask a generator for its next item."""
        self._run.ask(stream, state)
        return UNKNOWN if stream.ends else TRUE

    def _may_pace(self) -> bool:
        """Whether the iterable may wait before it gives the next item."""
        if self.stream is not None:
            return False
        match self.node:
            case ast.For(iter=ast.Call(func=ast.Name(id=name))):
                return name not in callees.PLAIN_ITERATORS
            case ast.For(iter=ast.Call()):
                return not self._is_endless(self.node.iter)
            case ast.AsyncFor():
                return True
        return False

    def _turn(self, state: State) -> State | None:
        """Run one turn; returns the state of the next one, None where there is none."""
        run = self._run
        since = len(run.decided)
        try:
            test = self._question(state)
        except Diverges:
            self._note()
            return None
        state.look_at(test)
        stays = truth(test)
        guess = test.polled and stays is None
        if stays is not True and not self.enters:
            self._leave_by_header(state.copy(), guess=guess or self._went_on_by_guess)
        if isinstance(self.node, ast.While):
            if stays is None:
                run.doubt(self.node, self.node, [self.node.test], since)
                run.refine(self.node.test, state, holds=True)
            else:
                run.settle(self.node, test, holds=stays)
        self.enters = False
        state.guess = state.guess or guess
        if stays is False:
            self._note()
            return None
        if not isinstance(self.node, ast.While):
            run.assign(self.node.target, self.item, state)
            if self._may_pace():
                state.waited = None
        for way_out in run.contexts.turn_exits(state):
            self._take(way_out)
        flow = self._body(state)
        following: list[State] = [flow.falls] if flow.falls else []
        guessed = guess
        for way_out in flow.exits:
            if way_out.kind == "continue":
                following.append(way_out.state)
                guessed = guessed or way_out.guess
                self._went_on_by_guess = self._went_on_by_guess or way_out.guess
            else:
                self._take(way_out)
        self._note()
        ended = self._run.join(following, blame=guessed)
        if ended is not None and self._drained is not None:
            self._drained.end_turn(ended)
        if ended is not None and self._attempts is not None and self._attempts.retry.waits:
            ended.waited = True
        return self._goes_on(ended)

    def _would_repeat(self, before: State, after: State, /) -> bool:
        """A ``for`` whose turn has changed nothing but what it goes through."""
        if isinstance(self.node, ast.While) or self._run.polls > self._polls_before:
            return False
        if self.sentinel or self.stream or self._attempts or self._drained:
            return False
        items = {name: after.names[name] for name in self._items if name in after.names}
        if after.polled is not before.polled or {**before.names, **items} != after.names:
            return False
        if self.finite:
            after.waited = after.guess = False
            self._leave_by_header(after, guess=self._went_on_by_guess)
        return True

    @cached_property
    def _items(self) -> set[str]:
        return set() if isinstance(self.node, ast.While) else bound_by(self.node.target)

    def _body(self, state: State) -> Flow:
        if self._attempts is not None:
            state.names[self._attempts.mark] = Known(False)
            self._run.attempts.append(self._attempts)
            try:
                return self._run.block(self.node.body, state)
            finally:
                self._run.attempts.pop()
        if self._drained is None:
            return self._run.body_of(self.node, state)
        self._drained.begin_turn(state)
        self._run.draining.append(self._drained)
        try:
            return self._run.block(self.node.body, state)
        finally:
            self._run.draining.pop()

    def _leave_by_header(self, state: State, *, guess: bool) -> None:
        if self._drained is not None:
            self._drained.end(state)
        flow = self._run.block(self.node.orelse, state)
        for way_out in flow.exits:  # a break in the loop's else is one of the loop around it
            self._leave(way_out.guessed() if guess else way_out)
        if flow.falls is not None:
            self._way(Exit("break", self.node, flow.falls, guess=guess))
            self.left.append((flow.falls, guess))

    def _note(self) -> None:
        """Expressions of the header may raise, too."""
        for way_out in self._run.raised:
            self._take(way_out)
        self._run.raised = []


@dataclass(frozen=True, slots=True)
class Attempts:
    """``for attempt in Retrying(...)``. A mark in the state says whether this one has failed."""

    name: str
    retry: Retrying

    @property
    def mark(self) -> str:
        return f"{self.name} has failed"


@dataclass(frozen=True, slots=True)
class Drained:
    """``for item in list(pending)``: once each turn has removed its item, nothing is left.

    Two marks in the state say so, for the turn that runs and for all turns so far.
    """

    collection: str
    item: str

    @property
    def _now(self) -> str:
        return f"{self.item} is out of {self.collection}"

    @property
    def _so_far(self) -> str:
        return f"all are out of {self.collection}"

    def begin_turn(self, state: State) -> None:
        state.names[self._now] = Known(False)
        state.names.setdefault(self._so_far, TRUE)

    def removed(self, collection: str, item: str, state: State) -> None:
        """Take note that ``item`` has been removed from ``collection``."""
        if (collection, item) == (self.collection, self.item):
            state.names[self._now] = TRUE

    def end_turn(self, state: State) -> None:
        if state.names.pop(self._now, UNKNOWN) != TRUE:
            state.names[self._so_far] = UNKNOWN

    def end(self, state: State) -> None:
        if state.names.pop(self._so_far, UNKNOWN) == TRUE and self.collection in state.names:
            polled = state.names[self.collection].polled
            state.assign(self.collection, Many(MISSING, False, polled))


def _drained(loop: Loop) -> Drained | None:
    if isinstance(loop, ast.While):
        return None
    item = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
    collection = _copied(loop.iter)
    if not isinstance(item, ast.Name) or collection is None:
        return None
    return Drained(collection, item.id)


def _copied(node: ast.expr) -> str | None:
    """What ``list(pending)``, ``pending.copy()`` or ``pending[:]`` copies."""
    match node:
        case ast.Call(func=ast.Name(id="list" | "tuple" | "set" | "sorted"), args=[inner]):
            match inner:
                case ast.Call(func=ast.Attribute(value=mapping, attr="items" | "keys"), args=[]):
                    return dotted(mapping)
                case _:
                    return dotted(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="copy"), args=[]):
            return dotted(inner)
        case ast.Subscript(value=inner, slice=ast.Slice(lower=None, upper=None, step=None)):
            return dotted(inner)
        case _:
            return None
