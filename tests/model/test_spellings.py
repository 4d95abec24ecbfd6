"""Where a job type and ZDR are read from, nearest first, in the spellings that a policy gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bgmode.analysis import analyse
from bgmode.knowledge import Rule
from bgmode.policy.load import parse_policy
from bgmode.source import Source
from tests.expectations import TODAY

NAMES = [f"t{number}" for number in range(10)]
DENIED = "job_types:\n" + "".join(f"  {name}: {{background: deny}}\n" for name in NAMES)
OTHERS = {
    "metadata_key": "kind",
    "marker": "lane",
    "name": "job_kind",
    "module_name": "__lane__",
    "comment": "kind",
    "zdr_decorator": "no_storage",
    "zdr_module_name": "__no_storage__",
    "zdr_comment": "no-storage",
}
ANNOTATIONS = "annotations:\n" + "".join(f"  {key}: {word}\n" for key, word in OTHERS.items())
DEFAULTS = {
    "metadata_key": "job_type",
    "marker": "job_type",
    "name": "job_type",
    "module_name": "__job_type__",
    "comment": "job-type",
    "zdr_decorator": "zdr_required",
    "zdr_module_name": "__zdr__",
    "zdr_comment": "zdr",
}
KINDS = """\
from enum import Enum
class Kind(str, Enum):
    ONE = "t1"
class Plain(Enum):
    ONE = "t1"
