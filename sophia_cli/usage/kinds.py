"""Calls that are alike in all but their figures, brought together: what is asked of them is asked once for all."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

Tell = Callable[[int], None]  # how many calls were read since it was told before

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


def in_silence(steps: int) -> None:
    """Tell nobody."""


def alike(keys: Iterable[Key], rows: Iterable[Row]) -> dict[Key, list[Row]]:
    """Rows by their keys, in the order of the first of each."""
    found: dict[Key, list[Row]] = {}
    for key, row in zip(keys, rows, strict=True):
        try:
            found[key].append(row)
        except KeyError:
            found[key] = [row]
    return found


def kind_column(names: Sequence[str]) -> str:
    """One column that says these: each column of a row costs as much as a short text."""
    return f"json_array({', '.join(names)})"


@lru_cache(maxsize=65_536)
def read_kind(text: str) -> tuple[Any, ...]:
    """What such a column says."""
    return tuple(json.loads(text))
