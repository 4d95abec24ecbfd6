"""A dozen varied calls, and a hypothesis strategy for inventories with nasty texts."""

from __future__ import annotations

import datetime

from hypothesis import strategies as st

from bgmode.audit.inventory import (
    Approved,
    AuditedCall,
    Ending,
    Expiry,
    Inventory,
    Waiting,
)
from bgmode.finding import Finding, Note, Suppression
from bgmode.policy.policy import Approval, Waiver
from bgmode.source import Span

TODAY = datetime.date(2026, 3, 2)

RUNNING = ("queued", "in_progress")
TERMINAL = ("completed", "failed", "cancelled", "incomplete")


def endings(**outcomes: str) -> tuple[Ending, ...]:
    """The six statuses, handled as they should be but for those that are named."""
    return tuple(
        Ending(
            status,
            status in TERMINAL,
            outcomes.get(status, "leaves" if status in TERMINAL else "goes on"),  # type: ignore[arg-type]
            (40,) if outcomes.get(status, "leaves") != "never ends" and status in TERMINAL else (),
        )
        for status in (*RUNNING, *TERMINAL)
    )


def waiting(path: str, line: int, **outcomes: str) -> Waiting:
    return Waiting(path, line, f"a bound on line {line + 1}", "2 s", endings(**outcomes))


def finding(
    code: str,
    name: str,
    message: str,
    path: str = "app/jobs.py",
    line: int = 30,
    severity: str = "error",
    suppressed: Suppression | None = None,
) -> Finding:
    return Finding(
        code,
        name,
        severity,
        path,
        Span(line, 4, line, 20),
        message,
        notes=(Note("the create call", path, Span(line - 9, 0, line - 9, 9)),),
        snippet="while True:",
        suppressed=suppressed,
    )


def approval(by: str, days: int | None, **more: str) -> Approved:
    until = None if days is None else TODAY + datetime.timedelta(days=days)
    reason = more.pop("reason", "reviewed with the vendor's data terms at hand")
    return Approved(
        Approval(by, reason, until=until, file="bgmode.yaml", line=40, **more),
        days is None or days >= 0,
    )


def call(path: str = "app/jobs.py", line: int = 12, **more: object) -> AuditedCall:
    """A call of which every question is answered, but for what is named."""
    answers: dict[str, object] = {
        "path": path,
        "line": line,
        "column": 8,
        "symbol": "app.jobs.start",
        "snippet": 'job = client.responses.create(model="gpt-5", input=prompt, background=True)',
        "provider": "openai",
        "certain": True,
        "job_type": "public-research",
        "job_type_from": "the call's metadata",
        "description": "research over public sources",
        "data_class": "public",
        "decision": "allow",
        "reason": "results are retrieved minutes later by the report worker",
        "interaction": "background",
        "stored_state": "allowed",
        "retrieval": "polling",
        "zdr_compatible": "not-required",
        "fallback": "sync-constrained",
        "max_wait": 1800.0,
        "approvals": (),
        "store": "True",
        "key": "header",
        "streams": False,
        "zdr": None,
        "waits": (waiting(path, line + 10),),
        "findings": (),
        "suppressed": (),
        **more,
    }
    return AuditedCall(**answers)  # type: ignore[arg-type]


def undecided(path: str, line: int, **more: object) -> AuditedCall:
    """A call of which nothing is known but where it is."""
    names = ("description", "data_class", "decision", "reason", "interaction", "stored_state")
    names += ("job_type", "job_type_from", "retrieval", "zdr_compatible", "fallback", "max_wait")
    return call(path, line, **{**dict.fromkeys(names), **more})


DRAFT = {
    "job_type": "internal-draft",
    "description": "first drafts of internal documents",
    "data_class": "internal",
    "job_type_from": "the function's decorator",
    "reason": "a person edits every draft before it is used",
    "fallback": "the editor's own synchronous request",
    "max_wait": 600.0,
}
SUPPORT = {
    "job_type": "customer-support-analysis",
    "description": "themes in a week of support tickets",
    "data_class": "customer, low sensitivity",
    "decision": "review",
    "reason": "depends on the class of the data",
    "job_type_from": "the policy's paths",
    "fallback": "the nightly batch, without personal data",
}
LEGAL = {
    "job_type": "legal-review",
    "description": "review of contracts and regulated documents",
    "data_class": "confidential",
    "decision": "review",
    "reason": "privileged documents, each use is looked at",
    "job_type_from": "the module's __job_type__",
    "fallback": "manual review",
    "max_wait": 7200.0,
}
SECRET = {
    "job_type": "high-sensitivity-customer",
    "description": "account records and identity documents",
    "data_class": "customer, high sensitivity",
    "decision": "deny",
    "reason": "nothing of this may rest with a provider",
    "stored_state": "forbidden",
    "zdr_compatible": "required",
    "interaction": "synchronous",
    "fallback": "the in-house model",
}


