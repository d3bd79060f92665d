"""Each provider's own words: where it is found, whom it lets in, how it says no."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sophia_cli.llm.simulator import Reply, Simulator

CHAT = {"model": "small", "messages": [{"role": "user", "content": "hello there"}]}
OPENAI = ("/v1/chat/completions", {"Authorization": "Bearer k"})
ANTHROPIC = ("/v1/messages", {"x-api-key": "k", "anthropic-version": "2023-06-01"})
CORTEX = (
    "/api/v2/cortex/v1/chat/completions",
    {
        "Authorization": "Bearer k",
        "X-Snowflake-Authorization-Token-Type": "PROGRAMMATIC_ACCESS_TOKEN",
    },
)
PORTKEY = ("/v1/chat/completions", {"x-portkey-api-key": "k", "x-portkey-provider": "@openai"})
OPENROUTER = ("/api/v1/chat/completions", {"Authorization": "Bearer k"})
PLACES = {
    "openai": OPENAI,
    "anthropic": ANTHROPIC,
    "cortex": CORTEX,
    "portkey": PORTKEY,
    "openrouter": OPENROUTER,
}


def ask(place: tuple[str, dict[str, str]], fault: str = "", **body: Any) -> Reply:
    path, headers = place
    sent = {"max_tokens": 50, **CHAT, **body}
    headers = headers | ({"x-sim-fault": fault} if fault else {})
    return Simulator().respond("POST", path, headers, json.dumps(sent).encode())


def said(reply: Reply) -> Any:
    return json.loads(b"".join(reply.chunks))


def events(reply: Reply) -> list[Any]:
    lines = b"".join(reply.chunks).split(b"\n")
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


def without(place: tuple[str, dict[str, str]], *names: str) -> tuple[str, dict[str, str]]:
    return place[0], {name: value for name, value in place[1].items() if name not in names}


@pytest.mark.parametrize("flavour", PLACES)
def test_a_good_request_is_answered(flavour: str) -> None:
    reply = ask(PLACES[flavour])
    assert reply.status == 200
    assert ("x-simulated", "true") in reply.headers


@pytest.mark.parametrize(
    ("path", "more", "header"),
    [
        ("/v1/chat/completions", {}, "x-request-id"),
        ("/v1/messages", {}, "request-id"),
        ("/v1/messages", {"Host": "api.anthropic.com"}, "request-id"),
        ("/v1/chat/completions", {"Anthropic-Version": "2023-06-01"}, "request-id"),
        ("/api/v1/chat/completions", {}, "x-generation-id"),
        ("/v1/chat/completions", {"Host": "openrouter.ai"}, "x-generation-id"),
        ("/v1/chat/completions", {"X-OpenRouter-Title": "test"}, "x-generation-id"),
        ("/v1/chat/completions", {"Host": "api.portkey.ai"}, "x-portkey-trace-id"),
        ("/v1/chat/completions", {"X-Portkey-Config": "pc-1"}, "x-portkey-trace-id"),
        ("/api/v2/cortex/v1/messages", {}, "x-snowflake-request-id"),
        ("/chat/completions", {"Host": "a-b.snowflakecomputing.com:443"}, "x-snowflake-request-id"),
    ],
)
def test_where_a_provider_is_found(path: str, more: dict[str, str], header: str) -> None:
    reply = Simulator().respond("POST", path, more, b"{}")
    assert header in dict(reply.headers)


def test_a_flavour_may_be_forced() -> None:
    body = json.dumps(CHAT).encode()
    reply = Simulator(flavour="local").respond("POST", "/v1/chat/completions", {}, body)
    assert reply.status == 200
    reply = Simulator(flavour="openrouter").respond("POST", *OPENAI, body)
    assert said(reply)["provider"] == "Simulated"


NO_KEY: dict[str, dict[str, Any]] = {
    "openai": {
        "error": {
            "message": "You didn't provide an API key.",
            "type": "authentication_error",
            "param": None,
            "code": "missing_api_key",
        }
    },
    "anthropic": {
        "type": "error",
        "error": {"type": "authentication_error", "message": "x-api-key header is required"},
        "request_id": "req_24a1",
    },
    "cortex": {"message": "Authorization header is missing.", "request_id": "24a1"},
    "portkey": {
        "status": "failure",
        "message": "Portkey Error: Missing API Key. Error Code: 01",
    },
    "openrouter": {
        "error": {"code": 401, "message": "No auth credentials found"},
        "user_id": "24a1",
    },
}


@pytest.mark.parametrize("flavour", PLACES)
def test_no_key(flavour: str) -> None:
    keys = ("Authorization", "x-api-key", "x-portkey-api-key")
    reply = ask(without(PLACES[flavour], *keys))
    expected, answer = NO_KEY[flavour], said(reply)
    for name in ("request_id", "user_id"):  # drawn from the request
        if name in expected:
            answer[name] = expected[name]
    assert (reply.status, answer) == (401, expected)


@pytest.mark.parametrize("flavour", PLACES)
def test_a_key_that_is_not_valid(flavour: str) -> None:
    path, headers = PLACES[flavour]
    bad = {
        name: value.replace("k", "invalid") if value in ("k", "Bearer k") else value
        for name, value in headers.items()
    }
    bad = {
        name: "Bearer invalid" if name == "Authorization" else value for name, value in bad.items()
    }
    assert ask((path, bad)).status == 401


def test_snowflake_wants_the_type_of_the_token() -> None:
    reply = ask(without(CORTEX, "X-Snowflake-Authorization-Token-Type"))
    assert reply.status == 401
    assert said(reply)["message"] == "Invalid or missing X-Snowflake-Authorization-Token-Type."
    session = {"Authorization": 'Snowflake Token="abc"'}
    assert ask((CORTEX[0], session)).status == 200


def test_portkey_wants_to_know_the_provider() -> None:
    place = without(PORTKEY, "x-portkey-provider")
    reply = ask(place)
    message = "Either x-portkey-config or x-portkey-provider header is required"
    assert (reply.status, said(reply)) == (400, {"status": "failure", "message": message})
    assert ask(place, model="@openai/gpt-5").status == 200


def test_anthropic_wants_its_version_and_a_limit() -> None:
    reply = ask(without(ANTHROPIC, "anthropic-version"))
    assert (reply.status, said(reply)["error"]["message"]) == (
        400,
        "anthropic-version: header is required",
    )
    reply = ask(ANTHROPIC, max_tokens=None)
    assert (reply.status, said(reply)["error"]["message"]) == (400, "max_tokens: Field required")


@pytest.mark.parametrize(
    ("flavour", "status", "message"),
    [
        (
            "openai",
            404,
            "The model `unknown-model` does not exist or you do not have access to it.",
        ),
        ("anthropic", 404, "model: unknown-model"),
        ("cortex", 400, "unknown model unknown-model"),
        (
            "portkey",
            404,
            "openai error: The model `unknown-model` does not exist or you do not have access to it.",
        ),
        ("openrouter", 400, "unknown-model is not a valid model ID"),
    ],
)
def test_an_unknown_model(flavour: str, status: int, message: str) -> None:
    reply = ask(PLACES[flavour], model="unknown-model")
    answer = said(reply)
    assert (reply.status, answer.get("error", answer)["message"]) == (status, message)


def test_the_headers_of_portkey() -> None:
    path, headers = PORTKEY
    config = json.dumps({"cache": {"mode": "simple"}, "targets": [{"provider": "openai"}]})
    reply = ask((path, headers | {"x-portkey-trace-id": "t1", "x-portkey-config": config}))
    assert reply.headers[:-1] == (
        ("content-type", "application/json"),
        ("x-portkey-trace-id", "t1"),
        ("x-portkey-retry-attempt-count", "0"),
        ("x-portkey-cache-status", "MISS"),
        ("x-portkey-provider", "openai"),
        ("x-portkey-last-used-option-index", "config.targets[0]"),
        ("x-simulated", "true"),
    )


def test_a_header_that_is_sent_back_stays_one_line() -> None:
    path, headers = PORTKEY
    reply = ask((path, headers | {"x-portkey-trace-id": "a\r\n b: é"}))
    assert dict(reply.headers)["x-portkey-trace-id"] == "a b: ?"


def test_portkey_says_no_in_its_own_words_or_in_the_providers() -> None:
    assert said(ask(PORTKEY, "412")) == {
        "status": "failure",
        "message": "The budget of this key is exhausted. (simulated)",
    }
    assert said(ask(PORTKEY, "429")) == {
        "error": {
            "message": "openai error: The rate limit is reached. (simulated)",
            "type": "rate_limit_error",
            "param": None,
            "code": "rate_limit_exceeded",
        },
        "provider": "openai",
    }
    assert said(ask(PORTKEY, "408"))["error"]["type"] == "timeout_error"
    denied = said(ask(PORTKEY, "446"))
    assert denied["error"]["type"] == "hooks_failed"
    assert denied["hook_results"]["before_request_hooks"][0]["verdict"] is False


def test_portkey_answers_though_a_guardrail_failed() -> None:
    reply = ask(PORTKEY, "246")
    answer = said(reply)
    hooks = answer.pop("hook_results")
    assert (reply.status, answer) == (246, said(ask(PORTKEY)))
    assert hooks["before_request_hooks"][0]["verdict"] is False
    assert ask(PORTKEY, "246", stream=True).status == 246


def test_openrouter_tells_the_cost() -> None:
    assert said(ask(OPENROUTER))["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": 29,
        "total_tokens": 32,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
        "cost": 6.1e-05,
        "is_byok": False,
        "cost_details": {
            "upstream_inference_cost": 6.1e-05,
            "upstream_inference_prompt_cost": 3e-06,
            "upstream_inference_completions_cost": 5.8e-05,
        },
    }


def test_openrouter_bills_its_fee_for_ones_own_key_and_nothing_for_free_models() -> None:
    own = said(ask((OPENROUTER[0], {"Authorization": "Bearer byok"})))["usage"]
    assert (own["cost"], own["is_byok"]) == (3.05e-06, True)
    assert own["cost_details"]["upstream_inference_cost"] == 6.1e-05
    assert said(ask(OPENROUTER, model="a/b:free"))["usage"]["cost"] == 0


def test_openrouter_streams_comments_and_always_usage() -> None:
    reply = ask(OPENROUTER, stream=True)
    assert reply.chunks[0] == b": OPENROUTER PROCESSING\n\n"
    assert events(reply)[-1]["choices"] == []
    assert events(reply)[-1]["usage"]["cost"] == 6.1e-05


def test_openrouter_takes_the_first_model_that_exists() -> None:
    assert (
        said(ask(OPENROUTER, model="unknown-model", models=["x/unknown-model", "b/c"]))["model"]
        == "b/c"
    )


def test_openrouter_breaks_off_with_an_error() -> None:
    last = events(ask(OPENROUTER, "error_event", stream=True))[-1]
    message = "The upstream provider answered with something invalid. (simulated)"
    assert last["error"] == {
        "code": 502,
        "message": message,
        "metadata": {"provider_name": "Simulated", "raw": message},
    }
    assert last["choices"] == [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]


def test_openrouter_fails_in_a_body_with_status_200() -> None:
    reply = ask(OPENROUTER, "error_first")
    assert (reply.status, said(reply)["error"]["code"]) == (200, 502)


def test_snowflake_breaks_off_with_an_event_without_choices() -> None:
    last = events(ask(CORTEX, "error_event", stream=True))[-1]
    request_id = last["error"].pop("request_id")
    assert last == {"error": {"message": "The server had an error. (simulated)", "code": "500"}}
    assert len(request_id) == 36


def test_snowflakes_embeddings_are_lists_within_lists() -> None:
    place = ("/api/v2/cortex/inference:embed", CORTEX[1])
    answer = said(ask(place, model="snowflake-arctic-embed-m-v1.5", text=["one", "two"]))
    assert [[len(vector) for vector in row["embedding"]] for row in answer["data"]] == [
        [768],
        [768],
    ]
    assert answer["usage"] == {"total_tokens": 2}


def test_snowflakes_older_completion() -> None:
    place = ("/api/v2/cortex/inference:complete", CORTEX[1])
    whole, streamed = ask(place), ask(place, stream=True)
    text = said(whole)["choices"][0]["message"]["content"]
    chunks = events(streamed)
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == text
    assert chunks[-1]["usage"] == said(whole)["usage"]
    assert b"[DONE]" not in streamed.chunks[-1]
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    formed = said(ask(place, response_format={"type": "json", "schema": schema}))
    assert json.loads(formed["choices"][0]["message"]["content"]) == {"city": "simulated city"}


def test_a_key_is_described_by_openrouter_alone() -> None:
    signed = {"Authorization": "Bearer k"}
    found = Simulator().respond("GET", "/api/v1/key", signed, b"")
    assert (found.status, said(found)["data"]["limit"]) == (200, None)
    assert Simulator().respond("GET", "/api/v1/key", {}, b"").status == 401
    assert Simulator().respond("POST", "/api/v1/key", signed, b"{}").status == 405
    assert Simulator().respond("GET", "/v1/key", signed, b"").status == 404


def test_the_lists_of_models() -> None:
    def listed(path: str, headers: dict[str, str]) -> list[Any]:
        answer = said(Simulator().respond("GET", path, headers, b""))
        rows: list[Any] = answer["data"]
        return rows

    assert [row["id"] for row in listed("/v1/models", OPENAI[1])] == [
        "small",
        "large",
        "small-embedding",
    ]
    assert [row["type"] for row in listed("/v1/models", ANTHROPIC[1])] == ["model"] * 3
    assert listed("/api/v1/models", {})[0]["pricing"] == {
        "prompt": "0.000001",
        "completion": "0.000002",
        "request": "0",
    }


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
def test_an_answer_without_usage(path: str, stream: bool) -> None:
    headers = {**OPENAI[1], **ANTHROPIC[1]}
    options = {"include_usage": True}
    good = ask((path, headers), stream=stream, input="hello", stream_options=options)
    bad = ask((path, headers), "no_usage", stream=stream, input="hello", stream_options=options)
    assert b"_tokens" in b"".join(good.chunks)
    assert b"_tokens" not in b"".join(bad.chunks)
