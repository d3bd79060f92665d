"""Whatever a provider sends, the call ends in one state, and nobody gets an error for an answer."""

from __future__ import annotations

import asyncio
import socket
import time
from email.utils import formatdate
from typing import Any

import pytest
from partners import attempts, calls, completion, piece, provider, reply, stream

from sophia_cli.llm import CallFailed
from sophia_cli.llm.failure import FINAL, KINDS, RETRIED


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


STATUSES = [
    (400, "invalid_request", False),
    (401, "auth", True),
    (402, "payment", True),
    (403, "permission", True),
    (404, "not_found", True),
    (408, "timeout", True),
    (412, "budget", True),
    (413, "invalid_request", False),
    (422, "invalid_request", False),
    (425, "overloaded", True),
    (429, "rate_limit", True),
    (446, "guardrail", False),
    (418, "invalid_request", False),
    (500, "server", True),
    (502, "server", True),
    (503, "overloaded", True),
    (504, "timeout", True),
    (529, "overloaded", True),
]


@pytest.mark.parametrize(("status", "kind", "falls_back"), STATUSES)
def test_a_status_is_an_error_of_its_kind_and_may_fall_back(
    scripted: Any, service: Any, status: int, kind: str, falls_back: bool
) -> None:
    bad = scripted(reply({"error": {"message": "no"}}, status))
    good = scripted(reply(completion()))
    asked = service(provider("bad", bad.url), provider("good", good.url))
    if falls_back:
        assert asked.complete_text_sync("hi") == "yes"
        assert calls(asked) == [("ok", "", 200, "good", 2)]
        assert attempts(asked) == [(1, "bad", "error", kind, status), (2, "good", "ok", "", 200)]
        fallbacks = asked.engine.ledger.read("SELECT * FROM fallback_totals")
        assert fallbacks == [("bad", "good", kind, 1)]
    else:
        with pytest.raises(CallFailed) as caught:
            asked.complete_text_sync("hi")
        error = caught.value
        assert (error.kind, error.status, error.provider, error.attempts) == (
            kind,
            status,
            "bad",
            1,
        )
        assert calls(asked) == [("error", kind, status, "bad", 1)]
        assert good.requests == []


@pytest.mark.parametrize("kind", sorted(RETRIED))
def test_what_is_retried_is_never_final(kind: str) -> None:
    assert kind not in FINAL and kind in KINDS


@pytest.mark.parametrize(
    ("status", "times", "expected"),
    [(429, 1, 2), (429, 2, 3), (503, 2, 3), (500, 2, 3), (408, 2, 3), (429, 3, 3), (401, 3, 1)],
)
def test_retries_are_counted_one_by_one(
    scripted: Any, service: Any, status: int, times: int, expected: int
) -> None:
    refused = reply({"error": {"message": "later"}}, status, retry_after="0")
    server = scripted(*[refused] * times, reply(completion()))
    asked = service(provider("p", server.url), attempts=3)
    answer = asked.complete_response_sync("hi", on_error="return")
    assert len(server.requests) == expected == calls(asked)[0][4] == len(attempts(asked))
    assert answer.content == ("yes" if expected > times else "")
    assert bool(answer.error) == (expected <= times)
    outcomes = [row[2] for row in attempts(asked)]
    assert outcomes == ["error"] * min(times, expected) + ["ok"] * (expected > times)


def test_a_long_retry_after_moves_on_at_once(scripted: Any, service: Any) -> None:
    busy = scripted(
        reply({"error": {"message": "later"}}, 429, retry_after=formatdate(time.time() + 900))
    )
    good = scripted(reply(completion()))
    asked = service(
        provider("busy", busy.url), provider("good", good.url), attempts=3, longest_wait=20.0
    )
    assert asked.complete_text_sync("hi") == "yes"
    assert attempts(asked) == [(1, "busy", "error", "rate_limit", 429), (2, "good", "ok", "", 200)]


def test_nobody_there(service: Any) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    asked = service(provider("gone", url))
    with pytest.raises(CallFailed) as caught:
        asked.complete_text_sync("hi")
    error = caught.value
    assert error.message.startswith("gone cannot be reached: ")
    assert error.mend == f"check the network, a proxy, and base_url {url}"
    assert (error.kind, error.status, error.attempts) == ("connection", 0, 1)
    assert calls(asked) == [("error", "connection", 0, "gone", 1)]


def test_too_slow(simulated: Any, service: Any) -> None:
    server = simulated(latency=5.0)
    asked = service(provider("slow", f"{server.url}/v1"))
    with pytest.raises(CallFailed) as caught:
        asked.complete_text_sync("hi", timeout=0.05)
    assert caught.value.kind == "timeout"
    assert calls(asked) == [("error", "timeout", 0, "slow", 1)]


