"""Stand-ins of a Python index and of an npm registry on loopback, in the formats of the real ones.

The index speaks PEP 691 with the upload times of PEP 700, and JSON to those only who ask for it; npm's
is asked by npm itself. Packages that have files can be installed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

_JSON = "application/vnd.pypi.simple.v1+json"


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


@dataclass(frozen=True)
class Wheel:
    """One version of a Python package. `program` is the code of a console script of its name."""

    version: str
    days: float | None = 100
    yanked: bool | str = False
    python: str = ""
    program: str = ""

    def file(self, name: str) -> bytes:
        module = name.replace("-", "_")
        info = f"{module}-{self.version}.dist-info"
        files = {
            f"{module}_main.py": self.program or "def main() -> None: ...\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {self.version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {module}_main:main\n",
        }
        record = "".join(
            f"{path},sha256={_digest(text.encode())},{len(text)}\n" for path, text in files.items()
        )
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            for path, text in files.items():
                archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text)
        return whole.getvalue()


@dataclass(frozen=True)
class Tarball:
    """One version of an npm package."""

    version: str
    days: float = 100
    peers: Mapping[str, str] = field(default_factory=dict)
    node: str = ""
    deprecated: str = ""


@dataclass
class Registries:
    """What both know, and what they were asked for.

    `status` is what the index answers with; the files of what is `broken` are not to be had.
    """

    python: Mapping[str, Sequence[Wheel]] = field(default_factory=dict)
    node: Mapping[str, Sequence[Tarball]] = field(default_factory=dict)
    latest: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    html: bool = False
    asked: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    url: str = ""

    @property
    def environ(self) -> dict[str, str]:
        """What makes pip and npm ask here, and nobody else."""
        return {
            "PIP_INDEX_URL": f"{self.url}/simple/",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_FIND_LINKS": "",
            "npm_config_registry": f"{self.url}/npm/",
            "npm_config_update_notifier": "false",
            "npm_config_fetch_retries": "0",
        }


@contextmanager
def registries(**known: Any) -> Iterator[Registries]:
    """A server on a free port, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.known = found = Registries(**known)  # type: ignore[attr-defined]
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        known: Registries = self.server.known  # type: ignore[attr-defined]
        path = unquote(urlsplit(self.path).path)
        known.asked.append(path)
        _, top, rest = path.split("/", 2)
        if top == "simple":
            self._simple(known, rest)
        elif top == "files" and rest.split("/")[0] not in known.broken:
            name, filename = rest.split("/")
            wheel = next(one for one in known.python[name] if f"-{one.version}-" in filename)
            self._send(200, wheel.file(name), "application/zip")
        elif top == "npm" and rest in known.node:
            self._send(200, json.dumps(_packument(known, rest)).encode(), "application/json")
        else:
            self._send(404, b'{"error": "Not found"}', "application/json")

    def _simple(self, known: Registries, rest: str) -> None:
        name = rest.rstrip("/")
        if not rest.endswith("/"):
            self._send(404, b"the address of a package ends with a slash", "text/plain")
        elif known.status != 200:
            self._send(known.status, b"refused", "text/plain")
        elif name not in known.python:
            self._send(404, b"404 Not Found", "text/plain")
        elif known.html or _JSON not in self.headers.get("Accept", ""):
            self._send(200, _html(known, name).encode(), "text/html")
        else:
            self._send(200, json.dumps(_page(known, name)).encode(), _JSON)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _page(known: Registries, name: str) -> dict[str, Any]:
    files = []
    for one in known.python[name]:
        data = one.file(name)
        filename = f"{name.replace('-', '_')}-{one.version}-py3-none-any.whl"
        files.append(
            {
                "filename": filename,
                "url": f"{known.url}/files/{name}/{filename}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
                "requires-python": one.python or None,
                "size": len(data),
                "yanked": one.yanked,
                **({} if one.days is None else {"upload-time": _moment(one.days)}),
            }
        )
    versions = [one.version for one in known.python[name]]
    return {"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": versions}


def _html(known: Registries, name: str) -> str:
    links = [
        f'<a href="{file["url"]}#sha256={file["hashes"]["sha256"]}">{file["filename"]}</a>'
        for file in _page(known, name)["files"]
    ]
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"


def _packument(known: Registries, name: str) -> dict[str, Any]:
    listed = known.node[name]
    last = known.latest.get(name, listed[-1].version)
    moments = {one.version: _moment(one.days) for one in listed}
    return {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": last},
        "versions": {one.version: _manifest(known, name, one) for one in listed},
        "time": {"created": _moment(900), "modified": _moment(1), **moments},
    }


def _manifest(known: Registries, name: str, one: Tarball) -> dict[str, Any]:
    place = f"{known.url}/npm/{name}/-/{name.rpartition('/')[2]}-{one.version}.tgz"
    return {
        "name": name,
        "version": one.version,
        "_id": f"{name}@{one.version}",
        "dist": {"tarball": place, "shasum": "0" * 40},
        **({"peerDependencies": dict(one.peers)} if one.peers else {}),
        **({"engines": {"node": one.node}} if one.node else {}),
        **({"deprecated": one.deprecated} if one.deprecated else {}),
    }


def _moment(days: float) -> str:
    return days_ago(days).isoformat().replace("+00:00", "Z")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
