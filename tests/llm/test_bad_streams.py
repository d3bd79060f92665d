"""However a stream begins and ends, its words are passed on once and its call ends in one state."""

from __future__ import annotations

from typing import Any

import pytest
from partners import attempts, calls, completion, piece, provider, reply, stream

from sophia_cli.llm import CallFailed


def test_an_error_before_the_first_word_falls_back(scripted: Any, service: Any) -> None:
    bad = scripted(stream({"error": {"message": "busy", "code": 503}}, done=False))
    good = scripted(stream(piece("yes"), piece("", "stop")))
    asked = service(provider("bad", bad.url), provider("good", good.url))
    assert list(asked.complete_sync("hi")) == ["yes"]
    assert attempts(asked) == [(1, "bad", "error", "overloaded", 200), (2, "good", "ok", "", 200)]


BROKEN_STREAMS = {
    "cut": (stream(piece("par"), piece("tial"), length=10_000, done=False), "stream_broken"),
    "end without finish": (stream(piece("par"), piece("tial"), done=False), "stream_broken"),
    "error event": (
        stream(
            piece("par"), piece("tial"), {"error": {"code": 502, "message": "gone"}}, done=False
        ),
        "server",
    ),
    "vllm error event": (
        stream(piece("par"), piece("tial"), {"object": "error", "message": "x"}, done=False),
        "stream_error",
    ),
    "anthropic error event": (
        stream(
            piece("par"),
            piece("tial"),
            {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
            done=False,
        ),
        "overloaded",
    ),
    "error event, then done": (
        stream(piece("par"), piece("tial"), {"error": {"message": "x"}}, done=True),
        "stream_error",
    ),
    "finish reason error": (
        stream(
            piece("par"),
            piece("tial"),
            {**piece("", "error"), "error": {"code": 502, "message": "gone"}},
            done=False,
        ),
        "server",
    ),
}


@pytest.mark.parametrize("name", BROKEN_STREAMS)
def test_a_stream_that_breaks_is_raised_after_its_words(
    scripted: Any, service: Any, name: str
) -> None:
    raw, kind = BROKEN_STREAMS[name]
    unused = scripted(reply(completion()))
    asked = service(provider("p", scripted(raw).url), provider("unused", unused.url), attempts=3)
    said = []
    with pytest.raises(CallFailed) as caught:
        for text in asked.complete_sync("hi"):
            said.append(text)
    assert "".join(said) == "partial"
    assert caught.value.kind == kind
    assert calls(asked) == [("error", kind, 200, "p", 1)]
    assert attempts(asked) == [(1, "p", "error", kind, 200)]
    assert unused.requests == []


@pytest.mark.parametrize("name", BROKEN_STREAMS)
async def test_a_stream_that_breaks_is_raised_on_an_event_loop(
    scripted: Any, service: Any, name: str
) -> None:
    raw, kind = BROKEN_STREAMS[name]
    asked = service(provider("p", scripted(raw).url))
    said = []
    with pytest.raises(CallFailed) as caught:
        async for text in asked.complete("hi"):
            said.append(text)
    await asked.aclose()
    assert ("".join(said), caught.value.kind) == ("partial", kind)
    assert calls(asked) == [("error", kind, 200, "p", 1)]


GOOD_STREAMS = {
    "done without finish": stream(piece("yes")),
    "finish without done": stream(piece("yes"), piece("", "stop"), done=False),
    "no blank line at the end": reply(
        b'data: {"choices":[{"delta":{"content":"ye"}}]}\n\n'
        b'data: {"choices":[{"delta":{"content":"s"},"finish_reason":"stop"}]}',
        kind="text/event-stream",
        length=-1,
    ),
    "whole answer instead": reply(completion()),
    "content type in capitals": reply(
        b'data: {"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}\n\n',
        kind="Text/Event-Stream",
    ),
    "comments and pings": reply(
        b': OPENROUTER PROCESSING\n\ndata: {"choices":[{"delta":{"content":"yes"}}]}\n\n'
        b"event: ping\ndata: {}\n\n: still there\n\ndata: [DONE] \n\n",
        kind="text/event-stream",
    ),
    "byte order mark": reply(
        b'\xef\xbb\xbfdata: {"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}\n\n',
        kind="text/event-stream",
    ),
    "odd events": stream(
        {"choices": "none"}, {"choices": [{"delta": "text"}]}, {"choices": None}, piece("yes")
    ),
}


@pytest.mark.parametrize("name", GOOD_STREAMS)
async def test_a_stream_with_a_proper_end_is_ok(scripted: Any, service: Any, name: str) -> None:
    asked = service(provider("p", scripted(GOOD_STREAMS[name]).url))
    assert "".join(asked.complete_sync("hi")) == "yes"
    assert "".join([text async for text in asked.complete("hi")]) == "yes"
    await asked.aclose()
    assert calls(asked) == [("ok", "", 200, "p", 1)] * 2


@pytest.mark.parametrize("body", [b"", b": nothing\n\n", b"data: \n\n", b"data: {\n\n", b"hello"])
def test_a_stream_without_an_event_falls_back(scripted: Any, service: Any, body: bytes) -> None:
    bad = scripted(reply(body, kind="text/event-stream"))
    good = scripted(stream(piece("yes")))
    asked = service(provider("bad", bad.url), provider("good", good.url))
    assert list(asked.complete_sync("hi")) == ["yes"]
    assert attempts(asked)[0] == (1, "bad", "error", "bad_response", 200)
