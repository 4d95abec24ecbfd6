"""The inventory as one page that needs nothing else: no network, no other file, no Python.

It is written for the people who sign it off, and they may print it. Its style and its script
are named by their hashes in the page's content security policy, so nothing else can run.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources

from bgmode.audit import json as data
from bgmode.audit.answers import (
    DECISIONS,
    STANDINGS,
    STATES,
    Answer,
    Standing,
    approved_until,
    checklist,
    counted,
    days_left,
    finding_words,
    in_one_line,
    place,
    until,
    verdict,
    wait_in_short,
)
from bgmode.audit.drawing import SHAPES, life, symbol
from bgmode.audit.inventory import AuditedCall, Expiry, Inventory, State
from bgmode.audit.markup import Child, Html, el, joined
from bgmode.english import plural
from bgmode.finding import Finding
from bgmode.policy.policy import SOON, Waiver

_TITLE = "Background jobs: what runs, and who said so"

_STATES: dict[State, str] = {
    "open": "A rule found something that nobody has mended or waived.",
    "waived": "Something was found, and somebody has taken it upon them, with a name.",
    "compliant": "No rule found anything.",
}

_TERMS = (
    ("Background job", "A request whose answer the provider prepares while the program goes on."),
    ("Store", "The provider keeps the answer until the program fetches it."),
    ("ZDR", "Zero Data Retention: the provider keeps nothing. A background job needs storage."),
    ("Wait", "The code that asks again and again whether the job has come to an end."),
    ("Bound", "The longest time, or number of questions, after which a wait gives up."),
    ("Key", "A mark on the request by which a job that was started twice can be recognised."),
    ("Fallback", "What the program does when the background is not allowed or not available."),
)


def render(inventory: Inventory) -> str:
    """The page; the same inventory gives the same bytes."""
    style, script = _resource("page.css"), _resource("page.js")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_security(style, script)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("link", rel="icon", href="data:,"),
        el("title", _TITLE),
        el("style", Html(style)),
    )
    body = el("body", *_body(inventory), el("script", Html(script)))
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _resource(name: str) -> str:
    return resources.files("bgmode.audit").joinpath(name).read_text(encoding="utf-8")


def _security(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _body(inventory: Inventory) -> Iterator[Html]:
    yield el("a", "Skip to the calls", href="#calls", class_="skip")
    yield _header(inventory)
    yield el(
        "main",
        _errors(inventory),
        _summary(inventory),
        _expiring(inventory),
        _legend() if inventory.calls else None,
        _calls(inventory),
        _details(inventory),
        _other(inventory),
        _waivers(inventory),
        _sign_off(inventory),
    )


def _header(inventory: Inventory) -> Html:
    policies = [el("code", each) for each in inventory.policies]
    policy = joined(*_between(policies, ", ")) if policies else "the built-in one"
    day = inventory.today.isoformat()
    facts = (
        ("As of", el("time", day, datetime=day)),
        ("Policy", policy),
        ("Files read", str(inventory.files)),
        ("Made by", f"bgmode {inventory.version}"),
    )
    items = [el("div", el("dt", name), el("dd", value)) for name, value in facts]
    worst = "open" if inventory.states["open"] else "compliant"
    return el(
        "header",
        el("h1", _TITLE),
        el("p", verdict(inventory), class_=f"verdict {worst}" if inventory.calls else "verdict"),
        el("dl", *items, class_="facts"),
    )


def _between(pieces: list[Html], separator: str) -> Iterator[Child]:
    for number, piece in enumerate(pieces):
        if number:
            yield separator
        yield piece


def _section(name: str, title: str, *children: Child, style: str | None = None) -> Html:
    heading = el("h2", title, id=f"{name}-title")
    return el("section", heading, *children, id=name, aria_labelledby=f"{name}-title", class_=style)


def _errors(inventory: Inventory) -> Html | None:
    if not inventory.errors:
        return None
    return _section(
        "errors",
        "The picture is not complete",
        el("p", "These could not be read, so a call may be missing here:"),
        el("ul", *(el("li", error) for error in inventory.errors)),
        style="warning",
    )


def _badge(state: State) -> Html:
    return el("span", state, class_=f"badge {state}")


def _summary(inventory: Inventory) -> Html:
    if not inventory.calls:
        words = (
            f"{plural(inventory.files, 'file')} {'was' if inventory.files == 1 else 'were'} read, "
            "and none of them starts a job in the background."
        )
        if not (inventory.errors or inventory.other):
            words += " There is nothing to sign today."
        return _section("summary", "All quiet", el("p", words), style="quiet")
    counts = inventory.states
    figures = [
        el("li", el("b", counts[state]), _badge(state), el("small", _STATES[state]))
        for state in _STATES
    ]
    return _section(
        "summary",
        "In short",
        el("ul", *figures, class_="figures"),
        el(
            "div",
            _groups("By kind of job", inventory.by_job_type),
            _groups("By class of data", inventory.by_data_class),
            class_="pair",
        ),
    )


def _groups(title: str, groups: Mapping[str, Counter[State]]) -> Html:
    most = max(sum(counts.values()) for counts in groups.values())
    rows = [
        el(
            "tr",
            el("th", el("bdi", name), scope="row"),
            *(
                el("td", counts[state], class_="number" + _nought(counts[state]))
                for state in _STATES
            ),
            el("td", _bar(counts, most), class_="bar"),
        )
        for name, counts in groups.items()
    ]
    names = ["", *_STATES]
    head = el("tr", *(el("th", name, scope="col") for name in names), el("td"))
    table = el(
        "table", el("caption", title), el("thead", head), el("tbody", *rows), class_="groups"
    )
    return _box(table, title)


def _nought(count: int) -> str:
    return "" if count else " nought"


def _bar(counts: Counter[State], most: int) -> Html:
    parts, x = [], 0
    for state in _STATES:
        width = counts[state] * 120 // most
        if counts[state]:
            shown = max(width - 1, 2)
            parts.append(el("rect", x=x, y=0, width=shown, height=10, class_=f"fill-{state}"))
        x += max(width, 3 if counts[state] else 0)
    return el("svg", *parts, viewBox="0 0 126 10", width=126, height=10, aria_hidden="true")


def _box(table: Html, label: str) -> Html:
    """A box that scrolls by itself where the window is narrow."""
    return el("div", table, class_="box-scroll", tabindex=0, role="group", aria_label=label)


def _expiring(inventory: Inventory) -> Html | None:
    expiries = inventory.expiries
    if not expiries:
        if not inventory.calls:
            return None
        return _section("expiring", "What expires next", el("p", "Nothing has a last day."))
    names = ("Last day", "Left", "Kind", "What", "Who", "Where")
    head = el("tr", *(el("th", name, scope="col") for name in names))
    rows = [_expiry(each, inventory) for each in expiries]
    table = el("table", el("thead", head), el("tbody", *rows), class_="plain expiries")
    return _section("expiring", "What expires next", _box(table, "What expires next"))


def _expiry(expiry: Expiry, inventory: Inventory) -> Html:
    left, style = days_left(expiry.until, inventory.today), None
    if expiry.is_over(inventory.today):
        style = "over"
    elif expiry.until - inventory.today <= SOON:
        style = "soon"
    mark = {"over": _mark("look"), "soon": _mark("missing")}.get(style or "")
    day = expiry.until.isoformat()
    return el(
        "tr",
        el("td", el("time", day, datetime=day), class_="date"),
        el("td", mark, left, class_="left"),
        el("td", expiry.kind),
        el("td", el("bdi", expiry.what)),
        el("td", el("bdi", expiry.who or "nobody named")),
        el("td", el("code", place(expiry.path, expiry.line))),
        class_=style,
    )


def _legend() -> Html:
    states = [
        el("div", el("dt", _badge(state)), el("dd", words)) for state, words in _STATES.items()
    ]
    stands: tuple[tuple[Standing, str], ...] = (
        ("answered", "There is an answer, and it is as it should be."),
        ("look", "There is an answer, and somebody should look at it."),
        ("missing", "Nobody has given the answer yet."),
        ("note", "Something to know; there is nothing to decide."),
    )
    standings = [el("div", el("dt", _standing(each)), el("dd", words)) for each, words in stands]
    shapes = [
        el("div", el("dt", symbol(shape)), el("dd", words)) for shape, words in SHAPES.items()
    ]
    terms = [el("div", el("dt", name), el("dd", words)) for name, words in _TERMS]
    groups = (
        ("The state of a call", states),
        ("An answer in the checklist", standings),
        ("Signs in the pictures", shapes),
        ("Words", terms),
    )
    columns = [el("div", el("h3", title), el("dl", *items)) for title, items in groups]
    return el(
        "section",
        el(
            "details",
            el("summary", el("h2", "How to read this page")),
            el("div", *columns, class_="legend"),
            open=True,
        ),
        id="legend",
    )


_COLUMNS = (
    ("state", "State"),
    ("job", "Kind of job"),
    ("class", "Class of data"),
    ("decision", "May it run?"),
    ("until", "Approved until"),
    ("store", "Store"),
    ("key", "Key"),
    ("wait", "The wait"),
    ("open", "Open"),
    ("place", "Where"),
)


def _calls(inventory: Inventory) -> Html:
    if not inventory.calls:
        return el("div", id="calls")
    head = [
        el("th", title, scope="col", role="columnheader", data_column=name)
        for name, title in _COLUMNS
    ]
    rows = [_row(number, call) for number, call in enumerate(inventory.calls, 1)]
    table = el(
        "table",
        el("thead", el("tr", *head, role="row"), role="rowgroup"),
        el("tbody", *rows, role="rowgroup"),
        id="table",
        class_="calls",
        role="table",
        aria_labelledby="calls-title",
    )
    return _section("calls", "The calls", _filters(inventory.calls), table)


def _filters(calls: tuple[AuditedCall, ...]) -> Html:
    selects = (
        ("state", "State", [state for state in STATES if any(c.state == state for c in calls)]),
        ("job", "Kind of job", sorted({_job(call) for call in calls})),
        ("class", "Class of data", sorted({_data_class(call) for call in calls})),
        ("decision", "May it run?", sorted({DECISIONS[call.decision] for call in calls})),
    )
    text = el(
        "label",
        el("span", "Find text"),
        el("input", type="search", id="find", autocomplete="off", placeholder="path, rule, name"),
    )
    return el(
        "form",
        text,
        *(_select(*each) for each in selects),
        el("button", "Show all", type="reset"),
        el(
            "output", f"{plural(len(calls), 'call')}", id="count", aria_live="polite", role="status"
        ),
        id="filters",
        class_="filters",
        role="search",
        aria_label="Filter the calls",
        hidden=True,
    )


def _select(name: str, title: str, values: Iterable[str]) -> Html:
    options = [el("option", "all", value="")]
    options += [el("option", value, value=f"={value}") for value in values]
    return el("label", el("span", title), el("select", *options, data_filter=name))


def _job(call: AuditedCall) -> str:
    return in_one_line(call.job_type or "") or "not named"


def _data_class(call: AuditedCall) -> str:
    return in_one_line(call.data_class or "") or "not known"


def _row(number: int, call: AuditedCall) -> Html:
    link = el("a", el("bdi", _job(call)), href=f"#call-{number}")
    at = joined(el("code", place(call.path, call.line)), el("small", el("bdi", call.symbol)))
    approval = call.approval
    day = approval.approval.until if approval is not None else None
    sorting = day.isoformat() if day else "9999" if approval else ""
    cells: dict[str, tuple[Child, str | int]] = {
        "state": (_badge(call.state), STATES.index(call.state)),
        "job": (link, _job(call)),
        "class": (el("bdi", _data_class(call)), _data_class(call)),
        "decision": (DECISIONS[call.decision], DECISIONS[call.decision]),
        "until": (approved_until(call), sorting),
        "store": (call.store, call.store),
        "key": (call.key, call.key),
        "wait": (wait_in_short(call), wait_in_short(call)),
        "open": (counted(call), counted(call)),
        "place": (at, number),
    }
    return el(
        "tr",
        *(
            el("td", cells[name][0], role="cell", data_label=title, data_sort=cells[name][1])
            for name, title in _COLUMNS
        ),
        role="row",
        data_call=f"call-{number}",
        data_state=call.state,
        data_job=_job(call),
        data_class=_data_class(call),
        data_decision=DECISIONS[call.decision],
    )


def _details(inventory: Inventory) -> Html | None:
    if not inventory.calls:
        return None
    buttons = el(
        "p",
        el("button", "Open all", type="button", id="open-all"),
        el("button", "Close all", type="button", id="close-all"),
        class_="controls",
        hidden=True,
    )
    articles = [_article(number, call) for number, call in enumerate(inventory.calls, 1)]
    return _section("details", "Call by call", buttons, *articles)


def _article(number: int, call: AuditedCall) -> Html:
    name = f"call-{number}"
    summary = el(
        "summary",
        el("span", number, class_="ordinal"),
        el("h3", el("bdi", _job(call)), id=f"{name}-title"),
        _badge(call.state),
        el("code", place(call.path, call.line)),
    )
    inside = el(
        "div",
        el("pre", el("code", call.snippet), dir="ltr", tabindex=0),
        *life(call, name),
        el("dl", *map(_answer, checklist(call)), class_="checklist"),
        class_="inside",
    )
    return el(
        "article",
        el("details", summary, inside, open=True),
        id=name,
        aria_labelledby=f"{name}-title",
        class_=f"call {call.state}",
    )


def _answer(answer: Answer) -> Html:
    lines = [el("p", el("bdi", line)) for line in answer.words]
    mark = _standing(answer.standing)
    return el(
        "div", el("dt", answer.question), el("dd", *lines), el("dd", mark), class_=answer.standing
    )


_MARKS: dict[Standing, str] = {
    "answered": "M3 8.5 l3.5 4 L13 4",
    "look": "M8 1.5 L15 14 H1 z M8 6 v4 m0 1.6 v.4",
    "missing": "M8 2 a6 6 0 1 0 .01 0 z",
    "note": "M4 8 h8",
}


def _mark(standing: Standing) -> Html:
    drawn = el("path", d=_MARKS[standing])
    return el(
        "svg",
        drawn,
        viewBox="0 0 16 16",
        width=14,
        height=14,
        class_=f"mark {standing}",
        aria_hidden="true",
    )


def _standing(standing: Standing) -> Html:
    return el("span", _mark(standing), STANDINGS[standing], class_=f"standing {standing}")


def _other(inventory: Inventory) -> Html | None:
    if not inventory.other:
        return None
    items = [_finding(finding) for finding in inventory.other]
    return _section(
        "other",
        "Open, and of no single call",
        el("ul", *items, class_="findings"),
    )


def _finding(finding: Finding) -> Html:
    return el(
        "li",
        el("b", finding.severity),
        " ",
        el("bdi", finding_words(finding)),
        " ",
        el("code", place(finding.path, finding.span.line)),
    )


def _waivers(inventory: Inventory) -> Html | None:
    if not inventory.waivers:
        return None
    names = ("Rules", "Where", "Owner", "Last day", "Reason", "Ticket", "Written at")
    head = el("tr", *(el("th", name, scope="col") for name in names))
    rows = [el("tr", *(el("td", cell) for cell in _waiver(each))) for each in inventory.waivers]
    table = el("table", el("thead", head), el("tbody", *rows), class_="plain")
    return _section("waivers", "What the policy waives", _box(table, "What the policy waives"))


def _waiver(waiver: Waiver) -> Iterator[Html]:
    yield el("bdi", ", ".join(waiver.rules))
    yield el("code", ", ".join(waiver.where) or "everywhere")
    yield el("bdi", waiver.owner or "nobody named")
    yield el("bdi", until(waiver.until))
    yield el("bdi", waiver.reason or "none given")
    yield el("bdi", waiver.ticket or "none")
    yield el("code", place(waiver.file, waiver.line))


def _sign_off(inventory: Inventory) -> Html | None:
    """Lines for names and signatures, which only the print shows."""
    if not inventory.calls:
        return None
    digest = hashlib.sha256(data.render(inventory).encode()).hexdigest()[:16]
    words = (
        f"I have read this page, made on the state of {inventory.today.isoformat()}. "
        f"{verdict(inventory)} Its content has the fingerprint {digest}."
    )
    roles = ["Security", "Privacy", "Legal"]
    classes = sorted({call.data_class for call in inventory.calls if call.data_class})
    roles += [f"Owner of the data class “{name}”" for name in classes]
    head = el("tr", *(el("th", each, scope="col") for each in ("For", "Name", "Date", "Signature")))
    rows = [
        el("tr", el("th", el("bdi", role), scope="row"), el("td"), el("td"), el("td"))
        for role in roles
    ]
    table = el("table", el("thead", head), el("tbody", *rows))
    return _section("sign-off", "Sign-off", el("p", words), table)
