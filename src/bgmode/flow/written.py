"""Whether a module writes a word that an entry, a keyword, an attribute or a field may be named by.

No mapping has an entry whose key nobody has written. Places that only ask for it do not count.
"""

from __future__ import annotations

import ast
import re

from bgmode.flow.names import Names, is_denial, last_word, reads

_ASKING = frozenset(
    ["get", "pop", "discard", "remove", "count", "index", "startswith", "endswith", "__contains__"]
)
_OF_SETS = frozenset(["intersection", "isdisjoint", "issubset", "issuperset", "difference"])
_MAKING = frozenset(["frozenset", "set", "tuple", "list", "sorted"])


def writes(names: Names, word: str) -> bool:
    """Whether a module may give something an entry ``word``, however it does that."""
    return (
        any(keyword.arg == word for call in names.calls for keyword in call.keywords)
        or any(attribute.attr == word for attribute in names.attributes_set)
        or any(_is_field(names, node, word) for node in names.may_bind)
        or any(_is_a_key(names, text, places, word) for text, places in names.texts.items())
    )


def is_run(names: Names, mention: ast.expr) -> bool:
    """Whether a name is read for what it holds, and not only to speak of a type."""
    below: ast.AST = mention
    for above in names.ancestors(mention):
        match above:
            case ast.arg() | ast.ExceptHandler():
                return False
            case ast.AnnAssign(annotation=annotation) if annotation is below:
                return False
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
                return returns is not below
            case ast.Call(func=function, args=[_, kind]) if kind is below:
                return last_word(function) not in {"isinstance", "issubclass"}
            case ast.Call(func=function, args=[kind, _]) if kind is below:
                return last_word(function) != "cast"
            case ast.stmt():
                return True
        below = above
    return True


def _is_field(names: Names, node: ast.AST, word: str) -> bool:
    """Whether a class has a field that has a value, or is given one by its position alone."""
    if not isinstance(node, ast.Name) or node.id.lower() != word:
        return False
    owner = names.scope_node(node)
    match names.parent[node]:
        case ast.AnnAssign(value=value) if value is None or is_denial(value):
            return isinstance(owner, ast.ClassDef) and _takes_positions(owner)
    return isinstance(owner, ast.ClassDef)


def _takes_positions(owner: ast.ClassDef) -> bool:
    return bool(owner.decorator_list) or "NamedTuple" in map(last_word, owner.bases)


def _is_a_key(names: Names, text: str, places: list[ast.Constant], word: str) -> bool:
    """Whether a literal may be a key, if need be with something before or behind the word."""
    if word not in text.lower():
        return False
    if re.search(r"\s|\w\W\W", text.strip()):
        return f'"{word}"' in text
    return not all(_only_asks(names, place) for place in places)


def _only_asks(names: Names, node: ast.expr) -> bool:
    """Whether a key is written only to look whether there is such an entry, and what it is."""
    match names.parent[node]:
        case ast.Expr() | ast.MatchValue() | ast.MatchMapping():
            return True
        case ast.Compare() as comparison:
            return not _is_key_then(names, comparison)
        case ast.Call(func=ast.Attribute(attr=method), args=[first, *_]) if first is node:
            return method in _ASKING | _OF_SETS
        case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[_, name, *_]):
            return name is node
        case ast.Subscript(slice=key, ctx=ast.Load() | ast.Del()):
            return key is node
        case (ast.Set() | ast.Tuple() | ast.List()) as display:
            return _is_only_asked(names, display)
    return False


def _is_key_then(names: Names, comparison: ast.Compare) -> bool:
    """``if key == "background": options[key] = True``."""
    keys = {entry.slice.id for entry in names.entries_set if isinstance(entry.slice, ast.Name)}
    return bool(keys) and reads(comparison, keys)


def _is_only_asked(names: Names, words: ast.expr) -> bool:
    """Whether some words are only compared with others."""
    match names.parent[words]:
        case ast.Compare() as comparison:
            return not _is_key_then(names, comparison)
        case ast.Attribute(attr=method):
            return method in _OF_SETS | {"update", "add"}
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _OF_SETS
        case ast.Call(func=ast.Name(id=made)) as call:
            return made in _MAKING and _is_only_asked(names, call)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            is_private = name.startswith("_") or names.function(words) is not None
            uses = names.mentions.get(name, [])
            return is_private and all(_is_only_asked(names, use) for use in uses)
    return False
