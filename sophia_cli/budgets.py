"""The budgets of a project and what is left of them in their present day or month."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli.llm.budgets.budget import Budget
from sophia_cli.llm.config import load_config
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.accounts import Statement
from sophia_cli.llm.service import UnifiedLLMService


@dataclass(frozen=True)
class Account:
    """One budget in one of its windows. `name` is the budget's, with the value that it is for after a slash."""

    budget: Budget
    statement: Statement

    @property
    def name(self) -> str:
        return self.statement.account

    @property
    def used(self) -> int:
        """Spent, held and unknown together, in nano-USD: what is not to be had any more."""
        return self.statement.spent + self.statement.held + self.statement.unknown

    @property
    def left(self) -> int:
        """What is left, in nano-USD; less than nothing where a budget only warns."""
        return self.budget.limit_nano - self.used

    @property
    def share(self) -> float:
        """How much of the limit is used; 1 is all."""
        return self.used / self.budget.limit_nano if self.budget.limit_nano else 1.0

    def data(self) -> dict[str, Any]:
        """The account for other programs, in USD."""
        statement, budget = self.statement, self.budget
        return {
            "budget": budget.name,
            "account": statement.account,
            "per": budget.per,
            "window": statement.window,
            "limit_usd": budget.limit_nano / 1e9,
            "spent_usd": statement.spent / 1e9,
            "held_usd": statement.held / 1e9,
            "unknown_usd": statement.unknown / 1e9,
            "left_usd": self.left / 1e9,
            "calls": statement.calls,
            "unpriced": statement.unpriced,
            "stop": budget.stop,
        }


def read_accounts(environ: Mapping[str, str], root: Path) -> tuple[Account, ...]:
    """Every budget that is configured, in the file's order; one that nobody touched is whole.

    Raises ConfigError, and LLMError where the ledger is in use or cannot be read.
    """
    config = load_config(environ, root)
    if not config.budgets:
        return ()
    service = UnifiedLLMService(config)
    try:
        found = service.engine.desk.books.statements()
        if (
            service.engine.ledger.problem
        ):  # it counts in memory: what others have spent is not known
            where = f"export SOPHIA_LEDGER=...   (now {config.ledger})"
            raise LLMError("the ledger cannot be read, so nobody knows what is spent", where)
    finally:
        service.close()
    return accounts_of(config.budgets, found, time.time())


def accounts_of(
    budgets: Sequence[Budget], found: Sequence[Statement], now: float
) -> tuple[Account, ...]:
    """The accounts of every budget in its present window, in the budgets' order."""
    accounts = []
    for budget in budgets:
        own = [one for one in found if budget.is_account(one.account, one.window, now)]
        accounts += [Account(budget, one) for one in own or [_untouched(budget, now)]]
    return tuple(accounts)


def _untouched(budget: Budget, now: float) -> Statement:
    name = f"{budget.name}/*" if budget.each else budget.name
    return Statement(name, budget.window(now), budget.limit_nano, 0, 0, 0, 0, 0)
