"""Faults that a service of this kind once had in production, each with a test that it is not here."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import Any

import pytest
from partners import attempts, calls, completion, piece, provider, reply, stream
from prometheus_client import CollectorRegistry, generate_latest

from sophia_cli.llm import CallFailed, register_metrics
from sophia_cli.llm.budgets.budget import Budget
from sophia_cli.llm.metrics.collector import LedgerCollector
from sophia_cli.llm.prices import Price

BROKEN = reply({"error": {"message": "no"}}, 500, retry_after="0")
PRICE = Price(input=1.0, output=2.0, source="test", as_of="2026-11-01")


def metrics(asked: Any) -> dict[str, float]:
    """Every sample of the ledger's collector, by its whole name."""
    registry = CollectorRegistry()
    registry.register(LedgerCollector(asked.engine.ledger, asked.engine.config))
    lines = generate_latest(registry).decode().splitlines()
    parts = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in parts}


def labelled(
    outcome: str,
    error: str = "",
    name: str = "p",
    task: str = "",
    route: str = "routes.default",
) -> str:
    return (
        f'sophia_llm_requests_total{{error_type="{error}",model="m",outcome="{outcome}",'
        f'provider="{name}",route="{route}",task="{task}"}}'
    )


def test_1_a_failure_is_raised_and_counted_never_given_as_text(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(BROKEN).url))
    for ask in (
        lambda: asked.complete_text_sync("hi"),
        lambda: list(asked.complete_sync("hi")),
        lambda: asked.embed_sync(["hi"]),
    ):
        with pytest.raises(CallFailed):
            ask()
    found = metrics(asked)
    assert found[labelled("error", "server")] == 3
    assert found[labelled("ok")] == 0


def test_2_a_failed_call_has_a_latency(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(BROKEN).url))
    with pytest.raises(CallFailed):
        asked.complete_text_sync("hi")
    name = 'sophia_llm_request_duration_seconds_count{model="m",outcome="error",provider="p"}'
    assert metrics(asked)[name] == 1


def test_3_a_consumer_that_stops_early_is_counted(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(stream(*[piece("a")] * 50, done=False)).url))
    for _ in asked.complete_sync("hi"):
        break
    assert calls(asked) == [("cancelled", "stopped", 0, "p", 1)]
    assert metrics(asked)[labelled("cancelled", "stopped")] == 1


async def test_3_a_cancelled_task_is_counted(simulated: Any, service: Any) -> None:
    server = simulated(latency=30.0)
    asked = service(provider("p", f"{server.url}/v1"))
    task = asyncio.ensure_future(asked.complete_text("hi"))
    deadline = time.monotonic() + 10
    while not server.requests and time.monotonic() < deadline:  # noqa: ASYNC110 - another thread
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asked.aclose()
    assert [row[:2] for row in calls(asked)] == [("cancelled", "cancelled")]


def test_4_cost_is_counted_in_money_not_in_buckets(scripted: Any, service: Any) -> None:
    server = scripted(reply(completion()))
    asked = service(provider("p", server.url), prices={"p/m": PRICE})
    answer = asked.complete_response_sync("hi")
    assert answer.cost_usd == pytest.approx(7e-6)
    found = metrics(asked)
    assert (
        found['sophia_llm_cost_usd_total{model="m",provider="p",route="routes.default",task=""}']
        == 7e-6
    )
    assert not [name for name in found if "cost" in name and "bucket" in name]


def test_5_no_cache_is_claimed_where_there_is_none(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(reply(completion(), x_cache="HIT")).url))
    assert asked.complete_response_sync("hi").cached is False
    assert not [name for name in metrics(asked) if "cache_hit" in name]


def test_6_bytes_that_stay_in_the_warehouse_are_bytes_of_both_ways(
    simulated: Any, service: Any
) -> None:
    server = simulated()
    asked = service(provider("cortex", server.url, "cortex", account="x"))
    asked.complete_text_sync("wörter", task_type="data_analysis")
    sent, received = asked.engine.ledger.read("SELECT bytes_sent, bytes_received FROM calls")[0]
    assert sent == len(server.requests[0].body) and received > 0
    name = 'sophia_llm_data_kept_local_bytes_total{provider="cortex",task="data_analysis"}'
    assert metrics(asked)[name] == sent + received


def test_7_a_fallback_is_booked_on_who_answered(scripted: Any, service: Any) -> None:
    bad, good = scripted(BROKEN), scripted(reply(completion()))
    asked = service(provider("bad", bad.url), provider("good", good.url))
    asked.complete_text_sync("hi")
    found = metrics(asked)
    assert found[labelled("ok", name="good")] == 1
    assert found[labelled("ok", name="bad")] == 0
    assert found['sophia_llm_fallbacks_total{from="bad",reason="server",to="good"}'] == 1


def test_7_free_text_models_cannot_flood_the_labels(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(reply(completion())).url))
    for number in range(130):
        asked.complete_text_sync("hi", model=f"p/model-{number}")
    models = {
        name.partition('model="')[2].partition('"')[0]
        for name in metrics(asked)
        if name.startswith("sophia_llm_requests_total")
    }
    assert len(models) == 101 + 1  # the most used, `other`, and the one that a route names
    assert "other" in models


