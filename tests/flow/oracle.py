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
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields
from itertools import chain
from types import CodeType

from bgmode.flow.exits import Outcome
from bgmode.flow.names import FUNCTIONS, Code, Names, Repeated
from bgmode.flow.run import Run
from bgmode.flow.values import POLLED, Answered, Known, Record, Truth
from bgmode.flow.world import MOST_WORK, Answer, Raises

from .outside import run
from .phrases import ANSWERS, API_ERRORS, BUILTIN_ERRORS, GONE, RUNNING
from .programs import Program, generate
from .recording import Departure, Line, rewritten
from .relation import confusions

RUNS = 4  # real runs for each verdict
SEEDS = 1_000_000  # for each --seed


class SamePolls:
    """The outside of an abstract run: the same polls as those of the real ones."""

    careful = True
    objects_change = False
    jobs_are_made_here = False
    takes_jobs_for_granted = False
    given: Container[str] = ()
    instant: Container[ast.AST] = ()
    lasts: Container[ast.stmt] = ()
    asked: Container[str] | None = None
    most_work = MOST_WORK

    def __init__(self, names: Names, answer: str) -> None:
        self.names = names
        self._raises = answer == GONE
        self._status = Known(Answered(answer), polled=True)

    def reply(
        self,
        callee: ast.expr,
        keywords: list[ast.keyword],  # noqa: ARG002
        *,
        turn: int = 1,  # noqa: ARG002
    ) -> Answer | Raises | None:
        match callee:
            case ast.Name(id="poll" | "poll_dict" | "poll_async") if self._raises:
                return Raises(GONE)
            case ast.Name(id="poll" | "poll_async"):
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

    def exception_is(self, name: str, ancestor: str) -> Truth:
        if name not in API_ERRORS:
            return None
        above = {name, API_ERRORS[name], "Exception"}
        return ancestor in above if ancestor in {*API_ERRORS, *BUILTIN_ERRORS} else None

    def may_raise(self, name: str) -> bool:  # noqa: ARG002
        return True

    def is_far(self, code: Code, *, told: bool) -> bool:  # noqa: ARG002
        return False

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
    kinds: Counter[str] = field(default_factory=Counter)
    mismatches: list[Mismatch] = field(default_factory=list)
    accidents: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    programs: int = 0
    abstract_seconds: float = 0.0

    @property
    def decided(self) -> int:
        return self.verdicts["never"] + self.verdicts["always"]

    def add(self, other: Tally) -> None:
        """Count what another comparison came to, too."""
        for mine in fields(self):
            value = getattr(self, mine.name)
            value += getattr(other, mine.name)
            setattr(self, mine.name, value)


def entry_node(tree: ast.Module, entry: str) -> Code:
    """The function that is run."""
    body: Sequence[ast.stmt] = tree.body
    for name in entry.split("."):
        found = next(
            node
            for node in body
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name == name
        )
        body = found.body
    assert isinstance(found, FUNCTIONS)
    return found


def judge(names: Names, entry: Code, answer: str) -> dict[Line, Outcome]:
    """What the abstract run says: the outcome of each loop."""
    abstract = Run(SamePolls(names, answer))
    abstract.start(entry)
    return {loop.lineno: outcome for loop, outcome in _judged(abstract)}


def _judged(abstract: Run) -> Iterator[tuple[Repeated, Outcome]]:
    for loop, outcome in abstract.outcomes.items():
        if abstract.gave_up:
            yield loop, outcome.joined(Outcome(unclear=True))
        else:
            yield loop, outcome


def contradiction(outcome: Outcome | None, departure: Departure) -> tuple[str, str, str] | None:
    """How ``departure`` gives ``outcome`` the lie: the kind, what was said, what happened."""
    if outcome is None:
        seen = departure.polled and not departure.timed_out
        return ("unseen", "no poll", f"left by line {departure.by}") if seen else None
    left = "stayed" if departure.by is None else f"left by line {departure.by}"
    if departure.by is None:
        if departure.answered and outcome.verdict == "always":
            return "stays", "always left", left
    elif departure.polled:
        if outcome.verdict == "never":
            return "leaves", "never left", left
        ways = {getattr(way.node, "lineno", 0) for way in outcome.ways}
        # a time limit is a way out of the turns that are followed by others, and of no other one;
        # a round that begins anew may end in whatever way a later one does
        anew = any(isinstance(way.node, FUNCTIONS) for way in outcome.ways)
        open_end = departure.timed_out or outcome.unclear or anew
        if not open_end and departure.by not in ways:
            return "way", f"left by lines {sorted(ways)}", left
    if outcome.waits is not None and any(w is not outcome.waits for w in departure.waits):
        return "waits", f"waits: {outcome.waits}", f"waited: {departure.waits[:8]}"
    return None


