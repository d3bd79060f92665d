"""The catalogue is what its sources say: regenerated, and compared with genai-prices' own figures."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data import providers

from sophia_cli.llm.call import Usage
from sophia_cli.llm.catalogue.table import FILE, load_table, names_in
from sophia_cli.llm.prices.rows import price_at
from sophia_cli.pricelist import VENDORS, build, clause_of, read_limits, write

LIMITS = {
    "gpt-5.2": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_input_tokens": 272000,
        "max_output_tokens": 128000.0,
        "supports_function_calling": True,
        "deprecation_date": "2027-01-14",
    },
    "gpt-latest": {"alias_of": "gpt-5.2"},
    "dall-e": {"litellm_provider": "openai", "mode": "image_generation"},
    "mistral/Small": {"litellm_provider": "mistral", "mode": "chat", "supports_vision": False},
    "mistral/embed": {"litellm_provider": "mistral", "mode": "embedding", "max_input_tokens": 8192},
    "azure/eu/gpt-4o": {"litellm_provider": "azure", "mode": "chat"},
    "us.anthropic.claude": {"litellm_provider": "bedrock_converse", "mode": "chat"},
    "obscure/one": {"litellm_provider": "obscure", "mode": "chat"},
}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "litellm-9.9.9-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("litellm/model_prices_and_context_window_backup.json", json.dumps(LIMITS))
        archive.writestr("litellm-9.9.9.dist-info/METADATA", "Name: litellm\n")
        archive.writestr("litellm/__init__.py", "raise SystemExit('litellm was imported')\n")
    return path


def made_from(wheel: Path) -> str:
    return write(build(*read_limits(wheel), date(2026, 11, 10)))


def test_facts_out_of_a_wheel(wheel: Path) -> None:
    made = json.loads(made_from(wheel))
    facts = {name: parts["facts"] for name, parts in made["vendors"].items()}
    assert facts.pop("openrouter")["openai/gpt-5.2"] == [400_000, None, None, None, None, ""]
    assert {name: rows for name, rows in facts.items() if rows} == {
        "openai": {
            "gpt-5.2": [272000, 128000, 1, 0, 0, "2027-01-14"],
            "gpt-latest": [272000, 128000, 1, 0, 0, "2027-01-14"],
        },
        "mistral": {
            "embed": [8192, None, 0, 0, 0, ""],
            "small": [None, None, None, None, 0, ""],
        },
    }
    assert made["facts_source"] == "litellm 9.9.9"


def test_the_same_inputs_give_the_same_bytes(wheel: Path) -> None:
    assert made_from(wheel) == made_from(wheel)


def test_the_file_holds_the_prices_of_the_installed_release(wheel: Path) -> None:
    made, kept = json.loads(made_from(wheel)), json.loads(FILE.read_text())
    assert kept["prices_source"] == made["prices_source"] == ["genai-prices 0.2.3", "2026-11-10"]
    for vendor in VENDORS:
        mine, theirs = kept["vendors"][vendor.name], made["vendors"][vendor.name]
        assert (vendor.name, mine["prices"]) == (vendor.name, theirs["prices"])
        assert mine["also"] == theirs["also"]
    assert write(kept) == FILE.read_text()


def test_the_file_stays_small() -> None:
    assert FILE.stat().st_size < 500_000


# Small and large prompts around every threshold that occurs; a cache, an hour's cache, reasoning.
SIZES = (10, 128_001, 199_999, 200_000, 200_001, 272_001, 1_000_000)
MOMENTS = ("2025-02-01T00:00", "2026-11-24T02:30", "2026-11-24T12:00", "2027-01-01T00:00")
EVERY = 7  # every so-manieth model of each vendor: all of them take a minute


def sample() -> Iterator[tuple[Any, str]]:
    kept = {vendor.name for vendor in VENDORS}
    for provider in providers:
        for model in provider.models[::EVERY] if provider.id in kept else ():
            yield from ((provider, name) for name in names_in(clause_of(model.match))[:1])


def their_cost(provider: Any, name: str, moment: datetime, size: int) -> Decimal:
    usage = TheirUsage(
        input_tokens=size, output_tokens=777, output_reasoning_tokens=77,
        cache_read_tokens=size // 4, cache_write_tokens=size // 5, cache_write_1h_tokens=size // 10,
    )  # fmt: skip
    model = provider.find_model(name, all_providers=list(providers))
    price = model.calc_price(usage, provider, genai_request_timestamp=moment)
    return price.total_price * 1_000_000_000  # type: ignore[no-any-return]


def test_calls_cost_what_genai_prices_says() -> None:
    table, compared, unpriced = load_table(), 0, 0
    for provider, name in sample():
        rows = table.prices(provider.id, name)
        unpriced += not rows
        for moment in MOMENTS if rows else ():
            when = datetime.fromisoformat(moment).replace(tzinfo=UTC)
            price = price_at(rows, when.timestamp(), "", "")
            for size in SIZES:
                ours = price.cost(
                    Usage(size, 777, size // 4, 77, None, size // 5, min(size // 10, size // 5))
                )
                exact = their_cost(provider, name, when, size)
                assert abs(ours - exact) <= Decimal("0.5"), (provider.id, name, moment, size)
                compared += 1
    assert compared > 5000 and unpriced < 30


# What the vendors' own pages said when this was written, in USD per million tokens.
KNOWN = {
    ("openai", "gpt-4o"): (2.5, 10),
    ("openai", "gpt-4o-mini"): (0.15, 0.6),
    ("openai", "gpt-5"): (1.25, 10),
    ("openai", "gpt-5.2"): (1.75, 14),
    ("anthropic", "claude-haiku-4-5"): (1, 5),
    ("anthropic", "claude-sonnet-4-5"): (3, 15),
    ("anthropic", "claude-sonnet-4-6"): (3, 15),
    ("anthropic", "claude-opus-4-5"): (5, 25),
    ("anthropic", "claude-opus-4-6"): (5, 25),
}


@pytest.mark.parametrize(("listed", "rates"), KNOWN.items(), ids=lambda value: str(value))
def test_prices_that_are_known(listed: tuple[str, str], rates: tuple[float, float]) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    price = price_at(load_table().prices(*listed), now, "", "")
    assert (price.input, price.output) == rates
