"""Bytes, as a person reads them."""

from __future__ import annotations


def size(number: int) -> str:
    """Such as `1.5 GB`; a kilobyte has a thousand bytes."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number} B"
