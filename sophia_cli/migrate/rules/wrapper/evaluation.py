"""Whether an expression can stand somewhere else without being evaluated otherwise."""

from __future__ import annotations

import ast

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.spelling import dotted

_PLAIN = (
    ast.Name,
    ast.Constant,
    ast.Attribute,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.keyword,
    ast.expr_context,
)
_LATER = (
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.While,
)
_FIRST = (
    ast.Await,
    ast.Attribute,
    ast.NamedExpr,
    ast.Expr,
    ast.Assign,
    ast.AnnAssign,
    ast.Return,
    ast.If,
    ast.For,
    ast.AsyncFor,
)


def evaluated_alike(file: Parsed, call: ast.Call, built: ast.Call) -> bool:
    """Whether the arguments of `built`, the statement before, may as well stand in `call`."""
    first = True
    child: ast.AST = call
    for node in file.table.ancestors(call):
        if isinstance(node, _LATER):
            return False
        runs = isinstance(node, ast.Call) and dotted(node.func) and node.args[:1] == [child]
        first = first and (bool(runs) or isinstance(node, _FIRST))
        if isinstance(node, ast.stmt):
            break
        child = node
    return first or is_plain(built)


def is_plain(call: ast.Call) -> bool:
    """Whether the arguments of a call only read names: nothing happens as they are evaluated."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(isinstance(part, _PLAIN) for node in given for part in ast.walk(node))