def test_8_tokens_first_chunk_attempts_and_finish_are_there(scripted: Any, service: Any) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    asked = service(
        provider("p", scripted(BROKEN, stream(piece("yes"), piece("", "stop"), usage)).url),
        attempts=2,
    )
    assert list(asked.complete_sync("hi")) == ["yes"]
    found = metrics(asked)
    assert found['sophia_llm_tokens_total{model="m",provider="p",type="input"}'] == 3
    assert found['sophia_llm_tokens_total{model="m",provider="p",type="output"}'] == 2
    first = 'sophia_llm_time_to_first_chunk_seconds_count{model="m",provider="p"}'
    assert found[first] == 1
    assert [row[2:4] for row in attempts(asked)] == [("error", "server"), ("ok", "")]
    assert asked.engine.ledger.read("SELECT finish_reason FROM calls") == [("stop",)]


def test_8_the_consumers_own_time_is_not_the_calls(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(stream(*[piece("a")] * 4)).url))
    for _ in asked.complete_sync("hi"):
        time.sleep(0.2)
    assert asked.engine.ledger.read("SELECT latency_us FROM calls")[0][0] < 400_000


def test_8_a_clock_that_is_set_back_makes_no_negative_time(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(reply(completion())).url))
    asked.complete_text_sync("hi")
    assert asked.engine.ledger.read("SELECT latency_us >= 0 FROM calls") == [(1,)]


def test_9_buckets_reach_beyond_a_minute(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(reply(completion())).url))
    asked.complete_text_sync("hi")
    bounds = [
        float(name.partition('le="')[2].partition('"')[0])
        for name in metrics(asked)
        if name.startswith("sophia_llm_request_duration_seconds_bucket") and "+Inf" not in name
    ]
    assert min(bounds) == 0.01 and max(bounds) > 120


def test_10_counters_are_called_total_and_ratios_are_not_exported(
    scripted: Any, service: Any
) -> None:
    asked = service(provider("p", scripted(reply(completion())).url))
    asked.complete_text_sync("hi")
    names = {name.partition("{")[0] for name in metrics(asked)}
    assert not [name for name in names if name.endswith(("_rate", "_ratio"))]
    gauges = {"sophia_ledger_rows", "sophia_ledger_readable", "sophia_build_info"}
    gauges |= {"sophia_llm_last_success_timestamp_seconds"}
    ends = ("_total", "_bucket", "_count", "_sum", "_created")
    assert [name for name in names - gauges if not name.endswith(ends)] == []


def test_11_registering_twice_is_registering_once() -> None:
    registry = CollectorRegistry()
    register_metrics(registry)
    register_metrics(registry)
    text = generate_latest(registry).decode()
    assert text.count("# TYPE sophia_llm_requests_total") == 1


def test_12_a_script_that_ended_is_still_counted(
    scripted: Any, service: Any, tmp_path: Any
) -> None:
    asked = service(provider("p", scripted(reply(completion())).url))
    asked.complete_text_sync("hi")
    asked.close()
    later = service(provider("p", "http://127.0.0.1:9"))
    assert metrics(later)[labelled("ok")] == 1


def test_what_is_configured_is_exported_before_its_first_call(service: Any) -> None:
    asked = service(provider("p", "http://127.0.0.1:9"))
    assert metrics(asked)[labelled("ok")] == 0


def test_a_ledger_that_another_process_keeps_takes_no_other_metric_with_it(
    scripted: Any, service: Any
) -> None:
    asked = service(provider("p", scripted(reply(completion())).url))
    asked.complete_text_sync("hi")
    asked.close()
    other = sqlite3.connect(asked.engine.ledger.path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    assert metrics(asked) == {"sophia_ledger_readable": 0.0}
    other.execute("ROLLBACK")
    other.close()
    assert metrics(asked)["sophia_ledger_readable"] == 1.0


def test_budgets_and_what_the_cache_saved_are_exported(scripted: Any, service: Any) -> None:
    budgets = (
        Budget("all", 10**12),
        Budget("user", 10**9, each="user"),
        Budget("idle", 5 * 10**9, match={"team": "x"}),
    )
    asked = service(
        provider("p", scripted(reply(completion())).url),
        budgets=budgets,
        prices={"p/m": Price(input=1000.0, output=1000.0)},
    )
    asked.complete_text_sync("hi", user="ann", max_tokens=100)
    found = {
        name: value for name, value in metrics(asked).items() if "budget" in name or "saved" in name
    }
    money = {name: value for name, value in found.items() if "timestamp" not in name}
    assert {name: value for name, value in money.items() if value} == {
        'sophia_llm_budget_limit_usd{budget="all"}': 1000.0,
        'sophia_llm_budget_limit_usd{budget="idle"}': 5.0,
        'sophia_llm_budget_limit_usd{budget="user"}': 1.0,
        'sophia_llm_budget_spent_usd{budget="all"}': 0.005,
        'sophia_llm_budget_spent_usd{budget="user"}': 0.005,
    }
    assert found['sophia_llm_saved_usd_total{reason="cache"}'] == 0.0
