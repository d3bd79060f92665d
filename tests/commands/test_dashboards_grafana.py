"""`sophia dashboards` beside a Grafana, as it is typed; the stand-in answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_server import Account, Grafana, grafana
from shell import Said, sophia

from sophia_cli.assets import asset
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.up import Asked, settle
from sophia_cli.infra.vault import FOLDER, Vault

TOKEN = "glsa_0123456789abcdef"
LEGACY = {
    "dashboard": {
        "title": "Legacy",
        "panels": [
            {
                "title": "Rate",
                "type": "graph",
                "targets": [{"expr": "up"}],
                "datasource": "Prometheus",
            }
        ],
    }
}


@pytest.fixture
def server() -> Iterator[Grafana]:
    with grafana() as made:
        made.accounts[1] = Account("ci", "Admin", {1: ("ci", TOKEN, None)})
        made.sources["p1"] = {"uid": "p1", "name": "Prometheus", "type": "prometheus"}
        yield made


def boards(folder: Path, server: Grafana, *words: str, **environ: str) -> Said:
    environ = {"SOPHIA_GRAFANA_TOKEN": TOKEN, **environ}
    return sophia("dashboards", *words, "--grafana-url", server.url, cwd=folder, **environ)


def edit(server: Grafana, uid: str, change: Any) -> None:
    """Somebody saves a board in Grafana's own pages."""
    held = server.boards[uid]
    board = json.loads(json.dumps(held["dashboard"]))
    change(board)
    board["version"] += 1
    held["dashboard"] = board
    held["versions"].append({"data": board, "message": "quick fix"})


def test_a_life(tmp_path: Path, server: Grafana) -> None:
    said = boards(tmp_path, server, "import", "sophia-cost", "sophia-latency", "--dry-run")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "  sophia-cost: would be new, in folder sophia\n"
        "  sophia-latency: would be new, in folder sophia\n\n"
        f"2 boards at {server.url}: 2 new. Nothing was changed.\n"
        "Next:  without --dry-run\n"
    )
    assert server.written == []

    said = boards(tmp_path, server, "import")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-2:] == [
        f"5 boards at {server.url}: 5 new.",
        f"Next:  {server.url}/d/sophia-cost",
    ]
    server.seen.clear()
    said = boards(tmp_path, server, "import")
    assert said.out.splitlines()[-2] == f"5 boards at {server.url}: 5 as it was."
    assert server.written == []
    said = boards(tmp_path, server, "diff")
    assert (said.code, said.out) == (0, f"5 boards at {server.url}: 5 as in the file.\n")

    edit(server, "sophia-cost", lambda board: board["panels"][0].update(title="Money"))
    edit(server, "sophia-cost", lambda board: board["panels"][1]["targets"][0].update(expr="up"))
    said = boards(tmp_path, server, "diff", "sophia-cost")
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "sophia-cost: version 3 by admin\n"
        "  panel `Spend`: its title, `Money` in Grafana: changed in Grafana\n"
        "  panel `USD per 1k answered`: query A: changed in Grafana\n"
        "  import leaves it, Grafana's wins unless:\n"
        "    sophia dashboards import sophia-cost --force\n\n"
        f"1 board at {server.url}: 0 as in the file.\n"
    )
    said = boards(tmp_path, server, "import", "sophia-cost")
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "  sophia-cost: changed in Grafana by admin, version 3: left as it is\n"
        "    what:  sophia dashboards diff sophia-cost\n"
        "    keep it:  sophia dashboards export sophia-cost --to FOLDER\n"
        "    the file's instead:  --force\n\n"
        f"1 board at {server.url}: 1 left.\n"
    )

    said = boards(tmp_path, server, "rollback", "sophia-cost")
    assert said.code == 0 and said.out.splitlines()[0] == (
        "sophia-cost: 3 versions, nothing was changed"
    )
    assert "quick fix" in said.out and said.out.endswith(
        "Next:  sophia dashboards rollback sophia-cost --to 2\n"
    )
    said = boards(tmp_path, server, "rollback", "sophia-cost", "--to", "1")
    assert (said.code, said.out) == (
        0,
        "sophia-cost is what it was in version 1; that is version 4 now.\n"
        "Undo:  sophia dashboards rollback sophia-cost --to 3\n",
    )
    assert boards(tmp_path, server, "diff", "sophia-cost").code == 0
    edit(server, "sophia-cost", lambda board: board["tags"].append("mine"))
    said = boards(tmp_path, server, "import", "sophia-cost", "--force")
    assert (said.code, said.out.splitlines()[0]) == (
        0, "  sophia-cost: the file's again, over version 5"
    )  # fmt: skip


