"""What the runs for several answers have in common in the first turn of a loop.

Most of a turn comes before the answer is looked at: up to there it goes alike whatever has been
answered. The first run takes down at which statement of the loop's body something is asked of
the answer; the second one keeps what is known just before it; all others begin there, with
their own answer in the place of that one. Where nothing is asked before the next turn, the
first run keeps that already.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from bgmode.flow.exits import Exit, Flow, State
from bgmode.flow.names import Loop
from bgmode.flow.notes import Notes
from bgmode.flow.values import Answered, Function, Known, Many, Record, Stream, Value
from bgmode.flow.world import Answer, Raises, World

if TYPE_CHECKING:
    from bgmode.flow.run import Run

_LISTED = ("acts", "doubts", "settled", "decided", "effects", "given", "replies")
_GATHERED = ("answered", "set_by_answers", "outcomes")
_COUNTED = ("stuck", "failures", "polls", "waits", "since_wait", "work")
"""What a run takes down on its way, besides its notes and the functions that wait for a call."""

Pair: TypeAlias = tuple[Value, Value]
"""What one answer is, and what another is in its place."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the outside has said, and what it was asked."""

    world: World
    callee: ast.expr
    keywords: list[ast.keyword]
    turn: int
    said: Answer | Raises


@dataclass(frozen=True, slots=True)
class _Kept:
    """What one run knew before the statement that first asks something of the answer.

    ``listed`` and ``counted`` are what it had added since the turn began.
    """

    state: State
    exits: list[Exit]
    pending: dict[Any, State]
    notes: Notes
    listed: dict[str, list[Any]]
    gathered: dict[str, Any]
    counted: dict[str, int]


class _Unlike(Exception):
    """Something holds the answer in a form in which another cannot take its place."""


class FirstTurn:
    """The first turn of the loop that polls first; a run after the other."""

    def __init__(self) -> None:
        self._asked: dict[Loop, int] = {}  # at which statement of the body
        self._kept: dict[Loop, _Kept | None] = {}

    def take(self, run: Run, loop: Loop, state: State) -> Flow:
        """Run the body of ``loop`` for the first time."""
        if loop not in self._asked:
            return self._watch(run, loop, state)
        position = self._asked[loop]
        if loop not in self._kept:
            begun = _Beginning.of(run)
            flow = run.block(loop.body[:position], state)
            if flow.falls is None:
                return flow
            self._kept[loop] = begun.keep(run, flow.falls, flow.exits)
        else:
            flow = self._begun(run, self._kept[loop]) or run.block(loop.body[:position], state)
        rest = run.block(loop.body[position:], flow.falls)
        return Flow(rest.falls, flow.exits + rest.exits)

    def _watch(self, run: Run, loop: Loop, state: State) -> Flow:
        flow = Flow(state)
        begun = _Beginning.of(run)
        for position, statement in enumerate(loop.body):
            if flow.falls is None:
                break
            step = run.block([statement], flow.falls)
            flow = Flow(step.falls, flow.exits + step.exits)
            if run.notes.asked:
                self._asked.setdefault(loop, position)
        if run.polls and loop not in self._asked and flow.falls is not None:  # asked later
            self._asked[loop] = len(loop.body)
            self._kept[loop] = begun.keep(run, flow.falls, flow.exits)
        return flow

    def _begun(self, run: Run, kept: _Kept | None) -> Flow | None:
        """The turn as far as it was kept; None where it has to be run."""
        if kept is None:
            return None
        try:
            pairs = list(_pairs(run, kept))
            state = _in_place(kept.state, pairs)
            exits = [_exit_in_place(way_out, pairs) for way_out in kept.exits]
            pending = {code: _in_place(held, pairs) for code, held in kept.pending.items()}
            readings = {
                node: [replace(each, answer=_other(each.answer, pairs)) for each in all_of_it]
                for node, all_of_it in kept.notes.readings.items()
            }
        except _Unlike:
            return None
        run.notes = replace(kept.notes.copy(), readings=readings)
        run.pending = pending
        for name, items in kept.listed.items():
            getattr(run, name).extend(items)
        for name, held in kept.gathered.items():
            getattr(run, name).update(held)
        for name, count in kept.counted.items():
            setattr(run, name, getattr(run, name) + count)
        return Flow(state, exits)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """How much a run had taken down when the turn began."""

    lengths: dict[str, int]
    counted: dict[str, int]

    @classmethod
    def of(cls, run: Run) -> _Beginning:
        lengths = {name: len(getattr(run, name)) for name in _LISTED}
        return cls(lengths, {name: getattr(run, name) for name in _COUNTED})

    def keep(self, run: Run, state: State, exits: list[Exit]) -> _Kept | None:
        """What is known now; None where other runs could not begin with it."""
        if run.notes.asked or any(reply.world is not run.world for reply in run.replies):
            return None
        return _Kept(
            state.copy(),
            [replace(way_out, state=way_out.state.copy()) for way_out in exits],
            {code: held.copy() for code, held in run.pending.items()},
            run.notes.copy(),
            {name: getattr(run, name)[since:] for name, since in self.lengths.items()},
            {name: getattr(run, name).copy() for name in _GATHERED},
            {name: getattr(run, name) - before for name, before in self.counted.items()},
        )


def _pairs(run: Run, kept: _Kept) -> Iterable[Pair]:
    """What the outside has said, with what it says now to the same."""
    for reply in kept.listed["replies"]:
        now = run.world.reply(reply.callee, reply.keywords, turn=reply.turn)
        match reply.said, now:
            case Answer(old), Answer(new) if replace(reply.said, value=new) == now:
                yield from _parts(old, new)
            case _:
                raise _Unlike


def _parts(old: Value, new: Value) -> Iterable[Pair]:
    """A value and the texts in it that are answers, with what is in their places."""
    if old == new:
        return
    yield old, new
    match old, new:
        case Record(fields), Record(others) if fields.keys() == others.keys():
            for name, value in fields.items():
                match value, others[name]:
                    case (Known(Answered()), Known(Answered())) | (Record(), Record()):
                        yield from _parts(value, others[name])


def _in_place(state: State, pairs: list[Pair]) -> State:
    other = state.copy()
    other.names = {name: _other(value, pairs) for name, value in state.names.items()}
    return other


def _exit_in_place(way_out: Exit, pairs: list[Pair]) -> Exit:
    value, exception = way_out.value, way_out.exception
    return replace(
        way_out,
        state=_in_place(way_out.state, pairs),
        value=None if value is None else _other(value, pairs),
        exception=None if exception is None else _other(exception, pairs),
    )


def _other(value: Any, pairs: list[Pair]) -> Any:
    """``value`` with another answer in it. Raises :class:`_Unlike` where that cannot be said."""
    match value:
        case Known(Answered()) | Record() if (
            found := next((new for old, new in pairs if old == value), None)
        ) is not None:
            return found
        case Known(bool()):
            return value  # what else it were for another answer would have been asked
        case Known(polled=True) | Stream(polled=True):
            raise _Unlike
        case Record(fields):
            others = {name: _other(field, pairs) for name, field in fields.items()}
            return replace(value, fields=others, rest=_other(value.rest, pairs))
        case Many(item):
            return replace(value, item=_other(item, pairs))
        case Function(bound=bound) if bound is not None:
            return replace(value, bound=_other(bound, pairs))
        case _:
            return value
