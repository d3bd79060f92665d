"""However a stream is cut into chunks, the same is learnt and the same bytes go on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sophia_cli.llm.scanner import Scanner

EVENTS: list[Any] = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
    {"choices": [{"index": 0, "delta": {"content": "Zürich 日本 🎈\n\n"}}]},
    {"choices": [{"index": 0, "delta": {"content": '"usage": {"prompt_tokens": 9}'}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
]
USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}


def write(events: list[Any], eol: str, *, spread: bool = False) -> list[bytes]:
    """Each event as bytes; `spread` writes its JSON over several data lines."""
    written = []
    for event in events:
        text = json.dumps(event, ensure_ascii=False, indent=1 if spread else None)
        lines = "".join(f"data: {line}{eol}" for line in text.split("\n"))
        written.append((lines + eol).encode())
    return [*written, f": a comment{eol}{eol}".encode(), f"data: [DONE]{eol}{eol}".encode()]


def learnt(scanner: Scanner) -> tuple[Any, ...]:
    return (
        scanner.started,
        scanner.finished,
        scanner.failure,
        scanner.usage,
        scanner.finish_reason,
        list(scanner.events or ()),
    )


def scan(chunks: list[bytes], **options: bool) -> tuple[Scanner, bytes]:
    scanner = Scanner(**options)
    passed = b"".join(scanner.feed(chunk) for chunk in chunks) + scanner.end()
    return scanner, passed


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]


PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("spread", [False, True])
@given(places=PLACES, keep=st.booleans())
def test_any_cut_learns_the_same_and_passes_every_byte(
    eol: str, spread: bool, places: list[int], keep: bool
) -> None:
    data = b"".join(write([*EVENTS, USAGE], eol, spread=spread))
    whole, _ = scan([data], keep_events=keep)
    scanner, passed = scan(cut(data, places), keep_events=keep)
    assert passed == data
    assert learnt(scanner) == learnt(whole)
    assert scanner.usage is not None and (scanner.usage.input, scanner.usage.output) == (7, 5)
    assert (scanner.finished, scanner.finish_reason) == (True, "stop")
    if keep:
        assert list(scanner.events or ()) == [*EVENTS, USAGE]


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@given(places=PLACES)
def test_only_the_usage_that_nobody_asked_for_is_taken_out(eol: str, places: list[int]) -> None:
    with_usage = b"".join(write([*EVENTS, USAGE], eol))
    without = b"".join(write(EVENTS, eol))
    scanner, passed = scan(cut(with_usage, places), drop_usage=True)
    assert passed == without
    assert scanner.usage is not None and scanner.usage.input == 7


@given(st.binary(), PLACES)
@example(b"\xef\xbb\xbf", [])
def test_no_bytes_break_it_and_all_go_on(data: bytes, places: list[int]) -> None:
    _, passed = scan(cut(data, places))
    assert passed == data


def test_the_first_and_the_last_figure_of_anthropic_make_one() -> None:
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 10, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hi"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 8},
        },
        {"type": "message_stop"},
    ]
    data = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()
    scanner, _ = scan([data])
    assert scanner.usage is not None
    assert (scanner.usage.input, scanner.usage.output) == (10, 8)
    assert (scanner.finished, scanner.finish_reason) == (True, "end_turn")


def test_a_blank_line_may_end_otherwise_than_the_others() -> None:
    data = b'data: {"choices":[]}\n\r\ndata: [DONE]\r\n\n'
    for place in range(len(data)):
        scanner, passed = scan([data[:place], data[place:]], keep_events=True)
        assert (list(scanner.events or ()), scanner.finished, passed) == (
            [{"choices": []}],
            True,
            data,
        )


def test_an_error_that_calls_itself_an_object_is_seen_when_events_are_not_kept() -> None:
    scanner = Scanner()
    scanner.feed(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n')
    scanner.feed(b'data: {"object":"error","message":"out of memory"}\n\n')
    assert scanner.failure is not None and scanner.failure.message == "out of memory"
