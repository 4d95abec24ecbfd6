"""What people have written around a call: its job type, and that code requires ZDR.

The spellings are in :class:`Vocabulary`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from bgmode.flow.names import CODE, FUNCTIONS, FunctionNode, Names, dotted, undecorated
from bgmode.flow.other_module import OtherModule
from bgmode.flow.project import Project
from bgmode.flow.values import NONE, ClassRef, Known, Missing, Record, Token, Value, part
from bgmode.knowledge import Vocabulary
from bgmode.model.calls import CreateCall
from bgmode.model.clients import Clients
from bgmode.model.directives import Setting, directives
from bgmode.model.world import constant
from bgmode.source import Source, Span, first_line, placed

METADATA_LEVEL = "the call's metadata"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One thing somebody has written. ``name`` is None where its value cannot be seen.

    ``level`` says in words where it stands; ``span`` is None for another file. ``literal``
    is where the name itself is written, if it is a plain string. ``certain`` says that
    it is there for sure, even if its value is not known.
    """

    name: str | None
    level: str
    path: str
    span: Span | None = None
    literal: Span | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Tier:
    """The annotations at one level; those of a nearer one override them."""

    kind: Literal["call", "with", "function", "class", "module", "package"]
    found: list[Annotation]


@dataclass
class Annotations:
    """The annotations of one module."""

    source: Source
    names: Names
    clients: Clients
    project: Project
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    def __post_init__(self) -> None:
        self.directives = directives(self.source.text, self.vocabulary)
        self._settings = [each for each in self.directives if isinstance(each, Setting)]

    # Job types

    @property
    def own_level(self) -> str:
        """The level of a parameter or local that names the job type."""
        return f"the function's {self.vocabulary.name}"

    def tiers(self, call: CreateCall) -> Iterator[Tier]:
        """Every annotation that speaks of ``call``, nearest first, by where it stands."""
        yield Tier("call", [*self._metadata(call), *self._comments(call.node)])
        yield from self._around(call.node)
        yield Tier("module", list(self._module()))
        for package in self.project.packages(self.source.path):
            yield Tier("package", list(self._package(package)))

    def job_type(self, call: CreateCall) -> Annotation | None:
        """The nearest annotation; one that only may be there gives way to one that is."""
        undecided: Annotation | None = None
        for tier in self.tiers(call):
            for annotation in sorted(tier.found, key=lambda each: each.name is None):
                if annotation.name is not None or annotation.certain:
                    return annotation
                undecided = undecided or annotation
        return undecided

    def conflict(self, call: CreateCall) -> tuple[Annotation, Annotation] | None:
        """Two annotations that name different job types, and neither overrides the other.

        They stand at the same level, or one is the call's own and the other its function's.
        """
        deciding: list[Annotation] = []
        for tier in self.tiers(call):
            named = [annotation for annotation in tier.found if annotation.name is not None]
            if not deciding:
                of_the_call = tier.kind == "call"
                deciding = named
                if pair := _disagreement(named):
                    return pair
            elif of_the_call and tier.kind == "function":
                return _disagreement([deciding[0], *named])
            elif named or not of_the_call:
                return None
        return None

    def of_caller(self, caller: ast.Call, given: ast.expr) -> Annotation | None:
        """What the call of a wrapper says: a comment there, else what it gives for the parameter.

        None where it gives ``None``.
        """
        for comment in self._comments(caller):
            return comment
        value = self.constant(given)
        if value == NONE:
            return None
        return self._annotation(
            value, "the wrapper's caller", self.source.span(placed(given)), given
        )

    def _metadata(self, call: CreateCall) -> Iterator[Annotation]:
        given = call.argument("metadata")
        if given.presence == "omitted":
            return
        span = self.source.span(call.node)
        literal: ast.expr | None = None
        for origin in call.origins("metadata"):
            span = self.source.span(origin.value)
            literal = entry_of(origin.value, self.vocabulary.metadata_key)
        if isinstance(given.value, Record):
            entry = part(given.value, self.vocabulary.metadata_key)
            if isinstance(entry, Missing) or entry == NONE:
                return
            if self.vocabulary.metadata_key not in given.value.fields:
                yield self._possible(METADATA_LEVEL, span)
                return
            yield self._annotation(entry, METADATA_LEVEL, span, literal)
        elif not isinstance(given.value, Known):
            yield self._possible(METADATA_LEVEL, span)

    def _possible(self, level: str, span: Span) -> Annotation:
        return Annotation(None, level, self.source.path, span, certain=False)

    def _comments(self, node: ast.Call) -> Iterator[Annotation]:
        statement = self.names.statement(node) or node
        own, whole = self.source.span(node), self.source.span(statement)
        shared = isinstance(statement, (*CODE, ast.ClassDef)) or self._is_shared(statement, node)
        for inside in (own.holds, whole.holds):
            for directive in self._settings:
                if directive.key == self.vocabulary.comment and inside(directive.line):
                    yield self._from_comment(directive, "the comment at the call")
            if shared:  # the statement's other lines may speak of another call
                break
        for directive in self._settings:
            is_ours = directive.key == self.vocabulary.comment and directive.alone
            line = directive.line
            if is_ours and line < statement.lineno == self.source.below_comments(line):
                yield self._from_comment(directive, "the comment above the call")

    def _is_shared(self, statement: ast.AST, node: ast.Call) -> bool:
        """Whether there are other operations in the statement, or blocks."""
        return any(
            isinstance(inner, ast.stmt)
            or (
                isinstance(inner, ast.Call)
                and inner is not node
                and self.clients.access(inner.func) is not None
            )
            for inner in ast.walk(statement)
            if inner is not statement
        )

    def _from_comment(self, directive: Setting, level: str) -> Annotation:
        span = Span(
            directive.line,
            directive.column,
            directive.line,
            len(self.source.lines[directive.line - 1]),
        )
        return Annotation(directive.value, level, self.source.path, span)

    def _around(self, node: ast.AST) -> Iterator[Tier]:
        below = node
        for above in self.names.ancestors(node):
            match above:
                case ast.With() | ast.AsyncWith():
                    expressions = [item.context_expr for item in reversed(above.items)]
                    yield Tier("with", self._all_marked(expressions, "the with block"))
                case ast.FunctionDef() | ast.AsyncFunctionDef() if below in above.body:
                    level = "the function's decorator"
                    found = self._all_marked(above.decorator_list, level)
                    yield Tier("function", [*found, *self._local(above)])
                case ast.ClassDef() if below in above.body:
                    level = "the class's decorator"
                    found = self._all_marked(above.decorator_list, level)
                    yield Tier("class", [*found, *self._class(above)])
            below = above

    def _all_marked(self, nodes: Iterable[ast.expr], level: str) -> list[Annotation]:
        return [found for node in nodes for found in self._marked(node, level)]

    def _marked(self, node: ast.expr, level: str) -> Iterator[Annotation]:
        match node:
            case (
                ast.Call(func=function, args=[value, *_])
                | ast.Call(func=function, args=[], keywords=[ast.keyword("name", value)])
            ) if self._is_called(function, self.vocabulary.marker):
                yield self._annotation(self.constant(value), level, self.source.span(node), value)

    def _is_called(self, node: ast.expr, name: str) -> bool:
        """Whether a marker is meant, under its own name or another one it is imported by."""
        path = self.names.qualify(node) or dotted(node) or ""
        return path.rpartition(".")[2] == name

    def _local(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Annotation]:
        bindings = self.names.scopes[function].bindings.get(self.vocabulary.name, [])
        level = self.own_level
        if len(bindings) == 1 and bindings[0].value is not None:
            node = bindings[0].value
            value = self.constant(node)
            if value == NONE:
                return
            annotation = self._annotation(value, level, self.source.span(node), node)
            if annotation.name is not None:
                yield annotation
                return
        if bindings:
            yield self._possible(level, self.source.span(placed(bindings[0].node)))

    def _class(self, cls: ast.ClassDef) -> Iterator[Annotation]:
        for clients, ancestor in self._lineage(cls):
            binding = clients.names.scopes[ancestor].only(self.vocabulary.marker)
            if binding is not None and binding.value is not None:
                yield self._set_in(clients, binding.value, "the class")
            if self.vocabulary.marker in clients.names.scopes[ancestor].bindings:
                return  # it overrides its bases

    def _lineage(self, cls: ast.ClassDef) -> Iterator[tuple[Clients, ast.ClassDef]]:
        """A class and its bases, those of other modules included, as Python looks them up.

        A base that is come to twice counts where it is come to last.
        """
        found = list(_bases(self.clients, cls, ()))
        last = {ancestor: position for position, (_, ancestor) in enumerate(found)}
        for position, (clients, ancestor) in enumerate(found):
            if last[ancestor] == position:
                yield clients, ancestor

    def _set_in(self, clients: Clients, node: ast.expr, level: str) -> Annotation:
        """What is set by an expression of this module, or of another one."""
        value = constant(clients, node)
        other = self.project.holding(node)
        if clients is self.clients or other is None:
            return self._annotation(value, level, self.source.span(placed(node)), node)
        return Annotation(_name_of(value), level, other.path)

    def _module(self) -> Iterator[Annotation]:
        binding = self.names.scopes[self.names.tree].only(self.vocabulary.module_name)
        if binding is not None and binding.value is not None:
            node = binding.value
            yield self._annotation(self.constant(node), "the module", self.source.span(node), node)
        for directive in _head(self.names.tree, self._settings):
            if directive.key == self.vocabulary.comment:
                yield self._from_comment(directive, "the comment at the module's head")

    def _package(self, package: OtherModule) -> Iterator[Annotation]:
        if self.vocabulary.module_name in package.text:
            names = package.names
            binding = names.scopes[names.tree].only(self.vocabulary.module_name)
            value = None if binding is None else binding.value
            imports = self.clients.imports
            clients = imports.holding(value) if value is not None and imports is not None else None
            if value is not None and clients is not None:
                yield self._set_in(clients, value, "the package")
        for directive in self._head_of(package):
            if directive.key == self.vocabulary.comment:
                yield Annotation(directive.value, "the package's comment", package.path)

    def _head_of(self, package: OtherModule) -> Iterator[Setting]:
        """The directives at a package's head; one that has none need not be parsed."""
        found = directives(package.text, self.vocabulary)
        settings = [each for each in found if isinstance(each, Setting)]
        return _head(package.names.tree, settings) if settings else iter(())

    def _annotation(
        self, value: Value, level: str, span: Span, node: ast.expr | None = None
    ) -> Annotation:
        literal = self.source.span(node) if _is_text(node) and node is not None else None
        return Annotation(_name_of(value), level, self.source.path, span, literal)

    def constant(self, node: ast.expr) -> Value:
        """The value of an expression that does not depend on the code around it."""
        return constant(self.clients, node)

    # Zero Data Retention

    def requires_zdr(self, node: ast.AST) -> Annotation | None:
        """The marker that makes the code around ``node`` require ZDR, nearest first."""
        below = node
        for above in self.names.ancestors(node) if self._zdr_decorated else ():
            if isinstance(above, (*FUNCTIONS, ast.ClassDef)) and below in above.body:
                decorator = self._zdr_decorated.get(above)
                if decorator is not None:
                    kind = "class" if isinstance(above, ast.ClassDef) else "function"
                    return self._zdr(f"the {kind}'s decorator", self.source.span(decorator))
            below = above
        return self._zdr_everywhere

    @property
    def has_zdr_markers(self) -> bool:
        """Whether some marker makes code of this module require ZDR."""
        return bool(self._zdr_decorated) or self._zdr_everywhere is not None

    @cached_property
    def _zdr_decorated(self) -> dict[FunctionNode | ast.ClassDef, ast.expr]:
        """The functions and classes with a marker, each with the first one."""
        if self.vocabulary.zdr_decorator not in self.source.text:
            return {}
        return {
            node: decorator
            for node in (*self.names.functions, *self.names.classes)
            for decorator in reversed(node.decorator_list)
            if self._is_called(undecorated(decorator), self.vocabulary.zdr_decorator)
        }

    @cached_property
    def _zdr_everywhere(self) -> Annotation | None:
        """The marker that makes the whole module require ZDR."""
        for directive in _head(self.names.tree, self._settings):
            if directive.key == self.vocabulary.zdr_comment:
                found = self._from_comment(directive, "the comment at the module's head")
                return self._zdr(found.level, found.span)
        name = self.vocabulary.zdr_module_name
        binding = _zdr_binding(self.names, name) if name in self.source.text else None
        if binding is not None:
            return self._zdr(f"the module's {name}", self.source.span(binding))
        for package in self.project.packages(self.source.path):
            if self._is_zdr(package):
                return Annotation("zdr", "its package", package.path)
        return None

    def _is_zdr(self, package: OtherModule) -> bool:
        name = self.vocabulary.zdr_module_name
        if name in package.text and _zdr_binding(package.names, name) is not None:
            return True
        keys = (directive.key for directive in self._head_of(package))
        return self.vocabulary.zdr_comment in keys

    def _zdr(self, level: str, span: Span | None) -> Annotation:
        return Annotation("zdr", level, self.source.path, span)


