"""The answers to a review's questions in plain words, as every format gives them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bgmode.audit.inventory import Approved, AuditedCall, Ending, Inventory, State, Waiting
from bgmode.english import listed, plural
from bgmode.finding import Finding, Suppression

Standing: TypeAlias = Literal["answered", "look", "missing", "note"]
"""How an answer stands: it is one; look at it; nobody has given it; it only informs."""

STATES: tuple[State, ...] = ("open", "waived", "compliant")

STANDINGS: dict[Standing, str] = {
    "answered": "answered",
    "look": "look here",
    "missing": "not answered",
    "note": "for information",
}

DECISIONS = {
    "allow": "allowed",
    "review": "needs an approval",
    "deny": "denied",
    None: "not decided",
}

_UNSHOWABLE = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def shown(text: str) -> str:
    """``text`` without what a page cannot show, or what would show it in another order.

    Line ends become ``\\n``; control characters, lone surrogates and the marks that turn the
    direction of the text around them become U+FFFD.
    """
    text = re.sub("\r\n|[\r\u2028\u2029]", "\n", text)
    return _UNSHOWABLE.sub("\ufffd", text)


def in_one_line(text: str) -> str:
    """``text`` as :func:`shown`, with every run of white space made one space."""
    return " ".join(shown(text).split())


def duration(seconds: float) -> str:
    """``30 minutes``, ``1 hour and 30 minutes``, ``2.5 seconds``."""
    parts = []
    whole = int(seconds // 60) if seconds < 1e12 else 0
    for size, name in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        count, whole = divmod(whole, size)
        if count:
            parts.append(plural(count, name))
    left = seconds % 60 if seconds < 1e12 else seconds
    if left or not parts:
        parts.append(f"{left:g} second" + ("" if left == 1 else "s"))
    return listed(parts, "and")


def days_left(until: datetime.date, today: datetime.date) -> str:
    """How far off a last day is; the day itself still counts."""
    days = (until - today).days
    if days < 0:
        return f"ended {plural(-days, 'day')} ago"
    if days == 0:
        return "ends today"
    return f"{plural(days, 'day')} left"


def counted(call: AuditedCall) -> int:
    """How many findings are open; one that only informs does not count."""
    return sum(finding.severity != "info" for finding in call.findings)


def verdict(inventory: Inventory) -> str:
    """The state of the whole in one sentence."""
    total, count = len(inventory.calls), inventory.states["open"]
    if not total:
        return "No call was found that runs in the background."
    beside = sum(finding.severity != "info" for finding in inventory.other)
    if count == 0 and beside:
        return f"{plural(beside, 'thing')} beside {plural(total, 'background call')} to be mended."
    if count == 0:
        return f"Nothing is open in {plural(total, 'background call')}."
    has = "has" if count == 1 else "have"
    return f"{count} of {plural(total, 'background call')} {has} something open."


def place(path: str, line: int) -> str:
    """``app/jobs.py:12``."""
    return f"{in_one_line(path)}:{line}"


def until(date: datetime.date | None) -> str:
    return f"until {date.isoformat()}" if date is not None else "with no last day"


def approved_until(call: AuditedCall) -> str:
    """The last day of the approval that counts, in a few words."""
    if call.approval is None:
        return "not needed" if call.decision == "allow" else "no approval"
    date = call.approval.approval.until
    words = date.isoformat() if date is not None else "no last day"
    return words if call.approval.in_force else f"{words} (expired)"


def approval_words(approved: Approved) -> str:
    """Who said so, why, under which ticket and until when."""
    approval = approved.approval
    parts = [in_one_line(approval.by), until(approval.until)]
    if not approved.in_force:
        parts[1] += " (expired)"
    if approval.ticket:
        parts.append(f"ticket {in_one_line(approval.ticket)}")
    return f"{', '.join(parts)}: {in_one_line(approval.reason)}"


def suppression_words(suppression: Suppression | None) -> str:
    """Who has waived a finding, until when, why and where that is written."""
    if suppression is None:
        return "waived"
    by = f"by {in_one_line(suppression.owner)}" if suppression.owner else "by nobody named"
    ticket = f", ticket {in_one_line(suppression.ticket)}" if suppression.ticket else ""
    kind = "a comment in the code" if suppression.kind == "comment" else "the policy"
    reason = in_one_line(suppression.reason) if suppression.reason else "no reason given"
    at = place(suppression.path, suppression.line)
    return f"waived {by}, {until(suppression.until)}{ticket}: {reason} (in {kind}, {at})"


def finding_words(finding: Finding) -> str:
    """``BGM101 implicit-store: message``."""
    return f"{finding.code} {finding.name}: {in_one_line(finding.message)}"


def is_right(ending: Ending) -> bool:
    """Whether a wait does on this status what it should."""
    if ending.is_terminal:
        return ending.outcome == "leaves"
    return ending.outcome in ("goes on", "bound")


def ending_words(ending: Ending) -> str:
    """What a wait does on one status, for somebody who does not read code."""
    at = f" (line {listed(map(str, ending.lines), 'and')})" if ending.lines else ""
    if ending.outcome == "not known":
        return "cannot be seen from the code"
    if ending.is_terminal:
        return {
            "leaves": f"the wait ends{at}",
            "may leave": f"the wait ends on some paths only{at}",
            "bound": f"the wait goes on for nothing until its bound is reached{at}",
        }.get(ending.outcome, "the wait never ends")
    return {
        "leaves": f"the wait ends too early, the job still runs{at}",
        "may leave": f"the wait may end too early, while the job still runs{at}",
        "never ends": "the wait goes on, and only another status can end it",
    }.get(ending.outcome, "the wait goes on, as it should")


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of the checklist, what is known, and how that stands.

    Each of ``words`` is a line of its own.
    """

    key: str
    question: str
    words: tuple[str, ...]
    standing: Standing


