"""Who a name is: the scopes of one module, what binds each name, and where things stand.

Everything is read from the tree in one walk with a stack, so depth is no danger.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Code: TypeAlias = FunctionNode | ast.Lambda
ScopeNode: TypeAlias = ast.Module | ast.ClassDef | Code
Loop: TypeAlias = ast.While | ast.For | ast.AsyncFor
Repeated: TypeAlias = Loop | FunctionNode
"""What is run again and again: a loop, or a function that comes back to its beginning."""

Assignment: TypeAlias = ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.AugAssign

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
SCOPES = (ast.Module, ast.ClassDef, *CODE)
_SCOPE_TYPES = frozenset(SCOPES)
LOOPS = (ast.While, ast.For, ast.AsyncFor)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_WORDS = frozenset(["ctx", "id", "attr", "arg", "op", "ops", "type_comment", "kind", "conversion"])
"""Fields that hold no node of their own."""
_FIELDS: Mapping[type, tuple[str, ...]] = {
    cls: tuple(name for name in cls._fields if name not in _WORDS)
    for cls in vars(ast).values()
    if isinstance(cls, type) and issubclass(cls, ast.AST)
}
"""The other fields, of each kind of node."""
_BINDING = frozenset(
    [
        *(ast.Import, ast.ImportFrom, ast.ExceptHandler, ast.MatchAs, ast.MatchStar),
        *(ast.Global, ast.Nonlocal, ast.ClassDef, *CODE),
    ]
)
MUTATORS = frozenset(
    [
        "append",
        "appendleft",
        "extend",
        "extendleft",
        "insert",
        "remove",
        "pop",
        "popleft",
        "clear",
        "add",
        "discard",
        "update",
        "difference_update",
        "intersection_update",
        "symmetric_difference_update",
        "popitem",
        "setdefault",
        "sort",
        "reverse",
        "__setitem__",
        "__delitem__",
        "__setattr__",
        "__delattr__",
    ]
)
"""Methods that change the list, set or dict they are called on."""
BY_KEY = frozenset({"get", "pop", "setdefault"})
"""Methods of a mapping that give one of its entries."""
_MADE_ANEW = frozenset(
    [
        *(ast.Constant, ast.Call, ast.JoinedStr, ast.Compare, ast.BinOp, ast.UnaryOp, ast.Lambda),
        *(*COMPREHENSIONS, ast.Subscript),
    ]
)
"""Expressions that give no object that has a name: most of them."""
ANY_ENTRY = object()
"""Some entry of a mapping, nobody knows which."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a name gets a value. ``value`` is None where no expression gives it."""

    node: ast.AST
    value: ast.expr | None = None


@dataclass
class Scope:
    """The names that one module, class or function binds."""

    node: ScopeNode
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)  # global and nonlocal

    def bind(self, name: str, binding: Binding) -> None:
        self.bindings.setdefault(name, []).append(binding)

    def only(self, name: str) -> Binding | None:
        """The binding of a name that is bound exactly once."""
        found = self.bindings.get(name, [])
        return found[0] if len(found) == 1 else None

    def only_imports(self, name: str) -> bool:
        """Whether nothing but imports binds a name of this scope."""
        return all(
            isinstance(binding.node, ast.Import | ast.ImportFrom) for binding in self.bindings[name]
        )


def parameters(code: Code) -> list[ast.arg]:
    """All parameters, ``*args`` and ``**kwargs`` included."""
    arguments = code.args
    stars = [arg for arg in (arguments.vararg, arguments.kwarg) if arg]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars]


def ordered_parameters(code: Code) -> list[str]:
    """The names of the parameters that a call may fill by their order."""
    return [arg.arg for arg in (*code.args.posonlyargs, *code.args.args)]


def module_of(node: ast.ImportFrom) -> str:
    """The module that an import names; dots first where it is relative."""
    return "." * node.level + (node.module or "")


def imported_from(node: ast.ImportFrom, name: str) -> str:
    """The dotted name of what ``from module import name`` imports."""
    module = module_of(node)
    joint = "" if module.endswith(".") or not module else "."
    return f"{module}{joint}{name}"


def defaults(code: Code) -> dict[str, ast.expr]:
    """The default expression of each parameter that has one."""
    arguments = code.args
    positional = [*arguments.posonlyargs, *arguments.args]
    given = dict(
        zip(
            (arg.arg for arg in reversed(positional)),
            reversed(arguments.defaults),
            strict=False,
        )
    )
    for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            given[arg.arg] = default
    return given


