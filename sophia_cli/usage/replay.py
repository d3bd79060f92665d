"""Calls of the past under other rules or prices: what they would have cost, how long taken, what would have left.

No call is made. What the ledger does not know is counted as unknown: never guessed, never zero.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.record import CACHED, ERROR, OK
from sophia_cli.llm.prices import Price
from sophia_cli.usage.again import Again
from sophia_cli.usage.figures import Speed
from sophia_cli.usage.firsts import FEW, keeps_local
from sophia_cli.usage.ground import Samples
from sophia_cli.usage.kinds import Key, Tell, in_silence
from sophia_cli.usage.limits import Limits
from sophia_cli.usage.mixture import Mixture
from sophia_cli.usage.past import Kind, Needs, Past, past_pages
from sophia_cli.usage.pricing import Pricing, costs_of_tokens
from sophia_cli.usage.routes import Place
from sophia_cli.usage.span import Span

_NOBODY: frozenset[Place] = frozenset()


@dataclass
class Sums:
    """Calls added up, as they were and as they would have been; nano-USD and bytes.

    `moved` would have gone elsewhere; `refused` nobody may answer; `unknown` depend on what was not
    recorded. Of moved calls `untold` have no tokens, `unpriced` no price there, `untimed` no
    measured answers there: their money and time are in no sum of `then`. `was_priced` and
    `then_priced` count those whose cost is known, `both` those of which both are.
    """

    calls: int = 0
    moved: int = 0
    refused: int = 0
    unknown: int = 0
    untold: int = 0
    unpriced: int = 0
    untimed: int = 0
    was_nano: int = 0
    then_nano: int = 0
    was_priced: int = 0
    then_priced: int = 0
    both: int = 0
    both_was_nano: int = 0
    both_then_nano: int = 0
    leaves: int = 0
    stays: int = 0
    uncached: int = 0
    was_times: array[int] = field(default_factory=lambda: array("q"))
    then_times: Mixture = field(default_factory=Mixture)

    def add(self, other: Sums) -> None:
        """Take another's in."""
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        self.was_times.extend(other.was_times)
        self.then_times.add(other.then_times)

    def data(self, samples: Samples) -> dict[str, Any]:
        """For other programs."""
        counts = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        was, then = speeds(self, samples)
        money = {
            f"{name.removesuffix('_nano')}_usd": value / 1e9
            for name, value in counts.items()
            if name.endswith("_nano")
        }
        return counts | money | {"was_seconds": vars(was), "then_seconds": vars(then)}


def speeds(sums: Sums, samples: Samples) -> tuple[Speed, Speed]:
    """How long answers took, and would have taken."""
    was = Mixture()
    was.times.extend(sums.was_times)
    return was.speed({}), sums.then_times.speed(samples)


@dataclass(frozen=True)
class Replay:
    """The span under other rules: by task, all together, and who would have been asked instead of whom.

    `samples` are the measured times of each place, by which moved calls are timed.
    """

    span: Span
    tasks: Mapping[str, Sums]
    moves: Mapping[tuple[Place, Place], int]
    refusals: Mapping[str, int]
    samples: Samples

    @property
    def total(self) -> Sums:
        found = Sums()
        for sums in self.tasks.values():
            found.add(sums)
        return found

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "since": str(self.span.first),
            "until": str(self.span.last),
            "total": self.total.data(self.samples),
            "tasks": {name: sums.data(self.samples) for name, sums in self.tasks.items()},
            "moves": [
                {"from": "/".join(was), "to": "/".join(then), "calls": count}
                for (was, then), count in self.moves.items()
            ],
            "refused": dict(self.refusals),
        }


