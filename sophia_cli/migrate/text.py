"""What text an expression gives, as far as the code shows it: constants, f-strings, names, joined parts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sophia_cli.migrate.callers import default_of
from sophia_cli.migrate.modules import Parsed, target_parts
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.scope import Binding, Binds, Function, Scope
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import Class, Made, Module

# What stands for a part that cannot be seen.
HOLE = "{}"
_DEPTH = 8
_SAME = frozenset({"strip", "rstrip", "lstrip", "lower", "format", "removesuffix", "encode"})
_AROUND = frozenset({"str", "URL", "HttpUrl", "AnyUrl", "dedent", "cleandoc", "text", "SecretStr"})
_DEFAULTED = frozenset({"getenv", "get", "pop", "setdefault"})


def text_of(near: Resolver, file: Parsed, node: ast.expr | None, depth: int = 0) -> str | None:
    """The text, with HOLE for what is only known at run time; None where nothing is known."""
    if node is None or depth > _DEPTH:
        return None
    match node:
        case ast.Constant():
            return node.value if isinstance(node.value, str) else None
        case ast.JoinedStr():
            return "".join(_piece(near, file, part, depth) for part in node.values)
        case ast.BinOp(op=ast.Add() | ast.Div()):
            slash = "/" if isinstance(node.op, ast.Div) else ""
            return _joined(near, file, (node.left, node.right), depth, slash)
        case ast.BinOp(op=ast.Mod()):
            return text_of(near, file, node.left, depth + 1)
        case ast.BoolOp():
            return _first(near, file, node.values, depth)
        case ast.IfExp():
            return _first(near, file, [node.body, node.orelse], depth)
        case ast.Call():
            return _call(near, file, node, depth)
        case ast.Name() | ast.Attribute():
            return _bound(near, file, node, depth)
    return None


def _piece(near: Resolver, file: Parsed, part: ast.expr, depth: int) -> str:
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    return text_of(near, file, inner, depth + 1) or ("" if inner is part else HOLE)


def _joined(
    near: Resolver, file: Parsed, parts: tuple[ast.expr, ast.expr], depth: int, between: str
) -> str | None:
    texts = [text_of(near, file, part, depth + 1) for part in parts]
    if texts == [None, None]:
        return None
    return between.join(HOLE if text is None else text for text in texts)


def _first(near: Resolver, file: Parsed, nodes: list[ast.expr], depth: int) -> str | None:
    texts = (text_of(near, file, node, depth + 1) for node in nodes)
    return next((text for text in texts if text), None)


def _call(near: Resolver, file: Parsed, node: ast.Call, depth: int) -> str | None:
    name = last(node.func)
    if name in _DEFAULTED:
        default = node.args[1] if len(node.args) > 1 else None
        given = next((k.value for k in node.keywords if k.arg == "default"), default)
        return text_of(near, file, given, depth + 1)
    if name in _SAME and isinstance(node.func, ast.Attribute):
        return text_of(near, file, node.func.value, depth + 1)
    if name == "urljoin" and len(node.args) == 2:
        parts = [text_of(near, file, arg, depth + 1) for arg in node.args]
        return f"{(parts[0] or HOLE).rstrip('/')}/{(parts[1] or HOLE).lstrip('/')}"
    if name in _AROUND and node.args:
        return text_of(near, file, node.args[0], depth + 1)
    return None


def _bound(near: Resolver, file: Parsed, node: ast.Name | ast.Attribute, depth: int) -> str | None:
    """What a name or an attribute is given, where all that is seen gives one text."""
    found = {
        text
        for home, binding in bindings_of(near, file, node)
        if (text := text_of(near, home, _given(home, binding), depth + 1)) is not None
    }
    return found.pop() if len(found) == 1 else None


def _given(file: Parsed, binding: Binding) -> ast.expr | None:
    """The value of an assignment, or the default of a parameter."""
    if binding.kind is not Binds.PARAMETER:
        return binding.value
    args = file.table.parents[binding.node]
    if isinstance(args, ast.arguments) and isinstance(binding.node, ast.arg):
        return default_of(args, binding.node)
    return None


def bindings_of(
    near: Resolver, file: Parsed, node: ast.Name | ast.Attribute
) -> Iterator[tuple[Parsed, Binding]]:
    """Every place that gives a name or an attribute its value, also in other files."""
    if isinstance(node, ast.Name):
        yield from _named(near, file, file.table.scopes[node], node.id, 0)
        return
    for value in near.values(file, node.value):
        match value:
            case Module():
                yield from _named(near, value.file, value.file.table.module, node.attr, 0)
            case Class() | Made(of=Class()):
                kind = value if isinstance(value, Class) else value.of
                assert isinstance(kind, Class)
                yield from _kept(near, kind, node.attr, 0)


def _named(
    near: Resolver, file: Parsed, scope: Scope, name: str, depth: int
) -> Iterator[tuple[Parsed, Binding]]:
    found = scope.lookup(name)
    for binding in found[1] if found else ():
        if binding.kind is not Binds.IMPORT:
            yield file, binding
        elif depth < _DEPTH:
            yield from _imported(near, file, binding, depth)


def _imported(
    near: Resolver, file: Parsed, binding: Binding, depth: int
) -> Iterator[tuple[Parsed, Binding]]:
    alias, statement = binding.node, file.table.parents[binding.node]
    if not isinstance(statement, ast.ImportFrom) or not isinstance(alias, ast.alias):
        return
    parts, anchored = target_parts(statement, file.path)
    path = near.modules.find(parts, file.path, anchored)
    module = near.modules.get(path) if path else None
    if module is not None and module is not file:
        yield from _named(near, module, module.table.module, alias.name, depth + 1)


def _kept(near: Resolver, kind: Class, name: str, depth: int) -> Iterator[tuple[Parsed, Binding]]:
    bindings = [*kind.scope.attributes.get(name, ()), *kind.scope.names.get(name, ())]
    for binding in bindings:
        if not isinstance(binding.node, Function):
            yield kind.file, binding
    for base in near.bases(kind) if not bindings and depth < _DEPTH else ():
        if isinstance(base, Class):
            yield from _kept(near, base, name, depth + 1)
