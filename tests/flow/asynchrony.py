"""Makes an asynchronous program of a synchronous one.

Knows where ``await`` may stand. The entry becomes ``async def``, and so does each function
that is only called from where its answer can be awaited. Timed programs also put loops, and
now and then what a turn does, under a time limit.
"""

from __future__ import annotations

import ast
import random
from typing import TypeAlias

_Stack: TypeAlias = tuple[ast.AST, ...]

_LIMITS = (
    "async with asyncio.timeout(5): pass",
    "with anyio.fail_after(5): pass",
    "with trio.fail_after(5): pass",
    "with anyio.move_on_after(5): pass",
    "with trio.move_on_after(5) as scope: pass",
)
_POLLS = (
    "poll_async({})",
    "poll_async({})",
    "poll_async({})",
    "asyncio.wait_for(poll_async({}), 5)",
    "asyncio.shield(poll_async({}))",
    "asyncio.to_thread(poll, {})",
)


def asynchronous(source: str, entry: str, rng: random.Random, *, timed: bool) -> str:
    """``source`` with an ``entry`` that has to be awaited."""
    tree = ast.parse("import anyio, asyncio, trio\n" + source)
    names = _awaitable(tree, entry.rpartition(".")[2])
    rewritten = _Awaiting(rng, names, timed=timed).visit(tree)
    return ast.unparse(ast.fix_missing_locations(rewritten)) + "\n"


def _awaitable(tree: ast.Module, entry: str) -> set[str]:
    """The functions of which each call can be awaited."""
    places = list(_places(tree, ()))
    names = {
        node.name
        for node, _ in places
        if isinstance(node, ast.FunctionDef)
        and node.name[:2] != "__"
        and not node.decorator_list
        and not any(isinstance(inner, ast.Yield) for inner in ast.walk(node))
    }
    while True:
        kept = names - {
            _named(node) for node, above in places if not _may_await(node, above, names)
        }
        kept.add(entry)
        if kept == names:
            return names
        names = kept


def _places(node: ast.AST, above: _Stack) -> list[tuple[ast.AST, _Stack]]:
    """Each node, with what stands above it."""
    found: list[tuple[ast.AST, _Stack]] = [(node, above)]
    for child in ast.iter_child_nodes(node):
        found += _places(child, (*above, node))
    return found


def _named(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
            return name
    return None


def _may_await(node: ast.AST, above: _Stack, names: set[str]) -> bool:
    """Whether ``node`` is called, in a function that may await it."""
    called = above and isinstance(above[-1], ast.Call) and above[-1].func is node
    return bool(called) and _is_awaiting(above, names)


def _is_awaiting(above: _Stack, names: set[str]) -> bool:
    for outer in reversed(above):
        match outer:
            case ast.Lambda() | ast.GeneratorExp() | ast.ClassDef() | ast.arguments():
                return False
            case ast.FunctionDef(name=name):
                return name in names
    return False


class _Awaiting(ast.NodeTransformer):
    """Puts ``async`` and ``await`` where they belong."""

    def __init__(self, rng: random.Random, names: set[str], *, timed: bool) -> None:
        self._rng = rng
        self._names = names
        self._timed = timed
        self._awaits = False  # whether an await may stand here

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def _inside(self, node: ast.AST, *, awaits: bool) -> None:
        outer, self._awaits = self._awaits, awaits
        self.generic_visit(node)
        self._awaits = outer

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        awaits = node.name in self._names
        self._inside(node, awaits=awaits)
        if not awaits:
            return node
        fields = dict(ast.iter_fields(node))
        return ast.copy_location(ast.AsyncFunctionDef(**fields), node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self._inside(node, awaits=False)
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        self._inside(node, awaits=False)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if not self._awaits:
            return node
        match node:
            case ast.Call(func=ast.Name(id="poll"), args=[job]) if self._chance(0.8):
                call = self._rng.choice(_POLLS).format(ast.unparse(job))
                return ast.Await(ast.parse(call, mode="eval").body)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep")):
                return ast.Await(ast.parse("asyncio.sleep(1)", mode="eval").body)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in self._names:
                return ast.Await(node)
        return node

    def visit_With(self, node: ast.With) -> ast.stmt:
        self.generic_visit(node)
        if self._awaits and ast.unparse(node.items[0]) == "lock()":
            waiting = ast.parse("async_lock()", mode="eval").body
            return ast.AsyncWith([ast.withitem(waiting)], node.body)
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        self.generic_visit(node)
        counts = ast.unparse(node.iter).startswith(("range(", "itertools.count("))
        if self._awaits and counts and self._chance(0.4):
            ticks = ast.parse("ticks()", mode="eval").body
            return self._limited(ast.AsyncFor(node.target, ticks, node.body, node.orelse))
        return self._limited(node)

    def visit_While(self, node: ast.While) -> ast.stmt:
        self.generic_visit(node)
        return self._limited(node)

    def _limited(self, loop: ast.While | ast.For | ast.AsyncFor) -> ast.stmt:
        if not self._timed or not self._awaits:
            return loop
        if self._chance(0.2):
            loop.body = [self._limit(loop.body)]
        return self._limit([loop]) if self._chance(0.5) else loop

    def _limit(self, body: list[ast.stmt]) -> ast.stmt:
        scope = ast.parse(f"async def scope():\n {self._rng.choice(_LIMITS)}").body[0]
        assert isinstance(scope, ast.AsyncFunctionDef)
        limit = scope.body[0]
        assert isinstance(limit, ast.With | ast.AsyncWith)
        limit.body = body
        return limit
