"""The stand-in of Grafana, read by programs that others wrote for Grafana: they find in it what they look for.

They need other versions of libraries than we do, so each is in an environment of its own (peers.sh), or on PATH.
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

ROOT = Path(__file__).parents[2]
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


def run(server: Stand, folder: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    own = ROOT / ".venv" / "peers" / name / "bin" / name
    program = str(own) if own.is_file() else shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed:  tests/real/peers.sh")
    environ = {
        **os.environ,
        "HOME": str(folder),
        "GRAFANA_URL": server.url,
        "GRAFANA_TOKEN": TOKEN,
        "API_AUTH_CHECK": "false",  # it asks for API keys, which Grafana has no more
    }
    done = subprocess.run(
        [program, *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def backup(server: Stand, folder: Path, *parts: str) -> Path:
    """Where grafana-backup wrote what it found."""
    run(server, folder, "grafana-backup", "save", f"--components={','.join(parts)}", "--no-archive")
    return folder / "_OUTPUT_"


@pytest.mark.parametrize("version", ["10.4.19", "13.2.0"])
def test_grafana_backup(tmp_path: Path, server: Stand, version: str) -> None:
    server.version = version
    made = backup(server, tmp_path, "folders", "dashboards", "datasources")
    kept = {
        path.stem: json.loads(path.read_text())["dashboard"] for path in made.rglob("*.dashboard")
    }
    assert set(kept) == set(server.boards)
    for uid, board in kept.items():
        assert board["panels"] == server.boards[uid]["dashboard"]["panels"]
    assert [path.stem for path in made.rglob("*.folder")] == ["sophia"]
    assert server.written == []


def test_grafana_backup_of_versions(tmp_path: Path, server: Stand) -> None:
    """It asks by a board's number, and for a bare list, as Grafana gave it until 11.5."""
    server.version = "11.5.2"
    with Grafana(server.url, Login(token=TOKEN)) as asked:
        board = server.boards["sophia-cost"]["dashboard"]
        asked.save_board({**board, "title": "Mine"}, "sophia", 1, "by hand")
    made = backup(server, tmp_path, "dashboard-versions")
    found = {
        (path.parent.name, path.stem): json.loads(path.read_text())
        for path in made.rglob("*.version")
    }
    assert sorted(found) == [
        *(("sophia-cost", number) for number in ("1", "2")),
        *((f"sophia-{name}", "1") for name in ("latency", "overview", "reliability", "routing")),
    ]
    second = found["sophia-cost", "2"]
    assert (second["message"], second["data"]["title"]) == ("by hand", "Mine")


def test_grafana_backup_puts_all_back(tmp_path: Path, server: Stand) -> None:
    """It sends what it was given, numbers and all: a server that is not strict passes them over."""
    server.sources["p1"] |= {"access": "proxy", "url": "http://p:9090"}
    parts = "--components=folders,datasources,dashboards"
    run(server, tmp_path, "grafana-backup", "save", parts)
    [archive] = (tmp_path / "_OUTPUT_").glob("*.tar.gz")
    before = {uid: (one["dashboard"]["panels"], "sophia") for uid, one in server.boards.items()}
    for kind in (server.boards, server.folders, server.sources):
        kind.clear()
    server.strict = False
    run(server, tmp_path, "grafana-backup", "restore", str(archive), parts)
    after = {
        uid: (one["dashboard"]["panels"], one["folderUid"]) for uid, one in server.boards.items()
    }
    assert (after, list(server.sources)) == (before, ["p1"])
    with Grafana(server.url, Login(token=TOKEN)) as asked:
        # Nobody can tell that they came from here: a restore saves them without a message.
        board = read_boards(shipped())["cost.json"]
        assert standing(asked, board, "").state == "as it was"
        assert standing(asked, {**board, "title": "New"}, "").state == "changed there"


def test_grafana_wtf_changes_boards(tmp_path: Path, server: Stand) -> None:
    server.strict = False  # it sends what it was given
    run(server, tmp_path, "grafana-wtf", "replace", "sophia_llm_cost_usd_total", "other_total")
    changed = {uid for uid, one in server.boards.items() if len(one["versions"]) == 2}
    assert changed == {"sophia-overview", "sophia-cost", "sophia-routing"}
    text = json.dumps([one["dashboard"] for one in server.boards.values()])
    assert "sophia_llm_cost_usd_total" not in text and "other_total" in text
    with Grafana(server.url, Login(token=TOKEN)) as asked:
        board = read_boards(shipped())["cost.json"]
        assert standing(asked, board, "").state == "changed there"


def test_grafana_wtf(tmp_path: Path, server: Stand) -> None:
    words = ("find", "sophia_llm_cost_usd_total", "--format=json")
    done = run(server, tmp_path, "grafana-wtf", *words)
    found = {one["UID"] for one in json.loads(done.stdout)["dashboards"]}
    assert found == {"sophia-overview", "sophia-cost", "sophia-routing"}


@pytest.mark.parametrize("version", ["11.5.2", "11.6.0", "13.2.0"])
def test_the_history_that_grafana_wtf_tells(tmp_path: Path, server: Stand, version: str) -> None:
    server.version = version
    with Grafana(server.url, Login(token=TOKEN)) as asked:
        for number in (1, 2):
            board = server.boards["sophia-cost"]["dashboard"]
            more = {"description": f"{number}"}
            asked.save_board({**board, **more}, "sophia", number, f"edit {number}")
        server.page = 2  # of which it turns the pages too
    done = run(server, tmp_path, "grafana-wtf", "log", "sophia-cost", "--format=json")
    assert [(one["version"], one["message"]) for one in json.loads(done.stdout)] == [
        (3, "edit 2"), (2, "edit 1"), (1, "Initial save")
    ]  # fmt: skip
