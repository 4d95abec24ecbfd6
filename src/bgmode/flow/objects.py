"""Objects of classes whose code is in this project: how they are made, and their attributes.

Knows enumerations, dataclasses and their like, and plain classes with an ``__init__``. Of a
class that changes what an object *is* (``__bool__``, ``__getattribute__``, ...) nothing is said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bgmode.flow import callees
from bgmode.flow.exits import Diverges, Exit, State
from bgmode.flow.names import (
    FUNCTIONS,
    MUTATORS,
    Code,
    FunctionNode,
    Names,
    dotted,
    is_property,
    undecorated,
)
from bgmode.flow.values import (
    MISSING,
    POLLED,
    TRUE,
    UNKNOWN,
    ClassRef,
    Function,
    Instance,
    Known,
    Member,
    Missing,
    Record,
    Symbol,
    Token,
    Unknown,
    Value,
    is_mutable,
    loosened,
    unknown,
)

if TYPE_CHECKING:
    from bgmode.flow.expressions import Expressions

_NEW = "<new>"  # the path of an object while its __init__ runs
_TRICKS = frozenset(
    "__bool__ __len__ __getattribute__ __setattr__ __delattr__ __new__ __eq__"
    " __get__ __set__ __delete__".split()
)
_FOLLOWED = frozenset(
    "__init__ __post_init__ __call__ __enter__ __exit__ __aenter__ __aexit__ __iter__"
    " __aiter__".split()
)
"""Special methods that are run where Python calls them; any other must change nothing."""
_TELLING = frozenset(["__repr__", "__str__", "__format__", "__hash__"])
"""Special methods that are there to tell something, whatever they call for it."""
_OPERATIONS = (
    *(ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Compare, ast.AugAssign, ast.FormattedValue),
    *(ast.For, ast.AsyncFor, ast.comprehension, ast.Starred, ast.YieldFrom, ast.Await),
)
"""Where Python calls special methods of an operand."""
_COLLECTIONS = frozenset(
    "dict list set tuple str int defaultdict OrderedDict Counter deque UserDict UserList".split()
)
"""Classes of which an empty object counts as false."""
_DATA_DECORATORS = frozenset(["dataclass", "define", "frozen", "mutable", "attrs", "s"])
_DATA_BASES = frozenset(["NamedTuple", "BaseModel", "Struct"])


class Objects:
    """The objects of one run."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self.run = expressions.run

    # How they are made

    def made(
        self,
        owner: ast.ClassDef,
        node: ast.Call,
        positional: list[Value],
        keywords: Record,
        state: State,
    ) -> Value:
        """What calling the class ``owner`` gives."""
        with self.run.at_home(owner) as is_known:
            if not is_known:
                return unknown(*positional, *keywords.fields.values())
            return self._made(owner, node, positional, keywords, state)

    def _made(
        self,
        owner: ast.ClassDef,
        node: ast.Call,
        positional: list[Value],
        keywords: Record,
        state: State,
    ) -> Value:
        if _is_enumeration(owner):
            return self._looked_up(owner, node, positional, state)
        if self._is_tricky(owner):
            return unknown(*positional, *keywords.fields.values())
        if any(isinstance(argument, ast.Starred) for argument in node.args) or not isinstance(
            keywords.rest, Missing
        ):
            return Instance(owner)
        if _is_data(owner):
            return self._data(owner, positional, keywords)
        return self._initialised(owner, positional, keywords, state)

    def _is_tricky(self, owner: ast.ClassDef) -> bool:
        """Whether the class changes what an object is."""
        known = self.run.names.tricky.get(owner)
        if known is None:
            lineage = list(self.run.names.lineage(owner))
            names = self.run.names
            known = any(_is_changed_unseen(names, cls) for cls in lineage) or any(
                (dotted(base) or "").rpartition(".")[2] in _COLLECTIONS
                for cls in lineage
                for base in cls.bases
            )
            self.run.names.tricky[owner] = known
        return known

    def _data(self, owner: ast.ClassDef, positional: list[Value], keywords: Record) -> Value:
        if self.run.names.method(owner, "__init__") or self.run.names.method(
            owner, "__post_init__"
        ):
            return Instance(owner)
        fields: dict[str, Value] = {}
        given = iter(positional)
        for name, default in self._data_fields(owner):
            fields[name] = keywords.fields.get(name) or next(given, None) or default
        polled = any(value.polled for value in fields.values())
        return Record(fields, UNKNOWN, polled, owner=owner, mutable=not _is_frozen(owner))

    def _data_fields(self, owner: ast.ClassDef) -> Iterator[tuple[str, Value]]:
        """The fields of a dataclass in their order, each with its default."""
        for cls in reversed(list(self.run.names.lineage(owner))):
            for statement in cls.body:
                match statement:
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=default):
                        if "ClassVar" not in ast.dump(kind):
                            yield name, self._field_default(default)

    def _field_default(self, default: ast.expr | None) -> Value:
        match default:
            case None:
                return UNKNOWN
            case ast.Call(func=function, keywords=keywords) if (dotted(function) or "").endswith(
                ("field", "Field", "ib")
            ):
                for keyword in keywords:
                    if keyword.arg == "default":
                        return self._expressions.static(keyword.value)
                return UNKNOWN
            case _:
                return self._expressions.static(default)

    def _initialised(
        self, owner: ast.ClassDef, positional: list[Value], keywords: Record, state: State
    ) -> Value:
        init = self.run.names.method(owner, "__init__")
        if init is None:
            return Record({}, UNKNOWN, owner=owner, mutable=True)
        result = self.run.frames.call(Function(init, _NEW, owner), positional, keywords, state)
        fields: dict[str, Value] = {}
        for key in [key for key in state.names if key.startswith(_NEW + ".")]:
            value = state.names.pop(key)
            fields[key[len(_NEW) + 1 :]] = value
        if result is None:
            return Instance(owner)
        fields = {name: value for name, value in fields.items() if "." not in name}
        polled = any(value.polled for value in fields.values())
        return Record(fields, UNKNOWN, polled, owner=owner, mutable=True)

    # Enumerations

    def _looked_up(
        self, owner: ast.ClassDef, node: ast.Call, positional: list[Value], state: State
    ) -> Value:
        """``Status("failed")``: the member with that value, or a ValueError."""
        members = dict(self.members(owner))
        self.run.notes.look_closely(*positional)
        match positional:
            case [Known(Token() | Member()) as member]:
                return member
            case [Known(wanted, polled)] if all(isinstance(m, Known) for m in members.values()):
                for name, value in members.items():
                    if isinstance(value, Known) and value.value == wanted:
                        return self._member(owner, name, polled=polled)
                if self.run.names.method(owner, "_missing_") is None:
                    self.run.raised.append(Exit("raise", node, state.copy(), raised="ValueError"))
                    raise Diverges
        return unknown(*positional)

    def members(self, owner: ast.ClassDef) -> Iterator[tuple[str, Value]]:
        """The names in an enumeration, each with the value behind it."""
        for statement in owner.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name[0] != "_":
                    yield name, _value_of(self._expressions.static(value))

    def by_name(self, owner: ast.ClassDef, name: Value) -> Value:
        """``Status["FAILED"]``."""
        self.run.notes.look_closely(name)
        match name:
            case Known(str() as wanted, polled) if _is_enumeration(owner):
                with self.run.at_home(owner) as is_known:
                    if is_known and wanted in dict(self.members(owner)):
                        return self._member(owner, wanted, polled=polled)
        return unknown(name)

    def _member(self, owner: ast.ClassDef, name: str, *, polled: bool) -> Value:
        """A member by its name; of several with one value, the first is meant."""
        members = dict(self.members(owner))
        value = members.get(name, UNKNOWN)
        if isinstance(value, Known):
            name = next(own for own, other in members.items() if other == value)
        return _member(owner, name, value, polled=polled)

    # Attributes

    def attribute(
        self, base: Value, owner: ast.ClassDef, node: ast.Attribute, state: State
    ) -> Value:
        """``base.attr`` for an object of the class ``owner``, or for that class itself."""
        return self._inherited(base, owner, owner, node, state)

    def _inherited(
        self,
        base: Value,
        owner: ast.ClassDef,
        ancestor: ast.ClassDef,
        node: ast.Attribute,
        state: State,
    ) -> Value:
        """The same, as far as the module of ``ancestor`` knows the class ``owner``."""
        if ancestor in self.run.names.parent:
            return self._attribute(base, owner, ancestor, node, state)
        with self.run.at_home(ancestor) as is_known:
            if not is_known:
                return unknown(base)
            return self._attribute(base, owner, ancestor, node, state)

    def _attribute(
        self,
        base: Value,
        whole: ast.ClassDef,
        owner: ast.ClassDef,
        node: ast.Attribute,
        state: State,
    ) -> Value:
        path = dotted(node.value) or "<object>"
        found = self.run.names.method(owner, node.attr)
        if (
            found is not None
            and _may_be_another(base)
            and (self.run.names.is_overridden(owner, node.attr))
        ):
            return Unknown(base.polled)
        if found is not None:
            bound = base if isinstance(base, Record | Known) else None
            function = Function(found, path, whole, bound=bound)
            names = {dotted(decorator) for decorator in found.decorator_list}
            if is_property(found):
                value = self.run.frames.call(function, [], Record({}, MISSING, mapping=True), state)
                return unknown(base) if value is None else value
            return Function(found) if "staticmethod" in names else function
        if isinstance(base, Instance) and node.attr in self.run.answered:
            return POLLED  # it may be the same object, under another name
        constant = self._class_constant(base, owner, node.attr)
        switch = isinstance(constant, Known) and isinstance(constant.value, bool | None)
        if constant is not None and not (switch and self.run.loops):
            return constant  # a switch may be turned by somebody else while a loop runs
        if (owner, node.attr) in self.run.names.attributes and not isinstance(base, Record):
            return Unknown()  # set by itself, not computed from the others
        for ancestor in self._imported_bases(owner):
            return self._inherited(base, whole, ancestor, node, state)
        polled = self._expressions.calls.receiver_polled(dotted(node.value), state)
        return Unknown(not isinstance(base, ClassRef) and (polled or base.polled))

    def _imported_bases(self, owner: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """The base classes of a class that stand in other modules of the project."""
        for cls in self.run.names.lineage(owner):
            for base in cls.bases:
                match self._expressions.static(base):
                    case ClassRef(imported) if imported not in self.run.names.parent:
                        yield imported

    def _class_constant(self, base: Value, owner: ast.ClassDef, name: str) -> Value | None:
        stores = [
            binding
            for cls in self.run.names.lineage(owner)
            for binding in self.run.names.attributes.get((cls, name), [])
        ]
        for cls in self.run.names.lineage(owner):
            binding = self.run.names.scopes[cls].only(name)
            if binding is None or binding.value is None:
                continue
            if stores or self.run.names.is_overridden(owner, name):
                return None
            value = self._expressions.static(binding.value)
            if is_mutable(value) and name in self.run.aliases.changed_in_place:
                return unknown(value)
            if _is_enumeration(cls):
                return self._member(cls, name, polled=False)
            if isinstance(binding.node, ast.AnnAssign) and not isinstance(base, ClassRef):
                return likely_default(value)
            return value
        if len(stores) == 1 and stores[0].value is not None and not isinstance(base, Record):
            method = self.run.names.function(stores[0].node)
            if isinstance(method, FUNCTIONS) and method.name == "__init__":
                value = self._expressions.static(stores[0].value)
                if isinstance(value, Record) and value.mutable:
                    return self._expressions.object_outside(value)
                if is_mutable(value) and name in self.run.aliases.changed_in_place:
                    return loosened(value)  # an earlier call of some method may have done it
                return None if self._has_other_names(name, value) else value
        return None

    def _has_other_names(self, name: str, value: Value) -> bool:
        """Whether an attribute's dict or list may be changed under another name."""
        if not is_mutable(value) or (isinstance(value, Record) and not value.mapping):
            return False
        escaping = self.run.aliases.escaping_anywhere
        return not escaping.isdisjoint({f"self.{name}", f"cls.{name}"})


def _may_be_another(base: Value) -> bool:
    """Whether an object may be one of a subclass."""
    return isinstance(base, Instance)


def _is_changed_unseen(names: Names, cls: ast.ClassDef) -> bool:
    """Whether a class says itself what its objects are, or does something without a call."""
    return (
        any(method.name in _TRICKS for method in _special_methods(cls))
        or _acts_unseen(names, cls)
        or any(_is_descriptor(names, statement) for statement in cls.body)
    )


def _special_methods(cls: ast.ClassDef) -> Iterator[FunctionNode]:
    for method in cls.body:
        if isinstance(method, FUNCTIONS) and method.name[:2] == method.name[-2:] == "__":
            yield method


def _acts_unseen(names: Names, cls: ast.ClassDef) -> bool:
    """Whether something is done where Python calls a method that nobody has written a call of."""
    if cls not in names.acting:
        names.acting[cls] = any(
            any(map(_stores, ast.walk(method)))
            or not (method.name in _TELLING or only_looks(method))
            for method in _special_methods(cls)
            if method.name not in _FOLLOWED
        )
    return names.acting[cls]


def _is_descriptor(names: Names, statement: ast.stmt) -> bool:
    """Whether a class attribute is an object that says what reading or setting it does."""
    match statement:
        case ast.Assign(value=ast.Call(func=ast.Name(id=name) as made)):
            binding = names.binding(name, made)
            owner = binding.node if binding is not None else None
            return isinstance(owner, ast.ClassDef) and any(
                names.method(owner, special) for special in ("__get__", "__set__")
            )
    return False


def uses_itself_unseen(names: Names, scope: ast.AST) -> bool:
    """Whether a method's class uses ``self`` where Python calls methods that do something."""
    cls = names.enclosing_class(scope)
    if cls is None or not any(_acts_unseen(names, above) for above in names.lineage(cls)):
        return False
    return any(
        isinstance(names.parent[mention], _OPERATIONS) or _is_asked(names.parent[mention])
        for mention in names.mentions.get("self", [])
        if names.enclosing_class(mention) is cls
    )


def _is_asked(node: ast.AST) -> bool:
    """``next(self)``: a builtin that calls a special method."""
    match node:
        case ast.Call(func=ast.Name()):
            return not _may_do_something(node)
    return False


def only_looks(function: Code) -> bool:
    """Whether running a function plainly changes nothing."""
    return not any(_stores(node) or _may_do_something(node) for node in ast.walk(function))


def _stores(node: ast.AST) -> bool:
    match node:
        case ast.Global() | ast.Nonlocal():
            return True
        case (
            ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del())
        ):
            return True
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in MUTATORS
    return False


