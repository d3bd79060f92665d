"""What becomes of each pin: the newest version that fits, or why it stays."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.hooks.update import npm, pypi, semver, tags
from sophia_cli.hooks.update.fit import Held, Rules, clash, newest, objection
from sophia_cli.hooks.update.indexes import indexes
from sophia_cli.hooks.update.packages import short_name
from sophia_cli.hooks.update.pin import GIT, NPM, PYPI, Pin
from sophia_cli.hooks.update.release import Release

_AT_ONCE = 8  # requests; registries do not mind, and most of the time is spent waiting
_OURS = "sophia-cli"
_DATED = 10  # tags of a repository that are asked for their age, newest first

Offers = Mapping[tuple[str, str], "Sequence[Release] | SophiaError"]


@dataclass(frozen=True)
class Asked:
    """`days` is how old a release must be; `only` are the packages to look at, all where empty."""

    root: Path
    days: int = 7
    only: tuple[str, ...] = ()

    def chosen(self, pins: Sequence[Pin]) -> list[Pin]:
        """The pins to look at. Raises UsageError for a name that none of them has."""
        names = {name.lower() for name in self.only}
        found = [pin for pin in pins if not names or names & {short_name(pin), pin.name.lower()}]
        known = {name for pin in pins for name in (short_name(pin), pin.name.lower())}
        for name in self.only:
            if name.lower() not in known:
                words = f"no hook pins {name}"
                raise UsageError(words, "sophia hooks update --check   shows all pins")
        return found

    def looked_at(self, pins: Sequence[Pin]) -> list[Pin]:
        """Those, and npm's packages that are installed beside them: a new one must fit them too."""
        chosen = self.chosen(pins)
        groups = {pin.group for pin in chosen if pin.kind == NPM}
        return [pin for pin in pins if pin in chosen or (pin.kind == NPM and pin.group in groups)]


@dataclass(frozen=True)
class Move:
    """What becomes of one pin. `to` is its version from now on, `tag` that of a commit.

    `held` is the newest release where another one was chosen. `trouble` says why nothing is known,
    `note` what else must be said of the version that is pinned today.
    """

    pin: Pin
    to: str
    tag: str = ""
    held: Held | None = None
    note: str = ""
    trouble: SophiaError | None = None

    @property
    def moves(self) -> bool:
        return self.to != self.pin.version


def moves(pins: Sequence[Pin], asked: Asked, tick: Callable[[], None]) -> tuple[Move, ...]:
    """Judge every pin that is asked for. `tick` is called after each answer of a registry."""
    wanted = asked.chosen(pins)
    looked = asked.looked_at(pins)
    offers = _offers(looked, asked, tick)
    rules = Rules(datetime.now(UTC), timedelta(days=asked.days))
    found: dict[int, Move] = {}
    node = npm.node(os.environ) if any(pin.kind == NPM for pin in wanted) else ""
    for group in {pin.group: None for pin in wanted}:
        together = [pin for pin in looked if pin.group == group and pin.kind == NPM]
        still = frozenset(pin.name for pin in together if pin not in wanted)
        found |= _npm(together, offers, replace(rules, node=node), still)
    for pin in wanted:
        if pin.kind == PYPI:
            python = python_of(pin.python)
            found[pin.start] = _alone(pin, offers, replace(rules, python=python))
        elif pin.kind == GIT:
            found[pin.start] = _tagged(pin, offers, rules)
    return tuple(found[pin.start] for pin in wanted)


def python_of(asked: str) -> str:
    """The version that a hook's `language_version` stands for: that of this Python where it leaves it open."""
    ours = ".".join(map(str, sys.version_info[:3]))
    found = re.search(r"(\d+)\.(\d+)", asked)
    if not found or (int(found[1]), int(found[2])) == sys.version_info[:2]:
        return ours
    return found[0]


def packages_of(pins: Iterable[Pin]) -> list[tuple[str, str]]:
    """What is asked of the registries: each package once."""
    return list(dict.fromkeys((pin.kind, pin.name) for pin in pins))


def _offers(pins: Sequence[Pin], asked: Asked, tick: Callable[[], None]) -> Offers:
    where = indexes(os.environ)
    like = {(pin.kind, pin.name): pin.version for pin in pins}

    def ask(package: tuple[str, str]) -> Sequence[Release] | SophiaError:
        kind, name = package
        try:
            if kind == PYPI:
                return pypi.releases(name, where)
            if kind == NPM:
                return npm.releases(name, asked.root)
            return tags.releases(name, like[package])
        except SophiaError as error:
            return error
        finally:
            tick()

    wanted = packages_of(pins)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(ask, wanted), strict=True))


