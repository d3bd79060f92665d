"""What queries ask: metrics that are there, counters as rates, windows that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sophia_cli.dashboards.lint.finding import Finding
from sophia_cli.dashboards.model import Json, marks, name_of, panels, targets
from sophia_cli.dashboards.promql import RANGE, RATE_INTERVAL, Parsed, Selector, Unreadable, parsed

OURS = "sophia_"
SERVERS_OWN = ("ALERTS", "ALERTS_FOR_STATE", "up", "scrape_")  # what Prometheus makes itself
RATES = ("rate", "irate", "increase")
# A window that is chosen, such as that of a burn rate, is an hour or longer.
_CHOSEN = 3600
_COUNTER_ENDS = ("_total", "_bucket", "_count", "_sum")


@dataclass(frozen=True)
class Asked:
    """One query that parses: where it stands, whether it is drawn over time."""

    where: str
    over_time: bool
    found: Parsed


def expressions(board: Json) -> Iterator[tuple[str, bool, str]]:
    """Each query of a board: where, whether it is drawn over time, its text."""
    for panel in panels(board):
        for target in targets(panel):
            if isinstance(target.get("expr"), str) and target["expr"]:
                yield name_of(panel), not target.get("instant"), target["expr"]
    for one in marks(board):
        if isinstance(one.get("expr"), str) and one["expr"]:
            yield f"annotation {one.get('name', '')}", True, one["expr"]


def asked(board: Json) -> Iterator[Asked]:
    """The queries that parse."""
    for where, over_time, expr in expressions(board):
        try:
            yield Asked(where, over_time, parsed(expr))
        except Unreadable:
            continue


def query_parses(board: Json) -> Iterator[Finding]:
    """Prometheus reads it."""
    for where, _, expr in expressions(board):
        try:
            parsed(expr)
        except Unreadable as error:
            yield Finding("promql", where, str(error))


def rate_interval(board: Json) -> Iterator[Finding]:
    """A rate over `$__rate_interval`, which no zoom makes too short; or over an hour and more, by choice."""
    for one in asked(board):
        for selector in one.found.selectors:
            short = selector.window not in (0, RATE_INTERVAL, RANGE) and selector.window < _CHOSEN
            if short and any(name in RATES for name in selector.within):
                words = f"`{selector.metric}` is taken over a fixed {selector.window:g} s"
                yield Finding("rate-interval", one.where, f"{words}, not $__rate_interval")


def counter_rate(board: Json) -> Iterator[Finding]:
    """A counter as a rate, or as the difference of two readings: its bare value says nothing of a range."""
    for one in asked(board):
        moved = {selector.metric for selector in one.found.selectors if selector.moved}
        for selector in one.found.selectors:
            if _is_bare_counter(selector) and selector.metric not in moved:
                words = f"`{selector.metric}` is a counter, read as it stands"
                yield Finding("counter-rate", one.where, words)


def _is_bare_counter(selector: Selector) -> bool:
    counted = selector.metric.endswith(_COUNTER_ENDS)
    within = (*RATES, "resets", "changes", "count", "absent", "group")
    return counted and not any(name in within for name in selector.within)


def quantile_by_le(board: Json) -> Iterator[Finding]:
    """A quantile of buckets that are summed up by `le`: not one line for each process."""
    for one in asked(board):
        for quantile in one.found.quantiles:
            if quantile.by is None or "le" not in quantile.by:
                words = "histogram_quantile of what is not summed up by le"
                yield Finding("quantile-by-le", one.where, words)


def declared(
    board: Json, labels: Mapping[str, tuple[str, ...]], *, all_ours: bool
) -> Iterator[Finding]:
    """Metrics that are declared, with labels that they have.

    With `all_ours` every metric must be one of sophia's; else those of other programs are passed over.
    """
    for one in asked(board):
        for selector in one.found.selectors:
            family = family_of(selector.metric, labels)
            if family is None:
                ours = selector.metric.startswith(OURS)
                if ours or (all_ours and not selector.metric.startswith(SERVERS_OWN)):
                    words = f"`{selector.metric}` is no metric of sophia"
                    yield Finding("metric-unknown", one.where, words)
                continue
            wrong = sorted(set(selector.labels) - {*labels[family], "le", "job", "instance"})
            for label in wrong:
                words = f"`{selector.metric}` has no label `{label}`"
                yield Finding("label-unknown", one.where, words)


def family_of(metric: str, labels: Mapping[str, tuple[str, ...]]) -> str | None:
    """The declared metric that a series is of; None for one that is not declared."""
    ends = ("", "_bucket", "_sum", "_count")
    return next((name for end in ends if (name := metric.removesuffix(end)) in labels), None)


def used(board: Json, labels: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The declared metrics that a board's queries name."""
    families = (
        family_of(selector.metric, labels)
        for one in asked(board)
        for selector in one.found.selectors
    )
    return {family for family in families if family}
