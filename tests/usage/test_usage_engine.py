"""What the engine itself wrote down, replayed under the rules it went by: nothing moves, nothing is unknown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm import LLMError, UnifiedLLMService, load_config
from sophia_cli.usage.groups import By
from sophia_cli.usage.replay import Sums
from sophia_cli.usage.report import report
from sophia_cli.usage.scenario import Scenario, rules_of, scenario
from sophia_cli.usage.span import read_span

CONFIG = """
[providers.one]
kind = "simulator"
[providers.two]
kind = "simulator"
[providers.three]
kind = "simulator"
[routes]
default = {chain = ["one/small", "two/large"], weights = [3, 1]}
bulk = {chain = ["one/small", "two/large"], sort = "price"}
document_summary = {chain = ["one/small", "three/m"], sort = "latency"}
code_analysis = ["one/small", "three/m"]
[models]
ours = ["three/m"]
[data_classes]
secret = ["three"]
[[rules]]
name = "long"
when = {prompt_over = 500}
use = ["two/long", "one/small"]
[[rules]]
when = {team = "web", task = "code_analysis"}
avoid = ["one"]
[limits."one/small"]
tools = false
json_schema = false
vision = false
context = 4000
[prices."one/small"]
input = 2.0
output = 3.0
[prices."two/large"]
input = 1.0
output = 4.0
"""
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALLS: tuple[dict[str, Any], ...] = (
    {"prompt": "hello"},
    {"prompt": "hello", "user": "ada", "session": "s1"},
    {"prompt": "word " * 600},
    {"prompt": "word " * 6000, "task_type": "bulk"},
    {"prompt": "a", "task_type": "bulk", "max_tokens": 9},
    {"prompt": "a", "task_type": "document_summary"},
    {"prompt": "a", "task_type": "code_analysis", "tools": [TOOL]},
    {"prompt": "a", "task_type": "code_analysis", "response_format": SCHEMA},
    {"prompt": "a", "task_type": "code_analysis", "team": "web"},
    {"prompt": "a", "data_class": "secret", "task_type": "code_analysis"},
    {"prompt": "a", "data_class": "secret"},
    {"prompt": "a", "model": "ours"},
    {"prompt": "a", "model": "two/other"},
    {"prompt": "a", "model": "nobody-has-it"},
    {"prompt": "a", "provider": "three", "model": "m2"},
    {"prompt": "a", "provider": "one", "task_type": "code_analysis"},
    {"prompt": "Write a SQL query for the sum of all sales"},
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[UnifiedLLMService]:
    """A service that has made all of the calls."""
    (tmp_path / "sophia.toml").write_text(CONFIG)
    environ = {"SOPHIA_LEDGER": str(tmp_path / "ledger.sqlite3")}
    found = UnifiedLLMService(load_config(environ, tmp_path))
    for options in CALLS * 3:
        with suppress(LLMError):
            found.complete_text_sync(**options)
    "".join(found.complete_sync("streamed"))
    with suppress(LLMError):
        found.embed_sync(["a", "b"])
    yield found
    found.close()


def replayed(service: UnifiedLLMService, text: str, folder: Path) -> Scenario:
    path = folder / "new.toml"
    path.write_text(text)
    engine = service.engine
    span = read_span("2d", time.time())
    return scenario(engine.ledger, span, rules_of(engine.config, path, None, {}))


def moved(total: Sums) -> tuple[int, ...]:
    return (total.moved, total.refused, total.unknown, total.untold, total.unpriced)


def test_the_same_rules_move_nothing(service: UnifiedLLMService, tmp_path: Path) -> None:
    found = replayed(service, CONFIG, tmp_path)
    total = found.replay.total
    calls, nano = service.engine.ledger.read("SELECT SUM(calls), SUM(cost_nano) FROM totals")[0]
    assert calls >= 3 * len(CALLS)
    assert (total.calls, total.was_nano, total.then_nano) == (calls, nano, nano)
    refused = sum(found.replay.refusals.values())
    assert moved(total) == (0, refused, 0, 0, 0), found.replay.moves
    span = read_span("2d", time.time())
    whole = report(service.engine.ledger, service.engine.config, span, By.ROUTE)
    assert whole.total.calls == whole.simulated.calls + whole.total.failed


def test_other_rules_move_just_what_they_are_about(
    service: UnifiedLLMService, tmp_path: Path
) -> None:
    found = replayed(
        service, CONFIG.replace('ours = ["three/m"]', 'ours = ["two/large"]'), tmp_path
    )
    assert found.replay.moves == {(("three", "m"), ("two", "large")): 3}
    found = replayed(service, CONFIG.replace("tools = false", "tools = true"), tmp_path)
    assert found.replay.moves == {(("three", "m"), ("one", "small")): 3}
