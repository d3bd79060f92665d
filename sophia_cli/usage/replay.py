"""Calls of the past under other rules or prices: what they would have cost, how long taken, what would have left.

No call is made. What the ledger does not know is counted as unknown: never guessed, never zero.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import calls_between, who_failed
from sophia_cli.llm.ledger.record import CACHED, ERROR, OK
from sophia_cli.llm.prices import Price
from sophia_cli.usage.again import Again
from sophia_cli.usage.figures import Speed
from sophia_cli.usage.firsts import FEW, keeps_local
from sophia_cli.usage.limits import Limits
from sophia_cli.usage.mixture import Mixture
from sophia_cli.usage.past import Row, rows_between
from sophia_cli.usage.pricing import Pricing, cost_of_tokens
from sophia_cli.usage.routes import Place, read_route, taken_at_rest
from sophia_cli.usage.span import Span

Samples = Mapping[Place, "array[int]"]


@dataclass
class Sums:
    """Calls added up, as they were and as they would have been; nano-USD and bytes.

    `moved` would have gone elsewhere; `refused` nobody may answer; `unknown` depend on what was not
    recorded. Of moved calls `untold` have no tokens, `unpriced` no price there, `untimed` no
    measured answers there: their money and time are in no sum of `then`.
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
    """Takes calls one by one. `again` decides them anew, None for a replay of prices alone.

    `prices` hold also for calls that go where they went.
    """

    def __init__(
        self,
        again: Again | None,
        pricing: Pricing,
        prices: Mapping[str, Price],
        failed: Mapping[str, set[Place]],
        samples: Samples,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits
        self.tasks: dict[str, Sums] = defaultdict(Sums)
        self.moves: Counter[tuple[Place, Place]] = Counter()
        self.refusals: Counter[str] = Counter()
        self._again, self._pricing, self._prices = again, pricing, prices
        self._failed, self._samples = failed, samples
        self._local: dict[str, bool] = {}

    def add(self, row: Row) -> None:
        """One call."""
        sums = self.tasks[row.task]
        sums.calls += 1
        if row.cost_nano is not None:
            sums.was_nano += row.cost_nano
        if row.outcome == OK:
            sums.was_times.append(row.latency_us)
        target = self._target(row, sums)
        if target == row.place:
            self._same(row, sums)
        elif target is not None:
            self._move(row, target, sums)

    def _target(self, row: Row, sums: Sums) -> Place | None:
        """Who would have answered; None where nobody would, or nobody knows."""
        if self._again is None or row.outcome == CACHED:
            return row.place
        answer = self._again.answer(row)
        if answer is None or answer.way.unknown:
            sums.unknown += 1
            return None
        if answer.same:
            return row.place
        way = answer.way
        if not way.chain:
            sums.refused += 1
            self.refusals[way.why] += 1
            return None
        failed = self._failed.get(row.id, ())
        for place in way.chain:
            if place not in failed:
                return place
        return row.place if row.outcome == ERROR else way.chain[-1]

    def _same(self, row: Row, sums: Sums) -> None:
        """It goes where it went: what was measured stands, unless its price is to be another."""
        nano = row.cost_nano
        price = self._prices.get("/".join(row.place))
        if price is not None and row.outcome != CACHED and (usage := row.usage):
            nano = price.cost(usage)
        if nano is not None:
            self._pay(row, row.place, nano, sums)
        if row.outcome == OK:
            sums.then_times.times.append(row.latency_us)

    def _move(self, row: Row, target: Place, sums: Sums) -> None:
        sums.moved += 1
        self.moves[row.place, target] += 1
        usage, price = row.usage, self._pricing.of(target)
        if usage is None:
            sums.untold += 1
        elif price is None:
            sums.unpriced += 1
        else:
            nano = cost_of_tokens(price, usage)
            sums.uncached += usage.cached
            self._pay(row, target, nano, sums)
        if row.outcome == OK:
            if len(self._samples.get(target, ())) >= FEW:
                sums.then_times.counts[target] += 1
            else:
                sums.untimed += 1
            self._carry(row, target, sums)

    def _carry(self, row: Row, target: Place, sums: Sums) -> None:
        local = self._is_local(target[0])
        if row.kept_local and not local:
            sums.leaves += row.kept_local
        elif local and not row.kept_local:
            sums.stays += row.bytes_sent + row.bytes_received

    def _is_local(self, provider: str) -> bool:
        if provider not in self._local:
            assert self._again is not None  # nothing moves without it
            self._local[provider] = keeps_local(self._again.config, provider)
        return self._local[provider]

    def _pay(self, row: Row, place: Place, nano: int, sums: Sums) -> None:
        sums.then_nano += nano
        if row.cost_nano is not None:
            sums.both += 1
            sums.both_was_nano += row.cost_nano
            sums.both_then_nano += nano
        if self.limits is not None:
            self.limits.add(row, place, nano)


@dataclass(frozen=True)
class Ground:
    """What a replay of a span stands on: who failed then, how fast everybody was, who was to be asked."""

    failed: Mapping[str, set[Place]]
    samples: Samples
    providers: frozenset[str]
    data_classes: Mapping[str, int]


def survey(ledger: Ledger, span: Span) -> Ground:
    """Look over the span once. Raises LLMError."""
    samples: dict[Place, array[int]] = defaultdict(lambda: array("q"))
    providers: set[str] = set()
    classes: Counter[str] = Counter()
    routes: dict[str, None] = {}
    columns = ("outcome", "provider", "model", "latency_us", "data_class", "route")
    rows = calls_between(ledger, span.start_ns, span.end_ns, columns)
    for _, outcome, provider, model, took, data_class, route in rows:
        if outcome == OK:
            samples[provider, model].append(took)
        if data_class:
            classes[data_class] += 1
        tail = route[route.find('"candidates"') :] if route else ""
        if tail not in routes:
            routes[tail] = None
            recorded = read_route(route)
            if recorded is not None:
                providers.update(one.provider for one in recorded.verdicts if taken_at_rest(one))
    for times in samples.values():
        times[:] = array("q", sorted(times))
    failed = who_failed(ledger, span.start_ns, span.end_ns)
    return Ground(failed, dict(samples), frozenset(providers), classes)


def run(ledger: Ledger, span: Span, replayer: Replayer, samples: Samples) -> Replay:
    """Replay all calls of the span. Raises LLMError, ConfigError."""
    for row in rows_between(ledger, span):
        replayer.add(row)
    tasks = dict(
        sorted(replayer.tasks.items(), key=lambda one: (-one[1].was_nano, -one[1].calls, one[0]))
    )
    moves = dict(replayer.moves.most_common())
    return Replay(span, tasks, moves, dict(replayer.refusals.most_common()), samples)
