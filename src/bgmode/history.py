"""What files said at an earlier git revision, so that a change cannot excuse itself.

The approvals, waivers and ignore comments of that revision count; those of the working tree do
not, unless they were there already.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections import Counter

from bgmode.model.directives import Ignore, directives
from bgmode.policy.load import default_policy, load_policy
from bgmode.policy.policy import Policy
from bgmode.source import Unreadable, decode


class NoHistory(Exception):
    """Why a revision cannot be read."""


class History:
    """One revision of the repository that the files are in. Raises :class:`NoHistory`."""

    def __init__(self, revision: str) -> None:
        self._revision = revision
        self._policies: dict[str, Policy] = {}
        self._git(os.curdir, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")

    def _git(self, folder: str, *arguments: str) -> bytes:
        if self._revision.startswith("-"):
            raise NoHistory(f"`{self._revision}` is no git revision")
        try:
            return subprocess.run(
                ["git", "-C", folder or os.curdir, *arguments],
                check=True,
                capture_output=True,
            ).stdout
        except FileNotFoundError:
            raise NoHistory("git is not installed") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").strip().splitlines()
            why = said[0] if said else f"there is no git revision `{self._revision}` here"
            raise NoHistory(why) from None

    def read(self, path: str) -> bytes | None:
        """The bytes of a file as they were, None where it was not there."""
        folder, name = os.path.split(path)
        try:
            return self._git(folder, "show", f"{self._revision}:./{name}")
        except NoHistory:
            return None

    def excused(self, policy: Policy) -> Policy:
        """``policy`` with the approvals and waivers of the revision."""
        if policy.path is None:
            return policy
        if policy.path not in self._policies:
            then = self._policy(policy.path)
            self._policies[policy.path] = dataclasses.replace(
                policy, approvals=then.approvals, waivers=then.waivers
            )
        return self._policies[policy.path]

    def _policy(self, path: str) -> Policy:
        if self.read(path) is None:
            return default_policy()
        return load_policy(path, self.read)

    def ignores(self, path: str, policy: Policy) -> Counter[Ignore]:
        """The ignore comments of a file as it was, whatever line they were on."""
        data = self.read(path)
        try:
            text = decode(data)[0] if data is not None else ""
        except Unreadable:
            text = ""
        found = directives(text, policy.vocabulary)
        return Counter(each.anywhere for each in found if isinstance(each, Ignore))
