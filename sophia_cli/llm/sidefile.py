"""A SQLite file beside the ledger that a call can do without.

What cannot be read is not there, what cannot be written is not kept: a corrupt file is moved aside,
a full disk or a closed folder ends its use by this process, a locked file is passed over once.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sophia_cli.llm.ledger.file import connect, create_private, inode, is_corrupt, is_locked
from sophia_cli.llm.ledger.file import move_aside as rename_corrupt
from sophia_cli.llm.ledger.lifetime import watch

_LOG = logging.getLogger("sophia_cli.llm.sidefile")

T = TypeVar("T")


class SideFile:
    """The file at `path`, for this user only. Safe to share between threads and after a fork."""

    def __init__(self, path: Path, version: int, statements: tuple[str, ...], name: str) -> None:
        self.path = path
        self.problem = ""
        self._version = version
        self._statements = statements
        self._name = name
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        watch(self)

    def use(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What the work gives, or `otherwise` where the file cannot serve it."""
        with self.lock:
            for _ in range(2):  # the file, and one that begins anew
                if self.problem:
                    break
                try:
                    return work(self._open())
                except OSError as error:
                    self._give_up(error.strerror or str(error))
                except sqlite3.DatabaseError as error:
                    if is_locked(error):
                        break
                    self._mend(error)
                except sqlite3.Error as error:
                    self._give_up(str(error))
        return otherwise

    def close(self) -> None:
        """Close the file; used again, it opens again."""
        with self.lock:
            self.drop()

    def drop(self) -> None:
        """Give the connection up; used again, it opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def leave_to_parent(self) -> None:
        """Called in the child of a fork, which opens a connection of its own."""
        self.lock = threading.RLock()
        self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and inode(self.path) != self._inode:
            self.drop()  # deleted, or put aside by another process
        if self._connection is None:
            self._inode = create_private(self.path)
            connection = connect(str(self.path))
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > self._version:
            raise sqlite3.OperationalError(f"it was written by a newer sophia (version {version})")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if version < self._version:
            for statement in self._statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={self._version}")

    def _mend(self, error: sqlite3.DatabaseError) -> None:
        self.drop()
        if not is_corrupt(error):
            self._give_up(str(error))
            return
        try:
            aside = rename_corrupt(self.path, self._inode)
        except OSError as refused:
            self._give_up(refused.strerror or str(refused))
            return
        if aside:
            _LOG.warning("%s was corrupt and is kept as %s; a new one begins", self._name, aside)

    def _give_up(self, reason: str) -> None:
        self.drop()
        self.problem = f"{self._name} {self.path} cannot be used: {reason}"
        _LOG.warning("%s", self.problem)
