"""What the ledger says of a drop-in call: whom it went to, what it was for, what it took."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from dropin_pairs import (
    HELLO,
    async_chat,
    async_gpt,
    chat,
    chat_chunks,
    claude,
    gpt,
    message,
    message_stream,
    rows,
)
from dropin_server import SSE, Script, ScriptedServer

from sophia_cli.llm import get_unified_llm_service, labels
from sophia_cli.llm.simulator.server import SimulatorServer, serve

CHUNK = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}\n\n'
)
LAST = CHUNK.replace(b"null}", b'"stop"}')
USAGE = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}\n\n'
)
STREAM = Script(body=(CHUNK, LAST, USAGE, b"data: [DONE]\n\n"), headers=(SSE,))


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with serve() as started:
        yield started


def test_a_row_has_tokens_and_times(server: SimulatorServer) -> None:
    with gpt(server.url, through_us=True) as first, claude(server.url, through_us=True) as second:
        usages = [chat(first)["usage"], message(second)["usage"]]
        message_stream(second)
        chat_chunks(first, stream_options={"include_usage": True})
    tokens = [(usages[0]["prompt_tokens"], usages[0]["completion_tokens"])]
    tokens += [(usages[1]["input_tokens"], usages[1]["output_tokens"])] * 2
    tokens += tokens[:1]
    assert rows("tokens_in", "tokens_out") == tokens
    assert rows("operation", "stream", "first_us IS NULL", "latency_us > 0", "outcome") == [
        ("chat", 0, 1, 1, "ok"),
        ("messages", 0, 1, 1, "ok"),
        ("messages", 1, 0, 1, "ok"),
        ("chat", 1, 0, 1, "ok"),
    ]
    assert set(rows("door", "provider", "attempts", "simulated", "cost_nano")) == {
        ("dropin", "origin", 1, 0, None)
    }


def test_a_list_of_models_costs_nothing_and_is_not_counted_as_unpriced(
    server: SimulatorServer,
) -> None:
    with gpt(server.url, through_us=True) as client:
        assert list(client.models.list())
        chat(client)
    assert rows("operation", "outcome") == [("other", "ok"), ("chat", "ok")]
    summary = get_unified_llm_service().engine.ledger.summary()
    assert {row.model: (row.calls, row.ok, row.unpriced) for row in summary} == {
        "": (1, 1, 0),
        "gpt-4o": (1, 1, 1),
    }


def test_labels_come_from_the_block_and_from_headers(server: SimulatorServer) -> None:
    given = {
        "x-sophia-task": "Bulk",
        "x-sophia-service": "billing",
        "x-sophia-user": "u1",
        "x-sophia-session": "s1",
    }
    with gpt(server.url, through_us=True) as client:
        chat(client)
        with labels(task_type="sql_generation", service="reports", user="u0"):
            chat(client)
            chat(client.with_options(default_headers=given))
            with labels(session="inner"):
                chat(client)
        chat(client, extra_headers=given)
    assert rows("task", "service", "user", "session") == [
        ("", "", "", ""),
        ("sql_generation", "reports", "u0", ""),
        ("bulk", "billing", "u1", "s1"),
        ("sql_generation", "reports", "u0", "inner"),
        ("bulk", "billing", "u1", "s1"),
    ]
    told = [name for request in server.requests for name in request.headers]
    assert [name for name in told if name.startswith("x-sophia")] == []


def test_labels_stay_in_their_task(server: SimulatorServer) -> None:
    async def labelled(client: Any, user: str) -> None:
        with labels(user=user):
            await async_chat(client)

    async def run() -> None:
        async with async_gpt(server.url, through_us=True) as client:
            await asyncio.gather(*(labelled(client, f"u{number}") for number in range(5)))
            await async_chat(client)

    asyncio.run(run())
    assert sorted(rows("user")) == [("",), ("u0",), ("u1",), ("u2",), ("u3",), ("u4",)]


def test_a_task_that_is_none_is_refused(server: SimulatorServer) -> None:
    refused = pytest.raises(openai.PermissionDeniedError, match="unknown task 'magic'")
    with gpt(server.url, through_us=True, max_retries=2) as client, refused:
        chat(client, extra_headers={"x-sophia-task": "magic"})
    assert server.requests == []


HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "openrouter.ai": "openrouter",
    "api.portkey.ai": "portkey",
    "org-account.snowflakecomputing.com": "cortex",
    "eu.api.openai.com": "openai",
    "gateway.example": "origin",
    "api.openai.com.example": "origin",
    "notopenrouter.ai": "origin",
}


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_says_who_the_provider_is(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy on this machine stands before every host, as in many a company."""
    body = b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[]}'
    with ScriptedServer(Script(body=body)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with gpt(f"http://{host}", through_us=True) as client:
            chat(client)
        assert [request.path for request in proxy.requests] == [
            f"http://{host}/v1/chat/completions"
        ]
    assert rows("provider") == [(HOSTS[host],)]


ASKED = [(None, 2), ({"include_usage": False}, 2), ({"include_usage": True}, 3)]


@pytest.mark.parametrize(("asked", "chunks"), ASKED)
def test_tokens_of_a_stream_are_known_and_no_chunk_is_without_choices(
    asked: Any, chunks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {} if asked is None else {"stream_options": asked}
    with ScriptedServer(STREAM) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with gpt("http://api.openai.com", through_us=True) as client:
            found = chat_chunks(client, **options)
        (request,) = proxy.requests
    assert len(found) == chunks
    assert [len(chunk["choices"]) for chunk in found][:2] == [1, 1]
    assert json.loads(request.body)["stream_options"] == {"include_usage": True}
    assert rows("tokens_in", "tokens_out", "outcome") == [(7, 5, "ok")]


def test_a_home_made_endpoint_is_asked_for_nothing_more() -> None:
    with ScriptedServer(STREAM) as server, gpt(server.url, through_us=True) as client:
        stream = client.chat.completions.create(model="m", messages=HELLO, stream=True)
        assert [len(chunk.choices) for chunk in stream] == [1, 1, 0]
        assert "stream_options" not in json.loads(server.requests[0].body)
    assert rows("tokens_in", "tokens_out") == [(7, 5)]
