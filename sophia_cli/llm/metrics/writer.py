"""Writes a ledger's totals to Prometheus: a moment after calls, and when the process ends.

What is written is what the ledger holds, whoever made the calls. Nothing that goes wrong here
reaches a call, and no call waits for it; what could not be written is in the next write.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Mapping
from weakref import ref

from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.metrics import remotewrite, ways
from sophia_cli.llm.metrics.current import Current
from sophia_cli.llm.metrics.reading import Reading, read
from sophia_cli.llm.metrics.remotewrite import STALE, NotWritten

JOB = "sophia-ledger"  # the job of all series that are written: those that are scraped have another
_FIRST, _PAUSE = 1.0, 5.0  # seconds from the first call to a write, and between two
_PATIENCE = 2.0  # seconds, for the ledger and for the server each
_TRIES = 3
_REST_NS = 30 * 10**9  # after a failure, for every process of the ledger

_LOG = logging.getLogger("sophia_cli.llm.metrics")


class Writer:
    """Writes the totals of a ledger to the Prometheus at `url`. Safe under threads and fork."""

    def __init__(self, ledger: Ledger, config: Config, url: str) -> None:
        self.url = url
        self._ledger = ref(ledger)
        self._current = Current(config)
        self._begin()

    def _begin(self) -> None:
        self._owes = threading.Event()
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None

    def arrived(self) -> None:
        """The ledger has counted something; cheap enough for every call."""
        if self._owes.is_set():
            return
        self._owes.set()
        if self._thread is None:
            try:
                thread = threading.Thread(target=self._run, name="sophia-metrics", daemon=True)
                thread.start()
                self._thread = thread
            except RuntimeError:  # the interpreter ends; `leave` writes
                pass

    def leave(self) -> None:
        """The ledger closes: write what is not written yet; used again, it begins anew."""
        thread, self._thread = self._thread, None
        self._ends.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=2 * _PATIENCE)
        if self._owes.is_set():
            self.write()
        self._begin()

    def leave_to_parent(self) -> None:
        """Called in the child of a fork: the thread, and what it owes, are the parent's."""
        self._begin()

    def write(self) -> str:
        """Write the totals now; gives what is wrong, in words, and nothing where they are there."""
        self._owes.clear()
        ledger = self._ledger()
        if ledger is None:
            return "the ledger is closed"
        try:
            return self._write(ledger)
        except (LLMError, sqlite3.Error, OSError) as error:
            return f"the ledger could not be read: {error}"

    def _write(self, ledger: Ledger) -> str:
        for _ in range(_TRIES):
            taken = ledger.patiently(lambda opened: self._take(opened, ledger), _PATIENCE)
            if isinstance(taken, str):
                return taken
            moment_ns, reading = taken
            found = remotewrite.series(reading, labels_of(ledger).items())
            try:
                remotewrite.send(self.url, remotewrite.encode(found, moment_ns // 10**6), _PATIENCE)
                return ""
            except NotWritten as error:
                if not error.newer:
                    _LOG.info("metrics were not written to %s: %s", self.url, error)
                    ledger.patiently(lambda opened: self._rest(opened, ledger), _PATIENCE)
                    return str(error)
            # Another process, or a rule that carries series on, was there first: what is counted by now.
        return ""  # whoever was faster each time has written what this ledger holds

    def _take(self, connection: sqlite3.Connection, ledger: Ledger) -> tuple[int, Reading] | str:
        now_ns = time.time_ns()
        if found := ways.exporter(connection, now_ns, ledger.source):
            return f"`sophia metrics serve` exports this ledger at {found.place}"
        before = ways.find(connection, ways.WRITE)
        if before and now_ns < before.until_ns < now_ns + _REST_NS and before.place == self.url:
            return f"{self.url} did not take the last write; the next one is soon"
        moment = ways.next_moment(before, now_ns)
        ways.note(connection, ways.WRITE, self.url, ledger.source, moment)
        reading = read(
            lambda query, values: connection.execute(query, values).fetchall(),
            self._current(),
            moment / 1e9,
        )
        return moment, reading

    def _is_known(self) -> bool:
        """Whether somebody has written there before; if not, the series should begin before they grow."""
        ledger = self._ledger()
        try:
            place = "SELECT place FROM ways WHERE way=?"
            return ledger is None or ledger.read(place, (ways.WRITE,)) == [(self.url,)]
        except (LLMError, sqlite3.Error):
            return True

    def _rest(self, connection: sqlite3.Connection, ledger: Ledger) -> None:
        now_ns = time.time_ns()
        before = ways.find(connection, ways.WRITE)
        moment = before.at_ns if before else now_ns
        ways.note(connection, ways.WRITE, self.url, ledger.source, moment, now_ns + _REST_NS)

    def _run(self) -> None:
        owes, ends = self._owes, self._ends
        wait = _FIRST if self._is_known() else 0.0
        while not ends.wait(wait):
            wait = _PAUSE
            if self._ledger() is None:
                return
            if owes.is_set():
                self.write()


def labels_of(ledger: Ledger) -> Mapping[str, str]:
    """The labels that tell the series of one ledger from those of any other."""
    place = hashlib.sha256(str(ledger.path and ledger.path.absolute()).encode()).hexdigest()[:6]
    return {"job": JOB, "instance": f"{ledger.source.host}/{place}"}


def end_series(ledger: Ledger, config: Config, url: str) -> None:
    """Let the series that were written there end: another way takes over. Raises LLMError, NotWritten."""
    reading = read(ledger.read, config, time.time())
    ended = [
        (labels, STALE) for labels, _ in remotewrite.series(reading, labels_of(ledger).items())
    ]
    remotewrite.send(url, remotewrite.encode(ended, time.time_ns() // 10**6), _PATIENCE)
