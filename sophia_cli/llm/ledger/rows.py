"""Entries into tables: the rows of calls one by one, the totals added up first and written once."""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.accounts import charge
from sophia_cli.llm.ledger.record import OK, Charge, Entry, Final, Opening

_DAY_NS = 86_400 * 10**9
_BOUNDS = tuple(round(seconds * 1e6) for seconds in schema.BUCKETS)  # microseconds
_Pair = tuple[Opening, Final]
_Row = tuple[Any, ...]
# Calls that were new, and the ends of those that had begun before.
_Inserted = tuple[Sequence[_Pair], Sequence[Final]]
_Insert = Callable[[sqlite3.Connection, Sequence[_Pair], "Source"], _Inserted]


class Source(NamedTuple):
    """The process that writes. What it writes whole needs no `born`: nobody asks whether it lives."""

    host: str
    pid: int
    born: str = ""


class _Asked(NamedTuple):
    """What the totals need to know of a call's beginning."""

    started_ns: int
    service: str
    team: str
    task: str


def write(connection: sqlite3.Connection, entries: Iterable[Entry], source: Source) -> None:
    """Put entries into the tables; belongs into a transaction. What is there already is not counted again.

    Raises IntegrityError where a call that begins and ends here is there already: `rewrite` looks at each.
    """
    _write(connection, entries, source, _insert)


def rewrite(connection: sqlite3.Connection, entries: Iterable[Entry], source: Source) -> None:
    """The same where some of them may be there already."""
    _write(connection, entries, source, _insert_new)


def _write(
    connection: sqlite3.Connection, entries: Iterable[Entry], source: Source, insert: _Insert
) -> None:
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
    new, known = insert(connection, whole, source) if whole else ((), ())
    tally.add(new)
    connection.executemany(schema.OPEN_CALL, [(*one, *source) for one in begun.values()])
    for final in [*known, *ended]:
        for row in connection.execute(schema.CLOSE_CALL, (*_columns(final), final.id)).fetchall():
            tally.add([(_Asked(*row), final)])
    tally.write(connection)
    charge(connection, [*charges, *tally.charges])


def _insert(connection: sqlite3.Connection, whole: Sequence[_Pair], source: Source) -> _Inserted:
    kept, rows = _used(whole, source)
    connection.executemany(schema.whole_call(kept), rows)
    return whole, ()


def _insert_new(
    connection: sqlite3.Connection, whole: Sequence[_Pair], source: Source
) -> _Inserted:
    kept, rows = _used(whole, source)
    statement = schema.whole_call(kept)
    new, known = [], []
    for pair, row in zip(whole, rows, strict=True):
        try:
            connection.execute(statement, row)
            new.append(pair)
        except sqlite3.IntegrityError:
            known.append(pair[1])
    return new, known


# Fields of a Final by their place: those before `attempts`, after it, and its figures.
_HEAD, _TAIL, _FIGURES = slice(1, 7), slice(8, 23), slice(8, 15)
_COST, _KEPT_LOCAL = Final._fields.index("cost_nano"), Final._fields.index("kept_local")


def _used(whole: Sequence[_Pair], source: Source) -> tuple[tuple[int, ...], list[_Row]]:
    """The columns that any of the calls uses, and their rows: each column costs as much as a look at it all.

    Column by column, which the interpreter does without a step of its own for each value.
    """
    count = len(whole)
    openings, finals = zip(*whole, strict=True)
    ended = [*zip(*finals, strict=True)]
    columns = [
        *zip(*openings, strict=True),
        *((value,) * count for value in source[:2]),
        *ended[_HEAD],
        tuple(map(len, ended[7])),
        *ended[_TAIL],
    ]
    spare = {place for place in schema.EMPTY if not any(columns[place])}
    spare |= {place for place in schema.UNKNOWN if columns[place].count(None) == count}
    kept = tuple(place for place in range(len(columns)) if place not in spare)
    return kept, [*zip(*map(columns.__getitem__, kept), strict=True)]


def _columns(final: Final) -> _Row:
    """A Final in the columns of `schema`, its attempts as their number."""
    fields: _Row = final
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
        self._groups: dict[_Row, list[Final]] = defaultdict(list)

    def add(self, calls: Iterable[tuple[Opening | _Asked, Final]]) -> None:
        groups = self._groups
        for asked, final in calls:
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
            groups[key].append(final)
            if final.charges:
                self.charges += final.charges

    def write(self, connection: sqlite3.Connection) -> None:
        many, now = connection.executemany, time.time_ns()
        totals, days = [], []
        buckets: dict[_Row, list[int]] = {}
        attempts: Counter[_Row] = Counter()
        tries: list[_Row] = []
        fallbacks: Counter[_Row] = Counter()
        for key, finals in self._groups.items():
            group = _Group(*key)
            counts = _sums(finals)
            last = now if group.outcome == OK else 0
            place = key[4:6]
            kind = (group.outcome, group.error_kind)
            totals.append((*place, group.task, *kind, *counts, last, group.simulated))
            labels = key[1:4]
            days.append(
                (_date(group.day), *labels, *place, group.outcome, *counts, group.simulated)
            )
            _measure(buckets, key[4:7], finals)
            tries += _count_attempts(attempts, key[4:7], finals)
            for final in finals:
                if final.fallbacks:
                    fallbacks.update(final.fallbacks)
        many(schema.ADD_TOTAL, totals)
        many(schema.ADD_DAY, days)
        many(schema.ADD_DURATION, [(*key, *values) for key, values in buckets.items()])
        many(schema.ADD_ATTEMPT, tries)
        many(schema.ADD_ATTEMPT_TOTAL, [(*key, count) for key, count in attempts.items()])
        many(schema.ADD_FALLBACK, [(*key, count) for key, count in fallbacks.items()])


def _sums(finals: Sequence[Final]) -> _Row:
    """Calls, unpriced ones, the sums of the figures, and the bytes that stayed in the warehouse."""
    columns: list[_Row] = [*zip(*finals, strict=True)]
    unpriced = 0
    if None in columns[_COST]:
        unpriced = sum(final.billable and final.cost_nano is None for final in finals)
    figures = (sum(filter(None, figure)) for figure in columns[_FIGURES])
    return (len(finals), unpriced, *figures, sum(columns[_KEPT_LOCAL]))


def _measure(buckets: dict[_Row, list[int]], place: _Row, finals: Sequence[Final]) -> None:
    """Count how long calls of one provider, model and outcome took, and how long to the first chunk."""
    for final in finals:
        took, first = final.latency_us, final.first_us
        _put(buckets, ("duration", *place, bisect_left(_BOUNDS, took)), took)
        if first is not None:
            _put(buckets, ("first_chunk", *place, bisect_left(_BOUNDS, first)), first)


def _put(buckets: dict[_Row, list[int]], key: _Row, took: int) -> None:
    bucket = buckets.get(key)
    if bucket is None:
        buckets[key] = [1, took]
    else:
        bucket[0] += 1
        bucket[1] += took


def _count_attempts(counts: Counter[_Row], place: _Row, finals: Sequence[Final]) -> Iterator[_Row]:
    """Count the attempts of calls that ended alike. Gives the rows of those that their call does not tell."""
    single = 0
    for final in finals:
        if final.outcome == OK and len(final.attempts) == 1:
            single += 1
            continue
        for attempt in final.attempts:
            counts[attempt[1:5]] += 1
            yield (final.id, *attempt)
    if single:
        counts[(*place, "")] += single


@lru_cache(maxsize=16)
def _date(day: int) -> str:
    try:
        return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):  # a clock that was never set
        return ""
