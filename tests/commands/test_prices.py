"""`sophia llm prices`: whole outputs, the check's exit code, and a list that is read or is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import sophia

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer

KEY = "sk-or-0123456789abcdef"


def write(tmp_path: Path, text: str) -> None:
    (tmp_path / "sophia.toml").write_text(text)


ROUTES = """
[routes]
default = ["portkey/@openai/gpt-5.2", "anthropic/claude-sonnet-4-5", "cortex/claude-4-sonnet"]
bulk = ["near/llama3.2"]
[providers.near]
kind = "openai"
base_url = "http://127.0.0.1:11434/v1"
"""


def test_nothing_configured(tmp_path: Path) -> None:
    said = sophia("llm", "prices", cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == "No model is configured. Such as:  sophia llm prices gpt-5\n"


def test_the_prices_of_the_routes(tmp_path: Path) -> None:
    write(tmp_path, ROUTES)
    said = sophia("llm", "prices", cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "genai-prices 0.2.3, as of 2026-11-10\n"
        "  provider   model                      in    out  cached\n"
        "  portkey    @openai/gpt-5.2         $1.75    $14  $0.175\n"
        "  anthropic  claude-sonnet-4-5          $3    $15    $0.3\n"
        "               above 200,000 tokens     $6  $22.5    $0.6\n"
        'unpriced: add [prices."provider/model"] to sophia.toml\n'
        "  provider  model            in  out  cached\n"
        "  cortex    claude-4-sonnet   -    -       -\n"
        "  near      llama3.2          -    -       -\n"
    )


CREDITS = """
[prices.cortex]
usd_per_credit = 3.0
as_of = 2026-10-01
[prices."cortex/claude-4-sonnet"]
credits_input = 1.5
credits_output = 7.5
"""


def test_credits_of_a_warehouse(tmp_path: Path) -> None:
    write(tmp_path, CREDITS)
    said = sophia("llm", "prices", cwd=tmp_path)
    assert said.out == (
        "sophia.toml, 3 USD a credit, as of 2026-10-01\n"
        "  provider  model              in    out  cached\n"
        "  cortex    claude-4-sonnet  $4.5  $22.5       -\n"
    )


def test_a_key_alone_shows_the_defaults(tmp_path: Path) -> None:
    said = sophia("llm", "prices", cwd=tmp_path, PORTKEY_API_KEY=KEY)
    assert [line.split()[1] for line in said.out.splitlines()[2:]] == [
        "@openai/gpt-5.2", "@openai/gpt-5-mini", "@openai/text-embedding-3-small",
    ]  # fmt: skip


def test_a_word_finds_models_that_are_not_configured(tmp_path: Path) -> None:
    said = sophia("llm", "prices", "opus-4-6", cwd=tmp_path)
    assert [line.split()[:4] for line in said.out.splitlines()[2:4]] == [
        ["anthropic", "claude-opus-4-6", "$5", "$25"],
        ["aws", "global.anthropic.claude-opus-4-6", "$5", "$25"],
    ]
    said = sophia("llm", "prices", "Nothing-Like-It", cwd=tmp_path)
    assert said.out.startswith("No model has 'Nothing-Like-It' in its name. ")


def test_as_data(tmp_path: Path) -> None:
    write(tmp_path, '[routes]\ndefault = ["cortex/x", "openai/gpt-5.2"]\n')
    said = sophia("llm", "prices", "--json", cwd=tmp_path)
    assert (said.json["command"], said.json["ok"]) == ("llm prices", True)
    unpriced, priced = said.json["data"]["prices"]
    assert unpriced == {"provider": "cortex", "model": "x", "price": None}
    assert priced["price"]["input"] == 1.75 and priced["price"]["as_of"] == "2026-11-10"


FRESH = '[routes]\ndefault = ["cortex/x"]\n'
STALE = """
[routes]
default = ["openai/gpt-4-1106-preview", "openai/gpt-5.2"]
[prices."openai/gpt-5.2"]
input = 1.5
output = 14
as_of = 2020-01-01
[prices."near/undated"]
input = 1
output = 1
"""


def test_a_check_that_finds_nothing(tmp_path: Path) -> None:
    write(tmp_path, FRESH)
    said = sophia("llm", "prices", "--stale", cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == "No price is old or contradicted, and no configured model ends soon.\n"


def test_what_is_stale(tmp_path: Path) -> None:
    write(tmp_path, STALE)
    said = sophia("llm", "prices", "--stale", "--days", "2000", cwd=tmp_path)
    assert (said.code, said.err) == (1, "")
    ended, old, contradicted, undated = said.out.splitlines()
    assert ended.startswith("  openai/gpt-4-1106-preview: retired ") and ended.endswith(" ago")
    assert old.startswith("  openai/gpt-5.2: the price of sophia.toml is ")
    assert contradicted == (
        "  openai/gpt-5.2: sophia.toml says $1.5/$14; genai-prices 0.2.3 $1.75/$14 ($0.175 cached)"
    )
    assert undated == "  near/undated: the price of sophia.toml has no date (as_of)"
    said = sophia("llm", "prices", "5.2", "--stale", "--days", "99999", "--json", cwd=tmp_path)
    assert said.code == 1
    assert [finding["model"] for finding in said.json["data"]["findings"]] == ["gpt-5.2"]


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(Simulator()) as running:
        yield running


def at(url: str) -> dict[str, str]:
    return {"OPENROUTER_BASE_URL": f"{url}/api/v1"}


def kept(own_home: Path) -> Path:
    return own_home / "cache/sophia/openrouter-prices.json"


def test_a_list_is_read_and_used(tmp_path: Path, own_home: Path, server: SimulatorServer) -> None:
    write(tmp_path, '[routes]\ndefault = ["openrouter/simulated/small"]\n')
    said = sophia("llm", "prices", "--refresh", cwd=tmp_path, **at(server.url))
    url = f"{server.url}/api/v1"
    assert (said.code, said.err) == (0, "")
    assert said.out == f"3 prices from {url}: 0 changed, 3 new, 0 gone\n"
    data = json.loads(kept(own_home).read_text())
    assert data["base_url"] == url and set(data["models"]) == {
        "simulated/small", "simulated/large", "simulated/small-embedding",
    }  # fmt: skip
    said = sophia("llm", "prices", cwd=tmp_path, **at(server.url))
    assert said.out.startswith(f"openrouter, as of {data['as_of']}\n")
    said = sophia("llm", "prices", "--refresh", "--json", cwd=tmp_path, **at(server.url))
    assert said.json["data"] == {
        "refreshed": {"base_url": url, "models": 3, "changed": 0, "new": 0, "gone": 0}
    }


def test_a_changed_list_says_how_much(
    tmp_path: Path, own_home: Path, server: SimulatorServer
) -> None:
    old: dict[str, Any] = {"simulated/small": [{"input": 7, "output": 7}], "old/one": []}
    kept(own_home).parent.mkdir(parents=True)
    kept(own_home).write_text(
        json.dumps({"base_url": f"{server.url}/api/v1", "as_of": "2026-01-01", "models": old})
    )
    said = sophia("llm", "prices", "--refresh", cwd=tmp_path, **at(server.url))
    assert said.out.endswith(": 1 changed, 2 new, 1 gone\n")
    assert [path.name for path in kept(own_home).parent.iterdir()] == [kept(own_home).name]


def test_nobody_at_the_address(tmp_path: Path, own_home: Path) -> None:
    kept(own_home).parent.mkdir(parents=True)
    text = json.dumps({"base_url": "http://x", "as_of": "2026-01-01", "models": {}})
    kept(own_home).write_text(text)
    said = sophia("llm", "prices", "--refresh", cwd=tmp_path, **at("http://127.0.0.1:9"))
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "sophia: http://127.0.0.1:9/api/v1/models cannot be read: [Errno 111] Connection refused\n"
        "        the list of 2026-01-01 stays in force; check the network and base_url "
        "http://127.0.0.1:9/api/v1\n"
    )
    assert kept(own_home).read_text() == text


def test_an_answer_that_is_no_list(tmp_path: Path, own_home: Path, server: SimulatorServer) -> None:
    # OpenAI's list has no prices.
    keyed = {"OPENROUTER_API_KEY": KEY, "OPENROUTER_BASE_URL": f"{server.url}/v1"}
    said = sophia("llm", "prices", "--refresh", cwd=tmp_path, **keyed)
    assert said.code == 1
    assert said.err.startswith(f"sophia: {server.url}/v1/models lists no model with a price\n")
    said = sophia(
        "llm", "prices", "--refresh", cwd=tmp_path, OPENROUTER_BASE_URL=f"{server.url}/nowhere"
    )
    assert said.code == 1
    assert said.err.startswith(f"sophia: {server.url}/nowhere/models answers 401\n")
    assert not kept(own_home).exists()


def test_a_cache_that_cannot_be_written(
    tmp_path: Path, own_home: Path, server: SimulatorServer
) -> None:
    (own_home / "cache").write_text("a file")
    said = sophia("llm", "prices", "--refresh", cwd=tmp_path, **at(server.url))
    assert said.code == 1
    assert said.err.startswith(f"sophia: {kept(own_home)} cannot be written: ")


def test_damaged_prices_are_one_line(tmp_path: Path) -> None:
    write(tmp_path, '[prices."a/b"]\ninput = "x"\noutput = 1\n')
    said = sophia("llm", "prices", cwd=tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"sophia: {tmp_path}/sophia.toml:2: "
        "[prices.\"a/b\"] input must be USD per million tokens, not 'x'\n"
    )
