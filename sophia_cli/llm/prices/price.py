"""One price: rates by kind of token and by size of the prompt, with where and when they were read."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property

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
        for start, price in reversed(self.above):
            if prompt > start:
                return price
        return self

    def cost(self, usage: Usage) -> int:
        """What an answer cost, in nano-USD."""
        price = self.at(usage.input)
        hour = usage.written_hour
        sent = (usage.cached, hour, usage.written - hour, usage.audio_in)
        received = (usage.reasoning, usage.audio_out)
        usd = _sum(usage.input, sent, price._input_rates)
        usd += _sum(usage.output, received, price._output_rates)
        # USD per million tokens is 1,000 nano-USD per token.
        return round(usd * 1000 + price.request * NANO)

    def worst(self, tokens_in: int, tokens_out: int) -> int:
        """The most that a call can cost, in nano-USD, with at most so many tokens each way."""
        worst = self._worst(tokens_in, tokens_out)
        for start, price in self.above:
            if tokens_in > start:
                worst = max(worst, price._worst(tokens_in, tokens_out))
        return worst

    def _worst(self, tokens_in: int, tokens_out: int) -> int:
        dear_in, dear_out = self._dearest
        return math.ceil((tokens_in * dear_in + tokens_out * dear_out) * 1000 + self.request * NANO)

    @cached_property
    def _input_rates(self) -> tuple[float, ...]:
        """Of what is cached, written for an hour, written, sound, and of all else."""
        cached, written = _or(self.cached, self.input), _or(self.written, self.input)
        hour, audio = _or(self.written_hour, written), _or(self.audio_in, self.input)
        return cached, hour, written, audio, self.input

    @cached_property
    def _output_rates(self) -> tuple[float, ...]:
        """Of reasoning, sound, and of all else."""
        return _or(self.reasoning, self.output), _or(self.audio_out, self.output), self.output

    @cached_property
    def _dearest(self) -> tuple[float, float]:
        return max(self._input_rates), max(self._output_rates)


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


def _sum(tokens: int, parts: tuple[int, ...], rates: tuple[float, ...]) -> float:
    """Tokens at the last rate, parts of them at rates of their own: never more than the whole."""
    usd = 0.0
    if any(parts):
        for part, rate in zip(parts, rates, strict=False):
            if part > 0:
                part = part if part < tokens else tokens
                tokens -= part
                usd += part * rate
    return usd + tokens * rates[-1]


def _or(rate: float | None, other: float) -> float:
    return other if rate is None else rate
