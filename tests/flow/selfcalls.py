"""Functions that call themselves, each with how much must be known of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from bgmode.flow.values import Truth


@dataclass(frozen=True)
class Case:
    """A function, and how much must be known of it.

    ``decided`` is the least number of statuses of which it is said for sure whether they end it.
    ``missed`` are the terminal statuses on which it does what it does while the job runs;
    ``seen`` says whether that must be known. ``waits`` is what must be said of a further round;
    None where nothing need be.
    """

    text: str
    decided: int = 6
    missed: tuple[str, ...] = ()
    seen: bool = True
    waits: Truth = True
    entry: str = "wait"

    @property
    def source(self) -> str:
        return textwrap.dedent(self.text)


CALLING_THEMSELVES = {
    "a function": Case("""
        import time
        def wait(job):
            if poll(job).status in ("queued", "in_progress"):
                time.sleep(1)
                return wait(job)
        """),
    "one that does not wait": Case(
        """
        def wait(job):
            if poll(job).status in ("queued", "in_progress"):
                return wait(job)
        """,
        waits=False,
    ),
    "one that knows a single end": Case(
        """
        import time
        def wait(job):
            if poll(job).status == "completed":
                return
            time.sleep(1)
            wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "one that forgets a status": Case(
        """
        import time
        def wait(job):
            response = poll(job)
            if response.status in {"completed", "failed", "cancelled"}:
                return response
            time.sleep(1)
            return wait(job)
        """,
        missed=("incomplete",),
    ),
    "one that raises": Case(
        """
        import time
        def wait(job):
            match poll(job).status:
                case "completed":
                    return True
                case "failed" | "cancelled":
                    raise RuntimeError(job)
            time.sleep(1)
            return wait(job)
        """,
        missed=("incomplete",),
    ),
    "a coroutine": Case("""
        import asyncio
        async def wait(job):
            response = await poll_async(job)
            if response.status in ("queued", "in_progress"):
                await asyncio.sleep(1)
                return await wait(job)
            return response
        """),
    "a coroutine that forgets a status": Case(
        """
        import asyncio
        async def wait(job):
            response = await poll_async(job)
            if response.status not in ("completed", "failed", "incomplete"):
                await asyncio.sleep(1)
                await wait(job)
        """,
        missed=("cancelled",),
    ),
    "a method": Case(
        """
        import time
        class Waiter:
            def wait(self, job):
                response = poll(job)
                if response.status in ("completed", "failed"):
                    return response
                time.sleep(1)
                return self.wait(job)
        """,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a method that keeps the answer": Case(
        """
        import time
        class Waiter:
            def __init__(self):
                self.response = None
            def wait(self, job):
                self.response = poll(job)
                if self.response.status != "completed":
                    time.sleep(1)
                    self.wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "an asynchronous method": Case(
        """
        import asyncio
        class Waiter:
            async def wait(self, job):
                response = await poll_async(job)
                if response.status == "completed":
                    return response
                if response.status == "failed":
                    raise RuntimeError(job)
                await asyncio.sleep(1)
                return await self.wait(job)
        """,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a counter that goes up": Case(
        """
        import time
        def wait(job, tries=0):
            response = poll(job)
            if response.status == "completed":
                return response
            if tries >= 5:
                raise TimeoutError(job)
            time.sleep(1)
            return wait(job, tries + 1)
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a counter that goes down": Case(
        """
        import time
        def wait(job, *, left=4):
            response = poll(job)
            if response.status in ("completed", "failed", "cancelled", "incomplete") or not left:
                return response
            time.sleep(1)
            return wait(job, left=left - 1)
        """,
        decided=4,
    ),
    "a counter in the object": Case(
        """
        import time
        class Waiter:
            tries = 0
            def wait(self, job):
                response = poll(job)
                if response.status in ("completed", "failed"):
                    return response
                self.tries += 1
                if self.tries > 3:
                    raise TimeoutError(job)
                time.sleep(1)
                return self.wait(job)
        """,
        decided=2,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a wait that grows": Case("""
        import time
        def wait(job, delay=1.0):
            response = poll(job)
            if response.status in ("queued", "in_progress"):
                time.sleep(delay)
                return wait(job, delay=min(delay * 2, 60))
            return response
        """),
    "in a finally": Case(
        """
        import time
        def wait(job):
            done = True
            try:
                done = poll(job).status in ("completed", "failed", "cancelled")
            finally:
                if not done:
                    time.sleep(1)
                    wait(job)
        """,
        missed=("incomplete",),
    ),
    "in a handler": Case(
        """
        import time
        class Pending(Exception):
            pass
        def wait(job):
            try:
                response = poll(job)
                if response.status != "completed":
                    raise Pending
                return response
            except Pending:
                time.sleep(1)
                return wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a return that a finally replaces": Case(
        """
        def wait(job):
            try:
                if poll(job).status in ("queued", "in_progress"):
                    return wait(job)
                return True
            finally:
                print(end="")
        """,
        waits=False,
    ),
    "in an else branch": Case(
        """
        import time
        def wait(job):
            response = poll(job)
            if response.status == "completed":
                return response
            elif response.status in ("failed", "cancelled"):
                raise RuntimeError(response.status)
            else:
                time.sleep(2)
                return wait(job)
        """,
        missed=("incomplete",),
    ),
    "in an expression": Case(
        """
        def wait(job):
            response = poll(job)
            return response if response.status == "completed" else wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "in a condition": Case(
        """
        import time
        def wait(job):
            time.sleep(1)
            return poll(job).status not in ("queued", "in_progress", "failed") or wait(job)
        """,
        missed=("failed",),
    ),
    "in the else of a loop": Case(
        """
        import time
        def wait(job):
            for _ in range(2):
                if poll(job).status in ("completed", "failed", "cancelled", "incomplete"):
                    return
                time.sleep(1)
            else:
                wait(job)
        """,
        decided=4,
        waits=None,
    ),
    "a status parameter": Case(
        """
        import time
        def wait(job, status="queued"):
            if status in ("completed", "failed", "cancelled"):
                return status
            time.sleep(1)
            return wait(job, poll(job).status)
        """,
        missed=("incomplete",),
    ),
    "a response parameter": Case(
        """
        import time
        def wait(job, response=None):
            if response is not None and response.status not in ("queued", "in_progress"):
                return response
            time.sleep(1)
            return wait(job, response=poll(job))
        """,
    ),
    "a set of statuses": Case(
        """
        import time
        ENDED = frozenset({"completed", "failed"})
        def wait(job, until=ENDED):
            if poll(job).status in until:
                return
            time.sleep(1)
            wait(job, until)
        """,
        missed=("cancelled", "incomplete"),
        decided=0,
        seen=False,
    ),
    "a helper that looks": Case(
        """
        import time
        def is_over(response):
            return response.status in ("completed", "cancelled")
        def wait(job):
            response = poll(job)
            if not is_over(response):
                time.sleep(1)
                return wait(job)
            return response
        """,
        missed=("failed", "incomplete"),
    ),
    "a helper that polls and waits": Case(
        """
        import time
        def look(job):
            time.sleep(1)
            return poll(job).status
        def wait(job):
            if look(job) != "completed":
                wait(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a helper that calls back": Case(
        """
        import time
        def again(job):
            time.sleep(1)
            return wait(job)
        def wait(job):
            if poll(job).status in ("completed", "failed"):
                return
            return again(job)
        """,
        missed=("cancelled", "incomplete"),
        decided=0,
        seen=False,
        waits=None,
    ),
    "a helper that calls back, and a call of its own": Case(
        """
        import time
        def again(job):
            time.sleep(1)
            return wait(job)
        def wait(job):
            status = poll(job).status
            if status in ("completed", "failed"):
                return
            if status == "queued":
                time.sleep(2)
                return wait(job)
            return again(job)
        """,
        missed=("cancelled", "incomplete"),
    ),
    "an inner function": Case(
        """
        import time
        def wait(job):
            def ended():
                return poll(job).status in ("completed", "failed", "cancelled", "incomplete")
            if not ended():
                time.sleep(1)
                wait(job)
        """,
    ),
    "one that always calls itself": Case(
        """
        import time
        def wait(job):
            poll(job)
            time.sleep(1)
            wait(job)
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
    ),
    "one that never comes to it": Case(
        """
        def wait(job):
            status = poll(job).status
            if status == "unheard of":
                return wait(job)
            return status
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "a call whose exception is caught": Case(
        """
        import time
        def wait(job):
            response = poll(job)
            if response.status == "completed":
                return True
            if response.status == "failed":
                raise ValueError(job)
            time.sleep(1)
            try:
                return wait(job)
            except ValueError:
                return False
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a class method": Case(
        """
        import time
        class Waiter:
            @classmethod
            def wait(cls, job):
                if poll(job).status in ("queued", "in_progress", "failed"):
                    time.sleep(1)
                    return cls.wait(job)
        """,
        missed=("failed",),
        entry="Waiter.wait",
    ),
    "a method of the base": Case(
        """
        class Base:
            def wait(self, job):
                return None
        class Waiter(Base):
            def wait(self, job):
                if poll(job).status in ("queued", "in_progress", "failed"):
                    return super().wait(job)
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
        entry="Waiter.wait",
    ),
    "a method of another object": Case(
        """
        class Other:
            def wait(self, job):
                return None
        class Waiter:
            def __init__(self):
                self.other = Other()
            def wait(self, job):
                if poll(job).status in ("queued", "in_progress", "failed"):
                    return self.other.wait(job)
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
        entry="Waiter.wait",
    ),
    "a task": Case(
        """
        import asyncio
        async def wait(job):
            if (await poll_async(job)).status in ("queued", "in_progress", "failed"):
                await asyncio.sleep(1)
                return await asyncio.create_task(wait(job))
        """,
        missed=("failed",),
    ),
    "in a lambda": Case(
        """
        def wait(job):
            again = lambda: wait(job)
            if poll(job).status in ("queued", "in_progress", "failed"):
                return again()
        """,
        decided=0,
        missed=("failed",),
        seen=False,
        waits=None,
    ),
    "in a lambda that nobody calls": Case(
        """
        def wait(job):
            again = lambda: wait(job)
            if poll(job).status in ("queued", "in_progress", "failed"):
                return again
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "a parameter of the same name": Case(
        """
        def wait(job, wait=None):
            if poll(job).status in ("queued", "in_progress", "failed"):
                return wait(job) if wait else None
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "in a comprehension": Case(
        """
        def wait(job):
            if poll(job).status in ("queued", "in_progress"):
                return [wait(each) for each in [job]]
        """,
        waits=False,
    ),
    "a wait behind the call": Case(
        """
        import time
        def wait(job):
            if poll(job).status in ("queued", "in_progress"):
                wait(job)
                time.sleep(1)
        """,
        waits=False,
    ),
    "in a with that swallows": Case(
        """
        import contextlib
        import time
        def wait(job):
            with contextlib.suppress(Exception):
                status = poll(job).status
                if status == "failed":
                    raise ValueError
                if status == "completed":
                    return
                time.sleep(1)
                return wait(job)
        """,
        missed=("cancelled", "incomplete"),
    ),
    "in a try with a handler": Case(
        """
        import time
        def wait(job):
            try:
                if poll(job).status == "completed":
                    return True
                time.sleep(1)
                wait(job)
            except Exception:
                return False
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a counter of the module": Case(
        """
        TRIES = 0
        def wait(job):
            global TRIES
            TRIES += 1
            if poll(job).status in ("completed", "failed") or TRIES > 3:
                return
            wait(job)
        """,
        decided=2,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
    "a counter that is lost": Case(
        """
        def wait(job, left=3):
            status = poll(job).status
            if status in ("completed", "failed"):
                return
            if left == 0:
                raise TimeoutError
            left -= 1
            wait(job)
        """,
        decided=2,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
    "what it has seen": Case(
        """
        def wait(job, seen=()):
            status = poll(job).status
            if status in ("completed", "failed") or len(seen) > 3:
                return
            wait(job, (*seen, status))
        """,
        decided=2,
        missed=("cancelled", "incomplete"),
        seen=False,
        waits=False,
    ),
    "a list that stays": Case(
        """
        def wait(job, seen=[]):
            status = poll(job).status
            seen.append(status)
            if "completed" in seen or "failed" in seen:
                return
            wait(job)
        """,
        decided=0,
        missed=("cancelled", "incomplete"),
        seen=False,
        waits=False,
    ),
    "a flag that the status decides": Case(
        """
        def wait(job, again=True):
            status = poll(job).status
            if status in ("completed", "failed") or not again:
                return
            wait(job, again=status != "cancelled")
        """,
        missed=("incomplete",),
        waits=False,
    ),
    "once more and no more": Case(
        """
        def wait(job, again=True):
            status = poll(job).status
            if status not in ("completed", "failed") and again:
                wait(job, False)
        """,
        missed=("cancelled", "incomplete"),
        seen=False,
        waits=False,
    ),
    "all arguments": Case(
        """
        def wait(*arguments):
            status = poll(arguments[0]).status
            if status in ("completed", "failed"):
                return
            wait(*arguments)
        """,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
}
