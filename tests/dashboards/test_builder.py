"""The boards as they are made: the same each time, and what is checked in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.dashboards.builder.every import texts
from sophia_cli.dashboards.model import items, names_in, panels, strings, table, targets, variables

ROOT = Path(__file__).parents[2]
FILES = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / "dashboards").glob("*.json")
}
BOARDS: dict[str, Any] = {name: json.loads(text) for name, text in FILES.items()}


def test_what_is_checked_in_is_what_is_made() -> None:
    assert texts() == FILES


def test_another_process_makes_the_same_bytes() -> None:
    code = (
        "from sophia_cli.dashboards.builder.every import texts; import hashlib;"
        "print(hashlib.sha256(repr(sorted(texts().items())).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_the_boards_that_ship() -> None:
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        "overview.json": "sophia-overview",
        "cost.json": "sophia-cost",
        "latency.json": "sophia-latency",
        "reliability.json": "sophia-reliability",
        "routing.json": "sophia-routing",
    }


@pytest.mark.parametrize("name", FILES)
def test_what_holds_for_each(name: str) -> None:
    board = BOARDS[name]
    assert (board["id"], board["schemaVersion"]) == (None, 42)
    assert [one["name"] for one in variables(board)] == [
        "datasource", "provider", "model", "route", "task"
    ]  # fmt: skip
    assert {panel["type"] for panel in panels(board)} <= {
        "stat", "timeseries", "table", "bargauge", "heatmap"
    }  # fmt: skip
    for panel in panels(board):
        assert table(table(panel["fieldConfig"])["defaults"])["thresholds"]["steps"]
        for target in targets(panel):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_the_older_grafana_meets_no_key_that_it_does_not_know() -> None:
    assert not any('"placement": "inControlsMenu"' in text for text in FILES.values())


def links(board: Any) -> list[str]:
    found = []
    for panel in panels(board):
        defaults = table(table(panel.get("fieldConfig")).get("defaults"))
        found += [str(link["url"]) for link in items(defaults.get("links"))]
    return found


def test_every_way_into_detail_leads_to_a_board() -> None:
    uids = {board["uid"] for board in BOARDS.values()}
    led = {url.split("/")[2] for board in BOARDS.values() for url in links(board)}
    assert led == uids - {"sophia-overview"}
    known = {"__url_time_range", "datasource", "__data"}
    named = set().union(*(names_in(url) for board in BOARDS.values() for url in links(board)))
    assert named <= known


def test_figures_are_exact_and_shapes_are_rates() -> None:
    """A figure that is read once never goes by `increase`, which guesses."""
    for board in BOARDS.values():
        for panel in panels(board):
            for target in targets(panel):
                if target.get("instant"):
                    assert "rate(" not in target["expr"] and "increase(" not in target["expr"]


def test_no_name_of_a_machine_is_in_them() -> None:
    for board in BOARDS.values():
        assert not [text for text in strings(board) if "localhost" in text or "/tmp" in text]


def test_each_has_a_picture_and_it_is_small() -> None:
    pictures = {path.stem: path for path in (ROOT / "dashboards" / "pictures").iterdir()}
    assert {f"{name}.json" for name in pictures} == set(FILES)
    for path in pictures.values():
        data = path.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) < 120_000
        assert int.from_bytes(data[16:20], "big") == 880  # pixels, as the README shows them
