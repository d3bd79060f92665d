"""Boards into and out of a Grafana: brought in once, drift told, versions restored; on the strict stand-in."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_server import Grafana as Stand
from grafana_server import grafana

from sophia_cli.dashboards.bring import NEW, PROVISIONED, SAME, THEIRS, UPDATE, bring, standing
from sophia_cli.dashboards.content import digest, is_ours, message_of
from sophia_cli.dashboards.drift import IN_BOTH, IN_FILE, IN_GRAFANA, differences
from sophia_cli.dashboards.export import fetch
from sophia_cli.dashboards.files import read_boards, shipped
from sophia_cli.dashboards.rollback import go_back, versions_of
from sophia_cli.errors import SophiaError
from sophia_cli.infra.grafana import PAGE, Grafana
from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.resources import Resources

BOARD: dict[str, Any] = {
    "id": None,
    "uid": "shop",
    "title": "Shop",
    "schemaVersion": 42,
    "tags": ["shop"],
    "panels": [
        {
            "id": 1,
            "title": "Calls",
            "type": "stat",
            "fieldConfig": {"defaults": {"unit": "short"}},
            "targets": [{"refId": "A", "expr": "up"}, {"refId": "B", "expr": "down"}],
        },
        {"id": 2, "title": "Errors", "type": "stat"},
    ],
    "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
}


@pytest.fixture
def stand() -> Iterator[Stand]:
    with grafana() as made:
        yield made


@pytest.fixture(params=[Grafana, Resources], ids=["api", "apis"])
def server(stand: Stand, request: pytest.FixtureRequest) -> Iterator[Grafana]:
    """The server by each of its two ways."""
    with request.param(stand.url, Login(ADMIN, stand.password)) as asked:
        yield asked


def changed(**more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BOARD), **more}


def by_hand(stand: Stand, **more: Any) -> None:
    """Somebody saves the board in Grafana's own pages."""
    with Grafana(stand.url, Login(ADMIN, stand.password)) as asked:
        found = asked.board("shop")
        assert found
        there = {**found["dashboard"], **more}
        asked.save_board(there, found["meta"]["folderUid"], there["version"], "by hand")


def state(server: Grafana, board: dict[str, Any] = BOARD, folder: str = "") -> str:
    return standing(server, board, folder).state


def test_once_and_then_nothing(server: Grafana, stand: Stand) -> None:
    found = standing(server, BOARD, "")
    assert (found.state, found.folder, found.number) == (NEW, "sophia", None)
    assert stand.written == []
    bring(server, found)
    assert stand.boards["shop"]["folderUid"] == "sophia"
    assert stand.boards["shop"]["versions"][0]["message"] == (
        f"sophia dashboards import {digest(BOARD)}"
    )
    assert state(server) == SAME
    assert state(server, changed(schemaVersion=43, id=9, version=77)) == SAME


def test_a_file_that_changed_goes_over_what_came_from_one(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, ""))
    found = standing(server, changed(tags=["other"]), "")
    assert (found.state, found.number) == (UPDATE, 1)
    bring(server, found)
    assert stand.boards["shop"]["dashboard"]["tags"] == ["other"]


def test_what_a_hand_changed_is_seen(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, ""))
    by_hand(stand, tags=["theirs"])
    found = standing(server, BOARD, "")
    assert found.latest and found.base
    assert (found.state, found.number, found.latest.message, found.base.number) == (
        THEIRS, 2, "by hand", 1
    )  # fmt: skip
    bring(server, found)  # with --force
    assert state(server) == SAME


def test_one_that_never_came_from_here(server: Grafana, stand: Stand) -> None:
    server.save_board(changed(title="Their shop"), "", None, "")
    found = standing(server, BOARD, "")
    assert (found.state, found.base, found.folder) == (THEIRS, None, "")


def test_it_stays_in_the_folder_where_it_is(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, "team"))
    assert stand.boards["shop"]["folderUid"] == "team"
    bring(server, standing(server, changed(tags=["x"]), ""))
    assert stand.boards["shop"]["folderUid"] == "team"
    found = standing(server, changed(tags=["x"]), "other")
    assert found.state == UPDATE
    bring(server, found)
    assert stand.boards["shop"]["folderUid"] == "other"


