"""What Portkey and OpenRouter are sent beside the call itself: whole requests, as their guides say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from partners import Asked, ScriptedServer, completion, reply

from sophia_cli.llm import (
    ConfigError,
    NoRoute,
    NotConfigured,
    UnifiedLLMService,
    labels,
    load_config,
)
from sophia_cli.llm.providers import KINDS

ENVIRON = {
    "PORTKEY_API_KEY": "portkey-0123456789",
    "OPENROUTER_API_KEY": "openrouter-0123456789",
    "VK_BILLING": "vk-from-the-environment",
}
HI = [{"role": "user", "content": "hi"}]
# What httpx and the connection add.
_OF_THE_CONNECTION = (
    "host",
    "connection",
    "accept",
    "accept-encoding",
    "user-agent",
    "content-length",
)

Start = Callable[[str], UnifiedLLMService]


@pytest.fixture
def server(scripted: Callable[..., ScriptedServer]) -> ScriptedServer:
    return scripted(reply(completion()))


@pytest.fixture
def start(closing: Any, tmp_path: Path, server: ScriptedServer) -> Start:
    """Open a service over a `sophia.toml` in which $URL is the server's address."""

    def opened(text: str) -> UnifiedLLMService:
        (tmp_path / "sophia.toml").write_text(text.replace("$URL", server.url))
        environ = {**ENVIRON, "SOPHIA_LEDGER": str(tmp_path / "ledger.sqlite3")}
        asked = UnifiedLLMService(load_config(environ, tmp_path))
        closing.callback(asked.close)
        return asked

    return opened


def shown(asked: Asked) -> tuple[str, dict[str, str], Any]:
    """Path, headers and body of a request."""
    headers = {n: v for n, v in asked.headers.items() if n not in _OF_THE_CONNECTION}
    return asked.path, headers, asked.json


PORTKEY = '[providers.portkey]\nbase_url = "$URL/v1"\n'


def portkey(call_id: str, **headers: str) -> dict[str, str]:
    named = {f"x-portkey-{name.replace('_', '-')}": value for name, value in headers.items()}
    return {
        "content-type": "application/json",
        "x-portkey-api-key": ENVIRON["PORTKEY_API_KEY"],
        "x-portkey-trace-id": call_id,
        **named,
    }


def test_portkey_without_options_gets_key_trace_and_slug(
    start: Start, server: ScriptedServer
) -> None:
    answer = start(PORTKEY).complete_response_sync("hi", model="gpt-5")
    body = {"messages": HI, "model": "@openai/gpt-5"}
    assert shown(server.requests[0]) == ("/v1/chat/completions", portkey(answer.call_id), body)


SERVICES = """
virtual_key = "vk-default"
[providers.portkey.virtual_keys]
billing = "env:VK_BILLING"
catalogue = "vk-catalogue"
missing = "env:VK_MISSING"
[providers.portkey.configs]
billing = "pc-billing"
search = "pc-search"
"""


def test_each_service_has_its_virtual_key_and_config(start: Start, server: ScriptedServer) -> None:
    asked = start(PORTKEY + SERVICES)
    for service, headers in (
        ("", {"virtual_key": "vk-default"}),
        ("unnamed", {"virtual_key": "vk-default"}),
        ("billing", {"virtual_key": "vk-from-the-environment", "config": "pc-billing"}),
        ("catalogue", {"virtual_key": "vk-catalogue"}),
        ("search", {"virtual_key": "vk-default", "config": "pc-search"}),
    ):
        answer = asked.complete_response_sync("hi", model="gpt-5", service=service)
        if service:
            headers = {"metadata": f'{{"service": "{service}"}}', **headers}
        body = {"messages": HI, "model": "gpt-5"}
        expected = ("/v1/chat/completions", portkey(answer.call_id, **headers), body)
        assert shown(server.requests[-1]) == expected


def test_only_services_with_a_virtual_key_do_without_a_slug(
    start: Start, server: ScriptedServer
) -> None:
    asked = start(f'{PORTKEY}[providers.portkey.virtual_keys]\ncatalogue = "vk-1"\n')
    for service, model in (("catalogue", "gpt-5"), ("other", "@openai/gpt-5")):
        asked.complete_text_sync("hi", model="gpt-5", service=service)
        assert server.requests[-1].json["model"] == model


