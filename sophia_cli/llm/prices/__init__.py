"""What tokens cost, who says so and since when. A price that is not known leaves a call unpriced: never zero."""

from __future__ import annotations

from sophia_cli.llm.prices.configured import parse_prices
from sophia_cli.llm.prices.price import NANO, Price, cost_of
from sophia_cli.llm.prices.sources import price_of

__all__ = ["NANO", "Price", "cost_of", "parse_prices", "price_of"]
