"""Names that are taken by an old import: an alias at first, the name itself once it is free."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scope import Binds
from sophia_cli.migrate.site import Edit, Need


def alias_for(file: Parsed, use: ast.expr, module: str, name: str) -> str:
    """The alias to import a name under, where an import of another module has it; else ""."""
    found = file.table.scopes[use].lookup(name)
    if found is None or any(binding.kind is not Binds.IMPORT for binding in found[1]):
        return ""
    for binding in found[1]:
        statement = file.table.parents[binding.node]
        if not isinstance(statement, ast.ImportFrom) or statement.module != module:
            return f"New{name}" if name[:1].isupper() else f"new_{name}"
    return ""


def settle(file: Parsed, needs: Iterable[Need]) -> bytes:
    """The file with every alias replaced by its name, where nothing else has that name any more."""
    edits: list[Edit] = []
    for alias, name in sorted({(need.alias, need.name) for need in needs if need.alias}):
        if not _taken(file, name):
            edits += _renamed(file, alias, name)
    return file.source.rewrite(edits)


def _taken(file: Parsed, name: str) -> bool:
    bound = any(name in scope.names for scope in file.table.own.values())
    return bound or any(node.id == name for node in file.table.names)


def _renamed(file: Parsed, alias: str, name: str) -> list[Edit]:
    source = file.source
    return [
        Edit(source.start(node), source.end(node), name.encode())
        for node in file.table.parents
        if (isinstance(node, ast.alias) and (node.asname, node.name) == (alias, name))
        or (isinstance(node, ast.Name) and node.id == alias)
    ]
