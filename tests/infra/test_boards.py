"""What Grafana is told of a stack: each thing once, and only where it differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from grafana_server import Grafana as Stand
from grafana_server import grafana

from sophia_cli.dashboards.files import read_boards
from sophia_cli.errors import SophiaError
from sophia_cli.infra.boards import (
    FOLDER,
    SOURCE,
    TOKEN_DAYS,
    TOKEN_SECRET,
    Wanted,
    changes,
    wait,
)
from sophia_cli.infra.grafana import Grafana
from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.vault import Vault

BOARD: dict[str, Any] = {
    "uid": "llm-cost",
    "title": "Cost",
    "schemaVersion": 42,
    "panels": [{"id": 1, "type": "stat", "targets": [{"expr": "up", "refId": "A"}]}],
}
WANTED = Wanted("sophia-shop", "http://prometheus:9090", {"cost.json": BOARD})


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "secrets")


@pytest.fixture
def server() -> Iterator[Stand]:
    with grafana() as made:
        yield made


def provide(server: Stand, vault: Vault, wanted: Wanted = WANTED) -> list[str]:
    made = []
    with Grafana(server.url, Login(ADMIN, server.password)) as asked:
        for change in changes(asked, wanted, vault):
            if change.make:
                change.make()
            made.append(change.words)
    return made


def look(server: Stand, vault: Vault, wanted: Wanted = WANTED) -> list[str]:
    with Grafana(server.url, Login(ADMIN, server.password)) as asked:
        return [change.words for change in changes(asked, wanted, vault)]


def failing(server: Stand, vault: Vault, wanted: Wanted = WANTED) -> str:
    with pytest.raises(SophiaError) as caught:
        provide(server, vault, wanted)
    return caught.value.message


@pytest.mark.parametrize(
    "states", [["ok"], ["HTML", "HTML", "ok"], ["failing", "ok"]], ids=" ".join
)
def test_it_is_waited_for(server: Stand, states: list[str]) -> None:
    server.states = states
    with Grafana(server.url) as asked:
        wait(asked, 20)
    assert (server.states, server.written) == (["ok"], [])


@pytest.mark.parametrize("states", [["HTML"], ["failing"]], ids=" ".join)
def test_one_that_stays_as_it_is_is_not_waited_for(server: Stand, states: list[str]) -> None:
    server.states = states
    with Grafana(server.url) as asked, pytest.raises(SophiaError) as caught:
        wait(asked, 0.1)
    assert caught.value.message == f"Grafana at {server.url} is starting"
    assert caught.value.mend == "sophia infra logs grafana"


def test_one_that_is_not_there(vault: Vault) -> None:
    with Grafana("http://127.0.0.1:9") as asked:
        with pytest.raises(SophiaError, match="Grafana at http://127.0.0.1:9 does not answer"):
            wait(asked, 0.1)
        with pytest.raises(SophiaError, match="Grafana at http://127.0.0.1:9 cannot be reached"):
            asked.folder("sophia")
        with pytest.raises(SophiaError, match="Grafana at http://127.0.0.1:9 cannot be reached"):
            asked.account("sophia")


def test_what_answers_with_pages_is_no_grafana(server: Stand) -> None:
    with Grafana(f"{server.url}/elsewhere", Login(ADMIN, ADMIN)) as asked:
        assert asked.state() == "unreachable"
        with pytest.raises(
            SophiaError, match="Grafana answered 404 to /api/serviceaccounts/search"
        ):
            asked.account("sophia")


def test_everything_is_made_once_and_then_nothing(server: Stand, vault: Vault) -> None:
    until = (datetime.now(UTC) + timedelta(days=TOKEN_DAYS)).date().isoformat()
    assert provide(server, vault) == [
        "data source `sophia-prometheus`",
        "folder `sophia`",
        "board `llm-cost`",
        f"Grafana's token until {until}",
    ]
    assert server.sources[SOURCE]["url"] == "http://prometheus:9090"
    assert server.boards["llm-cost"]["folderUid"] == "sophia"
    [account] = server.accounts.values()
    [(name, key, _)] = account.tokens.values()
    kept = vault.get(TOKEN_SECRET)
    assert kept and (name, key, account.role) == ("sophia-shop", kept.value, "Editor")
    server.seen.clear()
    assert provide(server, vault) == []
    assert server.written == []


def test_looking_changes_nothing_and_tells_what_can_be_seen(server: Stand, vault: Vault) -> None:
    assert look(server, vault) == ["data source `sophia-prometheus`", "folder `sophia`"]
    assert (server.written, vault.names()) == ([], ())


def test_without_boards_there_is_a_folder(server: Stand, vault: Vault) -> None:
    assert provide(server, vault, Wanted("shop", "http://p:9090", {}))[:2] == [
        "data source `sophia-prometheus`",
        "folder `sophia`",
    ]


def test_below_a_path_it_is_the_same(vault: Vault) -> None:
    with grafana(prefix="/grafana") as server:
        assert len(provide(server, vault)) == 4
        assert provide(server, vault) == []


def by_hand(server: Stand, **more: Any) -> None:
    """Somebody saves the board in Grafana's own pages."""
    with Grafana(server.url, Login(ADMIN, server.password)) as asked:
        there = server.boards["llm-cost"]["dashboard"]
        asked.save_board({**there, **more}, FOLDER, there["version"], "mine")


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Mine"},
        {"panels": [*BOARD["panels"], {"id": 2}]},
        {"panels": [{**BOARD["panels"][0], "targets": [{"expr": "down", "refId": "A"}]}]},
    ],
    ids=["title", "panel", "query"],
)
def test_a_board_that_a_hand_changed_is_left_and_said(
    server: Stand, vault: Vault, change: dict[str, Any]
) -> None:
    provide(server, vault)
    by_hand(server, **change)
    server.seen.clear()
    told = [
        "board `llm-cost` changed in Grafana by admin, version 2: left as it is;"
        " the file's instead:  sophia dashboards import llm-cost --force"
    ]
    assert (look(server, vault), provide(server, vault)) == (told, told)
    assert server.written == []
    assert change.items() <= server.boards["llm-cost"]["dashboard"].items()