NAME = "t1"
"""
CREATE = "client.responses.create(input='x', background=True, store=True)"
SENT = CREATE.replace("store", "metadata={'[metadata_key]': %s}, store")


def inside(head: str, call: str = CREATE) -> str:
    """A call below a head that ends in a colon."""
    depth = len(head.split("\n")[-1]) - len(head.split("\n")[-1].lstrip())
    return f"{head}\n{' ' * (depth + 1)}{call}"


CLASS = "class S:\n [marker] = 't1'\n def f(self):"
WAYS = {
    "metadata": SENT % "'t1'",
    "metadata by a constant": "NAME = 't1'\n" + SENT % "NAME",
    "metadata in a name": "m = {'[metadata_key]': 't1'}\n"
    + CREATE.replace("store", "metadata=m, store"),
    "metadata of dict()": CREATE.replace("store", "metadata=dict([metadata_key]='t1'), store"),
    "metadata that goes on from another": "m = {'[metadata_key]': 't1'}\n"
    + CREATE.replace("store", "metadata={**m, 'a': 'b'}, store"),
    "an imported constant": "from p.kinds import NAME\n" + SENT % "NAME",
    "a constant of a module": "from p import kinds\n" + SENT % "kinds.NAME",
    "a constant of a dotted module": "import p.kinds\n" + SENT % "p.kinds.NAME",
    "a relative import": "from .kinds import NAME\n" + SENT % "NAME",
    "a member of an enum": "from p.kinds import Kind\n" + SENT % "Kind.ONE",
    "a member's value": "from p.kinds import Plain\n" + SENT % "Plain.ONE.value",
    "an enum of this module": KINDS + SENT % "Kind.ONE",
    "an attribute of self": inside(
        "class S:\n def __init__(self):\n  self.k = 't1'\n def f(self):", SENT % "self.k"
    ),
    "a comment at the call": f"{CREATE}  # bgmode: [comment]=t1",
    "a comment above the call": f"# first\nx = 1\n# bgmode: [comment]=t1\n{CREATE}",
    "a with block": inside("with [marker]('t1'):"),
    "an async with block": inside("async def f():\n async with [marker]('t1'):"),
    "a with block and an enum": "from p.kinds import Plain\n" + inside("with [marker](Plain.ONE):"),
    "the inner of two with blocks": inside("with [marker]('t2'):\n with [marker]('t1'):"),
    "a decorator": inside("@[marker]('t1')\ndef f():"),
    "a decorator of a module": inside("@markers.[marker]('t1')\ndef f():"),
    "a decorator of a method": inside("class S:\n @[marker]('t1')\n def f(self):"),
    "a decorator of an async function": inside("@[marker]('t1')\nasync def f():"),
    "a local": inside("def f():\n [name] = 't1'\n if f:"),
    "an annotated local": inside("def f():\n [name]: str = 't1'\n if f:"),
    "a parameter's default": inside("def f([name]='t1'):"),
    "a keyword's default": inside("def f(*, [name]='t1'):"),
    "a class": inside(CLASS),
    "an annotated attribute of a class": inside(CLASS.replace("[marker]", "[marker]: str")),
    "a base class": "class B:\n [marker] = 't1'\n" + inside("class S(B):\n def f(self):"),
    "a decorator of a class": inside("@[marker]('t1')\nclass S:\n def f(self):"),
    "an outer function": inside("@[marker]('t1')\ndef f():\n def g():"),
    "an outer class": inside("class A:\n [marker] = 't1'\n class B:\n  def f(self):"),
    "the module": f"[module_name] = 't1'\n{CREATE}",
    "the module, by a constant": f"from p.kinds import NAME\n[module_name] = NAME\n{CREATE}",
    "a comment at the module's head": f'"""What."""\n# bgmode: [comment]=t1\nimport os\n{CREATE}',
}
PACKAGES = {
    "the package": "[module_name] = 't1'\n",
    "a comment of the package": "# bgmode: [comment]=t1\n",
}


def spelt(text: str, words: dict[str, str]) -> str:
    """``text`` with the words of one vocabulary."""
    for key, word in words.items():
        text = text.replace(f"[{key}]", word)
    return text


def said(folder: Path, text: str, policy: str, package: str = "") -> list[tuple[str, str]]:
    """Code and last quoted name of every finding in a module of the package ``p``."""
    home = folder / "p" / "q"
    home.mkdir(parents=True, exist_ok=True)
    (folder / "p" / "__init__.py").write_text(package)
    (folder / "p" / "kinds.py").write_text(KINDS)
    (home / "__init__.py").write_text("")
    path = home / "m.py" if "from ." not in text else folder / "p" / "m.py"
    found = analyse(
        Source(str(path), text), parse_policy(policy, "p.yaml"), today=TODAY, wanted=_wanted
    )
    return [(each.code, ["", *re.findall(r"`(\w+)`", each.message)][-1]) for each in found]


def _wanted(rule: Rule) -> bool:
    return rule.code.startswith(("BGM2", "BGM110", "BGM0"))


VOCABULARIES = pytest.mark.parametrize(
    ("words", "policy"), [(DEFAULTS, DENIED), (OTHERS, DENIED + ANNOTATIONS)], ids=["own", "other"]
)


@VOCABULARIES
@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_name_it(tmp_path: Path, way: str, words: dict[str, str], policy: str) -> None:
    assert said(tmp_path, spelt(WAYS[way], words), policy) == [("BGM203", "t1")]


@pytest.mark.parametrize("way", WAYS)
def test_the_default_spelling_is_gone(tmp_path: Path, way: str) -> None:
    shown = {code for code, _ in said(tmp_path, spelt(WAYS[way], DEFAULTS), DENIED + ANNOTATIONS)}
    assert shown <= {"BGM201", "BGM002"}
    assert shown


@VOCABULARIES
@pytest.mark.parametrize("way", PACKAGES)
def test_a_package_names_it(tmp_path: Path, way: str, words: dict[str, str], policy: str) -> None:
    package = spelt(PACKAGES[way], words)
    assert said(tmp_path, CREATE, policy, package) == [("BGM203", "t1")]
    assert said(tmp_path, CREATE, policy) == [("BGM201", "t9")]


@VOCABULARIES
def test_the_nearest_one_counts(tmp_path: Path, words: dict[str, str], policy: str) -> None:
    """Each line of the example is nearer than those before it; one after another is taken away."""
    package = "[module_name] = 't8'\n"
    lines = {
        "t7": "[module_name] = 't7'",
        "": "class A:",
        "t6": " [marker] = 't6'",
        " ": " class B:",
        "t5": "  [marker] = 't5'",
        "t4": "  @[marker]('t4')",
        "  ": "  def f(self):",
        "t3": "   with [marker]('t3'):",
        "t2": "    with [marker]('t2'):",
        "t1": f"     {CREATE}  # bgmode: [comment]=t1",
    }
    for name in ["t1", "t2", "t3", "t4", "t5", "t6", "t7"]:
        text = spelt("\n".join(lines.values()), words)
        found = said(tmp_path, text, policy, spelt(package, words))
        assert ("BGM203", name) in found
        assert {code for code, _ in found} <= {"BGM203", "BGM206"}
        if name == "t1":
            lines[name] = f"     {CREATE}"
        elif name in {"t2", "t3"}:
            lines[name] = lines[name].replace(lines[name].strip(), "if True:")
        else:
            del lines[name]
    assert said(tmp_path, "\n".join(lines.values()), policy, spelt(package, words)) == [
        ("BGM203", "t8")
    ]


CONFLICTS = {
    "metadata and comment": SENT % "'t1'" + "  # bgmode: [comment]=t2",
    "metadata and decorator": inside("@[marker]('t2')\ndef f():", SENT % "'t1'"),
    "two decorators": inside("@[marker]('t1')\n@[marker]('t2')\ndef f():"),
    "decorator and local": inside("@[marker]('t1')\ndef f():\n [name] = 't2'\n if f:"),
    "decorator and attribute": "@[marker]('t1')\n" + inside(CLASS.replace("t1", "t2")),
    "variable and comment of a module": f"# bgmode: [comment]=t2\n[module_name] = 't1'\n{CREATE}",
}


@VOCABULARIES
@pytest.mark.parametrize("way", CONFLICTS)
def test_two_of_one_level(tmp_path: Path, way: str, words: dict[str, str], policy: str) -> None:
    text = spelt(CONFLICTS[way], words)
    assert ("BGM206", "t2") in said(tmp_path, text, policy)
    assert [code for code, _ in said(tmp_path, text.replace("t2", "t1"), policy)] == ["BGM203"]


@VOCABULARIES
def test_the_callers_of_a_function_that_hands_it_on(
    tmp_path: Path, words: dict[str, str], policy: str
) -> None:
    head = f"def submit(prompt, [name]):\n return {SENT % '[name]'}\n"
    calls = "submit('a', 't1')\nsubmit('b', [name]='t2')\nsubmit('c', 'zzzzzz')\n"
    text = spelt(head + calls, words)
    found = said(tmp_path, text, policy)
    assert sorted(code for code, _ in found) == ["BGM202", "BGM203", "BGM203"]
    assert {name for code, name in found if code == "BGM203"} == {"t1", "t2"}


def test_a_name_that_cannot_be_seen(tmp_path: Path) -> None:
    source = Source(str(tmp_path / "m.py"), inside("with job_type(some()):"))
    (found,) = analyse(source, parse_policy(DENIED, "p.yaml"), today=TODAY, wanted=_wanted)
    assert found.code == "BGM207"
    assert "named by the with block and its value cannot be seen" in found.message


ZDR = {
    "a function": inside("@[zdr_decorator]\ndef f():"),
    "a class": inside("@[zdr_decorator]\nclass S:\n def f(self):"),
    "a module": f"[zdr_module_name] = True\n{CREATE}",
    "a comment": f"# bgmode: [zdr_comment]\n{CREATE}",
}


@pytest.mark.parametrize("way", ZDR)
def test_zdr(tmp_path: Path, way: str) -> None:
    for words, policy in ((DEFAULTS, ""), (OTHERS, ANNOTATIONS)):
        path = Source(str(tmp_path / "m.py"), spelt(ZDR[way], words))
        for rules, expected in ((policy, 1), ("" if policy else ANNOTATIONS, 0)):
            found = analyse(path, parse_policy(rules, "p.yaml"), today=TODAY, wanted=_wanted)
            assert [each.code for each in found].count("BGM110") == expected
