"""Entries into tables: the rows of calls one by one, the totals added up first and written once."""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
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
        self._groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
        self._sent: list[tuple[Any, ...]] = []
        self._durations: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        self._fallbacks: list[tuple[str, str, str]] = []

    def add(self, asked: _Asked, final: Final) -> None:
        fields: tuple[Any, ...] = final
        started_ns, *labels = asked
        provider, model, outcome = final.provider, final.model, final.outcome
        key = (
            started_ns // _DAY_NS,
            *labels,
            provider,
            model,
            outcome,
            final.error_kind,
            final.simulated,
        )
        unpriced = final.billable and final.cost_nano is None
        self._groups[key].append((unpriced, *fields[_FIGURES], final.kept_local))
        for attempt in final.attempts:
            self._sent.append((final.id, *attempt))
        place = (provider, model, outcome)
        bucket = bisect_left(_BOUNDS, final.latency_us)
        self._durations["duration", *place, bucket].append(final.latency_us)
        if final.first_us is not None:
            bucket = bisect_left(_BOUNDS, final.first_us)
            self._durations["first_chunk", *place, bucket].append(final.first_us)
        if final.fallbacks:
            self._fallbacks += final.fallbacks
        if final.charges:
            self.charges += final.charges

    def write(self, connection: sqlite3.Connection) -> None:
        many, now = connection.executemany, time.time_ns()
        totals, days = [], []
        for key, rows in self._groups.items():
            group = _Group(*key)
            sums = [sum(filter(None, column)) for column in zip(*rows, strict=True)]
            last = now if group.outcome == OK else 0
            counts = (len(rows), *sums)
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
        many(schema.ADD_TOTAL, totals)
        many(schema.ADD_DAY, days)
        many(schema.ADD_ATTEMPT, self._sent)
        attempts = Counter(row[2:6] for row in self._sent)
        many(schema.ADD_ATTEMPT_TOTAL, [(*key, count) for key, count in attempts.items()])
        fallbacks = Counter(self._fallbacks)
        many(schema.ADD_FALLBACK, [(*key, count) for key, count in fallbacks.items()])
        durations = self._durations.items()
        many(schema.ADD_DURATION, [(*key, len(took), sum(took)) for key, took in durations])


@lru_cache(maxsize=16)
def _date(day: int) -> str:
    try:
        return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):  # a clock that was never set
        return ""
