"""Streams of background responses: who reads them, and whether anybody keeps where they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bgmode.flow.callees import PASS_THROUGH
from bgmode.flow.names import FUNCTIONS, Names, dotted, ordered_parameters, parameters
from bgmode.model.abandoned import only_tells
from bgmode.model.calls import BackgroundCall
from bgmode.model.polling import Polling

_DUMPS = frozenset({"model_dump", "model_dump_json", "to_dict", "to_json", "dict", "json"})
_COPIES = frozenset({"str", "repr", "format", "dict", "vars", "dumps"})
"""What is made of an event and still holds all of it."""
_CLOSING = frozenset({"contextlib.closing", "contextlib.aclosing"})


def is_stream(call: BackgroundCall) -> bool:
    """Whether a call certainly gives a stream of a response that runs in the background."""
    return call.certain and (call.operation.streams or call.argument("stream").is_true)


def mentions_a_position(names: Names, words: frozenset[str]) -> bool:
    """Whether a module speaks of the place in a stream, in code or in a text that it uses."""
    return any(_mentions(names, node, words) for node in ast.walk(names.tree))


def _mentions(names: Names, node: ast.AST, words: frozenset[str]) -> bool:
    match node:
        case (
            ast.Name(id=word)
            | ast.Attribute(attr=word)
            | ast.keyword(arg=str(word))
            | ast.arg(arg=word)
        ):
            return word in words
        case ast.MatchClass(kwd_attrs=attributes):
            return not words.isdisjoint(attributes)
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.Constant(value=str(text)):
            return not _is_docstring(names, node) and any(word in text for word in words)
    return False


def _is_docstring(names: Names, node: ast.AST) -> bool:
    return isinstance(names.parent.get(node), ast.Expr)


def is_read_and_forgotten(polling: Polling, call: BackgroundCall) -> bool:
    """Whether the function reads the stream itself, and nobody else is given it or its events."""
    reader = _Reader(polling.names)
    whole, above = reader.around(call.node)
    loops = list(reader.loops(whole, above))
    return (
        bool(loops)
        and not reader.handed_on
        and not any(_polls_instead(polling, loop) for loop in loops)
        and not any(reader.is_kept(loop) for loop in loops)
    )


class _Reader:
    """Follows a stream through one function. ``handed_on``: somebody else may read it."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.handed_on = False
        self._seen: set[tuple[str, ast.AST]] = set()

    def around(self, node: ast.AST) -> tuple[ast.AST, ast.AST | None]:
        """A stream with what only passes it on around it, and where that stands."""
        above = self.names.parent.get(node)
        match above:
            case ast.Await():
                return self.around(above)
            case ast.Call(func=function, args=[first, *_]) if first is node:
                name = self.names.qualify(function) or dotted(function)
                if name in PASS_THROUGH or name in _CLOSING or name == "enumerate":
                    return self.around(above)
        return node, above

    def loops(self, whole: ast.AST, above: ast.AST | None) -> Iterator[ast.AST]:
        """The loops that read a stream, given one expression that is it."""
        match above:
            case ast.For() | ast.AsyncFor() | ast.comprehension() if above.iter is whole:
                yield above
            case (
                ast.Assign(targets=[ast.Name() as name])
                | ast.AnnAssign(target=ast.Name() as name)
                | ast.withitem(optional_vars=ast.Name() as name)
            ):
                yield from self._read(name)
            case ast.withitem() | ast.Compare() | ast.UnaryOp() | ast.If() | ast.Attribute():
                pass
            case _:
                self.handed_on = True

    def _read(self, name: ast.Name) -> Iterator[ast.AST]:
        scope = self.names.defining_scope(name.id, name)
        if scope is None or isinstance(scope.node, ast.ClassDef):
            self.handed_on = True
            return
        if (name.id, scope.node) in self._seen:
            return
        self._seen.add((name.id, scope.node))
        for use in self.names.mentions.get(name.id, []):
            mine = isinstance(use, ast.Name) and self.names.defining_scope(name.id, use) is scope
            if not mine:
                continue
            if self.names.scope_node(use) is not scope.node:
                self.handed_on = True
                return
            yield from self.loops(*self.around(use))

    # What becomes of the events

    def is_kept(self, loop: ast.AST) -> bool:
        """Whether somebody gets an event as a whole, and with it where the stream is."""
        target = getattr(loop, "target", None)
        match target:
            case ast.Tuple(elts=[_, ast.Name() as name]) | (ast.Name() as name):
                return self._is_kept(name.id, name)
        return True

    def _is_kept(self, name: str, at: ast.AST) -> bool:
        scope = self.names.defining_scope(name, at)
        if scope is None:
            return True
        if (name, scope.node) in self._seen:
            return False
        self._seen.add((name, scope.node))
        return any(
            self._goes_on(use)
            for use in self.names.mentions.get(name, [])
            if isinstance(use, ast.Name) and self.names.defining_scope(name, use) is scope
        )

    def _goes_on(self, node: ast.AST) -> bool:
        """Whether an expression that holds a whole event takes it out of sight."""
        above = self.names.parent.get(node)
        match above:
            case ast.Attribute(attr=name):
                call = self.names.parent.get(above)
                return name in _DUMPS and isinstance(call, ast.Call) and self._goes_on(call)
            case ast.Call() if node is not above.func:
                return self._is_taken(above, node)
            case ast.keyword():
                call = self.names.parent.get(above)
                return not isinstance(call, ast.Call) or self._is_taken(call, node)
            case ast.Assign(targets=[ast.Name(id=name) as target]):
                return self._is_kept(name, target)
            case ast.Await() | ast.FormattedValue() | ast.JoinedStr() | ast.BoolOp() | ast.BinOp():
                return self._goes_on(above)
            case ast.Compare() | ast.Subscript() | ast.UnaryOp() | ast.Expr() | ast.Match():
                return False
            case ast.If() | ast.While() | ast.IfExp() | ast.comprehension() | ast.Assert():
                return isinstance(above, ast.IfExp) and node is not above.test
        return True

    def _is_taken(self, call: ast.Call, event: ast.AST) -> bool:
        """Whether a call that is given an event may do something with it."""
        if (dotted(call.func) or "").rpartition(".")[2] in _COPIES:
            return self._goes_on(call)
        if only_tells(call):
            return False
        function = self.names.callee(call)
        if not isinstance(function, FUNCTIONS):
            return True
        parameter = _parameter(call, event, function)
        return parameter is None or self._is_kept(parameter, function.body[0])


def _parameter(
    call: ast.Call, given: ast.AST, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> str | None:
    """The parameter that gets an argument of a call."""
    for keyword in call.keywords:
        if keyword.value is given:
            known = {arg.arg for arg in parameters(function)}
            return keyword.arg if keyword.arg in known else None
    ordered = ordered_parameters(function)
    if isinstance(call.func, ast.Attribute) and ordered[:1] in (["self"], ["cls"]):
        ordered = ordered[1:]
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    position = next((i for i, argument in enumerate(call.args) if argument is given), len(ordered))
    return ordered[position] if position < len(ordered) else None


def _polls_instead(polling: Polling, loop: ast.AST) -> bool:
    """Whether a handler around the loop asks for the response where the stream breaks."""
    below = loop
    for above in polling.names.ancestors(loop):
        if isinstance(above, ast.Try) and below in above.body:
            for handler in above.handlers:
                if any(polling.asks(node) for node in ast.walk(handler)):
                    return True
        if isinstance(above, FUNCTIONS):
            return False
        below = above
    return False
