"""Grafana's HTTP API, as far as a stack needs it.

grafana-client speaks it for data sources, folders and dashboards. It cannot tell a server that is still
starting from one that is broken, lets errors of other libraries through and puts names into paths as they
are: those calls are ours. It is written by Grafana's documentation and source, and tried on a stand-in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any

from sophia_cli.client import PATIENCE, Client, Refused
from sophia_cli.dashboards.server import Known, Version
from sophia_cli.errors import SophiaError
from sophia_cli.http import httpx
from sophia_cli.infra.login import NOBODY, Login

PAGE = 500  # boards that a search gives at once
_FIRST = "Initial save"
READY, STARTING, UNREACHABLE = "ready", "starting", "unreachable"


class Grafana(Client):
    """One server; every method asks it once. Raises SophiaError where it cannot be reached, Refused."""

    title = "Grafana"

    def __init__(self, url: str, login: Login = NOBODY) -> None:
        super().__init__(url, login.headers)
        self._login = login

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if "_api" in self.__dict__:
            self._api.client.s.close()

    @cached_property
    def _api(self) -> Any:
        from grafana_client import GrafanaApi

        login = self._login
        credential = login.token or (login.user, login.password)
        # It joins a path of the URL and `api` as they are.
        return GrafanaApi.from_url(f"{self.url}/", credential, timeout=PATIENCE)

    def state(self) -> str:
        """`ready`, `starting` (also while it has no database), or `unreachable`; needs no login."""
        try:
            answer = self._http.get("/api/health", timeout=5.0)
            return READY if answer.json()["database"] == "ok" else STARTING
        except httpx.HTTPError:
            return UNREACHABLE
        except (ValueError, KeyError, TypeError):  # a page in HTML: it is not there yet
            return STARTING if answer.status_code == 503 else UNREACHABLE

    def takes(self, login: Login) -> bool:
        """Whether somebody may log in so."""
        try:
            # A service account, which is no user, may ask this too.
            self._send("GET", "/api/folders", params={"limit": "1"}, headers=login.headers)
        except Refused as error:
            if error.status in (401, 403):
                return False
            raise
        return True

    def change_password(self, login: Login, after: str) -> None:
        """Give the user who logs in so another password."""
        body = {"oldPassword": login.password, "newPassword": after, "confirmNew": after}
        self._send("PUT", "/api/user/password", json=body, headers=login.headers)

    def data_source(self, uid: str) -> Mapping[str, Any] | None:
        path = f"/api/datasources/uid/{uid}"
        return self._find(path, lambda: self._api.datasource.get_datasource_by_uid(uid))

    def create_data_source(self, body: Mapping[str, Any]) -> None:
        self._ask("/api/datasources", lambda: self._api.datasource.create_datasource(dict(body)))

    def update_data_source(self, uid: str, body: Mapping[str, Any]) -> None:
        """Replace all of it: what the body leaves out is gone."""
        path = f"/api/datasources/uid/{uid}"
        self._ask(path, lambda: self._api.datasource.update_datasource_by_uid(uid, dict(body)))

    def folder(self, uid: str) -> Mapping[str, Any] | None:
        return self._find(f"/api/folders/{uid}", lambda: self._api.folder.get_folder(uid))

    def create_folder(self, uid: str, title: str) -> None:
        self._ask("/api/folders", lambda: self._api.folder.create_folder(title, uid))

    def board(self, uid: str) -> Mapping[str, Any] | None:
        """A dashboard as it is there: `dashboard` and `meta`."""
        path = f"/api/dashboards/uid/{uid}"
        return self._find(path, lambda: self._api.dashboard.get_dashboard(uid))

    def save_board(
        self, board: Mapping[str, Any], folder: str, version: int | None, message: str
    ) -> None:
        """Save a dashboard into a folder, over that `version` of it: a newer one is not overwritten."""
        body = {
            "dashboard": {**board, "id": None, "version": version},
            "folderUid": folder,
            "overwrite": False,
            "message": message,
        }
        path = "/api/dashboards/db"
        try:
            self._ask(path, lambda: self._api.dashboard.update_dashboard(body))
        except Refused as error:
            if error.status != 412:
                raise
            raise self._taken(board, error) from error

    def _taken(self, board: Mapping[str, Any], error: Refused) -> SophiaError:
        """Grafana says that something is in the way: what, and what helps."""
        told = getattr(error.__cause__, "response", None)
        kind = told.get("status") if isinstance(told, dict) else ""
        who, uid = f"the board `{board['uid']}` of Grafana at {self.url}", board["uid"]
        if kind == "version-mismatch":
            words = f"{who} was changed by somebody else at this moment"
            return SophiaError(words, f"sophia dashboards diff {uid}   , then once more")
        if kind == "name-exists":
            words = f"another board in its folder is called `{board['title']}`: {uid} is not saved"
            return SophiaError(words, "name one of them otherwise, or another --folder")
        if kind == "plugin-dashboard":
            return SophiaError(f"{who} belongs to a plug-in", "import it under another uid")
        return error

    def versions(self, uid: str) -> tuple[Version, ...]:
        """A board's versions, the newest first."""
        made = [
            Version(
                int(one["version"]),
                self._message(uid, one),
                str(one.get("createdBy") or ""),
                str(one.get("created") or ""),
            )
            for one in self._listed(uid)
        ]
        return tuple(sorted(made, key=lambda one: -one.number))

    def _listed(self, uid: str) -> Iterator[Mapping[str, Any]]:
        """What a list of versions has: bare until Grafana 11.5, page after page since 11.6."""
        params = {"limit": "1000"}
        while True:
            path = f"/api/dashboards/uid/{uid}/versions"
            try:
                found = self._send("GET", path, params=params).json()
            except Refused as error:
                if error.status == 404:  # it keeps none
                    return
                raise
            if not isinstance(found, dict):
                yield from found
                return
            yield from found.get("versions") or []
            if not (more := found.get("continueToken")) or not found.get("versions"):
                return
            params["continueToken"] = more

    def _message(self, uid: str, one: Mapping[str, Any]) -> str:
        """What a version was saved with: a list calls the first `Initial save`, whatever that was."""
        said, number = str(one.get("message") or ""), int(one["version"])
        if said != _FIRST:
            return said
        try:
            found = self._send("GET", f"/api/dashboards/uid/{uid}/versions/{number}").json()
        except Refused:
            return said
        return str(found.get("message") or "") if found.get("version") == number else said

    def version(self, uid: str, number: int) -> Mapping[str, Any]:
        """A board as it was in one of its versions."""
        path = f"/api/dashboards/uid/{uid}/versions/{number}"
        ask = self._api.dashboard_versions.get_dashboard_version_by_uid
        found: Mapping[str, Any] = self._ask(path, lambda: ask(uid, number))["data"]
        return found

    def restore(self, uid: str, number: int) -> None:
        """Make a board again what it was in one of its versions: that is a new version."""
        path = f"/api/dashboards/uid/{uid}/restore"
        ask = self._api.dashboard_versions.restore_dashboard_by_uid
        try:
            self._ask(path, lambda: ask(uid, number))
        except Refused as error:
            if error.status != 404:
                raise
            self._save_again(uid, number)  # Grafana 13 means to take that request away

    def _save_again(self, uid: str, number: int) -> None:
        there = self.board(uid)
        if there is None:
            raise SophiaError(f"Grafana at {self.url} has no board `{uid}`")
        was = {**self.version(uid, number), "uid": uid}
        now, folder = int(there["dashboard"]["version"]), str(there["meta"].get("folderUid") or "")
        self.save_board(was, folder, now, f"Restored from version {number}")

    def boards(self, tag: str = "") -> tuple[Known, ...]:
        """All boards, or those with a tag, page after page."""
        found: list[Known] = []
        for page in count(1):
            params = {"type": "dash-db", "limit": str(PAGE), "page": str(page)}
            params |= {"tag": tag} if tag else {}
            listed = self._send("GET", "/api/search", params=params).json()
            found += (
                Known(str(one["uid"]), str(one["title"]), str(one.get("folderUid") or ""))
                for one in listed
            )
            if len(listed) < PAGE:
                return tuple(found)
        raise AssertionError("pages end")

    def sources(self) -> tuple[Mapping[str, Any], ...]:
        """All data sources: who may not see them is refused."""
        return tuple(self._send("GET", "/api/datasources").json())

    def account(self, name: str) -> int | None:
        """The number of the service account of that name."""
        params = {"query": name, "perpage": "1000"}
        found = self._send("GET", "/api/serviceaccounts/search", params=params).json()
        return next(
            (int(one["id"]) for one in found["serviceAccounts"] if one["name"] == name), None
        )

    def create_account(self, name: str, role: str) -> int:
        body = {"name": name, "role": role}
        return int(self._send("POST", "/api/serviceaccounts", json=body).json()["id"])

    def tokens(self, account: int) -> dict[str, tuple[int, datetime | None]]:
        """An account's tokens: name -> (number, when it expires); their values cannot be read again."""
        found = self._send("GET", f"/api/serviceaccounts/{account}/tokens").json()
        return {
            str(one["name"]): (
                int(one["id"]),
                datetime.fromisoformat(one["expiration"]) if one.get("expiration") else None,
            )
            for one in found
        }

    def create_token(self, account: int, name: str, seconds: int) -> str:
        """A token that lives so many seconds; its value is shown this once."""
        body = {"name": name, "secondsToLive": seconds}
        path = f"/api/serviceaccounts/{account}/tokens"
        return str(self._send("POST", path, json=body).json()["key"])

    def delete_token(self, account: int, number: int) -> None:
        self._send("DELETE", f"/api/serviceaccounts/{account}/tokens/{number}")

    def _find(self, path: str, question: Callable[[], Any]) -> Mapping[str, Any] | None:
        try:
            return self._ask(path, question)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def _ask(self, path: str, question: Callable[[], Any]) -> Mapping[str, Any]:
        """grafana-client's answer; what it raises, and lets through of requests, becomes an error of ours."""
        from grafana_client.client import GrafanaException
        from requests.exceptions import RequestException

        try:
            found = question()
        except GrafanaException as error:
            raise self._refused(path, error.status_code, _words(error.response)) from error
        except RequestException as error:
            raise self._unreachable(error) from error
        if not isinstance(found, dict):  # a page of HTML comes back as a string
            raise self._page(path)
        return found

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._request(method, path, **more)
        try:
            found = answer.json()
        except ValueError:
            if answer.is_success:
                raise self._page(path) from None
            found = {}
        if not answer.is_success:
            raise self._refused(path, answer.status_code, _words(found))
        return answer

    def _page(self, path: str) -> SophiaError:
        return SophiaError(f"what answers at {self.url}{path} is not Grafana: it sends a page")


def _words(found: object) -> str:
    return str(found.get("message", "")) if isinstance(found, dict) else ""
