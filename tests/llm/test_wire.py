"""What each provider is sent: address, key, labels, model and body as its documentation says."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from partners import KEY, completion, provider, reply

from sophia_cli.llm import ConfigError, labels, load_config
from sophia_cli.llm.prices import Price
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.providers.snowflake import JWT, OAUTH, PAT

HI = [{"role": "user", "content": "hi"}]


def cortex(tmp_path: Path, url: str, **environ: str) -> Provider:
    """Cortex as the environment configures it, at a loopback address."""
    found = {"SNOWFLAKE_ACCOUNT": "org-acc", "SNOWFLAKE_HOST_URL": url, **environ}
    return load_config(found, tmp_path).providers["cortex"]


@pytest.mark.parametrize(
    ("variable", "kind"),
    [("SNOWFLAKE_PAT", PAT), ("SNOWFLAKE_JWT", JWT), ("SNOWFLAKE_OAUTH_TOKEN", OAUTH)],
)
def test_cortex_says_what_kind_of_token_it_has(
    simulated: Any, service: Any, tmp_path: Path, variable: str, kind: str
) -> None:
    server = simulated()
    asked = service(cortex(tmp_path, server.url, **{variable: KEY}), routes={})
    asked.complete_text_sync("hi", task_type="sql_generation", max_tokens=50)
    request = server.requests[0]
    assert request.path == "/api/v2/cortex/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-snowflake-authorization-token-type"] == kind
    assert json.loads(request.body) == {
        "messages": HI,
        "model": "openai-gpt-5",
        "max_completion_tokens": 50,
    }


def test_cortex_signs_in_with_a_key_pair(simulated: Any, service: Any, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "key.p8"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = simulated()
    known = cortex(tmp_path, server.url, SNOWFLAKE_PRIVATE_KEY_PATH=str(path), SNOWFLAKE_USER="ann")
    service(known, routes={}).complete_text_sync("hi", task_type="data_analysis")
    headers = server.requests[0].headers
    assert headers["x-snowflake-authorization-token-type"] == JWT
    head, claims, signature = headers["authorization"].removeprefix("Bearer ").split(".")
    key.public_key().verify(
        _unpadded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    said = json.loads(_unpadded(claims))
    assert said["sub"] == "ORG-ACC.ANN"
    assert said["iss"].startswith("ORG-ACC.ANN.SHA256:")
    assert said["exp"] - said["iat"] == 3600


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_key_that_cannot_be_read_is_an_error_with_its_path(service: Any, tmp_path: Path) -> None:
    path = tmp_path / "none.p8"
    known = cortex(
        tmp_path,
        "http://127.0.0.1:9",
        SNOWFLAKE_PRIVATE_KEY_PATH=str(path),
        SNOWFLAKE_USER="ann",
    )
    asked = service(known, routes={})
    with pytest.raises(ConfigError, match=str(path)):
        asked.complete_text_sync("hi", task_type="data_analysis")
    assert asked.engine.ledger.read("SELECT outcome, error_kind FROM calls") == [
        ("error", "config")
    ]


def test_cortex_embeds_its_own_way_and_answers_ours(
    simulated: Any, service: Any, tmp_path: Path
) -> None:
    server = simulated()
    asked = service(cortex(tmp_path, server.url, SNOWFLAKE_PAT=KEY), routes={})
    vectors = asked.embed_sync(["one", "two"])
    assert len(vectors) == 2 and all(isinstance(value, float) for value in vectors[0])
    request = server.requests[0]
    assert request.path == "/api/v2/cortex/inference:embed"
    assert json.loads(request.body) == {
        "text": ["one", "two"],
        "model": "snowflake-arctic-embed-l-v2.0",
    }


def test_portkey_gets_trace_metadata_and_slug(simulated: Any, service: Any) -> None:
    server = simulated()
    asked = service(
        provider("portkey", f"{server.url}/v1", "portkey", slugs={"openai": "azure-eu"}), routes={}
    )
    answer = asked.complete_response_sync(
        "hi", model="gpt-5", user="ann", service="shop", task_type="code_generation"
    )
    headers = server.requests[0].headers
    assert headers["x-portkey-api-key"] == KEY
    assert headers["x-portkey-trace-id"] == answer.call_id
    assert json.loads(headers["x-portkey-metadata"]) == {
        "_user": "ann",
        "service": "shop",
        "task": "code_generation",
    }
    assert json.loads(server.requests[0].body)["model"] == "@azure-eu/gpt-5"
    assert "authorization" not in headers


def test_a_user_may_be_any_object_with_a_name(simulated: Any, service: Any) -> None:
    server = simulated()
    asked = service(provider("portkey", f"{server.url}/v1", "portkey"), routes={})
    user = uuid.UUID(int=7)
    asked.complete_text_sync("hi", model="gpt-5", user=user)
    with labels(user=user):  # type: ignore[arg-type]
        asked.complete_text_sync("hi", model="gpt-5")
    said = [json.loads(request.headers["x-portkey-metadata"]) for request in server.requests]
    assert said == [{"_user": str(user)}] * 2


def test_portkey_with_a_virtual_key_leaves_the_model_alone(simulated: Any, service: Any) -> None:
    server = simulated()
    known = provider("portkey", f"{server.url}/v1", "portkey", virtual_key="vk-1", config="pc-2")
    service(known, routes={}).complete_text_sync("hi", model="gpt-5")
    headers = server.requests[0].headers
    assert (headers["x-portkey-virtual-key"], headers["x-portkey-config"]) == ("vk-1", "pc-2")
    assert json.loads(server.requests[0].body)["model"] == "gpt-5"


COSTS = [
    ({"cost": 0.25}, 250_000_000),
    ({"cost": 0.25, "cost_details": {"upstream_inference_cost": 0.25}}, 250_000_000),
    (
        {"cost": 0.0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}},
        500_000_000,
    ),
    (
        {"cost": 0.025, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}},
        525_000_000,
    ),
    ({"cost": 0.1, "is_byok": True}, 100_000_000),
    ({"cost": 0}, 0),
    ({}, None),
]


@pytest.mark.parametrize(("usage", "nano"), COSTS)
def test_what_openrouter_says_it_cost(
    scripted: Any, service: Any, usage: dict[str, Any], nano: int | None
) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, **usage}
    server = scripted(reply(completion(usage=usage)))
    asked = service(provider("openrouter", server.url, "openrouter"))
    asked.complete_text_sync("hi")
    rows = asked.engine.ledger.read("SELECT cost_nano, cost_source FROM calls")
    assert rows == [(nano, "" if nano is None else "provider")]


def test_cached_tokens_have_their_own_price(scripted: Any, service: Any) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 80},
    }
    server = scripted(reply(completion(usage=usage)))
    price = Price(1.0, 4.0, cached=0.1, source="list", as_of="2026-11-01")
    asked = service(provider("p", server.url), prices={"p/m": price})
    asked.complete_text_sync("hi")
    rows = asked.engine.ledger.read("SELECT cost_nano, cost_source FROM calls")
    assert rows == [(20_000 + 8_000 + 40_000, "list 2026-11-01")]


def test_openai_s_reasoning_models_get_their_limit_renamed(simulated: Any, service: Any) -> None:
    server = simulated()
    asked = service(provider("openai", f"{server.url}/v1"), routes={})
    asked.complete_text_sync("hi", model="openai/gpt-5", max_tokens=9, stop=["x"])
    asked.complete_text_sync("hi", model="openai/gpt-4o", max_tokens=9)
    first, second = (json.loads(request.body) for request in server.requests)
    assert first == {
        "messages": HI,
        "model": "gpt-5",
        "max_completion_tokens": 9,
        "stop": ["x"],
    }
    assert second == {"messages": HI, "model": "gpt-4o", "max_tokens": 9}
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_anthropic_is_asked_in_openai_s_dialect_with_its_own_key(
    simulated: Any, service: Any
) -> None:
    server = simulated()
    asked = service(provider("anthropic", server.url, "anthropic"), routes={})
    assert "simulated" in asked.complete_text_sync("hi", model="claude-sonnet-4-6")
    request = server.requests[0]
    assert request.path == "/v1/chat/completions"
    assert request.headers["x-api-key"] == KEY
    assert request.headers["anthropic-version"] == "2023-06-01"


def test_everything_that_was_given_is_sent(simulated: Any, service: Any) -> None:
    server = simulated()
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    asked = service(provider("p", f"{server.url}/v1"))
    asked.complete_text_sync(
        "hi",
        messages=[{"role": "assistant", "content": "before"}],
        system="be brief",
        tools=[tool],
        response_format={"type": "json_object"},
        temperature=0.0,
        extra={"top_p": 0.5, "seed": 7},
    )
    assert json.loads(server.requests[0].body) == {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "assistant", "content": "before"},
            {"role": "user", "content": "hi"},
        ],
        "tools": [tool],
        "response_format": {"type": "json_object"},
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": 7,
        "model": "m",
    }


def test_a_stream_is_asked_for_its_usage_but_not_at_openrouter(
    simulated: Any, service: Any
) -> None:
    server = simulated()
    openai = ("openai", "/v1", {"include_usage": True})
    for kind, path, options in (openai, ("openrouter", "/api/v1", None)):
        asked = service(provider(kind, server.url + path, kind))
        list(asked.complete_sync("hi"))
        assert json.loads(server.requests[-1].body).get("stream_options") == options
        assert asked.engine.ledger.read("SELECT tokens_out > 0 FROM calls")[-1] == (1,)
