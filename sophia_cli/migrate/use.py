"""How a call is used: whether it streams, whether it has tools, what is read from its answer."""

from __future__ import annotations

import ast

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.site import Use
from sophia_cli.migrate.spelling import last

_TOOLS = frozenset({"tools", "functions", "tool_config", "toolConfig"})
_STREAMS = frozenset({"stream", "astream", "astream_events"})
_MOST = 4


def use_of(file: Parsed, call: ast.Call | None, operation: str) -> Use:
    """What can be read off a call; an operation that is only taken as a value has no use yet."""
    if call is None:
        return Use(True if _by_name(operation) else None)
    given = {keyword.arg or "**": keyword.value for keyword in call.keywords}
    return Use(
        streaming=streams(given, operation),
        tools=any(name in _TOOLS and not _absent(value) for name, value in given.items()),
        result=result_of(file, call),
    )


def streams(given: dict[str, ast.expr], operation: str = "") -> bool | None:
    """Whether a call with these keywords streams; None where that is decided at run time."""
    if _by_name(operation):
        return True
    if "stream" in given:
        value = given["stream"]
        return bool(value.value) if isinstance(value, ast.Constant) else None
    return None if "**" in given else False


def _by_name(operation: str) -> bool:
    name = operation.rpartition(".")[2]
    return name in _STREAMS or name.endswith(("_stream", "_stream_async", "stream_async"))


def _absent(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def result_of(file: Parsed, call: ast.expr) -> str:
    """What becomes of an answer: a word, or the attributes that are read from it."""
    node: ast.AST = call
    parent = file.table.parents[node]
    while isinstance(parent, ast.Await):
        node, parent = parent, file.table.parents[parent]
    match parent:
        case ast.Attribute() | ast.Subscript():
            return _chain(file, node)
        case ast.Return():
            return "returned"
        case ast.Yield() | ast.YieldFrom():
            return "yielded"
        case ast.Expr():
            return "discarded"
        case ast.For() | ast.AsyncFor() | ast.comprehension() if parent.iter is node:
            return "iterated"
        case ast.Call() | ast.keyword() | ast.Starred():
            return "passed"
        case ast.withitem():
            return _named(file, parent.optional_vars) or "entered"
        case ast.Assign() if len(parent.targets) == 1:
            return _named(file, parent.targets[0]) or "kept"
        case ast.AnnAssign() | ast.NamedExpr():
            return _named(file, parent.target) or "kept"
    return "kept"


def _chain(file: Parsed, node: ast.AST) -> str:
    """`choices.message.content` of an answer that is read where it stands."""
    names: list[str] = []
    parent = file.table.parents[node]
    while isinstance(parent, ast.Attribute | ast.Subscript) and parent.value is node:
        if isinstance(parent, ast.Attribute):
            names.append(parent.attr)
        elif isinstance(parent.slice, ast.Constant) and isinstance(parent.slice.value, str):
            names.append(parent.slice.value)
        node, parent = parent, file.table.parents[parent]
    return ".".join(names[:_MOST])


def _named(file: Parsed, target: ast.expr | None) -> str:
    """What is read from the name that an answer is given, in the order of the names."""
    if not isinstance(target, ast.Name):
        return ""
    home = file.table.scopes[target].lookup(target.id)
    found: dict[str, None] = {}
    for name in file.table.names_of({target.id}):
        if file.table.scopes[name].lookup(name.id) != home:
            continue
        word = _word(file, name)
        if word:
            found[word] = None
    return ", ".join(sorted(found)[:_MOST])


def _word(file: Parsed, name: ast.Name) -> str:
    parent = file.table.parents[name]
    if isinstance(parent, ast.Attribute | ast.Subscript):
        return _chain(file, name)
    if isinstance(parent, ast.Return):
        return "returned"
    if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension) and parent.iter is name:
        return "iterated"
    if isinstance(parent, ast.Call | ast.keyword):
        return "" if isinstance(parent, ast.Call) and last(parent.func) == "print" else "passed"
    return ""
