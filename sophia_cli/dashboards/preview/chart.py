"""Curves, stacked bars and spreads as SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from sophia_cli.dashboards.model import Json, table
from sophia_cli.dashboards.preview.axis import clock, marks
from sophia_cli.dashboards.preview.look import color_of, custom, steps_of, unit_of
from sophia_cli.dashboards.preview.read import Curve
from sophia_cli.dashboards.preview.span import Span
from sophia_cli.dashboards.preview.units import shown, shown_alike

_BOUND = re.compile(r"\+Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_BELOW, _ABOVE, _LETTER = 20, 8, 6.4  # pixels: under and over the axes, and a letter of a mark


@dataclass(frozen=True)
class Canvas:
    """Where things are drawn: pixels of the whole, the left margin, and the values at the edges."""

    width: float
    height: float
    left: float
    start: float
    end: float
    most: float

    def x(self, moment: float) -> float:
        return self.left + (moment - self.start) / (self.end - self.start) * (
            self.width - self.left - 6
        )

    def y(self, value: float) -> float:
        return _ABOVE + (1 - value / self.most) * (self.height - _ABOVE - _BELOW)


def draw(panel: Json, curves: Sequence[Curve], span: Span, width: float, height: float) -> str:
    """The SVG of a panel of curves, or of bars that stand upon each other."""
    unit, decimals = unit_of(panel)
    stacked = table(custom(panel).get("stacking")).get("mode") in ("normal", "percent")
    top = _highest(curves, stacked=stacked)
    values = marks(top, unit)
    texts = shown_alike(values, unit, decimals)
    left = max(map(len, texts)) * _LETTER + 10
    at = Canvas(width, height, left, *_edges(span), values[-1])
    parts = [*_grid(at, values, texts), *_hours(at)]
    if stacked:
        parts += _bars(at, curves, span.step)
    else:
        gap = float("inf") if custom(panel).get("spanNulls") else 1.5 * span.step
        parts += [_line(at, curve, place, gap) for place, curve in enumerate(curves)]
    parts += _limits(at, panel)
    return _svg(width, height, parts)


def _edges(span: Span) -> tuple[float, float]:
    start, end = span.moments
    return start - span.step / 2, end + span.step / 2


def _highest(curves: Sequence[Curve], *, stacked: bool) -> float:
    if not stacked:
        return max((value for curve in curves for _, value in curve.points), default=0)
    sums: dict[float, float] = {}
    for curve in curves:
        for moment, value in curve.points:
            sums[moment] = sums.get(moment, 0) + max(value, 0)
    return max(sums.values(), default=0)


def _grid(at: Canvas, values: Sequence[float], texts: Sequence[str]) -> list[str]:
    parts = []
    for value, text in zip(values, texts, strict=True):
        y = at.y(value)
        parts.append(
            f'<line class="g" x1="{at.left:.0f}" x2="{at.width:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(
            f'<text x="{at.left - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
        )
    return parts


def _hours(at: Canvas) -> list[str]:
    parts = []
    for moment, text in clock(at.start, at.end, int((at.width - at.left) / 62)):
        x = at.x(moment)
        if x > at.width - 18:
            continue
        parts.append(
            f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{_ABOVE}" y2="{at.height - _BELOW:.0f}"/>'
        )
        parts.append(
            f'<text x="{x:.1f}" y="{at.height - 5:.0f}" text-anchor="middle">{text}</text>'
        )
    return parts


def _line(at: Canvas, curve: Curve, place: int, gap: float) -> str:
    path: list[str] = []
    alone: list[str] = []
    before = float("-inf")
    for number, (moment, value) in enumerate(curve.points):
        begins = moment - before > gap or not path
        follows = (
            curve.points[number + 1][0] - moment <= gap if number + 1 < len(curve.points) else False
        )
        if begins and not follows:
            alone.append(f'<circle cx="{at.x(moment):.1f}" cy="{at.y(value):.1f}" r="1.6"/>')
        path.append(f"{'M' if begins else 'L'}{at.x(moment):.1f} {at.y(value):.1f}")
        before = moment
    color = color_of(curve.name, place)
    dots = f'<g fill="{color}">{"".join(alone)}</g>' if alone else ""
    name = f"<title>{escape(curve.name)}</title>"
    return f'<path d="{"".join(path)}" fill="none" stroke="{color}" stroke-width="1.6">{name}</path>{dots}'


def _bars(at: Canvas, curves: Sequence[Curve], step: float) -> list[str]:
    stood: dict[float, float] = {}
    wide = max(at.x(at.start + step) - at.left - 0.6, 0.8)
    parts = []
    for place, curve in enumerate(curves):
        path = []
        for moment, value in curve.points:
            if value <= 0:
                continue
            below = stood.get(moment, 0.0)
            stood[moment] = below + value
            top, foot = at.y(below + value), at.y(below)
            path.append(
                f"M{at.x(moment) - wide / 2:.1f} {top:.1f}h{wide:.1f}v{foot - top:.1f}h-{wide:.1f}z"
            )
        color = color_of(curve.name, place)
        parts.append(
            f'<path d="{"".join(path)}" fill="{color}"><title>{escape(curve.name)}</title></path>'
        )
    return parts


def _limits(at: Canvas, panel: Json) -> list[str]:
    """Thresholds as dashed lines, where they lie within what is drawn."""
    if table(custom(panel).get("thresholdsStyle")).get("mode") not in ("dashed", "line"):
        return []
    return [
        f'<line x1="{at.left:.0f}" x2="{at.width:.0f}" y1="{at.y(bound):.1f}" y2="{at.y(bound):.1f}"'
        f' stroke="{color}" stroke-dasharray="6 4"/>'
        for bound, color in steps_of(panel)
        if 0 < bound <= at.most
    ]


def spread(panel: Json, curves: Sequence[Curve], span: Span, width: float, height: float) -> str:
    """The SVG of a histogram over time: the darker a cell, the more fell into it."""
    rows = _buckets(curves)
    unit, _ = unit_of(panel)
    texts = [shown(bound, unit) if bound != float("inf") else "more" for bound, _ in rows]
    left = max((len(text) for text in texts), default=1) * _LETTER + 10
    at = Canvas(width, height, left, *_edges(span), float(max(len(rows), 1)))
    most = max((value for _, cells in rows for value in cells.values()), default=0)
    wide = at.x(at.start + span.step) - at.left + 0.3
    parts = _hours(at)
    every = max(round(len(rows) * 16 / max(height - _ABOVE - _BELOW, 1)), 1)
    for place, (text, (_, cells)) in enumerate(zip(texts, rows, strict=True)):
        top, foot = at.y(place + 1), at.y(place)
        if place % every == 0:
            parts.append(
                f'<text x="{left - 6:.0f}" y="{top + 9:.1f}" text-anchor="end">{escape(text)}</text>'
            )
        for moment, value in cells.items():
            if value > 0:
                deep = 0.12 + 0.88 * (value / most) ** 0.5
                parts.append(
                    f'<rect x="{at.x(moment) - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}"'
                    f' height="{foot - top - 0.5:.1f}" fill="#1F60C4" fill-opacity="{deep:.2f}"/>'
                )
    return _svg(width, height, parts)


def _buckets(curves: Sequence[Curve]) -> list[tuple[float, dict[float, float]]]:
    """Upper bound -> what fell into it at each moment, from the lowest that has any to the highest."""
    ordered = sorted(
        (
            (float(curve.name.replace("+Inf", "inf")), dict(curve.points))
            for curve in curves
            if _BOUND.fullmatch(curve.name)
        ),
        key=lambda one: one[0],
    )
    found, below = [], dict[float, float]()
    for bound, counts in ordered:
        found.append((bound, {at: count - below.get(at, 0.0) for at, count in counts.items()}))
        below = counts
    filled = [
        place
        for place, (_, cells) in enumerate(found)
        if any(value > 1e-9 for value in cells.values())
    ]
    return found[filled[0] : filled[-1] + 1] if filled else []


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img">{"".join(parts)}</svg>'
