"""What is spent, on what, out of which budget, and until when that lasts."""

from __future__ import annotations

from sophia_cli.dashboards.boards import figures
from sophia_cli.dashboards.boards.tables import per_thousand
from sophia_cli.dashboards.builder.board import Board, Row
from sophia_cli.dashboards.builder.panels import About, Query, bars, curves, figure, rows
from sophia_cli.dashboards.builder.panels import Column as C
from sophia_cli.dashboards.builder.queries import (
    ANSWERED,
    CALLS,
    COST,
    HELD,
    LIMIT,
    PERIOD_END,
    SAVED,
    SPENT,
    TOKENS,
    UNKNOWN,
    UNPRICED,
    forecast,
    gained,
    named,
    pace,
    ratio,
    runs_out,
    shown,
)

_BY_MODEL = ("provider", "model")
_BY_TASK = ("route", "task")


def _hourly(title: str, label: str) -> object:
    about = About(title, "USD per hour at the pace of each moment.", "currencyUSD")
    return curves(
        about,
        Query(named(label, f"{pace(COST, by=(label,))} * 3600 > 0"), f"{{{{{label}}}}}"),
        stacked=True,
    )


BOARD = Board(
    "sophia-cost",
    "LLM cost",
    "Spend, tokens, budgets and what they will come to. Unknown prices are counted, never taken for 0.",
    (
        Row(
            "",
            4,
            (
                (4, figures.spend()),
                (
                    4,
                    figure(
                        About(
                            "USD per 1k answered",
                            "Spend in the range for a thousand answered calls.",
                            "currencyUSD",
                            decimals=2,
                        ),
                        f"1000 * {ratio(gained(COST), gained(CALLS, ANSWERED))}",
                    ),
                ),
                (4, figures.saved()),
                (4, figures.unpriced()),
                (4, figures.budget()),
                (
                    4,
                    figure(
                        About(
                            "Highest forecast",
                            "Share of its limit at the end of its period, of the budget that will be fullest,"
                            " at the pace of the period so far.",
                            "percentunit",
                            figures.BUDGET,
                            decimals=0,
                        ),
                        f"max(({forecast()}) / ({LIMIT} > 0))",
                        empty="no budget",
                    ),
                ),
            ),
        ),
        Row(
            "Spend",
            8,
            (
                (8, _hourly("By model, per hour", "model")),
                (8, _hourly("By task, per hour", "task")),
                (8, _hourly("By route, per hour", "route")),
            ),
        ),
        Row(
            "Budgets",
            6,
            (
                (8, figures.budget_bars()),
                (16, figures.budget_burn()),
            ),
        ),
        Row(
            "",
            5,
            (
                (
                    24,
                    rows(
                        About(
                            "Budgets and what they will come to",
                            "Held is put aside for calls under way, unknown may be spent. Forecast and the time left"
                            " go by the pace of the period so far. All of it: sophia llm budgets",
                            "currencyUSD",
                        ),
                        ("budget",),
                        C("Limit", LIMIT, "currencyUSD", 2),
                        C("Spent", SPENT, "currencyUSD", 2),
                        C("Held", HELD, "currencyUSD", 2),
                        C("Unknown", UNKNOWN, "currencyUSD", 2),
                        C("Forecast", forecast(), "currencyUSD", 2),
                        C("Runs out in", runs_out(), "dtdurations"),
                        C("Period ends", f"{PERIOD_END} * 1000", "dateTimeFromNow"),
                    ),
                ),
            ),
        ),
        Row(
            "Where it goes",
            8,
            (
                (
                    13,
                    rows(
                        About(
                            "Models",
                            "Spend and calls of each model in the range, exactly.",
                            "currencyUSD",
                            to="sophia-latency",
                        ),
                        _BY_MODEL,
                        C("USD", shown(gained(COST, by=_BY_MODEL)), "currencyUSD", 4),
                        C("Calls", shown(gained(CALLS, by=_BY_MODEL)), "locale", 0),
                        C("USD per 1k answered", per_thousand(_BY_MODEL), "currencyUSD", 2),
                        C("Unpriced", shown(gained(UNPRICED, by=_BY_MODEL)), "locale", 0),
                        details=_BY_MODEL,
                    ),
                ),
                (
                    11,
                    rows(
                        About(
                            "Tasks",
                            "Spend and calls of each route and task in the range, exactly.",
                            "currencyUSD",
                            to="sophia-routing",
                        ),
                        _BY_TASK,
                        C("USD", shown(gained(COST, by=_BY_TASK)), "currencyUSD", 4),
                        C("Calls", shown(gained(CALLS, by=_BY_TASK)), "locale", 0),
                        C("USD per 1k answered", per_thousand(_BY_TASK), "currencyUSD", 2),
                        details=_BY_TASK,
                    ),
                ),
            ),
        ),
        Row(
            "Tokens and prices",
            8,
            (
                (
                    10,
                    curves(
                        About(
                            "Tokens by type, per minute",
                            "Tokens per minute that providers reported.",
                            "short",
                        ),
                        Query(f"{pace(TOKENS, by=('type',))} * 60", "{{type}}"),
                    ),
                ),
                (
                    7,
                    bars(
                        About(
                            "Saved, by reason",
                            "USD in the range, exactly.",
                            "currencyUSD",
                            decimals=2,
                        ),
                        Query(gained(SAVED, by=("reason",)), "{{reason}}"),
                    ),
                ),
                (
                    7,
                    bars(
                        About(
                            "Unpriced calls by model",
                            "Their cost is in no sum here. A price for one: sophia llm prices",
                            "locale",
                            decimals=0,
                        ),
                        Query(shown(gained(UNPRICED, by=_BY_MODEL)), "{{provider}} {{model}}"),
                    ),
                ),
            ),
        ),
    ),
)
