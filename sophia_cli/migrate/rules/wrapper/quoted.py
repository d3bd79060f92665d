"""Instances that are reached by a name in quotes: `getattr(app, "brain")`, `self.__dict__["brain"]`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.visit import Visit
from sophia_cli.migrate.site import Reason
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import UNKNOWN, Value

_OF_OWNER = frozenset({"getattr", "setattr", "delattr"})
_BY_OWNER = frozenset({"__getattribute__", "__getattr__", "__setattr__", "__delattr__"})
_OF_ANY = frozenset({"attrgetter"})
_OF_DICT = frozenset({"get", "pop", "setdefault", "update"})
_DICTS = frozenset({"vars", "globals", "locals"})


def find_quoted(visit: Visit, file: Parsed) -> None:
    """Enter every such place: the name of what is called there cannot be changed."""
    for call in file.table.calls_of(_OF_OWNER | _BY_OWNER | _OF_ANY | _OF_DICT):
        for owner, name in _names(call):
            if name is not None:
                _named(visit, file, call, owner, name)
            else:
                _computed(visit, file, call, owner)
    for constant in file.table.strings:
        place = file.table.parents[constant]
        if isinstance(place, ast.Subscript) and place.slice is constant and _is_dict(place.value):
            _named(visit, file, place, _owner(place.value), str(constant.value))


def find_matched(visit: Visit, file: Parsed, pattern: ast.MatchClass) -> None:
    """Enter what a pattern takes out of an object: `case App(brain=x)`."""
    for name in pattern.kwd_attrs:
        _named(visit, file, pattern.cls, None, name)


def _names(call: ast.Call) -> Iterator[tuple[ast.expr | None, str | None]]:
    """The owner, None where it is not seen, and each name that a call asks for, None where it is computed."""
    kind, words = last(call.func), call.args
    owner: ast.expr | None = None
    if kind in _OF_DICT:
        kept = call.func.value if isinstance(call.func, ast.Attribute) else call
        if not _is_dict(kept):
            return
        owner = _owner(kept)
        yield from ((owner, keyword.arg) for keyword in call.keywords if kind == "update")
        words = [] if kind == "update" else words[:1]
    elif kind in _OF_OWNER:
        owner, words = (words[0] if words else None), words[1:2]
    elif kind in _BY_OWNER:
        place = len(words) - (2 if kind == "__setattr__" else 1)  # 1 where the owner is the first
        owner = call.func.value if isinstance(call.func, ast.Attribute) and not place else None
        words = words[place : place + 1] if place >= 0 else []
    for word in words:
        text = word.value if isinstance(word, ast.Constant) else None
        yield owner, text if isinstance(text, str) else None


def _is_dict(kept: ast.expr) -> bool:
    """Whether it is the dictionary in which names are kept."""
    if isinstance(kept, ast.Attribute):
        return kept.attr == "__dict__"
    return isinstance(kept, ast.Call) and last(kept.func) in _DICTS


def _owner(kept: ast.expr) -> ast.expr | None:
    if isinstance(kept, ast.Attribute):
        return kept.value
    return kept.args[0] if isinstance(kept, ast.Call) and kept.args else None


def _named(visit: Visit, file: Parsed, node: ast.expr, owner: ast.expr | None, name: str) -> None:
    if name not in visit.names:
        return
    values = visit.known.scan.near.values(file, owner) if owner is not None else (UNKNOWN,)
    if any(_may_hold(visit, value, name) for value in values):
        words = f"{name} is reached by its name in quotes"
        groups = tuple(sorted(visit.stored.get(name, ())))
        visit.report(file, node, Reason("by-name", words), groups)


def _computed(visit: Visit, file: Parsed, node: ast.expr, owner: ast.expr | None) -> None:
    """A name that is put together: one of those in quotes in the same file."""
    quoted = {str(constant.value) for constant in file.table.strings}
    for name in sorted(quoted & visit.names):
        _named(visit, file, node, owner, name)


def _may_hold(visit: Visit, value: Value, name: str) -> bool:
    """Whether something has an instance under a name, as far as it can be seen."""
    found = [UNKNOWN] if value == UNKNOWN else visit.known.scan.near.member(value, name)
    return any(other == UNKNOWN or visit.known.instance(other) for other in found)
