"""What a ledger keeps in memory for a file that cannot be written, until that is tried again."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.record import Entry

_LOG = logging.getLogger("sophia_cli.llm.ledger")

AGAIN = 30.0  # seconds
MOST = 10_000  # entries, some 10 MB; beyond it the oldest go, a tenth of them at once


class Exile:
    """`home` is the file, `entries` are what belongs into it, `lost` counts those that had to go."""

    def __init__(self, home: Path, wait: float) -> None:
        self.home = home
        self.entries: deque[Entry] = deque()
        self.lost = 0
        self._until = time.monotonic() + wait

    @property
    def is_over(self) -> bool:
        """Whether the file may be tried again."""
        return time.monotonic() >= self._until

    def tell(self) -> None:
        """Say what had to go."""
        if self.lost:
            _LOG.warning("%d entries of the ledger are lost: too many to keep", self.lost)

    def end(self) -> None:
        """The process ends, and the file cannot be written yet."""
        if self.entries:
            _LOG.warning(
                "%d entries of the ledger are lost: %s could not be written to the end",
                len(self.entries) + self.lost,
                self.home,
            )

    def keep(self, entries: Iterable[Entry], memory: sqlite3.Connection) -> None:
        """Keep these too, which were written into memory; the oldest may have to go from both."""
        self.entries.extend(entries)
        spare = len(self.entries) - MOST
        if spare <= 0:
            return
        spare += MOST // 10
        for _ in range(spare):
            self.entries.popleft()
        self.lost += spare
        for statement in schema.FORGET:
            memory.execute(statement, (MOST,))
