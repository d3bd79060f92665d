"""Turns a tree into sites and, for each file that changes, its bytes before and after."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from sophia_cli.migrate.aliases import settle
from sophia_cli.migrate.batches import in_batch, narrow
from sophia_cli.migrate.callers import Callers
from sophia_cli.migrate.change import Change, Choice, Plan
from sophia_cli.migrate.discover import Tree, Unseen
from sophia_cli.migrate.groups import level, spread
from sophia_cli.migrate.imports import Unplaceable, add_imports
from sophia_cli.migrate.live import with_live
from sophia_cli.migrate.modules import Modules, Parsed
from sophia_cli.migrate.owners import read_owners
from sophia_cli.migrate.page import Block, load_views
from sophia_cli.migrate.parts import part_of
from sophia_cli.migrate.requirements import needed, read_requirements
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.retire import retire_imports
from sophia_cli.migrate.rules import MAKERS, PACKAGES, RULES
from sophia_cli.migrate.rules.calls import hand_in
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Category, Need, Reason, Site, Verdict, outweigh
from sophia_cli.migrate.source import Unreadable
from sophia_cli.migrate.stand_ins import StandIns, read_stand_ins

if TYPE_CHECKING:
    from sophia_cli.migrate.pack import Pack

SDKS = frozenset({"openai", "anthropic"})


def make_scan(
    tree: Tree, packs: tuple[Pack, ...] = (), advance: Callable[[int], None] = lambda steps: None
) -> Scan:
    """Parse the hits and let every rule look at them."""
    scan = _parse(tree, tuple(tree.hits), packs, advance)
    categories = with_live(scan.modules, tree.categories)
    tests = tuple(file for file in scan.files if categories[file.path] is Category.TEST)
    stand_ins = read_stand_ins(tests, scan.near, SDKS | _packed(packs))
    return run_rules(replace(scan, categories=categories, stand_ins=stand_ins))


def settle_live(tree: Tree) -> tuple[Tree, dict[str, str]]:
    """The same tree with the categories that no share can tell alone, and what did not parse for them."""
    modules = _modules(tree)
    categories = with_live(modules, tree.categories, keep=False)
    settled = replace(tree, categories=dict(categories), followed=frozenset(modules.asked))
    return settled, modules.broken


def scan_share(
    tree: Tree,
    share: tuple[str, ...],
    stand_ins: StandIns,
    parsed: Mapping[str, Parsed] = MappingProxyType({}),
) -> Scan:
    """Let every rule look at some of the hits; of the others only what a name leads to is parsed.

    Clients that are passed in are not settled: what makes them may stand in another share.
    """
    scan = replace(_parse(tree, share, parsed=parsed), stand_ins=stand_ins)
    for rule in RULES:
        rule(scan)
    return place_sites(scan)


def find_stand_ins(tree: Tree, share: tuple[str, ...]) -> StandIns:
    """What some tests replace."""
    scan = _parse(tree, share)
    found = read_stand_ins(scan.files, scan.near, SDKS)
    scan.release()
    return found


def _parse(
    tree: Tree,
    share: tuple[str, ...],
    packs: tuple[Pack, ...] = (),
    advance: Callable[[int], None] = lambda steps: None,
    parsed: Mapping[str, Parsed] = MappingProxyType({}),
) -> Scan:
    """The files that rules look at, among all hits; some may be parsed already."""
    pages, queries, code = set(tree.pages), set(tree.queries), _code(tree)
    modules = _modules(tree, parsed)
    files = []
    for path in share:
        if path not in pages | queries and (file := modules.get(path)) is not None:
            files.append(file)
        advance(1)

    @cache
    def calling(name: str) -> list[Parsed]:
        word = name.encode()
        call = re.compile((rb"\b" if name.isascii() else b"") + re.escape(word) + rb"\s*[(\\#]")
        paths = [p for p in code if word in tree.hits[p] and call.search(tree.hits[p])]
        return [file for path in paths if (file := modules.get(path)) is not None]

    return Scan(
        modules=modules,
        files=tuple(files),
        categories=tree.categories,
        pages={path: tree.hits[path] for path in share if path in pages},
        near=Resolver(modules),
        far=Resolver(modules, eager=True, callers=Callers(calling)),
        stand_ins=StandIns(),
        packs=packs,
        owners=read_owners(tree.root),
        queries={path: tree.hits[path] for path in share if path in queries},
        packages=PACKAGES | _tops(packs),
        requirements=read_requirements(tree.root, tree.hits, needed(packs)),
        makers=MAKERS,
        others=set(code) - set(share),
    )


def _code(tree: Tree) -> tuple[str, ...]:
    aside = {*tree.pages, *tree.queries}
    return tuple(path for path in tree.hits if path not in aside)


def _modules(tree: Tree, parsed: Mapping[str, Parsed] = MappingProxyType({})) -> Modules:
    return Modules(
        frozenset(tree.python),
        tree.read,
        dict(parsed),
        importing=tree.importing,
        notebooks=frozenset(tree.notebooks),
        hits=tree.followed.union(_code(tree)),
    )


def _tops(packs: tuple[Pack, ...]) -> frozenset[str]:
    """What the names that packs declare begin with."""
    return frozenset(module.partition(".")[0] for pack in packs for module, _ in pack.entries)


def _packed(packs: tuple[Pack, ...]) -> frozenset[str]:
    services = {service.module for pack in packs for service in pack.services}
    return frozenset(services).union(*(pack.packages for pack in packs))


def scan_again(
    scan: Scan, files: Mapping[str, Parsed], pages: Mapping[str, bytes] = MappingProxyType({})
) -> Scan:
    """Let every rule look at rewritten files and pages, among the others as they were."""
    modules = Modules(
        scan.modules.paths,
        scan.modules.read,
        {**scan.modules.parsed, **files},
        notebooks=scan.modules.notebooks,
        hits=scan.modules.hits,
    )
    again = tuple(files[path] for path in sorted(files))
    fresh = replace(
        scan,
        modules=modules,
        files=again,
        pages=pages,
        near=Resolver(modules),
        far=Resolver(modules, eager=True, callers=Callers(lambda name: again)),
        constructors={},
        sites=[],
        blocks={},
        queries={},
    )
    return run_rules(fresh)


def _drop_told(scan: Scan) -> None:
    """What a pack says of a place stands; a rule that only tells of the same place is not needed."""
    packed = {site.key for site in scan.sites if site.rule == "wrapper"}
    scan.sites[:] = [
        site
        for site in scan.sites
        if site.rule == "wrapper" or site.verdict is not Verdict.REPORT or site.key not in packed
    ]


def run_rules(scan: Scan) -> Scan:
    """Let every rule look."""
    for rule in RULES:
        rule(scan)
    scan.sites[:] = settle_handed_in(scan.sites, scan.constructors.values(), scan.pages)
    _drop_told(scan)
    return place_sites(scan)


def settle_handed_in(
    sites: Iterable[Site], made: Iterable[Site], pages: Container[str]
) -> list[Site]:
    """Say what becomes of clients that are passed in, once all that is made is known."""
    sites = list(sites)
    code = hand_in((site for site in sites if site.path not in pages), made)
    return [next(code) if site.path not in pages else site for site in sites]


def place_sites(scan: Scan) -> Scan:
    """Say of each file with a site whose it is and where it belongs."""
    files = {site.path: site.category for site in scan.sites}
    owners = {path: scan.owners.of(path) for path in files}
    parts = {path: part_of(path, category) for path, category in files.items()}
    scan.sites[:] = [
        replace(site, owner=owners[site.path], part=parts[site.path]) for site in scan.sites
    ]
    return scan


def list_sites(tree: Tree, sites: Iterable[Site], broken: Mapping[str, str]) -> Plan:
    """Every site in order, and what was not looked at; without a change."""
    ranked = sorted(sites, key=lambda site: (*site.key, site.rule, site.operation))
    unread = tuple(
        Unseen(path, reason, may_call=path in tree.hits) for path, reason in sorted(broken.items())
    )
    return Plan(tuple(ranked), (), tree.unseen, unread)


def make_plan(scan: Scan, tree: Tree, choice: Choice) -> Plan:
    """Compute the edits of the sites that the choice takes."""
    if choice.shim:
        from sophia_cli.migrate.shims.find import find_shims  # much, and seldom asked for

        find_shims(scan)
        place_sites(scan)
    found = list_sites(tree, scan.sites, scan.modules.broken)
    sites = narrow(level(found.sites, choice.editable), choice.moves, choice.wants)
    if choice.batch:
        sites = narrow(sites, choice.moves, lambda site: in_batch(site, choice.batch), choice.batch)
    sites, changes = _changes(scan, sites, choice)
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
        before = scan.views(path)[0].source.data
        try:
            after = rewrite(scan, path, chosen)
        except (Unplaceable, Unreadable, ValueError) as error:
            failed[path] = Reason("edits-clash", str(error))
            continue
        if after != before:
            groups = dict.fromkeys(group for site in chosen for group in site.groups)
            changes.append(Change(path, before, after, tuple(groups)))
    failed = spread(failed, [site for chosen in taken.values() for site in chosen])
    kept = tuple(change for change in changes if change.path not in failed)
    return withdraw(sites, failed, choice), kept


def rewrite(scan: Scan, path: str, sites: Iterable[Site]) -> bytes:
    """The file, or the page, with the edits of the sites, without imports that then are unused.

    Raises Unplaceable, Unreadable or ValueError where the edits clash.
    """
    views, sites = scan.views(path), list(sites)
    edits = dict.fromkeys(edit for site in sites for edit in site.edits)
    parts = [[site for site in sites if _stands_in(view, site)] for view in views]
    needs = [[need for site in part for need in site.needs] for part in parts]
    imports = [
        edit for view, own in zip(views, needs, strict=True) for edit in add_imports(view, own)
    ]
    after = views[0].source.rewrite([*edits, *imports])
    for index, part in enumerate(parts):
        retired = {name for site in part for name in site.retired}
        if retired:
            after = _tidied(scan, path, after, index, retired, needs[index])
    return after


def _tidied(
    scan: Scan, path: str, after: bytes, index: int, retired: set[str], needs: list[Need]
) -> bytes:
    """A file without the imports that one of its views does not read any more."""
    elsewhere = partial(scan.read_from, path)
    after = retire_imports(load_views(path, after)[index], retired, elsewhere)
    aliased = any(need.alias for need in needs)
    return settle(load_views(path, after)[index], needs) if aliased else after


def _stands_in(view: Parsed, site: Site) -> bool:
    """Whether a site stands in this view: a page has several, one below the other."""
    if not isinstance(view.source, Block):
        return True
    body = view.source.tree.body
    return bool(body) and body[0].lineno <= site.line <= (body[-1].end_lineno or 0)


def withdraw(sites: Iterable[Site], failed: Mapping[str, Reason], choice: Choice) -> list[Site]:
    """Sites of files that cannot be rewritten after all are only reported."""
    return [
        (
            replace(
                site,
                verdict=Verdict.REPORT,
                reason=outweigh(failed[site.path], site),
                edits=(),
                needs=(),
            )
            if site.path in failed and choice.takes(site)
            else site
        )
        for site in sites
    ]
