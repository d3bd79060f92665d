"""The first choice of each task beside what the next one would have been: whether the order pays."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sophia_cli.llm.config import Config
from sophia_cli.llm.providers import KINDS
from sophia_cli.usage.figures import Speed, speed_of
from sophia_cli.usage.pricing import Pricing, cost_elsewhere
from sophia_cli.usage.reading import LARGE, Path, Reading
from sophia_cli.usage.routes import Choice, Place

FEW = 20  # answers; fewer say nothing of how fast a model is
UNPRICED, NO_TOKENS = "unpriced", "no priced answer to compare"


@dataclass(frozen=True)
class First:
    """A task's first choice and the one after it, where it had one.

    `first_nano` is what the first took for `priced` of its `ok` answers, `then_nano` what the other
    would have taken for these, at today's prices; None where that is not known, and `unknown` says why.
    `then_speed` is of `then_of`: its answers to the task, or to any where it gave too few.
    """

    task: str
    first: Place
    then: Place | None
    local: bool
    calls: int
    ok: int
    moved: int
    priced: int
    kept_local: int
    first_nano: int
    first_speed: Speed
    then_nano: int | None = None
    then_speed: Speed = field(default_factory=Speed)
    then_of: str = ""
    unknown: str = ""

    @property
    def difference(self) -> int | None:
        """Nano-USD that the first choice cost more than the next would have; less than 0 is saved."""
        return None if self.then_nano is None else self.first_nano - self.then_nano

    def data(self) -> dict[str, Any]:
        """For other programs."""
        difference = self.difference
        return {
            "task": self.task,
            "first": "/".join(self.first),
            "then": "/".join(self.then) if self.then else None,
            "in_warehouse": self.local,
            "calls": self.calls,
            "ok": self.ok,
            "answered_by_another": self.moved,
            "compared": self.priced if self.then_nano is not None else 0,
            "kept_local": self.kept_local,
            "first_usd": self.first_nano / 1e9,
            "then_usd": None if self.then_nano is None else self.then_nano / 1e9,
            "difference_usd": None if difference is None else difference / 1e9,
            "first_seconds": vars(self.first_speed),
            "then_seconds": vars(self.then_speed),
            "then_seconds_of": self.then_of,
            "unknown": self.unknown,
        }


def first_choices(reading: Reading, config: Config, pricing: Pricing) -> tuple[First, ...]:
    """One for each task and choice that calls had, the most used first."""
    merged: dict[tuple[str, Place, Place | None], list[Path]] = defaultdict(list)
    for (task, choice), path in reading.paths.items():
        merged[task, choice.first, choice.then].append(path)
    found = [
        _compare(task, Choice(first, then, ""), paths, reading, config, pricing)
        for (task, first, then), paths in merged.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.calls, one.task, one.first)))


def _compare(
    task: str,
    choice: Choice,
    paths: Sequence[Path],
    reading: Reading,
    config: Config,
    pricing: Pricing,
) -> First:
    then, unknown = choice.then, ""
    speed, said_of = _speed_of(then, task, reading.places) if then else (Speed(), "")
    nano: int | None = None
    if then is not None:
        price = pricing.of(then)
        if price is None:
            unknown = UNPRICED
        elif any(start < LARGE for start, _ in price.above):
            unknown = "its price changes with the size of small prompts"
        elif not any(path.priced for path in paths):
            unknown = NO_TOKENS
        else:
            nano = sum(cost_elsewhere(price, path.small, path.large) for path in paths)
    return First(
        task=task,
        first=choice.first,
        then=then,
        local=keeps_local(config, choice.first[0]),
        calls=sum(path.calls for path in paths),
        ok=sum(path.ok for path in paths) - sum(path.moved for path in paths),
        moved=sum(path.moved for path in paths),
        priced=sum(path.priced for path in paths),
        kept_local=sum(path.kept_local for path in paths),
        first_nano=sum(path.cost_nano for path in paths),
        first_speed=speed_of(time for path in paths for time in path.times),
        then_nano=nano,
        then_speed=speed,
        then_of=said_of,
        unknown=unknown,
    )


def keeps_local(config: Config, provider: str) -> bool:
    """Whether what a provider is sent stays in the warehouse."""
    known = config.providers.get(provider)
    return known is not None and KINDS[known.kind].keeps_local


def _speed_of(
    place: Place, task: str, places: Mapping[tuple[Place, str], array[int]]
) -> tuple[Speed, str]:
    """How fast a model answers the task; where it hardly ever did, any task; else nobody knows."""
    own = places.get((place, task), ())
    if len(own) >= FEW:
        return speed_of(own), "this task"
    every = [time for (other, _), times in places.items() if other == place for time in times]
    if len(every) >= FEW:
        return speed_of(every), "all its tasks"
    return Speed(len(every)), ""


@dataclass(frozen=True)
class Warehouse:
    """Whether the warehouse first paid: of `calls` that it answered first, `compared` can be compared."""

    calls: int
    compared: int
    difference: int
    kept_local: int

    def data(self) -> dict[str, Any]:
        """For other programs; the difference in USD, less than 0 is saved."""
        return {**vars(self), "difference_usd": self.difference / 1e9}


def warehouse_first(firsts: Sequence[First]) -> Warehouse | None:
    """All tasks that ask the warehouse first, together; None where no call did."""
    local = [one for one in firsts if one.local]
    if not local:
        return None
    compared = [one for one in local if one.difference is not None]
    return Warehouse(
        calls=sum(one.ok for one in local),
        compared=sum(one.priced for one in compared),
        difference=sum(one.difference or 0 for one in compared),
        kept_local=sum(one.kept_local for one in local),
    )
