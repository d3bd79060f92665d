"""The report's table as CSV: one row a group, figures as they are."""

from __future__ import annotations

import csv
import io

from sophia_cli.usage.report import Line, Report

_COLUMNS = (
    "calls",
    "ok",
    "cached",
    "failed",
    "cancelled",
    "unpriced",
    "tokens_in",
    "tokens_out",
    "cost_nano",
    "saved_nano",
    "routed_nano",
    "kept_local",
    "simulated",
)
_ADDED = ("cost_usd", "usd_per_1k_ok", "n", "p50_seconds", "p95_seconds", "p99_seconds")
MARK = ",".join((*_COLUMNS, *_ADDED))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def make_csv(report: Report) -> str:
    """A header and the rows; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("since", "until", str(report.by), *_COLUMNS, *_ADDED))
    span = (report.span.first, report.span.last)
    for line in report.lines:
        writer.writerow((*span, _harmless(line.name), *_cells(line)))
    return text.getvalue()


def _cells(line: Line) -> list[object]:
    figures, speed = line.figures, line.speed
    per = figures.per_thousand_nano
    added = (
        _usd(figures.cost_nano),
        "" if per is None else _usd(per),
        speed.n,
        *("" if one is None else one for one in (speed.p50, speed.p95, speed.p99)),
    )
    return [*(getattr(figures, name) for name in _COLUMNS), *added]


def _usd(nano: int) -> str:
    """Exact: no float between the ledger and the spreadsheet."""
    sign, nano = ("-", -nano) if nano < 0 else ("", nano)
    whole, rest = divmod(nano, 10**9)
    return f"{sign}{whole}.{rest:09}"


def _harmless(name: str) -> str:
    """A name that a spreadsheet would take for a formula stays text."""
    return f"'{name}" if name.startswith(_FORMULA) else name
