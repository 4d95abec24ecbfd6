"""What judging poll loops costs, and that it always ends.

    python benchmarks/loops.py

* Ordinary functions of 50 statements with one poll loop, in several layouts: the time to judge the
  loop for all statuses (``loops``) and to see whether it goes stale (``stale``). The index of the
  module, which all rules share, is timed by itself; parsing is left out. Milliseconds drift from
  run to run, so each time is also given as a ratio to ``ast.parse`` of the same text. Each time is
  processor time, the best of several rounds, the parser and the analysis taken in turns.
* Hard files, each with a loop that a failed job never ends: the seconds of processor time that
  ``bgmode check`` of the file takes, with the start of Python, and what it finds. To find nothing
  is fine, where a limit of the analysis says so. Each is checked in a process of its own, with
  limited memory, so that a hang is seen and stopped. The exit code is 1 if one takes longer than
  the limit, or fails.
"""

from __future__ import annotations

import ast
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from bgmode.flow.aliases import aliases_of
from bgmode.flow.project import Project
from bgmode.flow.shared import shared_of
from bgmode.knowledge import provider
from bgmode.model.module import Module
from bgmode.source import Source

ROUNDS = 15
FUNCTIONS = 12  # of each layout
STATEMENTS = 50
TOLERANCE = 4  # statements more, as a piece can be longer than what is missing
BOUND = 2.0  # milliseconds a loop
LIMIT = 2.0  # seconds a hard file
PATIENCE = 10.0  # seconds after which a hard file is given up
MEMORY = 1_000_000_000  # bytes that a hard file may take
PROJECT = Project()  # what is on the disk is looked up once for all files

HEAD = """\
import asyncio
import logging
import random
import time

from openai import APIConnectionError, AsyncOpenAI, OpenAI

client = OpenAI()
async_client = AsyncOpenAI()
logger = logging.getLogger(__name__)
PENDING = {"queued", "in_progress"}


"""


@dataclass(frozen=True)
class Layout:
    """A way to write a poll loop. ``# before``, ``# turn`` and ``# after`` are filled up."""

    name: str
    text: str


LAYOUTS = (
    Layout(
        "while pending, helpers",
        """
        def is_pending(response):
            return response.status in PENDING

        def fetch(response_id, log):
            log.debug("asking for %s", response_id)
            return client.responses.retrieve(response_id)

        def text_of(response):
            if response.status == "failed":
                raise RuntimeError(response.error.message)
            if response.status != "completed":
                return None
            return response.output_text

        def run(question, limits, store, metrics, tags):
            # before
            response = client.responses.create(model="gpt-5", input=question, background=True)
            while is_pending(response):
                # turn
                logger.info("job %s is %s", response.id, response.status)
                time.sleep(2)
                response = fetch(response.id, logger)
            # after
            return text_of(response)
        """,
    ),
    Layout(
        "while True, if chain, try",
        """
        def run(response_id, limits, store, metrics, tags):
            # before
            failures = 0
            while True:
                try:
                    response = client.responses.retrieve(response_id)
                    failures = 0
                except APIConnectionError as error:
                    failures += 1
                    if failures > 5:
                        raise
                    logger.warning("cannot ask: %s", error)
                    time.sleep(5)
                    continue
                # turn
                if response.status == "completed":
                    store.save(response_id, response.output_text)
                    break
                elif response.status == "failed":
                    logger.error("job %s failed", response_id)
                    raise RuntimeError(response.error.message)
                elif response.status == "cancelled":
                    return None
                elif response.status not in ("queued", "in_progress"):
                    raise ValueError(response.status)
                time.sleep(2)
            # after
            return response.output_text
        """,
    ),
    Layout(
        "for range, else",
        """
        def run(response_id, limits, store, metrics, tags):
            # before
            for attempt in range(limits.attempts):
                response = client.responses.retrieve(response_id)
                # turn
                if response.status not in PENDING:
                    break
                logger.info("attempt %d: %s", attempt, response.status)
                time.sleep(min(2 * attempt, 30))
            else:
                client.responses.cancel(response_id)
                raise TimeoutError(response_id)
            # after
            if response.status != "completed":
                raise RuntimeError(response.status)
            return response.output_text
        """,
    ),
    Layout(
        "match",
        """
        def run(response_id, limits, store, metrics, tags):
            # before
            while True:
                response = client.responses.retrieve(response_id)
                # turn
                match response.status:
                    case "queued" | "in_progress":
                        logger.debug("still at it")
                        time.sleep(2)
                    case "completed":
                        result = response.output_text
                        break
                    case "incomplete":
                        result = None
                        break
                    case "failed" | "cancelled" as status:
                        raise RuntimeError(status)
                    case other:
                        raise ValueError(other)
            # after
            return result
        """,
    ),
    Layout(
        "method, attributes of self",
        """
        class Job:
            def __init__(self, response_id, log=logger):
                self.client = OpenAI()
                self.response_id = response_id
                self.response = None
                self.status = "queued"
                self.log = log

            def refresh(self):
                self.response = self.client.responses.retrieve(self.response_id)
                self.status = self.response.status
                self.log.info("status %s", self.status)

            @property
            def is_done(self):
                return self.status in ("completed", "failed", "cancelled", "incomplete")

            def run(self, limits, store, metrics, tags):
                # before
                self.refresh()
                while not self.is_done:
                    # turn
                    time.sleep(2)
                    self.refresh()
                # after
                return self.response
        """,
    ),
    Layout(
        "async, deadline, backoff",
        """
        async def run(question, limits, store, metrics, tags):
            # before
            response = await async_client.responses.create(
                model="gpt-5", input=question, background=True
            )
            deadline = time.monotonic() + limits.seconds
            pause = 1.0
            while response.status in ("queued", "in_progress"):
                if time.monotonic() > deadline:
                    await async_client.responses.cancel(response.id)
                    raise TimeoutError(response.id)
                # turn
                await asyncio.sleep(pause + random.random())
                pause = min(pause * 1.5, 30.0)
                response = await async_client.responses.retrieve(response.id)
            # after
            if response.status == "completed":
                return response.output_text
            return None
        """,
    ),
)

