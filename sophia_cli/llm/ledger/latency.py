"""How fast candidates have answered so far, out of the ledger's histograms."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from sophia_cli.llm.ledger import schema
from sophia_cli.llm.ledger.store import Ledger

_LONGER: float = 2 * schema.BUCKETS[-1]  # seconds; stands for answers beyond the last bound


def medians(ledger: Ledger) -> dict[tuple[str, str], float]:
    """Seconds that half of the good answers of a provider and model took, from bucket to bucket.

    Raises LLMError while another process keeps the ledger to itself.
    """
    rows = ledger.read(schema.DURATIONS)
    return {place: _median(list(found)) for place, found in groupby(rows, key=itemgetter(0, 1))}


def _median(rows: list[tuple[str, str, int, int]]) -> float:
    half = sum(row[3] for row in rows) / 2
    before = 0
    for _, _, bucket, count in rows:
        if before + count >= half:
            low: float = schema.BUCKETS[bucket - 1] if bucket else 0.0
            high: float = schema.BUCKETS[bucket] if bucket < len(schema.BUCKETS) else _LONGER
            return low + (high - low) * (half - before) / count
        before += count
    return _LONGER
