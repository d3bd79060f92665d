"""Turns a tree into sites and, for each file that changes, its bytes before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sophia_cli.migrate.aliases import settle
from sophia_cli.migrate.callers import Callers
from sophia_cli.migrate.change import Change, Choice, Plan
from sophia_cli.migrate.discover import Tree, Unseen
from sophia_cli.migrate.groups import level, spread
from sophia_cli.migrate.imports import Unplaceable, add_imports
from sophia_cli.migrate.modules import Modules, Parsed, load
from sophia_cli.migrate.owners import read_owners
from sophia_cli.migrate.pack import Pack
from sophia_cli.migrate.parts import part_of
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.retire import retire_imports
from sophia_cli.migrate.rules import RULES
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Category, Reason, Site, Verdict
from sophia_cli.migrate.source import Unreadable
from sophia_cli.migrate.stand_ins import read_stand_ins

SDKS = frozenset({"openai", "anthropic"})


def make_scan(
    tree: Tree, packs: tuple[Pack, ...] = (), advance: Callable[[int], None] = lambda steps: None
) -> Scan:
    """Parse the hits and let every rule look at them."""
    pages = set(tree.pages)
    modules = Modules(frozenset(tree.python), tree.read)
    files = []
    for path in tree.hits:
        if path not in pages and (file := modules.get(path)) is not None:
            files.append(file)
        advance(1)
    near = Resolver(modules)
    tests = tuple(file for file in files if tree.categories[file.path] is Category.TEST)
    scan = Scan(
        modules=modules,
        files=tuple(files),
        categories=tree.categories,
        pages={path: data for path, data in tree.hits.items() if path in pages},
        near=near,
        far=Resolver(modules, eager=True, callers=Callers(tuple(files))),
        stand_ins=read_stand_ins(tests, near, SDKS | _packed(packs)),
        packs=packs,
        owners=read_owners(tree.root),
    )
    return run_rules(scan)


def _packed(packs: tuple[Pack, ...]) -> frozenset[str]:
    return frozenset(service.module for pack in packs for service in pack.services)


def scan_again(scan: Scan, files: Mapping[str, Parsed]) -> Scan:
    """Let every rule look at rewritten files, among the others as they were."""
    modules = Modules(scan.modules.paths, scan.modules.read, {**scan.modules.parsed, **files})
    again = tuple(files[path] for path in sorted(files))
    fresh = replace(
        scan,
        modules=modules,
        files=again,
        pages={},
        near=Resolver(modules),
        far=Resolver(modules, eager=True, callers=Callers(again)),
        constructors={},
        sites=[],
    )
    return run_rules(fresh)


def run_rules(scan: Scan) -> Scan:
    """Let every rule look, then say of each file with a site whose it is and where it belongs."""
    for rule in RULES:
        rule(scan)
    files = {site.path: site.category for site in scan.sites}
    owners = {path: scan.owners.of(path) for path in files}
    parts = {path: part_of(path, category) for path, category in files.items()}
    scan.sites[:] = [
        replace(site, owner=owners[site.path], part=parts[site.path]) for site in scan.sites
    ]
    return scan


def list_sites(scan: Scan, tree: Tree) -> Plan:
    """Every site in order, and what was not looked at; without a change."""
    sites = sorted(scan.sites, key=lambda site: (*site.key, site.rule, site.operation))
    broken = tuple(Unseen(path, scan.modules.broken[path]) for path in sorted(scan.modules.broken))
    return Plan(tuple(sites), (), tree.unseen, broken)


def make_plan(scan: Scan, tree: Tree, choice: Choice) -> Plan:
    """Compute the edits of the sites that the choice takes."""
    found = list_sites(scan, tree)
    sites, changes = _changes(scan, level(found.sites, choice.editable), choice)
    return replace(found, sites=tuple(sites), changes=changes)


def _changes(
    scan: Scan, sites: list[Site], choice: Choice
) -> tuple[list[Site], tuple[Change, ...]]:
    taken: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        if choice.takes(site):
            taken[site.path].append(site)
    changes: list[Change] = []
    failed: dict[str, Reason] = {}
    for path, chosen in sorted(taken.items()):
        file = scan.modules.parsed[path]
        try:
            after = rewrite(scan, file, chosen)
        except (Unplaceable, Unreadable, ValueError) as error:
            failed[path] = Reason("edits-clash", str(error))
            continue
        if after != file.source.data:
            groups = dict.fromkeys(group for site in chosen for group in site.groups)
            changes.append(Change(path, file.source.data, after, tuple(groups)))
    failed = spread(failed, [site for chosen in taken.values() for site in chosen])
    kept = tuple(change for change in changes if change.path not in failed)
    return withdraw(sites, failed, choice), kept


def rewrite(scan: Scan, file: Parsed, sites: Iterable[Site]) -> bytes:
    """The file with the edits of the sites, without imports that then are unused.

    Raises Unplaceable, Unreadable or ValueError where the edits clash.
    """
    sites = list(sites)
    edits = dict.fromkeys(edit for site in sites for edit in site.edits)
    needs = [need for site in sites for need in site.needs]
    after = file.source.rewrite([*edits, *add_imports(file, needs)])
    retired = {name for site in sites for name in site.retired}
    if not retired:
        return after
    after = retire_imports(
        load(file.path, after), retired, lambda names: scan.read_from(file.path, names)
    )
    aliased = any(need.alias for need in needs)
    return settle(load(file.path, after), needs) if aliased else after


def withdraw(sites: Iterable[Site], failed: Mapping[str, Reason], choice: Choice) -> list[Site]:
    """Sites of files that cannot be rewritten after all are only reported."""
    return [
        (
            replace(site, verdict=Verdict.REPORT, reason=failed[site.path], edits=(), needs=())
            if site.path in failed and choice.takes(site)
            else site
        )
        for site in sites
    ]
