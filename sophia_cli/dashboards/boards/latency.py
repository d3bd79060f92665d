"""How long calls take, until the first word and the last, by whom."""

from __future__ import annotations

from sophia_cli.dashboards.boards import figures
from sophia_cli.dashboards.builder.board import Board, Row
from sophia_cli.dashboards.builder.panels import About, Query, curves, figure, rows, spread
from sophia_cli.dashboards.builder.panels import Column as C
from sophia_cli.dashboards.builder.queries import (
    CALLS,
    DURATION,
    FIRST,
    TOKENS,
    chosen,
    gained,
    named,
    pace,
    quantile,
    quantile_now,
    ratio,
    shown,
)

_BY = ("provider", "model")
_SUM, _COUNT = f"{DURATION}_sum", f"{DURATION}_count"


def _share(name: str, share: float, metric: str, words: str) -> object:
    about = About(name, f"{words} Failed and cancelled calls are in it.", "s", decimals=2)
    return figure(about, quantile(share, metric))


BOARD = Board(
    "sophia-latency",
    "LLM latency",
    "Times of whole calls and of the first piece of a streamed answer. Times have no route and no task;"
    " those two filters hold for the calls at the end.",
    (
        Row(
            "",
            4,
            (
                (4, _share("p50", 0.5, DURATION, "Half of the calls took at most this long.")),
                (4, _share("p95", 0.95, DURATION, "95 of 100 took at most this long.")),
                (
                    4,
                    _share(
                        "p99",
                        0.99,
                        DURATION,
                        "99 of 100 took at most this long: with few calls it is the slowest of them.",
                    ),
                ),
                (4, _share("First piece, p50", 0.5, FIRST, "Streamed answers only.")),
                (4, _share("First piece, p95", 0.95, FIRST, "Streamed answers only.")),
                (
                    4,
                    figure(
                        About(
                            "Tokens per second",
                            "Output tokens for each second that answered calls took.",
                            "short",
                            decimals=1,
                        ),
                        ratio(gained(TOKENS, 'type="output"'), gained(_SUM, 'outcome="ok"')),
                    ),
                ),
            ),
        ),
        Row(
            "Over time",
            8,
            (
                (12, figures.percentiles()),
                (
                    12,
                    spread(
                        About("Spread of latency", "Calls by how long they took.", "s"),
                        f"sum by (le) (increase({chosen(f'{DURATION}_bucket')}[$__rate_interval]))",
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
                        About("p95 by provider", "At each moment.", "s"),
                        Query(quantile_now(0.95, DURATION, by=("provider",)), "{{provider}}"),
                    ),
                ),
                (
                    8,
                    curves(
                        About(
                            "p95 by outcome",
                            "Whether failures are quick or waited for.",
                            "s",
                            to="sophia-reliability",
                        ),
                        Query(quantile_now(0.95, DURATION, by=("outcome",)), "{{outcome}}"),
                    ),
                ),
                (
                    8,
                    curves(
                        About("First piece", "Time to the first piece of a streamed answer.", "s"),
                        *(
                            Query(quantile_now(share, FIRST), name)
                            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "By model",
            9,
            (
                (
                    16,
                    rows(
                        About(
                            "Models",
                            "Exact over the range; quantiles lie within their bucket.",
                            "s",
                            to="sophia-cost",
                        ),
                        _BY,
                        C("Calls", shown(gained(_COUNT, by=_BY)), "locale", 0),
                        C("Mean", ratio(gained(_SUM, by=_BY), gained(_COUNT, by=_BY)), "s", 2),
                        C("p50", quantile(0.5, DURATION, by=_BY), "s", 2),
                        C("p95", quantile(0.95, DURATION, by=_BY), "s", 2),
                        C("p99", quantile(0.99, DURATION, by=_BY), "s", 2),
                        details=_BY,
                    ),
                ),
                (
                    8,
                    curves(
                        About(
                            "Calls by task",
                            "Calls per minute: what the times above were spent on.",
                            "cpm",
                            to="sophia-routing",
                        ),
                        Query(named("task", f"{pace(CALLS, by=('task',))} * 60 > 0"), "{{task}}"),
                        stacked=True,
                    ),
                ),
            ),
        ),
    ),
)
