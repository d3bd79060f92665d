"""What tokens cost. A price that is not known leaves a call unpriced: never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sophia_cli.llm.call import Usage
from sophia_cli.llm.configfile import ConfigFile
from sophia_cli.llm.errors import ConfigError

NANO = 1_000_000_000
_DEAREST = 1e6  # USD per million tokens; beyond it a figure is a mistake
_RATES = ("input", "output", "cached")
_KEYS = (*_RATES, "as_of", "source")


@dataclass(frozen=True)
class Price:
    """USD per million tokens, with where and when it was read."""

    input: float
    output: float
    cached: float | None = None
    source: str = "sophia.toml"
    as_of: str = ""


def parse_prices(file: ConfigFile) -> dict[str, Price]:
    """The `[prices."provider/model"]` tables. Raises ConfigError."""
    prices = {}
    for name, table in file.table("prices").items():
        where = f'[prices."{name}"]'
        if not isinstance(table, dict):
            raise ConfigError(
                f"{file.name}: {where} must be a table",
                "with input and output in USD per million tokens",
            )
        file.check_names(where, table, _KEYS)
        for rate in _RATES:
            value = table.get(rate, None if rate == "cached" else "missing")
            if value is not None and not _is_rate(value):
                raise ConfigError(
                    f"{file.name}: {where} {rate} must be USD per million tokens, not {value!r}"
                )
        prices[name] = Price(
            input=float(table["input"]),
            output=float(table["output"]),
            cached=table.get("cached"),
            source=str(table.get("source", "sophia.toml")),
            as_of=str(table.get("as_of", "")),
        )
    return prices


def _is_rate(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= _DEAREST  # type: ignore[operator]


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
    cached_rate = price.input if price.cached is None else price.cached
    fresh = max(usage.input - usage.cached, 0)
    # USD per million tokens is 1,000 nano-USD per token.
    nano = (fresh * price.input + usage.cached * cached_rate + usage.output * price.output) * 1000
    return round(nano), f"{price.source} {price.as_of}".strip()


def price_for(prices: Mapping[str, Price], provider: str, model: str) -> Price | None:
    """The price of a model at a provider, None if not known."""
    return prices.get(f"{provider}/{model}")