def test_a_virtual_key_that_is_not_set_is_missing_for_its_service_alone(
    start: Start, server: ScriptedServer
) -> None:
    asked = start(PORTKEY + SERVICES)
    with pytest.raises(NoRoute, match="portkey: VK_MISSING is not set"):
        asked.complete_text_sync("hi", model="portkey/gpt-5", service="missing")
    assert server.requests == []
    asked.complete_text_sync("hi", model="gpt-5", service="billing")
    for_all = start(PORTKEY + 'config = "env:PC_MISSING"\n')
    with pytest.raises(NotConfigured) as caught:
        for_all.complete_text_sync("hi", provider="portkey")
    assert (caught.value.message, caught.value.mend) == (
        "portkey is not configured: PC_MISSING is not set",
        "export PC_MISSING=...",
    )


def test_a_virtual_key_is_never_shown(start: Start) -> None:
    config = start(PORTKEY + SERVICES).engine.config
    assert "vk-from-the-environment" not in repr(config.providers["portkey"])
    assert "vk-from-the-environment" not in str(config.providers["portkey"].for_service("billing"))


def test_portkey_s_metadata_are_labels_and_the_call_s_own_words(
    start: Start, server: ScriptedServer
) -> None:
    own = {"order": "4711", "long": "ü" * 200, "count": 3, "team": "not this one", "none": None}
    answer = start(PORTKEY + '[data_classes]\nopen = ["portkey"]\n').complete_response_sync(
        "hi", model="gpt-5", user="ann", service="shop", team="data", task_type="bulk",
        data_class="open", metadata=own,
    )  # fmt: skip
    _, headers, _ = shown(server.requests[0])
    long = "\\u00fc" * 128
    assert headers == portkey(
        answer.call_id,
        metadata=f'{{"order": "4711", "long": "{long}", "team": "data", "_user": "ann", '
        '"service": "shop", "task": "bulk", "data_class": "open"}',
    )


def test_a_session_is_one_trace(start: Start, server: ScriptedServer) -> None:
    asked = start(PORTKEY)
    with labels(session="conversation 7"):
        asked.complete_text_sync("hi", model="gpt-5")
    asked.complete_text_sync("hi", model="gpt-5", session="gespräch\n7")
    traces = [request.headers["x-portkey-trace-id"] for request in server.requests]
    assert traces == ["conversation 7", "gespr%C3%A4ch%0A7"]


OPENROUTER = """
[providers.openrouter]
base_url = "$URL/api/v1"
fallback_models = ["openai/gpt-5", "qwen/qwen3-coder"]
title = "The Shop"
referer = "https://shop.example"
[providers.openrouter.preferences]
order = ["deepinfra", "together"]
only = ["deepinfra", "together"]
ignore = ["azure"]
allow_fallbacks = false
require_parameters = true
data_collection = "deny"
zdr = true
quantizations = ["fp8"]
sort = "price"
max_price = {prompt = 1, completion = 2.5}
"""
PREFERENCES = {
    "order": ["deepinfra", "together"],
    "only": ["deepinfra", "together"],
    "ignore": ["azure"],
    "allow_fallbacks": False,
    "require_parameters": True,
    "data_collection": "deny",
    "zdr": True,
    "quantizations": ["fp8"],
    "sort": "price",
    "max_price": {"prompt": 1, "completion": 2.5},
}


def test_openrouter_without_options_is_sent_the_call_alone(
    start: Start, server: ScriptedServer
) -> None:
    start('[providers.openrouter]\nbase_url = "$URL/api/v1"\n').complete_text_sync(
        "hi", model="gpt-5"
    )
    assert shown(server.requests[0]) == (
        "/api/v1/chat/completions",
        {
            "content-type": "application/json",
            "authorization": f"Bearer {ENVIRON['OPENROUTER_API_KEY']}",
        },
        {"messages": HI, "model": "openai/gpt-5"},
    )


def test_openrouter_gets_fallbacks_preferences_and_attribution(
    start: Start, server: ScriptedServer
) -> None:
    start(OPENROUTER).complete_text_sync("hi", model="gpt-5")
    assert shown(server.requests[0]) == (
        "/api/v1/chat/completions",
        {
            "content-type": "application/json",
            "authorization": f"Bearer {ENVIRON['OPENROUTER_API_KEY']}",
            "http-referer": "https://shop.example",
            "x-openrouter-title": "The Shop",
        },
        {
            "messages": HI,
            "model": "openai/gpt-5",
            "models": ["qwen/qwen3-coder"],
            "provider": PREFERENCES,
        },
    )


