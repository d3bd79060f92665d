"""What code does with the answer of a wrapper: fields that are renamed, and where it goes on."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.request import Left
from sophia_cli.migrate.scope import Binding, Binds, Function, Scope
from sophia_cli.migrate.site import Edit, Reason
from sophia_cli.migrate.spelling import dotted

# Calls that hand on what the coroutine they are given returns.
_RUNNERS = frozenset({"asyncio.run", "anyio.run", "asyncio.wait_for", "wait_for"})


@dataclass(frozen=True)
class Outcome:
    """The edits that rename fields, and why a person should look (None: every use is seen)."""

    edits: tuple[Edit, ...] = ()
    doubt: Reason | None = None


def read_result(file: Parsed, call: ast.Call, fields: Mapping[str, str] | None) -> Outcome:
    """Follow the answer of a call; `fields` of None is plain text. Raises Left for an unknown field."""
    if fields is None:
        return Outcome()
    answer = _answer(file, call)
    parent = file.table.parents[answer]
    if isinstance(parent, ast.Expr):
        return Outcome()
    if isinstance(parent, ast.Attribute):
        return Outcome(_field(file, parent, fields))
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
        if isinstance(target, ast.Name):
            return _variable(file, target, answer, fields)
    if isinstance(parent, ast.AnnAssign | ast.NamedExpr) and isinstance(parent.target, ast.Name):
        return _variable(file, parent.target, answer, fields)
    return Outcome(doubt=_goes_on(file, answer))


def _answer(file: Parsed, call: ast.Call) -> ast.expr:
    """The expression that is the answer: the call, awaited or run."""
    node: ast.expr = call
    while True:
        parent = file.table.parents[node]
        runs = isinstance(parent, ast.Call) and ".".join(dotted(parent.func)) in _RUNNERS
        if isinstance(parent, ast.Await) or (runs and parent.args[:1] == [node]):  # type: ignore[attr-defined]
            node = parent  # type: ignore[assignment]
            continue
        return node


def _variable(
    file: Parsed, target: ast.Name, answer: ast.expr, fields: Mapping[str, str]
) -> Outcome:
    """Every use of the variable that the answer is assigned to."""
    found = file.table.scopes[target].lookup(target.id)
    if found is None or not isinstance(found[0].node, Function):
        return Outcome(doubt=_goes_on(file, answer))
    edits: list[Edit] = []
    doubt = None if _alone(found, answer) else _goes_on(file, answer)
    for node in _uses(file, target.id, found):
        parent = file.table.parents[node]
        if isinstance(parent, ast.Attribute):
            edits += _field(file, parent, fields)
        else:
            doubt = doubt or _goes_on(file, node)
    return Outcome(tuple(edits), doubt)


def _alone(found: tuple[Scope, list[Binding]], answer: ast.expr) -> bool:
    return all(b.kind is Binds.ASSIGN and b.value is answer for b in found[1])


def _uses(file: Parsed, name: str, found: tuple[Scope, list[Binding]]) -> list[ast.Name]:
    return [
        node
        for node in file.table.names
        if node.id == name and file.table.scopes[node].lookup(name) == found
    ]


def _goes_on(file: Parsed, node: ast.expr) -> Reason:
    words = f"the answer goes on at line {node.lineno}: what reads its fields cannot be seen"
    return Reason("answer-goes-on", words)


def _field(file: Parsed, node: ast.Attribute, fields: Mapping[str, str]) -> tuple[Edit, ...]:
    if node.attr not in fields:
        raise Left("unknown-field", f"the pack says nothing of the answer's field {node.attr}")
    new = fields[node.attr]
    if new == node.attr:
        return ()
    if not isinstance(node.ctx, ast.Load):
        raise Left("field-written", f"the answer's field {node.attr} is written to")
    if file.table.in_format(node):
        return _in_format(file, node, new)
    end = file.source.end(node)
    return (Edit(end - len(node.attr.encode()), end, new.encode()),)


def _in_format(file: Parsed, node: ast.Attribute, new: str) -> tuple[Edit, ...]:
    """Inside an f-string positions are found by search, as Python before 3.12 gets them wrong."""
    formats = [up for up in file.table.ancestors(node) if isinstance(up, ast.JoinedStr)]
    outer, spelling = formats[-1], dotted(node)
    alike = [
        part
        for part in ast.walk(outer)
        if isinstance(part, ast.Attribute) and dotted(part) == spelling
    ]
    pattern = re.compile(rb"(?<![\w.])" + re.escape(".".join(spelling).encode()) + rb"(?!\w)")
    start = file.source.start(outer)
    places = [start + match.end() for match in pattern.finditer(file.source.text(outer))]
    if not spelling or len(places) != len(alike):
        raise Left("in-f-string", f"{node.attr} stands in an f-string that cannot be taken apart")
    old = len(node.attr.encode())
    return tuple(Edit(place - old, place, new.encode()) for place in places)
