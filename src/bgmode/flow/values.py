"""What can be known of a value: all of it, some of its fields, or nothing.

``polled`` on a value says that the answer of a poll has gone into it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeGuard

Truth: TypeAlias = bool | None
"""True, False, or None where it cannot be said."""

_LARGEST = 512  # elements or characters of a constant that is computed; larger ones are unknown


class Member(str):
    """A member of an enumeration of strings: equal to its value.

    ``printed`` says that it also looks like its value, as a ``StrEnum``'s do.
    """

    __slots__ = ("name", "owner", "printed")
    owner: ast.ClassDef
    name: str
    printed: bool

    def __new__(cls, text: str, owner: ast.ClassDef, name: str, *, printed: bool) -> Member:
        member = super().__new__(cls, text)
        member.owner, member.name, member.printed = owner, name, printed
        return member


class Answered(str):
    """A string just as a poll answered it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Token:
    """A member of an ``Enum`` that is no string: equal to itself and to nothing else."""

    owner: ast.ClassDef
    name: str
    value: Value = field(compare=False)


class Listed(tuple[Any, ...]):
    """What a list holds: unlike a tuple, it may be changed under another name."""

    __slots__ = ()


class Gathered(frozenset[Any]):
    """What a set holds: unlike a frozenset, it may be changed under another name."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A constant: a string, number, boolean, None, or a tuple or frozenset of constants."""

    value: Any
    polled: bool = False

    def __eq__(self, other: object) -> bool:
        """``1`` and ``True`` are equal in Python, and yet two constants."""
        if not isinstance(other, Known):
            return NotImplemented
        return self.polled == other.polled and _is_same(self.value, other.value)


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, tuple):
        return all(map(_is_same, one, other))
    if isinstance(one, frozenset):
        kinds = {(type(item), item) for item in other}
        return all((type(item), item) in kinds for item in one)
    return True


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything at all. ``optional``: it may even be missing."""

    polled: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """No value: the field of a record that is certainly not there."""

    polled: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An object or a dict of which some fields are known; ``rest`` stands for all others.

    ``owner`` is the class of an object whose code is in this project; ``mutable`` says that its
    attributes may be set. ``some``: whether a dict of unknown keys holds any.
    """

    fields: Mapping[str, Value] = field(default_factory=dict)
    rest: Value = Unknown()
    polled: bool = False
    mapping: bool = False
    owner: ast.ClassDef | None = None
    mutable: bool = False
    some: Truth = None


@dataclass(frozen=True, slots=True)
class Many:
    """A list, set or other collection of any length, all of whose items are ``item``.

    ``some``: whether there are any. ``fixed``: it cannot be changed under another name.
    """

    item: Value
    some: Truth = None
    polled: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function whose code is in this project, with the receiver it is bound to.

    ``receiver`` is the path by which the receiver is known, ``bound`` the receiver itself where
    its attributes are known.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    receiver: str | None = None
    owner: ast.ClassDef | None = None
    polled: bool = False
    bound: Value | None = None


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class whose code is in this project."""

    node: ast.ClassDef
    polled: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class whose code is in this project."""

    node: ast.ClassDef
    polled: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A generator of this project: what it gives, and what asking it for the next item does.

    ``ends``: whether it may run dry. ``function`` is the one whose body it runs. ``raises`` are
    the exceptions (ways out, which this module knows nothing of) that leave it.
    """

    item: Value
    ends: bool
    polls: bool = False
    raises: tuple[Any, ...] = ()
    polled: bool = False
    function: Function | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """``functools.partial(...)``: the call that made it."""

    node: ast.Call
    polled: bool = False


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something imported, by its dotted name."""

    name: str
    polled: bool = False


Value: TypeAlias = (
    Known
    | Unknown
    | Missing
    | Record
    | Many
    | Function
    | ClassRef
    | Instance
    | Partial
    | Stream
    | Symbol
)

UNKNOWN = Unknown()
POLLED = Unknown(polled=True)
MISSING = Missing()
NONE = Known(None)
TRUE = Known(True)
FALSE = Known(False)
_POLLED_TRUE = Known(True, True)
_POLLED_FALSE = Known(False, True)


