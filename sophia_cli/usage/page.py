"""The report as one HTML page: opens offline, runs no script, light or dark as the reader's machine is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sophia_cli import __version__
from sophia_cli.counted import counted
from sophia_cli.llm.money import dollars
from sophia_cli.usage.figures import Figures, Speed
from sophia_cli.usage.firsts import First
from sophia_cli.usage.forecast import Runway
from sophia_cli.usage.report import Line, Report
from sophia_cli.usage.routes import Place
from sophia_cli.usage.words import in_bytes, in_seconds, share, short
from sophia_cli.webpage import as_html as _text
from sophia_cli.webpage import web_page

MARK = "sophia usage report"
_WIDTH, _HEIGHT, _LEFT, _BELOW = 900, 190, 60, 22  # of the chart, in its own units
_SPARK = (100, 20)
_TAG = '<span class="tag">simulated</span>'

Cell = tuple[str, bool]  # HTML, and whether it is a number


def make_html(report: Report) -> str:
    """Every word of the user's is escaped."""
    body = [
        "<h1>LLM usage</h1>",
        f'<p class="soft">{_text(str(report.span))}, by {report.by}; sophia {__version__}</p>',
        *_head(report),
        *_chart(report),
        *_budgets(report.runways),
        *_lines(report),
        *_firsts(report),
        *_dearest(report),
        *_failures(report),
        *_reasons(report),
        *_unpriced(report),
    ]
    return web_page("usage-report", "LLM usage", body)


def _head(report: Report) -> Iterable[str]:
    total, forecast = report.total, report.forecast
    figures = (
        ("unknown" if total.is_unknown else dollars(total.cost_nano), "spent"),
        (counted(total.calls, "call"), f"{report.simulated.calls:,} simulated"),
        (share(total.answered, total.asked), "answered"),
        (
            "unknown" if total.is_unknown else dollars(forecast.total),
            f"forecast for {forecast.month}",
        ),
        (dollars(total.saved_nano), f"saved by the cache, {counted(total.cached, 'hit')}"),
        *([(dollars(total.routed_nano), "saved by routes by price")] if total.routed_nano else ()),
        (in_bytes(total.kept_local), "kept in the warehouse"),
    )
    yield '<ul class="figures">'
    for figure, words in figures:
        yield f'<li><b>{_text(figure)}</b><span class="soft">{_text(words)}</span></li>'
    yield "</ul>"


def _chart(report: Report) -> Iterable[str]:
    """A bar a day, with the spend and the calls of the day as its title."""
    if not report.daily:
        return
    span, most = report.span, max(nano for _, nano, _ in report.daily)
    values = {day: (nano, calls) for day, nano, calls in report.daily}
    height, room = _HEIGHT - _BELOW - 10, _WIDTH - _LEFT
    step = room / span.days
    yield f'<figure><figcaption>USD a day</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
    yield ' aria-label="spend of each day">'
    yield f'<line x1="{_LEFT}" y1="10" x2="{_WIDTH}" y2="10"/>'
    yield f'<line x1="{_LEFT}" y1="{10 + height}" x2="{_WIDTH}" y2="{10 + height}"/>'
    yield f'<text x="{_LEFT - 6}" y="14" text-anchor="end">{_text(dollars(most))}</text>'
    yield f'<text x="{_LEFT - 6}" y="{14 + height}" text-anchor="end">$0</text>'
    for day in sorted(values):
        nano, calls = values[day]
        number = (type(span.first).fromisoformat(day) - span.first).days
        tall = height * nano / most if most else 0
        place = f'x="{_LEFT + number * step:.2f}" y="{10 + height - tall:.2f}"'
        size = f'width="{max(step * 0.82, 0.5):.2f}" height="{tall:.2f}"'
        title = _text(f"{day}: {dollars(nano)} in {counted(calls, 'call')}")
        yield f"<rect {place} {size}><title>{title}</title></rect>"
    for end, left, anchor in ((span.first, _LEFT, "start"), (span.last, _WIDTH, "end")):
        yield f'<text x="{left}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{end}</text>'
    yield "</svg></figure>"


def _table(heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[Cell]]) -> Iterable[str]:
    yield '<div class="scroll"><table><thead><tr>'
    for words, number in heads:
        yield f'<th scope="col"{_number(number)}>{_text(words)}</th>'
    yield "</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(f'<td{_number(number)}>{cell}</td>' for cell, number in row)}</tr>"
    yield "</tbody></table></div>"


def _number(number: bool) -> str:
    return ' class="number"' if number else ""


def _budgets(runways: Sequence[Runway]) -> Iterable[str]:
    if not runways:
        return
    yield "<h2>Budgets</h2>"
    heads = (("budget", False), ("used", True), ("limit", True), ("", False), ("", False))
    rows = []
    for one in runways:
        account = one.account
        width = min(max(account.share, 0), 1) * 100
        style = "bad" if account.share >= 1 else "warn" if one.ends else "good"
        bar = f'<div class="bar"><i class="{style}" style="width:{width:.1f}%"></i></div>'
        rows.append(
            (
                (_text(account.name), False),
                (dollars(account.used), True),
                (dollars(account.budget.limit_nano), True),
                (bar, False),
                (_text(one.words), False),
            )
        )
    yield from _table(heads, rows)


def _lines(report: Report) -> Iterable[str]:
    heads = [(str(report.by), False), ("calls", True), ("answered", True), ("tokens in", True)]
    heads += [("out", True), ("USD", True), ("USD/1k ok", True), ("p50", True), ("p95", True)]
    heads += [("p99", True), ("n", True), ("calls over time", False)]
    yield f"<h2>By {report.by}</h2>"
    yield from _table(heads, map(_line, report.lines))


