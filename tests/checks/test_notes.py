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


FILLED = """
import time


def wait(client, prompt):
    options = {"model": "o3", "input": prompt}
    options["background"] = True
    job = client.responses.create(**options)
    for _ in range(100):
        time.sleep(2)
        job = client.responses.retrieve(job.id)
        if job.status not in {"queued", "in_progress"}:
            return job
    raise TimeoutError


def lose(client, prompt):
    options = dict(background=True, input=prompt)
    client.responses.create(**options)


def plain(client, prompt):
    client.responses.create(input=prompt, background=True)
"""
CREATED = "client.responses.create(**options)"


def test_a_dict_that_is_filled_and_the_call_that_gets_it_are_both_named() -> None:
    filled = [
        ("the job is created here", CREATED),
        ("background is set here", 'options["background"] = True'),
    ]
    assert notes(FILLED, "BGM311") == filled
    assert notes(FILLED, "BGM504") == filled
    assert notes(FILLED, "BGM501") == [("background is set here", "background=True")]
    for code in ("BGM101", "BGM401"):
        assert notes(FILLED, code) == [("this is the call", CREATED)] * 2


ELSEWHERE = """
class Jobs:
    def options(self, prompt):
        return {"input": prompt, "background": True}

    def start(self, client, prompt):
        return client.responses.create(**self.options(prompt))

    def start_it(self, client, prompt):
        options = self.options(prompt)
        return client.responses.create(**options)


def by_default(client, prompt):
    options = {"input": prompt}
    options.setdefault("background", True)
    return client.responses.create(**options)


def by_default_in_the_body(client, prompt):
    body = {"input": prompt}
    body.setdefault("background", True)
    return client.responses.create(input=prompt, extra_body=body)


def overridden(client, prompt):
    options = {"background": True, "input": prompt}
    options.setdefault("background", False)
    return client.responses.create(**options)
"""


def test_a_helper_and_a_default_that_say_it_are_named() -> None:
    told = [
        ("background is set here", '"background"'),
        ("background is set here", '"background"'),
        ("background is set here", 'options.setdefault("background", True)'),
        ("background is set here", 'body.setdefault("background", True)'),
    ]
    assert notes(ELSEWHERE, "BGM101") == [*told, ("this is the call", CREATED)]
