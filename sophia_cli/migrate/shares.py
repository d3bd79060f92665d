"""A large tree is looked at in shares, so that few files are in memory at once, and by several processes."""

from __future__ import annotations

import pickle
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.change import Choice, Plan
from sophia_cli.migrate.discover import Tree
from sophia_cli.migrate.modules import Modules, Parsed, stem_of
from sophia_cli.migrate.plan import (
    find_stand_ins,
    list_sites,
    make_plan,
    place_sites,
    scan_share,
    settle_handed_in,
    settle_live,
)
from sophia_cli.migrate.rules.proposals import propose
from sophia_cli.migrate.site import Category, Site
from sophia_cli.migrate.stand_ins import StandIns
from sophia_cli.migrate.verify import verify
from sophia_cli.process import beside, can_fork, cores, fork

_SIZE = 300_000  # bytes of code, which take fifty times that in memory
_KEPT = 200_000
_WORTH = 600_000  # less than this is done before another process has begun
_MOST = 4
_REPLACING = re.compile(rb"\b(?:patch|setattr|object|multiple)\s*[(\\#]|modules")

Share = tuple[str, ...]


@dataclass(frozen=True)
class Looked:
    """What was found in a share; `made` are its constructors.

    `steady` is false where a file has changed meanwhile.
    """

    share: Share
    plan: Plan
    made: tuple[Site, ...]
    steady: bool


@dataclass(frozen=True)
class Task:
    """Shares of a tree for somebody to look at; without a choice only the sites count."""

    tree: Tree
    choice: Choice | None
    stand_ins: StandIns
    shares: tuple[Share, ...]


