"""How long a provider asks to wait, in every spelling, and how long nobody waits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sophia_cli.llm.backoff import LONGEST, delay, retry_after

NOW = 1_700_000_000.0
WAITS = [
    ({}, None),
    ({"retry-after": ""}, None),
    ({"retry-after": "soon"}, None),
    ({"retry-after": "-5"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "1e400"}, None),
    ({"retry-after": "Tue, 32 Nov 2023 22:13:50 GMT"}, None),
    ({"retry-after": "1 Jan 99999999999999999999 0:0:0"}, None),
    ({"retry-after": "Tue, 14 Nov 2023 22:13:50 +99999999999999999999999"}, None),
    ({"retry-after-ms": "soon"}, None),
    ({"retry-after": "7"}, 7.0),
    ({"retry-after": "0"}, 0.0),
    ({"retry-after": "1.5"}, 1.5),
    ({"retry-after": " 2 "}, 2.0),
    ({"retry-after-ms": "1500"}, 1.5),
    ({"x-ms-retry-after-ms": "250"}, 0.25),
    ({"retry-after-ms": "100", "retry-after": "9"}, 0.1),
    ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
    ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
    ({"retry-after": "Tue, 14 Nov 2023 22:13:50 -0000"}, 30.0),
    ({"retry-after": "Tue, 14 Nov 2023 22:13:50"}, 30.0),
    ({"retry-after": "Tuesday, 14-Nov-23 22:13:50 GMT"}, 30.0),
    ({"retry-after": "Tue, 14 Nov 2023 22:13:00 GMT"}, 0.0),
]


@pytest.mark.parametrize(("headers", "expected"), WAITS)
def test_every_spelling_of_retry_after(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], expected: float | None
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert retry_after(headers, NOW) == expected
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text())
def test_no_retry_after_breaks_a_call(text: str) -> None:
    asked = retry_after({"retry-after": text}, NOW)
    assert asked is None or 0 <= asked < float("inf")


@given(st.integers(0, 60))
def test_the_wait_is_bounded(attempt: int) -> None:
    assert 0 <= delay(attempt, None) <= LONGEST
    assert delay(attempt, 3.0) == 3.0
