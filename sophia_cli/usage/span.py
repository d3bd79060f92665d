"""The days that a report is about; days are of UTC, as the ledger's are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil

from sophia_cli.errors import UsageError

DAY_NS = 86_400 * 10**9
STEPS = 16  # of a sparkline, at most
_MOST = 3660  # days
_COUNT = re.compile(r"(\d{1,4})d")


@lru_cache(maxsize=16)
def day_name(day: int) -> str:
    """A day such as `2026-11-27`, by how many there were since 1970."""
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


@dataclass(frozen=True)
class Span:
    """From the beginning of `first` to the end of `last`; `now` is in seconds since 1970."""

    first: date
    last: date
    now: float

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start_ns(self) -> int:
        return _moment_ns(self.first)

    @property
    def end_ns(self) -> int:
        """The first moment after it."""
        return _moment_ns(self.last + timedelta(days=1))

    @property
    def steps(self) -> int:
        """How many steps a sparkline has, each of as many days."""
        return ceil(self.days / self._days_of_step)

    @property
    def _days_of_step(self) -> int:
        return ceil(self.days / STEPS)

    def step(self, day: str) -> int:
        """The step that a day such as `2026-11-30` is in."""
        return (date.fromisoformat(day) - self.first).days // self._days_of_step

    def __str__(self) -> str:
        if self.days == 1:
            return f"{self.first} (UTC)"
        return f"{self.first} to {self.last} (UTC)"


def read_span(since: str, now: float) -> Span:
    """The span that `--since` names: `7d` are today and six days before. Raises UsageError."""
    today = datetime.fromtimestamp(now, UTC).date()
    found = _COUNT.fullmatch(since)
    if found and 1 <= int(found[1]) <= _MOST:
        return Span(today - timedelta(days=int(found[1]) - 1), today, now)
    try:
        first = date.fromisoformat(since)
    except ValueError:
        first = None
    if first is None or not found and not re.fullmatch(r"\d{4}-\d\d-\d\d", since):
        raise UsageError(
            f"--since is a number of days or a date, not '{since}'",
            f"such as --since 7d, or --since {today.replace(day=1)}",
        )
    if first > today:
        raise UsageError(f"--since {since} is after today, {today} (UTC)")
    return Span(first, today, now)


def _moment_ns(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 10**9
