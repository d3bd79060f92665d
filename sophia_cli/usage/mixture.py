"""Times that were measured, mixed with times that would have been: each moved call is timed as its new place is."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sophia_cli.usage.figures import ENOUGH_FOR_P99, Speed, speed_of
from sophia_cli.usage.routes import Place


@dataclass
class Mixture:
    """Measured `times` in microseconds, and how many calls are timed as each place's measured answers are."""

    times: array[int] = field(default_factory=lambda: array("q"))
    counts: Counter[Place] = field(default_factory=Counter)

    def add(self, other: Mixture) -> None:
        """Take another's in."""
        self.times.extend(other.times)
        self.counts.update(other.counts)

    def speed(self, samples: Mapping[Place, array[int]]) -> Speed:
        """Percentiles, where a place's answers count together as much as the calls that go there.

        `samples` are in order.
        """
        if not self.counts:
            return speed_of(self.times)
        weighed: list[tuple[Sequence[int], float]] = [(sorted(self.times), 1.0)]
        weighed += [
            (samples[place], count / len(samples[place])) for place, count in self.counts.items()
        ]
        total = len(self.times) + self.counts.total()
        parts = (0.5, 0.95, 0.99) if total >= ENOUGH_FOR_P99 else (0.5, 0.95)
        found = [_rank(weighed, part * total) / 1e6 for part in parts]
        return Speed(total, found[0], found[1], found[2] if len(found) > 2 else None)


def _rank(weighed: Sequence[tuple[Sequence[int], float]], enough: float) -> int:
    """The first time up to which so much of the weight lies, of lists in order with the weight of each time."""

    def reached(time: int) -> bool:
        return sum(bisect_right(times, time) * each for times, each in weighed) >= enough - 1e-6

    last = max(times[-1] for times, _ in weighed if times)
    least = bisect_left(range(last), True, key=reached)
    return min(times[at] for times, _ in weighed if (at := bisect_left(times, least)) < len(times))
