"""Really runs a program, and says how each of its loops was left.

The program's tree is rewritten so that it reports what it does: a loop that begins, a turn
that begins, a ``break``, ``return`` or ``raise`` that is taken. The outside of the program
(``poll``, clocks, switches, code that may fail) is a set of stand-ins: polls always answer
the same, everything else answers by chance.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import random
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .phrases import STATUSES
from .programs import Program

MOST_TURNS = 70  # of one loop; an abstract run that says ALWAYS has seen the end before
_MOST_TURNS_OF_ALL = 900

Line: TypeAlias = int
"""The line of a statement. A program has at most one in each."""


@dataclass(frozen=True)
class Departure:
    """How a loop went that was reached once and has polled.

    ``by`` is the node that left it; None where it was not left in many turns. ``waits``
    holds for each turn that was followed by another whether it had waited.
    """

    loop: Line
    by: Line | None
    waits: tuple[bool, ...]
    polled: bool


class Stopped(BaseException):
    """The run has gone on for long enough."""


@dataclass
class _Visit:
    loop: Line
    turns: int = 0
    polled: bool = False
    waited: bool = False
    waits: list[bool] = field(default_factory=list)


class Recorder:
    """Takes down what a rewritten program does."""

    def __init__(self) -> None:
        self.departures: list[Departure] = []
        self.accident: BaseException | None = None
        self.aside = False  # while somebody else runs code of the program
        self._visits: list[_Visit] = []
        self._jump: Line | None = None
        self._raised: dict[int, tuple[BaseException, Line | None]] = {}
        self._turns = 0
        self._stopped = False

    # What the outside reports

    def polled(self) -> None:
        self.check()
        for visit in self._visits:
            visit.polled = True

    def waited(self) -> None:
        self.check()
        for visit in self._visits:
            visit.waited = visit.waited or not self.aside

    def check(self) -> None:
        """Go on stopping: the program may have swallowed the exception."""
        if self._stopped:
            raise Stopped

    def from_outside(self, error: BaseException) -> BaseException:
        """Note an exception that nobody wrote down: it is not a way out by design."""
        self._raised[id(error)] = (error, None)
        return error

    # What the rewritten program reports

    def enter(self, loop: Line) -> None:
        self.check()
        self._visits.append(_Visit(loop))

    def begin(self) -> None:
        """A turn begins (and the one before it has ended)."""
        self.check()
        visit = self._visits[-1]
        if visit.turns and visit.polled:
            visit.waits.append(visit.waited)
        visit.waited = False
        visit.turns += 1
        self._turns += 1
        if visit.turns > MOST_TURNS:
            self._depart(visit, None)
        if visit.turns > MOST_TURNS or self._turns > _MOST_TURNS_OF_ALL:
            self._stopped = True
            raise Stopped

    def leave(self, error: BaseException | None) -> None:
        visit = self._visits.pop()
        if self._stopped:
            return
        if error is None:
            by = self._jump
        else:
            self.expected(error)
            by = self._raised[id(error)][1]
        if by is not None:
            self._depart(visit, by)

    def _depart(self, visit: _Visit, by: Line | None) -> None:
        self.departures.append(Departure(visit.loop, by, tuple(visit.waits), visit.polled))

    def jump(self, by: Line, value: object = None) -> object:
        self._jump = by
        return value

    def save(self) -> Line | None:
        """Before a ``finally``: what it does is forgotten when it falls through."""
        self.expected(sys.exc_info()[1])
        return self._jump

    def restore(self, jump: Line | None) -> None:
        self._jump = jump

    def throw(self, by: Line, error: Any, *, by_design: bool = True) -> BaseException:
        """``raise error``."""
        thrown: BaseException = error() if isinstance(error, type) else error
        self._raised[id(thrown)] = (thrown, by if by_design else None)
        return thrown

    def leaver(self, _function: object) -> type[BaseException]:
        """What ``sys.exit`` raises."""
        return SystemExit

    def throw_again(self, by: Line) -> None:
        """``raise`` in a handler."""
        error = sys.exc_info()[1]
        self.expected(error)
        if error is not None:
            self._raised[id(error)] = (error, by)

    def caught(self) -> None:
        """A handler begins."""
        self.expected(sys.exc_info()[1])

    def expected(self, error: BaseException | None) -> None:
        """Notice exceptions that come from a program that is not well written."""
        if error is None or isinstance(error, Stopped):
            return
        if id(error) not in self._raised:
            self.accident = error
            self._raised[id(error)] = (error, None)


class _Rewriter(ast.NodeTransformer):
    """Puts reports into a tree."""

    def __init__(self) -> None:
        self._names = 0

    def _call(self, name: str, *arguments: ast.expr) -> ast.expr:
        function = ast.Attribute(ast.Name("_recorder_", ast.Load()), name, ast.Load())
        return ast.Call(function, list(arguments), [])

    def _report(self, name: str, *arguments: ast.expr) -> ast.stmt:
        return ast.Expr(self._call(name, *arguments))

    def _at(self, node: ast.stmt) -> ast.expr:
        return ast.Constant(node.lineno)

    def _kept(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """``body``, after which the last jump is the one before it."""
        self._names += 1
        name = f"_kept_{self._names}"
        save = ast.Assign([ast.Name(name, ast.Store())], self._call("save"))
        return [save, *body, self._report("restore", ast.Name(name, ast.Load()))]

    def visit_Break(self, node: ast.Break) -> list[ast.stmt]:
        return [self._report("jump", self._at(node)), node]

    def visit_Continue(self, node: ast.Continue) -> list[ast.stmt]:
        return [self._report("jump", self._at(node)), node]  # in an ``else`` it leaves the loop

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        at = self._at(node)
        self.generic_visit(node)
        value = node.value or ast.Constant(None)
        return ast.Return(self._call("jump", at, value))

    def visit_Raise(self, node: ast.Raise) -> list[ast.stmt]:
        at = self._at(node)
        self.generic_visit(node)
        if node.exc is None:
            return [self._report("throw_again", at), node]
        return [ast.Raise(self._call("throw", at, node.exc), node.cause)]

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        at = self._at(node)
        self.generic_visit(node)
        if ast.unparse(node).startswith("sys.exit("):
            function = ast.parse("sys.exit", mode="eval").body
            error = ast.Call(self._call("leaver", function), [], [])
            return ast.Raise(self._call("throw", at, error))
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        self.generic_visit(node)
        error = self._call("from_outside", ast.Call(ast.Name("AssertionError", ast.Load()), [], []))
        return ast.If(node.test, [ast.Pass()], [ast.Raise(error)])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self.generic_visit(node)
        node.body = [self._report("caught"), *node.body]
        return node

    def visit_Try(self, node: ast.Try) -> ast.Try:
        self.generic_visit(node)
        if node.finalbody:
            node.finalbody = self._kept(node.finalbody)
        return node

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        at = self._at(node)
        self.generic_visit(node)
        both = ast.Tuple([self._call("begin"), node.test], ast.Load())
        node.test = ast.Subscript(both, ast.Constant(1), ast.Load())
        return self._loop(node, at)

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        at = self._at(node)
        self.generic_visit(node)
        node.body = [self._report("begin"), *node.body]
        return self._loop(node, at)

    def _loop(self, node: ast.While | ast.For, at: ast.expr) -> list[ast.stmt]:
        node.orelse = [self._report("jump", at), *self._kept(node.orelse)]
        self._names += 1
        name = f"_left_{self._names}"
        failed = ast.ExceptHandler(
            ast.Name("BaseException", ast.Load()),
            name,
            [
                ast.Assign([ast.Name(name + "_by", ast.Store())], ast.Name(name, ast.Load())),
                ast.Raise(),
            ],
        )
        nothing = ast.Assign([ast.Name(name + "_by", ast.Store())], ast.Constant(None))
        leave = self._report("leave", ast.Name(name + "_by", ast.Load()))
        return [
            self._report("enter", at),
            nothing,
            ast.Try(body=[node], handlers=[failed], orelse=[], finalbody=[leave]),
        ]


def rewritten(source: str) -> types.CodeType:
    """The code of ``source``, which reports to ``_recorder_``."""
    tree = _Rewriter().visit(copy.deepcopy(ast.parse(source)))
    return compile(ast.fix_missing_locations(tree), "<program>", "exec")


class Response:
    """What a poll answers."""

    __match_args__ = ("status",)

    def __init__(self, status: str, error: str | None = None) -> None:
        self.status = status
        self.error = error

    def model_dump(self) -> dict[str, Any]:
        return dict(vars(self))


class Context:
    """An object with attributes, made outside the program."""

    def __init__(self, done: bool = False, response: Response | None = None) -> None:
        self.done = done
        self.response = response


class _Settings:
    def __init__(self, chance: Callable[[str], bool]) -> None:
        self._chance = chance

    jobs = ("one", "two")

    @property
    def enabled(self) -> bool:
        return self._chance("enabled")

    def stopping(self) -> bool:
        return self._chance("stopping")


_ACCIDENTS = (ValueError, RuntimeError, KeyError, TimeoutError, OSError)


class Outside:
    """Everything a program takes from elsewhere, in one of many possible shapes."""

    def __init__(self, recorder: Recorder, status: str, seed: int) -> None:
        self.recorder = recorder
        self.status = status
        self.rng = random.Random(seed)
        self.settings = _Settings(self.chance)
        self._turning = self.rng.choice([0.0, 0.05, 0.3, 0.5])
        self._failing = self.rng.choice([0.0, 0.0, 0.05, 0.5])
        self._answers: dict[object, bool] = {}
        self._clock = 0.0
        self.subscribers: list[Callable[[], object]] = []

    def chance(self, site: object) -> bool:
        """A switch: some stay as they are for a whole run, others turn now and then."""
        usual = self._answers.setdefault(site, self.rng.random() < 0.5)
        return usual ^ (self.rng.random() < self._turning)

    def response(self) -> Response:
        """A response from before the run."""
        return Response(self.rng.choice([*STATUSES, self.status]))

    def names(self) -> dict[str, Any]:
        """What can be imported from outside."""
        return {
            "job": "job",
            "poll": self.poll,
            "poll_dict": self.poll_dict,
            "flag": self.flag,
            "looks_fine": lambda _: self.chance("looks_fine"),
            "make_error": lambda cls: cls(),
            "work": self.work,
            "log": lambda *_: self.recorder.check(),
            "pause_a_bit": self.pause_a_bit,
            "VERBOSE": self.chance("VERBOSE"),
            "lock": contextlib.nullcontext,
            "use": self.use,
            "subscribe": self.subscribers.append,
            "Response": Response,
            "Context": lambda: Context(),
        }

    def poll(self, _job: object) -> Response:
        self.recorder.polled()
        if not self.recorder.aside:
            for subscriber in self.subscribers[:3]:
                if self.chance(subscriber):
                    self._notify(subscriber)
        return Response(self.status, self.rng.choice([None, "odd"]))

    def _notify(self, subscriber: Callable[[], object]) -> None:
        """Somebody else calls a function of the program, and minds its exceptions."""
        self.recorder.aside = True
        try:
            subscriber()
        except Stopped:
            raise
        except BaseException as error:
            self.recorder.expected(error)
        finally:
            self.recorder.aside = False

    def poll_dict(self, job: object) -> dict[str, Any]:
        return self.poll(job).model_dump()

    def flag(self, site: int) -> bool:
        self._may_fail(self._failing / 5)
        return self.chance(site)

    def use(self, context: Context) -> None:
        """Something outside changes the object it is given."""
        self.recorder.check()
        context.done = self.chance("use")

    def work(self) -> None:
        self._may_fail(self._failing)
        if self.rng.random() < 0.3:
            self.recorder.waited()

    def pause_a_bit(self) -> None:
        self._may_fail(self._failing)
        self.recorder.waited()

    def _may_fail(self, probability: float) -> None:
        self.recorder.check()
        if self.rng.random() < probability:
            raise self.recorder.from_outside(self.rng.choice(_ACCIDENTS)("outside"))

    def time(self) -> float:
        self.recorder.check()
        self._clock += self.rng.random()
        return self._clock

    @contextlib.contextmanager
    def suppress(self, *classes: type[BaseException]) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.recorder.expected(error)
            if not issubclass(type(error), classes):
                raise

    def modules(self) -> Mapping[str, types.SimpleNamespace]:
        """The modules that are not what they seem."""
        clock = types.SimpleNamespace(
            time=self.time, monotonic=self.time, sleep=lambda _: self.recorder.waited()
        )
        contexts = types.SimpleNamespace(suppress=self.suppress, nullcontext=contextlib.nullcontext)
        return {
            "time": clock,
            "contextlib": contexts,
            "outside": types.SimpleNamespace(**self.names()),
        }

    def builtins(self) -> dict[str, Any]:
        """The builtins, with an ``import`` that gives these modules."""
        modules = self.modules()

        def bring(name: str, *rest: Any) -> Any:
            return modules.get(name) or builtins.__import__(name, *rest)

        return {**vars(builtins), "__import__": bring, "print": lambda *_: None}


def run(program: Program, code: types.CodeType, status: str, seed: int) -> Recorder:
    """Run ``program`` once, with one shape of the outside."""
    recorder = Recorder()
    outside = Outside(recorder, status, seed)
    names: dict[str, Any] = {
        **outside.names(),
        "__builtins__": outside.builtins(),
        "_recorder_": recorder,
        "__name__": "program",
    }
    owner, _, method = program.entry.rpartition(".")
    try:
        exec(code, names)
        if owner:
            getattr(names[owner]("job", outside.response(), outside.settings), method)()
        else:
            names[method]("job", outside.response(), outside.settings)
    except Stopped:
        pass
    except BaseException as error:
        recorder.expected(error)
    return recorder
