"""What is called, whether it is answered, what it costs, how long it takes: one page."""

from __future__ import annotations

from sophia_cli.dashboards.boards import figures, tables
from sophia_cli.dashboards.builder.board import Board, Row
from sophia_cli.dashboards.builder.panels import About, Query, bars, curves, figure, rows
from sophia_cli.dashboards.builder.panels import Column as C
from sophia_cli.dashboards.builder.queries import (
    CALLS,
    COST,
    FAILED,
    LAST_SUCCESS,
    TOKENS,
    pace,
)

BOARD = Board(
    "sophia-overview",
    "LLM overview",
    "All LLM calls of the services that share this ledger. Figures are exact for the range;"
    " curves show the shape over time.",
    (
        Row(
            "",
            4,
            (
                (3, figures.calls()),
                (3, figures.answered()),
                (3, figures.spend()),
                (3, figures.saved()),
                (3, figures.p95()),
                (3, figures.unpriced()),
                (3, figures.kept_local()),
                (3, figures.budget()),
            ),
        ),
        Row(
            "Over time",
            8,
            (
                (
                    12,
                    curves(
                        About(
                            "Calls by outcome",
                            "Finished calls per minute. `cached` came out of the cache, `cancelled` was"
                            " given up by the caller.",
                            "cpm",
                            to="sophia-reliability",
                        ),
                        Query(f"{pace(CALLS, by=('outcome',))} * 60 > 0", "{{outcome}}"),
                        stacked=True,
                    ),
                ),
                (
                    12,
                    curves(
                        About(
                            "Spend by provider, per hour",
                            "USD per hour at the pace of each moment. Calls without a price are not in it.",
                            "currencyUSD",
                            to="sophia-cost",
                        ),
                        Query(f"{pace(COST, by=('provider',))} * 3600 > 0", "{{provider}}"),
                        stacked=True,
                    ),
                ),
            ),
        ),
        Row(
            "",
            8,
            (
                (12, figures.percentiles()),
                (
                    12,
                    curves(
                        About(
                            "Failures by kind",
                            "Calls per minute that no candidate answered; nothing is drawn where there were none.",
                            "cpm",
                            to="sophia-reliability",
                        ),
                        Query(
                            f"{pace(CALLS, FAILED, by=('provider', 'error_type'))} * 60 > 0",
                            "{{provider}} {{error_type}}",
                        ),
                        stacked=True,
                    ),
                ),
            ),
        ),
        Row(
            "",
            8,
            (
                (
                    12,
                    curves(
                        About(
                            "Tokens, per minute",
                            "Tokens per minute that providers reported. `cached` are part of `input`,"
                            " `reasoning` part of `output`.",
                            "short",
                            to="sophia-cost",
                        ),
                        Query(f"{pace(TOKENS, by=('type',))} * 60 > 0", "{{type}}"),
                    ),
                ),
                (12, figures.budget_bars()),
            ),
        ),
        Row("Compared", 7, ((24, tables.providers()),)),
        Row(
            "What this is read from",
            6,
            (
                (
                    8,
                    bars(
                        About(
                            "Since a provider last answered",
                            "By the ledger; it counts on while nobody calls.",
                            "dtdurations",
                            to="sophia-reliability",
                        ),
                        Query(f"time() - {LAST_SUCCESS}", "{{provider}}"),
                    ),
                ),
                (
                    8,
                    rows(
                        About("Versions", "Versions of sophia that export metrics.", "short"),
                        ("version",),
                        C("Processes", "count by (version) (sophia_build_info)", "locale", 0),
                    ),
                ),
                (
                    4,
                    figure(
                        About("Calls in the ledger", "Since it was begun.", "locale", decimals=0),
                        "sum(sophia_ledger_rows)",
                        empty="no ledger",
                    ),
                ),
                (4, figures.readable()),
            ),
        ),
    ),
)
