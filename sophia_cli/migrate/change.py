"""What a run may change and what it would: the choice, the changes, and the plan they make."""

from __future__ import annotations

from dataclasses import dataclass

from sophia_cli.migrate.batches import in_batch
from sophia_cli.migrate.discover import Unseen, matches
from sophia_cli.migrate.index import digest
from sophia_cli.migrate.site import Category, Site, Verdict


@dataclass(frozen=True)
class Choice:
    """Which sites a run rewrites: those of review too, and files that are left alone otherwise.

    `only` are rules and globs, `changed` files and `batch` a part or an owner to which it keeps.
    With `shim` it makes shims of old modules, and rewrites nothing else.
    """

    review: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    changed: frozenset[str] | None = None
    batch: str = ""
    shim: bool = False

    @property
    def narrowed(self) -> bool:
        return bool(self.only or self.batch) or self.changed is not None

    def takes(self, site: Site) -> bool:
        """Whether this run rewrites a site."""
        return self.wants(site) and in_batch(site, self.batch) and self.moves(site)

    def moves(self, site: Site) -> bool:
        """Whether a run that is not narrowed would."""
        if not (site.edits or site.needs):
            return False
        wanted = (Verdict.SAFE, Verdict.REVIEW) if self.review else (Verdict.SAFE,)
        return site.verdict in wanted and self.editable(site)

    def wants(self, site: Site) -> bool:
        """Whether a site is among the rules and files that were named, where any were."""
        named = not self.only or site.rule in self.only or matches(site.path, self.only)
        return named and (self.changed is None or site.path in self.changed)

    def editable(self, site: Site) -> bool:
        return site.category is Category.DOCUMENTATION or self.counts(site)

    def counts(self, site: Site) -> bool:
        """Whether a site is one of the code's own, or of what --include names."""
        return site.category is Category.SOURCE or matches(site.path, self.include)


@dataclass(frozen=True)
class Change:
    """One file's bytes before and after.

    Files that share one of `groups` are written together or not at all; one that `follows` is
    written only where another is; one that is `removed` has no bytes after.
    """

    path: str
    before: bytes
    after: bytes
    groups: tuple[str, ...] = ()
    follows: bool = False
    removed: bool = False

    @property
    def digest(self) -> str:
        return digest(self.before)


@dataclass(frozen=True)
class Plan:
    """Every site found, the changes that the choice leads to, and what was not looked at."""

    sites: tuple[Site, ...]
    changes: tuple[Change, ...]
    unseen: tuple[Unseen, ...]
    broken: tuple[Unseen, ...]
