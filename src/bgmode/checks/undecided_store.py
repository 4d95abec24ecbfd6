"""BGM103: a background call of which nobody can see whether it stores the response."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.finding import Finding
from bgmode.model.calls import BackgroundCall


def undecided_store(subject: Subject) -> Iterator[Finding]:
    for call in subject.calls:
        if not call.argument("store").is_undecided or subject.case.zdr(call) is not None:
            continue
        written = call.origins("store")
        yield subject.finding(
            written[-1].node if written else call.anchor,
            f"this call {call.verb} and its `{call.provider.parameters['store']}` cannot be seen "
            f"here: {_advice(call)}, so that a reader can tell how long the response is kept",
        )


def _advice(call: BackgroundCall) -> str:
    name = call.provider.parameters["store"]
    if name in call.provider.unseen:
        return "say in the policy's wrappers what it is"
    return f"write `{name}=True` in the call"
