"""Runs one function once for each answer that a poll may give, and no more often than needed.

Three things are shared. What stands before the first poll is the same for every answer: later
runs begin where the first one came to it. So is what the first turn of a loop does before it
looks at the answer (``sharing.py``). And answers that nothing in a run has told apart
would run just alike: a run takes down what it asked of the answer (``Question``), and another
answer that replies the same to all of it shares the run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from bgmode.flow.names import Code
from bgmode.flow.run import Prefix, Run
from bgmode.flow.sharing import FirstTurn
from bgmode.flow.values import Known, holds
from bgmode.flow.world import World


@dataclass(frozen=True, slots=True)
class Answering:
    """A world in which every poll answers ``word``; ``signs`` are the fields that are set then."""

    word: str
    signs: frozenset[str]
    world: World


def judged(
    scope: ast.Module | Code, answers: Mapping[str, Answering], *, end: int | None = None
) -> dict[str, Run]:
    """One run of ``scope`` for each of ``answers``, by their keys; some share one.

    ``end`` is the position of the first statement that is left out. A function whose first run is
    given up is not run again.
    """
    runs: dict[str, Run] = {}
    kept: list[tuple[Answering, Run]] = []
    prefix: Prefix | None = None
    turn = FirstTurn() if len(answers) > 1 else None
    for key, answering in answers.items():
        shared = next((run for other, run in kept if _is_alike(answering, other, run)), None)
        if shared is None:
            shared = Run(answering.world, turn)
            shared.start(scope, prefix=prefix, end=end)
            prefix = prefix or shared.prefix
            kept.append((answering, shared))
        runs[key] = shared
        if shared.gave_up:
            return dict.fromkeys(answers, shared)
    return runs


def _is_alike(one: Answering, other: Answering, run: Run) -> bool:
    """Whether a run with ``other`` would have gone just so with ``one``."""
    if run.notes.looked_closely:
        return False
    said, otherwise = Known(one.word), Known(other.word)
    for question in run.notes.questions:
        match question:
            case (str() as sign,):
                if (sign in one.signs) is not (sign in other.signs):
                    return False
            case (ast.cmpop() as operator, Known() as words, True):
                if holds(operator, said, words) is not holds(operator, otherwise, words):
                    return False
            case (ast.cmpop() as operator, Known() as words, False):
                if holds(operator, words, said) is not holds(operator, words, otherwise):
                    return False
    return True
