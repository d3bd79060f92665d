"""What processes that are gone have left open."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterable

from sophia_cli.llm.ledger.accounts import book_lost, expired
from sophia_cli.llm.ledger.birth import is_alive
from sophia_cli.llm.ledger.file import transaction
from sophia_cli.llm.ledger.record import UNKNOWN, Entry, Final, Opening
from sophia_cli.llm.ledger.rows import Source, write

_OPEN = "SELECT id, pid, born FROM calls WHERE outcome='open' AND host=?"
_HELD = "SELECT id, pid, born FROM leases WHERE state='held' AND host=?"


def book_the_dead(connection: sqlite3.Connection, source: Source, turn: float) -> None:
    """Open rows and leases of processes that are gone become `unknown`: shown, never guessed."""
    calls = _gone(connection, _OPEN, source)
    held = _gone(connection, _HELD, source)
    leases = {*held, *expired(connection)}
    if calls or leases:
        with transaction(connection, turn):
            write(connection, [Final(name, UNKNOWN, "process_gone") for name in calls], source)
            book_lost(connection, leases)


def unended(entries: Iterable[Entry], running: Container[str]) -> list[Final]:
    """The ends of calls that others left behind with a beginning alone: who takes them in did not make them."""
    ended = {entry.id for entry in entries if isinstance(entry, Final)}
    return [
        Final(entry.id, UNKNOWN, "process_gone")
        for entry in entries
        if isinstance(entry, Opening) and entry.id not in ended and entry.id not in running
    ]


def _gone(connection: sqlite3.Connection, query: str, source: Source) -> list[str]:
    rows = connection.execute(query, (source.host,)).fetchall()
    return [name for name, pid, born in rows if not is_alive(pid, born)]
