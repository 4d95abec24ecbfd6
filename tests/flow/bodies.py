"""Random statements: the body of one function that waits for a job, or helps another to.

Statements are lines of text. A body knows where it stands: how many loops there are around
a statement, whether it is in a handler, and what ``return`` has to give.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from typing import TypeAlias

from .phrases import API_ERRORS, PENDING, TERMINAL, Phrases, Scope

Lines: TypeAlias = list[str]
Writer: TypeAlias = Callable[[], Lines]
Result: TypeAlias = Callable[["Body"], str]

_JUMPS = {"break", "continue", "return", "raise"}


def indented(lines: Lines) -> Lines:
    """``lines`` as the body of something."""
    return ["    " + line for line in lines] or ["    pass"]


def suite(head: str, lines: Lines) -> Lines:
    """A compound statement."""
    return [head, *indented(lines)]


def leaves(lines: Lines) -> bool:
    """Whether nothing can follow ``lines``."""
    return bool(lines) and lines[-1].split()[0] in _JUMPS and not lines[-1].startswith(" ")


class Body(Phrases):
    """Writes the statements of one function."""

    def __init__(
        self,
        rng: random.Random,
        scope: Scope,
        result: Result,
        *,
        budget: int,
        may_loop: bool = False,
    ) -> None:
        super().__init__(rng, scope)
        self.result = result
        self.budget = budget
        self.may_loop = may_loop
        self._loops = 0
        self._in_handler = False
        self._names = 0

    def _fresh(self, stem: str) -> str:
        self._names += 1
        return f"{stem}_{self._names}"

    # Blocks

    def block(self, depth: int, *, least: int = 1) -> Lines:
        """A few statements."""
        lines: Lines = []
        for _ in range(self.rng.randint(least, 3)):
            lines += self.statement(depth)
            if self.budget <= 0 or leaves(lines):
                break
        return lines

    def statement(self, depth: int) -> Lines:
        """One statement, with what it needs before it."""
        self.budget -= 1
        compound = depth > 0 and self.budget > 0
        loops = compound and self.may_loop
        return self._one_of(
            (2.5 if self._loops else 1, self.poll),
            (4, self._simple),
            (3 if self._loops else 0.6, self._leave),
            (6, (lambda: self._if(depth)) if compound else None),
            (2, (lambda: self._try(depth)) if compound else None),
            (1, (lambda: self._with(depth)) if compound else None),
            (1.3, (lambda: self._match(depth)) if compound else None),
            (0.4, (lambda: self._late_closure(depth)) if compound and self.may_loop else None),
            (1.7 if self._loops < 2 else 0.2, (lambda: self.loop(depth)) if loops else None),
            (2, self._yield if self.scope.yields else None),
        )

    def _one_of(self, *choices: tuple[float, Writer | None]) -> Lines:
        possible = [(weight, write) for weight, write in choices if write is not None]
        weights = [weight for weight, _ in possible]
        return self.rng.choices([write for _, write in possible], weights)[0]()

    def _line(self, names: Lines, *writes: Callable[[str], str]) -> Writer | None:
        """One statement about one of ``names``, None where there are none."""
        if not names:
            return None
        return lambda: [self.rng.choice(writes)(self.rng.choice(names))]

    # Simple statements

    def poll(self) -> Lines:
        """A statement that polls, or at least has to do with polling."""
        scope = self.scope
        name = self.rng.choice(scope.responses or ["_"])
        stepper = self.rng.choice(scope.steppers) if scope.steppers else None
        return self._one_of(
            (8, lambda: [f"{name} = {self.polling()}"]),
            (0.5, lambda: [f"{name}, _ = ({self.polling()}, 1)"]),
            (0.3, lambda: [f"{name} = spare = {self.polling()}"]),
            (0.3, lambda: [f"{name}, *_ = [{self.polling()}, None]"]),
            (0.5, lambda: [f"poll({scope.job})"]),
            (9 if scope.wary else 0.5, lambda: self._guarded(f"{name} = {self.polling()}")),
            (1, self._line(scope.statuses, lambda n: f"{n} = {self.polling()}.status")),
            (1, self._line(scope.answers, lambda n: f"{n} = poll_dict({scope.job})")),
            (1, self._line(scope.absent, lambda n: f"{n} = {self.polling()}")),
            (0.5, self._line(scope.contexts, lambda n: f"{n}.response = {self.polling()}")),
            (
                1.5,
                self._line(scope.flags, lambda n: f"{n}, {name} = {stepper}") if stepper else None,
            ),
            (1.5, self._several_jobs if scope.pending else None),
            (3, self._crowd if scope.crowds else None),
            (2, self._collect if scope.results else None),
        )

    def _yield(self) -> Lines:
        return self._one_of(
            (3, lambda: [f"yield {self.rng.choice(self.scope.responses)}"]),
            (1, lambda: [f"yield {self.condition(0)}"]),
            (1, self._line(self.scope.words, lambda n: f"{n} = yield {self.status()}")),
            (0.5, lambda: ["yield from [None, None]"]),
        )

    def _crowd(self) -> Lines:
        """A statement about a set of jobs."""
        name = self.rng.choice(self.scope.crowds)
        response = self.rng.choice(self.scope.responses)
        test = f"{response}.status in {self.container()}"
        kept = f"{{j for j in {name} if poll(j).status {self._in()} {self.container()}}}"
        dropped = [f"{name}.{self.rng.choice(['remove', 'discard'])}(j)"]
        return self.rng.choice(
            [
                suite(
                    f"for j in {self.rng.choice(['list', 'sorted', 'tuple', 'set'])}({name}):",
                    [f"{response} = poll(j)", *suite(f"if {test}:", dropped)],
                ),
                [f"{name} = {kept}"],
                [f"{name} -= {kept}"],
                [f"{name} = {name} - {kept}"],
                [f"{name}.difference_update({kept})"],
                suite(
                    f"if {name}:",
                    [
                        f"j = {name}.pop()",
                        f"{response} = poll(j)",
                        *suite(f"if not {test}:", [f"{name}.add(j)"]),
                    ],
                ),
            ]
        )

    def _collect(self) -> Lines:
        """A statement about responses by job."""
        name = self.rng.choice(self.scope.results)
        jobs = self.rng.choice(
            [f"{self.scope.settings}.jobs", *self.scope.pending, *self.scope.crowds]
        )
        response = self.rng.choice(self.scope.responses)
        test = f"{self._in()} {self.container()}"
        kept = suite(f"if {response}.status {test}:", [f"{name}[j] = {response}"])
        dropped = suite(f"if {response}.status {test}:", [f"del {name}[j]"])
        return self.rng.choice(
            [
                [f"{name} = {{j: poll(j) for j in {jobs}}}"],
                [f"{name}.update({{j: poll(j) for j in {jobs}}})"],
                suite(f"for j in list({jobs}):", [f"{response} = poll(j)", *kept]),
                suite(f"for j, {response} in list({name}.items()):", dropped),
                [f"{name} = {{j: r for j, r in {name}.items() if r.status {test}}}"],
            ]
        )

    def _guarded(self, line: str) -> Lines:
        """A poll of which an exception is expected."""
        name = self._fresh("error") if self.chance(0.3) else ""
        caught = self.rng.choice([*API_ERRORS, "Exception", "(ApiError, OSError)"])
        head = f"except {caught}" + (f" as {name}" if name else "")
        goes_on = ["continue" if self._loops and self.chance(0.5) else "pass"]
        handler = goes_on if self.chance(0.4) else self._handler(1, name)
        return [*suite("try:", [line]), *suite(f"{head}:", handler)]

    def _several_jobs(self) -> Lines:
        name = self.rng.choice(self.scope.pending)
        response = self.rng.choice(self.scope.responses or ["_"])
        test = f"{response}.status in {self.container()}"
        other = f"poll(j).status not in {self.container()}"
        return self.rng.choice(
            [
                [
                    f"for j in list({name}):",
                    f"    {response} = poll(j)",
                    f"    if {test}:",
                    f"        {name}.remove(j)",
                ],
                [f"{name} = [j for j in {name} if {other}]"],
                [
                    f"if {name}:",
                    f"    j = {name}.pop(0)",
                    f"    {response} = poll(j)",
                    f"    if not {test}:",
                    f"        {name}.append(j)",
                ],
            ]
        )

    def _to_the_point(self) -> Lines:
        """A statement about what this program is mainly about, or any other."""
        scope = self.scope
        change = {
            "mappings": self._set_entry,
            "contexts": self._set_context,
            "histories": self._set_history,
            "bags": self._set_bag,
            "flags": self._set_flag,
        }.get(scope.focus or "")
        names = getattr(scope, scope.focus) if scope.focus else []
        return self._one_of(
            (1, self._line(names, change) if change else None),
            (1, self._line([call for call in scope.procedures if "(" in call], str)),
            (0.1, self._any_simple),
        )

    def _simple(self) -> Lines:
        return self._to_the_point() if self.chance(0.4) else self._any_simple()

    def _any_simple(self) -> Lines:
        scope = self.scope
        line = self._line
        bare = scope.bare(scope.statuses)
        return self._one_of(
            (2, lambda: ["time.sleep(1)"]),
            (0.5, lambda: [f"log({self.status()})"]),
            (1, lambda: ["work()"]),
            (0.3, lambda: ["pause_a_bit()"]),
            (3, line(scope.flags, self._set_flag)),
            (2, line(scope.statuses, lambda n: f"{n} = {self.status()}")),
            (1, line(scope.words, lambda n: f"{n} = {self.maybe_word()}")),
            (0.5, line(scope.absent, lambda n: f"{n} = None")),
            (1.5, line(scope.counters, lambda n: f"{n} += 1", lambda n: f"{n} -= 1")),
            (0.3, line(scope.counters, lambda n: f"{n} = {self._number()}")),
            (1.5, self._count if scope.counters else None),
            (0.3, line(scope.deadlines, lambda n: f"{n} = time.time() + {self._number()}")),
            (1.5, line(scope.mappings, self._set_entry)),
            (0.4, line(scope.answers, lambda n: f"{n} = {{'status': {self.status()}}}")),
            (1, line(scope.contexts, self._set_context)),
            (1, line(scope.histories, self._set_history)),
            (1, line(scope.bags, self._set_bag)),
            (0.5, line(scope.pending, lambda n: f"{n}.clear()", lambda n: f"{n} = {n}[1:]")),
            (1, line(scope.checkers, lambda call: call.format(self.response()))),
            (3, line(scope.procedures, str)),
            (0.5, lambda: [f"assert {self.condition(1)}"]),
            (0.4, line(bare, lambda n: f"del {n}; {n} = {self._fresh_status()}")),
            (0.3, lambda: [self.condition(1)]),
            (0.3, lambda: [f"print({self.condition(0)} and {self.status()})"]),
            (0.4, self._swap if len(scope.responses) > 1 else None),
            (1, self._remember_error if scope.caught and scope.words else None),
        )

    def _count(self) -> Lines:
        return suite(f"if {self.decisive()}:", [f"{self.rng.choice(self.scope.counters)} += 1"])

    def _fresh_status(self) -> str:
        return f"{self.rng.choice(self.scope.responses)}.status"

    def _swap(self) -> Lines:
        one, other = self.rng.sample(self.scope.responses, 2)
        return [f"{one}, {other} = {other}, {self.rng.choice([one, self.polling()])}"]

    def _remember_error(self) -> Lines:
        name, error = self.rng.choice(self.scope.words), self.rng.choice(self.scope.caught)
        return [f"{name} = str({error})"]

    def _set_flag(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name} = True",
                f"{name} = True",
                f"{name} = False",
                f"{name} = 1",
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
        if name.islower():
            changes += [
                f"{name} = {{**{name}, 'status': {self.status()}}}",
                f"{name} = {name} | {{'done': {self.condition(0)}}}",
                f"{name} |= {{'done': {self.condition(0)}}}",
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
                f"{name}.response = None",
                f"setattr({name}, 'done', {self.condition(0)})",
                f"{name} = {self.rng.choice(self.scope.contexts)}",
                f"use({name})",
            ]
        )

    def _set_history(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name}.append({self.status()})",
                f"{name} += [{self.status()}]",
                f"{name} = [*{name}, {self.status()}]",
                f"{name}.extend([{self.status()}])",
                f"{name}.insert(0, {self.status()})",
                f"{name}[:] = []",
                f"{name}.clear()",
                f"{name} = {self.rng.choice(self.scope.histories)}",
            ]
        )

    def _set_bag(self, name: str) -> str:
        return self.rng.choice(
            [
                f"{name}.add({self.status()})",
                f"{name} |= {self.set_of_words()}",
                f"{name} = set({self.set_of_words()})",
                f"{name}.discard({self.word()})",
                f"{name}.update([{self.status()}])",
                f"{name} = {self.rng.choice(self.scope.bags)}",
            ]
        )

    # Leaving

    def _leave(self) -> Lines:
        if self.chance(0.75):
            return suite(f"if {self.condition(1)}:", [self.leaving()])
        return [self.leaving()]

    def leaving(self) -> str:
        """One statement that goes somewhere else."""
        loop = self._loops > 0
        return self.weighted(
            (4, (lambda: "break") if loop else None),
            (2, (lambda: "continue") if loop else None),
            (3, lambda: f"return {self.result(self)}"),
            (2, lambda: f"raise {self.error()}"),
            (0.2, lambda: "sys.exit(1)"),
            (3, (lambda: f"return {self.scope.again}") if loop and self.scope.again else None),
            (4, (lambda: "raise") if self._in_handler else None),
        )

    # Compound statements

    def _if(self, depth: int) -> Lines:
        lines = suite(f"if {self.condition()}:", self.block(depth - 1))
        if self.chance(0.2):
            lines += suite(f"elif {self.condition(1)}:", self.block(depth - 1))
        if self.chance(0.3):
            lines += suite("else:", self.block(depth - 1))
        return lines

    def _try(self, depth: int) -> Lines:
        lines = suite("try:", self.block(depth - 1))
        handlers = self.rng.choice([0, 1, 1, 1, 2])
        for _ in range(handlers):
            name = self._fresh("error") if self.chance(0.4) else ""
            head = f"except {self.handled()}" + (f" as {name}" if name else "")
            lines += suite(f"{head}:", self._handler(depth, name))
        if handlers and self.chance(0.15):
            lines += suite("except:", self._handler(depth, ""))
        if handlers and self.chance(0.25):
            lines += suite("else:", self.block(depth - 1))
        if not handlers or self.chance(0.2):
            lines += suite("finally:", self.block(depth - 1))
        return lines

    def _handler(self, depth: int, name: str) -> Lines:
        before, self._in_handler = self._in_handler, True
        self.scope.caught += [name] * bool(name)
        lines = self.block(depth - 1)
        if self.chance(0.3) and not leaves(lines):
            lines.append(self.leaving())
        self._in_handler = before
        if name:
            self.scope.caught.remove(name)
        return lines

    def _with(self, depth: int) -> Lines:
        manager = self.weighted(
            (3, lambda: f"contextlib.suppress({self.handled().strip('()')})"),
            (2, lambda: "contextlib.nullcontext()"),
            (1, lambda: f"suppress({self.error_class()}), contextlib.nullcontext()"),
            (0.5, lambda: f"contextlib.nullcontext({self.response()}) as entered"),
            (1, lambda: "lock()"),
        )
        return suite(f"with {manager}:", self.block(depth - 1))

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
            guard = f" if {self.condition(1)}" if self.chance(0.25) else ""
            lines += indented(suite(f"case {self._pattern()}{guard}:", self.block(depth - 1)))
        if self.chance(0.4):
            lines += indented(suite("case _:", self.block(depth - 1)))
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
            (0.5, lambda: f"Response(status={status})"),
            (1, lambda: f"({self.word()}, _)"),
            (0.5, lambda: f"(str() as {status}, True)"),
            (1, lambda: f"[{self.word()}, True]"),
            (1, lambda: f"{{'status': {self.word()}}}"),
            (0.5, lambda: f"{{'status': {status}}}"),
            (1, self.one_of([name for name in self.scope.members if "." in name])),
        )

    def _late_closure(self, depth: int) -> Lines:
        """A closure that is defined where it is used."""
        name = self._fresh("later")
        scope = self.scope.inner(caught=[], yields=False)
        inner = Body(self.rng, scope, lambda b: b.condition(1), budget=3)
        content = [*inner._if(1), f"return {inner.condition(1)}"]
        lines = suite(f"def {name}():", content if reads_only(content) else ["return False"])
        return [*lines, *suite(f"if {name}():", self.block(depth - 1))]

    # Loops

    def loop(self, depth: int) -> Lines:
        """A loop that polls, most of the time."""
        scope = self.scope
        head, first = self._loop_head()
        self._loops += 1
        handler, self._in_handler = self._in_handler, False
        body = first + self.block(depth - 1)
        if self.chance(0.85):
            body[len(first) : len(first)] = self.poll()
        if self.chance(0.3) and not leaves(body):
            body.append("time.sleep(1)")
        self._loops -= 1
        self._in_handler = handler
        if scope.wary and self.chance(0.3):
            otherwise = ["pass"] if self.chance(0.5) else self._handler(1, "")
            body = [*suite("try:", body), *suite(f"except {self.handled()}:", otherwise)]
        lines = suite(head, body)
        if self.chance(0.15):
            lines += suite("else:", self.block(depth - 1))
        return lines

    def _loop_head(self) -> tuple[str, Lines]:
        scope = self.scope
        turn = self._fresh("turn")
        head = self.weighted(
            (8, lambda: f"while {self.condition()}:"),
            (6, lambda: f"while {self.rng.choice(['True', '1'])}:"),
            (2, lambda: f"for {turn} in range({self.rng.randint(1, 6)}):"),
            (1, lambda: f"for {turn} in itertools.count():"),
            (0.3, lambda: f"for {turn} in [1, 2, 3]:"),
            (0.3, lambda: f"for {turn} in iter(lambda: flag(1), None):"),
            (
                0.3,
                lambda: f"for {turn} in iter(lambda: poll({scope.job}).status, {self.word()}):",
            ),
            (0.3, (lambda: f"for j in {scope.settings}.jobs:") if scope.settings else None),
            (1, self._over(scope.pending, lambda name: f"while {name}:")),
            (4, self._over(scope.crowds, lambda name: f"while {name}:")),
            (2, self._over(scope.results, lambda name: f"while len({name}) < 2:")),
        )
        endless = head.startswith("while ") and head[6:-1] in {"True", "1"}
        if endless and self.chance(0.6):
            self._loops += 1
            first = suite(f"if {self.condition(1)}:", [self.leaving()])
            self._loops -= 1
            return head, first
        return head, []


def reads_only(lines: Lines) -> bool:
    """Whether these statements, as the body of a closure, make no name local."""
    tree = ast.parse("\n".join(suite("def closure():", lines)))
    for node in ast.walk(tree):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                return False
            case ast.MatchAs(name=str()) | ast.ExceptHandler(name=str()):
                return False
    return True
