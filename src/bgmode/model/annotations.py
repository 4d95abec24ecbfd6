"""What people have written around a call: its job type, and that code requires ZDR.

The spellings are in :class:`Vocabulary`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from bgmode.flow.exits import State
from bgmode.flow.expressions import Expressions
from bgmode.flow.names import CODE, FUNCTIONS, Names, dotted
from bgmode.flow.project import Project
from bgmode.flow.run import Run
from bgmode.flow.values import Known, Missing, Record, Value, part
from bgmode.model.calls import BackgroundCall
from bgmode.model.clients import Clients
from bgmode.model.directives import Directive, directives
from bgmode.model.world import JobWorld
from bgmode.source import Source, Span


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How job types and ZDR are spelt in code."""

    metadata_key: str = "job_type"
    marker: str = "job_type"  # the decorator, the with block, the class attribute
    name: str = "job_type"  # a parameter or local
    module_name: str = "__job_type__"
    comment: str = "job-type"
    zdr_decorator: str = "zdr_required"
    zdr_module_name: str = "__zdr__"
    zdr_comment: str = "zdr"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One thing somebody has written. ``name`` is None where its value cannot be seen.

    ``level`` says in words where it stands; ``span`` is None for another file. ``literal``
    is where the name itself is written, if it is a plain string.
    """

    name: str | None
    level: str
    path: str
    span: Span | None = None
    literal: Span | None = None


@dataclass
class Annotations:
    """The annotations of one module."""

    source: Source
    names: Names
    clients: Clients
    project: Project
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    def __post_init__(self) -> None:
        self._directives = directives(self.source.text)
        self._head = _head_end(self.names.tree)

    # Job types

    def job_types(self, call: BackgroundCall) -> Iterator[Annotation]:
        """Every annotation that speaks of ``call``, nearest first."""
        yield from self._metadata(call)
        yield from self._comments(call.node)
        yield from self._around(call.node)
        yield from self._module(self.names, self.source.path, here=True)
        for directive in self._directives:
            if directive.key == self.vocabulary.comment and directive.line < self._head:
                yield self._from_comment(directive, "the comment at the module's head")
        for path, names in self.project.packages(self.source.path):
            yield from self._module(names, path, here=False)

    def job_type(self, call: BackgroundCall) -> Annotation | None:
        """The nearest annotation; one whose value is known goes before one whose is not."""
        undecided: Annotation | None = None
        for annotation in self.job_types(call):
            if annotation.name is not None:
                return annotation
            undecided = undecided or annotation
        return undecided

    def _metadata(self, call: BackgroundCall) -> Iterator[Annotation]:
        given = call.argument("metadata")
        if given.presence == "omitted":
            return
        span = self.source.span(call.node)
        literal: ast.expr | None = None
        for origin in call.origins("metadata"):
            span = self.source.span(origin.value)
            literal = _entry(origin.value, self.vocabulary.metadata_key)
        if isinstance(given.value, Record):
            entry = part(given.value, self.vocabulary.metadata_key)
            if isinstance(entry, Missing):
                return
            yield self._annotation(entry, "the call's metadata", span, literal)
        elif not isinstance(given.value, Known):
            yield Annotation(None, "the call's metadata", self.source.path, span)

    def _comments(self, node: ast.Call) -> Iterator[Annotation]:
        statement = self.names.statement(node) or node
        last = node.end_lineno or node.lineno
        for directive in self._directives:
            if directive.key != self.vocabulary.comment:
                continue
            above = directive.alone and self._stands_above(directive, statement.lineno)
            inside = statement.lineno <= directive.line <= last and not isinstance(
                statement, (*CODE, ast.ClassDef)
            )
            if inside or above:
                yield self._from_comment(directive, "the comment at the call")

    def _stands_above(self, directive: Directive, line: int) -> bool:
        """Whether only comments stand between the directive and the statement."""
        between = self.source.lines[directive.line : line - 1]
        return directive.line < line and all(text.lstrip().startswith("#") for text in between)

    def _from_comment(self, directive: Directive, level: str) -> Annotation:
        span = Span(
            directive.line,
            directive.column,
            directive.line,
            len(self.source.lines[directive.line - 1]),
        )
        return Annotation(directive.value, level, self.source.path, span)

    def _around(self, node: ast.AST) -> Iterator[Annotation]:
        below = node
        for above in self.names.ancestors(node):
            match above:
                case ast.With() | ast.AsyncWith():
                    for item in above.items:
                        yield from self._marked(item.context_expr, "the with block")
                case ast.FunctionDef() | ast.AsyncFunctionDef() if below in above.body:
                    for decorator in above.decorator_list:
                        yield from self._marked(decorator, "the function's decorator")
                    yield from self._local(above)
                case ast.ClassDef() if below in above.body:
                    for decorator in above.decorator_list:
                        yield from self._marked(decorator, "the class's decorator")
                    yield from self._bound(above, self.vocabulary.marker, "the class")
            below = above

    def _marked(self, node: ast.expr, level: str) -> Iterator[Annotation]:
        match node:
            case ast.Call(func=function, args=[value, *_]) if (dotted(function) or "").rpartition(
                "."
            )[2] == self.vocabulary.marker:
                yield self._annotation(self._static(value), level, self.source.span(node), value)

    def _local(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Annotation]:
        for annotation in self._bound(function, self.vocabulary.name, "the function's job_type"):
            if annotation.name is not None:
                yield annotation

    def _bound(
        self, scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, name: str, level: str
    ) -> Iterator[Annotation]:
        binding = self.names.scopes[scope].only(name)
        if binding is not None and binding.value is not None:
            value = self._static(binding.value)
            yield self._annotation(value, level, self.source.span(binding.value), binding.value)

    def _module(self, names: Names, path: str, *, here: bool) -> Iterator[Annotation]:
        binding = names.scopes[names.tree].only(self.vocabulary.module_name)
        if binding is None or binding.value is None:
            return
        if here:
            value = self._static(binding.value)
            span = self.source.span(binding.value)
            yield self._annotation(value, "the module", span, binding.value)
        elif isinstance(binding.value, ast.Constant) and isinstance(binding.value.value, str):
            yield Annotation(binding.value.value, "the package", path)

    def _annotation(
        self, value: Value, level: str, span: Span, node: ast.expr | None = None
    ) -> Annotation:
        name = value.value if isinstance(value, Known) and isinstance(value.value, str) else None
        if isinstance(value, Record) and isinstance(inner := part(value, "value"), Known):
            name = inner.value if isinstance(inner.value, str) else None
        literal = self.source.span(node) if _is_text(node) and node is not None else None
        return Annotation(name, level, self.source.path, span, literal)

    def _static(self, node: ast.expr) -> Value:
        run = Run(JobWorld(self.names, self.clients))
        return Expressions(run).value(node, State({}, False, False))

    # Zero Data Retention

    def requires_zdr(self, node: ast.AST) -> Annotation | None:
        """The marker that makes the code around ``node`` require ZDR, nearest first."""
        for above in self.names.ancestors(node):
            if isinstance(above, (*FUNCTIONS, ast.ClassDef)):
                for decorator in above.decorator_list:
                    target = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if (dotted(target) or "").rpartition(".")[2] == self.vocabulary.zdr_decorator:
                        kind = "class" if isinstance(above, ast.ClassDef) else "function"
                        return self._zdr(f"the {kind}'s decorator", self.source.span(decorator))
        for directive in self._directives:
            if directive.key == self.vocabulary.zdr_comment and directive.line < self._head:
                found = self._from_comment(directive, "the comment at the module's head")
                return self._zdr(found.level, found.span)
        binding = _zdr_binding(self.names, self.vocabulary)
        if binding is not None:
            name = self.vocabulary.zdr_module_name
            return self._zdr(f"the module's {name}", self.source.span(binding))
        for path, names in self.project.packages(self.source.path):
            if _zdr_binding(names, self.vocabulary) is not None:
                return Annotation("zdr", f"the package's {self.vocabulary.zdr_module_name}", path)
        return None

    def _zdr(self, level: str, span: Span | None) -> Annotation:
        return Annotation("zdr", level, self.source.path, span)


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _entry(mapping: ast.expr, name: str) -> ast.expr | None:
    """The value that a dict display gives to ``name``."""
    if isinstance(mapping, ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == name:
                return value
    return None


def _zdr_binding(names: Names, vocabulary: Vocabulary) -> ast.expr | None:
    binding = names.scopes[names.tree].only(vocabulary.zdr_module_name)
    match binding.value if binding else None:
        case ast.Constant(value=True) as constant:
            return constant
    return None


def _head_end(tree: ast.Module) -> int:
    """The line of the first statement that is no docstring and no import."""
    for position, statement in enumerate(tree.body):
        match statement:
            case ast.Import() | ast.ImportFrom():
                continue
            case ast.Expr(value=ast.Constant(value=str())) if position == 0:
                continue
        return statement.lineno
    return 1_000_000_000