def varied() -> Inventory:
    """Twelve calls of every state, kind and outcome."""
    ignored = Suppression(
        "comment",
        "app/drafts.py",
        29,
        "the editor closes the session itself",
        "Jo Weber",
        "DOC-118",
        TODAY + datetime.timedelta(days=45),
    )
    waived = Suppression(
        "waiver",
        "bgmode.yaml",
        71,
        "the queue drops duplicates before they get here",
        "platform team",
        None,
        TODAY + datetime.timedelta(days=9),
    )
    calls = (
        call("app/research/collect.py", 41, symbol="app.research.collect.Collector.start"),
        call(
            "app/research/market.py",
            18,
            symbol="app.research.market.submit",
            key="metadata",
            retrieval="webhook",
            waits=(),
        ),
        call(
            "app/research/weekly.py",
            77,
            symbol="app.research.weekly.report",
            waits=(
                waiting("app/research/weekly.py", 90, failed="never ends", cancelled="never ends"),
            ),
            findings=(
                finding(
                    "BGM301",
                    "endless-poll",
                    "this poll loop never ends once the response is failed or cancelled: nothing "
                    "in it leaves the loop then; leave it for every status but queued and "
                    "in_progress",
                    "app/research/weekly.py",
                    90,
                ),
            ),
        ),
        call(
            "app/drafts.py",
            22,
            symbol="app.drafts.write",
            **DRAFT,
            suppressed=(
                finding(
                    "BGM504",
                    "abandoned-job",
                    "the wait ends by its bound and nothing cancels the job",
                    "app/drafts.py",
                    29,
                    "warning",
                    ignored,
                ),
            ),
        ),
        call("app/drafts.py", 64, symbol="app.drafts.rewrite", **DRAFT, streams=True),
        call(
            "app/drafts_bulk.py",
            31,
            symbol="app.drafts_bulk.run",
            **DRAFT,
            key="none",
            suppressed=(
                finding(
                    "BGM401",
                    "missing-idempotency-key",
                    "this job carries no idempotency key",
                    "app/drafts_bulk.py",
                    31,
                    "warning",
                    waived,
                ),
            ),
        ),
        call(
            "app/support/themes.py",
            53,
            symbol="app.support.themes.weekly",
            **SUPPORT,
            approvals=(approval("Mira Okafor, data protection", 11, ticket="PRIV-204"),),
        ),
        call(
            "app/support/triage.py",
            20,
            symbol="app.support.triage.classify",
            **SUPPORT,
            approvals=(
                approval(
                    "Mira Okafor, data protection",
                    -6,
                    ticket="PRIV-161",
                    reason="for the trial with twenty tickets a day",
                ),
            ),
            waits=(
                waiting(
                    "app/support/triage.py",
                    33,
                    failed="bound",
                    cancelled="bound",
                    incomplete="bound",
                ),
            ),
            findings=(
                finding(
                    "BGM204",
                    "unapproved-job-type",
                    "the approval for customer-support-analysis ended on 2026-02-24",
                    "app/support/triage.py",
                    20,
                ),
                finding(
                    "BGM302",
                    "deadline-burning-poll",
                    "this poll loop goes on until its bound once the response is failed, cancelled "
                    "or incomplete",
                    "app/support/triage.py",
                    33,
                    "warning",
                ),
            ),
        ),
        call(
            "app/legal/contracts.py",
            112,
            symbol="app.legal.contracts.Review.submit",
            **LEGAL,
            approvals=(
                approval("Tomasz Lind, general counsel", 210, ticket="LEG-77"),
                approval("Ana Ruiz, security", None, reason="the tenant's keys are our own"),
            ),
        ),
        call(
            "app/legal/filings.py",
            58,
            symbol="app.legal.filings.check_all",
            **LEGAL,
            store="not set",
            waits=(
                waiting("app/legal/filings.py", 66, queued="leaves", incomplete="may leave"),
                Waiting(
                    "app/legal/filings.py",
                    95,
                    "none",
                    "not seen",
                    endings(**dict.fromkeys((*RUNNING, *TERMINAL), "not known")),
                ),
            ),
            findings=(
                finding(
                    "BGM204",
                    "unapproved-job-type",
                    "legal-review needs an approval and none covers this call",
                    "app/legal/filings.py",
                    58,
                ),
                finding(
                    "BGM101",
                    "implicit-store",
                    "a background call without store=True",
                    "app/legal/filings.py",
                    58,
                ),
                finding(
                    "BGM311",
                    "unguarded-poll",
                    "an exception of retrieve ends this wait and nothing records the job",
                    "app/legal/filings.py",
                    66,
                    "info",
                ),
            ),
        ),
        call(
            "app/accounts/verify.py",
            140,
            symbol="app.accounts.verify.identity",
            **SECRET,
            store="False",
            zdr="the module is one of the policy's zdr.modules, app/accounts/**",
            key="not seen",
            findings=(
                finding(
                    "BGM110",
                    "background-in-zdr-module",
                    "a background call in a module that requires Zero Data Retention",
                    "app/accounts/verify.py",
                    140,
                ),
                finding(
                    "BGM203",
                    "forbidden-job-type",
                    "high-sensitivity-customer may not run in the background",
                    "app/accounts/verify.py",
                    140,
                ),
            ),
        ),
        undecided(
            "scripts/one_off/backfill_embeddings_for_the_search_index_of_last_year.py",
            9,
            symbol="backfill",
            snippet="responses = [client.responses.create(**options) for options in batches]",
            certain=False,
            store="not seen",
            key="not seen",
            waits=(),
            findings=(
                finding(
                    "BGM201",
                    "missing-job-type",
                    "this call may run in the background and has no job type",
                    "scripts/one_off/backfill_embeddings_for_the_search_index_of_last_year.py",
                    9,
                ),
            ),
        ),
    )
    return Inventory(
        today=TODAY,
        version="0.1.0",
        policies=("bgmode.yaml", "app/legal/bgmode.yaml"),
        files=184,
        calls=tuple(sorted(calls, key=lambda each: (each.path, each.line, each.column))),
        other=(
            finding(
                "BGM205",
                "incomplete-job-policy",
                "internal-draft allows background and leaves zdr_compatible open",
                "bgmode.yaml",
                24,
            ),
        ),
        expiries=(
            Expiry(
                "approval",
                TODAY + datetime.timedelta(days=-6),
                "approves customer-support-analysis, app/support/triage.py",
                "Mira Okafor, data protection",
                "bgmode.yaml",
                40,
            ),
            Expiry(
                "waiver",
                TODAY + datetime.timedelta(days=9),
                "waives BGM401 in app/drafts_bulk.py",
                "platform team",
                "bgmode.yaml",
                71,
            ),
            Expiry(
                "approval",
                TODAY + datetime.timedelta(days=11),
                "approves customer-support-analysis",
                "Mira Okafor, data protection",
                "bgmode.yaml",
                48,
            ),
            Expiry(
                "comment",
                TODAY + datetime.timedelta(days=45),
                "ignores BGM504",
                "Jo Weber",
                "app/drafts.py",
                29,
            ),
            Expiry(
                "approval",
                TODAY + datetime.timedelta(days=210),
                "approves legal-review",
                "Tomasz Lind, general counsel",
                "app/legal/bgmode.yaml",
                12,
            ),
        ),
        waivers=(
            Waiver(
                ("BGM401",),
                ("app/drafts_bulk.py",),
                None,
                "the queue drops duplicates before they get here",
                "platform team",
                None,
                TODAY + datetime.timedelta(days=9),
                "bgmode.yaml",
                71,
            ),
        ),
    )


