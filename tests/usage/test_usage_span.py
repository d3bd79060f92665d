"""`--since`, the days it names, and the steps they are shown in."""

from __future__ import annotations

from datetime import date

import pytest
from seeding import NOW

from sophia_cli.errors import UsageError
from sophia_cli.usage.span import read_span


@pytest.mark.parametrize(
    ("since", "first", "days", "steps"),
    [
        ("1d", "2026-11-27", 1, 1),
        ("7d", "2026-11-21", 7, 7),
        ("16d", "2026-11-12", 16, 16),
        ("17d", "2026-11-11", 17, 9),
        ("30d", "2026-10-29", 30, 15),
        ("365d", "2025-11-28", 365, 16),
        ("2026-11-01", "2026-11-01", 27, 14),
        ("2026-11-27", "2026-11-27", 1, 1),
    ],
)
def test_a_span(since: str, first: str, days: int, steps: int) -> None:
    span = read_span(since, NOW)
    assert (span.first, span.last) == (date.fromisoformat(first), date(2026, 11, 27))
    assert (span.days, span.steps) == (days, steps)
    assert [span.step(str(span.first)), span.step(str(span.last))] == [0, steps - 1]
    assert span.end_ns - span.start_ns == days * 86_400 * 10**9
    assert span.start_ns <= NOW * 1e9 < span.end_ns


@pytest.mark.parametrize(
    "since", ["", "7", "d", "0d", "-1d", "99999d", "7 d", "yesterday", "2026-13-01", "20261101"]
)
def test_what_is_no_span(since: str) -> None:
    with pytest.raises(UsageError, match="--since is a number of days or a date, not"):
        read_span(since, NOW)


def test_a_day_that_is_to_come() -> None:
    with pytest.raises(UsageError, match=r"after today, 2026-11-27 \(UTC\)"):
        read_span("2026-11-28", NOW)
