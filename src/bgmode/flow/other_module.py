"""One module of the project that is read for others: what its text seems to say, and its names.

A look at the text is many times as fast as parsing it, and says too much rather than too little.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from bgmode.flow.names import Names
from bgmode.flow.written import writes
from bgmode.source import Source, Unreadable

Wanted: TypeAlias = tuple[tuple[str, ...], ...]
"""Words that are looked for in a module: all those of one of the tuples."""

_FROM_IMPORT = re.compile(
    r"from\b[ \t]*(?P<module>[\w.]*)(?:[ \t]|\\\r?\n)*(?<!\w)import\b[ \t]*"
    r"(?P<names>\((?:[^)#]|\#[^\r\n]*[\r\n])*\)|(?:\\\r?\n|[^\\;\r\n])*)"
)
_IMPORT = re.compile(r"import[ \t]+(?P<names>[^;#\r\n]*)")
_NAMED = re.compile(r"([\w.]+|\*)(?:\s+as\s+(\w+))?")
_DEFINING = {
    "def": re.compile(r"def (\w+)\("),
    "class": re.compile(r"class (\w+)"),
    "=": re.compile(r"\n(\w+)(?: =|: )"),
}
_GLOBAL = re.compile(r"\n[ \t]+global[ \t]+([\w, \t]+)(?=[\r\n#;])")
_COMMENT = re.compile(r"#[^\r\n]*|\\")
_USED_BEHIND = ("(", ".", "[", " |")
_USED_BEFORE = ("(", "**", "= ", "return ", "} | ")
"""What stands behind or before a class that is used for more than to say what something is."""


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


def _places(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where a text has a name, if only in a longer one: where it begins and ends."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        yield start, end
        start = text.find(name, end)


def _stands(text: str, name: str) -> bool:
    """Whether a text has a name that is a whole one, and neither an attribute nor a text."""
    return any(
        not (_is_of_a_word(before := text[start - 1 : start]) or before in (".", '"', "'"))
        and not _is_of_a_word(text[end : end + 1])
        for start, end in _places(text, name)
    )


def _is_of_a_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _seems_to_write(text: str, word: str) -> bool:
    """Whether a text holds a word as a key, or as what is set; cheaper than parsing it."""
    if word not in text.lower():
        return False
    word = re.escape(word)
    value = r"[^\n=]*=(?!\s*(?:None|False)\b)"
    key = rf"""["'] *[\w\-]*{word}[\w\-]* *["']|\.{word}\b"""
    written = rf"{key}|\b{word}[\s\\]*(?:=(?!=)|:{value})"
    return re.search(written, text, re.IGNORECASE) is not None or any(
        _is_in_a_tuple(text, field.start()) for field in re.finditer(rf"\n[ \t]+{word}:", text)
    )


def _is_in_a_tuple(text: str, at: int) -> bool:
    """Whether a field belongs to a class whose fields may be given by their position."""
    header = text.rfind("\nclass ", 0, at)
    line_before = text.rfind("\n", 0, max(header, 0))
    return text[line_before + 1 :].startswith(("@", ")")) or "NamedTuple" in text[header:at]


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

    def holds(self, wanted: Wanted) -> bool:
        """Whether all words of one of the tuples stand in the text."""
        return any(all(map(self._has, words)) for words in wanted)

    def _has(self, word: str) -> bool:
        if word not in self._words:
            self._words[word] = word in self.text
        return self._words[word]

    @cached_property
    def _words(self) -> dict[str, bool]:
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
        likely_first = ("class", "=", "def") if name[:1].isupper() else ("def", "=", "class")
        return any(name in self._defined_by(sign) for sign in likely_first)

    def defines_function(self, name: str) -> bool:
        """Whether the module seems to define a function called so, at any level."""
        return f"def {name}(" in self.text

    def sets_later(self, name: str) -> bool:
        """Whether a function of the module sets a name of the module's."""
        return name in self._set_later and bool(
            re.search(rf"\n[ \t]+{re.escape(name)}[ \t]*(?:[|+-]?=(?!=)|[,:])", self.text)
        )

    @cached_property
    def _set_later(self) -> frozenset[str]:
        lists = _GLOBAL.findall(self.text)
        return frozenset(name.strip() for names in lists for name in names.split(","))

    def _defined_by(self, sign: str) -> frozenset[str]:
        if sign not in self._defined:
            self._defined[sign] = frozenset(_DEFINING[sign].findall(f"\n{self.text}"))
        return self._defined[sign]

    @cached_property
    def _defined(self) -> dict[str, frozenset[str]]:
        return {}

    def may_bind(self, name: str) -> bool:
        """Whether the module may bind a name, by itself or by another star.

        The name of a builtin is written in most modules, which do not bind it.
        """
        if "*" in self.passes_on or self.seems_to_define(name) or name in self.passes_on:
            return True
        return not hasattr(builtins, name) and _stands(self.text, name)

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
        return not is_class or any(
            self.text.startswith(_USED_BEHIND, end) or self.text.endswith(_USED_BEFORE, 0, start)
            for start, end in _places(self.text, name)
        )

    @cached_property
    def spreads(self) -> bool:
        """Whether it spreads a mapping that it imports into one of its own."""
        if "**" not in self.text:
            return False
        spread = re.findall(r"\n[A-Z]\w*[^\n]*=[^\n]*\*\*(\w+)", self.text)
        return not self.passes_on.keys().isdisjoint(spread)

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
        for name, bound in self._plain_imports:
            root = name.partition(".")[0]
            found.setdefault(bound or root, []).append(name if bound else root)
        return found

    @property
    def whole_imports(self) -> list[str]:
        """The modules that ``import acme.jobs`` names, by their whole names."""
        return [name for name, _ in self._plain_imports if "." in name]

    @cached_property
    def _plain_imports(self) -> list[tuple[str, str]]:
        """What ``import`` names, and as what, if that is said."""
        lines = _statements("import", _IMPORT, self.text)
        return [named for line in lines for named in _NAMED.findall(line["names"])]

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def is_package(self) -> bool:
        return os.path.basename(self.path) == "__init__.py"

    @property
    def text(self) -> str:
        return self.source.text
