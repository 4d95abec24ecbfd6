"""Functions that a decorator calls again, by the library that it is from."""

from __future__ import annotations

from .selfcalls import Case

TENACITY = {
    "a result that is pending": Case(
        """
        import tenacity
        def pending(response):
            return response.status in ("queued", "in_progress")
        @tenacity.retry(retry=tenacity.retry_if_result(pending), wait=tenacity.wait_fixed(2))
        def wait(job):
            return poll(job)
        """,
    ),
    "a lambda": Case(
        """
        from tenacity import retry, retry_if_result, wait_exponential
        @retry(
            retry=retry_if_result(lambda response: response.status != "completed"),
            wait=wait_exponential(max=30),
        )
        def wait(job):
            return poll(job)
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a result that is none": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda result: result is None),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            response = poll(job)
            if response.status in ("completed", "failed", "incomplete"):
                return response
        """,
        missed=("cancelled",),
    ),
    "a status": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status in {"queued", "in_progress"}),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            return poll(job).status
        """,
    ),
    "not a result": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_not_result(lambda status: status in {"completed", "cancelled"}),
            wait=tenacity.wait_random(1, 2),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "incomplete"),
    ),
    "not a result, by keyword": Case(
        """
        from tenacity import retry, retry_if_not_result, wait_fixed
        @retry(wait=wait_fixed(1), retry=retry_if_not_result(predicate=lambda done: done))
        def wait(job):
            return poll(job).status == "completed"
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "bool": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_not_result(bool), wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status in ("completed", "failed")
        """,
        missed=("cancelled", "incomplete"),
    ),
    "an or": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status == "queued")
            | tenacity.retry_if_exception_type(Pending),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            status = poll(job).status
            if status in ("in_progress", "incomplete"):
                raise Pending
            return status
        """,
        missed=("incomplete",),
    ),
    "any of several": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_any(
                tenacity.retry_if_result(lambda status: status == "queued"),
                tenacity.retry_if_result(lambda status: status == "in_progress"),
                tenacity.retry_if_exception_type(OSError),
            ),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            return poll(job).status
        """,
    ),
    "all of several": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_all(
                tenacity.retry_if_result(lambda status: status != "completed"),
                tenacity.retry_if_result(lambda status: status != "failed"),
            ),
            wait=tenacity.wait_fixed(2),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=0,
        missed=("cancelled", "incomplete"),
        seen=False,
    ),
    "an exception class": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        class Failed(Exception):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(Pending), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "completed":
                return status
            if status == "failed":
                raise Failed
            raise Pending
        """,
        missed=("cancelled", "incomplete"),
    ),
    "several exception classes": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type((Pending, LookupError)),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise Pending
            if status == "cancelled":
                raise KeyError(job)
            if status == "failed":
                raise ValueError(job)
        """,
        missed=("cancelled",),
    ),
    "a base class": Case(
        """
        import tenacity
        class JobError(Exception):
            pass
        class Pending(JobError):
            pass
        class Failed(JobError):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(JobError), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status in ("failed", "cancelled"):
                raise Failed
            if status not in ("completed", "incomplete"):
                raise Pending
        """,
        missed=("failed", "cancelled"),
    ),
    "not an exception class": Case(
        """
        import tenacity
        class Failed(Exception):
            pass
        @tenacity.retry(
            retry=tenacity.retry_if_not_exception_type(Failed), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise Failed
            if status != "completed":
                raise LookupError
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a function of the exception": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, LookupError)),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise LookupError
        """,
        decided=1,
        missed=("cancelled", "incomplete"),
        seen=False,
    ),
    "bare": Case(
        """
        import tenacity
        @tenacity.retry
        def wait(job):
            status = poll(job).status
            if status != "completed":
                raise RuntimeError
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "with nothing": Case(
        """
        from tenacity import retry
        @retry()
        def wait(job):
            status = poll(job).status
            assert status not in ("queued", "in_progress")
            return status
        """,
        waits=False,
    ),
    "no wait": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            wait=tenacity.wait_none(),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "no wait but in the function": Case(
        """
        import time
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_result(lambda status: status != "completed"))
        def wait(job):
            time.sleep(1)
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a wait on one way only": Case(
        """
        import time
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_result(lambda status: status != "completed"))
        def wait(job):
            status = poll(job).status
            if status == "queued":
                time.sleep(5)
            return status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "a sum of waits": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            wait=tenacity.wait_fixed(3) + tenacity.wait_random(0, 2),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "try again": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise tenacity.TryAgain
            return status
        """,
    ),
    "try again, whatever the condition": Case(
        """
        import tenacity
        from tenacity import TryAgain
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(OSError), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise TryAgain()
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a number of attempts": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status in ("queued", "in_progress")),
            stop=tenacity.stop_after_attempt(5),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=4,
    ),
    "a number of attempts, and a status is forgotten": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_not_result(lambda status: status == "completed"),
            stop=tenacity.stop_after_attempt(5),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "attempts by exceptions": Case(
        """
        from tenacity import retry, stop_after_attempt, wait_fixed
        @retry(stop=stop_after_attempt(3), wait=wait_fixed(1), reraise=True)
        def wait(job):
            response = poll(job)
            if response.status not in ("completed", "failed"):
                raise TimeoutError(job)
            return response
        """,
        decided=2,
        missed=("cancelled", "incomplete"),
    ),
    "attempts or a delay": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            stop=tenacity.stop_after_attempt(9) | tenacity.stop_after_delay(5),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "never stops": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(
                lambda status: status in ("queued", "in_progress", "failed")
            ),
            stop=tenacity.stop_never,
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed",),
    ),
    "a coroutine": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(
                lambda response: response.status in ("queued", "in_progress")
            ),
            wait=tenacity.wait_fixed(1),
        )
        async def wait(job):
            return await poll_async(job)
        """,
    ),
    "a coroutine that raises": Case(
        """
        from tenacity import TryAgain, retry
        @retry()
        async def wait(job):
            response = await poll_async(job)
            if response.status == "completed":
                return response
            raise TryAgain
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "a coroutine that waits by itself": Case(
        """
        import asyncio
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_not_result(lambda done: done))
        async def wait(job):
            await asyncio.sleep(1)
            return (await poll_async(job)).status in ("completed", "failed", "cancelled")
        """,
        missed=("incomplete",),
    ),
    "a method": Case(
        """
        import tenacity
        class Waiter:
            @tenacity.retry(
                retry=tenacity.retry_if_result(lambda done: not done), wait=tenacity.wait_fixed(1)
            )
            def wait(self, job):
                self.response = poll(job)
                return self.response.status in ("completed", "failed")
        """,
        missed=("cancelled", "incomplete"),
        entry="Waiter.wait",
    ),
    "a condition with a name": Case(
        """
        import tenacity
        PENDING = tenacity.retry_if_result(lambda status: status in ("queued", "in_progress"))
        @tenacity.retry(retry=PENDING, wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        decided=0,
    ),
    "nothing that is retried": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "an exception that is caught": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            try:
                if poll(job).status != "completed":
                    raise ValueError
            except ValueError:
                return False
            return True
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "an exception in a finally": Case(
        """
        import tenacity
        @tenacity.retry(wait=tenacity.wait_fixed(1))
        def wait(job):
            status = "queued"
            try:
                status = poll(job).status
            finally:
                if status in ("queued", "in_progress", "cancelled"):
                    raise ValueError
            return True
        """,
        missed=("cancelled",),
    ),
    "a function that also calls itself": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(OSError), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "queued":
                raise OSError
            if status == "in_progress":
                return wait(job)
            return status
        """,
        waits=False,
    ),
    "always": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_always, wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
    ),
    "never": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_never, wait=tenacity.wait_fixed(1))
        def wait(job):
            return poll(job).status
        """,
        decided=0,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
    ),
    "a predicate in the class": Case(
        """
        from tenacity import retry, retry_if_result, wait_fixed
        class Waiter:
            def pending(status):
                return status in ("queued", "in_progress")
            @retry(retry=retry_if_result(pending), wait=wait_fixed(1))
            def wait(self, job):
                return poll(job).status
        """,
        entry="Waiter.wait",
    ),
    "a callback for the last attempt": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda status: status != "completed"),
            stop=tenacity.stop_after_attempt(4),
            wait=tenacity.wait_fixed(1),
            retry_error_callback=lambda state: None,
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=1,
    ),
    "an and": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda s: s != "completed")
            & tenacity.retry_if_result(lambda s: s != "failed"),
            wait=tenacity.wait_fixed(1),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("cancelled", "incomplete"),
        decided=0,
        seen=False,
    ),
    "an assertion": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(AssertionError), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            assert poll(job).status == "completed"
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "the end of the program, retried as well": Case(
        """
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_not_exception_type(ValueError), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise SystemExit
        """,
        missed=("cancelled", "incomplete"),
    ),
    "an exception of another class": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        @tenacity.retry(retry=tenacity.retry_if_exception_type(Pending))
        def wait(job):
            try:
                if poll(job).status != "completed":
                    raise Pending
            except Pending as error:
                raise ValueError from error
        """,
        seen=False,
        waits=None,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a helper that raises": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        class Failed(Exception):
            pass
        def check(status):
            if status == "failed":
                raise Failed
            if status != "completed":
                raise Pending
        @tenacity.retry(retry=tenacity.retry_if_exception_type(Pending))
        def wait(job):
            check(poll(job).status)
        """,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
    "exceptions with a name": Case(
        """
        import tenacity
        class Pending(Exception):
            pass
        RETRIED = (Pending, OSError)
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(RETRIED), wait=tenacity.wait_fixed(1)
        )
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            if status != "completed":
                raise Pending
        """,
        missed=("cancelled", "incomplete"),
    ),
    "an exception that is returned": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_exception_type(ValueError))
        def wait(job):
            if poll(job).status != "completed":
                return ValueError()
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "a result, and an exception that ends it": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_result(lambda status: status != "completed"))
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise ValueError
            return status
        """,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
    "a predicate that raises": Case(
        """
        import tenacity
        def pending(status):
            if status == "failed":
                raise ValueError
            return status != "completed"
        @tenacity.retry(retry=tenacity.retry_if_result(pending))
        def wait(job):
            return poll(job).status
        """,
        decided=5,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
    "a predicate that gives a number": Case(
        """
        import tenacity
        def pending(status):
            if status != "completed":
                return 1
        @tenacity.retry(retry=tenacity.retry_if_result(pending))
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "an asynchronous predicate": Case(
        """
        import tenacity
        from tenacity.asyncio import retry_if_result
        async def pending(status):
            return status != "completed"
        @tenacity.retry(retry=retry_if_result(pending))
        async def wait(job):
            return (await poll_async(job)).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "a counter in the object": Case(
        """
        import tenacity
        class Waiter:
            tries = 0
            @tenacity.retry(retry=tenacity.retry_if_result(lambda result: result == "queued"))
            def wait(self, job):
                self.tries += 1
                if self.tries > 3:
                    raise TimeoutError
                return "queued" if poll(job).status != "completed" else None
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
        entry="Waiter.wait",
    ),
    "a parameter that begins anew": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_result(lambda result: result is None))
        def wait(job, left=3):
            left -= 1
            if left == 0:
                return True
            if poll(job).status == "completed":
                return False
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
    "under a cache": Case(
        """
        import functools
        import tenacity
        @functools.lru_cache
        @tenacity.retry(retry=tenacity.retry_if_result(lambda status: status != "completed"))
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
}


BACKOFF = {
    "a predicate": Case(
        """
        import backoff
        @backoff.on_predicate(
            backoff.constant,
            lambda response: response.status in ("queued", "in_progress"),
            jitter=None,
        )
        def wait(job):
            return poll(job)
        """,
    ),
    "a predicate by keyword": Case(
        """
        import backoff
        @backoff.on_predicate(
            backoff.expo, predicate=lambda status: status != "completed", jitter=None
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a predicate with a name": Case(
        """
        import backoff
        def pending(status):
            return status not in ("completed", "failed", "cancelled")
        @backoff.on_predicate(backoff.fibo, pending, jitter=None)
        def wait(job):
            return poll(job).status
        """,
        missed=("incomplete",),
    ),
    "a result that is false": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, interval=5, jitter=None)
        def wait(job):
            return poll(job).status in ("completed", "failed", "cancelled", "incomplete")
        """,
    ),
    "a result that is none": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.expo, max_value=30, jitter=None)
        def wait(job):
            response = poll(job)
            if response.status == "completed":
                return response
            if response.status == "failed":
                raise RuntimeError(job)
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a number of tries": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.expo, max_tries=4, jitter=None)
        def wait(job):
            return poll(job).status == "completed"
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a number of tries for all ends": Case(
        """
        import backoff
        @backoff.on_predicate(
            backoff.constant,
            lambda status: status in ("queued", "in_progress"),
            max_tries=lambda: 7,
            interval=2,
            jitter=None,
        )
        def wait(job):
            return poll(job).status
        """,
        decided=4,
    ),
    "a time": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, interval=5, max_time=20, jitter=None)
        def wait(job):
            return poll(job).status in ("completed", "incomplete")
        """,
        decided=2,
        missed=("failed", "cancelled"),
    ),
    "a coroutine": Case(
        """
        import backoff
        @backoff.on_predicate(
            backoff.constant, lambda r: r.status in ("queued", "in_progress"), jitter=None
        )
        async def wait(job):
            return await poll_async(job)
        """,
    ),
    "a coroutine that goes on in the queue only": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, lambda r: r.status == "queued", jitter=None)
        async def wait(job):
            return await poll_async(job)
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
    "a coroutine that knows one end": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, jitter=None)
        async def wait(job):
            response = await poll_async(job)
            return response if response.status == "completed" else None
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "an exception": Case(
        """
        import backoff
        class Pending(Exception):
            pass
        @backoff.on_exception(backoff.constant, Pending, interval=3, jitter=None)
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise Pending(job)
            return status
        """,
    ),
    "an exception for every end but one": Case(
        """
        import backoff
        @backoff.on_exception(backoff.expo, RuntimeError, jitter=None)
        def wait(job):
            response = poll(job)
            if response.status == "failed":
                raise ValueError(job)
            if response.status != "completed":
                raise RuntimeError(job)
            return response
        """,
        missed=("cancelled", "incomplete"),
    ),
    "several exceptions": Case(
        """
        import backoff
        @backoff.on_exception(backoff.expo, (KeyError, TimeoutError), jitter=None)
        def wait(job):
            match poll(job).status:
                case "queued":
                    raise KeyError(job)
                case "in_progress" | "incomplete":
                    raise TimeoutError(job)
                case "failed":
                    raise LookupError(job)
        """,
        missed=("incomplete",),
    ),
    "an exception by keyword and tries": Case(
        """
        import backoff
        @backoff.on_exception(backoff.expo, exception=ValueError, max_tries=3, jitter=None)
        def wait(job):
            if poll(job).status not in ("completed", "cancelled"):
                raise ValueError(job)
        """,
        decided=2,
        missed=("failed", "incomplete"),
    ),
    "an exception in a coroutine, for a time": Case(
        """
        import backoff
        @backoff.on_exception(backoff.constant, ValueError, interval=1, max_time=4, jitter=None)
        async def wait(job):
            response = await poll_async(job)
            if response.status in ("queued", "in_progress"):
                raise ValueError(job)
            return response
        """,
        decided=4,
    ),
    "two of them": Case(
        """
        import backoff
        @backoff.on_exception(backoff.constant, ValueError, interval=1, jitter=None)
        @backoff.on_predicate(backoff.constant, lambda s: s == "queued", interval=1, jitter=None)
        def wait(job):
            status = poll(job).status
            if status in ("in_progress", "failed"):
                raise ValueError(job)
            return status
        """,
        missed=("failed",),
    ),
    "inside of tenacity": Case(
        """
        import backoff
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_exception_type(LookupError), wait=tenacity.wait_fixed(1)
        )
        @backoff.on_predicate(backoff.constant, interval=1, jitter=None)
        def wait(job):
            status = poll(job).status
            if status == "in_progress":
                raise LookupError(job)
            return status not in ("queued", "cancelled")
        """,
        missed=("cancelled",),
    ),
    "one that gives up in one that goes on": Case(
        """
        import backoff
        import tenacity
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda s: s != "completed"), wait=tenacity.wait_fixed(1)
        )
        @backoff.on_predicate(
            backoff.constant, lambda s: s != "completed", max_tries=3, jitter=None
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=1,
    ),
    "one that gives up in one that tries again then": Case(
        """
        import tenacity
        @tenacity.retry(retry=tenacity.retry_if_exception_type(tenacity.RetryError))
        @tenacity.retry(
            retry=tenacity.retry_if_result(lambda s: s != "completed"),
            stop=tenacity.stop_after_attempt(3),
        )
        def wait(job):
            return poll(job).status
        """,
        missed=("failed", "cancelled", "incomplete"),
        decided=1,
        waits=False,
    ),
    "the end of the program": Case(
        """
        import backoff
        @backoff.on_exception(backoff.constant, Exception, jitter=None)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise SystemExit(1)
            if status != "completed":
                raise OSError
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a result with a part": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, lambda result: not result["done"], jitter=None)
        def wait(job):
            return {"done": poll(job).status in ("completed", "failed")}
        """,
        missed=("cancelled", "incomplete"),
    ),
    "a pair": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, lambda pair: pair[0] != "completed", jitter=None)
        def wait(job):
            return poll(job).status, job
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "an empty list": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, jitter=None)
        def wait(job):
            return [job] if poll(job).status == "completed" else []
        """,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a status, which is never false": Case(
        """
        import backoff
        @backoff.on_predicate(backoff.constant, jitter=None)
        def wait(job):
            return poll(job).status
        """,
        missed=("completed", "failed", "cancelled", "incomplete"),
        seen=False,
        waits=None,
    ),
}


RETRYING = {
    "a result": Case(
        """
        from retrying import retry
        @retry(retry_on_result=lambda status: status in ("queued", "in_progress"), wait_fixed=2000)
        def wait(job):
            return poll(job).status
        """,
    ),
    "a result that is none": Case(
        """
        import retrying
        def is_none(result):
            return result is None
        @retrying.retry(retry_on_result=is_none, wait_exponential_multiplier=1000)
        def wait(job):
            response = poll(job)
            if response.status in ("completed", "failed", "cancelled"):
                return response
        """,
        missed=("incomplete",),
    ),
    "every exception": Case(
        """
        from retrying import retry
        @retry
        def wait(job):
            if poll(job).status not in ("completed", "failed"):
                raise ValueError
        """,
        missed=("cancelled", "incomplete"),
        waits=False,
    ),
    "a number of attempts": Case(
        """
        from retrying import retry
        @retry(
            retry_on_result=lambda status: status != "completed",
            stop_max_attempt_number=4,
            wait_fixed=10,
        )
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "no wait": Case(
        """
        from retrying import retry
        @retry(retry_on_result=lambda status: status != "completed", stop_max_attempt_number=4)
        def wait(job):
            return poll(job).status
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
        waits=False,
    ),
}


STAMINA = {
    "an exception": Case(
        """
        import stamina
        @stamina.retry(on=LookupError, attempts=5, wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress", "cancelled"):
                raise KeyError(job)
            return status
        """,
        decided=3,
        missed=("cancelled",),
    ),
    "an exception of another class": Case(
        """
        import stamina
        class Pending(Exception):
            pass
        @stamina.retry(on=Pending, timeout=20, wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status in ("queued", "in_progress"):
                raise Pending
            if status == "failed":
                raise ValueError
        """,
        decided=4,
    ),
    "a coroutine": Case(
        """
        import stamina
        @stamina.retry(on=(OSError, ValueError), wait_jitter=0)
        async def wait(job):
            response = await poll_async(job)
            if response.status == "completed":
                return response
            raise ValueError(response.status)
        """,
        decided=1,
        missed=("failed", "cancelled", "incomplete"),
    ),
    "a function of the exception": Case(
        """
        import stamina
        @stamina.retry(on=lambda error: isinstance(error, ValueError), wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise OSError
            if status != "completed":
                raise ValueError
        """,
        missed=("cancelled", "incomplete"),
        decided=1,
        seen=False,
    ),
    "the end of the program": Case(
        """
        import stamina
        @stamina.retry(on=Exception, wait_jitter=0)
        def wait(job):
            status = poll(job).status
            if status == "failed":
                raise SystemExit
            if status != "completed":
                raise ValueError
        """,
        missed=("cancelled", "incomplete"),
        decided=1,
        seen=False,
    ),
}


RETRIED: dict[str, dict[str, Case]] = {
    "tenacity": TENACITY,
    "backoff": BACKOFF,
    "retrying": RETRYING,
    "stamina": STAMINA,
}
