"""Who keeps money of the ledger's accounts, and who tells others what it has counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sophia_cli.llm.ledger.record import Charge


class Tenant(Protocol):
    """Somebody who holds leases, and is told what becomes of the ledger."""

    def tend(self) -> None:
        """Give back or renew; called every few seconds where a thread writes."""

    def leave_to_parent(self) -> None:
        """Called in the child of a fork: what is kept is the parent's."""

    def leave(self) -> Sequence[Charge]:
        """What goes back; the ledger is about to close."""


class Reporter(Protocol):
    """Somebody who tells what a ledger has counted."""

    def arrived(self) -> None:
        """Something was counted; called in the midst of a call."""

    def leave(self) -> None:
        """The ledger has written all it had, and is about to close."""

    def leave_to_parent(self) -> None:
        """Called in the child of a fork."""
