"""States and ways out: what a statement leaves behind, and how it is left."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from bgmode.flow.values import MISSING, Record, Truth, Value, join, join_truth, with_part

Kind: TypeAlias = Literal["return", "raise", "break", "continue", "again"]


class Diverges(Exception):
    """The expression is never finished: something in it always raises."""


class State:
    """What is known at one point of a run: names, and what this turn has done so far.

    ``polled``: whether a poll has answered, or the answer of an earlier one has been looked
    at, since the innermost loop began.
    ``waited``: whether this turn of the innermost loop has waited somewhere.
    ``guess``: whether this turn has come here for an answer's sake, in a way that cannot be seen.
    ``has_paths``: whether one of the names may be a dotted path, such as ``self.response``.
    """

    __slots__ = ("guess", "has_paths", "names", "polled", "waited")

    def __init__(
        self,
        names: dict[str, Value],
        polled: Truth,
        waited: Truth,
        *,
        guess: bool = False,
        has_paths: bool = True,
    ) -> None:
        self.names = names
        self.polled = polled
        self.waited = waited
        self.guess = guess
        self.has_paths = has_paths

    @classmethod
    def empty(cls) -> State:
        """Nothing is known, and nothing has been done."""
        return cls({}, False, False, has_paths=False)

    def copy(self) -> State:
        copied = State(self.names.copy(), self.polled, self.waited)
        copied.guess, copied.has_paths = self.guess, self.has_paths
        return copied

    def become(self, other: State) -> None:
        """Take over everything that ``other`` knows."""
        self.names, self.polled, self.waited = other.names.copy(), other.polled, other.waited
        self.guess, self.has_paths = other.guess, other.has_paths

    def below(self, key: str) -> list[str]:
        """The paths of attributes of ``key``, at any depth."""
        if not self.has_paths:
            return []
        prefix = key + "."
        return [name for name in self.names if name.startswith(prefix)]

    def assign(self, key: str, value: Value) -> None:
        """Set a name or a dotted path such as ``self.response``."""
        for name in self.below(key):
            del self.names[name]
        self.keep(key, value)

    def keep(self, key: str, value: Value) -> None:
        """Set a name or path; what is known of its attributes stays."""
        self.names[key] = value
        self.has_paths = self.has_paths or "." in key

    def assign_attribute(self, key: str, value: Value) -> None:
        """Set a path such as ``self.response``: where the object is known, in the object."""
        path, _, name = key.rpartition(".")
        owner = self.names.get(path)
        if isinstance(owner, Record) and not owner.mapping:
            self.names[path] = with_part(owner, name, value)
        else:
            self.assign(key, value)

    def look_at(self, tested: Value) -> None:
        """Take note that a condition has been tested."""
        if tested.polled:
            self.polled = True

    def same(self, other: State) -> bool:
        return (
            self.names == other.names
            and self.polled is other.polled
            and self.waited is other.waited
        )


def join_states(states: Iterable[State], *, blame: bool = False) -> State | None:
    """What is certain whichever of ``states`` it is; None where there are none."""
    joined: State | None = None
    for state in states:
        joined = state.copy() if joined is None else join_two(joined, state, blame=blame)
    return joined


def join_two(left: State, right: State, *, blame: bool = False) -> State:
    """What is certain of a state that is either ``left`` or ``right``."""
    names = dict(left.names)
    for name, value in right.names.items():
        held = names.get(name, MISSING)
        if held is not value:
            names[name] = join(held, value, blame=blame)
    if len(names) != len(right.names):
        for name in left.names.keys() - right.names.keys():
            names[name] = join(left.names[name], MISSING, blame=blame)
    return State(
        names,
        join_truth(left.polled, right.polled),
        join_truth(left.waited, right.waited),
        guess=left.guess or right.guess,
        has_paths=left.has_paths or right.has_paths,
    )


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a statement.

    ``node`` takes it. ``raised`` is the exception's class name where it is known.
    ``implicit``: some call may raise here, nobody wrote ``raise``. ``guess``: whether it is
    taken depends on the poll's answer in a way that cannot be seen. ``accident``: it is taken
    only after something else has failed. ``exception``: what is known of what is raised.
    """

    kind: Kind
    node: ast.AST
    state: State
    value: Value | None = None
    raised: str | None = None
    implicit: bool = False
    guess: bool = False
    accident: bool = False
    exception: Value | None = None

    def guessed(self) -> Exit:
        return replace(self, guess=True)


