"""All metrics of a ledger, read out of its running totals: no row of a call is looked at.

Nothing is counted in process memory: whatever process made a call, every reader of the same ledger
says the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sophia_cli import __version__
from sophia_cli.llm.budgets.budget import DAY, Budget, windows_of
from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger.accounts import STATEMENTS, Statement
from sophia_cli.llm.ledger.record import CACHED
from sophia_cli.llm.ledger.schema import BUCKETS, COUNT
from sophia_cli.llm.metrics import families
from sophia_cli.llm.metrics.combinations import EXPECTED, TASKS, Combinations, combinations
from sophia_cli.llm.metrics.families import Family

MOST_MODELS = (
    100  # a model's name is free text in a vendor's client; the rest is counted as `other`
)
MOST_ACCOUNTS = 50  # of one budget for `each`: those of which most is used
OTHER = "other"
BOUNDS = (*(f"{bound:g}" for bound in BUCKETS), "+Inf")

Ask = Callable[[str, tuple[Any, ...]], list[tuple[Any, ...]]]
Labels = tuple[str, ...]


@dataclass(frozen=True)
class Spread:
    """A histogram's figures: calls up to each bound of BOUNDS, each with those before it, and their sum."""

    counts: tuple[int, ...]
    total: float


Reading = Mapping[Family, Mapping[Any, Any]]  # a float, or the Spread of a histogram

_TOTALS = """SELECT provider, model, route, task, outcome, error_kind, calls, unpriced, missed, tokens_in,
    tokens_out, tokens_cached, tokens_reasoning, cost_nano, saved_nano, kept_local, last_ns FROM totals
    WHERE provider != '' OR outcome != 'ok'"""
_ATTEMPTS = "SELECT provider, model, outcome, error_kind, attempts FROM attempt_totals"
_FALLBACKS = "SELECT origin, target, reason, fallbacks FROM fallback_totals"
_SPREADS = "SELECT provider, model, outcome, bucket, count, sum_us FROM histograms WHERE name = ?"


@dataclass(frozen=True)
class _Total:
    """A row of the totals, its model and task among those that are told apart."""

    provider: str
    model: str
    route: str
    task: str
    outcome: str
    kind: str
    calls: int
    unpriced: int
    missed: int
    tokens: tuple[int, int, int, int]
    cost: int
    saved: int
    kept_local: int
    last_ns: int


def read(ask: Ask, config: Config, now: float) -> Reading:
    """Every family with its series, by the labels' values; `now` in seconds since 1970.

    `ask` gives the rows of a query. Raises what it raises.
    """
    possible = combinations(config)
    rows = ask(_TOTALS, ())
    known = _known_models(rows, possible)
    totals = [_total(row, known) for row in rows]
    return {
        families.REQUESTS: _requests(totals, possible),
        families.ATTEMPTS: _attempts(ask(_ATTEMPTS, ()), known, possible),
        families.DURATION: _durations(ask(_SPREADS, ("duration",)), known, possible),
        families.FIRST_CHUNK: _first_chunks(ask(_SPREADS, ("first_chunk",)), known, possible),
        families.TOKENS: _tokens(totals, possible),
        families.COST: _cost(totals, possible),
        families.SAVED: _saved(totals),
        families.UNPRICED: _unpriced(totals, possible),
        families.LOOKUPS: _lookups(totals, config, possible),
        families.FALLBACKS: _fallbacks(ask(_FALLBACKS, ()), possible),
        families.KEPT_LOCAL: _kept_local(totals, possible),
        **_budgets(ask(STATEMENTS, windows_of(now)), config, now),
        families.LAST_SUCCESS: _last_success(totals),
        families.ROWS: {(): ask(COUNT, ())[0][0]},
        families.READABLE: {(): 1},
        families.BUILD: {(__version__,): 1},
    }


def unreadable() -> Reading:
    """What is said where another process keeps the ledger to itself."""
    return {families.READABLE: {(): 0}}


def _known_models(rows: Iterable[tuple[Any, ...]], possible: Combinations) -> frozenset[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row[1]] += row[6]
    kept = sorted(counts, key=lambda model: (-counts[model], model))[:MOST_MODELS]
    return frozenset(kept) | {model for _, model in possible.models}


