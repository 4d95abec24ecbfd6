"""How a policy file is found and read. The nearest one above a file applies to it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from bgmode.knowledge import PRESETS, rules_file
from bgmode.policy.find import PROJECT_FILE, find_policy, root_of, why_unnamed
from bgmode.policy.layers import Layer, combined
from bgmode.policy.policy import Policy
from bgmode.policy.problem import PolicyError, Problem

if TYPE_CHECKING:
    from bgmode.policy.reader import Reader

ReadFile: TypeAlias = Callable[[str], "bytes | None"]

_ENDINGS = (".yaml", ".yml")
_LARGEST = 1_000_000  # bytes
_MOST_NODES = 100_000  # of all files of a policy, each alias counted as what it stands for
_DEEPEST = 50  # levels in each other
_MOST_PROBLEMS = 100  # that are told
_MOST_FILES = 32  # that one policy may extend


@cache
def default_policy() -> Policy:
    """The policy where there is none: everything but the rules on job types."""
    return combined([], None, _preset)[0]


def load_policy(path: str, read: ReadFile | None = None) -> Policy:
    """Read the policy in the file ``path``. Raises :class:`PolicyError`.

    ``read`` gives the bytes of a file, None where there is none; by default from the disk.
    """
    if os.path.basename(path) == PROJECT_FILE:
        problem = Problem(_shown(path), 1, 1, "tool.bgmode", why_unnamed(path))
        raise PolicyError([problem])
    files = _Files(read)
    policy = _policy(files, files.layers(_shown(path)), _shown(path))
    return replace(policy, root=root_of(path))


def parse_policy(text: str, path: str) -> Policy:
    """Read a policy's text; ``path`` is shown in messages. Raises :class:`PolicyError`."""
    files = _Files()
    return _policy(files, files.parsed(text, path), path)


def _policy(files: _Files, layers: list[Layer], path: str) -> Policy:
    policy, problems = combined(layers, path, _preset)
    found = sorted({*problems, *files.problems}, key=lambda p: p.order)
    more = len(found) - _MOST_PROBLEMS
    if more > 0:
        found = [*found[:_MOST_PROBLEMS], Problem(path, 1, 1, "", f"and {more} problems more")]
    if found:
        raise PolicyError(found)
    return policy


@cache
def _preset(name: str) -> Layer:
    if name not in PRESETS:
        raise KeyError(name)
    with open(rules_file(f"presets/{name}.yaml"), encoding="utf-8") as file:
        return _Files().parsed(file.read(), f"preset {name}")[0]


class _Files:
    """The files of one policy, each read once, and everything that is wrong with them."""

    def __init__(self, read: ReadFile | None = None) -> None:
        self.problems: list[Problem] = []
        self._given = read
        self._nodes = 0
        self._reading: list[str] = []
        self._read: set[str] = set()

    def layers(self, path: str) -> list[Layer]:
        """A file and those it extends, the farthest first. Raises :class:`PolicyError`."""
        real = os.path.realpath(path)
        if real in self._read:
            return []
        self._read.add(real)
        self._reading.append(real)
        try:
            return self.parsed(_text(path, self._given), path)
        finally:
            self._reading.pop()

    def parsed(self, text: str, path: str) -> list[Layer]:
        """The same for a text. Raises :class:`PolicyError` where it is no YAML."""
        layer = self._layer(text, path)
        found: list[Layer] = []
        for position, target in enumerate(layer.values.get("extends", ())):
            key = f"extends[{position}]" if "extends[0]" in layer.places else "extends"
            try:
                extended = _target(target, path)
                self._check(extended, target)
                found += self.layers(extended)
            except CannotExtend as error:
                self.problems.append(layer.problem(key, str(error)))
            except PolicyError as error:
                self.problems += error.problems
        return [*found, layer]

    def _layer(self, text: str, path: str) -> Layer:
        from bgmode.policy.reader import Reader
        from bgmode.policy.schema import read_layer

        root = composed(text, path)
        if root is None:
            return Layer(path, {})
        reader = Reader(path)
        self._nodes += _size(root, reader)
        if self._nodes > _MOST_NODES:
            message = f"more than {_MOST_NODES} values, aliases counted"
            raise PolicyError([Problem(path, 1, 1, "", message)])
        layer = read_layer(reader, root)
        self.problems += reader.problems
        return layer

    def _check(self, path: str, target: str) -> None:
        if os.path.realpath(path) in self._reading:
            raise CannotExtend(f"`{target}` leads back to this file")
        if self._given is None and not os.path.isfile(path):
            raise CannotExtend(f"there is no file {path}")
        if len(self._read) >= _MOST_FILES or self._nodes > _MOST_NODES:
            raise CannotExtend(f"more than {_MOST_FILES} files or {_MOST_NODES} values")


