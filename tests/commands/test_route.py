"""`sophia llm route`: every candidate with its reason, and never a call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import Said, sophia

from sophia_cli.llm.simulator import Simulator
from sophia_cli.llm.simulator.server import SimulatorServer, serve

KEYS = {
    "OPENROUTER_API_KEY": "openrouter-0123456789",
    "PORTKEY_API_KEY": "portkey-0123456789",
    "SNOWFLAKE_ACCOUNT": "org-acc",
    "SNOWFLAKE_PAT": "snowflake-0123456789",
}
RULES = """
[routes]
sql_generation = ["cortex/claude-4-sonnet", "portkey/@openai/gpt-5", "openrouter/qwen/qwen3-coder"]
[data_classes]
customer = ["cortex"]
[prices."cortex/claude-4-sonnet"]
input = 3.0
output = 15.0
as_of = "2026-10-14"
[budgets.data]
limit = 0.01
team = "poor"
provider = "cortex"
[limits."company/small-but-with-a-name-that-is-long"]
tools = false
vision = false
[[rules]]
name = "the night shift"
when = {team = "night"}
use = ["company/small-but-with-a-name-that-is-long", "openrouter/a/b"]
[providers.company]
kind = "openai"
"""


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with serve(Simulator()) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path, server: SimulatorServer) -> Path:
    """A configuration whose every address is the server's: a call would be seen there."""
    urls = "".join(
        f'[providers.{name}]\nbase_url = "{server.url}/v1"\n'
        for name in ("cortex", "portkey", "openrouter")
    )
    (tmp_path / "sophia.toml").write_text(f'{RULES}base_url = "{server.url}/v1"\n{urls}')
    return tmp_path


def route(folder: Path, *words: str, stdin: str = "") -> Said:
    return sophia("llm", "route", *words, cwd=folder, stdin=stdin, **KEYS)


def test_the_candidates_and_the_estimate(
    folder: Path, server: SimulatorServer, own_home: Path
) -> None:
    said = route(
        folder, "Write a SQL query", "--data-class", "customer", "--max-tokens", "800"
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "  cortex      claude-4-sonnet   chosen: [routes] sql_generation\n"
        "  portkey     @openai/gpt-5     out: data class 'customer' may not go there\n"
        "  openrouter  qwen/qwen3-coder  out: data class 'customer' may not go there\n"
        "  Task sql_generation (inferred: asks for SQL).\n"
        "  No call was made. Estimated: about 12 in, up to 800 out, at most $0.013 (price\n"
        "  of 2026-10-14).\n"
    )
    assert server.requests == []
    assert not (own_home / "state").exists()  # nor is anything written down


def test_a_long_reason_goes_on_below_itself(folder: Path) -> None:
    said = route(
        folder, "hi", "--team", "poor", "--task", "sql_generation", "--provider", "",
        "--max-tokens", "5000",
    )  # fmt: skip
    assert said.out.partition("  No call")[0] == (
        "  cortex      claude-4-sonnet   out: budget data: $0.01 left of $0.01, this may\n"
        "                                  cost $0.076\n"
        "  portkey     @openai/gpt-5     chosen: [routes] sql_generation\n"
        "  openrouter  qwen/qwen3-coder  then: [routes] sql_generation\n"
        "  Task sql_generation (given).\n"
    )


def test_capabilities_are_tried_without_a_call(folder: Path) -> None:
    said = route(folder, "hi", "--team", "night", "--tools", "--images", "2")
    name = "company     small-but-with-a-name-that-is-long"
    assert said.out.splitlines()[:2] == [
        f"  {name}  out: takes no tools",
        f"  openrouter  a/b{' ' * 31}  chosen: rule 'the night shift'",
    ]
    plain = route(folder, "hi", "--team", "night")
    assert plain.out.splitlines()[0] == f"  {name}  chosen: rule 'the night shift'"


def test_a_pipe_files_and_instructions_are_counted(folder: Path) -> None:
    (folder / "a.txt").write_text("x" * 3980)
    words = ("--file", "a.txt", "--system", "y" * 400, "--model", "gpt-5")
    said = route(folder, "hi", *words, stdin="z" * 4000)
    assert "Estimated: about 2,110 in, up to " in said.out


def test_the_result_as_data(folder: Path) -> None:
    said = route(folder, "Write a SQL query", "--data-class", "customer", "--json")
    assert (said.json["command"], said.json["ok"]) == ("llm route", True)
    assert said.json["data"] == {
        "route": [
            {
                "provider": provider,
                "model": model,
                "taken": taken,
                "reason": "[routes] sql_generation" if taken else reason,
                "route": "routes.sql_generation",
            }
            for reason in ("data class 'customer' may not go there",)
            for provider, model, taken in (
                ("cortex", "claude-4-sonnet", True),
                ("portkey", "@openai/gpt-5", False),
                ("openrouter", "qwen/qwen3-coder", False),
            )
        ],
        "task": {"name": "sql_generation", "source": "inferred", "why": "asks for SQL"},
        "estimate": {
            "tokens_in": 12,
            "worst_in": 25,
            "worst_out": 16_384,
            "unpriced": False,
            "worst_cost_usd": 0.245835,
            "price_as_of": "2026-10-14",
        },
    }


def test_no_candidate_is_exit_1_with_the_reasons(folder: Path) -> None:
    words = ("hi", "--data-class", "customer", "--model", "openrouter/a/b")
    said = route(folder, *words)
    assert said.code == 1
    assert said.out == "  openrouter  a/b  out: data class 'customer' may not go there\n"
    assert said.err == (
        "sophia: no provider may take this call (openrouter: data class 'customer' may not go there)\n"
        "        see [routes] and [models] in sophia.toml\n"
    )
    as_data = route(folder, *words, "--json")
    assert (as_data.code, as_data.json["ok"]) == (1, False)
    assert "openrouter: data class 'customer'" in as_data.json["error"]["message"]


def test_only_a_budget_in_the_way_is_said_as_such(folder: Path) -> None:
    said = route(folder, "hi", "--team", "poor", "--model", "cortex/claude-4-sonnet")
    assert said.code == 1
    assert said.err.endswith(
        "        raise its limit in [budgets] of sophia.toml, or ask for less with max_tokens\n"
    )


def test_with_nothing_configured_it_is_the_simulator(tmp_path: Path) -> None:
    said = sophia("llm", "route", "hi", cwd=tmp_path)
    assert said.out == (
        "  simulator  small  chosen: primary model\n"
        "  Task chat_conversation (none was given).\n"
        "  No call was made. Estimated: about 8 in, up to 16,384 out, unpriced.\n"
    )
    assert said.err == (
        "(simulated: no provider is configured)\n  a real one:  sophia llm keys set openrouter\n"
    )


def test_nothing_to_route(tmp_path: Path) -> None:
    said = sophia("llm", "route", cwd=tmp_path)
    assert said.code == 2
    assert said.err.startswith(
        'sophia: there is nothing to route\n        sophia llm route "..."   or pipe'
    )
