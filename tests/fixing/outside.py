"""What has to hold after a fix, seen from outside: with none of the code that makes or proves it.

Each step of a run is taken alone. The edits are applied once more, to the tree instead of the
text, and what comes out has to be what the new text parses to; the lines of which no edit speaks
have to be there byte for byte.
"""

from __future__ import annotations

import argparse
import ast
import codecs
import functools
import io
import itertools
import random
import re
import time
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from unittest import mock

import libcst

import bgmode.analysis
from bgmode.analysis import analyse
from bgmode.checks import CHECKS
from bgmode.finding import (
    Edit,
    Finding,
    InsertStatement,
    RemoveComment,
    RemoveItem,
    RemoveKeyword,
    RemoveStatement,
    ReplaceComment,
    ReplaceExpression,
    SetItem,
    SetKeyword,
)
from bgmode.fixing.rounds import FixResult, fix_text
from bgmode.policy.load import parse_policy
from bgmode.policy.policy import Policy
from bgmode.source import Source, Span, decode
from tests.expectations import TODAY

from .programs import Program, generate

_ENDS = re.compile(r"\r\n|\r|\n")
_IGNORE = re.compile(r"# bgmode: ignore\[.*?(?=\s+#|$)")


class Broken(AssertionError):
    """A fix that has done something that it must not do."""


@dataclass(frozen=True)
class Step:
    """One fix that was applied, and the file before and after it."""

    finding: Finding
    before: Source
    findings: Sequence[Finding]
    after: Source
    left: Sequence[Finding]


# A run, step by step


@functools.cache
def _policy(text: str) -> Policy:
    return parse_policy(text, "bgmode.yaml")


