"""What is wrong with a policy file, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a policy file. Line and column are 1-based."""

    path: str
    line: int
    column: int
    key: str
    message: str

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """How problems are sorted."""
        return (self.path, self.line, self.column, self.key, self.message)

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}:{self.column}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class PolicyError(Exception):
    """A policy that cannot be used; ``problems`` says everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
