"""BGM309: a response's status is compared with a word that is no status."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.english import listed
from bgmode.finding import Finding, Fix, ReplaceExpression
from bgmode.flow.names import Names
from bgmode.model.words import ComparedWord, unknown_words

_HIDDEN = frozenset({"BGM301", "BGM302", "BGM303", "BGM304", "BGM308", "BGM504"})
"""What is to be said of a loop once it knows the right word."""


def unknown_status(subject: Subject) -> Iterator[Finding]:
    statuses = subject.case.module.provider.statuses
    for compared in unknown_words(subject.case.module.polling):
        meant = _meant(compared.word, statuses)
        hint = f", did you mean `{meant}`?" if meant else f": it is {listed(statuses)}"
        yield subject.finding(
            compared.node,
            f"no response ever has the status `{compared.word}`{hint}",
            fix=_fix(subject, compared, meant) if meant else None,
        )


def _meant(word: str, statuses: tuple[str, ...]) -> str | None:
    """The status that a misspelt word stands for."""
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    close = difflib.get_close_matches(plain, statuses, n=1, cutoff=0.85)
    return close[0] if close else None


def _fix(subject: Subject, compared: ComparedWord, meant: str) -> Fix | None:
    display = compared.display
    written = subject.source.snippet(subject.span(compared.node))
    quote = written[-1:]
    if quote not in {"'", '"'}:
        return None
    if _is_asked_beside(subject, compared.node, meant):
        return None
    others = (
        [element for element in display.elts if element is not compared.node] if display else []
    )
    if not any(isinstance(node, ast.Constant) and node.value == meant for node in others):
        edit = ReplaceExpression(subject.span(compared.node), f"{quote}{meant}{quote}")
        return Fix("safe", f"write `{meant}`", (edit,), reveals=_HIDDEN)
    return _without(subject, compared, others)


def _is_asked_beside(subject: Subject, node: ast.AST, meant: str) -> bool:
    """Whether the right word has a branch, or an alternative, of its own."""
    names = subject.case.module.names
    statement: ast.AST = names.statement(node) or node
    while isinstance(statement, ast.If) and _is_elif(names.parent[statement], statement):
        statement = names.parent[statement]
    asked: list[ast.AST] = []
    match statement:
        case ast.Match(cases=cases):
            asked += [case.pattern for case in cases]
        case ast.If():
            branch: ast.AST = statement
            while isinstance(branch, ast.If):
                asked.append(branch.test)
                branch = branch.orelse[0] if len(branch.orelse) == 1 else branch.test
        case ast.While(test=test):
            asked.append(test)
        case _:
            asked.append(statement)
    return any(
        isinstance(inner, ast.Constant)
        and inner.value == meant
        and not _is_beside(names, inner, node)
        for tree in asked
        for inner in ast.walk(tree)
    )


def _is_beside(names: Names, one: ast.AST, other: ast.AST) -> bool:
    """Whether two constants are elements of one display."""
    above = names.parent[one]
    return above is names.parent[other] and isinstance(above, ast.Tuple | ast.List | ast.Set)


def _is_elif(above: ast.AST, statement: ast.AST) -> bool:
    return isinstance(above, ast.If) and above.orelse == [statement]


def _without(subject: Subject, compared: ComparedWord, others: list[ast.expr]) -> Fix | None:
    """The right word is there already: leave the wrong one out."""
    display = compared.display
    if display is None or display.lineno != display.end_lineno:
        return None
    texts = [subject.source.snippet(subject.span(node)) for node in others]
    inner = ", ".join(texts)
    match display:
        case ast.Set():
            value = f"{{{inner}}}"
        case ast.List():
            value = f"[{inner}]"
        case ast.Tuple():
            if not subject.source.snippet(subject.span(display)).startswith("("):
                return None
            value = f"({inner})" if len(texts) > 1 else f"({inner},)"
    edit = ReplaceExpression(subject.span(display), value)
    return Fix("safe", f"leave `{compared.word}` out", (edit,), reveals=_HIDDEN)
