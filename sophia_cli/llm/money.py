"""Money in words, for reasons and reports."""

from __future__ import annotations

from math import ceil, floor, log10

from sophia_cli.llm.prices import NANO


def dollars(nano: int, *, at_most: bool = False) -> str:
    """`$75`, `$1.50`, `$0.31`, `$0.0042`: two digits that count, or cents; rounded up for what is `at_most`."""
    size = abs(nano)
    if size == 0:
        return "$0"
    digits = 2 if size >= NANO else max(2, 1 - floor(log10(size / NANO)))
    unit = 10 ** (9 - digits) if digits < 9 else 1
    rounded = (ceil if at_most else round)(size / unit) * unit
    text = f"{rounded / NANO:,.{min(digits, 9)}f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0") if decimals.strip("0") else ""
    return f"{'-' if nano < 0 else ''}${whole}{'.' if decimals else ''}{decimals}"
