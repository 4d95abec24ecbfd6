"""The picture of a job's life as SVG: create, store, wait with every status, result.

What goes wrong differs by shape and word, not by colour alone: an octagon never ends, an
hourglass burns its bound, a triangle ends too early, a question mark cannot be seen.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from bgmode.audit.answers import in_one_line, is_right, place
from bgmode.audit.inventory import AuditedCall, Ending, Waiting
from bgmode.audit.markup import Html, el, joined

Shape: TypeAlias = Literal["tick", "loop", "octagon", "hourglass", "triangle", "question"]

SHAPES: dict[Shape, str] = {
    "tick": "the wait ends here, as it should",
    "loop": "the job still runs, the wait goes on",
    "octagon": "the wait never ends: nothing in the code leaves it",
    "hourglass": "the wait goes on for nothing until its bound is reached",
    "triangle": "the wait ends too early, or on some paths only",
    "question": "cannot be seen from the code",
}

_WIDTH, _TOP, _ROW = 720, 30, 30
_STORE = {
    "True": "asked for",
    "False": "forbidden",
    "not set": "by default",
    "not seen": "not seen",
}


def life(call: AuditedCall, name: str) -> list[Html]:
    """A picture a wait, or one without a wait; ``name`` makes their ids unique."""
    if not call.waits:
        return [_picture(call, None, f"{name}-life")]
    return [
        _picture(call, wait, f"{name}-life-{number}") for number, wait in enumerate(call.waits, 1)
    ]


def symbol(shape: Shape) -> Html:
    """The sign of an outcome, alone."""
    sign = _sign(shape, 10, 10)
    return el(
        "svg", sign, class_="sign", viewBox="0 0 20 20", width=20, height=20, aria_hidden="true"
    )


def _picture(call: AuditedCall, wait: Waiting | None, name: str) -> Html:
    rows = len(wait.endings) if wait is not None else 0
    height = _TOP + max(rows, 2) * _ROW + 6
    middle = (_TOP + height - 6) // 2
    where = f" The wait is at {place(wait.path, wait.line)}." if wait is not None else ""
    title = el("title", f"The life of this job: create, store, wait, result.{where}", id=name)
    parts = [title, _headings(wait), _start(call, middle)]
    parts.append(_nothing(middle) if wait is None or not rows else _statuses(wait, middle))
    drawn = el(
        "svg",
        *parts,
        role="img",
        aria_labelledby=name,
        viewBox=f"0 0 {_WIDTH} {height}",
        width=_WIDTH,
        height=height,
    )
    label = f"Picture of the job's life{f', wait at line {wait.line}' if wait else ''}"
    return el("div", drawn, class_="life", tabindex=0, role="group", aria_label=label)


def _headings(wait: Waiting | None) -> Html:
    waiting = "Wait" if wait is None else f"Wait, line {wait.line}"
    titles = ((0, "Create"), (116, "Store"), (252, waiting), (400, "What then"), (628, "Result"))
    return joined(*(_text(x, 14, title, "head") for x, title in titles))


def _start(call: AuditedCall, y: int) -> Html:
    create = el("rect", x=1, y=y - 19, width=90, height=38, rx=4, class_="box")
    return joined(
        create,
        _text(46, y - 2, "create", "mid strong"),
        _text(46, y + 12, f"line {call.line}", "mid small"),
        _arrow(92, y, 115),
        _store(call, y),
    )


def _store(call: AuditedCall, y: int) -> Html:
    wrong = call.store == "False" or call.stored_state == "forbidden"
    body = f"M117 {y - 17} c0 -7 96 -7 96 0 v34 c0 7 -96 7 -96 0 z M117 {y - 17} c0 7 96 7 96 0"
    dashed = " dashed" if call.store in ("not seen", "not set") else ""
    word = "forbidden" if wrong else _STORE.get(call.store, in_one_line(call.store))
    return joined(
        el("path", d=body, class_=f"box{dashed}{' wrong' if wrong else ''}"),
        _text(165, y + 3, "store", "mid strong"),
        _text(165, y + 16, _short(word, 15), "mid small"),
    )


def _nothing(y: int) -> Html:
    box = el("rect", x=250, y=y - 19, width=340, height=38, rx=4, class_="box dashed")
    return joined(
        _arrow(214, y, 248),
        box,
        _text(420, y + 4, "no wait for this job was seen in the code", "mid"),
        _arrow(592, y, 626, "dashed"),
        _result(y, y, "not seen"),
    )


def _statuses(wait: Waiting, middle: int) -> Html:
    centres = [_TOP + number * _ROW + _ROW // 2 for number in range(len(wait.endings))]
    ending = [
        centre
        for centre, each in zip(centres, wait.endings, strict=True)
        if each.outcome in ("leaves", "may leave")
    ]
    trunk = f"M214 {middle} H232 M232 {centres[0]} V{centres[-1]}"
    rows = [_row(each, y) for y, each in zip(centres, wait.endings, strict=True)]
    unseen = any(each.outcome == "not known" for each in wait.endings)
    word = "not seen" if unseen else "never"
    result = _result(ending[0], ending[-1]) if ending else _result(middle, middle, word)
    return joined(el("path", d=trunk, class_="line"), *rows, result)


def _row(ending: Ending, y: int) -> Html:
    shape = shape_of(ending)
    fine = is_right(ending)
    words = _words(ending)
    leaves = ending.outcome in ("leaves", "may leave")
    style = "dashed" if ending.outcome in ("may leave", "not known") else ""
    tone = "" if fine else " unsure" if shape == "question" else " wrong"
    pill = el(
        "rect",
        x=250,
        y=y - 11,
        width=112,
        height=22,
        rx=2 if ending.is_terminal else 11,
        class_=f"box{tone}",
    )
    return joined(
        el("path", d=f"M232 {y} H250", class_="line"),
        pill,
        _text(306, y + 4, _short(in_one_line(ending.status), 15), "mid" if fine else "mid strong"),
        _arrow(362, y, 396, style),
        el("g", _sign(shape, 410, y), class_=f"sign{tone}"),
        _text(426, y + 4, words, "" if fine else "strong"),
        _arrow(min(436 + 8 * len(words), 600), y, 626, style) if leaves else None,
    )


def shape_of(ending: Ending) -> Shape:
    """The shape that stands for what a wait does on one status."""
    if ending.outcome == "not known":
        return "question"
    if is_right(ending):
        return "tick" if ending.is_terminal else "loop"
    if ending.is_terminal:
        shapes: dict[str, Shape] = {"bound": "hourglass", "may leave": "triangle"}
        return shapes.get(ending.outcome, "octagon")
    return "octagon" if ending.outcome == "never ends" else "triangle"


def _words(ending: Ending) -> str:
    lines = [str(line) for line in ending.lines[:2]] + (["…"] if len(ending.lines) > 2 else [])
    at = f", line {', '.join(lines)}" if lines and ending.outcome != "goes on" else ""
    match shape_of(ending):
        case "tick":
            return f"ends{at}"
        case "loop":
            return "waits on"
        case "octagon":
            return "NEVER ENDS"
        case "hourglass":
            return f"BURNS BOUND{at}"
        case "triangle":
            return f"{'MAY END' if ending.outcome == 'may leave' else 'TOO EARLY'}{at}"
    return "cannot be seen"


def _result(top: int, bottom: int, word: str = "") -> Html:
    height = bottom - top + 26
    box = el("rect", x=628, y=top - 13, width=90, height=height, rx=4, class_="box")
    return joined(box, _text(673, (top + bottom) // 2 + 4, word or "result", "mid strong"))


def _arrow(x: int, y: int, to: int, style: str = "") -> Html:
    line = el("path", d=f"M{x} {y} H{to - 4}", class_=f"line {style}".strip())
    return joined(
        line, el("path", d=f"M{to - 6} {y - 4} L{to} {y} L{to - 6} {y + 4} z", class_="tip")
    )


def _text(x: int, y: int, text: str, style: str = "") -> Html:
    return el("text", text, x=x, y=y, class_=style or None)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _sign(shape: Shape, x: int, y: int) -> Html:
    """A sign of 18 units around a middle point."""
    match shape:
        case "tick":
            return el("path", d=f"M{x - 6} {y} l4 5 l8 -10", class_="stroke")
        case "loop":
            d = f"M{x + 5} {y - 4} a6.5 6.5 0 1 0 1.5 4 M{x + 6} {y - 8} v5 h-5"
            return el("path", d=d, class_="stroke")
        case "octagon":
            d = f"M{x - 4} {y - 9} h8 l5 5 v8 l-5 5 h-8 l-5 -5 v-8 z"
            bar = el("path", d=f"M{x - 4} {y - 4} l8 8 m0 -8 l-8 8", class_="cut")
            return joined(el("path", d=d, class_="solid"), bar)
        case "hourglass":
            d = f"M{x - 7} {y - 9} h14 M{x - 7} {y + 9} h14 M{x - 5} {y - 9} q0 6 5 9 q-5 3 -5 9"
            sand = el("path", d=f"M{x - 4} {y + 8} q1 -5 4 -5 q3 0 4 5 z", class_="solid")
            side = el("path", d=f"{d} M{x + 5} {y - 9} q0 6 -5 9 q5 3 5 9", class_="stroke")
            return joined(side, sand)
        case "triangle":
            d = f"M{x} {y - 9} l9 16 h-18 z"
            return joined(
                el("path", d=d, class_="stroke"),
                el("path", d=f"M{x} {y - 3} v5 m0 2.5 v.5", class_="stroke"),
            )
    mark = el("text", "?", x=x, y=y + 4, class_="mid strong")
    return joined(el("circle", cx=x, cy=y, r=8, class_="stroke dashed"), mark)
