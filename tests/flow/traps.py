"""Small programs of which an abstract run says wrong things easily, each for one reason.

They were found by comparing random programs (``oracle``) and reduced. ``wait`` is the entry,
or ``Waiter.run`` where there is a class.
"""

from __future__ import annotations

import textwrap

from .programs import Program

_METHODS = """
class Waiter:
    def __init__(self, job, response, settings):
        self.job = job
        self.response = response
        self.done = False
"""

_TEXTS: dict[str, str] = {
    "a star in a tuple": """
        TERMINAL = ("completed", "failed")
        def wait(job, response, settings):
            while poll(job).status not in (*TERMINAL, "cancelled"):
                pass
        """,
    "a break in an else is one of the loop outside": """
        def wait(job, response, settings):
            while True:
                poll(job)
                while flag(0):
                    pass
                else:
                    break
        """,
    "an imported switch": """
        from outside import VERBOSE
        def wait(job, response, settings):
            while True:
                poll(job)
                if VERBOSE:
                    return
        """,
    "or gives a value, not a truth": """
        def wait(job, response, settings):
            while True:
                poll(job)
                if (response.status or "queued") not in ("queued", "in_progress"):
                    return
        """,
    "an undecided or gives a value": """
        def wait(job, response, settings):
            while True:
                poll(job)
                if (flag(0) or "queued") != "queued":
                    return
        """,
    "a closure changes a list": """
        def wait(job, response, settings):
            history = []
            def note():
                history.append(response.status)
            while response.status not in history:
                response = poll(job)
                note()
        """,
    "a function changes the dict it is given": """
        def store(box, r):
            box["done"] = r.status == "completed"
        def wait(job, response, settings):
            info = {"done": False}
            while not info["done"]:
                store(info, poll(job))
        """,
    "a function changes the object it is given": """
        def keep(box, r):
            box.done = r.status == "completed"
        def wait(job, response, settings):
            context = Context()
            context.done = False
            while not context.done:
                keep(context, poll(job))
        """,
    "a function changes a dict of the module": """
        SHARED = {"done": False}
        def store(r):
            SHARED["done"] = r.status == "completed"
        def wait(job, response, settings):
            while not SHARED["done"]:
                store(poll(job))
        """,
    "a closure changes an attribute of a local object": """
        class Box:
            def __init__(self):
                self.response = None
        def wait(job, response, settings):
            context = Box()
            while True:
                def later():
                    context.response = poll(job)
                    return True
                if later():
                    if context.response:
                        return response
                    return None
        """,
    "two names for one dict": """
        def wait(job, response, settings):
            info = {"done": False}
            alias = info
            while not info["done"]:
                alias["done"] = poll(job).status == "completed"
        """,
    "two names for one list": """
        def wait(job, response, settings):
            pending = ["a"]
            alias = pending
            while pending:
                if poll(job).status == "completed":
                    alias.clear()
        """,
    "two names for one object": """
        def wait(job, response, settings):
            context = Context()
            alias = context
            context.done = False
            while not context.done:
                alias.done = poll(job).status == "completed"
        """,
    "a dict of the object under another name": _METHODS
    + """
        self.info = {"done": False}

    def run(self):
        info = self.info
        while not info["done"]:
            self.info["done"] = poll(self.job).status == "completed"
""",
    "somebody else calls a closure": """
        def wait(job, response, settings):
            done = False
            def mark():
                nonlocal done
                done = True
            subscribe(mark)
            while not done:
                poll(job)
        """,
    "somebody else calls a method": _METHODS
    + """
        subscribe(self.mark)

    def mark(self):
        self.done = True

    def run(self):
        self.done = False
        while not self.done:
            poll(self.job)
""",
    "a closure is called from a function with names of its own": """
        def call_it(fn):
            done = True
            return fn()
        def wait(job, response, settings):
            done = False
            def stay():
                return not done
            while call_it(stay):
                done = poll(job).status == "completed"
        """,
    "a closure that changes a name is called by another function": """
        def call_it(fn):
            return fn()
        def wait(job, response, settings):
            done = False
            def advance():
                nonlocal done
                done = poll(job).status == "completed"
            while not done:
                call_it(advance)
        """,
    "a name for two exceptions": """
        ERRORS = (ValueError, KeyError)
        def wait(job, response, settings):
            while True:
                poll(job)
                try:
                    raise KeyError
                except ERRORS:
                    pass
        """,
    "another name for an exception": """
        Gone = LookupError
        def wait(job, response, settings):
            while True:
                poll(job)
                try:
                    raise KeyError
                except Gone:
                    pass
        """,
    "a condition that always raises": """
        def check(r):
            raise LookupError(r.status)
        def wait(job, response, settings):
            while check(poll(job)):
                pass
        """,
    "a condition that raises in the second turn": _METHODS
    + """
    def going_on(self):
        if self.done:
            raise LookupError
        return flag(0)

    def run(self):
        while self.going_on():
            self.done = True
        while True:
            poll(self.job)
""",
    "a guard that raises": """
        def check(r):
            raise LookupError
        def wait(job, response, settings):
            while True:
                r = poll(job)
                match flag(0):
                    case True if check(r):
                        pass
        """,
    "a guard that polls": """
        def wait(job, response, settings):
            current = response
            while True:
                match flag(0):
                    case True if (current := poll(job)).status == "odd":
                        pass
                if current.status in ("completed", "failed"):
                    return
        """,
    "a program that ends": """
        import sys
        def wait(job, response, settings):
            while True:
                poll(job)
                sys.exit(1)
        """,
    "iter with a last answer": """
        def wait(job, response, settings):
            for status in iter(lambda: poll(job).status, "completed"):
                log(status)
        """,
    "a partial polls when it is called": """
        import functools
        def wait(job, response, settings):
            fetch = functools.partial(poll, job)
            while fetch().status not in ("completed", "failed"):
                pass
        """,
    "arguments that are spread out": """
        def check(r, strict=False):
            if not strict:
                raise LookupError
            return r.status == "completed"
        def wait(job, response, settings):
            while not check(*(poll(job), True)):
                pass
        """,
    "a set has no order": """
        WORDS = tuple({"completed", "failed"})
        def wait(job, response, settings):
            while poll(job).status != WORDS[0]:
                pass
        """,
    "str of a member of an enumeration": """
        import enum
        class Status(str, enum.Enum):
            COMPLETED = "completed"
        def wait(job, response, settings):
            while poll(job).status != str(Status.COMPLETED):
                pass
        """,
    "waiting in a loop inside": """
        import time
        def wait(job, response, settings):
            for attempt in range(3):
                for again in range(2):
                    poll(job)
                    time.sleep(1)
        """,
    "a finally that leaves after a handler that fails": """
        def wait(job, response, settings):
            while True:
                poll(job)
                try:
                    work()
                except ValueError:
                    work()
                finally:
                    if flag(0):
                        break
        """,
    "an exception in a handler that a finally swallows": """
        def wait(job, response, settings):
            while True:
                poll(job)
                try:
                    try:
                        raise KeyError
                    except KeyError:
                        work()
                        continue
                except RuntimeError:
                    return
        """,
    "setattr": """
        def wait(job, response, settings):
            context = Context()
            context.done = False
            while not context.done:
                setattr(context, "done", poll(job).status == "completed")
        """,
    "code outside changes the object it is given": """
        def wait(job, response, settings):
            context = Context()
            context.done = False
            while not context.done:
                poll(job)
                use(context)
        """,
    "a walrus in a comprehension": """
        def wait(job, response, settings):
            current = response
            while True:
                any((current := poll(j)).error for j in settings.jobs)
                if current.status == "completed":
                    return
        """,
    "a list in place": """
        def wait(job, response, settings):
            pending = ["a", "b"]
            while pending:
                if poll(job).status == "completed":
                    pending[:] = []
        """,
    "a list that grows in place": """
        def wait(job, response, settings):
            history = []
            alias = history
            while "completed" not in history:
                alias += [poll(job).status]
        """,
    "a default that lives on": """
        def remember(r, seen=[]):
            seen.append(r.status)
            return len(seen) > 3
        def wait(job, response, settings):
            while not remember(poll(job)):
                pass
        """,
    "a closure that changes a name and raises": """
        def wait(job, response, settings):
            done = False
            def step():
                nonlocal done
                done = poll(job).status == "completed"
                raise LookupError
            while not done:
                try:
                    step()
                except LookupError:
                    pass
        """,
    "a function that changes a dict and raises": """
        def step(box, r):
            box["done"] = r.status == "completed"
            raise LookupError
        def wait(job, response, settings):
            info = {"done": False}
            while not info["done"]:
                try:
                    step(info, poll(job))
                except LookupError:
                    pass
        """,
    "a function that gives its parameter another value": """
        def step(box, r):
            box["done"] = r.status == "completed"
            box = {"done": False}
            box["done"] = False
        def wait(job, response, settings):
            info = {"done": False}
            while not info["done"]:
                step(info, poll(job))
        """,
    "two names for one set before the loop": """
        def wait(job, response, settings):
            bag = set()
            alias = bag
            alias.add("completed")
            over = "completed" in bag
            while True:
                poll(job)
                if over:
                    return
        """,
    "two names for one set that grows in place before the loop": """
        def wait(job, response, settings):
            bag = set()
            alias = bag
            alias |= {"completed"}
            over = "completed" in bag
            while True:
                poll(job)
                if over:
                    return
        """,
    "a function changes a dict before the loop": """
        def store(box):
            box["done"] = True
        def wait(job, response, settings):
            info = {"done": False}
            store(info)
            over = info["done"]
            while True:
                poll(job)
                if over:
                    return
        """,
    "a function changes a list before the loop": """
        def store(box):
            box.append("completed")
        def wait(job, response, settings):
            history = []
            store(history)
            over = "completed" in history
            while True:
                poll(job)
                if over:
                    return
        """,
    "a function changes an object before the loop": """
        def keep(box):
            box.done = True
        def wait(job, response, settings):
            context = Context()
            context.done = False
            keep(context)
            over = context.done
            while True:
                poll(job)
                if over:
                    return
        """,
    "a closure changes a list before the loop": """
        def wait(job, response, settings):
            history = []
            def note():
                history.append("completed")
            note()
            over = "completed" in history
            while True:
                poll(job)
                if over:
                    return
        """,
    "two names for one object before the loop": """
        def wait(job, response, settings):
            context = Context()
            context.done = False
            alias = context
            alias.done = True
            over = context.done
            while True:
                poll(job)
                if over:
                    return
        """,
    "two names for one dict before the loop": """
        def wait(job, response, settings):
            info = {"done": False}
            alias = info
            alias["done"] = True
            over = info["done"]
            while True:
                poll(job)
                if over:
                    return
        """,
    "somebody else changes a dict": """
        def wait(job, response, settings):
            info = {"done": False}
            while not info["done"]:
                poll(job)
                fill(info)
        """,
    "an exception that is raised again in a try": """
        import sys
        def wait(job, response, settings):
            while True:
                poll(job)
                try:
                    sys.exit()
                except SystemExit:
                    try:
                        raise
                    except Exception:
                        pass
        """,
    "a function changes a dict of the module that it is given": """
        SHARED = {"done": False}
        def over():
            return SHARED["done"]
        def store(box, r):
            box["done"] = r.status == "completed"
        def wait(job, response, settings):
            while not over():
                store(SHARED, poll(job))
        """,
    "a dict of the module under another name": """
        SHARED = {"done": False}
        def over():
            return SHARED["done"]
        def wait(job, response, settings):
            alias = SHARED
            while not over():
                alias["done"] = poll(job).status == "completed"
        """,
    "a name that is deleted": """
        def wait(job, response, settings):
            status = "queued"
            while status == "queued":
                del status
                status = poll(job).status
        """,
    "continue in a finally": """
        def wait(job, response, settings):
            while True:
                try:
                    if poll(job).status == "completed":
                        return
                finally:
                    continue
        """,
    "a time limit strikes between two polls": """
        import anyio
        async def wait(job, response, settings):
            found = None
            while not found:
                with anyio.move_on_after(5):
                    found = await poll_async(job)
                    await poll_async(job)
                    break
        """,
    "somebody else calls a method at any time": _METHODS
    + """
    def mark(self):
        self.done = True
        poll(self.job)
        self.done = not self.done
    def run(self):
        while True:
            subscribe(self.mark)
            self.mark()
            if self.done:
                return
""",
    "a poll in a comprehension that may be made": """
        WORDS = "completed"
        def label(s):
            if flag(0):
                poll(job)
            return "completed"
        def wait(job, response, settings):
            while True:
                if any(label(w) for w in WORDS):
                    break
        """,
    "only some jobs are taken out of the list": """
        def wait(job, response, settings):
            current = poll(job)
            pending = list(settings.jobs)
            while True:
                for j in list(pending):
                    poll(j)
                    if current.status in {"in_progress": 1}:
                        pending.remove(j)
                if pending:
                    break
                return None
        """,
    "an answer is hidden in a dict of the module": """
        SHARED = {}
        def fetch(job):
            SHARED["status"] = poll(job).status
        def wait(job, response, settings):
            for turn in iter(lambda: poll(job).status, "completed"):
                fetch(job)
                if SHARED.get("status") not in "in_progress":
                    return None
        """,
    "a condition that is undecided for another reason": """
        def wait(job, response, settings):
            context = Context()
            while context.response is None and (
                context.done or response.status != "incomplete"
            ):
                response = poll(job)
        """,
    "a name that a comprehension binds": """
        def wait(job, response, settings):
            words = "completed"
            while (
                any((current := poll(j)).status not in words for j in "a")
                and current.status != "incomplete"
            ):
                pass
        """,
    "an assertion that may have held": """
        def label(s):
            r = Response("queued")
            match poll(job).status:
                case str() as s:
                    if flag(0):
                        s = r.status
                    assert s != "queued"
        def wait(job, response, settings):
            bag = {*()}
            while not poll(job).status in bag:
                try:
                    if label(True):
                        pass
                    break
                except Exception:
                    bag = "completed"
        """,
    "an attribute's dict under another name": """
        class Waiter:
            def __init__(self, job, response, settings):
                self.info = {"status": "queued", "done": False}
            def run(self):
                info = self.info
                other = info
                for turn in range(2):
                    if poll(job).status:
                        pass
                    other.update({"done": flag(3)})
                    if self.info["done"]:
                        return poll(True)
        """,
    "an answer is hidden in a list that a closure fills": """
        def wait(job, response, settings):
            history = []
            def note():
                history.append(current.status)
            for turn in range(3):
                response = poll(job)
                current = poll(job)
                match getattr(response, "status"):
                    case "in_progress" | "incomplete":
                        note()
                        if history[-1] not in "incomplete":
                            raise LookupError
        """,
    "a wait that is cut short": """
        import asyncio
        async def wait(job, response, settings, strict=True):
            while strict:
                try:
                    try:
                        await asyncio.wait_for(poll_async(job), 5)
                    except ApiError:
                        await asyncio.sleep(1)
                except Exception:
                    pass
        """,
    "raised again, one of several exceptions": """
        import sys
        def wait(job, response, settings):
            while True:
                try:
                    work()
                    sys.exit()
                except BaseException:
                    try:
                        raise
                    except Exception:
                        poll(job)
        """,
    "an answer is set as an attribute, and read by another name": """
        def wait(job, response, settings):
            current = poll(job)
            context = Context()
            other = context
            while True:
                if current.status in "completed":
                    break
                if other.done:
                    return response
                response = poll(job)
                context.done = response.status == "queued"
        """,
    "an answer is set by setattr": """
        def wait(job, response, settings):
            current = poll(job)
            context = Context()
            note = "done"
            while True:
                if current.status in "completed":
                    break
                if context.done:
                    return response
                response = poll(job)
                setattr(context, note, response.status == "queued")
        """,
    "an answer is set in the dict of an object": """
        def wait(job, response, settings):
            current = poll(job)
            context = Context()
            note = "done"
            while True:
                if current.status in "completed":
                    break
                if context.done:
                    return response
                response = poll(job)
                vars(context)[note] = response.status == "queued"
        """,
    "a closure sets an attribute of the object around it": """
        class Waiter:
            def __init__(self, job, response, settings):
                pass
            def run(self):
                while True:
                    self.done = True
                    poll(True)
                    def later():
                        self.done = False
                    later()
                    if self.done:
                        return True
        """,
    "a global that a function sets": """
        SEEN = False
        def mark_seen():
            global SEEN
            SEEN = True
        def wait(job, response, settings):
            while True:
                if SEEN:
                    break
                response = poll(True)
                match response.status:
                    case "completed":
                        return SEEN
                    case "incomplete":
                        mark_seen()
        """,
    "an answer that a list got before the loop": """
        def wait(job, response, settings):
            current = poll(job)
            history = []
            def note():
                history.append(current.status)
            note()
            while not response.status == "completed":
                response = poll(job)
                if "failed" not in history:
                    break
        """,
    "what a doubted branch raises leaves elsewhere": """
        def wait(job, response, settings):
            while True:
                answer = poll_dict(job)
                try:
                    while poll(job).status not in "queued":
                        if flag(0):
                            raise NotFound()
                    if VERBOSE:
                        raise ValueError()
                except Exception as error:
                    if answer["status"] in "completed":
                        break
                    raise OSError from error
        """,
    "a recursion that a finally breaks off": """
        class Waiter:
            def __init__(self, job, response, settings):
                pass
            def run(self):
                while True:
                    try:
                        try:
                            self.response = poll(True)
                            assert self.response.status == "failed"
                        except ValueError:
                            pass
                        else:
                            return self.run()
                    finally:
                        break
        """,
    "a closure that another closure calls": """
        def wait(job, response, settings):
            done = True
            def mark(value=True):
                nonlocal done
                done = value
            for j in settings.jobs:
                poll(job)
                def later():
                    mark(False)
                    return done
                if later():
                    return done
        """,
    "a name that an earlier loop sets for some answers": """
        def wait(job, response, settings):
            done = flag(2)
            while not done:
                response = poll(job)
                if response.status in "queued":
                    pass
                else:
                    break
                done = 1
            while True:
                poll(job)
                if done:
                    current = poll(job)
                    if current.status != "completed":
                        return True
        """,
    "a turn that ends early in a doubted branch": """
        def wait(job, response, settings):
            pending = settings.jobs
            for turn in range(3):
                response = poll(job)
                if flag(0):
                    if pending:
                        if response.status not in ("completed", "cancelled"):
                            continue
                        if poll(job).status not in "cancelled":
                            return response
                    break
        """,
    "what a later round raises is caught by an earlier one": """
        def fetch(job):
            poll(job)
        def wait(job, response, settings):
            for turn in range(4):
                if flag(0):
                    try:
                        return wait(job, response, settings)
                    except:
                        fetch(job)
        """,
    "what a later round raises for some answers": """
        def wait(job, response, settings):
            if poll(job).status == "failed" and response.status == "completed":
                raise ValueError
            response = Response("completed")
            while True:
                try:
                    return wait(job, response, settings)
                except ValueError:
                    poll(job)
                    break
        """,
    "a later round that never ends": """
        WORDS = "completed"
        def wait(job, response, settings, wanted=("in_progress",)):
            current = response
            pending = "a"
            while (
                any((response := poll(j)).status not in WORDS for j in pending)
                and current.status in "failed"
            ):
                response = poll(job)
                return wait(job, response, settings)
            while f"{poll(job).status}" == wanted[0]:
                pass
        """,
    "a predicate that is sure of one answer and doubts another": """
        def seen(r):
            try:
                if r.status != "in_progress":
                    raise ArithmeticError
            except ApiError:
                pass
            return flag(5)
        class Waiter:
            def __init__(self, job, response, settings):
                self.response = response
            def run(self):
                response = self.response
                for turn in range(6):
                    self.response = poll(True)
                    if (current := poll(True)).status in "completed":
                        pass
                    elif seen(self.response) and seen(response):
                        pass
        """,
    "an answer is kept in an object that a function is given": """
        class Box:
            def __init__(self):
                self.response = None
        def keep(box, r):
            if (r := poll(job)).status in ("in_progress", "queued"):
                try:
                    if box.response and box.response.status == "in_progress":
                        raise GeneratorExit
                finally:
                    box.response = r
        class Waiter:
            def __init__(self, job, response, settings):
                pass
            def run(self):
                context = Box()
                while 1:
                    keep(context, True)
        """,
    "a table that is asked for an answer, and for what was before": """
        def wait(job, response, settings):
            while {"status": response.status}.get("status") != "completed":
                current = poll(job)
                response, current = current, response
                try:
                    if flag(2):
                        pass
                except:
                    if {"failed": True}.get(current.status):
                        return response
        """,
    "a return that a finally replaces": """
        def wait(job, response, settings):
            while True:
                try:
                    return poll(job)
                finally:
                    if flag(0):
                        continue
        """,
    "a closure that a comprehension calls": """
        def wait(job, response, settings):
            done = False
            def mark(r):
                nonlocal done
                done = r.status == "completed"
            while not done:
                [mark(poll(j)) for j in settings.jobs]
        """,
    "a list that a comprehension fills": """
        def wait(job, response, settings):
            history = []
            while "completed" not in history:
                [history.append(poll(j).status) for j in settings.jobs]
        """,
    "what one item of a comprehension changes, the next one sees": """
        def wait(job, response, settings):
            first = second = False
            def step(r):
                nonlocal first, second
                second = first
                first = r.status == "completed"
            while not second:
                any(step(poll(j)) for j in settings.jobs)
        """,
    "an entry of a dict in a dict": """
        def wait(job, response, settings):
            table = {"a": {"done": False}}
            while not table["a"]["done"]:
                table["a"]["done"] = poll(job).status == "completed"
        """,
    "a list in a dict": """
        def wait(job, response, settings):
            table = {"seen": [], "more": []}
            while not table["seen"] or not table["more"]:
                if poll(job).status == "completed":
                    table["seen"].append(1)
                    table.setdefault("more", []).append(1)
        """,
    "a list in a list": """
        def wait(job, response, settings):
            rows = [["a"], []]
            while rows[0]:
                if poll(job).status == "completed":
                    rows[0].clear()
        """,
    "one of two dicts": """
        def wait(job, response, settings):
            info, other = {"done": False}, {"done": False}
            while not info["done"]:
                (info if flag(0) else other)["done"] = poll(job).status == "completed"
        """,
    "an object in a dict": """
        def wait(job, response, settings):
            context = Context()
            context.done = False
            table = {"a": context}
            while not context.done:
                table["a"].done = poll(job).status == "completed"
        """,
    "an item of a dict under a name": """
        def wait(job, response, settings):
            table = {"a": {"done": False}}
            entry = table["a"]
            while not table["a"]["done"]:
                entry["done"] = poll(job).status == "completed"
        """,
    "the items of a dict in a loop": """
        def wait(job, response, settings):
            table = {"a": {"done": False}}
            while not table["a"]["done"]:
                for entry in table.values():
                    entry["done"] = poll(job).status == "completed"
        """,
    "objects that are gone through": """
        class Job:
            def __init__(self, name):
                self.name = name
                self.done = False
            def refresh(self):
                self.done = poll(self.name).status == "completed"
        def wait(job, response, settings):
            jobs = [Job("a"), Job("b")]
            while not all(j.done for j in jobs):
                for j in jobs:
                    j.refresh()
        """,
    "two lists that are gone through": """
        def wait(job, response, settings):
            seen, other = [], []
            while not seen:
                for one in (seen, other):
                    one.append(poll(job).status)
        """,
    "a list of an object under a name": """
        class Box:
            def __init__(self):
                self.seen = []
        def wait(job, response, settings):
            box = Box()
            seen = box.seen
            while not box.seen:
                seen.append(poll(job).status)
        """,
    "a dict that is handed on in a tuple": """
        def keep(box, r):
            box[0]["done"] = r.status == "completed"
        def wait(job, response, settings):
            info = {"done": False}
            while not info["done"]:
                keep((info,), poll(job))
        """,
    "an item of a dict that is handed on": """
        def keep(box, r):
            box["done"] = r.status == "completed"
        def wait(job, response, settings):
            table = {"a": {"done": False}}
            while not table["a"]["done"]:
                keep(table["a"], poll(job))
        """,
    "arguments of which one is a dict are spread out": """
        def keep(box, r):
            box["done"] = r.status == "completed"
        def wait(job, response, settings):
            info, other = {"done": False}, {"done": False}
            while not info["done"] or not other["done"]:
                keep(*(info, poll(job)))
                keep(**{"box": other, "r": poll(job)})
        """,
    "another name for one of two dicts": """
        def wait(job, response, settings):
            info, other = {"done": False}, {"done": False}
            alias = info if flag(0) else other
            while not info["done"]:
                alias["done"] = poll(job).status == "completed"
        """,
    "a dict that is a default": """
        def wait(job, response, settings):
            info = {"done": False}
            def keep(r, box=info):
                box["done"] = r.status == "completed"
            while not info["done"]:
                keep(poll(job))
        """,
    "a list's method under a name": """
        def wait(job, response, settings):
            seen = []
            push = seen.append
            while not seen:
                push(poll(job).status)
        """,
    "a function in a function changes a name around both": """
        def wait(job, response, settings):
            done = False
            def step():
                def mark(r):
                    nonlocal done
                    done = r.status == "completed"
                mark(poll(job))
            while not done:
                step()
        """,
    "a closure that calls itself": """
        def wait(job, response, settings):
            done = False
            def step(r, left):
                nonlocal done
                if left:
                    return step(r, left - 1)
                done = r.status == "completed"
            while not done:
                step(poll(job), 2)
        """,
    "a lambda that fills a list": """
        def wait(job, response, settings):
            seen = []
            step = lambda: seen.append(poll(job).status)
            while not seen:
                step()
        """,
    "a method that is many calls away": """
        class Waiter:
            def __init__(self, job, response, settings):
                pass
            def one(self, r):
                self.two(r)
            def two(self, r):
                self.three(r)
            def three(self, r):
                self.four(r)
            def four(self, r):
                self.five(r)
            def five(self, r):
                self.done = r.status == "completed"
            def run(self):
                self.done = False
                while not self.done:
                    self.one(poll(True))
        """,
    "an object that is called": """
        class Mark:
            def __init__(self):
                self.done = False
            def __call__(self, r):
                self.done = r.status == "completed"
        def wait(job, response, settings):
            mark = Mark()
            while not mark.done:
                mark(poll(job))
        """,
    "an object that another one sets back": """
        class Helper:
            def __init__(self, owner):
                self.owner = owner
            def mark(self, r):
                self.owner.done = r.status == "completed"
        class Waiter:
            def __init__(self, job, response, settings):
                self.helper = Helper(self)
            def run(self):
                self.done = False
                while not self.done:
                    self.helper.mark(poll(True))
        """,
    "an object of the object under another name": """
        class Waiter:
            def __init__(self, job, response, settings):
                self.context = Context()
            def run(self):
                context = self.context
                self.context.done = False
                while not self.context.done:
                    context.done = poll(True).status == "completed"
        """,
    "map polls": """
        def wait(job, response, settings):
            while True:
                if "completed" in map(lambda j: poll(j).status, ["a", "b"]):
                    return
        """,
    "all of a map that polls": """
        def wait(job, response, settings):
            while not all(map(lambda j: poll(j).status == "completed", ["a", "b"])):
                pass
        """,
    "filter polls": """
        def wait(job, response, settings):
            pending = list(settings.jobs)
            while pending:
                pending = list(filter(lambda j: poll(j).status != "completed", pending))
        """,
    "filter without a function": """
        def wait(job, response, settings):
            while True:
                if list(filter(None, [poll(job).status == "completed", False])):
                    return
        """,
    "a generator sets an attribute": """
        class Waiter:
            def __init__(self, job, response, settings):
                pass
            def answers(self):
                yield poll(True)
                self.done = True
            def run(self):
                self.done = False
                while not self.done:
                    for r in self.answers():
                        pass
        """,
    "a generator sets a name": """
        def wait(job, response, settings):
            done = False
            def answers():
                nonlocal done
                yield poll(job)
                done = True
            while not done:
                for r in answers():
                    pass
        """,
    "a generator that goes through another": """
        def wait(job, response, settings):
            def inner():
                yield poll(job)
            def outer():
                yield from inner()
            for r in outer():
                if r.status == "completed":
                    return
        """,
    "an object with a generator": """
        class Polls:
            def __init__(self, job):
                self.job = job
            def __iter__(self):
                yield poll(self.job)
        def wait(job, response, settings):
            while True:
                for r in Polls(job):
                    if r.status == "completed":
                        return
        """,
    "a context manager swallows an exception": """
        class Guard:
            def __enter__(self):
                return self
            def __exit__(self, *error):
                return True
        def wait(job, response, settings):
            while True:
                with Guard():
                    if poll(job).status == "completed":
                        raise KeyError
        """,
    "a context manager polls": """
        class Polls:
            def __init__(self):
                self.done = False
            def __enter__(self):
                self.done = poll(job).status == "completed"
                return self
            def __exit__(self, *error):
                pass
        def wait(job, response, settings):
            polls = Polls()
            while not polls.done:
                with polls:
                    pass
        """,
    "a context manager notes that it has been left": """
        class Guard:
            def __init__(self):
                self.done = False
            def __enter__(self):
                return self
            def __exit__(self, *error):
                self.done = True
        def wait(job, response, settings):
            guard = Guard()
            while not guard.done:
                with guard:
                    poll(job)
        """,
    "a coroutine that is not awaited at once": """
        async def wait(job, response, settings):
            done = False
            async def watch():
                nonlocal done
                done = True
            task = watch()
            while not done:
                await poll_async(job)
                if flag(0):
                    await task
        """,
    "a deque": """
        import collections
        def wait(job, response, settings):
            pending = collections.deque(["a", "b"])
            while pending:
                j = pending.popleft()
                if poll(j).status != "completed":
                    pending.append(j)
        """,
    "items that are in one of two sets": """
        def wait(job, response, settings):
            pending = {"a"}
            while pending:
                if poll(job).status == "completed":
                    pending.symmetric_difference_update({"a"})
        """,
    "a class that is a list": """
        class Seen(list):
            pass
        def wait(job, response, settings):
            seen = Seen()
            while not seen:
                seen.append(poll(job).status)
        """,
    "a list in a dict of the module": """
        SEEN = {"words": []}
        def note(r):
            SEEN["words"].append(r.status)
        def wait(job, response, settings):
            while "completed" not in SEEN["words"]:
                note(poll(job))
        """,
    "an object of the module": """
        class Box:
            def __init__(self):
                self.done = False
            def mark(self, r):
                self.done = r.status == "completed"
        BOX = Box()
        def wait(job, response, settings):
            while not BOX.done:
                BOX.mark(poll(job))
        """,
    "a dict of the class": """
        class Waiter:
            state = {"done": False}
            def __init__(self, job, response, settings):
                pass
            def run(self):
                while not self.state["done"]:
                    Waiter.state["done"] = poll(True).status == "completed"
        """,
    "a library polls by what it is given": """
        import functools
        def wait(job, response, settings):
            while not functools.reduce(
                lambda found, j: found or poll(j).status == "completed", settings.jobs, False
            ):
                pass
        """,
    "a generator is gone through at once": """
        def wait(job, response, settings):
            def polls():
                yield poll("a").status
                yield poll("b").status
            while "completed" not in list(polls()):
                if all(s == "failed" for s in polls()):
                    return
        """,
    "the next of a generator that ends": """
        def wait(job, response, settings):
            def polls():
                yield poll("a")
                yield poll("b")
            answers = polls()
            while (r := next(answers, None)) is not None:
                log(r.status)
        """,
    "the next of what may be nothing": """
        def wait(job, response, settings):
            while True:
                found = next((r for j in "a" if (r := poll(j)).status not in settings.jobs), None)
                if found:
                    return
                found = next((j for j in settings.jobs if poll(j).status != "failed"), None)
                if not found:
                    return
        """,
    "a flag that the answer's branch sets sooner": """
        SEEN = False
        def mark_seen():
            global SEEN
            SEEN = True
        def step(job):
            if poll(job).status not in "in_progress":
                mark_seen()
        def wait(job, response, settings):
            for turn in iter(lambda: poll(job).status, "completed"):
                step(job)
                if SEEN:
                    break
                mark_seen()
                return False
        """,
    "a doubt that goes on before the way out": """
        import itertools
        def wait(job, response, settings, wanted=("cancelled",)):
            context = Context()
            for turn in itertools.count():
                current = poll(job)
                if context.response or response.status not in wanted:
                    try:
                        (response := poll(job))
                    finally:
                        continue
                if getattr(current, "status") not in "completed":
                    return None
        """,
    "a word is no mapping": """
        import itertools
        def fetch(job):
            r = poll(job)
            match r.status:
                case "in_progress":
                    work()
                case {"status": "odd"} | ["odd", _] if flag(0):
                    pass
            return r
        def step(job):
            r = fetch(job)
            if r.status in "incomplete completed":
                raise LookupError
        def wait(job, response, settings):
            for turn in itertools.count():
                try:
                    step(job)
                except Exception as error:
                    return None
        """,
    "an entry is read by a method that changes the object": """
        class Box:
            def __init__(self):
                self.done = False
            def __getitem__(self, key):
                self.done = flag(0)
                return key
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                poll(job)
                box["a"]
        """,
    "an entry is set by a method that sets something else": """
        class Box:
            def __init__(self):
                self.done = False
            def __setitem__(self, key, value):
                self.done = value
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                r = poll(job)
                box["a"] = r.status == "completed"
        """,
    "an entry is deleted by a method that sets something": """
        class Box:
            def __init__(self):
                self.done = False
            def __delitem__(self, key):
                self.done = True
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                r = poll(job)
                del box["a"]
        """,
    "an operator changes its operand": """
        class Box:
            def __init__(self):
                self.done = False
            def __add__(self, other):
                self.done = other
                return self
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                r = poll(job)
                box + (r.status == "completed")
        """,
    "a comparison changes its operand": """
        class Box:
            def __init__(self):
                self.done = False
            def __lt__(self, other):
                self.done = other
                return self
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                r = poll(job)
                box < (r.status == "completed")
        """,
    "a membership test changes the object": """
        class Box:
            def __init__(self):
                self.done = False
            def __contains__(self, other):
                self.done = other == "completed"
                return True
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                r = poll(job)
                if r.status in box:
                    work()
        """,
    "an entry is set by the name of the special method": """
        def wait(job, response, settings):
            info = {"done": False}
            while not info["done"]:
                r = poll(job)
                info.__setitem__("done", r.status == "completed")
        """,
    "a pattern gives a dict another name": """
        def wait(job, response, settings):
            info = {"done": False}
            while not info["done"]:
                r = poll(job)
                match info:
                    case alias:
                        alias["done"] = r.status == "completed"
        """,
    "a pattern gives an object another name": """
        class Box:
            def __init__(self):
                self.done = False
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                r = poll(job)
                match box:
                    case Box() as alias:
                        alias.done = r.status == "completed"
        """,
    "a pattern gives an entry of a dict a name": """
        def wait(job, response, settings):
            info = {"box": {"done": False}}
            while not info["box"]["done"]:
                r = poll(job)
                match info:
                    case {"box": alias}:
                        alias["done"] = r.status == "completed"
        """,
    "a helper that calls itself polls at its end": """
        def step(job, n):
            if n:
                return step(job, n - 1)
            return poll(job)
        def wait(job, response, settings):
            r = response
            while r.status != "completed":
                r = step(job, 3)
        """,
    "a helper that calls itself fills a dict at its end": """
        def step(job, box, n):
            if n:
                return step(job, box, n - 1)
            box["done"] = poll(job).status == "completed"
        def wait(job, response, settings):
            box = {"done": False}
            while not box["done"]:
                step(job, box, 3)
        """,
    "a closure that calls itself sets a name at its end": """
        def wait(job, response, settings):
            done = False
            def step(n):
                nonlocal done
                if n:
                    return step(n - 1)
                done = poll(job).status == "completed"
            while not done:
                step(3)
        """,
    "two helpers that call each other": """
        def even(job, box, n):
            if n:
                return odd(job, box, n - 1)
            box["done"] = poll(job).status == "completed"
        def odd(job, box, n):
            if n:
                return even(job, box, n - 1)
            box["done"] = poll(job).status == "failed"
        def wait(job, response, settings):
            box = {"done": False}
            while not box["done"]:
                even(job, box, 2)
        """,
    "a starred generator sets something as it runs": """
        box = {"done": False}
        def statuses(job):
            for i in range(2):
                r = poll(job)
                box["done"] = r.status == "completed"
                yield r.status
        def wait(job, response, settings):
            while not box["done"]:
                found = [*statuses(job)]
        """,
    "a generator that is unpacked sets something as it runs": """
        def wait(job, response, settings):
            box = {"done": False}
            def statuses(job):
                for i in range(2):
                    r = poll(job)
                    box["done"] = r.status == "completed"
                    yield r.status
            while not box["done"]:
                a, b = statuses(job)
        """,
    "a membership test goes through a generator": """
        def wait(job, response, settings):
            box = {"done": False}
            def statuses(job):
                for i in range(2):
                    r = poll(job)
                    box["done"] = r.status == "completed"
                    yield r.status
            while not box["done"]:
                if "odd" in statuses(job):
                    work()
        """,
    "setting an attribute sets another one": """
        class Flag:
            def __set__(self, obj, value):
                obj.ended = value
            def __get__(self, obj, owner=None):
                return 1
        class Box:
            done = Flag()
            def __init__(self):
                self.ended = False
        def wait(job, response, settings):
            box = Box()
            while not box.ended:
                box.done = poll(job).status == "completed"
        """,
    "a dict asks its key for a number": """
        class Box:
            def __init__(self):
                self.done = False
            def __hash__(self):
                self.done = flag(0)
                return 1
        def wait(job, response, settings):
            box = Box()
            table = {}
            while not box.done:
                poll(job)
                table[box] = 1
        """,
    "a text asks an object what it looks like": """
        class Box:
            def __init__(self):
                self.done = False
            def __str__(self):
                self.done = flag(0)
                return "box"
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                poll(job)
                f"{box}"
        """,
    "a comprehension asks an object for its items": """
        class Box:
            def __init__(self):
                self.done = False
            def __iter__(self):
                self.done = flag(0)
                return iter([1])
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                poll(job)
                [x for x in box]
        """,
    "the dict of an object is filled": """
        class Box:
            def __init__(self):
                self.done = False
        def wait(job, response, settings):
            box = Box()
            while not box.done:
                box.__dict__.update(done=poll(job).status == "completed")
        """,
    "a default dict remembers earlier calls": """
        def seen(r, past={}):
            if "x" in past:
                return True
            past["x"] = 1
            return False
        def wait(job, response, settings):
            while True:
                r = poll(job)
                if seen(r):
                    return r
        """,
    "sorting in place calls a function": """
        def wait(job, response, settings):
            box = {"done": False}
            items = [3, 1]
            def keep(a):
                box["done"] = poll(job).status == "completed"
                return a
            while not box["done"]:
                items.sort(key=keep)
        """,
    "sorting calls a function": """
        def wait(job, response, settings):
            done = False
            def keep(a):
                nonlocal done
                done = poll(job).status == "completed"
                return a
            while not done:
                sorted([2, 1], key=keep)
        """,
    "a view of a dict sees what is set later": """
        def wait(job, response, settings):
            info = {"done": False}
            values = info.values()
            while not any(values):
                info["done"] = poll(job).status == "completed"
        """,
    "a comprehension gives a list another name": """
        def wait(job, response, settings):
            box = []
            while not box:
                [view.append(1) for view in (box,) if poll(job).status == "completed"]
        """,
    "two names in one assignment": """
        class Box:
            def __init__(self):
                self.done = False
        def wait(job, response, settings):
            a = b = Box()
            while not a.done:
                b.done = poll(job).status == "completed"
        """,
    "an object changes an object that it holds": """
        class Inner:
            def __init__(self):
                self.done = False
            def mark(self, r):
                self.done = r.status == "completed"
        class Outer:
            def __init__(self):
                self.inner = Inner()
            def mark(self, r):
                self.inner.mark(r)
        def wait(job, response, settings):
            outer = Outer()
            while not outer.inner.done:
                outer.mark(poll(job))
        """,
    "a method changes an object that its own object holds": """
        class Inner:
            def __init__(self):
                self.done = False
            def mark(self, r):
                self.done = r.status == "completed"
        class Waiter:
            def __init__(self, job, response, settings):
                self.job = job
                self.inner = Inner()
            def run(self):
                while not self.inner.done:
                    self.inner.mark(poll(self.job))
        """,
    "an object that an object holds has another name": """
        class Inner:
            def __init__(self):
                self.done = False
        class Waiter:
            def __init__(self, job, response, settings):
                self.job = job
                self.inner = Inner()
            def run(self):
                inner = self.inner
                while not self.inner.done:
                    inner.done = poll(self.job).status == "completed"
        """,
    "a list of the class is extended as an object is made": """
        class Waiter:
            DONE = ["completed"]
            def __init__(self, job, response, settings):
                self.job = job
                self.DONE.append("failed")
            def run(self):
                while poll(self.job).status not in self.DONE:
                    pass
        """,
    "an object in a dict changes itself": """
        class Box:
            def __init__(self):
                self.done = False
            def mark(self, r):
                self.done = r.status == "completed"
        def wait(job, response, settings):
            boxes = {"a": Box()}
            while not boxes["a"].done:
                boxes["a"].mark(poll(job))
        """,
    "an object that a function gives changes itself": """
        class Box:
            def __init__(self):
                self.done = False
            def mark(self, r):
                self.done = r.status == "completed"
        def wait(job, response, settings):
            box = Box()
            def get():
                return box
            while not box.done:
                get().mark(poll(job))
        """,
    "a predicate reads what the loop has put into a dict of the module": """
        SHARED = {}
        def fetcher_0(job):
            r = poll(job)
            SHARED['status'] = r.status
        def predicate_1(r, strict=False):
            return SHARED.get('status', 'queued') in ['queued', 'in_progress']
        def wait(job, response, settings):
            pending = 'b'
            j = pending
            current = poll(j)
            match current.status:
                case 'completed':
                    return True
            while predicate_1(current):
                fetcher_0(job)
        """,
    "a known value that only one answer puts where a doubt looks": """
        WORDS_0 = ('queued', 'in_progress')
        def wait(job, response, settings, is_over=lambda r: True):
            while 1:
                if (response := poll(job)).status not in WORDS_0:
                    return None
                match getattr(response, 'status'):
                    case str() as status_1 if (done := VERBOSE):
                        pass
                    case 'in_progress':
                        done = True
                if done:
                    raise LookupError
        """,
    "a condition that one answer decides in the next round": """
        import sys
        def wait(job, response, settings):
            current = response
            for turn_2 in range(2):
                response = poll(job)
                if (current.status,)[0] in 'in_progress':
                    sys.exit()
                match response.status:
                    case 'in_progress' | 'incomplete':
                        return wait(job, response, settings)
        """,
    "an answer in a dict that goes into an unknown one": """
        FINISHED = 'completed'
        def checker_0(r, strict=False):
            if {'status': r.status}.get('status') in FINISHED:
                raise LookupError()
            return r
        def wait(job, response, settings):
            info = {'status': 'queued', 'done': False}
            info_1 = info
            for turn_2 in range(3):
                response = poll(job)
                info_1['status'] = checker_0(response).status
                try:
                    info |= {'done': info_1['done']}
                    if info['done']:
                        break
                finally:
                    info_1 = {'done': info_1['status'] in 'failed'}
        """,
    "one answer hands out a function that sets a name of the module": """
        SEEN = False
        def mark_seen():
            global SEEN
            SEEN = True
        class Waiter:
            def __init__(self, job, response, settings):
                pass
            def refresh_0(self):
                self.response = poll(True)
                if self.response.status.startswith('failed'):
                    subscribe(mark_seen)
                else:
                    assert self.response.status not in 'completed'
            def run(self):
                self.refresh_0()
                while True:
                    poll(True)
                    if SEEN:
                        raise LookupError()
        """,
    "a case of one answer whose guard nobody can decide": """
        SHARED = {}
        def wait(job, response, settings):
            info = SHARED
            while True:
                response = poll(job)
                match response.status:
                    case 'incomplete' if SHARED.get('status', 'queued'):
                        pass
                    case 'in_progress' | 'incomplete':
                        if flag(0):
                            break
        """,
    "a case of one answer whose pattern nobody can decide": """
        SHARED = {}
        def wait(job, response, settings):
            info = SHARED
            while True:
                response = poll(job)
                match (response.status, SHARED.get('status', 'queued')):
                    case ('incomplete', 'queued'):
                        pass
                    case ('in_progress' | 'incomplete', _):
                        if flag(0):
                            break
        """,
    "an unknown flag that only one answer has changed before the loop": """
        class Base:
            def __init__(self, job, response, settings):
                self.done = False
        class Waiter(Base):
            def run(self):
                if poll(True).status != 'failed':
                    if any(poll(turn).status == 'completed' for turn in 'a'):
                        return None
                    self.done |= True
                while True:
                    poll(True)
                    if self.done:
                        break
        """,
    "a method that returns before it sets an unknown flag, for one answer": """
        class Base:
            def __init__(self, job, response, settings):
                self.done = False
        class Waiter(Base):
            def mark(self, response):
                if response.status == 'failed':
                    return
                self.done |= True
            def run(self):
                if any(poll(turn).status == 'completed' for turn in 'a'):
                    return None
                self.mark(poll(True))
                while True:
                    poll(True)
                    if self.done:
                        break
        """,
    "one answer changes a dict by its other name": """
        def wait(job, response, settings):
            seen = {}
            other = seen
            for turn in range(4):
                current = poll(job)
                if seen:
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    other['x'] = 1
        """,
    "one answer marks an object by its other name": """
        class Box:
            def __init__(self):
                self.done = False
            def mark(self):
                self.done = True
        def wait(job, response, settings):
            box = Box()
            other = box
            for turn in range(4):
                current = poll(job)
                if box.done:
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    other.mark()
        """,
    "one answer changes a dict that stands in a list": """
        def wait(job, response, settings):
            seen = {}
            held = [seen]
            for turn in range(4):
                current = poll(job)
                if seen:
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    held[0]['x'] = 1
        """,
    "one answer changes what a dict of dicts holds": """
        def wait(job, response, settings):
            seen = {}
            held = dict(one=seen)
            for turn in range(4):
                current = poll(job)
                if seen.get('x'):
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    held['one']['x'] = 1
        """,
    "one answer changes a dict while it goes through a list": """
        def wait(job, response, settings):
            seen = {}
            held = [seen]
            for turn in range(4):
                current = poll(job)
                if seen:
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    for each in held:
                        each['x'] = 1
        """,
    "one answer changes what a function returns": """
        def wait(job, response, settings):
            seen = {}
            def give():
                return seen
            for turn in range(4):
                current = poll(job)
                if seen.get('x'):
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    give()['x'] = 1
        """,
    "one answer changes one of two by max": """
        def wait(job, response, settings):
            seen = {}
            other = max(seen, seen, key=len)
            for turn in range(4):
                current = poll(job)
                if seen.get('x'):
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    other['x'] = 1
        """,
    "one answer changes what a lambda hands through": """
        def wait(job, response, settings):
            seen = {}
            other = (lambda it: it)(seen)
            for turn in range(4):
                current = poll(job)
                if seen.get('x'):
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    other['x'] = 1
        """,
    "one answer calls a closure that changes a dict": """
        def wait(job, response, settings):
            seen = {}
            def put(value):
                seen['x'] = value
            for turn in range(4):
                current = poll(job)
                if seen.get('x'):
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    put(1)
        """,
    "one answer enters a context that changes a dict": """
        class Closing:
            def __init__(self, held):
                self.held = held
            def __enter__(self):
                return self
            def __exit__(self, *_):
                self.held['x'] = 1
        def wait(job, response, settings):
            seen = {}
            for turn in range(4):
                current = poll(job)
                if seen.get('x'):
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    with Closing(seen):
                        pass
        """,
    "one answer calls a bound method of a list": """
        def wait(job, response, settings):
            seen = []
            put = seen.append
            for turn in range(4):
                current = poll(job)
                if seen:
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    put(1)
        """,
    "one answer multiplies a list by its other name": """
        def wait(job, response, settings):
            seen = [job]
            other = seen
            for turn in range(4):
                current = poll(job)
                if not seen:
                    return job
                if current.status == 'completed':
                    return job
                if current.status == 'cancelled':
                    other *= 0
        """,
    "an answer is the key in a dict with another name": """
        def wait(job, response, settings):
            seen = {}
            other = seen
            for turn in range(4):
                current = poll(job)
                if seen.get('cancelled'):
                    return job
                if current.status == 'completed':
                    return job
                other[current.status] = 1
        """,
    "all answers but one go on before a list grows": """
        def wait(job, response, settings):
            seen = []
            other = seen
            for turn in range(4):
                current = poll(job)
                if seen:
                    return job
                if current.status == 'completed':
                    return job
                if current.status != 'cancelled':
                    continue
                other.append(1)
        """,
    "one answer raises, and the handler changes a dict": """
        def wait(job, response, settings):
            seen = {}
            other = seen
            for turn in range(4):
                current = poll(job)
                if seen:
                    return job
                if current.status == 'completed':
                    return job
                try:
                    assert current.status != 'cancelled'
                except AssertionError:
                    other['x'] = 1
        """,
    "one answer empties a list in a loop before the one that waits": """
        def wait(job, response, settings):
            current = poll(job)
            pending = list(settings.jobs)
            for each in list(pending):
                response = poll(each)
                if response.status == 'cancelled':
                    pending.remove(each)
            while current.status != 'completed':
                poll(job)
                if pending:
                    break
        """,
    "an inner loop is left before a helper raises, for all answers but one": """
        def fail(job):
            raise KeyError
        def wait(job, response, settings):
            context = Context()
            while (response := poll(job)).status not in 'completed':
                while True:
                    current = poll(job)
                    if current.status not in 'cancelled':
                        if context.response is None:
                            break
                    if context.response is None:
                        fail(job)
        """,
}

TRAPS: dict[str, Program] = {
    why: Program(textwrap.dedent(text), "Waiter.run" if "class Waiter" in text else "wait")
    for why, text in _TEXTS.items()
}
