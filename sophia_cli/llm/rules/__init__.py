"""`[routes]`, `[models]` and `[[rules]]` as they are written; what they make of a call is for `routing`."""

from __future__ import annotations

from sophia_cli.llm.rules.rule import Chain, Order, Rule

__all__ = ["Chain", "Order", "Rule"]
