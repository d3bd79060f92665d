"""What the month will have cost, and when a budget is used up, at the pace of the last days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sophia_cli.budgets import Account
from sophia_cli.llm.budgets.budget import DAY
from sophia_cli.llm.ledger.history import Day

PACE_DAYS = 7
_DAY = 86_400.0
_SOON = {DAY: 3600.0}  # seconds of a window after which its pace says something
_LATER = _DAY


@dataclass(frozen=True)
class Forecast:
    """Nano-USD: `spent` of the month so far, `pace` of a day, and what the month comes to at that pace.

    `days` is how many days the pace was taken from.
    """

    month: str
    spent: int
    pace: int
    total: int
    days: float

    def data(self) -> dict[str, Any]:
        """For other programs, in USD."""
        return {
            "month": self.month,
            "spent_usd": self.spent / 1e9,
            "usd_per_day": self.pace / 1e9,
            "forecast_usd": self.total / 1e9,
            "from_days": round(self.days, 2),
        }


@dataclass(frozen=True)
class Runway:
    """How long a budget lasts: `ends` is the moment at which it is used up, None where it lasts its window.

    `words` say it.
    """

    account: Account
    ends: datetime | None
    words: str

    def data(self) -> dict[str, Any]:
        """The account and its end, for other programs."""
        ends = self.ends.isoformat(timespec="minutes") if self.ends else None
        return {**self.account.data(), "runs_out": ends, "words": self.words}


def first_needed(now: float) -> date:
    """The first day that a forecast looks at."""
    today = _utc(now).date()
    return min(today.replace(day=1), today - timedelta(days=PACE_DAYS - 1))


def forecast(days: Iterable[Day], began: str, now: float) -> Forecast:
    """What the month comes to, from its days and those of the last week. `began` is the ledger's first day."""
    moment = _utc(now)
    today = moment.date()
    costs = [(day.day, day.cost_nano) for day in days]
    month = today.isoformat()[:7]
    spent = sum(cost for day, cost in costs if day[:7] == month)
    since = max(today - timedelta(days=PACE_DAYS - 1), date.fromisoformat(began or str(today)))
    length = max((now - _begin(since).timestamp()) / _DAY, 1 / 24)
    pace = round(sum(cost for day, cost in costs if day >= since.isoformat()) / length)
    left = (_month_end(moment) - moment).total_seconds() / _DAY
    return Forecast(month, spent, pace, spent + round(pace * left), length)


def runway(account: Account, now: float) -> Runway:
    """When a budget is used up if its window goes on as it began."""
    moment = _utc(now)
    daily = account.budget.per == DAY
    start = _begin(moment.date() if daily else moment.date().replace(day=1))
    end = start + timedelta(days=1) if daily else _month_end(moment)
    gone = (moment - start).total_seconds()
    if account.left <= 0:
        return Runway(account, moment, "used up")
    if not account.used:
        return Runway(account, None, "untouched")
    if gone < _SOON.get(account.budget.per, _LATER):
        return Runway(account, None, "too early to say")
    ends = moment + timedelta(seconds=account.left * gone / account.used)
    if ends >= end:
        return Runway(account, None, f"lasts the {account.budget.per}")
    when = f"at {ends:%H:%M} UTC" if daily else f"on {ends:%b} {ends.day}"
    return Runway(account, ends, f"runs out {when}")


def _utc(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _month_end(moment: datetime) -> datetime:
    last = monthrange(moment.year, moment.month)[1]
    return _begin(moment.date().replace(day=last)) + timedelta(days=1)
