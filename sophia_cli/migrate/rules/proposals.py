"""Classes that wrap an SDK: proposed for a rule pack, as their users could call the service instead."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from sophia_cli.migrate.modules import Parsed, stem_of
from sophia_cli.migrate.readers import importers
from sophia_cli.migrate.rules.sdks import SDKS
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.scope import Function, Scope
from sophia_cli.migrate.site import Category, Reason, Site, Verdict
from sophia_cli.migrate.value import Class, Made, Symbol, Value

_SHOWN = 3


def propose(scan: Scan) -> None:
    """Add a site for each class that holds a client and has methods that call it."""
    calls: dict[str, list[Site]] = defaultdict(list)
    for site in scan.sites:
        if _is_call(site):
            calls[site.path].append(site)
    for file in scan.files:
        wrapped: dict[ast.ClassDef, list[Site]] = defaultdict(list)
        for site in calls.get(file.path, ()):
            if (owner := _class_around(file, site.line)) is not None:
                wrapped[owner].append(site)
        for owner, sites in wrapped.items():
            _propose(scan, file, owner, sites)


def _is_call(site: Site) -> bool:
    """Whether a site is a call with an answer, in code that is in use."""
    told = site.verdict in (Verdict.REPORT, Verdict.CARRIED)
    return told and bool(site.use.result) and site.category is Category.SOURCE


def _class_around(file: Parsed, line: int) -> ast.ClassDef | None:
    around = [
        node
        for node in file.table.own
        if isinstance(node, ast.ClassDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def _propose(scan: Scan, file: Parsed, owner: ast.ClassDef, sites: list[Site]) -> None:
    held = _held(scan, file, file.table.own[owner])
    sent = any(site.rule == "raw_http" for site in sites)
    methods = list(dict.fromkeys(_methods(owner, sites)))
    if not (held or sent) or not methods or _declared(scan, file, owner.name):
        return
    providers = sorted({site.endpoint or site.provider for site in sites})
    names = ", ".join(methods[:_SHOWN]) + (", ..." if len(methods) > _SHOWN else "")
    words = f"wraps {', '.join(providers)} in {names}; {_used(_users(scan, file, owner.name))}"
    found = Found(
        rule="wrapper_proposed",
        verdict=Verdict.NOTED,
        reason=Reason("wrapper-proposed", words),
        provider=providers[0],
        operation=f"class {owner.name}",
    )
    site_at(scan, file, owner, found)


def _used(users: int) -> str:
    if not users:
        return "no other file names it"
    count = "1 other file names it" if users == 1 else f"{users} other files name it"
    return f"{count}, a pack can move them: sophia migrate --pack FILE"


def _held(scan: Scan, file: Parsed, scope: Scope) -> bool:
    """Whether an instance keeps the client of an SDK in an attribute, its base classes' among them."""
    mine = Made(Class(file, scope), file)
    bindings = [*scope.attributes.values(), *scope.names.values()]
    for group in bindings:
        for binding in group:
            if any(_is_client(value) for value in scan.far.binding(file, binding)):
                return True
    inherited = {node.attr for node in file.table.attributes} - set(scope.attributes)
    names = sorted(name for name in inherited if "client" in name or "llm" in name)
    return any(_is_client(value) for name in names for value in scan.far.member(mine, name))


def _is_client(value: Value) -> bool:
    if not isinstance(value, Made) or not isinstance(value.of, Symbol):
        return False
    package = value.of.name.partition(".")[0]
    return package in ("openai", "anthropic") or SDKS.of(value.of.name) is not None


def _methods(owner: ast.ClassDef, sites: list[Site]) -> Iterator[str]:
    for node in owner.body:
        if isinstance(node, Function) and any(
            node.lineno <= site.line <= (node.end_lineno or 0) for site in sites
        ):
            yield node.name


def _declared(scan: Scan, file: Parsed, name: str) -> bool:
    """Whether a pack knows the class already."""
    return any(
        name == service.name
        and scan.modules.find(tuple(service.module.split(".")), "", False) == file.path
        for pack in scan.packs
        for service in pack.services
    )


def _users(scan: Scan, file: Parsed, name: str) -> int:
    """How many other files import its module, or a package on the way, and name the class."""
    word = re.compile(rf"\b{re.escape(name)}\b".encode())
    folder = file.path.rpartition("/")[0].rpartition("/")[2]
    stems = [stem for stem in (stem_of(file.path), folder) if stem]
    paths = dict.fromkeys(path for stem in stems for path in importers(scan.modules, stem))
    return sum(
        1 for path in paths if path != file.path and word.search(scan.modules.read(path) or b"")
    )
