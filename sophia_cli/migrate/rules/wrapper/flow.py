"""Where a value goes from the expression that gives it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from sophia_cli.migrate.modules import Parsed

TESTED = (ast.Compare, ast.UnaryOp, ast.If, ast.While, ast.Assert, ast.Expr)


@dataclass(frozen=True)
class Flow:
    """The widest expression that is the same value, what is around it, and names given to it inside.

    `plain` says that it is the expression itself, at most awaited.
    """

    node: ast.expr
    parent: ast.AST
    names: tuple[ast.Name, ...] = ()
    plain: bool = True

    @property
    def called_into(self) -> bool:
        """Whether an attribute of the expression itself is read."""
        return self.plain and isinstance(self.parent, ast.Attribute)

    @property
    def tested(self) -> bool:
        if isinstance(self.parent, ast.BoolOp):  # what `and` only looks at
            return True
        return isinstance(self.parent, TESTED) or (
            isinstance(self.parent, ast.IfExp) and self.parent.test is self.node
        )


def follow(file: Parsed, node: ast.expr) -> Flow:
    """Go outwards as long as the value stays the same, or is one of several that it can be."""
    names: list[ast.Name] = []
    plain = True
    while True:
        parent = file.table.parents[node]
        if isinstance(parent, ast.NamedExpr):
            names.append(parent.target)
        elif not isinstance(parent, ast.Await) and not _may_give(parent, node):
            return Flow(node, parent, tuple(names), plain)
        plain = plain and isinstance(parent, ast.Await)
        assert isinstance(parent, ast.expr)
        node = parent


def _may_give(parent: ast.AST, node: ast.expr) -> bool:
    if isinstance(parent, ast.IfExp):
        return node is not parent.test
    if isinstance(parent, ast.BoolOp):
        return isinstance(parent.op, ast.Or) or parent.values[-1] is node
    return False
