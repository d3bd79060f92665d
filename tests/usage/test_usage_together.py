"""Calls that are looked at together come to what each of them comes to alone."""

from __future__ import annotations

from array import array
from pathlib import Path
from random import Random

import pytest
from seeding import CHAT, CONFIG, NOW, SQL, Seeded, seed

from sophia_cli.llm.call import Usage
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.prices import Price
from sophia_cli.usage.advice import advise
from sophia_cli.usage.ground import survey
from sophia_cli.usage.groups import By
from sophia_cli.usage.kinds import alike
from sophia_cli.usage.limits import Limits
from sophia_cli.usage.mixture import Mixture
from sophia_cli.usage.past import past_pages
from sophia_cli.usage.pricing import cost_of_tokens, costs_of_tokens
from sophia_cli.usage.replay import Replayer
from sophia_cli.usage.report import report
from sophia_cli.usage.scenario import replayer_of, rules_of, scenario
from sophia_cli.usage.span import read_span

SPAN = read_span("30d", NOW)
DEFAULT = 'default = ["portkey/gpt-5", "openrouter/meta-llama/llama-4-scout"]'
CHAIN = 'chain = ["openrouter/meta-llama/llama-4-scout", "portkey/gpt-5", "cortex/claude-4-sonnet"]'
RULES = {
    "another order": CONFIG.replace(DEFAULT, 'default = ["cortex/claude-4-sonnet"]'),
    "by weight, with budgets": CONFIG.replace(
        DEFAULT, f"default = {{{CHAIN}, weights = [3, 2, 1]}}"
    )
    + '[budgets.all]\nlimit = 0.02\nper = "day"\n[budgets.each]\nlimit = 0.05\neach = "user"\n',
    "by price and size": CONFIG.replace(DEFAULT, f'default = {{{CHAIN}, sort = "price"}}')
    + "[[rules]]\nwhen = {prompt_over = 3000}\nuse = ['cortex/claude-4-sonnet']\n",
    "by who asks": CONFIG + "[[rules]]\nwhen = {user = 'ada'}\navoid = ['portkey']\n",
}


def varied(folder: Path, number: int) -> Ledger:
    """A ledger in which calls differ in all that rules, prices and budgets can ask for."""
    dice = Random(number)  # nosec B311: a test's choice of calls
    seeded = Seeded(Ledger(folder / "ledger.sqlite3", "batch"))
    for _ in range(300):
        chain, task = dice.choice([(SQL, "sql_generation"), (CHAT, ""), (CHAT, "bulk")])
        outcome = dice.choice(["ok", "ok", "ok", "ok", "error", "cancelled", "cached"])
        seeded.call(
            f"2026-11-{dice.randint(1, 27):02}", task, chain, place=dice.choice(chain), outcome=outcome,
            tokens=dice.choice([(dice.randrange(90_000), dice.randrange(9000)), (500, 50), None]),
            nano=dice.choice([dice.randrange(10**7), 10**6, None]), took=dice.random() * 50,
            failed=dice.choice([(), (), [(*one, "server", 500) for one in chain[:1]]]),
            estimate=dice.choice([{}, {"tokens_in": dice.randrange(9000)}, {"tools": True}]),
            out=dice.choice([(), (), [["openrouter", "x", "rests for 9 s"]]]),
            user=dice.choice(["", "ada", "bob"]), session=dice.choice(["", "s1"]),
            data_class=dice.choice(["", "", "", "customer"]), kept_local=dice.choice([0, 4800]),
            tokens_reasoning=dice.choice([None, 50]), tokens_cached=dice.choice([None, 30]),
        )  # fmt: skip
    return seeded.ledger


def said(replayer: Replayer, limits: Limits) -> tuple[object, ...]:
    sums = {
        task: {
            **vars(one),
            "was_times": sorted(one.was_times),
            "then_times": (sorted(one.then_times.times), one.then_times.counts),
        }
        for task, one in replayer.tasks.items()
    }
    return sums, replayer.moves.in_order(), replayer.refusals.in_order(), limits.passed(SPAN)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("number", range(2))
