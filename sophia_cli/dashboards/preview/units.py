"""Figures as Grafana writes them, by unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

_SHORT = ((1e12, " Tri"), (1e9, " Bil"), (1e6, " Mil"), (1e3, " K"))
_SI = ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"))
_TIMES = ((86_400, " d"), (3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs"))
_LONG = ((604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_ENDS = {
    "cpm": " c/m",
    "cps": " c/s",
    "opm": " ops/m",
    "ops": " ops/s",
    "rpm": " rd/m",
    "rps": " rd/s",
    "reqps": " req/s",
    "reqpm": " req/m",
    "percent": "%",
    "hertz": " Hz",
}


def shown(value: float, unit: str, decimals: int | None = None, *, now: float = 0) -> str:
    """A figure with its unit. `decimals` None: three digits that count. `now` in seconds since 1970."""
    if unit == "percentunit":
        return f"{_number(value * 100, decimals, most=1 if decimals is None else decimals)}%"
    if unit.startswith("currency"):
        return _money(value, decimals)
    if unit in ("s", "ms", "µs", "ns", "m", "h", "d"):
        factor = {"ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "m": 60, "h": 3600, "d": 86_400}.get(unit, 1)
        return _scaled(value * factor, _TIMES, decimals) if value else "0 s"
    if unit in ("dtdurations", "dtdurationms"):
        return _length(value / (1000 if unit.endswith("ms") else 1))
    if unit == "dateTimeFromNow":
        return _from_now(value / 1000 - now)
    if unit in ("bytes", "decbytes", "Bps", "binBps"):
        return _scaled(value, _SI, decimals) + _bytes_end(value, unit)
    if unit in ("none", "", "string", "locale"):
        return _number(value, decimals)
    return _scaled(value, _SHORT, decimals) + _ENDS.get(unit, "")


def shown_alike(values: Sequence[float], unit: str, decimals: int | None) -> list[str]:
    """The marks of an axis: with as few decimals as tell all of them as they are."""
    for places in (0, 2, 3, 4) if unit.startswith("currency") else range(decimals or 0, 6):
        texts = [shown(value, unit, places) for value in values]
        if texts == [_bare(shown(value, unit, places + 3), places) for value in values]:
            return texts
    return [shown(value, unit, decimals) for value in values]


def _bare(text: str, places: int) -> str:
    """A figure with three decimals less, if those are zeros."""
    if "." not in text or "000" not in text:
        return text
    head, _, tail = text.partition(".")
    cut = tail[:places] + tail[places + 3 :] if tail[places : places + 3] == "000" else tail
    return head + (f".{cut}" if places else cut)


def _bytes_end(value: float, unit: str) -> str:
    return ("" if abs(value) >= 1e3 else " ") + ("B/s" if unit.endswith("Bps") else "B")


def _scaled(value: float, factors: tuple[tuple[float, str], ...], decimals: int | None) -> str:
    for factor, end in factors:
        if abs(value) >= factor * 0.9995:
            return f"{_number(value / factor, decimals)}{end}"
    smallest, end = factors[-1]
    return (
        f"{_number(value / smallest, decimals)}{end}" if smallest < 1 else _number(value, decimals)
    )


def _number(value: float, decimals: int | None, most: int | None = None) -> str:
    """`decimals` are those that the panel names: kept below a thousand; else as many as count."""
    if decimals is None:
        size = abs(value)
        decimals = (
            0 if size >= 100 or size == int(size) else 1 if size >= 10 else 2 if size >= 0.1 else 4
        )
    if most is not None:
        decimals = min(decimals, most)
    text = f"{value:,.{decimals}f}"
    zero = "0" if decimals == 0 else f"0.{'0' * decimals}"
    return zero if text == f"-{zero}" else text


def _money(value: float, decimals: int | None) -> str:
    sign, size = "-" if value < 0 else "", abs(value)
    if size >= 1000:
        return f"{sign}${_scaled(size, _SHORT, decimals if decimals is not None else 2)}"
    if decimals is None:
        decimals = 2 if size >= 0.1 or not size else 4
    return f"{sign}${size:,.{decimals}f}"


def _length(value: float) -> str:
    """The two largest parts: `2 hours, 5 minutes`."""
    if value < 1:
        return f"{max(value, 0) * 1000:.0f} ms"
    parts, left = [], timedelta(seconds=value).total_seconds()
    for size, name in _LONG:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:.0f} {name}{'s' * (count >= 2)}")
    return ", ".join(parts[:2])


def _from_now(away: float) -> str:
    words = _length(abs(away)).partition(",")[0]
    return f"in {words}" if away >= 0 else f"{words} ago"
