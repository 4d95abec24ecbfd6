"""The other modules of the project: found beside a file, parsed on demand, never imported.

Each is read once for a run. What cannot be read is not there.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from operator import is_

from bgmode.flow.names import Names, module_of
from bgmode.flow.other_module import OtherModule, Wanted
from bgmode.source import Source, Unreadable, decode

_DEEPEST_PACKAGE = 20
_ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_FARTHEST = 4  # modules that pass a name on
_LARGEST_FILE = 2_000_000  # bytes


class Project:
    """The modules that have been looked at, by path."""

    def __init__(self) -> None:
        self._modules: dict[str, OtherModule | None] = {}
        self._existing: dict[str, bool] = {}
        self._folders: dict[str, bool] = {}
        self._directories: dict[str, str] = {}
        self._found: dict[tuple[tuple[str, ...], str], tuple[OtherModule, list[str]] | None] = {}
        self._passed_on: dict[tuple[str, str], list[tuple[OtherModule, list[str]]]] = {}
        self._mentioning: dict[tuple[str, str, Wanted], bool] = {}
        self._used: dict[str, list[OtherModule]] = {}
        self._uses: dict[tuple[str, str], bool] = {}
        self._bringing: set[tuple[str, str]] = set()
        self._exported: dict[tuple[str, str], bool] = {}
        self._above: dict[str, tuple[str, ...]] = {}
        self._roots: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {}
        self._holding: dict[ast.AST, OtherModule] = {}
        self._dead_ends: list[tuple[tuple[object, ...], set[ast.AST]]] = []

    def holding(self, node: ast.AST) -> OtherModule | None:
        """The module, of those that have been read, that ``node`` stands in."""
        if node not in self._holding:
            for module in self._modules.values():
                if module and "names" in module.__dict__ and node in module.names.parent:
                    self._holding[node] = module
                    break
        return self._holding.get(node)

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
        missing = [
            name
            for name in (wanted if names.stars else ())
            if (path, name) not in self._bringing and names.lacks(name)
        ]
        given = [(star, self.find(path, module_of(star))) for star in names.stars if missing]
        for name in missing:
            self._bringing.add((path, name))  # modules may import each other
            giving = [
                (star, found[0])
                for star, found in given
                if found is not None and not found[1] and self._exports(found[0], name)
            ]
            for star, module in giving:
                if len(giving) == 1 or self._binds(module, name):
                    names.bring(name, star)
            self._bringing.discard((path, name))

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
        return module.plainly_defines(name) or self._binds(module, name)

    def _binds(self, module: OtherModule, name: str) -> bool:
        self.bring(module.names, module.path, [name])
        return name in module.names.scopes[module.names.tree].bindings

    def find(self, importer: str, dotted: str) -> tuple[OtherModule, list[str]] | None:
        """The module that ``dotted`` leads to from the file ``importer``, and what is left.

        A leading dot is the file's own package, as in ``from . import x``.
        """
        directory = self._directory_of(importer)
        if dotted[:1] == ".":
            bases = _package(directory, dotted)
        else:
            bases = self._roots_of(self._bases(directory), dotted.partition(".")[0])
        if not bases:
            return None
        key = (bases, dotted)
        if key not in self._found:
            self._found[key] = self._newly_found(bases, dotted)
        found = self._found[key]
        if found is not None and found[0].path == importer:
            return self._find(bases, dotted, importer)
        return found

    def _newly_found(
        self, bases: tuple[str, ...], dotted: str
    ) -> tuple[OtherModule, list[str]] | None:
        """The same for a name that nobody has asked for; most others of its module have been."""
        outer, _, name = dotted.rpartition(".")
        known = self._found.get((bases, outer))
        if known is not None and not self._may_have_modules(known[0]):
            return known[0], [*known[1], name]
        found = self._find(bases, dotted)
        if found is not None and found[1] and not self._may_have_modules(found[0]):
            self._found[bases, outer] = found[0], found[1][:-1]
        return found

    def _may_have_modules(self, module: OtherModule) -> bool:
        return module.is_package or self._is_folder(module.path.removesuffix(".py"))

    def _directory_of(self, path: str) -> str:
        if path not in self._directories:
            self._directories[path] = os.path.dirname(os.path.abspath(path))
        return self._directories[path]

    def way(self, importer: str, dotted: str) -> Iterator[tuple[OtherModule, list[str]]]:
        """The modules that may pass an imported name on, and then the one that defines it.

        Each with what is left of the name.
        """
        found = self.find(importer, dotted)
        return iter(()) if found is None else self._way_on(*found)

    def _way_on(
        self, module: OtherModule, names: list[str]
    ) -> Iterator[tuple[OtherModule, list[str]]]:
        waiting = [(module, names)]
        for _ in range(_FARTHEST):
            yield from waiting
            waiting = [
                further
                for module, names in waiting
                if names
                for further in self.passed_on(module, names[0])
            ]

    def may_mention(self, importer: str, dotted: str, wanted: Wanted) -> bool:
        """Whether an imported name leads to a module in which all words of a tuple stand."""
        found = self.find(importer, dotted)
        if found is None:
            return False
        module, names = found
        asked = (module.path, names[0] if names else "", wanted)
        if asked not in self._mentioning:
            self._mentioning[asked] = any(
                further.holds(wanted)
                # `import acme.jobs`: what is meant is told later
                or (not rest and further.is_package)
                for further, rest in self._way_on(module, names)
            )
        return self._mentioning[asked]

    def may_write(self, importer: str, used: Iterable[str], word: str) -> bool:
        """Whether some imported names lead to a module that may give something an entry ``word``.

        That is so, too, if one that defines such a name uses what stands in such a module, or
        spreads what others have spread.
        """
        way = {
            (module.path, *names[:1]): (module, names)
            for dotted in used
            for module, names in self.way(importer, dotted)
            if not names or module.may_bind(names[0])
        }
        defining = {
            module.path: module
            for module, names in way.values()
            if not names or not module.only_passes_on(names[0])
        }
        return any(module.writes(word) for module, _ in way.values()) or any(
            self._uses_one_that_writes(module, word) for module in defining.values()
        )

    def _uses_one_that_writes(self, module: OtherModule, word: str) -> bool:
        asked = (module.path, word)
        if asked not in self._uses:
            self._uses[asked] = any(other.writes(word) for other in self._used_by(module))
        return self._uses[asked]

    def _used_by(self, module: OtherModule) -> list[OtherModule]:
        """The modules that define what a module imports and uses, and those on the way to them."""
        if module.path not in self._used:
            self._used[module.path] = []  # modules may import each other
            imported = [
                dotted
                for bound, names in module.passes_on.items()
                if module.seems_to_use(bound)
                for dotted in names
            ]
            ways = (self.way(module.path, name) for name in [*imported, *module.whole_imports])
            found = {other.path: other for way in ways for other, _ in way}
            stars = [self.find(module.path, name) for name in imported if name.endswith("*")]
            passing = {star[0].path for star in stars if star is not None}
            for other in list(found.values()):
                if other.spreads or other.path in passing:
                    found.update({each.path: each for each in self._used_by(other)})
            self._used[module.path] = list(found.values())
        return self._used[module.path]

    def passed_on(self, module: OtherModule, name: str) -> list[tuple[OtherModule, list[str]]]:
        """Where the imports of a module lead that may bind a name it does not define itself."""
        key = (module.path, name)
        if key not in self._passed_on:
            imported = [] if module.seems_to_define(name) else module.imports_as(name)
            found = (self.find(module.path, dotted) for dotted in imported)
            self._passed_on[key] = [further for further in found if further is not None]
        return self._passed_on[key]

    def _find(
        self, bases: tuple[str, ...], dotted: str, importer: str = ""
    ) -> tuple[OtherModule, list[str]] | None:
        """The same from any file whose imports begin in some folders.

        By a longer name no file imports itself.
        """
        names = dotted.lstrip(".")
        parts = names.split(".") if names else []
        is_relative = names != dotted
        for base in bases:
            for length in range(self._deepest(base, parts), 0, -1):
                stem = os.path.join(base, *parts[:length])
                for path in (f"{stem}.py", os.path.join(stem, "__init__.py")):
                    if path != importer and self._exists(path):
                        module = self.module(path)
                        return None if module is None else (module, parts[length:])
            if is_relative and self._exists(init := os.path.join(base, "__init__.py")):
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

    def _roots_of(self, bases: tuple[str, ...], package: str) -> tuple[str, ...]:
        """Those of some folders that have a package."""
        if (bases, package) not in self._roots:
            self._roots[bases, package] = tuple(
                base
                for base in bases
                if self._is_folder(stem := os.path.join(base, package))
                or self._exists(f"{stem}.py")
            )
        return self._roots[bases, package]

    def _bases(self, directory: str) -> tuple[str, ...]:
        """The folders in which an import of a file in ``directory`` may begin."""
        if directory not in self._above:
            is_package = self._exists(os.path.join(directory, "__init__.py"))
            beside = () if is_package else (directory, os.path.join(directory, "src"))
            self._above[directory] = (*beside, *self._bases_above(directory))
        return self._above[directory]

    def _bases_above(self, directory: str) -> tuple[str, ...]:
        above = os.path.dirname(directory)
        is_root = any(os.path.exists(os.path.join(directory, name)) for name in _ROOTS)
        return () if is_root or above == directory else self._bases(above)

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


def _package(directory: str, dotted: str) -> tuple[str, ...]:
    """The folder that the dots of a relative import mean."""
    for dot in dotted[1:]:
        if dot != ".":
            break
        directory = os.path.dirname(directory)
    return (directory,)


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
