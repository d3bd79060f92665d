"""Who gets which price: whom no list is about first, then the order of the sources."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from partners import completion, provider, reply

from sophia_cli.llm import Config
from sophia_cli.llm.prices import Price, price_of
from sophia_cli.llm.providers import KINDS, Provider

GPT = (1.75, 14, 0.175)
LISTED = "genai-prices 0.2.3"


def at(kind: str, name: str = "", base_url: str = "", **options: Any) -> Provider:
    return Provider(name or kind, kind, base_url or KINDS[kind].base_url, options=options)


def config_of(*providers: Provider, **settings: Any) -> Config:
    return Config(providers={known.name: known for known in providers}, **settings)


UNPRICED = {
    "a model on this machine": (at("openai", "local", "http://127.0.0.1:11434/v1"), "gpt-4"),
    "a company gateway": (at("openai", "gateway", "https://llm.example/v1"), "gpt-5.2"),
    "OpenAI's name, somebody's address": (at("openai", base_url="http://127.0.0.1:9/v1"), "gpt-4"),
    "an address that begins alike": (
        at("openai", base_url="https://api.openai.com.example/v1"),
        "gpt-4",
    ),
    "an endpoint of Azure": (at("openai", "az", "https://a.openai.azure.com/openai"), "gpt-4o"),
    "a slug that nobody explained": (at("portkey"), "@prod/gpt-5.2"),
    "a slug without a model": (at("portkey"), "@openai"),
    "a virtual key, no vendor's model": (at("portkey", virtual_key="vk"), "llama-3"),
    "Cortex": (at("cortex", base_url="https://a.snowflakecomputing.com"), "openai-gpt-5"),
    "Cortex under the vendor's name": (
        at("cortex", base_url="https://a.example"),
        "claude-4-sonnet",
    ),
    "the simulator": (at("simulator"), "gpt-5.2"),
    "a model of tomorrow": (at("openai"), "gpt-99"),
    "a router's choice": (at("openrouter"), "openrouter/auto"),
    "a model that is billed by the picture": (at("openai"), "gpt-image-1"),
    "free on one page, priced on none": (at("portkey"), "@google/gemma-3"),
    "no model": (at("openai"), ""),
}


@pytest.mark.parametrize(("known", "model"), UNPRICED.values(), ids=UNPRICED.keys())
def test_left_unpriced(known: Provider, model: str) -> None:
    assert price_of(config_of(known), known.name, model) is None


def test_nobody_s_models_are_unpriced() -> None:
    assert price_of(Config(), "origin", "gpt-5.2") is None


PRICED = {
    "OpenAI itself": (at("openai"), "gpt-5.2", GPT, LISTED),
    "OpenAI under another name": (
        at("openai", "main", "https://api.openai.com/v1"),
        "gpt-5.2-2025-12-11",
        GPT,
        LISTED,
    ),
    "a date in one piece": (at("openai"), "gpt-5.2-20251211", GPT, LISTED),
    "Anthropic": (at("anthropic"), "claude-sonnet-4-6", (3, 15, 0.3), LISTED),
    "another vendor's own address": (
        at("openai", "groq", "https://api.groq.com/openai/v1"),
        "openai/gpt-oss-120b",
        (0.15, 0.6, 0.075),
        LISTED,
    ),
    "OpenRouter": (at("openrouter"), "openai/gpt-5.2", GPT, LISTED),
    "free, and said so": (at("openrouter"), "deepseek/deepseek-r1:free", (0, 0, None), LISTED),
    "a slug of Portkey": (at("portkey"), "@openai/gpt-5.2", GPT, LISTED),
    "Portkey's word for a vendor": (at("portkey"), "@azure-openai/gpt-4o", (2.5, 10, 1.25), LISTED),
    "a slug of ours": (at("portkey", slugs={"openai": "prod"}), "@prod/gpt-5.2", GPT, LISTED),
    "a slug of ours for OpenRouter": (
        at("portkey", slugs={"openrouter": "or"}),
        "@or/openai/gpt-5.2",
        GPT,
        LISTED,
    ),
    "a provider in a header": (at("portkey", provider="openai"), "gpt-5.2", GPT, LISTED),
    "a virtual key": (
        at("portkey", virtual_key="vk"),
        "gpt-5.2",
        GPT,
        f"{LISTED}, openai by model name",
    ),
    "embeddings": (at("openai"), "text-embedding-3-small", (0.02, 0, None), LISTED),
}


@pytest.mark.parametrize(("known", "model", "rates", "source"), PRICED.values(), ids=PRICED.keys())
def test_priced(known: Provider, model: str, rates: tuple[Any, ...], source: str) -> None:
    price = price_of(config_of(known), known.name, model)
    assert price is not None
    assert (price.input, price.output, price.cached) == rates
    assert (price.source, price.as_of) == (source, "2026-11-10")


OWN = Price(1.0, 2.0, as_of="2026-11-01")
FRESH = {
    "base_url": KINDS["openrouter"].base_url,
    "as_of": "2026-11-20",
    "models": {
        "openai/gpt-5.2": [{"input": 1.5, "output": 12}],
        "new/one": [{"input": 1, "output": 3}],
        "broken/one": [{"input": -1, "output": 3}],
    },
}


def fresh_list(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({**FRESH, **changes}))
    return path


def test_the_first_source_that_knows_it(tmp_path: Path) -> None:
    known = at("openrouter")
    settings = {"openrouter_prices": fresh_list(tmp_path)}
    fresh = price_of(config_of(known, **settings), "openrouter", "openai/gpt-5.2")
    assert fresh == Price(1.5, 12, source="openrouter", as_of="2026-11-20")
    own = config_of(known, **settings, prices={"openrouter/openai/gpt-5.2": OWN})
    assert price_of(own, "openrouter", "openai/gpt-5.2") is OWN
    new = price_of(own, "openrouter", "new/one")
    assert new == Price(1, 3, source="openrouter", as_of="2026-11-20")
    listed = price_of(own, "openrouter", "openai/gpt-5-mini")
    assert listed is not None and listed.source == LISTED


def test_another_endpoint_s_list_says_nothing(tmp_path: Path) -> None:
    path = fresh_list(tmp_path, base_url="http://127.0.0.1:9/api/v1")
    config = config_of(at("openrouter"), openrouter_prices=path)
    price = price_of(config, "openrouter", "openai/gpt-5.2")
    assert price is not None and price.source == LISTED


def test_a_price_in_the_list_that_cannot_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of(at("openrouter"), openrouter_prices=fresh_list(tmp_path))
    assert price_of(config, "openrouter", "broken/one") is None
    assert caplog.messages == ["the price of openrouter/broken/one cannot be used: input is -1"]


DAMAGED = {
    "no JSON": b"{",
    "no list": b"[]",
    "no models": b'{"base_url": "x", "as_of": "x", "models": 3}',
    "bytes": b"\xff\x00",
    "empty": b"",
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_list_leaves_the_catalogue(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(data)
    config = config_of(at("openrouter"), openrouter_prices=path)
    for model in ("openai/gpt-5.2", "openai/gpt-5-nano"):
        price = price_of(config, "openrouter", model)
        assert price is not None and price.source == LISTED
    problems = [text for text in caplog.messages if text.startswith(f"the price list {path} ")]
    assert len(problems) == 1


def test_remembered_with_the_configuration(tmp_path: Path) -> None:
    config = config_of(at("openai"))
    first = price_of(config, "openai", "gpt-5.2")
    assert price_of(config, "openai", "gpt-5.2") is first is not None
    assert (
        price_of(config_of(at("openai"), prices={"openai/gpt-5.2": OWN}), "openai", "gpt-5.2")
        is OWN
    )


def test_many_names_do_not_fill_the_memory() -> None:
    config = config_of(at("simulator"))
    for number in range(10_050):
        price_of(config, "simulator", f"m{number}")
    assert len(config.priced) == 50


def test_a_model_that_ends_soon_is_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3):  # switched off on 2026-10-23
        price_of(config_of(at("openai")), "openai", GONE)
    [record] = caplog.records
    assert record.name == "sophia_cli.llm.prices"
    assert record.getMessage().startswith(f"openai/{GONE} retired ")


GONE = "gpt-4-1106-preview"


def test_a_call_is_booked_with_source_and_date(scripted: Any, service: Any) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    server = scripted(reply(completion(usage=usage)))
    asked = service(
        provider("portkey", server.url, "portkey"),
        routes={"default": (("portkey", "@openai/gpt-5.2"),)},
    )
    response = asked.complete_response_sync("hi")
    assert response.cost_usd == pytest.approx(0.00175 + 0.0014)
    rows = asked.engine.ledger.read("SELECT cost_nano, cost_source FROM calls")
    assert rows == [(3_150_000, f"{LISTED} 2026-11-10")]