def test_a_foreign_board(tmp_path: Path, server: Grafana) -> None:
    (tmp_path / "legacy.json").write_text(json.dumps(LEGACY))
    said = boards(tmp_path, server, "import", "legacy.json", "--folder", "team")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "  legacy: new, in folder team\n"
        "    panel `Rate`: `graph` is now `timeseries`\n"
        "    data source `Prometheus` is now `p1`\n\n"
        f"1 board at {server.url}: 1 new.\n"
        f"Next:  {server.url}/d/legacy\n"
    )
    held = server.boards["legacy"]
    assert (held["folderUid"], held["dashboard"]["panels"][0]["type"]) == ("team", "timeseries")
    said = boards(tmp_path, server, "import", "legacy.json", "--json")
    assert said.json["data"]["boards"] == [
        {
            "uid": "legacy",
            "state": "as it was",
            "folder": "team",
            "version": 1,
            "left": False,
            "changed": [
                "panel `Rate`: `graph` is now `timeseries`",
                "data source `Prometheus` is now `p1`",
            ],
        }
    ]


def test_a_board_that_never_came_from_here(tmp_path: Path, server: Grafana) -> None:
    assert boards(tmp_path, server, "import", "sophia-cost").code == 0
    held = server.boards["sophia-cost"]
    held["dashboard"] = {**held["dashboard"], "title": "Theirs"}
    held["versions"] = [{"data": held["dashboard"], "message": "ours, not yours"}]
    said = boards(tmp_path, server, "import", "sophia-cost")
    assert (said.code, said.out) == (
        1,
        "  sophia-cost: there already, at version 1 by admin, and none that is kept is\n"
        "      from here: left as it is\n"
        "    what:  sophia dashboards diff sophia-cost\n"
        "    keep it:  sophia dashboards export sophia-cost --to FOLDER\n"
        "    the file's instead:  --force\n\n"
        f"1 board at {server.url}: 1 left.\n",
    )
    said = boards(tmp_path, server, "diff", "sophia-cost")
    assert (said.code, said.out) == (
        1,
        "sophia-cost: version 1 by admin\n"
        "  `title` of the board\n"
        "  no version that is kept is from here, Grafana's wins unless:\n"
        "    sophia dashboards import sophia-cost --force\n\n"
        f"1 board at {server.url}: 0 as in the file.\n",
    )


def test_what_to_type_names_the_file_that_was_typed(tmp_path: Path, server: Grafana) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "legacy.json").write_text(json.dumps(LEGACY))
    said = boards(tmp_path, server, "diff", "own")
    assert said.out.startswith(
        "legacy: not there\n  bring it in:  sophia dashboards import own/legacy.json\n"
    )
    assert boards(tmp_path, server, "import", "own").code == 0
    edit(server, "legacy", lambda board: board.update(title="Mine"))
    said = boards(tmp_path, server, "diff", "own")
    assert "    sophia dashboards import own/legacy.json --force\n" in said.out


def test_a_board_from_a_file_there(tmp_path: Path, server: Grafana) -> None:
    assert boards(tmp_path, server, "import", "sophia-cost").code == 0
    server.boards["sophia-cost"] |= {"provisioned": True, "file": "llm/cost.json"}
    assert boards(tmp_path, server, "import", "sophia-cost").code == 0
    server.boards["sophia-cost"]["dashboard"]["title"] = "Theirs"
    said = boards(tmp_path, server, "import", "sophia-cost", "--force")
    assert (said.code, said.out.splitlines()[:2]) == (
        1,
        [
            "  sophia-cost: comes from a file on the server, and differs: left as it is",
            "    change it there:  llm/cost.json",
        ],
    )