@dataclass(slots=True)
class Flow:
    """How a statement ends: what falls through to the next one, and the ways out."""

    falls: State | None
    exits: list[Exit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a loop, named by the node that takes it."""

    node: ast.AST
    guess: bool = False
    accident: bool = False


_JUMPS = (ast.Raise, ast.Continue, ast.Break, ast.Return)
Branch: TypeAlias = ast.If | ast.While | ast.match_case


@dataclass(frozen=True, slots=True)
class Doubt:
    """A branch that could not be decided, and what its condition reads.

    ``statement`` is the one that a case is of, else the same as ``node``. ``decided`` are the
    comparisons with a poll's answer in the condition, which could be decided. ``may_raise`` tells
    of a statement whether it calls a function of the module that may raise something.
    """

    node: Branch
    statement: ast.If | ast.While | ast.Match
    reads: frozenset[str]
    decided: frozenset[tuple[ast.Compare, bool]]
    may_raise: Callable[[ast.stmt], bool] = field(compare=False)

    def decides(self, way: Way) -> bool:
        """Whether a way out stands in one of the branches, or is the end of the loop.

        What is raised in a branch may be caught, and lead to a way out elsewhere. A branch that
        goes on with the next turn decides about every way out behind it, and so does one that
        ends an inner loop or the function that is called.
        """
        inside = (piece for branch in self._branches for piece in ast.walk(branch))
        return (
            way.node is self.node
            or any(piece is way.node or isinstance(piece, _JUMPS) for piece in inside)
            or self.may_raise(self.statement)
        )

    @property
    def may_go_on_within(self) -> bool:
        """Whether a condition in one of the branches decides that the next turn begins at once.

        No way out tells two runs apart then, of which one goes on there and the other further.
        """
        if isinstance(self.node, ast.While):
            return False
        waiting: list[ast.AST] = [*self._branches]
        while waiting:
            piece = waiting.pop()
            match piece:
                case ast.For() | ast.AsyncFor() | ast.While():  # has turns of its own
                    waiting += piece.orelse
                case ast.If() | ast.Match() if _continues(piece):
                    return True
                case _:
                    waiting += ast.iter_child_nodes(piece)
        return False

    @property
    def _branches(self) -> list[ast.stmt]:
        """What is run if the branch is taken, and what may be if it is not."""
        match self.statement:
            case ast.Match(cases=cases):
                first = cases.index(self.node)  # type: ignore[arg-type]
                return [statement for case in cases[first:] for statement in case.body]
            case statement:
                return [*statement.body, *statement.orelse]


def _continues(condition: ast.AST) -> bool:
    return any(isinstance(piece, ast.Continue) for piece in ast.walk(condition))


@dataclass(frozen=True, slots=True)
class Effect:
    """Something unknown that a run has put into ``target``, at ``node``, made of ``sources``.

    ``polled``: what a poll has answered is in it. ``led`` are the branches around that a poll's
    answer has decided: a run that comes to the same effect by others puts it in at another time.
    """

    target: str
    node: ast.AST
    sources: frozenset[str]
    polled: bool = False
    led: tuple[ast.AST, ...] = ()


Verdict: TypeAlias = Literal["never", "maybe", "always"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a loop is left if every poll answers the same.

    ``endless``: a further turn can always follow. ``waits``: whether a turn that is
    followed by another one has waited somewhere. ``polls``: a poll was made inside.
    ``unclear``: the run was given up. ``doubts`` are the branches that could not be decided,
    ``settled`` how a poll's answer has decided the same ones at other times, ``effects`` what has
    changed unknown values (counters, flags), and ``acts`` the outside calls that did something.
    """

    ways: frozenset[Way] = frozenset()
    endless: bool = False
    waits: Truth = None
    polls: bool = False
    unclear: bool = False
    doubts: frozenset[Doubt] = frozenset()
    settled: frozenset[tuple[ast.AST, bool]] = frozenset()
    effects: frozenset[Effect] = frozenset()
    acts: frozenset[ast.AST] = frozenset()

    @property
    def verdict(self) -> Verdict:
        """Whether the loop is left: ``never``, ``always``, or ``maybe``."""
        if not self.endless:
            return "always"
        return "maybe" if self.ways or self.unclear else "never"

    @property
    def is_endless_by_design(self) -> bool:
        """Whether nothing leaves the loop as long as nothing fails."""
        return self.endless and not self.unclear and all(way.accident for way in self.ways)

    @property
    def guessed(self) -> bool:
        """Whether anything about it rests on what cannot be seen."""
        return self.unclear or any(way.guess for way in self.ways)

    def joined(self, other: Outcome) -> Outcome:
        """The outcome of a loop that is reached twice."""
        return Outcome(
            self.ways | other.ways,
            self.endless or other.endless,
            join_truth(self.waits, other.waits),
            self.polls or other.polls,
            self.unclear or other.unclear,
            self.doubts | other.doubts,
            self.settled | other.settled,
            self.effects | other.effects,
            self.acts | other.acts,
        )

    def touches(self, names: frozenset[str]) -> frozenset[Effect]:
        """What has changed a value that ``names`` depend on."""
        found = set[Effect]()
        wanted = {owner for name in names for owner in owners_of(name)}
        waiting = set(self.effects)
        while ready := {effect for effect in waiting if effect.target in wanted}:
            waiting -= ready
            for effect in ready:
                wanted |= {owner for name in effect.sources for owner in owners_of(name)}
                found.add(effect)
        return frozenset(found)


SHARED = "*"
"""What stands, among names, for all objects that have more than one of them."""


def owners_of(path: str) -> list[str]:
    """``a.b.c``, ``a.b`` and ``a``: who is changed changes what it holds."""
    names = path.split(".")
    return [".".join(names[:length]) for length in range(len(names), 0, -1)]


def is_comparable(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes that look the same must be the same.

    They need not be where an undecided condition depends on something that only one of the
    two runs has changed: a counter of failures is no counter of turns. Nor where a way out
    stands in a branch that only one of the two could not decide, or where a condition rests on
    something that a poll's answer has gone into. The same way out may stand for a doubt in the one,
    and in the other for an answer that has decided the same branch at another time.
    """
    ways = one.ways | other.ways
    differing = one.doubts ^ other.doubts
    settled = {node for node, _ in one.settled ^ other.settled}
    differing |= {doubt for doubt in one.doubts | other.doubts if doubt.node in settled}
    if any(doubt.decides(way) for doubt in differing for way in ways):
        return False
    common = one.doubts & other.doubts
    continued = set(filter(_continues, {doubt.statement for doubt in common}))
    if any(doubt.may_go_on_within for doubt in common if doubt.statement in continued):
        return False
    names = frozenset(name for doubt in one.doubts | other.doubts for name in doubt.reads)
    touched = one.touches(names)
    return touched == other.touches(names) and not any(effect.polled for effect in touched)
