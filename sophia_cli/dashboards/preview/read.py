"""What a board's panels show, read from a Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sophia_cli.dashboards.model import Json, all_panels, items, kind_of, table, targets
from sophia_cli.dashboards.preview.span import Span
from sophia_cli.dashboards.prometheus import Prometheus, Series
from sophia_cli.dashboards.promql import filled
from sophia_cli.errors import SophiaError

_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
NOT_NAMED = "no name"


@dataclass(frozen=True)
class Curve:
    """One series with the name that the legend gives it."""

    name: str
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float | None:
        return self.points[-1][1] if self.points else None


@dataclass(frozen=True)
class Cells:
    """A table: its columns, and its rows with a value or None in each."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Shown:
    """A panel with what was read for it; `trouble` is why nothing was."""

    panel: Json
    curves: tuple[Curve, ...] = ()
    cells: Cells | None = None
    trouble: str = ""


def read(
    board: Mapping[str, Any], server: Prometheus, span: Span, chosen: Mapping[str, str]
) -> Iterator[Shown]:
    """Each panel and each row heading. A query that is not taken is that panel's trouble.

    Raises SophiaError where the server cannot be reached.
    """
    values = {**chosen, **span.own()}
    for panel in all_panels(board):
        try:
            found = [
                (one, _ask(server, one, span, values)) for one in targets(panel) if one.get("expr")
            ]
        except SophiaError as error:
            if "does not take" not in error.message:
                raise
            yield Shown(panel, trouble=error.message)
            continue
        if kind_of(panel) == "table":
            yield Shown(panel, cells=_cells(panel, found))
        else:
            yield Shown(panel, tuple(_curves(found)))


def _ask(
    server: Prometheus, target: Json, span: Span, values: Mapping[str, str]
) -> tuple[Series, ...]:
    expr = filled(str(target["expr"]), values)
    if target.get("instant"):
        return server.at(expr, span.end)
    return server.between(expr, *span.moments, span.step)


def _curves(found: Sequence[tuple[Json, tuple[Series, ...]]]) -> Iterator[Curve]:
    for target, series in found:
        template = str(target.get("legendFormat") or "")
        for one in series:
            yield Curve(_name(template, one.labels), one.points)


def _name(template: str, labels: Mapping[str, str]) -> str:
    if template and template != "__auto":
        return _LABEL.sub(lambda found: labels.get(found[1], ""), template).strip() or NOT_NAMED
    told = ", ".join(
        f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__"
    )
    return told or labels.get("__name__", "Value")


def _cells(panel: Json, found: Sequence[tuple[Json, tuple[Series, ...]]]) -> Cells:
    """One row for each combination of labels, as Grafana's `merge` and `organize` make of it."""
    rows: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    names: dict[str, None] = {}
    for target, series in found:
        value = f"Value #{target.get('refId')}" if len(found) > 1 else "Value"
        for one in series:
            labels = {name: text for name, text in one.labels.items() if name != "__name__"}
            names.update(dict.fromkeys(labels))
            rows.setdefault(tuple(sorted(labels.items())), dict(labels))[value] = one.last
        names[value] = None
    organized: Mapping[str, Any] = {}
    for change in items(panel.get("transformations")):
        if change.get("id") == "organize":
            organized = table(change.get("options"))
    hidden, order = table(organized.get("excludeByName")), table(organized.get("indexByName"))
    renamed = table(organized.get("renameByName"))
    kept = sorted(
        (name for name in names if not hidden.get(name)), key=lambda name: order.get(name, 99)
    )
    header = tuple(str(renamed.get(name) or name) for name in kept)
    return _sorted(
        panel, Cells(header, tuple(tuple(row.get(name) for name in kept) for row in rows.values()))
    )


def _sorted(panel: Json, cells: Cells) -> Cells:
    for one in items(table(panel.get("options")).get("sortBy")):
        if one.get("displayName") in cells.header:
            place = cells.header.index(str(one["displayName"]))
            rows = sorted(
                cells.rows, key=lambda row: _order(row[place]), reverse=bool(one.get("desc"))
            )
            return Cells(cells.header, tuple(rows))
    return cells


def _order(value: Any) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    return (1, float(value), "") if isinstance(value, int | float) else (1, 0.0, str(value))