PIECES = (
    "attempts = 0",
    "attempts += 1",
    "started = time.monotonic()",
    "elapsed = time.monotonic() - started",
    'logger.info("after %.1f s", elapsed)',
    'logger.debug("tags: %s", ", ".join(sorted(tags)))',
    'metrics.gauge("jobs.waiting", attempts)',
    'metrics.increment("jobs.turns", tags={"team": limits.team})',
    "history = []",
    "history.append(attempts)",
    'record = {"attempts": attempts, "elapsed": elapsed, "team": limits.team}',
    'record["note"] = f"{attempts} attempts, {elapsed:.1f} seconds"',
    "store.put(limits.key, record)",
    "names = [tag.strip() for tag in tags if tag]",
    "label, *others = names",
    'title = label.title() if label else "untitled"',
    "if attempts % 10 == 0:\n    metrics.flush()",
    'if elapsed > limits.slow:\n    logger.warning("slow")\nelse:\n    slow_turns = 0',
    "for tag in tags:\n    metrics.increment(tag)",
    'with metrics.timer("step"):\n    store.touch(limits.key)',
    'try:\n    store.write(record)\nexcept OSError:\n    logger.exception("cannot write")',
)


def statements(tree: ast.AST) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(tree))


def size(text: str) -> int:
    """The statements in the function ``run`` of a text."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    (run,) = (n for n in ast.walk(ast.parse(text)) if isinstance(n, functions) and n.name == "run")
    return statements(run) - 1


def ordinary(layout: Layout, rng: random.Random) -> str:
    """A module with one poll loop in a function of about 50 statements."""
    text = HEAD + dedent(layout.text)
    work: dict[str, list[str]] = {"before": [], "turn": [], "after": []}
    missing = STATEMENTS - size(text)
    while missing > 0:
        piece = rng.choice(PIECES)
        work[rng.choice(list(work))].append(piece)
        missing -= statements(ast.parse(piece))
    lines: list[str] = []
    for line in text.splitlines():
        mark, margin = line.strip().removeprefix("# "), line[: -len(line.lstrip()) or None]
        pieces = work.get(mark)
        lines += [line] if pieces is None else [indent(piece, margin) for piece in pieces]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Cost:
    """Milliseconds: of parsing, of the module's index, of its loops and of what is stale."""

    parse: float
    index: float
    loops: float
    stale: float


