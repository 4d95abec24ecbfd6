"""How a policy file is found and read. The nearest one above a file applies to it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from bgmode.knowledge import PRESETS, rules_file
from bgmode.policy.find import PROJECT_FILE, find_policy
from bgmode.policy.layers import Layer, combined, named_preset
from bgmode.policy.policy import Policy
from bgmode.policy.problem import PolicyError, Problem

ReadFile: TypeAlias = Callable[[str], "bytes | None"]

_LARGEST = 1_000_000  # bytes
_MOST_NODES = 100_000  # of one file, each alias counted as what it stands for
_MOST_FILES = 32  # that one policy may extend


@cache
def default_policy() -> Policy:
    """The policy where there is none: everything but the rules on job types."""
    return combined(_preset("standard"), [], None)[0]


def load_policy(path: str, read: ReadFile | None = None) -> Policy:
    """Read the policy in the file ``path``. Raises :class:`PolicyError`.

    ``read`` gives the bytes of a file, None where there is none; by default from the disk.
    """
    if os.path.basename(path) == PROJECT_FILE:
        message = "`policy` in [tool.bgmode] must name a policy file"
        raise PolicyError([Problem(_shown(path), 1, 1, "tool.bgmode.policy", message)])
    files = _Files(read)
    return _policy(files, files.layers(_shown(path)), _shown(path))


def parse_policy(text: str, path: str) -> Policy:
    """Read a policy's text; ``path`` is shown in messages. Raises :class:`PolicyError`."""
    files = _Files()
    return _policy(files, files.parsed(text, path), path)


def _policy(files: _Files, layers: list[Layer], path: str) -> Policy:
    policy, problems = combined(_preset(named_preset(layers)), layers, path)
    problems += files.problems
    if problems:
        raise PolicyError(sorted(set(problems), key=lambda p: (p.path, p.line, p.column)))
    return policy


@cache
def _preset(name: str) -> Layer:
    if name not in PRESETS:
        raise KeyError(name)
    with open(rules_file(f"presets/{name}.yaml"), encoding="utf-8") as file:
        return _layer(file.read(), f"preset {name}", [])


class _Files:
    """The files of one policy, each read once, and everything that is wrong with them."""

    def __init__(self, read: ReadFile | None = None) -> None:
        self.problems: list[Problem] = []
        self._given = read
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
        layer = _layer(text, path, self.problems)
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

    def _check(self, path: str, target: str) -> None:
        if os.path.realpath(path) in self._reading:
            raise CannotExtend(f"`{target}` leads back to this file")
        if self._given is None and not os.path.isfile(path):
            raise CannotExtend(f"there is no file {path}")
        if len(self._read) >= _MOST_FILES:
            raise CannotExtend(f"more than {_MOST_FILES} files")


class CannotExtend(Exception):
    """Why an entry of ``extends`` leads nowhere."""


def _target(target: str, path: str) -> str:
    """The file that an entry of ``extends`` means: beside this one, or in a package.

    A package is looked for, and never imported. Raises :class:`CannotExtend`.
    """
    package, colon, inner = target.partition(":")
    if not colon and (target.endswith((".yaml", ".yml")) or os.sep in target or "/" in target):
        return os.path.normpath(os.path.join(os.path.dirname(path), target))
    if not package.isidentifier():
        raise CannotExtend(f"`{target}` is neither a YAML file nor a package")
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise CannotExtend(f"there is no package `{package}` in bgmode's environment")
    return os.path.join(next(iter(found.submodule_search_locations)), inner or "bgmode.yaml")


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


def _layer(text: str, path: str, problems: list[Problem]) -> Layer:
    """One file's values; ``problems`` gets what is wrong. Raises :class:`PolicyError`."""
    import yaml

    from bgmode.policy.reader import Reader
    from bgmode.policy.schema import read_layer

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PolicyError([Problem(path, line, column, "", error.problem or str(error))]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        message = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise PolicyError([Problem(path, 1, 1, "", message)]) from None
    if root is None:
        return Layer(path, {})
    reader = Reader(path)
    if _size(root) > _MOST_NODES:
        message = f"more than {_MOST_NODES} values, aliases counted"
        raise PolicyError([Problem(path, 1, 1, "", message)])
    layer = read_layer(reader, root)
    problems += reader.problems
    return layer


def _size(root: Any) -> int:
    """How many nodes there are, counting what an alias stands for each time; with an end."""
    waiting, count = [root], 0
    while waiting and count <= _MOST_NODES:
        node = waiting.pop()
        count += 1
        if isinstance(node, tuple):
            waiting += node
        elif not isinstance(node.value, str):
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
