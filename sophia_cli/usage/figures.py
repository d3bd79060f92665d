"""Sums of calls and how long they took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sophia_cli.llm.ledger.history import Day
from sophia_cli.llm.ledger.record import CACHED, CANCELLED, OK
from sophia_cli.usage.words import in_seconds

ENOUGH_FOR_P99 = 100


@dataclass(frozen=True)
class Figures:
    """Finished calls added up; nano-USD, tokens and bytes. Tokens of kept answers are not in it.

    `unpriced` calls were answered, and what they cost is not known: it is not in `cost_nano`.
    `saved_nano` the cache saved, `routed_nano` candidates in the order of their prices did.
    """

    calls: int = 0
    ok: int = 0
    cached: int = 0
    failed: int = 0
    cancelled: int = 0
    unpriced: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_nano: int = 0
    saved_nano: int = 0
    routed_nano: int = 0
    kept_local: int = 0
    simulated: bool = False

    @property
    def answered(self) -> int:
        return self.ok + self.cached

    @property
    def asked(self) -> int:
        """Calls that somebody waited for to the end."""
        return self.calls - self.cancelled

    @property
    def is_unknown(self) -> bool:
        """Whether no call has a price: what it cost is not zero."""
        return bool(self.unpriced) and not self.cost_nano

    @property
    def per_thousand_nano(self) -> int | None:
        """Nano-USD for 1,000 answers of providers; None where that is not known of any or of all."""
        if not self.ok or self.unpriced:
            return None
        return round(self.cost_nano * 1000 / self.ok)

    def data(self) -> dict[str, Any]:
        """For other programs; money in USD and in nano-USD, which is exact."""
        per = self.per_thousand_nano
        return {
            **vars(self),
            "cost_usd": self.cost_nano / 1e9,
            "saved_usd": self.saved_nano / 1e9,
            "routed_usd": self.routed_nano / 1e9,
            "usd_per_1k_ok": None if per is None else per / 1e9,
        }


def add_up(days: Iterable[Day]) -> Figures:
    """What they come to together."""
    rows = list(days)
    asked = [row for row in rows if row.outcome != CACHED]
    return Figures(
        calls=sum(row.calls for row in rows),
        ok=_calls(rows, OK),
        cached=_calls(rows, CACHED),
        failed=sum(row.calls for row in rows if row.outcome not in (OK, CACHED, CANCELLED)),
        cancelled=_calls(rows, CANCELLED),
        unpriced=sum(row.unpriced for row in rows),
        tokens_in=sum(row.tokens_in for row in asked),
        tokens_out=sum(row.tokens_out for row in asked),
        cost_nano=sum(row.cost_nano for row in rows),
        saved_nano=sum(row.saved_nano for row in rows if row.outcome == CACHED),
        routed_nano=sum(row.saved_nano for row in asked),
        kept_local=sum(row.kept_local for row in rows),
        simulated=any(row.simulated for row in rows),
    )


def _calls(rows: Sequence[Day], outcome: str) -> int:
    return sum(row.calls for row in rows if row.outcome == outcome)


@dataclass(frozen=True)
class Speed:
    """How long `n` answers took, in seconds; None where too few are known to say."""

    n: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None

    @property
    def words(self) -> str:
        if not self.n:
            return "no answer was timed"
        tail = f"p99 {in_seconds(self.p99)} (n {self.n:,})"
        if self.p99 is None:
            tail = f"n {self.n:,}, too few for p99"
        return f"p50 {in_seconds(self.p50)}  p95 {in_seconds(self.p95)}  {tail}"


def speed_of(microseconds: Iterable[int]) -> Speed:
    """The percentiles, each one a time that was measured (nearest rank)."""
    times = sorted(microseconds)
    if not times:
        return Speed()
    p50, p95 = rank(times, 0.5), rank(times, 0.95)
    p99 = rank(times, 0.99) / 1e6 if len(times) >= ENOUGH_FOR_P99 else None
    return Speed(len(times), p50 / 1e6, p95 / 1e6, p99)


def rank(ordered: Sequence[int], part: float) -> int:
    """The smallest value that so large a part of all does not pass."""
    return ordered[max(ceil(part * len(ordered)) - 1, 0)]
