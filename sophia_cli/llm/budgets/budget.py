"""One budget: its limit, its window, and which calls it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sophia_cli.llm.call import Labels

DAY, MONTH = "day", "month"
ALLOW, WARN, REFUSE = "allow", "warn", "refuse"
# What a budget can be about: labels of the call, and who would answer it.
SELECTORS = ("team", "service", "task", "data_class", "user", "key", "provider", "model")


@dataclass(frozen=True)
class Budget:
    """A limit in nano-USD for each `day` or `month` (UTC), over the calls that match.

    `match` maps a selector to the value it must have; `each` makes one budget for every value of
    that selector. `stop` refuses what would pass the limit; without it the budget only warns.
    `unpriced` says what becomes of calls whose price is not known: `allow`, `warn` or `refuse`.
    """

    name: str
    limit_nano: int
    per: str = MONTH
    match: Mapping[str, str] = field(default_factory=dict)
    each: str = ""
    warn: tuple[float, ...] = (0.5, 0.8, 1.0)
    unpriced: str = WARN
    stop: bool = True

    def scope(self, facts: Mapping[str, str]) -> str:
        """The account that such a call is booked on; empty when the budget is not about it."""
        if any(facts.get(name, "") != value for name, value in self.match.items()):
            return ""
        return f"{self.name}/{facts.get(self.each, '')}" if self.each else self.name

    def window(self, now: float) -> str:
        """The day or month of a moment (seconds since 1970), such as `2026-11-24` or `2026-11`."""
        text = datetime.fromtimestamp(now, UTC).date().isoformat()
        return text if self.per == DAY else text[:7]


def facts_of(labels: Labels, provider: str, model: str, key: str) -> dict[str, str]:
    """What the selectors of a budget look at. `key` is where the provider's key comes from."""
    return {
        "team": labels.team,
        "service": labels.service,
        "task": labels.task,
        "data_class": labels.data_class,
        "user": labels.user,
        "key": key,
        "provider": provider,
        "model": model,
    }
