"""How `sophia usage` shows its report: the figures first, then what to look at."""

from __future__ import annotations

from collections.abc import Iterable

from sophia_cli.counted import counted
from sophia_cli.llm.money import dollars
from sophia_cli.output import Output, format_table
from sophia_cli.usage.failures import Failure
from sophia_cli.usage.figures import Figures, Speed
from sophia_cli.usage.firsts import FEW, UNPRICED, First, Warehouse
from sophia_cli.usage.forecast import Forecast, Runway
from sophia_cli.usage.groups import NONE
from sophia_cli.usage.report import Line, Report
from sophia_cli.usage.routes import Place
from sophia_cli.usage.words import (
    cut,
    in_bytes,
    in_seconds,
    plain,
    share,
    short,
    spark,
)

_BAR = 20
_NAME = 26  # characters of a name in the table
_MOST = 12  # rows of each list; `--json` and `--html` have all
SIMULATED = "simulated"


def show_report(output: Output, report: Report) -> None:
    """All of it, in 80 columns."""
    _show_head(output, report)
    _show_lines(output, report)
    if not report.total.calls:
        output.line('Next:  sophia usage --since 90d, or  sophia llm ask "hello"')
        return
    _show_sums(output, report)
    _show_firsts(output, report)
    _show_dearest(output, report)
    _show_failures(output, report.failures)
    _show_reasons(output, report)
    output.line()
    output.line("One call:  sophia usage show ID      As a page:  sophia usage --html usage.html")
    output.line("What to change:  sophia usage advise")
    output.line("What if:  sophia usage replay --rules new.toml")


def _show_head(output: Output, report: Report) -> None:
    total = report.total
    simulated = report.simulated
    if not total.calls:
        output.line(f"No call in {report.span}.")
    else:
        answered = f"{share(total.answered, total.asked)} answered"
        made_up = f" ({counted(simulated.calls, 'call')} simulated)" if simulated.calls else ""
        spent = "Unknown cost" if total.is_unknown else dollars(total.cost_nano)
        money = f"{spent} in {counted(total.calls, 'call')}{made_up}"
        output.text(f"{money}, {answered}; {report.span}")
    if total.is_unknown:
        output.line(f"{report.forecast.month}: no forecast, for no call has a price")
    else:
        output.text(_forecast(report.forecast, report.runways))
    width = max((len(_budget(one)) for one in report.runways), default=0)
    for one in report.runways:
        _show_budget(output, one, width)


def _forecast(forecast: Forecast, runways: Iterable[Runway]) -> str:
    limits = [
        one.account.budget.limit_nano
        for one in runways
        if one.account.budget.per == "month"
        and not (one.account.budget.match or one.account.budget.each)
    ]
    of = f" of {dollars(min(limits))}" if limits else ""
    days = "day" if forecast.days < 1.5 else f"{forecast.days:.0f} days"
    return (
        f"{forecast.month}: {dollars(forecast.spent)} so far, forecast {dollars(forecast.total)}{of} "
        f"at the pace of the last {days} ({dollars(forecast.pace)} a day)"
    )


def _budget(one: Runway) -> str:
    return cut(plain(one.account.name), 16)


def _show_budget(output: Output, one: Runway, width: int) -> None:
    account = one.account
    full = _BAR if account.share >= 1 else min(int(account.share * _BAR), _BAR - 1)
    bar = "█" * full + "░" * (_BAR - full)
    money = f"{dollars(account.used)} of {dollars(account.budget.limit_nano)}"
    output.text(f"budget {_budget(one):<{width}}  {bar}  {money}, {one.words}", indent=2)


def _show_lines(output: Output, report: Report) -> None:
    if not report.lines:
        return
    header = (str(report.by), "calls", "   ok", "     in/out", "USD", "$/1k ok")
    shown = report.lines[:_MOST]
    heading, *lines = format_table(header, [_cells(line) for line in shown])
    output.line()
    output.line(heading)
    for text, line in zip(lines, shown, strict=True):
        output.line(text)
        mark = f"  {SIMULATED}" if line.figures.simulated else ""
        output.line(f"    {spark(line.trend)}  {line.speed.words}{mark}")
    _show_rest(output, len(report.lines), "row")


def _cells(line: Line) -> tuple[object, ...]:
    figures = line.figures
    tokens = f"{short(figures.tokens_in)}/{short(figures.tokens_out)}"
    answered = share(figures.answered, figures.asked).rjust(6)
    per = figures.per_thousand_nano
    return (
        cut(plain(line.name), _NAME),
        figures.calls,
        answered,
        tokens.rjust(11),
        _usd(figures),
        "-" if per is None else dollars(per),
    )


def _usd(figures: Figures) -> str:
    return "unpriced" if figures.is_unknown else dollars(figures.cost_nano)


def _show_rest(output: Output, count: int, noun: str) -> None:
    if count > _MOST:
        output.line(f"  ... {counted(count - _MOST, f'more {noun}')}, with --json or --html")