def _line(line: Line) -> Sequence[Cell]:
    figures, speed = line.figures, line.speed
    per = figures.per_thousand_nano
    return (
        (f"{_text(line.name)} {_TAG if figures.simulated else ''}", False),
        (f"{figures.calls:,}", True),
        (share(figures.answered, figures.asked), True),
        (short(figures.tokens_in), True),
        (short(figures.tokens_out), True),
        (_money(figures), True),
        ("-" if per is None else dollars(per), True),
        *((in_seconds(one), True) for one in (speed.p50, speed.p95, speed.p99)),
        (f"{speed.n:,}", True),
        (_spark(line.trend), False),
    )


def _money(figures: Figures) -> str:
    unpriced = f"{figures.unpriced:,} unpriced"
    if figures.is_unknown:
        return unpriced
    return dollars(figures.cost_nano) + (f" + {unpriced}" if figures.unpriced else "")


def _spark(values: Sequence[int]) -> str:
    width, height = _SPARK
    most, step = max(values, default=0) or 1, width / max(len(values) - 1, 1)
    places = [
        (number * step, height - 1 - (height - 2) * value / most)
        for number, value in enumerate(values)
    ]
    if len(places) == 1:
        places.append((width, places[0][1]))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        f'aria-label="{sum(values):,} calls"><polyline points="{points}"/></svg>'
    )


def _firsts(report: Report) -> Iterable[str]:
    shown = [one for one in report.firsts if one.then and one.ok]
    if not shown:
        return
    yield "<h2>The first choice of each task, and what the next would have been</h2>"
    heads = (
        *((name, False) for name in ("task", "first choice")),
        *((name, True) for name in ("answers", "USD", "p50 / p95")),
        ("next", False),
        *((name, True) for name in ("USD at today's prices", "p50 / p95", "difference")),
    )
    yield from _table(heads, map(_first, shown))
    if report.warehouse:
        one = report.warehouse
        what = "more than" if one.difference > 0 else "less than"
        yield (
            f"<p>Warehouse first: {dollars(abs(one.difference))} {what} the next choice, in "
            f"{one.compared:,} of {counted(one.calls, 'answer')} that can be compared; "
            f"{in_bytes(one.kept_local)} stayed in the warehouse.</p>"
        )


def _first(one: First) -> Sequence[Cell]:
    difference = one.difference
    return (
        (_text(one.task or "(no task)"), False),
        (_place(one.first), False),
        (f"{one.ok:,}", True),
        (dollars(one.first_nano), True),
        (_speeds(one.first_speed), True),
        (_place(one.then) if one.then else "", False),
        (_text(one.unknown) if one.then_nano is None else dollars(one.then_nano), True),
        (_speeds(one.then_speed), True),
        ("-" if difference is None else dollars(difference), True),
    )


def _speeds(speed: Speed) -> str:
    if speed.p50 is None:
        return f"unknown (n {speed.n})"
    return f"{in_seconds(speed.p50)} / {in_seconds(speed.p95)}"


def _dearest(report: Report) -> Iterable[str]:
    if not report.dearest:
        return
    yield "<h2>Dearest calls</h2>"
    heads = [("id", False), ("USD", True), ("when (UTC)", False), ("task", False)]
    heads += [("model", False), ("tokens in", True), ("out", True)]
    yield from _table(
        heads,
        (
            (
                (f"<code>{_text(one.id)}</code>", False),
                (dollars(one.cost_nano), True),
                (one.when, False),
                (_text(one.task), False),
                (f"{_place(one.place)} {_TAG if one.simulated else ''}", False),
                *(
                    ("?" if count is None else f"{count:,}", True)
                    for count in (one.tokens_in, one.tokens_out)
                ),
            )
            for one in report.dearest
        ),
    )


def _failures(report: Report) -> Iterable[str]:
    if not report.failures:
        return
    yield "<h2>Failures</h2>"
    heads = [("kind", False), ("provider", False), ("calls", True), ("requests", True)]
    heads += [("answered after all", False), ("last", False), ("what was said", False)]
    yield from _table(
        heads,
        (
            (
                (_text(one.kind.replace("_", " ")), False),
                (_text(one.provider), False),
                (f"{one.calls:,}", True),
                (f"{one.requests:,}", True),
                (_text(", ".join(f"{count:,} by {name}" for name, count in one.answered)), False),
                (f"<code>{_text(one.example)}</code> {one.when}", False),
                (_text(one.said[:300]), False),
            )
            for one in report.failures
        ),
    )


def _reasons(report: Report) -> Iterable[str]:
    if not report.reasons:
        return
    yield "<h2>Why routed there</h2>"
    heads = (("reason", False), ("calls", True), ("first to be asked", False), ("moved on", True))
    yield from _table(
        heads,
        (
            (
                (_text(one.why), False),
                (f"{one.calls:,}", True),
                (_place(one.first), False),
                (f"{one.moved:,}", True),
            )
            for one in report.reasons
        ),
    )


def _unpriced(report: Report) -> Iterable[str]:
    if not report.unpriced:
        return
    yield "<h2>Unpriced</h2><p class='soft'>What these cost is in no figure above.</p>"
    yield from _table(
        (("model", False), ("calls", True)),
        (
            (
                (f"{_place(one.place)} {_TAG if one.simulated else ''}", False),
                (f"{one.calls:,}", True),
            )
            for one in report.unpriced
        ),
    )


def _place(place: Place) -> str:
    return _text("/".join(filter(None, place)))
