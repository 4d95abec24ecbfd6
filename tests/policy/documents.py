"""Policies as a language server sees them, and as they are written."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from tests.conftest import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "rules/policy.schema.json").read_text("utf-8"))
VALIDATOR = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)


class Yaml11(yaml.SafeLoader):
    """YAML 1.1, in which ``off`` is false and 1:30 is 90. Dates stay as they are written."""


class Yaml12(yaml.SafeLoader):
    """YAML 1.2, in which only ``true`` and ``false`` are truths."""


for _loader, _left_out in (
    (Yaml11, {"tag:yaml.org,2002:timestamp"}),
    (Yaml12, {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}),
):
    _loader.yaml_implicit_resolvers = {
        first: [each for each in found if each[0] not in _left_out]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false$"), list("tf"))


def seen(text: str, loader: type[yaml.SafeLoader] = Yaml11) -> Any:
    """The document that ``text`` is, with keys that are words, as in JSON."""
    return _with_words(yaml.load(text, Loader=loader))  # noqa: S506


def _with_words(value: Any) -> Any:
    match value:
        case dict():
            return {str(name): _with_words(entry) for name, entry in value.items()}
        case list():
            return [_with_words(entry) for entry in value]
        case _:
            return value


def refused(document: Any) -> str:
    """What the schema has to say about a document; empty where it takes it."""
    error = best_match(VALIDATOR.iter_errors(document))
    return "" if error is None else f"{error.json_path}: {error.message}"


def written(value: Any, place: tuple[str, ...] = ()) -> str:
    """A document as YAML, on one line: words in quotes, nothing as nothing."""
    match value:
        case None:
            return ""
        case True | False:
            is_severity = place[:1] == ("rules",) and not value
            return "off" if is_severity else str(value).lower()
        case str():
            return '"' + "".join(map(_escaped, value)) + '"'
        case dict():
            entries = (
                f"{written(name)}: {written(entry, (*place, name))}"
                for name, entry in value.items()
            )
            return "{" + ", ".join(entries) + "}"
        case list():
            return "[" + ", ".join(written(entry, (*place, "[]")) for entry in value) + "]"
        case _:
            return str(value)


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
