"""OpenRouter's `/models` as prices: what cannot be understood is left out, conditions are kept."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from partners import provider, reply

from sophia_cli.errors import SophiaError
from sophia_cli.llm import Config
from sophia_cli.llm.prices.openrouter import parse_models
from sophia_cli.llm.prices.refreshed import PriceList, read_list, write_list
from sophia_cli.llm.prices.rows import price_at
from sophia_cli.prices import refresh

BASE = {"prompt": "0.00000125", "completion": "0.00001"}
LEFT_OUT: dict[str, Any] = {
    "no prices": {"id": "m"},
    "no name": {"pricing": BASE},
    "half a price": {"id": "m", "pricing": {"prompt": "1"}},
    "a router's choice": {"id": "m", "pricing": {"prompt": "-1", "completion": "-1"}},
    "no number": {"id": "m", "pricing": {"prompt": "NaN", "completion": "1e-6"}},
    "words": {"id": "m", "pricing": {"prompt": "cheap", "completion": "1e-6"}},
    "more than any": {"id": "m", "pricing": {"prompt": "2", "completion": "1e-6"}},
    "a list": {"id": "m", "pricing": []},
    "no entry": 3,
    "a condition of tomorrow": {
        "id": "m",
        "pricing": {**BASE, "overrides": [{"moon": "full", "prompt": "0.1"}]},
    },
    "a day of no week": {
        "id": "m",
        "pricing": {**BASE, "overrides": [{"utc_days": ["someday"], "prompt": "0.1"}]},
    },
    "overrides that are none": {"id": "m", "pricing": {**BASE, "overrides": 3}},
}


@pytest.mark.parametrize("entry", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_left_out(entry: Any) -> None:
    good = {"id": "good", "pricing": BASE}
    assert parse_models({"data": [entry, good]}) == {"good": [{"input": 1.25, "output": 10.0}]}


READ: dict[str, Any] = {
    "plain": (BASE, [{"input": 1.25, "output": 10.0}]),
    "free": ({"prompt": "0", "completion": "0"}, [{"input": 0.0, "output": 0.0}]),
    "zero where nothing is said": (
        {**BASE, "image": "0", "internal_reasoning": "0", "input_cache_read": "0", "request": "0"},
        [{"input": 1.25, "output": 10.0}],
    ),
    "all there is": (
        {
            **BASE,
            "request": "0.005",
            "internal_reasoning": "0.00002",
            "input_cache_read": "0.000000125",
            "input_cache_write": "0.0000015625",
            "input_cache_write_1h": "0.0000025",
            "audio": "0.00004",
            "web_search": "0.01",
        },
        [
            {
                "input": 1.25,
                "output": 10.0,
                "cached": 0.125,
                "written": 1.5625,
                "written_hour": 2.5,
                "reasoning": 20.0,
                "audio_in": 40.0,
                "request": 0.005,
            }
        ],
    ),
    "conditions": (
        {
            **BASE,
            "overrides": [
                {"min_prompt_tokens": 200000, "prompt": "0.0000025"},
                {
                    "utc_start": 100,
                    "utc_end": 400,
                    "utc_days": ["monday", "sunday"],
                    "completion": "0.00002",
                },
            ],
        },
        [
            {"input": 1.25, "output": 10.0},
            {"above": 200000, "input": 2.5},
            {"between": [100, 400], "days": [0, 6], "output": 20.0},
        ],
    ),
}


@pytest.mark.parametrize(("pricing", "rows"), READ.values(), ids=READ.keys())
def test_read(pricing: Any, rows: Any) -> None:
    assert parse_models({"data": [{"id": "m", "pricing": pricing}]}) == {"m": rows}


def test_conditions_hold_together() -> None:
    rows = READ["conditions"][1]
    monday = datetime(2026, 11, 23, 2, tzinfo=UTC).timestamp()
    price = price_at(rows, monday, "openrouter", "2026-11-23")
    assert (price.input, price.output) == (1.25, 20.0)
    assert (price.at(200_001).input, price.at(200_001).output) == (2.5, 20.0)


@pytest.mark.parametrize("reply", [None, [], {}, {"data": 3}, "x"])
def test_no_list_at_all(reply: Any) -> None:
    with pytest.raises(ValueError, match="no list of models"):
        parse_models(reply)


def test_a_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "list.json"
    assert read_list(path) == PriceList()
    for model in ("a", "b"):  # the second time it is another file under the same name
        prices = PriceList("http://x", "2026-11-24", {model: [{"input": 1.0, "output": 2.0}]})
        write_list(path, prices)
        assert read_list(path) == prices
    assert [child.name for child in path.parent.iterdir()] == ["list.json"]


GARBAGE = {
    "no JSON": (reply(b"<html>", kind="text/html"), "answers no list of models"),
    "half an answer": (reply(b'{"data": [', length=99), "cannot be read: "),
    "an error": (reply({"error": {"message": "busy"}}, status=503), "answers 503"),
    "a redirect": (reply(b"", status=302, location="http://x"), "answers 302"),
    "no models": (reply({"data": []}), "lists no model with a price"),
    "too deep": (reply(b"[" * 100_000), "answers no list of models"),
}


@pytest.mark.parametrize(("answer", "words"), GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_leaves_the_old_list(
    tmp_path: Path, scripted: Any, answer: bytes, words: str
) -> None:
    path = tmp_path / "list.json"
    write_list(path, PriceList("http://x", "2026-11-01", {}))
    before = path.read_bytes()
    server = scripted(answer)
    known = provider("openrouter", server.url, "openrouter")
    config = Config(providers={"openrouter": known}, openrouter_prices=path)
    with pytest.raises(SophiaError) as caught:
        refresh(config, date(2026, 11, 24))
    assert words in caught.value.message and "\n" not in caught.value.message
    assert caught.value.mend.startswith("the list of 2026-11-01 stays in force; ")
    assert path.read_bytes() == before
    assert server.requests[0].path == "/models"
    assert server.requests[0].headers["authorization"].startswith("Bearer ")


def test_the_key_is_not_needed(tmp_path: Path, scripted: Any) -> None:
    server = scripted(reply({"data": [{"id": "m", "pricing": BASE}]}))
    from sophia_cli.llm.providers import Provider

    known = Provider(
        "openrouter", "openrouter", server.url, problem="OPENROUTER_API_KEY is not set"
    )
    path = tmp_path / "list.json"
    config = Config(providers={"openrouter": known}, openrouter_prices=path)
    assert refresh(config, date(2026, 11, 24)).models == 1
    assert "authorization" not in server.requests[0].headers
    assert json.loads(path.read_text())["as_of"] == "2026-11-24"