def dotted(node: ast.AST) -> str | None:
    """``a.b.c`` for a chain of attributes that starts at a name, else None."""
    if isinstance(node, ast.Name):
        return node.id
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    names.append(node.id)
    return ".".join(reversed(names))


def objects(node: ast.expr) -> Iterator[str]:
    """The names and paths whose objects an expression gives, or puts into what it gives."""
    if type(node) in _MADE_ANEW:
        return
    match node:
        case ast.Name() | ast.Attribute() if (path := dotted(node)) is not None:
            yield path
            if isinstance(node, ast.Attribute) and node.attr in MUTATORS:
                yield path.rpartition(".")[0]  # a method that will change it
        case ast.IfExp(body=body, orelse=orelse):
            yield from objects(body)
            yield from objects(orelse)
        case ast.BoolOp(values=pieces) | ast.Dict(values=pieces):
            for piece in pieces:
                yield from objects(piece)
        case ast.Tuple(elts=pieces) | ast.List(elts=pieces) | ast.Set(elts=pieces):
            for piece in pieces:
                yield from objects(piece)
        case ast.NamedExpr(value=inner) | ast.Starred(value=inner) | ast.Await(value=inner):
            yield from objects(inner)


def owners(node: ast.expr) -> Iterator[str]:
    """The names and paths that hold the object an expression gives: ``a`` for ``a[0].b``."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from owners(body)
            yield from owners(orelse)
        case ast.BoolOp(values=pieces):
            for piece in pieces:
                yield from owners(piece)
        case (
            ast.Subscript(value=inner)
            | ast.Attribute(value=inner)
            | ast.Call(func=ast.Attribute(value=inner))
        ):
            path = dotted(inner)
            yield from owners(inner) if path is None else (path,)


def given_for(call: ast.Call, function: FunctionNode, name: str) -> ast.expr | None:
    """What a call passes for a parameter, if that can be seen."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    ordered = ordered_parameters(function)
    spread = any(isinstance(argument, ast.Starred) for argument in call.args)
    if name not in ordered or spread:
        return None
    position = ordered.index(name) - (ordered[0] in {"self", "cls"})
    return call.args[position] if 0 <= position < len(call.args) else None


def _gives(call: ast.Call, function: FunctionNode, name: str) -> bool:
    """Whether a call passes something for a parameter; what is spread may hold it."""
    if any(keyword.arg in {name, None} for keyword in call.keywords):
        return True
    ordered = ordered_parameters(function)
    if name not in ordered:
        return False
    position = ordered.index(name) - (ordered[0] in {"self", "cls"})
    spread = any(isinstance(argument, ast.Starred) for argument in call.args)
    return spread or position < len(call.args)


