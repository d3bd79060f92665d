"""What a definition has to be for a shim to take its place: plain, with nothing around it that acts."""

from __future__ import annotations

import ast
from collections.abc import Collection

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scope import Function
from sophia_cli.migrate.shims.lacks import Lacks
from sophia_cli.migrate.spelling import last

_ROOTS = frozenset({"object", "ABC", "Protocol"})
_SPECIAL = frozenset({"__init__", "__doc__", "__slots__"})


def undecorated(node: Function | ast.ClassDef, kept: Collection[str] = ()) -> None:
    """Raises Lacks for a definition with decorators: what they do cannot be seen."""
    for item in node.decorator_list:
        if ast.unparse(item) not in kept:
            raise Lacks("shim-lacks", f"{node.name} is decorated with {last(item)}")


def unconditional(file: Parsed, node: ast.stmt) -> None:
    """Raises Lacks for what is made under a condition, or in another block."""
    if not isinstance(file.table.parents[node], ast.Module):
        raise Lacks("shim-lacks", f"line {node.lineno} is run under a condition")


def plain_class(file: Parsed, name: str, methods: Collection[str]) -> ast.ClassDef:
    """A class whose only special methods are `methods`. Raises Lacks."""
    bindings = file.table.module.names.get(name, [])
    node = bindings[0].node if len(bindings) == 1 else None
    if not isinstance(node, ast.ClassDef):
        raise Lacks("shim-lacks", f"{name} is not defined in it, once and for all")
    if bases := [base for base in node.bases if last(base) not in _ROOTS]:
        raise Lacks("shim-lacks", f"{name} has a base class: {last(bases[0])}")
    if node.keywords:
        raise Lacks("shim-lacks", f"{name} is made with {ast.unparse(node.keywords[0])}")
    undecorated(node)
    unconditional(file, node)
    for own in file.table.own[node].names:
        if own.startswith("__") and own.endswith("__") and own not in {*_SPECIAL, *methods}:
            raise Lacks("shim-lacks", f"{name} has {own}")
    return node


def made_of_nothing(node: ast.ClassDef) -> None:
    """Raises Lacks for a class that has to be given something when it is made."""
    for item in node.body:
        if isinstance(item, Function) and item.name == "__init__":
            args = item.args
            placed = len(args.posonlyargs) + len(args.args) - 1
            if placed > len(args.defaults) or None in args.kw_defaults:
                words = f"{node.name} has to be given something when it is made"
                raise Lacks("shim-lacks", f"{words}, and no instance is declared")