def test_a_board_from_a_file_there(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, ""))
    stand.boards["shop"] |= {"provisioned": True, "file": "llm/shop.json"}
    assert state(server) == SAME
    found = standing(server, changed(tags=["x"]), "")
    assert (found.state, found.file) == (PROVISIONED, "llm/shop.json")
    with pytest.raises(SophiaError, match="Cannot save provisioned dashboard"):
        bring(server, found)
    with pytest.raises(SophiaError) as caught:
        versions_of(server, "shop")
    assert caught.value.mend == "put what it was into that file:  llm/shop.json"


def test_a_lock_that_was_lost(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, ""))
    found = standing(server, changed(tags=["x"]), "")
    by_hand(stand, tags=["theirs"])
    with pytest.raises(SophiaError) as caught:
        bring(server, found)
    assert caught.value.message == (
        f"the board `shop` of Grafana at {stand.url} was changed by somebody else at this moment"
    )
    assert caught.value.mend == "sophia dashboards diff shop   , then once more"
    assert stand.boards["shop"]["dashboard"]["tags"] == ["theirs"]


@pytest.mark.parametrize("server", [Grafana], indirect=True)
def test_another_of_that_title(server: Grafana) -> None:
    bring(server, standing(server, BOARD, ""))
    with pytest.raises(SophiaError) as caught:
        bring(server, standing(server, changed(uid="twin"), ""))
    assert caught.value.message == "another board in its folder is called `Shop`: twin is not saved"


@pytest.mark.parametrize(
    ("message", "ours"),
    [
        (message_of(BOARD, "sophia infra up"), True),
        (message_of(BOARD, "sophia dashboards import"), True),
        ("sophia infra up", True),
        ("", False),
        ("Restored from version 1", False),
        ("after sophia infra up", False),
    ],
)
def test_by_its_message_a_version_is_known(message: str, ours: bool) -> None:
    assert is_ours(message) is ours


def told(file: Any, there: Any, base: Any = None) -> list[tuple[str, str]]:
    return [(one.what, one.who) for one in differences(file, there, base)]


def edited(path: str, value: Any) -> dict[str, Any]:
    """The board with one thing changed, such as `panels.0.title`; None takes it away."""
    made = copy.deepcopy(BOARD)
    at: Any = made
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    key = int(last) if last.isdigit() else last
    if value is None:
        del at[key]
    else:
        at[key] = value
    return made


WORDS = [
    ("tags", ["x"], "`tags` of the board"),
    ("panels.0.targets.1.expr", "sum(up)", "panel `Calls`: query B"),
    ("panels.0.targets.1", None, "panel `Calls`: query B, only in {}"),
    ("panels.0.fieldConfig.defaults.unit", "s", "panel `Calls`: its units, thresholds or colours"),
    ("panels.0.type", "gauge", "panel `Calls`: its kind"),
    ("panels.1", None, "panel `Errors`, only in {}"),
    ("templating.list.0", None, "variable $datasource, only in {}"),
    ("templating.list.0.query", "loki", "variable $datasource"),
]


@pytest.mark.parametrize(("path", "value", "words"), WORDS)
def test_a_difference_in_words(path: str, value: Any, words: str) -> None:
    other = edited(path, value)
    assert told(BOARD, other, BOARD) == [(words.format("the file"), IN_GRAFANA)]
    assert told(other, BOARD, BOARD) == [(words.format("Grafana"), IN_FILE)]
    assert told(BOARD, other) == [(words.format("the file"), "")]


def test_a_title_and_a_change_of_both() -> None:
    mine, theirs = edited("panels.0.title", "All calls"), edited("panels.0.title", "Requests")
    assert told(mine, theirs, BOARD) == [
        ("panel `All calls`: its title, `Requests` in Grafana", IN_BOTH)
    ]


def test_what_a_server_adds_is_no_difference() -> None:
    there = changed(version=7, weekStart="", schemaVersion=43, iteration=3)
    there["panels"][0] |= {"pluginVersion": "13.2.0", "transparent": False}
    there["panels"][0]["targets"][0]["editorMode"] = "code"
    assert told(BOARD, there) == []
    assert told(BOARD, there, there) == []


@pytest.mark.parametrize("name", sorted(read_boards(shipped())))
def test_a_board_that_ships_goes_in_and_comes_out_the_same(server: Grafana, name: str) -> None:
    board = read_boards(shipped())[name]
    bring(server, standing(server, board, ""))
    assert state(server, dict(board)) == SAME
    assert fetch(server, str(board["uid"])) == board


