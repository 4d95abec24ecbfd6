"""Random programs that wait for a job, for comparing the abstract run with real ones.

A program is a module with a few constants, exception classes and small functions, and one
function (or method) with loops in it that call ``poll(job)``: the *entry*. Everything a
program does not define (``poll``, ``flag``, ``work``, ``settings``, ...) comes from outside,
see ``outside``. Programs are written so that they never fail by accident: what raises is
``raise``, ``assert`` or a call of something from outside.
"""

from __future__ import annotations

import ast
import random
import re
import sys
from dataclasses import dataclass

from .asynchrony import asynchronous
from .bodies import Body, Lines, Result, indented, leaves, reads_only, suite
from .phrases import BUILTIN_ERRORS, STATUSES, Phrases, Scope

_OUTSIDE = (
    "flag, looks_fine, make_error, work, log, pause_a_bit, lock, use, subscribe, VERBOSE,"
    " Response, Context, ApiError, NotFound"
)
_WORD = re.compile(r"\w+")

STR_ENUM = "(enum.StrEnum)" if sys.version_info >= (3, 11) else "(str, enum.Enum)"


@dataclass(frozen=True)
class Program:
    """A module's source, and the dotted name of the function to run in it."""

    source: str
    entry: str
    kind: str = "plain"


KINDS = {
    "plain": 6.0,
    "jobs": 1.0,
    "generator": 1.0,
    "recursive": 1.0,
    "async": 1.0,
    "timed": 1.0,
}
"""What programs there are, and how many of them."""


def generate(seed: int) -> Program:
    """The program that belongs to ``seed``."""
    (kind,) = random.Random(f"kind of {seed}").choices(list(KINDS), list(KINDS.values()))
    return of_kind(kind, seed)


def of_kind(kind: str, seed: int) -> Program:
    """The program of a certain kind that belongs to ``seed``."""
    return _Author(random.Random(seed), kind).program()


