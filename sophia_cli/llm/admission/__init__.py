"""Whether a request may go out now: budgets, limits of providers, circuit breakers."""

from __future__ import annotations

from sophia_cli.llm.admission.desk import Asking, Desk, Ticket

__all__ = ["Asking", "Desk", "Ticket"]
