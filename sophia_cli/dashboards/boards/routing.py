"""Where calls go, why, what the cache answers and what stays in the warehouse."""

from __future__ import annotations

from sophia_cli.dashboards.boards import figures
from sophia_cli.dashboards.boards.tables import per_thousand
from sophia_cli.dashboards.builder.board import Board, Row
from sophia_cli.dashboards.builder.panels import About, Query, bars, curves, figure, rows
from sophia_cli.dashboards.builder.panels import Column as C
from sophia_cli.dashboards.builder.queries import (
    CALLS,
    FALLBACKS,
    KEPT,
    LOOKUPS,
    answered_share,
    gained,
    named,
    pace,
    ratio,
    shown,
)

_BY = ("route", "task", "provider")
_HANDED = ("from", "to", "reason")

BOARD = Board(
    "sophia-routing",
    "LLM routing",
    "Which route and task went to which provider, what was handed on, what the cache answered."
    " Why one call went where it went: sophia usage show ID",
    (
        Row(
            "",
            4,
            (
                (4, figures.calls()),
                (4, figures.kept_local()),
                (
                    5,
                    figure(
                        About(
                            "Cache hits",
                            "Of all lookups in the range, exactly.",
                            "percentunit",
                            decimals=1,
                        ),
                        ratio(gained(LOOKUPS, 'result="hit"'), gained(LOOKUPS)),
                        empty="no lookups",
                    ),
                ),
                (4, figures.saved()),
                (
                    7,
                    figure(
                        About(
                            "Handed on",
                            "Times in the range that another candidate was asked. Follows no filter.",
                            "locale",
                            decimals=0,
                            to="sophia-reliability",
                        ),
                        gained(FALLBACKS),
                    ),
                ),
            ),
        ),
        Row(
            "Over time",
            8,
            (
                (
                    8,
                    curves(
                        About("Calls by route", "Per minute.", "cpm"),
                        Query(f"{pace(CALLS, by=('route',))} * 60 > 0", "{{route}}"),
                        stacked=True,
                    ),
                ),
                (
                    8,
                    curves(
                        About("Calls by provider", "Per minute.", "cpm"),
                        Query(f"{pace(CALLS, by=('provider',))} * 60 > 0", "{{provider}}"),
                        stacked=True,
                    ),
                ),
                (
                    8,
                    curves(
                        About("Calls by task", "Per minute.", "cpm"),
                        Query(named("task", f"{pace(CALLS, by=('task',))} * 60 > 0"), "{{task}}"),
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
                    8,
                    curves(
                        About("Cache lookups", "Per minute, by their result.", "cpm"),
                        Query(f"{pace(LOOKUPS, by=('result',))} * 60 > 0", "{{result}}"),
                        stacked=True,
                    ),
                ),
                (
                    8,
                    curves(
                        About(
                            "Kept in the warehouse",
                            "Bytes per second of requests and answers that did not leave it.",
                            "Bps",
                        ),
                        Query(pace(KEPT, by=("provider",)), "{{provider}}"),
                        stacked=True,
                    ),
                ),
                (
                    8,
                    bars(
                        About(
                            "Kept in the warehouse, by task",
                            "Bytes in the range, exactly.",
                            "decbytes",
                            decimals=1,
                        ),
                        Query(named("task", shown(gained(KEPT, by=("task",)))), "{{task}}"),
                    ),
                ),
            ),
        ),
        Row(
            "In figures",
            9,
            (
                (
                    14,
                    rows(
                        About(
                            "Who answers what",
                            "Calls of each route and task by provider in the range, exactly.",
                            "short",
                            to="sophia-cost",
                        ),
                        _BY,
                        C("Calls", shown(gained(CALLS, by=_BY)), "locale", 0),
                        C("Answered", answered_share(_BY), "percentunit", 1),
                        C("USD per 1k answered", per_thousand(_BY), "currencyUSD", 2),
                        details=_BY,
                    ),
                ),
                (
                    10,
                    rows(
                        About(
                            "Handed on",
                            "From whom to whom, in the range, exactly. Follows no filter.",
                            "short",
                            to="sophia-reliability",
                        ),
                        _HANDED,
                        C("Times", shown(gained(FALLBACKS, by=_HANDED)), "locale", 0),
                    ),
                ),
            ),
        ),
    ),
)
