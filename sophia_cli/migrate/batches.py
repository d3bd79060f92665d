"""A run on a part of a code base: its batches, and the objects that it would move by half."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sophia_cli.errors import UsageError
from sophia_cli.migrate.parts import PARTS, part_named
from sophia_cli.migrate.site import Reason, Site

SHARED = "shared"
ALL = "all"
_ORDER = (*PARTS, SHARED)
_COUNTED = ("agent", "workflow", "integration", "script", "example", "service", "notebook", "test")
LEFT_OUT = Reason("left-out", "this run was asked for other files or rules")
_HELD = "held-back"


@dataclass(frozen=True)
class Batch:
    """What is still to be moved in one part; `shared` are objects that more than one part uses."""

    name: str
    sites: int
    files: int

    def data(self) -> dict[str, object]:
        return {"batch": self.name, "sites": self.sites, "files": self.files}


def read_batch(word: str) -> str:
    """The batch that a person means by `agents`, `shared` or `@team`. Raises UsageError."""
    if word.startswith("@") and len(word) > 1:
        return word
    found = word if word in (SHARED, ALL) else part_named(word)
    if found is None:
        names = ", ".join((ALL, *_ORDER))
        raise UsageError(f"there is no batch {word}", f"one of: {names}, @OWNER")
    return found


def in_batch(site: Site, batch: str) -> bool:
    """Whether a site may belong to a batch, as far as it shows by itself."""
    if batch == SHARED:
        return bool(site.groups)
    if batch.startswith("@"):
        return batch in site.owner.split()
    return batch in ("", ALL, site.part)


def shown(batch: str) -> str:
    """A batch as a person calls it: `agents`."""
    return f"{batch}s" if batch in _COUNTED else batch


def list_batches(sites: Iterable[Site]) -> tuple[Batch, ...]:
    """The batches of sites that are to be moved, in the order in which to roll them out."""
    sites = list(sites)
    reach = _reach(sites)
    found: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        found[SHARED if len(_parts(site, reach)) > 1 else site.part].append(site)
    return tuple(
        Batch(name, len(found[name]), len({site.path for site in found[name]}))
        for name in sorted(found, key=_ORDER.index)
    )


def narrow(
    sites: Iterable[Site],
    moves: Callable[[Site], bool],
    wants: Callable[[Site], bool],
    batch: str = "",
) -> list[Site]:
    """Take the edits from what a run does not want, and from objects that it wants by half."""
    sites = list(sites)
    reach = _reach(site for site in sites if moves(site))
    return [_narrowed(site, reach, wants, batch) if moves(site) else site for site in sites]


def is_aside(site: Site) -> bool:
    """A site that would be moved, were this run not narrowed."""
    return site.reason.code in (LEFT_OUT.code, _HELD)


def is_held(site: Site) -> bool:
    """One that this run wants, of an object that reaches into what it does not want."""
    return site.reason.code == _HELD


def _narrowed(
    site: Site, reach: Mapping[str, list[Site]], wants: Callable[[Site], bool], batch: str
) -> Site:
    if not wants(site):
        return _aside(site, LEFT_OUT)
    if batch == SHARED:
        return site if len(_parts(site, reach)) > 1 else _aside(site, LEFT_OUT)
    others = reach[site.groups[0]] if site.groups else []
    other = next((other for other in others if not wants(other)), None)
    if other is None:
        return site
    words = f"it moves only together with {other.place}, which this run leaves out"
    return _aside(site, Reason(_HELD, words))


def _aside(site: Site, reason: Reason) -> Site:
    return replace(site, reason=reason, edits=(), needs=(), retired=())


def _parts(site: Site, reach: Mapping[str, list[Site]]) -> set[str]:
    return {other.part for other in reach[site.groups[0]]} if site.groups else {site.part}


def _reach(sites: Iterable[Site]) -> dict[str, list[Site]]:
    """For each group all sites that move with it, also through a site that is in two."""
    above: dict[str, str] = {}

    def top(group: str) -> str:
        while above.setdefault(group, group) != group:
            group = above[group]
        return group

    grouped = [site for site in sites if site.groups]
    for site in grouped:
        for group in site.groups:
            above[top(group)] = top(site.groups[0])
    members: dict[str, list[Site]] = defaultdict(list)
    for site in grouped:
        members[top(site.groups[0])].append(site)
    return {group: members[top(group)] for group in above}
