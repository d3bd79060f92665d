"""The newest set of versions that fits together, and why it is not newer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sophia_cli.hooks.update import semver
from sophia_cli.hooks.update.release import Release

_STEPS = 20_000  # of the search: what is pinned together is a handful


@dataclass(frozen=True)
class Rules:
    """What a release must be: `cooldown` old, and made for this `python` and `node` (empty: any)."""

    now: datetime
    cooldown: timedelta
    python: str = ""
    node: str = ""


@dataclass(frozen=True)
class Held:
    """A release that is newer than the one that was chosen, and why it was not."""

    version: str
    why: str


def objection(release: Release, rules: Rules) -> str:
    """Why a release is not taken, as words that follow its version; empty where it is."""
    if release.withdrawn:
        return f"is {release.withdrawn}"
    if rules.python and release.python and not _runs_on(release.python, rules.python):
        return f"needs Python {release.python}, the hook runs on {rules.python}"
    if rules.node and release.node and not semver.fits(rules.node, release.node):
        return f"needs Node {release.node}, this is {rules.node}"
    if rules.cooldown and release.uploaded is None:
        return "has no date, so its age is not known"
    if release.uploaded and release.uploaded > rules.now - rules.cooldown:
        return f"is {_age(rules.now - release.uploaded)} old, the cooldown is {rules.cooldown.days}"
    return ""


def newest(offers: Mapping[str, Sequence[Release]]) -> dict[str, Release] | None:
    """One release of each package, as new as may be, such that all take each other as peers.

    Packages that have peers are looked at first: TypeScript gives way to what reads it. `offers`
    are oldest first. None where nothing fits.
    """
    order = sorted(offers, key=lambda name: (-_wants(offers[name], offers), name))
    search = _choices(order, offers, {}, [0])
    return next(search, None)


def clash(chosen: Mapping[str, Release], name: str, release: Release) -> str:
    """Who among the chosen does not take that release of a package, or is not taken by it; else empty."""
    for other, found in chosen.items():
        wanted, peer = found.peers.get(name, "*"), release.peers.get(other, "*")
        if other != name and not semver.fits(release.version, wanted):
            return f"{other} {found.version} takes {name} {wanted}"
        if other != name and not semver.fits(found.version, peer):
            return f"it takes {other} {peer}, which is held at {found.version}"
    return ""


def _choices(
    order: Sequence[str],
    offers: Mapping[str, Sequence[Release]],
    chosen: dict[str, Release],
    steps: list[int],
) -> Iterator[dict[str, Release]]:
    if len(chosen) == len(order):
        yield dict(chosen)
        return
    name = order[len(chosen)]
    for release in reversed(offers[name]):
        steps[0] += 1
        if steps[0] > _STEPS:
            return
        if not clash(chosen, name, release):
            yield from _choices(order, offers, {**chosen, name: release}, steps)


def _wants(offered: Sequence[Release], all_of_them: Mapping[str, object]) -> int:
    return len({peer for one in offered[-1:] for peer in one.peers} & set(all_of_them))


def _runs_on(wanted: str, python: str) -> bool:
    if python.count(".") == 1:
        python = f"{python}.99"  # the last of its kind: the hook takes whichever is there
    for part in wanted.split(" || "):
        try:
            if SpecifierSet(part).contains(python, prereleases=True):
                return True
        except InvalidSpecifier:
            return True
    return False


def _age(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}" if span.days else "less than a day"