def test_what_the_call_says_itself_goes_before(start: Start, server: ScriptedServer) -> None:
    own = {"models": ["a/b"], "provider": {"sort": "latency"}}
    start(OPENROUTER).complete_text_sync("hi", model="gpt-5", extra=own)
    assert server.requests[0].json == {"messages": HI, "model": "openai/gpt-5", **own}


def test_embeddings_have_preferences_but_no_other_model(
    start: Start, server: ScriptedServer
) -> None:
    vectors = {"data": [{"index": 0, "embedding": [0.5]}]}
    server._replies[:] = [reply(vectors)]
    start(OPENROUTER).embed_sync("hi")
    body = {"input": "hi", "model": "openai/text-embedding-3-small", "provider": PREFERENCES}
    assert server.requests[0].json == body


def test_anthropic_s_dialect_has_its_own_word_for_fallbacks(tmp_path: Path) -> None:
    (tmp_path / "sophia.toml").write_text(OPENROUTER.replace("$URL", "http://x"))
    known = load_config(ENVIRON, tmp_path).providers["openrouter"]
    extend = KINDS["openrouter"].extend_body
    fallbacks = [{"model": "openai/gpt-5"}, {"model": "qwen/qwen3-coder"}]
    body = {"model": "anthropic/claude-sonnet-4.6"}
    assert extend(known, "messages", body) == {
        **body,
        "fallbacks": fallbacks,
        "provider": PREFERENCES,
    }
    own = {**body, "fallbacks": [], "provider": {}}
    assert extend(known, "messages", own) == own


WRONG = [
    (
        '[providers.openrouter.preferences]\nsorting = "price"\n',
        "[providers.openrouter.preferences] has no key 'sorting'",
        "allowed: order, only, ignore, allow_fallbacks, require_parameters, data_collection, zdr,",
    ),
    (
        '[providers.openrouter.preferences]\nzdr = "yes"\n',
        "[providers.openrouter.preferences] zdr must be true or false, not 'yes'",
        "",
    ),
    (
        "[providers.openrouter.preferences]\norder = [1]\n",
        "[providers.openrouter.preferences] order must be a list of strings, not [1]",
        "",
    ),
    (
        "[providers.openrouter.preferences]\npreferred_max_latency = true\n",
        "[providers.openrouter.preferences] preferred_max_latency must be a number, or a table of "
        "percentiles, not True",
        "",
    ),
    (
        "[providers.openrouter]\npreferences = 3\n",
        "[providers.openrouter] preferences must be a table, not 3",
        "",
    ),
    (
        '[providers.openrouter]\nfallback_models = "a/b"\n',
        "[providers.openrouter] fallback_models must be a list of strings, not 'a/b'",
        "",
    ),
    (
        '[providers.openrouter]\ntitle = "Größe"\n',
        "[providers.openrouter] title must be plain ASCII, not 'Größe'",
        "",
    ),
    (
        '[providers.portkey]\nvirtual_keys = "vk"\n',
        "[providers.portkey] virtual_keys must be a table of strings, not 'vk'",
        "",
    ),
    (
        "[providers.portkey.configs]\nbilling = 3\n",
        "[providers.portkey] configs must be a table of strings, not {'billing': 3}",
        "",
    ),
    (
        '[providers.portkey.virtual_keys]\nbilling = "clé"\n',
        "[providers.portkey] virtual_keys must be plain ASCII without spaces, not 'clé'",
        "",
    ),
]


@pytest.mark.parametrize(("text", "words", "mend"), WRONG)
def test_options_that_cannot_be_sent_are_said(
    tmp_path: Path, text: str, words: str, mend: str
) -> None:
    (tmp_path / "sophia.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config({}, tmp_path)
    line = 1 if text.partition("]")[0].count(".") > 1 else 2  # that of the key, or of its own table
    assert caught.value.message == f"{tmp_path}/sophia.toml:{line}: {words}"
    assert caught.value.mend.startswith(mend)
