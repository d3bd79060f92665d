"""The labels of sophia's metrics, by name."""

from __future__ import annotations

from sophia_cli.llm.metrics.families import FAMILIES

LABELS = {family.name: family.labels for family in FAMILIES}
_OF_SERIES = {
    name: (*family.labels, *(("le",) if name.endswith("_bucket") else ()))
    for family in FAMILIES
    for name in family.series
}


def labels_of(series: str) -> tuple[str, ...]:
    """The labels of a series as Prometheus keeps it. Raises KeyError for one of no declared metric."""
    return _OF_SERIES[series]