def checklist(call: AuditedCall) -> list[Answer]:
    """Every question that a review asks about a call, with its answer."""
    return [
        _job(call),
        _where(call),
        _data(call),
        _decision(call),
        _who(call),
        _lane(call),
        _kept(call),
        _zdr(call),
        _retrieval(call),
        _twice(call),
        _outcomes(call),
        _patience(call),
        _fallback(call),
        _open(call),
        _waived(call),
    ]


def _job(call: AuditedCall) -> Answer:
    question = "Which kind of job is it?"
    if call.job_type is None:
        words = ["No job type is named for this call."]
        if call.job_type_from:
            words = [f"It is named by {in_one_line(call.job_type_from)}, where it cannot be seen."]
        return Answer("job", question, tuple(words), "missing")
    words = [in_one_line(call.job_type)]
    if call.description:
        words[0] += f": {in_one_line(call.description)}"
    if call.job_type_from:
        words.append(f"Said by {in_one_line(call.job_type_from)}.")
    if call.decision is None:
        words.append("The policy does not know a job type of this name.")
    return Answer("job", question, tuple(words), "look" if call.decision is None else "answered")


def _where(call: AuditedCall) -> Answer:
    symbol = f", in {in_one_line(call.symbol)}" if call.symbol else ""
    sure = "It runs in the background." if call.certain else "It may run in the background."
    words = (
        place(call.path, call.line) + symbol,
        f"{sure} Provider: {in_one_line(call.provider)}.",
    )
    return Answer("where", "Where is it?", words, "note")


def _data(call: AuditedCall) -> Answer:
    question = "Which class of data does it carry, and who answers for that?"
    if call.data_class is None:
        return Answer("data", question, ("The policy names no data class.",), "missing")
    words = [in_one_line(call.data_class)]
    if call.approval is not None and call.approval.in_force:
        words.append(f"{in_one_line(call.approval.approval.by)} answers for this use, by approval.")
    else:
        words.append("No owner is on record: to be named when this is signed.")
    return Answer("data", question, tuple(words), "answered")


