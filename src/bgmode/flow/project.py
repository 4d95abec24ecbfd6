"""The other modules of the project: found beside a file, parsed on demand, never imported.

Each is read once for a run. What cannot be read is not there.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import is_

from bgmode.flow.names import Names, module_of
from bgmode.flow.written import writes
from bgmode.source import Source, Unreadable, decode

_DEEPEST_PACKAGE = 20
_ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_FARTHEST = 4  # modules that pass a name on
_LARGEST_FILE = 2_000_000  # bytes
_FROM_IMPORT = re.compile(
    r"from\b[ \t]*(?P<module>[\w.]*)(?:[ \t]|\\\r?\n)*(?<!\w)import\b[ \t]*"
    r"(?P<names>\((?:[^)#]|\#[^\r\n]*[\r\n])*\)|(?:\\\r?\n|[^\\;\r\n])*)"
)
_IMPORT = re.compile(r"import[ \t]+(?P<names>[^;#\r\n]*)")
_NAMED = re.compile(r"([\w.]+|\*)(?:\s+as\s+(\w+))?")
_DEFINING = [re.compile(each) for each in (r"def (\w+)\(", r"class (\w+)", r"\n(\w+) =")]
_GLOBAL = re.compile(r"global[ \t]+([\w, \t]+)")
_COMMENT = re.compile(r"#[^\r\n]*|\\")


def _statements(word: str, pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Where ``pattern`` matches that begins with ``word``, as a statement does."""
    start = text.find(word)
    while start >= 0:
        before, end = start - 1, start + len(word)
        while before >= 0 and text[before] in " \t":
            before -= 1
        if before < 0 or text[before] in "\n;:":
            found = pattern.match(text, start)
            if found is not None:
                yield found
                end = found.end()
        start = text.find(word, end)


def _seems_to_write(text: str, word: str) -> bool:
    """Whether a text holds a word as a key, or as what is set; cheaper than parsing it."""
    if word not in text:
        return False
    is_set = rf"\b{word}\b[^\n=()]*=(?!=|[ \t]*(?:None|False)\b)"
    return re.search(rf"""["']{word}\b|{is_set}""", text) is not None


