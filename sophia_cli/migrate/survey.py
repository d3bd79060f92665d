"""What a report is made of: every site with its lines, and how far the migration is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.discover import Unseen
from sophia_cli.migrate.excerpt import Excerpt
from sophia_cli.migrate.site import Site, Verdict, site_data
from sophia_cli.migrate.standing import Standing, stand

NOBODY = "(nobody)"


@dataclass(frozen=True)
class Tally:
    """How far some files are: sites and files in all, and those on the service.

    A file is on the service when each of its sites is. `safe`, `review` and `by_hand` are the sites
    that are left; together with `done` they are all.
    """

    name: str
    sites: int
    done: int
    files: int
    files_done: int
    safe: int
    review: int
    by_hand: int

    def data(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sites": {
                "total": self.sites,
                "migrated": self.done,
                "percent": percent(self.done, self.sites),
            },
            "files": {
                "total": self.files,
                "migrated": self.files_done,
                "percent": percent(self.files_done, self.files),
            },
            "left": {"safe": self.safe, "review": self.review, "by_hand": self.by_hand},
        }


@dataclass(frozen=True)
class Survey:
    """A look at a tree. `unseen` are files that could not be looked at, or did not parse."""

    root: Path
    files: int
    notebooks: int
    pages: int
    choice: Choice
    sites: tuple[Site, ...]
    excerpts: Mapping[Site, Excerpt] = field(repr=False)
    unseen: tuple[Unseen, ...] = ()

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        return stand(self.sites)

    @cached_property
    def counted(self) -> tuple[Standing, ...]:
        """The sites that the figures are of: those in source, and in what --include names."""
        return tuple(one for one in self.standings if self.choice.counts(one.site))

    @cached_property
    def aside(self) -> tuple[Standing, ...]:
        """The others: in tests, archives, vendored and generated code, and pages."""
        return tuple(one for one in self.standings if not self.choice.counts(one.site))

    @cached_property
    def total(self) -> Tally:
        return tally("all", self.counted)

    @cached_property
    def by_owner(self) -> tuple[Tally, ...]:
        return _tallies(self.counted, lambda site: site.owner or NOBODY)

    @cached_property
    def by_part(self) -> tuple[Tally, ...]:
        return _tallies(self.counted, lambda site: site.part)

    def data(self) -> dict[str, Any]:
        """All of it, as the JSON report has it."""
        stands = {one.site: str(one.verdict) for one in self.standings}
        return {
            "files_looked_at": self.files,
            "notebooks_looked_at": self.notebooks,
            "pages_looked_at": self.pages,
            "progress": {
                "all": self.total.data(),
                "by_owner": [one.data() for one in self.by_owner],
                "by_part": [one.data() for one in self.by_part],
            },
            "sites": [self._site(site, stands.get(site)) for site in self.sites],
            "not_looked_at": [{"path": item.path, "reason": item.reason} for item in self.unseen],
        }

    def _site(self, site: Site, stands: str | None) -> dict[str, Any]:
        excerpt = self.excerpts[site]
        return {
            **site_data(site),
            "counted": self.choice.counts(site),
            "stands": stands,
            "lines_from": excerpt.line,
            "before": excerpt.before,
            "after": excerpt.after,
            "imports": list(excerpt.imports),
        }


def percent(part: int, whole: int) -> int | None:
    """Rounded down, so that 100 is all; None of nothing."""
    return 100 * part // whole if whole else None


def tally(name: str, standings: Iterable[Standing]) -> Tally:
    """Count sites, and files by what stands in them."""
    standings = tuple(standings)
    files: dict[str, bool] = {}
    for one in standings:
        files[one.site.path] = files.get(one.site.path, True) and one.on_service
    verdicts = [one.verdict for one in standings]
    return Tally(
        name=name,
        sites=len(standings),
        done=verdicts.count(Verdict.DONE),
        files=len(files),
        files_done=sum(files.values()),
        safe=verdicts.count(Verdict.SAFE),
        review=verdicts.count(Verdict.REVIEW),
        by_hand=verdicts.count(Verdict.REPORT),
    )


def _tallies(standings: Iterable[Standing], name: Callable[[Site], str]) -> tuple[Tally, ...]:
    """One for each name, those with most left first."""
    groups: dict[str, list[Standing]] = defaultdict(list)
    for one in standings:
        groups[name(one.site)].append(one)
    found = [tally(group, members) for group, members in groups.items()]
    return tuple(sorted(found, key=lambda one: (one.done - one.sites, one.name)))
