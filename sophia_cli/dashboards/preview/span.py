"""Of which time a preview is, and with which choice of the board's variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.dashboards.model import table, variables
from sophia_cli.dashboards.promql import durations
from sophia_cli.errors import UsageError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"(?:now-)?(\d+)([smhdw])(?:/[smhdw])?")
_STEPS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_POINTS = 300  # of a curve, at most


@dataclass(frozen=True)
class Span:
    """From `start` to `end`, in seconds since 1970; `scrape` is how often Prometheus scrapes, in seconds."""

    start: float
    end: float
    scrape: float = 15

    @property
    def length(self) -> float:
        return self.end - self.start

    @property
    def step(self) -> float:
        """Seconds between the points of a curve."""
        least = max(self.length / _POINTS, self.scrape)
        return next((step for step in _STEPS if step >= least), _STEPS[-1])

    @property
    def moments(self) -> tuple[float, float]:
        """Where curves begin and end: at full steps, so that a second look draws the same."""
        return -(-self.start // self.step) * self.step, self.end // self.step * self.step

    def own(self) -> dict[str, str]:
        """Grafana's own variables, by its rule for `$__rate_interval`."""
        rate = max(self.step + self.scrape, 4 * self.scrape)
        return durations(self.step, rate, self.length)


def seconds(text: str) -> float:
    """A length such as `24h`, or a board's `now-24h`. Raises UsageError."""
    found = _LENGTH.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise UsageError(f"`{text}` is no length of time", "such as 6h, 7d or 30m")
    return int(found[1]) * _SECONDS[found[2]]


def length_of(board: Mapping[str, Any]) -> float:
    """How far back a board looks by itself; six hours where it says it in a way of its own."""
    try:
        return seconds(str(table(board.get("time")).get("from", "")))
    except UsageError:
        return 6 * 3600


def choices(board: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, str]:
    """A value for each variable: what was said, else the board's own choice, all where it has none.

    Raises UsageError for one that the board does not have.
    """
    names = {str(one.get("name")): one for one in variables(board)}
    for name in said:
        if name not in names:
            known = ", ".join(names) or "none"
            raise UsageError(
                f"the board `{board.get('uid')}` has no variable `{name}`", f"it has: {known}"
            )
    return {name: said.get(name) or _value(one) for name, one in names.items()}


def _value(variable: Mapping[str, Any]) -> str:
    value = table(variable.get("current")).get("value")
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else "|".join(map(str, value))
    if not value or value == "$__all":
        return str(variable.get("allValue") or ".*")
    return str(value)
