"""What a run found and did, as values: the screens and `--json` are made of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sophia_cli.migrate.batches import is_aside, is_held
from sophia_cli.migrate.change import Choice, Plan
from sophia_cli.migrate.discover import Tree, Unseen
from sophia_cli.migrate.journal import CutShort
from sophia_cli.migrate.site import Category, Site, Verdict, site_data
from sophia_cli.migrate.write import Written


@dataclass(frozen=True)
class Report:
    """One run. `seconds` is wall time; `patch` are bytes; `advice` what is left to do by hand.

    `skipped` are files that were to be written and could not be; `cut_short` an earlier run that
    waits to be finished.
    """

    python: int
    pages: int
    seconds: float
    in_git: bool
    sites: tuple[Site, ...]
    choice: Choice
    changed: tuple[str, ...]
    unseen: tuple[Unseen, ...]
    broken: tuple[Unseen, ...]
    patch: bytes
    advice: str
    applied: bool
    run: str
    skipped: dict[str, str]
    cut_short: CutShort | None = None
    notebooks: int = 0
    queries: int = 0

    def of(self, verdict: Verdict) -> tuple[Site, ...]:
        """The sites of one verdict in files that may be edited, then those in pages."""
        found = [
            site
            for site in self.sites
            if site.verdict is verdict and not self.held(site) and not is_aside(site)
        ]
        return tuple(sorted(found, key=lambda site: site.category is Category.DOCUMENTATION))

    def held(self, site: Site) -> bool:
        """A site in a test, an archive, vendored or generated code that no --include names."""
        if site.verdict is Verdict.NOTED:
            return False
        return site.category is not Category.DOCUMENTATION and not self.choice.editable(site)

    @property
    def aside(self) -> tuple[Site, ...]:
        return tuple(site for site in self.sites if self.held(site))

    @property
    def left_out(self) -> tuple[Site, ...]:
        """What a run that was not narrowed would move, but for what is held back."""
        return tuple(site for site in self.sites if is_aside(site) and not is_held(site))

    @property
    def held_back(self) -> tuple[Site, ...]:
        """What this run wants, of objects that reach into what it leaves out."""
        return tuple(site for site in self.sites if is_held(site))

    def classes(self) -> list[dict[str, Any]]:
        """Sites and files of each verdict."""
        groups = {str(verdict): self.of(verdict) for verdict in Verdict}
        groups["not-edited"] = self.aside
        if self.choice.narrowed:
            groups |= {"left-out": self.left_out, "held-back": self.held_back}
        return [{"class": name, **count(sites)} for name, sites in groups.items()]

    def data(self) -> dict[str, Any]:
        """The report as data for --json."""
        return {
            "files_looked_at": self.python,
            "notebooks_looked_at": self.notebooks,
            "pages_looked_at": self.pages,
            "queries_looked_at": self.queries,
            "seconds": round(self.seconds, 3),
            "classes": self.classes(),
            "sites": [site_data(site) for site in self.sites],
            "changed": list(self.changed),
            "skipped": self.skipped,
            "run": self.run or None,
            "not_parsed": [{"path": item.path, "reason": item.reason} for item in self.broken],
            "not_looked_at": [{"path": item.path, "reason": item.reason} for item in self.unseen],
            "advice": self.advice or None,
            "cut_short": self.cut_short.data() if self.cut_short else None,
        }


@dataclass(frozen=True)
class Done:
    """What the last steps of a run gave; `written` is None for a dry run."""

    written: Written | None
    patch: bytes
    advice: str
    seconds: float
    cut_short: CutShort | None = None


def make_report(tree: Tree, plan: Plan, choice: Choice, done: Done) -> Report:
    """Put together what the steps of a run gave."""
    written = done.written
    run = written.run if written else None
    return Report(
        python=len(tree.python),
        pages=len(tree.pages),
        seconds=done.seconds,
        in_git=tree.in_git,
        sites=plan.sites,
        choice=choice,
        changed=written.files if written else tuple(change.path for change in plan.changes),
        unseen=plan.unseen,
        broken=plan.broken,
        patch=done.patch,
        advice=done.advice,
        applied=written is not None,
        run=run.name if run else "",
        skipped=written.skipped if written else {},
        cut_short=done.cut_short,
        notebooks=len(tree.notebooks),
        queries=len(tree.queries),
    )


def count(sites: tuple[Site, ...]) -> dict[str, int]:
    """How many sites in how many files."""
    return {"sites": len(sites), "files": len({site.path for site in sites})}
