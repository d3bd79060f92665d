"""Where an axis has its marks."""

from __future__ import annotations

import math
from datetime import UTC, datetime

_CLOCK = (60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def marks(most: float, unit: str, about: int = 4) -> list[float]:
    """Round values from 0 to the first that is not below `most`."""
    if most <= 0 or not math.isfinite(most):
        return [0.0, 1.0]
    wish = most / about
    step = _round_time(wish) if unit == "s" and wish >= 1 else _round(wish)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def _round(wish: float) -> float:
    size = 10.0 ** math.floor(math.log10(wish))
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= wish * 0.999)


def _round_time(wish: float) -> float:
    return next((float(step) for step in _TIMES if step >= wish), 3600 * _round(wish / 3600))


def clock(start: float, end: float, most: int) -> list[tuple[float, str]]:
    """At most so many full hours or days of UTC in between, with their words."""
    wish = (end - start) / max(most, 1)
    step = next((one for one in _CLOCK if one >= wish), _CLOCK[-1])
    found, moment = [], -(-start // step) * step
    while moment <= end:
        at = datetime.fromtimestamp(moment, UTC)
        whole = step >= 86_400 or (at.hour, at.minute) == (0, 0) and end - start > 86_400
        found.append((moment, f"{at:%d %b}" if whole else f"{at:%H:%M}"))
        moment += step
    return found
