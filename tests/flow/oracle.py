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

from bgmode.flow.exits import Outcome
from bgmode.flow.names import Code, Loop, Names
from bgmode.flow.run import Run
from bgmode.flow.values import POLLED, Known, Record, Truth, Value
from bgmode.flow.world import Answer

from .phrases import STATUSES
from .programs import Program, generate
from .tracing import Departure, Line, rewritten, run

RUNS = 4  # real runs for each verdict


class Outside:
    """The outside of an abstract run: the same polls as those of the real ones."""

    def __init__(self, tree: ast.Module, status: str) -> None:
        self.names = Names(tree)
        self._status = Known(status, polled=True)

    def reply(self, callee: ast.expr, keywords: list[ast.keyword]) -> Answer | None:  # noqa: ARG002
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

    def exception_is(self, name: str, ancestor: str) -> Truth:  # noqa: ARG002
        return None

    def imported(self, name: str) -> Value | None:  # noqa: ARG002
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
    world = Outside(tree, status)
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
        if outcome.verdict == "always":
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
        found: dict[tuple[str, Line], Mismatch] = {}
        reached: set[Line] = set()
        for seed in seeds:
            recorder = run(program, code, status, seed)
            tally.runs += 1
            if recorder.accident is not None:
                tally.accidents[repr(recorder.accident)] += 1
                continue
            for departure in recorder.departures:
                if departure.loop not in own:
                    continue
                reached.add(departure.loop)
                outcome = outcomes.get(departure.loop)
                wrong = contradiction(outcome, departure)
                if wrong is not None:
                    kind, said, happened = wrong
                    mismatch = Mismatch(kind, status, program, departure.loop, said, happened)
                    found.setdefault((kind, departure.loop), mismatch)
        for loop in reached & outcomes.keys():
            tally.verdicts[outcomes[loop].verdict] += 1
        tally.mismatches += found.values()


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
    parser.add_argument("--kinds", default="leaves,stays,way,crash,waits,unseen")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    tally = verify(options.seed * 1_000_000, options.verdicts)
    seconds = time.perf_counter() - started
    shown: set[str] = set()
    for mismatch in tally.mismatches:
        if mismatch.kind in options.kinds.split(",") and len(shown) < options.show:
            small = reduced(mismatch)
            if small.program.source not in shown:
                print(small)
            shown.add(small.program.source)
    total = tally.verdicts.total()
    print(f"programs {tally.programs}, real runs {tally.runs}")
    print(f"thrown away {tally.accidents.total()}: {tally.accidents.most_common(3)}")
    print(f"verdicts {total}: {dict(tally.verdicts)}; decided {tally.decided / total:.0%}")
    print(f"mismatches {dict(Counter(m.kind for m in tally.mismatches))}")
    print(
        f"{seconds:.0f} s, {seconds / total * 1e3:.2f} ms a verdict,"
        f" abstract {tally.abstract_seconds / total * 1e3:.2f} ms a verdict"
    )
    return 1 if tally.mismatches else 0


if __name__ == "__main__":
    raise SystemExit(main())
