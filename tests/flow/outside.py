"""Really runs a program, with stand-ins for everything that it takes from outside.

Polls always answer the same. Everything else (clocks, switches, code that may fail, the
response that was there before) answers by chance, and each seed is another chance.
"""

from __future__ import annotations

import builtins
import contextlib
import random
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .phrases import STATUSES
from .programs import Program
from .recording import Recorder, Stopped


class Response:
    """What a poll answers."""

    __match_args__ = ("status",)

    def __init__(self, status: str, error: str | None = None) -> None:
        self.status = status
        self.error = error

    def model_dump(self) -> dict[str, Any]:
        return dict(vars(self))


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


_ACCIDENTS = (ValueError, RuntimeError, KeyError, TimeoutError, OSError)


class Outside:
    """Everything a program takes from elsewhere, in one of many possible shapes."""

    def __init__(self, recorder: Recorder, status: str, seed: int) -> None:
        self.recorder = recorder
        self.status = status
        self.rng = random.Random(seed)
        self.settings = _Settings(self.chance)
        self._turning = self.rng.choice([0.0, 0.05, 0.3, 0.5])
        self._failing = self.rng.choice([0.0, 0.0, 0.05, 0.5])
        self._answers: dict[object, bool] = {}
        self._clock = 0.0
        self.subscribers: list[Callable[[], object]] = []

    def chance(self, site: object) -> bool:
        """A switch: some stay as they are for a whole run, others turn now and then."""
        usual = self._answers.setdefault(site, self.rng.random() < 0.5)
        return usual ^ (self.rng.random() < self._turning)

    def response(self) -> Response:
        """A response from before the run."""
        return Response(self.rng.choice([*STATUSES, self.status]))

    def names(self) -> dict[str, Any]:
        """What can be imported from outside."""
        return {
            "job": "job",
            "poll": self.poll,
            "poll_dict": self.poll_dict,
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
            "Context": lambda: Context(),
        }

    def poll(self, _job: object) -> Response:
        self.recorder.polled()
        if not self.recorder.aside:
            for subscriber in self.subscribers[:3]:
                if self.chance(subscriber):
                    self._notify(subscriber)
        return Response(self.status, self.rng.choice([None, "odd"]))

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
        if self.rng.random() < 0.3:
            self.recorder.waited()

    def pause_a_bit(self) -> None:
        self._may_fail(self._failing)
        self.recorder.waited()

    def _may_fail(self, probability: float) -> None:
        self.recorder.check()
        if self.rng.random() < probability:
            raise self.recorder.from_outside(self.rng.choice(_ACCIDENTS)("outside"))

    def time(self) -> float:
        self.recorder.check()
        self._clock += self.rng.random()
        return self._clock

    @contextlib.contextmanager
    def suppress(self, *classes: type[BaseException]) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.recorder.expected(error)
            if not issubclass(type(error), classes):
                raise

    def modules(self) -> Mapping[str, types.SimpleNamespace]:
        """The modules that are not what they seem."""
        clock = types.SimpleNamespace(
            time=self.time, monotonic=self.time, sleep=lambda _: self.recorder.waited()
        )
        contexts = types.SimpleNamespace(suppress=self.suppress, nullcontext=contextlib.nullcontext)
        return {
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
            getattr(names[owner]("job", outside.response(), outside.settings), method)()
        else:
            names[method]("job", outside.response(), outside.settings)
    except Stopped:
        pass
    except BaseException as error:
        recorder.expected(error)
    return recorder
