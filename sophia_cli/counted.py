"""How many there are, in words."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """The number and its noun, in the plural where it is not 1."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