def compare(program: Program, seeds: range, tally: Tally, answers: Sequence[str] = ANSWERS) -> None:
    """Judge and run one program."""
    code = rewritten(program.source)
    names = Names(ast.parse(program.source))
    entry = entry_node(names.tree, program.entry)
    own = {loop.lineno for loop in names.loops if names.scope_node(loop) is entry}
    tally.programs += 1
    done: dict[tuple[str, int], list[Departure]] = {}

    def really(answer: str, seeds: Iterable[int]) -> Iterator[list[Departure]]:
        for seed in seeds:
            if (answer, seed) not in done:
                done[answer, seed] = _really(program, code, answer, seed, tally)
            yield done[answer, seed]

    outcomes: dict[str, dict[Line, Outcome]] = {}
    for answer in answers:
        started = time.perf_counter()
        try:
            outcomes[answer] = judge(names, entry, answer)
        except Exception:
            crash = Mismatch("crash", answer, program, 0, "nothing", traceback.format_exc())
            tally.mismatches.append(crash)
            continue
        finally:
            tally.abstract_seconds += time.perf_counter() - started
        departures = dict.fromkeys(d for d in chain(*really(answer, seeds)) if d.loop in own)
        tally.mismatches += _contradictions(program, answer, outcomes[answer], departures, tally)
    for loop, status, happened in confusions(outcomes, really, seeds):
        said = f"{_short(outcomes[status].get(loop))}, {_short(outcomes[RUNNING][loop])} as it runs"
        tally.mismatches.append(Mismatch("relation", status, program, loop, said, happened))


def _short(outcome: Outcome | None) -> str:
    if outcome is None:
        return "no poll"
    lines = sorted(getattr(way.node, "lineno", 0) for way in outcome.ways)
    return f"{outcome.verdict} by {lines}"


def _contradictions(
    program: Program,
    answer: str,
    outcomes: dict[Line, Outcome],
    departures: Iterable[Departure],
    tally: Tally,
) -> Iterator[Mismatch]:
    for loop in {departure.loop for departure in departures} & outcomes.keys():
        tally.verdicts[outcomes[loop].verdict] += 1
        tally.kinds[program.kind] += 1
    seen: set[tuple[str, Line]] = set()
    for departure in departures:
        wrong = contradiction(outcomes.get(departure.loop), departure)
        if wrong is not None and (wrong[0], departure.loop) not in seen:
            kind, said, happened = wrong
            if kind == "unseen" and program.kind == "recursive":
                continue  # what a later round raises is not followed: such code is not judged
            seen.add((kind, departure.loop))
            yield Mismatch(kind, answer, program, departure.loop, said, happened)


def _really(
    program: Program, code: CodeType, answer: str, seed: int, tally: Tally
) -> list[Departure]:
    """How the loops of one real run were left; nothing where it failed by accident."""
    recorder = run(program, code, answer, seed)
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


def verify_at_once(seed: int, verdicts: int, jobs: int) -> Tally:
    """The same in several processes, each with programs of its own."""
    if jobs == 1:
        return verify(seed, verdicts)
    tally = Tally()
    with ProcessPoolExecutor(jobs) as pool:
        seeds = [seed + job * SEEDS // jobs for job in range(jobs)]
        for part in pool.map(verify, seeds, [verdicts // jobs] * jobs):
            tally.add(part)
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare many programs; the exit code says whether all agreed."""
    from .reduction import reduced

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="how many mismatches to print")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes to use")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    tally = verify_at_once(options.seed * SEEDS, options.verdicts, options.jobs)
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
            f"by kind of program: {dict(tally.kinds.most_common())}",
            f"{kinds.total()} mismatches: {dict(kinds)}",
            f"{seconds:.0f} s; {seconds / total * 1e3:.2f} ms for each verdict,"
            f" {tally.abstract_seconds / total * 1e3:.2f} ms of them for the abstract run",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
