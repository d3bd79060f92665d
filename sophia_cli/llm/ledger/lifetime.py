"""What becomes of open ledgers, and of the files beside them, when their process forks or ends."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from pathlib import Path
from typing import Protocol


class Opened(Protocol):
    """Somebody who keeps a connection to a file, None for memory, under a lock."""

    lock: threading.RLock

    @property
    def path(self) -> Path | None: ...

    def drop(self) -> None:
        """Give the connection up; used again, it opens another."""

    def close(self) -> None:
        """The process ends."""

    def leave_to_parent(self) -> None:
        """Called in the child of a fork."""


_ALL: weakref.WeakSet[Opened] = weakref.WeakSet()
_held: list[Opened] = []


def watch(opened: Opened) -> None:
    """Close it when the process ends, and see it through forks."""
    _ALL.add(opened)


def _close_all() -> None:
    for opened in list(_ALL):
        opened.close()


def _hold_all() -> None:
    """No connection goes through a fork: the child would take its locks for its own, and hold none."""
    for opened in list(_ALL):
        opened.lock.acquire()
        if opened.path is not None:
            opened.drop()
        _held.append(opened)


def _release_all() -> None:
    while _held:
        _held.pop().lock.release()


def _leave_all() -> None:
    _held.clear()
    for opened in list(_ALL):
        opened.leave_to_parent()


atexit.register(_close_all)
os.register_at_fork(before=_hold_all, after_in_parent=_release_all, after_in_child=_leave_all)
