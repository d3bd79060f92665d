"""What a server lacks, and how it gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One thing in which a server differs from what is wanted: in `words`, and what would `make` it so.

    Nothing does where somebody else has the say: it is left as it is, and the words tell what would.
    """

    words: str
    make: Callable[[], object] | None
