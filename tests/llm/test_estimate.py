"""How large a call is said to be: about, and never less than it can be."""

from __future__ import annotations

from typing import Any

import pytest

from sophia_cli.llm.call import CHAT, EMBEDDINGS, MESSAGES, Call, Labels
from sophia_cli.llm.estimate import (
    IMAGE_TOKENS,
    MOST_OUTPUT,
    WORST_IMAGE_TOKENS,
    WORST_TOOL_PROMPT,
    Estimate,
    estimate,
)
from sophia_cli.llm.money import dollars

TOOL = {"type": "function", "function": {"name": "f"}}
TOOL_SIZE = len('[{"type": "function", "function": {"name": "f"}}]')


def size(body: dict[str, Any], operation: str = CHAT) -> Estimate:
    return estimate(Call(operation, body, Labels()))


def user(*content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": one} for one in content]}


SIZES = [
    # nothing to count, first
    ({}, Estimate(4, 4, MOST_OUTPUT)),
    ({"messages": None, "temperature": 0.5, "model": "m"}, Estimate(4, 4, MOST_OUTPUT)),
    ({"messages": ["odd", 3, None]}, Estimate(16, 16, MOST_OUTPUT)),
    (user(None), Estimate(8, 8, MOST_OUTPUT)),
    # text, by its bytes
    (user("x" * 400), Estimate(108, 408, MOST_OUTPUT)),
    (user("é" * 400), Estimate(208, 808, MOST_OUTPUT)),
    (user("日" * 400), Estimate(308, 1208, MOST_OUTPUT)),
    (user("\ud83d" * 4), Estimate(11, 20, MOST_OUTPUT)),
    (user("x" * 40, "x" * 40), Estimate(32, 92, MOST_OUTPUT)),
    (user([{"text": "x" * 40}]), Estimate(18, 48, MOST_OUTPUT)),
    ({"system": "x" * 40, **user("hi")}, Estimate(18, 50, MOST_OUTPUT)),
    ({"instructions": "x" * 40, "input": "x" * 40}, Estimate(24, 84, MOST_OUTPUT)),
    ({"input": ["x" * 40, "x" * 40]}, Estimate(24, 84, MOST_OUTPUT)),
    ({"input": [[1, 2, 3], [4]]}, Estimate(8, 8, MOST_OUTPUT)),
    # what the call itself allows
    ({"max_tokens": 9}, Estimate(4, 4, 9, limit=9)),
    ({"max_completion_tokens": 9, "max_tokens": 5}, Estimate(4, 4, 9, limit=9)),
    ({"max_output_tokens": 9}, Estimate(4, 4, 9, limit=9)),
    ({"max_tokens": 9, "n": 3}, Estimate(4, 4, 27, limit=27)),
    ({"max_tokens": 0}, Estimate(4, 4, MOST_OUTPUT)),
    ({"max_tokens": "9"}, Estimate(4, 4, MOST_OUTPUT)),
    # what a model must be able to take
    (
        {"tools": [TOOL]},
        Estimate(4 + TOOL_SIZE // 4, 4 + TOOL_SIZE + WORST_TOOL_PROMPT, MOST_OUTPUT, tools=True),
    ),
    ({"tools": []}, Estimate(4, 6, MOST_OUTPUT)),
    (
        {"response_format": {"type": "json_object"}},
        Estimate(4 + 23 // 4, 4 + 23, MOST_OUTPUT),
    ),
    (
        {"response_format": {"type": "json_schema"}},
        Estimate(4 + 23 // 4, 4 + 23, MOST_OUTPUT, json_schema=True),
    ),
    (
        {"text": {"format": {"type": "json_schema"}}},
        Estimate(4 + 35 // 4, 4 + 35, MOST_OUTPUT, json_schema=True),
    ),
    *(
        (
            user([{"type": kind, "source": {"data": "x" * 9000}}] * 2),
            Estimate(8 + 2 * IMAGE_TOKENS, 8 + 2 * WORST_IMAGE_TOKENS, MOST_OUTPUT, images=2),
        )
        for kind in ("image_url", "image", "input_image")
    ),
]


@pytest.mark.parametrize(("body", "expected"), SIZES)
def test_a_call_has_its_size(body: dict[str, Any], expected: Estimate) -> None:
    assert size(body) == expected


def test_embeddings_write_nothing() -> None:
    assert size({"input": "x" * 40}, EMBEDDINGS) == Estimate(14, 44, 0)


def test_an_image_in_a_tool_s_result_is_seen() -> None:
    result = {"type": "tool_result", "content": [{"type": "image", "source": {}}]}
    assert size(user([result]), MESSAGES).images == 1


def test_what_cannot_be_sent_has_a_size_all_the_same() -> None:
    assert size({"tools": [object(), "x" * 8]}).worst_in == 4 + 8 + WORST_TOOL_PROMPT
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert size(user(deep)).worst_in == 9
    assert size({"tools": deep}).worst_in == 5 + WORST_TOOL_PROMPT


def test_an_answer_without_a_limit_is_taken_for_what_is_configured() -> None:
    assert estimate(Call(CHAT, {}, Labels()), 500).worst_out == 500
    assert estimate(Call(CHAT, {"max_tokens": 9}, Labels()), 500).worst_out == 9


MONEY = [
    (0, "$0", "$0"),
    (75_000_000_000, "$75", "$75"),
    (1_234_567_000_000, "$1,234.57", "$1,234.57"),
    (1_500_000_000, "$1.50", "$1.50"),
    (310_000_000, "$0.31", "$0.31"),
    (20_000_000, "$0.02", "$0.02"),
    (12_300_000, "$0.012", "$0.013"),
    (4_200_000, "$0.0042", "$0.0042"),
    (1, "$0.000000001", "$0.000000001"),
    (-500_000_000, "-$0.50", "-$0.50"),
]


@pytest.mark.parametrize(("nano", "words", "at_most"), MONEY)
def test_money_in_words(nano: int, words: str, at_most: str) -> None:
    assert (dollars(nano), dollars(nano, at_most=True)) == (words, at_most)
