"""What the target of a migration offers, read from its source without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

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
    """The attributes and methods that a class of this installation declares, and its bases beside it."""
    path = module_file(module)
    body = ast.parse(path.read_bytes()).body if path else []
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    found: set[str] = set()
    names = [name]
    while names:
        node = classes.get(names.pop())
        for item in node.body if node else ():
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                found.add(item.target.id)
            elif isinstance(item, ast.Assign):
                found |= {target.id for target in item.targets if isinstance(target, ast.Name)}
            elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(item.name)
        names += [base.id for base in (node.bases if node else ()) if isinstance(base, ast.Name)]
    return frozenset(found)


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
