"""Instances that are reached by a name in quotes: `getattr(app, "brain")`, `self.__dict__["brain"]`."""

from __future__ import annotations

import ast

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.visit import Visit
from sophia_cli.migrate.site import Reason
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import UNKNOWN, Value

_BY_NAME = frozenset({"getattr", "setattr", "delattr"})
_DICTS = frozenset({"vars", "globals", "locals"})


def find_quoted(visit: Visit, file: Parsed) -> None:
    """Enter every such place: the name of what is called there cannot be changed."""
    for call in file.table.calls_of(_BY_NAME):
        if isinstance(call.func, ast.Name) and len(call.args) > 1:
            _named(visit, file, call, call.args[0], call.args[1])
    for constant in file.table.strings:
        place = file.table.parents[constant]
        if isinstance(place, ast.Subscript) and place.slice is constant:
            kept = place.value
            if isinstance(kept, ast.Attribute) and kept.attr == "__dict__":
                _named(visit, file, place, kept.value, constant)
            elif isinstance(kept, ast.Call) and last(kept.func) in _DICTS:
                _named(visit, file, place, kept.args[0] if kept.args else None, constant)


def _named(
    visit: Visit, file: Parsed, node: ast.expr, owner: ast.expr | None, name: ast.expr
) -> None:
    word = name.value if isinstance(name, ast.Constant) else None
    if not isinstance(word, str) or word not in visit.names:
        return
    values = visit.known.scan.near.values(file, owner) if owner is not None else (UNKNOWN,)
    if any(_may_hold(visit, value, word) for value in values):
        words = f"{word} is reached by its name in quotes"
        groups = tuple(sorted(visit.stored.get(word, ())))
        visit.report(file, node, Reason("by-name", words), groups)


def _may_hold(visit: Visit, value: Value, name: str) -> bool:
    """Whether something has an instance under a name, as far as it can be seen."""
    found = [UNKNOWN] if value == UNKNOWN else visit.known.scan.near.member(value, name)
    return any(other == UNKNOWN or visit.known.instance(other) for other in found)