def test_files_of_what_is_there(tmp_path: Path, server: Grafana) -> None:
    assert boards(tmp_path, server, "import", "sophia-cost").code == 0
    said = boards(tmp_path, server, "export", "--tag", "sophia", "--to", "out")
    assert (said.code, said.out) == (
        0, "  out/sophia-cost.json\n1 board, 1 written.\nNext:  sophia dashboards lint out\n"
    )  # fmt: skip
    own = asset("dashboards") / "cost.json"
    assert (tmp_path / "out" / "sophia-cost.json").read_bytes() == own.read_bytes()
    said = boards(tmp_path, server, "export", "sophia-cost", "--to", "out")
    assert said.out.splitlines()[0] == "  out/sophia-cost.json   as it was"
    said = boards(tmp_path, server, "export", "--list")
    assert said.out.splitlines()[0] == f"1 board at {server.url}"
    assert boards(tmp_path, server, "export").code == 2


def test_credentials(tmp_path: Path, server: Grafana) -> None:
    said = boards(tmp_path, server, "import", SOPHIA_GRAFANA_TOKEN="")
    assert (said.code, said.err) == (
        1,
        f"sophia: there is no token for Grafana at {server.url}\n"
        "        set SOPHIA_GRAFANA_TOKEN, or --token-file FILE\n",
    )
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    said = boards(
        tmp_path, server, "export", "--list", "--token-file", "token", SOPHIA_GRAFANA_TOKEN=""
    )
    assert said.code == 0
    (tmp_path / "token").write_text("two lines\nof words\n")
    said = boards(tmp_path, server, "export", "--list", "--token-file", "token")
    assert (said.code, said.err.splitlines()[0]) == (1, "sophia: token holds no token")
    said = boards(tmp_path, server, "import", SOPHIA_GRAFANA_TOKEN="glsa_wrong0123456")
    assert (said.code, "Grafana answered 401" in said.err, "glsa_wrong" in said.err) == (
        1,
        True,
        False,
    )
    server.accounts[1].role = "Viewer"
    said = boards(tmp_path, server, "import")
    assert said.code == 1 and "Grafana answered 403 to /api/folders" in said.err


def test_by_the_newer_api(tmp_path: Path, server: Grafana) -> None:
    newer = ("--api", "apis")
    said = boards(tmp_path, server, "import", "sophia-cost", "sophia-routing", *newer)
    assert (said.code, said.err) == (0, "")
    assert {path.split("/")[1] for _, path in server.seen} == {"apis"}
    assert boards(tmp_path, server, "diff", "sophia-cost", *newer).code == 0
    edit(server, "sophia-cost", lambda board: board["tags"].append("mine"))
    assert boards(tmp_path, server, "import", "sophia-cost", *newer).code == 1
    said = boards(tmp_path, server, "rollback", "sophia-cost", "--to", "1", *newer)
    assert said.out.splitlines()[0] == (
        "sophia-cost is what it was in version 1; that is version 3 now."
    )
    said = boards(tmp_path, server, "export", "--list", "--api", "graphql")
    assert (said.code, said.err.splitlines()[0]) == (2, "sophia: there is no API `graphql`")


def test_where_there_is_no_server(tmp_path: Path) -> None:
    said = sophia("dashboards", "import", cwd=tmp_path)
    assert (said.code, said.err.splitlines()[-1]) == (1, "        sophia infra up")
    said = sophia(
        "dashboards", "diff", "--grafana-url", "http://127.0.0.1:9", cwd=tmp_path, SOPHIA_GRAFANA_TOKEN=TOKEN
    )  # fmt: skip
    assert said.code == 1 and "Grafana at http://127.0.0.1:9 cannot be reached" in said.err
    said = sophia("dashboards", "diff", "--grafana-url", "grafana.internal", cwd=tmp_path)
    assert said.code == 2


def test_the_grafana_of_the_projects_stack(tmp_path: Path, server: Grafana) -> None:
    """Its address and its password are those that `infra` keeps."""
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    urls = {"grafana": server.url}
    stack = settle(Asked(tmp_path, "shop", ("metrics",), attached=urls), environ)
    stacks.save(stack)

    def run(*words: str, **more: str) -> Said:
        return sophia("dashboards", *words, "--name", "shop", cwd=tmp_path, **environ, **more)

    said = run("import", "sophia-cost")
    assert said.code == 1 and said.err.startswith("sophia: there are no credentials for Grafana at")
    Vault(stack.home / FOLDER).keep("grafana", TOKEN)
    said = run("import", "sophia-cost")
    assert (said.code, said.err) == (0, "")
    assert server.boards["sophia-cost"]["folderUid"] == "sophia"
    assert run("import", "sophia-cost", "--token-file", "x").code == 2
