"""Constants that are none: what the code of an old module fills, or others fill for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scope import Table
from sophia_cli.migrate.shims.lacks import Lacks
from sophia_cli.migrate.spelling import last

_READS = frozenset({"get", "items", "keys", "values", "copy", "index", "count"})
_PURE = frozenset({"len", "list", "sorted", "dict", "set", "tuple", "str", "sum", "min", "max"})
_PURE |= {"any", "all", "enumerate", "zip", "isinstance", "frozenset", "repr", "reversed"}
_FIXED = frozenset(
    {"getLogger", "frozenset", "compile", "TypeVar", "getenv", "Path", "MappingProxyType"}
)
_READERS = (
    ast.Compare | ast.For | ast.AsyncFor | ast.comprehension | ast.BoolOp | ast.If | ast.While
    | ast.BinOp | ast.UnaryOp | ast.FormattedValue | ast.Subscript
)  # fmt: skip


def refuse_state(
    file: Parsed, carried: Mapping[str, ast.stmt], others: Iterable[Parsed] = ()
) -> None:
    """Raises Lacks for what is carried, but filled by code that is not, or for it."""
    for name, statement in sorted(carried.items()):
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.ClassDef):
            for node in file.table.names:
                if node.id == name and _lost(file, node, carried) and _set_on(file.table, node):
                    words = f"{name} is filled at line {node.lineno}, by code that goes"
                    raise Lacks("shim-lacks", words)
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or _fixed(value):
            continue
        lost = [node for node in file.table.names if node.id == name and _lost(file, node, carried)]
        for node in lost:
            if not _only_read(file.table, node, value):
                words = f"{name} is filled at line {node.lineno}, by code that goes"
                raise Lacks("shim-lacks", words)
        for other in others if lost else ():
            for seen in (*other.table.names, *other.table.attributes):
                if last(seen) == name and not _only_read(other.table, seen, value):
                    words = f"{name} may be filled there, and the code that reads it goes"
                    raise Lacks("shim-lacks", f"{other.path}:{seen.lineno}: {words}")


def _set_on(table: Table, node: ast.expr) -> bool:
    """Whether an attribute of a class is set, or filled by a method of its own."""
    attribute = table.parents[node]
    if not isinstance(attribute, ast.Attribute):
        return False
    above = table.parents[attribute]
    within = isinstance(above, ast.Attribute | ast.Subscript) and above.value is attribute
    return not isinstance(attribute.ctx, ast.Load) or (
        within and not _only_read(table, attribute, None)
    )


def _fixed(value: ast.expr | None) -> bool:
    """Whether a value cannot be filled."""
    if isinstance(value, ast.Call):
        return last(value.func) in _FIXED
    if isinstance(value, ast.Tuple):
        return all(map(_fixed, value.elts))
    return isinstance(value, ast.Constant | ast.JoinedStr | ast.BinOp | ast.Compare | ast.Lambda)


def _lost(file: Parsed, node: ast.Name, carried: Mapping[str, ast.stmt]) -> bool:
    """Whether a name of the module stands in code that is not carried."""
    found = file.table.scopes[node].lookup(node.id)
    if found is not None and found[0] is not file.table.module:
        return False
    around = {node, *file.table.ancestors(node)}
    return not any(statement in around for statement in carried.values())


def _only_read(table: Table, node: ast.expr, value: ast.expr | None) -> bool:
    """Whether nothing that is done with a name can change what it holds."""
    inner, parent = False, table.parents[node]
    while isinstance(parent, ast.Attribute | ast.Subscript) and parent.value is node:
        if not isinstance(parent.ctx, ast.Load):
            return False
        inner = inner or isinstance(parent, ast.Subscript)
        node, parent = parent, table.parents[parent]
    if not isinstance(getattr(node, "ctx", None), ast.Load):
        return False
    if isinstance(parent, ast.Call) and parent.func is node:
        return isinstance(node, ast.Attribute) and node.attr in _READS
    if inner and isinstance(value, ast.Dict | ast.List):
        held = value.values if isinstance(value, ast.Dict) else value.elts
        return all(isinstance(item, ast.Constant) for item in held)
    if isinstance(parent, ast.Call):
        return last(parent.func) in _PURE
    return isinstance(parent, _READERS)
