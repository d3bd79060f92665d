"""Panels of Angular, which Grafana 12 has no more, as those of today; what cannot be carried over is said.

What else an old model has, Grafana itself brings up to date when it loads the board.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from sophia_cli.dashboards.model import all_panels, items, name_of, table

_CALCS = {
    "avg": "mean",
    "current": "lastNotNull",
    "total": "sum",
    "min": "min",
    "max": "max",
    "first": "first",
    "delta": "delta",
    "range": "range",
    "diff": "diff",
}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def convert(board: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A copy of a board with today's panels, and what was changed, in words."""
    made: dict[str, Any] = copy.deepcopy(dict(board))
    said: list[str] = []
    last = max((_number(panel) for panel in all_panels(made)), default=0)
    for panel in all_panels(made):
        assert isinstance(panel, dict)
        change = _CHANGES.get(str(panel.get("type")))
        if change and not _is_new(panel):
            before = panel["type"]
            lost = change(panel)
            after = "" if panel["type"] == before else f" is now `{panel['type']}`"
            tail = f"; lost: {', '.join(lost)}" if lost else ""
            said.append(f"panel `{name_of(panel)}`: `{before}`{after or ' of old form'}{tail}")
        if not _number(panel):
            last += 1
            panel["id"] = last
        _letter(panel)
    return made, tuple(said)


def _number(panel: Mapping[str, Any]) -> int:
    number = panel.get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) else 0


def _letter(panel: dict[str, Any]) -> None:
    targets = items(panel.get("targets"))
    free = iter([one for one in _LETTERS if one not in {t.get("refId") for t in targets}])
    for target in targets:
        if not target.get("refId") and isinstance(target, dict):
            target["refId"] = next(free, "Z")


def _is_new(panel: Mapping[str, Any]) -> bool:
    """A table of today has the type that the old one had."""
    return panel.get("type") == "table" and "styles" not in panel


def _graph(panel: dict[str, Any]) -> list[str]:
    axes = items(panel.pop("yaxes", None))
    axis = axes[0] if axes else {}
    custom: dict[str, Any] = {
        "drawStyle": (
            "bars" if panel.get("bars") else "line" if panel.get("lines", True) else "points"
        ),
        "fillOpacity": 10 * _whole(panel.get("fill"), 1),
        "lineWidth": _whole(panel.get("linewidth"), 1),
        "showPoints": "always" if panel.get("points") else "never",
        "spanNulls": panel.get("nullPointMode") == "connected",
    }
    if panel.get("stack"):
        custom["stacking"] = {
            "mode": "percent" if panel.get("percentage") else "normal",
            "group": "A",
        }
    if panel.get("steppedLine"):
        custom["lineInterpolation"] = "stepAfter"
    if axis.get("logBase", 1) != 1:
        custom["scaleDistribution"] = {"type": "log", "log": axis["logBase"]}
    if axis.get("label"):
        custom["axisLabel"] = axis["label"]
    legend, right = table(panel.get("legend")), table(panel.get("legend")).get("rightSide")
    options = {
        "legend": {
            "showLegend": bool(legend.get("show", True)),
            "displayMode": "table" if legend.get("alignAsTable") else "list",
            "placement": "right" if right else "bottom",
            "calcs": [calc for old, calc in _CALCS.items() if legend.get(old)],
        },
        "tooltip": {
            "mode": "multi" if table(panel.get("tooltip")).get("shared", True) else "single"
        },
    }
    lost = _lost(panel, ("thresholds", "alert", "seriesOverrides", "timeRegions"))
    if table(panel.get("xaxis")).get("mode", "time") != "time":
        lost.append("its x axis, which was not of time")
    _settle(panel, "timeseries", _GRAPHS_OWN, axis.get("format"), custom, options)
    for end in ("min", "max"):
        if isinstance(axis.get(end), int | float):
            panel["fieldConfig"]["defaults"][end] = axis[end]
    return lost