def _may_do_something(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return not callees.manner(name, None, imported=False).quick
    return isinstance(node, ast.Call)


def _is_enumeration(cls: ast.ClassDef) -> bool:
    return any((dotted(base) or "").endswith("Enum") for base in cls.bases)


def _value_of(value: Value) -> Value:
    """The value behind a member, if it is a constant; ``auto()`` is none."""
    return value if isinstance(value, Known) else unknown(value)


def _member(owner: ast.ClassDef, name: str, value: Value, *, polled: bool) -> Value:
    bases = [dotted(base) or "" for base in owner.bases]
    is_str_enum = any(base.endswith("StrEnum") for base in bases)
    if is_str_enum and not isinstance(value, Known):
        value = Known(name.lower())
    match value:
        case Known(str() as text) if is_str_enum or "str" in bases:
            return Known(Member(text, owner, name, printed=is_str_enum), polled)
        case _ if "str" in bases:
            return unknown(value)
        case _:
            return Known(Token(owner, name, value), polled)


def _is_data(owner: ast.ClassDef) -> bool:
    """Whether the class's fields say how its objects are made."""
    decorators = [dotted(undecorated(node)) or "" for node in owner.decorator_list]
    bases = [dotted(base) or "" for base in owner.bases]
    return any(name.rpartition(".")[2] in _DATA_DECORATORS for name in decorators) or any(
        name.rpartition(".")[2] in _DATA_BASES for name in bases
    )


def _is_frozen(owner: ast.ClassDef) -> bool:
    for decorator in owner.decorator_list:
        match decorator:
            case ast.Call(keywords=keywords):
                for keyword in keywords:
                    match keyword:
                        case ast.keyword(arg="frozen", value=ast.Constant(value=True)):
                            return True
            case _ if (dotted(decorator) or "").rpartition(".")[2] == "frozen":
                return True
    return any((dotted(base) or "").endswith("NamedTuple") for base in owner.bases)


def likely_default(value: Value) -> Value:
    """A default that callers are expected to keep: a switch that is on, a word, a set of words."""
    match value:
        case Known(bool() as flag):
            return TRUE if flag else UNKNOWN
        case Known(str() | tuple() | frozenset()) | Symbol() | Function() | ClassRef():
            return value
        case _:
            return UNKNOWN