@dataclass
class Run:
    """The fixes of one program; ``seen`` is every text that was judged on the way."""

    program: Program
    source: Source = field(init=False)
    encoding: str = field(init=False)
    seen: list[tuple[Source, list[Finding]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        text, self.encoding = decode(self.program.data)
        self.source = Source("program.py", text)

    def _analyse(self, source: Source) -> list[Finding]:
        found = analyse(source, _policy(self.program.policy), today=TODAY)
        self.seen.append((source, found))
        return found

    def fixed(self, source: Source | None = None) -> FixResult:
        """The result of all fixes, unsafe ones included."""
        start = source or self.source
        return fix_text(start, self._analyse(start), self._analyse, unsafe=True)

    def steps(self, result: FixResult) -> Iterator[Step]:
        """The fixes that were applied, in order; a finding stands in the text it was found in."""
        states = [
            next(state for state in self.seen if any(each is finding for each in state[1]))
            for finding in result.applied
        ]
        last = next(state for state in reversed(self.seen) if state[0] is result.source)
        following = [*states, last][1:]
        for finding, old, new in zip(result.applied, states, following, strict=True):
            yield Step(finding, *old, *new)


# What is checked


def check(program: Program, *, shuffle: bool = True) -> FixResult:
    """Apply all fixes of a program. Raises :class:`Broken`, and what else goes wrong.

    ``shuffle``: do it once more with the checks in another order.
    """
    run = Run(program)
    result = run.fixed()
    for step in run.steps(result):
        try:
            check_step(step)
        except Broken as error:
            told = f"{step.finding.code}, seed {program.seed}: {error}"
            raise Broken(f"{told}\n{shown(step)}") from None
    _check_file(run, result)
    again = run.fixed(Source("program.py", result.text))
    _demand(again.text == result.text and not again.applied, "a second application changes it")
    if not shuffle:
        return result
    with mock.patch.object(bgmode.analysis, "CHECKS", _shuffled(program.seed)):
        other = Run(program).fixed()
    _demand(other.text == result.text, "another order of the checks changes the result")
    return result


def check_step(step: Step) -> None:
    """What has to hold for one fix."""
    old, new = step.before.text, step.after.text
    edits = step.finding.fix.edits if step.finding.fix is not None else ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(new, "program.py", "exec")
        wanted = _Rewriting(old).after(edits)
    _demand(ast.dump(ast.parse(new)) == wanted, "the tree is another one than the edits make")
    _demand(_comments(old) == _comments(new), "the comments are not the same")
    _demand(_rest_is_same(old, new, edits), "lines have changed of which no edit speaks")
    _check_findings(step)
    ends = set(_ENDS.findall(new)) - set(_ENDS.findall(old))
    _demand(not ends or not _ENDS.search(old), f"there are new line ends {ends}")
    at_end = [bool(_ENDS.search(text[-1:])) for text in (old, new)]
    removed = any(isinstance(edit, RemoveComment | RemoveStatement) for edit in edits)
    _demand(at_end[0] == at_end[1] or removed, "the end of the file has changed")
    _check_spaces(old, new)


def _check_findings(step: Step) -> None:
    fix = step.finding.fix
    before, after = (Counter(each.code for each in found) for found in (step.findings, step.left))
    code = step.finding.code
    _demand(after[code] < before[code], "the finding is still there")
    fresh = {code for code in after - before if code not in (fix.reveals if fix else ())}
    _demand(not fresh, f"there are new findings {fresh}")


def _check_spaces(old: str, new: str) -> None:
    lines = set(_ENDS.split(old))
    fresh = [line for line in _ENDS.split(new) if line not in lines]
    _demand(not any(line != line.rstrip(" \t") for line in fresh), "a new line ends with spaces")
    if not any(line.startswith(" ") for line in lines):
        _demand(not any(line.startswith(" ") for line in fresh), "a new line begins with spaces")


def _check_file(run: Run, result: FixResult) -> None:
    """The bytes of the whole file are Python, and libcst reads them."""
    data = result.text.encode("utf-8" if run.encoding == "utf-8-sig" else run.encoding)
    if run.encoding == "utf-8-sig":
        data = codecs.BOM_UTF8 + data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(data, "program.py", "exec")
    if _libcst_reads(run.program.data):
        _demand(_libcst_reads(data), "libcst does not read it any more")


def _libcst_reads(data: bytes) -> bool:
    try:
        libcst.parse_module(data)
    except libcst.ParserSyntaxError:
        return False
    return True


def _shuffled(seed: int) -> dict[str, object]:
    codes = list(CHECKS)
    random.Random(seed).shuffle(codes)
    return {code: CHECKS[code] for code in codes}


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise Broken(message)


def _comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(_ENDS.sub("\n", text)).readline)
    found = (token.string for token in tokens if token.type == tokenize.COMMENT)
    return Counter(word for each in found if (word := " ".join(_IGNORE.sub("", each).split())))


# The lines of which no edit speaks


def _rest_is_same(old: str, new: str, edits: Sequence[Edit]) -> bool:
    """Whether the lines between those of the edits are there, in their order."""
    lines = [*itertools.pairwise([0, *(found.end() for found in _ENDS.finditer(old)), len(old)])]
    free: set[int] = set()
    for edit in edits:
        free |= _lines_of(edit, old)
    kept: list[str] = []
    gap = True
    for number, (start, end) in enumerate(lines, 1):
        if number in free:
            gap = True
        elif gap:
            kept.append(old[start:end])
            gap = False
        else:
            kept[-1] += old[start:end]
    position = 0
    for part in kept:
        found = new.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    begins = 1 in free or not kept or new.startswith(kept[0])
    ends = len(lines) in free or not kept or new.endswith(kept[-1])
    return begins and ends


def _lines_of(edit: Edit, text: str) -> set[int]:
    """The lines that an edit may change: those of its place, or where the new ones go."""
    span = _span(edit)
    if not isinstance(edit, InsertStatement):
        return set(range(span.line, span.end_line + 1))
    lines = _ENDS.split(text)
    step, number = (-1, span.line) if edit.before else (1, span.end_line)
    found = {number}
    while 1 <= number + step <= len(lines) and lines[number + step - 1].lstrip().startswith("#"):
        number += step
        found.add(number)
    return found


def _span(edit: Edit) -> Span:
    match edit:
        case SetKeyword(call=span) | RemoveKeyword(call=span):
            return span
        case SetItem(display=span) | RemoveItem(display=span):
            return span
        case InsertStatement(beside=span):
            return span
        case _:
            return edit.at


# The edits, applied to the tree


class _Rewriting:
    """A tree in which nodes are found by their places, and changed."""

    def __init__(self, text: str) -> None:
        self._lines = _ENDS.split(text)
        self._tree = ast.parse(text)
        self._parent = {
            child: node for node in ast.walk(self._tree) for child in ast.iter_child_nodes(node)
        }

    def after(self, edits: Sequence[Edit]) -> str:
        """The dump of the tree after all edits."""
        found = [(edit, self._found(edit)) for edit in edits]
        for edit, nodes in found:
            self._apply(edit, nodes)
        return ast.dump(self._tree)

    def _place(self, node: ast.AST) -> Span | None:
        if not hasattr(node, "lineno"):
            return None
        ends = []
        for line, column in (
            (node.lineno, node.col_offset),
            (node.end_lineno, node.end_col_offset),
        ):
            ends += [line, len(self._lines[line - 1].encode()[:column].decode())]
        return Span(*ends)

    def _found(self, edit: Edit) -> list[ast.AST]:
        """The nodes that stand just where an edit speaks of; of a stretch, its first and last."""
        if isinstance(edit, RemoveComment | ReplaceComment):
            return []
        span = _span(edit)
        places = {node: at for node in self._parent if (at := self._place(node)) is not None}
        found = [node for node, at in places.items() if at == span]
        if isinstance(edit, InsertStatement | RemoveStatement):
            found = [node for node in found if isinstance(node, ast.stmt)] or [
                node  # a decorated one, from its first decorator on
                for node, at in places.items()
                if getattr(node, "decorator_list", [])
                and (at.end_line, at.end_column) == (span.end_line, span.end_column)
            ]
        if not found and isinstance(edit, ReplaceExpression):
            first = [
                n for n, at in places.items() if (at.line, at.column) == (span.line, span.column)
            ]
            last = [
                node
                for node, at in places.items()
                if (at.end_line, at.end_column) == (span.end_line, span.end_column)
            ]
            pairs = itertools.product(first, last)
            found = next(
                [one, two]
                for one, two in pairs
                if one is not two and self._parent[one] is self._parent[two]
            )
        _demand(bool(found), f"nothing stands where {edit} speaks of")
        return found

    def _apply(self, edit: Edit, nodes: list[ast.AST]) -> None:
        match edit:
            case SetKeyword(name=name, value=value, after=after):
                call = next(node for node in nodes if isinstance(node, ast.Call))
                plain = [place for place, each in enumerate(call.keywords) if each.arg is not None]
                behind = [place for place in plain if call.keywords[place].arg == after] or plain
                place = behind[-1] + 1 if behind else 0
                call.keywords.insert(place, ast.keyword(name, _expression(value)))
            case RemoveKeyword(name=name):
                call = next(node for node in nodes if isinstance(node, ast.Call))
                call.keywords = [each for each in call.keywords if each.arg != name]
            case SetItem(name=name, value=value, after=after):
                display = next(node for node in nodes if isinstance(node, ast.Dict))
                keys = [_key(each) for each in display.keys]
                plain = [place for place, key in enumerate(display.keys) if key is not None]
                place = plain[-1] + 1 if plain else 0
                place = keys.index(after) + 1 if after in keys else place
                display.keys.insert(place, ast.Constant(name))
                display.values.insert(place, _expression(value))
            case RemoveItem(name=name):
                display = next(node for node in nodes if isinstance(node, ast.Dict))
                place = [_key(each) for each in display.keys].index(name)
                del display.keys[place], display.values[place]
            case ReplaceExpression(value=value):
                self._replace(nodes, value)
            case InsertStatement(lines=lines, before=before):
                block = self._block(nodes[0])
                place = block.index(nodes[0]) + (not before)
                block[place:place] = ast.parse("\n".join(lines)).body
            case RemoveStatement():
                block = self._block(nodes[0])
                block[:] = [each for each in block if each is not nodes[0]] or [ast.Pass()]

    def _block(self, statement: ast.AST) -> list[ast.AST]:
        above = self._parent[statement]
        blocks = [value for _, value in ast.iter_fields(above) if isinstance(value, list)]
        return next(block for block in blocks if any(each is statement for each in block))

    def _replace(self, nodes: list[ast.AST], value: str) -> None:
        old = nodes[0]
        above = self._parent[old]
        if isinstance(old, ast.keyword):
            self._put(above, old, _expression(f"f({value}\n)").keywords[0])
        elif isinstance(old, ast.stmt) or _is_statement(value):
            statement = old if isinstance(old, ast.stmt) else above
            self._put(self._parent[statement], statement, ast.parse(value).body[0])
        elif value.startswith("await ") and isinstance(above, ast.Call) and above.func is old:
            awaited = ast.Await(ast.Call(_expression(value[6:]), above.args, above.keywords))
            self._put(self._parent[above], above, awaited)
        elif (
            len(nodes) == 2
            and isinstance(above, ast.BoolOp)
            and self._place(nodes[1]) != (self._place(old))
        ):
            first, last = (above.values.index(node) for node in nodes)
            above.values[first : last + 1] = [_expression(value)]
            if len(above.values) == 1:
                self._put(self._parent[above], above, above.values[0])
        else:
            self._put(above, old, _expression(value))

    def _put(self, above: ast.AST, old: ast.AST, new: ast.AST) -> None:
        for name, value in ast.iter_fields(above):
            if value is old:
                setattr(above, name, new)
            elif isinstance(value, list):
                value[:] = [new if each is old else each for each in value]
        self._parent[new] = above


def _expression(text: str) -> ast.expr:
    return ast.parse(f"({text}\n)", mode="eval").body


def _is_statement(text: str) -> bool:
    try:
        (statement,) = ast.parse(text).body
    except SyntaxError:
        return False
    return isinstance(statement, ast.Assign)


def _key(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


# Many programs


def shown(step: Step) -> str:
    """The text before and after a step, and what was to be done."""
    edits = step.finding.fix.edits if step.finding.fix else ()
    old, new = ("\n".join(_ENDS.split(each.text)) for each in (step.before, step.after))
    return f"{edits}\n-- before\n{old}\n-- after\n{new}"


@dataclass
class Tally:
    """What many programs have shown."""

    programs: int = 0
    applied: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    refusals: dict[str, list[int]] = field(default_factory=dict)

    def add(self, program: Program, *, shuffle: bool) -> None:
        """Check a program."""
        self.programs += 1
        try:
            result = check(program, shuffle=shuffle)
        except Exception as error:  # whatever it is, the next program is to be seen
            self.failures.append(f"seed {program.seed}: {type(error).__name__}: {error}")
            return
        self.applied.update(finding.code for finding in result.applied)
        for finding in result.applied:
            self.edits.update(type(edit).__name__ for edit in finding.fix.edits)
        for refusal in result.refused:
            told = f"{refusal.finding.code}: {re.sub(r'line [0-9]+', 'line n', refusal.reason)}"
            self.refused[told] += 1
            self.refusals.setdefault(told, []).append(program.seed)

    def __iadd__(self, other: Tally) -> Tally:
        self.programs += other.programs
        self.applied += other.applied
        self.refused += other.refused
        self.edits += other.edits
        self.failures += other.failures
        for told, seeds in other.refusals.items():
            self.refusals.setdefault(told, []).extend(seeds)
        return self


def tally(seeds: Sequence[int], *, shuffled: int = 1) -> Tally:
    """What the programs of these seeds show; one of ``shuffled`` is looked at in two orders."""
    found = Tally()
    for seed in seeds:
        found.add(generate(seed), shuffle=seed % shuffled == 0)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Check many programs; the exit code says whether all was right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=5, help="how many failures to print")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes to use")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    seeds = range(options.seed * 1_000_000, options.seed * 1_000_000 + options.cases)
    parts = [seeds[start : start + 100] for start in range(0, len(seeds), 100)]
    found = Tally()
    with ProcessPoolExecutor(options.jobs) as pool:
        for part in pool.map(tally, parts):
            found += part
    print("\n\n".join([*found.failures[: options.show], report(found)]))
    print(f"{time.perf_counter() - started:.0f} s")
    return 1 if found.failures else 0


def report(found: Tally) -> str:
    """What came out, in a few lines."""
    refused = [
        f"  {times:5} {told} (as in seed {found.refusals[told][0]})"
        for told, times in found.refused.most_common()
    ]
    return "\n".join(
        [
            f"{found.programs} programs",
            f"{found.applied.total()} fixes applied: {dict(sorted(found.applied.items()))}",
            f"edits: {dict(found.edits.most_common())}",
            f"{found.refused.total()} refused:",
            *refused,
            f"{len(found.failures)} failures",
        ]
    )
