"""Renames a field of an answer where it is read."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.request import Left
from sophia_cli.migrate.scope import Binding, Scope
from sophia_cli.migrate.site import Edit
from sophia_cli.migrate.spelling import dotted


@dataclass(frozen=True)
class Use:
    """An expression that is the answer; `variable` is what its name means, if it is one."""

    node: ast.expr
    variable: tuple[Scope, list[Binding]] | None = None


def rename(
    file: Parsed, node: ast.Attribute, use: Use, fields: Mapping[str, str]
) -> tuple[Edit, ...]:
    """The edits that rename the field that `node` reads. Raises Left for one that has no new name."""
    if node.attr not in fields:
        raise Left("unknown-field", f"the pack says nothing of the answer's field {node.attr}")
    if not isinstance(node.ctx, ast.Load) or isinstance(file.table.parents[node], ast.AugAssign):
        raise Left("field-written", f"the answer's field {node.attr} is written to")
    new = fields[node.attr]
    if new == node.attr:
        return ()
    if file.table.in_format(node):
        return _in_format(file, node, use, new)
    end = file.source.end(node)
    return (Edit(end - len(node.attr.encode()), end, new.encode()),)


def _in_format(file: Parsed, node: ast.Attribute, use: Use, new: str) -> tuple[Edit, ...]:
    """Inside an f-string positions are found by search, as Python before 3.12 gets them wrong."""
    formats = [up for up in file.table.ancestors(node) if isinstance(up, ast.JoinedStr)]
    outer, spelling = formats[-1], dotted(node)
    alike = [
        part
        for part in ast.walk(outer)
        if isinstance(part, ast.Attribute) and dotted(part) == spelling
    ]
    pattern = re.compile(rb"(?<![\w.])" + re.escape(".".join(spelling).encode()) + rb"(?!\w)")
    start, text = file.source.start(outer), file.source.text(outer)
    places = [start + match.end() for match in pattern.finditer(text)]
    clear = len(places) == len(alike) and all(_same(file, part, use) for part in alike)
    shown = any(re.match(rb"\s*=(?!=)", file.source.code[place:]) for place in places)
    if not spelling or not clear or shown:
        raise Left("in-f-string", f"{node.attr} stands in an f-string that cannot be taken apart")
    old = len(node.attr.encode())
    return tuple(Edit(place - old, place, new.encode()) for place in places)


def _same(file: Parsed, node: ast.Attribute, use: Use) -> bool:
    """Whether a field is read from the same variable, not from another one of its name."""
    base = node.value
    if not isinstance(base, ast.Name):
        return False
    return file.table.scopes[base].lookup(base.id) == use.variable
