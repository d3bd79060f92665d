"""`sophia dashboards`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

from shell import sophia

BAD = {
    "uid": "shop",
    "title": "Shop",
    "schemaVersion": 42,
    "time": {},
    "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
    "panels": [
        {
            "id": 1,
            "type": "timeseries",
            "title": "Calls",
            "description": "How many.",
            "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
            "datasource": {"uid": "${datasource}"},
            "targets": [{"refId": "A", "expr": "sum(rate(calls_total[5m]))"}],
        }
    ],
}


def test_what_ships_has_no_findings(tmp_path: Path) -> None:
    said = sophia("dashboards", "lint", cwd=tmp_path)
    assert (said.code, said.out, said.err) == (0, "5 boards: nothing found.\n", "")


def test_findings(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    file = tmp_path / "boards" / "shop.json"
    file.write_text(json.dumps(BAD))
    (tmp_path / "boards" / "wrapped.json").write_text(json.dumps({"dashboard": BAD}))
    said = sophia("dashboards", "lint", "boards", cwd=tmp_path)
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "2 boards, 3 findings\n\n"
        "boards/shop.json\n"
        "  panel-unit     Calls: it has no unit\n"
        "  rate-interval  Calls: `calls_total` is taken over a fixed 300 s, not\n"
        "                 $__rate_interval\n\n"
        "boards/wrapped.json\n"
        "  wrapper  the board is inside `dashboard`: file provisioning loads a board\n"
        "           alone\n"
    )
    said = sophia("dashboards", "lint", "boards/shop.json", "--json", cwd=tmp_path)
    assert (said.code, said.json["data"]["findings"][0]) == (
        1,
        {
            "board": "boards/shop.json",
            "rule": "panel-unit",
            "where": "Calls",
            "words": "it has no unit",
        },
    )


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("apiVersion: 1")
    said = sophia("dashboards", "lint", "a.json", cwd=tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("sophia: a.json is no dashboard: it is no JSON")
    said = sophia("dashboards", "lint", "b.json", cwd=tmp_path)
    assert (said.code, said.err) == (1, "sophia: there is no file or folder b.json\n")
    (tmp_path / "empty").mkdir()
    said = sophia("dashboards", "lint", "empty", cwd=tmp_path)
    assert (said.code, said.err) == (1, "sophia: there is no .json file in empty\n")


def test_a_preview_of_nowhere(tmp_path: Path) -> None:
    said = sophia("dashboards", "preview", "--prometheus-url", "prometheus", cwd=tmp_path)
    assert (said.code, said.err) == (
        2,
        "sophia: `prometheus` is no URL\n"
        "        such as --prometheus-url http://localhost:9090\n",
    )
    said = sophia("dashboards", "preview", "--prometheus-url", "http://127.0.0.1:9", cwd=tmp_path)
    assert said.code == 1 and "Prometheus at http://127.0.0.1:9 cannot be reached" in said.err
