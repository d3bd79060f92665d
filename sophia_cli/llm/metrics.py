"""Prometheus metrics, collected from the ledger's running totals at each scrape.

Nothing is counted in process memory: whatever process made a call, every exporter of the same
ledger says the same. Combinations that are configured are exported at 0 before their first call.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from sophia_cli import __version__
from sophia_cli.llm.budgets.budget import windows_of
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.record import CACHED
from sophia_cli.llm.ledger.schema import BUCKETS, COUNT
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.ledger.treasury import Treasury

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

MOST_MODELS = 100  # a model name is free text in a vendor's client; the rest is counted as `other`
OTHER = "other"


class LedgerCollector:
    """A collector for `prometheus_client` registries over one ledger."""

    def __init__(self, ledger: Ledger, config: Config) -> None:
        self._ledger = ledger
        self._config = config

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time, so that registering does not read the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metric families; one that says so where another process keeps the ledger to itself."""
        try:
            families = list(self._families())
        except LLMError:  # what else the application exports must not be lost with it
            families = []
        readable = int(bool(families))
        yield GaugeMetricFamily(
            "sophia_ledger_readable", "Whether it could be read.", value=readable
        )
        yield from families

    def _families(self) -> Iterator[Metric]:
        totals = self._ledger.read("SELECT * FROM totals WHERE provider != '' OR outcome != 'ok'")
        known = self._known_models(totals)
        yield from _calls(totals, known, self._configured())
        yield _attempts(self._ledger.read("SELECT * FROM attempt_totals"), known)
        yield from _spending(totals, known)
        yield _fallbacks(self._ledger.read("SELECT * FROM fallback_totals"))
        for name, family, text in _HISTOGRAMS:
            rows = self._ledger.read("SELECT * FROM histograms WHERE name = ?", (name,))
            yield _histogram(rows, known, family, text)
        yield _last_success(totals)
        yield _saved(totals)
        yield from _budgets(self._ledger, self._config)
        rows = self._ledger.read(COUNT)[0][0]
        yield GaugeMetricFamily("sophia_ledger_rows", "Calls in the ledger.", value=rows)
        build = GaugeMetricFamily("sophia_build_info", "Version of sophia.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build

    def _known_models(self, totals: list[tuple[Any, ...]]) -> set[str]:
        counts: dict[str, int] = defaultdict(int)
        for row in totals:
            counts[row[1]] += row[5]
        kept = sorted(counts, key=lambda model: (-counts[model], model))[:MOST_MODELS]
        return set(kept) | {model for _, model, _ in self._configured()}

    def _configured(self) -> set[tuple[str, str, str]]:
        """Provider, model and task of every route that is written down."""
        tasks = {name: "" if name == "default" else name for name in self._config.routes}
        return {
            (provider, model, tasks[name])
            for name, chain in self._config.routes.items()
            for provider, model in chain
        }


_FIGURES = (
    ("limit", "What a budget allows in its day or month."),
    ("spent", "What is spent of it."),
    ("held", "What is put aside for calls under way."),
    (
        "unknown",
        "What may be spent: answers of unknown cost, and leases of processes that are gone.",
    ),
)
_HISTOGRAMS = (
    (
        "duration",
        "sophia_llm_request_duration_seconds",
        "Time of every finished call, failed and cancelled ones too.",
    ),
    (
        "first_chunk",
        "sophia_llm_time_to_first_chunk_seconds",
        "Time to the first event of a streamed answer.",
    ),
)


def register_metrics(registry: CollectorRegistry | None = None) -> LedgerCollector:
    """Export this process's ledger through a registry (default: the global one). Twice is once."""
    from prometheus_client import REGISTRY

    from sophia_cli.llm.engine import shared_engine

    registry = registry or REGISTRY
    engine = shared_engine()
    for collector in list(getattr(registry, "_collector_to_names", {})):
        if isinstance(collector, LedgerCollector):
            registry.unregister(collector)
    collector = LedgerCollector(engine.ledger, engine.config)
    registry.register(collector)
    return collector


def _calls(
    totals: list[tuple[Any, ...]], known: set[str], configured: set[tuple[str, str, str]]
) -> Iterator[Metric]:
    labels = ["provider", "model", "task", "outcome", "error_type"]
    counts: dict[tuple[str, ...], int] = {(*route, "ok", ""): 0 for route in configured}
    unpriced: dict[tuple[str, ...], int] = defaultdict(int)
    for provider, model, task, outcome, kind, calls, without_price, *_ in totals:
        model = model if model in known else OTHER
        call = (provider, model, task, outcome, kind)
        counts[call] = counts.get(call, 0) + calls
        unpriced[(provider, model)] += without_price
    requests = CounterMetricFamily("sophia_llm_requests_total", "Finished calls.", labels=labels)
    for key, count in sorted(counts.items()):
        requests.add_metric(key, count)
    yield requests
    yield _counter(
        "sophia_llm_unpriced_requests_total",
        "Answered calls whose cost is not known.",
        ["provider", "model"],
        unpriced,
    )


def _attempts(rows: list[tuple[Any, ...]], known: set[str]) -> Metric:
    counts: dict[tuple[str, ...], int] = defaultdict(int)
    for provider, model, outcome, kind, count in rows:
        counts[(provider, model if model in known else OTHER, outcome, kind)] += count
    labels = ["provider", "model", "outcome", "error_type"]
    return _counter("sophia_llm_attempts_total", "Requests sent to providers.", labels, counts)


def _spending(totals: list[tuple[Any, ...]], known: set[str]) -> Iterator[Metric]:
    tokens: dict[tuple[str, ...], int] = defaultdict(int)
    cost: dict[tuple[str, ...], int] = defaultdict(int)
    local: dict[tuple[str, ...], int] = defaultdict(int)
    for provider, model, task, outcome, _, _, _, *figures in totals:
        if outcome == CACHED:  # no provider was asked: they stand in the row, as what was saved
            continue
        model = model if model in known else OTHER
        for name, count in zip(
            ("input", "output", "cached", "reasoning"), figures[:4], strict=True
        ):
            if count:
                tokens[(provider, model, name)] += count
        if figures[4]:
            cost[(provider, model, task)] += figures[4]
        if figures[5]:
            local[(provider, task)] += figures[5]
    yield _counter(
        "sophia_llm_tokens_total",
        "Tokens that providers reported.",
        ["provider", "model", "type"],
        tokens,
    )
    usd = {key: nano / 1e9 for key, nano in cost.items()}
    yield _counter(
        "sophia_llm_cost_usd_total", "What priced calls cost.", ["provider", "model", "task"], usd
    )
    text = "Bytes of requests and answers that never left the warehouse."
    yield _counter("sophia_llm_data_kept_local_bytes_total", text, ["provider", "task"], local)


def _fallbacks(rows: list[tuple[Any, ...]]) -> Metric:
    counts = {(origin, target, reason): count for origin, target, reason, count in rows}
    return _counter(
        "sophia_llm_fallbacks_total",
        "Calls handed on to another candidate.",
        ["from", "to", "reason"],
        counts,
    )


def _histogram(rows: list[tuple[Any, ...]], known: set[str], family: str, text: str) -> Metric:
    counts: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    for _, provider, model, outcome, bucket, count, microseconds in rows:
        series = (provider, model if model in known else OTHER, outcome)
        counts[series][bucket] += count
        sums[series] += microseconds
    histogram = HistogramMetricFamily(family, text, labels=["provider", "model", "outcome"])
    bounds = [*(f"{bound:g}" for bound in BUCKETS), "+Inf"]
    for key in sorted(counts):
        running, buckets = 0, []
        for bound, count in zip(bounds, counts[key], strict=True):
            running += count
            buckets.append((bound, running))
        histogram.add_metric(key, buckets, sum_value=sums[key] / 1e6)
    return histogram


def _saved(totals: list[tuple[Any, ...]]) -> Metric:
    text = "What answers out of the cache would have cost."
    family = CounterMetricFamily("sophia_llm_saved_usd_total", text, labels=["reason"])
    family.add_metric(["cache"], sum(row[15] for row in totals) / 1e9)
    return family


def _budgets(ledger: Ledger, config: Config) -> Iterator[Metric]:
    """The accounts of the present day and month; a budget that nothing was spent of is there with 0."""
    now = time.time()
    booked = {
        one.account: one
        for one in Treasury(ledger).statements(windows_of(now))
        if any(budget.is_account(one.account, one.window, now) for budget in config.budgets)
    }
    limits = {budget.name: budget.limit_nano for budget in config.budgets if not budget.each}
    limits |= {
        account: budget.limit_nano
        for account in booked
        for budget in config.budgets
        if account.partition("/")[0] == budget.name
    }
    for figure, text in _FIGURES:
        family = GaugeMetricFamily(f"sophia_llm_budget_{figure}_usd", text, labels=["budget"])
        for account, limit in sorted(limits.items()):
            found = getattr(booked.get(account), figure, 0) if figure != "limit" else limit
            family.add_metric([account], found / 1e9)
        yield family


def _last_success(totals: list[tuple[Any, ...]]) -> Metric:
    latest: dict[str, int] = defaultdict(int)
    for row in totals:
        latest[row[0]] = max(latest[row[0]], row[13])
    gauge = GaugeMetricFamily(
        "sophia_llm_last_success_timestamp_seconds",
        "When a provider last answered.",
        labels=["provider"],
    )
    for provider, moment in sorted(latest.items()):
        if moment:
            gauge.add_metric([provider], moment / 1e9)
    return gauge


def _counter(name: str, text: str, labels: list[str], counts: dict[Any, Any]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, count in sorted(counts.items()):
        family.add_metric(key, count)
    return family
