"""The drop-in door changes nothing: every call is made with and without it, and both must be the same."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import anthropic
import openai
import pytest
from dropin_server import (
    HELLO,
    JSON,
    SSE,
    Failed,
    Script,
    ScriptedServer,
    async_claude,
    async_gpt,
    claude,
    gpt,
    outcome,
    rows,
    said,
)

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import serve

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


def both(
    make: Callable[..., Any],
    action: Callable[[Any], Any],
    faults: Iterable[str] = (),
    **options: Any,
) -> Any:
    """Run an action against a fresh simulator without and with us; compare it all, give back the outcome."""
    results = []
    for through_us in (False, True):
        with (
            serve(Simulator(faults=faults)) as server,
            make(server.url, through_us=through_us, **options) as client,
        ):
            result = outcome(lambda client=client: action(client))
            results.append((result, [said(request) for request in server.requests]))
    assert results[1] == results[0]
    return results[1][0]


def both_scripted(
    make: Callable[..., Any], action: Callable[[Any], Any], *scripts: Script, **options: Any
) -> Any:
    """The same against a server that answers the scripts."""
    results = []
    for through_us in (False, True):
        with (
            ScriptedServer(list(scripts)) as server,
            make(server.url, through_us=through_us, **options) as client,
        ):
            result = outcome(lambda client=client: action(client))
            results.append((result, [said(request) for request in server.seen]))
    assert results[1] == results[0]
    return results[1][0]


def both_async(
    make: Callable[..., Any],
    action: Callable[[Any], Awaitable[Any]],
    faults: Iterable[str] = (),
    **options: Any,
) -> Any:
    """The same on an event loop, a new one each time."""

    async def run(url: str, through_us: bool) -> Any:
        async with make(url, through_us=through_us, **options) as client:
            return await action(client)

    results = []
    for through_us in (False, True):
        with serve(Simulator(faults=faults)) as server:
            result = outcome(lambda url=server.url, us=through_us: asyncio.run(run(url, us)))
            results.append((result, [said(request) for request in server.requests]))
    assert results[1] == results[0]
    return results[1][0]


def chat(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(
        **{"model": "gpt-4o", "messages": HELLO, **options}
    ).to_dict()


def chat_chunks(client: Any, **options: Any) -> list[Any]:
    with client.chat.completions.create(
        model="gpt-4o", messages=HELLO, stream=True, **options
    ) as stream:
        return [chunk.to_dict() for chunk in stream]


def message(client: Any, **options: Any) -> Any:
    return client.messages.create(
        **{"model": "claude-test-1", "max_tokens": 60, "messages": HELLO, **options}
    ).to_dict()


def message_stream(client: Any) -> Any:
    seen: list[Any] = []
    with client.messages.stream(model="claude-test-1", max_tokens=60, messages=HELLO) as stream:
        seen.extend(stream.text_stream)
        return seen, stream.get_final_message().to_dict()


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


async def async_chat(client: Any) -> Any:
    return (await client.chat.completions.create(model="gpt-4o", messages=HELLO)).to_dict()


async def async_chunks(client: Any) -> Any:
    stream = await client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    return [chunk.to_dict() async for chunk in stream]


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


async def async_message_stream(client: Any) -> Any:
    async with client.messages.stream(
        model="claude-test-1", max_tokens=60, messages=HELLO
    ) as stream:
        texts = [text async for text in stream.text_stream]
        return texts, (await stream.get_final_message()).to_dict()


@pytest.mark.parametrize(
    "call", [async_chat, async_chunks, many_at_once, async_embeddings, async_models]
)
def test_async_openai_is_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both_async(async_gpt, call), Failed)


@pytest.mark.parametrize("call", [async_message, async_message_stream])
def test_async_anthropic_is_the_same_with_us(call: Callable[[Any], Any]) -> None:
    assert not isinstance(both_async(async_claude, call), Failed)


STATUSES = (
    "400",
    "401",
    "402",
    "403",
    "404",
    "408",
    "409",
    "413",
    "422",
    "429",
    "500",
    "503",
    "529",
)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_the_vendors_own_exception(status: str) -> None:
    found = both(gpt, chat, [status])
    assert (found.name[:7], found.status) == ("openai.", int(status))
    found = both(claude, message, [status])
    assert (found.name[:10], found.status) == ("anthropic.", int(status))
    found = both(gpt, chat_chunks, [status])
    assert (found.name[:7], found.status) == ("openai.", int(status))


def test_an_unknown_model_and_an_unknown_path() -> None:
    assert both(gpt, lambda c: chat(c, model="unknown-model")).name == "openai.NotFoundError"
    assert both(gpt, lambda c: c.files.list().to_dict()).name == "openai.NotFoundError"


@pytest.mark.parametrize("status", ["429", "503", "401"])
def test_a_status_is_the_vendors_own_exception_on_a_loop(status: str) -> None:
    assert both_async(async_gpt, async_chat, [status]).status == int(status)
    assert both_async(async_claude, async_message_stream, [status]).status == int(status)


FAULTS = (
    "cut",
    "eof",
    "html",
    "empty",
    "garbage",
    "error_first",
    "error_event",
    "no_usage",
    "refuse",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_as_without_us(fault: str) -> None:
    both(gpt, chat, [fault])
    both(gpt, chat_chunks, [fault])
    both(gpt, chat_chunks, [f"{fault}:after_chunks=0"])
    both(claude, message, [fault])
    both(claude, message_stream, [fault])
    both(claude, message_stream, [f"{fault}:after_chunks=0"])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_as_without_us_on_a_loop(fault: str) -> None:
    both_async(async_gpt, async_chat, [fault])
    both_async(async_gpt, async_chunks, [f"{fault}:after_chunks=0"])
    both_async(async_claude, async_message_stream, [fault])


def partial_stream(client: Any) -> Any:
    texts: list[Any] = []
    try:
        for chunk in client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True):
            texts.append(chunk.choices[0].delta.content)
    except Exception as error:
        return texts, f"{type(error).__module__}.{type(error).__name__}"
    return texts, "complete"


@pytest.mark.parametrize("fault", ["cut:after_chunks=3", "error_event:after_chunks=3", "garbage"])
def test_what_came_before_a_broken_stream_is_kept(fault: str) -> None:
    texts, error = both(gpt, partial_stream, [fault])
    assert len(texts) > 2 and error != "complete"


@pytest.mark.parametrize(
    "fault", ["429:times=1,retry_after=20ms", "503:times=1,retry_after=0.02", "refuse:times=1"]
)
def test_the_vendor_retries_and_we_do_not(fault: str) -> None:
    assert "simulated" in json.dumps(both(gpt, chat, [fault], max_retries=2))
    assert "simulated" in json.dumps(both(claude, message, [fault], max_retries=2))


def test_the_vendors_retries_end_where_it_says() -> None:
    found = both(gpt, chat, ["429:retry_after=20ms"], max_retries=2)
    assert found.name.endswith("RateLimitError")
    assert rows("outcome", "attempts", "status") == [("error", 1, 429)] * 3


def test_a_slow_answer_is_the_vendors_timeout() -> None:
    found = both(gpt, lambda c: chat(c, timeout=0.1), ["slow:seconds=0.6"])
    assert found.name.endswith("APITimeoutError")
    found = both(claude, lambda c: message(c, timeout=0.1), ["slow:seconds=0.6"])
    assert found.name.endswith("APITimeoutError")
    assert [row[0] for row in rows("error_kind")] == ["timeout", "timeout"]


def test_a_stream_that_stalls_is_the_vendors_timeout() -> None:
    action = lambda client: chat_chunks(client, timeout=0.15)  # noqa: E731
    both(gpt, action, ["slow:after_chunks=4,seconds=0.7"])
    assert rows("outcome", "error_kind") == [("error", "stream_broken")]


@pytest.mark.parametrize("make", [gpt, claude])
def test_nobody_listens(make: Callable[..., Any]) -> None:
    action = chat if make is gpt else message
    results = []
    for through_us in (False, True):
        with make("http://127.0.0.1:9", through_us=through_us) as client:
            results.append(outcome(lambda client=client: action(client)))
    assert results[0] == results[1]
    assert results[1].name.endswith("APIConnectionError")


REPLY = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Zoë"},
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    },
    ensure_ascii=False,
).encode()
CHUNK = (
    'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    '[{"index":0,"delta":{"content":"Zoë 🌍"},"finish_reason":null}]}\n\n'
).encode()
LAST = CHUNK.replace(b"null}", b'"stop"}')


def test_headers_come_through() -> None:
    headers = (
        JSON,
        ("x-request-id", "req_7"),
        ("x-ratelimit-remaining-tokens", "12"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    )

    def ask(client: Any) -> Any:
        raw = client.chat.completions.with_raw_response.create(model="m", messages=HELLO)
        found = [p for p in raw.headers.multi_items() if not p[0].startswith("x-sophia")]
        parsed = raw.parse()
        return sorted(found), parsed.to_dict(), parsed._request_id

    found = both_scripted(gpt, ask, Script(body=REPLY, headers=headers))
    assert found[2] == "req_7"


def test_an_error_keeps_its_request_id() -> None:
    body = b'{"error":{"message":"no","type":"t","param":null,"code":"c"}}'
    found = both_scripted(gpt, chat, Script(400, body, headers=(JSON, ("x-request-id", "req_8"))))
    assert found.request_id == "req_8"


def test_packed_answers_arrive_unpacked() -> None:
    packed = Script(body=gzip.compress(REPLY), headers=(JSON, ("content-encoding", "gzip")))
    found = both_scripted(gpt, chat, packed)
    assert found["choices"][0]["message"]["content"] == "Zoë"
    whole = gzip.compress(CHUNK + LAST + b"data: [DONE]\n\n")
    pieces = tuple(whole[at : at + 9] for at in range(0, len(whole), 9))
    stream = Script(body=pieces, headers=(SSE, ("content-encoding", "gzip")))
    assert len(both_scripted(gpt, chat_chunks, stream)) == 2


def test_a_packed_answer_that_cannot_be_unpacked() -> None:
    broken = Script(body=b"this is not gzip", headers=(JSON, ("content-encoding", "gzip")))
    assert both_scripted(gpt, chat, broken).name.endswith("APIConnectionError")
    stream = Script(body=(b"not gzip", b"either"), headers=(SSE, ("content-encoding", "gzip")))
    both_scripted(gpt, chat_chunks, stream)


def test_letters_split_between_chunks() -> None:
    whole = CHUNK + LAST + b"data: [DONE]\n\n"
    pieces = tuple(whole[at : at + 1] for at in range(len(whole)))
    assert both_scripted(gpt, chat_chunks, Script(body=pieces, headers=(SSE,)))


def test_a_large_answer() -> None:
    body = REPLY.replace("Zoë".encode(), ("Zoë 🌍" * 300_000).encode())
    found = both_scripted(gpt, chat, Script(body=body))
    assert len(found["choices"][0]["message"]["content"]) == 1_500_000


def test_a_broken_connection_in_a_whole_answer() -> None:
    assert both_scripted(gpt, chat, Script(body=REPLY, cut=True)).name.endswith(
        "APIConnectionError"
    )
    assert both_scripted(claude, message, Script(body=REPLY, cut=True)).name.endswith(
        "APIConnectionError"
    )
    error = Script(429, b'{"error":{"message":"no"}}', cut=True)
    both_scripted(gpt, chat, error)


def test_the_vendor_retries_a_broken_connection() -> None:
    found = both_scripted(
        gpt, chat, Script(body=REPLY, cut=True), Script(body=REPLY), max_retries=1
    )
    assert found["id"] == "1"


def test_a_file_goes_up_as_it_is() -> None:
    body = b'{"id":"file-1","object":"file","bytes":3,"created_at":1,"filename":"a.jsonl","purpose":"batch"}'

    def upload(client: Any) -> Any:
        file = ("a.jsonl", io.BytesIO(b"\x00\xff{}" * 100_000))
        sent = client.files.create(
            file=file,
            purpose="batch",
            extra_headers={"content-type": "multipart/form-data; boundary=x"},
        )
        return sent.to_dict()

    found = both_scripted(gpt, upload, Script(body=body))
    assert found["id"] == "file-1"
    assert rows("operation", "outcome", "requested_model") == [("other", "ok", "")]


def test_bytes_come_down_as_they_are() -> None:
    sound = bytes(range(256)) * 4000
    script = Script(body=sound, headers=(("content-type", "audio/mpeg"),))

    def speak(client: Any) -> bytes:
        return client.audio.speech.create(model="tts-1", voice="alloy", input="Hi").content

    assert both_scripted(gpt, speak, script) == sound

    def download(client: Any) -> Any:
        with client.files.with_streaming_response.content("file-1") as response:
            length = response.headers.get("content-length")
            return length, b"".join(response.iter_bytes())

    assert both_scripted(gpt, download, script) == (str(len(sound)), sound)


def test_an_answer_without_a_body() -> None:
    both_scripted(gpt, lambda c: c.delete("/things/1", cast_to=object), Script(204, b"", ()))


def test_a_redirect_is_followed() -> None:
    moved = Script(307, b"", (("location", "/v1/elsewhere"),))
    assert both_scripted(gpt, chat, moved, Script(body=REPLY))["id"] == "1"


def test_a_body_that_is_not_an_object() -> None:
    both_scripted(gpt, lambda c: c.post("/chat/completions", body=[1], cast_to=object), Script())


def test_threads_and_messages_of_an_assistant_are_no_chat() -> None:
    body = b'{"id":"m","object":"thread.message"}'

    def add(client: Any) -> Any:
        return client.post(
            "/threads/t/messages", body={"role": "user", "content": "x"}, cast_to=object
        )

    both_scripted(gpt, add, Script(body=body))
    assert rows("operation", "outcome") == [("other", "ok")]


def test_closing_a_client_leaves_the_engine_open() -> None:
    with serve() as server:
        first = gpt(server.url, through_us=True)
        kept = gpt(server.url, through_us=True)
        chat(first)
        first.close()
        assert chat(kept)["object"] == "chat.completion"
        with pytest.raises(RuntimeError):  # the vendor's own client is closed, as without us
            outcome_of_closed = chat(first)
            raise AssertionError(outcome_of_closed)
        kept.close()


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
