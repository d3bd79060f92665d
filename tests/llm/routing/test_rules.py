"""Rules of `sophia.toml`: which calls they are about, what they do, and what they may not say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sophia_cli.llm import Config, ConfigError, NoRoute, load_config
from sophia_cli.llm.call import CHAT, EMBEDDINGS, OTHER, Call, Labels, Origin
from sophia_cli.llm.outlook import Outlook
from sophia_cli.llm.routing import Decision, decide, keeps_origin

KEYS = {
    "OPENROUTER_API_KEY": "openrouter-0123456789",
    "PORTKEY_API_KEY": "portkey-0123456789",
    "OPENAI_API_KEY": "openai-0123456789",
    "SNOWFLAKE_PAT": "snowflake-0123456789",
    "SNOWFLAKE_ACCOUNT": "org-acc",
}
HELLO = {"messages": [{"role": "user", "content": "hello"}]}
BULK = '[[rules]]\nwhen = {task = "bulk"}\nuse = ["openai/small"]\n'
CLASSES = '[data_classes]\ncustomer = ["cortex"]\n'


def config_of(folder: Path, text: str) -> Config:
    (folder / "sophia.toml").write_text(text)
    return load_config(KEYS, folder)


def ask(body: Any = None, operation: str = CHAT, **said: Any) -> Call:
    own = {
        name: said.pop(name)
        for name in ("model", "provider", "door", "id", "origin")
        if name in said
    }
    return Call(operation, HELLO if body is None else body, Labels(**said), **own)


def order(config: Config, call: Call, outlook: Outlook | None = None) -> list[str]:
    found = decide(call, config, outlook or Outlook()).candidates
    return [f"{verdict.provider}/{verdict.model}" for verdict in found]


def reasons(decision: Decision) -> list[str]:
    return [f"{v.provider}: {v.reason}" for v in decision.verdicts]


ELSEWHERE = [
    # a condition that does not hold leaves a call alone
    ('when = {task = "bulk"}', ask()),
    ('when = {service = "shop"}', ask(service="shop2")),
    ('when = {team = "data"}', ask()),
    ('when = {user = "ann"}', ask(user="bob")),
    ('when = {model = "gpt-4*"}', ask(model="gpt-5")),
    ('when = {model = "gpt-4*"}', ask()),
    ('when = {door = "dropin"}', ask()),
    ('when = {data_class = "customer"}', ask()),
    ("when = {prompt_over = 100}", ask()),
    ("when = {prompt_under = 9}", ask()),
    ('when = {team = "data", service = "shop"}', ask(team="data")),
]
HERE = [
    ("", ask()),
    ("when = {}", ask()),
    ('when = {task = "chat_conversation"}', ask()),
    ('when = {task = "bulk"}', ask(task="bulk")),
    (
        'when = {task = "sql_generation"}',
        ask({"messages": [{"role": "user", "content": "Write a SQL query"}]}),
    ),
    ('when = {service = "shop", team = "data"}', ask(service="shop", team="data")),
    ('when = {user = "ann"}', ask(user="ann")),
    ('when = {model = "gpt-4*"}', ask(model="gpt-4o")),
    ('when = {model = "openrouter/*"}', ask(model="openrouter/x/y")),
    ('when = {door = "dropin"}', ask(door="dropin")),
    ("when = {prompt_over = 8}", ask()),
    ("when = {prompt_under = 10}", ask()),
    ("when = {prompt_over = 8, prompt_under = 10}", ask()),
]


@pytest.mark.parametrize(("when", "call"), ELSEWHERE)
def test_a_rule_leaves_other_calls_alone(tmp_path: Path, when: str, call: Call) -> None:
    plain = config_of(tmp_path, CLASSES)
    ruled = config_of(tmp_path, f'{CLASSES}[[rules]]\n{when}\nuse = ["cortex/special"]\n')
    assert decide(call, ruled) == decide(call, plain)


@pytest.mark.parametrize(("when", "call"), HERE)
def test_a_rule_names_who_answers(tmp_path: Path, when: str, call: Call) -> None:
    config = config_of(tmp_path, f'[[rules]]\n{when}\nuse = ["openai/special"]\n')
    assert reasons(decide(call, config)) == ["openai: rule 1"]
    assert order(config, call) == ["openai/special"]


def test_the_first_rule_that_holds_goes_before_the_next_and_before_every_route(
    tmp_path: Path,
) -> None:
    config = config_of(
        tmp_path,
        '[routes]\ndefault = ["openrouter/r/r"]\nbulk = ["openrouter/r/b"]\n'
        '[models]\n"gpt-5" = ["openrouter/m/m"]\n'
        '[[rules]]\nname = "night work"\nwhen = {task = "bulk"}\nuse = ["openai/one"]\n'
        '[[rules]]\nwhen = {team = "data"}\nuse = ["openai/two", "portkey/@a/three"]\n',
    )
    assert order(config, ask(task="bulk", team="data", model="gpt-5")) == ["openai/one"]
    assert order(config, ask(team="data")) == ["openai/two", "portkey/@a/three"]
    assert order(config, ask(model="gpt-5")) == ["openrouter/m/m"]
    assert reasons(decide(ask(task="bulk"), config)) == ["openai: rule 'night work'"]


def test_who_is_named_in_the_call_goes_before_a_rule_but_not_where_it_avoids(
    tmp_path: Path,
) -> None:
    config = config_of(
        tmp_path,
        '[[rules]]\nwhen = {task = "bulk"}\nuse = ["openai/small", "openrouter/q/q"]\navoid = ["portkey"]\n',
    )
    assert order(config, ask(task="bulk", provider="openrouter")) == ["openrouter/q/q"]
    assert order(config, ask(task="bulk", provider="cortex")) == ["cortex/llama3.1-8b"]
    assert order(config, ask(task="bulk", model="cortex/own")) == ["cortex/own"]
    with pytest.raises(NoRoute, match="portkey: rule 1 avoids it"):
        decide(ask(task="bulk", model="portkey/@a/b"), config)


def test_what_a_rule_avoids_is_shown_and_left_out(tmp_path: Path) -> None:
    config = config_of(
        tmp_path, '[[rules]]\nwhen = {team = "eu"}\navoid = ["openrouter", "openai/gpt-5.2"]\n'
    )
    assert reasons(decide(ask(team="eu"), config)) == [
        "portkey: primary model",
        "openrouter: rule 1 avoids it",
        "cortex: primary model",
        "openai: rule 1 avoids it",
        "anthropic: ANTHROPIC_API_KEY is not set",
    ]
    assert "openai/gpt-5" in order(config, ask(team="eu", model="gpt-5"))


def test_a_rule_never_widens_a_data_class(tmp_path: Path) -> None:
    config = config_of(tmp_path, CLASSES + BULK)
    with pytest.raises(NoRoute, match="openai: data class 'customer' may not go there"):
        decide(ask(task="bulk", data_class="customer"), config)


def test_chat_models_do_not_embed(tmp_path: Path) -> None:
    everything = '[[rules]]\nwhen = {team = "data"}\n'
    config = config_of(tmp_path, everything + 'use = ["openai/small"]\n')
    call = ask({"input": "x"}, EMBEDDINGS, team="data")
    assert order(config, call)[0] == "cortex/snowflake-arctic-embed-l-v2.0"
    config = config_of(tmp_path, everything + 'avoid = ["cortex"]\n')
    assert order(config, call)[0] == "portkey/@openai/text-embedding-3-small"
    embeddings = '[[rules]]\nwhen = {task = "embeddings"}\nuse = ["openai/e"]\n'
    assert order(config_of(tmp_path, embeddings), call) == ["openai/e"]


def test_a_vendor_s_client_keeps_its_endpoint_until_a_rule_is_about_it(tmp_path: Path) -> None:
    config = config_of(tmp_path, BULK)
    origin = Origin("openai", "POST", "https://api.openai.com/v1/chat/completions", {})
    plain, bulk = (ask(task=task, origin=origin, model="gpt-5") for task in ("", "bulk"))
    assert keeps_origin(plain, config) and not keeps_origin(bulk, config)
    assert reasons(decide(plain, config)) == ["openai: its own endpoint; no route is about it"]
    assert reasons(decide(bulk, config)) == ["openai: rule 1"]
    other = ask({}, OTHER, task="bulk", origin=origin)
    assert keeps_origin(other, config)
    avoiding = config_of(tmp_path, '[[rules]]\navoid = ["openai"]\n')
    with pytest.raises(NoRoute, match="openai: rule 1 avoids it"):
        decide(other, avoiding)


CHAIN = '["openai/a", "portkey/b", "cortex/c"]'
PRICES = '[prices."cortex/c"]\ninput = 1\noutput = 1\n[prices."portkey/b"]\ninput = 1\noutput = 2\n'


def test_a_chain_by_price_has_the_unpriced_last(tmp_path: Path) -> None:
    config = config_of(tmp_path, f'{PRICES}[[rules]]\nuse = {CHAIN}\nsort = "price"\n')
    assert order(config, ask()) == ["cortex/c", "portkey/b", "openai/a"]
    decision = decide(ask(), config)
    assert reasons(decision)[0] == "cortex: rule 1, by price"
    assert decision.instead == ("openai", "a")  # who is written first


def test_only_a_price_puts_somebody_in_the_place_of_another(tmp_path: Path) -> None:
    for table in (
        f'{{chain = {CHAIN}, sort = "latency"}}',
        f"{{chain = {CHAIN}, weights = [1, 9, 9]}}",
        CHAIN,
        f'{{chain = {CHAIN[:-1]}, "openai/z"], sort = "price"}}',
    ):
        config = config_of(tmp_path, f"[routes]\ndefault = {table}\n")
        assert decide(ask(id="x"), config).instead is None, table


def test_a_chain_by_latency_has_the_unknown_last(tmp_path: Path) -> None:
    config = config_of(tmp_path, f'[routes]\ndefault = {{chain = {CHAIN}, sort = "latency"}}\n')
    seen = Outlook(latency={("cortex", "c"): 0.2, ("portkey", "b"): 1.5})
    assert order(config, ask(), seen) == ["cortex/c", "portkey/b", "openai/a"]
    assert order(config, ask()) == ["openai/a", "portkey/b", "cortex/c"]
    assert reasons(decide(ask(), config))[0] == "openai: [routes] default, by latency"


def test_a_rule_without_candidates_still_sorts_the_usual_ones(tmp_path: Path) -> None:
    config = config_of(tmp_path, '[[rules]]\nwhen = {task = "bulk"}\nsort = "latency"\n')
    seen = Outlook(latency={("cortex", "llama3.1-8b"): 0.2})
    assert order(config, ask(task="bulk"), seen)[0] == "cortex/llama3.1-8b"


WEIGHTED = '[routes]\ndefault = {chain = ["openai/a", "portkey/b"], weights = [3, 1]}\n'


def test_weights_share_calls_out(tmp_path: Path) -> None:
    config = config_of(tmp_path, WEIGHTED)
    firsts = Counter(order(config, ask(id=f"call{n}"))[0] for n in range(4000))
    assert 2880 < firsts["openai/a"] < 3120
    assert reasons(decide(ask(id="x"), config)) in (
        ["openai: [routes] default, weight 3 of 4", "portkey: [routes] default, weight 1 of 4"],
        ["portkey: [routes] default, weight 1 of 4", "openai: [routes] default, weight 3 of 4"],
    )


def test_a_call_is_always_drawn_alike_and_a_session_stays_where_it_began(tmp_path: Path) -> None:
    config = config_of(tmp_path, WEIGHTED)
    assert len({tuple(order(config, ask(id="a"))) for _ in range(9)}) == 1
    for session in ("s1", "s2", "s3", "s4", "s5"):
        found = {order(config, ask(id=f"call{n}", session=session))[0] for n in range(9)}
        assert len(found) == 1
    assert order(config, ask(id="")) == [
        "openai/a",
        "portkey/b",
    ]  # nothing to draw by: the heaviest


def test_a_candidate_that_leaves_moves_no_call_between_the_others(tmp_path: Path) -> None:
    use = "[routes]\ndefault = {{chain = {}, weights = {}}}\n"
    three = config_of(tmp_path, use.format(CHAIN, "[2, 1, 1]"))
    two = config_of(tmp_path, use.format('["openai/a", "portkey/b"]', "[2, 1]"))
    for number in range(200):
        call = ask(id=f"call{number}")
        rest = [name for name in order(three, call) if name != "cortex/c"]
        assert rest == order(two, call)


def test_a_weight_of_zero_is_a_last_resort(tmp_path: Path) -> None:
    config = config_of(tmp_path, WEIGHTED.replace("[3, 1]", "[0, 1]"))
    assert {order(config, ask(id=f"c{n}"))[0] for n in range(99)} == {"portkey/b"}


def test_weights_of_one_provider_s_models_add_up_where_a_call_names_another(
    tmp_path: Path,
) -> None:
    config = config_of(
        tmp_path,
        '[routes]\ndefault = {chain = ["openai/a", "portkey/b", "openai/c"], weights = [1, 1, 2]}\n',
    )
    assert sorted(reasons(decide(ask(id="x", model="gpt-5"), config))) == [
        "openai: [routes] default, weight 3 of 4",
        "portkey: [routes] default, weight 1 of 4",
    ]


WRONG = {
    "a table": ("[rules]\nuse = []\n", "rules must be tables", "write each as [[rules]]"),
    "a list of words": ('rules = ["a"]\n', "rules must be tables", ""),
    "an unknown key": ('[[rules]]\nusing = ["openai/a"]\n', "rule 1 has no key 'using'", "allowed: name, when,"),
    "a name that is none": ("[[rules]]\nname = 3\n", "rule 1 name must be a string, not 3", ""),
    "nothing said": ('[[rules]]\nwhen = {team = "a"}\n', "rule 1 says nothing", "give it use,"),
    "an unknown condition": (
        '[[rules]]\nwhen = {colour = "red"}\navoid = ["openai"]\n',
        "rule 1 when has no key 'colour'",
        "allowed: task, service, team, user, data_class, door, model, prompt_over, prompt_under",
    ),
    "a condition that is no table": (
        '[[rules]]\nwhen = "bulk"\navoid = ["openai"]\n',
        "rule 1 when must be a table",
        "such as",
    ),
    "an empty condition": (
        '[[rules]]\nwhen = {team = ""}\navoid = ["openai"]\n',
        "rule 1 when team must be a string, not ''",
        "",
    ),
    "a size that is text": (
        '[[rules]]\nwhen = {prompt_over = "9"}\navoid = ["openai"]\n',
        "rule 1 when prompt_over must be tokens, not '9'",
        "",
    ),
    "an unknown task": (
        '[[rules]]\nwhen = {task = "magic"}\navoid = ["openai"]\n',
        "rule 1 when task 'magic' is not known",
        "allowed: data_analysis,",
    ),
    "sizes that cannot be": (
        '[[rules]]\nwhen = {prompt_over = 9, prompt_under = 10}\navoid = ["openai"]\n',
        "rule 1 no prompt is over 9 and under 10 tokens",
        "",
    ),
    "an unknown provider": (
        '[[rules]]\nuse = ["nobody/x"]\n',
        "rule 1 use names the provider 'nobody', which is not known",
        "known: cortex,",
    ),
    "an unknown provider to avoid": (
        '[[rules]]\navoid = ["nobody"]\n',
        "rule 1 avoid names the provider 'nobody', which is not known",
        "known: cortex,",
    ),
    "a link without a model": (
        '[[rules]]\nuse = ["openai"]\n',
        'rule 1 use: "openai" must be "provider/model"',
        "",
    ),
    "used and avoided": (
        '[[rules]]\nuse = ["openai/a", "cortex/b"]\navoid = ["cortex"]\n',
        "rule 1 uses and avoids cortex/b",
        "",
    ),
    "an unknown order": (
        '[[rules]]\nuse = ["openai/a"]\nsort = "luck"\n',
        "rule 1 sort 'luck' is not known",
        "allowed: order, price, latency, weight",
    ),
    "too few weights": (
        '[[rules]]\nuse = ["openai/a", "cortex/b"]\nweights = [1]\n',
        "rule 1 has 1 weights for 2 candidates",
        "one weight for each",
    ),
    "weights below zero": (
        '[[rules]]\nuse = ["openai/a"]\nweights = [-1]\n',
        "rule 1 weights must be numbers of at least 0",
        "",
    ),
    "weights of nothing": (
        '[[rules]]\nuse = ["openai/a"]\nweights = [0]\n',
        "rule 1 weights are all 0",
        "",
    ),
    "weights and a price": (
        '[[rules]]\nuse = ["openai/a"]\nweights = [1]\nsort = "price"\n',
        "rule 1 has weights, but sort 'price'",
        "",
    ),
    "no weights": (
        '[[rules]]\nuse = ["openai/a"]\nsort = "weight"\n',
        "rule 1 has sort 'weight' without any",
        "",
    ),
    "a class that is none": (
        '[[rules]]\nwhen = {data_class = "customer"}\navoid = ["openai"]\n',
        "rule 1 is about the data class 'customer', which is not configured",
        "add it to [data_classes]",
    ),
    "a class that it would leave": (
        CLASSES + '[[rules]]\nwhen = {data_class = "customer"}\nuse = ["openai/a"]\n',
        "rule 1 uses openai, which data class 'customer' may not reach",
        "[data_classes] customer: cortex",
    ),
    "two that contradict": (
        BULK + '[[rules]]\nwhen = {task = "bulk"}\nuse = ["cortex/b"]\n',
        "rule 2 and rule 1 (",
        "the first would always win",
    ),
    "two that contradict, written in one line": (
        'rules = [{use = ["openai/a"]}, {name = "b", use = ["cortex/b"]}]\n',
        "rule 'b' and rule 1 (",
        "the first would always win",
    ),
    "two of a name": (
        '[[rules]]\nname = "a"\nuse = ["openai/a"]\n[[rules]]\nname = "a"\navoid = ["cortex"]\n',
        "two rules are named 'a'",
        "",
    ),
    "a route with another key": (
        '[routes]\nbulk = {use = ["openai/a"]}\n',
        "[routes] bulk has no key 'use'",
        "allowed: chain, sort, weights",
    ),
    "a route without a chain": (
        '[routes]\nbulk = {sort = "price"}\n',
        "[routes] bulk must be a list of strings",
        "",
    ),
    "a route with too many weights": (
        '[routes]\nbulk = {chain = ["openai/a"], weights = [1, 2]}\n',
        "[routes] bulk has 2 weights for 1 candidates",
        "",
    ),
    "a limit that is none": (
        '[limits."openai/a"]\ncontext = 0\n',
        '[limits."openai/a"] context must be tokens, not 0',
        "",
    ),
    "a capability that is a word": (
        '[limits."openai/a"]\ntools = "yes"\n',
        "[limits.\"openai/a\"] tools must be true or false, not 'yes'",
        "",
    ),
    "a limit of something else": (
        '[limits."openai/a"]\nspeed = 3\n',
        "[limits.\"openai/a\"] has no key 'speed'",
        "allowed: context, output, tools, json_schema, vision",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words", "mend"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_kept_is_said_before_any_call(
    tmp_path: Path, text: str, words: str, mend: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(tmp_path, text)
    place, _, said = caught.value.message.partition(": ")
    assert place.rpartition(":")[0] == f"{tmp_path}/sophia.toml"
    assert said.startswith(words)
    assert "\n" not in caught.value.message
    assert caught.value.mend.startswith(mend)


def test_the_same_rule_twice_is_no_contradiction(tmp_path: Path) -> None:
    assert len(config_of(tmp_path, BULK + BULK).rules) == 2


def test_a_changed_configuration_has_plans_of_its_own(tmp_path: Path) -> None:
    from dataclasses import replace

    config = config_of(tmp_path, BULK)
    assert order(config, ask(task="bulk")) == ["openai/small"]
    assert order(replace(config, rules=()), ask(task="bulk")) != ["openai/small"]
    for number in range(3000):  # any number of models may be asked for
        decide(ask(model=f"openai/m{number}"), config)
    assert len(config.plans) <= 1001
