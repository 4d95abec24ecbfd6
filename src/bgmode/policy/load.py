"""How a policy file is found and read. The nearest one above a file applies to it."""

from __future__ import annotations

import os

from bgmode.policy.find import find_policy
from bgmode.policy.policy import Policy
from bgmode.policy.problem import PolicyError, Problem

_LARGEST = 1_000_000  # bytes

DEFAULT = Policy()


def load_policy(path: str) -> Policy:
    """Read the policy in the file ``path``. Raises :class:`PolicyError`."""
    shown = os.path.relpath(path) if os.path.isabs(path) and _is_below(path) else path
    try:
        if os.path.getsize(path) > _LARGEST:
            raise PolicyError([Problem(shown, 1, 1, "", f"larger than {_LARGEST} bytes")])
        with open(path, "rb") as file:
            data = file.read()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise PolicyError([Problem(shown, 1, 1, "", error.strerror or str(error))]) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError([Problem(shown, line, 1, "", "this is not UTF-8 text")]) from None
    return parse_policy(text, shown)


def _is_below(path: str) -> bool:
    return os.path.abspath(path).startswith(os.getcwd() + os.sep)


def parse_policy(text: str, path: str) -> Policy:
    """Read a policy's text; ``path`` is shown in messages. Raises :class:`PolicyError`."""
    import yaml

    from bgmode.policy.schema import Reader, read_policy

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PolicyError([Problem(path, line, column, "", error.problem or str(error))]) from None
    except (yaml.YAMLError, RecursionError) as error:
        message = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise PolicyError([Problem(path, 1, 1, "", message)]) from None
    if root is None:
        return Policy(path=path)
    reader = Reader(path)
    policy = read_policy(reader, root)
    if reader.problems:
        raise PolicyError(sorted(reader.problems, key=lambda p: (p.line, p.column)))
    return policy


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
            self._by_folder[folder] = DEFAULT if found is None else self.load(found)
        return self._by_folder[folder]

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
