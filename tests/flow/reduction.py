"""Makes a program smaller as long as the abstract run is still wrong about it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import replace

from .oracle import Mismatch, Tally, compare
from .phrases import ENDED, RUNNING

_SEEDS = range(12)
_ROUNDS = 60


def reduced(mismatch: Mismatch) -> Mismatch:
    """A mismatch of the same kind for the same status, in a smaller program."""
    smallest = _again(mismatch, mismatch.program.source) or mismatch
    for _ in range(_ROUNDS):
        smaller = _step(smallest)
        if smaller is None:
            break
        smallest = smaller
    return smallest


def _step(mismatch: Mismatch) -> Mismatch | None:
    tree = ast.parse(mismatch.program.source)
    size = len(mismatch.program.source)
    for candidate in _smaller(tree):
        try:
            source = ast.unparse(ast.fix_missing_locations(candidate)) + "\n"
        except Exception:  # noqa: S112
            continue
        if len(source) >= size:
            continue
        found = _again(mismatch, source)
        if found is not None:
            return found
    return None


def _again(mismatch: Mismatch, source: str) -> Mismatch | None:
    program = replace(mismatch.program, source=source)
    tally = Tally()
    answers = [mismatch.status, *[RUNNING, ENDED] * (mismatch.kind == "relation")]
    try:
        compare(program, _SEEDS, tally, answers)
    except (SyntaxError, StopIteration, ValueError):
        return None
    same = [found for found in tally.mismatches if found.kind == mismatch.kind]
    return replace(same[0]) if same else None


def _smaller(tree: ast.Module) -> Iterator[ast.Module]:
    """Programs with something left out, the largest pieces first."""
    count = sum(1 for _ in ast.walk(tree))
    for position in range(count):
        original = _nth(tree, position)
        for name, value in ast.iter_fields(original):
            if (type(original), name) in _KEPT:
                continue
            if isinstance(value, list):
                yield from _shorter_lists(tree, position, name, value)
            elif isinstance(value, ast.expr):
                yield from _simpler(tree, position, name, value)


def _nth(tree: ast.AST, position: int) -> ast.AST:
    for index, node in enumerate(ast.walk(tree)):
        if index == position:
            return node
    raise IndexError(position)


def _with(tree: ast.Module, position: int, name: str, value: object) -> ast.Module:
    changed = copy.deepcopy(tree)
    setattr(_nth(changed, position), name, value)
    return changed


_KEPT = {
    (ast.FunctionDef, "args"),
    (ast.AsyncFunctionDef, "args"),
    (ast.Await, "value"),
    (ast.arguments, "args"),
    (ast.arguments, "defaults"),
    (ast.Call, "func"),
    (ast.Attribute, "value"),
    (ast.Subscript, "value"),
    (ast.Raise, "exc"),
}
"""Fields that are no use without what stands in them."""


def _shorter_lists(
    tree: ast.Module, position: int, name: str, items: list[ast.AST]
) -> Iterator[ast.Module]:
    for index, item in enumerate(items):
        rest = items[:index] + items[index + 1 :]
        if name == "body" and not rest:
            if not isinstance(item, ast.Pass):
                yield _with(tree, position, name, [ast.Pass()])
        else:
            yield _with(tree, position, name, rest)
        for inner in ("body", "orelse", "finalbody"):
            content = getattr(item, inner, None)
            if isinstance(item, ast.stmt) and isinstance(content, list) and content:
                yield _with(tree, position, name, [*items[:index], *content, *items[index + 1 :]])
        if isinstance(item, ast.expr):
            for value in _parts(item):
                yield _with(tree, position, name, [*items[:index], value, *items[index + 1 :]])


def _simpler(tree: ast.Module, position: int, name: str, value: ast.expr) -> Iterator[ast.Module]:
    for piece in _parts(value):
        yield _with(tree, position, name, piece)


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    """What may stand for ``value``."""
    match value:
        case ast.BoolOp(values=values):
            yield from values
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.NamedExpr(value=inner):
            yield inner
        case ast.BinOp(left=left, right=right):
            yield from (left, right)
        case ast.Call(func=ast.Name(id="flag"), args=[ast.Constant(value=int(site))]):
            if site:
                yield ast.Call(ast.Name("flag", ast.Load()), [ast.Constant(0)], [])
            return
        case ast.Call(func=ast.Attribute(value=receiver), args=arguments):
            yield from (receiver, *arguments)
        case ast.Call(args=arguments):
            yield from arguments
        case ast.Subscript(value=inner):
            yield inner
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            yield from elements
        case ast.Constant() | ast.Name():
            return
    yield ast.Constant(True)
    yield ast.Constant(False)
    yield ast.Call(ast.Name("flag", ast.Load()), [ast.Constant(0)], [])