class Replayer:
    """Takes calls of one kind after the other. `again` decides them anew, None for a replay of prices alone.

    `prices` hold also for calls that go where they went.
    """

    def __init__(
        self,
        again: Again | None,
        pricing: Pricing,
        prices: Mapping[str, Price],
        failed: Mapping[int, frozenset[Place]],
        samples: Samples,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits
        self.tasks: dict[str, Sums] = defaultdict(Sums)
        self.moves = Counts[tuple[Place, Place]]()
        self.refusals = Counts[str]()
        self._again, self._pricing, self._prices = again, pricing, prices
        self._failed, self._samples = failed, samples
        self._local: dict[str, bool] = {}

    @property
    def needs(self) -> Needs:
        """What it tells calls apart by."""
        needs = self._again.needs if self._again else Needs()
        return needs | self.limits.needs if self.limits else needs

    def add(self, page: Iterable[Past]) -> None:
        """A page of calls; those of the next one are later."""
        for calls in page:
            self._add(calls)
        if self.limits is not None:
            self.limits.settle()

    def _add(self, calls: Past) -> None:
        sums = self.tasks[calls.kind.task]
        sums.calls += calls.calls
        sums.was_nano += sum(filter(None, calls.costs))
        sums.was_priced += calls.calls - calls.costs.count(None)
        if calls.kind.outcome == OK:
            sums.was_times.extend(calls.times)
        for target, some in self._targets(calls, sums):
            if target == calls.kind.place:
                self._same(some, sums)
            else:
                self._move(some, target, sums)

    def _targets(self, calls: Past, sums: Sums) -> Iterator[tuple[Place, Past]]:
        """Who would have answered which of them; nothing of those whom nobody would, or nobody knows."""
        kind = calls.kind
        if self._again is None or kind.outcome == CACHED:
            yield kind.place, calls
            return
        answer = self._again.answer(kind)
        if answer is None or answer.way.unknown:
            sums.unknown += calls.calls
        elif answer.same:
            yield kind.place, calls
        elif not answer.way.chain:
            sums.refused += calls.calls
            self.refusals.add(answer.way.why, calls)
        else:
            for failed, some in self._by_failures(calls):
                yield _next(answer.way.chain, failed, kind), some

    def _by_failures(self, calls: Past) -> Iterator[tuple[frozenset[Place], Past]]:
        """Calls by who gave them no answer then: mostly nobody."""
        failed = [self._failed.get(moment, _NOBODY) for moment in calls.moments]
        different = dict.fromkeys(failed)
        if len(different) == 1:
            yield failed[0], calls
            return
        for one in different:
            yield one, calls.only([one == other for other in failed])

    def _same(self, calls: Past, sums: Sums) -> None:
        """They go where they went: what was measured stands, unless its price is to be another."""
        kind, nanos = calls.kind, calls.costs
        price = self._prices.get("/".join(kind.place))
        if price is not None and kind.outcome != CACHED:
            nanos = [
                nano if usage is None else price.cost(usage)
                for nano, usage in zip(nanos, calls.usages, strict=True)
            ]
        self._pay(calls, kind.place, nanos, sums)
        if kind.outcome == OK:
            sums.then_times.times.extend(calls.times)

    def _move(self, calls: Past, target: Place, sums: Sums) -> None:
        kind = calls.kind
        sums.moved += calls.calls
        self.moves.add((kind.place, target), calls)
        told = calls.told
        sums.untold += calls.calls - told.calls
        price = self._pricing.of(target)
        if price is None:
            sums.unpriced += told.calls
        elif told.calls:
            sums.uncached += sum(filter(None, told.cached))
            self._pay(told, target, costs_of_tokens(price, told.tokens), sums)
        if kind.outcome == OK:
            if len(self._samples.get(target, ())) >= FEW:
                sums.then_times.counts[target] += calls.calls
            else:
                sums.untimed += calls.calls
            self._carry(calls, target, sums)

    def _carry(self, calls: Past, target: Place, sums: Sums) -> None:
        if not self._is_local(target[0]):
            sums.leaves += sum(calls.kept_local)
        else:
            both = zip(calls.carried, calls.kept_local, strict=True)
            sums.stays += sum(carried for carried, kept in both if not kept)

    def _is_local(self, provider: str) -> bool:
        if provider not in self._local:
            assert self._again is not None  # nothing moves without it
            self._local[provider] = keeps_local(self._again.config, provider)
        return self._local[provider]

    def _pay(self, calls: Past, place: Place, nanos: Sequence[int | None], sums: Sums) -> None:
        """What they would have cost; None of what nobody knows."""
        sums.then_nano += sum(filter(None, nanos))
        sums.then_priced += calls.calls - nanos.count(None)
        both = [
            (was, then)
            for was, then in zip(calls.costs, nanos, strict=True)
            if was is not None and then is not None
        ]
        sums.both += len(both)
        sums.both_was_nano += sum(was for was, _ in both)
        sums.both_then_nano += sum(then for _, then in both)
        if self.limits is not None:
            self.limits.add(calls.kind, place, zip(calls.moments, nanos, strict=True))


class Counts(Generic[Key]):
    """How many calls there are of each, the most frequent first, then those of the earliest call."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[int, int]] = {}

    def add(self, key: Key, calls: Past) -> None:
        """Count these."""
        count, first = self._found.get(key, (0, calls.moments[0]))
        self._found[key] = (count + calls.calls, min(first, calls.moments[0]))

    def in_order(self) -> dict[Key, int]:
        """The counts."""
        found = sorted(self._found.items(), key=lambda one: (-one[1][0], one[1][1]))
        return {key: count for key, (count, _) in found}


def _next(chain: Sequence[Place], failed: frozenset[Place], kind: Kind) -> Place:
    """Who would have answered of those that were to be asked."""
    for place in chain:
        if place not in failed:
            return place
    return kind.place if kind.outcome == ERROR else chain[-1]


def run(
    ledger: Ledger, span: Span, replayer: Replayer, samples: Samples, tell: Tell = in_silence
) -> Replay:
    """Replay all calls of the span. Raises LLMError, ConfigError."""
    for page in past_pages(ledger, span, replayer.needs, tell):
        replayer.add(page)
    tasks = dict(
        sorted(replayer.tasks.items(), key=lambda one: (-one[1].was_nano, -one[1].calls, one[0]))
    )
    moves, refusals = replayer.moves.in_order(), replayer.refusals.in_order()
    return Replay(span, tasks, moves, refusals, samples)
