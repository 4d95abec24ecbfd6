"""What one fix costs in a file of 1,000 lines, against libcst over the whole module.

    python benchmarks/fix_cost.py

Both are measured in one run, in turns, with medians. Ours is all of it: the file is analysed, the
fix is made, proven, and the result analysed again. libcst's is parse, visit and print.
"""

from __future__ import annotations

import statistics
import time

import libcst as cst

from bgmode.analysis import analyse
from bgmode.finding import Finding
from bgmode.fixing.rounds import fix_text
from bgmode.policy.load import default_policy
from bgmode.source import Source

FUNCTION = """\
def function_{number}(first, others):
    total = first + {number}  # the start
    for other in others:
        total += other.value(first, key={number})
    return [total, {{"first": first}}]


"""
CALL = """\
from openai import OpenAI

client = OpenAI()


def submit(prompt):
    headers = {"Idempotency-Key": prompt}
    return client.responses.create(input=prompt, background=True, extra_headers=headers).id
"""
CODE = "".join(FUNCTION.format(number=number) for number in range(142)) + CALL
ROUNDS = 15


def ours() -> float:
    policy = default_policy()

    def findings(source: Source) -> list[Finding]:
        return analyse(source, policy)

    start = time.perf_counter()
    source = Source("a.py", CODE)
    result = fix_text(source, findings(source), findings, unsafe=True)
    taken = time.perf_counter() - start
    if [each.code for each in result.applied] != ["BGM101"]:
        raise SystemExit(f"not the fix that was to be measured: {result.applied}")
    return taken


def theirs() -> float:
    start = time.perf_counter()
    changed = cst.parse_module(CODE).visit(cst.CSTTransformer())
    if changed.code != CODE:
        raise SystemExit("libcst has changed the module")
    return time.perf_counter() - start


def main() -> None:
    ours(), theirs()  # imports and caches
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    mine, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    lines = CODE.count("\n")
    print(
        f"{lines} lines: {mine * 1e3:.0f} ms, libcst {other * 1e3:.0f} ms, ratio {mine / other:.2f}"
    )


if __name__ == "__main__":
    main()
