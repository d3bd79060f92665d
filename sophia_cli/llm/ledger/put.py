"""Entries into the file, whatever they hold."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence

from sophia_cli.llm.ledger.file import transaction
from sophia_cli.llm.ledger.record import Entry, printable
from sophia_cli.llm.ledger.rows import Source, rewrite, write

# What a value raises that the file cannot hold; the others say something about the file itself.
_UNWRITABLE = (
    UnicodeEncodeError,
    OverflowError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


def put(
    connection: sqlite3.Connection, entries: Sequence[Entry], source: Source, turn: float
) -> None:
    """Write them in one transaction, that which no file can hold in other words."""
    try:
        with transaction(connection, turn):
            write(connection, entries, source)
    except (*_UNWRITABLE, sqlite3.IntegrityError):
        with transaction(connection, turn):
            rewrite(connection, map(printable, entries), source)


def drain(arrived: deque[Entry]) -> list[Entry]:
    """What has arrived so far; more may be added meanwhile."""
    return [arrived.popleft() for _ in range(len(arrived))]
