"""The prices in force: shown, checked for age and for contradiction, refreshed from OpenRouter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sophia_cli.errors import SophiaError
from sophia_cli.llm.catalogue.table import load_table
from sophia_cli.llm.config import Config
from sophia_cli.llm.prices import Price
from sophia_cli.llm.prices.openrouter import parse_models
from sophia_cli.llm.prices.refreshed import PriceList, read_list, write_list
from sophia_cli.llm.prices.rows import Rows, price_at
from sophia_cli.llm.prices.sources import (
    RETIRES_SOON,
    listed_price,
    price_now,
    retirement,
    retires_in,
)
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.providers.base import bearer

_PATIENCE = 30.0  # seconds for OpenRouter's list


@dataclass(frozen=True)
class Priced:
    """A model and its price at this moment; None for one that is unpriced."""

    provider: str
    model: str
    price: Price | None


@dataclass(frozen=True)
class Finding:
    """What should be looked at about one model."""

    provider: str
    model: str
    what: str


@dataclass(frozen=True)
class Refreshed:
    """How OpenRouter's list differs from the one before."""

    base_url: str
    models: int
    changed: int
    new: int
    gone: int


def configured_models(config: Config) -> list[tuple[str, str]]:
    """Provider and model of all that is routed or priced, and while nothing is routed, of the defaults."""
    chains = [*config.routes.values(), *config.models.values()]
    found = [link for chain in chains for link in chain]
    for provider in config.providers.values():
        own = [provider.options.get(name) for name in ("model", "embedding_model")]
        if provider.ready and not config.routed and provider.name == provider.kind:
            own += KINDS[provider.kind].defaults.values()
        found += [(provider.name, str(model)) for model in own if model]
    found += [(name, model) for name, _, model in (key.partition("/") for key in config.prices)]
    return list(dict.fromkeys(found))


def prices_in_force(config: Config, words: str) -> list[Priced]:
    """The configured models; with words, every model that is configured or listed under a name with them."""
    configured = configured_models(config)
    if not words:
        return [Priced(*link, price_now(config, *link)) for link in configured]
    words = words.lower()
    named = [link for link in configured if words in "/".join(link).lower()]
    return [Priced(*link, price_now(config, *link)) for link in named] + list(_listed(words))


def _listed(words: str) -> Iterator[Priced]:
    table, now = load_table(), datetime.now(UTC).timestamp()
    for vendor, name in table.priced():
        if words in f"{vendor}/{name}":
            yield Priced(
                vendor, name, price_at(table.prices(vendor, name), now, *table.prices_source)
            )


def find_stale(config: Config, words: str, days: int, today: date) -> list[Finding]:
    """Configured models whose price is old or contradicted, or that are switched off soon."""
    return [
        Finding(*link, what)
        for link in configured_models(config)
        if words.lower() in "/".join(link).lower()
        for what in (*_age(price_now(config, *link), days, today), *_doubts(config, *link, today))
    ]


def _age(price: Price | None, days: int, today: date) -> Iterator[str]:
    if price is None:
        return
    if not price.as_of:
        yield f"the price of {price.source} has no date (as_of)"
        return
    age = (today - date.fromisoformat(price.as_of)).days
    if age > days:
        yield f"the price of {price.source} is {age} days old"


def _doubts(config: Config, provider: str, model: str, today: date) -> Iterator[str]:
    ours = config.prices.get(f"{provider}/{model}")
    theirs = listed_price(config, provider, model) if ours else None
    if ours and theirs and _figures(ours) != _figures(theirs):
        yield f"{ours.source} says {_in_and_out(ours)}; {theirs.source} {_in_and_out(theirs)}"
    left = retires_in(config, provider, model, today)
    if left is not None and left <= RETIRES_SOON:
        yield retirement(left)


def _figures(price: Price) -> tuple[float, ...]:
    cached = price.input if price.cached is None else price.cached
    return tuple(round(rate, 6) for rate in (price.input, price.output, cached))


def _in_and_out(price: Price) -> str:
    rates = [f"${rate:g}" for rate in (price.input, price.output)]
    cached = "" if price.cached is None else f" (${price.cached:g} cached)"
    return f"{'/'.join(rates)}{cached}"


def refresh(config: Config, today: date) -> Refreshed:
    """Read OpenRouter's list and keep it. Raises SophiaError; then the list of before stays."""
    provider = _openrouter(config)
    path = config.openrouter_prices
    if path is None:
        raise SophiaError("there is no folder for price lists", "set XDG_CACHE_HOME")
    before = read_list(path)
    kept = f"the list of {before.as_of}" if before.as_of else "the built-in list"
    mend = f"{kept} stays in force; check the network and base_url {provider.base_url}"
    models = _fetch(provider, mend)
    try:
        write_list(path, PriceList(provider.base_url, today.isoformat(), models))
    except OSError as error:
        words = f"{path} cannot be written: {error.strerror}"
        raise SophiaError(words, f"{kept} stays in force; set XDG_CACHE_HOME") from error
    old = before.models if before.base_url == provider.base_url else {}
    changed = sum(old[name] != rows for name, rows in models.items() if name in old)
    new, gone = len(models.keys() - old.keys()), len(old.keys() - models.keys())
    return Refreshed(provider.base_url, len(models), changed, new, gone)


def _openrouter(config: Config) -> Provider:
    of_kind = [p for p in config.providers.values() if p.kind == "openrouter"]
    if not of_kind:
        raise SophiaError("no provider of kind openrouter is configured")
    return next((provider for provider in of_kind if provider.name == "openrouter"), of_kind[0])


def _fetch(provider: Provider, mend: str) -> dict[str, Rows]:
    from sophia_cli.http import httpx

    url = f"{provider.base_url}/models"
    try:
        reply = httpx.get(url, headers=bearer(provider), timeout=_PATIENCE)
        if reply.status_code != 200:
            raise SophiaError(f"{url} answers {reply.status_code}", mend)
        models = parse_models(reply.json())
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SophiaError(f"{url} cannot be read: {error or type(error).__name__}", mend) from error
    except (ValueError, RecursionError) as error:
        raise SophiaError(f"{url} answers no list of models", mend) from error
    if not models:
        raise SophiaError(f"{url} lists no model with a price", mend)
    return models
