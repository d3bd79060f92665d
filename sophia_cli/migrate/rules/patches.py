"""What tests put in the place of an SDK or a declared service, by a dotted name or as an attribute."""

from __future__ import annotations

import ast
import re

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.sdks import SDKS
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Reason, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.text import text_of
from sophia_cli.migrate.value import Class, Made, Part, Routine, Symbol, Value

_BY_NAME = frozenset({"patch", "setattr", "delattr", "multiple"})
_BY_OBJECT = frozenset({"object", "setattr", "delattr"})
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_KEPT = Reason("patch-kept", "a test puts something in its place: that holds on the service too")
_IDLE = Reason("patch-idle", "a test puts something in its place: nothing asks it once calls move")
_OLD = Reason("patch-moves", "a test puts something in its place: name the new service there")


def find(scan: Scan) -> None:
    """Add a site for each such replacement."""
    for file in scan.files:
        for call in file.table.calls_of(_BY_NAME | _BY_OBJECT):
            if call.args and not _builtin(call):
                _replacement(scan, file, call, last(call.func))


def _builtin(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in ("setattr", "delattr", "object")


def _replacement(scan: Scan, file: Parsed, call: ast.Call, name: str) -> None:
    target = text_of(scan.near, file, call.args[0]) if name in _BY_NAME else None
    if target is not None:
        if _DOTTED.fullmatch(target):
            _note(scan, file, call, target, _meanings(scan, file, target))
    elif name in _BY_OBJECT and len(call.args) > 1:
        attribute = text_of(scan.near, file, call.args[1])
        if attribute:
            owners = scan.near.values(file, call.args[0])
            values = [value for owner in owners for value in scan.near.member(owner, attribute)]
            spelled = f"{ast.unparse(call.args[0])}.{attribute}"
            _note(scan, file, call, spelled, [*values, *_instances(owners)])


def _instances(owners: tuple[Value, ...]) -> list[Value]:
    return [owner for owner in owners if isinstance(owner, Made | Part | Class)]


def _meanings(scan: Scan, file: Parsed, target: str) -> list[Value]:
    """What a dotted name stands for; what is only reached through a client stands for that."""
    parts = tuple(target.split("."))
    found: list[Value] = []
    for length in range(len(parts), 0, -1):
        found += scan.near.dotted(parts[:length], file.path)
        if any(isinstance(value, Symbol | Made | Part | Class) for value in found):
            break
    return found


def _note(scan: Scan, file: Parsed, call: ast.Call, target: str, values: list[Value]) -> None:
    for value in values:
        provider, reason = _judge(scan, value)
        if provider:
            found = Found("patches", Verdict.NOTED, reason, provider, f"patch {target}")
            site_at(scan, file, call, found)
            return


def _judge(scan: Scan, value: Value) -> tuple[str, Reason]:
    """Whose it is that is replaced, and what becomes of the replacement."""
    value = value.of if isinstance(value, Part) else value
    value = value.of if isinstance(value, Made) else value
    if isinstance(value, Class | Routine):
        return _declared(scan, value), _OLD
    if not isinstance(value, Symbol) or "." not in value.name:
        return "", _KEPT
    package = value.name.partition(".")[0]
    if package in ("openai", "anthropic"):
        return package, _KEPT
    family = SDKS.of(value.name)
    if family and any(package in pack.packages for pack in scan.packs):
        return family.provider, _KEPT
    return (family.provider if family and package != "boto3" else ""), _IDLE


def _declared(scan: Scan, value: Class | Routine) -> str:
    """The pack that declares the service whose class or function this is."""
    node = value.scope.node if isinstance(value, Class) else value.node
    name = getattr(node, "name", "")
    for pack in scan.packs:
        for service in pack.services:
            home = scan.modules.find(tuple(service.module.split(".")), "", False)
            if home == value.file.path and name in service.entries:
                return pack.name
    return ""
