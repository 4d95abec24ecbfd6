"""Markers that say to bgmode what a job is. They do nothing when the code runs.

    from bgmode.markers import job_type, zdr_required

    @job_type("public-research")
    def research(question): ...

    with job_type("internal-drafting"):
        client.responses.create(...)

    @zdr_required
    class Claims: ...

Nobody needs them: a comment, a decorator of your own with the same name or the call's metadata
say the same (the names are in the policy's ``annotations``).
"""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

_Marked = TypeVar("_Marked")


class job_type:  # noqa: N801 - it is read as a word
    """A decorator of functions and classes, and a context manager, synchronous or not."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, marked: _Marked) -> _Marked:
        return marked

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


def zdr_required(marked: _Marked) -> _Marked:
    """The code of this function or class requires Zero Data Retention."""
    return marked
