"""Writing to and reading from the ledger's file.

A call must be answered whatever becomes of the ledger: a corrupt file is moved aside, a folder
that cannot be written leaves the calls in memory, a locked file is written to a little later.
"""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.birth import own_birth
from sophia_cli.llm.ledger.clerk import BUFFER, Clerk
from sophia_cli.llm.ledger.dead import book_the_dead, unended
from sophia_cli.llm.ledger.exile import AGAIN, Exile
from sophia_cli.llm.ledger.file import (
    BUSY,
    connect,
    create_private,
    in_use,
    inode,
    is_corrupt,
    is_locked,
    move_aside,
    patience,
    prepare,
    transaction,
)
from sophia_cli.llm.ledger.lifetime import watch
from sophia_cli.llm.ledger.put import drain, put
from sophia_cli.llm.ledger.record import Charge, Entry, Final, Opening
from sophia_cli.llm.ledger.rows import Source
from sophia_cli.llm.ledger.spill import absorb, spill, spill_last, spill_of
from sophia_cli.llm.ledger.summary import SummaryRow, summary_row
from sophia_cli.llm.ledger.tenant import Reporter, Tenant

BATCH = "batch"
_T = TypeVar("_T")

_LOG = logging.getLogger("sophia_cli.llm.ledger")
_HURRY = 0.005  # seconds; a call that writes for others does not wait for another process
_PAUSE = 0.5  # seconds in which a locked file is left alone: an event loop must not stand still
_TRIES = 4  # the file, once more, one that begins anew, memory
_PATIENT = 5.0  # seconds to wait for another writer at exit
_FOR_MONEY = 10.0  # seconds; a call that gets none is refused


