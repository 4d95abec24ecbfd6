"""What the product knows: its rules, and what a provider does.

The rules' metadata is the small table below, so that a run need not read the pages in
``rules/``; a test holds both equal. Provider facts are read from ``rules/providers/``
when the first file that matters is met.
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "info"]
Preset: TypeAlias = Literal["minimal", "standard", "strict"]
OperationKind: TypeAlias = Literal["create", "poll", "cancel", "delete", "configure"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
PRESETS: tuple[Preset, ...] = ("minimal", "standard", "strict")
DOCUMENTATION = "https://github.com/bgmode/bgmode/blob/main/rules"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule's metadata. Which presets switch it on is written in ``rules/presets/``."""

    code: str
    name: str
    severity: Severity
    fix: str
    summary: str

    @property
    def page(self) -> str:
        """The file name of its page."""
        return f"{self.code}-{self.name}.md"

    @property
    def url(self) -> str:
        """Where its page can be read."""
        return f"{DOCUMENTATION}/{self.page}"


_CODE = re.compile(r"[A-Z]{0,4}(?P<number>\d{3})", re.IGNORECASE)


_TABLE = (
    Rule("BGM001", "unreadable-file", "error", "none",
         "a file that cannot be parsed or decoded"),
    Rule("BGM002", "malformed-directive", "error", "none",
         "a # bgmode: comment that is not understood"),
    Rule("BGM003", "unused-suppression", "warning", "safe",
         "an ignore comment or a waiver that nothing needs"),
    Rule("BGM004", "unreasoned-suppression", "error", "none",
         "an ignore comment or a waiver without what the policy wants to know"),
    Rule("BGM005", "expired-suppression", "error", "none",
         "an ignore comment or a waiver whose last day has passed"),
    Rule("BGM009", "analysis-failed", "error", "none",
         "a rule failed on this file"),
    Rule("BGM101", "implicit-store", "error", "safe or unsafe",
         "a background call without an explicit store=True"),
    Rule("BGM102", "disabled-store", "error", "display",
         "store=False with background=True"),
    Rule("BGM103", "undecided-store", "info", "none",
         "a background call whose store cannot be seen"),
    Rule("BGM110", "background-in-zdr-module", "error", "unsafe",
         "a background call in code that requires Zero Data Retention"),
    Rule("BGM111", "background-reachable-from-zdr", "error", "none",
         "code that requires Zero Data Retention calls something that runs in the background"),
    Rule("BGM112", "stored-state-in-zdr-module", "warning", "unsafe",
         "a foreground call in code that requires Zero Data Retention keeps or uses stored state"),
    Rule("BGM120", "outlived-retention", "warning", "none",
         "a wait between polls that may be longer than the response is kept"),
    Rule("BGM201", "missing-job-type", "error", "none",
         "a background call whose job type is not named"),
    Rule("BGM202", "unknown-job-type", "error", "safe or unsafe",
         "a job type that the policy does not have"),
    Rule("BGM203", "forbidden-job-type", "error", "none",
         "a job type that may not run in the background"),
    Rule("BGM204", "unapproved-job-type", "error", "none",
         "a job type under review without an approval in force"),
    Rule("BGM205", "incomplete-job-policy", "error", "none",
         "a job type that may run in the background and leaves a question open"),
    Rule("BGM206", "conflicting-job-type", "error", "none",
         "two annotations of one call that name different job types"),
    Rule("BGM207", "undecided-job-type", "warning", "none",
         "a job type whose name cannot be seen"),
    Rule("BGM208", "wrong-lane", "warning", "none",
         "a background call of a job type that takes another lane, or the reverse"),
    Rule("BGM301", "endless-poll", "error", "safe or unsafe",
         "a poll loop that some terminal status never ends"),
    Rule("BGM302", "deadline-burning-poll", "warning", "safe or unsafe",
         "a poll loop that some terminal status ends only by its bound"),
    Rule("BGM303", "unbounded-poll", "warning", "unsafe",
         "a poll loop that nothing but the status can end"),
    Rule("BGM304", "premature-poll-exit", "error", "unsafe",
         "a poll loop that is left while the job still runs"),
    Rule("BGM305", "busy-poll", "error", "unsafe",
         "a poll loop that does not wait between polls"),
    Rule("BGM306", "blocking-poll", "warning", "unsafe",
         "a poll loop in an async function that blocks the event loop"),
    Rule("BGM307", "stale-poll", "error", "unsafe",
         "a poll loop that tests a status it never refreshes"),
    Rule("BGM308", "swallowed-poll-error", "error", "none",
         "a poll loop that never ends once every poll raises"),
    Rule("BGM309", "unknown-status", "warning", "safe",
         "a response's status is compared with a word that is no status"),
    Rule("BGM310", "poll-interval", "warning", "unsafe",
         "a poll loop whose interval is outside the policy's range"),
    Rule("BGM311", "unguarded-poll", "info", "none",
         "an exception of a poll ends the wait and nothing records the job"),
    Rule("BGM401", "missing-idempotency-key", "warning", "unsafe",
         "a background call without an idempotency key"),
    Rule("BGM402", "regenerated-idempotency-key", "error", "none",
         "a retried background call whose idempotency key is made anew for each attempt"),
    Rule("BGM403", "constant-idempotency-key", "error", "none",
         "the same idempotency key for every background job"),
    Rule("BGM404", "retried-create", "error", "none",
         "a retried background call without a stable idempotency key"),
    Rule("BGM405", "unsupported-idempotency-argument", "error", "safe",
         "idempotency_key= is no parameter of the call"),
    Rule("BGM406", "client-retried-create", "info", "none",
         "a background call that the client sends again without an idempotency header"),
    Rule("BGM501", "discarded-response", "error", "none",
         "a background call whose response, and with it the id, is lost"),
    Rule("BGM502", "unawaited-result", "error", "none",
         "output is read from a response that no poll has brought to an end"),
    Rule("BGM503", "unchecked-outcome", "warning", "none",
         "output is read after the wait, however the job has ended"),
    Rule("BGM504", "abandoned-job", "warning", "unsafe",
         "a wait that ends before the job, and nothing cancels it"),
    Rule("BGM505", "unresumable-stream", "warning", "none",
         "a background stream of which no sequence_number is kept"),
    Rule("BGM506", "poll-in-request-handler", "warning", "none",
         "a web request that waits for a background job"),
    Rule("BGM507", "unswitched-create", "error", "none",
         "a background call that none of the policy's kill switches guards"),
    Rule("BGM508", "lost-parsed-output", "warning", "none",
         "output_parsed is read from a retrieved response"),
    Rule("BGM509", "unpersisted-id", "info", "none",
         "a wait for a background job whose id is nowhere but in memory"),
)  # fmt: skip

