"""The `[prices]` tables of `sophia.toml`: USD per million tokens, or credits of a warehouse.

[prices."portkey/@openai/gpt-5.2"]
input = 1.75
output = 14.0

[prices.cortex]                        # what a credit costs you
usd_per_credit = 3.0
[prices."cortex/claude-4-sonnet"]      # credits per million tokens
credits_input = 1.5
credits_output = 7.5
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from sophia_cli.llm.configfile import ConfigFile
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.prices.price import Price, is_rate

_NEEDED = ("input", "output")
_RATES = (*_NEEDED, "cached", "written", "reasoning")
_ORIGIN = ("as_of", "source")
_CREDITS = "credits_"
_CREDIT_RATES = tuple(_CREDITS + rate for rate in _RATES)


def parse_prices(file: ConfigFile) -> dict[str, Price]:
    """The prices by `provider/model`. Raises ConfigError."""
    tables = dict(file.table("prices").items())
    for name, table in tables.items():
        if not isinstance(table, dict):
            words = f'{file.at("prices", name)}: [prices."{name}"] must be a table'
            raise ConfigError(words, "with input and output in USD per million tokens")
    credits = {name: _credit(file, name, tables[name]) for name in tables if "/" not in name}
    return {
        name: _price(file, name, table, credits.get(name.partition("/")[0]))
        for name, table in tables.items()
        if "/" in name
    }


def _credit(file: ConfigFile, provider: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    where = f"[prices.{provider}]"
    file.check_names(where, table, ("usd_per_credit", *_ORIGIN), "prices", provider)
    value = table.get("usd_per_credit", "missing")
    if not is_rate(value) or not value:
        at = file.at("prices", provider, "usd_per_credit")
        raise ConfigError(f"{at}: {where} usd_per_credit must be USD, not {value!r}")
    _as_of(file, where, provider, table)
    return table


def _price(
    file: ConfigFile, name: str, table: Mapping[str, Any], credit: Mapping[str, Any] | None
) -> Price:
    where = f'[prices."{name}"]'
    at = partial(file.at, "prices", name)
    file.check_names(where, table, _RATES + _CREDIT_RATES + _ORIGIN, "prices", name)
    in_credits = [key for key in table if key in _CREDIT_RATES]
    if in_credits and any(key in _RATES for key in table):
        raise ConfigError(f"{at()}: {where} is in USD and in credits", "keep one of them")
    if in_credits and credit is None:
        words = f"{at(in_credits[0])}: {where} is in credits, and what one costs is not said"
        raise ConfigError(words, f"add [prices.{name.partition('/')[0]}] with usd_per_credit = ...")
    prefix, unit, worth = (_CREDITS, "credits", 0.0) if in_credits else ("", "USD", 1.0)
    source = str(table.get("source", "sophia.toml"))
    if in_credits and credit:
        worth = float(credit["usd_per_credit"])
        source = f"{source}, {worth:g} USD a credit"
        table = {**{"as_of": credit.get("as_of", "")}, **table}
    rates = {rate: table[prefix + rate] for rate in _RATES if prefix + rate in table}
    for rate in (*_NEEDED, *rates):
        value = rates.get(rate, "missing")
        if not is_rate(value):
            words = f"{prefix}{rate} must be {unit} per million tokens, not {value!r}"
            raise ConfigError(f"{at(prefix + rate)}: {where} {words}")
    usd: dict[str, Any] = {rate: float(value) * worth for rate, value in rates.items()}
    return Price(**usd, source=source, as_of=_as_of(file, where, name, table))


def _as_of(file: ConfigFile, where: str, name: str, table: Mapping[str, Any]) -> str:
    value = table.get("as_of", "")
    if isinstance(value, date) and not isinstance(value, datetime):  # TOML has dates of its own
        return value.isoformat()
    try:
        if isinstance(value, str):
            return date.fromisoformat(value).isoformat() if value else ""
    except ValueError:
        pass
    at = file.at("prices", name, "as_of")
    raise ConfigError(f'{at}: {where} as_of must be a date such as "2026-11-30"')
