"""OpenAI's own client against the server: what it must be able to read."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from sophia_cli.llm.simulator.server import SimulatorServer

HELLO: list[Any] = [{"role": "user", "content": "hello there"}]
PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 2, "maximum": 2},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
FUNCTION = {"name": "get_weather", "strict": True, "parameters": PARAMETERS}
OTHER = {"name": "get_time", "strict": True, "parameters": PARAMETERS}
TOOLS: list[Any] = [{"type": "function", "function": f} for f in (FUNCTION, OTHER)]
ARGUMENTS = {"city": "simulated city", "days": 2}


class Weather(BaseModel):
    city: str
    degrees: float


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_a_plain_answer(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model="gpt-5", messages=HELLO)
    content = answer.choices[0].message.content or ""
    assert content.startswith("This is a simulated answer, sample ")
    assert 'You wrote: "hello there".' in content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-5"
    usage = answer.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, -(-len(content) // 4))


def test_a_stream(gpt: openai.OpenAI) -> None:
    whole = gpt.chat.completions.create(model="gpt-5", messages=HELLO)
    chunks = list(gpt.chat.completions.create(model="gpt-5", messages=HELLO, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
    assert {chunk.id for chunk in chunks} == {whole.id}
    assert not any(chunk.usage for chunk in chunks)


def test_a_stream_with_usage(gpt: openai.OpenAI) -> None:
    whole = gpt.chat.completions.create(model="gpt-5", messages=HELLO)
    options: Any = {"include_usage": True}
    *rest, last = gpt.chat.completions.create(
        model="gpt-5", messages=HELLO, stream=True, stream_options=options
    )
    assert last.choices == []
    assert last.usage == whole.usage
    assert not any(chunk.usage for chunk in rest)


def test_a_limit_and_stop_words(gpt: openai.OpenAI) -> None:
    short = gpt.chat.completions.create(model="gpt-5", messages=HELLO, max_completion_tokens=4)
    assert short.choices[0].message.content == "This is a simula"
    assert short.choices[0].finish_reason == "length"
    assert short.usage is not None
    assert short.usage.completion_tokens == 4
    stopped = gpt.chat.completions.create(model="gpt-5", messages=HELLO, stop=["answer", " sim"])
    assert stopped.choices[0].message.content == "This is a"
    assert stopped.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("text", "choice", "called"),
    [
        ("what a day", "auto", []),
        ("call get_weather", "none", []),
        ("forget_weather", "auto", []),
        ("call get_weather", "auto", ["get_weather"]),
        ("get weather and get_time", "auto", ["get_weather", "get_time"]),
        ("what a day", "required", ["get_weather"]),
        ("use get_time", "required", ["get_time"]),
        ("what a day", {"type": "function", "function": {"name": "get_time"}}, ["get_time"]),
    ],
)
def test_tools(gpt: openai.OpenAI, text: str, choice: Any, called: list[str]) -> None:
    answer = gpt.chat.completions.create(
        model="gpt-5", messages=user(text), tools=TOOLS, tool_choice=choice
    )
    calls: list[Any] = list(answer.choices[0].message.tool_calls or [])
    assert [call.function.name for call in calls] == called
    assert [json.loads(call.function.arguments) for call in calls] == [ARGUMENTS] * len(called)
    assert answer.choices[0].finish_reason == ("tool_calls" if called else "stop")
    assert bool(answer.choices[0].message.content) is not bool(called)


def test_one_tool_at_a_time(gpt: openai.OpenAI) -> None:
    messages = user("get_weather and get_time")
    answer = gpt.chat.completions.create(
        model="gpt-5", messages=messages, tools=TOOLS, parallel_tool_calls=False
    )
    assert len(answer.choices[0].message.tool_calls or []) == 1


def test_tools_in_a_stream(gpt: openai.OpenAI) -> None:
    with gpt.chat.completions.stream(
        model="gpt-5", messages=user("get_weather, get_time"), tools=TOOLS
    ) as stream:
        stream.until_done()
        calls: list[Any] = list(stream.get_final_completion().choices[0].message.tool_calls or [])
    assert [call.function.parsed_arguments for call in calls] == [ARGUMENTS, ARGUMENTS]


def test_what_a_tool_returned_is_answered_in_words(gpt: openai.OpenAI) -> None:
    first = gpt.chat.completions.create(model="gpt-5", messages=user("get_weather"), tools=TOOLS)
    call = (first.choices[0].message.tool_calls or [])[0]
    result = {"role": "tool", "tool_call_id": call.id, "content": "get_weather: sunny"}
    messages = [*user("get_weather"), first.choices[0].message, result]
    second = gpt.chat.completions.create(model="gpt-5", messages=messages, tools=TOOLS)
    assert 'The tool returned: "get_weather: sunny".' in (second.choices[0].message.content or "")


def test_json(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(
        model="gpt-5", messages=HELLO, response_format={"type": "json_object"}
    )
    content = json.loads(answer.choices[0].message.content or "")
    assert content == {"simulated": True, "echo": "hello there"}


def test_json_of_a_schema(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.parse(model="gpt-5", messages=HELLO, response_format=Weather)
    parsed = answer.choices[0].message.parsed
    assert parsed is not None
    assert parsed.city == "simulated city"


def test_parts_of_a_message_that_are_no_text(gpt: openai.OpenAI) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [{"type": "text", "text": "hello there"}, image]
    answer = gpt.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": content}])  # type: ignore[list-item,misc]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3 + 85


def test_responses(gpt: openai.OpenAI) -> None:
    whole = gpt.responses.create(model="gpt-5", input="hello there", instructions="Be brief.")
    assert 'You wrote: "hello there".' in whole.output_text
    assert whole.status == "completed"
    assert whole.usage is not None
    assert (whole.usage.input_tokens, whole.usage.total_tokens) == (
        6,
        6 + whole.usage.output_tokens,
    )
    with gpt.responses.stream(
        model="gpt-5", input="hello there", instructions="Be brief."
    ) as stream:
        numbers = [event.sequence_number for event in stream]
        final = stream.get_final_response()
    assert numbers[:3] == [0, 1, 2]
    assert final.output_text == whole.output_text


def test_responses_with_tools_schema_and_limit(gpt: openai.OpenAI) -> None:
    tools: Any = [{"type": "function", **FUNCTION}]
    with gpt.responses.stream(model="gpt-5", input="get_weather", tools=tools) as stream:
        stream.until_done()
        called: Any = stream.get_final_response().output[0]
    assert (called.name, called.parsed_arguments) == ("get_weather", ARGUMENTS)
    parsed = gpt.responses.parse(model="gpt-5", input="hello", text_format=Weather).output_parsed
    assert parsed is not None
    assert parsed.city == "simulated city"
    short = gpt.responses.create(model="gpt-5", input="hello", max_output_tokens=16)
    assert short.status == "incomplete"
    assert short.incomplete_details is not None
    assert short.incomplete_details.reason == "max_output_tokens"


def test_the_list_of_models(gpt: openai.OpenAI) -> None:
    assert [model.id for model in gpt.models.list()] == ["small", "large", "small-embedding"]


ERRORS: list[tuple[str, type[openai.APIError]]] = [
    ("400", openai.BadRequestError),
    ("401", openai.AuthenticationError),
    ("403", openai.PermissionDeniedError),
    ("404", openai.NotFoundError),
    ("422", openai.UnprocessableEntityError),
    ("429", openai.RateLimitError),
    ("446", openai.APIStatusError),
    ("503", openai.InternalServerError),
    ("cut", openai.APIConnectionError),
    ("refuse", openai.APIConnectionError),
    ("slow:seconds=5", openai.APITimeoutError),
]


@pytest.mark.parametrize(("fault", "error"), ERRORS)
def test_errors_become_the_clients_exceptions(
    gpt: openai.OpenAI, fault: str, error: type[openai.APIError]
) -> None:
    client = gpt.with_options(timeout=0.2) if "slow" in fault else gpt
    with pytest.raises(error):
        client.chat.completions.create(
            model="m", messages=HELLO, extra_headers={"x-sim-fault": fault}
        )


def test_wrong_keys_and_models_become_the_clients_exceptions(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided."):
        gpt.with_options(api_key="invalid").chat.completions.create(model="m", messages=HELLO)
    with pytest.raises(openai.NotFoundError, match="The model `unknown-model` does not exist"):
        gpt.chat.completions.create(model="unknown-model", messages=HELLO)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", openai.APIConnectionError),
        ("error_event", openai.APIError),
        ("error_first", openai.APIError),
        ("garbage", json.JSONDecodeError),
    ],
)
def test_streams_that_break(gpt: openai.OpenAI, fault: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(
            gpt.chat.completions.create(
                model="m", messages=HELLO, stream=True, extra_headers={"x-sim-fault": fault}
            )
        )


def test_the_client_tries_again_as_it_is_told(gpt: openai.OpenAI, server: SimulatorServer) -> None:
    fault = {"x-sim-fault": "429:times=2,retry_after=1ms"}
    answer = gpt.with_options(max_retries=2).chat.completions.create(
        model="m", messages=HELLO, extra_headers=fault
    )
    assert answer.choices[0].finish_reason == "stop"
    assert len(server.requests) == 3
