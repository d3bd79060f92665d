"""The metrics of a ledger for `prometheus_client`, read out of its totals at each scrape."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.metrics.current import Current
from sophia_cli.llm.metrics.families import COUNTER, HISTOGRAM, Family
from sophia_cli.llm.metrics.reading import BOUNDS, Reading, read, unreadable

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric


class LedgerCollector:
    """A collector for `prometheus_client` registries over one ledger."""

    def __init__(self, ledger: Ledger, config: Config) -> None:
        self._ledger = ledger
        self._current = Current(config)

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time, so that registering does not read the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metric families; one that says so where another process keeps the ledger to itself."""
        for family, series in self._read().items():
            metric = _metric(family)
            for labels in sorted(series):
                _add(metric, labels, series[labels])
            yield metric

    def _read(self) -> Reading:
        try:
            return read(self._ledger.read, self._current(), time.time())
        except LLMError:  # what else the application exports must not be lost with it
            return unreadable()


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


def _metric(family: Family) -> Any:
    if family.kind == HISTOGRAM:
        return HistogramMetricFamily(family.name, family.help, labels=family.labels)
    made = CounterMetricFamily if family.kind == COUNTER else GaugeMetricFamily
    return made(family.name, family.help, labels=family.labels)


def _add(metric: Any, labels: tuple[str, ...], figure: Any) -> None:
    if isinstance(metric, HistogramMetricFamily):
        buckets = list(zip(BOUNDS, figure.counts, strict=True))
        metric.add_metric(labels, buckets, sum_value=figure.total)
    else:
        metric.add_metric(labels, figure)
