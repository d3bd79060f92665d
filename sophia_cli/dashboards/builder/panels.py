"""Panels, each with a title, a description, a unit and the source that the board's variable names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heat
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = kinds.DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD, NOTABLE, BAD = "green", "yellow", "red"
# Where a panel leads: to a board, in the same range and from the same source.
_KEPT = "${__url_time_range}&${datasource:queryparam}"


@dataclass(frozen=True)
class Query:
    """One query; `legend` is a template over labels, such as `{{provider}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Column:
    """One column of a table, of one query."""

    title: str
    expr: str
    unit: str
    decimals: int | None = None


@dataclass(frozen=True)
class Step:
    """From this value on a figure has that colour."""

    value: float
    color: str


@dataclass(frozen=True)
class About:
    """What every panel says of itself; `to` is the uid of the board that says more."""

    title: str
    description: str
    unit: str
    steps: tuple[Step, ...] = ()
    base: str = GOOD
    decimals: int | None = None
    to: str = ""


def figure(about: About, expr: str, *, empty: str = "no calls") -> Any:
    """One figure, read once at the end of the range."""
    panel = stat.Panel().graph_mode(kinds.BigValueGraphMode.NONE).no_value(empty)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.color_mode(kinds.BigValueColorMode.VALUE if about.steps else kinds.BigValueColorMode.NONE)
    return _about(panel.with_target(_instant(expr, "A")), about)


def curves(about: About, *queries: Query, stacked: bool = False) -> Any:
    """Values over time: lines, or bars upon each other where they add up."""
    panel = timeseries.Panel().min(0)
    for query, ref in zip(queries, "ABCDEFGH", strict=False):
        panel.with_target(_query(query.expr, ref).legend_format(query.legend).range())
    panel.legend(
        common.VizLegendOptions()
        .display_mode(kinds.LegendDisplayMode.LIST)
        .placement(kinds.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    panel.tooltip(
        common.VizTooltipOptions()
        .mode(kinds.TooltipDisplayMode.MULTI)
        .sort(kinds.SortOrder.DESCENDING)
    )
    if stacked:
        panel.fill_opacity(60).line_width(0).draw_style(kinds.GraphDrawStyle.BARS)
        panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    else:
        panel.fill_opacity(0).line_width(2).show_points(kinds.VisibilityMode.AUTO)
        panel.span_nulls(True)  # calls of a command line are far apart
    if about.steps:
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        )
    return _about(panel, about)


def bars(about: About, query: Query, *, most: float | None = None, empty: str = "none") -> Any:
    """One bar a series, read once at the end of the range."""
    panel = bargauge.Panel().display_mode(kinds.BarGaugeDisplayMode.BASIC).min(0).no_value(empty)
    panel.orientation(kinds.VizOrientation.HORIZONTAL).show_unfilled(True)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if most is not None:
        panel.max(most)
    return _about(panel.with_target(_instant(query.expr, "A").legend_format(query.legend)), about)


def spread(about: About, expr: str) -> Any:
    """A histogram over time: the darker, the more calls took that long."""
    query = _query(expr, "A").legend_format("{{le}}").range()
    panel = heatmap.Panel().with_target(query.format(PromQueryFormat.HEATMAP)).calculate(False)
    panel.y_axis(heatmap.YAxisConfig().unit(about.unit).axis_placement(kinds.AxisPlacement.LEFT))
    panel.color(
        heatmap.HeatmapColorOptions()
        .mode(heat.HeatmapColorMode.SCHEME)
        .scheme("Blues")
        .steps(64)
        .reverse(False)
        .exponent(0.5)
        .fill("blue")
    )
    return _about(panel, about)


def rows(about: About, by: Sequence[str], *columns: Column, details: Sequence[str] = ()) -> Any:
    """A table: one row for each combination of the labels `by`, one column a query.

    `details` are the labels by which a row leads to the board of `about`.
    """
    panel = table.Panel().show_header(True).cell_height(kinds.TableCellHeight.SM)
    names = {label: label.capitalize() for label in by}
    for column, ref in zip(columns, "ABCDEFGHIJKL", strict=False):
        panel.with_target(_instant(column.expr, ref).format(PromQueryFormat.TABLE))
        names[f"Value #{ref}" if len(columns) > 1 else "Value"] = column.title
    if len(columns) > 1:
        panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    order = {name: place for place, name in enumerate(names)}
    arranged = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": names}
    panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=arranged))
    for column in columns:
        said = [model.DynamicConfigValue("unit", column.unit)]
        if column.decimals is not None:
            said.append(model.DynamicConfigValue("decimals", column.decimals))
        panel.override_by_name(column.title, said)
    panel.sort_by([common.TableSortByFieldState().display_name(columns[0].title).desc(True)])
    return _about(panel, about, details)


def _query(expr: str, ref: str) -> Any:
    return prometheus.Dataquery().expr(expr).ref_id(ref).datasource(SOURCE)


def _instant(expr: str, ref: str) -> Any:
    return _query(expr, ref).instant()


def _about(panel: Any, about: About, details: Sequence[str] = ()) -> Any:
    panel.title(about.title).description(about.description).unit(about.unit).datasource(SOURCE)
    steps = [model.Threshold(value=None, color=about.base)]
    steps += [model.Threshold(value=step.value, color=step.color) for step in about.steps]
    panel.thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
    if about.decimals is not None:
        panel.decimals(about.decimals)
    if about.to:
        panel.data_links([_link(about.to, details)])
    return panel


def _link(uid: str, details: Sequence[str]) -> Any:
    fields = "".join(f"&var-{name}=${{__data.fields.{name.capitalize()}}}" for name in details)
    title = uid.removeprefix("sophia-").capitalize()
    return dashboard.DashboardLink(f"{title} in detail").url(f"/d/{uid}/{uid}?{_KEPT}{fields}")
