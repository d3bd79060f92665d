"""Names of modules that code elsewhere binds anew, as tests do: `app.brain = Fake()`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.chain import cuts
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.value import Module, Symbol

# The place, by the file or package and the name in it.
Replaced = dict[tuple[str, str], str]


def read_replaced(scan: Scan) -> Replaced:
    """Every `module.name = value` of the files that matter."""
    found: Replaced = {}
    for file in scan.files:
        for node in file.table.attributes:
            if isinstance(node.ctx, ast.Load):
                continue
            owner = scan.near.one(file, node.value)
            home = owner.file.path if isinstance(owner, Module) else ""
            home = owner.name if isinstance(owner, Symbol) else home
            if home:
                found.setdefault((home, node.attr), f"{file.path}:{node.lineno}")
    return found


def read_set(known: Known, files: Iterable[Parsed]) -> str:
    """The first place that sets a field of an instance or of its class; "" for none."""
    ends = _ends(known)
    for place, node, file in _set(known, files):
        if node.attr not in ends and _is_ours(known, file, node.value):
            return place
    return ""


def read_stubbed(known: Known, files: Iterable[Parsed]) -> str:
    """The first place that puts something in the place of a declared method; "" for none."""
    ends = _ends(known)
    for place, node, file in _set(known, files):
        for receiver, name in cuts(node) if node.attr in ends else ():
            if name in known.service.methods and _is_ours(known, file, receiver):
                return place
    return ""


def _set(known: Known, files: Iterable[Parsed]) -> Iterator[tuple[str, ast.Attribute, Parsed]]:
    """Every attribute that is set outside of the old code, its place before it."""
    for file in files:
        for node in file.table.attributes if file.path not in known.homes else ():
            if not isinstance(node.ctx, ast.Load):
                yield f"{file.path}:{node.lineno}", node, file


def _ends(known: Known) -> set[str]:
    """The last names of the declared methods."""
    return {name.rpartition(".")[2] for name in known.service.methods}


def _is_ours(known: Known, file: Parsed, node: ast.expr) -> bool:
    owner = known.scan.near.one(file, node)
    return known.instance(owner) or known.giver(owner)
