"""Who comes to a background call: the calls of one module followed to the end, across modules.

A name or attribute that is called, or handed to something that will call it, leads to the
function that it is known to hold, or that the class of an annotation promises. Of a function all
calls count, those of its inner functions among them; whether one of them is made for this very
call is then asked of a run.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from bgmode.flow.names import (
    FUNCTIONS,
    FunctionNode,
    Names,
    dotted,
    handed_to,
    parameters,
    unawaited,
)
from bgmode.flow.project import Project
from bgmode.flow.run import Run
from bgmode.flow.values import ClassRef, Function, Instance, Partial, Record, Value
from bgmode.model.calls import BackgroundCall, Calls, CreateCall, argument
from bgmode.model.clients import Clients
from bgmode.model.world import JobWorld

_MOST_FUNCTIONS = 2_000  # that are looked into for one call
_DEEPEST = 2  # functions, one called by the other, that a run surely follows
_RUNS = re.compile(
    r"^(Thread|Process|Timer|submit|map|starmap|imap\w*|apply\w*|run|run_\w+|to_thread|call|call_\w+"
    r"|retry\w*|add_task|add_job|enqueue\w*|schedule\w*|start|start_soon|spawn\w*|create_task|Depends"
    r"|sync_to_async|execute|invoke|defer|delay|partial)$"
)
"""Functions that call what they are given."""
_BRANCHES = (
    *(ast.If, ast.IfExp, ast.BoolOp, ast.Match, ast.Try),
    *(ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith),
)
_SENDS = frozenset(
    ["delay", "apply_async", "s", "si", "signature", "send", "send_with_options", "submit", "map"]
)
"""Methods of a task, which call the function that the task was made of."""


def _is_plain(annotation: ast.expr) -> bool:
    """Whether an annotation promises an object of a class, not a class or a function of one."""
    generic = re.findall(r"(\w+)\[", ast.unparse(annotation))
    return {"Optional", "Union", "Annotated"}.issuperset(generic)


@dataclass(frozen=True)
class Step:
    """A call on the way, and the function that it leads to."""

    call: ast.Call
    function: FunctionNode


@dataclass(frozen=True)
class Way:
    """How a call comes to a background call: ``steps`` one after the other, then ``end``."""

    steps: tuple[Step, ...]
    end: CreateCall


def _has_branches(step: Step) -> bool:
    """Whether a function may do one thing or another."""
    return any(isinstance(node, _BRANCHES) for node in ast.walk(step.function))


class CallGraph:
    """The calls of one module."""

    def __init__(self, calls: Calls, project: Project) -> None:
        self.here = calls
        provider = calls.provider
        self._dead_ends = project.dead_ends(*provider.wrappers, provider.beside)
        self._calls: dict[Clients, Calls] = {calls.clients: calls}
        self._inside: dict[Calls, dict[ast.AST, list[ast.Call]]] = {}
        self._steps: dict[FunctionNode, tuple[Step, ...]] = {}

    def way(self, call: ast.Call) -> Way | None:
        """The shortest way from ``call`` to a background call that it surely makes."""
        first = self._targets(call, self.here)
        waiting: deque[tuple[Step, ...]] = deque((step,) for step in first)
        seen: set[FunctionNode] = set()
        world: JobWorld | None = None
        while waiting and len(seen) < _MOST_FUNCTIONS:
            steps = waiting.popleft()
            function = steps[-1].function
            if function in seen or function in self._dead_ends:
                continue
            seen.add(function)
            for end in self._made_in(function):
                if world is None:
                    world, run = self._run(call)
                if self._is_made(Way(steps, end), world, run):
                    return Way(steps, end)
            waiting += [(*steps, step) for step in self._from(function)]
        if world is None and not waiting:
            self._dead_ends |= seen
        return None

    def _made_in(self, function: FunctionNode) -> Iterator[CreateCall]:
        calls = self.home(function)
        for call in (*calls.background, *calls.foreground):
            if calls.names.is_within(call.node, function):
                yield call

    def _calls_in(self, function: FunctionNode) -> list[ast.Call]:
        """The calls in a function, those of its inner functions among them."""
        calls = self.home(function)
        if calls not in self._inside:
            found: dict[ast.AST, list[ast.Call]] = {}
            for call in calls.names.calls:
                for above in calls.names.ancestors(call):
                    if isinstance(above, FUNCTIONS):
                        found.setdefault(above, []).append(call)
            self._inside[calls] = found
        return self._inside[calls].get(function, [])

    def rules_out(self, way: Way) -> bool:
        """Whether the call of this module that ``way`` begins with surely does not come to its end.

        That is, to a request that runs in the background.
        """
        if way.end.argument("background").is_true and not any(map(_has_branches, way.steps)):
            return False
        world, run = self._run(way.steps[0].call)
        observed = world.observed.get(way.end.node)
        if observed is None:
            return self._is_ruled_out(way, run)
        parameter = way.end.provider.parameters["background"]
        given = argument(observed, parameter, way.end.provider)
        return given.is_false or given.presence == "omitted"

    def is_unbound(self, call: ast.Call, calls: Calls) -> bool:
        """Whether a method is called by its class, with the object as an argument."""
        match call.func:
            case ast.Attribute(value=receiver, attr=name):
                match self._value(receiver, calls):
                    case ClassRef(owner):
                        method = self.home(owner).names.method(owner, name)
                        return method is not None and not any(
                            dotted(each) in {"classmethod", "builtins.classmethod"}
                            for each in method.decorator_list
                        )
        return False

    def _run(self, call: ast.Call) -> tuple[JobWorld, Run]:
        """What this very call does, as far as it can be followed."""
        names = self.here.names
        world = JobWorld(names, self.here.clients)
        run = Run(world)
        run.evaluate(call, names.function(call) or names.tree)
        return world, run

    def _is_made(self, way: Way, world: JobWorld, run: Run) -> bool:
        """Whether the end of ``way`` runs in the background for the call that it begins with."""
        observed = world.observed.get(way.end.node)
        if observed is not None:
            parameter = way.end.provider.parameters["background"]
            return argument(observed, parameter, way.end.provider).is_true
        certain = isinstance(way.end, BackgroundCall) and way.end.certain
        return certain and not self._is_ruled_out(way, run)

    def _is_ruled_out(self, way: Way, run: Run) -> bool:
        """Whether the run has been on the way and taken another one."""
        came = [step.function in run.notes.entered for step in way.steps]
        if not any(came):
            return False
        last = len(came) - 1 - came[::-1].index(True)
        if last == len(came) - 1:
            return True
        following = way.steps[last + 1].function
        with run.at_home(following):
            return last < _DEEPEST and run.frames.plain(following)

    def _from(self, function: FunctionNode) -> tuple[Step, ...]:
        if function not in self._steps:
            calls = self.home(function)
            inside = self._calls_in(function)
            self._steps[function] = tuple(
                step for call in inside for step in self._targets(call, calls)
            )
        return self._steps[function]

    def home(self, node: ast.AST) -> Calls:
        """The calls of the module that ``node`` stands in."""
        clients = self.here.clients.home(node)
        if clients not in self._calls:
            self._calls[clients] = Calls(clients.names, clients)
        return self._calls[clients]

    # What a call leads to

    def _targets(self, call: ast.Call, calls: Calls) -> Iterator[Step]:
        """The functions that a call calls, or hands to what will call them."""
        items = list(self._items(call.func, calls.names))
        for called in items or [call.func]:
            function = self.function(called, calls)
            if function is not None:
                yield Step(call, function)
        for node in self._handed_on(call, calls):
            if isinstance(node, ast.Name | ast.Attribute) and not self._is_class(node, calls):
                handed = self.function(node, calls)
                if handed is not None:
                    yield Step(call, handed)

    def _items(self, node: ast.expr, names: Names) -> Iterator[ast.expr]:
        """What ``step`` is in ``for step in STEPS``, or ``STEPS[0]``, if the list stands there."""
        match node:
            case ast.Subscript(value=collection, slice=ast.Constant(value=int(position))):
                items = self._written_out(collection, names)
                yield from items[position:][:1]
            case ast.Name(id=name):
                binding = names.binding(name, node)
                match binding.node if binding is not None else None:
                    case (
                        ast.For(target=ast.Name(), iter=collection)
                        | ast.comprehension(target=ast.Name(), iter=collection)
                    ):
                        yield from self._written_out(collection, names)

    def _written_out(self, node: ast.expr, names: Names) -> list[ast.expr]:
        """The items of a list, tuple or set, or the values of a dict, that stands in the code."""
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return items
            case ast.Call(func=ast.Attribute(value=ast.Name() as mapping, attr="values"), args=[]):
                match self._display(mapping, names):
                    case ast.Dict(values=values):
                        return values
            case ast.Name() if (display := self._display(node, names)) is not None:
                return [] if isinstance(display, ast.Dict) else self._written_out(display, names)
        return []

    def _display(self, node: ast.Name, names: Names) -> ast.expr | None:
        """The list or dict that a name is bound to, once."""
        binding = names.binding(node.id, node)
        match binding.value if binding is not None else None:
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict() as display:
                return display
        return None

    def _handed_on(self, call: ast.Call, calls: Calls) -> list[ast.expr]:
        handed: list[ast.expr] = []
        match call.func:
            case ast.Attribute(value=task, attr=name) if name in _SENDS:
                handed.append(task)
        match call.func:
            case ast.Name(id="partial") | ast.Attribute(attr="partial") if self._is_kept(
                call, calls
            ):
                return []  # who calls it is the one
            case ast.Name(id=name) | ast.Attribute(attr=name) if _RUNS.match(name):
                handed += handed_to(call)
        return handed

    def _is_kept(self, call: ast.Call, calls: Calls) -> bool:
        """Whether what a call gives gets a name, or is called at once."""
        match calls.names.parent[call]:
            case ast.Assign():
                return True
            case ast.Call(func=function):
                return function is call
        return False

    def _is_class(self, node: ast.expr, calls: Calls) -> bool:
        return isinstance(self._value(node, calls), ClassRef)

    def function(self, node: ast.expr, calls: Calls) -> FunctionNode | None:
        """The function that ``node``, an expression of the module of ``calls``, leads to."""
        known = calls.names.named_function(node)
        if known is not None:
            return known
        match self._value(node, calls):
            case Function(function) if isinstance(function, FUNCTIONS):
                return function
            case ClassRef(owner):
                return self.home(owner).names.method(owner, "__init__")
            case Instance(owner) | Record(owner=ast.ClassDef() as owner):
                return self.home(owner).names.method(owner, "__call__")
            case Partial(made) if made.args:
                return self.function(made.args[0], self.home(made.args[0]))
        return self._promised(node, calls)

    def _value(self, node: ast.expr, calls: Calls) -> Value | None:
        run = Run(JobWorld(calls.names, calls.clients))
        return run.evaluate(node, calls.names.function(node) or calls.names.tree)

    # What annotations promise

    def _promised(self, node: ast.expr, calls: Calls) -> FunctionNode | None:
        """The method of the class that the receiver is annotated with, or inherits it from."""
        match node:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                own = calls.names.enclosing_class(node)
                above = list(calls.names.lineage(own))[1:] if own is not None else []
                found = (calls.names.method(cls, name) for cls in above)
                return next((method for method in found if method is not None), None)
            case ast.Attribute(value=receiver, attr=name):
                for annotation in self._annotations(unawaited(receiver), calls):
                    owner = self._class(annotation)
                    if owner is not None:
                        return self.home(owner).names.method(owner, name)
        for annotation in self._annotations(node, calls):
            owner = self._class(annotation) if _is_plain(annotation) else None
            if owner is not None:
                return self.home(owner).names.method(owner, "__call__")
        return None

    def _annotations(self, receiver: ast.expr, calls: Calls) -> Iterator[ast.expr]:
        names = calls.names
        match receiver:
            case ast.Name(id=name):
                binding = names.binding(name, receiver)
                match binding.node if binding is not None else None:
                    case (
                        ast.arg(annotation=ast.expr() as annotation)
                        | ast.AnnAssign(annotation=annotation)
                    ):
                        yield annotation
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                yield from self._of_attribute(receiver, name, calls)
            case ast.Call(func=function):
                made = self.function(function, calls)
                if made is not None and made.returns is not None:
                    yield made.returns

    def _of_attribute(self, node: ast.expr, name: str, calls: Calls) -> Iterator[ast.expr]:
        for binding in calls.names.bindings_of_self(name, node):
            if isinstance(binding.node, ast.AnnAssign):
                yield binding.node.annotation
            elif isinstance(binding.value, ast.Name):
                yield from self._of_parameter(binding.value, calls)

    def _of_parameter(self, node: ast.Name, calls: Calls) -> Iterator[ast.expr]:
        function = calls.names.function(node)
        for arg in parameters(function) if function is not None else ():
            if arg.arg == node.id and arg.annotation is not None:
                yield arg.annotation

    def _class(self, annotation: ast.expr) -> ast.ClassDef | None:
        """The one class of the project that an annotation names: ``Jobs | None``, ``"Jobs"``."""
        calls = self.home(annotation)
        for part in calls.clients.annotation_parts(annotation):
            match self._value(part, calls):
                case ClassRef(owner) | Instance(owner):
                    return owner
        return None
