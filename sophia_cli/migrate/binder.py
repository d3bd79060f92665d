"""Reads the scopes of a file: one pass over its tree, without recursion."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from typing import Any

from sophia_cli.migrate.scope import Binding, Binds, Function, Scope, Table, class_of

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SKIPPED = frozenset({"ctx", "op", "ops", "type_comment", "kind", "type_ignores", "attr", "arg"})
_SKIPPED |= {"module", "level", "asname", "simple", "conversion", "is_async", "kwd_attrs", "rest"}


def build(tree: ast.Module) -> Table:
    """Read the scopes of a tree in one pass."""
    module = Scope(tree, None)
    table = Table(tree, module)
    table.own[tree] = module
    parents, scopes = table.parents, table.scopes
    scope = module
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        kind = node.__class__
        # two nodes of three are one of these, and need no look at their fields
        if kind is ast.Name:
            scopes[node] = scope
            if node.ctx.__class__ is ast.Load:
                table.names.append(node)
        elif kind is ast.Constant:
            if node.value.__class__ is str:
                scopes[node] = scope
                table.strings.append(node)
        elif kind is ast.Attribute:
            scopes[node] = scope
            table.attributes.append(node)
            parents[node.value] = node
            stack.append(node.value)
        elif kind is Scope:  # what follows on the stack is in another one
            scope = node
        else:
            handler = _HANDLERS.get(kind)
            inner = handler(table, node, scope) if handler is not None else None
            if inner is None:
                for name in _fields(kind):
                    _push(stack, parents, node, getattr(node, name))
            else:
                _push_scoped(stack, parents, node, scope, inner)
    return table


def _push(stack: list[Any], parents: dict[ast.AST, ast.AST], node: ast.AST, value: Any) -> None:
    """Put what a field holds on the stack, the first of it on top."""
    if value.__class__ is list:
        for part in reversed(value):
            if isinstance(part, ast.AST):
                parents[part] = node
                stack.append(part)
    elif isinstance(value, ast.AST):
        parents[value] = node
        stack.append(value)


def _push_scoped(
    stack: list[Any], parents: dict[ast.AST, ast.AST], node: Any, outer: Scope, inner: Scope
) -> None:
    """The same for a node that opens a scope, of whose fields some are still outside."""
    every = isinstance(node, _COMPREHENSIONS)
    for name in _fields(node.__class__):
        inside = every or name in ("body", "type_params")
        if inside:
            stack.append(outer)
        _push(stack, parents, node, getattr(node, name))
        if inside:
            stack.append(inner)


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The fields of a node that hold nodes, the last first: what is put on a stack first is met last."""
    fields = [name for name in kind._fields if name not in _SKIPPED]  # type: ignore[attr-defined]
    # generators of a comprehension are evaluated before what they make
    return tuple(reversed(sorted(fields, key=lambda name: name != "generators")))


def bind(scope: Scope, name: str, binding: Binding) -> None:
    """Enter a binding where the name lives: `global` and `nonlocal` are followed."""
    target = scope.elsewhere.get(name, scope)
    target.names.setdefault(name, []).append(binding)


def targets(
    scope: Scope,
    target: ast.expr,
    value: ast.expr | None,
    kind: Binds,
    annotation: ast.expr | None = None,
) -> None:
    """Enter what an assignment binds, taking tuples apart where both sides have one shape."""
    if isinstance(target, ast.Name):
        bind(scope, target.id, Binding(kind, target, scope, value, annotation))
    elif isinstance(target, ast.Attribute):
        _attribute(scope, target, Binding(kind, target, scope, value, annotation))
    elif isinstance(target, ast.Starred):
        targets(scope, target.value, None, Binds.OTHER)
    elif isinstance(target, ast.Tuple | ast.List):
        parts = _parts(target, value)
        for item, part in zip(target.elts, parts, strict=True):
            targets(scope, item, part, kind if part is not None else Binds.OTHER)


def _parts(target: ast.Tuple | ast.List, value: ast.expr | None) -> list[ast.expr | None]:
    whole = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
    if not whole or any(isinstance(item, ast.Starred) for item in [*target.elts, *value.elts]):  # type: ignore[union-attr]
        return [None] * len(target.elts)
    return list(value.elts)  # type: ignore[union-attr]


def _attribute(scope: Scope, target: ast.Attribute, binding: Binding) -> None:
    """`self.name = value` belongs to the class around the method."""
    if not isinstance(target.value, ast.Name):
        return
    owner = class_of(scope, target.value.id)
    if owner is not None:
        owner.attributes.setdefault(target.attr, []).append(binding)


