"""Where a result is read, and how the job has ended by then, as far as the code makes sure of it.

Each function that may read one is run once for each status that polls may answer after create
has said that the job is queued. What is read in several of these runs, with nothing decided
differently since the wait, is read however the job has ended.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from bgmode.flow.judging import Answering, judged
from bgmode.flow.names import FUNCTIONS, LOOPS, Code
from bgmode.flow.notes import Reading
from bgmode.flow.run import Run
from bgmode.flow.values import Known, Value
from bgmode.model.polling import Polling, place
from bgmode.model.reaching import reaching
from bgmode.model.world import JobWorld

_TESTS = (ast.If, ast.While, ast.IfExp, ast.Assert)
_WHOLE = frozenset({"model_dump", "model_dump_json", "to_dict", "to_json"})


@dataclass(frozen=True)
class Result:
    """A place where the result is read. ``field`` is its name.

    ``unawaited``: from the response that create gave, while the job has only been queued.
    ``retrieved``: from a response that a poll gave, once the job is completed.
    ``unchecked`` are the other statuses on which it is read just so after the wait.
    ``comes_from`` is where the function that got the response goes to the one that reads it.
    """

    node: ast.AST
    field: str
    unawaited: bool
    retrieved: bool
    unchecked: tuple[str, ...]
    comes_from: ast.AST | None

    @property
    def is_wrong(self) -> bool:
        """Whether it may be read before there is one, or although there never will be."""
        return self.unawaited or bool(self.unchecked)


class Results:
    """The results that one module reads."""

    def __init__(self, polling: Polling) -> None:
        self._polling = polling
        self.names = polling.names
        self.provider = polling.provider
        self._judged: dict[ast.AST, dict[str, Run]] = {}

    @cached_property
    def read(self) -> tuple[Result, ...]:
        """All places where a result of a background job is read, in the order of the text.

        Of a place that several functions come to, what the first of those tells that go wrong.
        """
        found: dict[ast.AST, Result] = {}
        for scope in self._scopes():
            for result in self._in_scope(scope):
                if result.is_wrong and not found.get(result.node, result).is_wrong:
                    found[result.node] = result
                found.setdefault(result.node, result)
        return tuple(sorted(found.values(), key=lambda result: place(result.node)))

    def _scopes(self) -> list[ast.Module | Code]:
        """The functions that may get a result and come to where it is read, perhaps too early."""
        reads = self._reads
        found = self._between(self._creates, reads)
        if reads and self._starts():
            polled = reads if self._may_wait else [*filter(self._is_never_there, reads)]
            found |= self._between(self._starts, polled)
        return sorted(found, key=lambda node: getattr(node, "lineno", 0))

    def _between(
        self, jobs: Callable[[], Iterable[ast.AST]], reads: list[ast.AST]
    ) -> set[ast.Module | Code]:
        """The functions that come to one of some ``jobs`` and to one of some ``reads``."""
        reading = reaching(self.names, reads).scopes if reads else ()
        getting = reaching(self.names, jobs()).scopes if reading else ()
        scopes = (self.names.tree, *self.names.functions)
        return {scope for scope in scopes if scope in getting and scope in reading}

    @cached_property
    def _reads(self) -> list[ast.AST]:
        """Where something is mentioned that may be a result, by its name."""
        names = self.provider.outputs
        mentions = chain.from_iterable(map(self._mentions, names))
        literals = chain.from_iterable(self.names.texts.get(name, []) for name in names)
        return [*(node for node in mentions if isinstance(node, ast.Attribute)), *literals]

    def _is_never_there(self, read: ast.AST) -> bool:
        """Whether a poll, when the job has ended, gives no such field, although it has to."""
        match read:
            case ast.Attribute(attr=name):
                return name == self.provider.parsed_output and self._must_be_there(read)
        return False

    def _starts(self) -> frozenset[ast.AST]:
        return self._polling.reach.starts

    @cached_property
    def _may_wait(self) -> bool:
        """Whether a poll may be made again and again; without that nothing is behind a wait."""
        reach = self._polling.reach
        if reach.starts != reach.polls or any(map(reach.comes_to_a_poll, self._polling.rounds)):
            return True
        places = reaching(self.names, reach.polls).places
        return any(
            isinstance(above, LOOPS) for place in places for above in self.names.ancestors(place)
        )

    def _in_scope(self, scope: ast.Module | Code) -> Iterator[Result]:
        completed = judged(scope, {"completed": self._answers["completed"]})["completed"]
        if completed.gave_up:
            return
        premature = any(loop.premature for loop in self._polling.loops if loop.scope is scope)
        for node, readings in completed.notes.readings.items():
            outputs = [reading for reading in readings if reading.field in self.provider.outputs]
            if not outputs or node not in self.names.parent:
                continue
            late = [reading for reading in outputs if _status(reading.answer) == "completed"]
            way = self._way(scope, node, completed)
            yield Result(
                node,
                outputs[0].field,
                unawaited=self._is_unawaited(way, outputs),
                retrieved=bool(late) and self._must_be_there(node),
                unchecked=() if premature else tuple(self._unchecked(scope, way, late)),
                comes_from=self._start(scope, way),
            )

    def _way(self, scope: ast.AST, node: ast.AST, run: Run) -> list[ast.AST]:
        """The read, and where functions are mentioned by which ``scope`` comes to it."""
        if (self.names.function(node) or self.names.tree) is scope:
            return [node]
        entered = {scope, *run.notes.entered}
        return [
            at
            for at in reaching(self.names, [node]).places
            if (self.names.function(at) or self.names.tree) in entered
        ]

    def _start(self, scope: ast.AST, way: list[ast.AST]) -> ast.AST | None:
        """Where the first step stands, if the read is not in ``scope`` itself."""
        found = [at for at in way[1:] if (self.names.function(at) or self.names.tree) is scope]
        first = min(found, key=place, default=None)
        match self.names.parent[first] if first is not None else None:
            case ast.Call(func=function) as call if function is first:
                return call
        return first

    def _is_unawaited(self, way: list[ast.AST], readings: list[Reading]) -> bool:
        """Whether a result is surely read, and only while the job has been queued."""
        return (
            {_status(reading.answer) for reading in readings} == {self._first}
            and not any(reading.guess for reading in readings)
            and not any(self._is_looked_at(node) or self._is_told_beside(node) for node in way)
        )

    def _unchecked(
        self, scope: ast.Module | Code, way: list[ast.AST], completed: list[Reading]
    ) -> Iterator[str]:
        """The other statuses on which a result is read behind the wait, just as if completed."""
        if not completed or any(r.guess or not r.waited for r in completed):
            return
        if any(self._is_looked_at(node) or self._is_told(node) for node in way):
            return
        node, runs = way[0], self._runs(scope)
        told = {frozenset(reading.decided) for reading in completed}
        for status in (*self.provider.terminal, "in_progress"):
            if status == "completed" or runs[status].stuck:
                continue  # the wait never ends then
            readings = runs[status].notes.readings.get(node, [])
            same = [r for r in readings if not r.guess and frozenset(r.decided) in told]
            meant = any(
                self._is_meant(status, comparison, runs["completed"])
                for reading in same
                for comparison, _ in reading.decided
            )
            if same and len(same) == len(readings) and not meant:
                yield status

    def _runs(self, scope: ast.Module | Code) -> dict[str, Run]:
        """A run for each status; most functions need but the one in which the job completes."""
        if scope not in self._judged:
            self._judged[scope] = judged(scope, self._answers)
        return self._judged[scope]

    def _is_meant(self, status: str, comparison: ast.Compare, run: Run) -> bool:
        """Whether somebody has written that a status is as good as completed."""
        sides = (comparison.left, *comparison.comparators)
        words = {word for side in sides for word in run.notes.words.get(side, ())}
        return {"completed", status} <= words and not words.issuperset(self.provider.terminal)

    def _is_looked_at(self, node: ast.AST) -> bool:
        """Whether a result is only asked whether there is any, or this decides what comes next."""
        node = self._whole(node)
        above = self.names.parent[node]
        if isinstance(above, ast.BoolOp | ast.UnaryOp | ast.Compare):
            return True
        if isinstance(above, _TESTS) and above.test is node:
            return True
        match above:
            case ast.Call(func=ast.Name(id="type" | "isinstance"), args=[first, *_]):
                return first is node
            case ast.FormattedValue(value=ast.Call(func=ast.Name(id="len" | "bool"))):
                return True  # how much there is, for people to read
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.NamedExpr(target=ast.Name(id=name)):
                return self._is_tested(name, node) or self._is_judged_later(node)
        return False

    def _whole(self, node: ast.AST) -> ast.AST:
        """The read with what only measures or trims it: ``len(...)``, ``.strip()``."""
        above = self.names.parent[node]
        match above:
            case ast.Call(func=ast.Name(id="len" | "bool" | "str"), args=[only]) if only is node:
                return self._whole(above)
            case ast.Attribute(attr="strip" | "rstrip" | "lstrip"):
                return self._whole(above)
            case ast.Call(func=function) if function is node:
                return self._whole(above)
        return node

    def _is_judged_later(self, node: ast.AST) -> bool:
        """Whether the status is compared behind the statement that takes the result."""
        function = self.names.function(node)
        line = getattr(node, "lineno", 0)
        return any(
            self.names.function(mention) is function
            and mention.lineno > line
            and any(isinstance(above, ast.Compare) for above in self.names.ancestors(mention))
            for name in ("status", *self.provider.signs)
            for mention in self.names.mentions.get(name, [])
        )

    def _must_be_there(self, node: ast.AST) -> bool:
        """Whether nothing around a read says that the field may be missing, or who has set it."""
        if not isinstance(node, ast.Attribute):
            return False
        if node.attr in self.names.texts or any(
            other.attr == node.attr for other in self.names.attributes_set
        ):
            return False
        below: ast.AST = node
        for above in self.names.ancestors(node):
            match above:
                case ast.If(test=test) | ast.IfExp(test=test) if "isinstance" in ast.dump(test):
                    return False
                case ast.Try(body=body, handlers=handlers) if below in body:
                    types = (handler.type for handler in handlers)
                    if any(kind is None or "AttributeError" in ast.dump(kind) for kind in types):
                        return False
                case ast.With(items=items):
                    if any("AttributeError" in ast.dump(item.context_expr) for item in items):
                        return False
            below = above
        return True

    def _is_tested(self, name: str, at: ast.AST) -> bool:
        scope = self.names.scope_node(at)
        return any(
            self.names.scope_node(mention) is scope and self._is_a_test(mention)
            for mention in self.names.mentions.get(name, [])
        )

    def _is_a_test(self, mention: ast.AST) -> bool:
        below: ast.AST = mention
        for above in self.names.ancestors(mention):
            if isinstance(above, _TESTS):
                return above.test is below
            if isinstance(above, ast.BoolOp):
                return True
            if isinstance(above, ast.stmt):
                return False
            below = above
        return False

    def _is_told(self, node: ast.AST) -> bool:
        """Whether the same function hands on what tells the outcome, for somebody else to judge."""
        function = self.names.function(node) or self.names.tree
        match node:
            case ast.Attribute(value=ast.Name(id=held)):
                pass
            case _:
                held = ""
        mentions = [
            *(m for name in ("status", *self.provider.signs) for m in self._mentions(name)),
            *(m for m in self._mentions(held) if self._is_handed_back(m)),
        ]
        return any(
            (self.names.function(mention) or self.names.tree) is function
            and not self._only_decides(mention, node)
            for mention in mentions
        )

    def _is_told_beside(self, node: ast.AST) -> bool:
        """Whether the status stands in the same statement: a snapshot of a job that runs."""
        statement = self.names.statement(node)
        return any(self.names.statement(other) is statement for other in self._mentions("status"))

    def _mentions(self, name: str) -> list[ast.expr]:
        return self.names.mentions.get(name, [])

    def _is_handed_back(self, mention: ast.AST) -> bool:
        """Whether the response itself, or all of it, is returned or yielded."""
        above = self.names.parent[mention]
        while isinstance(above, ast.Tuple | ast.Dict | ast.List) or (
            isinstance(above, ast.Attribute) and above.attr in _WHOLE
        ):
            above = self.names.parent[above]
            if isinstance(above, ast.Call):
                above = self.names.parent[above]
        return isinstance(above, ast.Return | ast.Yield)

    def _only_decides(self, mention: ast.AST, read: ast.AST) -> bool:
        """Whether a status is only compared, or is told while the job runs, before the read."""
        below = mention
        for above in self.names.ancestors(mention):
            if isinstance(above, ast.Compare | ast.Match | ast.Raise):
                return True
            if isinstance(above, _TESTS) and below is above.test:
                return True
            if isinstance(above, LOOPS) and not self.names.is_within(read, above):
                return True
            if isinstance(above, FUNCTIONS):
                return False
            below = above
        return False

    @cached_property
    def _first(self) -> str:
        return self.provider.running[0]

    @cached_property
    def _answers(self) -> dict[str, Answering]:
        creates = frozenset(self._creates())
        statuses: Iterable[str] = ("completed", "in_progress", *self.provider.terminal)
        return {
            status: Answering(
                status,
                frozenset(name for name, when in self.provider.signs.items() if status in when),
                JobWorld(
                    self.names,
                    self._polling.clients,
                    status,
                    before=self._first,
                    far=self._polling.reach.is_far,
                    creates=creates,
                    reads_all=False,
                ),
            )
            for status in dict.fromkeys(statuses)
        }

    def _creates(self) -> Iterator[ast.AST]:
        """What is surely called, or handed on, to create a job that is not a stream."""
        for call in self._polling.calls.background:
            stream = call.argument("stream")
            if call.certain and (stream.presence == "omitted" or stream.is_false):
                yield call.node.func
                yield from call.node.args


def _status(answer: Value) -> str | None:
    match getattr(answer, "fields", {}).get("status"):
        case Known(str() as word):
            return str(word)
    return None
