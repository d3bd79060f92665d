"""A stand-in of Grafana's HTTP API on loopback, as strict as its documentation and source say it is.

No server could be had to record it from: nothing that passes here has met a real Grafana. Bodies are held
against the keys that the API takes, so that a misspelt one is found, where the real server passes it over.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import grafana_boards as boards
import grafana_folders as folders
import grafana_resources as resources
import grafana_sources as sources
import grafana_users as users
import grafana_versions as versions
from grafana_imports import import_board
from grafana_state import Account, Asked, Grafana, Refusal, now
from serving import serving

__all__ = ["HTML", "Account", "Grafana", "grafana"]

HTML = "<!DOCTYPE html><html><body>Grafana is starting</body></html>"
_ROLES = ("Viewer", "Editor", "Admin")


@contextmanager
def grafana(**known: Any) -> Iterator[Grafana]:
    """A server on a free port, until the block ends."""
    made = Grafana(**known)
    with serving(_Handler, {"grafana": made}) as port:
        made.url = f"http://127.0.0.1:{port}{made.prefix}"
        yield made


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
        except Refusal as refusal:
            self._send(refusal.status, refusal.data)

    def _found(self, method: str, path: str, raw: bytes, state: str) -> tuple[int, object]:
        if (method, path) == ("GET", "/api/health"):
            # No login is asked for, and a database that is down is a 503 of JSON.
            return (200 if state == "ok" else 503), {"database": state, **_build(self.grafana)}
        for wanted, pattern, ask, least in _ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                asked = self._let_in(least)
                body = json.loads(raw) if raw else None
                given = dict(parse_qsl(urlsplit(self.path).query))
                words = [unquote(word) for word in found.groups()]
                answer = ask(asked, *words, *([] if body is None else [body]), **given)  # type: ignore[operator]
                return answer if isinstance(answer, tuple) else (200, answer)
        self._let_in("Viewer")
        raise Refusal(404, "Not found")

    def _send(self, status: int, data: object) -> None:
        text, kind = (data, "text/html; charset=UTF-8") if isinstance(data, str) else ("", "")
        body = (text or json.dumps(data)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _let_in(self, least: str) -> Asked:
        asked = self._asking()
        if _ROLES.index(asked.role) < _ROLES.index(least):
            raise Refusal(403, "You'll need additional permissions to perform this action.")
        return asked

    def _asking(self) -> Asked:
        """Whoever asks. Refuses who is nobody."""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            user, _, word = base64.b64decode(value).decode().partition(":")
            if (user, word) != ("admin", self.grafana.password):
                raise Refusal(401, "Invalid username or password")
            return Asked(self.grafana, "Admin", by_token=False)
        for account in self.grafana.accounts.values():
            for _, key, expires in account.tokens.values():
                if kind == "Bearer" and key == value and not (expires and expires < now()):
                    return Asked(self.grafana, account.role, by_token=True)
        raise Refusal(401, "Invalid API key" if kind else "Unauthorized")


def _build(server: Grafana) -> dict[str, str]:
    return {"version": server.version, "commit": "0000000000"}


def _settings(asked: Asked) -> object:
    return {"buildInfo": {**_build(asked.grafana), "edition": "Open Source"}}


_WORD = "([^/]+)"
_BOARD = f"/api/dashboards/uid/{_WORD}"
_NUMBER = f"/api/dashboards/id/{_WORD}"
_DASHBOARDS = "/apis/dashboard.grafana.app/v1/namespaces/default/dashboards"
_FOLDERS = "/apis/folder.grafana.app/v1/namespaces/default/folders"
_ACCOUNTS = "/api/serviceaccounts"
# Method, path, what answers, and the least role that may ask.
_ROUTES = (
    ("GET", "/api/frontend/settings", _settings, "Viewer"),
    ("GET", "/api/user", users.user, "Viewer"),
    ("PUT", "/api/user/password", users.change_password, "Viewer"),
    ("GET", f"/api/datasources/uid/{_WORD}", sources.source, "Admin"),
    ("GET", "/api/datasources", sources.sources, "Admin"),
    ("POST", "/api/datasources", sources.add_source, "Admin"),
    ("PUT", f"/api/datasources/uid/{_WORD}", sources.put_source, "Admin"),
    ("GET", "/api/folders", folders.all_folders, "Viewer"),
    ("GET", f"/api/folders/{_WORD}", folders.folder, "Viewer"),
    ("GET", f"/api/folders/{_WORD}/permissions", folders.permissions, "Admin"),
    ("POST", "/api/folders", folders.add_folder, "Editor"),
    ("GET", _BOARD, boards.board, "Viewer"),
    ("DELETE", _BOARD, boards.delete_board, "Editor"),
    ("POST", "/api/dashboards/db", boards.save_board, "Editor"),
    ("POST", "/api/dashboards/import", import_board, "Editor"),
    ("GET", f"{_BOARD}/versions", versions.versions, "Editor"),
    ("GET", f"{_BOARD}/versions/{_WORD}", versions.version, "Editor"),
    ("GET", f"{_NUMBER}/versions", versions.versions_of_number, "Editor"),
    ("GET", f"{_NUMBER}/versions/{_WORD}", versions.version_of_number, "Editor"),
    ("POST", f"{_BOARD}/restore", versions.restore, "Editor"),
    ("GET", "/api/search/?", boards.search, "Viewer"),
    ("GET", f"{_FOLDERS}/{_WORD}", resources.folder_resource, "Viewer"),
    ("POST", _FOLDERS, resources.add_folder_resource, "Editor"),
    ("GET", _DASHBOARDS, resources.board_resources, "Viewer"),
    ("GET", f"{_DASHBOARDS}/{_WORD}", resources.board_resource, "Viewer"),
    ("POST", _DASHBOARDS, resources.add_board_resource, "Editor"),
    ("PUT", f"{_DASHBOARDS}/{_WORD}", resources.put_board_resource, "Editor"),
    ("GET", f"{_ACCOUNTS}/search", users.accounts, "Admin"),
    ("POST", f"{_ACCOUNTS}/?", users.add_account, "Admin"),
    ("GET", f"{_ACCOUNTS}/{_WORD}/tokens", users.tokens, "Admin"),
    ("POST", f"{_ACCOUNTS}/{_WORD}/tokens", users.add_token, "Admin"),
    ("DELETE", f"{_ACCOUNTS}/{_WORD}/tokens/{_WORD}", users.delete_token, "Admin"),
)