def _alone(pin: Pin, offers: Offers, rules: Rules) -> Move:
    """A package that nothing else is bound to."""
    offered = offers[pin.kind, pin.name]
    if isinstance(offered, SophiaError):
        # Ours may come from elsewhere, such as a wheel of one's own: no reason to fail.
        ours = pin.name == _OURS
        note = f"left alone: {offered.message}" if ours else ""
        return Move(pin, pin.version, note=note, trouble=None if ours else offered)
    today = _today(pin, offered)
    fit = _candidates(today, offered, rules)
    chosen = fit[-1]
    held = _held(offered, chosen, lambda one: objection(one, rules))
    to = pin.version if chosen is today else chosen.version
    return Move(pin, to, held=held, note=_note(today))


def _tagged(pin: Pin, offers: Offers, rules: Rules) -> Move:
    offered = offers[pin.kind, pin.name]
    if isinstance(offered, SophiaError):
        return Move(pin, pin.version, trouble=offered)
    today = next((one for one in offered if pin.version in (one.version, one.commit)), None)
    if today is None:
        words = f"{pin.version[:12]} is no tag that can be compared with others"
        return Move(pin, pin.version, trouble=SophiaError(words, "pre-commit autoupdate"))
    newer = [one for one in offered if one.key > today.key and (not one.early or today.early)]
    held: Held | None = None
    for one in reversed(newer[-_DATED:]):
        try:
            why = objection(tags.dated(pin.name, one) if rules.cooldown else one, rules)
        except SophiaError as error:
            return Move(pin, pin.version, trouble=error)
        if not why:
            to = one.commit if tags.is_commit(pin.version) else one.version
            return Move(pin, to, one.version if to == one.commit else "", held)
        held = held or Held(one.version, why)
    return Move(pin, pin.version, held=held)


def _npm(
    pins: Sequence[Pin], offers: Offers, rules: Rules, still: frozenset[str] = frozenset()
) -> dict[int, Move]:
    """Packages that are installed together: the newest set whose members take each other.

    Those that stand `still` are in it as they are.
    """
    missing = [pin for pin in pins if isinstance(offers[pin.kind, pin.name], SophiaError)]
    found: dict[int, Move] = {}
    for pin in missing:
        error = offers[pin.kind, pin.name]
        found[pin.start] = Move(
            pin, pin.version, trouble=error if isinstance(error, SophiaError) else None
        )
    known = {pin.name: pin for pin in pins if pin not in missing}
    told = {name: _told(offers, pin) for name, pin in known.items()}
    today = {name: _today(pin, told[name]) for name, pin in known.items()}
    stand = {name: [today[name]] for name in known if name in still}
    fit = {name: _candidates(today[name], told[name], rules) for name in known}
    chosen = newest({**fit, **stand}) or newest(
        {name: [one for one in told[name] if not one.early and not objection(one, rules)] or [today[name]]
         for name in known} | stand
    )  # fmt: skip
    for name, pin in known.items():
        found[pin.start] = _of_set(pin, today, chosen, told[name], rules)
    return found


def _of_set(
    pin: Pin,
    today: Mapping[str, Release],
    chosen: Mapping[str, Release] | None,
    offered: Sequence[Release],
    rules: Rules,
) -> Move:
    if chosen is None:
        words = f"no versions of {', '.join(sorted(today))} fit together"
        return Move(
            pin, pin.version, trouble=SophiaError(words, f"npm view {pin.name} peerDependencies")
        )
    one = chosen[pin.name]
    why = clash(chosen, pin.name, today[pin.name])
    held = _held(
        offered, one, lambda other: objection(other, rules) or clash(chosen, pin.name, other)
    )
    if one.key < today[pin.name].key:
        held = Held(pin.version, why or "fits with none of the others")
    return Move(pin, one.version, held=held, note=_note(today[pin.name]))


def _told(offers: Offers, pin: Pin) -> Sequence[Release]:
    found = offers[pin.kind, pin.name]
    return () if isinstance(found, SophiaError) else found


def _today(pin: Pin, offered: Sequence[Release]) -> Release:
    """The release that is pinned, also where the registry has it no more."""
    key = _key(pin)
    gone = Release(pin.version, key, withdrawn="no longer to be had")
    return next((one for one in offered if one.key == key), gone)


def _key(pin: Pin) -> Any:
    if pin.kind == NPM:
        return semver.version(pin.version) or semver.Version((0, 0, 0))
    try:
        return Version(pin.version)
    except InvalidVersion:
        return Version("0")


def _candidates(today: Release, offered: Sequence[Release], rules: Rules) -> list[Release]:
    """What is pinned, and what is newer and may be taken; oldest first."""
    newer = [
        one
        for one in offered
        if one.key > today.key and (not one.early or today.early) and not objection(one, rules)
    ]
    return [today, *newer]


def _held(
    offered: Sequence[Release], chosen: Release, why: Callable[[Release], str]
) -> Held | None:
    """The newest release that was not chosen; one that was withdrawn is nothing to wait for."""
    for one in reversed(offered):
        if one.key <= chosen.key:
            return None
        if not one.early and not one.withdrawn:
            return Held(one.version, why(one) or "does not fit with the others")
    return None


def _note(today: Release) -> str:
    return f"{today.version} is {today.withdrawn}" if today.withdrawn else ""
