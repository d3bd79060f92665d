"""Rules that boards are held against: what they leave alone first, then one fault after the other."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from sophia_cli.dashboards.catalogue import LABELS
from sophia_cli.dashboards.files import read_boards, shipped
from sophia_cli.dashboards.lint.check import RULES, check, unused
from sophia_cli.dashboards.lint.finding import Finding

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
CALLS = "sophia_llm_requests_total"
GOOD: dict[str, Any] = {
    "id": None,
    "uid": "shop",
    "title": "Shop",
    "schemaVersion": 42,
    "time": {"from": "now-6h", "to": "now"},
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            {
                "name": "provider",
                "type": "query",
                "query": f"label_values({CALLS}, provider)",
                "refresh": 2,
                "datasource": SOURCE,
            },
        ]
    },
    "annotations": {
        "list": [
            {"builtIn": 1, "name": "Grafana's own"},
            {"name": "Alerts", "datasource": SOURCE, "expr": 'ALERTS{alertname="A"}'},
        ]
    },
    "panels": [
        {"type": "row", "id": 1, "title": "", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}},
        {
            "type": "timeseries",
            "id": 2,
            "title": "Calls",
            "description": "How many.",
            "datasource": SOURCE,
            "gridPos": {"x": 0, "y": 1, "w": 12, "h": 8},
            "fieldConfig": {"defaults": {"unit": "cpm"}},
            "targets": [
                {
                    "refId": "A",
                    "expr": f'sum(rate({CALLS}{{provider=~"$provider"}}[$__rate_interval]))',
                }
            ],
        },
        {
            "type": "text",
            "id": 3,
            "gridPos": {"x": 12, "y": 1, "w": 12, "h": 8},
            "options": {"content": "Words."},
        },
    ],
}


def without(change: Callable[[Any], object]) -> dict[str, Any]:
    board = copy.deepcopy(GOOD)
    change(board)
    return board


def with_query(expr: str, **more: Any) -> dict[str, Any]:
    extra = {"refId": "B", "expr": expr, **more}
    return without(lambda board: board["panels"][1]["targets"].append(extra))


def found(board: Any, *, ours: bool = False) -> list[tuple[str, str, str]]:
    return [(one.rule, one.where, one.words) for one in check(board, LABELS, shipped=ours)]


@pytest.mark.parametrize("name", sorted(read_boards(shipped())))
def test_what_ships_is_left_alone(name: str) -> None:
    assert check(read_boards(shipped())[name], LABELS, shipped=True) == ()


def test_every_declared_metric_is_shown() -> None:
    boards = read_boards(shipped())
    assert unused(boards, LABELS) == ()
    more = {**LABELS, "sophia_llm_news_total": ()}
    assert unused(boards, more) == (
        Finding("metric-unused", "", "`sophia_llm_news_total` is shown on no board"),
    )


LEFT_ALONE = {
    "a good board": GOOD,
    "collapsed rows": without(
        lambda board: board["panels"][0].update(collapsed=True, panels=[board["panels"].pop(1)])
    ),
    "an input that is declared": without(
        lambda board: board.update(
            __inputs=[
                {"name": "DS_P", "type": "datasource"},
                {"name": "VAR_X", "type": "constant"},
            ],
            templating={
                "list": [
                    {**board["templating"]["list"][0], "current": {"value": "${DS_P}"}},
                    {**board["templating"]["list"][1], "regex": "/${VAR_X}/"},
                ]
            },
        )
    ),
    "a rate over hours": with_query(f"sum(increase({CALLS}[6h]))"),
    "a difference of readings": with_query(
        f"sum({CALLS}) - sum(last_over_time({CALLS}[1d] offset $__range))", instant=True
    ),
    "a quantile by le": with_query(
        f"histogram_quantile(0.9, sum by (le) (rate({CALLS.removesuffix('requests_total')}"
        "request_duration_seconds_bucket[$__rate_interval])))"
    ),
    "a quantile without what is not le": with_query(
        "histogram_quantile(0.9, sum without (pod) (rate(x_bucket[$__rate_interval])))"
    ),
    "how many series a counter has": with_query(f"count({CALLS})"),
    "metrics of another program": with_query("node_load1"),
    "the variable in its other forms": with_query('up{a="${provider:regex}",b="[[provider]]"}'),
    "a unit of one's own": without(
        lambda board: board["panels"][1]["fieldConfig"]["defaults"].update(unit="suffix: calls")
    ),
    "a plug-in's panel": without(lambda board: board["panels"][1].update(type="acme-flow-panel")),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_left_alone(name: str) -> None:
    assert found(LEFT_ALONE[name]) == []


def panel(board: Any) -> Any:
    return board["panels"][1]


def choice(board: Any) -> Any:
    return board["templating"]["list"][1]


FAULTS: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    "wrapper": (
        {"dashboard": GOOD, "overwrite": True},
        [("wrapper", "", "the board is inside `dashboard`: file provisioning loads a board alone")],
    ),
    "wrapper of a resource": (
        {"apiVersion": "dashboard.grafana.app/v1beta1", "spec": GOOD},
        [("wrapper", "", "the board is inside `spec`: file provisioning loads a board alone")],
    ),
    "wrapper, a list": (
        [GOOD],
        [("wrapper", "", "it is a list, not a board")],
    ),
    "json_shape, missing": (
        without(lambda board: panel(board).pop("gridPos")),
        [("json-shape", "Calls", "`gridPos` is missing")],
    ),
    "json_shape, unknown": (
        without(lambda board: panel(board)["targets"][0].update(query="up")),
        [("json-shape", "Calls", "`query` is no key of the model")],
    ),
    "json_shape, another type": (
        without(lambda board: board.update(tags="llm", graphTooltip=True)),
        [
            ("json-shape", "", "`tags` is a text"),
            ("json-shape", "", "`graphTooltip` is true or false"),
        ],
    ),
    "schema_version": (
        without(lambda board: board.update(schemaVersion=99)),
        [("schema-version", "", "99 is not from 13 to 42")],
    ),
    "identity": (
        without(lambda board: board.update(uid="a b", id=7, title="")),
        [
            ("identity", "", "uid `a b` is not of 1 to 40 letters, digits, - and _"),
            ("identity", "", "`id` is 7: another server has another number"),
            ("identity", "", "the title is empty"),
        ],
    ),
    "panel_ids": (
        without(lambda board: panel(board).update(id=3)),
        [("panel-id", "panel 3", "3 is the id of `Calls` too")],
    ),
    "grid, upon another": (
        without(lambda board: panel(board)["gridPos"].update(w=13)),
        [("grid", "panel 3", "it lies upon `Calls`")],
    ),
    "grid, outside": (
        without(lambda board: panel(board)["gridPos"].update(x=20)),
        [("grid", "Calls", "its place is not within the 24 columns")],
    ),
    "ref_ids": (
        with_query("up", refId="A"),
        [("ref-id", "Calls", "two queries are `A`")],
    ),
    "panel_kind, Angular": (
        without(lambda board: panel(board).update(type="graph")),
        [
            (
                "panel-kind",
                "Calls",
                "`graph` is an Angular panel, which Grafana 12 has no more;"
                " sophia dashboards import converts it",
            )
        ],
    ),
    "panel_kind, unknown": (
        without(lambda board: panel(board).update(type="graphx")),
        [("panel-kind", "Calls", "`graphx` is no panel of Grafana's own")],
    ),
    "panel_words": (
        without(lambda board: panel(board).update(title="", description=" ")),
        [
            ("panel-words", "panel 2", "it has no title"),
            ("panel-words", "panel 2", "it has no description"),
        ],
    ),
    "panel_unit, none": (
        without(lambda board: panel(board).pop("fieldConfig")),
        [("panel-unit", "Calls", "it has no unit")],
    ),
    "panel_unit, unknown": (
        without(lambda board: panel(board)["fieldConfig"]["defaults"].update(unit="dollars")),
        [("panel-unit", "Calls", "`dollars` is no unit of Grafana's")],
    ),
    "panel_queries": (
        without(lambda board: panel(board)["targets"][0].update(expr="")),
        [
            ("panel-queries", "Calls", "it asks nothing"),
            ("variable-unused", "$provider", "nothing uses it"),
        ],
    ),
    "panel_source, a name": (
        without(lambda board: board["annotations"]["list"][1].update(datasource="Prometheus")),
        [("panel-source", "annotation Alerts", "its data source is the name `Prometheus`")],
    ),
    "panel_source, fixed": (
        without(lambda board: panel(board).update(datasource={"type": "prometheus", "uid": "p1"})),
        [("panel-source", "Calls", "its data source is fixed: `p1`")],
    ),
    "panel_source, none": (
        without(lambda board: panel(board).pop("datasource")),
        [("panel-source", "Calls", "it has no data source")],
    ),
    "legacy_alert": (
        without(lambda board: panel(board).update(alert={})),
        [
            ("json-shape", "Calls", "`alert` is no key of the model"),
            ("legacy-alert", "Calls", "its alert is of the alerting before 11"),
        ],
    ),
    "source_variable, none": (
        without(lambda board: board["templating"]["list"].pop(0)),
        [
            ("source-variable", "", "there is no variable for the data source"),
            *(
                ("input-unknown", where, "${datasource} is no input and no variable")
                for where in ("Calls", "annotation Alerts", "$provider")
            ),
        ],
    ),
    "source_variable, another type": (
        without(lambda board: board["templating"]["list"][0].update(query="loki")),
        [("source-variable", "$datasource", "it is not of type prometheus")],
    ),
    "variable_unused": (
        without(lambda board: panel(board)["targets"][0].update(expr="up")),
        [("variable-unused", "$provider", "nothing uses it")],
    ),
    "variable_unused, but in a title": (
        without(
            lambda board: panel(board).update(
                title="Of $provider", targets=[{"refId": "A", "expr": "up"}]
            )
        ),
        [("variable-unused", "$provider", "no query uses it")],
    ),
    "variable_unknown": (
        with_query('up{a="$region"}'),
        [("variable-unknown", "Calls", "$region is not declared")],
    ),
    "input_unused": (
        without(lambda board: board.update(__inputs=[{"name": "DS_P", "type": "datasource"}])),
        [("input-unused", "${DS_P}", "nothing uses it")],
    ),
    "input_unknown": (
        without(lambda board: board["templating"]["list"][0].update(current={"value": "${DS_P}"})),
        [("input-unknown", "$datasource", "${DS_P} is no input and no variable")],
    ),
    "input_unknown, of a query": (
        without(
            lambda board: panel(board)["targets"][0].update(
                datasource={"type": "prometheus", "uid": "${DS_P}"}
            )
        ),
        [("input-unknown", "Calls", "${DS_P} is no input and no variable")],
    ),
    "variable_query": (
        without(lambda board: choice(board).update(query="providers()", datasource=None)),
        [
            ("variable-query", "$provider", "`providers()` is no label_values(...)"),
            ("variable-query", "$provider", "its data source is not the board's variable"),
        ],
    ),
    "variable_query, a selector that does not parse": (
        without(lambda board: choice(board).update(query="label_values(up{, provider)")),
        [("variable-query", "$provider", "unexpected end of input inside braces")],
    ),
    "variable_refresh": (
        without(lambda board: choice(board).update(refresh=1)),
        [
            (
                "variable-refresh",
                "$provider",
                "its values do not follow the range (refresh is not 2)",
            )
        ],
    ),
    "query_parses": (
        with_query("sum(up"),
        [("promql", "Calls", "unclosed left parenthesis")],
    ),
    "query_parses, of the wrong type": (
        with_query("rate(up)"),
        [("promql", "Calls", "expected type matrix in call to function 'rate', got vector")],
    ),
    "rate_interval": (
        with_query(f"sum(rate({CALLS}[5m]))"),
        [
            (
                "rate-interval",
                "Calls",
                f"`{CALLS}` is taken over a fixed 300 s, not $__rate_interval",
            )
        ],
    ),
    "counter_rate": (
        with_query(f"sum({CALLS})", instant=True),
        [("counter-rate", "Calls", f"`{CALLS}` is a counter, read as it stands")],
    ),
    "quantile_by_le": (
        with_query("histogram_quantile(0.9, rate(x_bucket[$__rate_interval]))"),
        [("quantile-by-le", "Calls", "histogram_quantile of what is not summed up by le")],
    ),
    "quantile_by_le, summed up by another": (
        with_query("histogram_quantile(0.9, sum by (a) (rate(x_bucket[$__rate_interval])))"),
        [("quantile-by-le", "Calls", "histogram_quantile of what is not summed up by le")],
    ),
    "declared, a metric": (
        with_query("sophia_llm_calls"),
        [("metric-unknown", "Calls", "`sophia_llm_calls` is no metric of sophia")],
    ),
    "declared, a label": (
        with_query(f'sum(rate({CALLS}{{tier="1"}}[$__rate_interval]))'),
        [("label-unknown", "Calls", f"`{CALLS}` has no label `tier`")],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(name: str) -> None:
    board, expected = FAULTS[name]
    assert found(board) == expected


def test_every_rule_has_a_fault() -> None:
    held = {name.partition(",")[0].partition(" of")[0] for name in FAULTS}
    assert {rule.__name__ for rule in RULES} - held == set()


def test_of_what_ships_every_metric_is_sophias() -> None:
    board = with_query("node_load1")
    assert found(board, ours=True) == [
        ("metric-unknown", "Calls", "`node_load1` is no metric of sophia")
    ]


@pytest.mark.parametrize(
    "board",
    ["[]", "null", "7", '{"panels": 7}', '{"panels": [7, {"targets": "x", "gridPos": 3}]}',
     '{"panels": [{"targets": [{"expr": 7}], "gridPos": {"x": "a", "y": null, "w": 1, "h": 1}}]}',
     '{"panels": [], "templating": {"list": [{"name": 7}, 3]}, "annotations": []}',
     '{"rows": [{"panels": [{"type": "graph", "id": [1]}]}], "panels": []}',
     '{"panels": [{"type": ["a"], "fieldConfig": {"defaults": {"unit": ["s"]}}}]}'],
)  # fmt: skip
def test_no_json_breaks_it(board: str) -> None:
    assert found(json.loads(board)) != []
