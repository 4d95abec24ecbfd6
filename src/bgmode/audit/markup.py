"""HTML that is escaped by how it is made: a string becomes text, only :class:`Html` is markup."""

from __future__ import annotations

import html
from typing import TypeAlias

from bgmode.audit.answers import shown

_VOID = frozenset({"br", "input", "link", "meta"})

Attribute: TypeAlias = str | int | bool | None


class Html(str):
    """A string that is markup already."""

    __slots__ = ()


Child: TypeAlias = str | int | None


def escaped(child: Child) -> Html:
    """``child`` as markup; None is nothing."""
    if isinstance(child, Html):
        return child
    return Html("" if child is None else html.escape(shown(str(child)), quote=True))


def el(tag: str, *children: Child, **attributes: Attribute) -> Html:
    """One element. ``class_`` and ``aria_label`` are the attributes class and aria-label.

    An attribute that is True stands without a value; one that is None or False is left out.
    """
    words = [tag]
    for name, value in attributes.items():
        spelled = name.rstrip("_").replace("_", "-")
        if value is True:
            words.append(spelled)
        elif value is not None and value is not False:
            words.append(f'{spelled}="{escaped(value)}"')
    start = f"<{' '.join(words)}>"
    return Html(start if tag in _VOID else f"{start}{joined(*children)}</{tag}>")


def joined(*children: Child) -> Html:
    """Several pieces behind one another."""
    return Html("".join(map(escaped, children)))
