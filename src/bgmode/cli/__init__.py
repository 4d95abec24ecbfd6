"""The command line: a module a command, loaded when it is used."""

from __future__ import annotations

import sys

_ONLY_PARSE = 0x400  # ast.PyCF_ONLY_AST
_PLAIN = frozenset({"--force-exclude", "--quiet", "-q"})


def main() -> None:
    """The entry point of the command ``bgmode``."""
    arguments = sys.argv[1:]
    dull: set[str] = set()
    if arguments[:1] == ["check"] and _nothing_to_do(arguments[1:], dull):
        return
    from bgmode.cli.group import run

    run(dull)


def _nothing_to_do(arguments: list[str], dull: set[str]) -> bool:
    """Whether a plain check comes to nothing: no policy, and no file that can matter.

    That is the usual case in a hook, and it needs neither click nor the analysis. Whatever
    is not plain, or not certain, is left to the command itself. Files whose bytes were looked at
    and cannot matter are added to ``dull``, so that nobody reads them twice.
    """
    options = [argument for argument in arguments if argument.startswith("-")]
    paths = [argument for argument in arguments if not argument.startswith("-")] or ["."]
    from bgmode.discover import Walk, candidates, read_file
    from bgmode.policy.find import find_policy

    if not _PLAIN.issuperset(options) or any(map(find_policy, paths)):
        return False

    walk = Walk()
    try:
        files = list(walk.files(paths, force_exclude="--force-exclude" in options))
        if walk.errors or walk.policies:
            return False
        found = candidates(files)
        dull.update(files)
        dull.difference_update(found)
        if found:
            return False
        if not all(_can_be_parsed(read_file(file)) for file in walk.named):
            return False
    except OSError:
        return False
    if "-q" not in options and "--quiet" not in options:
        print(f"no findings in {len(files)} file{'s' * (len(files) != 1)}")
    return True


def _can_be_parsed(data: bytes) -> bool:
    """Whether Python's parser takes it; asked without importing ``ast``."""
    import warnings

    warnings.simplefilter("ignore")
    try:
        compile(data, "<file>", "exec", _ONLY_PARSE, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
