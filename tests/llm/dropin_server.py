"""A server on loopback that answers what it is told to, and a vendor's client with and without us before it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import anthropic
import openai

from sophia_cli.llm import (
    anthropic_async_http_client,
    anthropic_http_client,
    openai_async_http_client,
    openai_http_client,
)

JSON = ("content-type", "application/json")
SSE = ("content-type", "text/event-stream; charset=utf-8")
HELLO: list[Any] = [{"role": "user", "content": "Say hello to Zoë 🌍"}]


@dataclass(frozen=True)
class Script:
    """One answer. With `length` more bytes are announced than come; `cut` drops the connection at the end."""

    status: int = 200
    body: bytes | tuple[bytes, ...] = b"{}"
    headers: tuple[tuple[str, str], ...] = (JSON,)
    cut: bool = False
    wait: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A request as it came in, without what every HTTP library says in its own way."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """Answers the scripts in their order, the last one for ever."""

    scripts: list[Script]
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        owner = self
        self.closing = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                owner.seen.append(Seen(self.command, self.path, headers, body))
                self.answer(owner.scripts.pop(0) if len(owner.scripts) > 1 else owner.scripts[0])

            do_GET = do_DELETE = do_POST

            def answer(self, script: Script) -> None:
                owner.closing.wait(script.wait)
                self.send_response_only(script.status)
                pieces = (script.body,) if isinstance(script.body, bytes) else script.body
                for name, value in script.headers:
                    self.send_header(name, value)
                whole = isinstance(script.body, bytes)
                extra = 10 if script.cut else 0
                if whole:
                    self.send_header("content-length", str(len(pieces[0]) + extra))
                else:
                    self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                with suppress(OSError):
                    for piece in pieces:
                        self.wfile.write(piece if whole else b"%x\r\n%s\r\n" % (len(piece), piece))
                    if not whole and not script.cut:
                        self.wfile.write(b"0\r\n\r\n")
                self.close_connection = script.cut

            def log_message(self, format: str, *args: object) -> None:
                """What came in stands in `seen`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


# Said by the HTTP library or counted by the vendor's client; the rest must be the same with and without us.
_OWN_WORDS = ("host", "accept-encoding", "connection", "idempotency-key", "content-length")


def said(request: Any) -> tuple[Any, ...]:
    """A recorded request in a form that two runs can be compared by."""
    headers = {name: value for name, value in request.headers.items() if name not in _OWN_WORDS}
    return request.method, request.path, headers, request.body


@dataclass(frozen=True)
class Failed:
    """What a program can ask of an exception."""

    name: str
    words: str
    status: int | None
    body: Any
    request_id: str | None
    cause: str


def outcome(action: Callable[[], Any]) -> Any:
    """What came of an action: its value, or how it failed."""
    try:
        return action()
    except Exception as error:
        return Failed(
            f"{type(error).__module__}.{type(error).__name__}",
            str(error),
            getattr(error, "status_code", None),
            getattr(error, "body", None),
            getattr(error, "request_id", None),
            type(error.__cause__).__name__,
        )


def gpt(url: str, *, through_us: bool, **options: Any) -> openai.OpenAI:
    """OpenAI's client, with or without our transport."""
    if through_us:
        options["http_client"] = openai_http_client()
    return openai.OpenAI(
        **{"api_key": "vendor-key", "base_url": f"{url}/v1", "max_retries": 0, **options}
    )


def async_gpt(url: str, *, through_us: bool, **options: Any) -> openai.AsyncOpenAI:
    """The same for an event loop."""
    if through_us:
        options["http_client"] = openai_async_http_client()
    return openai.AsyncOpenAI(
        **{"api_key": "vendor-key", "base_url": f"{url}/v1", "max_retries": 0, **options}
    )


def claude(url: str, *, through_us: bool, **options: Any) -> anthropic.Anthropic:
    """Anthropic's client, with or without our transport."""
    if through_us:
        options["http_client"] = anthropic_http_client()
    return anthropic.Anthropic(
        **{"api_key": "vendor-key", "base_url": url, "max_retries": 0, **options}
    )


def async_claude(url: str, *, through_us: bool, **options: Any) -> anthropic.AsyncAnthropic:
    """The same for an event loop."""
    if through_us:
        options["http_client"] = anthropic_async_http_client()
    return anthropic.AsyncAnthropic(
        **{"api_key": "vendor-key", "base_url": url, "max_retries": 0, **options}
    )


def rows(*columns: str) -> list[tuple[Any, ...]]:
    """Columns of the ledger's calls, oldest first."""
    path = Path(os.environ["XDG_STATE_HOME"]) / "sophia" / "ledger.sqlite3"
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            f"SELECT {', '.join(columns)} FROM calls ORDER BY started_ns"
        ).fetchall()
    finally:
        connection.close()
