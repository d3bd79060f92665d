"""The stand-in of Grafana, asked by grafana-client: what the library cannot work with is no Grafana."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from grafana_client import GrafanaApi
from grafana_client.client import (
    GrafanaBadInputError,
    GrafanaClientError,
    GrafanaException,
    GrafanaServerError,
    GrafanaUnauthorizedError,
)
from grafana_server import Grafana, grafana

BOARD = {"id": None, "uid": "shop", "title": "Shop", "panels": []}
SOURCE = {"name": "P", "type": "prometheus", "access": "proxy", "url": "http://p:9090", "uid": "p"}


@pytest.fixture
def server() -> Iterator[Grafana]:
    with grafana() as made:
        yield made


@pytest.fixture
def api(server: Grafana) -> Iterator[Any]:
    made = GrafanaApi.from_url(f"{server.url}/", ("admin", "admin"))
    yield made
    made.client.s.close()


def refused(kind: type[GrafanaException], ask: Callable[[], object]) -> tuple[int, str, str]:
    with pytest.raises(kind) as caught:
        ask()
    body = caught.value.response
    return caught.value.status_code, body["message"], body.get("status", "")


def save(api: Any, **more: Any) -> Any:
    return api.dashboard.update_dashboard({"dashboard": BOARD, **more})


def test_its_health(api: Any, server: Grafana) -> None:
    assert api.connect()["database"] == "ok"
    server.states = ["HTML"]
    with pytest.raises(GrafanaServerError) as caught:
        api.health.check()
    assert caught.value.status_code == 503 and "<html>" in caught.value.response


def test_who_may_come_in(api: Any, server: Grafana) -> None:
    for credential, words in (
        (("admin", "wrong"), "Invalid username or password"),
        ("glsa_none", "Invalid API key"),
    ):
        other = GrafanaApi.from_url(f"{server.url}/", credential)
        with pytest.raises(GrafanaUnauthorizedError) as caught:
            other.folder.get_all_folders()
        assert caught.value.response == {"message": words}
        other.client.s.close()
    assert httpx.get(f"{server.url}/api/folders").json() == {"message": "Unauthorized"}
    api.user.change_actual_user_password("admin", "another")
    assert server.password == "another"


def test_folders(api: Any) -> None:
    api.folder.create_folder("Shop", "shop")
    assert [one["uid"] for one in api.folder.get_all_folders()] == ["shop"]
    assert api.folder.get_folder("shop")["title"] == "Shop"
    found = refused(GrafanaClientError, lambda: api.folder.get_folder("none"))
    assert found == (404, "folder not found", "not-found")
    found = refused(GrafanaClientError, lambda: api.folder.create_folder("Shop", "other"))
    assert found[0] == 409
    found = refused(GrafanaClientError, lambda: api.folder.create_folder("Other", "shop"))
    assert found[::2] == (412, "version-mismatch")
    found = refused(GrafanaBadInputError, lambda: api.folder.create_folder("Other", "a b"))
    assert found[1] == "uid contains illegal characters"


def test_data_sources(api: Any, server: Grafana) -> None:
    api.datasource.create_datasource(SOURCE)
    assert api.datasource.get_datasource_by_uid("p")["url"] == "http://p:9090"
    found = refused(GrafanaClientError, lambda: api.datasource.create_datasource(SOURCE))
    assert found[0] == 409
    api.datasource.update_datasource_by_uid("p", {**SOURCE, "url": "http://q:9090", "version": 1})
    assert (server.sources["p"]["url"], server.sources["p"]["version"]) == ("http://q:9090", 2)
    old = {**SOURCE, "version": 1}
    found = refused(
        GrafanaClientError, lambda: api.datasource.update_datasource_by_uid("p", old)
    )  # fmt: skip
    assert found[0] == 409
    server.sources["p"]["readOnly"] = True
    found = refused(
        GrafanaClientError, lambda: api.datasource.update_datasource_by_uid("p", SOURCE)
    )  # fmt: skip
    assert found[:2] == (403, "Cannot update read-only data source")
    found = refused(GrafanaBadInputError, lambda: api.datasource.create_datasource({"name": "x"}))
    assert found[1] == "bad request data: type is required"


def test_boards_and_their_versions(api: Any, server: Grafana) -> None:
    api.folder.create_folder("Shop", "folder")
    assert save(api, folderUid="folder")["version"] == 1
    found = refused(GrafanaClientError, lambda: save(api, folderUid="folder"))
    assert found == (412, "The dashboard has been changed by someone else", "version-mismatch")
    second = {**BOARD, "version": 1, "panels": [{"id": 1}]}
    assert save(api, dashboard=second, folderUid="folder")["version"] == 2
    found = refused(
        GrafanaClientError,
        lambda: save(api, dashboard={**BOARD, "uid": "twin"}, folderUid="folder"),
    )
    assert found[::2] == (412, "name-exists")
    api.dashboard_versions.restore_dashboard_by_uid("shop", 1)
    there = api.dashboard.get_dashboard("shop")
    assert (there["dashboard"]["version"], there["dashboard"]["panels"]) == (3, [])
    assert there["meta"]["folderUid"] == "folder"
    versions = api.dashboard_versions.get_dashboard_versions(dashboard_uid="shop")["versions"]
    assert [one["version"] for one in versions] == [3, 2, 1]
    first = api.dashboard_versions.get_dashboard_version_by_uid("shop", 1)
    assert (first["version"], first["data"]["panels"]) == (1, [])
    ask = api.dashboard_versions.get_dashboard_version_by_uid
    assert refused(GrafanaServerError, lambda: ask("shop", 9))[0] == 500
    # Saved without the uid of its folder it goes to the root.
    save(api, overwrite=True)
    assert api.dashboard.get_dashboard("shop")["meta"]["folderUid"] == ""
    assert [one["uid"] for one in api.search.search_dashboards(query="sho")] == ["shop"]
    assert api.client.GET("/search?limit=1&page=2") == []  # the library turns no pages
    server.boards["shop"]["provisioned"] = True
    found = refused(GrafanaBadInputError, lambda: save(api, overwrite=True))
    assert found[1] == "Cannot save provisioned dashboard"
    server.boards["shop"]["provisioned"] = False
    api.dashboard.delete_dashboard("shop")
    assert refused(GrafanaClientError, lambda: api.dashboard.get_dashboard("shop"))[0] == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"dashboard": {**BOARD, "title": ""}}, "Dashboard title cannot be empty"),
        ({"dashboard": {"dashboard": BOARD}}, "Dashboard title cannot be empty"),
        ({"dashboard": {**BOARD, "uid": "x" * 41}}, "uid too long, max 40 characters"),
        ({"dashboard": {**BOARD, "uid": "a/b"}}, "uid contains illegal characters"),
        ({"folderUid": "none"}, "folder not found"),
        ({"folderUID": "none"}, "bad request data: folderUID is unknown"),
        ({"dashboard": None}, "bad request data: dashboard is required"),
        ({"overwrite": "yes"}, "bad request data: overwrite has the wrong type"),
    ],
)
def test_what_is_no_board_is_refused(api: Any, body: dict[str, Any], words: str) -> None:
    assert refused(GrafanaBadInputError, lambda: save(api, **body))[1] == words


def test_a_folder_by_its_number_and_a_server_that_is_not_strict(api: Any, server: Grafana) -> None:
    number = api.folder.create_folder("Shop", "folder")["id"]
    save(api, folderId=number)
    assert server.boards["shop"]["folderUid"] == "folder"
    server.strict = False
    save(api, overwrite=True, folderUid="folder", meta={"slug": "shop"})
    assert len(server.boards["shop"]["versions"]) == 2


def test_a_board_with_a_number_of_another_server(api: Any) -> None:
    found = refused(GrafanaClientError, lambda: save(api, dashboard={**BOARD, "id": 7}))
    assert found[0] == 404


def test_service_accounts(api: Any, server: Grafana) -> None:
    account = api.serviceaccount.create({"name": "shop", "role": "Editor"})["id"]
    assert api.serviceaccount.search_one("shop")["id"] == account
    made = api.serviceaccount.create_token(account, {"name": "shop", "secondsToLive": 3600})
    again = {"name": "shop"}
    found = refused(GrafanaClientError, lambda: api.serviceaccount.create_token(account, again))
    assert found[0] == 409
    other = GrafanaApi.from_url(f"{server.url}/", made["key"])
    assert other.folder.create_folder("Shop", "shop")["uid"] == "shop"
    found = refused(GrafanaClientError, lambda: other.datasource.create_datasource(SOURCE))
    assert found[0] == 403
    assert [one["name"] for one in api.serviceaccount.get_tokens(account)] == ["shop"]
    api.serviceaccount.delete_token(account, made["id"])
    with pytest.raises(GrafanaUnauthorizedError):
        other.folder.get_all_folders()
    other.client.s.close()
    found = refused(GrafanaBadInputError, lambda: api.serviceaccount.create({"name": "shop"}))
    assert found[1] == "service account already exists"
    assert refused(GrafanaClientError, lambda: api.serviceaccount.get_tokens(99))[0] == 404


def test_below_a_path(api: Any) -> None:
    with grafana(prefix="/grafana") as server:
        below = GrafanaApi.from_url(f"{server.url}/", ("admin", "admin"))
        assert below.folder.get_all_folders() == []
        below.client.s.close()
