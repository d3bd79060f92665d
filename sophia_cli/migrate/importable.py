"""Whether a module of the tree can be imported at all: what it imports from the tree has to be there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sophia_cli.migrate.modules import Modules, Parsed, target_parts
from sophia_cli.migrate.spelling import last

_MISSES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def broken_import(modules: Modules, module: str) -> str:
    """What would go wrong on the import of a dotted name; "" where nothing is seen to.

    Only what the module itself imports of its own package is looked for.
    """
    parts = tuple(module.split("."))
    path = modules.find(parts, "", False)
    if path is None:
        return f"{module} is not in this tree" if modules.folder(parts[:1], "") else ""
    file = modules.get(path)
    if file is None:
        return f"{path} does not parse" if path in modules.broken else ""
    for statement in file.source.tree.body:
        for wanted, anchored in _wanted(file, statement):
            ours = anchored or wanted[:1] == parts[:1]
            if ours and not _is_there(modules, file, wanted, anchored):
                name = ".".join(wanted)
                return f"{path}:{statement.lineno} imports {name}, which is not there"
    return ""


def _wanted(file: Parsed, statement: ast.stmt) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The modules that a statement imports, when nothing decides about it and nothing catches it."""
    if isinstance(statement, ast.ImportFrom):
        parts, anchored = target_parts(statement, file.path)
        if parts:
            yield parts, anchored
    elif isinstance(statement, ast.Import):
        for alias in statement.names:
            yield tuple(alias.name.split(".")), False


def _is_there(modules: Modules, file: Parsed, parts: tuple[str, ...], anchored: bool) -> bool:
    if modules.find(parts, file.path, anchored) or modules.folder(parts, file.path):
        return True
    return bool(modules.candidates.get(parts))  # in two places equally near


def is_guarded(file: Parsed, statement: ast.stmt) -> bool:
    """Whether code goes on where an import fails."""
    child: ast.AST = statement
    for node in file.table.ancestors(statement):
        if isinstance(node, ast.Try) and child in node.body:
            for handler in node.handlers:
                kinds = handler.type
                every = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
                if any(kind is None or last(kind) in _MISSES for kind in every):
                    return True
        child = node
    return False
