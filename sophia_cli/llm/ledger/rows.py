"""Entries into tables: the rows of calls one by one, the totals added up first and written once."""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.accounts import charge
from sophia_cli.llm.ledger.record import OK, Charge, Entry, Final, Opening

_SECONDS_A_DAY = 86_400
_Pair = tuple[Opening, Final]


class Source(NamedTuple):
    """The process that writes."""

    host: str
    pid: int


class _Asked(NamedTuple):
    """What the totals need to know of a call's beginning."""

    started_ns: int
    service: str
    team: str
    task: str


def write(connection: sqlite3.Connection, entries: Iterable[Entry], source: Source) -> None:
    """Put entries into the tables; belongs into a transaction. What is there already is not counted again."""
    begun: dict[str, Opening] = {}
    whole: list[_Pair] = []
    ended: list[Final] = []
    charges: list[Charge] = []
    for entry in entries:
        if isinstance(entry, Opening):
            begun.setdefault(entry.id, entry)
        elif isinstance(entry, Charge):
            charges.append(entry)
        elif opening := begun.pop(entry.id, None):
            whole.append((opening, entry))
        else:
            ended.append(entry)
    tally = _Tally()
    new, known = _insert(connection, whole, source)
    for opening, final in new:
        asked = _Asked(opening.started_ns, opening.service, opening.team, opening.task)
        tally.add(asked, final)
    connection.executemany(schema.OPEN_CALL, [(*one, *source) for one in begun.values()])
    for final in [*known, *ended]:
        for row in connection.execute(schema.CLOSE_CALL, (*_columns(final), final.id)).fetchall():
            tally.add(_Asked(*row), final)
    tally.write(connection)
    charge(connection, [*charges, *tally.charges])


def _insert(
    connection: sqlite3.Connection, whole: Sequence[_Pair], source: Source
) -> tuple[Sequence[_Pair], list[Final]]:
    """Write calls that begin and end here. Gives those that were new, and the ends of the others."""
    if not whole:
        return (), []
    rows = [(*opening, *source, *_columns(final)) for opening, final in whole]
    connection.execute("SAVEPOINT whole")
    before = connection.total_changes
    connection.executemany(schema.WHOLE_CALL, rows)
    if connection.total_changes - before == len(rows):
        connection.execute("RELEASE whole")
        return whole, []
    connection.execute("ROLLBACK TO whole")
    connection.execute("RELEASE whole")
    new, known = [], []
    for pair, row in zip(whole, rows, strict=True):
        if connection.execute(schema.WHOLE_CALL, row).rowcount:
            new.append(pair)
        else:
            known.append(pair[1])
    return new, known


# Fields of a Final by their place: those before `attempts`, after it, and its figures.
_HEAD, _TAIL, _FIGURES = slice(1, 7), slice(8, 23), slice(8, 15)


def _columns(final: Final) -> tuple[Any, ...]:
    """A Final in the columns of `schema`, its attempts as their number."""
    fields: tuple[Any, ...] = final
    return (*fields[_HEAD], len(final.attempts), *fields[_TAIL])


class _Tally:
    """What the calls of one transaction add to the totals."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        self._now = time.time_ns()
        self._sent: list[tuple[Any, ...]] = []
        self._totals: dict[tuple[Any, ...], list[int]] = {}
        self._days: dict[tuple[Any, ...], list[int]] = {}
        self._durations: dict[tuple[Any, ...], list[int]] = {}
        self._attempts: dict[tuple[Any, ...], int] = defaultdict(int)
        self._fallbacks: dict[tuple[str, str, str], int] = defaultdict(int)

    def add(self, asked: _Asked, final: Final) -> None:
        unpriced = int(final.billable and final.cost_nano is None)
        fields: tuple[Any, ...] = final
        figures = [figure or 0 for figure in fields[_FIGURES]]
        counts = [1, unpriced, *figures, final.kept_local]
        last = self._now if final.outcome == OK else 0
        provider, model, outcome = final.provider, final.model, final.outcome
        key: tuple[Any, ...] = (provider, model, asked.task, outcome, final.error_kind)
        _add(self._totals, key, counts, last, final.simulated)
        day = _date(asked.started_ns // 10**9 // _SECONDS_A_DAY)
        key = (day, asked.service, asked.team, asked.task, provider, model, outcome)
        _add(self._days, key, counts, last, final.simulated)
        for attempt in final.attempts:
            self._sent.append((final.id, *attempt))
            self._attempts[
                (attempt.provider, attempt.model, attempt.outcome, attempt.error_kind)
            ] += 1
        for fallback in final.fallbacks:
            self._fallbacks[fallback] += 1
        self._observe("duration", final, final.latency_us)
        if final.first_us is not None:
            self._observe("first_chunk", final, final.first_us)
        self.charges += final.charges

    def write(self, connection: sqlite3.Connection) -> None:
        many = connection.executemany
        many(schema.ADD_ATTEMPT, self._sent)
        many(schema.ADD_ATTEMPT_TOTAL, [(*key, count) for key, count in self._attempts.items()])
        many(schema.ADD_FALLBACK, [(*key, count) for key, count in self._fallbacks.items()])
        many(schema.ADD_TOTAL, [(*key, *row) for key, row in self._totals.items()])
        many(schema.ADD_DAY, [(*key, *row[:-2], row[-1]) for key, row in self._days.items()])
        many(schema.ADD_DURATION, [(*key, *pair) for key, pair in self._durations.items()])

    def _observe(self, name: str, final: Final, microseconds: int) -> None:
        bucket = bisect_left(schema.BUCKETS, microseconds / 1e6)
        key = (name, final.provider, final.model, final.outcome, bucket)
        pair = self._durations.setdefault(key, [0, 0])
        pair[0] += 1
        pair[1] += microseconds


def _add(
    table: dict[tuple[Any, ...], list[int]],
    key: tuple[Any, ...],
    counts: list[int],
    last: int,
    simulated: bool,
) -> None:
    row = table.get(key)
    if row is None:
        table[key] = [*counts, last, int(simulated)]
        return
    for place, count in enumerate(counts):
        row[place] += count
    row[-2] = max(row[-2], last)
    row[-1] = max(row[-1], int(simulated))


@lru_cache(maxsize=16)
def _date(day: int) -> str:
    try:
        return datetime.fromtimestamp(day * _SECONDS_A_DAY, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):  # a clock that was never set
        return ""
