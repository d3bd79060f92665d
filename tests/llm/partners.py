"""What the engine's tests talk to: a server that says what it is told, and services in front of it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli.llm import Config, UnifiedLLMService
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.secret import Secret

KEY = "key-0123456789abcdef"
SSE = "text/event-stream"


@dataclass(frozen=True)
class Asked:
    """A request as it came in; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedServer:
    """Answers each request with the next of its raw replies, the last one for ever; hangs up after each."""

    def __init__(self, *replies: bytes) -> None:
        self.requests: list[Asked] = []
        self._replies = list(replies)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                if asked := _read(stream):
                    self.requests.append(asked)
                    connection.sendall(self._next())

    def _next(self) -> bytes:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


def _read(stream: Any) -> Asked | None:
    words = stream.readline().decode().split()
    if not words:
        return None
    headers = {}
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return Asked(words[1], headers, stream.read(int(headers.get("content-length", 0))))


def reply(
    body: bytes | Mapping[str, Any] = b"",
    status: int = 200,
    kind: str = "application/json",
    length: int | None = None,
    **headers: str,
) -> bytes:
    """The bytes of an answer. A `length` other than the body's breaks it; -1 says none."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": kind, "connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    if length != -1:
        named["content-length"] = str(len(payload) if length is None else length)
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def stream(*events: Any, done: bool = True, length: int | None = -1, **headers: str) -> bytes:
    """A stream of events; ends properly, unless a `length` says that more was to come."""
    lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"] * done
    return reply("".join(lines).encode(), kind=SSE, length=length, **headers)


def completion(text: str = "yes", **more: Any) -> dict[str, Any]:
    """A chat answer with usage."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    answer = {"model": "m", "choices": [{**choice, "finish_reason": "stop"}], "usage": usage}
    return {name: value for name, value in {**answer, **more}.items() if value is not None}


def piece(text: str = "", finish: str | None = None) -> dict[str, Any]:
    """One event of a chat stream."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def provider(name: str, url: str, kind: str = "openai", **options: Any) -> Provider:
    return Provider(name, kind, url, Secret(KEY, "TEST_KEY"), options)


def open_service(folder: Path, *providers: Provider, **settings: Any) -> UnifiedLLMService:
    """A service over these providers, asked in this order, with a ledger in the folder."""
    chain = tuple((known.name, "m") for known in providers)
    settings = {"routes": {"default": chain}, "longest_wait": 0.0, "attempts": 1} | settings
    known = {known.name: known for known in providers}
    return UnifiedLLMService(Config(providers=known, ledger=folder / "ledger.sqlite3", **settings))


def calls(service: UnifiedLLMService) -> list[tuple[Any, ...]]:
    """Outcome, kind of error, status, provider, number of attempts of every call."""
    return service.engine.ledger.read(
        "SELECT outcome, error_kind, status, provider, attempts FROM calls ORDER BY rowid"
    )


def attempts(service: UnifiedLLMService) -> list[tuple[Any, ...]]:
    """Number, provider, outcome, kind of error, status of every attempt, by call."""
    return service.engine.ledger.read(
        "SELECT number, a.provider, a.outcome, a.error_kind, a.status FROM attempts a"
        " JOIN calls c ON c.id = a.call_id ORDER BY c.rowid, number"
    )