class Ledger:
    """The ledger at `path`; None keeps it in memory. Safe to share between threads and after a fork.

    `durability` says when a call is on disk: with `call` before its answer returns, with `batch`
    within 400 calls or 50 ms, written by a thread of its own; a killed process loses that much.
    A file that cannot be written is tried `again` after so many seconds.
    """

    def __init__(self, path: Path | None, durability: str = "call", again: float = AGAIN) -> None:
        self.path = path
        self.problem = ""
        self.batched = durability == BATCH
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._running: dict[str, Opening] = {}
        self._arrived: deque[Entry] = deque()  # filled without a lock
        self._waiting: list[Entry] = []
        self._taken: list[Path] = []
        self._locked_until = self._turn = 0.0
        self._inode = self._doubts = self._insured = 0
        self._again = again
        self._exile: Exile | None = None
        self._told = ""
        self._clerk: Clerk | None = None
        self.source = Source(socket.gethostname(), os.getpid(), own_birth())
        self.tenant: Tenant | None = None
        self.reporter: Reporter | None = None
        watch(self)

    def __del__(self) -> None:
        self.drop()

    def begin(self, opening: Opening) -> None:
        """A call has begun; with durability `call` its open row is written."""
        self._running[opening.id] = opening
        if not self.batched:
            self._arrived.append(opening)
            self._write_waiting()

    @property
    def exists(self) -> bool:
        """Whether there is anything to read; asking makes no file."""
        return self._connection is not None or (self.path is not None and self.path.exists())

    @property
    def under_way(self) -> int:
        """How many calls of this process have begun and not ended."""
        return len(self._running)

    def finish(self, final: Final) -> None:
        """Write how a call that began in this process ended, what it cost and the totals, in one transaction."""
        if not self.batched:
            if final.id in self._running:
                self._arrived.append(final)
                self._write_waiting()
            return
        if (opening := self._running.pop(final.id, None)) is not None:
            self._arrived.extend((opening, final))
            self._tell_clerk()

    def charge(self, charges: Sequence[Charge]) -> None:
        """Book what no call is to be booked with, such as a lease that goes back."""
        if not charges:
            return
        self._arrived.extend(charges)
        if self.batched:
            self._tell_clerk()
        else:
            self._write_waiting()

    def in_background(self, chore: Callable[[], None]) -> None:
        """Have something done by the ledger's own thread."""
        if (clerk := self._clerk or self._at_work()) is not None:
            clerk.ask(chore)

    def summary(self) -> list[SummaryRow]:
        """Finished calls by provider, model and task."""
        return [summary_row(*row) for row in self.read(schema.SUMMARY)]

    def read(self, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query, after what is still waiting has been written if the file is free.

        Raises LLMError while another process keeps the file to itself.
        """
        with self.lock:
            self._write_waiting(insist=True)
            for _ in range(_TRIES - 1):
                try:
                    return self._open().execute(query, parameters).fetchall()
                except sqlite3.DatabaseError as error:
                    if is_locked(error):
                        raise in_use(self.path) from error
                    if not is_corrupt(error):
                        raise
                    self._give_up_file(error)
            return self._open().execute(query, parameters).fetchall()

    def patiently(self, work: Callable[[sqlite3.Connection], _T], wait: float = _FOR_MONEY) -> _T:
        """A transaction that waits longer than a call may. Raises LLMError where the file is not to be had."""
        with self.lock, self._in_turn(wait):
            self._go_home()
            for _ in range(_TRIES):
                try:
                    connection = self._open()
                    if self.problem:  # what is counted in memory holds for nobody else
                        raise LLMError(self.problem)
                    with transaction(connection, self._turn):
                        return work(connection)
                except sqlite3.DatabaseError as error:
                    if is_locked(error):
                        raise in_use(self.path) from error
                    self._give_up_file(error)
            raise in_use(self.path)

    @contextmanager
    def _in_turn(self, seconds: float) -> Iterator[None]:
        """Every transaction of the block waits so long for its turn: also those of a file that is opened for it."""
        self._turn = seconds
        try:
            yield
        finally:
            self._turn = 0.0

    def close(self) -> None:
        """Write what is waiting and close the file; used again, it opens again."""
        clerk, self._clerk = self._clerk, None
        if clerk is not None:
            clerk.stop()
        with self.lock:
            if self.tenant is not None:
                self._arrived.extend(self.tenant.leave())
            self._waiting += drain(self._arrived)
            self._go_home(at_once=True)
            if self.batched:  # calls under way are known by their beginning, if not by their end
                self._waiting += self._running.values()
            if self._waiting or self._connection:
                self._close_patiently()
            if self._exile is not None:
                self._exile.end()
        if self.reporter is not None:  # it may take a moment, in which nobody else has to wait
            self.reporter.leave()
        with self.lock:
            self.drop()

    def leave_to_parent(self) -> None:
        """Called in the child of a fork: thread and waiting rows are the parent's."""
        self.lock = threading.RLock()
        self._arrived, self._waiting, self._taken, self._running = deque(), [], [], {}
        self._insured = 0
        if self._exile is not None:
            self._exile.entries.clear()
            self._go_home(at_once=True)
        self._connection = self._clerk = None
        self.source = Source(self.source.host, os.getpid(), own_birth())
        for one in (self.tenant, self.reporter):
            if one is not None:
                one.leave_to_parent()

    def _tell_clerk(self) -> None:
        clerk = self._clerk or self._at_work()
        if clerk is None:
            self._write_waiting()
            return
        if len(self._arrived) >= 2 * BUFFER and self.lock.acquire(blocking=False):
            # A caller who is busy enough to fill a buffer leaves a thread beside it hardly any time.
            try:
                self._write_waiting(busy=_HURRY)
            finally:
                self.lock.release()
        clerk.arrived()

    def _at_work(self) -> Clerk | None:
        with self.lock:
            if self._clerk is None and self.batched:
                with suppress(RuntimeError):  # the interpreter ends and starts no more threads
                    self._clerk = Clerk(self._write_waiting, self._tend)
            return self._clerk

    def _tend(self) -> None:
        if self.tenant is not None:
            self.tenant.tend()

    def _close_patiently(self) -> None:
        try:
            with self._in_turn(_PATIENT):
                self._flush(self._open())
        except sqlite3.Error as error:
            _LOG.warning("the ledger could not be written: %s", error)
        if self._waiting and self.path and spill_last(self.path, self._waiting):
            self._waiting.clear()

    def _write_waiting(self, *, insist: bool = False, busy: float = BUSY) -> bool:
        """Write what can be written: corrupt files go aside, locked ones get the rows later (False)."""
        with self.lock:
            self._waiting += drain(self._arrived)
            self._go_home()
            if time.monotonic() < self._locked_until and not insist:
                return self._insure()
            for _ in range(_TRIES):
                try:
                    connection = self._open()
                    with patience(connection, busy):
                        self._flush(connection)
                    return True
                except sqlite3.DatabaseError as error:
                    if is_locked(error):
                        pause = _PAUSE if busy == BUSY else busy
                        self._locked_until = time.monotonic() + pause
                        return self._insure()
                    self._give_up_file(error)
            return True

    def _insure(self) -> bool:
        """Keep rows that cannot be written now beside the ledger, where a kill does not reach them."""
        if self.path is not None and not self.batched:
            with suppress(OSError):
                # A bare charge could be taken twice that way; without it its lease counts as unknown.
                rows = [
                    one for one in self._waiting[self._insured :] if not isinstance(one, Charge)
                ]
                spill(self.path, rows, durable=False)
                self._insured = len(self._waiting)
        return False

    def _give_up_file(self, error: sqlite3.DatabaseError) -> None:
        self.drop()
        if self.path and is_corrupt(error):
            _LOG.warning("the ledger %s cannot be used: %s", self.path, error)
            self._doubts += 1
            if self._doubts > 1:  # a connection may be broken where the file is not
                self._move_aside(self.path)
        else:
            self._stay_in_memory(str(error))

    def _flush(self, connection: sqlite3.Connection) -> None:
        if not self._waiting:
            return
        put(connection, self._waiting, self.source, self._turn)
        for entry in self._waiting:
            if isinstance(entry, Final):
                self._running.pop(entry.id, None)
        self._remember(connection)
        self._waiting.clear()
        if self.reporter is not None:
            self.reporter.arrived()
        self._doubts = 0
        if self._insured and self.path:
            self._insured = 0
            spill_of(self.path).unlink(missing_ok=True)
        while self._taken:
            self._taken.pop().unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self.path and inode(self.path) != self._inode:
            # Deleted, or put aside by another process: what is written there, nobody would read.
            self.drop()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        self._insured = 0
        if not self.batched:
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

    def drop(self) -> None:
        """Let go of the file; the next use opens it again."""
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
        prepare(connection, self._turn)
        if self.path:
            entries, files = absorb(self.path)
            self._waiting[:0] = [*entries, *unended(entries, self._running)]
            self._taken += files
            self._flush(connection)
        book_the_dead(connection, self.source, self._turn)
        return connection

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
        if self.problem != self._told:
            _LOG.warning("%s", self.problem)
        self._told = self.problem
        self._exile = Exile(self.path, self._again)
        self.path = None
        self._taken = []  # left where they are: memory is no place to remove them for

    def _remember(self, connection: sqlite3.Connection) -> None:
        """What was written into memory belongs into the file, once it can be written."""
        if self._exile is not None:
            self._exile.keep(self._waiting, connection)
        elif self._told:
            _LOG.warning("the ledger %s is written again", self.path)
            self._told = ""

    def _go_home(self, *, at_once: bool = False) -> None:
        """Try the file again after a while, with what was kept meanwhile."""
        exile = self._exile
        if exile is None or not (at_once or exile.is_over):
            return
        exile.tell()
        self.drop()
        self._exile, self.path, self.problem = None, exile.home, ""
        self._waiting[:0] = exile.entries
