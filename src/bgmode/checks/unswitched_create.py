"""BGM507: a background call that no kill switch of the policy guards."""

from __future__ import annotations

from collections.abc import Iterator

from bgmode.checks.subject import Subject
from bgmode.english import listed
from bgmode.finding import Finding
from bgmode.model.switches import is_guarded


def unswitched_create(subject: Subject) -> Iterator[Finding]:
    switches = subject.policy.kill_switches
    for call in subject.calls:
        if not is_guarded(call, switches):
            names = listed(f"`{switch}`" for switch in switches)
            yield subject.finding_about(
                call,
                f"this call {call.verb} and no kill switch guards it: ask {names} before it",
            )