@dataclass(frozen=True)
class OtherModule:
    """A module that was read on demand, and is parsed on demand.

    What cannot be parsed is a module without any names.
    """

    source: Source

    @cached_property
    def names(self) -> Names:
        try:
            return Names(self.source.tree)
        except Unreadable:
            return Names(ast.Module([], []))

    @cached_property
    def listed(self) -> frozenset[str] | None:
        """What ``__all__`` lists; None where there is none, or it cannot be seen."""
        if "__all__" not in self.text:
            return None
        binding = self.names.scopes[self.names.tree].only("__all__")
        if binding is None or "__all__" in self.names.mutated:
            return None
        match binding.value:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                words = [e.value for e in elements if isinstance(e, ast.Constant)]
                if len(words) == len(elements):
                    return frozenset(word for word in words if isinstance(word, str))
        return None

    def holds(self, wanted: tuple[tuple[str, ...], ...]) -> bool:
        """Whether all words of one of the tuples stand in the text."""
        if wanted not in self._held:
            self._held[wanted] = any(all(word in self.text for word in words) for words in wanted)
        return self._held[wanted]

    @cached_property
    def _held(self) -> dict[tuple[tuple[str, ...], ...], bool]:
        return {}

    def writes(self, word: str) -> bool:
        """Whether the module may give something an entry ``word``."""
        if word not in self._written:
            self._written[word] = _seems_to_write(self.text, word) and writes(self.names, word)
        return self._written[word]

    @cached_property
    def _written(self) -> dict[str, bool]:
        return {}

    def seems_to_define(self, name: str) -> bool:
        """Whether the module seems to define a name itself; cheaper than parsing it."""
        return name in self._defined

    def defines_function(self, name: str) -> bool:
        """Whether the module seems to define a function called so, at any level."""
        return f"def {name}(" in self.text

    def sets_later(self, name: str) -> bool:
        """Whether a function of the module sets a name of the module's."""
        return name in self._set_later

    @cached_property
    def _set_later(self) -> frozenset[str]:
        lists = _GLOBAL.findall(self.text)
        return frozenset(name.strip() for names in lists for name in names.split(","))

    def makes(self, names: list[str]) -> bool:
        """Whether the first of some names, one in the other, is an object that a line makes."""
        return len(names) > 1 and any(
            begin in self.text for begin in (f"\n{names[0]} = ", f"\n{names[0]}: ")
        )

    @cached_property
    def _defined(self) -> frozenset[str]:
        text = f"\n{self.text}"
        return frozenset(name for pattern in _DEFINING for name in pattern.findall(text))

    def may_bind(self, name: str) -> bool:
        """Whether the module may bind a name, by itself or by another star.

        The name of a builtin is written in most modules, which do not bind it.
        """
        if "*" in self.passes_on or self.seems_to_define(name) or name in self.passes_on:
            return True
        written = not hasattr(builtins, name) and name in self.text
        return written and re.search(rf"""(?<![\w."']){name}\b""", self.text) is not None

    def plainly_defines(self, name: str) -> bool:
        """Whether a definition or an assignment of a name begins a line."""
        begins = ("def {}(", "async def {}(", "class {}(", "class {}:", "{} = ", "{}: ")
        return any("\n" + begin.format(name) in self.text for begin in begins)

    def only_passes_on(self, name: str) -> bool:
        """Whether the module has a name from another one, and not from itself."""
        return not self.seems_to_define(name) and bool(self.imports_as(name))

    def seems_to_use(self, name: str) -> bool:
        """Whether the module uses an imported name for more than to say of what type something is.

        A class is called, or asked for something; anything else may be used in other ways.
        """
        is_class = name[:1].isupper() and not name.isupper()
        return not is_class or any(words in self.text for words in (f"{name}(", f"{name}."))

    def imports_as(self, name: str) -> list[str]:
        """The dotted names under which the module may import ``name``."""
        stars = [star.removesuffix("*") + name for star in self.passes_on.get("*", [])]
        return [*self.passes_on.get(name, []), *stars]

    @cached_property
    def passes_on(self) -> dict[str, list[str]]:
        """What its imports bind, as its text seems to say, a docstring's too; ``*`` for all.

        Most modules on the way to a name are read for nothing else, and need not be parsed.
        """
        found: dict[str, list[str]] = {}
        for line in _statements("from", _FROM_IMPORT, self.text):
            joint = "" if line["module"].endswith(".") else "."
            for name, bound in _NAMED.findall(_COMMENT.sub("", line["names"])):
                found.setdefault(bound or name, []).append(f"{line['module']}{joint}{name}")
        for line in _statements("import", _IMPORT, self.text):
            for name, bound in _NAMED.findall(line["names"]):
                root = name.partition(".")[0]
                found.setdefault(bound or root, []).append(name if bound else root)
        return found

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def text(self) -> str:
        return self.source.text


