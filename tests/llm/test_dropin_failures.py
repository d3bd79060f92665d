"""What goes wrong is the vendor's own exception, after the vendor's own retries: the same as without us."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from dropin_pairs import (
    HELLO,
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
    outcome,
    rows,
)

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
    found = both(gpt, chat, faults=[status])
    assert (found.name[:7], found.status) == ("openai.", int(status))
    found = both(claude, message, faults=[status])
    assert (found.name[:10], found.status) == ("anthropic.", int(status))
    found = both(gpt, chat_chunks, faults=[status])
    assert (found.name[:7], found.status) == ("openai.", int(status))


def test_an_unknown_model_and_an_unknown_path() -> None:
    assert both(gpt, lambda c: chat(c, model="unknown-model")).name == "openai.NotFoundError"
    assert both(gpt, lambda c: c.files.list().to_dict()).name == "openai.NotFoundError"


@pytest.mark.parametrize("status", ["429", "503", "401"])
def test_a_status_is_the_vendors_own_exception_on_a_loop(status: str) -> None:
    assert both_async(async_gpt, async_chat, faults=[status]).status == int(status)
    assert both_async(async_claude, async_message_stream, faults=[status]).status == int(status)


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
    both(gpt, chat, faults=[fault])
    both(gpt, chat_chunks, faults=[fault])
    both(gpt, chat_chunks, faults=[f"{fault}:after_chunks=0"])
    both(claude, message, faults=[fault])
    both(claude, message_stream, faults=[fault])
    both(claude, message_stream, faults=[f"{fault}:after_chunks=0"])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_as_without_us_on_a_loop(fault: str) -> None:
    both_async(async_gpt, async_chat, faults=[fault])
    both_async(async_gpt, async_chunks, faults=[f"{fault}:after_chunks=0"])
    both_async(async_claude, async_message_stream, faults=[fault])


def partial_stream(client: Any) -> Any:
    texts: list[Any] = []
    try:
        for chunk in client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True):
            texts.append(chunk.choices[0].delta.content)
    except Exception as error:
        return texts, f"{type(error).__module__}.{type(error).__name__}"
    return texts, "complete"


@pytest.mark.parametrize(
    ("fault", "row"),
    [
        ("cut:after_chunks=3", ("error", "stream_broken", 200)),
        (
            "error_event:after_chunks=3",
            ("error", "stream_error", 200),
        ),  # the client reads no further
        ("garbage", ("cancelled", "stopped", 0)),
    ],
)
def test_what_came_before_a_broken_stream_is_kept(fault: str, row: tuple[Any, ...]) -> None:
    texts, error = both(gpt, partial_stream, faults=[fault])
    assert len(texts) > 2 and error != "complete"
    assert rows("outcome", "error_kind", "status") == [row]


@pytest.mark.parametrize(
    "fault", ["429:times=1,retry_after=20ms", "503:times=1,retry_after=0.02", "refuse:times=1"]
)
def test_the_vendor_retries_and_we_do_not(fault: str) -> None:
    assert "simulated" in json.dumps(both(gpt, chat, faults=[fault], max_retries=2))
    assert "simulated" in json.dumps(both(claude, message, faults=[fault], max_retries=2))


def test_the_vendors_retries_end_where_it_says() -> None:
    found = both(gpt, chat, faults=["429:retry_after=20ms"], max_retries=2)
    assert found.name.endswith("RateLimitError")
    assert rows("outcome", "attempts", "status") == [("error", 1, 429)] * 3


def test_a_slow_answer_is_the_vendors_timeout() -> None:
    found = both(gpt, lambda c: chat(c, timeout=0.1), faults=["slow:seconds=0.6"])
    assert found.name.endswith("APITimeoutError")
    found = both(claude, lambda c: message(c, timeout=0.1), faults=["slow:seconds=0.6"])
    assert found.name.endswith("APITimeoutError")
    assert [row[0] for row in rows("error_kind")] == ["timeout", "timeout"]


def test_a_stream_that_stalls_is_the_vendors_timeout() -> None:
    action = lambda client: chat_chunks(client, timeout=0.15)  # noqa: E731
    both(gpt, action, faults=["slow:after_chunks=4,seconds=0.7"])
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
