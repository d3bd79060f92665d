"""A stand-in of SonarQube's web API on loopback, as strict as the real server was found to be.

What it answers was recorded from a running 26.9.0.129388; `tests/real` asks the same of a real one.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from serving import serving

OPEN = (
    "/api/system/status",
    "/api/authentication/validate",
    "/api/authentication/login",
    "/api/authentication/logout",
    "/api/server/version",
)
FIRST_CONDITIONS = (
    ("new_violations", "GT", "0"),
    ("new_coverage", "LT", "80"),
    ("new_duplicated_lines_density", "GT", "3"),
    ("new_security_hotspots_reviewed", "LT", "100"),
)


@dataclass
class Sonar:
    """What the server knows. `states` are given one after the other; the last one stays."""

    states: list[str] = field(default_factory=lambda: ["UP"])
    password: str = "admin"
    user_tokens: tuple[str, ...] = ()  # of administrators
    passcode: str = ""
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    gates: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {"Sonar way": {}})
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    hooks: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    profiles: dict[str, list[str]] = field(
        default_factory=lambda: {"py": ["Sonar way"], "js": ["Sonar way"]}
    )
    issues: int = 0
    sessions: dict[str, str] = field(default_factory=dict)  # cookie -> the word that goes with it
    hashed: int = (
        0  # how often somebody showed a password: the real one takes half a second each time
    )
    indexing: int = 0  # how often it still says that its index is being built
    seen: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def state(self) -> str:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    @property
    def written(self) -> list[str]:
        """The requests that changed something, or tried to."""
        posted = [path for method, path in self.seen if method == "POST"]
        return [path for path in posted if not path.startswith("/api/authentication/")]


@contextmanager
def sonar(**known: Any) -> Iterator[Sonar]:
    """A server on a free port, until the block ends."""
    made = Sonar(**known)
    with serving(_Handler, {"sonar": made}) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


class _Refusal(Exception):
    def __init__(self, status: int, data: object = None) -> None:
        self.status, self.data = status, data


def _error(words: str) -> _Refusal:
    return _Refusal(400, {"errors": [{"msg": words}]})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET", dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer("POST", dict(parse_qsl(body)))

    @property
    def sonar(self) -> Sonar:
        return self.server.sonar  # type: ignore[attr-defined,no-any-return]

    def _answer(self, method: str, given: dict[str, str]) -> None:
        path = urlsplit(self.path).path
        self.sonar.seen.append((method, path))
        self.given: list[str] = []
        try:
            if path not in OPEN and not (path == "/api/system/health" and self._has_passcode()):
                self._let_in(given if path == "/api/users/change_password" else {})
            status, data = 200, getattr(self, "_" + path.strip("/").replace("/", "_"))(given)
        except AttributeError:
            status, data = 404, {"errors": [{"msg": f"Unknown url : {path}"}]}
        except _Refusal as refusal:
            status, data = refusal.status, refusal.data
        self._send(204 if status == 200 and data is None else status, data)

    def _send(self, status: int, data: object) -> None:
        if isinstance(data, str):
            body, kind = data.encode(), "text/html"
        else:
            body, kind = (b"" if data is None else json.dumps(data).encode()), "application/json"
        self.send_response(status)
        for cookie in self.given:
            self.send_header("Set-Cookie", f"{cookie}; Path=/; SameSite=Lax")
        if body:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _credentials(self) -> tuple[str, str]:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            return "token", value
        user, _, word = base64.b64decode(value).decode().partition(":")
        return user, word

    def _cookie(self, name: str) -> str:
        found = SimpleCookie(self.headers.get("Cookie", "")).get(name)
        return found.value if found else ""

    def _is_admin(self) -> bool:
        if session := self._cookie("JWT-SESSION"):  # goes before any other login
            word = self.sonar.sessions.get(session)
            return word is not None and (
                self.command == "GET" or self.headers.get("X-XSRF-TOKEN") == word
            )
        user, word = self._credentials()
        if user == "token":
            return word in self.sonar.user_tokens
        return self._is_password(user, word)

    def _is_password(self, user: str, word: str) -> bool:
        self.sonar.hashed += bool(user)
        return (user, word) == ("admin", self.sonar.password)

    def _has_passcode(self) -> bool:
        return bool(self.sonar.passcode) and (
            self.headers.get("X-Sonar-Passcode") == self.sonar.passcode
        )

    def _let_in(self, given: dict[str, str]) -> None:
        if not self._is_admin():
            raise _Refusal(401)  # an empty body, on every path

    # One method an endpoint, named by its path.

    def _api_system_status(self, given: dict[str, str]) -> object:
        state = self.sonar.state()
        if state == "HTML":
            raise _Refusal(503, "<html><body>SonarQube is starting</body></html>")
        return {"status": state}

    def _api_system_health(self, given: dict[str, str]) -> object:
        return {"health": "GREEN", "causes": [], "nodes": []}

    def _api_server_version(self, given: dict[str, str]) -> object:
        return "26.9.0.129388"

    def _api_authentication_validate(self, given: dict[str, str]) -> object:
        return {"valid": self._is_admin()}

    def _api_authentication_login(self, given: dict[str, str]) -> object:
        if not self._is_password(given["login"], given["password"]):
            raise _Refusal(401)
        session, word = secrets.token_hex(8), secrets.token_hex(8)
        self.sonar.sessions[session] = word
        self.given = [f"JWT-SESSION={session}; HttpOnly", f"XSRF-TOKEN={word}"]
        return {}

    def _api_authentication_logout(self, given: dict[str, str]) -> object:
        self._let_in({})
        del self.sonar.sessions[self._cookie("JWT-SESSION")]
        return {}

    def _api_users_change_password(self, given: dict[str, str]) -> object:
        if given["previousPassword"] != self.sonar.password:
            raise _error("Incorrect password")
        if len(given["password"]) < 12:
            raise _Refusal(400, {"result": "Password must be at least 12 characters long"})
        self.sonar.password = given["password"]
        self.sonar.sessions.clear()
        return None

    def _api_projects_search(self, given: dict[str, str]) -> object:
        wanted = given["projects"].split(",") if "projects" in given else list(self.sonar.projects)
        found = [key for key in self.sonar.projects if key in wanted]
        size, page = int(given.get("ps", "100")), int(given.get("p", "1"))
        return {
            "paging": {"pageIndex": page, "pageSize": size, "total": len(found)},
            "components": [{"key": key} for key in found[(page - 1) * size : page * size]],
        }

    def _api_issues_search(self, given: dict[str, str]) -> object:
        if self.sonar.indexing:
            self.sonar.indexing -= 1
            words = "Results are temporarily unavailable. Indexing of issues is in progress."
            raise _Refusal(503, {"errors": [{"msg": words}]})
        return {"paging": {"total": self.sonar.issues}, "issues": []}

    def _api_measures_search(self, given: dict[str, str]) -> object:
        keys = given["projectKeys"].split(",")
        if len(keys) > 100:
            raise _error("'projectKeys' can contain only 100 values")
        measures = [
            {"metric": metric, "component": key, "value": value}
            for key in keys
            for metric, value in self.sonar.projects[key].get("measures", {}).items()
            if metric in given["metricKeys"].split(",")
        ]
        return {"measures": [*measures, {"metric": "quality_gate", "component": keys[0]}]}

    def _api_projects_create(self, given: dict[str, str]) -> object:
        key = given["project"]
        if key in self.sonar.projects:
            raise _error(
                f'Could not create Project with key: "{key}". A similar key already exists: "{key}"'
            )
        made: dict[str, Any] = {"gate": "Sonar way", "new": ("PREVIOUS_VERSION", "")}
        self.sonar.projects[key] = {**made, "profiles": {}}
        return {"project": {"key": key}}

    def _api_qualitygates_list(self, given: dict[str, str]) -> object:
        return {
            "qualitygates": [
                {"name": name, "isDefault": name == "Sonar way"} for name in self.sonar.gates
            ]
        }

    def _api_qualitygates_create(self, given: dict[str, str]) -> object:
        if given["name"] in self.sonar.gates:
            raise _error("Name has already been taken")
        self.sonar.gates[given["name"]] = {one[0]: list(one[1:]) for one in FIRST_CONDITIONS}
        return {"name": given["name"]}

    def _api_qualitygates_show(self, given: dict[str, str]) -> object:
        found = self.sonar.gates[given["name"]]
        return {
            "conditions": [
                {"id": f"{given['name']}/{metric}", "metric": metric, "op": op, "error": error}
                for metric, (op, error) in found.items()
            ]
        }

    def _api_qualitygates_create_condition(self, given: dict[str, str]) -> object:
        gate = self.sonar.gates[given["gateName"]]
        if given["metric"] in gate:
            raise _error(f"Condition on metric '{given['metric']}' already exists.")
        gate[given["metric"]] = [given["op"], given["error"]]
        return {}

    def _api_qualitygates_update_condition(self, given: dict[str, str]) -> object:
        gate, _, metric = given["id"].partition("/")
        self.sonar.gates[gate][metric] = [given["op"], given["error"]]
        return {}

    def _api_qualitygates_delete_condition(self, given: dict[str, str]) -> object:
        gate, _, metric = given["id"].partition("/")
        if metric not in self.sonar.gates[gate]:
            raise _Refusal(
                404, {"errors": [{"msg": f"No quality gate condition with uuid '{metric}'"}]}
            )
        del self.sonar.gates[gate][metric]
        return None

    def _api_qualitygates_get_by_project(self, given: dict[str, str]) -> object:
        return {"qualityGate": {"name": self.sonar.projects[given["project"]]["gate"]}}

    def _api_qualitygates_select(self, given: dict[str, str]) -> object:
        self.sonar.projects[given["projectKey"]]["gate"] = given["gateName"]
        return None

    def _api_new_code_periods_show(self, given: dict[str, str]) -> object:
        known = self._project(given["project"])["new"]
        # What is set for a project is its main branch's: asked without that, it is not seen.
        kind, value = known if given.get("branch") == "main" else ("PREVIOUS_VERSION", "")
        return {"type": kind, **({"value": value} if value else {})}

    def _api_project_branches_list(self, given: dict[str, str]) -> object:
        self._project(given["project"])
        return {"branches": [{"name": "main", "isMain": True}]}

    def _api_new_code_periods_set(self, given: dict[str, str]) -> object:
        self.sonar.projects[given["project"]]["new"] = (given["type"], given.get("value", ""))
        return None

    def _api_user_tokens_search(self, given: dict[str, str]) -> object:
        return {
            "login": given.get("login", "admin"),
            "userTokens": list(self.sonar.tokens.values()),
        }

    def _api_user_tokens_generate(self, given: dict[str, str]) -> object:
        name = given["name"]
        if name in self.sonar.tokens:
            raise _error(f"A user token for login 'admin' and name '{name}' already exists")
        prefix = {"PROJECT_ANALYSIS_TOKEN": "sqp_"}.get(given.get("type", ""), "squ_")
        self.sonar.tokens[name] = {
            "name": name,
            "type": given.get("type", "USER_TOKEN"),
            "expirationDate": f"{given['expirationDate']}T00:00:00+0000",
        }
        return {"name": name, "token": prefix + secrets.token_hex(20)}

    def _api_user_tokens_revoke(self, given: dict[str, str]) -> object:
        self.sonar.tokens.pop(given["name"], None)
        return None

    def _api_qualityprofiles_search(self, given: dict[str, str]) -> object:
        language = given["language"]
        if language not in self.sonar.profiles:
            known = ", ".join(sorted(self.sonar.profiles))
            raise _error(f"Value of parameter 'language' ({language}) must be one of: [{known}]")
        names = self.sonar.profiles[language]
        if "project" in given:
            chosen = self._project(given["project"])["profiles"]
            names = [chosen.get(language, name) for name in names[:1]]
        return {
            "profiles": [
                {
                    "key": f"{language}/{name}",
                    "name": name,
                    "language": language,
                    "isDefault": name == "Sonar way",
                }
                for name in names
            ]
        }

    def _api_qualityprofiles_copy(self, given: dict[str, str]) -> object:
        language, _, name = given["fromKey"].partition("/")
        if name not in self.sonar.profiles.get(language, []):
            words = f"Quality Profile with key '{given['fromKey']}' does not exist"
            raise _Refusal(404, {"errors": [{"msg": words}]})
        if given["toName"] not in self.sonar.profiles[language]:  # else it is copied over that
            self.sonar.profiles[language].append(given["toName"])
        return {"key": f"{language}/{given['toName']}", "name": given["toName"]}

    def _api_qualityprofiles_add_project(self, given: dict[str, str]) -> object:
        language, name = given["language"], given["qualityProfile"]
        if name not in self.sonar.profiles.get(language, []):
            words = f"Quality Profile for language '{language}' and name '{name}' does not exist"
            raise _Refusal(404, {"errors": [{"msg": words}]})
        self._project(given["project"])["profiles"][language] = name
        return None

    def _project(self, key: str) -> dict[str, Any]:
        if key not in self.sonar.projects:
            raise _Refusal(404, {"errors": [{"msg": f"Project '{key}' not found"}]})
        return self.sonar.projects[key]

    def _api_webhooks_list(self, given: dict[str, str]) -> object:
        return {"webhooks": list(self.sonar.hooks.get(given["project"], {}).values())}

    def _api_webhooks_create(self, given: dict[str, str]) -> object:
        self._check_hook(given["url"])
        hooks = self.sonar.hooks.setdefault(given["project"], {})
        key = f"hook-{len(hooks)}"
        hooks[key] = {"key": key, "name": given["name"], "url": given["url"]}
        return {"webhook": hooks[key]}

    def _api_webhooks_update(self, given: dict[str, str]) -> object:
        self._check_hook(given["url"])
        for hooks in self.sonar.hooks.values():
            if given["webhook"] in hooks:
                hooks[given["webhook"]].update(name=given["name"], url=given["url"])
                return None
        words = f"No webhook with key '{given['webhook']}'"
        raise _Refusal(404, {"errors": [{"msg": words}]})

    def _check_hook(self, url: str) -> None:
        if "127.0.0.1" in url or "localhost" in url:
            raise _error(
                "Invalid URL: loopback and wildcard addresses are not allowed for webhooks."
            )
