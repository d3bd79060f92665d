"""Tables that several boards show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sophia_cli.dashboards.builder.panels import About, rows
from sophia_cli.dashboards.builder.panels import Column as C
from sophia_cli.dashboards.builder.queries import (
    ANSWERED,
    CALLS,
    COST,
    DURATION,
    TOKENS,
    UNPRICED,
    answered_share,
    gained,
    quantile,
    ratio,
    shown,
)


def per_thousand(by: Sequence[str]) -> str:
    """USD for a thousand answered calls; nothing where nothing was priced."""
    spent = f"({shown(gained(COST, by=by))})"
    return f"1000 * {ratio(spent, gained(CALLS, ANSWERED, by=by))}"


def providers() -> Any:
    """Who does what, at which price, how fast and how surely."""
    by = ("provider", "model")
    return rows(
        About(
            "Providers compared",
            "Each model of each provider in the range, exactly. A model's row leads to its latency.",
            "short",
            to="sophia-latency",
        ),
        by,
        C("Calls", shown(gained(CALLS, by=by)), "locale", 0),
        C("Answered", answered_share(by), "percentunit", 1),
        C("p50", quantile(0.5, DURATION, by=by), "s", 2),
        C("p95", quantile(0.95, DURATION, by=by), "s", 2),
        C("Input tokens", shown(gained(TOKENS, 'type="input"', by=by)), "short", 1),
        C("Output tokens", shown(gained(TOKENS, 'type="output"', by=by)), "short", 1),
        C("USD", shown(gained(COST, by=by)), "currencyUSD", 2),
        C("USD per 1k answered", per_thousand(by), "currencyUSD", 2),
        C("Unpriced", shown(gained(UNPRICED, by=by)), "locale", 0),
        details=by,
    )
