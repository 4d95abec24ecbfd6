"""The command line: a module a command, loaded when it is used."""

from __future__ import annotations

import os
import sys

_PLAIN = frozenset({"--force-exclude", "--quiet", "-q"})


def main() -> None:
    """The entry point of the command ``bgmode``."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["check"] and _nothing_to_do(arguments[1:]):
        return
    from bgmode.cli.group import run

    run()


def _nothing_to_do(arguments: list[str]) -> bool:
    """Whether a plain check comes to nothing: no policy, and no file that can matter.

    That is the usual case in a hook, and it needs neither click nor a parser. Whatever is
    not plain, or not certain, is left to the command itself.
    """
    options = [argument for argument in arguments if argument.startswith("-")]
    paths = [argument for argument in arguments if not argument.startswith("-")] or ["."]
    if not _PLAIN.issuperset(options) or any(not os.path.isdir(path) for path in paths):
        return False
    from bgmode.discover import POLICY_NAMES, Walk, may_matter, read_file

    for path in paths:
        directory = os.path.abspath(path)
        while True:
            if any(os.path.exists(os.path.join(directory, name)) for name in POLICY_NAMES):
                return False
            above = os.path.dirname(directory)
            if above == directory:
                break
            directory = above
    walk, count = Walk(), 0
    try:
        for file in walk.files(paths):
            count += 1
            if may_matter(read_file(file)):
                return False
    except OSError:
        return False
    if walk.errors or walk.policies:
        return False
    if not options or options == ["--force-exclude"]:
        print(f"no findings in {count} file{'s' * (count != 1)}")
    return True
