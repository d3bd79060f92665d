"""Figures as people read them: short, with a unit, and never more exact than they are."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def short(count: int) -> str:
    """`840`, `12.3k`, `1.9M`."""
    return _scaled(count, ("", "k", "M", "G", "T"), "")


def in_bytes(count: int) -> str:
    """`840 B`, `12.3 kB`, `2.3 GB`."""
    return _scaled(count, ("B", "kB", "MB", "GB", "TB"), " ")


def in_seconds(seconds: float | None) -> str:
    """`0.8 ms`, `812 ms`, `1.2 s`, `92 s`; `-` for what is not known."""
    if seconds is None:
        return "-"
    if seconds < 0.0995:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.00995 else f"{seconds * 1000:.0f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds:.0f} s"


def share(part: int, whole: int) -> str:
    """`98.3 %`: all and nothing are said only where it is all or nothing; `-` of nothing."""
    if not whole:
        return "-"
    value = 100 * part / whole
    if part in (0, whole):
        return f"{value:.0f} %"
    return f"{min(max(value, 0.1), 99.9):.1f} %"


def spark(values: Sequence[int]) -> str:
    """A block for each value, the tallest for the largest; a dot for none."""
    most = max(values, default=0)
    return "".join(
        _BLOCKS[(value * len(_BLOCKS) - 1) // most if value < most else -1] if value else _NONE
        for value in values
    )


def plain(text: str) -> str:
    """Text of somebody else, on one line and without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def cut(text: str, width: int) -> str:
    """No longer than `width`."""
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _scaled(count: int, units: Sequence[str], gap: str) -> str:
    value, step = float(abs(count)), 0
    while value >= 999.5 and step + 1 < len(units):
        value, step = value / 1000, step + 1
    digits = 0 if not step or value >= 99.95 else 1
    return f"{'-' if count < 0 else ''}{value:,.{digits}f}{gap}{units[step]}"
