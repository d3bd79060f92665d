"""What a server lacks, and how it gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One thing in which a server differs from what is wanted: in `words`, and what would `make` it so."""

    words: str
    make: Callable[[], object]
