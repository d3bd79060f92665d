"""The drop-in door changes nothing: every call is made without and with it, and both are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from dropin_pairs import (
    HELLO,
    Failed,
    async_chat,
    async_chunks,
    async_claude,
    async_gpt,
    async_message_stream,
    both,
    both_async,
    chat,
    chat_chunks,
    claude,
    gpt,
    message,
    message_stream,
)

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CLAUDE_TOOL: Any = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SCHEMA: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "person",
        "schema": {"type": "object", "properties": {"name": {"type": "string"}}},
    },
}


def raw_headers(client: Any) -> Any:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO)
    ours = {name: raw.headers[name] for name in raw.headers if name.startswith("x-sophia-")}
    assert len(ours) in (0, 2)
    return raw.status_code, raw.headers["content-type"], raw.parse().to_dict()


def streamed_lines(client: Any) -> list[str]:
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4o", messages=HELLO, stream=True
    ) as response:
        return list(response.iter_lines())


def stream_helper(client: Any) -> Any:
    with client.chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
        kinds = [event.type for event in stream]
        return kinds, stream.get_final_completion().to_dict()


GPT_CALLS: dict[str, Callable[[Any], Any]] = {
    "chat": chat,
    "chat with a tool": lambda c: chat(c, tools=[TOOL], tool_choice="required"),
    "chat as JSON": lambda c: chat(c, response_format={"type": "json_object"}),
    "chat with a schema": lambda c: chat(c, response_format=SCHEMA),
    "chat cut short": lambda c: chat(c, max_tokens=3),
    "parse": lambda c: (
        c.chat.completions.parse(model="gpt-4o", messages=HELLO, tools=[]).to_dict()
    ),
    "stream": chat_chunks,
    "stream with usage": lambda c: chat_chunks(c, stream_options={"include_usage": True}),
    "stream with a tool": lambda c: chat_chunks(c, tools=[TOOL], tool_choice="required"),
    "stream helper": stream_helper,
    "raw response": raw_headers,
    "streaming response": streamed_lines,
    "embeddings": lambda c: c.embeddings.create(model="m", input=["a", "Zoë"]).to_dict(),
    "embeddings as numbers": lambda c: (
        c.embeddings.create(model="m", input="a", encoding_format="float").to_dict()
    ),
    "responses": lambda c: c.responses.create(model="gpt-4o", input="Hello").to_dict(),
    "responses stream": lambda c: [
        event.to_dict() for event in c.responses.create(model="gpt-4o", input="Hi", stream=True)
    ],
    "models": lambda c: [model.to_dict() for model in c.models.list()],
    "with_options": lambda c: chat(c.with_options(timeout=5.0, max_retries=1)),
    "copy": lambda c: chat(c.copy(default_headers={"x-team": "blue"})),
    "large prompt": lambda c: chat(c, messages=[{"role": "user", "content": "Zoë 🌍 " * 200_000}]),
}


@pytest.mark.parametrize("call", GPT_CALLS.values(), ids=GPT_CALLS)
def test_openai_is_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both(gpt, call), Failed)


CLAUDE_CALLS: dict[str, Callable[[Any], Any]] = {
    "message": message,
    "message with a tool": lambda c: (
        message(c, tools=[CLAUDE_TOOL], tool_choice={"type": "tool", "name": "get_weather"})
    ),
    "stream": lambda c: [
        event.to_dict()
        for event in c.messages.create(
            model="claude-test-1", max_tokens=60, messages=HELLO, stream=True
        )
    ],
    "stream helper": message_stream,
    "count tokens": lambda c: (
        c.messages.count_tokens(model="claude-test-1", messages=HELLO).to_dict()
    ),
    "raw response": lambda c: (
        c.messages.with_raw_response.create(
            model="claude-test-1", max_tokens=9, messages=HELLO
        ).text()
    ),
    "models": lambda c: [model.to_dict() for model in c.models.list()],
    "copy": lambda c: message(c.copy(timeout=5.0)),
}


@pytest.mark.parametrize("call", CLAUDE_CALLS.values(), ids=CLAUDE_CALLS)
def test_anthropic_is_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both(claude, call), Failed)


async def many_at_once(client: Any) -> Any:
    return await asyncio.gather(*(async_chat(client) for _ in range(8)))


async def async_embeddings(client: Any) -> Any:
    return (await client.embeddings.create(model="m", input=["a", "b"])).to_dict()


async def async_models(client: Any) -> Any:
    return [model.to_dict() async for model in client.models.list()]


async def async_message(client: Any) -> Any:
    found = await client.messages.create(
        model="claude-test-1", max_tokens=60, messages=HELLO, tools=[CLAUDE_TOOL]
    )
    return found.to_dict()


@pytest.mark.parametrize(
    "call", [async_chat, async_chunks, many_at_once, async_embeddings, async_models]
)
def test_async_openai_is_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both_async(async_gpt, call), Failed)


@pytest.mark.parametrize("call", [async_message, async_message_stream])
def test_async_anthropic_is_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both_async(async_claude, call), Failed)
