"""How an expression is spelled: dotted names and the alternatives of an annotation."""

from __future__ import annotations

import ast


def last(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def dotted(node: ast.expr) -> list[str]:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else []


def types(node: ast.expr) -> list[ast.expr]:
    """The alternatives of an annotation."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return types(ast.parse(node.value.strip(), mode="eval").body)
        except (SyntaxError, ValueError):
            return []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*types(node.left), *types(node.right)]
    if isinstance(node, ast.Subscript) and last(node.value) in (
        "Optional",
        "Annotated",
        "Union",
        "Awaitable",
    ):
        inner = node.slice
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        return [kind for part in parts for kind in types(part)]
    return [node]