def unknown(*sources: Value) -> Unknown:
    """An unknown value that was computed from ``sources``."""
    for source in sources:
        if source.polled:
            return POLLED
    return UNKNOWN


def decided(answer: Truth, *sources: Value) -> Value:
    """A truth that was computed from ``sources``; unknown if it is None."""
    match unknown(*sources).polled, answer:
        case polled, None:
            return POLLED if polled else UNKNOWN
        case polled, True:
            return _POLLED_TRUE if polled else TRUE
        case polled, _:
            return _POLLED_FALSE if polled else FALSE


def as_polled(value: Value) -> Value:
    """``value``, in which the answer of a poll has gone."""
    match value:
        case Known(constant):
            return Known(constant, True)
        case Unknown():
            return Unknown(True)
        case Many():
            return replace(value, polled=True)
        case _:
            return value


def join(left: Value, right: Value, *, blame: bool = False) -> Value:
    """What is certain of a value that is either ``left`` or ``right``.

    ``blame`` says that a poll's answer decided which of the two it is.
    """
    if left is right:
        return left
    if left == right:
        return left
    match left, right:
        case Record(), Record() if left.mapping == right.mapping and left.owner is right.owner:
            return _join_records(left, right, blame=blame)
    if isinstance(left, Many) or isinstance(right, Many):
        first, second = as_many(left), as_many(right)
        if first is not None and second is not None:
            return _join_many(first, second, blame=blame)
    polled = blame or left.polled or right.polled
    return Unknown(polled, optional=_may_be_missing(left) or _may_be_missing(right))


def _join_records(left: Record, right: Record, *, blame: bool) -> Record:
    names = [*left.fields, *(name for name in right.fields if name not in left.fields)]
    return Record(
        {name: join(part(left, name), part(right, name), blame=blame) for name in names},
        join(left.rest, right.rest, blame=blame),
        left.polled or right.polled or blame,
        left.mapping,
        left.owner,
        left.mutable,
        join_truth(left.some, right.some),
    )


def _join_many(left: Many, right: Many, *, blame: bool) -> Many:
    match left.item, right.item:
        case (Missing(), item) | (item, Missing()):
            pass
        case one, other:
            item = join(one, other, blame=blame)
    return Many(
        item,
        join_truth(left.some, right.some),
        left.polled or right.polled or blame,
        left.fixed and right.fixed,
    )


def as_many(value: Value) -> Many | None:
    """A collection as one of any length; None where it is no collection, or may be none.

    Of an empty collection the item is missing.
    """
    match value:
        case Many():
            return value
        case Known(Listed() | Gathered() | tuple() | frozenset() as constants):
            fixed = not isinstance(constants, Listed | Gathered)
            items = [Known(constant, value.polled) for constant in constants]
            return Many(_joined(items), bool(items), value.polled, fixed)
        case Record(fields, Missing(), mapping=False, owner=None) if all(
            name.isdigit() for name in fields
        ):
            return Many(_joined(fields.values()), bool(fields), value.polled, fixed=True)
        case _:
            return None


def _joined(values: Iterable[Value]) -> Value:
    result: Value | None = None
    for value in values:
        result = value if result is None else join(result, value)
    return MISSING if result is None else result


def many(values: Iterable[Value], *, fixed: bool = False) -> Many:
    """A collection of ``values``."""
    items = list(values)
    polled = any(item.polled for item in items)
    return Many(_joined(items), bool(items), polled, fixed)


def item_of(value: Value) -> Value:
    """What going through ``value`` gives in each turn."""
    if isinstance(value, Stream):
        return value.item
    match as_many(value):
        case Many(Missing()) | None:
            return unknown(value)
        case Many(item):
            return item


def loosened(value: Value) -> Value:
    """``value`` once somebody else may have changed it: of an object, only its class is left."""
    if isinstance(value, Record) and value.owner is not None:
        return Instance(value.owner, value.polled)
    return unknown(value)