def milliseconds(work: Callable[[], object]) -> float:
    """Processor time: what else the machine does counts for little."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def index(module: Module) -> None:
    """Find out once what is asked about the whole module, however many loops it has."""
    module.names.scopes  # noqa: B018
    module.calls.operations  # noqa: B018
    module.names.calls_of("")
    aliases = aliases_of(module.names)
    aliases.escaping(module.names.tree)
    aliases.holding(module.names.tree)
    aliases.set_by("")
    bool(shared_of(module.names, aliases))


def one_round(text: str) -> Cost:
    parsing = milliseconds(lambda: ast.parse(text))
    module = Module(Source("ordinary.py", text, ast.parse(text)), provider("openai"), PROJECT)
    indexing = milliseconds(lambda: index(module))
    loops = milliseconds(lambda: module.polling.loops)
    stale = milliseconds(lambda: module.stale_loops)
    judged = [loop for loop in module.polling.loops if not loop.running.unclear]
    if len(judged) != 1:
        raise SystemExit(f"one poll loop expected, {len(judged)} judged in:\n{text}")
    return Cost(parsing, indexing, loops, stale)


def cost(text: str) -> Cost:
    """The best of many rounds."""
    rounds = [one_round(text) for _ in range(ROUNDS)]
    return Cost(
        min(each.parse for each in rounds),
        min(each.index for each in rounds),
        min(each.loops for each in rounds),
        min(each.stale for each in rounds),
    )


def middle_and_worst(numbers: list[float]) -> str:
    return f"{statistics.median(numbers):6.2f} {max(numbers):6.2f}"


def row(name: str, costs: list[Cost]) -> str:
    columns = [
        [each.loops for each in costs],
        [each.loops / each.parse for each in costs],
        [each.stale for each in costs],
        [each.stale / each.parse for each in costs],
        [each.index for each in costs],
    ]
    return f"{name:27}" + " |".join(middle_and_worst(column) for column in columns)


def ordinary_loops() -> None:
    """Print a line for each layout, and one for all of them."""
    titles = ("loops ms", "/ parse", "stale ms", "/ parse", "index ms")
    print(f"{'median and worst':26}" + " |".join(f"{title:>13}" for title in titles))
    everything: list[Cost] = []
    for layout in LAYOUTS:
        rng = random.Random(layout.name)
        texts = [ordinary(layout, rng) for _ in range(FUNCTIONS)]
        sizes = [size(text) for text in texts]
        if min(sizes) < STATEMENTS or max(sizes) > STATEMENTS + TOLERANCE:
            raise SystemExit(f"{layout.name}: functions of {min(sizes)} to {max(sizes)} statements")
        costs = [cost(text) for text in texts]
        print(row(layout.name, costs))
        everything += costs
    print(row("all", everything))
    over = sum(each.loops > BOUND for each in everything)
    print(f"{over} of {len(everything)} loops are above the bound of {BOUND} ms")


# Hard files


@dataclass(frozen=True)
class Hard:
    """A file that is hard to judge, and what is hard about it."""

    name: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """How ``bgmode check`` of one file went. ``failure`` is empty where nothing is wrong."""

    seconds: float
    codes: tuple[str, ...] = ()
    failure: str = ""


def many(pattern: str, count: int) -> str:
    """``pattern`` many times; ``{n}`` is the number, and ``{next}`` the one after it."""
    each = (pattern.replace("{n}", str(n)).replace("{next}", str(n + 1)) for n in range(count))
    return "\n".join(each)


def nested(pattern: str, depth: int, core: str) -> str:
    """``pattern`` in itself many times; ``    {body}`` is where the next one goes."""
    for n in reversed(range(depth)):
        core = pattern.replace("{n}", str(n)).replace("    {body}", indent(core, "    "))
    return core


def turn(work: str) -> str:
    """What a loop does in a turn: a poll, ``work``, and a test that a failed job never meets."""
    poll = "response = client.responses.retrieve(job)\n"
    return (
        poll + work + '\nif response.status == "completed":\n    return response\ntime.sleep(2)\n'
    )


def forever(work: str) -> str:
    """A loop with such turns."""
    return "while True:\n" + indent(turn(work), "    ")


def function(body: str, name: str = "run") -> str:
    return f"def {name}(job, flags, note):\n" + indent(body, "    ") + "\n\n"


def looping(work: str, *, outside: str = "", before: str = "") -> str:
    """A file with one loop. ``outside`` stands above its function, ``before`` above the loop."""
    return HEAD + outside + "\n\n\n" + function(before + "\n" + forever(work))


def elif_chain(count: int) -> str:
    return looping(many('elif response.status == "s{n}":\n    note({n})', count)[2:])


def ifs(test: str, count: int) -> str:
    return looping(many(f"if {test}:\n    v{{n}} = note({{n}})", count))


def nested_ifs(depth: int) -> str:
    return looping(
        nested("if flags.f{n}:\n    {body}\nelse:\n    v{n} = {n}", depth, "v = response.id")
    )


def changed_names(count: int) -> str:
    change = 'v{n} = v{next} if flags.f{n} else response.status + "{n}"'
    return looping(many(change, count), before=many('v{n} = "{n}"', count + 1))


def recursive_helpers(count: int) -> str:
    """Local functions, each of which calls all of them."""
    calls = indent(many("h{n}(response)", count), "    ")
    return looping("h0(response)", before=many("def h{n}(response):\n" + calls, count))


def doubling_helpers(count: int) -> str:
    """Functions, each of which calls the next one twice."""
    each = "def h{n}(response):\n    h{next}(response)\n    return h{next}(response)"
    last = f"\ndef h{count}(response):\n    return response.status"
    return looping("h0(response)", outside=many(each, count) + last)


def wide_lambdas(count: int, width: int) -> str:
    """Lambdas, each of which calls the next one many times."""
    calls = ", ".join(["h{next}(response)"] * width)
    each = f"h{{n}} = lambda response: ({calls})"
    return looping("h0(response)", outside=many(each, count) + f"\nh{count} = print")


def doubling_partials(count: int) -> str:
    """Partial functions, each of which calls the next one twice."""
    each = "h{n} = functools.partial(h{next}, h{next}())"
    text = f"import functools\ndef h{count}(*given):\n    return 1\n" + many(each, count)
    return looping("h0(response)", outside=text)


def wide_classes(count: int, width: int) -> str:
    """Classes, of each of which an object makes many objects of the next one."""
    made = ", ".join(["A{next}()"] * width)
    each = f"class A{{n}}:\n    def __init__(self):\n        self.x = ({made})"
    return looping("v = A0()", outside=many(each, count) + f"\nclass A{count}: ...")


def doubled(change: str, count: int, first: str, then: str = "pass") -> str:
    """A value that is made of itself twice, again and again."""
    return looping(many(f"v = {change}", count) + "\n" + then, before=f"v = {first}")


def diamonds(count: int) -> str:
    """Exception classes with two bases each, which have the same two bases."""
    each = "class A{n}(A{next}, B{next}): ...\nclass B{n}(A{next}, B{next}): ..."
    last = f"\nclass A{count}(OSError): ...\nclass B{count}(OSError): ..."
    caught = "try:\n    if flags.f:\n        raise A0\nexcept Other:\n    pass"
    return looping(caught, outside="class Other(Exception): ...\n" + many(each, count) + last)


def nested_tries(depth: int, end: str) -> str:
    return looping(nested("try:\n    {body}\n" + end, depth, "note(response)"))


def calls_in_a_try(count: int) -> str:
    calls = indent(many("v{n} = note({n})", count), "    ")
    return looping(f"try:\n{calls}\nexcept ValueError:\n    pass")


def nested_loops(depth: int) -> str:
    return HEAD + function(
        nested("while True:\n    v{n} = flags.f{n}\n    {body}", depth, turn("pass"))
    )


def loops_in_a_row(count: int) -> str:
    return HEAD + function(many(forever("v{n} = {n}").replace("return response", "break"), count))


def calls_of_itself(count: int) -> str:
    """A function that waits by calling itself."""
    calls = many("if flags.f{n}:\n    return run(job, flags, note)", count)
    return HEAD + function(turn(calls) + "return run(job, flags, note)")


def retry_conditions(count: int) -> str:
    """A function that a decorator calls again on one of many conditions."""
    conditions = " | ".join(f"tenacity.retry_if_result(f{n})" for n in range(count))
    body = f"@tenacity.retry(retry={conditions})\n" + function(turn("pass") + "return None")
    return HEAD + "import tenacity\n\n\n" + body


def optional_parameters(count: int) -> str:
    names = ", ".join(f"p{n}=None" for n in range(count))
    return looping(many("if p{n} and flags.f{n} > p{n}:\n    break", count)).replace(
        "flags, note)", f"flags, note, {names})"
    )


def functions_with_loops(count: int) -> str:
    return HEAD + many(function(forever("v{n} = {n}"), "run{n}"), count)


def big_set(count: int) -> str:
    statuses = ", ".join(f'"s{n}"' for n in range(count))
    return looping(f"if response.status in {{{statuses}}}:\n    note(1)")


def cases(count: int) -> str:
    return looping("match response.status:\n" + many('    case "s{n}":\n        note({n})', count))


def guards(count: int) -> str:
    each = "    case x{n} if flags.f{n}:\n        note({n})"
    return looping("match flags:\n" + many(each, count))


def closures(count: int) -> str:
    """Inner functions that change a name around them and call the next one."""
    each = 'def c{n}():\n    nonlocal v{n}\n    v{n} = v{next} + "{n}"\n    c{next}()'
    made = f"{many(each, count)}\ndef c{count}():\n    return v0\n"
    return looping(
        many("c{n}()\nnote(c{n})", count), before=many('v{n} = ""', count + 1) + "\n" + made
    )


def operands(count: int) -> str:
    return looping("if " + " or ".join(f"flags.f{n}" for n in range(count)) + ":\n    note(1)")


HARD = (
    Hard("1,000 elif on the status", elif_chain(1_000)),
    Hard("150 elif on the status", elif_chain(150)),
    Hard("1,000 ifs on the status", ifs('response.status == "s{n}"', 1_000)),
    Hard("1,000 unknown ifs", ifs("flags.f{n}", 1_000)),
    Hard("40 nested unknown ifs", nested_ifs(40)),
    Hard("200 names that change", changed_names(200)),
    Hard("12 helpers, recursive", recursive_helpers(12)),
    Hard("30 helpers, two calls each", doubling_helpers(30)),
    Hard("6 lambdas, 60 calls each", wide_lambdas(6, 60)),
    Hard("30 partials, two calls each", doubling_partials(30)),
    Hard("6 classes, 40 objects each", wide_classes(6, 40)),
    Hard("40 pairs of pairs", doubled("(v, v)", 40, "job")),
    Hard("40 pairs of pairs in a set", doubled("(v, v)", 40, "1", "w = {v}")),
    Hard("a text doubled 40 times", doubled("f'{v}{v}'", 40, "'a'")),
    Hard("a text doubled by a method", doubled("v.replace('a', 'aa')", 40, "'a'")),
    Hard("30 levels of exception diamonds", diamonds(30)),
    Hard("30 nested loops", nested_loops(30)),
    Hard("8 nested loops", nested_loops(8)),
    Hard("60 nested try, except", nested_tries(60, "except E{n}:\n    note({n})")),
    Hard("1,000 calls in a try", calls_in_a_try(1_000)),
    Hard("60 nested try, finally", nested_tries(60, "finally:\n    note({n})")),
    Hard("300 loops in a row", loops_in_a_row(300)),
    Hard("200 calls of itself", calls_of_itself(200)),
    Hard("300 conditions of a retry", retry_conditions(300)),
    Hard("50 optional parameters", optional_parameters(50)),
    Hard("100 functions with a loop", functions_with_loops(100)),
    Hard("a set of 2,000 statuses", big_set(2_000)),
    Hard("a match with 500 cases", cases(500)),
    Hard("500 cases with unknown guards", guards(500)),
    Hard("40 closures", closures(40)),
    Hard("500 operands of or", operands(500)),
    Hard("3,000 attributes deep", looping("v = flags" + ".next" * 3_000)),
    Hard("3,000 operators deep", looping("v = job" + " + job" * 3_000)),
    Hard("800 attributes deep", looping("v = flags" + ".next" * 800)),
    Hard("800 calls deep", looping("v = flags" + ".next()" * 800)),
    Hard("800 operators deep", looping("v = job" + " + job" * 800)),
)


def children() -> float:
    """The seconds of processor time that finished child processes have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check(path: Path) -> Verdict:
    """Run ``bgmode check`` on one file."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))"
    code = f"{limit}\nfrom bgmode.cli import main; main()"
    command = [sys.executable, "-c", code, "check", "-q", "--output-format", "json", path.name]
    start = children()
    try:
        done = subprocess.run(
            command, cwd=path.parent, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict(children() - start, failure=f"TOO SLOW, stopped after {PATIENCE:.0f} s")
    seconds = children() - start
    if done.returncode not in (0, 1) or done.stderr:
        return Verdict(seconds, failure=f"FAILS, exit code {done.returncode}: {done.stderr[-200:]}")
    findings = json.loads(done.stdout)["findings"]
    codes = tuple(sorted({finding["code"] for finding in findings}))
    failed = [finding["message"] for finding in findings if finding["code"] == "BGM009"]
    if failed:
        return Verdict(seconds, codes, f"FAILS: {failed[0]}")
    return Verdict(seconds, codes, "TOO SLOW" if seconds > LIMIT else "")


def hard_files() -> bool:
    """Print a line for each hard file; returns whether all went well."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for hard in HARD:
            path = Path(folder) / "hard.py"
            path.write_text(hard.text)
            verdict = check(path)
            found = " ".join(verdict.codes) or "silent"
            print(f"{hard.name:32} {verdict.seconds:6.2f} s  {found}  {verdict.failure}".rstrip())
            good = good and not verdict.failure
    return good


def main() -> int:
    ordinary_loops()
    print(f"\nhard files, limit {LIMIT} s")
    return 0 if hard_files() else 1


if __name__ == "__main__":
    raise SystemExit(main())
