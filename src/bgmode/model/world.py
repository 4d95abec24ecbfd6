"""The outside of a run, as the provider's facts describe it: what create and poll answer."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Container
from functools import cached_property

from bgmode.flow.exits import State
from bgmode.flow.names import Code, Names
from bgmode.flow.run import Run
from bgmode.flow.values import POLLED, TRUE, UNKNOWN, Answered, Known, Record, Truth, Value, join
from bgmode.flow.world import MOST_WORK, Answer, Raises
from bgmode.knowledge import Operation, Provider
from bgmode.model.clients import Access, Clients, ProjectImports

_LONG = 80  # lines
_OF_JOBS = (
    *(("background",), ("queued",), ("in_progress",), ("completed", "failed")),
    *(("status",), ("responses.retrieve",), ("responses.create",), ("/responses",), ("sleep",)),
)
"""The words, or pairs of them, of which one stands where jobs are made, waited for or judged."""
_WENT_WELL = {"status": Known(200), "status_code": Known(200), "ok": TRUE, "is_success": TRUE}
_BODY = ("json()", "text", "text()", "content", "read()", "body")  # of an HTTP response

CREATED = Record({}, UNKNOWN)
"""What create answers: an object that is there, and nothing more is known of it."""


class JobWorld:
    """A provider that answers every poll with the same ``status``; any status if it is None.

    Optional parameters are left out, but for those in ``given``.
    Functions that are ``far`` are not followed, unless they are told something that was answered;
    then it is those that are ``told_in_vain``, if that is given.
    The sleeps in ``instant`` take no time.
    With ``raises`` every poll raises an exception of that name, from the second turn of a loop on.
    ``before``, if given, is what create answers, and every poll that is made before a loop.
    With ``creates`` only these callees create jobs, and it is create alone that answers ``before``.
    Unless it ``reads_all``, functions of third modules are followed only if these speak of jobs.
    Behind the statements in ``lasts``, and in keywords that are not ``asked`` for, nothing matters.
    """

    def __init__(
        self,
        names: Names,
        clients: Clients,
        status: str | None = None,
        before: str | None = None,
        given: Container[str] = (),
        raises: str | None = None,
        instant: Container[ast.AST] = (),
        far: Callable[[Code], bool] = lambda _: False,
        creates: Container[ast.AST] | None = None,
        lasts: Container[ast.stmt] = (),
        asked: Container[str] | None = None,
        most_work: int = MOST_WORK,
        reads_all: bool = True,
        told_in_vain: Callable[[Code], bool] | None = None,
    ) -> None:
        self.names = names
        self.clients = clients
        self.provider: Provider = clients.provider
        self.observed: dict[ast.Call, Record] = {}
        self.careful = status is not None  # arguments are wanted as people write them
        self.most_work = most_work
        self.reads_all = reads_all
        self._told_in_vain = told_in_vain
        self._created = CREATED if told_in_vain is None else response(self.provider, None)
        self.given = given
        self.lasts = lasts
        self.asked = asked
        self._far = far
        self.creates = creates
        self.jobs_are_made_here = creates is not None
        self.instant = instant
        self.takes_jobs_for_granted = True
        self.objects_change = before is not None and before != status
        self.before = before
        self.status = status
        self.raises = raises
        self._related: list[JobWorld] = [self]  # as other modules of the project see it

    @cached_property
    def _answer(self) -> Record:
        return response(self.provider, self.status)

    @cached_property
    def _before(self) -> Record | None:
        return None if self.before is None else response(self.provider, self.before)

    def reply(
        self, callee: ast.expr, keywords: list[ast.keyword], *, turn: int
    ) -> Answer | Raises | None:
        if callee not in self.clients.suspects:
            return None
        access = self.clients.access(callee)
        if access is None or self.clients.is_called_inside(callee):
            return None
        if access.provider.body_only:
            return self._over_http(access, callee)
        if is_another_call(access.operation, keywords):
            return Answer(UNKNOWN)
        match access.operation.kind:
            case "poll" if self.raises is not None and turn > 1:
                return Raises(self.raises, Record({"status_code": Known(404, True)}, POLLED, True))
            case "poll":
                early = self._before is not None and turn == 0 and self.creates is None
                return Answer(self._before if early and self._before else self._answer, polls=True)
            case "create" if self.creates is not None and callee not in self.creates:
                return Answer(UNKNOWN)
            case "create":
                return Answer(self._before or self._created, acts=True)
            case "cancel" if self._before is not None:
                return Answer(self._answer)
            case _:
                return Answer(UNKNOWN)

    def _over_http(self, access: Access, callee: ast.expr) -> Answer:
        """The answer to a plain request; the SDK's own client gives the body as it is."""
        by_sdk = isinstance(access.receiver, ast.Attribute) and (
            self.clients.client(access.receiver.value).known
        )
        whole = (lambda body: body) if by_sdk else _http_answer
        match access.operation.kind:
            case "poll":
                return Answer(whole(self._answer), polls=True)
            case "create" if self.creates is None or callee in self.creates:
                return Answer(whole(self._before or self._created), acts=True)
            case _:
                return Answer(UNKNOWN)

    def observe(self, call: ast.Call, arguments: Record) -> None:
        earlier = self.observed.get(call)
        if earlier is not None:
            joined = join(earlier, arguments)
            arguments = joined if isinstance(joined, Record) else arguments
        self.observed[call] = arguments

    def imported(self, name: str) -> Value | None:
        imports = self.clients.imports
        is_elsewhere = self is not self._related[0]
        if imports is None or (
            is_elsewhere and not self.reads_all and _has_nothing_to_do_with_jobs(imports, name)
        ):
            return None
        return imports.value(name)

    def home(self, node: ast.AST) -> JobWorld | None:
        """This outside as the module sees it that ``node`` stands in."""
        for world in self._related:
            if node in world.names.parent:
                return world
        clients = None if self.clients.imports is None else self.clients.imports.holding(node)
        return None if clients is None else self._beside(clients)

    def _beside(self, clients: Clients) -> JobWorld:
        """This outside as another module sees it."""

        def is_far(code: Code) -> bool:
            return is_long(code) and not clients.mentions_an_operation(code)

        world = JobWorld(
            clients.names,
            clients,
            self.status,
            self.before,
            self.given,
            self.raises,
            self.instant,
            is_far,
            self.creates,
            asked=self.asked,
            most_work=self.most_work,
            reads_all=self.reads_all,
            told_in_vain=None if self._told_in_vain is None else is_far,
        )
        world.observed = self.observed
        world._related = self._related
        self._related.append(world)
        return world

    def exception_is(self, name: str, ancestor: str) -> Truth:
        known = self.provider.exceptions
        if name not in known:
            return None
        above: str | None = name
        while above is not None:
            if above == ancestor:
                return True
            above = known.get(above)
        return False if ancestor in known or hasattr(builtins, ancestor) else None

    def may_raise(self, name: str) -> bool:
        return name.partition(".")[0] == self.provider.package or hasattr(builtins, name)

    def is_far(self, code: Code, *, told: bool) -> bool:
        if told:
            return self._told_in_vain is not None and self._told_in_vain(code)
        return self._far(code)

    def answers_a(self, class_name: str) -> bool:
        return class_name in self.provider.response_classes