def plan_in_shares(tree: Tree, choice: Choice | None, advance: Callable[[int], None]) -> Plan:
    """What the choice leads to, or only the sites of a tree, where no pack joins what is in several files."""
    # what each share counts with, so that none has to look at all of the tree
    tree, broken = settle_live(tree)
    weight = _weight(tree, tree.hits)
    hands = _processes() if weight >= _WORTH else 1
    each = -(-weight // hands)
    size = each if _lean(tree) else -(-each // -(-each // _SIZE))
    shares = _split(tree, tree.hits, size)
    stand_ins = StandIns()
    for share in _split(tree, [path for path in tree.hits if _replaces(tree, path)], size):
        stand_ins.add(find_stand_ins(tree, share))
    hands = min(hands, len(shares))
    # neighbours, which refer to each other most, by one process
    ends = [len(shares) * n // hands for n in range(hands + 1)]
    tasks = [Task(tree, choice, stand_ins, tuple(shares[a:b])) for a, b in pairwise(ends)]
    looked = sorted(
        (found for each in _do(tasks, advance) for found in each),
        key=lambda found: shares.index(found.share),
    )
    tree.hits.steady = tree.hits.steady and all(found.steady for found in looked)
    sites = [site for found in looked for site in found.plan.sites]
    made = [site for found in looked for site in found.made]
    broken |= {item.path: item.reason for found in looked for item in found.plan.broken}
    changes = (change for found in looked for change in found.plan.changes)
    return replace(
        list_sites(tree, settle_handed_in(sites, made, frozenset(tree.pages)), broken),
        changes=tuple(sorted(changes, key=lambda change: change.path)),
    )


def is_large(tree: Tree) -> bool:
    """Whether a tree has more than one share."""
    return _weight(tree, tree.hits) > _SIZE


def look(task: Task, advance: Callable[[int], None] = lambda steps: None) -> Iterator[Looked]:
    """Look at one share after the other."""
    kept = _Kept(task.tree, [_imported(task.tree, share) for share in task.shares])
    for share in task.shares:
        yield _look_at(share, task, kept)
        advance(len(share))


@dataclass(eq=False)
class _Kept:
    """Files that many shares ask for: parsed once, as long as they are not too many.

    `imports` are the words of the import statements of each share that is still to come.
    """

    tree: Tree
    imports: list[Counter[bytes]]
    files: dict[str, Parsed] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def choose(self, modules: Modules, share: Share) -> None:
        """Keep those of one share and of earlier ones that are asked for most often."""
        self.asked.update(modules.asked - set(share))
        del self.imports[0]
        often = {
            path: self.asked[path] + sum(words[stem_of(path).encode()] for words in self.imports)
            for path in modules.parsed
        }
        # names are followed into any other file only after something has asked for it
        lasting = [p for p in modules.parsed if p in modules.hits or p.endswith("__init__.py")]
        ranked = sorted(lasting, key=lambda path: (-often[path], path))
        self.files, left = {}, _KEPT
        for path in ranked:
            left -= _weight(self.tree, [path])
            if not often[path] or left < 0:
                break
            self.files[path] = modules.parsed[path]


def _look_at(share: Share, task: Task, kept: _Kept) -> Looked:
    """What the rules find in a share, of which nothing else stays in memory."""
    tree, choice = task.tree, task.choice
    scan = scan_share(tree, share, task.stand_ins, kept.files)
    if choice is not None:
        plan = verify(scan, make_plan(scan, tree, choice), choice)
    else:
        propose(scan)
        plan = list_sites(tree, place_sites(scan).sites, scan.modules.broken)
    plan = replace(plan, sites=tuple(replace(site, needs=()) for site in plan.sites), unseen=())
    kept.choose(scan.modules, share)
    scan.release(keep=kept.files)
    made = tuple(replace(s, needs=()) for s in scan.constructors.values() if s.path in share)
    return Looked(share, plan, made, tree.hits.steady)


def _do(tasks: list[Task], advance: Callable[[int], None]) -> Iterator[tuple[Looked, ...]]:
    """The first task is done here, each other beside it; here too where that fails."""
    mine, *others = tasks
    with ExitStack() as stack:
        started = [stack.enter_context(_begun(task)) for task in others]
        yield tuple(look(mine, advance))
        for task, wait in zip(others, started, strict=True):
            try:
                # written by a process that we started
                yield pickle.loads(wait())  # nosec B301
                advance(sum(map(len, task.shares)))
            except (SophiaError, pickle.UnpicklingError, EOFError):
                yield tuple(look(task, advance))


def _begun(task: Task) -> AbstractContextManager[Callable[[], bytes]]:
    """Another process that does a task: a copy of this one has read and imported everything already."""
    if can_fork():
        return fork(lambda: pickle.dumps(tuple(look(task))))
    return beside(_COMMAND, pickle.dumps(task))


# -P: what stands in the working directory is the user's, and must not be taken for a module of ours.
_COMMAND = (
    *(sys.executable, "-P", "-c"),
    f"import sys; sys.path[:] = {sys.path!r}; from sophia_cli.migrate.hand import main; main()",
)


def _processes() -> int:
    return min(cores(), _MOST)


def _lean(tree: Tree) -> bool:
    """Whether most files import others that hold a word: small shares would parse those again and again."""
    other = {*tree.pages, *tree.queries}
    code = [path for path in tree.hits if path not in other]
    imported = _imported(tree, code)
    return sum(imported[stem] for stem in {stem_of(path).encode() for path in code}) > len(code)


def _imported(tree: Tree, paths: Iterable[str]) -> Counter[bytes]:
    """The words of import statements, and in how many of the files each stands."""
    return Counter(word for path in paths for word in tree.imported_by(path))


def _split(tree: Tree, paths: Iterable[str], size: int) -> list[Share]:
    """Neighbours, of about the same size together."""
    shares: list[list[str]] = []
    filled = size
    for path in paths:
        if filled >= size:
            shares.append([])
            filled = 0
        shares[-1].append(path)
        filled += _weight(tree, [path])
    return [tuple(share) for share in shares]


def _weight(tree: Tree, paths: Iterable[str]) -> int:
    return sum(tree.known[path].stamp[0] for path in paths)


def _replaces(tree: Tree, path: str) -> bool:
    """Whether a test may put something in the place of something else."""
    test = tree.categories[path] is Category.TEST and path not in tree.pages
    return test and _REPLACING.search(tree.hits[path]) is not None
