"""The thread that writes for a service that must not wait for its disk."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from weakref import WeakMethod

BUFFER = 400  # calls; whoever fills a buffer writes it
DELAY = 0.05  # seconds; a buffer that does not fill is written after that
_ROUND = 5.0  # seconds between two looks at what only time changes

_LOG = logging.getLogger("sophia_cli.llm.ledger")


class Clerk:
    """Calls `write` soon after something arrived, and chores that others ask for, in its own thread.

    The thread begins with the first piece of work and does not keep the process alive.
    """

    def __init__(self, write: Callable[[], bool], tend: Callable[[], None]) -> None:
        self._write = WeakMethod(write)
        # Held while something waits: a ledger that nobody needs any more is written before it goes.
        self._owed: Callable[[], bool] | None = None
        self._tend = WeakMethod(tend)
        self._work = threading.Event()
        self._now = threading.Event()
        self._chores: deque[Callable[[], None]] = deque()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="sophia-ledger", daemon=True)
        self._thread.start()

    def arrived(self) -> None:
        """Something waits to be written."""
        if not self._work.is_set():
            self._owed = self._write()
            self._work.set()

    def ask(self, chore: Callable[[], None]) -> None:
        """Have something done at once, in the background."""
        self._chores.append(chore)
        self._now.set()
        self._work.set()

    def stop(self) -> None:
        """End the thread; what waits is the caller's to write."""
        self._stopped = True
        self._now.set()
        self._work.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        tended = time.monotonic()
        while not self._stopped:
            if self._work.wait(_ROUND):
                # A chore is done at once; what waits to be written is not written in more pieces for it.
                until = time.monotonic() + DELAY
                while self._now.wait(max(until - time.monotonic(), 0.0)) and not self._stopped:
                    self._now.clear()
                    self._do_chores()
            self._work.clear()
            self._do_chores()
            if time.monotonic() - tended > _ROUND:
                tended = time.monotonic()
                self._do(self._tend())
            write, self._owed = self._write(), None
            if write is None or self._stopped:
                return
            if not write():  # the file is held by somebody: again after the delay
                self._owed = write
                self._work.set()
            del write

    def _do_chores(self) -> None:
        while self._chores:
            self._do(self._chores.popleft())

    def _do(self, chore: Callable[[], None] | None) -> None:
        try:
            if chore is not None:
                chore()
        except Exception:  # the thread must live on: nothing else writes
            _LOG.exception("a chore of the ledger failed")
