"""Rewrites a program so that it reports how each of its loops was left.

The reports go to a :class:`Recorder`: a loop that begins, a turn that begins, a ``break``,
``return`` or ``raise`` that is taken. The recorder also stops a program that goes on for
too long, and notices one that fails by accident.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from bgmode.flow.names import Loop

MOST_TURNS = 70  # of one loop; an abstract run that says ALWAYS has seen the end before
_MOST_TURNS_OF_ALL = 900
_MOST_ROUNDS = 20  # of a function that calls itself
_ENTRIES = {"wait", "run"}

PROGRAM = "<program>"
"""The file name in the frames of a program."""

_Function = TypeVar("_Function", ast.FunctionDef, ast.AsyncFunctionDef)
Line: TypeAlias = int
"""The line of a statement. A program has at most one in each."""


@dataclass(frozen=True)
class Departure:
    """How a loop went that was reached once.

    ``by`` is the statement that left it; None where it was not left in many turns.
    ``waits`` holds for each turn that was followed by another whether it had waited.
    ``polled`` says that the loop has polled, ``answered`` that any poll has answered yet,
    ``timed_out`` that a time limit around the loop has left it.
    """

    loop: Line
    by: Line | None
    waits: tuple[bool, ...]
    polled: bool
    answered: bool
    timed_out: bool = False


class Stopped(BaseException):
    """The run has gone on for long enough."""


class Cancelled(BaseException):
    """The time of a scope is over."""


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
        self._rounds = 0
        self._answered = False

    # What the outside reports

    def polled(self) -> None:
        self.check()
        self._answered = True
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

    def stop(self) -> None:
        """Nothing counts from here on."""
        self._stopped = True

    def from_outside(self, error: BaseException) -> BaseException:
        """Note an exception that nobody wrote down: it is not a way out by design."""
        self._raised[id(error)] = (error, None)
        return error

    def cancels(self, by: Line) -> BaseException:
        """A time limit ends what it is around."""
        return self.throw(by, Cancelled)

    # What the rewritten program reports

    def again(self, entry: Callable[[], object], by: Line | None = None) -> object:
        """The entry calls itself: what happens there is nothing that its caller has written.

        ``by``: the loops around have been left for it, even if it never comes back.
        """
        self.check()
        self._rounds += 1
        outer, self._visits = self._visits, []
        try:
            if self._rounds > _MOST_ROUNDS:
                self.stop()
            self.check()
            return entry()
        except Stopped:
            for visit in outer if by is not None else ():
                self._depart(visit, by)
            raise
        except BaseException as error:
            self.expected(error)
            self.from_outside(error)
            raise
        finally:
            self._visits = outer

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
            self.stop()
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
            self._depart(visit, by, timed_out=isinstance(error, Cancelled))

    def _depart(self, visit: _Visit, by: Line | None, *, timed_out: bool = False) -> None:
        waits, answered = tuple(visit.waits), self._answered
        self.departures.append(Departure(visit.loop, by, waits, visit.polled, answered, timed_out))

    def jump(self, by: Line, value: object = None) -> object:
        self.swallows(sys.exc_info()[1])
        self._jump = by
        return value

    def save(self) -> Line | None:
        """Before a ``finally``: what it does is forgotten when it falls through."""
        self.expected(sys.exc_info()[1])
        return self._jump

    def restore(self, jump: Line | None) -> None:
        self._jump = jump

    def throw(self, by: Line, error: Any) -> BaseException:
        """``raise error``."""
        thrown: BaseException = error() if isinstance(error, type) else error
        self._raised[id(thrown)] = (thrown, by)
        return thrown

    def throw_exit(self, by: Line, _function: object) -> BaseException:
        """``sys.exit()``."""
        return self.throw(by, SystemExit)

    def throw_again(self, by: Line) -> None:
        """``raise`` in a handler."""
        error = sys.exc_info()[1]
        self.expected(error)
        if error is not None:
            self._raised[id(error)] = (error, by)

    def caught(self) -> None:
        """A handler begins."""
        self.expected(sys.exc_info()[1])
        self.swallows(sys.exc_info()[1])

    def swallows(self, error: BaseException | None) -> None:
        """Code that goes on when it is told to stop does nothing by design."""
        if isinstance(error, Cancelled):
            self.stop()

    def expected(self, error: BaseException | None) -> None:
        """Notice exceptions that come from a program that is not well written."""
        if error is None or self._stopped:
            return
        if id(error) not in self._raised:
            self.accident = error
            self._raised[id(error)] = (error, None)


class _Rewriter(ast.NodeTransformer):
    """Puts reports into a tree."""

    def __init__(self) -> None:
        self._names = 0
        self._function: Line = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return self._code(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return self._code(node)

    def _code(self, node: _Function) -> _Function:
        outer, self._function = self._function, node.lineno
        self.generic_visit(node)
        self._function = outer
        return node

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
        again = _is_round(node)
        at = ast.Constant(self._function) if again else self._at(node)
        self.generic_visit(node)
        value = node.value or ast.Constant(None)
        if again and isinstance(value, ast.Call):
            value.args.append(at)
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
            return ast.Raise(self._call("throw_exit", at, function))
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if _calls_entry(node):
            nothing = ast.arguments([], [], None, [], [], None, [])
            return self._call("again", ast.Lambda(nothing, node))
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        at = self._at(node)
        self.generic_visit(node)
        failure = ast.Call(ast.Name("AssertionError", ast.Load()), [], [])
        error = self._call("throw", at, failure)
        if not _decides(node.test):
            error = self._call("from_outside", failure)
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
        return self._for(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> list[ast.stmt]:
        return self._for(node)

    def _for(self, node: ast.For | ast.AsyncFor) -> list[ast.stmt]:
        at = self._at(node)
        self.generic_visit(node)
        node.body = [self._report("begin"), *node.body]
        return self._loop(node, at)

    def _loop(self, node: Loop, at: ast.expr) -> list[ast.stmt]:
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


def _is_round(node: ast.Return) -> bool:
    """``return wait(...)`` in the entry: it is the entry that goes on, in another round."""
    return isinstance(node.value, ast.Call) and _calls_entry(node.value)


def _calls_entry(node: ast.Call) -> bool:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _ENTRIES
    return False


def _decides(test: ast.expr) -> bool:
    """Whether an assertion certainly says something about the job, not about a type."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return False
        case _:
            return isinstance(test, ast.Compare)


def rewritten(source: str) -> types.CodeType:
    """The code of ``source``, which reports to ``_recorder_``."""
    tree = _Rewriter().visit(ast.parse(source))
    return compile(ast.fix_missing_locations(tree), PROGRAM, "exec")
