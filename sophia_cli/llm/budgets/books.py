"""The budgets of one process: money is put aside before a call and settled after it.

What is put aside comes out of a lease, an amount that the ledger has granted to this process. With
durability `call` it covers the one call, with `batch` it is good for many, and the next one is
fetched before it is used up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from sophia_cli.llm.budgets.budget import REFUSE, WARN, Budget, windows_of
from sophia_cli.llm.budgets.purse import Hold, Purse, Refusal
from sophia_cli.llm.errors import ConfigError, LLMError
from sophia_cli.llm.ledger.accounts import Demand, Grant, Statement
from sophia_cli.llm.ledger.record import Charge, made
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.ledger.treasury import Treasury
from sophia_cli.llm.money import dollars

_DRY = 0.25  # seconds until an account that refused is asked again
_IDLE = 5.0  # seconds without a call, after which a lease goes back
_RENEW = 300.0  # seconds
_LOOK = 5.0  # seconds after which calls that ask for no lease see an edit of the file too
_MANY = 10_000  # combinations of labels whose purses are remembered
_DAY = 86_400

_LOG = logging.getLogger("sophia_cli.llm.budgets")


class Books:
    """Puts money aside and settles it. Safe under threads; the child of a fork begins anew.

    `reload` gives the budgets as they are now: an edited limit holds from the next lease on, a budget
    that comes or goes within seconds.
    """

    def __init__(self, ledger: Ledger, reload: Callable[[], Sequence[Budget]]) -> None:
        self.budgets: tuple[Budget, ...] = tuple(reload())
        self._ledger = ledger
        self._treasury = Treasury(ledger)
        self._reload = reload
        self._lock = threading.Lock()
        self._filling = threading.Lock()
        self._purses: dict[tuple[str, str], Purse] = {}
        self._found: dict[tuple[str, ...], tuple[Purse, ...]] = {}
        self._told: set[tuple[str, str]] = set()
        self._day = 0
        self._dry_until = 0.0
        self._look_at = time.monotonic() + _LOOK
        ledger.tenant = self

    def in_force(self) -> tuple[Budget, ...]:
        """The budgets, as the file has had them within the last seconds: cheap enough for every call."""
        now = time.monotonic()
        if now > self._look_at:
            self._look_at = now + _LOOK
            self._take_in_edits()
        return self.budgets

    def reserve(self, facts: Mapping[str, str], worst: int | None) -> tuple[Hold, ...] | Refusal:
        """Put the worst case of a call aside in every budget it is about; None is a call without a price."""
        if not self.budgets:
            return ()
        purses = self._purses_of(facts)
        if worst is None:
            return self._without_price(purses, facts)
        now = time.monotonic()
        for _ in range(100):  # other threads may take what was just fetched
            if (holds := self._put_aside(purses, worst, now)) is not None:
                return holds
            refusal = next(filter(None, (self._fill(purse, worst) for purse in purses)), None)
            if refusal:
                self._keep_nothing(purses)
                return refusal
        busy = purses[0]
        return Refusal(busy.budget, busy.account, busy.window, "it is in heavy use")

    def _put_aside(
        self, purses: Sequence[Purse], worst: int, now: float
    ) -> tuple[Hold, ...] | None:
        """Out of every purse, or out of none."""
        holds = []
        with self._lock:
            for purse in purses:
                if purse.credit < worst:
                    return None
            low = False
            for purse in purses:
                purse.credit -= worst
                purse.reserved += worst
                purse.used_at = now
                low = low or purse.is_low(worst)
                holds.append(made(Hold, (purse, worst, True)))
        if low and self._ledger.batched:
            for purse in purses:
                if purse.is_low(worst) and not purse.fetching:
                    self._fetch_ahead(purse, worst)
        return tuple(holds)

    def settle(
        self, holds: Sequence[Hold], spent: int | None, *, answered: bool
    ) -> tuple[Charge, ...]:
        """The call is over: what it cost in nano-USD, None where that is not known.

        An attempt that was not `answered` cost nothing; an answer of unknown cost is booked as such,
        with all that was put aside for it. The charges belong into the call's `Final`.
        """
        charges = []
        keep, known = self._ledger.batched, spent if answered else 0
        for purse, reserved, priced in holds:
            unknown = reserved if known is None else 0
            taken = unknown if known is None else known
            with self._lock:
                freed = purse.settle(reserved, taken if priced else 0, keep=keep)
            unpriced = answered and not priced
            if taken or freed or unpriced:
                lease = purse.lease if priced else ""
                count = int(unpriced and spent is None)
                fields = (purse.account, purse.window, lease, known or 0, unknown, freed, count)
                charges.append(made(Charge, fields))
        return tuple(charges)

    def left(self, now: float) -> dict[str, int]:
        """The accounts that refused a moment ago, with what they hold: cheap enough for every call."""
        if now > self._dry_until:
            return {}
        dry = [purse for purse in list(self._purses.values()) if now < purse.dry_until]
        return {purse.account: purse.dry_left + max(purse.credit, 0) for purse in dry}

    def statements(self) -> list[Statement]:
        """Every account that has been used in its present day or month, with the limit of today."""
        now = time.time()
        return [
            one._replace(limit=budget.limit_nano)
            for one in self._treasury.statements(windows_of(now))
            for budget in self.budgets
            if budget.is_account(one.account, one.window, now)
        ]

    def tend(self) -> None:
        """Give back what nobody uses, and renew the rest; called every few seconds."""
        now, moment = time.monotonic(), time.time()
        renewed = []
        for key, purse in list(self._purses.items()):
            if now - purse.used_at > _IDLE:
                self._ledger.charge(self._returned([purse]))
                if purse.reserved == 0 and purse.budget.window(moment) != purse.window:
                    self._purses.pop(key, None)
            elif now - purse.renewed_at > _RENEW:
                purse.renewed_at = now
                renewed.append(purse.lease)
        if renewed:
            self._treasury.renew(renewed)

    def leave(self) -> Sequence[Charge]:
        """All that is not put aside for a call under way, to go back to the ledger."""
        return self._returned(list(self._purses.values()))

    def leave_to_parent(self) -> None:
        """Called in the child of a fork: the leases are the parent's."""
        self._lock, self._filling = threading.Lock(), threading.Lock()
        self._purses, self._found = {}, {}

    def _purses_of(self, facts: Mapping[str, str]) -> tuple[Purse, ...]:
        moment = time.time()
        key = tuple(facts.values())
        if moment // _DAY == self._day and (found := self._found.get(key)) is not None:
            return found
        day = int(moment // _DAY)
        if day != self._day or len(self._found) > _MANY:
            self._begin(day, moment)
        with self._lock:
            found = tuple(
                self._purse(budget, account, budget.window(moment))
                for budget in self.budgets
                if (account := budget.scope(facts))
            )
            self._found[key] = found
        return found

    def _begin(self, day: int, moment: float) -> None:
        """Forget the purses of days and months that are over."""
        with self._lock:
            self._found, self._day = {}, day
            self._purses = {
                key: purse
                for key, purse in self._purses.items()
                if purse.credit or purse.reserved or purse.window == purse.budget.window(moment)
            }

    def _purse(self, budget: Budget, account: str, window: str) -> Purse:
        key = (account, window)
        if key not in self._purses:
            self._purses[key] = Purse(budget, account, window)
        return self._purses[key]

    def _without_price(
        self, purses: Sequence[Purse], facts: Mapping[str, str]
    ) -> tuple[Hold, ...] | Refusal:
        model = f"{facts['provider']}/{facts['model']}"
        for purse in purses:
            if purse.budget.unpriced == REFUSE:
                words = f"the price of {model} is not known"
                return Refusal(purse.budget, purse.account, purse.window, words)
        self._tell_unpriced([p.account for p in purses if p.budget.unpriced == WARN], model)
        return tuple(Hold(purse, 0, False) for purse in purses)

    def _tell_unpriced(self, accounts: Sequence[str], model: str) -> None:
        """One warning for all budgets that have not heard of the model yet."""
        news = [account for account in accounts if (account, model) not in self._told]
        if news:
            self._told.update((account, model) for account in news)
            _LOG.warning(
                "budget%s %s not count calls of %s: its price is not known",
                "" if len(news) == 1 else "s",
                f"{', '.join(news)} {'does' if len(news) == 1 else 'do'}",
                model,
            )

    def _fill(self, purse: Purse, worst: int) -> Refusal | None:
        """Ask the ledger for what is missing, and for more where calls may follow."""
        now = time.monotonic()
        if purse.is_dry(worst, now):
            return _refusal(purse, worst, purse.dry_left + max(purse.credit, 0))
        purse.ran_out()
        self._take_in_edits()
        with self._filling:
            missing = worst - purse.credit
            if missing <= 0:
                return None
            want = max(purse.ahead(worst, now), missing) if self._ledger.batched else missing
            try:
                grant = self._lease(purse, missing, want)
            except LLMError as error:  # nobody spends what cannot be written down
                return Refusal(purse.budget, purse.account, purse.window, error.message)
            if grant.nano:
                return None
            self._dry_until = purse.dry(now + _DRY, missing, grant.left)
            return _refusal(purse, worst, grant.left + max(purse.credit, 0))

    def _lease(self, purse: Purse, least: int, want: int) -> Grant:
        budget = purse.budget
        demand = Demand(
            purse.account, purse.window, budget.limit_nano, purse.lease, least, want, budget.stop
        )
        grant = self._treasury.lease(demand)
        with self._lock:
            purse.credit += grant.nano
        purse.renewed_at = time.monotonic()
        self._warn(purse, grant)
        return grant

    def _fetch_ahead(self, purse: Purse, worst: int) -> None:
        purse.fetching = True
        self._ledger.in_background(lambda: self._fetch(purse, worst))

    def _fetch(self, purse: Purse, worst: int) -> None:
        now = time.monotonic()
        try:
            with self._filling:
                if purse.is_low(worst) and not purse.is_dry(worst, now):
                    want = purse.ahead(worst, now)
                    grant = self._lease(purse, worst, want)
                    if not grant.nano:
                        self._dry_until = purse.dry(now + _DRY, worst, grant.left)
        except LLMError as error:
            _LOG.debug("no lease ahead of time: %s", error)
        finally:
            purse.fetching = False

    def _warn(self, purse: Purse, grant: Grant) -> None:
        limit = purse.budget.limit_nano
        passed = [share for share in purse.budget.warn if grant.used >= share * limit]
        share = max(passed, default=0.0)
        if share > grant.warned and self._is_first_to_warn(purse, share):
            _LOG.warning(
                "budget %s: %.0f %% of %s for %s is used",
                purse.account,
                100 * grant.used / limit if limit else 100,
                dollars(limit),
                purse.window,
            )

    def _is_first_to_warn(self, purse: Purse, share: float) -> bool:
        try:
            return self._treasury.warn(purse.account, purse.window, share)
        except LLMError:  # the next lease warns; this one is granted
            return False

    def _keep_nothing(self, purses: Sequence[Purse]) -> None:
        """After a refusal: what one budget granted is of no use when another refuses."""
        if not self._ledger.batched:
            self._ledger.charge(self._returned(purses))

    def _returned(self, purses: Sequence[Purse]) -> list[Charge]:
        charges = []
        for purse in purses:
            with self._lock:
                credit, purse.credit = purse.credit, min(purse.credit, 0)
            if credit > 0:
                charges.append(Charge(purse.account, purse.window, purse.lease, freed=credit))
        return charges

    def _take_in_edits(self) -> None:
        try:
            budgets = tuple(self._reload())
        except ConfigError as error:
            _LOG.warning("the budgets stay as they were: %s", error.message)
            return
        if budgets == self.budgets:
            return
        named = {budget.name: budget for budget in budgets}
        with self._lock:
            self.budgets, self._found = budgets, {}
            for purse in self._purses.values():
                purse.budget = named.get(purse.budget.name, purse.budget)


def _refusal(purse: Purse, worst: int, left: int) -> Refusal:
    budget = purse.budget
    words = (
        f"{dollars(max(left, 0))} left of {dollars(budget.limit_nano)} for {purse.window}, "
        f"this may cost {dollars(worst, at_most=True)}"
    )
    return Refusal(budget, purse.account, purse.window, words, left)
