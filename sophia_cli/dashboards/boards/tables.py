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
    answered_share,
    gained,
    quantile,
    ratio,
)


def per_thousand(by: Sequence[str]) -> str:
    """USD for a thousand answered calls."""
    return f"1000 * {ratio(gained(COST, by=by), gained(CALLS, ANSWERED, by=by))}"


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
        C("Calls", gained(CALLS, by=by), "short", 0),
        C("Answered", answered_share(by), "percentunit", 1),
        C("p50", quantile(0.5, DURATION, by=by), "s", 2),
        C("p95", quantile(0.95, DURATION, by=by), "s", 2),
        C("Input tokens", gained(TOKENS, 'type="input"', by=by), "short", 1),
        C("Output tokens", gained(TOKENS, 'type="output"', by=by), "short", 1),
        C("USD", gained(COST, by=by), "currencyUSD", 2),
        C("USD per 1k answered", per_thousand(by), "currencyUSD", 2),
        details=by,
    )
