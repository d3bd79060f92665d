"""Alerts about budgets: the shares at which each warns, and where it will be at its period's end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sophia_cli.llm.budgets.budget import DAY, Budget
from sophia_cli.llm.metrics import families
from sophia_cli.metrics.alerts.alert import (
    CRITICAL,
    INFO,
    WARNING,
    Alert,
    Case,
    literal,
    percent,
    selector,
)
from sophia_cli.metrics.alerts.targets import Targets

_FOREVER = 4_000_000_000  # seconds: later than any test
_PERIOD = 28_800  # seconds of a made-up day or month
_EARLY = 0.1  # part of a period in which no forecast is made


def alerts_about_money(targets: Targets) -> Iterator[Alert]:
    """One for each share at which budgets warn, and a forecast for days and for months."""
    by_shares: dict[tuple[float, ...], list[Budget]] = defaultdict(list)
    by_period: dict[str, list[Budget]] = defaultdict(list)
    for budget in targets.budgets:
        by_shares[budget.warn].append(budget)
        by_period[budget.per].append(budget)
    shares: dict[tuple[float, float], list[Budget]] = defaultdict(list)
    for warn, budgets in by_shares.items():
        for share, following in zip(warn, (*warn[1:], 0.0), strict=True):
            shares[share, following] += budgets
    for (share, following), budgets in sorted(shares.items()):
        yield _used(budgets, share, following)
    for per, budgets in sorted(by_period.items()):
        yield _forecast(budgets, per)


def _about(budgets: Iterable[Budget]) -> str:
    """A pattern of the accounts of these budgets."""
    names = (
        literal(one.name) + ("/.*" if one.each and one.each != "user" else "") for one in budgets
    )
    return f"~{'|'.join(names)}"


def _account(budget: Budget) -> str:
    return f"{budget.name}/x" if budget.each and budget.each != "user" else budget.name


def _highest(figure: str) -> str:
    return f"max by (budget) ({figure})"


def _share_of(pattern: str) -> str:
    spent, unknown, limit = (
        selector(family.name, budget=pattern)
        for family in (families.BUDGET_SPENT, families.BUDGET_UNKNOWN, families.BUDGET_LIMIT)
    )
    return f"{_highest(f'{spent} + {unknown}')} / {_highest(limit)}"


def _open(pattern: str) -> str:
    """Whether the period still runs: figures of one that is over are of no use."""
    return f"{_highest(selector(families.PERIOD_END.name, budget=pattern))} > time()"


def _samples(budget: Budget, share: float, end: int) -> dict[str, str]:
    limit = budget.limit_nano / 1e9
    figures = {
        families.BUDGET_LIMIT: limit,
        families.BUDGET_SPENT: limit * share,
        families.BUDGET_UNKNOWN: 0,
        families.PERIOD_START: 0,
        families.PERIOD_END: end,
    }
    return {
        selector(family.name, budget=_account(budget)): f"{figure:.12g}x600"
        for family, figure in figures.items()
    }


def _used(budgets: list[Budget], share: float, following: float) -> Alert:
    pattern, first = _about(budgets), budgets[0]
    used = f"{_share_of(pattern)} >= {share:g}"
    part = f"({used}) < {following:g}" if following else used
    number = f"{share * 100:g}".replace(".", "_")
    above, below = share * 1.01, share * 0.99
    return Alert(
        name=f"SophiaBudget{number}"
        + (f"To{following * 100:g}".replace(".", "_") if following else ""),
        expr=f"{part}\nand {_open(pattern)}",
        wait="0m",
        severity=CRITICAL if share >= 1 else WARNING if share >= 0.8 else INFO,
        summary="Budget {{ $labels.budget }} is {{ $value | humanizePercentage }} used",
        description=f"It warns at {percent(share)} of its limit (`warn` in [budgets]).",
        runbook="sophia llm budgets",
        board="sophia-cost",
        fires=Case(
            _samples(first, above, _FOREVER),
            10,
            f"Budget {_account(first)} is {percent(above)} used",
            {"budget": _account(first)},
        ),
        quiet=Case(_samples(first, below, _FOREVER), 10),
    )


def _forecast(budgets: list[Budget], per: str) -> Alert:
    pattern, first = _about(budgets), budgets[0]
    start, end = (
        _highest(selector(family.name, budget=pattern))
        for family in (families.PERIOD_START, families.PERIOD_END)
    )
    used, gone = _share_of(pattern), f"((time() - {start}) / ({end} - {start}))"
    samples = _samples(first, 0.5, _PERIOD)
    return Alert(
        name=f"SophiaBudgetForecast{per.capitalize()}",
        expr=(
            f"{used} / {gone} > 1\n"
            f"and {used} < 1\n"
            f"and {gone} > {_EARLY:g}\n"
            f"and {_open(pattern)}"
        ),
        wait="15m" if per == DAY else "1h",
        severity=WARNING,
        summary=(
            "Budget {{ $labels.budget }} is heading for {{ $value | humanizePercentage }} of its limit"
        ),
        description=f"At the pace of this {per} so far it will not last to the {per}'s end.",
        runbook="sophia usage",
        board="sophia-cost",
        fires=Case(
            samples,
            _PERIOD // 60 // 4,
            f"Budget {_account(first)} is heading for 200% of its limit",
            {"budget": _account(first)},
        ),
        quiet=Case(samples, 30),
    )