def _total(row: tuple[Any, ...], known: frozenset[str]) -> _Total:
    provider, model, route, task, *rest = row
    outcome, kind, calls, unpriced, missed, *figures = rest
    return _Total(
        provider,
        model if model in known else OTHER,
        route,
        task if task in TASKS else OTHER,
        outcome,
        kind,
        calls,
        unpriced,
        missed,
        tuple(figures[:4]),
        *figures[4:],
    )


def _sums(zeros: Iterable[Labels], found: Iterable[tuple[Labels, float]]) -> dict[Labels, float]:
    sums: dict[Labels, float] = dict.fromkeys(zeros, 0)
    for labels, figure in found:
        sums[labels] = sums.get(labels, 0) + figure
    return sums


def _usd(nano: int) -> float:
    return nano / 1e9


def _requests(totals: list[_Total], possible: Combinations) -> Mapping[Labels, float]:
    ends = (("ok", ""), *(("error", kind) for kind in EXPECTED))
    zeros = ((*call, *end) for call in possible.calls for end in ends)
    found = (
        ((one.provider, one.model, one.route, one.task, one.outcome, one.kind), one.calls)
        for one in totals
    )
    return _sums(zeros, found)


def _attempts(
    rows: list[tuple[Any, ...]], known: frozenset[str], possible: Combinations
) -> Mapping[Labels, float]:
    ends = (("ok", ""), *(("error", kind) for kind in EXPECTED))
    zeros = ((*place, *end) for place in possible.models for end in ends)
    found = (
        ((provider, model if model in known else OTHER, outcome, kind), count)
        for provider, model, outcome, kind, count in rows
    )
    return _sums(zeros, found)


def _asked(totals: list[_Total]) -> Iterator[_Total]:
    """Those for which a provider was asked: an answer out of the cache has its figures as what was saved."""
    return (one for one in totals if one.outcome != CACHED)


def _tokens(totals: list[_Total], possible: Combinations) -> Mapping[Labels, float]:
    kinds = ("input", "output", "cached", "reasoning")
    zeros = ((*place, kind) for place in possible.models for kind in kinds)
    found = (
        ((one.provider, one.model, kind), count)
        for one in _asked(totals)
        for kind, count in zip(kinds, one.tokens, strict=True)
        if count
    )
    return _sums(zeros, found)


def _cost(totals: list[_Total], possible: Combinations) -> Mapping[Labels, float]:
    nano = _sums(
        possible.calls,
        (
            ((one.provider, one.model, one.route, one.task), one.cost)
            for one in _asked(totals)
            if one.cost
        ),
    )
    return {labels: _usd(int(cost)) for labels, cost in nano.items()}


def _saved(totals: list[_Total]) -> Mapping[Labels, float]:
    """By the cache, and by the order of candidates: an answer has the one or the other."""
    nano = {("cache",): 0, ("route",): 0}
    for one in totals:
        nano[("cache" if one.outcome == CACHED else "route",)] += one.saved
    return {labels: _usd(figure) for labels, figure in nano.items()}


def _unpriced(totals: list[_Total], possible: Combinations) -> Mapping[Labels, float]:
    found = (((one.provider, one.model), one.unpriced) for one in totals)
    return _sums(possible.models, found)


def _lookups(
    totals: list[_Total], config: Config, possible: Combinations
) -> Mapping[Labels, float]:
    cached = possible.providers if config.cache.tasks else ()
    zeros = ((provider, result) for provider in cached for result in ("hit", "miss"))
    hits = (((one.provider, "hit"), one.calls) for one in totals if one.outcome == CACHED)
    misses = (((one.provider, "miss"), one.missed) for one in totals if one.missed)
    return _sums(zeros, (*hits, *misses))


def _fallbacks(rows: list[tuple[Any, ...]], possible: Combinations) -> Mapping[Labels, float]:
    zeros = ((*pair, kind) for pair in possible.handovers for kind in EXPECTED)
    return _sums(zeros, (((origin, to, reason), count) for origin, to, reason, count in rows))


