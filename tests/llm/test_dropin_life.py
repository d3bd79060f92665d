"""Clients of the drop-in door from their making to their end: threads, event loops, calls that are left early."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import anthropic
import openai
import pytest
from dropin_pairs import (
    HELLO,
    Failed,
    async_chat,
    async_chunks,
    async_gpt,
    both,
    chat,
    claude,
    gpt,
    rows,
)

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import serve


def test_closing_a_client_leaves_the_engine_open() -> None:
    def closed(client: Any) -> Any:
        client.close()
        return chat(client)

    assert isinstance(both(gpt, closed), Failed)
    with serve() as server, gpt(server.url, through_us=True) as kept:
        gpt(server.url, through_us=True).close()
        first = chat(kept)
        gpt(server.url, through_us=True).close()
        assert chat(kept) == first


def test_one_client_in_two_event_loops() -> None:
    with serve() as server:
        client = async_gpt(server.url, through_us=True)
        texts = [asyncio.run(async_chunks(client)) for _ in range(3)]
        asyncio.run(client.close())
    assert texts[0] == texts[1] == texts[2]
    assert rows("outcome", "door") == [("ok", "dropin")] * 3


def test_a_task_that_is_cancelled_is_written_down() -> None:
    async def run(url: str) -> None:
        async with async_gpt(url, through_us=True) as client:
            task = asyncio.ensure_future(async_chat(client))
            while not server.requests:  # noqa: ASYNC110 - the server is on another thread
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with serve(Simulator(latency=5.0)) as server:
        asyncio.run(run(server.url))
    assert rows("outcome", "error_kind", "attempts") == [("cancelled", "cancelled", 1)]


@pytest.fixture
def slow_stream() -> Iterator[openai.OpenAI]:
    with (
        serve(Simulator(chunk_delay=0.01)) as server,
        closing(gpt(server.url, through_us=True)) as client,
    ):
        yield client


def test_a_stream_that_is_left_early_is_written_down(slow_stream: openai.OpenAI) -> None:
    with slow_stream.chat.completions.create(model="m", messages=HELLO, stream=True) as stream:
        next(iter(stream))
    assert rows("outcome", "error_kind") == [("cancelled", "stopped")]


def test_the_names_of_both_vendors_are_their_own() -> None:
    with (
        gpt("http://x", through_us=True) as first,
        claude("http://x", through_us=True) as second,
    ):
        assert isinstance(first._client, openai.DefaultHttpxClient)
        assert isinstance(second._client, anthropic.DefaultHttpxClient)
