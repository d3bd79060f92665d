"""Writing to and reading from the ledger's file.

A call must be answered whatever becomes of the ledger: a corrupt file is moved aside, a folder
that cannot be written leaves the calls in memory, a locked file is written to a little later.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import sqlite3
import threading
import time
import weakref
from bisect import bisect_left
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.file import (
    connect,
    create_private,
    inode,
    is_corrupt,
    is_locked,
    move_aside,
    transaction,
)
from sophia_cli.llm.ledger.record import OK, UNKNOWN, Entry, Final, Opening, printable
from sophia_cli.llm.ledger.spill import absorb, is_alive, spill
from sophia_cli.llm.ledger.summary import SummaryRow, summary_row

_LOG = logging.getLogger("sophia_cli.llm.ledger")
_BUSY_AT_EXIT = 5.0  # seconds
# What a value raises that the file cannot hold; the others say something about the file itself.
_UNWRITABLE = (
    UnicodeEncodeError,
    OverflowError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)

_ALL: weakref.WeakSet[Ledger] = weakref.WeakSet()


def _close_all() -> None:
    for ledger in list(_ALL):
        ledger.close()


def _leave_all() -> None:
    for ledger in list(_ALL):
        ledger.leave_to_parent()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_leave_all)


class Ledger:
    """The ledger at `path`; None keeps it in memory. Safe to share between threads and after a fork."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.problem = ""
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._running: dict[str, Opening] = {}
        self._waiting: list[Entry] = []
        self._taken: list[Path] = []
        self._forgotten: list[sqlite3.Connection] = []
        self._host = socket.gethostname()
        _ALL.add(self)

    def begin(self, opening: Opening) -> None:
        """Write the open row of a call."""
        with self._lock:
            self._running[opening.id] = opening
            self._waiting.append(opening)
            self._write_waiting()

    def finish(self, final: Final) -> None:
        """Write how a call ended, its attempts and the totals, in one transaction."""
        with self._lock:
            self._waiting.append(final)
            self._write_waiting()

    def summary(self) -> list[SummaryRow]:
        """Finished calls by provider, model and task."""
        return [summary_row(*row) for row in self.read(schema.SUMMARY)]

    def read(self, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query, after what is still waiting has been written if the file is free.

        Raises LLMError while another process keeps the file to itself.
        """
        with self._lock:
            self._write_waiting()
            try:
                return self._open().execute(query, parameters).fetchall()
            except sqlite3.DatabaseError as error:
                if is_locked(error):
                    raise LLMError(
                        f"the ledger {self.path} is in use by another process",
                        "try again in a moment",
                    ) from error
                if not is_corrupt(error):
                    raise
                self._give_up_file(error)
                return self._open().execute(query, parameters).fetchall()

    def close(self) -> None:
        """Write what is waiting and close the file; used again, it opens again."""
        with self._lock:
            if self._waiting or self._connection:
                self._close_patiently()
            self._drop()

    def _close_patiently(self) -> None:
        try:
            connection = self._open()
            connection.execute(f"PRAGMA busy_timeout={int(_BUSY_AT_EXIT * 1000)}")
            self._flush(connection)
        except sqlite3.Error as error:
            _LOG.warning("the ledger could not be written: %s", error)
        if self._waiting and self.path:
            self._spill(self.path)

    def _spill(self, path: Path) -> None:
        try:
            spill(path, self._waiting)
            self._waiting.clear()
        except OSError as error:
            _LOG.warning("%d rows of the ledger are lost: %s", len(self._waiting), error)

    def _write_waiting(self) -> None:
        """Write what can be written: corrupt files go aside, locked ones get the rows later."""
        for _ in range(3):  # the file, one that begins anew, memory
            try:
                return self._flush(self._open())
            except sqlite3.DatabaseError as error:
                if is_locked(error):
                    return None
                self._give_up_file(error)

    def _give_up_file(self, error: sqlite3.DatabaseError) -> None:
        _LOG.warning("the ledger %s cannot be used: %s", self.path, error)
        self._drop()
        if self.path and is_corrupt(error):
            self._move_aside(self.path)
        else:
            self._stay_in_memory(str(error))

    def _flush(self, connection: sqlite3.Connection) -> None:
        if not self._waiting:
            return
        try:
            self._insert_all(connection, self._waiting)
        except _UNWRITABLE:
            self._insert_all(connection, [printable(entry) for entry in self._waiting])
        for entry in self._waiting:
            if isinstance(entry, Final):
                self._running.pop(entry.id, None)
        self._waiting.clear()
        while self._taken:
            self._taken.pop().unlink(missing_ok=True)

    def _insert_all(self, connection: sqlite3.Connection, entries: list[Entry]) -> None:
        with transaction(connection):
            for entry in entries:
                self._insert(connection, entry)

    def _insert(self, connection: sqlite3.Connection, entry: Entry) -> None:
        if isinstance(entry, Opening):
            self._insert_opening(connection, entry)
        else:
            _insert_final(connection, entry)

    def _insert_opening(self, connection: sqlite3.Connection, opening: Opening) -> None:
        values = tuple(asdict(opening).values())
        connection.execute(schema.OPEN_CALL, (*values[:2], self._host, os.getpid(), *values[2:]))

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self.path and inode(self.path) != self._inode:
            # Deleted, or put aside by another process: what is written there, nobody would read.
            self._drop()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        # Calls that began in a file that is gone end in this one; what is there is not written twice.
        waiting = {entry.id for entry in self._waiting if isinstance(entry, Opening)}
        self._waiting[:0] = [self._running[name] for name in self._running.keys() - waiting]
        if self.path is not None:
            try:
                self._inode = create_private(self.path)
                return self._prepare(connect(str(self.path)))
            except OSError as error:
                self._stay_in_memory(error.strerror or str(error))
            except sqlite3.DatabaseError as error:
                if is_locked(error):
                    raise
                self._give_up_file(error)
                return self._connect()
        return self._prepare(connect(":memory:"))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        try:
            return self._prepared(connection)
        except BaseException:
            connection.close()
            raise

    def _prepared(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > schema.VERSION:
            raise sqlite3.OperationalError(f"it was written by a newer sophia (version {version})")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if version < schema.VERSION:
            with transaction(connection):
                for statement in schema.STATEMENTS:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={schema.VERSION}")
        if self.path:
            entries, files = absorb(self.path)
            self._waiting[:0] = entries
            self._taken += files
            self._flush(connection)
        self._book_the_dead(connection)
        return connection

    def _book_the_dead(self, connection: sqlite3.Connection) -> None:
        """Open rows of processes that are gone become `unknown`: shown, never guessed."""
        rows = connection.execute(
            "SELECT id, pid FROM calls WHERE outcome='open' AND host=?", (self._host,)
        ).fetchall()
        gone = [name for name, pid in rows if not is_alive(pid)]
        if gone:
            with transaction(connection):
                for name in gone:
                    _insert_final(connection, Final(name, UNKNOWN, "process_gone"))

    def _move_aside(self, path: Path) -> None:
        try:
            aside = move_aside(path, self._inode)
        except OSError as error:
            self._stay_in_memory(error.strerror or str(error))
            return
        if aside:
            _LOG.warning("the ledger was corrupt and is kept as %s; a new one begins", aside)

    def _stay_in_memory(self, reason: str) -> None:
        if self.path is None:
            return
        self.problem = (
            f"the ledger {self.path} cannot be written ({reason}): calls are counted in memory only"
        )
        _LOG.warning("%s", self.problem)
        self.path = None
        self._taken = []  # left where they are: memory is no place to remove them for

    def leave_to_parent(self) -> None:
        """Called in the child of a fork: the connection and the waiting rows are the parent's."""
        # SQLite forbids using or closing a parent's connection in the child: keep it, unused.
        self._lock = threading.RLock()
        self._waiting, self._taken, self._running = [], [], {}
        if self._connection is not None:
            self._forgotten.append(self._connection)
            self._connection = None


def _insert_final(connection: sqlite3.Connection, final: Final) -> None:
    ended = time.time_ns()
    values = (
        final.outcome, final.error_kind, final.error, final.status, final.provider, final.model,
        len(final.attempts), final.tokens_in, final.tokens_out, final.tokens_cached, final.tokens_reasoning,
        final.cost_nano, final.cost_source, final.latency_us, final.first_us, final.bytes_sent,
        final.bytes_received, final.kept_local, final.simulated, final.finish_reason, final.id,
    )  # fmt: skip
    closed = connection.execute(schema.CLOSE_CALL, values).fetchall()
    if not closed:
        return
    task = closed[0][0]
    unpriced = int(final.billable and final.cost_nano is None)
    counts = (
        final.tokens_in,
        final.tokens_out,
        final.tokens_cached,
        final.tokens_reasoning,
        final.cost_nano,
    )
    connection.execute(
        schema.ADD_TOTAL,
        (
            final.provider, final.model, task, final.outcome, final.error_kind, unpriced,
            *(count or 0 for count in counts), final.kept_local, ended if final.outcome == OK else 0,
        ),
    )  # fmt: skip
    for one in final.attempts:
        connection.execute(schema.ADD_ATTEMPT, (final.id, *asdict(one).values()))
        counted = (one.provider, one.model, one.outcome, one.error_kind)
        connection.execute(schema.ADD_ATTEMPT_TOTAL, counted)
    for fallback in final.fallbacks:
        connection.execute(schema.ADD_FALLBACK, fallback)
    _observe(connection, "duration", final, final.latency_us)
    if final.first_us is not None:
        _observe(connection, "first_chunk", final, final.first_us)


def _observe(connection: sqlite3.Connection, name: str, final: Final, microseconds: int) -> None:
    bucket = bisect_left(schema.BUCKETS, microseconds / 1e6)
    connection.execute(
        schema.ADD_DURATION,
        (name, final.provider, final.model, final.outcome, bucket, microseconds),
    )
