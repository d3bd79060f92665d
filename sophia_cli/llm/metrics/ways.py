"""By which way the totals of a ledger go out: one at a time, and who has it is written in the ledger.

Prometheus would count twice what is scraped and written. Every function works inside a
transaction of the caller.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sophia_cli.llm.ledger.birth import is_alive
from sophia_cli.llm.ledger.rows import Source

SCRAPE, WRITE = "scrape", "write"
LEASE_NS = 60 * 10**9  # an exporter renews its claim long before
_AHEAD_NS = 60 * 10**9  # a moment that is further ahead was said by a clock that was wrong


class Way(NamedTuple):
    """Who uses a way, and where: `at_ns` is the moment of the last sample, `until_ns` how long it is claimed or rests."""

    way: str
    place: str
    host: str
    pid: int
    born: str
    at_ns: int
    until_ns: int


def find(connection: sqlite3.Connection, way: str) -> Way | None:
    """What is written down of a way; None where it was never used, or is given back."""
    row = connection.execute("SELECT * FROM ways WHERE way=?", (way,)).fetchone()
    return Way(*row) if row else None


def exporter(connection: sqlite3.Connection, now_ns: int, source: Source) -> Way | None:
    """The exporter that has the ledger now, be it this process."""
    found = find(connection, SCRAPE)
    if found is None or found.until_ns < now_ns:
        return None
    gone = found.host == source.host and not is_alive(found.pid, found.born)
    return None if gone else found


def note(
    connection: sqlite3.Connection,
    way: str,
    place: str,
    source: Source,
    at_ns: int = 0,
    until_ns: int = 0,
) -> None:
    """Write down who uses a way."""
    row = (way, place, *source, at_ns, until_ns)
    connection.execute("INSERT OR REPLACE INTO ways VALUES(?,?,?,?,?,?,?)", row)


def give_back(connection: sqlite3.Connection, way: str) -> None:
    """Nobody uses it any more."""
    connection.execute("DELETE FROM ways WHERE way=?", (way,))


def next_moment(before: Way | None, now_ns: int) -> int:
    """The moment of a sample, in whole milliseconds and later than any before it.

    Totals and moment are of one transaction: what has a later moment has counted no less.
    """
    millisecond = 10**6
    moment = now_ns // millisecond * millisecond
    if before is None or before.at_ns > now_ns + _AHEAD_NS:
        return moment
    return max(moment, before.at_ns + millisecond)
