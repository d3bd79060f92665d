"""Admits each request of a process, and takes note of how it went."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.llm.admission.breaker import Breakers
from sophia_cli.llm.admission.gate import Gate, Limits
from sophia_cli.llm.budgets.books import Books
from sophia_cli.llm.budgets.budget import Budget, facts_of, parse_budgets
from sophia_cli.llm.budgets.purse import Hold, Refusal
from sophia_cli.llm.call import Call, Usage
from sophia_cli.llm.config import Config
from sophia_cli.llm.configfile import read
from sophia_cli.llm.failure import BUDGET, RESTING, Failure
from sophia_cli.llm.ledger.record import Charge
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.outlook import Candidate
from sophia_cli.llm.prices import Price
from sophia_cli.llm.providers import Provider

_OPTIONS = ("max_concurrency", "requests_per_minute", "tokens_per_minute")


@dataclass(frozen=True)
class Ticket:
    """A request that may go out: what is held for it until it is over."""

    candidate: Candidate
    price: Price | None = None
    holds: tuple[Hold, ...] = ()
    gate: Gate | None = None
    tokens: int = 0
    own: bool = False


@dataclass(frozen=True)
class Asking:
    """Who wants to send what: the provider is None for a vendor's client that keeps its own endpoint.

    `tokens` is an estimate for rates, `worst` the most that it can cost, in nano-USD; None where no
    price is known for all that may answer. `note` says what of it cannot be seen.
    """

    call: Call
    candidate: Candidate
    provider: Provider | None
    price: Price | None
    tokens: int
    worst: int | None
    note: str = ""


class Desk:
    """Budgets, limits and breakers of one engine. Safe under threads."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self.books = Books(ledger, EditedBudgets(config))
        self._config = config
        self.leave_to_parent()

    def admit(self, asking: Asking) -> Ticket | float | Failure:
        """A ticket, or the seconds after which to ask again, or why it may not go there."""
        own = asking.provider is None
        now = time.monotonic()
        if not own and (reason := self.breakers.enter(asking.candidate, now)):
            return Failure(RESTING, f"{asking.candidate[0]} {reason}")
        gate = None if own else self._gates.get(asking.candidate[0])
        if gate is not None and (wait := gate.enter(asking.tokens, now)):
            self.breakers.unclear(asking.candidate)
            return wait
        try:
            holds = self._reserve(asking)
        except BaseException:
            self._turn_away(asking, gate)
            raise
        if isinstance(holds, Refusal):
            self._turn_away(asking, gate)
            note = f" ({asking.note})" if asking.note and holds.left is not None else ""
            return Failure(BUDGET, f"budget {holds.account}: {holds.reason}{note}")
        return Ticket(asking.candidate, asking.price, holds, gate, asking.tokens, own)

    def _turn_away(self, asking: Asking, gate: Gate | None) -> None:
        if gate is not None:
            gate.leave(asking.tokens, 0)
        self.breakers.unclear(asking.candidate)

    def settle(
        self,
        ticket: Ticket,
        failure: Failure | None,
        usage: Usage | None,
        spent: int | None,
        *,
        billed: bool,
    ) -> Sequence[Charge]:
        """The request is over. `billed` says that the provider may have counted it."""
        if ticket.gate is not None:
            tokens = usage.input + usage.output if usage else None
            ticket.gate.leave(ticket.tokens, tokens)
        if ticket.own:  # a vendor's client on its own endpoint says nothing about configured routes
            pass
        elif failure is None:
            self.breakers.answered(ticket.candidate)
        elif failure.worth_retrying:
            rest = failure.retry_after or 0.0
            reason = f"{failure.status or failure.kind}"
            self.breakers.failed(ticket.candidate, reason, time.monotonic(), rest)
        else:
            self.breakers.unclear(ticket.candidate)
        return self.books.settle(ticket.holds, spent, answered=billed) if ticket.holds else ()

    def leave_to_parent(self) -> None:
        """Called in the child of a fork: calls under way, and locks, are the parent's."""
        config = self._config
        self.breakers = Breakers(config.breaker_failures, config.breaker_rest)
        self._gates = {name: gate for name, p in config.providers.items() if (gate := _gate(p))}

    def _reserve(self, asking: Asking) -> tuple[Hold, ...] | Refusal:
        if asking.call.is_free or not self.books.in_force():
            return ()
        provider = asking.provider
        if provider is not None and provider.kind == "simulator" and asking.price is None:
            return ()  # simulated answers cost nothing, unless somebody gave them a price
        key = provider.key_name if provider is not None else ""
        facts = facts_of(asking.call.labels, *asking.candidate, key)
        return self.books.reserve(facts, asking.worst)


class EditedBudgets:
    """The budgets of the configuration's file as it stands: read again when it was changed.

    Calling it raises ConfigError where the file cannot be used any more.
    """

    def __init__(self, config: Config) -> None:
        self._file = config.file
        self._budgets = config.budgets
        self._seen = self._doubted = _changed(self._file)

    def __call__(self) -> Sequence[Budget]:
        changed = _changed(self._file)
        if changed == self._seen:
            return self._budgets
        budgets = parse_budgets(read(self._file))
        if _names(self._budgets) - _names(budgets) and changed != self._doubted:
            # It may be half written: a budget is gone when the next look finds the same.
            self._doubted = changed
            return self._budgets
        self._seen, self._budgets = changed, budgets
        return budgets


def _names(budgets: Sequence[Budget]) -> set[str]:
    return {budget.name for budget in budgets}


def _changed(path: Path | None) -> tuple[int, int]:
    """What is another when a file was written; zeros for none."""
    try:
        found = path.stat() if path else None
    except OSError:
        return 0, 0
    return (found.st_mtime_ns, found.st_ino) if found else (0, 0)


def _gate(provider: Provider) -> Gate | None:
    values = [int(provider.options.get(name, 0)) for name in _OPTIONS]
    return Gate(Limits(*values)) if any(values) else None