RULES: Mapping[str, Rule] = {rule.code: rule for rule in _TABLE}
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in _TABLE}
UNWAIVABLE = frozenset(["BGM001", "BGM002", "BGM003", "BGM004", "BGM005", "BGM009", "BGM205"])
"""What the tool says about itself, about waivers and about the policy: nobody can waive that."""


def find_rule(word: str) -> Rule | None:
    """The rule with that code or name, in any case."""
    return RULES.get(word.upper()) or BY_NAME.get(word.lower())


def nearest_rule(word: str) -> str | None:
    """The code or name that was probably meant by ``word``."""
    matched = _CODE.fullmatch(word)
    if matched:
        wanted = int(matched["number"])
        return min(RULES, key=lambda code: abs(int(code[3:]) - wanted))
    close = difflib.get_close_matches(word.lower(), list(BY_NAME), n=1, cutoff=0.6)
    return close[0] if close else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How job types and ZDR are spelt in code."""

    metadata_key: str = "job_type"
    marker: str = "job_type"  # the decorator, the with block, the class attribute
    name: str = "job_type"  # a parameter or local
    module_name: str = "__job_type__"
    comment: str = "job-type"
    zdr_decorator: str = "zdr_required"
    zdr_module_name: str = "__zdr__"
    zdr_comment: str = "zdr"


DEFAULT_VOCABULARY = Vocabulary()


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of the provider's client, by its path from the client; or a plain function.

    ``configure``: it asks for nothing yet, it says how a framework will. ``of``: the path of what
    gives the object whose method it is, if that is no client. ``body_only``: the parameters of a
    request stand in a dict that it is given, never beside it. ``client``: the first parameter of a
    function that makes something of a client of the provider, with methods of the client's.
    """

    path: tuple[str, ...]
    kind: OperationKind
    unless: frozenset[str] = frozenset()
    streams: bool = False
    of: tuple[str, ...] = ()
    body_only: bool = False
    client: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many minutes a background response is kept at least, as described on a day."""

    minutes: float
    text: str
    as_of: str
    source: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something taken as true of the provider, with its date and where it was seen."""

    text: str
    as_of: str
    source: str


