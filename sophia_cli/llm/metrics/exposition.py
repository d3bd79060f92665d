"""Metrics as text, in the two formats that Prometheus reads.

Written by hand: `prometheus_client` looks at every label of every line, and takes most of the time
of a scrape for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sophia_cli.llm.metrics.families import COUNTER, HISTOGRAM, Family
from sophia_cli.llm.metrics.reading import BOUNDS, Reading

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


def text_of(reading: Reading) -> str:
    """In Prometheus' text format."""
    lines: list[str] = []
    for family, series in reading.items():
        lines += (f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}")
        lines += _samples(family, series)
    return "\n".join((*lines, ""))


def open_metrics_of(reading: Reading) -> str:
    """As OpenMetrics, where a counter is called without its `_total`."""
    lines: list[str] = []
    for family, series in reading.items():
        name = family.name.removesuffix("_total") if family.kind == COUNTER else family.name
        lines += (f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}")
        lines += _samples(family, series)
    return "\n".join((*lines, "# EOF", ""))


def answer(reading: Reading, accept: str) -> tuple[str, bytes]:
    """The content type and the body for who accepts that (the header of the request)."""
    if "application/openmetrics-text" in accept:
        return OPEN, open_metrics_of(reading).encode()
    return TEXT, text_of(reading).encode()


def _samples(family: Family, series: Any) -> Iterator[str]:
    for values in sorted(series):
        pairs = ",".join(
            f'{label}="{_escaped(value)}"'
            for label, value in zip(family.labels, values, strict=True)
        )
        if family.kind == HISTOGRAM:
            yield from _histogram(family.name, pairs, series[values])
        else:
            labels = f"{{{pairs}}}" if pairs else ""
            yield f"{family.name}{labels} {series[values]}"


def _histogram(name: str, pairs: str, spread: Any) -> Iterator[str]:
    for bound, count in zip(BOUNDS, spread.counts, strict=True):
        yield f'{name}_bucket{{{pairs},le="{bound}"}} {count}'
    yield f"{name}_sum{{{pairs}}} {spread.total}"
    yield f"{name}_count{{{pairs}}} {spread.counts[-1]}"


def _escaped(value: str) -> str:
    return value if value.isalnum() else value.translate(_ESCAPED)
