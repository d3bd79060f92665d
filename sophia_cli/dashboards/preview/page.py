"""A board as one HTML page: nothing is loaded from anywhere, no script runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from sophia_cli.dashboards.model import Json, kind_of, name_of, number, table
from sophia_cli.dashboards.preview.chart import draw, spread
from sophia_cli.dashboards.preview.look import color_at, color_of, defaults, unit_of
from sophia_cli.dashboards.preview.read import Cells, Curve, Shown
from sophia_cli.dashboards.preview.span import Span
from sophia_cli.dashboards.preview.units import shown

WIDTH = 1240  # pixels of the whole
LABEL = "preview, not Grafana"
_ROW, _GAP, _EDGE, _TITLE, _LINE = 30, 8, 16, 26, 18  # pixels
_HEAD = 74
_LETTER, _BOLD = 7.2, 8.0  # pixels that one takes of a table or a bar, at most
_STYLE = """
body{margin:0;background:#f4f5f5;color:#24292e;font:13px/1.4 "DejaVu Sans",Helvetica,Arial,sans-serif}
main{width:1240px;padding:16px;box-sizing:border-box;position:relative}
h1{font-size:19px;margin:0}header p{margin:3px 0 0;color:#555b61}
.label{float:right;border:1px solid #b0b4b8;border-radius:3px;padding:2px 8px;color:#555b61;background:#fff}
section{position:absolute;background:#fff;border:1px solid #e1e3e6;border-radius:3px;box-sizing:border-box;overflow:hidden}
section h3{font-size:13px;font-weight:600;margin:0;padding:5px 9px 0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
h2{position:absolute;font-size:14px;margin:0;padding-top:5px}
svg{display:block}svg text{font-size:10.5px;fill:#555b61}.g{stroke:#e8eaed;stroke-width:1}
.big{display:flex;align-items:center;justify-content:center;font-weight:600;white-space:nowrap}
.legend{padding:0 9px;font-size:11px;color:#555b61;line-height:18px;overflow:hidden}
.legend span{white-space:nowrap;margin-right:12px}.legend i{display:inline-block;width:11px;height:3px;margin-right:5px;vertical-align:middle}
table{border-collapse:collapse;width:100%}th{text-align:left;vertical-align:bottom;font-weight:600;color:#1f60c4}
th,td{padding:3px 9px;border-bottom:1px solid #eef0f1}td{white-space:nowrap}.n{text-align:right}
.none{display:flex;align-items:center;justify-content:center;color:#767b80}
.bar{display:flex;align-items:center;padding:0 9px;font-size:12px}.bar b{font-weight:400;flex:none;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bar u{flex:1;background:#eef0f1;height:16px;text-decoration:none}.bar u i{display:block;height:16px}.bar em{font-style:normal;font-weight:600;flex:none;text-align:right;white-space:nowrap}
"""


@dataclass(frozen=True)
class Page:
    """The text of a page, and how many pixels high it is."""

    text: str
    height: int


def page_of(
    board: Mapping[str, Any], panels: Iterable[Shown], span: Span, chosen: Mapping[str, str]
) -> Page:
    """Draw a board, each panel where its grid has it."""
    drawn, height = [], _HEAD
    for one in panels:
        place = table(one.panel.get("gridPos"))
        x, y, w, h = (max(int(number(place.get(key), 1)), 0) for key in "xywh")
        column = (WIDTH - 2 * _EDGE + _GAP) / 24
        box = (
            _EDGE + x * column,
            _HEAD + y * (_ROW + _GAP),
            w * column - _GAP,
            h * (_ROW + _GAP) - _GAP,
        )
        height = max(height, int(box[1] + box[3]))
        drawn.append(_box(one, span, *box))
    title = escape(str(board.get("title", "")))
    times = " to ".join(
        f"{datetime.fromtimestamp(at, UTC):%d %b %Y %H:%M}" for at in (span.start, span.end)
    )
    said = " · ".join(
        f"{name}: {'all' if value == '.*' else value}"
        for name, value in chosen.items()
        if name != "datasource"
    )
    head = (
        f'<header><span class="label">{LABEL}</span><h1>{title}</h1>'
        f"<p>{times} UTC{f' · {escape(said)}' if said else ''}</p></header>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    height += _EDGE
    text = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{title} ({LABEL})</title>'
        f'<style>{_STYLE}</style></head>\n<body><main style="height:{height}px">{head}\n'
        + "\n".join(drawn)
        + "\n</main></body></html>\n"
    )
    return Page(text, height)


def _box(one: Shown, span: Span, x: float, y: float, w: float, h: float) -> str:
    at = f"left:{x:.0f}px;top:{y:.0f}px;width:{w:.0f}px"
    title = escape(name_of(one.panel))
    if kind_of(one.panel) == "row":
        return f'<h2 style="{at}">{title}</h2>'
    words = escape(str(one.panel.get("description") or ""), quote=True)
    inside = _inside(one, span, w - 2, h - _TITLE - 2)
    return (
        f'<section style="{at};height:{h:.0f}px" title="{words}"><h3>{title}</h3>{inside}</section>'
    )


def _inside(one: Shown, span: Span, w: float, h: float) -> str:
    kind = kind_of(one.panel)
    if one.trouble:
        return _none(one.trouble, h)
    if one.cells is not None:
        return _rows(one.panel, one.cells, span, w, h) if one.cells.rows else _none("no data", h)
    curves = [curve for curve in one.curves if curve.points]
    if kind == "text":
        return _none(str(table(one.panel.get("options")).get("content") or ""), h)
    if not curves:
        return _none(str(defaults(one.panel).get("noValue") or "no data"), h)
    if kind == "heatmap":
        return spread(one.panel, curves, span, w, h - 4)
    if kind in ("stat", "gauge"):
        return _figures(one.panel, curves, span, w, h)
    if kind in ("bargauge", "piechart", "barchart"):
        return _bars(one.panel, curves, span, w, h)
    if kind == "timeseries":
        legend, lines = _legend(curves, w)
        return draw(one.panel, curves, span, w, h - lines * _LINE - 6) + legend
    return _none(f"a panel of kind `{kind}` is not drawn here", h)


def _none(words: str, h: float) -> str:
    return f'<div class="none" style="height:{h:.0f}px">{escape(words)}</div>'


def _figures(panel: Json, curves: Sequence[Curve], span: Span, w: float, h: float) -> str:
    unit, decimals = unit_of(panel)
    parts = []
    for curve in curves:
        value = curve.last or 0.0
        text = shown(value, unit, decimals, now=span.end)
        size = min(h * 0.5, w / len(curves) / max(len(text), 3) * 1.2, 42)
        colored = table(panel.get("options")).get("colorMode") in ("value", "background")
        color = f";color:{color_at(panel, value)}" if colored else ""
        parts.append(
            f'<div style="font-size:{size:.0f}px{color};margin:0 8px">{escape(text)}</div>'
        )
    return f'<div class="big" style="height:{h:.0f}px">{"".join(parts)}</div>'


def _bars(panel: Json, curves: Sequence[Curve], span: Span, w: float, h: float) -> str:
    unit, decimals = unit_of(panel)
    ordered = sorted(curves, key=lambda curve: -(curve.last or 0.0))
    fit = max(int((h - 6) / 24), 1)
    largest = max((curve.last or 0.0) for curve in curves)
    most = number(defaults(panel).get("max"), largest) or 1.0
    wide = min(max(len(curve.name) for curve in ordered[:fit]) * _LETTER + 14, w / 2)
    texts = [shown(curve.last or 0.0, unit, decimals, now=span.end) for curve in ordered[:fit]]
    tail = max(max(map(len, texts)) * _BOLD + 10, w * 0.16)  # beside all bars, which end alike
    tall = min((h - 6) / min(len(ordered), fit), 40)
    parts = []
    for curve, text in zip(ordered, texts, strict=False):
        value = curve.last or 0.0
        share = min(max(value / most, 0), 1) * 100
        parts.append(
            f'<div class="bar" style="height:{tall:.0f}px">'
            f'<b style="width:{wide:.0f}px">{escape(curve.name)}</b><u>'
            f'<i style="width:{share:.1f}%;background:{color_at(panel, value)}"></i></u>'
            f'<em style="width:{tail:.0f}px">{escape(text)}</em></div>'
        )
    return "".join(parts)


def _legend(curves: Sequence[Curve], w: float) -> tuple[str, int]:
    """The names of the curves on at most three lines, and how many lines they are."""
    parts, used, lines = [], 0.0, 1
    for place, curve in enumerate(curves):
        need = len(curve.name) * 6.6 + 30
        if used and used + need > w - 18:
            used, lines = 0.0, lines + 1
        if lines > 3:
            parts.append(f"<span>and {len(curves) - place} more</span>")
            lines = 3
            break
        used += need
        color = color_of(curve.name, place)
        parts.append(f'<span><i style="background:{color}"></i>{escape(curve.name)}</span>')
    return f'<div class="legend" style="height:{lines * _LINE}px">{"".join(parts)}</div>', lines


def _rows(panel: Json, cells: Cells, span: Span, w: float, h: float) -> str:
    header, columns = cells.header, range(len(cells.header))
    numeric = [any(isinstance(row[at], float) for row in cells.rows) for at in columns]
    texts = [[_cell(panel, name, row[at], span) for at, name in enumerate(header)] for row in cells.rows]  # fmt: skip
    widest = [max(len(row[at]) for row in texts) for at in columns]
    inner = sum(most * _LETTER + 18 for most in widest)
    outer = sum(max(len(name), most) * _LETTER + 18 for name, most in zip(header, widest, strict=True))  # fmt: skip
    size = 12 * min(1.0, max(w / inner, 0.6))
    # A header that finds no room takes another line.
    fit = max(int((h - (26 if outer <= max(w, inner) else 44)) / 24), 1)
    head = "".join(_tag("th", name, one) for name, one in zip(header, numeric, strict=True))
    parts = [
        "".join(_tag("td", text, one) for text, one in zip(row, numeric, strict=True))
        for row in texts[:fit]
    ]
    if len(texts) > fit:
        parts[-1] = f'<td colspan="{len(header)}">and {len(texts) - fit + 1} more</td>'
    rows = "".join(f"<tr>{part}</tr>" for part in parts)
    return f'<table style="font-size:{size:.1f}px"><tr>{head}</tr>{rows}</table>'


def _tag(name: str, text: str, numeric: bool) -> str:
    return f"<{name}{' class=n' if numeric else ''}>{escape(text)}</{name}>"


def _cell(panel: Json, name: str, value: Any, span: Span) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return shown(value, *unit_of(panel, name), now=span.end)
    return str(value) or "-"
