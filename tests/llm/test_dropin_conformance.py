"""What the vendors' packages do by themselves, without us and with us: retries, helpers, types, pages, time."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from dropin_pairs import (
    HELLO,
    Failed,
    async_chat,
    async_claude,
    async_gpt,
    both,
    both_async,
    chat,
    chat_chunks,
    claude,
    gpt,
    message,
    message_stream,
    outcome,
    rows,
)
from dropin_server import JSON, SSE, Script
from pydantic import BaseModel

ASKED: dict[str, Any] = {"model": "claude-test-1", "max_tokens": 60, "messages": HELLO}
CLAUDE_TOOL: Any = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
FORCED: Any = {"tools": [CLAUDE_TOOL], "tool_choice": {"type": "tool", "name": "get_weather"}}


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: int


GOOD_CHAT = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "yes"},
            }
        ],
    }
).encode()
GOOD_MESSAGE = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "yes"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }
).encode()
BOTH = [(gpt, chat, GOOD_CHAT), (claude, message, GOOD_MESSAGE)]
NAMES = ("openai", "anthropic")

# Status and headers of a first answer, and how often the vendor asks then.
RETRIES: dict[str, tuple[int, dict[str, str], int]] = {
    "seconds": (429, {"retry-after": "0.02"}, 2),
    "milliseconds": (429, {"retry-after-ms": "30", "retry-after": "9"}, 2),
    "overloaded": (529, {"retry-after-ms": "10"}, 2),
    "conflict": (409, {"retry-after-ms": "10"}, 2),
    "request timeout": (408, {"retry-after-ms": "10"}, 2),
    "told to": (400, {"x-should-retry": "true", "retry-after-ms": "10"}, 2),
    "told not to": (500, {"x-should-retry": "false"}, 1),
    "not worth it": (400, {"retry-after-ms": "10"}, 1),
    "not allowed": (403, {"retry-after-ms": "10"}, 1),
}


@pytest.mark.parametrize(("make", "action", "good"), BOTH, ids=NAMES)
@pytest.mark.parametrize(("status", "headers", "asked"), RETRIES.values(), ids=RETRIES)
def test_the_vendor_waits_as_long_and_asks_as_often(
    make: Any,
    action: Any,
    good: bytes,
    status: int,
    headers: dict[str, str],
    asked: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = b'{"error": {"message": "later"}}'
    caplog.set_level(logging.INFO)
    found = both(
        make,
        action,
        Script(status, body, (JSON, *headers.items())),
        Script(body=good),
        max_retries=1,
    )
    assert isinstance(found, Failed) == (asked == 1)
    waits = [record.getMessage() for record in caplog.records if "Retrying" in record.getMessage()]
    assert len(waits) == 2 * (asked - 1)
    assert len(set(waits)) == asked - 1  # the same words, the seconds among them
    assert rows("outcome") == [("error",), ("ok",)][:asked]


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_the_vendor_counts_its_retries(retries: int) -> None:
    def ask(client: Any) -> Any:
        raw = client.chat.completions.with_raw_response.create(model="m", messages=HELLO)
        return raw.retries_taken

    failing = Script(503, b"{}", (JSON, ("retry-after-ms", "5")))
    scripts = [*[failing] * retries, Script(body=GOOD_CHAT)]
    assert both(gpt, ask, *scripts, max_retries=3) == retries


STATUSES = [400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 418, 422, 424, 429, 431, 451]
STATUSES += [500, 501, 502, 503, 504, 507, 520, 529, 599]
SHAPES: dict[str, bytes] = {
    "openai": b'{"error":{"message":"no","type":"t","param":"p","code":"c"}}',
    "anthropic": b'{"type":"error","error":{"type":"overloaded_error","message":"no"}}',
    "text": b"no",
    "nothing": b"",
    "list": b"[1]",
}


@pytest.mark.parametrize("status", STATUSES)
def test_an_error_of_every_status_and_shape(status: int) -> None:
    for body in SHAPES.values():
        script = Script(status, body, (JSON, ("x-request-id", "req_7"), ("request-id", "req_7")))
        for make, action in ((gpt, chat), (claude, message)):
            found = both(make, action, script)
            assert (found.status, found.request_id) == (status, "req_7")
    assert both(gpt, chat_chunks, script).status == status
    assert both(claude, message_stream, script).status == status


def chat_events(client: Any, **options: Any) -> Any:
    with client.chat.completions.stream(model="gpt-4o", messages=HELLO, **options) as stream:
        events = [event.type for event in stream]
        return events, stream.get_final_completion().to_dict(warnings=False)


def parsed_chat(client: Any) -> Any:
    found = client.chat.completions.parse(model="gpt-4o", messages=HELLO, response_format=Weather)
    return found.choices[0].message.parsed, found.usage.to_dict()


def parsed_tool(client: Any) -> Any:
    tools = [openai.pydantic_function_tool(Weather)]
    found = client.chat.completions.parse(
        model="gpt-4o", messages=HELLO, tools=tools, tool_choice="required"
    )
    return found.choices[0].message.tool_calls[0].function.parsed_arguments


def half_read(client: Any) -> Any:
    with client.chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
        return next(iter(stream)).type


def raw_lines(client: Any) -> Any:
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4o", messages=HELLO
    ) as found:
        return found.status_code, found.http_request.method, b"".join(found.iter_bytes())


def until_done(client: Any) -> Any:
    with client.chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
        return stream.until_done().get_final_completion().to_dict(warnings=False)


GPT_CALLS: dict[str, Callable[[Any], Any]] = {
    "stream helper": chat_events,
    "stream helper with a type": lambda c: chat_events(c, response_format=Weather)[0],
    "stream helper with a tool": lambda c: (
        chat_events(c, tools=[openai.pydantic_function_tool(Weather)], tool_choice="required")[0]
    ),
    "until done": until_done,
    "left after one event": half_read,
    "parse": parsed_chat,
    "parse a tool": parsed_tool,
    "parse what was cut short": lambda c: c.chat.completions.parse(
        model="gpt-4o", messages=HELLO, response_format=Weather, max_tokens=2
    ),
    "raw bytes": raw_lines,
    "raw embeddings": lambda c: (
        c.embeddings.with_raw_response.create(model="m", input="a").parse().to_dict()
    ),
    "extra words": lambda c: chat(
        c, extra_headers={"x-own": "1"}, extra_query={"q": "1"}, extra_body={"own": 1}
    ),
}


@pytest.mark.parametrize("call", GPT_CALLS.values(), ids=GPT_CALLS)
def test_openai_s_helpers_are_the_same_with_us(call: Callable[[Any], Any]) -> None:
    found = both(gpt, call)
    assert not isinstance(found, Failed) or found.name == "openai.LengthFinishReasonError"


def claude_events(client: Any, **options: Any) -> Any:
    with client.messages.stream(**ASKED, **options) as stream:
        return [event.type for event in stream], stream.get_final_message().to_dict()


def claude_final_text(client: Any) -> Any:
    with client.messages.stream(**ASKED) as stream:
        return stream.get_final_text()


def claude_snapshot(client: Any) -> Any:
    with client.messages.stream(**ASKED) as stream:
        for event in stream:
            if event.type == "text":
                return event.snapshot, stream.current_message_snapshot.usage.to_dict()
    return None


def claude_raw(client: Any) -> Any:
    with client.messages.with_streaming_response.create(**ASKED) as found:
        return found.status_code, found.headers["content-type"], found.read()


CLAUDE_CALLS: dict[str, Callable[[Any], Any]] = {
    "events": claude_events,
    "events of a tool": lambda c: claude_events(c, **FORCED),
    "final text": claude_final_text,
    "left after some text": claude_snapshot,
    "parse": lambda c: c.messages.parse(**ASKED, output_format=Weather).parsed_output,
    "beta": lambda c: c.beta.messages.create(**ASKED, betas=["x-2026"]).to_dict(),
    "count tokens": lambda c: (
        c.messages.count_tokens(
            model="claude-test-1", messages=HELLO, tools=[CLAUDE_TOOL]
        ).to_dict()
    ),
    "raw response": lambda c: c.messages.with_raw_response.create(**ASKED).parse().to_dict(),
    "streaming response": claude_raw,
}


@pytest.mark.parametrize("call", CLAUDE_CALLS.values(), ids=CLAUDE_CALLS)
def test_anthropic_s_helpers_are_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both(claude, call), Failed)


async def async_stream_helper(client: Any) -> Any:
    async with client.chat.completions.stream(
        model="gpt-4o", messages=HELLO, response_format=Weather
    ) as stream:
        kinds = [event.type async for event in stream]
        return kinds, (await stream.get_final_completion()).choices[0].message.parsed


async def async_raw(client: Any) -> Any:
    found = await client.chat.completions.with_raw_response.create(model="m", messages=HELLO)
    return found.status_code, found.parse().to_dict()


async def async_lines(client: Any) -> Any:
    async with client.chat.completions.with_streaming_response.create(
        model="m", messages=HELLO, stream=True
    ) as found:
        return [line async for line in found.iter_lines()]


async def async_retried(client: Any) -> Any:
    return await async_chat(client.with_options(max_retries=2))


ASYNC_GPT = [async_stream_helper, async_raw, async_lines, async_retried]


@pytest.mark.parametrize("call", ASYNC_GPT)
def test_openai_s_helpers_are_the_same_on_a_loop(call: Callable[[Any], Any]) -> None:
    faults = ["503:times=2,retry_after=5ms"] if call is async_retried else []
    assert not isinstance(both_async(async_gpt, call, faults=faults), Failed)


async def async_claude_parse(client: Any) -> Any:
    return (await client.messages.parse(**ASKED, output_format=Weather)).parsed_output


async def async_claude_events(client: Any) -> Any:
    async with client.messages.stream(**ASKED, **FORCED) as stream:
        kinds = [event.type async for event in stream]
        return kinds, (await stream.get_final_message()).to_dict()


@pytest.mark.parametrize("call", [async_claude_parse, async_claude_events])
def test_anthropic_s_helpers_are_the_same_on_a_loop(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both_async(async_claude, call), Failed)


def page(first: str, last: str, more: bool) -> Script:
    model = {"type": "model", "display_name": "M", "created_at": "2026-01-01T00:00:00Z"}
    data = [{**model, "id": name} for name in (first, last)]
    body = {"data": data, "has_more": more, "first_id": first, "last_id": last}
    return Script(body=json.dumps(body).encode())


def test_pages_are_turned() -> None:
    pages = (page("a", "b", True), page("c", "d", True), page("e", "f", False))
    found = both(claude, lambda c: [model.id for model in c.models.list(limit=2)], *pages)
    assert found == ["a", "b", "c", "d", "e", "f"]

    async def listed(client: Any) -> Any:
        return [model.id async for model in client.models.list(limit=2)]

    assert both_async(async_claude, listed, *pages) == found
    assert both(claude, lambda c: c.models.list().has_next_page(), pages[0]) is True
    assert {row[0] for row in rows("operation")} == {"other"}


def test_batches_of_messages_are_no_messages() -> None:
    body = b'{"id":"b","type":"message_batch","processing_status":"in_progress"}'
    both(claude, lambda c: c.messages.batches.create(requests=[]).id, Script(body=body))
    assert rows("operation", "outcome") == [("other", "ok")]


SLOW = "slow:seconds=1.2"
TIMES: dict[str, Callable[[Any], Any]] = {
    "a number": lambda vendor: 0.6,  # holds for connecting too, which takes its time on a busy machine
    "by phase": lambda vendor: vendor.Timeout(5.0, read=0.1),
}
VENDORS = [(openai, gpt, chat), (anthropic, claude, message)]


@pytest.mark.parametrize(("vendor", "make", "action"), VENDORS, ids=NAMES)
@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
def test_a_time_that_runs_out_is_the_vendors(
    vendor: Any, make: Any, action: Any, time: Any
) -> None:
    own = time(vendor)
    of_the_client = both(make, action, faults=[SLOW], timeout=own)
    of_the_call = both(make, lambda client: action(client, timeout=own), faults=[SLOW])
    assert of_the_client.name.endswith("APITimeoutError") and of_the_call == of_the_client
    assert set(rows("outcome", "error_kind")) == {("error", "timeout")}


STREAMED_ERRORS: dict[str, bytes] = {
    "openai": b'data: {"error":{"message":"broke","type":"server_error","code":"x"}}\n\n',
    "openrouter": b'data: {"id":"1","choices":[{"index":0,"delta":{"content":""},'
    b'"finish_reason":"error"}],"error":{"code":502,"message":"broke"}}\n\n',
    "vllm": b'data: {"object":"error","message":"broke","code":400}\n\n',
}


@pytest.mark.parametrize("error", STREAMED_ERRORS.values(), ids=STREAMED_ERRORS)
def test_an_error_in_a_stream_is_seen_as_without_us(error: bytes) -> None:
    first = (
        b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m",'
        b'"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
    )
    both(gpt, chat_chunks, Script(body=(first, error), headers=(SSE,)))
    both(gpt, chat_events, Script(body=(first, error), headers=(SSE,)))
    assert {row[0] for row in rows("outcome")} == {"error"}


def test_an_anthropic_error_in_a_stream_is_the_vendors_own() -> None:
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}\n\n'
    found = both(claude, message_stream, Script(body=(error,), headers=(SSE,)))
    assert found.name.startswith("anthropic.") and isinstance(found, Failed)
    assert rows("outcome", "error_kind") == [("error", "overloaded")]


def test_the_vendors_checks_come_before_us() -> None:
    """What the packages themselves refuse is never a call."""
    with gpt("http://127.0.0.1:9", through_us=True) as client:
        found = outcome(lambda: client.chat.completions.create(model="m"))
        assert found.name == "builtins.TypeError"
    with claude("http://127.0.0.1:9", through_us=True) as client:
        found = outcome(lambda: client.messages.create(model="m", messages=HELLO))
        assert found.name == "builtins.TypeError"