class CannotExtend(Exception):
    """Why an entry of ``extends`` leads nowhere."""


def _target(target: str, path: str) -> str:
    """The file that an entry of ``extends`` means: beside this one, or in a package.

    A package is looked for, and never imported. Raises :class:`CannotExtend`.
    """
    package, colon, inner = target.partition(":")
    if inner.startswith("//"):
        raise CannotExtend(f"`{target}` is an address, and nothing is ever fetched")
    if not target.isprintable():
        raise CannotExtend("this is no file name")
    if not colon and target.endswith(_ENDINGS):
        return os.path.normpath(os.path.join(os.path.dirname(path), target))
    if not package.isidentifier():
        raise CannotExtend(f"`{target}` is neither a YAML file nor a package")
    inner = inner or "bgmode.yaml"
    if os.path.isabs(inner) or ".." in inner.split("/") or not inner.endswith(_ENDINGS):
        raise CannotExtend(f"`{inner}` is no YAML file of the package `{package}`")
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise CannotExtend(f"there is no package `{package}` in bgmode's environment")
    return os.path.join(next(iter(found.submodule_search_locations)), inner)


def _shown(path: str) -> str:
    is_below = os.path.abspath(path).startswith(os.getcwd() + os.sep)
    return os.path.relpath(path) if os.path.isabs(path) and is_below else path


def _text(path: str, read: ReadFile | None) -> str:
    data = (read or _bytes)(path)
    if data is None:
        raise PolicyError([Problem(path, 1, 1, "", "there is no such file")])
    if len(data) > _LARGEST:
        raise PolicyError([Problem(path, 1, 1, "", f"larger than {_LARGEST} bytes")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError([Problem(path, line, 1, "", "this is not UTF-8 text")]) from None


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST + 1)
    except OSError as error:
        raise PolicyError([Problem(path, 1, 1, "", error.strerror or str(error))]) from None


def composed(text: str, path: str) -> Any:
    """The YAML node of a text, None where there is none. Raises :class:`PolicyError`."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _look_ahead(text, path, loader)
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        lines = text.rstrip("\n").split("\n")
        if line > len(lines):  # behind the end
            line, column = len(lines), len(lines[-1]) + 1
        message = ", ".join(part for part in (error.context, error.problem) if part)
        raise PolicyError([Problem(path, line, column, "", message or str(error))]) from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        message = f"the character U+{int(error.character):04X} does not belong here"
        raise PolicyError([Problem(path, line, 1, "", message)]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PolicyError([Problem(path, 1, 1, "", str(error).partition("\n")[0])]) from None
    is_empty = isinstance(root, yaml.ScalarNode) and root.value == "" and not root.style
    return None if is_empty else root


def _look_ahead(text: str, path: str, loader: Any) -> None:
    """Refuse what is nested so deeply that composing it would not end well."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise PolicyError([Problem(path, line, 1, "", "nested too deeply")])


_KNOWN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in "str int float bool null timestamp map seq merge value".split()
)


def _size(root: Any, reader: Reader) -> int:
    """How many nodes there are, counting what an alias stands for each time; with an end."""
    waiting, count = [root], 0
    while waiting and count <= _MOST_NODES:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += node
            continue
        count += 1
        if node.tag not in _KNOWN_TAGS:
            reader.problem(node, "", f"the tag `{node.tag}` is not understood")
        if not isinstance(node.value, str):
            waiting += node.value
    return count


class Policies:
    """The policies of a run: one that is named, or the nearest one above each file."""

    def __init__(self, named: str | None = None) -> None:
        self._named = load_policy(named) if named is not None else None
        self._by_folder: dict[str, Policy] = {}
        self._by_path: dict[str, Policy | PolicyError] = {}

    def of(self, path: str) -> Policy:
        """The policy that applies to a file. Raises :class:`PolicyError`."""
        if self._named is not None:
            return self._named
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in self._by_folder:
            found = find_policy(folder)
            self._by_folder[folder] = default_policy() if found is None else self.load(found)
        return self._by_folder[folder]

    def loaded(self) -> list[Policy]:
        """The policies that were read and are right."""
        known = [self._named, *self._by_path.values()]
        return [policy for policy in known if isinstance(policy, Policy)]

    def load(self, path: str) -> Policy:
        """The policy in a file, which is read once. Raises :class:`PolicyError`."""
        path = os.path.abspath(path)
        if path not in self._by_path:
            try:
                self._by_path[path] = load_policy(path)
            except PolicyError as error:
                self._by_path[path] = error
        known = self._by_path[path]
        if isinstance(known, PolicyError):
            raise known
        return known
