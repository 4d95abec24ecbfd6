"""A policy to start with: the example, and a job type for each folder with background calls."""

from __future__ import annotations

import itertools
import os
import re

from bgmode.checks.subject import Case
from bgmode.knowledge import rules_file
from bgmode.options import Options
from bgmode.policy.load import parse_policy
from bgmode.session import Session
from bgmode.suppression import Verdict

_MOST_SHOWN = 3  # calls that are named beside a job type


def starting_policy(folder: str) -> tuple[str, list[str]]:
    """The text of a policy for the code below ``folder``, and the calls: ``path:line``."""
    found: dict[str, list[str]] = {}
    named: dict[str, list[str]] = {}
    calls: list[tuple[str, int]] = []

    def note(case: Case, verdict: Verdict) -> None:  # noqa: ARG001
        path = os.path.relpath(case.source.path, folder).replace(os.sep, "/")
        for call in case.module.calls.background:
            _, line = case.source.shown(call.node.lineno)
            place = f"{path}:{line}"
            calls.append((path, line))
            annotation = case.module.annotations.job_type(call)
            if annotation is not None and annotation.name is not None:
                named.setdefault(annotation.name, []).append(place)
            else:
                found.setdefault(os.path.dirname(path), []).append(place)

    Session(Options(policy=os.devnull), watch=note).run([folder])
    with open(rules_file("policy.example.yaml"), encoding="utf-8") as file:
        text = file.read()
    shipped = parse_policy(text, "policy.example.yaml").job_types
    taken = {*named, *shipped}
    names: dict[str, str] = {}
    for where in sorted(found):
        names[where] = _unused(_slug(where), taken)
        taken.add(names[where])
    types = [
        _job_type(name, places)
        for name, places in sorted(named.items())
        if name.strip() and name not in shipped
    ]
    types += [_job_type(names[where], found[where]) for where in sorted(found)]
    ordered = sorted(
        found,
        key=lambda where: (where == "", "*" in where or "?" in where, -where.count("/"), where),
    )
    paths = [_path(where, names[where]) for where in ordered]
    text = _behind(text, "job_types:\n", types)
    return _behind(text, "paths:\n", paths), [f"{path}:{line}" for path, line in sorted(calls)]


def _unused(name: str, taken: set[str]) -> str:
    """``name``, with a number behind it where it is taken."""
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def _slug(folder: str) -> str:
    words = re.findall(r"[a-z0-9]+", folder.lower())
    return "-".join(words[-3:]) or "this-project"


def _job_type(name: str, places: list[str]) -> str:
    shown = _printable(", ".join(places[:_MOST_SHOWN]))
    more = f" and {len(places) - _MOST_SHOWN} more" if len(places) > _MOST_SHOWN else ""
    return f"""\
  # To be filled in. Calls of this kind: {shown}{more}
  {_quoted(name)}:
    description: to be filled in
    # data_class:
    background: review  # allow, once every question here has an answer; or deny
    # interaction: background
    # stored_state:
    # retrieval: polling
    # zdr_compatible:
    # reason:
    # fallback:
    # max_wait: 30m
"""


def _path(folder: str, name: str) -> str:
    pattern = f"{folder}/*" if folder else "*.py"
    return f"  {_quoted(pattern)}: {_quoted(name)}\n"


def _quoted(word: str) -> str:
    """A word as YAML takes it whatever is in it."""
    if re.fullmatch(r"[a-z][a-z0-9-]*-[a-z0-9-]*", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_printable(escaped)}"'


def _printable(words: str) -> str:
    """Words with the escapes that YAML's double quotes take for what would end a line."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in words)


def _behind(text: str, heading: str, entries: list[str]) -> str:
    """Put entries below a heading, which stands at the start of a line once."""
    before, found, after = text.partition(f"\n{heading}")
    return f"{before}{found}{''.join(entries)}{after}"