def _kept_local(totals: list[_Total], possible: Combinations) -> Mapping[Labels, float]:
    zeros = ((one[0], one[3]) for one in possible.calls if one[0] in possible.warehouses)
    found = (((one.provider, one.task), one.kept_local) for one in _asked(totals) if one.kept_local)
    return _sums(zeros, found)


def _durations(
    rows: list[tuple[Any, ...]], known: frozenset[str], possible: Combinations
) -> Mapping[Labels, Spread]:
    zeros = [(*place, outcome) for place in possible.models for outcome in ("ok", "error")]
    found = (
        ((provider, model if model in known else OTHER, outcome), bucket, count, took)
        for provider, model, outcome, bucket, count, took in rows
    )
    return _spreads(zeros, found)


def _first_chunks(
    rows: list[tuple[Any, ...]], known: frozenset[str], possible: Combinations
) -> Mapping[Labels, Spread]:
    found = (
        ((provider, model if model in known else OTHER), bucket, count, took)
        for provider, model, _, bucket, count, took in rows
    )
    return _spreads(possible.models, found)


def _spreads(
    zeros: Iterable[Labels], found: Iterable[tuple[Labels, int, int, int]]
) -> Mapping[Labels, Spread]:
    counts: dict[Labels, list[int]] = {labels: [0] * len(BOUNDS) for labels in zeros}
    took: dict[Labels, int] = defaultdict(int)
    for labels, bucket, count, microseconds in found:
        counts.setdefault(labels, [0] * len(BOUNDS))[bucket] += count
        took[labels] += microseconds
    return {
        labels: Spread(tuple(_running(each)), took[labels] / 1e6) for labels, each in counts.items()
    }


def _running(counts: list[int]) -> Iterator[int]:
    total = 0
    for count in counts:
        total += count
        yield total


def _last_success(totals: list[_Total]) -> Mapping[Labels, float]:
    latest: dict[Labels, float] = {}
    for one in totals:
        if one.last_ns:
            latest[(one.provider,)] = max(latest.get((one.provider,), 0), one.last_ns / 1e9)
    return latest


def _budgets(
    rows: list[tuple[Any, ...]], config: Config, now: float
) -> Mapping[Family, Mapping[Labels, float]]:
    """The accounts of the present day and month; a budget that nothing was spent of is there with 0."""
    found: dict[Family, dict[Labels, float]] = {
        family: {} for family in families.FAMILIES if family.labels == ("budget",)
    }
    statements = [Statement(*row) for row in rows]
    for budget in config.budgets:
        start, end = _period(budget, now)
        for name, account in _accounts(budget, statements, now):
            labels = (name,)
            found[families.BUDGET_LIMIT][labels] = _usd(budget.limit_nano)
            found[families.BUDGET_SPENT][labels] = _usd(account.spent)
            found[families.BUDGET_HELD][labels] = _usd(account.held)
            found[families.BUDGET_UNKNOWN][labels] = _usd(account.unknown)
            found[families.PERIOD_START][labels] = start
            found[families.PERIOD_END][labels] = end
    return found


def _accounts(
    budget: Budget, statements: list[Statement], now: float
) -> Iterator[tuple[str, Statement]]:
    """The accounts of a budget by name. Of one for each user it is the fullest alone: no label names a user."""
    own = [one for one in statements if budget.is_account(one.account, one.window, now)]
    own.sort(key=lambda one: -(one.spent + one.held + one.unknown))
    if budget.each != "user":
        yield from ((one.account[:100], one) for one in own[:MOST_ACCOUNTS])
    elif own:
        yield budget.name, own[0]
    if not own and (not budget.each or budget.each == "user"):
        yield budget.name, Statement(budget.name, "", budget.limit_nano, 0, 0, 0, 0, 0)


def _period(budget: Budget, now: float) -> tuple[float, float]:
    """When the present day or month of a budget begins and ends, in seconds since 1970."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if budget.per == DAY:
        start = day.timestamp()
        return start, start + 86_400
    first = day.replace(day=1)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first.timestamp(), following.timestamp()