def test_back_to_a_version(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, ""))
    by_hand(stand, tags=["theirs"])
    versions = versions_of(server, "shop")
    assert [one.number for one in versions] == [2, 1]
    assert go_back(server, "shop", 1, versions) == 3
    assert stand.boards["shop"]["dashboard"]["tags"] == ["shop"]
    assert stand.boards["shop"]["folderUid"] == "sophia"
    assert state(server) == SAME


@pytest.mark.parametrize(
    ("to", "words"), [(9, "`shop` has no version 9"), (1, "`shop` is at version 1 already")]
)
def test_back_to_what_cannot_be(server: Grafana, to: int, words: str) -> None:
    bring(server, standing(server, BOARD, ""))
    with pytest.raises(SophiaError) as caught:
        go_back(server, "shop", to, versions_of(server, "shop"))
    assert caught.value.message == words


def test_a_board_that_is_not_there(server: Grafana, stand: Stand) -> None:
    for ask in (versions_of, fetch):
        with pytest.raises(SophiaError) as caught:
            ask(server, "none")  # type: ignore[operator]
        assert caught.value.message == f"Grafana at {stand.url} has no board `none`"


def test_a_list_of_many_pages(server: Grafana, stand: Stand) -> None:
    for number in range(PAGE + 3):
        stand.boards[f"b{number}"] = {
            "dashboard": {
                "title": f"B{number}",
                "tags": ["even"] if number % 2 == 0 else [],
                "version": 1,
            },
            "folderUid": "",
            "provisioned": False,
            "versions": [{"message": ""}],
        }
    assert len(server.boards()) == PAGE + 3
    assert len(server.boards("even")) == (PAGE + 3 + 1) // 2


@pytest.mark.parametrize("version", ["10.4.19", "11.5.2", "11.6.0", "12.4.0", "13.2.0"])
def test_versions_as_each_grafana_tells_of_them(
    server: Grafana, stand: Stand, version: str
) -> None:
    stand.version, stand.page = version, 2
    bring(server, standing(server, BOARD, ""))
    by_hand(stand, tags=["theirs"])
    server.restore("shop", 1)
    by_hand(stand, tags=["again"])
    assert [(one.number, one.message) for one in server.versions("shop")] == [
        (4, "by hand"),
        (3, "Restored from version 1"),
        (2, "by hand"),
        (1, message_of(BOARD, "sophia dashboards import")),
    ]


@pytest.mark.parametrize("server", [Grafana], indirect=True)
def test_a_board_of_which_no_version_is_kept(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, ""))
    stand.boards["shop"]["versions"] = []
    found = standing(server, changed(tags=["x"]), "")
    assert (found.state, found.latest, found.base) == (THEIRS, None, None)
    with pytest.raises(SophiaError) as caught:
        go_back(server, "shop", 1, versions_of(server, "shop"))
    assert caught.value.mend == "Grafana keeps none of it"


@pytest.mark.parametrize("server", [Grafana], indirect=True)
def test_a_first_version_that_cannot_be_asked_for(server: Grafana, stand: Stand) -> None:
    """It keeps the name that the list gives it: nobody can tell where it came from."""
    bring(server, standing(server, BOARD, ""))
    stand.lost = True
    assert [one.message for one in server.versions("shop")] == ["Initial save"]
    assert state(server, changed(tags=["x"])) == THEIRS


def test_a_grafana_that_restores_nothing_is_given_what_was(server: Grafana, stand: Stand) -> None:
    bring(server, standing(server, BOARD, "team"))
    by_hand(stand, tags=["theirs"])
    stand.restores = False
    assert go_back(server, "shop", 1, versions_of(server, "shop")) == 3
    held = stand.boards["shop"]
    assert (held["folderUid"], held["dashboard"]["tags"]) == ("team", ["shop"])
    assert held["versions"][-1]["message"] == "Restored from version 1"


@pytest.mark.parametrize("login", [Login(token="glsa_none"), Login(ADMIN, "wrong")])
def test_who_may_not_come_in(stand: Stand, login: Login) -> None:
    with Grafana(stand.url, login) as asked, pytest.raises(SophiaError, match="answered 401"):
        standing(asked, BOARD, "")
