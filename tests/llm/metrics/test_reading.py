"""What the metrics of a ledger are: all declared, bounded, there before the first call, and exact."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from partners import completion, provider, reply
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from sophia_cli.llm import CallFailed
from sophia_cli.llm.budgets.budget import DAY, Budget
from sophia_cli.llm.cache.policy import CachePolicy
from sophia_cli.llm.ledger.schema import BUCKETS
from sophia_cli.llm.metrics.collector import LedgerCollector
from sophia_cli.llm.metrics.exposition import open_metrics_of, text_of
from sophia_cli.llm.metrics.families import FAMILIES, GAUGE, HISTOGRAM
from sophia_cli.llm.metrics.reading import BOUNDS, MOST_ACCOUNTS, read
from sophia_cli.llm.prices import Price
from sophia_cli.llm.rules.rule import PRICE as PRICE_SORT
from sophia_cli.llm.rules.rule import Order, Rule, When

BROKEN = reply({"error": {"message": "no"}}, 500, retry_after="0")
PRICE = Price(input=1.0, output=2.0, source="test", as_of="2026-11-01")


def reading(asked: Any, now: float = 0.0) -> dict[str, dict[tuple[str, ...], Any]]:
    found = read(asked.engine.ledger.read, asked.engine.config, now or time.time())
    return {family.name: dict(series) for family, series in found.items()}


def test_what_is_exported_is_what_is_declared(scripted: Any, service: Any) -> None:
    budgets = (Budget("all", 10**9),)
    asked = service(provider("p", scripted(reply(completion())).url), budgets=budgets)
    asked.complete_text_sync("hi")
    registry = CollectorRegistry()
    registry.register(LedgerCollector(asked.engine.ledger, asked.engine.config))
    text = generate_latest(registry).decode()
    names = {line.split()[2]: line.split()[3] for line in text.splitlines() if "# TYPE" in line}
    assert names == {family.name: family.kind for family in FAMILIES}
    assert [family.name for family in FAMILIES if not family.help.endswith((".", "1."))] == []
    for family in text_string_to_metric_families(text):
        declared = next(one for one in FAMILIES if one.name.removesuffix("_total") == family.name)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(declared.labels), sample.name


def plain(families: Any) -> list[Any]:
    return [
        (
            one.name,
            one.type,
            one.documentation,
            sorted((each.name, sorted(each.labels.items()), each.value) for each in one.samples),
        )
        for one in families
    ]


def test_both_formats_say_what_prometheus_client_would(scripted: Any, service: Any) -> None:
    budgets = (Budget('a "b" \\ c\nd', 10**9),)
    asked = service(provider("p", scripted(reply(completion())).url), budgets=budgets)
    asked.complete_text_sync("hi")
    collector = LedgerCollector(asked.engine.ledger, asked.engine.config)
    registry = CollectorRegistry()
    registry.register(collector)
    found = read(asked.engine.ledger.read, asked.engine.config, time.time())
    ways = (
        (text_of, generate_latest, text_string_to_metric_families),
        (open_metrics_of, generate_open, open_metrics),
    )
    for own, theirs, parse in ways:
        ours, other = (plain(parse(text)) for text in (own(found), theirs(registry).decode()))
        assert ours == other


def test_units_stand_in_the_names() -> None:
    for family in FAMILIES:
        assert f"_{family.unit}" in family.name
        assert family.name.endswith("_total") == (family.kind not in (GAUGE, HISTOGRAM))


def test_buckets_double_from_a_hundredth_of_a_second_to_163() -> None:
    assert BUCKETS[0] == 0.01 and BUCKETS[-1] == pytest.approx(163.84)
    assert BOUNDS[-2:] == ("163.84", "+Inf")


def test_every_configured_combination_is_there_before_its_first_call(
    scripted: Any, service: Any
) -> None:
    rules = (Rule("rule 'big'", When({"task": "bulk"}), use=(("p", "large"),)),)
    asked = service(provider("p", scripted().url), provider("q", scripted().url), rules=rules)
    found = reading(asked)
    calls = found["sophia_llm_requests_total"]
    assert set(calls.values()) == {0}
    assert calls["p", "m", "routes.default", "", "ok", ""] == 0
    assert calls["q", "m", "routes.default", "sql_generation", "error", "rate_limit"] == 0
    assert calls["p", "large", "rules.big", "bulk", "ok", ""] == 0
    assert found["sophia_llm_cost_usd_total"]["p", "m", "routes.default", "bulk"] == 0
    assert found["sophia_llm_fallbacks_total"]["p", "q", "timeout"] == 0
    assert found["sophia_llm_tokens_total"]["p", "large", "reasoning"] == 0
    assert found["sophia_llm_request_duration_seconds"]["p", "m", "error"].counts == (0,) * 16
    assert found["sophia_llm_cache_lookups_total"] == {}


def test_no_row_of_a_call_is_looked_at(scripted: Any, service: Any) -> None:
    """A scrape takes as long with a million calls: of their table it reads the index of open ones alone."""
    asked = service(
        provider("p", scripted(reply(completion())).url), budgets=(Budget("all", 10**9),)
    )
    asked.complete_text_sync("hi")
    plans: list[str] = []

    def ask(query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        plan = asked.engine.ledger.read(f"EXPLAIN QUERY PLAN {query}", values)
        plans.extend(row[3] for row in plan)
        found: list[tuple[Any, ...]] = asked.engine.ledger.read(query, values)
        return found

    read(ask, asked.engine.config, time.time())
    rows = [plan for plan in plans if {"calls", "tries", "attempts", "days"} & set(plan.split())]
    assert [row.replace("COVERING ", "") for row in rows] == ["SCAN calls USING INDEX calls_open"]
    assert "SCAN totals" in plans


def test_calls_and_attempts_are_counted_apart(scripted: Any, service: Any) -> None:
    good = provider("q", scripted(reply(completion())).url)
    asked = service(provider("p", scripted(BROKEN).url), good, attempts=2, prices={"q/m": PRICE})
    asked.complete_text_sync("hi")
    found = reading(asked)
    made = {labels: count for labels, count in found["sophia_llm_requests_total"].items() if count}
    sent = {labels: count for labels, count in found["sophia_llm_attempts_total"].items() if count}
    assert made == {("q", "m", "routes.default", "", "ok", ""): 1}
    assert sent == {("p", "m", "error", "server"): 2, ("q", "m", "ok", ""): 1}
    assert found["sophia_llm_fallbacks_total"]["p", "q", "server"] == 1
    assert found["sophia_llm_cost_usd_total"]["q", "m", "routes.default", ""] == 7e-6
    assert found["sophia_ledger_rows"] == {(): 1}


def test_a_route_is_counted_by_its_name(scripted: Any, service: Any) -> None:
    rules = (Rule("rule 2", When({"task": "bulk"}), use=(("p", "m"),)),)
    models = {"house": (("p", "m"),)}
    server = scripted(reply(completion()))
    asked = service(provider("p", server.url), rules=rules, models=models)
    for words in ({}, {"task_type": "bulk"}, {"model": "house"}, {"model": "p/other"}):
        asked.complete_text_sync("hi", **words)
    calls = reading(asked)["sophia_llm_requests_total"]
    routes = {labels[2]: count for labels, count in calls.items() if count}
    assert routes == {"routes.default": 1, "rules.2": 1, "models.house": 1, "asked": 1}


def test_a_failed_call_is_of_the_route_that_failed(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted(BROKEN).url))
    with pytest.raises(CallFailed):
        asked.complete_text_sync("hi")
    calls = reading(asked)["sophia_llm_requests_total"]
    assert calls["p", "m", "routes.default", "", "error", "server"] == 1


def test_what_an_order_by_price_saved_is_counted_to_the_nano(scripted: Any, service: Any) -> None:
    """Against the first candidate as written, at what the answer itself took: 3 tokens in, 2 out."""
    answers, broken = scripted(reply(completion())), scripted(reply(completion()), BROKEN)
    asked = service(
        provider("dear", answers.url), provider("cheap", broken.url), orders={"default": Order(PRICE_SORT)},
        prices={"dear/m": Price(30.0, 60.0), "cheap/m": PRICE},
    )  # fmt: skip
    zero = {("cache",): 0.0, ("route",): 0.0}
    assert reading(asked)["sophia_llm_saved_usd_total"] == zero
    asked.complete_text_sync("hi")
    paid, there = 3 * 1000 + 2 * 2000, 3 * 30_000 + 2 * 60_000
    saved = {("cache",): 0.0, ("route",): (there - paid) / 1e9}
    assert reading(asked)["sophia_llm_saved_usd_total"] == saved
    asked.complete_text_sync("hi")  # the cheap one is broken by now: nothing is saved, nothing lost
    rows = "SELECT provider, cost_nano, saved_nano FROM calls ORDER BY started_ns"
    assert asked.engine.ledger.read(rows) == [
        ("cheap", paid, there - paid),
        ("dear", there, None),
    ]
    assert reading(asked)["sophia_llm_saved_usd_total"] == saved


CACHED = {
    "prompt_tokens": 100,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 90},
}


@pytest.mark.parametrize(
    ("usage", "paid"),
    [
        (CACHED, 10 * 30_000 + 90 * 3_000 + 2 * 60_000),
        ({"prompt_tokens": 100, "completion_tokens": 2, "cost": 0.000001}, 1000),
    ],
    ids=["its cache held the prompt", "its own figure is below the list"],
)
def test_what_the_first_as_written_answered_itself_is_no_saving(
    scripted: Any, service: Any, usage: Any, paid: int
) -> None:
    """It was asked after a cheaper one failed: what it took off by itself has nothing to do with the order."""
    answers = scripted(reply(completion(usage=usage)))
    asked = service(
        provider("dear", answers.url), provider("cheap", scripted(BROKEN).url), orders={"default": Order(PRICE_SORT)},
        prices={"dear/m": Price(30.0, 60.0, cached=3.0), "cheap/m": PRICE},
    )  # fmt: skip
    asked.complete_text_sync("hi")
    rows = "SELECT provider, cost_nano, saved_nano FROM calls"
    assert asked.engine.ledger.read(rows) == [("dear", paid, None)]
    assert reading(asked)["sophia_llm_saved_usd_total"] == {("cache",): 0.0, ("route",): 0.0}


def test_a_saving_whose_size_nobody_knows_is_none(scripted: Any, service: Any) -> None:
    server = scripted(reply(completion()), reply(completion(usage=None)))
    asked = service(
        provider("unpriced", server.url), provider("cheap", server.url),
        orders={"default": Order(PRICE_SORT)}, prices={"cheap/m": PRICE},
    )  # fmt: skip
    for _ in range(2):
        asked.complete_text_sync("hi")
    rows = "SELECT provider, saved_nano FROM calls ORDER BY started_ns"
    assert asked.engine.ledger.read(rows) == [("cheap", None)] * 2


def test_a_cache_that_is_configured_is_counted_from_the_start(scripted: Any, service: Any) -> None:
    asked = service(provider("p", scripted().url), cache=CachePolicy(tasks={"bulk": 60.0}))
    found = reading(asked)["sophia_llm_cache_lookups_total"]
    assert found == {("p", "hit"): 0, ("p", "miss"): 0}


def test_a_budget_has_its_period_and_what_is_spent_to_the_cent(scripted: Any, service: Any) -> None:
    budgets = (Budget("all", 10**9), Budget("today", 5 * 10**8, per=DAY))
    server = scripted(reply(completion()))
    asked = service(provider("p", server.url), budgets=budgets, prices={"p/m": PRICE})
    asked.complete_text_sync("hi")
    found = reading(asked)
    assert found["sophia_llm_budget_spent_usd"] == {("all",): 7e-6, ("today",): 7e-6}
    assert found["sophia_llm_budget_limit_usd"] == {("all",): 1.0, ("today",): 0.5}
    moment = datetime(2026, 12, 31, 23, 0, tzinfo=UTC).timestamp()
    then = reading(asked, moment)
    assert then["sophia_llm_budget_spent_usd"] == {("all",): 0, ("today",): 0}
    starts = then["sophia_llm_budget_period_start_timestamp_seconds"]
    ends = then["sophia_llm_budget_period_end_timestamp_seconds"]
    assert starts["all",] == datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    assert ends["all",] == ends["today",] == datetime(2027, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "each, names",
    [("user", {"fair"}), ("team", {f"fair/t{number}" for number in range(MOST_ACCOUNTS)})],
)
def test_no_label_names_a_user_and_accounts_are_bounded(
    each: str, names: set[str], scripted: Any, service: Any
) -> None:
    budget = Budget("fair", 10**9, each=each)
    asked = service(provider("p", scripted().url), budgets=(budget,))
    rows = [
        (f"fair/t{number}", budget.window(time.time()), 10**9, 900 - number)
        for number in range(MOST_ACCOUNTS + 10)
    ]
    for row in rows:
        asked.engine.ledger.patiently(
            lambda connection, row=row: connection.execute(
                "INSERT INTO accounts VALUES(?,?,?,?,0,0,1,0,0)", row
            )
        )
    spent = reading(asked)["sophia_llm_budget_spent_usd"]
    assert {name for (name,) in spent} == names
    assert max(spent.values()) == 9e-7
