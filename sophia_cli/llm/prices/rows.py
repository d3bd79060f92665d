"""Prices with conditions, as the lists have them, and the one that holds at a moment.

A model's prices are rows, each with some rates and perhaps conditions: `from` (a date), `between`
(two clock numbers such as 130 for 01:30), `days` (of the week, 0 is Monday) and `above` (tokens of
the prompt); all of UTC. Rows that hold are laid over each other, the last one wins for each rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sophia_cli.llm.prices.price import RATES, Price, is_rate

Rows = Sequence[Mapping[str, Any]]


def holds_until(rows: Rows, now: float) -> float:
    """The moment up to which nothing changes: days begin with an hour, windows with a minute."""
    step = 60 if any("between" in row for row in rows) else 3600
    return now - now % step + step


def price_at(rows: Rows, now: float, source: str, as_of: str) -> Price:
    """The price at a moment (seconds since 1970). Raises ValueError for rates that cannot be."""
    moment = datetime.fromtimestamp(now, UTC)
    rows = [row for row in rows if _holds(row, moment)]
    rates = last = _rates(rows, 0)
    above = []
    for size in sorted({row["above"] for row in rows if "above" in row}):
        larger = _rates(rows, size + 1)
        if larger != last:
            above.append((size, Price(**larger, source=source, as_of=as_of)))
            last = larger
    return Price(**rates, source=source, as_of=as_of, above=tuple(above))


def _holds(row: Mapping[str, Any], moment: datetime) -> bool:
    if moment.date().isoformat() < row.get("from", ""):
        return False
    if moment.weekday() not in row.get("days", range(7)):
        return False
    start, end = row.get("between", (0, 2400))
    clock = moment.hour * 100 + moment.minute
    inside: bool = start <= clock < end if start <= end else clock >= start or clock < end
    return inside


def _rates(rows: Rows, prompt: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        if prompt > row.get("above", -1):
            found |= {name: row[name] for name in RATES if name in row}
    found = {name: rate for name, rate in found.items() if rate is not None}
    for name in ("input", "output"):
        found.setdefault(name, "missing")
    for name, rate in found.items():
        if not is_rate(rate):
            raise ValueError(f"{name} is {rate}")
    return found
