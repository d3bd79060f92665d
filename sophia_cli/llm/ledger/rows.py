"""Entries into tables: the rows of calls one by one, the totals added up first and written once."""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.accounts import charge
from sophia_cli.llm.ledger.record import OK, Charge, Entry, Final, Opening

_DAY_NS = 86_400 * 10**9
_BOUNDS = tuple(round(seconds * 1e6) for seconds in schema.BUCKETS)  # microseconds
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
        tally.add(opening, final)
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
    columns = _used([(*opening, *source, *_columns(final)) for opening, final in whole])
    statement, rows = schema.whole_call(columns.kept), columns.rows
    connection.execute("SAVEPOINT whole")
    before = connection.total_changes
    connection.executemany(statement, rows)
    if connection.total_changes - before == len(rows):
        connection.execute("RELEASE whole")
        return whole, []
    connection.execute("ROLLBACK TO whole")
    connection.execute("RELEASE whole")
    new, known = [], []
    for pair, row in zip(whole, rows, strict=True):
        if connection.execute(statement, row).rowcount:
            new.append(pair)
        else:
            known.append(pair[1])
    return new, known


class _Columns(NamedTuple):
    kept: tuple[int, ...]
    rows: list[tuple[Any, ...]]


def _used(rows: list[tuple[Any, ...]]) -> _Columns:
    """Rows without the columns that none of them uses: each column costs as much as a look at it all."""
    spare = {place for place in schema.EMPTY if not any(row[place] for row in rows)}
    spare |= {place for place in schema.UNKNOWN if all(row[place] is None for row in rows)}
    kept = tuple(place for place in range(len(schema.WHOLE)) if place not in spare)
    return _Columns(kept, list(map(itemgetter(*kept), rows)))


# Fields of a Final by their place: those before `attempts`, after it, and its figures.
_HEAD, _TAIL, _FIGURES = slice(1, 7), slice(8, 23), range(8, 15)


def _columns(final: Final) -> tuple[Any, ...]:
    """A Final in the columns of `schema`, its attempts as their number."""
    fields: tuple[Any, ...] = final
    return (*fields[_HEAD], len(final.attempts), *fields[_TAIL])


class _Group(NamedTuple):
    """The calls that are counted together."""

    day: int
    service: str
    team: str
    task: str
    provider: str
    model: str
    outcome: str
    error_kind: str
    simulated: bool


class _Tally:
    """What the calls of one transaction add to the totals; most of them are of very few groups."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        self._groups: dict[tuple[Any, ...], list[Final]] = defaultdict(list)

    def add(self, asked: Opening | _Asked, final: Final) -> None:
        key = (
            asked.started_ns // _DAY_NS,
            asked.service,
            asked.team,
            asked.task,
            final.provider,
            final.model,
            final.outcome,
            final.error_kind,
            final.simulated,
        )
        self._groups[key].append(final)
        if final.charges:
            self.charges += final.charges

    def write(self, connection: sqlite3.Connection) -> None:
        many, now = connection.executemany, time.time_ns()
        totals, days = [], []
        for key, finals in self._groups.items():
            group = _Group(*key)
            counts = (len(finals), *_sums(finals))
            last = now if group.outcome == OK else 0
            place = (group.provider, group.model)
            totals.append(
                (
                    *place,
                    group.task,
                    group.outcome,
                    group.error_kind,
                    *counts,
                    last,
                    group.simulated,
                )
            )
            labels = (group.service, group.team, group.task)
            days.append(
                (_date(group.day), *labels, *place, group.outcome, *counts, group.simulated)
            )
        finals = [final for group in self._groups.values() for final in group]
        many(schema.ADD_TOTAL, totals)
        many(schema.ADD_DAY, days)
        many(schema.ADD_DURATION, _durations(finals))
        _write_attempts(connection, finals)
        fallbacks = Counter(fallback for final in finals for fallback in final.fallbacks)
        if fallbacks:
            many(schema.ADD_FALLBACK, [(*key, count) for key, count in fallbacks.items()])


def _sums(finals: list[Final]) -> Iterable[int]:
    """Unpriced calls, the sums of the figures, and the bytes that stayed in the warehouse."""
    fields: list[tuple[Any, ...]] = list(finals)
    yield sum(final.billable and final.cost_nano is None for final in finals)
    for column in _FIGURES:
        yield sum(final[column] or 0 for final in fields)
    yield sum(final.kept_local for final in finals)


def _durations(finals: list[Final]) -> list[tuple[Any, ...]]:
    buckets: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for final in finals:
        place, took, first = final[5:7], final.latency_us, final.first_us
        buckets["duration", *place, final.outcome, bisect_left(_BOUNDS, took)].append(took)
        if first is not None:
            bucket = bisect_left(_BOUNDS, first)
            buckets["first_chunk", *place, final.outcome, bucket].append(first)
    return [(*key, len(took), sum(took)) for key, took in buckets.items()]


def _write_attempts(connection: sqlite3.Connection, finals: list[Final]) -> None:
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    tries = []
    for final in finals:
        for attempt in final.attempts:
            counts[attempt[1:5]] += 1
        if final.outcome != OK or len(final.attempts) != 1:
            tries += [(final.id, *attempt) for attempt in final.attempts]
    connection.executemany(schema.ADD_ATTEMPT, tries)
    connection.executemany(
        schema.ADD_ATTEMPT_TOTAL, [(*key, count) for key, count in counts.items()]
    )


@lru_cache(maxsize=16)
def _date(day: int) -> str:
    try:
        return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):  # a clock that was never set
        return ""
