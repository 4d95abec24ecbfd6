"""``rules/policy.schema.json`` says what the reader of the policy file says."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from bgmode.knowledge import DEFAULT_VOCABULARY, RULES, UNWAIVABLE
from bgmode.policy import schema as tables
from bgmode.policy.load import parse_policy
from bgmode.policy.policy import Idempotency, JobType, Poll, Zdr
from bgmode.policy.problem import PolicyError
from tests.conftest import ROOT
from tests.policy.documents import SCHEMA, VALIDATOR, Yaml11, Yaml12, refused, seen, written

LOADERS = pytest.mark.parametrize("loader", [Yaml11, Yaml12])
ONE_FILE_CANNOT_TELL = re.compile(
    "|".join(
        [
            r"is none of the job_types",  # a name that another key, or another file, explains
            r"^min \(.* is more than max \(",
            r"is here twice, by code and by name$",
            r"^there is no (file|package) ",  # extends
        ]
    ),
    re.DOTALL,
)
"""What the reader refuses and a schema cannot see."""


def told(text: str) -> list[str]:
    """What the reader has to say that a schema can see as well."""
    try:
        parse_policy(text, "bgmode.yaml")
    except PolicyError as error:
        return [str(each) for each in error.problems if not _needs_more(each.message, text)]
    return []


def _needs_more(message: str, text: str) -> bool:
    if message == "the key `background` is missing" and "extends" in (seen(text) or {}):
        return True  # the file that is extended may have it
    return ONE_FILE_CANNOT_TELL.search(message) is not None


# The same keys, choices and defaults


def target(node: dict[str, Any]) -> dict[str, Any]:
    """What stands at a key: references followed, but for the key's own words."""
    for one in [node, *node.get("allOf", ())]:
        if "$ref" in one:
            return target(SCHEMA["definitions"][one["$ref"].rpartition("/")[2]])
    return node


def below(node: dict[str, Any], *path: str) -> dict[str, Any]:
    """The schema of a key; ``*`` is any name and ``[]`` an item of a list."""
    for step in path:
        node = target(node)
        if step in ("*", "[]"):
            node = node["additionalProperties" if step == "*" else "items"]
        else:
            node = node["properties"][step]
    return node


TABLES: dict[tuple[str, ...], Any] = {
    (): tables.TOP,
    ("suppressions",): tables.SUPPRESSIONS,
    ("annotations",): tables.ANNOTATIONS,
    ("wrappers", "*"): tables.WRAPPER,
    ("wrappers", "*", "parameters"): tables.PARAMETERS,
    ("idempotency",): tables.IDEMPOTENCY,
    ("poll",): tables.POLL,
    ("poll", "interval"): tables.INTERVAL,
    ("zdr",): tables.ZDR,
    ("job_types", "*"): tables.JOB_TYPE,
    ("approvals", "[]"): tables.APPROVAL,
    ("waivers", "[]"): tables.WAIVER,
}


@pytest.mark.parametrize("path", TABLES, ids=".".join)
def test_the_keys_are_the_reader_s(path: tuple[str, ...]) -> None:
    node = target(below(SCHEMA, *path))
    assert list(node["properties"]) == list(TABLES[path])
    assert node["additionalProperties"] is False


