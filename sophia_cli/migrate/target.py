"""What the target of a migration offers, read from its source without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from sophia_cli.migrate.spelling import last

_PACKAGES = Path(__file__).resolve().parents[2]


def missing_names(wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of (module, name) that are not there."""
    return {(module, name) for module, name in wanted if name not in offered(module)}


@cache
def offered(module: str) -> frozenset[str]:
    """The public names of a module of this installation; empty where there is no such module."""
    path = module_file(module)
    if path is None:
        return frozenset()
    tree = ast.parse(path.read_bytes())
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(_is_all(target) for target in node.targets):
            return frozenset(ast.literal_eval(node.value))
    return frozenset(_bound(tree))


@cache
def members(module: str, name: str) -> frozenset[str]:
    """The attributes and methods that a class of this installation declares, and its bases."""
    found: set[str] = set()
    for item in _declared(module, name):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found.add(item.target.id)
        elif isinstance(item, ast.Assign):
            found |= {target.id for target in item.targets if isinstance(target, ast.Name)}
        elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(item.name)
    return frozenset(found)


@cache
def nullable(module: str, name: str) -> frozenset[str]:
    """The fields and properties of a class that can be None, by their annotations."""
    found: set[str] = set()
    for item in _declared(module, name):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            if _admits_none(item.annotation):
                found.add(item.target.id)
        elif isinstance(item, ast.FunctionDef) and item.returns and _admits_none(item.returns):
            found.add(item.name)
    return frozenset(found)


def _admits_none(annotation: ast.expr) -> bool:
    """`X | None`, `Optional[X]`, `Union[X, None]`, or nothing that is said."""
    if isinstance(annotation, ast.BinOp):
        return _admits_none(annotation.left) or _admits_none(annotation.right)
    if isinstance(annotation, ast.Subscript):
        name = last(annotation.value)
        inner = annotation.slice
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        return name == "Optional" or (name == "Union" and any(map(_admits_none, parts)))
    if isinstance(annotation, ast.Constant):
        return annotation.value is None
    return last(annotation) == "Any"


def _declared(module: str, name: str) -> Iterator[ast.stmt]:
    """The statements in the body of a class, and of its bases, wherever the module has them from."""
    path = module_file(module)
    for node in ast.parse(path.read_bytes()).body if path else ():
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    yield from _declared(node.module, alias.name)
        elif isinstance(node, ast.ClassDef) and node.name == name:
            yield from node.body
            for base in node.bases:
                if isinstance(base, ast.Name):
                    yield from _declared(module, base.id)


def module_file(module: str) -> Path | None:
    """Where a module of this installation stands."""
    stem = _PACKAGES.joinpath(*module.split("."))
    return next(
        (path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None
    )


def _is_all(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "__all__"


def _bound(tree: ast.Module) -> Iterable[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
