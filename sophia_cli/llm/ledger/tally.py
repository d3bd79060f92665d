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


def _of_final(*names: str) -> itemgetter[Any]:
    return itemgetter(*map(Final._fields.index, names))


_kind = _of_final("provider", "model", "outcome", "error_kind", "simulated")
_counted = _of_final(
    *("tokens_in", "tokens_out", "tokens_cached", "tokens_written", "tokens_reasoning"),
    *("cost_nano", "saved_nano", "kept_local", "latency_us", "first_us", "attempts"),
    *("fallbacks", "charges", "billable"),
)


class Tally:
    """Calls that are counted together are looked at together: most of them are of very few groups."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        self._groups: dict[_Row, list[Final]] = defaultdict(list)
        self._durations: dict[_Row, list[int]] = {}
        self._attempts: Counter[_Row] = Counter()
        self._tries: list[_Row] = []
        self._fallbacks: Counter[tuple[str, str, str]] = Counter()

    def add(self, finals: Sequence[Final], begun: Begun) -> None:
        """Calls that have ended, and their beginnings in the same order."""
        groups = self._groups
        days = [started // _DAY_NS for started in begun.started_ns]
        keys = zip(days, *begun[1:], map(_kind, finals), strict=True)
        for key, final in zip(keys, finals, strict=True):
            groups[key].append(final)

    def write(self, connection: sqlite3.Connection) -> None:
        """Add them up, and to the tables; afterwards `charges` are all of theirs."""
        many, now = connection.executemany, time.time_ns()
        totals, days = [], []
        for (day, service, team, task, kind), finals in self._groups.items():
            provider, model, outcome, error_kind, simulated = kind
            sums = self._add_up(finals, kind)
            last = now if outcome == OK else 0
            totals.append((provider, model, task, outcome, error_kind, *sums, last, simulated))
            labels = (_date(day), service, team, task, provider, model, outcome)
            days.append((*labels, *sums, simulated))
        many(schema.ADD_TOTAL, totals)
        many(schema.ADD_DAY, days)
        many(schema.ADD_DURATION, [(*key, *values) for key, values in self._durations.items()])
        many(schema.ADD_ATTEMPT, self._tries)
        many(schema.ADD_ATTEMPT_TOTAL, [(*key, count) for key, count in self._attempts.items()])
        many(schema.ADD_FALLBACK, [(*key, count) for key, count in self._fallbacks.items()])

    def _add_up(self, finals: Sequence[Final], kind: _Row) -> _Row:
        """Calls, unpriced ones, the sums of the figures, and the bytes that stayed in the warehouse."""
        *columns, took, first, attempts, fallbacks, charges, billable = zip(
            *map(_counted, finals), strict=True
        )
        place = kind[:3]
        self._measure("duration", place, took)
        if first.count(None) < len(finals):
            self._measure("first_chunk", place, [one for one in first if one is not None])
        self._count_attempts(finals, place, attempts)
        if any(fallbacks):
            self._fallbacks.update(chain.from_iterable(fallbacks))
        if any(charges):
            self.charges += chain.from_iterable(charges)
        cost = columns[5]
        unpriced = 0
        if None in cost:
            unpriced = sum(
                asked and nano is None for asked, nano in zip(billable, cost, strict=True)
            )
        return (len(finals), unpriced, *(sum(filter(None, column)) for column in columns))

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
        self, finals: Sequence[Final], place: _Row, attempts: Sequence[Sequence[Attempt]]
    ) -> None:
        """Count the attempts of calls that ended alike, and keep those that their call does not tell."""
        single = 0
        if place[2] == OK:
            single = [*map(len, attempts)].count(1)
            if single:
                self._attempts[(*place, "")] += single
        if single == len(finals):
            return
        for final in finals:
            if single and len(final.attempts) == 1:
                continue
            for attempt in final.attempts:
                self._attempts[attempt[1:5]] += 1
                self._tries.append((final.id, *attempt))


@lru_cache(maxsize=16)
def _date(day: int) -> str:
    try:
        return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):  # a clock that was never set
        return ""