def keys(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of the schema, with its path."""
    node = target(node)
    steps = dict(node.get("properties", {}))
    if node.get("additionalProperties"):
        steps["*"] = node["additionalProperties"]
    if "items" in node:
        steps["[]"] = node["items"]
    for step, entry in steps.items():
        yield (*path, step), entry
        yield from keys(entry, (*path, step))


KEYS = dict(keys(SCHEMA))
"""Every key of a policy, ``rules`` by rules."""


def placed(path: tuple[str, ...], value: Any) -> Any:
    """A document that has ``value`` at ``path``, and nothing else."""
    for step in reversed(path):
        value = [value] if step == "[]" else {"a" if step == "*" else step: value}
    return value


def choices(node: dict[str, Any]) -> set[str]:
    """The words of a key that takes a few."""
    node = target(node)
    found = {word for word in node.get("enum", ()) if isinstance(word, str)}
    return found.union(*(choices(each) for each in node.get("anyOf", ())))


CHOICES = {
    path: words
    for path, node in KEYS.items()
    if (words := choices(node)) and path[0] != "lock" and path[:3] != ("waivers", "[]", "rules")
}


@pytest.mark.parametrize("path", CHOICES, ids=".".join)
def test_the_choices_are_the_reader_s(path: tuple[str, ...]) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(written(placed(path, "zzz")), "p")
    (words,) = re.findall(r"`zzz` is none of ([^`]*)$", str(caught.value), re.MULTILINE)
    assert set(words.split(", ")) == CHOICES[path]


def test_every_rule_is_there_by_code_and_name() -> None:
    entries = SCHEMA["properties"]["rules"]["properties"]
    assert {name: entry["description"] for name, entry in entries.items()} == {
        word: rule.summary for rule in RULES.values() for word in (rule.code, rule.name)
    }
    waivable = [rule for rule in RULES.values() if rule.code not in UNWAIVABLE]
    assert set(SCHEMA["definitions"]["rule"]["enum"]) == {
        word for rule in waivable for word in (rule.code, rule.name)
    }


def default(*path: str) -> Any:
    return below(SCHEMA, *path)["default"]


@pytest.mark.parametrize(
    ("section", "held"),
    [("idempotency", Idempotency()), ("zdr", Zdr()), ("annotations", DEFAULT_VOCABULARY)],
)
def test_the_defaults_of_a_section_are_the_reader_s(section: str, held: Any) -> None:
    fields = {name: default(section, name) for name in target(below(SCHEMA, section))["properties"]}
    assert fields == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(held).items()
    }


def test_the_other_defaults_are_the_reader_s() -> None:
    policy = parse_policy("", "p")
    assert default("preset") == policy.preset
    assert (default("undecided") == "report") is policy.report_undecided
    for name in ("exclude", "approvals", "waivers"):
        assert default(name) == list(getattr(policy, name)) == []
    interval = {name: default("poll", "interval", name) for name in ("min", "max")}
    poll = parse_policy(written({"poll": {"interval": interval}}), "p").poll
    assert (poll.min_interval, poll.max_interval) == (Poll().shortest, Poll().longest)
    given_ = {
        field.name: field.default
        for field in dataclasses.fields(JobType)
        if field.name in tables.JOB_TYPE and field.default not in (None, dataclasses.MISSING)
    }
    properties = target(below(SCHEMA, "job_types", "*"))["properties"]
    assert given_ == {
        name: each["default"] for name, each in properties.items() if "default" in each
    }


# The schema itself


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"].endswith("/bgmode/bgmode/blob/main/rules/policy.schema.json")


@pytest.mark.parametrize(
    "path", [path for path in KEYS if path[-1] not in ("*", "[]")], ids=".".join
)
def test_every_key_is_described(path: tuple[str, ...]) -> None:
    node = KEYS[path]
    assert (node if "description" in node else target(node))["description"].strip()


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_what_is_shown_as_an_example_or_a_default_is_right(path: tuple[str, ...]) -> None:
    node = KEYS[path]
    validator = VALIDATOR.evolve(schema=node)
    for shown in [*node.get("examples", ()), *([node["default"]] if "default" in node else [])]:
        assert not list(validator.iter_errors(shown))
        entry = placed(path, shown)
        missing = "is missing|must name|need clients"
        assert [each for each in told(written(entry)) if not re.search(missing, each)] == []


def test_the_schema_is_shipped() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (files,) = re.findall(r'^"bgmode.rules" = \[(.*)\]$', text, re.MULTILINE)
    assert '"*.json"' in files


# What is written in this repository

FILES = [ROOT / "rules/policy.example.yaml", *sorted((ROOT / "rules/presets").glob("*.yaml"))]
PAGES = [ROOT / "README.md", *sorted((ROOT / "rules").glob("*.md"))]


@LOADERS
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_that_are_shipped_are_taken(file: Any, loader: Any) -> None:
    assert refused(seen(file.read_text("utf-8"), loader)) == ""


@LOADERS
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_policies_in_documents_are_taken(page: Any, loader: Any) -> None:
    text = page.read_text("utf-8")
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        document = seen(block, loader)
        is_policy = isinstance(document, dict) and set(document) & set(tables.TOP)
        assert is_policy or page.name == "README.md"
        if is_policy:
            assert refused(document) == ""


# Any document


def values(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a part of the schema takes."""
    if "allOf" in node or "$ref" in node:
        return st.deferred(lambda: values(target(node)))
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if "const" in node:
        return st.just(node["const"])
    if "anyOf" in node and "type" not in node:
        return st.one_of(*map(values, node["anyOf"]))
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    return st.one_of(*(OF_A_TYPE[name](node) for name in types))


NAMES = st.sampled_from(["a", "b.c", "d/**", "é 1"])


def _words(node: dict[str, Any]) -> st.SearchStrategy[str]:
    pattern = node["pattern"]
    if pattern.endswith(r"\S"):
        return st.sampled_from(["x", "off", "5", "2027-01-31", "@a b", 'é"\\', "a/**/*.py"])
    if "format" in node:
        return st.dates().map(datetime.date.isoformat)
    ascii_only = st.characters(codec="ascii", exclude_categories=["C"])
    return st.from_regex(pattern, alphabet=ascii_only).filter(str.isprintable)


def _numbers(node: dict[str, Any]) -> st.SearchStrategy[float]:
    some = st.sampled_from([0, 1, 45, 0.5, 12.25, 999999999])
    return some.filter(lambda number: number > node.get("exclusiveMinimum", -1))


def _mapping(node: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    entries: dict[str, Any] = node.get("properties", {})
    if not entries:
        entry = values(node["additionalProperties"]).filter(lambda it: it is not None)
        return st.dictionaries(NAMES, entry, max_size=2)
    known = list(entries)
    needed = set(node.get("required", ())) | ({"background"} & {*known} - {"implied"})

    @st.composite
    def draw(draw: Callable[..., Any]) -> dict[str, Any]:
        wanted = {*draw(st.lists(st.sampled_from(known), max_size=4)), *needed}
        firm = set(needed)
        if "anyOf" in node:
            firm |= set(draw(st.sampled_from(node["anyOf"]))["required"])
        if "operations" in wanted:
            firm.add("clients")
        found = {}
        for name in sorted(wanted | firm, key=known.index):
            entry = values(entries[name])
            found[name] = draw(entry.filter(lambda it: it is not None) if name in firm else entry)
        return found

    return draw()


OF_A_TYPE: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "null": lambda _: st.none(),
    "string": _words,
    "number": _numbers,
    "boolean": lambda _: st.booleans(),
    "array": lambda node: st.lists(
        values(node["items"]), min_size=node.get("minItems", 0), max_size=3
    ),
    "object": _mapping,
}
DOCUMENTS = values(SCHEMA).filter(lambda document: document is not None)
OFTEN = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@OFTEN
@given(DOCUMENTS)
def test_what_the_schema_takes_the_reader_takes(document: dict[str, Any]) -> None:
    text = written(document)
    assert seen(text, Yaml12) == _without_off(document)
    for loader in (Yaml11, Yaml12):
        assert refused(seen(text, loader)) == ""
    assert told(text) == []


def _without_off(document: dict[str, Any]) -> dict[str, Any]:
    rules = document.get("rules")
    if not rules:
        return document
    return {**document, "rules": {k: "off" if v is False else v for k, v in rules.items()}}


EVERYTHING: dict[str, Any] = {
    "lock": ["rules.BGM101", "job_types"],
    "preset": "strict",
    "rules": {"BGM303": "error", "missing-idempotency-key": False},
    "exclude": ["old/**"],
    "undecided": "ignore",
    "suppressions": {"require": ["reason"]},
    "annotations": {"metadata_key": "kind"},
    "wrappers": {
        "gate": {
            "functions": [{"name": "acme.submit", "kind": "create"}],
            "clients": [{"class": "acme.Gate", "async": True}],
            "operations": [{"path": "jobs.submit", "kind": "poll"}],
            "parameters": {"background": "later"},
            "implied": {"store": True},
        }
    },
    "idempotency": {"metadata_keys": ["job"], "decorators": ["once"], "key_names": ["ticket"]},
    "poll": {"interval": {"min": "1s", "max": 60}, "max_wait": "30m"},
    "zdr": {"modules": ["acme.health"], "projects": ["proj_1"], "organizations": ["org_1"]},
    "job_types": {"report": {"background": "review", "require": True, "max_wait": 5}},
    "paths": {"reports/**": "report"},
    "approvals": [{"job_type": "report", "by": "a", "reason": "b", "until": "2027-01-31"}],
    "waivers": [{"rules": ["BGM303"], "paths": "x", "symbol": "y", "until": "2027-01-31"}],
    "kill_switches": ["acme.flags.background"],
}
OTHERS: list[Any] = [
    "zzz", "", " ", "off", "true", "report", "reason", "5m", "0s", "2027-02-31", 0, 5, -1, 0.5,
    True, False, None, [], ["zzz"], [5], [[]], [{}], {}, {"zzz": "zzz"}, {"a": []},
]  # fmt: skip


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything that stands in a document."""
    if path:
        yield path
    entries: Iterable[tuple[Any, Any]] = document.items() if isinstance(document, dict) else ()
    if isinstance(document, list):
        entries = enumerate(document)
    for name, value in entries:
        yield from places(value, (*path, name))


def changed(document: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """A copy of ``document`` in which ``change`` was made to what holds ``path``."""
    copied = holder = copy.deepcopy(document)
    for step in path[:-1]:
        holder = holder[step]
    change(holder, path[-1])
    return copied


def _misspelt(holder: Any, name: Any) -> None:
    if isinstance(holder, dict):
        holder[name + "x"] = holder.pop(name)


def _left_out(holder: Any, name: Any) -> None:
    del holder[name]


def _with_more(holder: Any, name: Any) -> None:
    if isinstance(holder[name], dict):
        holder[name]["zzz"] = "zzz"
    elif isinstance(holder[name], list):
        holder[name].append("zzz")


def _as(value: Any) -> Callable[[Any, Any], None]:
    def change(holder: Any, name: Any) -> None:
        if value is not None or isinstance(holder, dict):  # YAML has no empty item of a list
            holder[name] = value

    return change


CHANGES = [_misspelt, _left_out, _with_more, *map(_as, OTHERS)]


def agreed(document: Any) -> None:
    """The reader and the schema say the same about a document."""
    text = written(document)
    by_reader = told(text)
    for loader in (Yaml11, Yaml12):
        by_schema = refused(seen(text, loader))
        assert bool(by_reader) is bool(by_schema), (text, by_reader, by_schema)


@pytest.mark.parametrize("section", [*EVERYTHING, "extends"])
def test_every_change_is_refused_by_both_or_by_none(section: str) -> None:
    document = {section: EVERYTHING.get(section, ["a.yaml", "bgmode_none"])}
    if section in ("paths", "approvals"):
        document["job_types"] = EVERYTHING["job_types"]
    if section == "extends":
        document["job_types"] = {"report": {"reason": "x"}, "draft": None}
    agreed(document)
    for path in places(document):
        for change in CHANGES:
            agreed(changed(document, path, change))


@OFTEN
@given(DOCUMENTS.filter(bool), st.data())
def test_any_change_is_refused_by_both_or_by_none(document: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(places(document))))
    agreed(changed(document, path, data.draw(st.sampled_from(CHANGES))))