class Project:
    """The modules that have been looked at, by path."""

    def __init__(self) -> None:
        self._modules: dict[str, OtherModule | None] = {}
        self._existing: dict[str, bool] = {}
        self._folders: dict[str, bool] = {}
        self._directories: dict[str, str] = {}
        self._found: dict[tuple[str, str], tuple[OtherModule, list[str]] | None] = {}
        self._passed_on: dict[tuple[str, str], list[tuple[OtherModule, list[str]]]] = {}
        self._uses: dict[tuple[str, str], bool] = {}
        self._exported: dict[tuple[str, str], bool] = {}
        self._above: dict[str, tuple[str, ...]] = {}
        self._roots: dict[tuple[str, str], tuple[str, ...]] = {}
        self._dead_ends: list[tuple[tuple[object, ...], set[ast.AST]]] = []

    def holding(self, node: ast.AST) -> OtherModule | None:
        """The module, of those that have been read, that ``node`` stands in."""
        for module in self._modules.values():
            if module is not None and "names" in module.__dict__ and node in module.names.parent:
                return module
        return None

    def dead_ends(self, *facts: object) -> set[ast.AST]:
        """The functions that come to nothing by just these facts; kept for those who ask again."""
        for known, found in self._dead_ends:
            if len(known) == len(facts) and all(map(is_, known, facts)):
                return found
        self._dead_ends.append((facts, found := set()))
        return found

    def read_already(self, source: Source) -> OtherModule | None:
        """The module with just this text, if another one has asked for its names already."""
        known = self._modules.get(os.path.abspath(source.path))
        if known is None or "names" not in known.__dict__ or known.text != source.text:
            return None
        return known

    def module(self, path: str) -> OtherModule | None:
        """The module in the file ``path``, or None where there is none that can be read."""
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    def _read(self, path: str) -> OtherModule | None:
        try:
            if os.path.getsize(path) > _LARGEST_FILE:
                return None
            with open(path, "rb") as file:
                text, _ = decode(file.read())
            return OtherModule(Source(path, text))
        except (OSError, ValueError, Unreadable):
            return None

    def bring(self, names: Names, path: str, wanted: Iterable[str]) -> None:
        """Bind those of the ``wanted`` names that ``from module import *`` gives the file."""
        missing = [name for name in wanted if names.lacks(name)] if names.stars else []
        for star in names.stars if missing else ():
            found = self.find(path, module_of(star))
            if found is not None and not found[1]:
                for name in [name for name in missing if self._exports(found[0], name)]:
                    names.bring(name, star)

    def _exports(self, module: OtherModule, name: str) -> bool:
        """Whether ``from module import *`` binds a name."""
        asked = (module.path, name)
        if asked not in self._exported:
            self._exported[asked] = False  # modules may import each other
            self._exported[asked] = module.may_bind(name) and self._gives(module, name)
        return self._exported[asked]

    def _gives(self, module: OtherModule, name: str) -> bool:
        if name.startswith("_") if module.listed is None else name not in module.listed:
            return False
        if module.plainly_defines(name):
            return True
        self.bring(module.names, module.path, [name])
        return name in module.names.scopes[module.names.tree].bindings

    def find(self, importer: str, dotted: str) -> tuple[OtherModule, list[str]] | None:
        """The module that ``dotted`` leads to from the file ``importer``, and what is left.

        A leading dot is the file's own package, as in ``from . import x``.
        """
        directory = self._directory_of(importer)
        key = (directory, dotted)
        if key not in self._found:
            self._found[key] = self._find(directory, dotted)
        found = self._found[key]
        if found is not None and found[0].path == importer:
            return self._find(directory, dotted, importer)
        return found

    def _directory_of(self, path: str) -> str:
        if path not in self._directories:
            self._directories[path] = os.path.dirname(os.path.abspath(path))
        return self._directories[path]

    def way(self, importer: str, dotted: str) -> Iterator[tuple[OtherModule, list[str]]]:
        """The modules that may pass an imported name on, and then the one that defines it.

        Each with what is left of the name.
        """
        found = self.find(importer, dotted)
        waiting = [] if found is None else [found]
        for _ in range(_FARTHEST):
            yield from waiting
            waiting = [
                further
                for module, names in waiting
                if names
                for further in self.passed_on(module, names[0])
            ]

    def may_write(self, importer: str, dotted: str, word: str) -> bool:
        """Whether an imported name leads to a module that may give something an entry ``word``.

        That is so, too, if one of those does from which such a module has what it uses.
        """
        return any(
            module.writes(word)
            or (
                not (names and module.only_passes_on(names[0]))
                and self._has_from_elsewhere(module, word)
            )
            for module, names in self.way(importer, dotted)
        )

    def _has_from_elsewhere(self, module: OtherModule, word: str) -> bool:
        """Whether a module uses what another one defines that may write a word."""
        if (module.path, word) not in self._uses:
            self._uses[module.path, word] = any(
                other.writes(word)
                for bound, imported in module.passes_on.items()
                if module.seems_to_use(bound)
                for dotted in imported
                for other, _ in self.way(module.path, dotted)
            )
        return self._uses[module.path, word]

    def passed_on(self, module: OtherModule, name: str) -> list[tuple[OtherModule, list[str]]]:
        """Where the imports of a module lead that may bind a name it does not define itself."""
        key = (module.path, name)
        if key not in self._passed_on:
            imported = [] if module.seems_to_define(name) else module.imports_as(name)
            found = (self.find(module.path, dotted) for dotted in imported)
            self._passed_on[key] = [further for further in found if further is not None]
        return self._passed_on[key]

    def _find(
        self, directory: str, dotted: str, importer: str = ""
    ) -> tuple[OtherModule, list[str]] | None:
        """The same from any file in a folder; by a longer name no file imports itself."""
        names = dotted.lstrip(".")
        dots = len(dotted) - len(names)
        parts = names.split(".") if names else []
        first = names.partition(".")[0]
        for base in _package(directory, dots) if dots else self._roots_of(directory, first):
            for length in range(self._deepest(base, parts), 0, -1):
                stem = os.path.join(base, *parts[:length])
                for path in (f"{stem}.py", os.path.join(stem, "__init__.py")):
                    if path != importer and self._exists(path):
                        module = self.module(path)
                        return None if module is None else (module, parts[length:])
            if dots and self._exists(init := os.path.join(base, "__init__.py")):
                module = self.module(init)
                return None if module is None else (module, parts)
        return None

    def _exists(self, path: str) -> bool:
        if path not in self._existing:
            self._existing[path] = os.path.isfile(path)
        return self._existing[path]

    def _deepest(self, base: str, parts: list[str]) -> int:
        """How many of some names, one in the other, may be a module below a folder."""
        for length in range(1, len(parts)):
            if not self._is_folder(os.path.join(base, *parts[:length])):
                return length
        return len(parts)

    def _is_folder(self, path: str) -> bool:
        if path not in self._folders:
            self._folders[path] = os.path.isdir(path)
        return self._folders[path]

    def _roots_of(self, directory: str, package: str) -> tuple[str, ...]:
        """The folders from which a file in ``directory`` may import ``package``, if any has it."""
        if (directory, package) not in self._roots:
            self._roots[directory, package] = tuple(
                base
                for base in self._bases(directory)
                if self._is_folder(stem := os.path.join(base, package))
                or self._exists(f"{stem}.py")
            )
        return self._roots[directory, package]

    def _bases(self, directory: str) -> tuple[str, ...]:
        """The folders in which an import of a file in ``directory`` may begin."""
        if directory not in self._above:
            self._above[directory] = tuple(self._folders_above(directory))
        return self._above[directory]

    def _folders_above(self, directory: str) -> Iterator[str]:
        for _ in range(_DEEPEST_PACKAGE):
            if not self._exists(os.path.join(directory, "__init__.py")):
                yield directory
                yield os.path.join(directory, "src")
            if any(os.path.exists(os.path.join(directory, name)) for name in _ROOTS):
                return
            above = os.path.dirname(directory)
            if above == directory:
                return
            directory = above

    def packages(self, path: str) -> Iterator[OtherModule]:
        """The ``__init__`` modules of the packages around a file, innermost first."""
        directory = self._directory_of(path)
        for _ in range(_DEEPEST_PACKAGE):
            init = os.path.join(directory, "__init__.py")
            if not self._exists(init):
                return
            module = self.module(init)
            if module is not None and os.path.abspath(path) != init:
                yield module
            directory = os.path.dirname(directory)


def _package(directory: str, dots: int) -> list[str]:
    """The folder that the dots of a relative import mean."""
    for _ in range(dots - 1):
        directory = os.path.dirname(directory)
    return [directory]


def dotted_name(path: str) -> str:
    """The dotted name under which a file would be imported, as its packages say."""
    full = os.path.abspath(path)
    stem, _ = os.path.splitext(os.path.basename(full))
    names = [] if stem == "__init__" else [stem]
    directory = os.path.dirname(full)
    for _ in range(_DEEPEST_PACKAGE):
        if not os.path.isfile(os.path.join(directory, "__init__.py")):
            break
        names.append(os.path.basename(directory))
        directory = os.path.dirname(directory)
    return ".".join(reversed(names))
