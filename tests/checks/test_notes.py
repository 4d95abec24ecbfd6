"""Notes name the other places that matter, by their line and in words."""

from __future__ import annotations

from bgmode.policy.load import parse_policy
from tests.expectations import findings_of

NO_POLICY = parse_policy("", "")


def notes(text: str, code: str) -> list[tuple[str, str]]:
    """What the notes of the findings say, and the code at the place that each one names."""
    found = findings_of(text, NO_POLICY, code=code)
    lines = text.splitlines()
    return [
        (note.message, lines[note.span.line - 1][note.span.column : note.span.end_column])
        for finding in found
        for note in finding.notes
        if note.span is not None
    ]


HANDED_ON = """
def text(response):
    return response.output_text


def waits(client, response_id):
    response = client.responses.retrieve(response_id)
    while response.status in {"queued", "in_progress"}:
        response = client.responses.retrieve(response_id)
    return text(response)


def at_once(client, prompt):
    response = client.responses.create(model="o3", input=prompt, background=True)
    return print_(response)


def print_(response):
    print(response.output_text)


def by_itself(client, prompt):
    return client.responses.create(model="o3", input=prompt, background=True).output_text
"""


def test_where_a_response_comes_from_that_another_function_reads() -> None:
    origin = "the response comes from here"
    assert notes(HANDED_ON, "BGM502") == [(origin, "print_(response)")]
    assert notes(HANDED_ON, "BGM503") == [(origin, "text(response)")]


FAR = """
def submit(client, prompt):
    return client.responses.create(model="o3", input=prompt, background=True)


def start(client, prompt):
    job = submit(client, prompt)
    return job.id


@retry
def patiently(client, prompt):
    found = start(client, prompt)
    return found
"""


def test_the_way_from_what_tries_again_to_the_call() -> None:
    assert notes(f"from tenacity import retry\n{FAR}", "BGM404") == [
        ("tried again here", "retry"),
        ("which calls start", "start(client, prompt)"),
        ("which calls submit", "submit(client, prompt)"),
    ]
