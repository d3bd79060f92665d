"""What a call and the moment say against a candidate: capabilities, health, budgets; the unknown says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sophia_cli.llm import BudgetExceeded, Config, NoRoute
from sophia_cli.llm.budgets.budget import Budget
from sophia_cli.llm.call import CHAT, OTHER, RESPONSES, Call, Labels, Origin
from sophia_cli.llm.estimate import MOST_OUTPUT, WORST_CONTEXT, estimate
from sophia_cli.llm.outlook import Outlook
from sophia_cli.llm.prices import Price
from sophia_cli.llm.prices.worstcase import worst_case
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.routing import decide
from sophia_cli.llm.secret import Secret

USD = 1_000_000_000
SECRET = Secret("key-0123456789abcdef", "TEST_KEY")
CHAIN = (("openai", "able"), ("company", "poor"), ("openrouter", "x/unheard"))
POOR = {"context": 8000, "output": 100, "tools": False, "json_schema": False, "vision": False}
ABLE = {"context": 100_000, "output": 500, "tools": True, "json_schema": True, "vision": True}


def configured(**settings: Any) -> Config:
    known = {
        name: Provider(name, kind, KINDS[kind].base_url, SECRET, {})
        for name, kind in (
            ("openai", "openai"),
            ("company", "openai"),
            ("openrouter", "openrouter"),
        )
    }
    limits = {"company/poor": POOR, "openai/able": ABLE}
    given = {"providers": known, "routes": {"default": CHAIN}, "limits": limits, **settings}
    return Config(**given)


def ask(text: str = "hello", labels: Labels | None = None, **body: Any) -> Call:
    messages = [{"role": "user", "content": text}]
    return Call(CHAT, {"messages": messages, **body}, labels or Labels())


IMAGE = {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}
SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {}}}
NEEDS = [
    (ask(), ""),
    (ask(tools=[]), ""),
    (ask(response_format={"type": "json_object"}), ""),
    (ask("x" * 31_900), ""),
    (ask(tools=[{}]), "takes no tools"),
    (ask(**SCHEMA), "keeps to no JSON schema"),
    (Call(CHAT, IMAGE, Labels()), "sees no images"),
    (ask("x" * 40_000), "too long: about 10,008 tokens, it takes 8,000"),
]


@pytest.mark.parametrize(("call", "reason"), NEEDS)
def test_what_a_model_cannot_do_leaves_it_out(call: Call, reason: str) -> None:
    verdicts = decide(call, configured()).verdicts
    assert [(v.taken, v.reason) for v in verdicts] == [
        (True, "[routes] default"),
        (not reason, reason or "[routes] default"),
        (True, "[routes] default"),
    ]


def test_the_catalogue_knows_models_that_nobody_described() -> None:
    config = configured(routes={"default": (("openai", "gpt-3.5-turbo"), ("openrouter", "x/y"))})
    call = Call(CHAT, IMAGE, Labels())
    assert [v.reason for v in decide(call, config).verdicts] == [
        "sees no images",
        "[routes] default",
    ]
    known_better = configured(
        routes=config.routes, limits={"openai/gpt-3.5-turbo": {"vision": True}}
    )
    assert len(decide(call, known_better).candidates) == 2


def test_who_rests_is_left_out_with_the_reason() -> None:
    outlook = Outlook(resting={("openai", "able"): "rests for 9 s after 5 failures in a row (503)"})
    verdicts = decide(ask(), configured(), outlook).verdicts
    assert [(v.taken, v.reason) for v in verdicts][:2] == [
        (False, "rests for 9 s after 5 failures in a row (503)"),
        (True, "[routes] default"),
    ]


def test_a_client_s_own_endpoint_is_its_own_to_try() -> None:
    origin = Origin("openai", "POST", "https://api.openai.com/v1/chat/completions", {})
    call = Call(CHAT, {}, Labels(), origin=origin, model="able")
    outlook = Outlook(resting={("openai", "able"): "rests"})
    assert decide(call, configured(routes={}), outlook).candidates


DEAR = {"openai/able": Price(100.0, 1000.0), "company/poor": Price(0.0, 0.0)}


def test_a_budget_without_room_leaves_the_dear_ones_out() -> None:
    config = configured(prices=DEAR, budgets=(Budget("team-data", 75 * USD),))
    outlook = Outlook(left={"team-data": 20_000_000})
    verdicts = decide(ask(), config, outlook).verdicts
    assert [(v.taken, v.reason) for v in verdicts] == [
        (False, "budget team-data: $0.02 left of $75, this may cost $0.51"),
        (True, "[routes] default"),
        (True, "[routes] default"),
    ]
    assert decide(ask(max_tokens=1), config, outlook).verdicts[0].taken


def test_budgets_are_about_labels_the_inferred_task_among_them() -> None:
    budgets = (
        Budget("sql", 1, match={"task": "sql_generation"}),
        Budget("each", 1, each="team", match={"provider": "openai", "key": "TEST_KEY"}),
    )
    config = configured(prices=DEAR, budgets=budgets, routes={"default": (CHAIN[0],)})
    with pytest.raises(BudgetExceeded) as caught:
        decide(ask("Write a SQL query"), config)
    assert caught.value.message.startswith("openai: budget sql: $0.000000001 left of $0.000000001,")
    with pytest.raises(BudgetExceeded, match="openai: budget each/data: "):
        decide(ask(labels=Labels(team="data")), config)
    with pytest.raises(BudgetExceeded, match="openai: budget each/: "):
        decide(ask(), config)


def test_an_untouched_account_has_its_limit() -> None:
    config = configured(prices=DEAR, budgets=(Budget("all", USD),))
    assert decide(ask(), config).verdicts[0].taken
    assert not decide(ask(n=2, max_tokens=500), config).verdicts[0].taken


def test_a_budget_that_only_warns_leaves_nobody_out() -> None:
    config = configured(prices=DEAR, budgets=(Budget("all", 0, stop=False),))
    assert len(decide(ask(), config).candidates) == 3


@pytest.mark.parametrize("policy", ["allow", "warn", "refuse"])
def test_what_has_no_price_is_out_only_where_a_budget_refuses_it(policy: str) -> None:
    config = configured(prices=DEAR, budgets=(Budget("all", USD, unpriced=policy),))
    last = decide(ask(), config).verdicts[2]
    refused = policy == "refuse"
    assert (last.taken, last.reason) == (
        not refused,
        "budget all refuses what has no price" if refused else "[routes] default",
    )


def test_simulated_answers_cost_nothing() -> None:
    simulator = Provider("simulator", "simulator", KINDS["simulator"].base_url)
    budget = Budget("all", 0, unpriced="refuse")
    config = Config(providers={"simulator": simulator}, budgets=(budget,))
    assert decide(ask(), config).candidates


def test_a_client_s_own_endpoint_is_held_to_budgets_too() -> None:
    origin = Origin("openai", "POST", "https://api.openai.com/v1/chat/completions", {})
    call = Call(CHAT, {}, Labels(), origin=origin, model="able")
    config = configured(prices=DEAR, routes={}, budgets=(Budget("all", 1),))
    with pytest.raises(BudgetExceeded):
        decide(call, config)


def test_the_first_reason_is_the_one_that_is_shown() -> None:
    config = configured(
        prices=DEAR, budgets=(Budget("all", 0),), data_classes={"secret": ("openai", "company")}
    )
    outlook = Outlook(resting=dict.fromkeys(CHAIN, "rests"))
    call = ask(labels=Labels(data_class="secret"), tools=[{}])
    with pytest.raises(NoRoute) as caught:
        decide(call, config, outlook)
    assert caught.value.message == (
        "no provider may take this call (openai: rests; company: takes no tools; "
        "openrouter: data class 'secret' may not go there)"
    )
    decision = caught.value.decision
    assert decision is not None and [v.taken for v in decision.verdicts] == [False] * 3


def test_the_worst_case_of_openrouter_is_its_dearest_fallback() -> None:
    options = {"fallback_models": ["a/dear", "a/cheap"]}
    known = Provider("openrouter", "openrouter", KINDS["openrouter"].base_url, SECRET, options)
    prices = {
        "openrouter/a/own": Price(1.0, 1.0),
        "openrouter/a/dear": Price(2.0, 2.0),
        "openrouter/a/cheap": Price(0.5, 0.5),
    }
    config = Config(providers={"openrouter": known}, prices=prices)
    size = estimate(ask(max_tokens=1000))
    case = worst_case(config, "openrouter", "a/own", size)
    assert (case.nano, case.tokens_out) == ((size.worst_in + 1000) * 2000, 1000)
    assert case.price == prices["openrouter/a/own"]  # its own answer is counted by its own price
    del prices["openrouter/a/cheap"]
    config = Config(providers={"openrouter": known}, prices=prices)
    assert worst_case(config, "openrouter", "a/own", size).nano is None


def test_an_answer_is_no_longer_than_its_model_writes_unless_the_call_says_so() -> None:
    config = configured()
    assert worst_case(config, "openai", "able", estimate(ask())).tokens_out == 500
    assert worst_case(config, "openai", "able", estimate(ask(max_tokens=900))).tokens_out == 900
    assert worst_case(config, "openrouter", "x/y", estimate(ask())).tokens_out == 16_384


GOING_ON = [
    (CHAT, {"previous_response_id": "resp_1"}, False),
    (RESPONSES, {"previous_response_id": None, "conversation": ""}, False),
    (RESPONSES, {"prompt": "a text"}, False),
    (RESPONSES, {"previous_response_id": "resp_1"}, True),
    (OTHER, {"conversation": "conv_1"}, True),
    (OTHER, {"conversation": {"id": "conv_1"}}, True),
    (OTHER, {"prompt": {"id": "pmpt_1"}}, True),
]


@pytest.mark.parametrize(("operation", "body", "goes_on"), GOING_ON)
def test_what_a_vendor_adds_counts_as_a_full_context_window(
    operation: str, body: dict[str, Any], goes_on: bool
) -> None:
    prices = {"openai/able": Price(1.0, 0.0), "openai/unheard": Price(1.0, 0.0)}
    config = configured(prices=prices)
    size = estimate(Call(operation, {"input": "hello", **body}, Labels()))
    assert size.history == goes_on
    for model, context in (("able", 100_000), ("unheard", WORST_CONTEXT)):
        worst_in = context if goes_on else size.worst_in
        assert worst_case(config, "openai", model, size).nano == worst_in * 1000


def test_a_call_that_goes_on_is_refused_in_words_that_say_why_it_is_dear() -> None:
    budgets = (Budget("all", USD // 20),)
    config = configured(prices={"openai/able": Price(1.0, 0.0)}, budgets=budgets)
    call = Call(RESPONSES, {"input": "hello"}, Labels(), model="openai/able")
    outlook = Outlook({}, {}, {"all": USD // 20})
    assert decide(call, config, outlook).candidates
    body = {**call.body, "previous_response_id": "resp_1"}
    with pytest.raises(BudgetExceeded) as caught:
        decide(Call(RESPONSES, body, Labels(), model="openai/able"), config, outlook)
    assert caught.value.message == (
        "openai: budget all: $0.05 left of $0.05, this may cost $0.10"
        " (what it goes on from counts as a full context window)"
    )
    decision = caught.value.decision
    assert decision is not None
    assert json.loads(decision.record())["estimate"] == {
        "tokens_in": 5, "worst_in": 9, "worst_out": MOST_OUTPUT, "history": True,
    }  # fmt: skip


def test_the_decision_is_written_down_with_task_and_size() -> None:
    config = configured(routes={"default": CHAIN[:2]})
    text = decide(ask("Write a SQL query", tools=[{}], max_tokens=7), config).record()
    assert json.loads(text) == {
        "task": ["sql_generation", "inferred", "asks for SQL"],
        "asked": "",
        "estimate": {
            "tokens_in": 13,
            "worst_in": 629,
            "worst_out": 7,
            "limit": 7,
            "tools": True,
        },
        "candidates": [
            ["openai", "able", True, "[routes] default"],
            ["company", "poor", False, "takes no tools"],
        ],
    }
