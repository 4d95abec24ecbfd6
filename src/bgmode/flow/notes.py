"""What a run has seen on its way, for those who judge it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from bgmode.flow.values import Answered, Known, Record, Value

Question: TypeAlias = tuple[Any, ...]
"""``(field,)`` of an answer that was read, or ``(operator, words, answer comes first)``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A field of an answer that was read.

    ``guess``: it is for an unseen reason that the run has come here. ``waited``: in a loop that
    polls, or behind one. ``decided`` are the comparisons with an answer since that loop's end.
    """

    field: str
    answer: Record
    guess: bool
    waited: bool
    decided: tuple[tuple[ast.Compare, bool], ...]


@dataclass
class Notes:
    """What one run has seen.

    ``sleeps`` are the calls that wait, each with how many seconds; ``yields`` where a generator
    hands something out; ``entered`` the functions that were called;
    ``followed`` the loops that go through a generator of this project;
    ``handled`` what a poll's exception has not got past; ``ends`` what ends the whole function.
    ``readings`` are the fields of answers that were read, by the expression that did.
    ``words`` is what answers are compared with, by the expression that holds it, and ``sides`` the
    expressions that held the answers. ``questions`` is all that was asked of an answer, unless it
    was ``looked_closely`` at: then no other answer can share the run.
    """

    sleeps: dict[ast.Call, Value] = field(default_factory=dict)
    yields: set[ast.AST] = field(default_factory=set)
    entered: set[ast.AST] = field(default_factory=set)
    followed: set[ast.AST] = field(default_factory=set)
    handled: set[ast.AST] = field(default_factory=set)
    ends: frozenset[ast.AST] = frozenset()
    readings: dict[ast.AST, list[Reading]] = field(default_factory=dict)
    words: dict[ast.expr, set[Any]] = field(default_factory=dict)
    sides: dict[ast.expr, set[ast.expr]] = field(default_factory=dict)
    questions: set[Question] = field(default_factory=set)
    looked_closely: bool = False

    @property
    def asked(self) -> bool:
        """Whether anything has been asked of an answer."""
        return self.looked_closely or bool(self.questions) or bool(self.words)

    def copy(self) -> Notes:
        """The same notes, to be gone on with apart."""
        return replace(
            self,
            sleeps=self.sleeps.copy(),
            yields=self.yields.copy(),
            entered=self.entered.copy(),
            followed=self.followed.copy(),
            handled=self.handled.copy(),
            readings={node: list(readings) for node, readings in self.readings.items()},
            words={node: set(words) for node, words in self.words.items()},
            sides={node: set(sides) for node, sides in self.sides.items()},
            questions=self.questions.copy(),
        )

    def look_closely(self, *values: Value) -> None:
        """Take note that the letters of an answer matter: no other answer can share this run."""
        for value in values:
            if isinstance(value, Known) and isinstance(value.value, Answered):
                self.looked_closely = True

    def look_at_field(self, answer: Record, name: str | None) -> None:
        """Take note that a field of an answer has been asked for; None: any of them."""
        if name is not None:
            match answer.fields.get(name):
                case Known(Answered()):  # nothing is known of it yet but that it is there
                    return
            self.questions.add((name,))
        elif answer.fields:
            self.looked_closely = True

    def ask(self, operator: ast.cmpop, answer: Value, words: Value) -> None:
        """Take note of a question that is asked of an answer."""
        if isinstance(answer, Known) and isinstance(answer.value, Answered):
            if not isinstance(words, Known) or words.value is None:
                self.looked_closely = True
            self.questions.add((operator, words, True))

    def compared(
        self, left: ast.expr, value: Value, operator: ast.cmpop, right: ast.expr, other: Value
    ) -> None:
        """Take note of a comparison with what a poll has answered."""
        if (
            isinstance(operator, ast.In | ast.NotIn)
            and isinstance(other, Known)
            and isinstance(other.value, str)
        ):
            self.look_closely(value, other)
            return  # asks for a part of a text
        if not value.polled and not other.polled:
            return
        for node, compared, word in ((right, value, other), (left, other, value)):
            match compared, word:
                case Known(Answered()), Known(str() | tuple() | frozenset() as words):
                    found = {words} if isinstance(words, str) else set(words)
                    self.words.setdefault(node, set()).update(found)
                    self.sides.setdefault(node, set()).add(right if node is left else left)
                    if not isinstance(operator, ast.Is):
                        self.questions.add((operator, word, node is right))
                case Known(Answered()), Record():
                    self.looked_closely = True
