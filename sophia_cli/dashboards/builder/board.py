"""A board: its variables, its rows of panels, its way to the other boards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from sophia_cli.dashboards.builder.panels import SOURCE
from sophia_cli.dashboards.builder.queries import CALLS, FILTERS
from sophia_cli.dashboards.sources import SOURCE as SOURCE_UID

TAG = "sophia"  # by which the boards find each other
SCHEMA = 42  # of Grafana 10 to 13


@dataclass(frozen=True)
class Row:
    """Panels side by side, each with its width of 24; `height` in steps of 30 pixels."""

    title: str
    height: int
    panels: tuple[tuple[int, Any], ...]


@dataclass(frozen=True)
class Board:
    """One dashboard; `filters` are the variables that its panels follow."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    filters: tuple[str, ...] = FILTERS
    since: str = "now-24h"

    def build(self) -> dict[str, Any]:
        """Its JSON model, the same each time: for files, the API and the form that imports by hand."""
        made = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG, "llm"])
            .time(self.since, "now")
            .timezone("browser")
            .refresh("1m")
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .annotation(_alerts())
            .link(_others())
            .with_variable(_source())
        )
        for variable in _variables(self.filters):
            made.with_variable(variable)
        self._place(made)
        found: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
        return {**_plain(found), "id": None, "schemaVersion": SCHEMA}

    def _place(self, made: Any) -> None:
        """Rows from the top, panels from the left, numbered in the order in which they are read."""
        number = y = 0
        for row in self.rows:
            if row.title:
                number += 1
                place = model.GridPos(x=0, y=y, w=24, h=1)
                made.with_row(dashboard.Row(row.title).id(number).grid_pos(place))
                y += 1
            x = 0
            for width, panel in row.panels:
                number += 1
                place = model.GridPos(x=x, y=y, w=width, h=row.height)
                made.with_panel(panel.id(number).grid_pos(place))
                x += width
            y += row.height


def _plain(value: Any) -> Any:
    """Without the `placement` that the SDK gives every link and mark: Grafana before 12 does not know it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        own = ("placement", "inControlsMenu")
        return {key: _plain(one) for key, one in value.items() if (key, one) != own}
    return value


def text_of(board: Mapping[str, Any]) -> str:
    """A board as it stands in its file."""
    return json.dumps(board, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _source() -> Any:
    return (
        dashboard.DatasourceVariable("datasource")
        .label("Source")
        .description("The Prometheus that has the metrics of sophia.")
        .type("prometheus")
        .current(model.VariableOption(text="Prometheus (sophia)", value=SOURCE_UID))
    )


def _variables(names: Sequence[str]) -> list[Any]:
    """Each offers what is there under those before it."""
    every = model.VariableOption(text="All", value="$__all", selected=True)
    made = []
    for place, name in enumerate(names):
        before = ", ".join(f'{one}=~"${one}"' for one in names[:place])
        within = f"{CALLS}{{{before}}}" if before else CALLS
        made.append(
            dashboard.QueryVariable(name)
            .label(name.capitalize())
            .query(f"label_values({within}, {name})")
            .datasource(SOURCE)
            .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(model.VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .current(every)
        )
    return made


def _alerts() -> Any:
    """Alerts of sophia as they fire, drawn into every panel over time."""
    return (
        dashboard.AnnotationQuery()
        .name("Alerts of sophia")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("red")
        .expr('ALERTS{alertname=~"Sophia.*", alertstate="firing"}')
        .title_format("{{alertname}}")
        .tag_keys("severity")
    )


def _others() -> Any:
    return (
        dashboard.DashboardLink("LLM boards")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
        .as_dropdown(False)
    )