def _singlestat(panel: dict[str, Any]) -> list[str]:
    gauge = table(panel.get("gauge"))
    options: dict[str, Any] = {
        "reduceOptions": {
            "calcs": [_CALCS.get(str(panel.get("valueName")), "mean")],
            "fields": "",
            "values": False,
        }
    }
    kind = "gauge" if gauge.get("show") else "stat"
    if kind == "stat":
        colored = panel.get("colorBackground"), panel.get("colorValue")
        options["colorMode"] = "background" if colored[0] else "value" if colored[1] else "none"
        options["graphMode"] = "area" if table(panel.get("sparkline")).get("show") else "none"
    steps = _steps(panel)
    mappings = [
        {"type": "value", "options": {str(one.get("value")): {"text": str(one.get("text", ""))}}}
        for one in items(panel.get("valueMaps"))
        if one.get("value") != "null"
    ]
    lost = _lost(panel, ("prefix", "postfix", "rangeMaps"))
    unit, decimals = panel.get("format"), panel.get("decimals")
    _settle(panel, kind, _STATS_OWN, unit, {}, options)
    defaults = panel["fieldConfig"]["defaults"]
    if steps:
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    if mappings:
        defaults["mappings"] = mappings
    if isinstance(decimals, int):
        defaults["decimals"] = decimals
    if kind == "gauge":
        defaults |= {"min": gauge.get("minValue", 0), "max": gauge.get("maxValue", 100)}
    return lost


def _steps(panel: Mapping[str, Any]) -> list[dict[str, Any]]:
    colors = panel.get("colors")
    bounds = [one.strip() for one in str(panel.get("thresholds") or "").split(",") if one.strip()]
    if not isinstance(colors, list) or not bounds:
        return []
    try:
        values: list[float | None] = [None, *map(float, bounds)]
    except ValueError:
        return []
    return [{"value": value, "color": color} for value, color in zip(values, colors, strict=False)]


def _pie(panel: dict[str, Any]) -> list[str]:
    options = {
        "pieType": "donut" if panel.get("pieType") == "donut" else "pie",
        "reduceOptions": {"calcs": [_CALCS.get(str(panel.get("valueName")), "lastNotNull")]},
        "legend": {"displayMode": "list", "placement": "right", "showLegend": True},
    }
    lost = _lost(panel, ("combine",))
    own = (
        "pieType",
        "legend",
        "legendType",
        "format",
        "valueName",
        "strokeWidth",
        "fontSize",
        "aliasColors",
    )
    _settle(panel, "piechart", own, panel.get("format"), {}, options)
    return lost


def _table(panel: dict[str, Any]) -> list[str]:
    lost = _lost(panel, ("styles",))
    own = ("columns", "fontSize", "pageSize", "scroll", "showHeader", "sort", "transform")
    _settle(panel, "table", own, None, {}, {"showHeader": True})
    return ["its columns' styles" if one == "styles" else one for one in lost]


def _lost(panel: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if panel.pop(name, None) not in (None, [], {}, "")]


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _settle(
    panel: dict[str, Any],
    kind: str,
    own: tuple[str, ...],
    unit: object,
    custom: dict[str, Any],
    options: dict[str, Any],
) -> None:
    """Give a panel its new type, and take away what only the old one had."""
    for name in own:
        panel.pop(name, None)
    defaults: dict[str, Any] = {"unit": unit} if isinstance(unit, str) and unit else {}
    if custom:
        defaults["custom"] = custom
    panel |= {
        "type": kind,
        "options": options,
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }


_GRAPHS_OWN = tuple(
    [
        "aliasColors",
        "bars",
        "dashLength",
        "dashes",
        "decimals",
        "fill",
        "fillGradient",
        "grid",
        "hiddenSeries",
        "legend",
        "lines",
        "linewidth",
        "nullPointMode",
        "percentage",
        "pointradius",
        "points",
        "renderer",
        "spaceLength",
        "stack",
        "steppedLine",
        "tooltip",
        "xaxis",
        "yaxis",
        "pluginVersion",
    ]
)
_STATS_OWN = tuple(
    [
        "cacheTimeout",
        "colorBackground",
        "colorValue",
        "colors",
        "format",
        "gauge",
        "mappingType",
        "mappingTypes",
        "maxDataPoints",
        "nullPointMode",
        "nullText",
        "postfixFontSize",
        "prefixFontSize",
        "sparkline",
        "tableColumn",
        "thresholds",
        "valueFontSize",
        "valueMaps",
        "valueName",
        "decimals",
        "pluginVersion",
    ]
)
_CHANGES: Mapping[str, Callable[[dict[str, Any]], list[str]]] = {
    "graph": _graph,
    "singlestat": _singlestat,
    "grafana-singlestat-panel": _singlestat,
    "grafana-piechart-panel": _pie,
    "table-old": _table,
    "table": _table,
}
