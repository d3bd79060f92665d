"""Entries into tables: the rows of calls one by one, what they add to the totals together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.accounts import charge
from sophia_cli.llm.ledger.record import Charge, Entry, Final, Opening
from sophia_cli.llm.ledger.tally import Begun, Tally

_Pair = tuple[Opening, Final]
_Row = tuple[Any, ...]
_LATEST = 2**62  # nanoseconds since 1970; a clock that says more, or less than none, says nothing


class Source(NamedTuple):
    """The process that writes. What it writes whole needs no `born`: nobody asks whether it lives."""

    host: str
    pid: int
    born: str = ""


class _Sorted(NamedTuple):
    """Entries by what is to be done with them: calls with both ends, with one, and what no call is booked with."""

    whole: list[_Pair]
    begun: list[Opening]
    ended: list[Final]
    charges: list[Charge]


def write(connection: sqlite3.Connection, entries: Iterable[Entry], source: Source) -> None:
    """Put entries into the tables; belongs into a transaction.

    Raises IntegrityError where a call that begins here is there already, or another one began in
    the same nanosecond: `rewrite` looks at each.
    """
    whole, begun, ended, charges = _sort(entries)
    tally = Tally()
    if whole:
        _insert(connection, whole, source, tally)
    if begun:
        connection.executemany(schema.OPEN_CALL, [(*one, *source) for one in begun])
    _end(connection, ended, tally)
    charge(connection, [*charges, *tally.charges])


def rewrite(connection: sqlite3.Connection, entries: Iterable[Entry], source: Source) -> None:
    """The same where some of them may be there already, which are not counted again."""
    whole, begun, ended, charges = _sort(entries)
    tally = Tally()
    for opening, final in whole:
        if placed := _place(connection, opening):
            _insert(connection, [(placed, final)], source, tally)
        else:
            ended.append(final)
    for opening in begun:
        if placed := _place(connection, opening):
            connection.execute(schema.OPEN_CALL, (*placed, *source))
    _end(connection, ended, tally)
    charge(connection, [*charges, *tally.charges])


def _sort(entries: Iterable[Entry]) -> _Sorted:
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
    return _Sorted(whole, [*begun.values()], ended, charges)


def _place(connection: sqlite3.Connection, opening: Opening) -> Opening | None:
    """The call with a moment that no other has; None where it is there already."""
    moment = opening.started_ns
    if not (isinstance(moment, int) and 0 <= moment < _LATEST):
        moment = 0
    for name, taken in connection.execute(schema.SINCE, (moment,)):
        if taken != moment:
            break
        if name == opening.id:
            return None
        moment += 1
    return opening._replace(started_ns=moment)


def _insert(
    connection: sqlite3.Connection, whole: Sequence[_Pair], source: Source, tally: Tally
) -> None:
    openings, finals = zip(*whole, strict=True)
    begun = [*zip(*openings, strict=True)]
    ended = [*zip(*finals, strict=True)]
    connection.executemany(*_used(begun, ended, source))
    tally.add(ended, Begun(*map(begun.__getitem__, _COUNTED)))


def _end(connection: sqlite3.Connection, ended: Iterable[Final], tally: Tally) -> None:
    """End the calls that are open; others have ended before, or never began. Then the totals."""
    for final in ended:
        fields = (*_columns(final), final.id)
        for row in connection.execute(schema.CLOSE_CALL, fields).fetchall():
            tally.add([*zip(final, strict=True)], Begun(*zip(row, strict=True)))
    tally.write(connection)


# Fields of an Opening and a Final by their place: what totals need; those before `attempts`, and after it.
_COUNTED = tuple(map(Opening._fields.index, Begun._fields))
_HEAD, _TAIL = slice(1, 7), slice(8, 23)


def _used(begun: Sequence[_Row], ended: Sequence[_Row], source: Source) -> tuple[str, list[_Row]]:
    """The statement for calls, and their rows, of columns that not all leave empty or have alike.

    Each column of a row costs as much as a look at it all: column by column, which the interpreter
    does without a step of its own for each value.
    """
    count = len(ended[0])
    columns = [
        *begun,
        *((value,) * count for value in source[:2]),
        *ended[_HEAD],
        tuple(map(len, ended[7])),
        *ended[_TAIL],
    ]
    spare = {place for place in schema.EMPTY if not any(columns[place])}
    spare |= {place for place in schema.UNKNOWN if columns[place].count(None) == count}
    same = {
        place: value
        for place in schema.FEW
        if place not in spare and _is_plain(value := columns[place][0])
        if columns[place].count(value) == count
    }
    kept = tuple(place for place in range(len(columns)) if place not in spare and place not in same)
    rows = [*zip(*map(columns.__getitem__, kept), strict=True)]
    return schema.whole_call(kept, tuple(same.items())), rows


def _is_plain(value: Any) -> bool:
    """Whether a statement can say it as it is."""
    return type(value) is int or (type(value) is str and value.isprintable())


def _columns(final: Final) -> _Row:
    """A Final in the columns of `schema`, its attempts as their number."""
    fields: _Row = final
    return (*fields[_HEAD], len(final.attempts), *fields[_TAIL])
