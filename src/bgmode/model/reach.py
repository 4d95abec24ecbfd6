"""Which functions may come to a poll, by the names that they mention.

A function or class that is imported from another module of the project is looked up there, but
not what that module imports in its turn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from bgmode.flow.names import FUNCTIONS, Code, FunctionNode, dotted
from bgmode.flow.other_module import Wanted
from bgmode.flow.values import ClassRef, Function, Instance
from bgmode.knowledge import Provider
from bgmode.model.calls import Calls
from bgmode.model.clients import Clients, ProjectImports
from bgmode.model.reaching import Reaching, reaching
from bgmode.model.world import is_long


def _spellings(provider: Provider) -> Wanted:
    """The words of a poll; what stands behind ``with_raw_response`` may stand apart."""
    polls = [operation.path for operation in provider.operations if operation.kind == "poll"]
    viewed = [
        (path[-1], ".".join([*path[:-1], view]))
        for path in polls
        for view in provider.operation_views
    ]
    return (*((path[-1], ".".join(path)) for path in polls), *viewed)


class Reach:
    """What comes to a poll in one module."""

    def __init__(self, calls: Calls, *, looks_further: bool = True) -> None:
        self.names = calls.names
        self.clients = calls.clients
        self.polls = frozenset(calls.of_kind("poll"))
        self._looks_further = looks_further
        self._others: dict[Clients, Reach] = {}

    def comes_to_a_poll(self, scope: ast.Module | Code) -> bool:
        """Whether running ``scope`` may poll."""
        return scope in self._reaching.scopes

    def is_far(self, code: Code) -> bool:
        """Whether a function is long and has nothing to do with polls."""
        return is_long(code) and code not in self._reaching.scopes

    def end(self, scope: ast.Module | Code) -> int:
        """The position of the statement of ``scope`` behind which no loop polls."""
        last = self.names.last_loop(scope)
        if any(word.startswith("__") for word in self._reaching.words - {"__init__"}):
            return last + 1  # it is called without being mentioned
        inside = [place for place in self._reaching.places if self.names.is_within(place, scope)]
        if not all(self._is_done_there(place, scope) for place in inside):
            return last + 1
        return (
            min(last, max((self.names.position(place, scope) for place in inside), default=last))
            + 1
        )

    def _is_done_there(self, place: ast.AST, scope: ast.Module | Code) -> bool:
        """Whether what is mentioned is called at that place, and ends there."""
        call = place if isinstance(place, ast.Call) else self.names.parent[place]
        if not isinstance(call, ast.Call) or place not in (call, call.func):
            return False
        waits = isinstance(self.names.parent[call], ast.Await)
        if isinstance(scope, ast.AsyncFunctionDef) and not waits:
            return False  # a task that goes on
        return self.names.function(call) is scope and not self._may_be_a_generator(call)

    def _may_be_a_generator(self, call: ast.Call) -> bool:
        name = (dotted(call.func) or "").rpartition(".")[2]
        return any(map(self.names.yields, self.names.functions_by_name.get(name, ())))

    @cached_property
    def _reaching(self) -> Reaching:
        handed = (function for poll in self.starts for function in self._handed_to(poll))
        return reaching(self.names, [*self.starts, *handed])  # who is handed a poll may make it

    @cached_property
    def starts(self) -> frozenset[ast.AST]:
        """The polls of the module, and what other modules have that comes to one."""
        return self.polls | frozenset(self._elsewhere() if self._looks_further else ())

    def _elsewhere(self) -> Iterator[ast.AST]:
        imports = self.clients.imports
        if imports is None:
            return
        polls = _spellings(self.clients.provider)
        for bound, name in self.names.imports.items():
            mentions = self.names.mentions.get(bound, [])
            if not mentions or not imports.may_mention(name, polls):
                continue
            match imports.value(name):
                case Function(node) if self._polls_elsewhere(node):
                    yield from mentions
                case ClassRef(owner) | Instance(owner):
                    yield from self._methods_elsewhere(owner)
                case None:
                    yield from self._in_module(mentions, imports, polls)

    def _in_module(
        self, mentions: list[ast.expr], imports: ProjectImports, polls: Wanted
    ) -> Iterator[ast.AST]:
        """``jobs.fetch``, where ``jobs`` is a module."""
        for mention in mentions:
            node = self.names.parent[mention]
            while isinstance(node, ast.Attribute):  # acme.jobs.fetch
                name = self.names.qualify(node)
                may_poll = name is not None and imports.may_mention(name, polls)
                match imports.value(name) if name is not None and may_poll else None:
                    case Function(function) if self._polls_elsewhere(function):
                        yield node
                    case ClassRef(owner) | Instance(owner):
                        yield from self._methods_elsewhere(owner)
                node = self.names.parent[node]

    def _methods_elsewhere(self, owner: ast.ClassDef) -> Iterator[ast.AST]:
        for method in owner.body:
            if isinstance(method, FUNCTIONS) and self._polls_elsewhere(method):
                yield from self.names.mentions.get(method.name, [])

    def _polls_elsewhere(self, node: Code) -> bool:
        """Whether a function of another module comes to a poll."""
        clients = None if self.clients.imports is None else self.clients.imports.holding(node)
        if clients is None:
            return False
        if clients not in self._others:
            self._others[clients] = Reach(Calls(clients.names, clients), looks_further=False)
        return self._others[clients].comes_to_a_poll(node)

    def _handed_to(self, poll: ast.AST) -> Iterator[FunctionNode]:
        """The functions of this module that have ``poll`` in one of their arguments."""
        below = poll
        for above in self.names.ancestors(poll):
            if isinstance(above, ast.Call) and below in above.args:
                function = self.names.callee(above)
                if function is not None:
                    yield function
            below = above
