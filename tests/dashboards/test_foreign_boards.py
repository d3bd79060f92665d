"""Boards of others: out of their wrappers, with today's panels, on this server's source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.dashboards.convert import convert
from sophia_cli.dashboards.load import load
from sophia_cli.dashboards.sources import mapped
from sophia_cli.dashboards.unwrap import unwrap
from sophia_cli.errors import SophiaError

BARE: dict[str, Any] = {"uid": "shop", "title": "Shop", "panels": []}
OUT = [{**BARE, "id": None}]

WRAPPERS: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "alone": (BARE, OUT),
    "a body of the API": ({"dashboard": BARE, "folderUid": "x", "overwrite": True}, OUT),
    "an answer of the API": ({"meta": {"slug": "shop"}, "dashboard": {**BARE, "id": 7}}, OUT),
    "a list": ([BARE, {"dashboard": {**BARE, "uid": "b"}}], [*OUT, {**OUT[0], "uid": "b"}]),
    "a list inside": ({"dashboards": [BARE]}, OUT),
    "by file name": ({"shop.json": BARE, "README.md": "words"}, OUT),
    "a resource": (
        {
            "apiVersion": "dashboard.grafana.app/v1beta1",
            "kind": "Dashboard",
            "metadata": {"name": "shop"},
            "spec": {"title": "Shop", "panels": []},
        },
        [{"title": "Shop", "panels": [], "uid": "shop", "id": None}],
    ),
    "rows of old": ({"title": "A b/c", "rows": []}, [{"title": "A b/c", "rows": [], "uid": "a-b-c", "id": None}]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPERS)
def test_out_of_a_wrapper(name: str) -> None:
    found, boards = WRAPPERS[name]
    assert list(unwrap(found, "f.json")) == boards


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("words", "f.json is no dashboard: it holds no object"),
        ({}, "f.json is no dashboard: it has neither panels nor rows"),
        ({"title": "x", "panels": 3}, "f.json is no dashboard: its panels are no list"),
        ({"panels": []}, "f.json is no dashboard: it has no title"),
        (
            {**BARE, "uid": "x" * 41},
            f"f.json: the uid `{'x' * 41}` is not of 1 to 40 letters, digits, - and _",
        ),
        (
            {
                "apiVersion": "dashboard.grafana.app/v2beta1",
                "kind": "Dashboard",
                "spec": {"elements": {}},
            },
            "f.json is of the model that Grafana 13 begins with (dashboard.grafana.app/v2beta1)",
        ),
    ],
)
def test_what_is_none(found: Any, words: str) -> None:
    with pytest.raises(SophiaError) as caught:
        list(unwrap(found, "f.json"))
    assert caught.value.message == words


NOW = {
    "panels": [
        {"id": 1, "type": "timeseries", "title": "A", "targets": [{"refId": "A", "expr": "up"}]},
        {"id": 2, "type": "table", "title": "B", "options": {}},
    ]
}


def test_what_is_of_today_is_left_alone() -> None:
    assert convert(NOW) == (NOW, ())


def panel(**more: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    given = {"id": 1, "title": "P", **more}
    made, said = convert({"panels": [given]})
    assert given == {"id": 1, "title": "P", **more}  # the one given stays as it is
    return made["panels"][0], said


def test_a_graph() -> None:
    made, said = panel(
        type="graph",
        targets=[{"expr": "up"}, {"expr": "down", "refId": "A"}],
        yaxes=[
            {"format": "reqps", "label": "Requests", "min": 0, "logBase": 10},
            {"format": "short"},
        ],
        stack=True,
        fill=3,
        lines=False,
        bars=True,
        legend={
            "show": True,
            "rightSide": True,
            "alignAsTable": True,
            "avg": True,
            "current": True,
        },
        thresholds=[{"value": 3}],
        alert={"name": "x"},
        xaxis={"mode": "series"},
    )
    assert said == (
        "panel `P`: `graph` is now `timeseries`; lost: thresholds, alert, its x axis, which was not of time",
    )
    assert made == {
        "id": 1,
        "title": "P",
        "type": "timeseries",
        "targets": [{"expr": "up", "refId": "B"}, {"expr": "down", "refId": "A"}],
        "options": {
            "legend": {
                "showLegend": True,
                "displayMode": "table",
                "placement": "right",
                "calcs": ["mean", "lastNotNull"],
            },
            "tooltip": {"mode": "multi"},
        },
        "fieldConfig": {
            "defaults": {
                "unit": "reqps",
                "min": 0,
                "custom": {
                    "drawStyle": "bars",
                    "fillOpacity": 30,
                    "lineWidth": 1,
                    "showPoints": "never",
                    "spanNulls": False,
                    "stacking": {"mode": "normal", "group": "A"},
                    "scaleDistribution": {"type": "log", "log": 10},
                    "axisLabel": "Requests",
                },
            },
            "overrides": [],
        },
    }


def test_a_single_figure() -> None:
    made, said = panel(
        type="singlestat",
        format="currencyUSD",
        decimals=2,
        valueName="current",
        colorValue=True,
        thresholds="50, 80",
        colors=["green", "yellow", "red"],
        valueMaps=[
            {"op": "=", "value": "null", "text": "N/A"},
            {"op": "=", "value": "0", "text": "none"},
        ],
        prefix="about",
    )
    assert said == ("panel `P`: `singlestat` is now `stat`; lost: prefix",)
    assert made["options"] == {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
    }
    assert made["fieldConfig"]["defaults"] == {
        "unit": "currencyUSD",
        "decimals": 2,
        "thresholds": {
            "mode": "absolute",
            "steps": [
                {"value": None, "color": "green"},
                {"value": 50.0, "color": "yellow"},
                {"value": 80.0, "color": "red"},
            ],
        },
        "mappings": [{"type": "value", "options": {"0": {"text": "none"}}}],
    }
    assert set(made) == {"id", "title", "type", "options", "fieldConfig"}


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"type": "singlestat", "gauge": {"show": True}}, "gauge", "`singlestat` is now `gauge`"),
        (
            {"type": "grafana-piechart-panel"},
            "piechart",
            "`grafana-piechart-panel` is now `piechart`",
        ),
        ({"type": "table-old"}, "table", "`table-old` is now `table`"),
        (
            {"type": "table", "styles": [{"a": 1}]},
            "table",
            "`table` of old form; lost: its columns' styles",
        ),
    ],
)
def test_other_panels(given: dict[str, Any], kind: str, words: str) -> None:
    made, said = panel(**given)
    assert (made["type"], said) == (kind, (f"panel `P`: {words}",))


def test_panels_in_rows_and_without_a_number() -> None:
    board = {
        "rows": [{"panels": [{"type": "graph", "title": "A"}]}],
        "panels": [{"id": 4, "type": "row", "panels": [{"type": "singlestat", "title": "B"}]}],
    }
    made, said = convert(board)
    assert [said_of.partition(":")[0] for said_of in said] == ["panel `B`", "panel `A`"]
    assert made["panels"][0]["panels"][0]["id"] == 5
    assert made["rows"][0]["panels"][0]["id"] == 6


def source(uid: str, name: str = "", kind: str = "prometheus") -> dict[str, str]:
    return {"uid": uid, "name": name or uid, "type": kind}


def on(datasource: Any, **more: Any) -> dict[str, Any]:
    return {"title": "A", "panels": [{"type": "stat", "datasource": datasource}], **more}


P = source("p1", "Prometheus")
INPUT = {"name": "DS_P", "type": "datasource", "pluginId": "prometheus"}
NEVER: list[dict[str, str]] = []

FINE = {
    "a variable": on({"type": "prometheus", "uid": "${datasource}"}),
    "another kind": on({"type": "loki", "uid": "l1"}),
    "Grafana's own": on({"type": "datasource", "uid": "grafana"}),
    "mixed": on("-- Mixed --"),
    "a row and a text": {"panels": [{"type": "row"}, {"type": "text"}]},
}


@pytest.mark.parametrize("name", FINE)
def test_a_source_that_is_left_alone(name: str) -> None:
    def nobody() -> list[dict[str, str]]:
        raise AssertionError("nobody needs to know")

    assert mapped(FINE[name], nobody, "", {}) == (FINE[name], ())


@pytest.mark.parametrize(
    ("board", "there", "chosen", "uid", "said"),
    [
        (on("Prometheus"), [P], "", "p1", ("data source `Prometheus` is now `p1`",)),
        (on(None), [P], "", "p1", ("data source `of its default` is now `p1`",)),
        (on({"type": "prometheus", "uid": "gone"}), [P], "", "p1", ("data source `gone` is now `p1`",)),
        (on({"type": "prometheus", "uid": "p1"}), [P], "", "p1", ()),
        (on("${DS_P}", __inputs=[INPUT]), [P], "", "p1", ("data source `${DS_P}` is now `p1`",)),
        (on("X"), [P, source("sophia-prometheus")], "", "sophia-prometheus", ("data source `X` is now `sophia-prometheus`",)),
        (on("X"), [P, source("p2")], "p2", "p2", ("data source `X` is now `p2`",)),
        (on("X"), [P, source("p2")], "Prometheus", "p1", ("data source `X` is now `p1`",)),
    ],
)  # fmt: skip
def test_a_source_that_is_mapped(
    board: Any, there: Any, chosen: str, uid: str, said: tuple[str, ...]
) -> None:
    made, told = mapped(board, lambda: there, chosen, {})
    assert made["panels"][0]["datasource"] == {"type": "prometheus", "uid": uid}
    assert told == said and "__inputs" not in made


@pytest.mark.parametrize(
    ("there", "chosen", "words"),
    [
        (NEVER, "", "there is no Prometheus data source for the board"),
        ([P, source("p2")], "", "it cannot be told which data source is meant"),
        ([P], "p9", "there is no Prometheus data source `p9`"),
        ([source("l1", kind="loki")], "l1", "there is no Prometheus data source `l1`"),
    ],
)
def test_a_source_that_cannot_be_told(there: Any, chosen: str, words: str) -> None:
    with pytest.raises(SophiaError) as caught:
        mapped(on("X"), lambda: there, chosen, {})
    assert caught.value.message == words


def test_values_that_a_board_asks_for() -> None:
    asked = {"name": "VAR_JOB", "type": "constant", "label": "job"}
    board = {"panels": [{"type": "text", "title": "of ${VAR_JOB}"}], "__inputs": [asked]}
    made, _ = mapped(board, lambda: [], "", {"VAR_JOB": "shop"})
    assert made["panels"][0]["title"] == "of shop"
    with pytest.raises(SophiaError) as caught:
        mapped(board, lambda: [], "", {})
    assert (caught.value.message, caught.value.mend) == (
        "the board asks for a value of `VAR_JOB`", "--input VAR_JOB=VALUE"
    )  # fmt: skip


def test_what_is_meant(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"dashboard": BARE}))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.json").write_text("﻿" + json.dumps({**BARE, "uid": "b"}))
    assert [one.uid for one in load(["a.json", "more", "sophia-cost"], tmp_path)] == [
        "shop", "b", "sophia-cost"
    ]  # fmt: skip
    assert [one.name for one in load([], tmp_path)] == [
        "cost.json", "latency.json", "overview.json", "reliability.json", "routing.json"
    ]  # fmt: skip
    with pytest.raises(SophiaError, match=r"a\.json and a\.json hold boards of one uid"):
        load(["a.json", "a.json"], tmp_path)
    with pytest.raises(SophiaError, match="there is no file or folder c.json"):
        load(["c.json"], tmp_path)
