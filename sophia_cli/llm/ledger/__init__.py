"""The ledger: one SQLite file that knows every call, every attempt and the running totals."""

from __future__ import annotations

from sophia_cli.llm.ledger.record import Attempt, Charge, Final, Opening
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.ledger.summary import SummaryRow

__all__ = ["Attempt", "Charge", "Final", "Ledger", "Opening", "SummaryRow"]
