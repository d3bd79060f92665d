"""What a person sees of a panel: its kind, its words, its unit, its source."""

from __future__ import annotations

from collections.abc import Iterator

from sophia_cli.dashboards.lint.finding import Finding
from sophia_cli.dashboards.model import Json, kind_of, marks, name_of, panels, table, targets

ANGULAR = {"graph", "singlestat", "table-old", "grafana-piechart-panel", "grafana-worldmap-panel"}
KINDS = frozenset(
    [
        "annolist",
        "alertlist",
        "barchart",
        "bargauge",
        "candlestick",
        "canvas",
        "dashlist",
        "datagrid",
        "debug",
        "flamegraph",
        "gauge",
        "geomap",
        "gettingstarted",
        "heatmap",
        "histogram",
        "live",
        "logs",
        "news",
        "nodeGraph",
        "piechart",
        "stat",
        "state-timeline",
        "status-history",
        "table",
        "text",
        "timeseries",
        "traces",
        "trend",
        "welcome",
        "xychart",
        "row",
    ]
)
WITHOUT_DATA = frozenset(
    ["text", "dashlist", "alertlist", "news", "annolist", "row", "welcome", "gettingstarted"]
)
# Kinds whose figures need no unit: what they show is a text, or is coloured by state.
_WITHOUT_UNIT = WITHOUT_DATA | {"logs", "nodeGraph", "traces", "flamegraph", "state-timeline"}
UNITS = frozenset(
    [
        "none",
        "short",
        "percent",
        "percentunit",
        "string",
        "bool",
        "bytes",
        "decbytes",
        "bits",
        "decbits",
        "kbytes",
        "deckbytes",
        "mbytes",
        "decmbytes",
        "gbytes",
        "decgbytes",
        "bps",
        "Bps",
        "binbps",
        "binBps",
        "KBs",
        "MBs",
        "GBs",
        "pps",
        "ns",
        "µs",
        "ms",
        "s",
        "m",
        "h",
        "d",
        "dtdurations",
        "dtdurationms",
        "dthms",
        "dtdhms",
        "clocks",
        "clockms",
        "timeticks",
        "dateTimeAsIso",
        "dateTimeAsUS",
        "dateTimeAsLocal",
        "dateTimeFromNow",
        "currencyUSD",
        "currencyEUR",
        "currencyGBP",
        "currencyJPY",
        "cps",
        "ops",
        "reqps",
        "rps",
        "wps",
        "iops",
        "eps",
        "mps",
        "recps",
        "rowsps",
        "cpm",
        "opm",
        "rpm",
        "wpm",
        "reqpm",
        "epm",
        "hertz",
        "locale",
        "sci",
        "hex",
        "hex0x",
        "celsius",
        "watt",
        "joule",
        "humidity",
    ]
)


def panel_kind(board: Json) -> Iterator[Finding]:
    """A panel that today's Grafana has; Angular is gone since 12."""
    for panel in panels(board):
        kind = kind_of(panel)
        if kind in ANGULAR:
            words = f"`{kind}` is an Angular panel, which Grafana 12 has no more"
            mend = "sophia dashboards import converts it"
            yield Finding("panel-kind", name_of(panel), f"{words}; {mend}")
        elif kind and kind not in KINDS and "-" not in kind:
            yield Finding("panel-kind", name_of(panel), f"`{kind}` is no panel of Grafana's own")


def panel_words(board: Json) -> Iterator[Finding]:
    """A title and a description."""
    for panel in panels(board):
        for key in ("title", "description"):
            if not str(panel.get(key) or "").strip() and kind_of(panel) not in WITHOUT_DATA:
                yield Finding("panel-words", name_of(panel), f"it has no {key}")


def panel_unit(board: Json) -> Iterator[Finding]:
    """A unit that Grafana knows."""
    for panel in panels(board):
        if kind_of(panel) in _WITHOUT_UNIT:
            continue
        unit = table(table(panel.get("fieldConfig")).get("defaults")).get("unit")
        if not unit:
            yield Finding("panel-unit", name_of(panel), "it has no unit")
        elif str(unit) not in UNITS and ":" not in str(unit):
            yield Finding("panel-unit", name_of(panel), f"`{unit}` is no unit of Grafana's")


def panel_queries(board: Json) -> Iterator[Finding]:
    """At least one query with an expression."""
    for panel in panels(board):
        if kind_of(panel) in WITHOUT_DATA or "libraryPanel" in panel:
            continue
        if not any(target.get("expr") for target in targets(panel)):
            yield Finding("panel-queries", name_of(panel), "it asks nothing")


def panel_source(board: Json) -> Iterator[Finding]:
    """The source that the board's variable names, so that it works on any server."""
    for panel in panels(board):
        if kind_of(panel) not in WITHOUT_DATA:
            yield from _source(panel, name_of(panel))
    for one in marks(board):
        yield from _source(one, f"annotation {one.get('name', '')}")


def _source(part: Json, where: str) -> Iterator[Finding]:
    source = part.get("datasource")
    uid = source.get("uid") if isinstance(source, dict) else source
    if source is None:
        yield Finding("panel-source", where, "it has no data source")
    elif isinstance(source, str):
        yield Finding("panel-source", where, f"its data source is the name `{source}`")
    elif not str(uid).startswith("$") and uid != "-- Grafana --":
        yield Finding("panel-source", where, f"its data source is fixed: `{uid}`")


def legacy_alert(board: Json) -> Iterator[Finding]:
    """No alert inside a panel: that alerting is gone since Grafana 11."""
    for panel in panels(board):
        if "alert" in panel:
            yield Finding("legacy-alert", name_of(panel), "its alert is of the alerting before 11")
