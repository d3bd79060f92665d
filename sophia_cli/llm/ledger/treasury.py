"""The budget accounts of a ledger, for those who want to spend."""

from __future__ import annotations

from collections.abc import Sequence

from sophia_cli.llm.ledger.accounts import (
    STATEMENTS,
    Demand,
    Grant,
    Statement,
    grant,
    renew,
    warn,
)
from sophia_cli.llm.ledger.store import Ledger


class Treasury:
    """Every method raises LLMError while another process keeps the file to itself."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def lease(self, demand: Demand) -> Grant:
        """Put money aside in an account."""
        source = self._ledger.source
        return self._ledger.patiently(lambda connection: grant(connection, demand, *source))

    def renew(self, leases: Sequence[str]) -> None:
        """Tell the other processes that these leases are in use."""
        self._ledger.patiently(lambda connection: renew(connection, leases))

    def warn(self, account: str, window: str, share: float) -> bool:
        """Whether this process is the one to warn that so much of an account is used."""
        return self._ledger.patiently(lambda connection: warn(connection, account, window, share))

    def statements(self, windows: tuple[str, str]) -> list[Statement]:
        """The accounts of a day and a month."""
        return [Statement(*row) for row in self._ledger.read(STATEMENTS, windows)]
