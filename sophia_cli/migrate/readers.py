"""Which names of a module other files of the tree read."""

from __future__ import annotations

import ast

from sophia_cli.migrate.importing import import_words
from sophia_cli.migrate.modules import Modules, Parsed, stem_of, target_parts
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.value import Module


def read_elsewhere(
    modules: Modules, near: Resolver, path: str, names: frozenset[str]
) -> frozenset[str]:
    """Those of `names` that another file imports from `path`, or reads as its attributes."""
    found: set[str] = set()
    for other in importers(modules, stem_of(path)) if names else ():
        if other == path or names <= found:
            continue
        file = modules.get(other)
        if file is not None:
            found |= _imported(modules, file, path, names)
            found |= _attributes(near, file, path, names - found)
    return frozenset(found)


def importers(modules: Modules, stem: str) -> list[str]:
    """The files in whose import statements a module's last name stands."""
    if not modules.importing:
        for path in sorted(modules.paths | modules.notebooks):
            for word in import_words(path, modules.read(path) or b""):
                modules.importing.setdefault(word, []).append(path)
    return modules.importing.get(stem.encode(), [])


def _imported(modules: Modules, file: Parsed, path: str, names: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for node in file.table.imports:
        if isinstance(node, ast.ImportFrom):
            parts, anchored = target_parts(node, file.path)
            if modules.find(parts, file.path, anchored) == path:
                found |= {alias.name for alias in node.names}
    stars = {name for name in names if not name.startswith("_")} if "*" in found else set()
    return (found & names) | stars


def _attributes(near: Resolver, file: Parsed, path: str, names: frozenset[str]) -> set[str]:
    return {
        node.attr
        for node in file.table.attributes_of(names)
        if any(
            isinstance(value, Module) and value.file.path == path
            for value in near.values(file, node.value)
        )
    }
