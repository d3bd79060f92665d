"""Times that were measured, mixed with times that would have been: each moved call is timed as its new place is."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
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
        """Percentiles, where a place's answers count together as much as the calls that go there."""
        if not self.counts:
            return speed_of(self.times)
        weighted = [(time, 1.0) for time in self.times]
        for place, count in self.counts.items():
            each = count / len(samples[place])
            weighted += [(time, each) for time in samples[place]]
        weighted.sort()
        total = len(self.times) + self.counts.total()
        parts = (0.5, 0.95, 0.99) if total >= ENOUGH_FOR_P99 else (0.5, 0.95)
        found = [_rank(weighted, part * total) / 1e6 for part in parts]
        return Speed(total, found[0], found[1], found[2] if len(found) > 2 else None)


def _rank(weighted: list[tuple[int, float]], enough: float) -> int:
    """The first time up to which so much of the weight lies."""
    before = 0.0
    for time, weight in weighted:
        before += weight
        if before >= enough - 1e-6:
            return time
    return weighted[-1][0]
