"""Every query of every board that ships, on a real Prometheus that the product wrote its ledger's totals to.

A day of calls goes through ledger, reading and remote write, at its own times; what each figure and
each alert says of it is what the ledger says, asked in SQL.
"""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from day import ENVIRON, SETTINGS, Day, prometheus, write_to
from totals import BOARDS as TOTALS
from totals import BY_MODEL, EXACT_ALERTS, GROWN_ALERTS, HANDED_ON, QUANTILES

from sophia_cli.dashboards.files import read_boards, shipped
from sophia_cli.dashboards.model import name_of, panels, targets, variables
from sophia_cli.dashboards.prometheus import Prometheus
from sophia_cli.dashboards.promql import durations, filled
from sophia_cli.metrics.alerts.prometheus import alerts_of
from sophia_cli.metrics.alerts.targets import load_targets
from sophia_cli.usage.figures import rank

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus not installed"
)

HOURS, STEP = 3, 60
EVERY = dict.fromkeys(("provider", "model", "route", "task"), ".*")
VALUES = {**EVERY, **durations(STEP, 4 * STEP, HOURS * 3600)}
BOARDS = read_boards(shipped())
QUERIES = [
    (name, name_of(panel), target)
    for name, board in BOARDS.items()
    for panel in panels(board)
    for target in targets(panel)
]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day")
    noon = (
        int(time.time()) // 86_400 - 1
    ) * 86_400 + 43_200  # of yesterday: all of it is of one day
    made = Day(folder, noon, hours=HOURS, calls=400)
    yield made
    made.ledger.close()


