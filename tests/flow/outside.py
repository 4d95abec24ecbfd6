"""Really runs a program, with stand-ins for everything that it takes from outside.

Polls always answer the same, or always raise the same. Everything else (clocks, switches, code
that may fail, the response that was there before) answers by chance: by the seed, the line that
asks and how often it has asked, so that two programs that do the same are told the same.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import hashlib
import itertools
import sys
import types
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any, TypeVar

from .phrases import GONE, STATUSES
from .programs import Program
from .recording import PROGRAM, Cancelled, Recorder, Stopped


class Response:
    """What a poll answers."""

    __match_args__ = ("status",)

    def __init__(self, status: str, error: str | None = None) -> None:
        self.status = status
        self.error = error

    def model_dump(self) -> dict[str, Any]:
        return dict(vars(self))


class ApiError(Exception):
    """What a poll may raise."""


class NotFound(ApiError):
    """The job is gone."""


class Context:
    """An object with attributes, made outside the program."""

    def __init__(self, done: bool = False, response: Response | None = None) -> None:
        self.done = done
        self.response = response


class _Settings:
    def __init__(self, chance: Callable[[str], bool]) -> None:
        self._chance = chance

    jobs = ("one", "two")

    @property
    def enabled(self) -> bool:
        return self._chance("enabled")

    def stopping(self) -> bool:
        return self._chance("stopping")


_T = TypeVar("_T")
_ACCIDENTS = (ValueError, RuntimeError, KeyError, TimeoutError, OSError)


class Outside:
    """Everything a program takes from elsewhere, in one of many possible shapes."""

    def __init__(self, recorder: Recorder, status: str, seed: int) -> None:
        self.recorder = recorder
        self.status = status
        self._seed = seed
        self._asked: Counter[object] = Counter()
        self.settings = _Settings(self.chance)
        self._turning = self._choice("turning", [0.0, 0.05, 0.3, 0.5])
        self._failing = self._choice("failing", [0.0, 0.0, 0.05, 0.5])
        self._hurry = self._choice("hurry", [0.0, 0.02, 0.2])
        self._scopes: list[_Scope] = []
        self._clock = 0.0
        self.subscribers: list[Callable[[], object]] = []

    def _random(self, *site: object) -> float:
        """A number that belongs to ``site`` and to how often it has been asked for."""
        asked = (*site, _asking_line())
        self._asked[asked] += 1
        return _drawn(self._seed, asked, self._asked[asked])

    def _choice(self, site: object, choices: Sequence[_T]) -> _T:
        return choices[int(self._random(site) * len(choices))]

    def chance(self, site: object) -> bool:
        """A switch: some stay as they are for a whole run, others turn now and then."""
        usual = _drawn(self._seed, site) < 0.5
        return usual ^ (self._random("turns", site) < self._turning)

    def response(self) -> Response:
        """A response from before the run."""
        return Response(self._choice("response", STATUSES))

    def names(self) -> dict[str, Any]:
        """What can be imported from outside."""
        return {
            "job": "job",
            "poll": self.poll,
            "poll_dict": self.poll_dict,
            "poll_async": self.poll_async,
            "ticks": self.ticks,
            "async_lock": self.async_lock,
            "flag": self.flag,
            "looks_fine": lambda _: self.chance("looks_fine"),
            "make_error": lambda cls: cls(),
            "work": self.work,
            "log": lambda *_: self.recorder.check(),
            "pause_a_bit": self.pause_a_bit,
            "VERBOSE": self.chance("VERBOSE"),
            "lock": contextlib.nullcontext,
            "use": self.use,
            "fill": self.fill,
            "subscribe": self.subscribers.append,
            "Response": Response,
            "ApiError": ApiError,
            "NotFound": NotFound,
            "Context": lambda: Context(),
        }

    def poll(self, _job: object) -> Response:
        self.recorder.polled()
        if not self.recorder.aside:
            for position, subscriber in enumerate(self.subscribers[:3]):
                if self.chance(f"subscriber {position}"):
                    self._notify(subscriber)
        if self.status == GONE:
            raise self.recorder.throw(_asking_line(), NotFound)
        return Response(self.status, self._choice("error", [None, "odd"]))

    def _notify(self, subscriber: Callable[[], object]) -> None:
        """Somebody else calls a function of the program, and minds its exceptions."""
        self.recorder.aside = True
        try:
            subscriber()
        except Stopped:
            raise
        except BaseException as error:
            self.recorder.expected(error)
        finally:
            self.recorder.aside = False

    def poll_dict(self, job: object) -> dict[str, Any]:
        return self.poll(job).model_dump()

    def flag(self, site: int) -> bool:
        self._may_fail(self._failing / 5)
        return self.chance(site)

    def use(self, context: Context) -> None:
        """Something outside changes the object it is given."""
        self.recorder.check()
        context.done = self.chance("use")

    def fill(self, entries: dict[str, Any]) -> None:
        """Something outside changes the dict it is given."""
        self.recorder.check()
        entries["done"] = self.chance("fill")

    def work(self) -> None:
        self._may_fail(self._failing)
        if self._random("work waits") < 0.3:
            self.recorder.waited()

    def pause_a_bit(self) -> None:
        self._may_fail(self._failing)
        self.recorder.waited()

    def consume(self, items: Generator[object, None, object]) -> None:
        """Take what a generator gives: all of it, or only so much."""
        patience = self._choice("patience", [2, 7, None, None])
        for taken, _ in enumerate(items):
            if taken == patience:
                self.recorder.stop()
                items.close()
            if self._random("consumer waits") < 0.2:
                self.recorder.waited()

    def _may_fail(self, probability: float) -> None:
        self.recorder.check()
        if self._random("fails") < probability:
            raise self.recorder.from_outside(self._choice("accident", _ACCIDENTS)("outside"))

    def time(self) -> float:
        self.recorder.check()
        self._clock += self._random("clock")
        return self._clock

    @contextlib.contextmanager
    def suppress(self, *classes: type[BaseException]) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.recorder.expected(error)
            if not issubclass(type(error), classes):
                raise
            self.recorder.swallows(error)

    # What is awaited

    async def checkpoint(self) -> None:
        """Let others run; the time of a scope may be over."""
        for scope in self._scopes:
            scope.over = scope.over or self._random("time", scope.line) < self._hurry
        await _Pause()
        for scope in self._scopes:
            if scope.over and (scope.insists or not scope.told):
                scope.told = True
                raise self.recorder.cancels(scope.line)

    async def poll_async(self, job: object) -> Response:
        await self.checkpoint()
        return self.poll(job)

    async def sleep(self, _seconds: float) -> None:
        self.recorder.waited()
        await self.checkpoint()

    async def wait_for(self, awaited: Coroutine[Any, Any, _T], _limit: float) -> _T:
        if self._random("late") < self._hurry:
            awaited.close()
            raise self.recorder.from_outside(TimeoutError())
        return await awaited

    async def ticks(self) -> AsyncIterator[int]:
        for tick in itertools.count():
            if self._random("last tick") < 0.05:
                return
            if self._random("tick waits") < 0.5:
                await self.sleep(1)
            yield tick

    @contextlib.asynccontextmanager
    async def async_lock(self) -> AsyncIterator[None]:
        await self.checkpoint()
        yield

    def _limits(self, **kinds: Mapping[str, bool]) -> types.SimpleNamespace:
        scopes = {name: functools.partial(_Scope, self, **kind) for name, kind in kinds.items()}
        return types.SimpleNamespace(**scopes)

    def modules(self) -> Mapping[str, types.SimpleNamespace]:
        """The modules that are not what they seem."""
        clock = types.SimpleNamespace(
            time=self.time, monotonic=self.time, sleep=lambda _: self.recorder.waited()
        )
        contexts = types.SimpleNamespace(suppress=self.suppress, nullcontext=contextlib.nullcontext)
        limits = self._limits(
            timeout={"insists": False, "moves_on": False},
            fail_after={"insists": True, "moves_on": False},
            move_on_after={"insists": True, "moves_on": True},
        )
        limits.sleep, limits.wait_for = self.sleep, self.wait_for
        limits.shield, limits.to_thread = _itself, _called
        return {
            **dict.fromkeys(["asyncio", "anyio", "trio"], limits),
            "time": clock,
            "contextlib": contexts,
            "outside": types.SimpleNamespace(**self.names()),
        }

    def builtins(self) -> dict[str, Any]:
        """The builtins, with an ``import`` that gives these modules."""
        modules = self.modules()

        def bring(name: str, *rest: Any) -> Any:
            return modules.get(name) or builtins.__import__(name, *rest)

        return {**vars(builtins), "__import__": bring, "print": lambda *_: None}


class _Scope:
    """A context with a time limit. ``insists``: it cancels whatever is awaited afterwards."""

    def __init__(self, outside: Outside, _limit: float, *, insists: bool, moves_on: bool) -> None:
        self.insists = insists
        self.over = False
        self.told = False
        self.line = _asking_line()
        self._outside = outside
        self._moves_on = moves_on

    def __enter__(self) -> _Scope:
        self._outside.recorder.check()
        self._outside._scopes.append(self)
        return self

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> bool:
        self._outside._scopes.remove(self)
        if not isinstance(error, Cancelled) or not self.told:
            return False
        if not self._moves_on:
            raise self._outside.recorder.from_outside(TimeoutError())
        return True

    async def __aenter__(self) -> _Scope:
        return self.__enter__()

    async def __aexit__(self, *how: Any) -> bool:
        return self.__exit__(*how)


class _Pause:
    def __await__(self) -> Generator[None, None, None]:
        yield


def _drive(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine to its end."""
    with contextlib.suppress(StopIteration):
        while True:
            coroutine.send(None)


