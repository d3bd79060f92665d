"""Members of old enums in arguments, and what they become."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.left import Left
from sophia_cli.migrate.rules.wrapper.need import need_of
from sophia_cli.migrate.site import Edit, Need
from sophia_cli.migrate.spelling import dotted


@dataclass(frozen=True)
class Member:
    """`TaskKind.REPORT` in an argument, and what it becomes."""

    node: ast.Attribute
    target: str
    member: str

    def edit(self, known: Known, file: Parsed) -> Edit:
        text = f"{self.need(known, file).local}.{self.member}".encode()
        return Edit(file.source.start(self.node), file.source.end(self.node), text)

    def need(self, known: Known, file: Parsed) -> Need:
        return need_of(known, file, self.node, self.target)


def members_in(known: Known, file: Parsed, node: ast.expr) -> Iterator[Member]:
    """The members of declared enums that an argument can be. Raises Left for a lost one.

    Members deeper in an expression are left: what reads them there may be code that stays.
    """
    for part in alternatives(node):
        if not isinstance(part, ast.Attribute) or not dotted(part):
            continue
        enumeration = known.enumeration(file, part.value)
        if enumeration is None:
            continue
        name = f"{enumeration.name}.{part.attr}"
        if part.attr not in enumeration.members:
            raise Left("unknown-member", f"the pack has nothing in the place of {name}")
        yield Member(part, enumeration.target, enumeration.members[part.attr])


def alternatives(node: ast.expr) -> Iterator[ast.expr]:
    """What a conditional expression can be."""
    if isinstance(node, ast.IfExp):
        yield from alternatives(node.body)
        yield from alternatives(node.orelse)
    else:
        yield node


def literal(value: str | int | float | bool) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
