"""A candidate that fails time after time is left alone, and tried again by one call at a time."""

from __future__ import annotations

from sophia_cli.llm.admission.breaker import Breakers

P, Q = ("p", "m"), ("q", "m")


def tripped(now: float = 100.0) -> Breakers:
    breakers = Breakers(failures=3, rest=30.0)
    for _ in range(3):
        assert breakers.enter(P, now) == ""
        breakers.failed(P, "503", now, 0.0)
    return breakers


def test_few_failures_leave_it_closed() -> None:
    breakers = Breakers(failures=3, rest=30.0)
    for _ in range(10):
        breakers.failed(P, "503", 100.0, 0.0)
        breakers.failed(P, "503", 100.0, 0.0)
        breakers.answered(P)
        assert (breakers.enter(P, 100.0), breakers.resting(100.0)) == ("", {})


def test_failures_in_a_row_open_it_for_that_candidate_alone() -> None:
    breakers = tripped()
    assert breakers.enter(P, 110.0) == "rests after 3 failures in a row (503)"
    assert breakers.resting(110.0) == {P: "rests for 20 s after 3 failures in a row (503)"}
    assert breakers.enter(Q, 110.0) == ""


def test_after_its_rest_one_call_may_show_that_it_answers() -> None:
    breakers = tripped()
    assert breakers.resting(130.0) == {}
    assert breakers.enter(P, 130.0) == ""
    assert breakers.enter(P, 131.0) == "rests until a call under way shows that it answers again"
    breakers.answered(P)
    assert [breakers.enter(P, 131.0) for _ in range(3)] == ["", "", ""]


def test_a_probe_that_fails_begins_the_rest_anew() -> None:
    breakers = tripped()
    breakers.enter(P, 130.0)
    breakers.failed(P, "timeout", 135.0, 0.0)
    assert breakers.resting(136.0) == {P: "rests for 29 s after 4 failures in a row (timeout)"}


def test_a_probe_that_says_nothing_leaves_the_place_to_the_next() -> None:
    breakers = tripped()
    breakers.enter(P, 130.0)
    breakers.unclear(P)
    assert breakers.enter(P, 130.0) == ""


def test_it_rests_as_long_as_it_asked_to() -> None:
    breakers = Breakers(failures=1, rest=30.0)
    breakers.failed(P, "429", 100.0, 90.0)
    assert breakers.enter(P, 189.0) != "" and breakers.enter(P, 190.0) == ""


def test_it_can_be_switched_off() -> None:
    breakers = Breakers(failures=0, rest=30.0)
    for _ in range(100):
        breakers.failed(P, "503", 100.0, 0.0)
    assert (breakers.enter(P, 100.0), breakers.resting(100.0)) == ("", {})