def _decision(call: AuditedCall) -> Answer:
    question = "May it run in the background, and why?"
    reason = f"Reason: {in_one_line(call.reason)}" if call.reason else "The policy gives no reason."
    approved = call.approval is not None and call.approval.in_force
    match call.decision:
        case None:
            return Answer("decision", question, ("Nobody has decided.",), "missing")
        case "allow":
            standing: Standing = "answered" if call.reason else "look"
            return Answer(
                "decision", question, ("Yes, the policy allows this kind of job.", reason), standing
            )
        case "review":
            first = "Each case needs an approval" + (", and this one has it." if approved else ".")
        case "deny":
            first = "No, the policy denies it" + (", except by approval." if approved else ".")
    return Answer("decision", question, (first, reason), "answered" if approved else "look")


def _who(call: AuditedCall) -> Answer:
    question = "Who said so, and until when?"
    if call.approvals:
        words = tuple(approval_words(each) for each in call.approvals)
        in_force = any(each.in_force for each in call.approvals)
        return Answer("who", question, words, "answered" if in_force else "look")
    if call.decision == "allow":
        return Answer("who", question, ("The policy itself; no approval is needed.",), "answered")
    return Answer("who", question, ("Nobody has approved it.",), "missing")


def _lane(call: AuditedCall) -> Answer:
    question = "How should it run?"
    streams = ("The code also streams the answer while it is made.",) if call.streams else ()
    if call.interaction is None:
        return Answer("lane", question, ("The policy does not say.", *streams), "note")
    lane = in_one_line(call.interaction)
    if lane == "background":
        return Answer("lane", question, ("In the background.", *streams), "answered")
    words = (f"The policy wants it {lane}, and it runs in the background.", *streams)
    return Answer("lane", question, words, "look")


_STORE: dict[str, tuple[str, Standing]] = {
    "True": ("The code asks the provider to store the result.", "answered"),
    "False": ("The code forbids storing, but a background job needs it.", "look"),
    "not set": (
        "The code does not say whether to store, so the provider's default counts.",
        "look",
    ),
    "not seen": ("Whether the code asks to store cannot be seen.", "note"),
}


def _kept(call: AuditedCall) -> Answer:
    question = "What does the provider keep?"
    first, standing = _STORE.get(call.store, (f"Store: {in_one_line(call.store)}.", "note"))
    match call.stored_state:
        case None:
            second = "The policy does not say whether stored state is allowed."
            standing = "missing" if standing == "answered" else standing
        case "allowed":
            second = "The policy allows stored state."
        case "forbidden":
            second = "The policy forbids stored state."
            standing = "look"
        case other:
            second = f"Stored state, by the policy: {in_one_line(other)}."
    return Answer("kept", question, (first, second), standing)


def _zdr(call: AuditedCall) -> Answer:
    question = "Is Zero Data Retention (ZDR) required here?"
    if call.zdr is not None:
        words = (f"Yes: {in_one_line(call.zdr)}.", "A background job cannot promise that.")
        return Answer("zdr", question, words, "look")
    match call.zdr_compatible:
        case None:
            return Answer(
                "zdr", question, ("Not by the code; the policy does not say.",), "missing"
            )
        case "not-required":
            return Answer("zdr", question, ("No.",), "answered")
        case "required":
            first = "The policy requires it for this kind of job."
            return Answer("zdr", question, (first,), "look")
        case other:
            return Answer("zdr", question, (in_one_line(other),), "note")


def _retrieval(call: AuditedCall) -> Answer:
    question = "How is the result fetched?"
    found = {0: "no wait was seen in the code", 1: "one wait was seen in the code"}
    seen = found.get(len(call.waits), f"{len(call.waits)} waits were seen in the code")
    if call.retrieval is None:
        words = (f"The policy does not say; {seen}.",)
        return Answer("retrieval", question, words, "missing")
    how = in_one_line(call.retrieval)
    return Answer("retrieval", question, (f"By {how}; {seen}.",), "answered")


def _twice(call: AuditedCall) -> Answer:
    question = "What keeps the same job from being started twice?"
    match call.key:
        case "none":
            return Answer("twice", question, ("Nothing: the call carries no key.",), "look")
        case "not seen":
            words: tuple[str, ...] = ("Whether the call carries a key cannot be seen.",)
            return Answer("twice", question, words, "note")
        case "header":
            words = ("A key in the request's header makes duplicates visible.",)
        case "metadata":
            words = ("A key in the request's metadata makes duplicates visible.",)
        case other:
            words = (f"A key, by {in_one_line(other)}, makes duplicates visible.",)
    return Answer("twice", question, words, "answered")


