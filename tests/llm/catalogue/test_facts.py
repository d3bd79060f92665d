"""What is known of models: nothing of those nobody lists, and the vendor's facts behind every name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm import Config
from sophia_cli.llm.catalogue import ModelFacts, facts_of
from sophia_cli.llm.catalogue.table import Table, is_match, names_in, read_table
from sophia_cli.llm.providers import KINDS, Provider


def facts(kind: str, model: str, base_url: str = "", **options: Any) -> ModelFacts | None:
    known = Provider("p", kind, base_url or KINDS[kind].base_url, options=options)
    return facts_of(Config(providers={"p": known}), "p", model)


UNKNOWN = {
    "a model on this machine": ("openai", "gpt-4", "http://127.0.0.1:11434/v1"),
    "a slug that nobody explained": ("portkey", "@prod/gpt-5", ""),
    "the simulator": ("simulator", "gpt-5", ""),
    "a model of tomorrow": ("openai", "gpt-99", ""),
    "a name that begins alike": ("openai", "gpt-5.2-mine", ""),
    "no name": ("anthropic", "", ""),
}


@pytest.mark.parametrize(("kind", "model", "url"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_nothing_is_known(kind: str, model: str, url: str) -> None:
    assert facts(kind, model, url) is None


def test_nobody_has_no_models() -> None:
    assert facts_of(Config(), "nobody", "gpt-5.2") is None


GPT = ModelFacts(272_000, 128_000, True, True, True, "2026-12-11")
GPT_UNDATED = ModelFacts(272_000, 128_000, True, True, True)
SONNET = ModelFacts(200_000, 64_000, True, True, True, "2026-11-30")
SONNET_UNDATED = ModelFacts(200_000, 64_000, True, True, True)
KNOWN = {
    "the vendor": ("openai", "gpt-5-mini", GPT),
    "one version of it": ("openai", "gpt-5-mini-2025-08-07", GPT),
    "a version nobody lists": ("openai", "gpt-5-mini-2029-01-01", GPT_UNDATED),
    "a slug": ("portkey", "@openai/gpt-5-mini", GPT),
    "OpenRouter": ("openrouter", "openai/gpt-5-mini", GPT),
    "a variant of OpenRouter's": ("openrouter", "openai/gpt-5-mini:nitro", GPT),
    "dots for dashes": ("openrouter", "anthropic/claude-sonnet-4.5", SONNET),
    "a version with its day": ("anthropic", "claude-sonnet-4-5-20250929", SONNET),
    "a cloud's name": (
        "portkey",
        "@bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
        SONNET_UNDATED,
    ),
    "Cortex has a calendar of its own": ("cortex", "openai-gpt-5-mini", GPT_UNDATED),
    "Cortex, where the vendor has none any more": (
        "cortex",
        "claude-4-sonnet",
        ModelFacts(200_000, 16_384, True, True, True),
    ),
    "Cortex, from the vendor": ("cortex", "claude-sonnet-4-5-20250929", SONNET_UNDATED),
    "old and text only": (
        "openai",
        "gpt-4-1106-preview",
        ModelFacts(128_000, 4096, True, False, False, "2026-10-23"),
    ),
    "unknown is not no": ("cortex", "llama3.1-8b", ModelFacts(128_000, 16_384)),
    "only OpenRouter knows": ("openrouter", "nousresearch/hermes-4-405b", ModelFacts(131_072)),
    "embeddings": (
        "openai",
        "text-embedding-3-small",
        ModelFacts(8191, None, False, False, False),
    ),
}


@pytest.mark.parametrize(("kind", "model", "expected"), KNOWN.values(), ids=KNOWN.keys())
def test_what_is_known(kind: str, model: str, expected: ModelFacts) -> None:
    assert facts(kind, model, "https://a.example" if kind == "cortex" else "") == expected


CLAUSES = {
    "the name itself": ("gpt-5", ["gpt-5"], ["gpt-5-mini", "GPT-5"]),
    "one of several": (["a", {"starts_with": "b"}], ["a", "b1"], ["ab", "c"]),
    "all of several": (
        {"and": [{"contains": "a"}, {"ends_with": "z"}]},
        ["abz"],
        ["ab", "z"],
    ),
    "a pattern": ({"regex": r"^x-\d+$"}, ["x-1"], ["x-", "ax-1"]),
}


@pytest.mark.parametrize(("clause", "met", "missed"), CLAUSES.values(), ids=CLAUSES.keys())
def test_clauses(clause: Any, met: list[str], missed: list[str]) -> None:
    assert [name for name in met + missed if is_match(clause, name)] == met


def test_names_that_can_be_shown() -> None:
    clause = ["a", {"starts_with": "b"}, {"starts_with": "ft:b-"}, ["c", {"regex": "d"}]]
    assert names_in(clause) == ["a", "b", "c"]


def test_the_first_clause_counts_and_may_know_no_price() -> None:
    vendors = {
        "v": {"also": ["w"], "prices": [["a-image", []], [{"starts_with": "a"}, [{"input": 1}]]]},
        "w": {"prices": [[{"starts_with": "b"}, [{"input": 2}]]]},
    }
    table = Table(vendors)
    assert [table.prices("v", name) for name in ("a-image", "A-text", "b", "c")] == [
        [], [{"input": 1}], [{"input": 2}], (),
    ]  # fmt: skip
    assert table.prices("nobody", "a") == ()


DAMAGED = {
    "not there": None,
    "empty": b"",
    "cut off": b'{"format":1,"vendors":{"openai":',
    "no text": b"\xff\xfe",
    "of another format": b'{"format":2,"prices_source":["x","2026-01-01"],"vendors":{}}',
    "a list": b"[]",
    "without a source": b'{"format":1,"vendors":{}}',
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_catalogue_knows_nothing_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes | None
) -> None:
    path = tmp_path / "models.json"
    if data is not None:
        path.write_bytes(data)
    assert read_table(path) == Table()
    [text] = caplog.messages
    assert text.startswith(f"the catalogue of models {path} cannot be used: ")