NASTY = (
    "</script><script>document.title='owned'</script>",
    "</style><img src=x onerror=\"document.title='owned'\">",
    "]]><svg onload=document.title='owned'>",
    "\"'><a href='javascript:document.title=1'>x</a>",
    "=cmd|' /C calc'!A0",
    "+1\n-2\r\n@SUM(A1)\ttab",
    "\u202egnp.exe\u2066 \u200frtl \u05d0\u05d1",
    "nul\0 bell\x07 escape\x1b[31m delete\x7f lone\ud800",
    "a" * 400 + "/" + "very-long-" * 60 + ".py",
    "🦜 emoji 👩\u200d💻 é e\u0301",
    "| pipe | `tick` ``` fence\n```\n# heading\n- item\n<b>bold</b> [link](http://x) *star* \\",
    "&amp; &lt; &#0; {{x}} ${x} <!-- -->",
    " ",
    "\n",
)

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))
days = st.dates(datetime.date(2020, 1, 1), datetime.date(2035, 12, 31))
lines = st.integers(1, 99_999)
maybe = st.none() | texts


def spans() -> st.SearchStrategy[Span]:
    return st.builds(lambda line, column: Span(line, column, line, column + 9), lines, lines)


suppressions = st.builds(
    Suppression,
    st.sampled_from(("comment", "waiver")),
    texts,
    lines,
    maybe,
    maybe,
    maybe,
    st.none() | days,
)
found = st.builds(
    Finding,
    st.sampled_from(("BGM101", "BGM301")),
    st.sampled_from(("implicit-store", "endless-poll")),
    st.sampled_from(("error", "warning", "info")),
    texts,
    spans(),
    texts,
    suppressed=st.none() | suppressions,
)
waits = st.builds(
    Waiting,
    texts,
    lines,
    texts,
    texts,
    st.lists(
        st.builds(
            Ending,
            st.sampled_from((*RUNNING, *TERMINAL)) | texts,
            st.booleans(),
            st.sampled_from(("leaves", "may leave", "bound", "goes on", "never ends", "not known")),
            st.lists(lines, max_size=3).map(tuple),
        ),
        max_size=7,
    ).map(tuple),
)
approved = st.builds(
    Approved,
    st.builds(Approval, texts, texts, maybe, maybe, maybe, maybe, st.none() | days, texts, lines),
    st.booleans(),
)
audited = st.builds(
    AuditedCall,
    path=texts,
    line=lines,
    column=st.integers(0, 200),
    symbol=texts,
    snippet=texts,
    provider=texts,
    certain=st.booleans(),
    job_type=maybe,
    job_type_from=maybe,
    description=maybe,
    data_class=maybe,
    decision=st.sampled_from(("allow", "review", "deny", None)),
    reason=maybe,
    interaction=maybe,
    stored_state=st.sampled_from(("allowed", "forbidden", None)) | texts,
    retrieval=maybe,
    zdr_compatible=st.sampled_from(("required", "not-required", None)) | texts,
    fallback=maybe,
    max_wait=st.none() | st.floats(0, 1e9),
    approvals=st.lists(approved, max_size=2).map(tuple),
    store=st.sampled_from(("True", "False", "not set", "not seen")) | texts,
    key=st.sampled_from(("header", "metadata", "none", "not seen")) | texts,
    streams=st.booleans(),
    zdr=maybe,
    waits=st.lists(waits, max_size=2).map(tuple),
    findings=st.lists(found, max_size=2).map(tuple),
    suppressed=st.lists(found, max_size=2).map(tuple),
)
inventories = st.builds(
    Inventory,
    days,
    texts,
    st.lists(texts, max_size=2).map(tuple),
    st.integers(0, 1000),
    st.lists(audited, max_size=4).map(tuple),
    st.lists(found, max_size=2).map(tuple),
    st.lists(
        st.builds(
            Expiry,
            st.sampled_from(("approval", "waiver", "comment")),
            days,
            texts,
            maybe,
            texts,
            lines,
        ),
        max_size=3,
    ).map(tuple),
    st.lists(
        st.builds(
            Waiver,
            st.just(("BGM101",)),
            st.lists(texts, max_size=2).map(tuple),
            maybe,
            maybe,
            maybe,
            maybe,
            st.none() | days,
            texts,
            lines,
        ),
        max_size=2,
    ).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)


