"""Whether calls are answered, why not, and what stood in."""

from __future__ import annotations

from sophia_cli.dashboards.boards import figures
from sophia_cli.dashboards.builder.board import Board, Row
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
    rows,
)
from sophia_cli.dashboards.builder.panels import Column as C
from sophia_cli.dashboards.builder.queries import (
    ASKED,
    ATTEMPTS,
    CALLS,
    FAILED,
    FALLBACKS,
    JUDGED,
    LAST_SUCCESS,
    MISSED,
    answered_share,
    chosen,
    gained,
    pace,
    ratio,
    shown,
    where_called,
)

_OBJECTIVE = 0.99
_BY = ("provider", "model")


def _burn(window: str) -> str:
    """How many times as fast as allowed the failures of that window use up the objective's budget."""
    failed = f"sum(increase({chosen(CALLS, FAILED)}[{window}]))"
    every = f"sum(increase({chosen(CALLS, JUDGED)}[{window}]))"
    return f"({failed} or vector(0)) / ({every} > 0) / {1 - _OBJECTIVE:g}"


BOARD = Board(
    "sophia-reliability",
    "LLM reliability",
    "Calls that were not answered, attempts that failed, and fallbacks that saved them.",
    (
        Row(
            "",
            4,
            (
                (4, figures.answered()),
                (
                    4,
                    figure(
                        About(
                            "Failed calls",
                            "Calls in the range that nobody answered, exactly.",
                            "locale",
                            (Step(1, BAD),),
                            decimals=0,
                        ),
                        gained(CALLS, FAILED),
                    ),
                ),
                (
                    4,
                    figure(
                        About(
                            "Failed attempts",
                            "Requests in the range that a provider did not answer well, exactly.",
                            "locale",
                            (Step(1, NOTABLE),),
                            decimals=0,
                        ),
                        gained(ATTEMPTS, MISSED),
                    ),
                ),
                (
                    4,
                    figure(
                        About(
                            "Handed on",
                            "Times in the range that another candidate was asked. Follows no filter.",
                            "locale",
                            decimals=0,
                            to="sophia-routing",
                        ),
                        gained(FALLBACKS),
                    ),
                ),
                (
                    4,
                    figure(
                        About(
                            "Cancelled",
                            "Calls in the range that their caller gave up; they count as neither.",
                            "locale",
                            decimals=0,
                        ),
                        gained(CALLS, 'outcome="cancelled"'),
                    ),
                ),
                (4, figures.readable()),
            ),
        ),
        Row(
            "Over time",
            8,
            (
                (
                    12,
                    curves(
                        About("Failures by kind", "Calls per minute that nobody answered.", "cpm"),
                        Query(
                            f"{pace(CALLS, FAILED, by=('error_type',))} * 60 > 0", "{{error_type}}"
                        ),
                        stacked=True,
                    ),
                ),
                (
                    12,
                    curves(
                        About(
                            "Burn of the error budget",
                            f"1 uses up what an objective of {_OBJECTIVE:.0%} allows just in time; 14.4 in an hour"
                            " and 6 in six are alarms.",
                            "short",
                            (Step(6, NOTABLE), Step(14.4, BAD)),
                        ),
                        Query(_burn("1h"), "1 h"),
                        Query(_burn("6h"), "6 h"),
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
                        About(
                            "Failed attempts by provider",
                            "Requests per minute, whether or not another candidate then answered.",
                            "cpm",
                        ),
                        Query(
                            f"{pace(ATTEMPTS, MISSED, by=('provider', 'error_type'))} * 60 > 0",
                            "{{provider}} {{error_type}}",
                        ),
                        stacked=True,
                    ),
                ),
                (
                    8,
                    curves(
                        About(
                            "Attempts for a call",
                            "1 is best: every retry and every fallback adds one.",
                            "short",
                        ),
                        Query(ratio(pace(ATTEMPTS), pace(CALLS, ASKED)), "attempts"),
                    ),
                ),
                (
                    8,
                    curves(
                        About(
                            "Handed on, by reason",
                            "Per minute. Follows no filter.",
                            "cpm",
                            to="sophia-routing",
                        ),
                        Query(f"{pace(FALLBACKS, by=('reason',))} * 60 > 0", "{{reason}}"),
                        stacked=True,
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
                            "Calls and attempts in the range, exactly.",
                            "short",
                            to="sophia-latency",
                        ),
                        _BY,
                        C("Calls", shown(gained(CALLS, by=_BY)), "locale", 0),
                        C("Failed", where_called(gained(CALLS, FAILED, by=_BY), _BY), "locale", 0),
                        C("Answered", answered_share(_BY), "percentunit", 2),
                        C("Attempts", shown(gained(ATTEMPTS, by=_BY)), "locale", 0),
                        C(
                            "Failed attempts",
                            where_called(gained(ATTEMPTS, MISSED, by=_BY), _BY),
                            "locale",
                            0,
                        ),
                        details=_BY,
                    ),
                ),
                (
                    8,
                    bars(
                        About(
                            "Since a provider last answered",
                            "By the ledger; it counts on while nobody calls.",
                            "dtdurations",
                            (Step(3600, NOTABLE), Step(86400, BAD)),
                            GOOD,
                        ),
                        Query(f"time() - {chosen(LAST_SUCCESS)}", "{{provider}}"),
                    ),
                ),
            ),
        ),
    ),
)
