"""SonarQube's web API, as far as a stack needs it and no library speaks it rightly.

Checked against a running 26.9.0.129388; what the server lists of itself is at
`api/webservices/list?include_internals=true`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from sophia_cli.client import Client, Refused
from sophia_cli.http import httpx
from sophia_cli.infra.login import NOBODY, Login

UP, STARTING, DOWN = "UP", "STARTING", "DOWN"
MIGRATION_NEEDED, MIGRATION_RUNNING = "DB_MIGRATION_NEEDED", "DB_MIGRATION_RUNNING"
UNREACHABLE = "UNREACHABLE"  # our own word for: no connection, or a page instead of an answer
_LONG = 180.0  # seconds


class SonarQube(Client):
    """One server; every method asks it once. Raises SophiaError where it cannot be reached, Refused.

    A password is shown once, for a session that ends with this object: the server hashes it a hundred
    thousand times, half a second for every request that brings it.
    """

    title = "SonarQube"

    def __init__(self, url: str, login: Login = NOBODY, *, passcode: str = "") -> None:
        super().__init__(url, {"X-Sonar-Passcode": passcode} if passcode else {})
        self._login, self._inside = login, False

    def __exit__(self, *error: object) -> None:
        if self._inside:
            with suppress(httpx.HTTPError):
                self._http.post("/api/authentication/logout", headers=self._headers)
        super().__exit__(*error)

    def become(self, login: Login) -> None:
        """Ask as somebody else from now on."""
        if login != self._login:
            self._leave()
            self._login = login

    def state(self) -> str:
        """Its state, in its own words; `UNREACHABLE` until there is an answer in JSON.

        `api/system/status` answers 200 in every state and needs no login; before the web server is
        up the connection is refused, or a page in HTML comes with a 503.
        """
        try:
            found = self._http.get("/api/system/status", timeout=5.0).json()
            return str(found["status"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return UNREACHABLE

    def version(self) -> str:
        """Such as `26.9.0.129388`; needs no login."""
        return self._send("GET", "/api/server/version").text.strip()

    def health(self) -> tuple[str, tuple[str, ...]]:
        """GREEN, YELLOW or RED, and why; needs the passcode or an administrator."""
        found = self._json("GET", "/api/system/health")
        return str(found["health"]), tuple(str(one["message"]) for one in found.get("causes", []))

    def takes(self, login: Login) -> bool:
        """Whether somebody may log in so, who is the one that asks from then on."""
        if login.user and self._enter(login):
            self._login = login
            return True
        found = self._send("GET", "/api/authentication/validate", headers=login.headers)
        return found.json().get("valid") is True

    def change_password(self, login: Login, after: str) -> None:
        """Give the user who logs in so another password."""
        data = {"login": login.user, "previousPassword": login.password, "password": after}
        self._send("POST", "/api/users/change_password", data=data, headers=login.headers)

    def create_project(self, key: str, name: str) -> None:
        """Create a project; one that somebody else has created meanwhile is as good."""
        try:
            self._send("POST", "/api/projects/create", data={"project": key, "name": name})
        except Refused as error:
            if "already exists" not in error.words:
                raise

    def has_project(self, key: str) -> bool:
        found = self._json("GET", "/api/projects/search", params={"projects": key})
        return any(one["key"] == key for one in found["components"])

    def projects(self) -> list[str]:
        """The keys of all projects."""
        keys: list[str] = []
        while True:
            page = {"ps": "500", "p": str(len(keys) // 500 + 1)}
            found = self._json("GET", "/api/projects/search", params=page)
            keys += [str(one["key"]) for one in found["components"]]
            if len(keys) >= int(found["paging"]["total"]) or not found["components"]:
                return keys

    def issue_count(self) -> int:
        """How many issues there are, also closed ones. Refused while the server builds its index."""
        found = self._json("GET", "/api/issues/search", params={"ps": "1"})
        return int(found["paging"]["total"])

    def measures(
        self, projects: Sequence[str], metrics: Sequence[str]
    ) -> dict[str, dict[str, str]]:
        """Measures by project and metric, of 100 projects at most."""
        asked = {"projectKeys": ",".join(projects), "metricKeys": ",".join(metrics)}
        values: dict[str, dict[str, str]] = {}
        for one in self._json("GET", "/api/measures/search", params=asked)["measures"]:
            if "value" in one:
                values.setdefault(str(one["component"]), {})[str(one["metric"])] = str(one["value"])
        return values

    def migrate(self) -> None:
        """Begin the migration of the database; the server asks for no login as long as it waits for it."""
        self._send("POST", "/api/system/migrate_db")

    def migration(self) -> tuple[str, str]:
        """Its state, such as MIGRATION_RUNNING or MIGRATION_FAILED, and what the server says of it."""
        found = self._json("GET", "/api/system/db_migration_status")
        return str(found["state"]), str(found.get("message", ""))

    def gates(self) -> set[str]:
        """The names of the quality gates."""
        found = self._json("GET", "/api/qualitygates/list")
        return {str(one["name"]) for one in found["qualitygates"]}

    def create_gate(self, name: str) -> None:
        """Create a gate. It comes with four conditions on new code already."""
        self._send("POST", "/api/qualitygates/create", data={"name": name})

    def conditions(self, gate: str) -> dict[str, tuple[str, str, str]]:
        """The conditions of a gate: metric -> (id, operator, error threshold)."""
        found = self._json("GET", "/api/qualitygates/show", params={"name": gate})
        return {
            str(one["metric"]): (str(one["id"]), str(one["op"]), str(one["error"]))
            for one in found.get("conditions", [])
        }

    def add_condition(self, gate: str, metric: str, operator: str, error: str) -> None:
        data = {"gateName": gate, "metric": metric, "op": operator, "error": error}
        self._send("POST", "/api/qualitygates/create_condition", data=data)

    def change_condition(self, number: str, metric: str, operator: str, error: str) -> None:
        data = {"id": number, "metric": metric, "op": operator, "error": error}
        self._send("POST", "/api/qualitygates/update_condition", data=data)

    def delete_condition(self, number: str) -> None:
        self._send("POST", "/api/qualitygates/delete_condition", data={"id": number})

    def gate_of(self, project: str) -> str:
        found = self._json("GET", "/api/qualitygates/get_by_project", params={"project": project})
        return str(found["qualityGate"]["name"])

    def use_gate(self, project: str, gate: str) -> None:
        data = {"projectKey": project, "gateName": gate}
        self._send("POST", "/api/qualitygates/select", data=data)

    def new_code(self, project: str) -> tuple[str, str]:
        """What counts as new code in a project's main branch: (type, value).

        Community Build keeps what is set for a project with that branch: without it the answer is the
        server's own default.
        """
        params = {"project": project}
        branches = self._json("GET", "/api/project_branches/list", params=params)["branches"]
        main = next(str(one["name"]) for one in branches if one["isMain"])
        params = {**params, "branch": main}
        found = self._json("GET", "/api/new_code_periods/show", params=params)
        return str(found["type"]), str(found.get("value", ""))

    def set_new_code(self, project: str, kind: str, value: str) -> None:
        data = {"project": project, "type": kind, **({"value": value} if value else {})}
        self._send("POST", "/api/new_code_periods/set", data=data)

    def tokens(self) -> dict[str, Mapping[str, Any]]:
        """The tokens of whoever asks by name; their values cannot be read again."""
        found = self._json("GET", "/api/user_tokens/search")
        return {str(one["name"]): one for one in found["userTokens"]}

    def create_token(self, name: str, project: str, expires: date) -> str:
        """A token that can analyse one project and do nothing else; its value is shown this once."""
        data = {
            "name": name,
            "type": "PROJECT_ANALYSIS_TOKEN",
            "projectKey": project,
            "expirationDate": expires.isoformat(),
        }
        return str(self._json("POST", "/api/user_tokens/generate", data=data)["token"])

    def revoke_token(self, name: str) -> None:
        self._send("POST", "/api/user_tokens/revoke", data={"name": name})

    def profiles(self, language: str, project: str = "") -> dict[str, str]:
        """The quality profiles of a language, or the one that a project has of them: name -> key.

        The one that is every project's at first comes first. Raises Refused for a language that it does
        not know.
        """
        params = {"language": language, **({"project": project} if project else {})}
        found = self._json("GET", "/api/qualityprofiles/search", params=params)["profiles"]
        first = sorted(found, key=lambda one: not one.get("isDefault"))
        return {str(one["name"]): str(one["key"]) for one in first}

    def copy_profile(self, key: str, name: str) -> None:
        data = {"fromKey": key, "toName": name}
        # Hundreds of rules: a busy server takes its time.
        self._send("POST", "/api/qualityprofiles/copy", data=data, timeout=_LONG)

    def use_profile(self, project: str, language: str, name: str) -> None:
        data = {"project": project, "language": language, "qualityProfile": name}
        self._send("POST", "/api/qualityprofiles/add_project", data=data)

    def webhooks(self, project: str) -> dict[str, tuple[str, str]]:
        """A project's webhooks: name -> (key, URL)."""
        found = self._json("GET", "/api/webhooks/list", params={"project": project})
        return {str(one["name"]): (str(one["key"]), str(one["url"])) for one in found["webhooks"]}

    def change_webhook(self, key: str, name: str, url: str) -> None:
        data = {"webhook": key, "name": name, "url": url}
        self._send("POST", "/api/webhooks/update", data=data)

    def create_webhook(self, project: str, name: str, url: str) -> None:
        data = {"project": project, "name": name, "url": url}
        self._send("POST", "/api/webhooks/create", data=data)

    def task_state(self, task: str) -> tuple[str, str]:
        """PENDING, IN_PROGRESS, SUCCESS, FAILED or CANCELED, and why it failed."""
        found = self._json("GET", "/api/ce/task", params={"id": task})["task"]
        return str(found["status"]), str(found.get("errorMessage", ""))

    def gate_status(self, project: str) -> Mapping[str, Any]:
        """The gate's verdict on a project: `status` and `conditions`."""
        params = {"projectKey": project}
        found = self._json("GET", "/api/qualitygates/project_status", params=params)
        return dict(found["projectStatus"])

    def _json(self, method: str, path: str, **more: Any) -> Any:
        return self._send(method, path, **more).json()

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        if "headers" in more:
            self._leave()
            answer = self._request(method, path, **more)
        else:
            if self._login.user and not self._inside:
                self._enter(self._login)
            answer = self._request(method, path, headers=self._headers, **more)
            if answer.status_code == 401 and self._inside:  # such as after a restart
                self._leave()
                answer = self._request(method, path, headers=self._headers, **more)
        if answer.status_code >= 300:
            raise self._refused(path, answer.status_code, _words(answer))
        return answer

    @property
    def _headers(self) -> dict[str, str]:
        """A session is known by its cookie, and by a word that no other site can read."""
        if self._inside:
            return {"X-XSRF-TOKEN": self._http.cookies.get("XSRF-TOKEN") or ""}
        return self._login.headers

    def _enter(self, login: Login) -> bool:
        """Begin a session; False where the server has none for such a password."""
        self._leave()
        data = {"login": login.user, "password": login.password}
        answer = self._request("POST", "/api/authentication/login", data=data)
        self._inside = answer.is_success and "JWT-SESSION" in self._http.cookies
        return self._inside

    def _leave(self) -> None:
        """Forget the session, which would go before any other login; the server ends it in time."""
        self._http.cookies.clear()
        self._inside = False


def _words(answer: httpx.Response) -> str:
    """What the server says is wrong: `{"errors": [{"msg"}]}`, for passwords `{"result"}`, or nothing."""
    try:
        found = json.loads(answer.content)
        if "errors" in found:
            return "; ".join(str(one["msg"]) for one in found["errors"])
        return str(found.get("result") or found.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
