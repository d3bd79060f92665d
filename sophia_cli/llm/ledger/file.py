"""The ledger's file on disk: opened for one user only, put aside once it is no database any more."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger import schema

BUSY = 0.1  # seconds a call waits for another writer before its rows are kept for later
# SQLite looks after 1, 2, 5, 10 .. 100 ms: who has waited long is overtaken by all who come. So it begins anew.
_AT_FIRST, _LATER = 1.0, 0.05  # seconds


def connect(name: str) -> sqlite3.Connection:
    """A connection whose transactions begin and end where `transaction` says."""
    return sqlite3.connect(name, timeout=BUSY, isolation_level=None, check_same_thread=False)


@contextmanager
def transaction(connection: sqlite3.Connection, turn: float = 0.0) -> Iterator[None]:
    """All of the block's statements or none of them. It gets its `turn` among many writers within so many seconds."""
    if turn:
        _begin_in_turn(connection, turn)
    else:
        connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _begin_in_turn(connection: sqlite3.Connection, seconds: float) -> None:
    until, wait = time.monotonic() + seconds, _AT_FIRST
    while True:
        try:
            with patience(connection, wait):
                connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if time.monotonic() > until or not is_locked(error):
                raise
        wait = _LATER


@contextmanager
def patience(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """How long the block waits for another writer."""
    if seconds == BUSY:
        yield
        return
    connection.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
    try:
        yield
    finally:
        with suppress(sqlite3.Error):
            connection.execute(f"PRAGMA busy_timeout={round(BUSY * 1000)}")


def prepare(connection: sqlite3.Connection, turn: float) -> None:
    """Set it up, its tables of the version of this program. Raises OperationalError for newer ones."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.VERSION:
        raise sqlite3.OperationalError(f"it was written by a newer sophia (version {version})")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    if version < schema.VERSION:
        _upgrade(connection, turn)


def _upgrade(connection: sqlite3.Connection, turn: float) -> None:
    with transaction(connection, turn):
        # Another process may have done it while this one waited.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for statements in schema.UPGRADES[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={schema.VERSION}")


def create_private(path: Path) -> int:
    """Make the file, for this user only, unless it is there; gives its inode. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # One that is there is not opened: closing it would end every lock that this process has on it
    # (fcntl(2)), also those of another connection, whose rows the next process would throw away.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return found.st_ino


def inode(path: Path) -> int:
    """Which file stands under that name now; 0 for none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def move_aside(path: Path, seen: int) -> Path | None:
    """Rename the corrupt file with inode `seen`; None where another process has done so already.

    Raises OSError when the folder does not allow it.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Without the lock the second process would put aside what the first has begun anew.
        fcntl.flock(folder, fcntl.LOCK_EX)
        if inode(path) != seen:
            return None
        stamp = f"{path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}"
        names = (path.with_name(f"{stamp}-{number}") for number in count(1))
        aside = next(name for name in names if not name.exists())
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside
    finally:
        os.close(folder)


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another connection holds the file; a moment later it may be free."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def in_use(path: Path | None) -> LLMError:
    """What is said where another process does not let go of the file."""
    return LLMError(f"the ledger {path} is in use by another process", "try again in a moment")


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether the file is no database, or no whole one."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF
