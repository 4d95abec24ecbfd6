"""Which files matter although no word in them says so.

A package's ``__init__`` that requires Zero Data Retention covers its modules, the policy's
``zdr.modules`` covers whatever it matches, a client of one of its ``zdr.projects`` may be used
anywhere, the functions that its ``wrappers`` name create jobs, and one of its job types may be
told to a function that does. Kept free of heavy imports: this is asked about every file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from bgmode.discover import read_file
from bgmode.policy.find import find_policy

if TYPE_CHECKING:
    from bgmode.policy.policy import Policy

_ZDR = (b"zdr",)
_TELLING = (b"zdr", b"wrappers", b"job_types", b"extends")


class Concerned:
    """The files of one run that matter for reasons outside of them.

    ``named`` is the policy file that was named, if one was; ``policy_of`` gives the policy of a
    file, None where it cannot be used.
    """

    def __init__(self, named: str | None, policy_of: Callable[[str], Policy | None]) -> None:
        self._named = named
        self._policy_of = policy_of
        self._packages: dict[str, bool] = {}
        self._policies: dict[str, bool] = {}

    def covers(self, path: str, text: str | None = None) -> bool:
        """Whether ``path`` may matter; ``text`` is its text, where it has been read already."""
        folder = os.path.dirname(os.path.abspath(path))
        return self._in_package(folder) or (self._may_tell(folder) and self._by_policy(path, text))

    def _by_policy(self, path: str, text: str | None) -> bool:
        from bgmode.flow.project import dotted_name

        policy = self._policy_of(path)
        if policy is None:
            return False
        if policy.zdr.modules and policy.zdr_module(path, dotted_name(path)) is not None:
            return True
        words = {word for wrapper in policy.wrappers for word in wrapper.words}
        if policy.zdr.projects or policy.zdr.organizations:
            words.add("responses")  # the client may be one of theirs
        if policy.job_types:
            words |= {policy.vocabulary.name, *policy.job_types}
        if not words:
            return False
        if text is not None:
            return any(word in text for word in words)
        return mentions(path, tuple(word.encode() for word in words))

    def _may_tell(self, folder: str) -> bool:
        """Whether the policy that applies in a folder names code by other things than words."""
        if folder not in self._policies:
            found = self._named or find_policy(folder)
            self._policies[folder] = found is not None and mentions(found, _TELLING)
        return self._policies[folder]

    def _in_package(self, folder: str) -> bool:
        if folder not in self._packages:
            init = os.path.join(folder, "__init__.py")
            is_package = os.path.isfile(init)
            self._packages[folder] = is_package and (
                mentions(init, _ZDR) or self._in_package(os.path.dirname(folder))
            )
        return self._packages[folder]


def mentions(path: str, words: tuple[bytes, ...]) -> bool:
    """Whether one of ``words`` stands in a file that can be read."""
    try:
        data = read_file(path)
    except OSError:
        return False
    return any(word in data for word in words)
