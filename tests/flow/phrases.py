"""Random expressions: what a program may write where it looks at a job.

Knows which names a piece of a program can read (:class:`Scope`) and writes expressions
over them: statuses, sets of statuses, conditions, exceptions. It does not know statements.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

STATUSES = ("queued", "in_progress", "completed", "failed", "cancelled", "incomplete")
PENDING = ("queued", "in_progress")
RUNNING = "in_progress"
ENDED = "completed"
TERMINAL = ("completed", "failed", "cancelled", "incomplete")
BUILTIN_ERRORS = (
    "Exception",
    "ValueError",
    "KeyError",
    "LookupError",
    "RuntimeError",
    "TimeoutError",
    "OSError",
    "ArithmeticError",
)
API_ERRORS = {"NotFound": "ApiError", "ApiError": "Exception"}
"""The exception classes of the outside, each with its base."""
GONE = "NotFound"
"""What polls raise, where that is their answer."""
ANSWERS = (*STATUSES, GONE)
"""What polls may answer from now on."""
STOPPING_ERRORS = ("SystemExit", "KeyboardInterrupt", "GeneratorExit")

Phrase: TypeAlias = Callable[[], str]


@dataclass
class Scope:
    """The names that can be read at one place, by what they hold.

    ``bare`` are those that are local names, which a walrus can set. A template such as
    ``is_done({})`` stands for a call with one argument.
    """

    responses: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # a response or None
    answers: list[str] = field(default_factory=list)  # a dict with a status
    statuses: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # a status or None
    flags: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    deadlines: list[str] = field(default_factory=list)
    mappings: list[str] = field(default_factory=list)  # a dict with a status and done
    contexts: list[str] = field(default_factory=list)  # an object from outside
    histories: list[str] = field(default_factory=list)  # a list of statuses
    bags: list[str] = field(default_factory=list)  # a local set of statuses
    tuples: list[str] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)  # constants that are a status
    predicates: list[str] = field(default_factory=list)  # of a response
    conditions: list[str] = field(default_factory=list)  # whole conditions
    checkers: list[str] = field(default_factory=list)  # return the response or raise
    fetchers: list[str] = field(default_factory=list)  # poll
    steppers: list[str] = field(default_factory=list)  # give (done, response)
    labelers: list[str] = field(default_factory=list)  # a status for a status
    procedures: list[str] = field(default_factory=list)  # whole statements
    containers: list[str] = field(default_factory=list)  # anything a status may be in
    pending: list[str] = field(default_factory=list)  # a list of jobs that shrinks
    crowds: list[str] = field(default_factory=list)  # a set of jobs that shrinks
    results: list[str] = field(default_factory=list)  # a dict of responses by job
    closures: list[str] = field(default_factory=list)  # functions without parameters
    callers: list[str] = field(default_factory=list)  # call a function and give its result
    caught: list[str] = field(default_factory=list)  # exceptions, in handlers
    errors: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)  # tuples of exception classes
    job: str = "job"
    settings: str | None = None
    kind: str = "plain"  # what is special about this program
    yields: bool = False
    again: str | None = None  # a call of the entry itself
    wary: bool = False  # expects polls to raise
    focus: str | None = None  # the field whose names this program is mainly about

    def inner(self, **changes: object) -> Scope:
        """A scope that can be extended without changing this one."""
        copied = {
            name: list(value) for name, value in vars(self).items() if isinstance(value, list)
        }
        return replace(self, **{**copied, **changes})  # type: ignore[arg-type]

    def bare(self, names: list[str]) -> list[str]:
        """Those of ``names`` that a walrus can set."""
        return [name for name in names if name.isidentifier()]


def called(rng: random.Random, template: str, argument: str) -> str:
    """A call of a template: with its argument by position, by name, or spread out."""
    name, _, rest = template.partition("({})")
    plain = not rest and name.startswith(("predicate_", "checker_"))  # these have an option
    if plain and rng.random() < 0.15:
        return rng.choice([f"{name}(*[{argument}])", f"{name}(*({argument}, True))"])
    if plain and rng.random() < 0.15:
        return f"{name}({argument}, {rng.choice(['strict=True', 'True', 'strict=VERBOSE'])})"
    return template.format(argument)


class Phrases:
    """Writes expressions over the names of one scope."""

    def __init__(self, rng: random.Random, scope: Scope) -> None:
        self.rng = rng
        self.scope = scope
        self._sites = 0

    def weighted(self, *choices: tuple[float, Phrase | None]) -> str:
        """One of the phrases that can be written here."""
        possible = [(weight, phrase) for weight, phrase in choices if phrase is not None]
        phrase = self.rng.choices([p for _, p in possible], [w for w, _ in possible])[0]
        return phrase()

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # Names

    def one_of(self, names: list[str]) -> Phrase | None:
        """A phrase that is one of ``names``, None where there are none."""
        return (lambda: self.rng.choice(names)) if names else None

    def _over(self, names: list[str], write: Callable[[str], str]) -> Phrase | None:
        return (lambda: write(self.rng.choice(names))) if names else None

    # Statuses

    def word(self) -> str:
        """A status, written out."""
        return repr(self.rng.choice([*STATUSES, self.rng.choice(TERMINAL), "completed", "odd"]))

    def member(self) -> str:
        """A status, written out or by the name of a constant."""
        return self.weighted(
            (8, self.word),
            (2, self.one_of(self.scope.members)),
            (0.2, self._over(self.scope.members, lambda name: f"str({name})")),
            (0.2, lambda: f"({self.word()} if {self.flag()} else {self.word()})"),
            (0.3, self._over(self.scope.tuples, lambda name: f"({name} or ('odd',))[0]")),
            (0.2, self._over(self.scope.tuples, lambda name: f"('odd', *{name})[-1]")),
        )

    def response(self) -> str:
        """An expression that is a response; now and then it polls."""
        scope = self.scope
        return self.weighted(
            (10, self.one_of(scope.responses)),
            (0.5, self.polling),
            (0.4, self._checked if scope.checkers else None),
            (0.2, lambda: f"typing.cast(object, {self.rng.choice(scope.responses)})"),
            (0.2, lambda: f"copy.copy({self.rng.choice(scope.responses)})"),
        )

    def polling(self) -> str:
        """An expression that polls and is a response."""
        scope = self.scope
        plain = f"poll({scope.job})"
        return self.weighted(
            (8, lambda: plain),
            (3, self.one_of(scope.fetchers)),
            (1, self._over(scope.steppers, lambda call: f"{call}[1]")),
            (0.5, lambda: f"({plain} if {self.flag()} else {plain})"),
            (0.5, self._over(scope.bare(scope.responses), lambda name: f"({name} := {plain})")),
        )

    def _checked(self) -> str:
        response = self.rng.choice(self.scope.responses)
        return called(self.rng, self.rng.choice(self.scope.checkers), response)

    def status(self) -> str:
        """An expression that is a status, and certainly a string."""
        scope = self.scope
        return self.weighted(
            (8, lambda: f"{self.response()}.status"),
            (4, self.one_of(scope.statuses)),
            (1, lambda: f"getattr({self.response()}, 'status', 'queued')"),
            (0.5, lambda: f"{self.response()}.status.lower()"),
            (0.3, lambda: f"{self.response()}.status.strip().upper().lower()"),
            (0.5, lambda: f"str({self.response()}.status)"),
            (0.4, lambda: f"f'{{{self.response()}.status}}'"),
            (0.5, lambda: f"{{'status': {self.response()}.status}}['status']"),
            (0.4, lambda: f"{{'status': {self.response()}.status, **{{'n': 1}}}}.get('status')"),
            (0.4, lambda: f"{self.response()}.model_dump()['status']"),
            (0.4, lambda: f"dict(status={self.response()}.status)['status']"),
            (0.3, lambda: f"({self.response()}.status, 1)[0]"),
            (0.3, lambda: f"({self.response()}.status or 'queued')"),
            (0.4, lambda: f"({self.response()}.status if {self.flag()} else {self.word()})"),
            (1, self._over(scope.answers, lambda name: f"{name}['status']")),
            (1, self._over(scope.answers, lambda name: f"{name}.get('status', 'queued')")),
            (0.7, self._over(scope.mappings, lambda name: f"{name}['status']")),
            (0.7, self._over(scope.mappings, lambda name: f"{name}.get('status', 'queued')")),
            (0.6, self._over(scope.labelers, lambda call: call.format(self._seen_status()))),
            (
                0.5,
                self._over(
                    scope.bare(scope.statuses), lambda name: f"({name} := {self._seen_status()})"
                ),
            ),
            (
                0.2,
                self._over(scope.histories, lambda name: f"[*{name}, {self._seen_status()}][-1]"),
            ),
        )

    def _seen_status(self) -> str:
        return f"{self.response()}.status"

    def maybe_word(self) -> str:
        """A status or None."""
        return self.weighted(
            (2, lambda: f"getattr({self.response()}, 'status', None)"),
            (1, self._over(self.scope.answers, lambda name: f"{name}.get('status')")),
            (1, self._over(self.scope.mappings, lambda name: f"{name}.get('status')")),
            (0.7, self._over(self.scope.mappings, lambda name: f"{name}.get('state')")),
            (2, self.status),
            (1, lambda: "None"),
        )

    # Sets of statuses

    def _words(self) -> str:
        base = self.rng.choice((PENDING, TERMINAL, TERMINAL[:1], TERMINAL[1:], STATUSES))
        count = self.rng.randint(1, len(base))
        words = self.rng.sample(base, count) if self.chance(0.5) else base
        written = [repr(word) for word in words]
        if self.scope.members and self.chance(0.1):
            written.append(self.rng.choice(self.scope.members))
        return ", ".join(written)

    def tuple_of_words(self, depth: int = 1) -> str:
        """An expression that is a tuple of statuses."""
        deeper = depth > 0
        inner = depth - 1
        return self.weighted(
            (6, lambda: f"({self._words()},)"),
            (6, self.one_of(self.scope.tuples)),
            (
                2,
                (lambda: f"({self.tuple_of_words(inner)} + {self.tuple_of_words(inner)})")
                if deeper
                else None,
            ),
            (1, (lambda: f"(*{self.tuple_of_words(inner)}, {self.member()})") if deeper else None),
            (0.5, (lambda: f"tuple({self.set_of_words(inner)})") if deeper else None),
        )

    def set_of_words(self, depth: int = 1) -> str:
        """An expression that is a set of statuses."""
        deeper = depth > 0
        inner = depth - 1

        def both(operator: str) -> Phrase | None:
            if not deeper:
                return None
            return lambda: f"({self.set_of_words(inner)} {operator} {self.set_of_words(inner)})"

        return self.weighted(
            (6, lambda: f"{{{self._words()}}}"),
            (6, self.one_of(self.scope.sets)),
            (2, self.one_of(self.scope.bags)),
            (2, both("|")),
            (0.7, both("-")),
            (0.7, both("&")),
            (0.2, both("^")),
            (
                1,
                (lambda: f"{{*{self.tuple_of_words(inner)}, {self.member()}}}") if deeper else None,
            ),
            (1, (lambda: f"frozenset({self.tuple_of_words(inner)})") if deeper else None),
            (0.5, lambda: f"set([{self._words()}])"),
            (
                0.4,
                (lambda: f"{self.set_of_words(inner)}.union({self.tuple_of_words(inner)})")
                if deeper
                else None,
            ),
            (0.2, (lambda: f"{{w for w in {self.tuple_of_words(inner)}}}") if deeper else None),
        )

    def container(self) -> str:
        """Anything that a status may be in."""
        return self.weighted(
            (5, self.tuple_of_words),
            (5, self.set_of_words),
            (1, self.one_of(self.scope.containers)),
            (0.3, self._over(self.scope.tuples, lambda name: f"{name}[:2]")),
            (0.2, lambda: f"({self.word()})"),
            (2, lambda: f"[{self._words()}]"),
            (0.5, lambda: f"{{{self.word()}: 1, {self.word()}: 2}}"),
            (0.5, lambda: repr(" ".join(self.rng.sample(STATUSES, 2)))),
            (1, self.one_of(self.scope.histories)),
        )

    # Conditions

    def flag(self) -> str:
        """A condition that nothing in the program decides."""
        self._sites += 1
        settings = self.scope.settings
        return self.weighted(
            (6, lambda: f"flag({self.rng.randint(0, 5)})"),
            (2, self._over(self.scope.deadlines, lambda name: f"(time.time() > {name})")),
            (1, (lambda: f"{settings}.enabled") if settings else None),
            (0.5, (lambda: f"{settings}.stopping()") if settings else None),
            (0.5, lambda: "VERBOSE"),
            (0.5, self._over(self.scope.counters, lambda name: f"({name} > {self._number()})")),
            (0.5, self._over(self.scope.responses, lambda name: f"({name}.error is None)")),
            (0.3, self._over(self.scope.responses, lambda name: f"looks_fine({name})")),
        )

    def _number(self) -> int:
        return self.rng.randint(1, 9)

    def decisive(self) -> str:
        """A condition on a status."""
        scope = self.scope
        return self.weighted(
            (8, lambda: f"({self.status()} {self._in()} {self.container()})"),
            (6, lambda: f"({self.status()} {self._equals()} {self.member()})"),
            (0.5, lambda: f"({self.member()} {self._equals()} {self.status()})"),
            (0.3, lambda: f"({self.status()} == {self.status()} == {self.word()})"),
            (0.7, lambda: f"({self.maybe_word()} {self._in()} {self.set_of_words()})"),
            (0.7, lambda: f"({self.maybe_word()} {self._equals()} {self.member()})"),
            (0.4, lambda: f"{self.status()}.startswith({self.word()})"),
            (
                2,
                self._over(scope.predicates, lambda call: called(self.rng, call, self.response())),
            ),
            (0.5, self._over(scope.histories, self._about_history)),
            (0.5, self._over(scope.contexts, self._about_context)),
            (0.7, self._over(scope.pending, self._about_pending)),
            (3 if scope.kind == "jobs" else 0.7, self._about_jobs if scope.settings else None),
            (2, self._over(scope.crowds, self._about_pending)),
            (2, self._over(scope.results, self._about_results)),
            (0.7, self._through_a_caller if scope.callers and scope.closures else None),
            (2, self.one_of(scope.conditions)),
            (0.7, self._over(scope.steppers, lambda call: f"{call}[0]")),
            (1, self._over(scope.words, self._about_word)),
            (1.5, self._over(scope.absent, self._about_absent)),
            (0.3, lambda: f"any({self.status()} == w for w in {self.tuple_of_words()})"),
            (0.2, lambda: f"{{{self.word()}: True}}.get({self.status()}, False)"),
            (0.2, lambda: f"(lambda s: s {self._in()} {self.container()})({self.status()})"),
            (
                1,
                self._over(
                    scope.bare(scope.responses),
                    lambda name: (
                        f"(({name} := {self.polling()}).status {self._in()} {self.container()})"
                    ),
                ),
            ),
        )

    def _about_word(self, name: str) -> str:
        return self.rng.choice(
            [
                f"({name} {self._in()} {self.tuple_of_words()})",
                f"({name} {self._equals()} {self.member()})",
                f"({name} is None)",
                f"({name} is not None)",
                f"bool({name})",
                f"(not {name})",
                f"({name} and {name} {self._in()} {self.container()})",
            ]
        )

    def _about_absent(self, name: str) -> str:
        test = f"{name}.status {self._in()} {self.container()}"
        return self.rng.choice(
            [
                f"({name} is None or {test})",
                f"({name} is not None and {test})",
                f"(not {name} or {test})",
                f"({name} and {test})",
                f"({name} is None)",
                f"({name} and {name}.status) == {self.word()}",
                f"({name}.status if {name} else {self.word()}) {self._in()} {self.container()}",
            ]
        )

    def _about_history(self, name: str) -> str:
        return self.rng.choice(
            [
                f"bool({name} and {name}[-1] {self._in()} {self.container()})",
                f"({self.word()} {self._in()} {name})",
                f"(len({name}) > {self._number()})",
                f"bool({name})",
            ]
        )

    def _about_context(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name}.done",
                f"({name}.response is None or {name}.response.status {self._in()}"
                f" {self.container()})",
                f"({name}.response is not None and {name}.response.status == {self.member()})",
            ]
        )

    def _about_pending(self, name: str) -> str:
        return self.rng.choice([f"bool({name})", f"(not {name})", f"(len({name}) > 0)"])

    def _about_jobs(self) -> str:
        scope = self.scope
        poll = self.weighted(
            (3, lambda: "poll(j)"),
            (1, self._over(scope.bare(scope.responses), lambda name: f"({name} := poll(j))")),
        )
        every = self.rng.choice(["any", "all"])
        jobs = self.rng.choice([f"{scope.settings}.jobs", *scope.pending, *scope.crowds])
        test, loop = f"{poll}.status {self._in()} {self.container()}", f"for j in {jobs}"
        if scope.kind != "jobs" or self.chance(0.5):
            return f"{every}({test} {loop})"
        return self.rng.choice(
            [
                f"{every}([{test} {loop}])",
                f"(not {every}({test} {loop}))",
                f"(len([j {loop} if {test}]) == 0)",
                f"bool([j {loop} if {test}])",
                f"(next((j {loop} if {test}), None) is None)",
                f"(sum(1 {loop} if {test}) == len({jobs}))",
                f"({{poll(j).status {loop}}} <= {self.set_of_words()})",
            ]
        )

    def _about_results(self, name: str) -> str:
        every, test = self.rng.choice(["any", "all"]), f"{self._in()} {self.container()}"
        return self.rng.choice(
            [
                f"{every}(r.status {test} for r in {name}.values())",
                f"{every}({name}[j].status {test} for j in {name})",
                f"(len({name}) == 2)",
                f"('one' in {name})",
                f"(not {name})",
            ]
        )

    def _through_a_caller(self) -> str:
        caller = self.rng.choice(self.scope.callers)
        return f"bool({caller.format(self.rng.choice(self.scope.closures))})"

    def _in(self) -> str:
        return self.rng.choice(["in", "not in"])

    def _equals(self) -> str:
        return self.rng.choice(["==", "!="])

    def _about_flag(self) -> str:
        name = self.rng.choice(self.scope.flags)
        return self.rng.choice(
            [name, name, f"(not {name})", f"({name} is False)", f"({name} == True)"]
        )

    def _about_counter(self) -> str:
        name = self.rng.choice(self.scope.counters)
        return self.rng.choice(
            [f"({name} < {self._number()})", f"({name} == 0)", f"({name} != 3)", f"(not {name})"]
        )

    def condition(self, depth: int = 2) -> str:
        """Any condition."""
        focused = self._focused() if self.chance(0.4) else None
        if focused is not None:
            return focused()
        deeper = depth > 0
        inner = depth - 1

        def both(operator: str) -> Phrase | None:
            if not deeper:
                return None
            return lambda: f"({self.condition(inner)} {operator} {self.condition(inner)})"

        return self.weighted(
            (9, self.decisive),
            (2.5, self.flag),
            (2.5, self._about_flag if self.scope.flags else None),
            (0.7, self._about_counter if self.scope.counters else None),
            (1, self._over(self.scope.mappings, lambda name: f"{name}['done']")),
            (
                0.7,
                self._over(
                    self.scope.bare(self.scope.flags),
                    lambda name: f"({name} := {self.condition(0)})",
                ),
            ),
            (1.5, both("and")),
            (1.5, both("or")),
            (1, (lambda: f"(not {self.condition(inner)})") if deeper else None),
            (0.3, (lambda: f"bool({self.condition(inner)})") if deeper else None),
            (
                0.4,
                (
                    lambda: (
                        f"({self.condition(inner)} if {self.condition(inner)}"
                        f" else {self.condition(inner)})"
                    )
                )
                if deeper
                else None,
            ),
            (0.3, lambda: self.rng.choice(["True", "False"])),
        )

    def _focused(self) -> Phrase | None:
        """A condition on what this program is mainly about."""
        scope = self.scope
        match scope.focus:
            case "mappings":
                return self._over(scope.mappings, self._about_mapping)
            case "contexts":
                return self._over(scope.contexts, self._about_context)
            case "histories":
                return self._over(scope.histories, self._about_history)
            case "bags":
                return self._over(scope.bags, lambda n: f"({self.status()} {self._in()} {n})")
            case "flags":
                return self._about_flag if scope.flags else None
            case "pending":
                return self._over(scope.pending, self._about_pending)
            case "conditions":
                return self._over(scope.conditions, str)
            case "words":
                return self._over(scope.words, self._about_word)
            case _:
                return None

    def _about_mapping(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name}['done']",
                f"(not {name}['done'])",
                f"{name}.get('done')",
                f"({name}['status'] {self._in()} {self.set_of_words()})",
            ]
        )

    # Exceptions

    def error_class(self, *, stopping: bool = True) -> str:
        """The name of an exception class."""
        return self.weighted(
            (5, self.one_of(self.scope.errors)),
            (5, lambda: self.rng.choice(BUILTIN_ERRORS)),
            (1, lambda: self.rng.choice(list(API_ERRORS))),
            (0.4, (lambda: self.rng.choice(STOPPING_ERRORS)) if stopping else None),
        )

    def error(self) -> str:
        """What stands behind ``raise``."""
        name = self.error_class()
        plain = self.error_class(stopping=False)  # where its name cannot be read
        return self.weighted(
            (3, lambda: name),
            (3, lambda: f"{name}()"),
            (2, lambda: f"{name}({self.status()})"),
            (0.5, lambda: f"{name}('gone') from None"),
            (0.4, lambda: f"({plain} if {self.flag()} else ValueError)"),
            (0.3, lambda: f"make_error({plain})"),
            (3, self._over(self.scope.caught, lambda error: error)),
            (2, self._over(self.scope.caught, lambda error: f"{name} from {error}")),
        )

    def handled(self) -> str:
        """What stands behind ``except``."""
        return self.weighted(
            (6, self.error_class),
            (3, lambda: self.rng.choice(list(API_ERRORS))),
            (3, lambda: "Exception"),
            (2, lambda: f"({self.error_class()}, {self.error_class()})"),
            (1, self.one_of(self.scope.groups)),
            (0.7, lambda: "BaseException"),
        )