class _Author:
    """Writes one module."""

    def __init__(self, rng: random.Random, kind: str) -> None:
        self.rng = rng
        self.kind = kind
        self.module = Scope(
            focus=rng.choice([None, None, *_FOCUSES]), wary=rng.random() < 0.35, kind=kind
        )
        self.deep: set[str] = set()  # functions that call others: nobody but the entry does
        self.stores: dict[str, str] = {}  # procedures of a box and a response: what box is
        self.functions: set[str] = set()
        self.boxes: Lines = []
        self.lines: Lines = []

    def program(self) -> Program:
        self._imports()
        self._constants()
        self._errors()
        if self._chance(0.2):
            self._box()
        for position in range(self.rng.choice([0, 1, 2, 2, 3])):
            self._function(position)
        entry = self._class() if self._chance(0.25) else self._entry()
        source = ast.unparse(ast.parse("\n".join(self.lines))) + "\n"
        if self.kind in {"async", "timed"}:
            source = asynchronous(source, entry, self.rng, timed=self.kind == "timed")
        return Program(source, entry, self.kind)

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # Module level

    def _imports(self) -> None:
        self.lines += [
            "import contextlib, copy, enum, functools, itertools, sys, time, typing",
            "from contextlib import suppress",
        ]
        if self._chance(0.5):
            self.lines.append(f"from outside import {_OUTSIDE}")

    def _constants(self) -> None:
        module, write = self.module, Phrases(self.rng, self.module)
        for position in range(self.rng.randint(0, 2)):
            name = f"WORDS_{position}"
            self.lines.append(f"{name} = {write.tuple_of_words()}")
            module.tuples.append(name)
        for position in range(self.rng.randint(0, 2)):
            name = f"SET_{position}"
            self.lines.append(f"{name} = {write.set_of_words()}")
            module.sets.append(name)
        if self._chance(0.2):
            self.lines.append("FINISHED = 'completed'")
            module.members.append("FINISHED")
        if self._chance(0.15):
            self.lines.append(
                f"GROUPS = {{'open': {write.tuple_of_words()}, 'end': {write.set_of_words()}}}"
            )
            module.containers += ["GROUPS['open']", "GROUPS['end']", "GROUPS.get('end', ())"]
        if self._chance(0.25):
            self._status_class()
        if self._chance(0.15):
            self.lines.append("SHARED = {'status': 'queued', 'done': False}")
            module.mappings.append("SHARED")
        if self._chance(0.15):
            mark = suite("def mark_seen():", ["global SEEN", "SEEN = True"])
            self.lines += ["SEEN = False", *mark]
            module.procedures.append("mark_seen()")
            module.conditions.append("SEEN")
            if self._chance(0.3):
                module.procedures.append("subscribe(mark_seen)")
        if self._chance(0.1):
            self.lines += suite("def call_it(fn):", ["response = done = None", "return fn()"])
            module.callers.append("call_it({})")

    def _status_class(self) -> None:
        base = self.rng.choice(["", "(str, enum.Enum)", STR_ENUM])
        members = [f"{word.upper()} = {word!r}" for word in STATUSES]
        self.lines += suite(f"class Status{base}:", members)
        for word in ("completed", "failed", "queued"):
            self.module.members.append(f"Status.{word.upper()}")
            if base:
                self.module.members.append(f"Status.{word.upper()}.value")
                self.module.members.append(f"Status({word!r})")

    def _errors(self) -> None:
        names: Lines = []
        for position in range(self.rng.randint(0, 3)):
            name = f"JobError{position}"
            base = self.rng.choice([*self.rng.choice([["ApiError"], [], names]), *BUILTIN_ERRORS])
            self.lines += suite(f"class {name}({base}):", [])
            names.append(name)
        self.module.errors += names
        if self._chance(0.25):
            group = self.rng.sample([*names, *BUILTIN_ERRORS], 2)
            self.lines.append(f"ERRORS = ({', '.join(group)})")
            self.module.groups.append("ERRORS")
        if self._chance(0.1):
            self.lines.append(f"Gone = {self.rng.choice([*names, *BUILTIN_ERRORS])}")
            self.module.errors.append("Gone")

    def _box(self) -> None:
        """A small class of which the entry makes an object."""
        self.lines += suite(
            "class Box:",
            [
                *suite("def __init__(self):", ["self.done = False", "self.response = None"]),
                *suite("def finish(self, value=True):", ["self.done = value"]),
                *suite("def take(self, r):", ["self.response = r", "return r"]),
            ],
        )
        self.boxes.append("Box()")

    # Functions

    def _function(self, position: int) -> None:
        module = self.module
        kind = self.rng.choice(
            ["predicate", "checker", "fetcher", "stepper", "labeler", "store", "keeper"]
        )
        name = f"{kind}_{position}"
        match kind:
            case "predicate":
                self._define(name, "r, strict=False", lambda b: b.condition(1), responses=["r"])
                module.predicates.append(f"{name}({{}})")
            case "checker":
                self._define(name, "r, strict=False", lambda _: "r", responses=["r"])
                module.checkers.append(f"{name}({{}})")
            case "fetcher":
                self._define(name, "job", lambda _: "r")
                module.fetchers.append(f"{name}(job)")
            case "stepper":
                self._define(name, "job", lambda b: f"({b.condition(1)}, r)")
                module.steppers.append(f"{name}(job)")
            case "labeler":
                self._define(name, "s", lambda b: b.member(), statuses=["s"])
                module.labelers.append(f"{name}({{}})")
            case "store":
                self._define(name, "box, r", lambda _: "None", responses=["r"], mappings=["box"])
                self.stores[name] = "mappings"
            case "keeper":
                self._define(name, "box, r", lambda _: "None", responses=["r"], contexts=["box"])
                self.stores[name] = "contexts"

    def _define(self, name: str, signature: str, result: Result, **parameters: Lines) -> None:
        scope = self._shallow(self.module)
        polls = signature == "job"
        for kind, names in parameters.items():
            getattr(scope, kind).extend(names)
        first: Lines = []
        if not scope.responses:
            first.append("r = poll(job)" if polls else "r = Response('queued')")
            scope.responses = ["r"]
        if "strict" in signature:
            scope.conditions.append("strict")
        if not polls and self._chance(0.7):
            scope.fetchers, scope.steppers = [], []
        loops = polls and self._chance(0.3)
        body = Body(self.rng, scope, result, budget=5, may_loop=loops)
        lines = first + body.block(2, least=0 if first else 1)
        lines.append(f"return {result(body)}")
        self.lines += suite(f"def {name}({signature}):", lines)
        self._note_depth(name, lines)

    def _shallow(self, scope: Scope) -> Scope:
        """``scope`` without calls of functions that call others: nothing is many calls away."""
        inner = scope.inner()
        for names in (value for value in vars(inner).values() if isinstance(value, list)):
            names[:] = [name for name in names if not self.deep & set(_WORD.findall(name))]
        return inner

    def _note_depth(self, name: str, lines: Lines) -> None:
        called = set(_WORD.findall(" ".join(lines))) & self.functions
        if called:
            self.deep.add(name)
        self.functions.add(name)

    def _entry(self) -> str:
        scope = self.module.inner(settings="settings")
        options = self._options(scope)
        declared: Lines = []
        if "SEEN" in scope.conditions and self._chance(0.3):
            declared.append("global SEEN")
            scope.flags.append("SEEN")
        body = self._body(scope, ["response", "current"])
        first = self._locals(scope, body)
        rest = self._closures(scope) + self._work(body)
        lines = declared + _needed(first, rest) + rest
        self.lines += suite(f"def wait(job, response, settings{options}):", lines)
        return "wait"

    def _options(self, scope: Scope) -> str:
        options = ""
        write = Phrases(self.rng, Scope())
        if self._chance(0.3):
            options += f", wanted={write.tuple_of_words(0)}"
            scope.tuples.append("wanted")
        if self._chance(0.2):
            options += ", strict=True"
            scope.conditions.append("strict")
        if self._chance(0.2):
            options += ", limit=None"
            scope.conditions.append("(limit and time.time() > limit)")
        if self._chance(0.1):
            options += f", is_over=lambda r: r.status in {write.container()}"
            scope.predicates.append("is_over({})")
        return options

    def _body(self, scope: Scope, responses: Lines) -> Body:
        scope.responses += responses
        scope.yields = self.kind == "generator"
        if self.kind == "recursive":
            own = "self.run()" if scope.job == "self.job" else "wait(job, response, settings)"
            scope.again = own
        return Body(
            self.rng,
            scope,
            lambda b: b.rng.choice(["None", "response", b.condition(0), b.polling()]),
            budget=self.rng.choice([6, 10, 14, 18]),
            may_loop=True,
        )

    def _locals(self, scope: Scope, body: Body) -> Lines:
        """Names with a value to begin with."""
        polled = "response" if scope.wary else f"poll({scope.job})"
        lines = [f"current = {self.rng.choice(['response', 'response', polled])}"]
        for names, stem, values in (
            (scope.flags, "done", ["False", "False", "True", "flag(2)"]),
            (scope.statuses, "status", ["response.status", "'queued'", "'completed'", "''"]),
            (scope.words, "last", ["None", "'queued'"]),
            (scope.absent, "found", ["None"]),
            (scope.counters, "count", ["0", "3"]),
            (scope.deadlines, "deadline", ["time.time() + 5"]),
            (scope.answers, "answer", ["{'status': 'queued'}", f"poll_dict({scope.job})"]),
            (scope.mappings, "info", ["{'status': 'queued', 'done': False}"]),
            (scope.contexts, "context", ["Context()", *self.boxes * 2]),
            (scope.histories, "history", ["[]", "['queued']"]),
            (scope.bags, "bag", ["{'completed'}", "set()", "{'queued', 'in_progress'}"]),
            (scope.pending, "pending", [f"list({scope.settings}.jobs)", "['a', 'b']"]),
            *self._of_jobs(scope),
        ):
            focused = names is getattr(scope, scope.focus or "", None)
            for position in range(self.rng.choice([1, 2] if focused else [0, 0, 1, 1, 2])):
                name = f"{stem}_{position}" if position else stem
                annotation = ": object" if self._chance(0.05) else ""
                value = self.rng.choice([*values, *names[-1:] * (stem in _SHARABLE)])
                lines.append(f"{name}{annotation} = {value}")
                names.append(name)
                if value == "Box()":
                    scope.procedures += [f"{name}.finish()", f"{name}.take(current)"]
        if self._chance(0.2):
            lines.append(f"local_words = {body.tuple_of_words()}")
            scope.tuples.append("local_words")
        if self._chance(0.15):
            lines.append(f"fetch_more = functools.partial(poll, {scope.job})")
            scope.fetchers.append("fetch_more()")
        for function, kind in self.stores.items():
            for box in getattr(scope, kind):
                scope.procedures.append(f"{function}({box}, {self.rng.choice(scope.responses)})")
        return lines

    def _of_jobs(self, scope: Scope) -> list[tuple[Lines, str, Lines]]:
        if self.kind != "jobs":
            return []
        jobs = f"{scope.settings}.jobs"
        return [
            (scope.crowds, "crowd", [f"set({jobs})", "{'a', 'b'}", f"{{j for j in {jobs}}}"]),
            (scope.results, "results", ["{}", "dict()", f"{{j: poll(j) for j in {jobs}}}"]),
        ]

    def _closures(self, scope: Scope) -> Lines:
        lines: Lines = []
        write = Phrases(self.rng, scope)
        flags = [name for name in scope.bare(scope.flags) if name.islower()]
        names = scope.bare(scope.responses)
        if flags and self._chance(0.25):
            flag = self.rng.choice(flags)
            lines += suite("def mark(value=True):", [f"nonlocal {flag}", f"{flag} = value"])
            marks = ["mark()", f"mark({write.condition(0)})"]
            scope.procedures += self.rng.choice([marks, marks, ["subscribe(mark)"]])
        if self._chance(0.2):
            content = [f"return {write.condition(1)}"]
            lines += suite("def ready():", content if reads_only(content) else ["return flag(4)"])
            scope.conditions.append("ready()")
            scope.closures.append("ready")
        if self._chance(0.2):
            test = Phrases(self.rng, scope.inner(responses=["r"], absent=[])).decisive()
            lines.append(f"is_fine = lambda r: {test if ':=' not in test else 'flag(4)'}")
            scope.predicates.append("is_fine({})")
        if self._chance(0.15):
            name = self.rng.choice(names)
            lines += suite("def refresh():", [f"nonlocal {name}", f"{name} = poll({scope.job})"])
            scope.procedures += ["refresh()"] * 2
            scope.closures.append("refresh")
        if flags and self._chance(0.15):
            name, flag = self.rng.choice(names), self.rng.choice(flags)
            test = f"{name}.status in {Phrases(self.rng, Scope()).container()}"
            content = [f"nonlocal {name}, {flag}", f"{name} = poll({scope.job})"]
            lines += suite("def advance():", [*content, f"{flag} = {test}", f"return {flag}"])
            scope.conditions += ["advance()"] * 2
            scope.closures.append("advance")
        if scope.histories and self._chance(0.15):
            name, response = self.rng.choice(scope.histories), self.rng.choice(names)
            lines += suite("def note():", [f"{name}.append({response}.status)"])
            scope.procedures += ["note()", "subscribe(note)"]
        return lines

    def _work(self, body: Body) -> Lines:
        lines = body.block(2, least=0) if self._chance(0.3) else []
        if leaves(lines):
            lines = []
        lines += body.loop(3)
        if self._chance(0.3):
            lines += body.loop(2)
        return [*lines, "return response"]

    # Classes

    def _class(self) -> str:
        scope = self.module.inner(settings="self.settings", job="self.job")
        scope.fetchers = [call.replace("(job)", "(self.job)") for call in scope.fetchers]
        scope.steppers = [call.replace("(job)", "(self.job)") for call in scope.steppers]
        write = Phrases(self.rng, self.module)
        constants = [f"FINAL = {write.tuple_of_words()}", f"OPEN = {write.set_of_words()}"]
        heir = self._chance(0.3)
        self.lines += suite("class Base:" if heir else "class Waiter:", constants)
        scope.tuples += ["self.FINAL", "Base.FINAL" if heir else "Waiter.FINAL"]
        scope.sets += ["self.OPEN"]
        scope.responses += ["self.response"]
        scope.flags += ["self.done"]
        scope.statuses += ["self.status"]
        init = [
            "self.job = job",
            "self.response = response",
            "self.settings = settings",
            f"self.done = {self.rng.choice(['False', 'flag(3)'])}",
            f"self.status = {self.rng.choice(['response.status', repr('queued')])}",
        ]
        if self._chance(0.3):
            init.append("self.info = {'status': 'queued', 'done': False}")
            scope.mappings.append("self.info")
        self.lines += indented(suite("def __init__(self, job, response, settings):", init))
        split = self.rng.randint(0, 2)
        for position in range(self.rng.randint(0, 3)):
            if heir and position == split:
                self.lines += suite("class Waiter(Base):", ["WORD = 'completed'"])
                heir = False
            self._method(scope, position)
        if heir:
            self.lines += suite("class Waiter(Base):", ["WORD = 'completed'"])
        run = self._body(scope, ["response", "current"])
        first = ["response = self.response", *self._locals(scope, run)]
        rest = self._work(run)
        lines = _needed(first, rest) + rest
        self.lines += indented(suite("def run(self):", lines))
        return "Waiter.run"

    def _method(self, scope: Scope, position: int) -> None:
        kind = self.rng.choice(["refresh", "predicate", "property", "fetcher", "checker", "mark"])
        name = f"{kind}_{position}"
        inner = self._shallow(scope)
        decorators: Lines = []
        result: Result = _nothing
        first: Lines = []
        match kind:
            case "refresh":
                first = ["self.response = poll(self.job)"]
                scope.procedures += [f"self.{name}()"] * 2
                scope.closures.append(f"self.{name}")
            case "predicate" | "property":
                result = _condition
                decorators = ["@property"] if kind == "property" else []
                scope.conditions.append(f"self.{name}" + ("" if decorators else "()"))
            case "fetcher":
                first = ["self.response = poll(self.job)"]
                result = _held
                scope.fetchers.append(f"self.{name}()")
            case "checker":
                scope.procedures.append(f"self.{name}()")
            case "mark":
                first = ["self.done = True"]
                scope.procedures += [f"self.{name}()", f"subscribe(self.{name})"]
        body = Body(self.rng, inner, result, budget=4)
        lines = [*first, *body.block(2, least=0 if first else 1), f"return {result(body)}"]
        self.lines += indented([*decorators, *suite(f"def {name}(self):", lines)])
        self._note_depth(name, lines)


_FOCUSES = (
    "mappings",
    "contexts",
    "histories",
    "bags",
    "flags",
    "pending",
    "conditions",
    "words",
)
_SHARABLE = ("info", "history", "bag", "context")


def _nothing(_: Body) -> str:
    return "None"


def _condition(body: Body) -> str:
    return body.condition(1)


def _held(_: Body) -> str:
    return "self.response"


def _needed(first: Lines, rest: Lines) -> Lines:
    """Those of the ``first`` assignments whose names are used further on."""
    kept: Lines = []
    used = set(_WORD.findall("\n".join(rest)))
    for line in reversed(first):
        words = _WORD.findall(line)
        if words[0] in used:
            kept.append(line)
            used.update(words)
    return kept[::-1]