def nasty() -> Inventory:
    """An inventory with every nasty text in every place that holds a text."""
    calls = tuple(
        call(
            text,
            7,
            symbol=text,
            snippet=text,
            provider=text,
            job_type=text,
            job_type_from=text,
            description=text,
            data_class=text,
            reason=text,
            fallback=text,
            retrieval=text,
            stored_state=text,
            zdr=text,
            store=text,
            key=text,
            approvals=(approval(text, 3, ticket=text, reason=text),),
            waits=(Waiting(text, 3, text, text, (Ending(text, True, "leaves", (4,)),)),),
            findings=(finding("BGM301", "endless-poll", text, text),),
            suppressed=(
                finding(
                    "BGM301",
                    "endless-poll",
                    text,
                    text,
                    suppressed=Suppression("waiver", text, 4, text, text, text, TODAY),
                ),
            ),
        )
        for text in NASTY
    )
    return Inventory(
        today=TODAY,
        version=NASTY[0],
        policies=NASTY,
        files=1,
        calls=calls,
        other=tuple(finding("BGM001", "unreadable-file", text, text) for text in NASTY),
        expiries=tuple(Expiry("waiver", TODAY, text, text, text, 3) for text in NASTY),
        waivers=tuple(
            Waiver((text,), (text,), text, text, text, text, TODAY, text, 1) for text in NASTY
        ),
        errors=NASTY,
    )