@dataclass(frozen=True, slots=True)
class ClientRetries:
    """How often a client sends a failed POST again by itself, unless ``option`` says otherwise."""

    option: str
    default: int
    as_of: str
    source: str


@dataclass(frozen=True, slots=True)
class Provider:
    """What one provider's SDK looks like and does."""

    name: str
    package: str
    clients: Mapping[str, bool]  # class -> whether it is asynchronous
    module_client: str
    client_views: frozenset[str]
    path_prefixes: frozenset[str]
    operation_views: frozenset[str]
    operations: tuple[Operation, ...]
    functions: Mapping[str, Operation]  # by their full dotted names
    implied: Mapping[str, Any]  # what the framework sets by itself
    body_only: bool  # whether the parameters stand in the body only
    omitted_values: frozenset[str]
    parameters: Mapping[str, Any]
    idempotency_header: str
    client_headers: str
    outputs: frozenset[str]
    parsed_output: str
    client_retries: ClientRetries
    response_classes: frozenset[str]
    running: tuple[str, ...]
    terminal: tuple[str, ...]
    signs: Mapping[str, tuple[str, ...]]
    exceptions: Mapping[str, str]
    gone: str
    retention: tuple[Retention, ...]
    stream_position: str
    stream_resume: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)  # what it sends if not told
    unseen: frozenset[str] = frozenset()  # parameters that it may give by itself
    wrappers: tuple[Provider, ...] = ()  # what the policy says of the project's own functions
    beside: tuple[str, ...] = ()  # the other providers that are looked at; all, where none is named

    @property
    def statuses(self) -> tuple[str, ...]:
        """All statuses, the running ones first."""
        return self.running + self.terminal

    @property
    def words(self) -> frozenset[str]:
        """Words of which one stands in every file that uses it: of its functions and methods."""
        paths = [operation.path for operation in self.operations]
        return frozenset(path[-1] for path in [*paths, *(f.path for f in self.functions.values())])

    @property
    def bodies(self) -> tuple[str, ...]:
        """The parameters whose dict is sent along with the others, and overrides them."""
        body = self.parameters["body"]
        return (body,) if isinstance(body, str) else tuple(body)

    @property
    def asked(self) -> frozenset[str]:
        """The names of the parameters that a rule may ask for."""
        values = ([each] if isinstance(each, str) else each for each in self.parameters.values())
        return frozenset(name for names in values for name in names)

    @property
    def kept_seconds(self) -> float:
        """How long a background response is kept, by the shortest time that was ever said."""
        return 60 * min(entry.minutes for entry in self.retention)


OTHER_PROVIDERS: Mapping[str, str] = {
    "agent_framework": "agent_framework",
    "agent_framework_openai": "agent_framework",
    "agents": "openai_agents",
    "agno": "agno",
    "aiohttp": "http",
    "httpx": "http",
    "httpx2": "http",
    "langchain_openai": "langchain_openai",
    "litellm": "litellm",
    "perplexity": "perplexity",
    "pydantic_ai": "pydantic_ai",
    "requests": "http",
    "urllib": "http",
}
"""Packages that come to background mode by other ways, and the file with their facts."""


PROVIDERS: tuple[str, ...] = ("openai", *sorted(set(OTHER_PROVIDERS.values())))
"""All of these files, the main one first."""


def rules_file(name: str) -> str:
    """The path of a file that ships with the rules."""
    package = importlib.import_module("bgmode.rules")
    return os.path.join(os.path.dirname(package.__file__ or ""), name)


def read_page(rule: Rule) -> str:
    """The text of a rule's page, front matter included."""
    with open(rules_file(rule.page), encoding="utf-8") as file:
        return file.read()


def shown_page(rule: Rule) -> str:
    """The text of a rule's page as people read it, in Markdown."""
    return read_page(rule).partition("\n---\n")[2].strip()


@cache
def provider(name: str = "openai") -> Provider:
    """Read one provider's facts from ``rules/providers/``."""
    return _as_provider(_facts(name))


