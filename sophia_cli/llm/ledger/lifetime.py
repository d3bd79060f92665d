"""What becomes of open ledgers when their process forks or ends."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sophia_cli.llm.ledger.store import Ledger

_ALL: weakref.WeakSet[Ledger] = weakref.WeakSet()
_held: list[Ledger] = []


def watch(ledger: Ledger) -> None:
    """Close it when the process ends, and see it through forks."""
    _ALL.add(ledger)


def _close_all() -> None:
    for ledger in list(_ALL):
        ledger.close()


def _hold_all() -> None:
    """No connection goes through a fork: the child would take its locks for its own, and hold none."""
    for ledger in list(_ALL):
        ledger.lock.acquire()
        if ledger.path is not None:
            ledger.drop()
        _held.append(ledger)


def _release_all() -> None:
    while _held:
        _held.pop().lock.release()


def _leave_all() -> None:
    _held.clear()
    for ledger in list(_ALL):
        ledger.leave_to_parent()


atexit.register(_close_all)
os.register_at_fork(before=_hold_all, after_in_parent=_release_all, after_in_child=_leave_all)