async def _itself(awaited: Awaitable[_T]) -> _T:
    return await awaited


async def _called(function: Callable[..., _T], *arguments: object) -> _T:
    return function(*arguments)


def _drawn(*lot: object) -> float:
    """A number from 0 to 1 that belongs to ``lot``."""
    digest = hashlib.blake2b(repr(lot).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _asking_line() -> int:
    """The line of the program that called something of the outside; 0 where none did."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != PROGRAM:
        frame = frame.f_back
    return 0 if frame is None else frame.f_lineno


def run(program: Program, code: types.CodeType, status: str, seed: int) -> Recorder:
    """Run ``program`` once, with one shape of the outside."""
    recorder = Recorder()
    outside = Outside(recorder, status, seed)
    names: dict[str, Any] = {
        **outside.names(),
        "__builtins__": outside.builtins(),
        "_recorder_": recorder,
        "__name__": "program",
    }
    owner, _, method = program.entry.rpartition(".")
    try:
        exec(code, names)
        if owner:
            made = getattr(names[owner]("job", outside.response(), outside.settings), method)()
        else:
            made = names[method]("job", outside.response(), outside.settings)
        match made:
            case types.GeneratorType():
                outside.consume(made)
            case types.CoroutineType():
                _drive(made)
    except Stopped:
        pass
    except BaseException as error:
        recorder.expected(error)
    return recorder
