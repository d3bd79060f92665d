"""A stand-in of a Docker engine's API on loopback, for what a running engine cannot be made to show.

Beside it a program `docker` that says what Compose would say. `tests/real` asks the same of a real engine.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from serving import serving

_DOCKER = """#!/bin/sh
case "$*" in
  "context inspect") cat '{folder}/context.json';;
  "compose version --short") {version};;
  *" up "*) cat '{folder}/said' >&2; exit {code};;
  *) exit 0;;
esac
"""


@dataclass(frozen=True)
class Container:
    """One of the engine's; `state` is Docker's own word, `folder` where Compose was started."""

    name: str
    project: str = ""
    service: str = ""
    folder: str = ""
    state: str = "running"
    health: str = ""
    exit_code: int = 0
    log: str = ""
    port: int = 0

    @property
    def data(self) -> dict[str, Any]:
        labels = {
            "com.docker.compose.project": self.project,
            "com.docker.compose.service": self.service,
            "com.docker.compose.project.working_dir": self.folder,
        }
        state: dict[str, Any] = {"Status": self.state, "ExitCode": self.exit_code}
        if self.health:
            state["Health"] = {"Status": self.health}
        return {
            "Id": self.name,
            "Name": f"/{self.name}",
            "Config": {"Labels": labels, "Image": "image", "Tty": True},
            "State": state,
            "RestartCount": 0,
            "Image": "image",
        }


@dataclass
class Engine:
    """What the engine says of itself, and what runs on it; images that are `missing` it has not."""

    version: str = "28.2.2"
    api: str = "1.50"
    containers: tuple[Container, ...] = ()
    missing: tuple[str, ...] = ()
    least: str = "1.12"  # what it still speaks
    seen: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def engine(tls: ssl.SSLContext | None = None, **known: Any) -> Iterator[Engine]:
    """An engine on a free port, until the block ends."""
    made = Engine(**known)
    with serving(_Handler, {"engine": made}, tls) as port:
        made.url = f"tcp://127.0.0.1:{port}"
        yield made


def program(
    folder: Path,
    *,
    version: str = "echo 2.26.1",
    said: str = "",
    code: int = 0,
    context: str = "[]",
) -> str:
    """A program `docker` in that folder; a PATH that finds it."""
    folder.mkdir(exist_ok=True)
    path = folder / "docker"
    path.write_text(_DOCKER.format(folder=folder, version=version, code=code))
    path.chmod(0o755)
    (folder / "said").write_text(said)
    (folder / "context.json").write_text(context)
    return f"{folder}:/bin:/usr/bin"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    @property
    def engine(self) -> Engine:
        return self.server.engine  # type: ignore[attr-defined,no-any-return]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        words = unquote(parts.path).strip("/").split("/")
        if words[0].startswith("v1."):
            if float(words[0][3:]) < float(self.engine.least[2:]):
                words = ["too old"]
            words = words[1:] or words
        self.engine.seen.append("/".join(words))
        status, data = self._found(words, dict(parse_qsl(parts.query)))
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self, words: list[str], given: dict[str, str]) -> tuple[int, Any]:
        engine = self.engine
        if words == ["version"]:
            return 200, {
                "Version": engine.version,
                "ApiVersion": engine.api,
                "MinAPIVersion": "1.12",
            }
        if words == ["too old"]:
            told = f"client version {engine.api} is too old. Minimum supported API version is"
            return 400, {"message": f"{told} {engine.least}, please upgrade your client"}
        if words == ["info"]:
            return 200, {
                "ServerVersion": engine.version,
                "MemTotal": 16 << 30,
                "DockerRootDir": "/",
            }
        if words == ["containers", "json"]:
            filters = json.loads(given.get("filters", "{}"))
            return 200, [{"Id": one.name} for one in engine.containers if _fits(one, filters)]
        if words[0] == "containers":
            for one in engine.containers:
                if one.name == words[1]:
                    return 200, one.log.encode() if words[2] == "logs" else one.data
        image = "/".join(words[1:-1])
        if words[0] == "images" and image not in engine.missing:
            return 200, {"Id": "sha256:0", "RepoTags": [image]}
        return 404, {"message": "No such object"}


def _fits(one: Container, filters: dict[str, list[str]]) -> bool:
    labels = one.data["Config"]["Labels"]
    pairs = [text.partition("=") for text in filters.get("label", [])]
    ports = filters.get("publish", [])
    return all(labels.get(key) == value for key, _, value in pairs) and (
        not ports or str(one.port) in ports
    )
