"""Names that are read one of another, such as `client.messages.create`, cut where a pack declares it."""

from __future__ import annotations

import ast
from collections.abc import Container

from sophia_cli.migrate.modules import Parsed


def widest(
    file: Parsed, node: ast.Attribute, declared: Container[str]
) -> tuple[ast.Attribute, str]:
    """The longest declared name that starts at an attribute, with its expression; else the attribute.

    Where none is declared and what is read further is called in the end, it is all of that.
    """
    names, at = [node.attr], node
    found = (node, node.attr) if node.attr in declared else None
    while isinstance(parent := file.table.parents[at], ast.Attribute):
        names.append(parent.attr)
        at = parent
        if ".".join(names) in declared:
            found = at, ".".join(names)
    if found is None and isinstance(parent, ast.Call) and parent.func is at:
        found = at, ".".join(names)
    return found or (node, node.attr)


def cuts(node: ast.Attribute) -> list[tuple[ast.expr, str]]:
    """Each receiver that an attribute may be read of, with the dotted name behind it."""
    found: list[tuple[ast.expr, str]] = []
    at: ast.expr = node
    while isinstance(at, ast.Attribute):
        name = f"{at.attr}.{found[-1][1]}" if found else at.attr
        at = at.value
        found.append((at, name))
    return found


def receiver_of(func: ast.Attribute, name: str) -> ast.expr:
    """What a dotted name is read of."""
    return cuts(func)[name.count(".")][0]
