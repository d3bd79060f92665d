"""Figures in words."""

from __future__ import annotations

import pytest

from sophia_cli.usage.words import in_bytes, in_seconds, plain, share, short, spark


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1.0k"), (99_949, "99.9k"), (99_950, "100k"),
     (999_499, "999k"), (999_500, "1.0M"), (1_900_000, "1.9M"), (-1500, "-1.5k")],
)  # fmt: skip
def test_short(count: int, text: str) -> None:
    assert short(count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (840, "840 B"), (12_345, "12.3 kB"), (2_300_000_000, "2.3 GB")]
)
def test_bytes(count: int, text: str) -> None:
    assert in_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.0008, "0.8 ms"), (0.0123, "12 ms"), (0.812, "812 ms"), (0.9996, "1.0 s"),
     (1.25, "1.2 s"), (99.96, "100 s"), (812.0, "812 s")],
)  # fmt: skip
def test_seconds(seconds: float | None, text: str) -> None:
    assert in_seconds(seconds) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "-"), (0, 5, "0 %"), (5, 5, "100 %"), (1, 100_000, "0.1 %"), (99_999, 100_000, "99.9 %"),
     (2, 3, "66.7 %")],
)  # fmt: skip
def test_share(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [((), ""), ((0, 0), "··"), ((1, 1), "██"), ((1, 100), "▁█"), (tuple(range(9)), "·▁▂▃▄▅▆▇█")],
)
def test_spark(values: tuple[int, ...], text: str) -> None:
    assert spark(values) == text


def test_what_a_terminal_would_obey_is_left_out() -> None:
    assert plain("a\x1b[31mb\nc") == "a [31mb c"