def test_a_replay(tmp_path: Path, rules: str, number: int) -> None:
    (tmp_path / "sophia.toml").write_text(RULES[rules])
    config = load_config({}, tmp_path)
    ledger = varied(tmp_path, number)
    ground = survey(ledger, SPAN)
    found = []
    for together in (True, False):
        limits = Limits(config)
        replayer = replayer_of(config, ground, {}, limits)
        for page in past_pages(ledger, SPAN, replayer.needs):
            if together:
                replayer.add(page)
                continue
            alone = [
                calls.only([one == moment for one in calls.moments])
                for calls in page
                for moment in calls.moments
            ]
            for calls in sorted(alone, key=lambda one: one.moments):
                replayer.add([calls])
        found.append(said(replayer, limits))
    assert found[0] == found[1]
    assert sum(one["calls"] for one in found[0][0].values()) == 300  # type: ignore[attr-defined]
    ledger.close()


def test_in_the_order_of_the_first_of_each() -> None:
    found = alike("baabc", range(5))
    assert list(found.items()) == [("b", [0, 3]), ("a", [1, 2]), ("c", [4])]
    assert alike("", ()) == {}


PRICES = {
    "plain": Price(1.25, 10.0),
    "for each call": Price(0.1, 0.3, request=0.005),
    "with reasoning": Price(1.1, 4.4, reasoning=7.7),
    "by size": Price(1.25, 10.0, above=((200_000, Price(2.5, 15.0)), (500_000, Price(5.0, 30.0)))),
}


@pytest.mark.parametrize("name", PRICES)
def test_what_many_calls_cost(name: str) -> None:
    dice = Random(4)  # nosec B311: a test's choice of tokens
    tokens = [
        (dice.randrange(10**dice.randint(1, 6)), dice.randrange(9999), dice.choice([0, 0, 7, 20_000]))
        for _ in range(3000)
    ]  # fmt: skip
    each = [cost_of_tokens(PRICES[name], Usage(*one[:2], reasoning=one[2])) for one in tokens]
    assert costs_of_tokens(PRICES[name], tokens) == each


@pytest.mark.parametrize("number", range(20))
def test_percentiles_of_what_was_and_what_would_have_been(number: int) -> None:
    dice = Random(number)  # nosec B311: a test's choice of times
    times = array("q", (dice.randrange(1, 400) for _ in range(dice.choice([0, 1, 40, 300]))))
    samples = {
        ("p", name): array("q", sorted(dice.randrange(1, 500) for _ in range(dice.randint(20, 90))))
        for name in "ab"
    }
    mixture = Mixture(times)
    mixture.counts.update({place: dice.randint(1, 200) for place in samples})
    weighed = [(time, 1.0) for time in times]
    for place, count in mixture.counts.items():
        weighed += [(time, count / len(samples[place])) for time in samples[place]]
    total = len(times) + mixture.counts.total()

    def rank(share: float) -> float:
        before = 0.0
        for time, weight in sorted(weighed):
            before += weight
            if before >= share * total - 1e-6:
                return time / 1e6
        raise AssertionError

    found = mixture.speed(samples)
    assert (found.n, found.p50, found.p95) == (total, rank(0.5), rank(0.95))
    assert found.p99 == (rank(0.99) if total >= 100 else None)


def test_whoever_waits_is_told_of_every_call(tmp_path: Path) -> None:
    count = seed(tmp_path / "ledger.sqlite3").count
    (tmp_path / "sophia.toml").write_text(CONFIG)
    config: Config = load_config({}, tmp_path)
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    steps: list[int] = []
    report(ledger, config, SPAN, By.MODEL, steps.append)
    report(ledger, config, SPAN, By.ROUTE, steps.append)
    scenario(ledger, SPAN, rules_of(config, tmp_path / "sophia.toml", None, {}), steps.append)
    advise(ledger, config, SPAN, steps.append)
    assert sum(steps) == (1 + 1 + 2 + 2) * count
    ledger.close()
