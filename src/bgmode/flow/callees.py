"""What is known of functions whose code is not read: who waits, who bounds, who may raise.

The names are those of the standard library and of the asynchronous frameworks; for
anything else only the *kind* of name speaks: ``logger.info`` tells somebody, a
``_raise_on_failure`` decides something.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

SLEEPS = frozenset(
    {
        "time.sleep",
        "asyncio.sleep",
        "anyio.sleep",
        "anyio.sleep_until",
        "trio.sleep",
        "trio.sleep_until",
        "curio.sleep",
        "gevent.sleep",
        "eventlet.sleep",
    }
)
"""Calls that wait and do nothing else."""

TIMEOUT_SCOPES = frozenset(
    {
        "asyncio.timeout",
        "asyncio.timeout_at",
        "async_timeout.timeout",
        "async_timeout.timeout_at",
        "anyio.fail_after",
        "trio.fail_after",
        "trio.fail_at",
        "anyio.CancelScope",
        "trio.CancelScope",
        "anyio.move_on_after",
        "trio.move_on_after",
        "trio.move_on_at",
    }
)
"""``with`` blocks that end by themselves."""

SWALLOWING_SCOPES = frozenset(
    name for name in TIMEOUT_SCOPES if ".move_on_" in name or ".CancelScope" in name
)
"""Those of them that go on after the block instead of raising."""

TIME_LIMIT = re.compile(r"time_?out|time_?limit|deadline", re.IGNORECASE)
"""What the names of decorators, arguments and contexts that limit the time have in them."""

TIMEOUT_CALLS = frozenset({"asyncio.wait_for"})
"""Calls that await their first argument and give up after a while."""

NEVER_RETURN = frozenset({"typing.assert_never", "typing_extensions.assert_never"})
"""Calls that raise AssertionError."""

GATHERS = frozenset({"asyncio.gather", "trio_util.gather", "asyncio.wait_all"})
"""Calls that await several and give what each of them gives."""

EXITS = frozenset(
    {"sys.exit", "os._exit", "os.abort", "os.execv", "os.execve", "os.execvp", "os.execl"}
    | {"exit", "quit", "builtins.exit", "builtins.quit"}
)
"""Calls that end the program."""

PASS_THROUGH = frozenset(
    {
        "asyncio.wait_for",
        "asyncio.shield",
        "asyncio.run",
        "asyncio.ensure_future",
        "asyncio.create_task",
        "typing.cast",
        "copy.copy",
        "copy.deepcopy",
    }
)
"""Calls that give what their first argument gives (``typing.cast``: the last)."""

APPLY = {
    "asyncio.to_thread": 0,
    "anyio.to_thread.run_sync": 0,
    "trio.to_thread.run_sync": 0,
    "asgiref.sync.sync_to_async": 0,
    "functools.partial": 0,
    "run_in_executor": 1,
    "starlette.concurrency.run_in_threadpool": 0,
    "fastapi.concurrency.run_in_threadpool": 0,
}
"""Calls that call another: at which position that other one is given."""

PLAIN_ITERATORS = frozenset({"range", "enumerate", "zip", "reversed", "sorted", "list", "tuple"})
"""Builtins that give their items without waiting."""

ENDLESS_ITERATORS = frozenset({"itertools.count", "itertools.repeat", "itertools.cycle"})

_HARMLESS_MODULES = re.compile(
    r"^(time|datetime|random|math|json|logging|asyncio|anyio|trio|itertools|os|uuid|secrets"
    r"|contextlib|warnings|sys|typing|copy|functools|rich|tqdm|click|structlog|loguru)(\.|$)"
)
_HARMLESS_BUILTINS = frozenset(
    [
        "print",
        "len",
        "str",
        "repr",
        "int",
        "float",
        "bool",
        "min",
        "max",
        "abs",
        "round",
        "sum",
        "sorted",
        "list",
        "tuple",
        "dict",
        "set",
        "frozenset",
        "isinstance",
        "issubclass",
        "hasattr",
        "getattr",
        "range",
        "enumerate",
        "zip",
        "map",
        "filter",
        "any",
        "all",
        "type",
        "id",
        "hash",
        "format",
        "iter",
        "vars",
        "callable",
        "divmod",
        "ord",
        "chr",
        "super",
        "input",
        "reversed",
        "slice",
    ]
)
_TELLS = re.compile(
    r"^_?(on|emit|notify|report|publish|log|print|show|display|update|record|save|store|persist"
    r"|send|write|track|trace|callback|progress|heartbeat|push|put|append|extend|add|set|insert"
    r"|advance|debug|info|warn|warning|error|exception|critical|msg|echo|secho|status|render"
    r"|refresh|observe|capture|notice|gauge|counter|increment|inc|discard|get|pop|setdefault|items|keys|values"
    r"|copy|format|join|split|encode|decode|isoformat|total_seconds|model_dump|model_dump_json"
    r"|dict|json|to_dict|to_json|lower|upper|strip|flush)(_|$|[A-Z])"
    r"|(callback|_hook|_cb|logger|_listener|_handler)$"
)
_DECIDES = re.compile(
    r"raise|check|ensure|assert|validate|verify|require|fail|abort|guard|unwrap|expect",
    re.IGNORECASE,
)
_CLOCKS = re.compile(
    r"time_?out|dead_?line|expire|elapsed|remaining|budget|cancel|abort|stop|shut_?down|limit|tick",
    re.IGNORECASE,
)
_QUICK_MODULES = re.compile(
    r"^(datetime|random|math|json|logging|itertools|uuid|secrets|contextlib|warnings|sys|typing|copy"
    r"|functools|time|structlog|loguru)(\.|$)"
)
_QUICK = re.compile(
    r"^(debug|info|warn|warning|error|exception|critical|log|log_\w+|append|extend|add|discard"
    r"|items|keys|values|lower|upper|strip|format|split|isoformat|total_seconds|model_dump"
    r"|to_dict|pop|setdefault|monotonic|now|utcnow|perf_counter)$"
)
_CHANGES = re.compile(
    r"^_?(refresh|reload|update|sync|poll|fetch|retrieve|renew|load|wait|await)(_|$|[A-Z])"
)
_KEEPS_MEANING = re.compile(
    r"retry|retri|backoff|stamina|staticmethod|classmethod|abstractmethod|override|overload|cache"
    r"|wraps|trace|span|observe|instrument|log|metric|timed|final|deprecated|beartype|typechecked"
    r"|task|tool|activity|step|flow|command|route|get$|post$|put$|delete$|sync|limit",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Manner:
    """What the name of a function says of it, whose code is not read.

    ``harmless``: it neither raises by design nor waits. ``quick``: it surely comes back at once.
    ``leaves``: it ends the program. ``changes``: it renews what it is given. ``decides``: it raises
    when it does not like what it is given. ``bounds``: it looks at a clock or a stop signal.
    ``watches``: the object whose method it is does.
    """

    harmless: bool
    quick: bool
    leaves: bool
    changes: bool
    decides: bool
    bounds: bool
    watches: bool


@cache
def manner(name: str, receiver: str | None, *, imported: bool) -> Manner:
    """What is known of a function called ``name``, a method of ``receiver`` if there is one.

    ``imported`` says that ``name`` is the full dotted name of something imported.
    """
    last = last_name(name)
    return Manner(
        harmless=_is_harmless(name, imported=imported),
        quick=_is_quick(name, imported=imported),
        leaves=receiver is not None and _leaves(last, last_name(receiver).lower()),
        changes=bool(_CHANGES.search(last)),
        decides=bool(_DECIDES.search(last)),
        bounds=bool(_CLOCKS.search(last)),
        watches=receiver is not None and bool(_CLOCKS.search(last_name(receiver))),
    )


def limits_time(name: str | None) -> bool:
    """Whether a ``with`` block of something imported ends by itself, by its full dotted name."""
    return name is not None and (name in TIMEOUT_SCOPES or bool(TIME_LIMIT.search(last_name(name))))


def last_name(name: str) -> str:
    """``c`` of ``a.b.c``."""
    return name.rpartition(".")[2]


def _is_harmless(name: str, *, imported: bool) -> bool:
    if imported and _HARMLESS_MODULES.match(name):
        return True
    if name in _HARMLESS_BUILTINS:
        return True
    return bool(_TELLS.search(last_name(name))) and not _DECIDES.search(last_name(name))


def _leaves(last: str, owner: str) -> bool:
    """Whether a method says that it ends the program: ``context.exit``, ``parser.error``."""
    if last == "fail":
        return owner in {"ctx", "context", "click", "pytest", "parser"}
    return last in {"exit", "abort"} or (last == "error" and "parser" in owner)


def _is_quick(name: str, *, imported: bool) -> bool:
    if imported and _QUICK_MODULES.match(name):
        return True
    return (name in _HARMLESS_BUILTINS and name != "input") or bool(_QUICK.match(last_name(name)))


@cache
def keeps_meaning(decorator: str) -> bool:
    """Whether a decorated function still does what its body says."""
    return bool(_KEEPS_MEANING.search(decorator))