def _outcomes(call: AuditedCall) -> Answer:
    question = "What happens on every outcome?"
    if not call.waits:
        words: tuple[str, ...] = ("No wait for this job was seen; look where the result is used.",)
        return Answer("outcomes", question, words, "note")
    words = tuple(_wait_words(call.waits))
    endings = [ending for wait in call.waits for ending in wait.endings]
    wrong = [ending for ending in endings if not is_right(ending)]
    if all(ending.outcome == "not known" for ending in wrong):
        return Answer("outcomes", question, words, "note" if wrong else "answered")
    return Answer("outcomes", question, words, "look")


def _wait_words(waits: tuple[Waiting, ...]) -> Iterator[str]:
    for wait in waits:
        prefix = f"{place(wait.path, wait.line)}: " if len(waits) > 1 else ""
        alike: dict[str, list[str]] = {}
        for ending in wait.endings:
            alike.setdefault(ending_words(ending), []).append(in_one_line(ending.status))
        for words, statuses in alike.items():
            yield f"{prefix}{listed(statuses, 'and')}: {words}"


def _patience(call: AuditedCall) -> Answer:
    question = "How long may it take?"
    words = []
    if call.max_wait is not None:
        words.append(f"At most {duration(call.max_wait)}, by the policy.")
    words += [
        f"The wait at {place(wait.path, wait.line)}: {_bound(wait)}, {_pace(wait)}."
        for wait in call.waits
    ]
    if any(wait.bound == "none" for wait in call.waits):
        return Answer("patience", question, (*words, "Nothing bounds the wait."), "look")
    if not words:
        return Answer("patience", question, ("Nothing is said about it.",), "note")
    return Answer("patience", question, tuple(words), "answered" if call.waits else "note")


def _bound(wait: Waiting) -> str:
    words = {"none": "without a bound", "not seen": "whether it has a bound cannot be seen"}
    return words.get(wait.bound, f"with {in_one_line(wait.bound)}")


def _pace(wait: Waiting) -> str:
    words = {"none": "asking without a pause", "not seen": "asking at a pace that cannot be seen"}
    return words.get(wait.interval, f"asking every {in_one_line(wait.interval)}")


def _fallback(call: AuditedCall) -> Answer:
    question = "What if the background is not available?"
    if call.fallback is None:
        return Answer("fallback", question, ("The policy names no fallback.",), "missing")
    words = (f"The fallback is: {in_one_line(call.fallback)}.",)
    return Answer("fallback", question, words, "answered")


def _open(call: AuditedCall) -> Answer:
    question = "What is open?"
    if not call.findings:
        return Answer("open", question, ("Nothing.",), "answered")
    words = tuple(
        f"{finding.severity}: {finding_words(finding)} (line {finding.span.line})"
        for finding in call.findings
    )
    return Answer("open", question, words, "look" if call.state == "open" else "note")


def _waived(call: AuditedCall) -> Answer:
    question = "What has been waived?"
    if not call.suppressed:
        return Answer("waived", question, ("Nothing.",), "answered")
    words = tuple(
        f"{finding_words(finding)}; {suppression_words(finding.suppressed)}"
        for finding in call.suppressed
    )
    return Answer("waived", question, words, "note")


def wait_in_short(call: AuditedCall) -> str:
    """The worst that a wait for the job does, in a few words."""
    if not call.waits:
        return "no wait seen"
    wrong = [each for wait in call.waits for each in wait.endings if not is_right(each)]
    for outcome, words in (
        ("never ends", "never ends on"),
        ("goes on", "never ends on"),
        ("bound", "burns its bound on"),
        ("leaves", "ends too early on"),
        ("may leave", "may not end right on"),
    ):
        found = dict.fromkeys(in_one_line(e.status) for e in wrong if e.outcome == outcome)
        if found:
            return f"{words} {listed(found, 'and')}"
    return "cannot be seen" if wrong else "ends on every outcome"
