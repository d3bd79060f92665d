"""A vendor's client without us and with us: the same is done with both, and everything is compared."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import openai
from dropin_server import Script, ScriptedServer

from sophia_cli.llm import (
    anthropic_async_http_client,
    anthropic_http_client,
    openai_async_http_client,
    openai_http_client,
)
from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import Recorded, SimulatorServer

HELLO: list[Any] = [{"role": "user", "content": "Say hello to Zoë 🌍"}]
# Read once: a client reads the machine's certificates for a fiftieth of a second, and there are many.
TLS = ssl.create_default_context()
# Said by the HTTP library or drawn by the vendor's client; the rest must be the same with and without us.
OWN_WORDS = ("host", "accept-encoding", "connection", "idempotency-key", "content-length")


def gpt(url: str, *, through_us: bool, **options: Any) -> openai.OpenAI:
    """OpenAI's client, with or without our transport."""
    plain = openai.DefaultHttpxClient
    client = openai_http_client() if through_us else plain(verify=TLS)
    given = {"api_key": "vendor-key", "base_url": f"{url}/v1", "max_retries": 0, **options}
    return openai.OpenAI(**given, http_client=client)


def async_gpt(url: str, *, through_us: bool, **options: Any) -> openai.AsyncOpenAI:
    """The same for an event loop."""
    plain = openai.DefaultAsyncHttpxClient
    client = openai_async_http_client() if through_us else plain(verify=TLS)
    given = {"api_key": "vendor-key", "base_url": f"{url}/v1", "max_retries": 0, **options}
    return openai.AsyncOpenAI(**given, http_client=client)


def claude(url: str, *, through_us: bool, **options: Any) -> anthropic.Anthropic:
    """Anthropic's client, with or without our transport."""
    plain = anthropic.DefaultHttpxClient
    client = anthropic_http_client() if through_us else plain(verify=TLS)
    given = {"api_key": "vendor-key", "base_url": url, "max_retries": 0, **options}
    return anthropic.Anthropic(**given, http_client=client)


def async_claude(url: str, *, through_us: bool, **options: Any) -> anthropic.AsyncAnthropic:
    """The same for an event loop."""
    plain = anthropic.DefaultAsyncHttpxClient
    client = anthropic_async_http_client() if through_us else plain(verify=TLS)
    given = {"api_key": "vendor-key", "base_url": url, "max_retries": 0, **options}
    return anthropic.AsyncAnthropic(**given, http_client=client)


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


def both(
    make: Callable[..., Any],
    action: Callable[[Any], Any],
    *scripts: Script,
    faults: Iterable[str] = (),
    **options: Any,
) -> Any:
    """Do it against a fresh server without and with us; all must be the same. Gives back the outcome.

    The server answers the scripts; without any it is a simulator with these faults.
    """

    def run(url: str, through_us: bool) -> Any:
        with make(url, through_us=through_us, **options) as client:
            return action(client)

    return _compare(run, scripts, faults)


def both_async(
    make: Callable[..., Any],
    action: Callable[[Any], Awaitable[Any]],
    *scripts: Script,
    faults: Iterable[str] = (),
    **options: Any,
) -> Any:
    """The same on an event loop, a new one each time."""

    async def act(url: str, through_us: bool) -> Any:
        async with make(url, through_us=through_us, **options) as client:
            return await action(client)

    return _compare(lambda url, through_us: asyncio.run(act(url, through_us)), scripts, faults)


def _compare(
    run: Callable[[str, bool], Any], scripts: tuple[Script, ...], faults: Iterable[str]
) -> Any:
    results = []
    for through_us in (False, True):
        with _server(scripts, faults) as server:
            result = outcome(lambda url=server.url, us=through_us: run(url, us))
            results.append((result, [said(request) for request in server.requests]))
    assert results[1] == results[0]
    return results[1][0]


@contextmanager
def _server(
    scripts: tuple[Script, ...], faults: Iterable[str]
) -> Iterator[ScriptedServer | SimulatorServer]:
    server = ScriptedServer(*scripts) if scripts else SimulatorServer(Simulator(faults=faults))
    try:
        yield server
    finally:
        # Closing waits until the server looks up; no test has to wait with it.
        threading.Thread(target=server.close).start()


def said(request: Recorded) -> tuple[Any, ...]:
    """A recorded request in a form that two runs can be compared by."""
    headers = {name: value for name, value in request.headers.items() if name not in OWN_WORDS}
    return request.method, request.path, headers, request.body


def rows(*columns: str) -> list[tuple[Any, ...]]:
    """Columns of the ledger's calls, oldest first."""
    path = Path(os.environ["XDG_STATE_HOME"]) / "sophia" / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        query = f"SELECT {', '.join(columns)} FROM calls ORDER BY started_ns"  # nosec B608 - names of tests
        return connection.execute(query).fetchall()


def chat(client: Any, **options: Any) -> Any:
    """One chat completion, whole."""
    return client.chat.completions.create(
        **{"model": "gpt-4o", "messages": HELLO, **options}
    ).to_dict()


def chat_chunks(client: Any, **options: Any) -> list[Any]:
    """One chat completion, chunk by chunk."""
    with client.chat.completions.create(
        model="gpt-4o", messages=HELLO, stream=True, **options
    ) as stream:
        return [chunk.to_dict() for chunk in stream]


def message(client: Any, **options: Any) -> Any:
    """One message, whole."""
    return client.messages.create(
        **{"model": "claude-test-1", "max_tokens": 60, "messages": HELLO, **options}
    ).to_dict()


def message_stream(client: Any) -> Any:
    """One message, by the vendor's stream helper."""
    with client.messages.stream(model="claude-test-1", max_tokens=60, messages=HELLO) as stream:
        return list(stream.text_stream), stream.get_final_message().to_dict()


async def async_chat(client: Any) -> Any:
    """One chat completion, whole, on an event loop."""
    return (await client.chat.completions.create(model="gpt-4o", messages=HELLO)).to_dict()


async def async_chunks(client: Any) -> Any:
    """One chat completion, chunk by chunk, on an event loop."""
    stream = await client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    return [chunk.to_dict() async for chunk in stream]


async def async_message_stream(client: Any) -> Any:
    """One message, by the vendor's stream helper, on an event loop."""
    async with client.messages.stream(
        model="claude-test-1", max_tokens=60, messages=HELLO
    ) as stream:
        texts = [text async for text in stream.text_stream]
        return texts, (await stream.get_final_message()).to_dict()
