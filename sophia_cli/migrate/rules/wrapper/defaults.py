"""What the old code took where a call says nothing, for the call to say it from now on."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.pack import Method
from sophia_cli.migrate.rules.wrapper.identity import Known
from sophia_cli.migrate.rules.wrapper.left import Left
from sophia_cli.migrate.rules.wrapper.members import literal, members_in
from sophia_cli.migrate.rules.wrapper.need import need_of
from sophia_cli.migrate.rules.wrapper.signature import Signature
from sophia_cli.migrate.site import Need, Reason


@dataclass
class Defaults:
    """By the new argument: its text, what that needs, or why it cannot be told."""

    texts: dict[str, str] = field(default_factory=dict)
    needs: dict[str, Need] = field(default_factory=dict)
    doubts: dict[str, Reason] = field(default_factory=dict)


def read_defaults(
    known: Known, file: Parsed, call: ast.Call, method: Method, signature: Signature | None
) -> Defaults:
    """The defaults that the pack asks for, read in the old code."""
    found = Defaults()
    for old in method.defaults:
        new = method.arguments[old]
        node = signature.defaults.get(old) if signature else None
        if signature is not None and (node is None or _is(node, None)):
            continue  # it had to be given, or is the same as not given
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
            value = known.service.tasks.get(str(node.value), node.value)
            found.texts[new] = literal(value)
        elif (
            signature is None
            or node is None
            or not _member(known, file, call, signature, node, new, found)
        ):
            words = f"what {old} was where a call says nothing cannot be seen"
            found.doubts[new] = Reason("default-unseen", words)
    return found


def _is(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _member(
    known: Known,
    file: Parsed,
    call: ast.Call,
    signature: Signature,
    node: ast.expr,
    new: str,
    found: Defaults,
) -> bool:
    """A member of a declared enum; whether it is one that has a place."""
    try:
        members = list(members_in(known, signature.file, node))
    except Left:
        return False
    if len(members) != 1 or members[0].node is not node:
        return False
    need = need_of(known, file, call.func, members[0].target)
    found.needs[new] = need
    found.texts[new] = f"{need.local}.{members[0].member}"
    return True
