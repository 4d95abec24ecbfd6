"""What a run has to be told from outside: which calls poll, and what they answer."""

from __future__ import annotations

import ast
from collections.abc import Container
from dataclasses import dataclass
from typing import Protocol

from bgmode.flow.names import Code, Names
from bgmode.flow.values import POLLED, Record, Truth, Value

MOST_WORK = 60_000  # expressions that a run evaluates, unless a world says otherwise


@dataclass(frozen=True, slots=True)
class Answer:
    """What an outside call gives. ``polls``: it asks how the job is; ``acts``: it makes another."""

    value: Value
    polls: bool = False
    acts: bool = False


@dataclass(frozen=True, slots=True)
class Raises:
    """An outside call that raises, by the class name of its exception.

    ``exception`` is what is known of the exception itself.
    """

    name: str
    exception: Value = POLLED
    polls: bool = True


class World(Protocol):
    """The outside of a run."""

    names: Names
    careful: bool
    """Whether an object that has another name, too, is unknown at once, and not in loops only."""
    takes_jobs_for_granted: bool
    """Whether ``all(...)`` of what polls answer is read as if there were something to poll."""
    instant: Container[ast.AST]
    """Calls of a sleep that are taken to take no time."""
    given: Container[str]
    """Optional parameters that are taken to be given, though their default is None."""
    objects_change: bool
    """Whether an answer may change when code that cannot be seen gets hold of it."""

    most_work: int
    """How many expressions are evaluated before a run is given up; joining states counts, too."""
    lasts: Container[ast.stmt]
    """Statements behind which nothing matters any more."""
    asked: Container[str] | None
    """The keywords of special calls whose values matter; None: all of them."""
    jobs_are_made_here: bool
    """Whether there is no job before one has been created or asked for in this run."""

    def reply(
        self, callee: ast.expr, keywords: list[ast.keyword], *, turn: int
    ) -> Answer | Raises | None:
        """What a call of ``callee`` gives, or None where it is nothing special.

        ``turn`` is the turn of the innermost loop that the call is made in, 0 outside of loops.
        """

    def observe(self, call: ast.Call, arguments: Record) -> None:
        """Take note of a special call's keyword arguments, as they are at this point."""

    def imported(self, name: str) -> Value | None:
        """What a dotted name of another module of the project holds, if it is known.

        A constant, or a function or class whose code can be read.
        """

    def home(self, node: ast.AST) -> World | None:
        """The same outside, as the module sees it that ``node`` stands in; None if nobody knows."""

    def exception_is(self, name: str, ancestor: str) -> Truth:
        """Whether the exception class ``name`` is a subclass of ``ancestor``."""

    def may_raise(self, name: str) -> bool:
        """Whether polls may raise an exception of the class with that full dotted name."""

    def is_far(self, code: Code, *, told: bool) -> bool:
        """Whether a function is not worth being followed: it has nothing to do with what is wanted.

        ``told``: it is given something that the outside has answered.
        """

    def answers_a(self, class_name: str) -> bool:
        """Whether polls answer objects of that class."""
