"""Random programs that wait for a job, for comparing the abstract run with real ones.

A program is a module with a few constants, exception classes and small functions, and one
function (or method) with loops in it that call ``poll(job)``: the *entry*. Everything a
program does not define (``poll``, ``flag``, ``work``, ``settings``, ...) comes from outside,
see ``tracing``. Programs are written so that they never fail by accident: what raises is
``raise``, ``assert`` or a call of something from outside.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .phrases import BUILTIN_ERRORS, PENDING, TERMINAL, Phrases, Scope

Lines = list[str]
Return = Callable[["_Body"], str]

_OUTSIDE = "flag, looks_fine, make_error, work, log, pause_a_bit, VERBOSE, Response, Context"


@dataclass(frozen=True)
class Program:
    """A module's source, and the dotted name of the function to run in it."""

    source: str
    entry: str


def generate(seed: int) -> Program:
    """The program that belongs to ``seed``."""
    return _Author(random.Random(seed)).program()


def _indented(lines: Lines) -> Lines:
    return ["    " + line for line in lines] or ["    pass"]


def _suite(head: str, lines: Lines) -> Lines:
    return [head, *_indented(lines)]


@dataclass
class _Place:
    """Where a statement stands, as far as the grammar cares."""

    loops: int = 0  # loops of this function around it
    in_handler: bool = False
    may_loop: bool = True
    shared: list[str] = field(default_factory=list)  # flags of an enclosing function