def items_loosened(value: Value) -> Value:
    """``value`` once somebody else may have changed the objects in it that this code has made."""
    match value:
        case Record(fields) if fields:
            held = {name: _item_loosened(entry) for name, entry in fields.items()}
            return value if held == fields else replace(value, fields=held)
        case Many(item):
            held_item = _item_loosened(item)
            return value if held_item is item else replace(value, item=held_item)
        case Known(tuple() as items) if any(isinstance(i, Listed | Gathered) for i in items):
            return unknown(value)
        case _:
            return value


def _item_loosened(item: Value) -> Value:
    """What polls answer is made elsewhere; nobody changes that."""
    made_here = not isinstance(item, Record) or isinstance(item.rest, Missing) or item.mutable
    return loosened(item) if is_mutable(item) and made_here else items_loosened(item)


def _may_be_missing(value: Value) -> bool:
    return isinstance(value, Missing) or (isinstance(value, Unknown) and value.optional)


def is_text(value: Value) -> TypeGuard[Known]:
    """Whether a value is a text that is known."""
    return isinstance(value, Known) and isinstance(value.value, str)


def text_of(value: Value) -> str | None:
    """The text that a value is, if it is one."""
    return value.value if is_text(value) else None


def join_truth(left: Truth, right: Truth) -> Truth:
    """What is certain of a truth value that is either ``left`` or ``right``."""
    return left if left is right else None


def either(left: Truth, right: Truth) -> Truth:
    """``left or right`` in three-valued logic."""
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


def truth(value: Value) -> Truth:
    """Whether ``value`` counts as true, or None where that cannot be said."""
    match value:
        case Known(constant):
            return bool(constant)
        case Record(mapping=False) | Function() | ClassRef() | Instance():
            return True
        case Record(fields, rest, some=some):
            if any(not isinstance(entry, Missing | Unknown) for entry in fields.values()):
                return True
            return False if not fields and isinstance(rest, Missing) else some
        case Many(some=some):
            return some
        case _:
            return None


def negate(value: Value) -> Value:
    """``not value``."""
    match truth(value):
        case None:
            return unknown(value)
        case holds:
            return decided(not holds, value)


def part(value: Value, name: str) -> Value:
    """The attribute or entry ``name`` of ``value``; may be :data:`MISSING`."""
    match value:
        case Record(fields, rest):
            return fields.get(name, rest)
        case Symbol(dotted):
            return Symbol(f"{dotted}.{name}")
        case Known(Member(name=own) as member, polled) if name in {"name", "value"}:
            return Known(own if name == "name" else str(member), polled)
        case Known(str()) if name == "value":
            return value  # a member of an enumeration that cannot be seen
        case Known(Token(name=own), polled) if name == "name":
            return Known(own, polled)
        case Known(Token(value=behind), polled) if name == "value":
            return as_polled(behind) if polled else behind
        case _:
            return unknown(value)


def with_part(value: Value, name: str, entry: Value) -> Value:
    """``value`` after its entry ``name`` has been set."""
    if not isinstance(value, Record):
        return unknown(value, entry)
    fields = {**value.fields, name: entry}
    some = None if isinstance(entry, Missing) else value.some
    polled = value.polled or entry.polled
    return Record(fields, value.rest, polled, value.mapping, value.owner, value.mutable, some)


def narrowed(value: Value, *, some: bool) -> Value:
    """``value`` once it has been seen that it is empty, or that it is not."""
    match value:
        case Many(some=None):
            return replace(value, some=some)
        case Record(mapping=True, some=None) if truth(value) is None:
            return replace(value, some=some)
        case _:
            return value


def has_polled(value: Record) -> bool:
    """Whether the answer of a poll has gone into one of the fields."""
    return any(entry.polled for entry in value.fields.values())


def is_mutable(value: Value) -> bool:
    """Whether it can be changed under another name."""
    match value:
        case Known(constant):
            return isinstance(constant, Listed | Gathered)
        case Record(mapping=mapping, mutable=mutable):
            return mapping or mutable
        case Many(fixed=fixed):
            return not fixed
        case _:
            return False


def opened(value: Value) -> Value:
    """``value`` after code that cannot be seen has had it in its hands."""
    match value:
        case Record(rest=rest, mapping=True):
            return replace(value, rest=unknown(rest), some=None)
        case Record(fields, rest, mutable=True):
            loose = {name: unknown(entry) for name, entry in fields.items()}
            return replace(value, fields=loose, rest=unknown(rest))
        case Many(item, fixed=False):
            return Many(unknown(item), None, value.polled)
        case _:
            return value


