"""How a poll loop is mended: the form that never failed in public code.

A condition on terminal statuses becomes one on the running ones; an endless loop with
branches gets the branch that is missing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.checks.wording import beside, operand
from bgmode.english import listed
from bgmode.finding import Applicability, Fix, Note, ReplaceExpression
from bgmode.flow.values import Known
from bgmode.model.polling import PollLoop
from bgmode.model.waits import job_of
from bgmode.source import Span

_UNTOLD = frozenset({"BGM503"})  # what is read behind the loop is checked by nobody, as before


def loop_notes(subject: Subject, loop: PollLoop) -> list[Note]:
    """Where the job of this loop is created, and by what the other statuses leave."""
    created = job_of(subject.case.module.polling, loop)
    notes = [subject.note("the job is created here", created.node)] if created else []
    told_apart: dict[ast.AST, list[str]] = {}
    for status in loop.provider.terminal:
        if status not in loop.taken_for_running:
            for way in loop.ways(status) - loop.running.ways:
                if way.node is not loop.node:
                    told_apart.setdefault(way.node, []).append(status)
    for node, statuses in told_apart.items():
        notes.append(subject.note(f"{listed(statuses, 'and')} leaves here", node))
    return notes


def loop_fix(subject: Subject, loop: PollLoop) -> Fix | None:
    """The fix for the statuses on which ``loop`` does not leave."""
    return _pending_set(subject, loop) or _missing_branch(subject, loop)


def _pending_set(subject: Subject, loop: PollLoop) -> Fix | None:
    """``while status != "completed"`` becomes ``while status in {"queued", "in_progress"}``."""
    if not isinstance(loop.node, ast.While) or loop.node.orelse:
        return None
    found = [node for node in _conjuncts(loop.node.test) if _waits_for_end(node)]
    if not found or not _is_one_stretch(loop.node.test, found):
        return None
    tested = _tested(found[0])
    if tested is None or not any(_speaks_of_statuses(subject, loop, node) for node in found):
        return None
    text = operand(subject, tested)
    if _is_surely_a_status(subject, loop, tested):
        statuses = ", ".join(f'"{status}"' for status in loop.provider.running)
        value = f"{text} in {{{statuses}}}"
        message = f"go on only while the status is {listed(loop.provider.running)}"
    else:  # it may begin with something else, such as None
        statuses = ", ".join(f'"{status}"' for status in loop.provider.terminal)
        value, message = f"{text} not in {{{statuses}}}", "go on until the status is terminal"
    grade: Applicability = (
        "safe" if subject.case.module.polling.tells_apart_later(loop) else "unsafe"
    )
    first, last = subject.span(found[0]), subject.span(found[-1])
    stretch = Span(first.line, first.column, last.end_line, last.end_column)
    reveals = frozenset() if grade == "safe" else _UNTOLD
    return Fix(grade, message, (ReplaceExpression(stretch, value),), reveals)


def _is_one_stretch(test: ast.expr, found: list[ast.expr]) -> bool:
    """Whether conditions stand side by side, and all ask for the same status."""
    if len({ast.dump(_tested(node) or node) for node in found}) > 1:
        return False
    if len(found) == 1:
        return True
    if not isinstance(test, ast.BoolOp) or found[0] not in test.values:
        return False
    first = test.values.index(found[0])
    return test.values[first : first + len(found)] == found


def _is_surely_a_status(subject: Subject, loop: PollLoop, tested: ast.expr) -> bool:
    """Whether ``tested`` always holds the status of a response, also before the first poll."""
    match tested:
        case ast.Attribute(value=ast.Name(id=name), attr="status"):
            return name not in {"self", "cls"}
        case ast.Attribute(value=ast.Attribute() | ast.NamedExpr(), attr="status"):
            return True
        case ast.Name(id=name):
            scope = subject.case.module.names.defining_scope(name, loop.node)
            bindings = scope.bindings.get(name, []) if scope else []
            return bool(bindings) and all(
                _is_status_value(binding.value, loop) for binding in bindings
            )
    return False


def _is_status_value(value: ast.expr | None, loop: PollLoop) -> bool:
    match value:
        case ast.Attribute(attr="status"):
            return True
        case ast.Constant(value=word):
            return word in loop.provider.running
    return False


def _conjuncts(test: ast.expr) -> Iterator[ast.expr]:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _conjuncts(value)
        case _:
            yield test


def _waits_for_end(node: ast.expr) -> bool:
    """Whether a condition says that the status is not (one of) the terminal ones."""
    match node:
        case ast.Compare(ops=[ast.NotEq() | ast.NotIn()], left=left):
            return _is_status(left)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Compare(ops=[ast.Eq() | ast.In()], left=left)):
            return _is_status(left)
    return False


def _is_status(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name.lower() in {"status", "state"} or name.lower().endswith(
                ("_status", "_state")
            )
        case ast.Subscript(slice=ast.Constant(value="status")):
            return True
    return False


def _tested(condition: ast.expr) -> ast.expr | None:
    match condition:
        case ast.Compare(left=left) | ast.UnaryOp(operand=ast.Compare(left=left)):
            return left
    return None


def _speaks_of_statuses(subject: Subject, loop: PollLoop, condition: ast.expr) -> bool:
    """Whether the condition compares with a status of the provider."""
    for node in ast.walk(condition):
        if isinstance(node, ast.Compare):
            value = subject.case.module.annotations.constant(node.comparators[0])
            words = value.value if isinstance(value, Known) else ()
            found = {words} if isinstance(words, str) else words
            if isinstance(found, set | tuple | frozenset):
                return not set(loop.provider.statuses).isdisjoint(found)
            return True  # not known: the proof has the last word
    return False


def _missing_branch(subject: Subject, loop: PollLoop) -> Fix | None:
    """Raise on the missing statuses, behind the last branch that looks at the status."""
    found = [
        (statement, status)
        for statement in loop.node.body
        if isinstance(statement, ast.If)
        and (status := _tested_status(statement)) is not None
        and _speaks_of_statuses(subject, loop, statement.test)
    ]
    if not found:
        return None
    statement, status = found[-1]
    if _ends_with_leaving_else(statement):
        return None
    missing = ", ".join(f'"{name}"' for name in loop.taken_for_running)
    test = f"{status} in {{{missing}}}" if "," in missing else f"{status} == {missing}"
    guard = _guard(subject, statement.test)
    if guard is None:
        return None
    ended = f'    raise RuntimeError(f"background response ended as {{{status}}}")'
    lines = (f"if {guard}{test}:", ended)
    if '"' in status:
        return None
    edit = beside(subject, statement, *lines, before=False)
    return Fix("unsafe", f"raise when the response is {listed(loop.taken_for_running)}", (edit,))


def _guard(subject: Subject, test: ast.expr) -> str | None:
    """What a branch asks before it looks at the status: ``response is not None and ``.

    None where the branch is put together in another way.
    """
    match test:
        case ast.Compare():
            return ""
        case ast.BoolOp(op=ast.And(), values=values):
            before: list[str] = []
            for value in values:
                if isinstance(value, ast.Compare) and _is_status(value.left):
                    return "".join(f"{text} and " for text in before)
                text = subject.source.snippet(subject.span(value))
                if "\n" in text or isinstance(value, ast.NamedExpr | ast.BoolOp | ast.IfExp):
                    return None
                before.append(text)
    return None


def _ends_with_leaving_else(statement: ast.If) -> bool:
    orelse = statement.orelse
    while len(orelse) == 1 and isinstance(orelse[0], ast.If):
        orelse = orelse[0].orelse
    return bool(orelse) and isinstance(orelse[-1], ast.Return | ast.Raise | ast.Break)


def _tested_status(statement: ast.If) -> str | None:
    """The plain expression for the status that a branch tests: ``response.status``."""
    for node in ast.walk(statement.test):
        match node:
            case ast.Compare(
                left=(ast.Name() | ast.Attribute(value=ast.Name() | ast.Attribute())) as left,
                ops=[ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn()],
            ) if _is_status(left):
                return ast.unparse(left)
    return None
