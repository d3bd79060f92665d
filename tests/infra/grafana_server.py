"""A stand-in of Grafana's HTTP API on loopback, as strict as its documentation and source say it is.

No server could be had to record it from: nothing that passes here has met a real Grafana. Bodies are held
against the keys that the API takes, so that a misspelt one is found, where the real server passes it over.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from serving import serving

_BEGAN = "2026-01-01T00:00:00Z"
HTML = "<!DOCTYPE html><html><body>Grafana is starting</body></html>"
_UID = re.compile(r"[a-zA-Z0-9_-]*")
# What a body may hold, by the type of each value; those with a star must be there.
_SCHEMAS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "folder": {"title*": str, "uid": str, "parentUid": str},
    "source": {
        "name*": str,
        "type*": str,
        "access*": str,
        "url": str,
        "uid": str,
        "isDefault": bool,
        "jsonData": dict,
        "secureJsonData": dict,
        "basicAuth": bool,
        "basicAuthUser": str,
        "user": str,
        "withCredentials": bool,
        "version": int,
    },
    "board": {"dashboard*": dict, "folderUid": str, "overwrite": bool, "message": str},
    "restore": {"version*": int},
    "account": {"name*": str, "role": str, "isDisabled": bool},
    "token": {"name*": str, "secondsToLive": int},
    "password": {"oldPassword*": str, "newPassword*": str, "confirmNew": str},
}


@dataclass
class Account:
    """A service account and its tokens: id -> (name, key, expiration)."""

    name: str
    role: str
    tokens: dict[int, tuple[str, str, datetime | None]] = field(default_factory=dict)


@dataclass
class Grafana:
    """What the server knows. `states` are given one after the other; the last one stays.

    `prefix` is where it lies below its host; `reachable` are the data sources' URLs that answer it.
    """

    states: list[str] = field(default_factory=lambda: ["ok"])
    password: str = "admin"
    prefix: str = ""
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    last_id: int = 0
    listed: bool = False  # whether versions are a bare list, as until Grafana 10

    def state(self) -> str:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    @property
    def written(self) -> list[str]:
        """The requests that changed something, or tried to."""
        return [f"{method} {path}" for method, path in self.seen if method != "GET"]


@contextmanager
def grafana(**known: Any) -> Iterator[Grafana]:
    """A server on a free port, until the block ends."""
    made = Grafana(**known)
    with serving(_Handler, {"grafana": made}) as port:
        made.url = f"http://127.0.0.1:{port}{made.prefix}"
        yield made


class _Refusal(Exception):
    def __init__(self, status: int, message: str, word: str = "") -> None:
        self.status = status
        self.data = {"message": message, **({"status": word} if word else {})}


def _held_to(schema: str, body: Any) -> dict[str, Any]:
    """The body, if it has what it must and nothing else."""
    if not isinstance(body, dict):
        raise _Refusal(400, "bad request data")
    keys = {key.rstrip("*"): kind for key, kind in _SCHEMAS[schema].items()}
    for key in (key.rstrip("*") for key in _SCHEMAS[schema] if key.endswith("*")):
        if body.get(key) in (None, ""):
            raise _Refusal(400, f"bad request data: {key} is required")
    for key, value in body.items():
        if key not in keys:
            raise _Refusal(400, f"bad request data: {key} is unknown")
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is int):
            raise _Refusal(400, f"bad request data: {key} has the wrong type")
    return body


def _check_uid(uid: str) -> None:
    if not _UID.fullmatch(uid):
        raise _Refusal(400, "uid contains illegal characters")
    if len(uid) > 40:
        raise _Refusal(400, "uid too long, max 40 characters")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    @property
    def grafana(self) -> Grafana:
        return self.server.grafana  # type: ignore[attr-defined,no-any-return]

    def _answer(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if not path.startswith((f"{self.grafana.prefix}/api/", f"{self.grafana.prefix}/apis/")):
            self._send(404, HTML)
            return
        path = path.removeprefix(self.grafana.prefix)
        self.grafana.seen.append((method, path))
        state = self.grafana.state()
        if state == "HTML":
            self._send(503, HTML)
            return
        try:
            self._send(*self._found(method, path, raw, state))
        except _Refusal as refusal:
            self._send(refusal.status, refusal.data)

    def _found(self, method: str, path: str, raw: bytes, state: str) -> tuple[int, object]:
        if (method, path) == ("GET", "/api/health"):
            # No login is asked for, and a database that is down is a 503 of JSON.
            well = {"database": state, "version": "13.2.0", "commit": "0000000000"}
            return (200 if state == "ok" else 503), well
        for wanted, pattern, name, role in _ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                self._let_in(role)
                body = json.loads(raw) if raw else None
                given = dict(parse_qsl(urlsplit(self.path).query))
                words = [unquote(word) for word in found.groups()]
                answer = getattr(self, name)(*words, *([] if body is None else [body]), **given)
                return answer if isinstance(answer, tuple) else (200, answer)
        self._let_in("Viewer")
        raise _Refusal(404, "Not found")

    def _send(self, status: int, data: object) -> None:
        text, kind = (data, "text/html; charset=UTF-8") if isinstance(data, str) else ("", "")
        body = (text or json.dumps(data)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _role(self) -> str:
        """Of whoever asks. Refuses who is nobody."""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            user, _, word = base64.b64decode(value).decode().partition(":")
            if (user, word) != ("admin", self.grafana.password):
                raise _Refusal(401, "Invalid username or password")
            return "Admin"
        for account in self.grafana.accounts.values():
            for _, key, expires in account.tokens.values():
                if kind == "Bearer" and key == value and not (expires and expires < _now()):
                    return account.role
        raise _Refusal(401, "Invalid API key" if kind else "Unauthorized")

    def _let_in(self, least: str) -> None:
        ranks = ("Viewer", "Editor", "Admin")
        if ranks.index(self._role()) < ranks.index(least):
            raise _Refusal(403, "You'll need additional permissions to perform this action.")

    # Users.

    def _settings(self) -> object:
        return {
            "buildInfo": {"version": "13.2.0", "commit": "0000000000", "edition": "Open Source"}
        }

    def _user(self) -> object:
        return {"login": "admin", "isGrafanaAdmin": self._role() == "Admin"}

    def _change_password(self, body: Any) -> object:
        held = _held_to("password", body)
        if self.headers.get("Authorization", "").startswith("Bearer"):
            raise _Refusal(403, "Not allowed to change password")
        if held["oldPassword"] != self.grafana.password:
            raise _Refusal(401, "Invalid old password")
        if len(held["newPassword"]) < 4:
            raise _Refusal(400, "New password is too short")
        self.grafana.password = held["newPassword"]
        return {"message": "User password changed"}

    # Data sources.

    def _sources(self) -> object:
        return list(self.grafana.sources.values())

    def _source(self, uid: str) -> Any:
        if uid not in self.grafana.sources:
            raise _Refusal(404, "Data source not found")
        return self.grafana.sources[uid]

    def _add_source(self, body: Any) -> object:
        held = _held_to("source", body)
        _check_uid(held.get("uid", ""))
        uid = held.get("uid") or secrets.token_hex(5)
        if any(one["name"] == held["name"] for one in self.grafana.sources.values()):
            raise _Refusal(409, "data source with the same name already exists")
        if uid in self.grafana.sources:
            raise _Refusal(409, "data source with the same uid already exists")
        self._take_default(held)
        made = {**held, "uid": uid, "id": self.grafana.next_id(), "version": 1, "readOnly": False}
        self.grafana.sources[uid] = made
        words = {"message": "Datasource added", "id": made["id"], "name": made["name"]}
        return {**words, "datasource": made}

    def _put_source(self, uid: str, body: Any) -> object:
        there, held = self._source(uid), _held_to("source", body)
        if there["readOnly"]:
            raise _Refusal(403, "Cannot update read-only data source")
        if held.get("version", 0) not in (0, there["version"]):
            raise _Refusal(
                409, "Datasource has already been updated by someone else. Please reload and try again"
            )  # fmt: skip
        self._take_default(held)
        # The whole of it is replaced: what is left out goes.
        kept = {key: there[key] for key in ("id", "uid", "readOnly")}
        made = {**held, **kept, "version": there["version"] + 1}
        self.grafana.sources[uid] = made
        return {"message": "Datasource updated", "id": made["id"], "datasource": made}

    def _take_default(self, held: dict[str, Any]) -> None:
        if held.get("isDefault"):
            for one in self.grafana.sources.values():
                one["isDefault"] = False

    # Folders.

    def _all_folders(self, limit: str = "1000", page: str = "1") -> object:
        return _page(list(self.grafana.folders.values()), int(limit), int(page))

    def _folder(self, uid: str) -> Any:
        if uid not in self.grafana.folders:
            raise _Refusal(404, "folder not found", "not-found")
        return self.grafana.folders[uid]

    def _folder_permissions(self, uid: str) -> object:
        self._folder(uid)
        return [
            {
                "role": role,
                "permission": number,
                "permissionName": name,
                "uid": uid,
                "isFolder": True,
            }
            for role, number, name in (("Viewer", 1, "View"), ("Editor", 2, "Edit"))
        ]

    def _add_folder(self, body: Any) -> object:
        held = _held_to("folder", body)
        _check_uid(held.get("uid", ""))
        uid = held.get("uid") or secrets.token_hex(5)
        if any(one["title"] == held["title"] for one in self.grafana.folders.values()):
            raise _Refusal(
                409, "a folder with the same name already exists in the current location"
            )
        if uid in self.grafana.folders:
            raise _Refusal(412, "The folder has been changed by someone else", "version-mismatch")
        made = {"id": self.grafana.next_id(), "uid": uid, "title": held["title"], "version": 1}
        self.grafana.folders[uid] = made
        return made

    # Dashboards: {"dashboard", "folderUid", "provisioned", "versions"}.

    def _board(self, uid: str) -> Any:
        if uid not in self.grafana.boards:
            raise _Refusal(404, "Dashboard not found")
        found = self.grafana.boards[uid]
        meta = {key: found[key] for key in ("folderUid", "provisioned")}
        held = self.grafana.folders.get(found["folderUid"], {"title": ""})
        meta |= {
            "provisionedExternalId": found.get("file", ""),
            "type": "db",
            "url": f"/d/{uid}/{uid}",
            "folderTitle": held["title"] or "Dashboards",
            "created": _BEGAN,
            "createdBy": "admin",
            "updated": _BEGAN,
            "updatedBy": "admin",
        }
        return {
            "dashboard": found["dashboard"],
            "meta": {**meta, "version": found["dashboard"]["version"], "slug": uid},
        }

    def _save_board(self, body: Any) -> object:
        held = _held_to("board", body)
        board, folder = dict(held["dashboard"]), held.get("folderUid", "")
        uid = str(board.get("uid") or secrets.token_hex(5))
        self._check_board(board, uid, folder, bool(held.get("overwrite")))
        there = self.grafana.boards.get(uid, {"versions": [], "provisioned": False})
        if there["provisioned"]:
            raise _Refusal(400, "Cannot save provisioned dashboard")
        number = len(there["versions"]) + 1
        saved = {**board, "uid": uid, "version": number}
        saved["id"] = there["dashboard"]["id"] if there["versions"] else self.grafana.next_id()
        versions = [*there["versions"], {"data": saved, "message": held.get("message", "")}]
        # Without its folder's uid a board that is saved again goes to the root.
        self.grafana.boards[uid] = {
            "dashboard": saved, "folderUid": folder, "provisioned": False, "versions": versions
        }  # fmt: skip
        return {"status": "success", "uid": uid, "id": saved["id"], "version": number, "url": f"/d/{uid}"}  # fmt: skip

    def _check_board(self, board: dict[str, Any], uid: str, folder: str, overwrite: bool) -> None:
        if not str(board.get("title") or ""):
            raise _Refusal(400, "Dashboard title cannot be empty", "empty-name")
        _check_uid(uid)
        if folder and folder not in self.grafana.folders:
            raise _Refusal(400, "folder not found")
        there = self.grafana.boards.get(uid)
        if board.get("id") and (there is None or there["dashboard"]["id"] != board["id"]):
            raise _Refusal(404, "Dashboard not found", "not-found")
        if overwrite:
            return
        if there and there["dashboard"]["version"] != board.get("version"):
            words = "The dashboard has been changed by someone else"
            raise _Refusal(412, words, "version-mismatch")
        for other, one in self.grafana.boards.items():
            if other != uid and (one["folderUid"], one["dashboard"]["title"]) == (
                folder,
                board["title"],
            ):
                words = "A dashboard with the same name in the folder already exists"
                raise _Refusal(412, words, "name-exists")

    def _delete_board(self, uid: str) -> object:
        title = self._board(uid)["dashboard"]["title"]
        del self.grafana.boards[uid]
        return {"title": title, "message": f"Dashboard {title} deleted"}

    def _versions(self, uid: str, limit: str = "1000", start: str = "0") -> object:
        self._board(uid)
        found = [
            {"version": number, "message": one["message"], "createdBy": "admin"}
            for number, one in enumerate(self.grafana.boards[uid]["versions"], 1)
        ]
        shown = found[::-1][int(start) :][: int(limit)]
        return shown if self.grafana.listed else {"versions": shown, "continueToken": ""}

    def _version(self, uid: str, number: str) -> object:
        self._board(uid)
        versions = self.grafana.boards[uid]["versions"]
        if not number.isdigit() or not 1 <= int(number) <= len(versions):
            raise _Refusal(404, "Dashboard version not found")
        one = versions[int(number) - 1]
        return {
            "version": int(number),
            "message": one["message"],
            "createdBy": "admin",
            "data": one["data"],
        }

    def _restore(self, uid: str, body: Any) -> object:
        wanted = _held_to("restore", body)["version"]
        current = self._board(uid)["dashboard"]
        versions = self.grafana.boards[uid]["versions"]
        if not 1 <= wanted <= len(versions):
            raise _Refusal(404, "Dashboard version not found")
        if wanted == current["version"]:
            raise _Refusal(400, "Current dashboard is identical to the specified version")
        folder = self.grafana.boards[uid]["folderUid"]
        board = {**versions[wanted - 1]["data"], "version": current["version"]}
        return self._save_board(
            {"dashboard": board, "folderUid": folder, "message": f"Restored from version {wanted}"}
        )

    def _search(
        self,
        type: str = "dash-db",
        limit: str = "1000",
        page: str = "1",
        query: str = "",
        tag: str = "",
    ) -> object:
        if int(limit) > 5000:
            raise _Refusal(
                422,
                "Limit is above maximum allowed (5000), use page parameter to access hits beyond limit",
            )
        if type == "dash-folder":
            folders = [
                {**one, "type": type, "url": f"/dashboards/f/{one['uid']}"}
                for one in self.grafana.folders.values()
            ]
            return _page(folders, int(limit), int(page))
        found = [
            {
                "id": one["dashboard"].get("id", 0),
                "uid": uid,
                "title": one["dashboard"]["title"],
                "uri": f"db/{uid}",
                "url": f"/d/{uid}/{uid}",
                "type": "dash-db",
                "tags": one["dashboard"].get("tags", []),
                "folderUid": one["folderUid"],
            }
            for uid, one in sorted(self.grafana.boards.items())
            if type == "dash-db"
            and query.lower() in one["dashboard"]["title"].lower()
            and (not tag or tag in one["dashboard"].get("tags", []))
        ]
        return _page(found, int(limit), int(page))

    # The same boards and folders as resources, by Grafana 13's documentation.

    def _folder_resource(self, uid: str) -> object:
        return {"metadata": {"name": uid}, "spec": {"title": self._folder(uid)["title"]}}

    def _add_folder_resource(self, body: Any) -> object:
        made = self._add_folder({"uid": body["metadata"]["name"], "title": body["spec"]["title"]})
        return 201, {"metadata": {"name": made["uid"]}, "spec": {"title": made["title"]}}  # type: ignore[index]

    def _resource(self, uid: str, number: int = 0) -> dict[str, Any]:
        held = self.grafana.boards[uid]
        one = held["versions"][number - 1] if number else held["versions"][-1]
        board = held["dashboard"] if not number else one["data"]
        said = {"grafana.app/folder": held["folderUid"], "grafana.app/message": one["message"]}
        if held["provisioned"]:
            said["grafana.app/managedBy"] = "classic-file-provisioning"
            said["grafana.app/sourcePath"] = held.get("file", "")
        generation = number or board["version"]
        return {
            "kind": "Dashboard",
            "apiVersion": "dashboard.grafana.app/v1",
            "metadata": {
                "name": uid,
                "namespace": "default",
                "generation": generation,
                "resourceVersion": str(1000 + generation),
                "annotations": said,
            },
            "spec": {
                key: value for key, value in board.items() if key not in ("id", "uid", "version")
            },
        }

    def _board_resource(self, uid: str) -> object:
        self._board(uid)
        return self._resource(uid)

    def _board_resources(
        self, limit: str = "100", labelSelector: str = "", fieldSelector: str = "", **more: str
    ) -> object:
        if labelSelector:
            uid = fieldSelector.removeprefix("metadata.name=")
            numbers = range(len(self.grafana.boards[uid]["versions"]), 0, -1)
            found = [self._resource(uid, number) for number in numbers]
        else:
            found = [self._resource(uid) for uid in sorted(self.grafana.boards)]
        start = int(more.get("continue", "0"))
        end = start + int(limit)
        token = str(end) if end < len(found) else ""
        return {"kind": "DashboardList", "metadata": {"continue": token}, "items": found[start:end]}

    def _save_resource(self, uid: str, body: Any, version: int | None) -> object:
        metadata, spec = body["metadata"], body["spec"]
        for key in ("id", "uid", "version"):
            if key in spec:
                raise _Refusal(422, f"spec.{key} is not of the resource")
        said = metadata.get("annotations", {})
        saved = self._save_board(
            {
                "dashboard": {**spec, "uid": uid, "version": version},
                "folderUid": said.get("grafana.app/folder", ""),
                "message": said.get("grafana.app/message", ""),
                "overwrite": True,  # the lock is the resource's; titles are not compared here
            }
        )
        assert saved
        return self._resource(uid)

    def _add_resource(self, body: Any) -> object:
        uid = body["metadata"]["name"]
        if uid in self.grafana.boards:
            raise _Refusal(409, f"dashboards.dashboard.grafana.app {uid} already exists")
        return 201, self._save_resource(uid, body, None)

    def _put_resource(self, uid: str, body: Any) -> object:
        self._board(uid)
        there = self._resource(uid)["metadata"]
        if body["metadata"].get("resourceVersion") != there["resourceVersion"]:
            raise _Refusal(
                409, "the object has been modified; please apply your changes to the latest version"
            )
        return self._save_resource(uid, body, there["generation"])

    # Service accounts.

    def _accounts(self, query: str = "", page: str = "1", perpage: str = "1000") -> object:
        found = [
            {"id": number, "name": one.name, "role": one.role, "tokens": len(one.tokens)}
            for number, one in self.grafana.accounts.items()
            if query.lower() in one.name.lower()
        ]
        shown = _page(found, int(perpage), int(page))
        return {"totalCount": len(found), "serviceAccounts": shown, "page": int(page)}

    def _add_account(self, body: Any) -> object:
        held = _held_to("account", body)
        if held.get("role", "Viewer") not in ("Viewer", "Editor", "Admin"):
            raise _Refusal(400, "invalid role specified")
        if any(one.name == held["name"] for one in self.grafana.accounts.values()):
            raise _Refusal(400, "service account already exists")
        number = self.grafana.next_id()
        self.grafana.accounts[number] = Account(held["name"], held.get("role", "Viewer"))
        return 201, {"id": number, "name": held["name"], "role": held.get("role", "Viewer")}

    def _account(self, number: str) -> Account:
        if not number.isdigit():
            raise _Refusal(400, "Service Account ID is invalid")
        if int(number) not in self.grafana.accounts:
            raise _Refusal(404, "service account not found")
        return self.grafana.accounts[int(number)]

    def _tokens(self, number: str) -> object:
        return [
            {
                "id": one,
                "name": name,
                "expiration": expires.isoformat().replace("+00:00", "Z") if expires else None,
                "hasExpired": bool(expires and expires < _now()),
            }
            for one, (name, _, expires) in self._account(number).tokens.items()
        ]

    def _add_token(self, number: str, body: Any) -> object:
        account, held = self._account(number), _held_to("token", body)
        # A name is taken by any token of the organisation.
        names = {name for one in self.grafana.accounts.values() for name, _, _ in one.tokens.values()}  # fmt: skip
        if held["name"] in names:
            raise _Refusal(409, "service account token with given name already exists in the organization")  # fmt: skip
        seconds = held.get("secondsToLive", 0)
        if seconds < 0:
            raise _Refusal(400, "invalid SecondsToLive value")
        key = f"glsa_{secrets.token_urlsafe(24).replace('-', 'x').replace('_', 'x')}_{secrets.token_hex(4)}"
        made = self.grafana.next_id()
        expires = _now() + timedelta(seconds=seconds) if seconds else None
        account.tokens[made] = (held["name"], key, expires)
        return {"id": made, "name": held["name"], "key": key}

    def _delete_token(self, number: str, token: str) -> object:
        account = self._account(number)
        if not token.isdigit() or int(token) not in account.tokens:
            raise _Refusal(404, "Failed to delete service account token")
        del account.tokens[int(token)]
        return {"message": "Service account token deleted"}


def _now() -> datetime:
    return datetime.now(UTC)


def _page(found: list[Any], limit: int, page: int) -> list[Any]:
    return found[(page - 1) * limit :][:limit]


_WORD = "([^/]+)"
_DASHBOARDS = "/apis/dashboard.grafana.app/v1/namespaces/default/dashboards"
_FOLDERS = "/apis/folder.grafana.app/v1/namespaces/default/folders"
# Method, path, method of the handler, and the least role that may ask.
_ROUTES = (
    ("GET", "/api/frontend/settings", "_settings", "Viewer"),
    ("GET", "/api/user", "_user", "Viewer"),
    ("PUT", "/api/user/password", "_change_password", "Viewer"),
    ("GET", f"/api/datasources/uid/{_WORD}", "_source", "Admin"),
    ("GET", "/api/datasources", "_sources", "Admin"),
    ("POST", "/api/datasources", "_add_source", "Admin"),
    ("PUT", f"/api/datasources/uid/{_WORD}", "_put_source", "Admin"),
    ("GET", "/api/folders", "_all_folders", "Viewer"),
    ("GET", f"/api/folders/{_WORD}", "_folder", "Viewer"),
    ("GET", f"/api/folders/{_WORD}/permissions", "_folder_permissions", "Admin"),
    ("POST", "/api/folders", "_add_folder", "Editor"),
    ("GET", f"/api/dashboards/uid/{_WORD}", "_board", "Viewer"),
    ("DELETE", f"/api/dashboards/uid/{_WORD}", "_delete_board", "Editor"),
    ("POST", "/api/dashboards/db", "_save_board", "Editor"),
    ("GET", f"/api/dashboards/uid/{_WORD}/versions", "_versions", "Editor"),
    ("GET", f"/api/dashboards/uid/{_WORD}/versions/{_WORD}", "_version", "Editor"),
    ("POST", f"/api/dashboards/uid/{_WORD}/restore", "_restore", "Editor"),
    ("GET", "/api/search/?", "_search", "Viewer"),
    ("GET", f"{_FOLDERS}/{_WORD}", "_folder_resource", "Viewer"),
    ("POST", _FOLDERS, "_add_folder_resource", "Editor"),
    ("GET", _DASHBOARDS, "_board_resources", "Viewer"),
    ("GET", f"{_DASHBOARDS}/{_WORD}", "_board_resource", "Viewer"),
    ("POST", _DASHBOARDS, "_add_resource", "Editor"),
    ("PUT", f"{_DASHBOARDS}/{_WORD}", "_put_resource", "Editor"),
    ("GET", "/api/serviceaccounts/search", "_accounts", "Admin"),
    ("POST", "/api/serviceaccounts/?", "_add_account", "Admin"),
    ("GET", f"/api/serviceaccounts/{_WORD}/tokens", "_tokens", "Admin"),
    ("POST", f"/api/serviceaccounts/{_WORD}/tokens", "_add_token", "Admin"),
    ("DELETE", f"/api/serviceaccounts/{_WORD}/tokens/{_WORD}", "_delete_token", "Admin"),
)