def merged(left: Value, right: Value) -> Value:
    """``{**left, **right}``."""
    if not isinstance(left, Record) or not isinstance(right, Record):
        known = left if isinstance(left, Record) else right
        if not isinstance(known, Record):
            return Record({}, unknown(left, right), mapping=True)
        fields = {
            # what comes later may replace any entry
            name: unknown(entry) if known is left else entry
            for name, entry in known.fields.items()
            if not isinstance(entry, Missing)
        }
        return Record(fields, unknown(left, right), mapping=True)
    return _merged_records(left, right)


def _merged_records(left: Record, right: Record) -> Record:
    fields = dict(left.fields)
    if not isinstance(right.rest, Missing):
        fields = {name: unknown(entry) for name, entry in fields.items()}
    for name, entry in right.fields.items():
        if not isinstance(entry, Missing):
            fields[name] = entry
    rest = right.rest if isinstance(left.rest, Missing) else unknown(left.rest, right.rest)
    return Record(fields, rest, left.polled or right.polled, mapping=True)


def compare(operator: ast.cmpop, left: Value, right: Value) -> Value:
    """The value of one comparison."""
    return decided(holds(operator, left, right), left, right)


def holds(operator: ast.cmpop, left: Value, right: Value) -> Truth:
    match operator:
        case ast.Eq():
            return _equal(left, right)
        case ast.NotEq():
            answer = _equal(left, right)
            return None if answer is None else not answer
        case ast.In():
            return _contains(right, left)
        case ast.NotIn():
            answer = _contains(right, left)
            return None if answer is None else not answer
        case ast.Is():
            return _identical(left, right)
        case ast.IsNot():
            answer = _identical(left, right)
            return None if answer is None else not answer
        case _:
            return _ordered(operator, left, right)


def _ordered(operator: ast.cmpop, left: Value, right: Value) -> Truth:
    """The order of two numbers. Sums are not computed, so counters decide nothing."""
    match left, right:
        case Known(int() | float() as one), Known(int() | float() as other):
            match operator:
                case ast.Lt():
                    return one < other
                case ast.LtE():
                    return one <= other
                case ast.Gt():
                    return one > other
                case ast.GtE():
                    return one >= other
    return None


def _equal(left: Value, right: Value) -> Truth:
    match left, right:
        case Known(one), Known(other):
            return bool(one == other)
        case (Record() | Many(), Known(None)) | (Known(None), Record() | Many()):
            return False
        case (Record(mapping=True), Known()) | (Known(), Record(mapping=True)):
            return False
        case _:
            return None


def _identical(left: Value, right: Value) -> Truth:
    match left, right:
        case Known(one), Known(other) if one is None or other is None:
            return one is other
        case Known(bool() as one), Known(bool() as other):
            return one is other
        case Known(Token() as one), Known(Token() as other):
            return one == other
        case (Known(None), Record() | Many() | Function() | ClassRef() | Instance()) | (
            Record() | Many() | Function() | ClassRef() | Instance(),
            Known(None),
        ):
            return False
        case _:
            return None


def _contains(container: Value, item: Value) -> Truth:
    match container, item:
        case Known(tuple() | frozenset() as constants), Known(wanted):
            return wanted in constants
        case Known(str() as text), Known(str() as wanted):
            return wanted in text
        case Record(mapping=True), Known(str() as name):
            match part(container, name):
                case Missing():
                    return False
                case Unknown():
                    return None
                case _:
                    return True
        case _:
            return None


def _is_deep(constant: object) -> bool:
    """Whether a constant holds collections of collections."""
    if not isinstance(constant, tuple | frozenset):
        return False
    return any(isinstance(item, tuple | frozenset) for item in constant)


def text(pieces: Iterable[str]) -> str | None:
    """The pieces put together; None where that gets too long."""
    whole = "".join(pieces)
    return whole if len(whole) <= _LARGEST else None


