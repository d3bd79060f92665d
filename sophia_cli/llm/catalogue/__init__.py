"""What is known of models without asking anybody: prices, limits, what they can do, until when."""

from __future__ import annotations

from sophia_cli.llm.catalogue.facts import ModelFacts, facts_of

__all__ = ["ModelFacts", "facts_of"]