def test_a_board_of_a_newer_release_goes_over_ours(server: Stand, vault: Vault) -> None:
    provide(server, vault)
    newer = Wanted("sophia-shop", "http://prometheus:9090", {"c.json": {**BOARD, "title": "New"}})
    assert look(server, vault, newer) == ["board `llm-cost`"]
    assert provide(server, vault, newer) == ["board `llm-cost`"]
    assert len(server.boards["llm-cost"]["versions"]) == 2
    assert provide(server, vault, newer) == []


def test_a_board_stays_in_the_folder_to_which_a_hand_moved_it(server: Stand, vault: Vault) -> None:
    provide(server, vault)
    server.boards["llm-cost"]["folderUid"] = ""
    assert provide(server, vault) == []
    newer = Wanted("sophia-shop", "http://prometheus:9090", {"c.json": {**BOARD, "title": "New"}})
    assert provide(server, vault, newer) == ["board `llm-cost`"]
    assert server.boards["llm-cost"]["folderUid"] == ""


def test_what_the_server_adds_to_a_board_is_no_difference(server: Stand, vault: Vault) -> None:
    provide(server, vault)
    there = server.boards["llm-cost"]["dashboard"]
    there.update(schemaVersion=43, iteration=7, weekStart="")
    there["panels"][0]["pluginVersion"] = "13.2.0"
    assert look(server, vault) == []


def test_a_board_from_a_file_there_is_not_fought_over(server: Stand, vault: Vault) -> None:
    provide(server, vault)
    server.boards["llm-cost"]["provisioned"] = True
    assert provide(server, vault) == []
    server.boards["llm-cost"]["dashboard"]["title"] = "Theirs"
    server.boards["llm-cost"]["file"] = "llm/cost.json"
    assert provide(server, vault) == [
        "board `llm-cost` comes from a file on the server, and differs: left as it is;"
        " change it there:  llm/cost.json"
    ]


def test_another_board_of_that_title_is_told(server: Stand, vault: Vault) -> None:
    provide(server, vault, Wanted("shop", "http://p:9090", {"a.json": {**BOARD, "uid": "a"}}))
    assert failing(server, vault, Wanted("shop", "http://p:9090", {"cost.json": BOARD})) == (
        "another board in its folder is called `Cost`: llm-cost is not saved"
    )


def test_a_data_source_is_put_right_and_keeps_what_was_added(server: Stand, vault: Vault) -> None:
    provide(server, vault)
    server.sources[SOURCE].update(name="Mine", isDefault=True)
    assert look(server, vault) == []
    server.sources[SOURCE].update(url="http://elsewhere:9090")
    server.sources[SOURCE]["jsonData"]["tlsSkipVerify"] = True
    assert provide(server, vault) == ["data source `sophia-prometheus`"]
    there = server.sources[SOURCE]
    assert (there["url"], there["name"]) == ("http://prometheus:9090", "Mine")
    assert there["isDefault"] is True
    assert there["jsonData"] == {
        "httpMethod": "POST", "timeInterval": "15s", "tlsSkipVerify": True
    }  # fmt: skip


def test_a_data_source_from_a_file_there_is_told(server: Stand, vault: Vault) -> None:
    provide(server, vault)
    server.sources[SOURCE].update(url="http://elsewhere:9090", readOnly=True)
    assert failing(server, vault) == (
        f"the data source `sophia-prometheus` of Grafana at {server.url} comes from a file there"
        " and differs"
    )


@pytest.mark.parametrize("lost", ["value", "token", "account", "expiring"])
def test_a_token_that_cannot_be_used_is_made_anew(server: Stand, vault: Vault, lost: str) -> None:
    provide(server, vault)
    before = vault.get(TOKEN_SECRET)
    [account] = server.accounts.values()
    if lost == "value":
        vault.forget(TOKEN_SECRET)
    elif lost == "token":
        account.tokens.clear()
    elif lost == "account":
        server.accounts.clear()
    else:
        [number] = account.tokens
        soon = datetime.now(UTC) + timedelta(days=7)
        account.tokens[number] = (*account.tokens[number][:2], soon)
    assert [words[:15] for words in provide(server, vault)] == ["Grafana's token"]
    assert vault.get(TOKEN_SECRET) != before
    assert [len(one.tokens) for one in server.accounts.values()] == [1]
    assert provide(server, vault) == []


def test_boards_are_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cost.json").write_text(json.dumps(BOARD))
    (tmp_path / "README.md").write_text("no board")
    assert read_boards(tmp_path) == {"cost.json": BOARD}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"dashboard": {"uid": "a", "title": "A"}}', '{"uid": "", "title": "A"}'],
)
def test_a_file_that_is_no_board(tmp_path: Path, text: str) -> None:
    (tmp_path / "cost.json").write_text(text)
    with pytest.raises(SophiaError, match=r"cost\.json is no dashboard"):
        read_boards(tmp_path)