def speaks_of(call: ast.Call, held: Container[str | None]) -> bool:
    """Whether an argument of a call has something to do with the names or paths in ``held``."""
    return any(
        dotted(node) in held
        for argument in handed_to(call)
        for node in ast.walk(argument)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def bindings_in(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What the assignments among ``nodes`` set, each with its value."""
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield target, value
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.NamedExpr(target=target, value=value)
            ):
                yield target, value


def allows_none(annotation: ast.expr) -> bool:
    """Whether a type annotation says that there may be nothing."""
    text = ast.unparse(annotation)
    return "None" in text or "Optional" in text


def is_denial(node: ast.expr) -> bool:
    """Whether an expression plainly says no: ``False``, ``None``, 0."""
    return isinstance(node, ast.Constant) and not node.value


def undecorated(decorator: ast.expr) -> ast.expr:
    """What a decorator names, without the call in ``@retry(...)``."""
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def is_property(function: FunctionNode) -> bool:
    """Whether reading an attribute calls ``function``."""
    names = {dotted(decorator) for decorator in function.decorator_list}
    return bool(names & {"property", "cached_property", "functools.cached_property"})


def handed_to(call: ast.Call) -> list[ast.expr]:
    """Everything that a call gives, by position or by name."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def unawaited(node: ast.expr) -> ast.expr:
    """``node`` without an ``await`` around it."""
    return node.value if isinstance(node, ast.Await) else node


def reads(node: ast.AST, names: Container[str]) -> bool:
    """Whether one of ``names`` stands in ``node``."""
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(node))


def bound_by(target: ast.AST) -> set[str]:
    """The names that stand in the target of a ``for`` or an assignment."""
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def counts(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether a ``for`` only counts its turns."""
    match loop.iter:
        case ast.Call(func=ast.Name(id="range")) | ast.Call(func=ast.Attribute(attr="count")):
            return True
    return False


def own_code(roots: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Some nodes and those in them, without those of functions that are defined there."""
    stack = [*roots]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, CODE):
            stack += ast.iter_child_nodes(node)


def last_word(node: ast.AST) -> str | None:
    """``c`` for ``a.b.c``, whatever stands before it; None where it is no name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


class Names:
    """The index of one module: parents, scopes, calls, loops, imports."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parent: dict[ast.AST, ast.AST] = {}
        self.calls: list[ast.Call] = []
        self.loops: list[Loop] = []
        self.functions: list[FunctionNode] = []
        self.classes: list[ast.ClassDef] = []
        self.globals: list[ast.Global] = []
        self.texts: dict[str, list[ast.Constant]] = defaultdict(list)  # literals that say so
        # where names and attributes are read
        self.mentions: dict[str, list[ast.expr]] = defaultdict(list)
        self.imports: dict[str, str] = {}
        self.stars: list[ast.ImportFrom] = []
        self.mutated: dict[str, set[object]] = {}  # a name, and the entries that are set in it
        self.assignments: list[Assignment] = []
        self.comparisons: list[ast.Compare | ast.Match] = []
        self.entries_set: list[ast.Subscript] = []  # ``name[...] = value`` and ``del name[...]``
        self.attributes_set: list[ast.Attribute] = []  # ``x.name = value`` and ``del x.name``
        self.attributes_changed: list[ast.Attribute] = []  # ``x.name[...] = value`` and the like
        self._yields: list[ast.Yield | ast.YieldFrom] = []
        self._scope_nodes: dict[ast.AST, ScopeNode] = {}
        self._defining: dict[tuple[str, ScopeNode], Scope | None] = {}
        self._methods: dict[ast.ClassDef, dict[str, FunctionNode]] = {}
        self._calls_of: dict[str, list[ast.Call]] = {}
        self.tricky: dict[ast.ClassDef, bool] = {}  # classes that change what an object is
        self.acting: dict[ast.ClassDef, bool] = {}  # and those that act where no call is written
        self.tells: dict[ast.Call, bool] = {}  # whether a call is a log line, as found
        self._reads: dict[ast.AST, frozenset[str]] = {}
        self._raises: dict[ast.AST, bool] = {}
        self.subclasses: dict[tuple[str, str], bool | None] = {}  # of local exceptions, as found
        self.hopeless: dict[ScopeNode, int] = {}  # what work was too little for a run of them
        self.recursive: dict[FunctionNode, bool] = {}  # functions that may call themselves
        self.plain: dict[Code, bool] = {}  # what Run has found out about decorators and yields
        self.aliases: object = None  # kept here for those who ask for them
        self.shared: object = None
        self.may_bind: list[ast.AST] = []  # what may bind a name or has names of its own
        self._walk()

    def _walk(self) -> None:
        parent, mentions, notes = self.parent, self.mentions, self._notes()
        may_bind, texts = self.may_bind, self.texts
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            note = notes.get(type(node))
            if note is not None:
                note(node)
            inner: list[ast.AST] = []
            for name in _FIELDS[type(node)]:
                value: Any = getattr(node, name, None)
                children: Iterable[Any] = value if type(value) is list else (value,)
                for child in children:
                    kind = type(child)
                    if kind is ast.Name:  # a leaf, as most nodes are: never put on the stack
                        parent[child] = node
                        if type(child.ctx) is ast.Load:
                            mentions[child.id].append(child)
                        else:
                            may_bind.append(child)
                    elif kind is ast.Constant:
                        parent[child] = node
                        said = child.value
                        if type(said) is str:
                            texts[said].append(child)
                        elif type(said) is bytes:
                            texts[said.decode("latin-1")].append(child)
                    elif kind is ast.Attribute:
                        parent[child] = node
                        inner.append(child)
                        if type(child.ctx) is ast.Load:
                            mentions[child.attr].append(child)
                        else:
                            self.attributes_set.append(child)
                    elif kind in _FIELDS:
                        parent[child] = node
                        inner.append(child)
                        if kind in _BINDING:
                            may_bind.append(child)
            inner.reverse()
            stack += inner

    def _notes(self) -> dict[type[ast.AST], Callable[[Any], None]]:
        """What is taken down of each kind of node."""
        return {
            ast.Call: self._call,
            ast.Subscript: self._subscript,
            **dict.fromkeys((ast.Compare, ast.Match), self.comparisons.append),
            **dict.fromkeys(
                (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign), self.assignments.append
            ),
            **dict.fromkeys(LOOPS, self.loops.append),
            **dict.fromkeys((ast.Yield, ast.YieldFrom), self._yields.append),
            **dict.fromkeys(FUNCTIONS, self.functions.append),
            ast.ClassDef: self.classes.append,
            ast.Import: self._import,
            ast.ImportFrom: self._import,
            ast.Global: self.globals.append,
        }

    def _call(self, node: ast.Call) -> None:
        self.calls.append(node)
        if type(node.func) is ast.Attribute and node.func.attr in MUTATORS:
            self._note_change(node.func.value)

    def _subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            return
        if not isinstance(node.value, ast.Name):
            self._note_change(node.value)
            return
        self.entries_set.append(node)
        key = node.slice.value if isinstance(node.slice, ast.Constant) else ANY_ENTRY
        self.mutated.setdefault(node.value.id, set()).add(key)

    def _note_change(self, changed: ast.expr) -> None:
        """Some of what a name or an attribute holds is changed in place."""
        if isinstance(changed, ast.Attribute):
            self.attributes_changed.append(changed)
        while isinstance(changed, ast.Subscript | ast.Attribute):
            changed = changed.value
        if isinstance(changed, ast.Name):
            self.mutated.setdefault(changed.id, set()).add(ANY_ENTRY)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    self.imports[alias.asname] = alias.name
                else:
                    root = alias.name.partition(".")[0]
                    self.imports[root] = root
            return
        for alias in node.names:
            self.imports[alias.asname or alias.name] = imported_from(node, alias.name)
            if alias.name == "*":
                self.stars.append(node)

    @property
    def whole_imports(self) -> Iterator[str]:
        """The modules that ``import acme.jobs`` names, by their whole names."""
        for node in self.may_bind:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if "." in alias.name)

    @property
    def read_free(self) -> Iterator[str]:
        """The names that are read somewhere where no scope of the module binds them."""
        bound = self.scopes[self.tree].bindings
        for name, mentions in self.mentions.items():
            if name not in bound and any(
                isinstance(node, ast.Name) and self.defining_scope(name, node) is None
                for node in mentions
            ):
                yield name

    def lacks(self, name: str) -> bool:
        """Whether nothing at the module's level binds a name, but for ``from module import *``."""
        bound = self.scopes[self.tree].bindings.get(name, [])
        return all(binding.node in self.stars for binding in bound)

    def bring(self, name: str, star: ast.ImportFrom) -> None:
        """Take note that ``from module import *`` binds a name, unless the module does itself."""
        bound = [binding.node for binding in self.scopes[self.tree].bindings.get(name, [])]
        if star not in bound and self.lacks(name):
            self.imports[name] = imported_from(star, name)
            self.scopes[self.tree].bind(name, Binding(star))
            self._defining.clear()  # nobody had bound it until now

    @cached_property
    def _generators(self) -> frozenset[Code | None]:
        return frozenset(map(self.function, self._yields))

    def yields(self, code: Code) -> bool:
        """Whether calling a function gives a generator."""
        return code in self._generators

    def is_left_out(self, code: Code, name: str) -> bool:
        """Whether some call leaves a parameter out, or no call is to be seen."""
        if isinstance(code, ast.Lambda):
            return True
        calls = [
            call
            for call in self.calls_of(code.name)
            if self.function(call) is not code and self.callee(call) in {code, None}
        ]
        return not calls or not all(_gives(call, code, name) for call in calls)

    def last_loop(self, scope: ScopeNode) -> int:
        """The position of the last statement of ``scope`` that is or holds a loop; -1 for none."""
        return self._last_loops.get(scope, -1)

    @cached_property
    def _last_loops(self) -> dict[ScopeNode, int]:
        found: dict[ScopeNode, int] = {}
        for loop in self.loops:
            scope = self.function(loop) or self.tree
            found[scope] = max(found.get(scope, -1), self.position(loop, scope))
        return found

    def position(self, node: ast.AST, scope: ScopeNode) -> int:
        """The position of the statement of ``scope`` that ``node`` stands in; -1 for none."""
        body = [] if isinstance(scope, ast.Lambda) else scope.body
        while self.parent[node] is not scope:
            node = self.parent[node]
        return next((index for index, step in enumerate(body) if step is node), -1)

    def depends_on(self, node: ast.AST) -> frozenset[str]:
        """The names and attribute chains that are read in ``node``, and by what it mentions.

        Of the functions of this module that are mentioned, by their names alone, what they read
        of the code around them, or of ``self``.
        """
        found = self._reads.get(node)
        if found is None:
            found = self._reads[node] = frozenset(_read_in(node))  # functions may call each other
            called = {path.rpartition(".")[2] for path in found} & self.functions_by_name.keys()
            if called:
                functions = [each for name in called for each in self.functions_by_name[name]]
                found = self._reads[node] = found.union(*map(self._outside, functions))
        return found

    def _outside(self, function: FunctionNode) -> frozenset[str]:
        """What a function reads of the code around it, or of ``self``."""
        own = self.scopes[function].bindings.keys() - {"self", "cls"}
        return frozenset(
            path for path in self.depends_on(function) if path.partition(".")[0] not in own
        )

    def may_raise(self, statement: ast.stmt) -> bool:
        """Whether a statement calls a function of this module that may raise something."""
        found = self._raises.get(statement)
        if found is None:
            found = self._raises[statement] = bool(self._raising) and any(
                isinstance(node, ast.Call) and last_word(node.func) in self._raising
                for node in ast.walk(statement)
            )
        return found

    @cached_property
    def _raising(self) -> frozenset[str]:
        """What the functions are called that may raise something, by what they call as well."""
        found: set[str] = set()
        waiting = {
            function.name
            for function in self.functions
            if any(isinstance(node, ast.Raise | ast.Assert) for node in ast.walk(function))
        }
        while waiting:
            found |= waiting
            calls = [call for name in waiting for call in self.calls_of(name)]
            around = {above for call in calls for above in self.ancestors(call)}
            waiting = {node.name for node in around if isinstance(node, FUNCTIONS)} - found
        return frozenset(found)

    @cached_property
    def functions_by_name(self) -> dict[str, list[FunctionNode]]:
        """The functions and methods of the module that are called so, in the order of the text."""
        found: dict[str, list[FunctionNode]] = {}
        for function in self.functions:
            found.setdefault(function.name, []).append(function)
        return found

    def given(self, code: Code, name: str) -> list[ast.expr]:
        """What every call in the module gives for a parameter; nothing if that cannot be said."""
        if isinstance(code, ast.Lambda):
            return []
        found: list[ast.expr] = []
        for call in self.calls_of(code.name):
            if self.function(call) is code:
                continue
            argument = given_for(call, code, name) if self.callee(call) is code else None
            if argument is None:
                return []
            found.append(argument)
        return found

    def calls_of(self, name: str) -> list[ast.Call]:
        """The calls of something that is called ``name``, alone or as an attribute."""
        if name not in self._calls_of:
            around = [(mention, self.parent[mention]) for mention in self.mentions.get(name, ())]
            self._calls_of[name] = [
                call for node, call in around if isinstance(call, ast.Call) and call.func is node
            ]
        return self._calls_of[name]

    def calls_to(self, function: FunctionNode) -> Iterator[ast.Call]:
        """The calls of a function of this module."""
        return (call for call in self.calls_of(function.name) if self.callee(call) is function)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, nearest first, the module last."""
        while (above := self.parent.get(node)) is not None:
            yield above
            node = above

    def is_within(self, node: ast.AST, outer: ast.AST) -> bool:
        """Whether ``node`` stands somewhere in ``outer``."""
        return any(above is outer for above in self.ancestors(node))

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement that ``node`` is or stands in."""
        while not isinstance(node, ast.stmt):
            above = self.parent.get(node)
            if above is None:
                return None
            node = above
        return node

    def scope_node(self, node: ast.AST) -> ScopeNode:
        """The innermost function, class or module whose code ``node`` is part of.

        Decorators, default values and base classes belong to the scope outside.
        """
        known = self._scope_nodes
        found = known.get(node)
        if found is not None:
            return found
        below, way = node, [node]
        while found is None:
            above = self.parent.get(below)
            if above is None:
                found = self.tree
            elif (
                type(above) in _SCOPE_TYPES  # says no much faster than the next line does
                and isinstance(above, SCOPES)
                and not _is_header(above, below)
            ):
                found = above
            else:
                found = known.get(above)
                way.append(above)
                below = above
        for passed in way:
            known[passed] = found
        return found

    def function(self, node: ast.AST) -> Code | None:
        """The innermost function or lambda whose code ``node`` is part of."""
        scope: ScopeNode = self.scope_node(node)
        while not isinstance(scope, CODE):
            if isinstance(scope, ast.Module):
                return None
            scope = self.scope_node(scope)
        return scope

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The class of the method that ``node`` is in, or that ``node`` is."""
        scope: ScopeNode = self.scope_node(node)
        while not isinstance(scope, ast.Module):
            if isinstance(scope, ast.ClassDef):
                return scope
            scope = self.scope_node(scope)
        return None

    def qualified(self, node: ast.AST) -> str:
        """``Class.method.inner`` for the scope that ``node`` is in; empty at module level."""
        names: list[str] = []
        scope: ScopeNode = self.scope_node(node)
        while not isinstance(scope, ast.Module):
            names.append("<lambda>" if isinstance(scope, ast.Lambda) else scope.name)
            scope = self.scope_node(scope)
        return ".".join(reversed(names))

    def scope(self, node: ScopeNode) -> Scope:
        """The names that ``node`` binds."""
        return self.scopes[node]

    @cached_property
    def scopes(self) -> dict[ScopeNode, Scope]:
        """Every scope of the module."""
        collector = _Bindings(self)
        return collector.collect()

    def defining_scope(self, name: str, at: ast.AST) -> Scope | None:
        """The scope that ``name`` belongs to when it is read at ``at``."""
        own = self.scope_node(at)
        key = (name, own)
        if key not in self._defining:
            self._defining[key] = self._find_defining_scope(name, own)
        return self._defining[key]

    def binding(self, name: str, at: ast.AST) -> Binding | None:
        """The binding of ``name``, as it is read at ``at``, if it is bound exactly once."""
        scope = self.defining_scope(name, at)
        return None if scope is None else scope.only(name)

    def _find_defining_scope(self, name: str, own: ScopeNode) -> Scope | None:
        scope_node = own
        while True:
            visible = scope_node is own or not isinstance(scope_node, ast.ClassDef)
            scope = self.scopes[scope_node]
            if visible and name in scope.bindings and name not in scope.elsewhere:
                return scope
            if isinstance(scope_node, ast.Module):
                return None
            scope_node = self.scope_node(scope_node)

    def method(self, owner: ast.ClassDef, name: str) -> FunctionNode | None:
        """A method of ``owner`` or of a base class that stands in this module."""
        for cls in self.lineage(owner):
            found = self._methods_of(cls).get(name)
            if found is not None:
                return found
        return None

    def _methods_of(self, cls: ast.ClassDef) -> dict[str, FunctionNode]:
        """The methods that stand in a class itself, by name; the first of each."""
        if cls not in self._methods:
            own = [statement for statement in cls.body if isinstance(statement, FUNCTIONS)]
            self._methods[cls] = {method.name: method for method in reversed(own)}
        return self._methods[cls]

    def callee(self, call: ast.Call) -> FunctionNode | None:
        """The function of this module that ``call`` calls."""
        return self.named_function(call.func)

    def named_function(self, node: ast.expr) -> FunctionNode | None:
        """The function of this module that ``node`` names, alone or as a method of its own."""
        function: ast.AST | None = None
        match node:
            case ast.Name(id=name):
                binding = self.binding(name, node)
                function = binding.node if binding else None
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                owner = self.enclosing_class(node)
                function = self.method(owner, name) if owner else None
        return function if isinstance(function, FUNCTIONS) else None

    def lineage(self, owner: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """``owner`` and those of its base classes that stand in this module."""
        waiting, seen = [owner], set()
        while waiting:
            cls = waiting.pop(0)
            if cls in seen:
                continue
            seen.add(cls)
            yield cls
            for base in cls.bases:
                if isinstance(base, ast.Name):
                    binding = self.binding(base.id, cls)
                    if binding and isinstance(binding.node, ast.ClassDef):
                        waiting.append(binding.node)

    def is_overridden(self, owner: ast.ClassDef, name: str) -> bool:
        """Whether a subclass in this module has another attribute of that name."""
        return any(
            isinstance(cls, ast.ClassDef)
            and cls is not owner
            and name in scope.bindings
            and owner in self.lineage(cls)
            for cls, scope in self.scopes.items()
        )

    @cached_property
    def attributes(self) -> dict[tuple[ast.ClassDef, str], list[Binding]]:
        """What is assigned to ``self.x`` in the methods of each class."""
        found: dict[tuple[ast.ClassDef, str], list[Binding]] = {}
        for node, binding in _stores(self):
            key = dotted(node)
            owner = self.enclosing_class(node)
            if key and owner and key.count(".") == 1 and key.startswith(("self.", "cls.")):
                found.setdefault((owner, node.attr), []).append(binding)
        return found

    @cached_property
    def bound_in(self) -> dict[ast.AST, list[str]]:
        """The names that ``:=`` in a comprehension binds, outside of it."""
        found: dict[ast.AST, list[str]] = {}
        for node in self.assignments:
            if isinstance(node, ast.NamedExpr):
                for above in self.ancestors(node):
                    if isinstance(above, COMPREHENSIONS):
                        found.setdefault(above, []).append(node.target.id)
        return found

    def bindings_of_self(self, name: str, at: ast.AST) -> list[Binding]:
        """What ``self.name`` is set to at ``at``: in the methods and bodies of its classes."""
        own = self.enclosing_class(at)
        return [
            binding
            for cls in (self.lineage(own) if own is not None else ())
            for binding in (
                *self.attributes.get((cls, name), []),
                *self.scopes[cls].bindings.get(name, []),
            )
        ]

    def bound_once(self, node: ast.expr) -> ast.expr | None:
        """What a name, or an attribute of ``self``, is set to, if it is set once."""
        match node:
            case ast.Name(id=name):
                binding = self.binding(name, node)
                found = [] if binding is None or binding.node is node else [binding]
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                found = self.bindings_of_self(name, node)
            case _:
                return None
        return found[0].value if len(found) == 1 else None

    def is_shared(self, name: str, at: ast.AST) -> bool:
        """Whether code elsewhere may change ``name``, as it is meant at ``at``, at any time.

        So it is with names that a function declares ``global``, and those that an inner
        function changes (``nonlocal``, an entry, a list's method) that is handed on instead
        of only being called by its name.
        """
        if name not in self._shared:
            return False
        scope = self.defining_scope(name, at)
        return scope is None or scope.node in self._shared[name]

    def runs_aside(self, function: FunctionNode) -> bool:
        """Whether some call of a coroutine is not awaited where it is made: it runs at any time."""
        return isinstance(function, ast.AsyncFunctionDef) and any(
            self.callee(call) in {function, None} and not self._is_awaited(call)
            for call in self.calls_of(function.name)
        )

    def _is_awaited(self, call: ast.Call) -> bool:
        for above in self.ancestors(call):
            if isinstance(above, ast.Await | ast.AsyncFor | ast.AsyncWith | ast.Return):
                return True
            if isinstance(above, ast.stmt):
                return False
        return False

    def _is_handed_on(self, function: FunctionNode) -> bool:
        """Whether a function's name is used otherwise than to call it."""
        called = {call.func for call in self.calls_of(function.name)}
        return any(
            isinstance(node, ast.Name) and node not in called
            for node in self.mentions.get(function.name, [])
        )

    @cached_property
    def _shared(self) -> dict[str, set[ScopeNode]]:
        found: dict[str, set[ScopeNode]] = {}
        for node in self.globals:
            for name in node.names:
                found.setdefault(name, set()).add(self.tree)
        for function in self.functions:
            inner = self.function(function) is not None
            if inner and (
                function.decorator_list or self._is_handed_on(function) or self.runs_aside(function)
            ):
                nothing: set[str] = set()
                changed = self.changed_outside.get(function, nothing)
                for name in self.set_around.get(function, nothing) | changed:
                    scope = self.defining_scope(name, function)
                    if scope is not None:
                        found.setdefault(name, set()).add(scope.node)
        return found

    def adopt(self, made: ast.AST, place: ast.AST) -> None:
        """Take an expression that stands for ``place`` as if it were written there."""
        self.parent[made] = place
        for node in ast.walk(made):
            for child in ast.iter_child_nodes(node):
                self.parent.setdefault(child, node)

    @cached_property
    def set_around(self) -> dict[ScopeNode, set[str]]:
        """The names of the functions around that a function sets, or that one inside it does."""
        found: dict[ScopeNode, set[str]] = {}
        for node, scope in self.scopes.items():
            names = set(scope.elsewhere)
            function = node if isinstance(node, CODE) else None
            while names and function is not None:
                found.setdefault(function, set()).update(names)
                function = self.function(function)
                if function is not None:
                    around = self.scopes[function]
                    names = names - (around.bindings.keys() - around.elsewhere)
        return found

    @cached_property
    def changed_outside(self) -> dict[ScopeNode, set[str]]:
        """The dicts, lists and sets of the scopes around that each function changes in place."""
        found: dict[ScopeNode, set[str]] = {}
        for node, name in self.changes_in_place:
            function = self.function(node)
            while function is not None:
                if name not in self.scopes[function].bindings:
                    found.setdefault(function, set()).add(name)
                function = self.function(function)
        return found

    @cached_property
    def changes_in_place(self) -> list[tuple[ast.AST, str]]:
        """Where a name's object is changed: ``name.append(x)``, ``name[k] = x``."""
        found: list[tuple[ast.AST, str]] = [
            (entry, entry.value.id)
            for entry in self.entries_set
            if isinstance(entry.value, ast.Name)
        ]
        for call in self.calls:
            match call.func:
                case ast.Attribute(value=ast.Name(id=name), attr=method) if method in MUTATORS:
                    found.append((call, name))
        return found

    @cached_property
    def changed_here(self) -> frozenset[tuple[Code | None, str]]:
        """In which functions a name's object is changed."""
        return frozenset((self.function(node), name) for node, name in self.changes_in_place)

    def qualify(self, node: ast.expr) -> str | None:
        """The dotted name of something imported: ``oa.OpenAI`` is ``openai.OpenAI``."""
        path = dotted(node)
        if path is None:
            return None
        root, _, rest = path.partition(".")
        scope = self.defining_scope(root, node)
        if root not in self.imports or (
            scope is not None and not all(map(_may_be_imported, scope.bindings[root]))
        ):
            return None
        return f"{self.imports[root]}.{rest}" if rest else self.imports[root]


def _may_be_imported(binding: Binding) -> bool:
    """An import, or the None that stands for a package that is not installed."""
    if isinstance(binding.value, ast.Constant) and binding.value.value is None:
        return True
    return isinstance(binding.node, ast.Import | ast.ImportFrom)


def _read_in(node: ast.AST) -> Iterator[str]:
    stack = [node]
    while stack:
        piece = stack.pop()
        path = dotted(piece) if isinstance(piece, ast.Name | ast.Attribute) else None
        if path is not None:
            yield path
        else:
            stack += ast.iter_child_nodes(piece)


def _is_header(scope: ScopeNode, child: ast.AST) -> bool:
    match scope:
        case ast.Module():
            return False
        case ast.Lambda():
            return child is scope.args
        case _:
            return not isinstance(child, ast.stmt)


def _stores(names: Names) -> Iterator[tuple[ast.Attribute, Binding]]:
    for node in names.attributes_set:
        if isinstance(node.ctx, ast.Del):
            continue
        match above := names.parent[node]:
            case ast.Assign(value=value) | ast.AnnAssign(value=value):
                yield node, Binding(above, value)
            case _:
                yield node, Binding(above)


class _Bindings:
    """Collects what binds names, for all scopes at once."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.scopes: dict[ScopeNode, Scope] = {names.tree: Scope(names.tree)}

    def collect(self) -> dict[ScopeNode, Scope]:
        for node in self.names.may_bind:
            if isinstance(node, SCOPES):
                scope = self.scopes.setdefault(node, Scope(node))
                if isinstance(node, CODE):
                    given = defaults(node)
                    for arg in parameters(node):
                        scope.bind(arg.arg, Binding(arg, given.get(arg.arg)))
        for node in self.names.may_bind:
            self._visit(node, self.names.parent[node])
        return self.scopes

    def _own(self, node: ast.AST) -> Scope:
        return self.scopes[self.names.scope_node(node)]

    def _visit(self, node: ast.AST, above: ast.AST) -> None:
        match node:
            case ast.Name(id=name):
                self._own(node).bind(name, _assignment(node, above))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._own(node).bind(name, Binding(node))
            case ast.ClassDef(name=name):
                self._own(node).bind(name, Binding(node))
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                for alias in aliases:
                    bound = alias.asname or alias.name.partition(".")[0]
                    self._own(node).bind(bound, Binding(node))
            case ast.ExceptHandler(name=str(name)):
                self._own(node).bind(name, Binding(node))
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self._own(node).bind(name, Binding(node))
            case ast.Global(names=shared) | ast.Nonlocal(names=shared):
                self._own(node).elsewhere.update(shared)
                for name in shared:  # somebody else may change it: never a constant
                    self._outer(node, name).bind(name, Binding(node))

    def _outer(self, node: ast.Global | ast.Nonlocal, name: str) -> Scope:
        """The scope that a declaration speaks of."""
        scope = self.names.scope_node(node)
        while isinstance(node, ast.Nonlocal) and not isinstance(scope, ast.Module):
            scope = self.names.scope_node(scope)
            if isinstance(scope, CODE) and self._binds(scope, name):
                return self.scopes[scope]
        return self.scopes[self.names.tree]

    def _binds(self, scope: Code, name: str) -> bool:
        if any(arg.arg == name for arg in parameters(scope)):
            return True
        return any(
            isinstance(inner, ast.Name)
            and inner.id == name
            and not isinstance(inner.ctx, ast.Load)
            and self.names.scope_node(inner) is scope
            for inner in ast.walk(scope)
        )


def _assignment(node: ast.Name, above: ast.AST) -> Binding:
    match above:
        case ast.Assign(targets=targets, value=value) if node in targets:
            return Binding(above, value)
        case ast.AnnAssign(value=value) | ast.NamedExpr(value=value):
            return Binding(above, value)
        case _:
            return Binding(above)