def _show_sums(output: Output, report: Report) -> None:
    total = report.total
    output.line()
    output.line(
        f"  kept in the warehouse {in_bytes(total.kept_local)}   "
        f"cache saved {dollars(total.saved_nano)} (by {counted(total.cached, 'hit')})"
    )
    if total.routed_nano:
        money = dollars(total.routed_nano)
        output.text(f"routes by price saved {money} against their first as written", indent=2)
    for one in report.unpriced:
        what = SIMULATED if one.simulated else f'add [prices."{_at(one.place)}"] to sophia.toml'
        output.text(f"unpriced {counted(one.calls, 'call')} of {_at(one.place)}, {what}", indent=2)


def _show_firsts(output: Output, report: Report) -> None:
    shown = [one for one in report.firsts if one.then and one.ok][:_MOST]
    if not shown:
        return
    output.line()
    rows = [row for one in shown for row in _first(one)]
    header = ("task", "first choice, the next", "USD", "   p50", "   p95", "      n")
    output.table(header, rows)
    if any(not one.then_of for one in shown):
        output.text(f"no speed: fewer than {FEW} answers to go by", indent=2)
    if report.warehouse:
        output.text(_warehouse(report.warehouse), indent=2)


def _first(one: First) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the first took for its priced answers; below it what the next would have taken for them."""
    assert one.then is not None  # narrows the type
    name = cut(plain(one.task) or NONE, 16)
    money = "-" if one.then_nano is None else dollars(one.then_nano)
    if one.unknown == UNPRICED:
        money = UNPRICED
    took = dollars(one.first_nano) if one.priced else UNPRICED
    return (
        (name, cut(_at(one.first), 24), took, *_speed(one.first_speed)),
        ("", cut(_at(one.then), 24), money, *_speed(one.then_speed)),
    )


def _speed(speed: Speed) -> tuple[str, str, str]:
    p50, p95 = (in_seconds(value).rjust(6) for value in (speed.p50, speed.p95))
    return p50, p95, f"{speed.n:,}".rjust(7)


def _warehouse(one: Warehouse) -> str:
    kept = f"{in_bytes(one.kept_local)} of its answers stayed in the warehouse"
    if not one.compared:
        return f"warehouse first: what it pays is not known (no price to compare); {kept}"
    what = "cost" if one.difference > 0 else "saved"
    money = f"{what} {dollars(abs(one.difference))}" if one.difference else "cost the same,"
    beside = f"against the next choice in {one.compared:,} of {counted(one.calls, 'answer')}"
    return f"warehouse first: {money} {beside}; {kept}"


def _show_dearest(output: Output, report: Report) -> None:
    if not report.dearest:
        return
    output.line()
    output.line("  dearest")
    rows = [
        (
            one.id,
            dollars(one.cost_nano),
            one.task or "-",
            f"{_count(one.tokens_in)}/{_count(one.tokens_out)}",
            f"{_at(one.place)}{' ' + SIMULATED if one.simulated else ''}",
        )
        for one in report.dearest
    ]
    output.table(("", "", "", "", ""), rows, indent=4)


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else short(tokens)


def _show_failures(output: Output, failures: tuple[Failure, ...]) -> None:
    if not failures:
        return
    output.line()
    output.line("  failures")
    for one in failures[:_MOST]:
        output.text(_failure(one), indent=4)
    _show_rest(output, len(failures), "kind")


def _failure(one: Failure) -> str:
    kind = one.kind.replace("_", " ") or "unknown"
    where = f" at {one.provider}" if one.provider else ""
    calls = counted(one.calls, "call")
    count = (
        f"{calls} not sent" if not one.requests else f"{calls} ({counted(one.requests, 'request')})"
    )
    ends = [f"{number:,} answered by {name}" for name, number in one.answered]
    lost = one.calls - sum(number for _, number in one.answered)
    ends += [f"{lost:,} without an answer"] if lost else []
    said = f': "{cut(one.said, 120)}"' if one.said else ""
    return f"{kind}{where}, {count}: {', '.join(ends)}; last {one.example} {one.when}{said}"


def _show_reasons(output: Output, report: Report) -> None:
    if not report.reasons:
        return
    output.line()
    output.line("  why routed there")
    rows = [
        (
            cut(plain(one.why), 30),
            one.calls,
            cut(_at(one.first), 26),
            f"{one.moved:,} moved on" if one.moved else "",
        )
        for one in report.reasons[:_MOST]
    ]
    output.table(("", "", "", ""), rows, indent=4)
    _show_rest(output, len(report.reasons), "reason")
    if report.unrouted:
        output.line(f"    {counted(report.unrouted, 'call')} had nobody to ask, or tell no route")


def _at(place: Place) -> str:
    return "/".join(filter(None, map(plain, place))) or "(nobody)"
