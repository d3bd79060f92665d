"""Alerts about calls: errors, latency, providers, fallbacks, prices, the cache, the exporter.

Each ratio has a least number of calls: one failed call at night is not an outage.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from sophia_cli.llm.ledger.schema import BUCKETS
from sophia_cli.llm.metrics import families
from sophia_cli.llm.metrics.writer import JOB
from sophia_cli.metrics.alerts.alert import (
    CRITICAL,
    INFO,
    WARNING,
    Alert,
    Case,
    percent,
    selector,
)
from sophia_cli.metrics.alerts.targets import Targets

_REQUESTS = families.REQUESTS.name
# What the caller did wrong, or was not allowed to spend, is no failure of a provider.
_OWN_FAULT = "!~budget_exceeded|context_length|guardrail|invalid_request"
CALLS = selector(_REQUESTS, outcome="~ok|cached|error")
FAILED = selector(_REQUESTS, outcome="error", error_type=_OWN_FAULT)
_MOST = 0.95  # a share of failures that no target raises the bar above
_OK = selector(_REQUESTS, provider="p", outcome="ok")
_ERROR = selector(_REQUESTS, provider="p", outcome="error", error_type="server")


def alerts_about_calls(targets: Targets) -> Iterator[Alert]:
    """All of them, in the order in which they matter."""
    yield _burn(targets, "Fast", 14.4, ("5m", "1h"), "2m", CRITICAL)
    yield _burn(targets, "Slow", 6.0, ("30m", "6h"), "15m", WARNING)
    yield _latency(targets)
    yield _silent(targets)
    yield _fallbacks(targets)
    yield _unpriced()
    yield _cache(targets)
    yield _absent()
    yield _unreadable()


def _sum(series: str, window: str) -> str:
    return f"sum(increase({series}[{window}]))"


def _ratio(part: str, whole: str, window: str) -> str:
    return f"{_sum(part, window)} / {_sum(whole, window)}"


def _per_minute(count: int, minutes: int) -> str:
    return f"0+{count}x{minutes}"


def _burn(
    targets: Targets,
    word: str,
    factor: float,
    windows: tuple[str, str],
    wait: str,
    severity: str,
) -> Alert:
    bar = min(factor * (1 - targets.success), _MOST)
    short, long = windows
    failed = ceil((bar + 1) * 50)  # of 100 calls a minute: half way from the bar to all of them
    return Alert(
        name=f"SophiaErrors{word}",
        expr=(
            f"{_ratio(FAILED, CALLS, long)} > {bar:g}\n"
            f"and {_ratio(FAILED, CALLS, short)} > {bar:g}\n"
            f"and {_sum(CALLS, long)} >= {targets.least_calls}"
        ),
        wait=wait,
        severity=severity,
        summary=f"{{{{ $value | humanizePercentage }}}} of all LLM calls failed within {long}",
        description=(
            f"The target is {percent(targets.success)} answered. At {factor:g} times the errors it"
            f" allows, {'two days' if factor > 10 else 'five days'} use up a month's."
        ),
        runbook="sophia usage --since 1d",
        board="sophia-reliability",
        fires=Case(
            {_OK: _per_minute(100 - failed, 90), _ERROR: _per_minute(failed, 90)},
            60,
            f"{failed}% of all LLM calls failed within {long}",
        ),
        quiet=Case({_OK: "0x50 1x40", _ERROR: "0x50 1x40"}, 60),
    )


def _latency(targets: Targets) -> Alert:
    bucket, count = families.DURATION.series[0], families.DURATION.series[2]
    answered, by = {"outcome": "ok"}, "provider, model"
    first = next(place for place, bound in enumerate(BUCKETS) if bound >= targets.p95)
    slow = BUCKETS[first] + 0.95 * (BUCKETS[first + 1] - BUCKETS[first])

    def answers(place: int) -> dict[str, str]:
        """Ten a minute, all of them between a bound and the one before."""
        who = {"provider": "p", "model": "m", "outcome": "ok"}
        bounds = [*(f"{bound:g}" for bound in BUCKETS), "+Inf"]
        counts = {
            selector(bucket, **who, le=bound): _per_minute(10 if at >= place else 0, 120)
            for at, bound in enumerate(bounds)
        }
        return {**counts, selector(count, **who): _per_minute(10, 120)}

    return Alert(
        name="SophiaLatency",
        expr=(
            f"histogram_quantile(0.95, sum by (le, {by})"
            f" (rate({selector(bucket, **answered)}[30m]))) > {targets.p95:g}\n"
            f"and sum by ({by}) (increase({selector(count, **answered)}[30m]))"
            f" >= {targets.least_calls}"
        ),
        wait="10m",
        severity=WARNING,
        summary=(
            "95 of 100 answers of {{ $labels.provider }}/{{ $labels.model }}"
            ' take up to {{ printf "%.1f" $value }} s'
        ),
        description=f"The target is {targets.p95:g} s, over half an hour.",
        runbook="sophia usage --by model",
        board="sophia-latency",
        fires=Case(
            answers(first + 1),
            90,
            f"95 of 100 answers of p/m take up to {slow:.1f} s",
            {"provider": "p", "model": "m"},
        ),
        quiet=Case(answers(0), 90),
    )


def _silent(targets: Targets) -> Alert:
    last, sent = families.LAST_SUCCESS.name, families.ATTEMPTS.name
    late = ceil(targets.silent * 60) + 120
    answered = {selector(last, provider="p"): f"0x{late + 60}"}
    asked = selector(sent, provider="p", outcome="error")
    return Alert(
        name="SophiaProviderSilent",
        expr=(
            f"(time() - max by (provider) ({last})) / 3600 > {targets.silent:g}\n"
            f"and on (provider) sum by (provider) (increase({sent}[1h])) >= 5"
        ),
        wait="5m",
        severity=CRITICAL,
        summary='{{ $labels.provider }} has not answered for {{ printf "%.1f" $value }} hours',
        description="It is asked, and has answered before.",
        runbook="sophia llm ask hello --provider {{ $labels.provider }}",
        board="sophia-reliability",
        fires=Case(
            {**answered, asked: _per_minute(1, late + 60)},
            late,
            f"p has not answered for {late / 60:.1f} hours",
            {"provider": "p"},
        ),
        quiet=Case({**answered, asked: f"7x{late + 60}"}, late),
    )


def _fallbacks(targets: Targets) -> Alert:
    handed = families.FALLBACKS.name
    moved = selector(handed, to="q")
    count = ceil((targets.fallbacks + 1) * 50)
    return Alert(
        name="SophiaFallbacks",
        expr=(
            f"{_ratio(handed, CALLS, '1h')} > {targets.fallbacks:g}\n"
            f"and {_sum(CALLS, '1h')} >= {targets.least_calls}"
        ),
        wait="15m",
        severity=WARNING,
        summary="{{ $value | humanizePercentage }} of all LLM calls were handed to another candidate",
        description=f"At most {percent(targets.fallbacks)} should be: the first choice is in trouble.",
        runbook="sophia usage --by route",
        board="sophia-routing",
        fires=Case(
            {_OK: _per_minute(100, 180), moved: _per_minute(count, 180)},
            120,
            f"{count}% of all LLM calls were handed to another candidate",
        ),
        quiet=Case({_OK: "0x110 2x70", moved: "0x110 2x70"}, 120),
    )


def _unpriced() -> Alert:
    series = selector(families.UNPRICED.name, provider="p", model="m")
    return Alert(
        name="SophiaUnpriced",
        expr=f"sum by (provider, model) (increase({families.UNPRICED.name}[1h])) > 0",
        wait="0m",
        severity=INFO,
        summary=(
            'The cost of {{ printf "%.0f" $value }} calls of {{ $labels.provider }}/{{ $labels.model }}'
            " is not known"
        ),
        description="They are in no sum of money, and in no budget.",
        runbook="sophia llm prices --refresh   or a price in [prices] of sophia.toml",
        board="sophia-cost",
        fires=Case(
            {series: _per_minute(1, 120)},
            90,
            "The cost of 60 calls of p/m is not known",
            {"provider": "p", "model": "m"},
        ),
        quiet=Case({series: "5x120"}, 90),
    )


def _cache(targets: Targets) -> Alert:
    looked = families.LOOKUPS.name
    hits = selector(looked, result="hit")
    day = _ratio(hits, looked, "1d")
    hit, miss = (selector(looked, provider="p", result=result) for result in ("hit", "miss"))
    return Alert(
        name="SophiaCacheCollapse",
        expr=(
            f"{_ratio(hits, looked, '1h')} < {targets.cache_drop:g} * ({day})\n"
            f"and {day} > 0.05\n"
            f"and {_sum(looked, '1h')} >= {targets.least_calls}"
        ),
        wait="30m",
        severity=WARNING,
        summary="The cache answers {{ $value | humanizePercentage }} of what it is asked",
        description=(
            f"That is less than {percent(targets.cache_drop)} of what it answered within a day:"
            " a prompt, a model or a key may have changed."
        ),
        runbook="sophia llm cache status",
        board="sophia-cost",
        fires=Case(
            {hit: "0+60x60 3600x120", miss: "0+40x60 2500+100x119"},
            170,
            "The cache answers 0% of what it is asked",
        ),
        quiet=Case({hit: _per_minute(6, 180), miss: _per_minute(4, 180)}, 170),
    )


def _absent() -> Alert:
    build = families.BUILD.name
    scraped = selector(build, job=f"!~{JOB}")
    return Alert(
        name="SophiaExporterAbsent",
        expr=f"absent({build}) and on () count(count_over_time({scraped}[1d])) > 0",
        wait="5m",
        severity=WARNING,
        summary="The exporter of the ledger is gone",
        description="It was scraped within the last day. Calls are counted in the ledger all the same.",
        runbook="sophia metrics status",
        board="sophia-overview",
        fires=Case(
            {selector(build, job="sophia", version="1"): "1x30 _x60"},
            60,
            "The exporter of the ledger is gone",
        ),
        quiet=Case({selector(build, job=JOB, version="1"): "1x30 _x60"}, 60),
    )


def _unreadable() -> Alert:
    readable = families.READABLE.name
    place = {"instance": "i", "job": "sophia"}
    series = selector(readable, **place)
    return Alert(
        name="SophiaLedgerUnreadable",
        expr=f"{readable} == 0",
        wait="10m",
        severity=WARNING,
        summary="The ledger at {{ $labels.instance }} cannot be read",
        description="Another process keeps it to itself; calls are kept for later.",
        runbook="sophia metrics status",
        board="sophia-overview",
        fires=Case({series: "0x60"}, 30, "The ledger at i cannot be read", place),
        quiet=Case({series: "0x20 1x40"}, 30),
    )
