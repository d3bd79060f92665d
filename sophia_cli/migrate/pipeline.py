"""`sophia migrate` from end to end: discover, index and plan, verify, write, report."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.files import put
from sophia_cli.migrate import git, journal
from sophia_cli.migrate.cache import Cache, cache_of
from sophia_cli.migrate.change import Choice, Plan
from sophia_cli.migrate.counted import counted
from sophia_cli.migrate.dependency import Dependency, add_dependency
from sophia_cli.migrate.discover import Tree, Unseen, discover, matches
from sophia_cli.migrate.index import digest
from sophia_cli.migrate.pack import Pack
from sophia_cli.migrate.patch import make_patch
from sophia_cli.migrate.recall import (
    keep_index,
    keep_plan,
    lasts,
    plan_name,
    recall_index,
    recall_plan,
)
from sophia_cli.migrate.report import Done, Report, make_report, site_data
from sophia_cli.migrate.site import Site
from sophia_cli.migrate.survey import Survey
from sophia_cli.migrate.write import write

PATCH = "plan.patch"
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


def migrate(options: Options, advance: Advance = lambda steps: None) -> Report:
    """Find every site under a root, and with `apply` rewrite those that the choice takes.

    Raises SophiaError; then nothing is changed.
    """
    began = perf_counter()
    options = _since(options)
    cache = _cache(options)
    tree = _look(options, cache, advance)
    plan = _plan(options, tree, cache, advance)
    _refuse_unknown(tree, plan, options.choice)
    dependency, plan = _with_dependency(tree, plan)
    patch = make_patch(plan.changes)
    if options.apply:
        refuse_dirty(options, tree.in_git, [change.path for change in plan.changes])
    elif options.keep_patch:
        _keep_patch(options.root, patch)
    written = write(
        options.root,
        plan.changes,
        [site_data(site) for site in plan.sites if options.choice.takes(site)],
        dry_run=not options.apply,
        trial=dict(options.trial) if options.trial else None,
        asked=dict(options.asked) if options.asked else None,
    )
    done = Done(
        written if options.apply else None,
        patch,
        dependency.advice_after(written.skipped) if written.run or not options.apply else "",
        perf_counter() - began,
        journal.cut_short(options.root),
    )
    return make_report(tree, plan, options.choice, done)


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
    cache = _cache(options)
    tree = _look(options, cache, advance)
    found = _plan(options, tree, cache, advance, edited=False)
    unseen = (*found.broken, *found.unseen)
    return Inventory(found.sites, unseen, frozenset(tree.known))


def _cache(options: Options) -> Cache:
    """What is written goes by the files alone."""
    kept = options.cache and not options.apply and lasts(options.packs)
    return cache_of(options.root) if kept else Cache(None)


def _look(options: Options, cache: Cache, advance: Advance) -> Tree:
    """The files of the tree, of which the cache may know what is in them."""

    def words() -> Iterator[bytes]:
        from sophia_cli.migrate.rules import WORDS

        yield from WORDS
        yield from (word for pack in options.packs for word in pack.words)

    index = recall_index(cache, options.packs)
    tree = discover(options.root, words, options.choice.exclude, advance, index, options.named)
    keep_index(cache, options.packs, index, tree)
    return tree


def _plan(
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

        with _uncollected():
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


def _since(options: Options) -> Options:
    if not options.changed_since:
        return options
    changed = git.changed_since(options.root, options.changed_since)
    return replace(options, choice=replace(options.choice, changed=changed))


def _refuse_unknown(tree: Tree, plan: Plan, choice: Choice) -> None:
    """A rule or file that is mistyped must not look like one that has nothing left to do."""
    rules = sorted({site.rule for site in plan.sites})
    paths = (*tree.python, *tree.notebooks, *tree.pages, *tree.queries)
    for name in choice.only:
        if name not in rules and not any(matches(path, (name,)) for path in paths):
            words = f"--only {name} is no rule that found anything, and fits no file"
            raise UsageError(words, f"a glob, or one of: {', '.join(rules)}")


def survey(options: Options, advance: Advance = lambda steps: None) -> Survey:
    """Find every site, with its lines before and after, and write nothing. Raises SophiaError."""
    from sophia_cli.migrate.excerpt import read_excerpts
    from sophia_cli.migrate.plan import make_plan, make_scan, place_sites
    from sophia_cli.migrate.rules.service import find_done
    from sophia_cli.migrate.verify import verify

    tree = _look(options, Cache(None), advance)
    with _uncollected():
        scan = make_scan(tree, options.packs, advance)
        find_done(scan)
        place_sites(scan)
        plan = verify(scan, make_plan(scan, tree, options.choice), options.choice)
    return Survey(
        root=options.root,
        files=len(tree.python),
        notebooks=len(tree.notebooks),
        pages=len(tree.pages),
        choice=options.choice,
        sites=plan.sites,
        excerpts=read_excerpts(scan, tree, plan.sites),
        unseen=(*plan.broken, *plan.unseen),
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection: parse trees are none, and walking all of them took a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _with_dependency(tree: Tree, plan: Plan) -> tuple[Dependency, Plan]:
    """The requirement is part of the same run, so that one rollback undoes both."""
    pages = set(tree.pages)  # what only a page shows, the project need not install
    edited = [change.path for change in plan.changes if change.path not in pages]
    dependency = add_dependency(tree.root, edited)
    if dependency.change is None:
        return dependency, plan
    changes = sorted([*plan.changes, dependency.change], key=lambda change: change.path)
    return dependency, replace(plan, changes=tuple(changes))


def refuse_dirty(options: Options, in_git: bool, paths: Iterable[str]) -> None:
    """Raises SophiaError where files have changes that are in no commit, but those of our runs."""
    if options.allow_dirty or not in_git:
        return
    ours = journal.left_by_runs(options.root)
    dirty = [
        path
        for path in sorted(git.changed(options.root) & set(paths))
        if path not in ours or digest((options.root / path).read_bytes()) != ours[path]
    ]
    if dirty:
        raise SophiaError(
            f"the working tree has changes in {counted(len(dirty), 'file')} that the plan touches",
            "\n".join(["commit or stash them, or add --allow-dirty", *dirty[:5]]),
        )


def _keep_patch(root: Path, patch: bytes) -> None:
    """Keep the patch of a dry run beside the journal."""
    folder = journal.prepare(root)
    try:
        put(folder / PATCH, patch)
    except OSError as error:
        raise SophiaError(
            f"{folder / PATCH} cannot be written: {error.strerror}", "free or unlock it"
        ) from error
