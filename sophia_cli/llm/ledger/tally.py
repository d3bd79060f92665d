"""What the calls of one transaction add to the totals: added up first, and written once."""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.record import OK, Attempt, Charge, Final

_DAY_NS = 86_400 * 10**9
_BOUNDS = tuple(round(seconds * 1e6) for seconds in schema.BUCKETS)  # microseconds
_Row = tuple[Any, ...]


class Begun(NamedTuple):
    """What the totals need to know of the beginnings of calls: a column each."""

    started_ns: Sequence[int]
    service: Sequence[str]
    team: Sequence[str]
    task: Sequence[str]
    via: Sequence[str]


_KIND = ("provider", "model", "outcome", "error_kind", "simulated")
_COUNTED = (
    *("tokens_in", "tokens_out", "tokens_cached", "tokens_written", "tokens_reasoning"),
    *("cost_nano", "saved_nano", "kept_local", "latency_us", "first_us", "attempts"),
    *("fallbacks", "charges", "billable", "missed", "id"),
)
_of_kind = itemgetter(*map(Final._fields.index, _KIND))
_counted = itemgetter(*map(Final._fields.index, _COUNTED))


class Tally:
    """Calls that are counted together are looked at together: most of them are of very few groups."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        self._groups: dict[_Row, list[_Row]] = defaultdict(list)
        self._durations: dict[_Row, list[int]] = {}
        self._attempts: Counter[_Row] = Counter()
        self._tries: list[_Row] = []
        self._fallbacks: Counter[tuple[str, str, str]] = Counter()

    def add(self, ended: Sequence[_Row], begun: Begun) -> None:
        """Calls that have ended, by the columns of `Final`, and their beginnings in the same order."""
        groups = self._groups
        days = [started // _DAY_NS for started in begun.started_ns]
        keys = zip(days, *begun[1:], *_of_kind(ended), strict=True)
        for key, counted in zip(keys, zip(*_counted(ended), strict=True), strict=True):
            groups[key].append(counted)

    def write(self, connection: sqlite3.Connection) -> None:
        """Add them up, and to the tables; afterwards `charges` are all of theirs."""
        many, now = connection.executemany, time.time_ns()
        totals, days = [], []
        for key, calls in self._groups.items():
            day, service, team, task, via, provider, model, outcome, kind, simulated = key
            missed, *sums = self._add_up(calls, key[5:8])
            last = now if outcome == OK else 0
            place = (provider, model, via, task, outcome, kind)
            totals.append((*place, *sums, last, simulated, missed))
            labels = (_date(day), service, team, task, provider, model, outcome)
            days.append((*labels, *sums, simulated))
        many(schema.ADD_TOTAL, totals)
        many(schema.ADD_DAY, days)
        many(schema.ADD_DURATION, [(*key, *values) for key, values in self._durations.items()])
        many(schema.ADD_ATTEMPT, self._tries)
        many(schema.ADD_ATTEMPT_TOTAL, [(*key, count) for key, count in self._attempts.items()])
        many(schema.ADD_FALLBACK, [(*key, count) for key, count in self._fallbacks.items()])

    def _add_up(self, calls: Sequence[_Row], place: _Row) -> _Row:
        """Those that the cache had no answer for, all, unpriced ones, and the sums of the figures."""
        *figures, took, first, attempts, fallbacks, charges, billable, missed, names = zip(
            *calls, strict=True
        )
        self._measure("duration", place, took)
        if first.count(None) < len(calls):
            self._measure("first_chunk", place, [one for one in first if one is not None])
        self._count_attempts(place, names, attempts)
        if any(fallbacks):
            self._fallbacks.update(chain.from_iterable(fallbacks))
        if any(charges):
            self.charges += chain.from_iterable(charges)
        cost, unpriced = figures[5], 0
        if None in cost:
            unpriced = sum(
                asked and nano is None for asked, nano in zip(billable, cost, strict=True)
            )
        if len(calls) == 1:
            return (*missed, 1, unpriced, *(figure or 0 for (figure,) in figures))
        sums = (sum(filter(None, figure)) for figure in figures)
        return (sum(missed), len(calls), unpriced, *sums)

    def _measure(self, name: str, place: _Row, moments: Iterable[int]) -> None:
        """Count how long calls of one provider, model and outcome took, or until their first chunk."""
        durations = self._durations
        for took in moments:
            key = (name, *place, bisect_left(_BOUNDS, took))
            found = durations.get(key)
            if found is None:
                durations[key] = [1, took]
            else:
                found[0] += 1
                found[1] += took

    def _count_attempts(
        self, place: _Row, names: Sequence[str], attempts: Sequence[Sequence[Attempt]]
    ) -> None:
        """Count the attempts of calls that ended alike, and keep those that their call does not tell."""
        single = [*map(len, attempts)].count(1) if place[2] == OK else 0
        if single:
            self._attempts[(*place, "")] += single
        if single == len(names):
            return
        for name, made in zip(names, attempts, strict=True):
            if single and len(made) == 1:
                continue
            for attempt in made:
                self._attempts[attempt[1:5]] += 1
                self._tries.append((name, *attempt))


@lru_cache(maxsize=16)
def _date(day: int) -> str:
    try:
        return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):  # a clock that was never set
        return ""
