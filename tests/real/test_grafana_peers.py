"""The stand-in of Grafana, read by programs that others wrote for Grafana: they find in it what they look for.

They need other versions of libraries than we do, so each is in an environment of its own, on PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from grafana_server import Account, grafana
from grafana_server import Grafana as Stand

from sophia_cli.dashboards.bring import bring, standing
from sophia_cli.dashboards.files import read_boards, shipped
from sophia_cli.infra.grafana import Grafana
from sophia_cli.infra.login import Login

TOKEN = "glsa_0123456789abcdef"


@pytest.fixture
def server() -> Iterator[Stand]:
    """One that has our boards, brought in as `sophia dashboards import` does."""
    with grafana() as made:
        made.accounts[1] = Account("ci", "Admin", {1: ("ci", TOKEN, None)})
        made.sources["p1"] = {"id": 9, "uid": "p1", "name": "P", "type": "prometheus"}
        with Grafana(made.url, Login(token=TOKEN)) as asked:
            for board in read_boards(shipped()).values():
                bring(asked, standing(asked, board, ""))
        made.seen.clear()
        yield made


def run(server: Stand, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed:  pipx install {command[0]}")
    environ = {
        **os.environ,
        "HOME": str(folder),
        "GRAFANA_URL": server.url,
        "GRAFANA_TOKEN": TOKEN,
        "API_AUTH_CHECK": "false",  # it asks for API keys, which Grafana has no more
    }
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False
    )


def test_grafana_backup(tmp_path: Path, server: Stand) -> None:
    parts = "--components=folders,dashboards,datasources"
    done = run(server, tmp_path, "grafana-backup", "save", parts, "--no-archive")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = {
        path.stem: json.loads(path.read_text())["dashboard"]
        for path in tmp_path.rglob("*.dashboard")
    }
    assert set(kept) == set(server.boards)
    for uid, board in kept.items():
        assert board["panels"] == server.boards[uid]["dashboard"]["panels"]
    assert [path.stem for path in tmp_path.rglob("*.folder")] == ["sophia"]
    assert server.written == []


def test_grafana_wtf(tmp_path: Path, server: Stand) -> None:
    done = run(
        server, tmp_path, "grafana-wtf", "find", "sophia_llm_cost_usd_total", "--format=json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {one["UID"] for one in json.loads(done.stdout)["dashboards"]}
    assert found == {"sophia-overview", "sophia-cost", "sophia-routing"}
