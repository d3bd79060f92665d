"""Limits of a provider: what goes through, and how long the rest is told to wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sophia_cli.llm.admission.gate import Gate, Limits


def test_without_limits_everything_goes_through() -> None:
    gate = Gate(Limits())
    assert [gate.enter(10**9, 0.0) for _ in range(100)] == [0.0] * 100


def test_calls_at_once() -> None:
    gate = Gate(Limits(calls_at_once=2))
    assert [gate.enter(1, 0.0) for _ in range(2)] == [0.0, 0.0]
    assert gate.enter(1, 0.0) > 0
    gate.leave(1, None)
    assert gate.enter(1, 0.0) == 0.0


def test_requests_a_minute() -> None:
    gate = Gate(Limits(requests_per_minute=60))
    assert [gate.enter(1, 0.0) for _ in range(60)] == [0.0] * 60
    assert gate.enter(1, 0.0) == pytest.approx(1.0)
    assert gate.enter(1, 0.5) == pytest.approx(0.5)
    assert gate.enter(1, 1.0) == 0.0


def test_tokens_a_minute_are_corrected_when_they_are_known() -> None:
    gate = Gate(Limits(tokens_per_minute=600))
    assert gate.enter(600, 0.0) == 0.0
    assert gate.enter(100, 0.0) == pytest.approx(10.0)
    gate.leave(600, 500)
    assert gate.enter(100, 0.0) == 0.0


def test_a_call_larger_than_the_limit_waits_for_a_whole_minute_and_no_longer() -> None:
    gate = Gate(Limits(tokens_per_minute=600))
    assert gate.enter(5_000, 0.0) == 0.0
    assert gate.enter(1, 0.0) == pytest.approx(440.1)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    gate = Gate(Limits(requests_per_minute=1))
    assert gate.enter(1, 100.0) == 0.0
    assert gate.enter(1, 10.0) == pytest.approx(60.0)


@given(
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 400)), max_size=60),
    st.integers(1, 500),
    st.integers(1, 50),
)
def test_never_more_than_a_full_bucket_and_what_flowed_in(
    asked: list[tuple[float, int]], tokens: int, requests: int
) -> None:
    gate = Gate(Limits(requests_per_minute=requests, tokens_per_minute=tokens))
    now, through = 0.0, 0
    for pause, amount in asked:
        now += pause
        through += gate.enter(min(amount, tokens), now) == 0.0
    assert through <= requests + requests * now / 60 + 1e-6
