"""Runs ``match`` statements: which case fits, and what it binds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bgmode.flow import callees
from bgmode.flow.exits import Diverges, Flow, State, join_two
from bgmode.flow.names import dotted
from bgmode.flow.values import (
    UNKNOWN,
    ClassRef,
    Known,
    Missing,
    Record,
    Truth,
    Value,
    compare,
    either,
    is_text,
    part,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from bgmode.flow.run import Run


class Patterns:
    """The ``match`` statements of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def match(self, node: ast.Match, state: State) -> Flow:
        subject = self.run.value(node.subject, state)
        state.look_at(subject)
        flows: list[Flow] = []
        unseen = False
        for case in node.cases:
            since = len(self.run.decided)
            fits = self._fits(case.pattern, subject, state)
            unseen = unseen or (
                fits is None and self._rests_on_a_poll(case.pattern, subject, state)
            )
            if fits is False:
                self.run.settle(case, subject, holds=False)
                continue
            inner = state.copy()
            self._capture(case.pattern, subject, inner)
            asked: list[ast.AST] = [] if fits else [node.subject, case.pattern]
            decider = subject
            if case.guard is not None:
                asked.append(case.guard)
                try:
                    guard = self.run.test(case.guard, inner)
                except Diverges:
                    if fits and not flows:
                        raise
                    if fits:
                        return self.run.merge(flows, blame=unseen)
                    continue  # it raises where the pattern fits, and does not where it does not
                state = inner.copy() if fits else join_two(state, inner)
                fits = _both(fits, truth(guard))
                decider = guard if guard.polled else subject
            if fits is None:
                self.run.doubt(case, node, asked, since)
            else:
                self.run.settle(case, decider, holds=fits)
            if fits is False:
                continue
            led = fits is True and subject.polled
            flows.append(self.run.branch(case.body, inner, led=led))
            if fits:
                return self.run.merge(flows, blame=unseen and len(flows) > 1)
        flows.append(Flow(state))
        return self.run.merge(flows, blame=unseen and len(flows) > 1)

    def _rests_on_a_poll(self, pattern: ast.pattern, subject: Value, state: State) -> bool:
        """Whether it is for a poll's answer that nobody can say if a pattern fits."""
        held = _inside(pattern, subject)
        if held is None or isinstance(pattern, ast.MatchClass):
            return subject.polled
        return any(
            entry.polled and self._fits(piece, entry, state) is None for piece, entry in held
        )

    def _fits(self, pattern: ast.pattern, subject: Value, state: State) -> Truth:
        match pattern:
            case ast.MatchValue(value=value):
                constant = self._aside(value, state)
                self.run.notes.compared(value, constant, ast.Eq(), self._subject_of(value), subject)
                return truth(compare(ast.Eq(), subject, constant))
            case ast.MatchSingleton(value=constant):
                return truth(compare(ast.Is(), subject, Known(constant)))
            case ast.MatchOr(patterns=patterns) if _are_words(patterns) and is_text(subject):
                asked = ast.Tuple([piece.value for piece in patterns])  # type: ignore[attr-defined]
                words = self._aside(asked, state)
                for node in asked.elts:
                    word = self._aside(node, state)
                    self.run.notes.compared(node, word, ast.Is(), self._subject_of(node), subject)
                self.run.notes.ask(ast.In(), subject, words)
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
            case ast.MatchSequence() | ast.MatchMapping() if _is_single(subject):
                return False
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

    def _aside(self, node: ast.expr, state: State) -> Value:
        """The value of an expression, without what evaluating it may do to ``state``."""
        plain = isinstance(node, ast.Constant)
        return self.run.value(node, state if plain else state.copy())

    def _subject_of(self, pattern: ast.AST) -> ast.expr:
        """What the ``match`` statement looks at that a pattern stands in."""
        statement = next(
            above for above in self.run.names.ancestors(pattern) if isinstance(above, ast.Match)
        )
        return statement.subject

    def _is_a(self, cls: ast.expr, subject: Value) -> bool:
        """Whether ``subject`` surely is an object of the class that ``cls`` names."""
        if not isinstance(subject, Record) or subject.mapping:
            return False
        match self.run.value(cls, State.empty()):
            case ClassRef(node):
                return subject.owner is node
            case _:
                name = dotted(cls) or ""
                is_tuple = isinstance(subject.rest, Missing)
                return (
                    subject.owner is None
                    and not is_tuple
                    and self.run.world.answers_a(callees.last_name(name))
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


def _are_words(patterns: list[ast.pattern]) -> bool:
    return all(
        isinstance(piece, ast.MatchValue) and isinstance(piece.value, ast.Constant)
        for piece in patterns
    )


def _is_single(value: Value) -> bool:
    """Whether a value surely is a text, a number or None: neither a sequence nor a mapping."""
    return isinstance(value, Known) and isinstance(value.value, str | int | float | None)


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
