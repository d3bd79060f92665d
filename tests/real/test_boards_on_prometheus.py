"""Every query of every board that ships, on a real Prometheus that holds what the product said of its ledger."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from day import ENVIRON, Day, prometheus, write_blocks

from sophia_cli.dashboards.files import read_boards, shipped
from sophia_cli.dashboards.model import name_of, panels, targets, variables
from sophia_cli.dashboards.prometheus import Prometheus
from sophia_cli.dashboards.promql import durations, filled

MISSING = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} not installed")

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
    made = Day(folder, int(time.time()) // 60 * 60, hours=HOURS, calls=400)
    yield made
    made.ledger.close()


@pytest.fixture(scope="module")
def server(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    data = write_blocks(day, tmp_path_factory.mktemp("prometheus"))
    with prometheus(data) as url, Prometheus(url) as asked:
        yield asked


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


def figure(
    server: Prometheus, day: Day, title: str, board: str = "overview.json", **choice: str
) -> float:
    [expr] = [
        targets(panel)[0]["expr"] for panel in panels(BOARDS[board]) if panel["title"] == title
    ]
    [series] = server.at(filled(expr, {**VALUES, **choice}), day.until)
    assert series.last is not None
    return series.last


EXACT = {
    ("overview.json", "Calls"): "SELECT COUNT(*) FROM calls",
    ("overview.json", "Spend"): "SELECT SUM(cost_nano) / 1e9 FROM calls",
    ("overview.json", "Saved by cache"): "SELECT SUM(saved_nano) / 1e9 FROM calls",
    ("overview.json", "Unpriced"): "SELECT COUNT(*) FROM calls WHERE outcome = 'ok' AND cost_nano IS NULL",
    ("overview.json", "Kept local"): "SELECT SUM(kept_local) FROM calls",
    ("overview.json", "Calls in the ledger"): "SELECT COUNT(*) FROM calls",
    ("reliability.json", "Failed calls"): "SELECT COUNT(*) FROM calls WHERE outcome = 'error'",
    ("reliability.json", "Cancelled"): "SELECT COUNT(*) FROM calls WHERE outcome = 'cancelled'",
    ("reliability.json", "Failed attempts"): "SELECT COUNT(*) FROM attempts WHERE outcome = 'error'",
}  # fmt: skip


@pytest.mark.parametrize(("board", "title"), EXACT)
def test_a_figure_is_what_the_ledger_says(
    day: Day, server: Prometheus, board: str, title: str
) -> None:
    shown = figure(server, day, title, board)
    [(said,)] = day.ledger.read(EXACT[board, title])
    assert shown == pytest.approx(said, abs=0.000_001)


def test_a_figure_follows_the_choice(day: Day, server: Prometheus) -> None:
    shown = figure(server, day, "Calls", provider="cortex", task="sql_generation")
    asked = "SELECT COUNT(*) FROM calls WHERE provider = 'cortex' AND task = 'sql_generation'"
    assert shown == day.ledger.read(asked)[0][0]


def test_a_shorter_range_leaves_out_what_was_before(day: Day, server: Prometheus) -> None:
    shown = figure(server, day, "Calls", **durations(STEP, 4 * STEP, 3600))
    asked = "SELECT COUNT(*) FROM calls WHERE started_ns > ? * 1000000000"
    assert shown == day.ledger.read(asked, (day.until - 3600,))[0][0]


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
