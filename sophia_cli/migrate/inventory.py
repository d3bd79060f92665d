"""Every site of a tree: looked for, or recalled where nothing has changed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sophia_cli.migrate.cache import Cache, cache_of
from sophia_cli.migrate.change import Choice, Plan
from sophia_cli.migrate.discover import Tree, Unseen, discover
from sophia_cli.migrate.prefilter import WORDS
from sophia_cli.migrate.recall import (
    keep_index,
    keep_plan,
    lasts,
    plan_name,
    recall_index,
    recall_plan,
)
from sophia_cli.migrate.site import Site

if TYPE_CHECKING:
    from sophia_cli.migrate.pack import Pack

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Options:
    """What a run is asked to do.

    `named` are files that are looked at though their names do not tell what they are, where their
    first line says so. `changed_since` is a commit; `trial` is what the journal keeps of the command
    that checks it, `asked` what it keeps of how the run was begun. A dry run keeps its patch unless
    it only looks for another command, which must not change what the user was told to read.
    """

    root: Path
    apply: bool = False
    choice: Choice = Choice()
    packs: tuple[Pack, ...] = ()
    allow_dirty: bool = False
    cache: bool = True
    changed_since: str = ""
    named: frozenset[str] = frozenset()
    trial: Mapping[str, Any] | None = None
    asked: Mapping[str, Any] | None = None
    keep_patch: bool = True


@dataclass(frozen=True)
class Inventory:
    """Every site, in order, and what was looked at and what not; nothing is planned or written."""

    sites: tuple[Site, ...]
    unseen: tuple[Unseen, ...]
    seen: frozenset[str] = frozenset()

    @property
    def files(self) -> int:
        return len(self.seen)


def take_inventory(options: Options, advance: Advance = lambda steps: None) -> Inventory:
    """Find every site under a root, as `migrate` does, and wrappers to declare. Raises SophiaError."""
    cache = cache_for(options)
    tree = look(options, cache, advance)
    found = find_plan(options, tree, cache, advance, edited=False)
    unseen = (*found.broken, *found.unseen)
    return Inventory(found.sites, unseen, frozenset(tree.known))


def cache_for(options: Options) -> Cache:
    """What a run may recall: what is written goes by the files alone."""
    kept = options.cache and not options.apply and lasts(options.packs)
    return cache_of(options.root) if kept else Cache(None)


def look(options: Options, cache: Cache, advance: Advance) -> Tree:
    """The files of the tree, of which the cache may know what is in them."""

    def words() -> Iterator[bytes]:
        yield from WORDS
        yield from (word for pack in options.packs for word in pack.words)

    index = recall_index(cache, options.packs)
    tree = discover(
        options.root,
        words,
        options.choice.exclude,
        advance,
        index,
        options.named,
        _import_rules,
    )
    keep_index(cache, options.packs, index, tree)
    return tree


def _import_rules() -> None:
    """What a look at files that are new leads to: this takes as long as to read eighty of them."""
    import sophia_cli.migrate.shares  # noqa: F401


def find_plan(
    options: Options, tree: Tree, cache: Cache, advance: Advance, *, edited: bool = True
) -> Plan:
    """What the choice leads to, or only the sites; made anew where the cache does not have it."""
    name = plan_name(tree, options.choice, options.packs, edited=edited)
    plan = recall_plan(cache, name, tree)
    if plan is None:
        # half the time of a run that finds its plan in the cache would go into these
        from sophia_cli.migrate.plan import list_sites, make_plan, make_scan, place_sites
        from sophia_cli.migrate.rules.proposals import propose
        from sophia_cli.migrate.shares import is_large, plan_in_shares
        from sophia_cli.migrate.verify import verify

        with uncollected():
            if is_large(tree) and not options.packs:
                plan = plan_in_shares(tree, options.choice if edited else None, advance)
            elif edited:
                scan = make_scan(tree, options.packs, advance)
                plan = verify(scan, make_plan(scan, tree, options.choice), options.choice)
            else:
                scan = make_scan(tree, options.packs, advance)
                propose(scan)
                plan = list_sites(tree, place_sites(scan).sites, scan.modules.broken)
        keep_plan(cache, name, tree, plan)
    return plan


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection: parse trees are none, and walking all of them took a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