def _disagreement(found: list[Annotation]) -> tuple[Annotation, Annotation] | None:
    for other in found[1:]:
        if other.name != found[0].name:
            return found[0], other
    return None


def _name_of(value: Value) -> str | None:
    """The name that a value is, itself or as the value of an enum's member."""
    if isinstance(value, Known) and isinstance(value.value, Token):
        value = part(value, "value")
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else None


def _bases(
    clients: Clients, cls: ast.ClassDef, below: tuple[ast.ClassDef, ...]
) -> Iterator[tuple[Clients, ast.ClassDef]]:
    """A class and all above it, depth first; ``below`` are those that it is a base of."""
    yield clients, cls
    for base in cls.bases if cls not in below else ():
        home, owner = clients, _own_class(clients.names, base)
        if owner is None:
            full = clients.names.qualify(base)
            imported = clients.imports.value(full) if clients.imports and full else None
            match imported:
                case ClassRef(other) if clients.imports is not None:
                    found = clients.imports.holding(other)
                    home, owner = (found, other) if found is not None else (clients, None)
        if owner is not None:
            yield from _bases(home, owner, (*below, cls))


def _own_class(names: Names, base: ast.expr) -> ast.ClassDef | None:
    binding = names.binding(base.id, base) if isinstance(base, ast.Name) else None
    return binding.node if binding and isinstance(binding.node, ast.ClassDef) else None


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def entry_of(mapping: ast.expr, name: str) -> ast.expr | None:
    """The value that a dict display gives to ``name``."""
    if isinstance(mapping, ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == name:
                return value
    return None


def _zdr_binding(names: Names, name: str) -> ast.expr | None:
    binding = names.scopes[names.tree].only(name)
    match binding.value if binding else None:
        case ast.Constant(value=True) as constant:
            return constant
    return None


def _head(tree: ast.Module, found: Iterable[Setting]) -> Iterator[Setting]:
    """The directives on lines of their own before the first real statement.

    A docstring and imports are none.
    """
    end: float = float("inf")
    for position, statement in enumerate(tree.body):
        match statement:
            case ast.Import() | ast.ImportFrom():
                continue
            case ast.Expr(value=ast.Constant(value=str())) if position == 0:
                continue
        end = first_line(statement)
        break
    for directive in found:
        if directive.alone and directive.line < end:
            yield directive
