"""What a run may change and what it would: the choice, the changes, and the plan they make."""

from __future__ import annotations

from dataclasses import dataclass

from sophia_cli.migrate.discover import Unseen, matches
from sophia_cli.migrate.index import digest
from sophia_cli.migrate.site import Category, Site, Verdict


@dataclass(frozen=True)
class Choice:
    """Which sites a run rewrites: those of review too, and files that are left alone otherwise."""

    review: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, site: Site) -> bool:
        if not (site.edits or site.needs):
            return False
        wanted = (Verdict.SAFE, Verdict.REVIEW) if self.review else (Verdict.SAFE,)
        return site.verdict in wanted and self.editable(site)

    def editable(self, site: Site) -> bool:
        return site.category is Category.DOCUMENTATION or self.counts(site)

    def counts(self, site: Site) -> bool:
        """Whether a site is one of the code's own, or of what --include names."""
        return site.category is Category.SOURCE or matches(site.path, self.include)


@dataclass(frozen=True)
class Change:
    """One file's bytes before and after.

    Files that share one of `groups` are written together or not at all; one that `follows` is
    written only where another is.
    """

    path: str
    before: bytes
    after: bytes
    groups: tuple[str, ...] = ()
    follows: bool = False

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
