"""The report of a span: everything that `sophia usage` shows, as values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sophia_cli.budgets import accounts_of
from sophia_cli.llm.budgets.budget import windows_of
from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import (
    Day,
    call_at,
    days_between,
    failures_between,
    first_day,
)
from sophia_cli.llm.ledger.treasury import Treasury
from sophia_cli.usage.failures import Failure, failures_of
from sophia_cli.usage.figures import Figures, Speed, add_up, speed_of
from sophia_cli.usage.firsts import First, Warehouse, first_choices, warehouse_first
from sophia_cli.usage.forecast import Forecast, Runway, first_needed, forecast, runway
from sophia_cli.usage.groups import By, grouped
from sophia_cli.usage.kinds import Tell, in_silence
from sophia_cli.usage.pricing import Pricing
from sophia_cli.usage.reading import Reading, read_rows
from sophia_cli.usage.routes import Place
from sophia_cli.usage.span import Span


@dataclass(frozen=True)
class Line:
    """One group of calls; `trend` is its calls in each step of the span."""

    name: str
    figures: Figures
    speed: Speed
    trend: tuple[int, ...]

    def data(self) -> dict[str, Any]:
        """For other programs; times in seconds."""
        return {
            "name": self.name,
            **self.figures.data(),
            "seconds": vars(self.speed),
            "trend": list(self.trend),
        }


@dataclass(frozen=True)
class Dear:
    """One of the dearest calls."""

    id: str
    when: str
    cost_nano: int
    task: str
    place: Place
    tokens_in: int | None
    tokens_out: int | None
    simulated: bool

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {**vars(self), "place": "/".join(self.place), "cost_usd": self.cost_nano / 1e9}


@dataclass(frozen=True)
class Reason:
    """Why calls went where they went; `moved` of them were answered by another candidate."""

    why: str
    first: Place
    calls: int
    moved: int

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {**vars(self), "first": "/".join(self.first)}


@dataclass(frozen=True)
class Unpriced:
    """Answers of a model whose cost nobody knows."""

    place: Place
    calls: int
    simulated: bool

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {**vars(self), "place": "/".join(self.place)}


@dataclass(frozen=True)
class Report:
    """What was called in a span. `simulated` is the part of it that no provider was asked for."""

    span: Span
    by: By
    total: Figures
    simulated: Figures
    lines: tuple[Line, ...]
    daily: tuple[tuple[str, int, int], ...]  # day, nano-USD, calls
    forecast: Forecast
    runways: tuple[Runway, ...]
    dearest: tuple[Dear, ...]
    failures: tuple[Failure, ...]
    reasons: tuple[Reason, ...]
    unrouted: int
    firsts: tuple[First, ...]
    warehouse: Warehouse | None
    unpriced: tuple[Unpriced, ...]

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "since": str(self.span.first),
            "until": str(self.span.last),
            "by": str(self.by),
            "total": self.total.data(),
            "simulated": self.simulated.data(),
            "rows": [line.data() for line in self.lines],
            "days": [
                {"day": day, "cost_usd": nano / 1e9, "calls": calls}
                for day, nano, calls in self.daily
            ],
            "forecast": self.forecast.data(),
            "budgets": [one.data() for one in self.runways],
            "dearest": [one.data() for one in self.dearest],
            "failures": [one.data() for one in self.failures],
            "reasons": [one.data() for one in self.reasons],
            "calls_without_a_route": self.unrouted,
            "first_choices": [one.data() for one in self.firsts],
            "warehouse_first": self.warehouse.data() if self.warehouse else None,
            "unpriced": [one.data() for one in self.unpriced],
        }


def report(ledger: Ledger, config: Config, span: Span, by: By, tell: Tell = in_silence) -> Report:
    """Read the ledger. Raises LLMError where it is in use."""
    days = days_between(ledger, str(span.first), str(span.last))
    reading = read_rows(ledger, span, by, tell)
    groups = reading.routes.groups if by is By.ROUTE else grouped(days, by)
    firsts = first_choices(reading, config, Pricing(config))
    recent = days_between(ledger, str(first_needed(span.now)), str(_today(span.now)))
    statements = Treasury(ledger).statements(windows_of(span.now))
    accounts = accounts_of(config.budgets, statements, span.now)
    failed = failures_between(ledger, span.start_ns, span.end_ns)
    return Report(
        span=span,
        by=by,
        total=add_up(days),
        simulated=add_up(day for day in days if day.simulated),
        lines=_lines(groups, reading, span),
        daily=_daily(days),
        forecast=forecast(recent, first_day(ledger), span.now),
        runways=tuple(runway(account, span.now) for account in accounts),
        dearest=tuple(_dear(ledger, moment) for moment in reading.moments_of_dearest),
        failures=failures_of(ledger, failed),
        reasons=_reasons(reading),
        unrouted=reading.unrouted,
        firsts=firsts,
        warehouse=warehouse_first(firsts),
        unpriced=_unpriced(days),
    )


def _lines(groups: dict[str, list[Day]], reading: Reading, span: Span) -> tuple[Line, ...]:
    lines = []
    for name, days in groups.items():
        trend = [0] * span.steps
        for day in days:
            trend[span.step(day.day)] += day.calls
        speed = speed_of(reading.groups.get(name, ()))
        lines.append(Line(name, add_up(days), speed, tuple(trend)))
    return tuple(
        sorted(lines, key=lambda line: (-line.figures.cost_nano, -line.figures.calls, line.name))
    )


def _daily(days: Sequence[Day]) -> tuple[tuple[str, int, int], ...]:
    cost: dict[str, int] = defaultdict(int)
    calls: dict[str, int] = defaultdict(int)
    for day in days:
        cost[day.day] += day.cost_nano
        calls[day.day] += day.calls
    return tuple((day, cost[day], calls[day]) for day in sorted(calls))


def _dear(ledger: Ledger, moment: int) -> Dear:
    row = call_at(ledger, moment) or {}
    when = datetime.fromtimestamp(moment / 1e9, UTC).isoformat(" ", "minutes")[:16]
    return Dear(
        str(row.get("id", "")),
        when,
        row.get("cost_nano") or 0,
        str(row.get("task") or ""),
        (str(row.get("provider")), str(row.get("model"))),
        row.get("tokens_in"),
        row.get("tokens_out"),
        bool(row.get("simulated")),
    )


def _reasons(reading: Reading) -> tuple[Reason, ...]:
    counts: dict[tuple[str, Place], list[int]] = defaultdict(lambda: [0, 0])
    for (_, choice), path in reading.paths.items():
        count = counts[choice.why, choice.first]
        count[0] += path.calls
        count[1] += path.moved
    found = [Reason(*key, *count) for key, count in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.calls, one.why, one.first)))


def _unpriced(days: Sequence[Day]) -> tuple[Unpriced, ...]:
    counts: dict[tuple[Place, bool], int] = defaultdict(int)
    for day in days:
        if day.unpriced:
            counts[(day.provider, day.model), bool(day.simulated)] += day.unpriced
    found = [Unpriced(place, calls, simulated) for (place, simulated), calls in counts.items()]
    return tuple(sorted(found, key=lambda one: (one.simulated, -one.calls, one.place)))


def _today(now: float) -> date:
    return datetime.fromtimestamp(now, UTC).date()