def _enter(table: Table, node: ast.AST, scope: Scope) -> Scope:
    inner = Scope(node, scope)
    table.own[node] = inner
    return inner


def _function(table: Table, node: ast.AST, scope: Scope) -> Scope:
    assert isinstance(node, Function)
    bind(scope, node.name, Binding(Binds.FUNCTION, node, scope))
    table.scopes[node] = scope
    inner = _enter(table, node, scope)
    _parameters(table, node.args, inner, scope)
    if node.returns is not None:
        table.annotations.add(node.returns)
    return inner


def _parameters(table: Table, args: ast.arguments, inner: Scope, outer: Scope) -> None:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    every += [arg for arg in (args.vararg, args.kwarg) if arg is not None]
    for arg in every:
        binding = Binding(Binds.PARAMETER, arg, outer, annotation=arg.annotation)
        if arg is args.vararg or arg is args.kwarg:
            binding = Binding(Binds.OTHER, arg, outer)
        inner.names.setdefault(arg.arg, []).append(binding)
        if arg.annotation is not None:
            table.annotations.add(arg.annotation)


def _lambda(table: Table, node: ast.AST, scope: Scope) -> Scope:
    assert isinstance(node, ast.Lambda)
    inner = _enter(table, node, scope)
    _parameters(table, node.args, inner, scope)
    return inner


def _class(table: Table, node: ast.AST, scope: Scope) -> Scope:
    assert isinstance(node, ast.ClassDef)
    bind(scope, node.name, Binding(Binds.CLASS, node, scope))
    table.scopes[node] = scope
    return _enter(table, node, scope)


def _comprehension(table: Table, node: ast.AST, scope: Scope) -> Scope:
    inner = _enter(table, node, scope)
    for part in node.generators:  # type: ignore[attr-defined]
        targets(inner, part.target, None, Binds.OTHER)
    return inner


def _import(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Import | ast.ImportFrom)
    table.imports.append(node)
    for alias in node.names:
        if alias.name == "*":
            scope.stars.append(node)  # type: ignore[arg-type]
            continue
        plain = alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name
        table.parents[alias] = node
        bind(scope, alias.asname or plain, Binding(Binds.IMPORT, alias, scope))


def _assign(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Assign)
    for target in node.targets:
        targets(scope, target, node.value, Binds.ASSIGN)


def _annotated(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.AnnAssign)
    table.annotations.add(node.annotation)
    kind = Binds.ASSIGN if node.value is not None else Binds.DECLARED
    targets(scope, node.target, node.value, kind, node.annotation)


def _walrus(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.NamedExpr)
    while isinstance(scope.node, _COMPREHENSIONS) and scope.parent is not None:
        scope = scope.parent
    targets(scope, node.target, node.value, Binds.ASSIGN)


def _other(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.For | ast.AsyncFor | ast.AugAssign)
    targets(scope, node.target, None, Binds.OTHER)


def _delete(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Delete)
    for target in node.targets:
        targets(scope, target, None, Binds.OTHER)


def _with(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.With | ast.AsyncWith)
    for item in node.items:
        if item.optional_vars is not None:
            targets(scope, item.optional_vars, item.context_expr, Binds.WITH)


def _named(table: Table, node: ast.AST, scope: Scope) -> None:
    name = getattr(node, "name", None) or getattr(node, "rest", None)
    if isinstance(name, str):
        bind(scope, name, Binding(Binds.OTHER, node, scope))


def _declare(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Global | ast.Nonlocal)
    for name in node.names:
        home: Scope | None = scope.module()
        if isinstance(node, ast.Nonlocal):
            found = scope.parent.lookup(name) if scope.parent else None
            # what is bound further down is not known yet: then it is the function around
            home = found[0] if found and found[0].parent else scope.parent
        if home is not None and home is not scope:
            scope.elsewhere[name] = home


def _call(table: Table, node: Any, scope: Scope) -> None:
    table.scopes[node] = scope
    table.calls.append(node)


def _return(table: Table, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Return)
    if node.value is not None:
        table.returns.setdefault(scope.node, []).append(node.value)


_Handler = Callable[[Table, ast.AST, Scope], Scope | None]
_HANDLERS: dict[type, _Handler] = {
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Lambda: _lambda,
    ast.ClassDef: _class,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.NamedExpr: _walrus,
    ast.For: _other,
    ast.AsyncFor: _other,
    ast.AugAssign: _other,
    ast.Delete: _delete,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.ExceptHandler: _named,
    ast.MatchAs: _named,
    ast.MatchStar: _named,
    ast.MatchMapping: _named,
    ast.Global: _declare,
    ast.Nonlocal: _declare,
    ast.Call: _call,
    ast.Return: _return,
}
