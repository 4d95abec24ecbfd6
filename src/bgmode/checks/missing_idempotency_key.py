"""BGM401: a background call without an idempotency key."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bgmode.checks.header_fix import header_edits
from bgmode.checks.subject import Subject
from bgmode.finding import Finding, Fix, Note
from bgmode.flow.values import MISSING, Missing, Unknown
from bgmode.model.callgraph import Way
from bgmode.model.calls import BackgroundCall
from bgmode.model.far_retries import FarRetry, far_retries
from bgmode.model.key_names import key_in_scope
from bgmode.model.keys import Evidence, is_decorated, key_evidence
from bgmode.model.retries import Retry, retries_around
from bgmode.policy.policy import Policy


def missing_idempotency_key(subject: Subject) -> Iterator[Finding]:
    for call in subject.requests:
        if is_unkeyed(subject.policy, call) and first_retry(subject, call) is None:
            header = call.provider.idempotency_header
            headers = call.provider.parameters["headers"]
            yield subject.finding_about(
                call,
                f"this call {call.verb} without an idempotency key: send one in {headers} as "
                f"`{header}`, so that your own gateway, job table or the service can recognise "
                "the retry",
                fix=_fix(subject, call),
            )


def _fix(subject: Subject, call: BackgroundCall) -> Fix | None:
    """Send a variable that the policy knows as a key."""
    if call.names.qualify(call.node.func) == "functools.partial":
        return None  # it may be called for several jobs
    name = key_in_scope(call, subject.policy.idempotency.key_names)
    edits = header_edits(subject, call, name) if name is not None else ()
    header = call.provider.idempotency_header
    return Fix("unsafe", f"send `{name}` as the header `{header}`", edits) if edits else None


def evidence(policy: Policy, call: BackgroundCall) -> Evidence:
    """Whether the call carries a key that the policy accepts."""
    accepted = policy.idempotency
    return key_evidence(call, accepted.metadata_keys, accepted.decorators)


def is_unkeyed(policy: Policy, call: BackgroundCall) -> bool:
    """Whether a request in the background surely carries no key."""
    return call.is_request and not unsupported_arguments(call) and evidence(policy, call) == "none"


def first_retry(subject: Subject, call: BackgroundCall) -> Retry | None:
    """The nearest thing that tries the call again."""
    return next(retries(subject, call), None)


def retries(subject: Subject, call: BackgroundCall) -> Iterator[Retry]:
    """What tries the call again, nearest first, if nothing on the way there makes it safe."""
    graph = subject.case.module.graph
    for retry in retries_around(call.names, call.node):
        guarded = is_guarded(subject, [step.call for step in retry.steps])
        if guarded or (retry.steps and graph.rules_out(Way(retry.steps, call))):
            continue
        yield retry


def far_retried(subject: Subject) -> Iterator[tuple[FarRetry, BackgroundCall]]:
    """What tries a background call of another module again, unless something makes that safe."""
    for far in far_retries(subject.case.module.graph, subject.case.starters):
        end = far.way.end
        if isinstance(end, BackgroundCall) and not is_guarded(
            subject, [*(step.call for step in far.way.steps), end.node]
        ):
            yield far, end


def is_guarded(subject: Subject, calls: Iterable[ast.Call]) -> bool:
    """Whether a function around one of some calls keeps it from being made twice."""
    graph, decorators = subject.case.module.graph, subject.policy.idempotency.decorators
    return any(is_decorated(graph.home(call).names, call, decorators) for call in calls)


def retry_notes(subject: Subject, retry: Retry) -> list[Note]:
    """The way from what tries again to the call."""
    path = [subject.note(f"which calls {step.function.name}", step.call) for step in retry.steps]
    return [subject.note("tried again here", retry.node), *path]


def unsupported_arguments(call: BackgroundCall) -> list[str]:
    """The arguments that the call surely has and does not take, which is BGM405's business."""
    given = call.arguments.fields
    return [
        name
        for name in call.provider.parameters["unsupported"]
        if not isinstance(value := given.get(name, MISSING), Missing)
        and not (isinstance(value, Unknown) and value.optional)
    ]
