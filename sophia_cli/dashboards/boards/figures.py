"""Panels that several boards show."""

from __future__ import annotations

from typing import Any

from sophia_cli.dashboards.builder.panels import (
    BAD,
    GOOD,
    NOTABLE,
    About,
    Query,
    Step,
    bars,
    curves,
    figure,
)
from sophia_cli.dashboards.builder.queries import (
    CALLS,
    COST,
    DURATION,
    KEPT,
    LIMIT,
    SAVED,
    SPENT,
    UNPRICED,
    answered_share,
    gained,
    quantile,
    quantile_now,
)

_SHARE = (Step(0.95, NOTABLE), Step(0.99, GOOD))
BUDGET = (Step(0.5, NOTABLE), Step(0.8, "orange"), Step(1, BAD))


def calls() -> Any:
    about = About("Calls", "Finished calls in the range, exactly.", "locale", decimals=0)
    return figure(about, gained(CALLS))


def answered() -> Any:
    about = About(
        "Answered",
        "Calls answered by a provider or out of the cache, of all that the caller did not cancel.",
        "percentunit",
        _SHARE,
        BAD,
        2,
        "sophia-reliability",
    )
    return figure(about, answered_share())


def spend() -> Any:
    about = About(
        "Spend",
        "Cost of the priced calls in the range, to the cent. What has no price is under Unpriced.",
        "currencyUSD",
        decimals=2,
        to="sophia-cost",
    )
    return figure(about, gained(COST))


def saved() -> Any:
    words = "What the answers out of the cache would have cost. Follows no filter: the total has no such label."
    about = About("Saved by cache", words, "currencyUSD", decimals=2, to="sophia-cost")
    return figure(about, gained(SAVED, 'reason="cache"'))


def p95() -> Any:
    words = "95 of 100 calls took at most this long, failed and cancelled ones too."
    about = About("p95 latency", words, "s", decimals=2, to="sophia-latency")
    return figure(about, quantile(0.95, DURATION))


def unpriced() -> Any:
    words = "Answered calls whose cost is not known: they are in no sum of USD. Prices: sophia llm prices"
    about = About("Unpriced", words, "locale", (Step(1, NOTABLE),), GOOD, 0, "sophia-cost")
    return figure(about, gained(UNPRICED))


def kept_local() -> Any:
    words = "Bytes of requests and answers that never left the warehouse."
    about = About("Kept local", words, "decbytes", decimals=1, to="sophia-routing")
    return figure(about, gained(KEPT))


def budget() -> Any:
    words = "Share that is spent of the budget that is nearest to its end."
    about = About("Fullest budget", words, "percentunit", BUDGET, GOOD, 1, "sophia-cost")
    return figure(about, f"max({SPENT} / ({LIMIT} > 0))", empty="no budget")


def budget_bars() -> Any:
    words = "Spent of each budget in its present day or month, as a share of its limit."
    about = About("Budgets", words, "percentunit", BUDGET, GOOD, 1, "sophia-cost")
    query = Query(f"{SPENT} / ({LIMIT} > 0)", "{{budget}}")
    return bars(about, query, most=1, empty="no budget")


def budget_burn() -> Any:
    words = "Spent of each budget as a share of its limit; it falls to nothing where the next day or month begins."
    about = About("Budget burn", words, "percentunit", BUDGET, GOOD)
    return curves(about, Query(f"{SPENT} / ({LIMIT} > 0)", "{{budget}}"))


def percentiles() -> Any:
    words = "p50, p95 and p99 of all finished calls, failed and cancelled ones too."
    about = About("Latency", words, "s", to="sophia-latency")
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    return curves(about, *(Query(quantile_now(share, DURATION), name) for name, share in shares))


def readable() -> Any:
    words = "1 while the exporter can read its ledger; at 0 all other metrics stand still."
    about = About("Ledger readable", words, "locale", (Step(1, GOOD),), BAD, 0)
    return figure(about, "min(sophia_ledger_readable)", empty="no exporter")