def providers_for(packages: Iterable[str], among: Sequence[str] = ()) -> tuple[Provider, ...]:
    """The providers, beside the main one, that a module with imports from ``packages`` may use.

    ``among`` are the names of those that count; all do where it is empty.
    """
    names = {OTHER_PROVIDERS[package] for package in packages if package in OTHER_PROVIDERS}
    return tuple(provider(name) for name in sorted(names) if not among or name in among)


def extended(name: str, data: Mapping[str, Any]) -> Provider:
    """A provider of the policy's own: the main one's facts, but for what ``data`` says."""
    above = _facts("openai")
    none = {"clients": [], "operations": [], "functions": [], "module_client": "", "implied": {}}
    own = {"name": name, "package": name, "title": name, **none, **data}
    own["clients"] = [{"async": None, **entry} for entry in own["clients"]]
    declared = data.get("parameters", {})
    own["parameters"] = {**above["parameters"], "unsupported": [], **declared}
    names = own["parameters"]
    own["implied"] = {}
    own["defaults"] = {names[key]: value for key, value in data.get("implied", {}).items()}
    names["stored_state"] = [
        declared.get(name, name) for name in above["parameters"]["stored_state"]
    ]
    own["unseen"] = [
        names[key]
        for key in ("store", "headers", "stream")
        if key not in declared and names[key] not in own["defaults"]
    ]
    return _as_provider({**above, **own})


@cache
def _facts(name: str) -> dict[str, Any]:
    """The facts as they are written; what a file does not say, the one it extends does."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with open(rules_file(f"providers/{name}.yaml"), encoding="utf-8") as file:
        data: dict[str, Any] = yaml.load(file, Loader=loader)  # noqa: S506
    extended = data.get("extends")
    if extended is None:
        return data
    above = _facts(extended)
    parameters = {**above["parameters"], **data.get("parameters", {})}
    return {**above, **data, "parameters": parameters}


def _as_provider(data: dict[str, Any]) -> Provider:
    return Provider(
        name=data["name"],
        package=data["package"],
        clients={entry["class"]: entry["async"] for entry in data["clients"]},
        module_client=data["module_client"],
        client_views=frozenset(data["client_views"]),
        path_prefixes=frozenset(data["path_prefixes"]),
        operation_views=frozenset(data["operation_views"]),
        operations=tuple(
            Operation(
                tuple(entry["path"].split(".")),
                entry["kind"],
                frozenset(entry.get("unless", ())),
                entry.get("streams", False),
                tuple(entry["of"].split(".")) if "of" in entry else (),
                entry.get("body_only", False),
            )
            for entry in data["operations"]
        ),
        functions={
            entry["name"]: Operation(
                (entry["name"].rpartition(".")[2],),
                entry["kind"],
                body_only=entry.get("body_only", False),
                client=entry.get("client", ""),
            )
            for entry in data.get("functions", ())
        },
        implied=data.get("implied", {}),
        body_only=data.get("body_only", False),
        omitted_values=frozenset(data["omitted_values"]),
        parameters=data["parameters"],
        idempotency_header=data["idempotency_header"],
        client_headers=data["client_headers"],
        outputs=frozenset(data["outputs"]),
        parsed_output=data["parsed_output"],
        client_retries=ClientRetries(
            data["client_retries"]["option"],
            data["client_retries"]["default"],
            str(data["client_retries"]["as_of"]),
            data["client_retries"]["source"],
        ),
        response_classes=frozenset(data["response_classes"]),
        running=tuple(data["statuses"]["running"]),
        terminal=tuple(data["statuses"]["terminal"]),
        signs={name: tuple(statuses) for name, statuses in data["signs"].items()},
        exceptions=data["exceptions"],
        gone=data["gone"],
        retention=tuple(
            Retention(entry["minutes"], entry["text"], str(entry["as_of"]), entry["source"])
            for entry in data["retention"]
        ),
        stream_position=data["streams"]["position"],
        stream_resume=data["streams"]["resume"],
        defaults=data.get("defaults", {}),
        unseen=frozenset(data.get("unseen", ())),
        facts={
            key: Fact(entry["text"], str(entry["as_of"]), entry["source"])
            for key, entry in data["facts"].items()
        },
    )