NO_ANSWERS = {
    "html": reply(b"<html><body>login</body></html>", kind="text/html"),
    "empty": reply(b""),
    "no content": reply(b"", 204),
    "garbage": reply(b'{"choices": [tru'),
    "a list": reply(b"[1, 2]"),
    "a number": reply(b"5"),
    "not utf-8": reply(b'{"choices": "\xff\xfe"}'),
    "too deep": reply(b"[" * 100_000),
    "no choices": reply({"status": "success"}),
    "choices that are none": reply({"choices": "many"}),
    "a message of text": reply({"choices": [{"message": "hello"}]}),
    "a redirect": reply(b"", 307, location="http://127.0.0.1:9/"),
    "a stream": stream(piece("yes"), piece("", "stop")),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_falls_back(scripted: Any, service: Any, name: str) -> None:
    bad, good = scripted(NO_ANSWERS[name]), scripted(reply(completion()))
    asked = service(provider("bad", bad.url), provider("good", good.url))
    assert asked.complete_text_sync("hi") == "yes"
    assert calls(asked) == [("ok", "", 200, "good", 2)]
    number, who, outcome, kind, _ = attempts(asked)[0]
    assert (number, who, outcome, kind) == (1, "bad", "error", "bad_response")


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_never_given_as_one(scripted: Any, service: Any, name: str) -> None:
    asked = service(provider("bad", scripted(NO_ANSWERS[name]).url))
    with pytest.raises(CallFailed) as caught:
        asked.complete_text_sync("hi")
    assert caught.value.kind == "bad_response"
    assert [row[:2] for row in calls(asked)] == [("error", "bad_response")]


def test_a_key_follows_no_redirect(scripted: Any, service: Any) -> None:
    elsewhere = scripted(reply(completion()))
    moved = scripted(reply(b"", 307, location=f"{elsewhere.url}/v1/messages"))
    asked = service(provider("p", moved.url, "anthropic"))
    with pytest.raises(CallFailed) as caught:
        asked.complete_text_sync("secret question")
    assert elsewhere.requests == []
    assert caught.value.kind == "bad_response"
    assert f"{elsewhere.url}/v1/messages" in caught.value.message


def test_a_body_cut_in_the_middle(scripted: Any, service: Any) -> None:
    bad = scripted(reply(completion(), length=10_000))
    good = scripted(reply(completion("second")))
    asked = service(provider("bad", bad.url), provider("good", good.url))
    assert asked.complete_text_sync("hi") == "second"
    assert attempts(asked) == [(1, "bad", "error", "connection", 200), (2, "good", "ok", "", 200)]


ERRORS_IN_200 = [
    ({"error": "it broke"}, "stream_error", "it broke"),
    ({"error": {"message": "upstream", "code": 502}}, "server", "upstream"),
    ({"error": {"message": "upstream", "code": "502"}}, "server", "upstream"),
    ({"error": {"message": "slow down", "code": 429}}, "rate_limit", "slow down"),
    ({"error": {"message": "no", "code": 402}}, "payment", "no"),
    (
        {"error": {"message": "long", "code": "context_length_exceeded"}},
        "context_length",
        "long",
    ),
    ({"error": {"message": "x", "metadata": "text"}}, "stream_error", "x"),
    ({"error": {"message": "x", "metadata": {"error_type": "provider_unavailable"}}}, None, "x"),
    ({"error": {"message": None}}, "stream_error", "None"),
]


@pytest.mark.parametrize(("body", "kind", "words"), ERRORS_IN_200)
def test_an_error_with_status_200_is_an_error(
    scripted: Any, service: Any, body: dict[str, Any], kind: str | None, words: str
) -> None:
    kind = kind or "overloaded"
    asked = service(provider("p", scripted(reply(body)).url))
    with pytest.raises(CallFailed) as caught:
        asked.complete_text_sync("hi")
    assert (caught.value.kind, caught.value.status) == (kind, 200)
    assert words in caught.value.message
    assert calls(asked) == [("error", kind, 200, "p", 1)]
    streamed = service(provider("p", scripted(stream(body, done=False)).url))
    with pytest.raises(CallFailed) as caught:
        list(streamed.complete_sync("hi"))
    assert (caught.value.kind, caught.value.status) == (kind, 200)
    assert calls(streamed)[1:] == [("error", kind, 200, "p", 1)]


USAGES: list[Any] = [
    None,
    "none",
    {},
    {"total_tokens": 5},
    {"prompt_tokens": None},
    {"prompt_tokens": "3", "completion_tokens": 2},
    {"prompt_tokens": True, "completion_tokens": 2},
    {"prompt_tokens": -1, "completion_tokens": 2},
    {"prompt_tokens": float("nan"), "completion_tokens": 2},
    {"prompt_tokens": float("inf"), "completion_tokens": 2},
    {"prompt_tokens": 10**30, "completion_tokens": 2},
]


@pytest.mark.parametrize("usage", USAGES)
def test_tokens_that_are_not_told_are_not_zero(scripted: Any, service: Any, usage: Any) -> None:
    asked = service(provider("p", scripted(reply(completion(usage=usage))).url))
    answer = asked.complete_response_sync("hi")
    assert (answer.content, answer.tokens_in, answer.total_tokens) == ("yes", None, None)
    assert answer.cost_usd is None
    rows = asked.engine.ledger.read("SELECT tokens_in, tokens_out, cost_nano FROM calls")
    assert rows == [(None, None, None)]
    assert asked.engine.ledger.read("SELECT calls, unpriced FROM totals") == [(1, 1)]


@pytest.mark.parametrize("cost", [True, "0.1", None, -1, float("nan"), float("inf"), 1e300])
def test_a_cost_that_cannot_be_is_not_known(scripted: Any, service: Any, cost: Any) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "cost": cost}
    asked = service(provider("p", scripted(reply(completion(usage=usage))).url))
    answer = asked.complete_response_sync("hi")
    assert (answer.tokens_in, answer.tokens_out, answer.cost_usd) == (3, 2, None)
    assert asked.engine.ledger.read("SELECT calls, unpriced FROM totals") == [(1, 1)]