@pytest.fixture(scope="module")
def server(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with (
        prometheus(tmp_path_factory.mktemp("prometheus") / "data") as url,
        Prometheus(url) as connected,
    ):
        write_to(day, url)
        yield connected


def test_it_knows_no_key() -> None:
    assert {value for name, value in ENVIRON.items() if name.endswith(("KEY", "PAT"))} == {"none"}


@pytest.mark.parametrize(
    ("board", "panel", "target"),
    QUERIES,
    ids=[f"{name}-{panel}-{target['refId']}" for name, panel, target in QUERIES],
)
def test_a_query_shows_something(
    day: Day, server: Prometheus, board: str, panel: str, target: dict[str, Any]
) -> None:
    expr = filled(target["expr"], VALUES)
    if target.get("instant"):
        found = server.at(expr, day.until)
    else:
        found = server.between(expr, day.since, day.until, STEP)
    assert any(series.points for series in found), f"{board}: {panel} shows nothing"


def asked(day: Day, query: str, until: int | None = None) -> dict[tuple[str, ...], float]:
    """What the ledger says, by the values of the labels."""
    moment = until or day.until
    facts = {":until": moment, ":day": moment // 86_400 * 86_400}
    for name, value in facts.items():
        query = query.replace(name, f"{value}.0")
    return {tuple(map(str, labels)): value for *labels, value in day.ledger.read(query)}


def labels_in(query: str) -> list[str]:
    """The names of the labels that a question to the ledger asks for."""
    named = query.partition("SELECT ")[2].partition(" FROM ")[0]
    depth, names, word = 0, [], ""
    for letter in f"{named},":
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            names.append(word.split(" AS ")[-1].strip().strip('"'))
            word = ""
        else:
            word += letter
    return names[:-1]


def shown(
    server: Prometheus, expr: str, labels: list[str], until: int, **choice: str
) -> dict[tuple[str, ...], float]:
    """What a query says at a moment, by the values of these labels."""
    found = server.at(filled(expr, {**VALUES, **choice}), until)
    values = {tuple(one.labels.get(name, "") for name in labels): one.last for one in found}
    assert len(values) == len(found), "series that the labels do not tell apart"
    return {key: value for key, value in values.items() if value is not None}


INSTANT = {
    (name.removesuffix(".json"), panel["title"], target["refId"], panel["type"]): target["expr"]
    for name, board in BOARDS.items()
    for panel in panels(board)
    for target in targets(panel)
    if target.get("instant")
}


def wanted(board: str, title: str, ref: str, kind: str) -> str:
    """What a figure is asked of the ledger with; nothing for a quantile."""
    if (board, title) == ("routing", "Handed on"):
        return HANDED_ON[kind]
    return TOTALS.get((board, title, ref), "")


@pytest.mark.parametrize("key", INSTANT, ids="-".join)
def test_a_figure_is_what_the_ledger_says(
    day: Day, server: Prometheus, key: tuple[str, str, str, str]
) -> None:
    query = wanted(*key)
    if not query:  # `test_a_quantile_lies_in_the_bucket_of_what_was_measured` looks at it
        assert key[:3] in QUANTILES or key[:3] in BY_MODEL
        return
    labels = labels_in(query)
    said = asked(day, query)
    assert said and any(said.values()) or "0 FROM" in query or key[1] == "Unpriced"
    found = shown(server, INSTANT[key], labels, day.until)
    assert found == pytest.approx(said, rel=1e-9, abs=0.000_005)


def test_no_figure_is_asked_for_that_is_not_there() -> None:
    assert {*TOTALS, *QUANTILES, *BY_MODEL} == {key[:3] for key in INSTANT}


def near(value: float, measured: float) -> bool:
    """Whether both may lie in the same bucket, or in two that touch: the bounds double."""
    return measured / 2 <= value <= measured * 2


@pytest.mark.parametrize("key", QUANTILES, ids="-".join)
def test_a_quantile_lies_in_the_bucket_of_what_was_measured(
    day: Day, server: Prometheus, key: tuple[str, str, str]
) -> None:
    share, query = QUANTILES[key]
    times = [took / 1e6 for (took,) in day.ledger.read(query)]
    [expr] = [expr for one, expr in INSTANT.items() if one[:3] == key]
    [value] = shown(server, expr, [], day.until).values()
    assert near(value, rank(times, share))


@pytest.mark.parametrize("key", BY_MODEL, ids="-".join)
def test_a_models_quantile_does_too(
    day: Day, server: Prometheus, key: tuple[str, str, str]
) -> None:
    [expr] = [expr for one, expr in INSTANT.items() if one[:3] == key]
    found = shown(server, expr, ["provider", "model"], day.until)
    models = day.ledger.read("SELECT DISTINCT provider, model FROM calls")
    assert set(found) == set(models)
    for place in models:
        query = "SELECT latency_us / 1e6 FROM calls WHERE provider = ? AND model = ? ORDER BY 1"
        times = [took for (took,) in day.ledger.read(query, place)]
        assert near(found[place], rank(times, BY_MODEL[key])), place


def value_of(expr: str) -> str:
    """What an alert tells as its value: all before the first comparison."""
    value = re.split(r" (?:>=?|<|==) ", expr, maxsplit=1)[0]
    return value[
        max(value.count("(") - value.count(")"), 0) :
    ]  # of what stood around the comparison


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The value of every alert that the day's settings make."""
    folder = tmp_path_factory.mktemp("alerts")
    (folder / "sophia.toml").write_text(SETTINGS)
    return {one.name: value_of(one.expr) for one in alerts_of(load_targets({}, folder))}


OTHERS = {"SophiaLatency", "SophiaCacheCollapse", "SophiaExporterAbsent"}


def test_every_alert_is_looked_at(alerts: dict[str, str]) -> None:
    assert {*EXACT_ALERTS, *GROWN_ALERTS, *OTHERS} == set(alerts)


@pytest.mark.parametrize("name", [*EXACT_ALERTS, *GROWN_ALERTS])
def test_an_alert_tells_what_the_ledger_says(
    day: Day, server: Prometheus, alerts: dict[str, str], name: str
) -> None:
    query = EXACT_ALERTS.get(name) or GROWN_ALERTS[name]
    labels = labels_in(query)
    said = {key: value for key, value in asked(day, query).items() if value}
    found = {
        key: value for key, value in shown(server, alerts[name], labels, day.until).items() if value
    }
    assert said
    # What grew in a window is guessed from samples a minute apart.
    near = {"rel": 1e-9, "abs": 5e-6} if name in EXACT_ALERTS else {"rel": 0.05}
    assert found == pytest.approx(said, **near)


def test_latency_and_the_caches_share_are_told_too(
    day: Day, server: Prometheus, alerts: dict[str, str]
) -> None:
    lately = f"started_ns > {day.until - 1800} * 1000000000 AND outcome = 'ok'"
    found = shown(server, alerts["SophiaLatency"], ["provider", "model"], day.until)
    for place, value in found.items():
        query = f"""SELECT latency_us / 1e6 FROM calls WHERE provider = ? AND model = ? AND {lately}
            ORDER BY 1"""
        times = [took for (took,) in day.ledger.read(query, place)]
        assert math.isnan(value) or near(value, rank(times, 0.95)), place
    [share] = shown(server, alerts["SophiaCacheCollapse"], [], day.until).values()
    query = f"""SELECT 1.0 * SUM(outcome = 'cached') / COUNT(*) FROM calls WHERE task = 'document_summary'
        AND outcome != 'error' AND started_ns > {day.until - 3600} * 1000000000"""
    assert share == pytest.approx(day.ledger.read(query)[0][0], rel=0.2)


def figure(server: Prometheus, day: Day, title: str, **choice: str) -> float:
    [expr] = [expr for key, expr in INSTANT.items() if key[:2] == ("overview", title)]
    [value] = shown(server, expr, [], day.until, **choice).values()
    return value


def test_a_figure_follows_the_choice(day: Day, server: Prometheus) -> None:
    found = figure(server, day, "Calls", provider="cortex", task="sql_generation")
    query = "SELECT COUNT(*) FROM calls WHERE provider = 'cortex' AND task = 'sql_generation'"
    assert found == day.ledger.read(query)[0][0]


def test_a_shorter_range_leaves_out_what_was_before(day: Day, server: Prometheus) -> None:
    found = figure(server, day, "Calls", **durations(STEP, 4 * STEP, 3600))
    query = "SELECT COUNT(*) FROM calls WHERE started_ns > ? * 1000000000"
    assert found == day.ledger.read(query, (day.until - 3600,))[0][0]


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_offers_something(day: Day, server: Prometheus, name: str) -> None:
    for variable in variables(BOARDS[name]):
        if variable["type"] != "query":
            continue
        selector, _, label = variable["query"].removeprefix("label_values(")[:-1].rpartition(", ")
        found = httpx.get(
            f"{server.url}/api/v1/label/{label}/values",
            params={"match[]": filled(selector, VALUES), "start": day.since, "end": day.until},
        ).json()
        assert [value for value in found["data"] if value], variable["name"]
