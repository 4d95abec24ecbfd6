"""Abstract values against the concrete values they stand for.

``stands_for(value, concrete)`` is the whole meaning of a value. What is tested is that
nothing the module computes loses a concrete value that is possible.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bgmode.flow.values import (
    MISSING,
    UNKNOWN,
    Known,
    Missing,
    Record,
    Unknown,
    Value,
    binary,
    collection,
    compare,
    join,
    join_truth,
    merged,
    method,
    negate,
    opened,
    part,
    truth,
    with_part,
)

ABSENT = object()
"""What is found in a dict under a key that is not there."""

NAMES = ("status", "done", "error")


def stands_for(value: Value, concrete: object) -> bool:
    """Whether ``concrete`` is one of the values that ``value`` may be."""
    match value:
        case Known(constant):
            return type(constant) is type(concrete) and constant == concrete
        case Unknown():
            decided = truth(value)
            return decided is None or concrete is ABSENT or bool(concrete) is decided
        case Missing():
            return concrete is ABSENT
        case Record(mapping=mapping):
            if not isinstance(concrete, dict if mapping else SimpleNamespace):
                return False
            entries = concrete if isinstance(concrete, dict) else vars(concrete)
            return all(
                stands_for(part(value, name), entries.get(name, ABSENT))
                for name in {*NAMES, *value.fields, *entries}
            )
        case _:
            return False


texts = st.sampled_from(["", "queued", "completed", "Completed", "ed", "failed "])
scalars = st.one_of(texts, st.booleans(), st.none(), st.integers(-1, 2))
constants = st.one_of(
    scalars,
    st.lists(scalars, max_size=3).map(tuple),
    st.frozensets(scalars, max_size=3),
)
pairs = st.tuples(constants, st.booleans())


@st.composite
def simple(draw: st.DrawFn) -> tuple[Value, Any]:
    """A constant, or something unknown that happens to be it."""
    constant, polled = draw(pairs)
    return draw(st.sampled_from([Known(constant, polled), Unknown(polled)])), constant


@st.composite
def record(draw: st.DrawFn, mapping: bool | None = None) -> tuple[Record, Any]:
    """A record, and an object or a dict for which it stands."""
    if mapping is None:
        mapping = draw(st.booleans())
    entries: dict[str, Any] = {}
    fields: dict[str, Value] = {}
    for name in NAMES:
        value, concrete = draw(simple())
        if draw(st.booleans()):
            entries[name] = concrete
        else:
            value = draw(st.sampled_from([MISSING, UNKNOWN]))
        if draw(st.booleans()):
            fields[name] = value
    complete = all(name in fields for name in entries)
    rest = draw(st.sampled_from([MISSING, UNKNOWN] if complete else [UNKNOWN]))
    polled = draw(st.booleans())
    concrete = entries if mapping else SimpleNamespace(**entries)
    return Record(fields, rest, polled, mapping), concrete


anything = st.one_of(simple(), record())
values = anything.map(lambda both: both[0])
dicts = record(mapping=True)


@given(anything)
def test_the_strategies_draw_values_with_what_they_stand_for(both: tuple[Value, Any]) -> None:
    assert stands_for(*both)


# Joining


@given(values, values, st.booleans())
def test_join_does_not_care_about_order(left: Value, right: Value, blame: bool) -> None:
    assert join(left, right, blame=blame) == join(right, left, blame=blame)


@given(values)
def test_join_with_itself_is_the_same(value: Value) -> None:
    assert join(value, value) == value


@given(anything, values, st.booleans())
def test_join_stands_for_whatever_either_does(
    both: tuple[Value, Any], other: Value, blame: bool
) -> None:
    value, concrete = both
    assert stands_for(join(value, other, blame=blame), concrete)
    assert stands_for(join(other, value, blame=blame), concrete)


def test_one_and_true_are_two_constants() -> None:
    for one, true in ((1, True), ((1,), (True,)), (frozenset([1]), frozenset([True]))):
        assert Known(one) != Known(true)
        both = join(Record({"error": Known(one)}), Record({"error": Known(true)}))
        assert isinstance(part(both, "error"), Unknown)


@given(values, values)
def test_join_of_a_join_with_one_of_its_sides_changes_nothing(left: Value, right: Value) -> None:
    both = join(left, right)
    assert join(both, left) == both or join(join(both, left), left) == join(both, left)


@given(values, values)
def test_join_remembers_that_an_answer_went_in(left: Value, right: Value) -> None:
    assert join(left, right).polled == (left.polled or right.polled)


def test_true_and_one_are_two_values() -> None:
    assert join(Known(True), Known(1)) == UNKNOWN
    assert join(Known(False), Known(0)) == UNKNOWN


@given(st.sampled_from([True, False, None]), st.sampled_from([True, False, None]))
def test_join_truth(left: bool | None, right: bool | None) -> None:
    assert join_truth(left, right) == (left if left is right else None)


# Truth


@given(anything)
def test_truth_is_that_of_python(both: tuple[Value, Any]) -> None:
    value, concrete = both
    assert truth(value) in {None, bool(concrete)}
    assert stands_for(negate(value), not concrete)


# Operators

COMPARISONS: list[tuple[ast.cmpop, Callable[[Any, Any], object]]] = [
    (ast.Eq(), operator.eq),
    (ast.NotEq(), operator.ne),
    (ast.In(), lambda item, container: item in container),
    (ast.NotIn(), lambda item, container: item not in container),
    (ast.Is(), operator.is_),
    (ast.IsNot(), operator.is_not),
    (ast.Lt(), operator.lt),
    (ast.GtE(), operator.ge),
]
OPERATORS: list[tuple[ast.operator, Callable[[Any, Any], object]]] = [
    (ast.Add(), operator.add),
    (ast.Sub(), operator.sub),
    (ast.BitOr(), operator.or_),
    (ast.BitAnd(), operator.and_),
    (ast.Mult(), operator.mul),
]


def fits(value: Value, function: Callable[..., object], *arguments: object) -> bool:
    """Whether ``value`` stands for what Python computes, if it computes anything."""
    try:
        return stands_for(value, function(*arguments))
    except TypeError:
        return True


@given(st.sampled_from(COMPARISONS), anything, anything)
def test_comparisons_are_those_of_python(
    comparison: tuple[ast.cmpop, Callable[[Any, Any], object]],
    left: tuple[Value, Any],
    right: tuple[Value, Any],
) -> None:
    node, function = comparison
    found = compare(node, left[0], right[0])
    assert fits(found, function, left[1], right[1])
    assert found.polled == (left[0].polled or right[0].polled)


@given(texts, st.one_of(texts, st.lists(texts, max_size=3).map(tuple), st.frozensets(texts)))
def test_comparisons_of_constants_are_decided(text: str, other: Any) -> None:
    assert compare(ast.In(), Known(text), Known(other)) == Known(text in other)
    assert compare(ast.NotIn(), Known(text), Known(other)) == Known(text not in other)
    assert compare(ast.Eq(), Known(text), Known(other)) == Known(text == other)


@given(st.integers(), st.integers())
def test_numbers_have_an_order(one: int, other: int) -> None:
    assert compare(ast.Lt(), Known(one), Known(other)) == Known(one < other)
    assert compare(ast.GtE(), Known(one), Known(other)) == Known(one >= other)


def test_the_order_of_other_things_decides_nothing() -> None:
    assert compare(ast.Lt(), Known("a"), Known("b")) == UNKNOWN


@given(st.sampled_from(OPERATORS), anything, anything)
def test_operators_are_those_of_python(
    operation: tuple[ast.operator, Callable[[Any, Any], object]],
    left: tuple[Value, Any],
    right: tuple[Value, Any],
) -> None:
    node, function = operation
    found = binary(node, left[0], right[0])
    assert fits(found, function, left[1], right[1])
    assert found.polled == (left[0].polled or right[0].polled)


def test_numbers_are_never_computed() -> None:
    assert binary(ast.Add(), Known(1), Known(2)) == UNKNOWN


def test_computed_constants_do_not_grow_without_end() -> None:
    assert binary(ast.Add(), Known("a" * 400), Known("b" * 400)) == UNKNOWN


METHODS = [
    "lower",
    "upper",
    "strip",
    "casefold",
    "replace",
    "startswith",
    "endswith",
    "removesuffix",
    "union",
    "difference",
    "intersection",
    "issubset",
    "isdisjoint",
    "split",
    "count",
]


@given(constants, st.sampled_from(METHODS), st.lists(constants, max_size=2))
def test_methods_are_those_of_python(receiver: Any, name: str, arguments: list[Any]) -> None:
    found = method(Known(receiver), name, [Known(argument) for argument in arguments])
    if found is not None:
        assert stands_for(found, getattr(receiver, name)(*arguments))


@given(texts, st.sampled_from(["lower", "strip", "upper", "title"]), st.booleans())
def test_methods_of_known_texts_are_known(text: str, name: str, polled: bool) -> None:
    assert method(Known(text, polled), name, []) == Known(getattr(text, name)(), polled)


def test_methods_of_what_is_unknown_are_unknown() -> None:
    assert method(UNKNOWN, "lower", []) is None
    assert method(Known("a"), "replace", [UNKNOWN, Known("b")]) is None


@given(st.lists(simple(), max_size=4), st.sampled_from([tuple, frozenset]))
def test_collections_are_those_of_python(items: list[tuple[Value, Any]], kind: type) -> None:
    found = collection(kind, [value for value, _ in items])
    assert fits(found, kind, [concrete for _, concrete in items])
    assert found.polled == any(value.polled for value, _ in items)


# Dicts and objects


@given(record(), st.sampled_from(NAMES), simple())
def test_setting_an_entry(both: tuple[Record, Any], name: str, new: tuple[Value, Any]) -> None:
    value, concrete = both
    changed = with_part(value, name, new[0])
    entries = {**(concrete if value.mapping else vars(concrete)), name: new[1]}
    assert stands_for(changed, entries if value.mapping else SimpleNamespace(**entries))


@given(dicts, st.sampled_from(NAMES))
def test_removing_an_entry(both: tuple[Record, dict[str, Any]], name: str) -> None:
    value, concrete = both
    left = {key: entry for key, entry in concrete.items() if key != name}
    assert stands_for(with_part(value, name, MISSING), left)


@given(dicts, dicts)
def test_merging_dicts(
    left: tuple[Record, dict[str, Any]], right: tuple[Record, dict[str, Any]]
) -> None:
    concrete = {**left[1], **right[1]}
    assert stands_for(merged(left[0], right[0]), concrete)
    assert stands_for(binary(ast.BitOr(), left[0], right[0]), concrete)
    assert stands_for(merged(UNKNOWN, right[0]), concrete)
    assert stands_for(merged(left[0], UNKNOWN), concrete)


@given(dicts, constants)
def test_a_dict_that_was_handed_out_may_have_been_filled(
    both: tuple[Record, dict[str, Any]], entry: Any
) -> None:
    value, concrete = both
    assert stands_for(opened(value), {**concrete, "another": entry})
