"""Work that forked processes share: each takes the next piece when it is done with one.

Results come back through pipes, as pickled data. A process that dies takes down only the piece in
its hands: that one is tried once more, when all others are done, and is lost if it fails again.
"""

from __future__ import annotations

import gc
import os
import pickle
import selectors
import signal
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_NUMBER = 4  # bytes of a ticket: the number of a piece
_LENGTH = 8  # bytes before an answer: how long it is
_AT_ONCE = 1 << 16  # bytes that a pipe holds


@dataclass(frozen=True)
class Lost:
    """In the place of a result: the work on a piece came to no end, and why."""

    why: str


def usable_cores() -> int:
    """How many processes can run side by side here; 1 where processes cannot be forked."""
    if not hasattr(os, "fork"):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shared(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], jobs: int
) -> list[Result | Lost]:
    """What ``work`` makes of each of ``pieces``, in their order, done by so many processes.

    The results have to be picklable where there is more than one process.
    """
    if min(jobs, len(pieces)) < 2 or not hasattr(os, "fork"):
        return [_tried(work, piece) for piece in pieces]
    crew = _Crew(work, pieces)
    crew.work(range(len(pieces)), jobs)
    crew.work([number for number, result in crew.results.items() if isinstance(result, Lost)], 1)
    return [crew.results[number] for number in range(len(pieces))]


def _tried(work: Callable[[Piece], Result], piece: Piece) -> Result | Lost:
    try:
        return work(piece)
    except Exception as error:  # the other pieces are none the worse
        return Lost(f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": "))


@dataclass
class _Worker:
    """A process: where its tickets go, where its answers come from, and what it has in hand."""

    process: int
    tickets: int
    answers: int
    number: int = 0
    received: bytearray = field(default_factory=bytearray)

    def give(self, number: int) -> None:
        """Have it work on a piece; it is seen later where it does not live any more."""
        self.number = number
        try:
            os.write(self.tickets, number.to_bytes(_NUMBER, "big"))
        except BrokenPipeError:
            return

    def answer(self) -> Any:
        """What has come of its piece, None where that is not there yet. Raises EOFError."""
        data = os.read(self.answers, _AT_ONCE)
        if not data:
            raise EOFError
        self.received += data
        length = int.from_bytes(self.received[:_LENGTH], "big")
        if len(self.received) < _LENGTH + length:
            return None
        answer = pickle.loads(memoryview(self.received)[_LENGTH:])  # noqa: S301 - our own process
        self.received = bytearray()
        return answer

    def close(self) -> None:
        os.close(self.tickets)
        os.close(self.answers)

    def end(self) -> int:
        """See the process off; returns its exit code, of a signal the negative number."""
        self.close()  # without tickets it ends
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def kill(self) -> None:
        """End the process whatever it does."""
        os.kill(self.process, signal.SIGKILL)
        self.end()


class _Crew(Generic[Piece, Result]):
    """The processes that share some pieces, and what has come of these."""

    def __init__(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> None:
        self.results: dict[int, Result | Lost] = {}
        self._work = work
        self._pieces = pieces
        self._workers: dict[int, _Worker] = {}
        self._waiting: deque[int] = deque()

    def work(self, numbers: Iterable[int], jobs: int) -> None:
        """Have the pieces with these numbers done by so many processes."""
        self._waiting.extend(numbers)
        with selectors.DefaultSelector() as selector:
            try:
                while self._waiting or self._workers:
                    while self._waiting and len(self._workers) < jobs:
                        try:
                            selector.register(self._hire(), selectors.EVENT_READ)
                        except OSError:  # the machine has no room for so many
                            jobs = len(self._workers)
                    if not self._workers:
                        self._do_one()
                    for key, _ in selector.select() if self._workers else ():
                        self._listen(key.fd, selector)
            finally:
                for worker in self._workers.values():
                    worker.kill()
                self._workers.clear()

    def _do_one(self) -> None:
        """Do a piece without any worker."""
        number = self._waiting.popleft()
        self.results[number] = _tried(self._work, self._pieces[number])

    def _listen(self, answers: int, selector: selectors.BaseSelector) -> None:
        """Take what a worker has to say; give it more to do, or see it off."""
        worker = self._workers[answers]
        try:
            answer = worker.answer()
        except EOFError:
            selector.unregister(answers)
            del self._workers[answers]
            self.results[worker.number] = Lost(_how_it_ended(worker.end()))
            return
        if answer is None:
            return
        self.results[worker.number] = answer
        if self._waiting:
            worker.give(self._waiting.popleft())
        else:
            selector.unregister(answers)
            del self._workers[answers]
            worker.end()

    def _hire(self) -> int:
        """Start a worker on the next piece; returns where its answers come from.

        The signal of Ctrl-C waits until it is known who is who.
        """
        tickets, give = os.pipe()
        answers, answer = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process = os.fork()
            if process == 0:
                self._be_worker(tickets, answer, [give, answers])
            self._workers[answers] = _Worker(process, give, answers)
        except OSError:
            os.close(give)
            os.close(answers)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            os.close(tickets)
            os.close(answer)
        self._workers[answers].give(self._waiting.popleft())
        return answers

    def _be_worker(self, tickets: int, answers: int, others: list[int]) -> NoReturn:
        """Work until there are no tickets, or nobody who wants the answers."""
        try:
            if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            gc.freeze()  # what is shared with the parent stays shared
            for descriptor in others:
                os.close(descriptor)
            for worker in self._workers.values():
                worker.close()
            while ticket := os.read(tickets, _NUMBER):
                result = _tried(self._work, self._pieces[int.from_bytes(ticket, "big")])
                data = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
                _write(answers, len(data).to_bytes(_LENGTH, "big") + data)
        finally:
            os._exit(0)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return "its process ended by itself"