class _Body(Phrases):
    """Writes the statements of one function."""

    def __init__(
        self,
        rng: random.Random,
        scope: Scope,
        result: Return,
        *,
        budget: int,
        may_loop: bool = False,
        may_raise: bool = True,
    ) -> None:
        super().__init__(rng, scope)
        self.result = result
        self.budget = budget
        self.may_loop = may_loop
        self.may_raise = may_raise
        self.loops = 0
        self.in_handler = False
        self.names = 0

    def fresh(self, stem: str) -> str:
        self.names += 1
        return f"{stem}_{self.names}"

    # Blocks

    def block(self, depth: int, *, least: int = 1) -> Lines:
        """A few statements."""
        lines: Lines = []
        for _ in range(self.rng.randint(least, 3)):
            lines += self.statement(depth)
            if self.budget <= 0 or _leaves(lines[-1]):
                break
        return lines

    def statement(self, depth: int) -> Lines:
        """One statement, with what it needs before it."""
        self.budget -= 1
        simple = depth <= 0 or self.budget <= 0
        choices: list[tuple[float, Callable[[], Lines]]] = [
            (2.5 if self.loops else 1, self._poll),
            (4, self._simple),
            (3 if self.loops else 0.6, self._leave),
        ]
        if not simple:
            choices += [
                (6, lambda: self._if(depth)),
                (2, lambda: self._try(depth)),
                (1, lambda: self._with(depth)),
                (1.3, lambda: self._match(depth)),
                (0.4, lambda: self._defined_late(depth)),
            ]
            if self.may_loop:
                choices.append((1.7 if self.loops < 2 else 0.2, lambda: self.loop(depth)))
        weights = [weight for weight, _ in choices]
        return self.rng.choices([write for _, write in choices], weights)[0]()

    def _split(self, *choices: tuple[float, Callable[[], Lines] | None]) -> Lines:
        possible = [(weight, write) for weight, write in choices if write is not None]
        weights = [weight for weight, _ in possible]
        return self.rng.choices([write for _, write in possible], weights)[0]()

    # Simple statements

    def _poll(self) -> Lines:
        scope = self.scope
        name = self.rng.choice([n for n in scope.responses if n != "self.held"] or ["_"])
        job = scope.job
        return self._split(
            (8, lambda: [f"{name} = {self.polling()}"]),
            (1, lambda: [f"{name}, _ = ({self.polling()}, 1)"]),
            (0.3, lambda: [f"{name} = spare = {self.polling()}"]),
            (0.5, lambda: [f"poll({job})"]),
            (
                1,
                (lambda: [f"{self.rng.choice(scope.statuses)} = {self.polling()}.status"])
                if scope.statuses
                else None,
            ),
            (
                1,
                (lambda: [f"{self.rng.choice(scope.answers)} = poll_dict({job})"])
                if scope.answers
                else None,
            ),
            (
                1,
                (lambda: [f"{self.rng.choice(scope.absent)} = {self.polling()}"])
                if scope.absent
                else None,
            ),
            (
                1.5,
                (
                    lambda: [
                        f"{self.rng.choice(scope.flags)}, {name} = {self.rng.choice(scope.steppers)}"
                    ]
                )
                if scope.steppers and scope.flags
                else None,
            ),
        )

    def _simple(self) -> Lines:
        scope = self.scope

        def when(names: list[str], write: Callable[[str], str]) -> Callable[[], Lines] | None:
            return (lambda: [write(self.rng.choice(names))]) if names else None

        return self._split(
            (2, lambda: ["time.sleep(1)"]),
            (0.5, lambda: [f"log({self.status()})"]),
            (1, lambda: ["work()"]),
            (0.3, lambda: ["pause_a_bit()"]),
            (3, when(scope.flags, self._set_flag)),
            (2, when(scope.statuses, lambda name: f"{name} = {self.status()}")),
            (1, when(scope.words, lambda name: f"{name} = {self.maybe_word()}")),
            (0.5, when(scope.absent, lambda name: f"{name} = None")),
            (1.5, when(scope.counters, lambda name: f"{name} += 1")),
            (0.3, when(scope.counters, lambda name: f"{name} = {self._number()}")),
            (0.3, when(scope.deadlines, lambda name: f"{name} = time.time() + {self._number()}")),
            (1, when(scope.mappings, self._set_entry)),
            (0.4, when(scope.answers, lambda name: f"{name} = {{'status': {self.status()}}}")),
            (0.5, when(scope.contexts, self._set_context)),
            (0.7, when(scope.histories, self._set_history)),
            (0.7, when(scope.bags, self._set_bag)),
            (1, when(scope.checkers, lambda call: call.format(self.response()))),
            (2, when(scope.procedures, lambda call: call)),
            (0.5, lambda: [f"assert {self.condition(1)}"]),
            (0.4, self._forget if scope.bare(scope.statuses) else None),
            (0.3, lambda: [self.condition(1)]),
            (0.3, lambda: [f"print({self.condition(0)} and {self.status()})"]),
        )

    def _set_flag(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name} = True",
                f"{name} = True",
                f"{name} = False",
                f"{name} = {self.condition(1)}",
                f"{name} = bool({self.condition(1)})",
                f"{name} = {name} or {self.condition(0)}",
                f"{name} |= bool({self.condition(0)})",
                f"{name} = not {name}",
            ]
        )

    def _set_entry(self, name: str) -> str:
        other = self.rng.choice(self.scope.mappings)
        changes = [
            f"{name}['status'] = {self.status()}",
            f"{name}['status'] = {self.status()}",
            f"{name}['done'] = {self.condition(1)}",
            f"{name}['done'] = True",
            f"{name}.update(status={self.status()})",
            f"{name}.update({{'done': {self.condition(0)}}})",
            f"{name}.pop('state', None)",
            f"{name}['state'] = {self.word()}",
            f"{name}.setdefault('state', {self.status()})",
            f"{name}[{self.status()}] = True",
        ]
        if name != "SHARED":
            changes += [
                f"{name} = {{**{name}, 'status': {self.status()}}}",
                f"{name} = {name} | {{'done': {self.condition(0)}}}",
                f"{name} = dict({other}, done={self.condition(0)})",
                f"{name} = {other}",
            ]
        return self.rng.choice(changes)

    def _set_context(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name}.done = {self.condition(1)}",
                f"{name}.done = True",
                f"{name}.done = False",
                f"{name}.response = {self.response()}",
                f"setattr({name}, 'done', {self.condition(0)})",
                f"{name} = {self.rng.choice(self.scope.contexts)}",
            ]
        )

    def _set_history(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name}.append({self.status()})",
                f"{name} += [{self.status()}]",
                f"{name} = [*{name}, {self.status()}]",
                f"{name}.clear()",
            ]
        )

    def _set_bag(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name}.add({self.status()})",
                f"{name} |= {self.set_of_words()}",
                f"{name} = {self.set_of_words()} - {{{self.word()}}}",
                f"{name}.discard({self.word()})",
                f"{name} = {self.rng.choice(self.scope.bags)}",
            ]
        )

    def _forget(self) -> Lines:
        name = self.rng.choice(self.scope.bare(self.scope.statuses))
        return [f"del {name}", f"{name} = {self.rng.choice(self.scope.responses)}.status"]

    def _leave(self) -> Lines:
        """``break`` and the like, often under a condition."""
        bare = [self.leaving()]
        if self.chance(0.75):
            return _suite(f"if {self.condition(1)}:", bare)
        return bare

    def leaving(self) -> str:
        """One statement that goes somewhere else."""
        loop = self.loops > 0
        return self.weighted(
            (4, (lambda: "break") if loop else None),
            (2, (lambda: "continue") if loop else None),
            (3, lambda: f"return {self.result(self)}"),
            (2, (lambda: f"raise {self.error()}") if self.may_raise else None),
            (4, (lambda: "raise") if self.in_handler else None),
        )

    # Compound statements

    def _if(self, depth: int) -> Lines:
        lines = _suite(f"if {self.condition()}:", self.block(depth - 1))
        if self.chance(0.2):
            lines += _suite(f"elif {self.condition(1)}:", self.block(depth - 1))
        if self.chance(0.3):
            lines += _suite("else:", self.block(depth - 1))
        return lines

    def _try(self, depth: int) -> Lines:
        lines = _suite("try:", self.block(depth - 1))
        handlers = self.rng.choice([0, 1, 1, 1, 2])
        for _ in range(handlers):
            head = f"except {self.caught()}"
            lines += _suite(f"{head}{self.rng.choice(['', ' as error'])}:", self._handler(depth))
        if handlers and self.chance(0.1):
            lines += _suite("except:", self._handler(depth))
        if handlers and self.chance(0.25):
            lines += _suite("else:", self.block(depth - 1))
        if not handlers or self.chance(0.2):
            lines += _suite("finally:", self.block(depth - 1))
        return lines

    def _handler(self, depth: int) -> Lines:
        before, self.in_handler = self.in_handler, True
        lines = self.block(depth - 1)
        if self.chance(0.3) and not _leaves(lines[-1]):
            lines.append(self.leaving())
        self.in_handler = before
        return lines

    def _with(self, depth: int) -> Lines:
        manager = self.weighted(
            (3, lambda: f"contextlib.suppress({self.caught().strip('()')})"),
            (2, lambda: "contextlib.nullcontext()"),
            (1, lambda: f"suppress({self.error_class()}), contextlib.nullcontext()"),
            (0.5, lambda: f"contextlib.nullcontext({self.response()}) as entered"),
        )
        return _suite(f"with {manager}:", self.block(depth - 1))

    def _match(self, depth: int) -> Lines:
        subject = self.weighted(
            (5, self.status),
            (1, self.response),
            (1, self.maybe_word),
            (0.7, lambda: f"({self.status()}, {self.flag()})"),
            (0.5, self.one_of(self.scope.answers)),
        )
        lines = [f"match {subject}:"]
        for _ in range(self.rng.randint(1, 3)):
            guard = f" if {self.condition(1)}" if self.chance(0.2) else ""
            lines += _indented(_suite(f"case {self._pattern()}{guard}:", self.block(depth - 1)))
        if self.chance(0.4):
            lines += _indented(_suite("case _:", self.block(depth - 1)))
        return lines

    def _pattern(self) -> str:
        status = self.rng.choice(self.scope.bare(self.scope.statuses) or ["captured"])
        return self.weighted(
            (5, self.word),
            (5, lambda: " | ".join(repr(w) for w in self.rng.sample(TERMINAL + PENDING, 2))),
            (1, lambda: "None"),
            (1, lambda: f"str() as {status}"),
            (1, lambda: f"({self.word()} | {self.word()}) as {status}"),
            (1, lambda: f"Response(status={self.word()})"),
            (1, lambda: f"({self.word()}, _)"),
            (1, lambda: f"[{self.word()}, True]"),
            (1, lambda: "{'status': %s}" % self.word()),
            (1, self.one_of([name for name in self.scope.members if "." in name])),
        )

    def _defined_late(self, depth: int) -> Lines:
        """A closure that is defined where it is used."""
        name = self.fresh("later")
        scope = self.scope.inner()
        body = _Body(self.rng, scope, lambda b: b.condition(1), budget=3, may_raise=False)
        lines = _suite(
            f"def {name}():", [*body._if(1), f"return {body.condition(1)}"] if depth else ["pass"]
        )
        return [*_without_stores(lines, name), *_suite(f"if {name}():", self.block(depth - 1))]

    # Loops

    def loop(self, depth: int) -> Lines:
        """A loop that polls, most of the time."""
        head, first = self._loop_head()
        self.loops += 1
        handler, self.in_handler = self.in_handler, False
        body = first + self.block(depth - 1)
        if self.chance(0.85):
            body[len(first) : len(first)] = self._poll()
        if self.chance(0.3) and not _leaves(body[-1]):
            body.append("time.sleep(1)")
        self.loops -= 1
        self.in_handler = handler
        lines = _suite(head, body)
        if self.chance(0.15):
            lines += _suite("else:", self.block(depth - 1))
        return lines

    def _loop_head(self) -> tuple[str, Lines]:
        rng = self.rng
        counter = self.fresh("turn")
        kind = rng.choices(["while", "forever", "range", "count", "items", "iter"], _HEADS)[0]
        match kind:
            case "while":
                return f"while {self.condition()}:", []
            case "forever":
                leave = _suite(f"if {self.condition(1)}:", [self._out()])
                return f"while {rng.choice(['True', '1'])}:", leave if self.chance(0.6) else []
            case "range":
                return f"for {counter} in range({rng.randint(1, 6)}):", []
            case "count":
                return f"for {counter} in itertools.count():", []
            case "items":
                return f"for {counter} in [1, 2, 3]:", []
            case _:
                return f"for {counter} in iter(lambda: flag(1), None):", []

    def _out(self) -> str:
        before, self.loops = self.loops, self.loops + 1
        line = self.leaving()
        self.loops = before
        return line


