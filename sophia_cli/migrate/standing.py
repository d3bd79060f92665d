"""Where a site stands: what becomes of a call is decided where its client is constructed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sophia_cli.migrate.site import Category, Key, Site, Verdict

_ORDER = (Verdict.DONE, Verdict.SAFE, Verdict.REVIEW, Verdict.REPORT)


@dataclass(frozen=True)
class Standing:
    """A site and its class, that of its client where it is carried; `passed` says that the client
    came as an argument, from any of the constructors there are."""

    site: Site
    verdict: Verdict
    passed: bool = False

    @property
    def on_service(self) -> bool:
        return self.verdict is Verdict.DONE


def stand(sites: Iterable[Site]) -> tuple[Standing, ...]:
    """The standing of every site that is a construction or a call: done, safe, review or report-only."""
    sites = tuple(site for site in sites if site.verdict is not Verdict.NOTED)
    own = [site for site in sites if site.verdict is not Verdict.CARRIED]
    carriers: dict[Key, Verdict] = {}
    worst: dict[str, Verdict] = {}
    for site in own:
        carriers[site.key] = _worse(carriers.get(site.key, Verdict.DONE), site.verdict)
        if site.rule != "calls" and site.category is Category.SOURCE:
            worst[site.provider] = _worse(worst.get(site.provider, Verdict.DONE), site.verdict)
    return tuple(_standing(site, carriers, worst) for site in sites)


def _standing(site: Site, carriers: dict[Key, Verdict], worst: dict[str, Verdict]) -> Standing:
    if site.verdict is not Verdict.CARRIED:
        return Standing(site, site.verdict)
    if site.carrier in carriers:
        return Standing(site, carriers[site.carrier])
    made = worst.get(site.provider)  # none where all that makes one is no source
    return Standing(site, made or Verdict.REPORT, passed=made is not None)


def _worse(one: Verdict, other: Verdict) -> Verdict:
    return max(one, other, key=_ORDER.index)
