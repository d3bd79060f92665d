"""What one process may still spend of one budget account without asking the ledger again."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sophia_cli.llm.budgets.budget import Budget

CALLS_AHEAD = 20  # a lease is good for so many calls as dear as the one that asks for it
_MOST_AHEAD = 16 * CALLS_AHEAD
# A process that uses up even that within a moment may hold as much as it spends in a moment.
_MOST_OF_ALL = 64 * CALLS_AHEAD
_SOON, _LATE = 0.2, 2.0  # seconds: a lease that was used up within the first was too small


class Purse:
    """Money of a lease: `credit` is free, `reserved` is put aside for calls under way (nano-USD)."""

    def __init__(self, budget: Budget, account: str, window: str) -> None:
        self.budget = budget
        self.account = account
        self.window = window
        self.lease = secrets.token_hex(8)
        self.credit = 0
        self.reserved = 0
        self.used_at = 0.0
        self.renewed_at = 0.0
        self.fetching = False
        # After a refusal: until when, for which amount and more, and what was left.
        self.dry_until, self.dry_amount, self.dry_left = 0.0, 0, 0
        self._ahead = CALLS_AHEAD
        self._filled_at = 0.0

    def settle(self, reserved: int, taken: int, *, keep: bool) -> int:
        """What was reserved is over, and so much is gone. Gives what the lease does not hold any more.

        What was taken beyond it was never held: the account itself bears it.
        """
        self.reserved -= reserved
        if not keep or taken >= reserved:
            return reserved
        self.credit += reserved - taken
        return taken

    def is_low(self, nano: int) -> bool:
        """Whether the next lease should be fetched before this one is used up."""
        return self.credit < self._ahead * nano // 4

    def is_dry(self, nano: int, now: float) -> bool:
        """Whether the ledger refused as much a moment ago."""
        return now < self.dry_until and nano >= self.dry_amount

    def dry(self, until: float, amount: int, left: int) -> float:
        """The ledger refused so much: nothing of that size is asked for until then, which it gives."""
        self.dry_until, self.dry_amount, self.dry_left = until, amount, left
        return until

    def ahead(self, nano: int, now: float) -> int:
        """How much to ask for: more where leases follow each other fast, less where they last."""
        took = now - self._filled_at
        self._filled_at = now
        if took < _SOON:
            self._ahead = min(self._ahead * 2, _MOST_OF_ALL)
        elif took > _LATE:
            self._ahead = max(self._ahead // 2, CALLS_AHEAD)
        return self._ahead * nano

    def ran_out(self) -> None:
        """A caller has to wait for the next lease: this one was too small, however long it lasted."""
        if self._filled_at:
            self._ahead = max(self._ahead, min(self._ahead * 4, _MOST_AHEAD))


class Hold(NamedTuple):
    """What is put aside for one attempt out of one purse; without a price nothing is."""

    purse: Purse
    nano: int
    priced: bool


class Refusal(NamedTuple):
    """A budget says no, and why. `left` in nano-USD, None where the amount is not the reason."""

    budget: Budget
    account: str
    window: str
    reason: str
    left: int | None = None
