"""What files said at an earlier git revision, so that a change cannot excuse itself.

The approvals, waivers and ignore comments count that were there at that revision and still are. A
comment may move to another line of its function, and a file that was not there excuses nothing.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from bgmode.model.directives import Ignore, directives
from bgmode.policy.find import FILE_NAMES, PROJECT_FILE, named_policy, root_of
from bgmode.policy.load import default_policy, load_policy
from bgmode.policy.policy import Approval, Policy, Waiver
from bgmode.policy.problem import PolicyError
from bgmode.reading import read_text
from bgmode.source import Unreadable

_Entry = TypeVar("_Entry", Approval, Waiver)
_OWN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # set in hooks, and wrong in other folders


class NoHistory(Exception):
    """Why a revision cannot be read."""


class History:
    """One revision of the repositories that the files are in."""

    def __init__(self, revision: str) -> None:
        self._revision = revision
        self._policies: dict[str, Policy] = {}
        self._tops: dict[str, str | None] = {}

    def _git(self, folder: str, *arguments: str) -> bytes | None:
        """What git says in a folder, None where it fails. Raises :class:`NoHistory`."""
        environment = {name: value for name, value in os.environ.items() if name not in _OWN}
        try:
            done = subprocess.run(
                ["git", "-C", folder or os.curdir, *arguments],
                check=False,
                capture_output=True,
                env=environment,
            )
        except FileNotFoundError:
            raise NoHistory("git is not installed") from None
        return done.stdout if done.returncode == 0 else None

    def _top(self, folder: str) -> str | None:
        """The repository of a folder. Raises :class:`NoHistory` if it lacks the revision."""
        if folder not in self._tops:
            said = self._git(folder, "rev-parse", "--show-toplevel")
            top = said.decode("utf-8", "surrogateescape").rstrip("\n") if said else None
            if top is not None and top not in self._tops.values():
                self._check_revision(top)
            self._tops[folder] = top
        return self._tops[folder]

    def _check_revision(self, top: str) -> None:
        wanted = f"{self._revision}^{{commit}}"
        is_option = self._revision.startswith("-")
        if is_option or self._git(top, "rev-parse", "--verify", "--quiet", wanted) is None:
            raise NoHistory(f"there is no git revision `{self._revision}` in {top}")

    def check(self, path: str) -> None:
        """Raise :class:`NoHistory` where the repository of ``path`` lacks the revision."""
        real = os.path.realpath(path)
        self._top(real if os.path.isdir(real) else os.path.dirname(real))

    def read(self, path: str) -> bytes | None:
        """The bytes of a file as they were, None where it was not there.

        Raises :class:`NoHistory` for a file in no repository, or in one without the revision.
        """
        folder, name = os.path.split(os.path.realpath(path))
        if self._top(folder) is None:
            raise NoHistory(f"{path} is in no git repository")
        return self._git(folder, "show", f"{self._revision}:./{name}")

    def _read_policy(self, path: str) -> bytes | None:
        """The same, but what no repository holds, such as an installed package, has not changed."""
        real = os.path.realpath(path)
        folder = os.path.dirname(real)
        is_held = os.path.isdir(folder) and self._top(folder) is not None
        if is_held and self._git(folder, "check-ignore", "--quiet", real) is None:
            return self.read(path)
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return None

    def excused(self, policy: Policy) -> Policy:
        """``policy`` without the approvals and waivers that the revision does not have."""
        if policy.path is None:
            return policy
        if policy.path not in self._policies:
            then = self._policy(policy.path)
            self._policies[policy.path] = dataclasses.replace(
                policy,
                approvals=_kept(policy.approvals, then.approvals),
                waivers=_kept(policy.waivers, then.waivers),
            )
        return self._policies[policy.path]

    def _policy(self, path: str) -> Policy:
        try:
            if self.read(path) is None or not self._was_named(path):
                return default_policy()
            return load_policy(path, self._read_policy)
        except PolicyError:  # what cannot be read excuses nothing
            return default_policy()

    def _was_named(self, path: str) -> bool:
        """Whether a policy that a pyproject.toml names was named by it then."""
        project = os.path.join(root_of(path), PROJECT_FILE)
        if os.path.basename(path) in FILE_NAMES or named_policy(project) is None:
            return True
        named = named_policy(project, self.read(project) or b"")
        return named is not None and os.path.realpath(named) == os.path.realpath(path)

    def ignores(self, path: str, policy: Policy) -> Counter[tuple[Ignore, str]]:
        """The ignore comments of a file as it was, each with the function or class it was in."""
        data = self.read(path) or b""
        try:
            source = read_text(path, data).source
            found = directives(source.text, policy.vocabulary)
            return Counter(
                (each.anywhere, source.scope_at(each.span.line))
                for each in found
                if isinstance(each, Ignore)
            )
        except Unreadable:
            return Counter()


def _kept(now: Iterable[_Entry], then: Iterable[_Entry]) -> tuple[_Entry, ...]:
    """The entries that were there already, wherever they stand now."""
    left = Counter(_wherever(entry) for entry in then)
    kept: list[_Entry] = []
    for entry in now:
        if left[_wherever(entry)] > 0:
            left[_wherever(entry)] -= 1
            kept.append(entry)
    return tuple(kept)


def _wherever(entry: _Entry) -> _Entry:
    return dataclasses.replace(entry, file="", line=0, column=0)
