"""One price: rates by kind of token and by size of the prompt, with where and when they were read."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from sophia_cli.llm.call import Usage

NANO = 1_000_000_000
DEAREST = 1e6  # USD per million tokens; beyond it a figure is a mistake


@dataclass(frozen=True)
class Price:
    """USD per million tokens, with where and when it was read.

    What is None costs what its like costs: `cached` and `written` (into the cache), `audio_in` what
    `input` does, `written_hour` (kept for an hour) what `written` does, `reasoning` and `audio_out`
    what `output` does. `request` is USD for the call itself. `above` has the prices that hold for
    the whole call once its prompt has more than so many tokens, the smallest number first.
    """

    input: float
    output: float
    cached: float | None = None
    source: str = "sophia.toml"
    as_of: str = ""
    written: float | None = None
    written_hour: float | None = None
    reasoning: float | None = None
    audio_in: float | None = None
    audio_out: float | None = None
    request: float = 0.0
    above: tuple[tuple[int, Price], ...] = ()

    def at(self, prompt: int) -> Price:
        """The price of a call whose prompt has so many tokens."""
        return next((price for start, price in reversed(self.above) if prompt > start), self)

    def cost(self, usage: Usage) -> int:
        """What an answer cost, in nano-USD."""
        price = self.at(usage.input)
        written = _or(price.written, price.input)
        usd = _sum(
            usage.input,
            price.input,
            (usage.cached, _or(price.cached, price.input)),
            (usage.written_hour, _or(price.written_hour, written)),
            (usage.written - usage.written_hour, written),
            (usage.audio_in, _or(price.audio_in, price.input)),
        ) + _sum(
            usage.output,
            price.output,
            (usage.reasoning, _or(price.reasoning, price.output)),
            (usage.audio_out, _or(price.audio_out, price.output)),
        )
        # USD per million tokens is 1,000 nano-USD per token.
        return round(usd * 1000 + price.request * NANO)

    def worst(self, tokens_in: int, tokens_out: int) -> int:
        """The most that a call can cost, in nano-USD, with at most so many tokens each way."""
        fitting = [self, *(price for start, price in self.above if tokens_in > start)]
        return max(price._worst(tokens_in, tokens_out) for price in fitting)

    def _worst(self, tokens_in: int, tokens_out: int) -> int:
        dear_in = _dearest(self.input, self.cached, self.written, self.written_hour, self.audio_in)
        dear_out = _dearest(self.output, self.reasoning, self.audio_out)
        usd = tokens_in * dear_in + tokens_out * dear_out
        return math.ceil(usd * 1000 + self.request * NANO)


# The names of the rates, as they stand in the lists that prices are read from.
RATES = tuple(f.name for f in fields(Price) if f.name not in ("source", "as_of", "above"))


def is_rate(value: object) -> bool:
    """Whether that can be USD per million tokens."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= DEAREST  # type: ignore[operator]


def cost_of(usage: Usage | None, price: Price | None) -> tuple[int | None, str]:
    """What an answer cost in nano-USD and who says so; (None, "") when nobody knows.

    The provider's own figure goes before a price table.
    """
    if usage is None:
        return None, ""
    if usage.cost_nano is not None:
        return usage.cost_nano, "provider"
    if price is None:
        return None, ""
    return price.cost(usage), f"{price.source} {price.as_of}".strip()


def _sum(tokens: int, rate: float, *parts: tuple[int, float]) -> float:
    """Tokens at a rate, some of them at rates of their own; the parts are never more than the whole."""
    usd = 0.0
    for count, own in parts:
        count = min(max(count, 0), tokens)
        tokens -= count
        usd += count * own
    return usd + tokens * rate


def _or(rate: float | None, other: float) -> float:
    return other if rate is None else rate


def _dearest(*rates: float | None) -> float:
    return max(rate for rate in rates if rate is not None)
