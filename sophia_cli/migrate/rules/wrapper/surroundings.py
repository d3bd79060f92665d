"""Code around a call that would read the target's answer otherwise than the old one."""

from __future__ import annotations

import ast

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Method, Target
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.left import Left
from sophia_cli.migrate.rules.wrapper.signature import is_async

_STREAM = "complete"


def refuse_surroundings(known: Known, file: Parsed, call: ast.Call, method: Method) -> None:
    """Raises Left for a call whose errors are caught by an old name, or that streams otherwise."""
    handler = old_error_around(known, file, call)
    if handler is not None:
        name = ast.unparse(handler)
        raise Left("old-error", f"{name} is caught around it, which the new service never raises")
    _refuse_waiting(known, file, call, method)
    if known.pack.target.module == Target.module:
        _refuse_stream(file, call, method)


def _refuse_waiting(known: Known, file: Parsed, call: ast.Call, method: Method) -> None:
    """What the pack says of waiting must be what the code does."""
    parent = file.table.parents[call]
    waits = isinstance(parent, ast.Await) or _looped_later(parent, call)
    old = is_async(known, method)
    if not method.is_async and (old or waits):
        words = f"{method.name} is awaited, and the pack says async = false"
        raise Left("async-differs", words)
    if method.is_async and old is False and not waits:
        words = f"{method.name} is not awaited, and the pack does not say async = false"
        raise Left("async-differs", words)


def _looped_later(parent: ast.AST, call: ast.Call) -> bool:
    if isinstance(parent, ast.comprehension):
        return bool(parent.is_async) and parent.iter is call
    return isinstance(parent, ast.AsyncFor) and parent.iter is call


def _refuse_stream(file: Parsed, call: ast.Call, method: Method) -> None:
    parent = file.table.parents[call]
    if method.is_async and method.to == _STREAM and isinstance(parent, ast.Await):
        raise Left("stream-awaited", "the new stream is looped over without an await")
    node = file.table.parents[parent] if isinstance(parent, ast.Await) else parent
    looped = isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) and node.iter in (
        call,
        parent,
    )
    if looped and method.to in ("complete_text", "complete_response"):
        raise Left("not-a-stream", "it is looped over, and the new answer comes in one piece")


def old_error_around(known: Known, file: Parsed, call: ast.Call) -> ast.expr | None:
    """An error of the service's module that is caught around a call."""
    child: ast.AST = call
    for node in file.table.ancestors(call):
        if isinstance(node, ast.Try | ast.TryStar) and child in node.body:
            for handler in node.handlers:
                for kind in kinds(handler):
                    if known.error(file, kind):
                        return kind
        child = node
    return None


def kinds(handler: ast.ExceptHandler) -> list[ast.expr]:
    """The classes that an except clause names."""
    node = handler.type
    if node is None:
        return []
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]
