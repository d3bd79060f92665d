"""What tokens of the past would have cost elsewhere, at the prices in force now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sophia_cli.llm.call import Usage
from sophia_cli.llm.config import Config
from sophia_cli.llm.prices import NANO, Price
from sophia_cli.llm.prices.sources import price_now
from sophia_cli.usage.routes import Place


class Pricing:
    """The prices of one configuration, each looked up once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: dict[Place, Price | None] = {}

    def of(self, place: Place) -> Price | None:
        """The price of a provider's model; None where nobody knows it."""
        if place not in self._known:
            self._known[place] = price_now(self._config, *place)
        return self._known[place]


def cost_of_tokens(price: Price, usage: Usage) -> int:
    """Nano-USD of one call at another place.

    What one provider's cache held another's would not: all of the prompt counts in full.
    """
    return price.cost(Usage(usage.input, usage.output, reasoning=usage.reasoning))


def costs_of_tokens(price: Price, tokens: Iterable[tuple[int, int, int]]) -> list[int]:
    """The same of many calls by their tokens in, out, and of reasoning among these, each by itself."""
    if price.above:
        return [_cost_of(price, *one) for one in tokens]
    rate_in, rate_out, each = price.input, price.output, price.request * NANO
    return [
        (
            _cost_of(price, sent, received, thought)
            if thought
            else round((sent * rate_in + received * rate_out) * 1000 + each)
        )
        for sent, received, thought in tokens
    ]


def _cost_of(price: Price, sent: int, received: int, thought: int) -> int:
    return cost_of_tokens(price, Usage(sent, received, reasoning=thought))


def cost_elsewhere(price: Price, small: Sequence[int], large: Sequence[Usage]) -> int:
    """The same of calls added up (their number, tokens in, out, of reasoning) and of long ones."""
    count, sent, received, reasoning = small
    # Prices that depend on the prompt's size hold for a whole call: those of long prompts count alone.
    flat = replace(price, above=())
    together = flat.cost(Usage(sent, received, reasoning=reasoning)) if count else 0
    together += round(max(count - 1, 0) * price.request * NANO)
    return together + sum(cost_of_tokens(price, one) for one in large)