def _http_answer(body: Record) -> Record:
    """An HTTP response that went well, with a body; its own ``status`` is another thing."""
    fields: dict[str, Value] = {**dict.fromkeys(_BODY, body), **_WENT_WELL}
    answer = Record(fields, UNKNOWN, polled=body.polled)
    return Record({**fields, "raise_for_status()": answer}, UNKNOWN, polled=body.polled)


def _has_nothing_to_do_with_jobs(imports: ProjectImports, name: str) -> bool:
    """Whether a function is defined in a module that does not speak of jobs."""
    return any(
        names and module.defines_function(names[0]) and not module.holds(_OF_JOBS)
        for module, names in imports.way(name)
    )


def is_long(code: Code) -> bool:
    """Whether a function is not worth being followed, unless it has to do with jobs."""
    return (code.end_lineno or code.lineno) - code.lineno > _LONG


def constant(clients: Clients, node: ast.expr) -> Value:
    """The value of an expression, of any module, that does not depend on the code around it."""
    home = clients.home(node)
    return Run(JobWorld(home.names, home)).value(node, State.empty())


def response(provider: Provider, status: str | None) -> Record:
    """What a poll answers while the job is in ``status``."""
    if status is None:
        return Record({}, POLLED, polled=True)
    fields: dict[str, Value] = {"status": Known(Answered(status), polled=True)}
    for name, statuses in provider.signs.items():
        there = status in statuses
        fields[name] = Record({}, POLLED, polled=True) if there else Known(None, polled=True)
    return Record(fields, POLLED, polled=True)


def is_another_call(operation: Operation, keywords: list[ast.keyword]) -> bool:
    """Whether an argument makes the call something else, such as resuming a stream."""
    for keyword in keywords:
        if keyword.arg in operation.unless:
            match keyword.value:
                case ast.Constant(value=None | False):
                    continue
            return True
    return False
