"""How a fix writes what the code around it needs: a wait, an import, a name that is free."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from bgmode.checks.subject import Subject
from bgmode.finding import Edit, InsertStatement
from bgmode.flow.names import Names

_ASYNC_LIBRARIES = ("anyio", "trio", "asyncio")
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
        if full == f"{module}.{name}" and names.defining_scope(bound, at) is _module_scope(names):
            return Written(bound)
        if full == module and names.defining_scope(bound, at) is _module_scope(names):
            return Written(f"{bound}.{name}")
    if names.defining_scope(module, at) is not None:
        return None
    return Written(f"{module}.{name}", (_import(subject, module),))


def _module_scope(names: Names) -> object:
    return names.scopes[names.tree]


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
    return InsertStatement(subject.span(first), (line, ""), before=True)


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
    """``time.sleep``, or the sleep of the asynchronous library that the file uses, awaited."""
    if not in_async:
        return imported(subject, "time", "sleep", at)
    used = {full.partition(".")[0] for full in subject.case.module.names.imports.values()}
    library = next((name for name in _ASYNC_LIBRARIES if name in used), "asyncio")
    found = imported(subject, library, "sleep", at)
    return None if found is None else Written(f"await {found.text}", found.edits)


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
