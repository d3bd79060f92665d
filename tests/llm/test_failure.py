"""No body of an answer or an error, whatever its shape, breaks those who read it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sophia_cli.llm.failure import KINDS, from_event, from_status, message_of
from sophia_cli.llm.usage import finish_of, read_usage, text_of, tool_calls_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                "choices",
                "message",
                "content",
                "delta",
                "text",
                "usage",
                "prompt_tokens",
                "completion_tokens",
                "cost",
                "input_tokens",
                "output_tokens",
                "prompt_tokens_details",
                "cached_tokens",
                "error",
                "code",
                "metadata",
                "finish_reason",
                "stop_reason",
                "tool_calls",
                "is_byok",
                "cost_details",
            ]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["choices", "usage", "content", "error"]), JSON), JSON)
def test_no_shape_of_answer_breaks_the_readers(body: dict[str, Any], error: Any) -> None:
    assert isinstance(text_of(body), str)
    assert isinstance(finish_of(body), str)
    assert isinstance(tool_calls_of(body), tuple)
    usage = read_usage(body)
    assert usage is None or 0 <= usage.input < 2**63
    assert from_event(error).kind in KINDS


@given(st.binary(), st.integers(400, 599))
def test_no_error_body_breaks_the_reader(body: bytes, status: int) -> None:
    assert isinstance(message_of(body), str)
    assert from_status(status, {}, body).kind in KINDS