def is_nested(value: Value, levels: int = 3) -> bool:
    """Whether ``value`` holds records of records, more than a few levels deep."""
    match value:
        case Known(tuple() | frozenset() as items):
            return any(_is_deep(item) for item in items)
        case Record(fields):
            return levels == 0 or any(is_nested(inner, levels - 1) for inner in fields.values())
        case Many(item):
            return levels == 0 or is_nested(item, levels - 1)
        case _:
            return False


def binary(operator: ast.operator, left: Value, right: Value) -> Value:
    """The value of ``left operator right``; numbers are never computed."""
    result: object = None
    match operator, left, right:
        case ast.Add(), Known(str() as one), Known(str() as other):
            result = one + other
        case ast.Add(), Known(tuple() as first), Known(tuple() as second):
            result = first + second
        case ast.Add(), Known(tuple() | frozenset() as first), Known(
            tuple() | frozenset() as second
        ):
            result = frozenset(first) | frozenset(second)  # lists of which the order is lost
        case ast.BitOr(), Known(frozenset() as first), Known(frozenset() as second):
            result = first | second
        case ast.Sub(), Known(frozenset() as first), Known(frozenset() as second):
            result = first - second
        case ast.BitAnd(), Known(frozenset() as first), Known(frozenset() as second):
            result = first & second
        case ast.BitOr(), Record(mapping=True), Record(mapping=True):
            return merged(left, right)
    if isinstance(result, str | tuple | frozenset) and len(result) <= _LARGEST:
        return Known(result, left.polled or right.polled)
    if isinstance(left, Many) or isinstance(right, Many):
        return _combined(operator, left, right)
    return unknown(left, right)


def _combined(operator: ast.operator, left: Value, right: Value) -> Value:
    """Two collections put together, or one without what is in the other."""
    one, other = as_many(left), as_many(right)
    if one is None or other is None:
        return unknown(left, right)
    polled = one.polled or other.polled
    match operator:
        case ast.Add() | ast.BitOr():
            both = _join_many(one, other, blame=False)
            return Many(both.item, either(one.some, other.some), polled)
        case ast.Sub() if other.some is False:
            return one
        case ast.Sub() | ast.BitAnd():
            return Many(one.item, False if one.some is False else None, polled)
        case _:
            return unknown(left, right)


def collection(kind: type, items: Iterable[Value]) -> Value:
    """A collection of ``items``; ``kind`` is tuple, frozenset, Listed or Gathered."""
    values = list(items)
    if not all(isinstance(item, Known) for item in values) or len(values) > _LARGEST:
        return unknown(*values)
    constants = [item.value for item in values if isinstance(item, Known)]
    polled = any(item.polled for item in values)
    if any(_is_deep(constant) for constant in constants):
        return unknown(*values)
    try:
        return Known(kind(constants), polled)
    except TypeError:
        return unknown(*values)


_TEXT_METHODS = frozenset(
    [
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "casefold",
        "title",
        "capitalize",
        "swapcase",
        "replace",
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
    ]
)
_KEEPS_SPELLING = frozenset({"lower", "casefold", "strip", "lstrip", "rstrip"})
_SET_METHODS = frozenset(
    ["union", "intersection", "difference", "issubset", "issuperset", "isdisjoint"]
)


def method(receiver: Value, name: str, arguments: list[Value]) -> Value | None:
    """What a method of a constant gives, or None where this cannot be said."""
    if not isinstance(receiver, Known):
        return None
    if not all(isinstance(argument, Known) for argument in arguments):
        return None
    constants = [argument.value for argument in arguments if isinstance(argument, Known)]
    polled = receiver.polled or any(argument.polled for argument in arguments)
    match receiver.value:
        case str() if name in _TEXT_METHODS:
            pass
        case frozenset() if name in _SET_METHODS:
            pass
        case _:
            return None
    if any(isinstance(word, str) and len(word) > _LARGEST for word in (receiver.value, *constants)):
        return None
    try:
        result = getattr(receiver.value, name)(*constants)
    except (TypeError, ValueError):
        return None
    if isinstance(result, str) and len(result) > _LARGEST:
        return None
    if isinstance(receiver.value, Answered) and name in _KEEPS_SPELLING:
        result = Answered(result)
    return Known(result, polled)
