"""Tokens out of every dialect: what is counted within the prompt, and what beside it."""

from __future__ import annotations

from typing import Any

import pytest

from sophia_cli.llm.call import Usage
from sophia_cli.llm.scanner import Scanner
from sophia_cli.llm.usage import read_usage

ANTHROPIC = {
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_read_input_tokens": 300,
    "cache_creation_input_tokens": 4000,
}
PORTKEY = {
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "total_tokens": 4330,
    "cache_read_input_tokens": 300,
    "cache_creation_input_tokens": 4000,
}
USAGES: dict[str, Any] = {
    "OpenAI": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 20,
            "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 6},
        },
        Usage(10, 20, cached=4, reasoning=5, audio_in=3, audio_out=6),
    ),
    "OpenRouter": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 20,
            "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 5},
            "cost": 0.5,
        },
        Usage(10, 20, cached=4, written=5, cost_nano=500_000_000),
    ),
    "Anthropic counts beside": (ANTHROPIC, Usage(4310, 20, cached=300, written=4000)),
    "Anthropic, for an hour": (
        {**ANTHROPIC, "cache_creation": {"ephemeral_1h_input_tokens": 1500}},
        Usage(4310, 20, cached=300, written=4000, written_hour=1500),
    ),
    "an hour that is more than the whole": (
        {**ANTHROPIC, "cache_creation": {"ephemeral_1h_input_tokens": 9999}},
        Usage(4310, 20, cached=300, written=4000, written_hour=4000),
    ),
    "Anthropic's thoughts": (
        {**ANTHROPIC, "output_tokens_details": {"thinking_tokens": 7}},
        Usage(4310, 20, cached=300, written=4000, reasoning=7),
    ),
    "Portkey, Anthropic behind it": (PORTKEY, Usage(4310, 20, cached=300, written=4000)),
    "Portkey, counted within": (
        {**PORTKEY, "prompt_tokens": 4310},
        Usage(4310, 20, cached=300, written=4000),
    ),
    "OpenAI's responses": (
        {
            "input_tokens": 10,
            "output_tokens": 20,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens_details": {"reasoning_tokens": 5},
        },
        Usage(10, 20, cached=4, reasoning=5),
    ),
    "details that are none": (
        {"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": 3},
        Usage(1, 2),
    ),
    "counts that cannot be": (
        {
            "prompt_tokens": 1,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cache_write_tokens": -4, "audio_tokens": "x"},
        },
        Usage(1, 2),
    ),
}


@pytest.mark.parametrize(("usage", "expected"), USAGES.values(), ids=USAGES.keys())
def test_usage(usage: Any, expected: Usage) -> None:
    assert read_usage({"usage": usage}) == expected


def test_a_stream_tells_it_in_pieces() -> None:
    scanner = Scanner()
    scanner.feed(
        b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":10,'
        b'"output_tokens":1,"cache_read_input_tokens":300,"cache_creation_input_tokens":4000,'
        b'"cache_creation":{"ephemeral_1h_input_tokens":4000}}}}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":20}}\n\n'
    )
    assert scanner.usage == Usage(4310, 20, cached=300, written=4000, written_hour=4000)
