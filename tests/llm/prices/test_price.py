"""What a call costs and can cost at most: tiers, caches, reasoning, sound, in whole nano-USD."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sophia_cli.llm.call import Usage
from sophia_cli.llm.prices import Price, cost_of
from sophia_cli.llm.prices.rows import holds_until, price_at

LARGE = Price(6.0, 22.5, 0.6, written=7.5, written_hour=12.0)
CLAUDE = Price(3.0, 15.0, 0.3, written=3.75, written_hour=6.0, above=((200_000, LARGE),))
SOUND = Price(2.5, 10.0, audio_in=40.0, audio_out=80.0, reasoning=20.0, request=0.005)
COSTS = {
    "nothing": (CLAUDE, Usage(0, 0), 0),
    "plain": (CLAUDE, Usage(1000, 100), 3_000_000 + 1_500_000),
    "less than a nano": (Price(0.0001, 0.0004), Usage(3, 1), 1),
    "no rate of its own for the cache": (Price(3.0, 15.0), Usage(1000, 0, cached=900), 3_000_000),
    "from the cache": (CLAUDE, Usage(1000, 0, cached=900), 300_000 + 270_000),
    "into the cache": (CLAUDE, Usage(1000, 0, written=900), 300_000 + 3_375_000),
    "for an hour": (
        CLAUDE,
        Usage(1000, 0, written=900, written_hour=400),
        300_000 + 1_875_000 + 2_400_000,
    ),
    "the last small prompt": (CLAUDE, Usage(200_000, 0), 600_000_000),
    "the first large one": (CLAUDE, Usage(200_001, 10), 1_200_006_000 + 225_000),
    "a large one from the cache": (CLAUDE, Usage(200_001, 0, cached=200_001), 120_000_600),
    "reasoning, sound, a fee": (
        SOUND,
        Usage(100, 50, reasoning=20, audio_in=60, audio_out=10),
        100_000 + 2_400_000 + 200_000 + 400_000 + 800_000 + 5_000_000,
    ),
    "parts that are more than the whole": (CLAUDE, Usage(100, 10, cached=900), 30_000 + 150_000),
}


@pytest.mark.parametrize(("price", "usage", "nano"), COSTS.values(), ids=COSTS.keys())
def test_what_a_call_costs(price: Price, usage: Usage, nano: int) -> None:
    assert price.cost(usage) == nano


def test_the_provider_s_own_figure_goes_first() -> None:
    price = Price(3.0, 15.0, source="list", as_of="2026-11-10")
    assert cost_of(None, price) == (None, "")
    assert cost_of(Usage(1, 1), None) == (None, "")
    assert cost_of(Usage(1, 1, cost_nano=7), price) == (7, "provider")
    assert cost_of(Usage(1, 1), price) == (18_000, "list 2026-11-10")


def test_the_worst_is_the_dearest_tier_that_fits() -> None:
    assert CLAUDE.worst(1000, 100) == 6_000_000 + 1_500_000
    assert CLAUDE.worst(200_000, 0) == 1_200_000_000
    assert CLAUDE.worst(200_001, 0) == 2_400_012_000
    cheaper_above = Price(3.0, 15.0, above=((100, Price(1.0, 5.0)),))
    assert cheaper_above.worst(1000, 0) == 3_000_000
    assert SOUND.worst(0, 0) == 5_000_000


rates = st.floats(0, 1000).map(lambda rate: round(rate, 4))
some = st.none() | rates
counts = st.integers(0, 1_000_000)
flat = st.builds(
    Price, rates, rates, some, written=some, written_hour=some, reasoning=some, audio_out=some,
    audio_in=some, request=st.floats(0, 1),
)  # fmt: skip


@given(
    flat,
    st.lists(st.tuples(counts, flat), max_size=3),
    st.lists(counts, min_size=8, max_size=8),
    counts,
    counts,
)
def test_no_call_costs_more_than_the_worst(
    base: Price, tiers: list[Any], tokens: list[int], more_in: int, more_out: int
) -> None:
    above = tuple(sorted(tiers, key=lambda tier: tier[0]))
    price = Price(**{**vars(base), "above": above})
    sent, received, cached, reasoning, written, hour, audio_in, audio_out = tokens
    usage = Usage(
        sent, received, cached, reasoning, None, written, min(hour, written), audio_in, audio_out
    )
    assert 0 <= price.cost(usage) <= price.worst(sent + more_in, received + more_out)


TIMED = [
    {"input": 1, "output": 2, "cached": 0.5},
    {"from": "2026-11-24", "input": 3, "output": 4, "cached": None},
    {"between": [2330, 130], "input": 5},
    {"between": [600, 1000], "days": [5, 6], "output": 7},
    {"above": 1000, "input": 9},
]
MOMENTS = {
    "before it starts": ("2026-11-23T12:00", (1, 2, 0.5, 9)),
    "from midnight of UTC": ("2026-11-24T02:00", (3, 4, None, 9)),
    "a window over midnight": ("2026-11-24T23:30", (5, 4, None, 9)),
    "after midnight": ("2026-11-25T01:29", (5, 4, None, 9)),
    "its end is outside": ("2026-11-25T01:30", (3, 4, None, 9)),
    "a window of Saturdays": ("2026-11-28T06:00", (3, 7, None, 9)),
    "the same hour on a Friday": ("2026-11-27T06:00", (3, 4, None, 9)),
}


@pytest.mark.parametrize(("moment", "expected"), MOMENTS.values(), ids=MOMENTS.keys())
def test_what_holds_at_a_moment(moment: str, expected: tuple[Any, ...]) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    price = price_at(TIMED, now, "list", "2026-11-10")
    assert (price.input, price.output, price.cached, price.at(1001).input) == expected
    assert [start for start, _ in price.above] == [1000]
    assert (price.source, price.as_of) == ("list", "2026-11-10")


def test_how_long_it_holds() -> None:
    now = datetime(2026, 11, 24, 23, 59, 30, tzinfo=UTC).timestamp()
    assert holds_until([{"input": 1}, {"from": "2026-11-25"}], now) == now + 30
    assert holds_until([{"between": [100, 130]}], now - 300) == now - 270
    assert holds_until((), now - 300) == now + 30


DAMAGED = {
    "no output": [{"input": 1}],
    "nothing": [],
    "below zero": [{"input": -1, "output": 1}],
    "text": [{"input": "1", "output": 1}],
    "no number": [{"input": float("nan"), "output": 1}],
    "above all": [{"input": 1, "output": 1}, {"above": 10, "output": 1e9}],
}


@pytest.mark.parametrize("rows", DAMAGED.values(), ids=DAMAGED.keys())
def test_rates_that_cannot_be_are_no_price(rows: list[Any]) -> None:
    with pytest.raises(ValueError, match="input|output"):
        price_at(rows, 0.0, "", "")
