"""Anthropic's own client against the server: what it must be able to read."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from pydantic import BaseModel

MODEL = "claude-opus-5-5"
HELLO: list[Any] = [{"role": "user", "content": "hello there"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [{"name": "get_weather", "input_schema": SCHEMA}]


class Weather(BaseModel):
    city: str


def ask(client: anthropic.Anthropic, text: str = "hello there", **more: Any) -> Any:
    messages: list[Any] = [{"role": "user", "content": text}]
    return client.messages.create(
        **{"model": MODEL, "max_tokens": 100, "messages": messages, **more}
    )


def test_a_plain_answer(claude: anthropic.Anthropic) -> None:
    answer = ask(claude, system="Be brief.")
    text = answer.content[0].text
    assert text.startswith("This is a simulated answer, sample ")
    assert 'You wrote: "hello there".' in text
    assert (answer.stop_reason, answer.model) == ("end_turn", MODEL)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (6, -(-len(text) // 4))


def test_a_stream_is_the_whole_sequence_of_events(claude: anthropic.Anthropic) -> None:
    events = list(ask(claude, stream=True, max_tokens=2))
    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert "".join(event.delta.text for event in events[2:5]) == "This is "
    assert events[6].delta.stop_reason == "max_tokens"
    assert events[6].usage.output_tokens == 2


def test_a_stream_adds_up_to_the_whole_answer(claude: anthropic.Anthropic) -> None:
    whole = ask(claude)
    with claude.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        final = stream.get_final_message()
    assert final.content[0].text == whole.content[0].text  # type: ignore[union-attr]
    assert (final.id, final.stop_reason) == (whole.id, whole.stop_reason)
    assert final.usage.output_tokens == whole.usage.output_tokens


def test_stop_sequences(claude: anthropic.Anthropic) -> None:
    answer = ask(claude, stop_sequences=[" answer"])
    assert answer.content[0].text == "This is a simulated"
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", " answer")


@pytest.mark.parametrize(
    ("text", "choice", "called"),
    [
        ("what a day", {"type": "auto"}, False),
        ("get_weather", {"type": "none"}, False),
        ("get_weather", {"type": "auto"}, True),
        ("what a day", {"type": "any"}, True),
        ("what a day", {"type": "tool", "name": "get_weather"}, True),
    ],
)
def test_tools(claude: anthropic.Anthropic, text: str, choice: Any, called: bool) -> None:
    answer = ask(claude, text, tools=TOOLS, tool_choice=choice)
    assert answer.stop_reason == ("tool_use" if called else "end_turn")
    inputs = [block.input for block in answer.content if block.type == "tool_use"]
    assert inputs == ([{"city": "simulated city"}] if called else [])


def test_tools_in_a_stream_and_their_results(claude: anthropic.Anthropic) -> None:
    asked: list[Any] = [{"role": "user", "content": "get_weather"}]
    with claude.messages.stream(model=MODEL, max_tokens=100, messages=asked, tools=TOOLS) as stream:
        final = stream.get_final_message()
    call: Any = final.content[0]
    assert (call.name, call.input) == ("get_weather", {"city": "simulated city"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "get_weather: sunny"}
    messages = [
        *asked,
        {"role": "assistant", "content": final.content},
        {"role": "user", "content": [result]},
    ]
    answer = ask(claude, messages=messages, tools=TOOLS)
    assert 'The tool returned: "get_weather: sunny".' in answer.content[0].text


def test_json_of_a_schema(claude: anthropic.Anthropic) -> None:
    parsed = claude.messages.parse(
        model=MODEL, max_tokens=100, messages=HELLO, output_format=Weather
    )
    assert parsed.parsed_output == Weather(city="simulated city")


def test_tokens_are_counted_as_the_answer_counts_them(claude: anthropic.Anthropic) -> None:
    counted = claude.messages.count_tokens(model=MODEL, messages=HELLO, tools=TOOLS)
    assert counted.input_tokens == ask(claude, tools=TOOLS).usage.input_tokens


def test_the_list_of_models(claude: anthropic.Anthropic) -> None:
    assert [model.id for model in claude.models.list()] == ["small", "large", "small-embedding"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400", anthropic.BadRequestError),
        ("401", anthropic.AuthenticationError),
        ("403", anthropic.PermissionDeniedError),
        ("404", anthropic.NotFoundError),
        ("429", anthropic.RateLimitError),
        ("500", anthropic.InternalServerError),
        ("529", anthropic.APIStatusError),
        ("cut", anthropic.APIConnectionError),
        ("refuse", anthropic.APIConnectionError),
    ],
)
def test_errors_become_the_clients_exceptions(
    claude: anthropic.Anthropic, fault: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(claude, extra_headers={"x-sim-fault": fault})


@pytest.mark.parametrize("fault", ["error_event", "error_first"])
def test_a_stream_that_breaks_off_with_an_error(claude: anthropic.Anthropic, fault: str) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        list(ask(claude, stream=True, extra_headers={"x-sim-fault": fault}))
    body: Any = caught.value.body
    assert body["error"] == {"type": "api_error", "message": "The server had an error. (simulated)"}


def test_a_stream_that_ends_without_its_end(claude: anthropic.Anthropic) -> None:
    events = list(ask(claude, stream=True, extra_headers={"x-sim-fault": "eof"}))
    assert events[-1].type == "content_block_delta"


def test_wrong_keys_and_models_become_the_clients_exceptions(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
        ask(claude.with_options(api_key="invalid"))
    with pytest.raises(anthropic.NotFoundError, match="model: unknown-model"):
        ask(claude, model="unknown-model")
