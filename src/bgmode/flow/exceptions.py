"""Which handler catches which exception, as far as names can tell."""

from __future__ import annotations

import ast
import builtins

from bgmode.flow.callees import last_name
from bgmode.flow.exits import Exit
from bgmode.flow.names import Names, dotted
from bgmode.flow.values import Truth
from bgmode.flow.world import World

# Raised from outside the code that runs, to stop it.
_STOPPING = frozenset(
    {"CancelledError", "Cancelled", "KeyboardInterrupt", "SystemExit", "GeneratorExit"}
)


_BY_DESIGN = frozenset(
    "StopIteration StopAsyncIteration IndexError KeyError LookupError Empty QueueEmpty TimeoutError"
    " EndOfStream WouldBlock BrokenBarrierError".split()
)
"""Exceptions with which a call says that there is nothing more, or that the time is up."""


_MISSES = frozenset(
    "KeyError IndexError LookupError ValueError StopIteration StopAsyncIteration".split()
)
"""Exceptions with which a lookup says that there is no such item."""


def expects_a_miss(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is for lookups that find nothing."""
    return any(name in _MISSES for name in handler_names(handler))


def expects(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is for what ends things, not for accidents."""
    names = handler_names(handler)
    return any(name in _BY_DESIGN or name in _STOPPING for name in names)


def raised_name(expression: ast.expr | None) -> str | None:
    """The class name in ``raise X`` or ``raise X(...)``; None where it cannot be read."""
    if isinstance(expression, ast.Call):
        expression = expression.func
    if expression is None:
        return None
    path = dotted(expression)
    if path is None or not last_name(path)[:1].isupper():
        return None
    return last_name(path)


def handler_names(handler: ast.ExceptHandler, names: Names | None = None) -> list[str | None]:
    """The class names a handler catches; None stands for one that cannot be read.

    With ``names``, a name that stands for a tuple of classes is followed.
    """
    caught = handler.type
    if isinstance(caught, ast.Name) and names is not None:
        binding = names.binding(caught.id, caught)
        if binding is not None and isinstance(binding.value, ast.Tuple):
            caught = binding.value
    match caught:
        case None:
            return ["BaseException"]
        case ast.Tuple(elts=elements):
            return [_handler_name(element) for element in elements]
        case single:
            return [_handler_name(single)]


def _handler_name(node: ast.expr) -> str | None:
    match node:
        case ast.Call(func=func) if (dotted(func) or "").endswith("get_cancelled_exc_class"):
            return "CancelledError"
    path = dotted(node)
    return last_name(path) if path else None


def catches(handler: ast.ExceptHandler, way_out: Exit, world: World) -> Truth:
    """Whether ``handler`` catches the exception of ``way_out``."""
    answers = [_caught_by(name, way_out, world) for name in handler_names(handler, world.names)]
    if True in answers:
        return True
    if way_out.exception is not None and not _is_of(handler, world):
        return False
    return None if None in answers else False


def _is_of(handler: ast.ExceptHandler, world: World) -> bool:
    """Whether a handler may be for the exceptions that a poll raises."""
    name = None if handler.type is None else world.names.qualify(handler.type)
    return name is None or world.may_raise(name)


def suppresses(names: list[str | None], way_out: Exit, world: World) -> Truth:
    """The same for ``contextlib.suppress(...)``."""
    answers = [_caught_by(name, way_out, world) for name in names]
    if True in answers:
        return True
    return None if None in answers else False


def _caught_by(ancestor: str | None, way_out: Exit, world: World) -> Truth:
    name = way_out.raised
    if ancestor is None:
        return None
    if ancestor in _STOPPING and (way_out.implicit or name not in _STOPPING):
        return False
    if name is None:
        return True if ancestor in {"Exception", "BaseException"} else None
    return is_subclass(name, ancestor, world)


def is_subclass(name: str, ancestor: str, world: World) -> Truth:
    """Whether the exception class called ``name`` is an ``ancestor``."""
    if ancestor == "BaseException" or name == ancestor:
        return True
    if name in _STOPPING:
        return False
    decided = world.exception_is(name, ancestor)
    if decided is not None:
        return decided
    local = _local_class(name, world.names)
    if local is not None:
        known = world.names.subclasses
        if (name, ancestor) not in known:
            known[name, ancestor] = None  # while it is looked at: a cycle is unknown
            known[name, ancestor] = _by_bases(local, ancestor, world)
        return known[name, ancestor]
    one, other = _builtin(name), _builtin(ancestor)
    if one is not None and other is not None:
        return issubclass(one, other)
    if ancestor == "Exception":
        return True
    return False if one is not None and _local_class(ancestor, world.names) else None


def _by_bases(cls: ast.ClassDef, ancestor: str, world: World) -> Truth:
    answers: list[Truth] = []
    for base in cls.bases:
        path = dotted(base)
        name = last_name(path) if path else ""
        if name == cls.name:
            return None
        answers.append(is_subclass(name, ancestor, world) if name else None)
    if True in answers:
        return True
    return None if None in answers else False


def _local_class(name: str, names: Names) -> ast.ClassDef | None:
    binding = names.scopes[names.tree].only(name)
    if binding is not None and isinstance(binding.node, ast.ClassDef):
        return binding.node
    return None


def _builtin(name: str) -> type[BaseException] | None:
    found = getattr(builtins, name, None)
    if isinstance(found, type) and issubclass(found, BaseException):
        return found
    return None
