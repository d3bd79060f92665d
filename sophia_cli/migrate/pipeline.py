"""`sophia migrate` from end to end: discover, index and plan, verify, write, report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from sophia_cli.counted import counted
from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.files import put
from sophia_cli.migrate import git, journal
from sophia_cli.migrate.cache import Cache
from sophia_cli.migrate.change import Choice, Plan
from sophia_cli.migrate.dependency import Dependency, add_dependency
from sophia_cli.migrate.discover import Tree, matches
from sophia_cli.migrate.index import digest
from sophia_cli.migrate.inventory import (
    Advance,
    Options,
    cache_for,
    find_plan,
    look,
    uncollected,
)
from sophia_cli.migrate.patch import make_patch
from sophia_cli.migrate.report import Done, Report, make_report
from sophia_cli.migrate.site import site_data
from sophia_cli.migrate.survey import Survey
from sophia_cli.migrate.write import write

PATCH = "plan.patch"


def migrate(options: Options, advance: Advance = lambda steps: None) -> Report:
    """Find every site under a root, and with `apply` rewrite those that the choice takes.

    Raises SophiaError; then nothing is changed.
    """
    began = perf_counter()
    options = _since(options)
    cache = cache_for(options)
    tree = look(options, cache, advance)
    plan = find_plan(options, tree, cache, advance)
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
    from sophia_cli.migrate.plan import make_plan, make_scan
    from sophia_cli.migrate.verify import verify

    tree = look(options, Cache(None), advance)
    with uncollected():
        scan = make_scan(tree, options.packs, advance)
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
