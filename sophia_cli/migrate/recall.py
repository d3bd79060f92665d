"""What earlier runs saw of a tree: files that need not be read again, a plan that need not be made again.

A plan goes by all that it is made of: the bytes of every file of the tree, since names are followed across
files, who owns them, which versions they require, what was chosen, the packs, and the tool itself. A recalled plan shows; its sites
have lost what only writing needs, so `--apply` makes its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sophia_cli.migrate import cache as caches
from sophia_cli.migrate.cache import Cache, key_of
from sophia_cli.migrate.change import Change, Choice, Plan
from sophia_cli.migrate.codec import decode, encode
from sophia_cli.migrate.discover import Tree, Unseen
from sophia_cli.migrate.index import Index, from_data, to_data
from sophia_cli.migrate.owners import read_owners
from sophia_cli.migrate.site import Site

if TYPE_CHECKING:
    from sophia_cli.migrate.pack import Pack


def lasts(packs: tuple[Pack, ...]) -> bool:
    """Whether all that a plan is made of is known: not where a pack's target is in another package."""
    if not packs:
        return True
    from sophia_cli.migrate.pack import Target
    from sophia_cli.migrate.target import module_file

    foreign = {pack.target.module for pack in packs} - {Target.module}
    return not any(module_file(module) for module in foreign)


def recall_index(cache: Cache, packs: tuple[Pack, ...]) -> Index:
    """The files that were looked at before with the same words."""
    return from_data(cache.get(_index_name(packs)))


def keep_index(cache: Cache, packs: tuple[Pack, ...], index: Index, tree: Tree) -> None:
    """Keep what this run saw, but for files that could change unnoticed."""
    settled = {path: known for path, known in tree.known.items() if index.settled(known)}
    if settled != index.files:
        cache.put(_index_name(packs), to_data(settled))


def _index_name(packs: tuple[Pack, ...]) -> str:
    return f"index-{key_of(caches.tool(), encode(packs))[:32]}"


def plan_name(tree: Tree, choice: Choice, packs: tuple[Pack, ...], *, edited: bool) -> str:
    """The name of the plan that this choice leads to in a tree as it is now; or of its sites alone."""
    files = [[path, tree.known[path].digest] for path in tree.known]
    owners = encode(read_owners(tree.root))
    asked = [edited, encode(choice), encode(packs)]
    key = key_of(caches.tool(), sorted(files), owners, _required(tree, packs), asked)
    return f"plan-{key[:32]}"


def _required(tree: Tree, packs: tuple[Pack, ...]) -> Any:
    """The versions of which packs ask that the project requires."""
    if not packs:
        return None
    from sophia_cli.migrate.requirements import needed, read_requirements

    return encode(read_requirements(tree.root, tree.hits, needed(packs)))


def recall_plan(cache: Cache, name: str, tree: Tree) -> Plan | None:
    """The plan that was kept under a name; None where none was, or one that does not fit."""
    try:
        sites, changes, broken = cache.get(name)
        return Plan(
            decode(tuple[Site, ...], sites),
            tuple(_change(tree, *change) for change in changes),
            tree.unseen,
            decode(tuple[Unseen, ...], broken),
        )
    except (AttributeError, KeyError, LookupError, TypeError, ValueError):
        return None


def _change(tree: Tree, path: str, after: str, groups: list[str], follows: bool) -> Change:
    before = tree.hits[path]
    if not tree.hits.steady:
        raise ValueError(f"{path} has changed")
    return Change(path, before, decode(bytes, after), tuple(groups), follows)


def keep_plan(cache: Cache, name: str, tree: Tree, plan: Plan) -> None:
    """Keep a plan, unless a file has changed while it was made."""
    if not tree.hits.steady or any(site.needs and not site.edits for site in plan.sites):
        return
    sites = [replace(site, needs=()) for site in plan.sites]
    changes = [[c.path, encode(c.after), list(c.groups), c.follows] for c in plan.changes]
    cache.put(name, [encode(sites), changes, encode(plan.broken)])
