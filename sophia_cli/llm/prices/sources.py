"""Which price holds for a provider's model: the first source that has one.

`sophia.toml`, then OpenRouter's own list where it was refreshed, then the catalogue.
"""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sophia_cli.llm.catalogue.facts import facts_of
from sophia_cli.llm.catalogue.listing import Listing, listing_of
from sophia_cli.llm.catalogue.table import load_table
from sophia_cli.llm.prices.price import Price
from sophia_cli.llm.prices.refreshed import read_list
from sophia_cli.llm.prices.rows import Rows, holds_until, price_at

if TYPE_CHECKING:
    from sophia_cli.llm.config import Config

RETIRES_SOON = 60  # days
_MOST = 10_000  # names that are remembered; a model's name is free text in a vendor's client
_LOG = logging.getLogger("sophia_cli.llm.prices")
_warned: set[tuple[str, str]] = set()


def price_of(config: Config, provider: str, model: str) -> Price | None:
    """The price of a provider's model at this moment; None where nobody knows it.

    Remembered in the configuration: but for the first call of an hour it costs a look into a dict.
    """
    known = config.priced.get((provider, model))
    now = time.time()
    if known is None or now >= known[1]:
        if len(config.priced) >= _MOST:
            config.priced.clear()
        _warn_of_retirement(config, provider, model)
        known = config.priced[provider, model] = _find(config, provider, model, now)
    return known[0]


def price_now(config: Config, provider: str, model: str) -> Price | None:
    """The same for looking at: nothing is remembered and nobody warned."""
    return _find(config, provider, model, time.time())[0]


def listed_price(config: Config, provider: str, model: str) -> Price | None:
    """The same without `sophia.toml`: what the lists say, to compare with."""
    return _listed(config, provider, model, time.time())[0]


def retires_in(config: Config, provider: str, model: str, today: date) -> int | None:
    """Days until a model is switched off, negative when it has been; None where no date is known."""
    facts = facts_of(config, provider, model)
    try:
        return (date.fromisoformat(facts.retires) - today).days if facts else None
    except (ValueError, TypeError):  # no date
        return None


def _find(config: Config, provider: str, model: str, now: float) -> tuple[Price | None, float]:
    configured = config.prices.get(f"{provider}/{model}")
    return (configured, float("inf")) if configured else _listed(config, provider, model, now)


def _listed(config: Config, name: str, model: str, now: float) -> tuple[Price | None, float]:
    provider = config.providers.get(name)
    listing = listing_of(provider, model) if provider else None
    if provider is None or listing is None:
        return None, holds_until((), now)
    rows, source, as_of = _rows(config, provider.base_url, listing)
    try:
        return price_at(rows, now, source, as_of) if rows else None, holds_until(rows, now)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        _LOG.warning("the price of %s/%s cannot be used: %s", name, model, error)
        return None, holds_until((), now)


def _rows(config: Config, base_url: str, listing: Listing) -> tuple[Rows, str, str]:
    vendor, model = listing.priced
    if vendor == "openrouter" and config.openrouter_prices:
        fresh = read_list(config.openrouter_prices)
        if fresh.base_url == base_url and model in fresh.models:
            return fresh.models[model], "openrouter", fresh.as_of
    table = load_table()
    try:
        rows = table.prices(vendor, model)
    except (ValueError, TypeError, LookupError, AttributeError, re.error) as error:
        _LOG.warning("the catalogue's prices of %s cannot be used: %s", vendor, error)
        rows = ()
    source, as_of = table.prices_source
    return rows, f"{source}, {vendor} by model name" if listing.assumed else source, as_of


def _warn_of_retirement(config: Config, provider: str, model: str) -> None:
    days = retires_in(config, provider, model, datetime.now(UTC).date())
    if days is None or days > RETIRES_SOON or len(_warned) >= _MOST:
        return
    if (provider, model) not in _warned:
        _warned.add((provider, model))
        _LOG.warning("%s/%s %s", provider, model, retirement(days))


def retirement(days: int) -> str:
    """In words: `retires in 6 days`, `retired 3 days ago`."""
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return (
        f"retires in {count}" if days > 0 else f"retired {count} ago" if days else "retires today"
    )
