"""How a fix writes what the code needs, and takes out what it does not need."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from bgmode.checks.subject import Subject
from bgmode.finding import Edit, InsertStatement, RemoveItem, RemoveKeyword, RemoveStatement
from bgmode.flow.names import Names, dotted
from bgmode.model.calls import BackgroundCall
from bgmode.model.origins import Origin, origins
from bgmode.source import Span

_ASYNC_LIBRARIES = ("asyncio", "anyio", "trio")
_USUAL_INTERVAL = 2.0  # seconds, as in the provider's own examples


@dataclass(frozen=True)
class Written:
    """An expression that names something of a module, and the import that it needs, if any."""

    text: str
    edits: tuple[Edit, ...] = ()


def imported(subject: Subject, module: str, name: str, at: ast.AST) -> Written | None:
    """``module.name`` as this file writes it; None where the name means something else here."""
    names = subject.case.module.names
    for bound, full in names.imports.items():
        if full in {module, f"{module}.{name}"} and _is_imported(names, bound, at):
            return Written(bound if full != module else f"{bound}.{name}")
    scope = names.defining_scope(module, at)
    if scope is not None and not all(
        _is_for_types(names, binding.node) for binding in scope.bindings[module]
    ):
        return None
    return Written(f"{module}.{name}", (_import(subject, module),))


def _is_imported(names: Names, bound: str, at: ast.AST) -> bool:
    """Whether a name is an import wherever ``at`` can see it, and above it."""
    scope = names.defining_scope(bound, at)
    bindings = scope.bindings[bound] if scope is not None else []
    line = getattr(at, "lineno", 0)
    here = scope is not None and scope.node is not names.tree
    return bool(bindings) and all(
        isinstance(binding.node, ast.Import | ast.ImportFrom)
        and (not here or binding.node.lineno < line)
        and not _is_for_types(names, binding.node)
        for binding in bindings
    )


def _is_for_types(names: Names, node: ast.AST) -> bool:
    """Whether an import is one for type checkers, which is not there when the code runs."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return False
    below: ast.AST = node
    for above in names.ancestors(node):
        if isinstance(above, ast.If) and below in above.body:
            name = dotted(above.test) or ""
            if name.rpartition(".")[2] == "TYPE_CHECKING":
                return True
        below = above
    return False


def _import(subject: Subject, module: str) -> InsertStatement:
    """An import statement at the place where a person would put it."""
    body = subject.case.module.names.tree.body
    plain = [statement for statement in body if isinstance(statement, ast.Import)]
    before = [statement for statement in plain if statement.names[0].name < module]
    line = f"import {module}"
    if before:
        return InsertStatement(subject.span(before[-1]), (line,))
    if plain:
        return InsertStatement(subject.span(plain[0]), (line,), before=True)
    first = next((statement for statement in body if not _comes_first(statement)), body[-1])
    defines = isinstance(first, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    lines = [line, *([""] * (2 if defines else 1))]
    above = body[body.index(first) - 1] if first is not body[0] else None
    if isinstance(above, ast.ImportFrom) and above.end_lineno == first.lineno - 1:
        lines.insert(0, "")
    return beside(subject, first, *lines, before=True)


def _comes_first(statement: ast.stmt) -> bool:
    """A docstring, or an import from ``__future__``."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.ImportFrom(module="__future__"):
            return True
        case _:
            return False


def sleep(subject: Subject, at: ast.AST, *, in_async: bool) -> Written | None:
    """``time.sleep``, or the sleep of the asynchronous library that the code uses, awaited."""
    if not in_async:
        return imported(subject, "time", "sleep", at)
    found = imported(subject, _library(subject, at), "sleep", at)
    return None if found is None else Written(f"await {found.text}", found.edits)


def _library(subject: Subject, at: ast.AST) -> str:
    """The asynchronous library that the function uses; else the one that the file imports."""
    names = subject.case.module.names
    here = [call for call in names.calls if names.function(call) is names.function(at)]
    called = {(names.qualify(call.func) or "").partition(".")[0] for call in here}
    used = {full.partition(".")[0] for full in names.imports.values()}
    for found in (called, used):
        for library in _ASYNC_LIBRARIES:
            if library in found:
                return library
    return "asyncio"


def operand(subject: Subject, node: ast.expr) -> str:
    """The text of an expression, fit to be compared with something."""
    text = subject.source.snippet(subject.span(node))
    loose = (ast.NamedExpr, ast.BoolOp, ast.IfExp, ast.Lambda, ast.Compare)
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return f"({text})" if isinstance(node, loose) or negated else text


def beside(subject: Subject, statement: ast.stmt, *lines: str, before: bool) -> InsertStatement:
    """An edit that puts lines before a statement, or behind all of it."""
    span = subject.source.span(statement)
    decorators = getattr(statement, "decorator_list", [])
    if decorators:
        first = subject.source.span(decorators[0])
        span = Span(first.line, max(first.column - 1, 0), span.end_line, span.end_column)
    return InsertStatement(span, lines, before=before)


def without(subject: Subject, origin: Origin, name: str) -> Edit:
    """An edit that takes the argument ``name`` out where it is written."""
    at = subject.span(origin.holder)
    match origin.holder:
        case ast.Call():
            return RemoveKeyword(at, name)
        case ast.Dict():
            return RemoveItem(at, name)
        case _:
            return RemoveStatement(at)


def without_background(subject: Subject, call: BackgroundCall) -> tuple[Edit, ...]:
    """Edits that take ``background``, and what belongs to it, out of a call."""
    parameters = call.provider.parameters
    return tuple(
        without(subject, origin, name)
        for name in (parameters["background"], *parameters["background_only"])
        for origin in origins(call.names, call.node, name, call.provider.bodies)
    )


def interval(subject: Subject) -> str:
    """How many seconds a new wait lasts: two, if the policy allows that."""
    poll = subject.policy.poll
    return f"{min(max(_USUAL_INTERVAL, poll.shortest), poll.longest):g}"


def free_name(subject: Subject, wanted: str, at: ast.AST) -> str:
    """``wanted``, or a variant of it that nothing around ``at`` is called."""
    names = subject.case.module.names
    while names.defining_scope(wanted, at) is not None:
        wanted = f"poll_{wanted}"
    return wanted
