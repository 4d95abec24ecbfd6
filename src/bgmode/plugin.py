"""The flake8 plugin: the same findings as the command, without libcst.

Nothing may leave :meth:`Plugin.run`: an exception here would cost every other plugin's
findings. So whatever goes wrong becomes a BGM009.
"""

from __future__ import annotations

import argparse
import ast
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import bgmode
from bgmode.concerned import Concerned
from bgmode.discover import text_may_matter
from bgmode.policy.find import find_above

if TYPE_CHECKING:
    from bgmode.policy.load import Policies


class Plugin:
    """One file, as flake8 hands it over."""

    name = "bgmode"
    version = bgmode.__version__
    _named: ClassVar[str | None] = None
    _policies: ClassVar[Policies | None] = None
    _concerned: ClassVar[Concerned | None] = None

    def __init__(self, tree: ast.AST, lines: list[str], filename: str) -> None:
        self._tree = tree
        self._lines = lines
        self._path = "stdin" if filename in {"-", ""} else filename

    @staticmethod
    def add_options(manager: Any) -> None:
        """Add ``--bgmode-policy``."""
        manager.add_option(
            "--bgmode-policy",
            metavar="FILE",
            default=None,
            parse_from_config=True,
            normalize_paths=False,
            help="the policy to apply instead of the nearest bgmode.yaml above each file",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Remember the policy that was named; it is read with the first file that matters."""
        cls._named = options.bgmode_policy
        cls._policies = None
        cls._concerned = None

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        """The findings: line (1-based), column (0-based, characters), text, this class."""
        try:
            found = self._found() if self._matters() else []
        except Exception as error:  # flake8 would drop the findings of all plugins
            what = str(error).splitlines()[0] if str(error) else type(error).__name__
            found = [(1, 0, f"BGM009 the analysis failed on this file: {what}")]
        last = max(len(self._lines), 1)
        for line, column, text in found:
            yield min(max(line, 1), last), max(column, 0), " ".join(text.split()), type(self)

    def _found(self) -> list[tuple[int, int, str]]:
        from bgmode.analysis import analyse
        from bgmode.source import Source

        policy = self._policy_source().of(self._path)
        if policy.excludes(self._path) or not isinstance(self._tree, ast.Module):
            return []
        source = Source(self._path, "".join(self._lines), self._tree)
        return [
            (finding.span.line, finding.span.column, f"{finding.code} {finding.message}")
            for finding in analyse(source, policy)
        ]

    def _matters(self) -> bool:
        return text_may_matter("".join(self._lines)) or self._is_concerned()

    def _is_concerned(self) -> bool:
        """Whether the file matters though no word in it says so."""
        if Plugin._concerned is None:
            Plugin._concerned = Concerned(
                self._resolved(), lambda path: self._policy_source().of(path)
            )
        return Plugin._concerned.covers(self._path, "".join(self._lines))

    def _policy_source(self) -> Policies:
        from bgmode.policy.load import Policies

        if Plugin._policies is None:
            Plugin._policies = Policies(self._resolved())
        return Plugin._policies

    def _resolved(self) -> str | None:
        """The named policy; a bare name is looked for upwards from the linted file, too."""
        named = Plugin._named
        if named is None or os.path.exists(named) or os.path.isabs(named):
            return named
        found = find_above(self._path, named)
        return named if found is None else found  # reading it says that it is missing
