"""Names of modules that code elsewhere binds anew, as tests do: `app.brain = Fake()`."""

from __future__ import annotations

import ast
from collections.abc import Iterable

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
    ends = {name.rpartition(".")[2] for name in known.service.methods}
    for file in files:
        for node in file.table.attributes:
            if isinstance(node.ctx, ast.Load) or node.attr in ends or file.path in known.homes:
                continue
            owner = known.scan.near.one(file, node.value)
            if known.instance(owner) or known.giver(owner):
                return f"{file.path}:{node.lineno}"
    return ""


def read_stubbed(known: Known, files: Iterable[Parsed]) -> str:
    """The first place that puts something in the place of a declared method; "" for none."""
    ends = {name.rpartition(".")[2] for name in known.service.methods}
    for file in files:
        for node in file.table.attributes:
            if isinstance(node.ctx, ast.Load) or node.attr not in ends or file.path in known.homes:
                continue
            for receiver, name in cuts(node):
                owner = known.scan.near.one(file, receiver)
                known_owner = known.instance(owner) or known.giver(owner)
                if name in known.service.methods and known_owner:
                    return f"{file.path}:{node.lineno}"
    return ""
