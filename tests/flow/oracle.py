"""Compares what the abstract run says of loops with what Python does.

``python -m tests.flow.oracle --verdicts 200000 --seed 1`` writes programs, judges their loops
for each answer of a poll, runs them, and prints the programs where the two disagree, each
reduced to what is needed for it.
"""

from __future__ import annotations

import argparse
import ast
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType

from bgmode.flow.exits import Outcome
from bgmode.flow.names import Code, Loop, Names
from bgmode.flow.run import Run
from bgmode.flow.values import POLLED, Known, Record
from bgmode.flow.world import Answer

from .outside import run
from .phrases import STATUSES
from .programs import Program, generate
from .recording import Departure, Line, rewritten

RUNS = 4  # real runs for each verdict


class SamePolls:
    """The outside of an abstract run: the same polls as those of the real ones."""

    careful = True
    objects_change = False

    def __init__(self, tree: ast.Module, status: str) -> None:
        self.names = Names(tree)
        self._status = Known(status, polled=True)

    def reply(
        self,
        callee: ast.expr,
        keywords: list[ast.keyword],  # noqa: ARG002
        *,
        looping: bool = True,  # noqa: ARG002
    ) -> Answer | None:
        match callee:
            case ast.Name(id="poll"):
                return Answer(Record({"status": self._status}, POLLED, True), polls=True)
            case ast.Name(id="poll_dict"):
                answer = Record({"status": self._status}, POLLED, True, mapping=True)
                return Answer(answer, polls=True)
            case _:
                return None

    def observe(self, call: ast.Call, arguments: Record) -> None:
        pass

    def imported(self, name: str) -> None:  # noqa: ARG002
        return None

    def exception_is(self, name: str, ancestor: str) -> None:  # noqa: ARG002
        return None

    def answers_a(self, class_name: str) -> bool:
        return class_name == "Response"


@dataclass(frozen=True)
class Mismatch:
    """A loop of which the abstract run says something that is not so."""

    kind: str
    status: str
    program: Program
    line: int
    said: str
    happened: str

    def __str__(self) -> str:
        head = f"{self.kind}: line {self.line}, {self.status!r}: {self.said}, but {self.happened}"
        return f"{head}\n{self.program.source}"


@dataclass
class Tally:
    """What a comparison came to."""

    verdicts: Counter[str] = field(default_factory=Counter)
    mismatches: list[Mismatch] = field(default_factory=list)
    accidents: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    programs: int = 0
    abstract_seconds: float = 0.0

    @property
    def decided(self) -> int:
        return self.verdicts["never"] + self.verdicts["always"]


def entry_node(tree: ast.Module, entry: str) -> Code:
    """The function that is run."""
    body: Sequence[ast.stmt] = tree.body
    for name in entry.split("."):
        found = next(
            node
            for node in body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name
        )
        body = found.body
    assert isinstance(found, ast.FunctionDef)
    return found


def judge(program: Program, status: str) -> tuple[dict[Line, Outcome], set[Line]]:
    """What the abstract run says: the outcome of each loop, and the entry's loops."""
    tree = ast.parse(program.source)
    world = SamePolls(tree, status)
    entry = entry_node(tree, program.entry)
    abstract = Run(world)
    abstract.start(entry)
    own = {loop.lineno for loop in world.names.loops if world.names.scope_node(loop) is entry}
    return {loop.lineno: outcome for loop, outcome in _judged(abstract)}, own


def _judged(abstract: Run) -> Iterator[tuple[Loop, Outcome]]:
    for loop, outcome in abstract.outcomes.items():
        if abstract.gave_up:
            yield loop, outcome.joined(Outcome(unclear=True))
        else:
            yield loop, outcome


def contradiction(outcome: Outcome | None, departure: Departure) -> tuple[str, str, str] | None:
    """How ``departure`` gives ``outcome`` the lie: the kind, what was said, what happened."""
    if outcome is None:
        return ("unseen", "no poll", f"left by line {departure.by}") if departure.polled else None
    left = "stayed" if departure.by is None else f"left by line {departure.by}"
    if departure.by is None:
        if departure.answered and outcome.verdict == "always":
            return "stays", "always left", left
    elif departure.polled:
        if outcome.verdict == "never":
            return "leaves", "never left", left
        ways = {getattr(way.node, "lineno", 0) for way in outcome.ways}
        if not outcome.unclear and departure.by not in ways:
            return "way", f"left by lines {sorted(ways)}", left
    if outcome.waits is not None and any(w is not outcome.waits for w in departure.waits):
        return "waits", f"waits: {outcome.waits}", f"waited: {departure.waits[:8]}"
    return None


def compare(
    program: Program, seeds: Sequence[int], tally: Tally, statuses: Sequence[str] = STATUSES
) -> None:
    """Judge and run one program."""
    code = rewritten(program.source)
    tally.programs += 1
    for status in statuses:
        started = time.perf_counter()
        try:
            outcomes, own = judge(program, status)
        except Exception:
            crash = Mismatch("crash", status, program, 0, "nothing", traceback.format_exc())
            tally.mismatches.append(crash)
            continue
        finally:
            tally.abstract_seconds += time.perf_counter() - started
        departures = dict.fromkeys(
            departure
            for seed in seeds
            for departure in _really(program, code, status, seed, tally)
            if departure.loop in own
        )
        for loop in {departure.loop for departure in departures} & outcomes.keys():
            tally.verdicts[outcomes[loop].verdict] += 1
        found: dict[tuple[str, Line], Mismatch] = {}
        for departure in departures:
            wrong = contradiction(outcomes.get(departure.loop), departure)
            if wrong is not None:
                kind, said, happened = wrong
                mismatch = Mismatch(kind, status, program, departure.loop, said, happened)
                found.setdefault((kind, departure.loop), mismatch)
        tally.mismatches += found.values()


def _really(
    program: Program, code: CodeType, status: str, seed: int, tally: Tally
) -> list[Departure]:
    """How the loops of one real run were left; nothing where it failed by accident."""
    recorder = run(program, code, status, seed)
    tally.runs += 1
    if recorder.accident is None:
        return recorder.departures
    tally.accidents[repr(recorder.accident)] += 1
    return []


def verify(seed: int, verdicts: int) -> Tally:
    """Compare programs until that many verdicts have been looked at."""
    tally = Tally()
    while tally.verdicts.total() < verdicts:
        compare(generate(seed), range(seed, seed + RUNS), tally)
        seed += 1
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare many programs; the exit code says whether all agreed."""
    from .reduction import reduced

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="how many mismatches to print")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    tally = verify(options.seed * 1_000_000, options.verdicts)
    seconds = time.perf_counter() - started
    small = {str(reduced(mismatch)): None for mismatch in tally.mismatches[: options.show]}
    print("\n".join([*small, report(tally, seconds)]))
    return 1 if tally.mismatches else 0


def report(tally: Tally, seconds: float) -> str:
    """What came out, in a few lines."""
    total = tally.verdicts.total()
    kinds = Counter(mismatch.kind for mismatch in tally.mismatches)
    return "\n".join(
        [
            f"{tally.programs} programs, {tally.runs} real runs,"
            f" {tally.accidents.total()} of them thrown away",
            f"{total} verdicts: {dict(tally.verdicts)}, {tally.decided / total:.0%} decided",
            f"{kinds.total()} mismatches: {dict(kinds)}",
            f"{seconds:.0f} s; {seconds / total * 1e3:.2f} ms for each verdict,"
            f" {tally.abstract_seconds / total * 1e3:.2f} ms of them for the abstract run",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
