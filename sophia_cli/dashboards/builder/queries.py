"""PromQL over the ledger's totals.

What a panel says as a figure is exact: the ledger's total now, less what it was when the range began.
`increase` is for the shape over time alone: it guesses at both ends of its window, and where calls are
few it was found to miss two of three failures.
"""

from __future__ import annotations

from collections.abc import Sequence

from sophia_cli.dashboards.catalogue import labels_of

CALLS = "sophia_llm_requests_total"
ATTEMPTS = "sophia_llm_attempts_total"
COST = "sophia_llm_cost_usd_total"
TOKENS = "sophia_llm_tokens_total"
SAVED = "sophia_llm_saved_usd_total"
UNPRICED = "sophia_llm_unpriced_requests_total"
LOOKUPS = "sophia_llm_cache_lookups_total"
FALLBACKS = "sophia_llm_fallbacks_total"
KEPT = "sophia_llm_data_kept_local_bytes_total"
DURATION = "sophia_llm_request_duration_seconds"
FIRST = "sophia_llm_time_to_first_chunk_seconds"
LIMIT = "sophia_llm_budget_limit_usd"
SPENT = "sophia_llm_budget_spent_usd"
HELD = "sophia_llm_budget_held_usd"
UNKNOWN = "sophia_llm_budget_unknown_usd"
PERIOD_START = "sophia_llm_budget_period_start_timestamp_seconds"
PERIOD_END = "sophia_llm_budget_period_end_timestamp_seconds"
LAST_SUCCESS = "sophia_llm_last_success_timestamp_seconds"

FILTERS = ("provider", "model", "route", "task")
ANSWERED = 'outcome=~"ok|cached"'
MISSED = 'outcome!="ok"'
ASKED = 'outcome!="cached"'
FAILED = 'outcome=~"error|unknown"'
# Whoever cancels a call has not been failed by it.
JUDGED = 'outcome!="cancelled"'


def chosen(metric: str, *matchers: str) -> str:
    """A selector that follows the board's variables, as far as the metric has their labels."""
    given = {matcher.partition("=")[0].rstrip("!") for matcher in matchers}
    names = [name for name in FILTERS if name in labels_of(metric) and name not in given]
    parts = [*(f'{name}=~"${name}"' for name in names), *matchers]
    return f"{metric}{{{', '.join(parts)}}}" if parts else metric


def gained(metric: str, *matchers: str, by: Sequence[str] = ()) -> str:
    """How much a total has grown in the range of the board, exactly: totals never fall.

    What was measured up to a day before the range began counts as its beginning.
    """
    now = chosen(metric, *matchers)
    before = f"last_over_time({now}[1d] offset $__range)"
    if not by:
        return f"((sum({now}) - (sum({before}) or vector(0))) or vector(0))"
    group = f"sum by ({', '.join(by)})"
    return f"({group} ({now}) - ({group} ({before}) or {group} ({now}) * 0))"


def pace(metric: str, *matchers: str, by: Sequence[str] = ()) -> str:
    """How fast a total grows, per second: for its shape."""
    group = f"sum by ({', '.join(by)}) " if by else "sum"
    return f"{group}(rate({chosen(metric, *matchers)}[$__rate_interval]))"


def named(label: str, expr: str) -> str:
    """The same, with a word in the legend where a label is empty."""
    return f'label_replace({expr}, "{label}", "no {label}", "{label}", "")'


def ratio(part: str, whole: str) -> str:
    """A share; nothing, not NaN, of nothing."""
    return f"{part} / ({whole} > 0)"


def quantile(share: float, metric: str, *matchers: str, by: Sequence[str] = ()) -> str:
    """So many of the calls took at most that long, in the range of the board: by all of its calls."""
    counts = gained(f"{metric}_bucket", *matchers, by=("le", *by))
    return f"histogram_quantile({share}, {counts}) >= 0"


def quantile_now(share: float, metric: str, *matchers: str, by: Sequence[str] = ()) -> str:
    """The same at each moment: for its shape."""
    counts = pace(f"{metric}_bucket", *matchers, by=("le", *by))
    return f"histogram_quantile({share}, {counts}) >= 0"


def shown(expr: str) -> str:
    """Without what is 0: every combination that is configured has a series, most of them say nothing."""
    return f"{expr} > 0"


def where_called(expr: str, by: Sequence[str]) -> str:
    """Only where there were calls in the range, also where the figure is 0."""
    return f"{expr} and on ({', '.join(by)}) ({gained(CALLS, by=by)} > 0)"


def answered_share(by: Sequence[str] = ()) -> str:
    """Calls that were answered, of those that nobody cancelled."""
    return ratio(gained(CALLS, ANSWERED, by=by), gained(CALLS, JUDGED, by=by))


def forecast() -> str:
    """What a budget will have spent when its period ends, at the pace of the period so far."""
    return f"{SPENT} * ({PERIOD_END} - {PERIOD_START}) / (time() - {PERIOD_START} > 0)"


def runs_out() -> str:
    """Seconds until a budget is spent, at the pace of its period so far; nothing where nothing is spent."""
    left = f"clamp_min({LIMIT} - {SPENT}, 0)"
    return f"{left} * (time() - {PERIOD_START}) / ({SPENT} > 0)"
