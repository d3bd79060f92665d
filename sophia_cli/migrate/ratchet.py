"""The ratchet: direct calls by file and rule, held against a baseline. Counts only go down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from sophia_cli.migrate.baseline import Baseline, Counts
from sophia_cli.migrate.category import categorize, runs
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.discover import Unseen
from sophia_cli.migrate.site import Reason, Site, Verdict, site_data
from sophia_cli.migrate.standing import stand

Direct = Mapping[str, Mapping[str, tuple[Site, ...]]]
UNREAD = "unread"  # the rule of a file that could not be looked at: what nobody sees is no pass


@dataclass(frozen=True)
class Increase:
    """A file and a rule with more sites than the baseline allows.

    `new` are those that were added since, where git can tell; else any of `sites` may be one.
    """

    path: str
    rule: str
    allowed: int
    sites: tuple[Site, ...]
    new: tuple[Site, ...] = ()

    @property
    def more(self) -> int:
        return len(self.sites) - self.allowed

    def data(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "rule": self.rule,
            "allowed": self.allowed,
            "found": len(self.sites),
            "sites": [site_data(site) for site in self.sites],
            "new": [site_data(site) for site in self.new],
        }


@dataclass(frozen=True)
class Checked:
    """What a check found: so many direct calls, where so many were allowed.

    `moved` are files that took the place of one that is gone. `lowered` is a baseline with all that
    went down, `raised` one that allows what was found. `unseen` are files that were not looked at.
    """

    found: int
    allowed: int
    increases: tuple[Increase, ...]
    moved: tuple[tuple[str, str], ...]
    lowered: Counts
    raised: Counts
    unseen: tuple[Unseen, ...] = ()

    @property
    def more(self) -> int:
        return sum(increase.more for increase in self.increases if increase.rule != UNREAD)

    @property
    def unread(self) -> tuple[str, ...]:
        """The files that may hold calls, could not be looked at, and are not allowed to be so."""
        return tuple(one.sites[0].path for one in self.increases if one.rule == UNREAD)


def holds(choice: Choice) -> Callable[[Site], bool]:
    """Which sites count: the code's own, also where a file only goes by the name of an old one."""
    return lambda site: choice.counts(site) or runs(site.path, site.category)


def unread_sites(unseen: Iterable[Unseen]) -> tuple[Site, ...]:
    """A site for each file in which calls may stand that nobody sees."""
    return tuple(
        Site(
            UNREAD, Verdict.REPORT, Reason(UNREAD, item.reason), item.path, 1, 1, "", item.reason,
            category=categorize(item.path, b""),
        )
        for item in unseen
        if item.may_call
    )  # fmt: skip


def direct_sites(sites: Iterable[Site], counts: Callable[[Site], bool]) -> Direct:
    """The sites that go past the service, by file and rule, of files that count.

    A call whose client came as an argument is none of them: its constructor is counted.
    """
    found: dict[str, dict[str, list[Site]]] = defaultdict(lambda: defaultdict(list))
    for standing in stand(sites):
        if counts(standing.site) and not standing.on_service and not standing.passed:
            found[standing.site.path][standing.site.rule].append(standing.site)
    return {
        path: {rule: tuple(group) for rule, group in rules.items()} for path, rules in found.items()
    }


def compare(
    direct: Direct,
    baseline: Baseline,
    *,
    among: Callable[[str], bool] = lambda path: True,
    exists: Callable[[str], bool],
    unread: Callable[[str], bool] = lambda path: False,
) -> Checked:
    """Hold the sites of the files `among` against the baseline.

    What is not `among` them, or could not be read, keeps its counts. A file that is gone lends them
    to one that is new, where that has no more of any rule.
    """
    now = {path: {rule: len(of) for rule, of in rules.items()} for path, rules in direct.items()}
    moved = _moved(now, baseline.counts, exists)
    names = dict(moved)
    before = {names.get(path, path): rules for path, rules in baseline.counts.items()}
    increases = tuple(
        Increase(path, rule, allowed, of, () if allowed else of)
        for path, rules in sorted(direct.items())
        for rule, of in sorted(rules.items())
        if among(path) and len(of) > (allowed := before.get(path, {}).get(rule, 0))
    )
    lowered: dict[str, Mapping[str, int]] = {}
    raised: dict[str, Mapping[str, int]] = {}
    for path in before.keys() | now.keys():
        old, new = before.get(path, {}), now.get(path, {})
        if not among(path):
            lowered[path] = raised[path] = old
        elif unread(path):
            lowered[path], raised[path] = old, {**old, **new}
        else:
            raised[path] = new
            lowered[path] = {
                rule: min(count, new[rule]) for rule, count in old.items() if rule in new
            }
    return Checked(
        found=count_calls({path: rules for path, rules in now.items() if among(path)}),
        allowed=count_calls({path: rules for path, rules in before.items() if among(path)}),
        increases=increases,
        moved=moved,
        lowered={path: rules for path, rules in lowered.items() if rules},
        raised={path: rules for path, rules in raised.items() if rules},
    )


def count_calls(counts: Counts) -> int:
    """How many direct calls there are in all; what could not be looked at is none."""
    return sum(
        count for rules in counts.values() for rule, count in rules.items() if rule != UNREAD
    )


def tell(checked: Checked, added: Callable[[Site], bool]) -> Checked:
    """Say which sites of a count that went up are new: those `added`, where they are enough."""
    told = []
    for increase in checked.increases:
        new = increase.new or tuple(site for site in increase.sites if added(site))
        told.append(replace(increase, new=new if len(new) >= increase.more else ()))
    return replace(checked, increases=tuple(told))


def _moved(
    now: Counts, before: Counts, exists: Callable[[str], bool]
) -> tuple[tuple[str, str], ...]:
    """Which new file is which old one: of the same name first, else in order; each once."""
    gone = sorted(path for path in before if path not in now and not exists(path))
    fresh = sorted(path for path in now if path not in before)
    pairs = sorted(
        (PurePosixPath(old).name != PurePosixPath(new).name, old, new)
        for old in gone
        for new in fresh
        if all(count <= before[old].get(rule, 0) for rule, count in now[new].items())
    )
    taken: dict[str, str] = {}
    for _, old, new in pairs:
        if old not in taken and new not in taken.values():
            taken[old] = new
    return tuple(sorted(taken.items()))
