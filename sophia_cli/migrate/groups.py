"""Objects that must be moved whole or not at all: one use that stays keeps all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sophia_cli.migrate.site import Reason, Site, Verdict, outweigh

_RANK = {Verdict.SAFE: 0, Verdict.REVIEW: 1, Verdict.REPORT: 2}


def level(sites: Iterable[Site], editable: Callable[[Site], bool]) -> list[Site]:
    """Give every site of an object the verdict of its worst one."""
    sites = list(sites)
    while True:
        worst = _worst(sites, editable)
        levelled = [_at_least(site, worst, editable) for site in sites]
        if levelled == sites:
            return sites
        sites = levelled


def spread(failed: Mapping[str, Reason], sites: Iterable[Site]) -> dict[str, Reason]:
    """Files that fail because they share an object with one that does."""
    sites, found = list(sites), dict(failed)
    while True:
        groups = {group for site in sites if site.path in found for group in site.groups}
        more = {
            site.path: Reason("shared-instance", "a file that shares its instance is left alone")
            for site in sites
            if site.path not in found and groups & set(site.groups)
        }
        if not more:
            return found
        found |= more


def _worst(sites: list[Site], editable: Callable[[Site], bool]) -> dict[str, Site]:
    worst: dict[str, Site] = {}
    for site in sites:
        for group in site.groups:
            if group not in worst or _rank(site, editable) > _rank(worst[group], editable):
                worst[group] = site
    return worst


def _rank(site: Site, editable: Callable[[Site], bool]) -> int:
    return _RANK.get(site.verdict, 0) if editable(site) else _RANK[Verdict.REPORT]


def _at_least(site: Site, worst: Mapping[str, Site], editable: Callable[[Site], bool]) -> Site:
    others = [worst[group] for group in site.groups]
    if not others:
        return site
    other = max(others, key=lambda found: _rank(found, editable))
    if _rank(other, editable) <= _RANK.get(site.verdict, 0):
        return site
    words = f"it shares its instance with {other.place}"
    reason = outweigh(Reason("shared-instance", words), site)
    if _rank(other, editable) == _RANK[Verdict.REVIEW]:
        return replace(site, verdict=Verdict.REVIEW, reason=reason)
    return replace(site, verdict=Verdict.REPORT, reason=reason, edits=(), needs=(), retired=())