_HEADS = (8, 6, 2, 1, 0.5, 0.3)


def _leaves(line: str) -> bool:
    words = line.split()
    return bool(words) and not line.startswith(" ") and words[0] in _JUMPS


_JUMPS = {"break", "continue", "return", "raise"}


def _without_stores(lines: Lines, name: str) -> Lines:
    """The function as it is if its assignments do not make names local; else a plain one."""
    tree = ast.parse("\n".join(lines))
    stores = any(
        isinstance(node, ast.Name | ast.MatchAs | ast.ExceptHandler)
        and (not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load))
        for node in ast.walk(tree)
    )
    return _suite(f"def {name}():", ["return False"]) if stores else lines


class _Author:
    """Writes whole modules."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.module = Scope()
        self.lines: Lines = []

    def program(self) -> Program:
        self._imports()
        self._constants()
        self._errors()
        for position in range(self.rng.choice([0, 1, 2, 2, 3])):
            self._function(position)
        entry = self._class() if self.rng.random() < 0.25 else self._entry()
        source = ast.unparse(ast.parse("\n".join(self.lines))) + "\n"
        return Program(source, entry)

    # Module level

    def _imports(self) -> None:
        self.lines += [
            "import contextlib, enum, itertools, time",
            "from contextlib import suppress",
        ]
        if self.rng.random() < 0.5:
            self.lines.append(f"from outside import {_OUTSIDE}")

    def _constants(self) -> None:
        write = Phrases(self.rng, self.module)
        for position in range(self.rng.randint(0, 2)):
            name = f"WORDS_{position}"
            self.lines.append(f"{name} = {write.tuple_of_words()}")
            self.module.tuples.append(name)
        for position in range(self.rng.randint(0, 2)):
            name = f"SET_{position}"
            self.lines.append(f"{name} = {write.set_of_words()}")
            self.module.sets.append(name)
        if self.rng.random() < 0.2:
            self.lines.append("FINISHED = 'completed'")
            self.module.members.append("FINISHED")
        if self.rng.random() < 0.25:
            self._status_class()
        if self.rng.random() < 0.15:
            self.lines.append("SHARED = {'status': 'queued', 'done': False}")
            self.module.mappings.append("SHARED")
        if self.rng.random() < 0.15:
            self.lines += [
                "SEEN = False",
                *_suite("def mark_seen():", ["global SEEN", "SEEN = True"]),
            ]
            self.module.procedures.append("mark_seen()")
            self.module.conditions.append("SEEN")

    def _status_class(self) -> None:
        base = self.rng.choice(["", "(str, enum.Enum)", "(enum.StrEnum)"])
        words = ("completed", "failed", "queued")
        members = [f"{word.upper()} = {word!r}" for word in words]
        self.lines += _suite(f"class Status{base}:", members)
        self.module.members += [f"Status.{word.upper()}" for word in words]

    def _errors(self) -> None:
        names: list[str] = []
        for position in range(self.rng.randint(0, 3)):
            name = f"JobError{position}"
            bases = self.rng.choice([[], [], names])
            base = self.rng.choice([*bases, *BUILTIN_ERRORS])
            self.lines += _suite(f"class {name}({base}):", [])
            names.append(name)
        self.module.errors += names
        if self.rng.random() < 0.25:
            group = self.rng.sample([*names, *BUILTIN_ERRORS], 2)
            self.lines.append(f"ERRORS = ({', '.join(group)})")
            self.module.groups.append("ERRORS")
        if self.rng.random() < 0.1:
            self.lines.append(f"Gone = {self.rng.choice([*names, *BUILTIN_ERRORS])}")
            self.module.errors.append("Gone")

    # Functions

    def _function(self, position: int) -> None:
        kind = self.rng.choice(["predicate", "checker", "fetcher", "stepper", "labeler", "store"])
        name = f"{kind}_{position}"
        match kind:
            case "predicate":
                self._define(name, "r", ["r"], lambda b: b.condition(1))
                self.module.predicates.append(f"{name}({{}})")
            case "checker":
                self._define(name, "r", ["r"], lambda _: "r")
                self.module.checkers.append(f"{name}({{}})")
            case "fetcher":
                self._define(name, "job", ["r"], lambda _: "r", polls=True)
                self.module.fetchers.append(f"{name}(job)")
            case "stepper":
                self._define(name, "job", ["r"], lambda b: f"({b.condition(1)}, r)", polls=True)
                self.module.steppers.append(f"{name}(job)")
            case "labeler":
                self._define(name, "s", [], lambda b: b.member(), statuses=["s"])
                self.module.labelers.append(f"{name}({{}})")
            case "store":
                self._define(name, "box, r", ["r"], lambda _: "None", mappings=["box"])
                self.module.procedures.append(f"{name}(SHARED, response)")

    def _define(
        self,
        name: str,
        signature: str,
        responses: list[str],
        result: Return,
        *,
        polls: bool = False,
        statuses: list[str] | None = None,
        mappings: list[str] | None = None,
    ) -> None:
        scope = self.module.inner(responses=list(responses))
        scope.procedures = [call for call in scope.procedures if "SHARED" not in call]
        scope.statuses = list(statuses or [])
        scope.mappings += mappings or []
        first = ["r = poll(job)"] if polls else []
        if not scope.responses:
            first = ["r = Response('queued')"]
            scope.responses = ["r"]
        if not polls and self.rng.random() < 0.7:
            scope.fetchers, scope.steppers = [], []
        if mappings:
            first.append(f"box['status'] = {Phrases(self.rng, scope).status()}")
        body = _Body(self.rng, scope, result, budget=5, may_loop=polls and self.rng.random() < 0.3)
        lines = first + body.block(2, least=0 if first else 1)
        self.lines += _suite(f"def {name}({signature}):", [*lines, f"return {result(body)}"])

    def _entry(self) -> str:
        scope = self.module.inner(settings="settings")
        extra = ""
        if self.rng.random() < 0.3:
            words = Phrases(self.rng, Scope()).tuple_of_words(0)
            extra += f", wanted={words}"
            scope.tuples.append("wanted")
        if self.rng.random() < 0.2:
            extra += ", strict=True"
            scope.conditions.append("strict")
        if self.rng.random() < 0.2:
            extra += ", limit=None"
            scope.conditions.append("(limit and time.time() > limit)")
        body = self._body(scope, {"response": "response", "current": "response"})
        if not self.module.mappings:
            scope.procedures = [call for call in scope.procedures if "SHARED" not in call]
        first = self._locals(scope, body)
        rest = self._closures(scope) + self._work(body)
        lines = _needed(first, rest) + rest
        self.lines += _suite(f"def wait(job, response, settings{extra}):", lines)
        return "wait"

    def _body(self, scope: Scope, responses: dict[str, str]) -> _Body:
        scope.responses += list(responses)
        return _Body(
            self.rng,
            scope,
            lambda b: b.rng.choice(["None", "response", b.condition(0)]),
            budget=self.rng.choice([6, 10, 14, 18]),
            may_loop=True,
        )

    def _locals(self, scope: Scope, body: _Body) -> Lines:
        """Names with a value to begin with."""
        first = self.rng.choice(["response", "response", f"poll({scope.job})"])
        lines = [f"current = {first}"]
        for names, stem, values in (
            (scope.flags, "done", ["False", "False", "True", "flag(2)"]),
            (scope.statuses, "status", ["response.status", "'queued'", "'completed'", "''"]),
            (scope.words, "last", ["None", "'queued'"]),
            (scope.absent, "found", ["None"]),
            (scope.counters, "count", ["0"]),
            (scope.deadlines, "deadline", ["time.time() + 5"]),
            (scope.answers, "answer", ["{'status': 'queued'}", "poll_dict(job)"]),
            (scope.mappings, "info", ["{'status': 'queued', 'done': False}"]),
            (scope.contexts, "context", ["Context()"]),
            (scope.histories, "history", ["[]", "['queued']"]),
            (scope.bags, "bag", ["{'completed'}", "set()", "{'queued', 'in_progress'}"]),
        ):
            for position in range(self.rng.choice([0, 0, 1, 1, 2])):
                name = f"{stem}_{position}" if position else stem
                lines.append(f"{name} = {self.rng.choice(values)}".replace("job", scope.job))
                names.append(name)
        if self.rng.random() < 0.2:
            lines.append(f"local_words = {body.tuple_of_words()}")
            scope.tuples.append("local_words")
        for call in list(scope.procedures):
            if call.endswith("(SHARED, response)"):
                scope.procedures.remove(call)
                function = call.partition("(")[0]
                scope.procedures += [
                    f"{function}({box}, {r})" for box in scope.mappings for r in scope.responses
                ]
        return lines

    def _closures(self, scope: Scope) -> Lines:
        lines: Lines = []
        bare = scope.bare(scope.flags)
        if bare and self.rng.random() < 0.25:
            flag = self.rng.choice(bare)
            lines += _suite("def mark(value=True):", [f"nonlocal {flag}", f"{flag} = value"])
            write = Phrases(self.rng, scope)
            scope.procedures += ["mark()", f"mark({write.condition(0)})"]
        if self.rng.random() < 0.2:
            write = Phrases(self.rng, scope.inner(predicates=[], conditions=[]))
            lines += _suite("def ready():", [f"return {_loaded(write.condition(1))}"])
            scope.conditions.append("ready()")
        if self.rng.random() < 0.2:
            test = Phrases(self.rng, scope.inner(responses=["r"], absent=[])).decisive()
            lines.append(f"is_fine = lambda r: {_loaded(test)}")
            scope.predicates.append("is_fine({})")
        if self.rng.random() < 0.15:
            name = self.rng.choice(scope.bare(scope.responses))
            lines += _suite("def refresh():", [f"nonlocal {name}", f"{name} = poll({scope.job})"])
            scope.procedures += ["refresh()"] * 2
            if name == "response":
                lines[-2:] = ["    nonlocal response", f"    response = poll({scope.job})"]
        return lines

    def _work(self, body: _Body) -> Lines:
        lines = body.block(2, least=0) if self.rng.random() < 0.3 else []
        if lines and _leaves(lines[-1]):
            lines = []
        lines += body.loop(3)
        if self.rng.random() < 0.3:
            lines += body.loop(2)
        return [*lines, "return response"]

    # Classes

    def _class(self) -> str:
        scope = self.module.inner(settings="self.settings", job="self.job")
        scope.procedures = [call for call in scope.procedures if "SHARED" not in call]
        scope.fetchers = [call.replace("(job)", "(self.job)") for call in scope.fetchers]
        scope.steppers = [call.replace("(job)", "(self.job)") for call in scope.steppers]
        write = Phrases(self.rng, scope)
        body = [f"FINAL = {write.tuple_of_words()}", f"OPEN = {write.set_of_words()}"]
        self.lines += _suite("class Waiter:", body)
        scope.tuples += ["self.FINAL", "Waiter.FINAL"]
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
        self.lines += _indented(_suite("def __init__(self, job, response, settings):", init))
        for position in range(self.rng.randint(0, 3)):
            self._method(scope, position)
        run = self._body(scope, {"response": "self.response", "current": "self.response"})
        first = ["response = self.response", *self._locals(scope, run)]
        rest = self._work(run)
        lines = _needed(first, rest) + rest
        self.lines += _indented(_suite("def run(self):", lines))
        return "Waiter.run"

    def _method(self, scope: Scope, position: int) -> None:
        kind = self.rng.choice(["refresh", "predicate", "property", "fetcher", "checker"])
        name = f"{kind}_{position}"
        inner = scope.inner()
        decorators: Lines = []
        result: Return = lambda _: "None"  # noqa: E731
        first: Lines = []
        match kind:
            case "refresh":
                first = ["self.response = poll(self.job)"]
                scope.procedures += [f"self.{name}()"] * 2
            case "predicate" | "property":
                result = lambda b: b.condition(1)  # noqa: E731
                decorators = ["@property"] if kind == "property" else []
                scope.conditions.append(f"self.{name}" + ("" if decorators else "()"))
            case "fetcher":
                first = ["self.response = poll(self.job)"]
                result = lambda _: "self.response"  # noqa: E731
                scope.fetchers.append(f"self.{name}()")
            case "checker":
                scope.procedures.append(f"self.{name}()")
        body = _Body(self.rng, inner, result, budget=4)
        lines = [*first, *body.block(2, least=0 if first else 1), f"return {result(body)}"]
        self.lines += _indented([*decorators, *_suite(f"def {name}(self):", lines)])


def _needed(first: Lines, rest: Lines) -> Lines:
    """Those of the ``first`` assignments whose names are used further on."""
    kept: Lines = []
    used = set(_WORD.findall("\n".join(rest)))
    for line in reversed(first):
        if _WORD.findall(line)[0] in used:
            kept.append(line)
            used.update(_WORD.findall(line))
    return kept[::-1]


_WORD = re.compile(r"\w+")


def _loaded(condition: str) -> str:
    """``condition`` if it sets no names; a plain one otherwise."""
    return "flag(4)" if ":=" in condition else condition
