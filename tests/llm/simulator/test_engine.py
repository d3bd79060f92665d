from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.simulator import Reply, Simulator

KEY = {"Authorization": "Bearer k"}
HELLO = {"model": "small", "messages": [{"role": "user", "content": "hello there"}]}
PATHS = (
    "/v1/chat/completions",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/models",
    "/api/v1/chat/completions",
    "/api/v2/cortex/inference:complete",
    "/api/v2/cortex/inference:embed",
    "/nowhere",
)


def post(simulator: Simulator, body: Any, path: str = PATHS[0], **headers: str) -> Reply:
    return simulator.respond("POST", path, KEY | headers, json.dumps(body).encode())


def text_of(reply: Reply) -> str:
    events = [line[6:] for line in b"".join(reply.chunks).split(b"\n") if line[:7] == b"data: {"]
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events]
    return "".join(delta.get("content", "") for delta in deltas)


def test_a_whole_answer() -> None:
    assert post(Simulator(), HELLO) == Reply(
        status=200,
        headers=(
            ("content-type", "application/json"),
            ("x-request-id", "req_ca142953a692ea11e8568435"),
            ("x-simulated", "true"),
            ("content-length", "549"),
        ),
        chunks=(
            b'{"id":"chatcmpl-03c9a220f7e1a755ae3cc33e","object":"chat.completion",'
            b'"created":1700993745,"model":"small","system_fingerprint":"fp_simulated",'
            b'"choices":[{"index":0,"message":{"role":"assistant",'
            b'"content":"This is a simulated answer, sample c8fbe9. You wrote: \\"hello there\\". '
            b'A configured provider would have answered instead.","refusal":null},'
            b'"logprobs":null,"finish_reason":"stop"}],'
            b'"usage":{"prompt_tokens":3,"completion_tokens":30,"total_tokens":33,'
            b'"prompt_tokens_details":{"cached_tokens":0},'
            b'"completion_tokens_details":{"reasoning_tokens":0}}}',
        ),
        delays=(0.0,),
    )


def test_the_same_question_gets_the_same_bytes_in_any_order_and_spelling() -> None:
    other = {"model": "small", "messages": [{"role": "user", "content": "something else"}]}
    one, two = Simulator(seed=7), Simulator(seed=7)
    first = [post(one, HELLO), post(one, other)]
    second = [post(two, other), post(two, HELLO)]
    assert first == second[::-1]
    spelt = b'{ "messages":[{"content":"hello there", "role":"user"}],\n "model": "small"}'
    assert one.respond("POST", PATHS[0], KEY, spelt) == first[0]


def test_another_seed_and_another_question_get_another_answer() -> None:
    other = {"model": "small", "messages": [{"role": "user", "content": "hello there!"}]}
    replies = [post(Simulator(0), HELLO), post(Simulator(1), HELLO), post(Simulator(0), other)]
    assert len({reply.chunks for reply in replies}) == 3


def test_a_stream_says_what_the_whole_answer_says() -> None:
    whole = json.loads(post(Simulator(), HELLO).chunks[0])
    streamed = post(Simulator(), HELLO | {"stream": True})
    assert text_of(streamed) == whole["choices"][0]["message"]["content"]
    assert streamed.chunks[-1] == b"data: [DONE]\n\n"
    assert f'"id":"{whole["id"]}"'.encode() in streamed.chunks[0]


def test_delays_are_told_for_each_chunk() -> None:
    reply = post(Simulator(chunk_delay=0.25, latency=0.5), HELLO | {"stream": True})
    assert reply.latency == 0.5
    assert reply.delays == (0.0,) + (0.25,) * (len(reply.chunks) - 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", PATHS[0], b"{", 400, "The body of the request is not valid JSON."),
        ("POST", PATHS[0], b"[]", 400, "The body of the request must be a JSON object."),
        ("POST", PATHS[0], b"{}", 400, "You must provide a model parameter."),
        (
            "POST",
            PATHS[0],
            b'{"model":"m"}',
            400,
            "'messages' must be a list with at least one message.",
        ),
        (
            "POST",
            PATHS[0],
            b'{"model":"m","messages":[1]}',
            400,
            "Every entry of 'messages' must be an object.",
        ),
        ("GET", PATHS[0], b"", 405, "GET is not allowed here, use POST."),
        ("POST", "/v1/other", b"{}", 404, "The path /v1/other does not exist."),
        (
            "POST",
            "/v1/embeddings",
            b'{"model":"m"}',
            400,
            "'input' must be a text or a list with at least one.",
        ),
    ],
)
def test_what_is_wrong_with_a_request(
    method: str, path: str, body: bytes, status: int, message: str
) -> None:
    reply = Simulator().respond(method, path, KEY, body)
    assert reply.status == status
    assert json.loads(reply.chunks[0])["error"]["message"] == message


def test_a_flavour_that_does_not_exist() -> None:
    with pytest.raises(ConfigError) as caught:
        Simulator(flavour="bedrock")
    assert str(caught.value) == (
        "the simulator has no flavour 'bedrock'\n"
        "allowed: openai, anthropic, cortex, portkey, openrouter, local"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
bodies = st.fixed_dictionaries(
    {"model": st.just("m")},
    optional={
        "messages": st.lists(
            st.fixed_dictionaries({"role": json_values, "content": json_values}), min_size=1
        )
        | json_values,
        "input": json_values,
        "text": json_values,
        "tools": json_values,
        "tool_choice": json_values,
        "response_format": st.fixed_dictionaries({"type": st.just("json"), "schema": json_values})
        | json_values,
        "stop": json_values,
        "stream": st.booleans(),
        "max_tokens": json_values,
        "dimensions": json_values,
        "system": json_values,
    },
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(path=st.sampled_from(PATHS), body=bodies | json_values)
def test_no_body_is_a_bug(path: str, body: Any) -> None:
    assert post(Simulator(), body, path).status in (200, 400, 401, 404, 405)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    path=st.sampled_from(PATHS),
    body=st.binary(max_size=40),
    method=st.sampled_from(("GET", "POST")),
)
def test_no_bytes_are_a_bug(path: str, body: bytes, method: str) -> None:
    assert Simulator().respond(method, path, KEY, body).status in (200, 400, 401, 404, 405)


def test_a_body_that_is_nested_deeply() -> None:
    for depth in (*range(200, 520, 8), 5000):
        content = '[{"type":"tool_result","content":' * depth + '"x"' + "}]" * depth
        body = f'{{"model":"m","messages":[{{"role":"user","content":{content}}}]}}'
        assert Simulator().respond("POST", PATHS[0], KEY, body.encode()).status in (200, 400)