EMBEDDINGS = {
    "too few": {"data": [{"index": 0, "embedding": [1.0]}]},
    "none": {"data": []},
    "no data": {"object": "list"},
    "no vector": {"data": [{"index": 0}, {"index": 1}]},
    "text": {"data": [{"index": 0, "embedding": "AAA="}, {"index": 1, "embedding": "AAA="}]},
}


@pytest.mark.parametrize("name", EMBEDDINGS)
@pytest.mark.parametrize("kind", ["openai", "cortex"])
def test_embeddings_that_are_none_are_an_error(
    scripted: Any, service: Any, kind: str, name: str
) -> None:
    asked = service(provider("p", scripted(reply(EMBEDDINGS[name])).url, kind))
    with pytest.raises(CallFailed) as caught:
        asked.embed_sync(["one", "two"])
    assert caught.value.kind == "bad_response"
    assert calls(asked) == [("error", "bad_response", 200, "p", 1)]


def test_vectors_come_in_the_order_of_the_texts(scripted: Any, service: Any) -> None:
    rows = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    asked = service(provider("p", scripted(reply({"data": rows})).url))
    assert asked.embed_sync(["one", "two"]) == [[1.0], [2.0]]
    assert asyncio.run(_embed(asked)) == [[1.0], [2.0]]


async def _embed(asked: Any) -> Any:
    try:
        return await asked.embed(["one", "two"])
    finally:
        await asked.aclose()


def test_on_error_return_gives_the_error_and_no_answer(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(reply({"error": {"message": "no"}}, 402)).url))
    answer = asked.complete_response_sync("hi", on_error="return")
    row = asked.engine.ledger.read("SELECT id, outcome, error_kind FROM calls")
    assert row == [(answer.call_id, "error", "payment")]
    assert (answer.content, answer.provider, answer.tokens_in, answer.cost_usd) == (
        "",
        "p",
        None,
        None,
    )
    assert (
        answer.error
        == "p answered 402: the account has no credit left: no (key ends in ..cdef, from TEST_KEY)"
    )
    nothing = asked.complete_response_sync("", on_error="return")
    assert nothing.error == "there is nothing to ask: neither a prompt nor messages were given"
    unknown = asked.complete_response_sync("hi", task_type="magic", on_error="return")
    assert unknown.error is not None and unknown.error.startswith("unknown task 'magic'; allowed: ")


def test_any_text_can_be_asked(scripted: Any, service: Any) -> None:
    server = scripted(reply(completion()))
    asked = service(provider("p", server.url))
    words = 'null \x00, half a pair \ud83d, "quotes", 日本語, emoji 🎈, \u2028'
    assert asked.complete_text_sync(words, user="Zoë\n\ud83d") == "yes"
    assert server.requests[0].json["messages"] == [{"role": "user", "content": words}]
    assert calls(asked) == [("ok", "", 200, "p", 1)]


def test_a_call_that_cannot_be_written_as_json_is_an_error_in_the_ledger(service: Any) -> None:
    asked = service(provider("p", "http://127.0.0.1:9"))
    with pytest.raises(TypeError):
        asked.complete_text_sync("hi", tools=[object()])
    assert [row[:2] for row in calls(asked)] == [("error", "internal")]
